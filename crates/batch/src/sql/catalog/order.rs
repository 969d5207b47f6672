//! The order of rows.

use std::cmp::Ordering;

use datafusion::sql::sqlparser::ast::{Expr, OrderByExpr};

use super::{relation::Row, value::CatalogValue as Value};
use crate::sql::error::SqlError;

/// One of the values that rows are sorted by.
pub(super) struct SortKey {
    pub(super) value: Value,
    descends: bool,
    nulls_first: bool,
}

impl SortKey {
    pub(super) const fn ascending(value: Value) -> Self {
        Self {
            value,
            descends: false,
            nulls_first: false,
        }
    }
}

/// A row with its keys.
pub(super) struct Keyed {
    pub(super) keys: Vec<SortKey>,
    pub(super) row: Row,
}

/// The keys of a row, as `value` gives them.
pub(super) fn keys_of(
    order: &[OrderByExpr],
    value: impl Fn(&Expr) -> Result<Value, SqlError>,
) -> Result<Vec<SortKey>, SqlError> {
    let key = |by: &OrderByExpr| {
        let descends = by.options.asc == Some(false);
        Ok(SortKey {
            value: value(&by.expr)?,
            descends,
            nulls_first: by.options.nulls_first.unwrap_or(descends),
        })
    };
    order.iter().map(key).collect()
}

/// Sorts rows; those with equal keys stay as they are.
///
/// # Errors
/// If two keys cannot be compared.
pub(super) fn sort(mut rows: Vec<Keyed>) -> Result<Vec<Row>, SqlError> {
    let mut failed = None;
    rows.sort_by(|left, right| {
        for (left, right) in left.keys.iter().zip(&right.keys) {
            let by_null = match (left.value.is_null(), right.value.is_null()) {
                (true, true) => continue,
                (true, false) => Some(Ordering::Less),
                (false, true) => Some(Ordering::Greater),
                (false, false) => None,
            };
            if let Some(order) = by_null {
                return if left.nulls_first {
                    order
                } else {
                    order.reverse()
                };
            }
            match left.value.compare(&right.value) {
                Ok(None | Some(Ordering::Equal)) => {}
                Ok(Some(order)) => {
                    return if left.descends {
                        order.reverse()
                    } else {
                        order
                    };
                }
                Err(error) => failed = Some(error),
            }
        }
        Ordering::Equal
    });
    match failed {
        Some(error) => Err(error),
        None => Ok(rows.into_iter().map(|keyed| keyed.row).collect()),
    }
}
