//! What columns are called that have no `AS`, and what types they have.

use datafusion::sql::sqlparser::ast::{
    AccessExpr, BinaryOperator, Expr, Query, SelectItem, SetExpr, UnaryOperator, Value as Literal,
};

use super::{
    calls::{function_name, result_type},
    interpreter::Interpreter,
    scope::{NameScope, children, name_of},
    value::{CatalogKind, CatalogType, cast_type},
};

const TEXT: CatalogType = CatalogType::of(CatalogKind::Text);
const BOOL: CatalogType = CatalogType::of(CatalogKind::Bool);

/// PostgreSQL's name of a column.
pub(super) fn output_name(expr: &Expr) -> String {
    match expr {
        Expr::Identifier(name) => name_of(name),
        Expr::CompoundIdentifier(parts) => parts.last().map(name_of).unwrap_or_default(),
        Expr::CompoundFieldAccess { root, access_chain } => {
            let dots = access_chain.iter().rev().find_map(|access| match access {
                AccessExpr::Dot(Expr::Identifier(name)) => Some(name_of(name)),
                _ => None,
            });
            dots.unwrap_or_else(|| output_name(root))
        }
        Expr::Function(function) => {
            let name = function_name(function);
            name.rsplit('.').next().unwrap_or_default().to_owned()
        }
        Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => output_name(inner),
        Expr::Cast {
            expr, data_type, ..
        } => match output_name(expr) {
            unnamed if unnamed == "?column?" => {
                let written = data_type.to_string().to_lowercase();
                written.rsplit('.').next().unwrap_or_default().to_owned()
            }
            named => named,
        },
        Expr::Case { else_result, .. } => match else_result.as_deref().map(output_name) {
            Some(name) if name != "?column?" => name,
            _ => "case".to_owned(),
        },
        Expr::Exists { .. } => "exists".to_owned(),
        Expr::Array(_) => "array".to_owned(),
        Expr::Trim { .. } => "btrim".to_owned(),
        Expr::Substring { .. } => "substring".to_owned(),
        Expr::Position { .. } => "position".to_owned(),
        Expr::Value(value) if matches!(value.value, Literal::Boolean(_)) => "bool".to_owned(),
        Expr::Subquery(query) => match first_item(query) {
            Some(SelectItem::ExprWithAlias { alias, .. }) => name_of(alias),
            Some(SelectItem::UnnamedExpr(expr)) => output_name(expr),
            _ => "?column?".to_owned(),
        },
        _ => "?column?".to_owned(),
    }
}

fn first_item(query: &Query) -> Option<&SelectItem> {
    match &*query.body {
        SetExpr::Select(select) => select.projection.first(),
        _ => None,
    }
}

