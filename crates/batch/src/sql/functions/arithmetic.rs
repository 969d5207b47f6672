//! Arithmetic that fails where the engine's would wrap, become infinite or lose digits.

use arrow::{
    array::{Array, ArrayRef, AsArray, Datum},
    compute::{CastOptions, cast_with_options, kernels::numeric},
    datatypes::{DataType, Float64Type},
    error::ArrowError,
};
use datafusion::{
    error::{DataFusionError, Result},
    logical_expr::{
        ColumnarValue, Operator, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
    },
    physical_expr_common::datum::apply,
};

use crate::sql::error::{SqlError, sqlstate};

/// Digits after the point that a quotient of numerics has, at least; PostgreSQL has about as many.
const QUOTIENT_SCALE: i8 = 16;

/// One operator.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Arithmetic {
    operator: Operator,
    signature: Signature,
}

/// The operators, each with the name of its function.
const NAMES: [(Operator, &str); 5] = [
    (Operator::Plus, "checked_add"),
    (Operator::Minus, "checked_subtract"),
    (Operator::Multiply, "checked_multiply"),
    (Operator::Divide, "checked_divide"),
    (Operator::Modulo, "checked_modulo"),
];

pub(super) fn all() -> Vec<Arithmetic> {
    let of = |(operator, _)| Arithmetic {
        operator,
        signature: Signature::user_defined(Volatility::Immutable),
    };
    NAMES.map(of).into()
}

/// The name of an operator's function; none for operators that need none.
pub(super) fn name(operator: Operator) -> Option<&'static str> {
    let found = NAMES.iter().find(|(known, _)| *known == operator);
    found.map(|(_, name)| *name)
}

/// The type in which two numbers are computed with; none for what are no two numbers.
pub(super) fn common(operator: Operator, left: &DataType, right: &DataType) -> Option<DataType> {
    let null = DataType::Null;
    let (left, right) = match (left, right) {
        (left, right) if *left == null => (right, right),
        (left, right) if *right == null => (left, left),
        both => both,
    };
    if left.is_floating() || right.is_floating() {
        return (left.is_numeric() && right.is_numeric()).then_some(DataType::Float64);
    }
    if left.is_integer() && right.is_integer() {
        let short = |data_type: &DataType| {
            matches!(
                data_type,
                DataType::Int8 | DataType::Int16 | DataType::Int32
            )
        };
        return Some(if short(left) && short(right) {
            DataType::Int32
        } else {
            DataType::Int64
        });
    }
    // Sums and products of numerics are checked by the engine itself.
    let divides = operator == Operator::Divide;
    (divides && is_decimal(left) && (is_decimal(right) || right.is_integer())
        || divides && left.is_integer() && is_decimal(right))
    .then_some(DataType::Decimal128(38, QUOTIENT_SCALE))
}

fn is_decimal(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Decimal128(..))
}

/// A numeric operand of a division: wide enough on the left for the quotient's digits.
fn operands(left: &DataType, right: &DataType) -> (DataType, DataType) {
    let scale = |data_type: &DataType| match data_type {
        DataType::Decimal128(_, scale) => *scale,
        _ => 0,
    };
    (
        DataType::Decimal128(38, scale(left).max(QUOTIENT_SCALE)),
        DataType::Decimal128(38, scale(right)),
    )
}

