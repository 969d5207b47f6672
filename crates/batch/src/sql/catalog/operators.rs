//! What operators do with values.

use std::cmp::Ordering;

use datafusion::sql::sqlparser::ast::BinaryOperator;

use super::{refusal::unsupported, value::CatalogValue as Value};
use crate::sql::error::{SqlError, sqlstate};

/// The item of an array, which counts from 1, or of a vector, which counts from 0.
pub(super) fn item(value: &Value, index: Option<i64>) -> Value {
    let (Some(index), Some(items)) = (index, value.items()) else {
        return Value::Null;
    };
    let first = i64::from(matches!(value, Value::Array(_)));
    let place = usize::try_from(index - first).ok();
    let found = place.and_then(|place| items.get(place));
    found.cloned().unwrap_or(Value::Null)
}

/// Whether a value compares so with any of others; none if that depends on a NULL.
pub(super) fn any(
    value: &Value,
    items: &[Value],
    holds: impl Fn(Ordering) -> bool,
) -> Result<Option<bool>, SqlError> {
    let mut unknown = false;
    for item in items {
        match value.compare(item)? {
            None => unknown = true,
            Some(order) if holds(order) => return Ok(Some(true)),
            Some(_) => {}
        }
    }
    Ok(if unknown { None } else { Some(false) })
}

/// Two texts, or two arrays, put together.
pub(super) fn joined(left: &Value, right: &Value) -> Value {
    match (left, right) {
        (Value::Array(left), Value::Array(right)) => {
            Value::Array(left.iter().chain(right.iter()).cloned().collect())
        }
        // An array that is not there adds nothing.
        (Value::Null, Value::Array(_)) => right.clone(),
        (Value::Array(_), Value::Null) => left.clone(),
        (Value::Null, _) | (_, Value::Null) => Value::Null,
        (left, right) => Value::text(&(left.shown() + &right.shown())),
    }
}

pub(super) fn arithmetic(
    left: &Value,
    op: &BinaryOperator,
    right: &Value,
) -> Result<Value, SqlError> {
    let out_of_range = || SqlError::new(sqlstate::OUT_OF_RANGE, "integer out of range");
    let (Some(left), Some(right)) = (left.number()?, right.number()?) else {
        return Ok(Value::Null);
    };
    let divided = |result: Option<i64>| match (right, result) {
        (0, _) => Err(SqlError::new(
            sqlstate::DIVISION_BY_ZERO,
            "division by zero",
        )),
        (_, result) => result.ok_or_else(out_of_range),
    };
    let result = match op {
        BinaryOperator::Plus => left.checked_add(right).ok_or_else(out_of_range)?,
        BinaryOperator::Minus => left.checked_sub(right).ok_or_else(out_of_range)?,
        BinaryOperator::Multiply => left.checked_mul(right).ok_or_else(out_of_range)?,
        BinaryOperator::Divide => divided(left.checked_div(right))?,
        BinaryOperator::Modulo => divided(left.checked_rem(right))?,
        BinaryOperator::BitwiseAnd => left & right,
        BinaryOperator::BitwiseOr => left | right,
        other => return Err(unsupported(&format!("the operator {other}"))),
    };
    Ok(Value::Int(result))
}
