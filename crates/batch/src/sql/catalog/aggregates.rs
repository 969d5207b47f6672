//! Aggregates over the rows of a group.

use std::cmp::Ordering;

use datafusion::sql::sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArgumentClause, FunctionArguments,
};

use super::{
    calls::function_name,
    interpreter::Interpreter,
    order::{Keyed, keys_of, sort},
    refusal::{no_function, unsupported},
    relation::Row,
    scope::{NameScope, Tuple, children},
    value::{CatalogValue as Value, identity},
};
use crate::sql::error::SqlError;

fn count(length: usize) -> Value {
    Value::Int(i64::try_from(length).unwrap_or(i64::MAX))
}

impl Interpreter<'_> {
    /// The value of an aggregate over a group.
    ///
    /// # Errors
    /// If its arguments have none.
    pub(super) fn aggregate(
        &self,
        function: &Function,
        group: &[Tuple],
        scope: &NameScope,
    ) -> Result<Value, SqlError> {
        let FunctionArguments::List(list) = &function.args else {
            return Err(unsupported("an aggregate without arguments"));
        };
        let order = list.clauses.iter().find_map(|clause| match clause {
            FunctionArgumentClause::OrderBy(order) => Some(order.as_slice()),
            _ => None,
        });
        let call = Expr::Function(function.clone());
        let arguments = children(&call);
        let mut rows = Vec::new();
        for tuple in group {
            let scope = NameScope {
                tuple,
                group: None,
                ..*scope
            };
            if let Some(filter) = &function.filter
                && !self.value(filter, &scope)?.is_true()
            {
                continue;
            }
            let row = arguments
                .iter()
                .map(|argument| self.value(argument, &scope));
            rows.push(Keyed {
                row: row.collect::<Result<_, _>>()?,
                keys: keys_of(order.unwrap_or_default(), |expr| self.value(expr, &scope))?,
            });
        }
        let mut rows = sort(rows)?;
        if matches!(list.duplicate_treatment, Some(DuplicateTreatment::Distinct)) {
            let mut seen = std::collections::HashSet::new();
            rows.retain(|row| seen.insert(identity(row)));
        }
        aggregated(&function_name(function), &rows)
    }
}

/// The value of an aggregate over the rows of its arguments.
fn aggregated(name: &str, rows: &[Row]) -> Result<Value, SqlError> {
    let first = |row: &Row| row.first().cloned();
    let values = || rows.iter().filter_map(first);
    let mut there = values().filter(|value| !value.is_null());
    Ok(match name {
        "count" => count(
            rows.iter()
                .filter(|row| !row.first().is_some_and(Value::is_null))
                .count(),
        ),
        "array_agg" if rows.is_empty() => Value::Null,
        "array_agg" => Value::Array(values().collect()),
        "string_agg" => {
            let by = rows.first().and_then(|row| row.get(1)).map(Value::shown);
            let texts: Vec<_> = there.map(|value| value.shown()).collect();
            if texts.is_empty() {
                Value::Null
            } else {
                Value::text(&texts.join(&by.unwrap_or_default()))
            }
        }
        "bool_and" | "every" | "bool_or" => {
            let wanted = name == "bool_or";
            let mut any = None;
            for value in there {
                let truth = value.truth()?.unwrap_or(false);
                any = Some(any.map_or(truth, |so_far| {
                    if wanted {
                        so_far || truth
                    } else {
                        so_far && truth
                    }
                }));
            }
            any.map_or(Value::Null, Value::Bool)
        }
        "sum" => {
            let mut sum: Option<i64> = None;
            for value in there {
                sum = Some(
                    sum.unwrap_or(0)
                        .saturating_add(value.number()?.unwrap_or(0)),
                );
            }
            sum.map_or(Value::Null, Value::Int)
        }
        "min" | "max" => {
            let Some(mut found) = there.next() else {
                return Ok(Value::Null);
            };
            for value in there {
                let order = value.compare(&found)?;
                let better = if name == "max" {
                    Ordering::Greater
                } else {
                    Ordering::Less
                };
                if order == Some(better) {
                    found = value;
                }
            }
            found
        }
        _ => return Err(no_function(name)),
    })
}