impl ScalarUDFImpl for Arithmetic {
    fn name(&self) -> &str {
        name(self.operator).unwrap_or_default()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        if let [first, _, _, ..] = types {
            return Ok(vec![first.clone(); types.len()]);
        }
        let (left, right) = pair(types)?;
        match common(self.operator, left, right) {
            Some(DataType::Decimal128(..)) => {
                let (left, right) = operands(left, right);
                Ok(vec![left, right])
            }
            Some(both) => Ok(vec![both.clone(), both]),
            None => Err(DataFusionError::Plan(format!(
                "there is no {} of {left} and {right}",
                self.operator
            ))),
        }
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        if let [first, _, _, ..] = types {
            return Ok(first.clone());
        }
        let (left, right) = pair(types)?;
        match (left, right) {
            // As Arrow's division has it: four digits more than the dividend.
            (DataType::Decimal128(_, scale), DataType::Decimal128(..)) => {
                Ok(DataType::Decimal128(38, scale + 4))
            }
            (left, _) => Ok(left.clone()),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let to = args.return_type().clone();
        let mut operands = args.args.into_iter();
        let first = operands.next();
        let mut result =
            first.ok_or_else(|| DataFusionError::Internal("there is no operand".to_owned()))?;
        for operand in operands {
            let computed = apply(&result, &operand, |left, right| {
                self.compute(left, right, &to)
            });
            result = computed.map_err(|error| self.described(error, &to))?;
        }
        Ok(result)
    }
}

/// Whether an operator takes a further operand of this type in one call. A chain of calls within calls takes the planner
/// a time that grows with the cube of its length.
pub(super) fn chains(operator: Operator, left: &DataType, right: &DataType) -> bool {
    left == right
        && matches!(left, DataType::Int32 | DataType::Int64 | DataType::Float64)
        && matches!(
            operator,
            Operator::Plus | Operator::Minus | Operator::Multiply
        )
}

fn pair(types: &[DataType]) -> Result<(&DataType, &DataType)> {
    match types {
        [left, right] => Ok((left, right)),
        _ => Err(DataFusionError::Plan(
            "an operator has two operands".to_owned(),
        )),
    }
}

impl Arithmetic {
    fn compute(
        &self,
        left: &dyn Datum,
        right: &dyn Datum,
        to: &DataType,
    ) -> Result<ArrayRef, ArrowError> {
        if to.is_floating() && matches!(self.operator, Operator::Divide | Operator::Modulo) {
            zero(left, right)?;
        }
        let result = match self.operator {
            Operator::Plus => numeric::add(left, right),
            Operator::Minus => numeric::sub(left, right),
            Operator::Multiply => numeric::mul(left, right),
            Operator::Divide => numeric::div(left, right),
            _ => numeric::rem(left, right),
        }?;
        if to.is_floating() {
            finite(left, right, &result)?;
        }
        if result.data_type() == to {
            return Ok(result);
        }
        cast_with_options(
            &result,
            to,
            &CastOptions {
                safe: false,
                ..CastOptions::default()
            },
        )
    }

    fn described(&self, error: DataFusionError, to: &DataType) -> DataFusionError {
        let error = SqlError::from(error);
        let kind = match to {
            DataType::Int32 => "integer",
            DataType::Int64 => "bigint",
            DataType::Float64 => "double precision",
            _ => "numeric",
        };
        let error = if error.sqlstate == sqlstate::OUT_OF_RANGE {
            SqlError::new(
                sqlstate::OUT_OF_RANGE,
                format!(
                    "{kind} out of range: the result of {} does not fit",
                    self.operator
                ),
            )
        } else {
            error
        };
        DataFusionError::External(Box::new(error))
    }
}

/// Of two operands, the values of each by row: one value stands for all rows.
fn floats<'a>(datum: &'a dyn Datum) -> impl Fn(usize) -> Option<f64> + 'a {
    let (array, scalar) = datum.get();
    let values = array.as_primitive::<Float64Type>();
    move |row| {
        let row = if scalar { 0 } else { row };
        values.is_valid(row).then(|| values.value(row))
    }
}

fn rows(left: &dyn Datum, right: &dyn Datum) -> usize {
    let ((left, one), (right, _)) = (left.get(), right.get());
    if one { right.len() } else { left.len() }
}

fn zero(left: &dyn Datum, right: &dyn Datum) -> Result<(), ArrowError> {
    let (dividend, divisor) = (floats(left), floats(right));
    let by_zero = |row| dividend(row).is_some() && divisor(row) == Some(0.0);
    if (0..rows(left, right)).any(by_zero) {
        return Err(ArrowError::DivideByZero);
    }
    Ok(())
}

/// Infinity comes only of infinity.
fn finite(left: &dyn Datum, right: &dyn Datum, result: &ArrayRef) -> Result<(), ArrowError> {
    let values = result.as_primitive::<Float64Type>();
    let (left, right) = (floats(left), floats(right));
    let infinite =
        |row| left(row).is_some_and(f64::is_infinite) || right(row).is_some_and(f64::is_infinite);
    let overflown =
        |row: usize| values.is_valid(row) && values.value(row).is_infinite() && !infinite(row);
    if (0..values.len()).any(overflown) {
        return Err(ArrowError::ArithmeticOverflow(
            "the result is infinite".to_owned(),
        ));
    }
    Ok(())
}