impl Interpreter<'_> {
    /// The type of an expression, without its values. What is not known is a text.
    pub(super) fn type_of(&self, expr: &Expr, scope: &NameScope) -> CatalogType {
        match expr {
            Expr::Identifier(name) => {
                let parts = std::slice::from_ref(name);
                scope.column_type(parts).unwrap_or(TEXT)
            }
            Expr::CompoundIdentifier(parts) => scope.column_type(parts).unwrap_or(TEXT),
            Expr::CompoundFieldAccess { root, access_chain } => {
                self.access_type(root, access_chain, scope)
            }
            Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => self.type_of(inner, scope),
            Expr::Cast { data_type, .. } => cast_type(data_type),
            Expr::Value(value) => match &value.value {
                Literal::Boolean(_) => BOOL,
                Literal::Number(digits, _) if digits.parse::<i32>().is_ok() => {
                    CatalogType::of(CatalogKind::Int4)
                }
                Literal::Number(digits, _) if digits.parse::<i64>().is_ok() => {
                    CatalogType::of(CatalogKind::Int8)
                }
                Literal::Number(..) => CatalogType::of(CatalogKind::Float),
                _ => TEXT,
            },
            Expr::UnaryOp {
                op: UnaryOperator::Minus | UnaryOperator::Plus,
                expr,
            } => self.type_of(expr, scope),
            Expr::BinaryOp { left, op, right } => self.operator_type(left, op, right, scope),
            Expr::Case {
                conditions,
                else_result,
                ..
            } => {
                let results = conditions.iter().map(|when| &when.result);
                let mut results = results.chain(else_result.as_deref());
                let typed = results.find(|result| !is_null(result));
                typed.map_or(TEXT, |result| self.type_of(result, scope))
            }
            Expr::Subquery(query) => self.query_type(query, scope),
            Expr::Array(array) => {
                let first = array.elem.first();
                first.map_or(TEXT, |item| self.type_of(item, scope)).array()
            }
            Expr::Function(function) => {
                use datafusion::sql::sqlparser::ast::FunctionArguments;
                if let FunctionArguments::Subquery(query) = &function.args {
                    return self.query_type(query, scope).array();
                }
                let arguments = children(expr).into_iter();
                let arguments: Vec<_> = arguments.map(|of| self.type_of(of, scope)).collect();
                result_type(&function_name(function), &arguments)
            }
            Expr::Trim { .. } | Expr::Substring { .. } => TEXT,
            Expr::Position { .. } => CatalogType::of(CatalogKind::Int4),
            Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::IsTrue(_)
            | Expr::IsNotTrue(_)
            | Expr::IsFalse(_)
            | Expr::IsNotFalse(_)
            | Expr::IsDistinctFrom(..)
            | Expr::IsNotDistinctFrom(..)
            | Expr::InList { .. }
            | Expr::InSubquery { .. }
            | Expr::Between { .. }
            | Expr::Like { .. }
            | Expr::ILike { .. }
            | Expr::AnyOp { .. }
            | Expr::AllOp { .. }
            | Expr::Exists { .. }
            | Expr::UnaryOp { .. } => BOOL,
            _ => TEXT,
        }
    }

    fn access_type(&self, root: &Expr, chain: &[AccessExpr], scope: &NameScope) -> CatalogType {
        let mut parts = Vec::new();
        let mut found = match root {
            Expr::Identifier(name) => {
                parts.push(name.clone());
                scope.column_type(&parts)
            }
            other => Some(self.type_of(other, scope)),
        };
        for access in chain {
            found = match access {
                AccessExpr::Dot(Expr::Identifier(name)) if !parts.is_empty() => {
                    parts.push(name.clone());
                    scope.column_type(&parts)
                }
                // The parts of what `_pg_expandarray` gives.
                AccessExpr::Dot(_) => Some(CatalogType::of(CatalogKind::Int4)),
                AccessExpr::Subscript(_) => {
                    parts.clear();
                    found.map(CatalogType::item)
                }
            };
        }
        found.unwrap_or(TEXT)
    }

    fn operator_type(
        &self,
        left: &Expr,
        op: &BinaryOperator,
        right: &Expr,
        scope: &NameScope,
    ) -> CatalogType {
        match op {
            BinaryOperator::Plus
            | BinaryOperator::Minus
            | BinaryOperator::Multiply
            | BinaryOperator::Divide
            | BinaryOperator::Modulo
            | BinaryOperator::BitwiseAnd
            | BinaryOperator::BitwiseOr => {
                let (left, right) = (self.type_of(left, scope), self.type_of(right, scope));
                let wide = [left, right]
                    .into_iter()
                    .max_by_key(|side| match side.kind {
                        CatalogKind::Float => 3,
                        CatalogKind::Int8 => 2,
                        CatalogKind::Oid => 1,
                        _ => 0,
                    });
                match wide {
                    Some(side) if side.kind == CatalogKind::Float => side,
                    Some(side) if side.kind == CatalogKind::Int8 => side,
                    _ => CatalogType::of(CatalogKind::Int4),
                }
            }
            BinaryOperator::StringConcat => {
                let left = self.type_of(left, scope);
                if left.is_array { left } else { TEXT }
            }
            _ => BOOL,
        }
    }

    fn query_type(&self, query: &Query, scope: &NameScope) -> CatalogType {
        // Its columns are found without its rows: a query over no rows has the same.
        let relation = self.query(query, scope);
        let columns = relation
            .map(|relation| relation.columns)
            .unwrap_or_default();
        columns
            .first()
            .map_or(TEXT, |(_, column_type)| *column_type)
    }
}

fn is_null(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value) if matches!(value.value, Literal::Null))
}
