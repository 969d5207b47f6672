//! What the names in an expression stand for.

use std::{collections::HashMap, rc::Rc};

use datafusion::sql::sqlparser::ast::{Expr, Function, Ident};

use super::{
    relation::{Relation, Row},
    value::{CatalogType, CatalogValue as Value},
};

/// One row of each relation that has been joined so far.
pub(super) type Tuple = Vec<Row>;

/// The relations of `WITH`, by their names.
pub(super) type NamedQueries = HashMap<String, Rc<Relation>>;

/// Values of set-returning and window functions for the row at hand.
pub(super) type Computed = HashMap<*const Function, Value>;

/// A relation after FROM.
#[derive(Clone, Debug)]
pub(super) struct Binding {
    pub(super) name: String,
    pub(super) columns: Vec<(String, CatalogType)>,
}

/// What an expression can see.
#[derive(Clone, Copy)]
pub(super) struct NameScope<'a> {
    pub(super) outer: Option<&'a NameScope<'a>>,
    pub(super) bindings: &'a [Binding],
    pub(super) tuple: &'a [Row],
    /// The rows that aggregates go over.
    pub(super) group: Option<&'a [Tuple]>,
    pub(super) computed: Option<&'a Computed>,
    pub(super) named: &'a NamedQueries,
}

/// Whether an identifier is a name: without quotes its case does not matter.
pub(super) fn is(ident: &Ident, name: &str) -> bool {
    match ident.quote_style {
        Some(_) => ident.value == name,
        None => ident.value.eq_ignore_ascii_case(name),
    }
}

/// The name that an identifier gives.
pub(super) fn name_of(ident: &Ident) -> String {
    match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => ident.value.to_lowercase(),
    }
}

/// Where a column is among relations: which relation, which column.
pub(super) fn find(bindings: &[Binding], parts: &[Ident]) -> Option<(usize, usize)> {
    let (column, table) = match parts {
        [column] => (column, None),
        [.., table, column] => (column, Some(table)),
        [] => return None,
    };
    bindings.iter().enumerate().find_map(|(at, binding)| {
        if table.is_some_and(|table| !is(table, &binding.name)) {
            return None;
        }
        let columns = binding.columns.iter();
        let mut columns = columns.map(|(name, _)| name);
        Some((at, columns.position(|name| is(column, name))?))
    })
}

impl<'a> NameScope<'a> {
    /// What relations and one row of each of them add to a scope.
    pub(super) fn within(&'a self, bindings: &'a [Binding], tuple: &'a [Row]) -> Self {
        Self {
            outer: Some(self),
            bindings,
            tuple,
            group: None,
            computed: None,
            named: self.named,
        }
    }

    /// The value of a column; none if there is no such column.
    pub(super) fn column(&self, parts: &[Ident]) -> Option<Value> {
        if let Some((at, column)) = find(self.bindings, parts) {
            // A group without rows has no values.
            let row = self.tuple.get(at);
            return Some(row.map_or(Value::Null, |row| row[column].clone()));
        }
        self.outer?.column(parts)
    }

    pub(super) fn column_type(&self, parts: &[Ident]) -> Option<CatalogType> {
        match find(self.bindings, parts) {
            Some((at, column)) => Some(self.bindings[at].columns[column].1),
            None => self.outer?.column_type(parts),
        }
    }
}

/// The expressions directly within an expression, but for those of its queries.
pub(super) fn children(expr: &Expr) -> Vec<&Expr> {
    use datafusion::sql::sqlparser::ast::{
        AccessExpr, FunctionArg, FunctionArgExpr, FunctionArguments, Subscript,
    };
    match expr {
        Expr::CompoundFieldAccess { root, access_chain } => {
            let mut all = vec![&**root];
            for access in access_chain {
                if let AccessExpr::Subscript(Subscript::Index { index }) = access {
                    all.push(index);
                }
            }
            all
        }
        Expr::IsFalse(of)
        | Expr::IsNotFalse(of)
        | Expr::IsTrue(of)
        | Expr::IsNotTrue(of)
        | Expr::IsNull(of)
        | Expr::IsNotNull(of)
        | Expr::Nested(of)
        | Expr::UnaryOp { expr: of, .. }
        | Expr::Cast { expr: of, .. }
        | Expr::Collate { expr: of, .. }
        | Expr::InSubquery { expr: of, .. } => vec![of],
        Expr::IsDistinctFrom(left, right)
        | Expr::IsNotDistinctFrom(left, right)
        | Expr::BinaryOp { left, right, .. }
        | Expr::AnyOp { left, right, .. }
        | Expr::AllOp { left, right, .. }
        | Expr::Position {
            expr: left,
            r#in: right,
        }
        | Expr::Like {
            expr: left,
            pattern: right,
            ..
        }
        | Expr::ILike {
            expr: left,
            pattern: right,
            ..
        } => vec![left, right],
        Expr::InList { expr, list, .. } => {
            let mut all = vec![&**expr];
            all.extend(list);
            all
        }
        Expr::Between {
            expr, low, high, ..
        } => vec![expr, low, high],
        Expr::Trim {
            trim_what, expr, ..
        } => trim_what.as_deref().into_iter().chain([&**expr]).collect(),
        Expr::Substring {
            expr,
            substring_from,
            substring_for,
            ..
        } => {
            let rest = [substring_from, substring_for];
            let rest = rest.into_iter().filter_map(|part| part.as_deref());
            [&**expr].into_iter().chain(rest).collect()
        }
        Expr::Case {
            operand,
            conditions,
            else_result,
            ..
        } => {
            let mut all: Vec<&Expr> = operand.as_deref().into_iter().collect();
            for when in conditions {
                all.extend([&when.condition, &when.result]);
            }
            all.extend(else_result.as_deref());
            all
        }
        Expr::Tuple(items) => items.iter().collect(),
        Expr::Array(array) => array.elem.iter().collect(),
        Expr::Function(function) => match &function.args {
            FunctionArguments::List(list) => list
                .args
                .iter()
                .filter_map(|argument| match argument {
                    FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// Whether an expression has a query in it.
pub(super) fn has_query(expr: &Expr) -> bool {
    use datafusion::sql::sqlparser::ast::FunctionArguments;
    match expr {
        Expr::Exists { .. } | Expr::Subquery(_) | Expr::InSubquery { .. } => true,
        Expr::Function(function) if matches!(function.args, FunctionArguments::Subquery(_)) => true,
        other => children(other).into_iter().any(has_query),
    }
}

/// All calls in an expression, but for those in its queries and in the arguments of aggregates.
pub(super) fn calls(expr: &Expr) -> Vec<&Function> {
    let mut found = Vec::new();
    if let Expr::Function(function) = expr {
        found.push(function);
    }
    for child in children(expr) {
        found.extend(calls(child));
    }
    found
}

/// Gives the first columns of a relation other names.
pub(super) fn rename<'a>(relation: &mut Relation, names: impl Iterator<Item = &'a Ident>) {
    for (column, name) in relation.columns.iter_mut().zip(names) {
        column.0 = name_of(name);
    }
}
