//! Values of expressions.

use std::cmp::Ordering;

use datafusion::sql::sqlparser::ast::{
    AccessExpr, BinaryOperator, Expr, Function, FunctionArguments, Ident, Query, Subscript,
    TrimWhereField, UnaryOperator, Value as Literal,
};

use super::{
    calls::{function_name, is_aggregate},
    casts::cast,
    interpreter::Interpreter,
    operators::{any, arithmetic, item, joined},
    pattern,
    refusal::unsupported,
    scope::{NameScope, children},
    value::{CatalogValue as Value, array_items},
};
use crate::sql::error::{SqlError, sqlstate};

fn bool_of(truth: Option<bool>) -> Value {
    truth.map_or(Value::Null, Value::Bool)
}

fn no_column(name: &str) -> SqlError {
    SqlError::new(
        sqlstate::UNDEFINED_COLUMN,
        format!("column \"{name}\" does not exist"),
    )
}

/// Words that are calls without parentheses.
const KEYWORDS: [&str; 6] = [
    "current_schema",
    "current_catalog",
    "current_user",
    "current_role",
    "session_user",
    "user",
];

impl Interpreter<'_> {
    /// The value of an expression.
    ///
    /// # Errors
    /// If it names what is not there, cannot be computed, or has what the catalogue does not answer.
    pub(super) fn value(&self, expr: &Expr, scope: &NameScope) -> Result<Value, SqlError> {
        match expr {
            Expr::Identifier(name) => self.column(std::slice::from_ref(name), scope),
            Expr::CompoundIdentifier(parts) => self.column(parts, scope),
            Expr::CompoundFieldAccess { root, access_chain } => {
                self.access(root, access_chain, scope)
            }
            Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => self.value(inner, scope),
            Expr::Value(value) => literal(&value.value),
            Expr::TypedString(typed) => {
                let text = typed.value.value.clone().into_string().unwrap_or_default();
                cast(Value::text(&text), &typed.data_type, self.catalog)
            }
            Expr::Cast {
                expr, data_type, ..
            } => cast(self.value(expr, scope)?, data_type, self.catalog),
            Expr::BinaryOp { left, op, right } => self.binary(left, op, right, scope),
            Expr::UnaryOp { op, expr } => self.unary(*op, expr, scope),
            Expr::IsNull(of) => Ok(Value::Bool(self.value(of, scope)?.is_null())),
            Expr::IsNotNull(of) => Ok(Value::Bool(!self.value(of, scope)?.is_null())),
            Expr::IsTrue(of) => Ok(Value::Bool(self.truth(of, scope)? == Some(true))),
            Expr::IsNotTrue(of) => Ok(Value::Bool(self.truth(of, scope)? != Some(true))),
            Expr::IsFalse(of) => Ok(Value::Bool(self.truth(of, scope)? == Some(false))),
            Expr::IsNotFalse(of) => Ok(Value::Bool(self.truth(of, scope)? != Some(false))),
            Expr::IsDistinctFrom(left, right) => {
                Ok(Value::Bool(!self.is_same(left, right, scope)?))
            }
            Expr::IsNotDistinctFrom(left, right) => {
                Ok(Value::Bool(self.is_same(left, right, scope)?))
            }
            Expr::Between {
                expr,
                negated,
                low,
                high,
            } => self.between(expr, low, high, *negated, scope),
            Expr::Case {
                operand,
                conditions,
                else_result,
                ..
            } => {
                for when in conditions {
                    let holds = match operand {
                        Some(operand) => {
                            self.compared(operand, &when.condition, scope)? == Some(Ordering::Equal)
                        }
                        None => self.truth(&when.condition, scope)? == Some(true),
                    };
                    if holds {
                        return self.value(&when.result, scope);
                    }
                }
                else_result
                    .as_ref()
                    .map_or(Ok(Value::Null), |expr| self.value(expr, scope))
            }
            Expr::Array(array) => {
                let items = array.elem.iter().map(|item| self.value(item, scope));
                Ok(Value::Array(items.collect::<Result<_, _>>()?))
            }
            Expr::Tuple(items) => {
                let items = items.iter().map(|item| Ok(("", self.value(item, scope)?)));
                Ok(Value::Record(items.collect::<Result<_, SqlError>>()?))
            }
            Expr::Function(function) => self.function(function, expr, scope),
            Expr::Trim {
                trim_where,
                trim_what,
                expr,
                trim_characters,
            } => {
                let what = trim_what.as_deref();
                let what = what.or_else(|| trim_characters.as_ref().and_then(|all| all.first()));
                self.trim(*trim_where, what, expr, scope)
            }
            _ => self.matched(expr, scope),
        }
    }

    /// What is matched with patterns, lists and queries.
    fn matched(&self, expr: &Expr, scope: &NameScope) -> Result<Value, SqlError> {
        match expr {
            Expr::Like {
                negated,
                expr,
                pattern,
                escape_char,
                ..
            } => {
                let escape = escape_char
                    .as_ref()
                    .and_then(|escape| escape.clone().into_string());
                let sides = (self.value(expr, scope)?, self.value(pattern, scope)?);
                let found = pattern::like(&sides.0, &sides.1, escape.as_deref(), false)?;
                Ok(bool_of(found.map(|found| found != *negated)))
            }
            Expr::ILike {
                negated,
                expr,
                pattern,
                ..
            } => {
                let sides = (self.value(expr, scope)?, self.value(pattern, scope)?);
                let found = pattern::like(&sides.0, &sides.1, None, true)?;
                Ok(bool_of(found.map(|found| found != *negated)))
            }
            Expr::InList {
                expr,
                list,
                negated,
            } => {
                let value = self.value(expr, scope)?;
                let items: Result<Vec<_>, _> =
                    list.iter().map(|item| self.value(item, scope)).collect();
                let found = any(&value, &items?, |order| order == Ordering::Equal)?;
                Ok(bool_of(found.map(|found| found != *negated)))
            }
            Expr::InSubquery {
                expr,
                subquery,
                negated,
            } => {
                let value = self.value(expr, scope)?;
                let found = any(&value, &self.first_column(subquery, scope)?, |order| {
                    order == Ordering::Equal
                })?;
                Ok(bool_of(found.map(|found| found != *negated)))
            }
            Expr::AnyOp {
                left,
                compare_op,
                right,
                ..
            } => {
                let value = self.value(left, scope)?;
                let Some(items) = self.items_of(right, scope)? else {
                    return Ok(Value::Null);
                };
                self.quantified(&value, compare_op, &items, false)
            }
            Expr::AllOp {
                left,
                compare_op,
                right,
            } => {
                let value = self.value(left, scope)?;
                let Some(items) = self.items_of(right, scope)? else {
                    return Ok(Value::Null);
                };
                self.quantified(&value, compare_op, &items, true)
            }
            other => self.queried(other, scope),
        }
    }

    /// What queries within an expression answer, and calls with a syntax of their own.
    fn queried(&self, expr: &Expr, scope: &NameScope) -> Result<Value, SqlError> {
        match expr {
            Expr::Exists { subquery, negated } => {
                let found = !self.query(subquery, scope)?.rows.is_empty();
                Ok(Value::Bool(found != *negated))
            }
            Expr::Subquery(query) => {
                let values = self.first_column(query, scope)?;
                match values.as_slice() {
                    [] => Ok(Value::Null),
                    [value] => Ok(value.clone()),
                    _ => Err(SqlError::new(
                        "21000",
                        "more than one row returned by a subquery used as an expression",
                    )),
                }
            }
            Expr::Substring {
                expr,
                substring_from,
                substring_for,
                ..
            } => {
                let mut arguments = vec![self.value(expr, scope)?];
                for part in [substring_from, substring_for].into_iter().flatten() {
                    arguments.push(self.value(part, scope)?);
                }
                self.call("substr", &arguments)
            }
            Expr::Position { expr, r#in } => {
                let arguments = [self.value(r#in, scope)?, self.value(expr, scope)?];
                self.call("strpos", &arguments)
            }
            other => Err(unsupported(&format!("the expression {other}"))),
        }
    }

    fn column(&self, parts: &[Ident], scope: &NameScope) -> Result<Value, SqlError> {
        if let Some(value) = scope.column(parts) {
            return Ok(value);
        }
        match parts {
            [word] if KEYWORDS.contains(&word.value.to_lowercase().as_str()) => {
                self.call(&word.value.to_lowercase(), &[])
            }
            _ => {
                let names: Vec<_> = parts.iter().map(|part| part.value.as_str()).collect();
                Err(no_column(&names.join(".")))
            }
        }
    }

    /// `a.b[c].d`: columns first, then items and fields.
    fn access(
        &self,
        root: &Expr,
        chain: &[AccessExpr],
        scope: &NameScope,
    ) -> Result<Value, SqlError> {
        let mut parts = Vec::new();
        let mut value = match root {
            Expr::Identifier(name) => {
                parts.push(name.clone());
                scope.column(&parts)
            }
            other => Some(self.value(other, scope)?),
        };
        for access in chain {
            value = match (access, value) {
                (AccessExpr::Dot(Expr::Identifier(field)), Some(Value::Record(fields))) => {
                    let found = fields.iter().find(|(name, _)| *name == field.value);
                    let found = found.ok_or_else(|| no_column(&field.value))?;
                    Some(found.1.clone())
                }
                (AccessExpr::Dot(Expr::Identifier(_)), Some(Value::Null)) if parts.is_empty() => {
                    Some(Value::Null)
                }
                (AccessExpr::Dot(Expr::Identifier(field)), _) => {
                    parts.push(field.clone());
                    scope.column(&parts)
                }
                (AccessExpr::Subscript(Subscript::Index { index }), Some(value)) => {
                    parts.clear();
                    let index = self.value(index, scope)?.number()?;
                    Some(item(&value, index))
                }
                _ => return Err(unsupported("such an access to a part of a value")),
            };
        }
        value.ok_or_else(|| {
            let names: Vec<_> = parts.iter().map(|part| part.value.as_str()).collect();
            no_column(&names.join("."))
        })
    }

    fn truth(&self, expr: &Expr, scope: &NameScope) -> Result<Option<bool>, SqlError> {
        self.value(expr, scope)?.truth()
    }

    fn compared(
        &self,
        left: &Expr,
        right: &Expr,
        scope: &NameScope,
    ) -> Result<Option<Ordering>, SqlError> {
        self.value(left, scope)?.compare(&self.value(right, scope)?)
    }

    fn is_same(&self, left: &Expr, right: &Expr, scope: &NameScope) -> Result<bool, SqlError> {
        let (left, right) = (self.value(left, scope)?, self.value(right, scope)?);
        if left.is_null() || right.is_null() {
            return Ok(left.is_null() && right.is_null());
        }
        Ok(left.compare(&right)? == Some(Ordering::Equal))
    }

    fn between(
        &self,
        expr: &Expr,
        low: &Expr,
        high: &Expr,
        negated: bool,
        scope: &NameScope,
    ) -> Result<Value, SqlError> {
        let low = self.compared(expr, low, scope)?;
        let high = self.compared(expr, high, scope)?;
        let within = low
            .zip(high)
            .map(|(low, high)| low != Ordering::Less && high != Ordering::Greater);
        Ok(bool_of(within.map(|within| within != negated)))
    }

    fn first_column(&self, query: &Query, scope: &NameScope) -> Result<Vec<Value>, SqlError> {
        let rows = self.query(query, scope)?.rows.into_iter();
        Ok(rows.filter_map(|row| row.first().cloned()).collect())
    }

    /// What stands after ANY or ALL; none for NULL.
    fn items_of(&self, expr: &Expr, scope: &NameScope) -> Result<Option<Vec<Value>>, SqlError> {
        let inner = match expr {
            Expr::Nested(inner) => inner,
            other => other,
        };
        if let Expr::Subquery(query) = inner {
            return self.first_column(query, scope).map(Some);
        }
        match self.value(inner, scope)? {
            Value::Null => Ok(None),
            Value::Text(text) => {
                let items = array_items(&text)?.into_iter();
                let items = items.map(|item| item.map_or(Value::Null, |item| Value::text(&item)));
                Ok(Some(items.collect()))
            }
            value => match value.items() {
                Some(items) => Ok(Some(items.to_vec())),
                None => Err(SqlError::new(
                    sqlstate::TYPE_MISMATCH,
                    "ANY and ALL want an array or a query",
                )),
            },
        }
    }

    fn quantified(
        &self,
        value: &Value,
        op: &BinaryOperator,
        items: &[Value],
        is_all: bool,
    ) -> Result<Value, SqlError> {
        let mut unknown = false;
        for item in items {
            match self.operated(value.clone(), op, item.clone())?.truth()? {
                None => unknown = true,
                Some(holds) if holds != is_all => return Ok(Value::Bool(holds)),
                Some(_) => {}
            }
        }
        Ok(if unknown {
            Value::Null
        } else {
            Value::Bool(is_all)
        })
    }

    fn unary(&self, op: UnaryOperator, expr: &Expr, scope: &NameScope) -> Result<Value, SqlError> {
        let value = self.value(expr, scope)?;
        match op {
            UnaryOperator::Not => Ok(bool_of(value.truth()?.map(|truth| !truth))),
            UnaryOperator::Plus => Ok(value),
            UnaryOperator::Minus => match value {
                Value::Float(number) => Ok(Value::Float(-number)),
                other => Ok(other
                    .number()?
                    .and_then(i64::checked_neg)
                    .map_or(Value::Null, Value::Int)),
            },
            _ => Err(unsupported("such a sign before a value")),
        }
    }

    fn binary(
        &self,
        left: &Expr,
        op: &BinaryOperator,
        right: &Expr,
        scope: &NameScope,
    ) -> Result<Value, SqlError> {
        // The right side is only asked where the left does not decide.
        if let BinaryOperator::And | BinaryOperator::Or = op {
            let decides = matches!(op, BinaryOperator::Or);
            let left = self.truth(left, scope)?;
            if left == Some(decides) {
                return Ok(Value::Bool(decides));
            }
            let right = self.truth(right, scope)?;
            return Ok(match (left, right) {
                (_, Some(right)) if right == decides => Value::Bool(decides),
                (Some(_), Some(_)) => Value::Bool(!decides),
                _ => Value::Null,
            });
        }
        self.operated(self.value(left, scope)?, op, self.value(right, scope)?)
    }

    fn operated(&self, left: Value, op: &BinaryOperator, right: Value) -> Result<Value, SqlError> {
        use BinaryOperator as Op;
        let compared = |holds: fn(Ordering) -> bool| -> Result<Value, SqlError> {
            Ok(bool_of(left.compare(&right)?.map(holds)))
        };
        let matched = |found: Result<Option<bool>, SqlError>, wanted: bool| {
            Ok(bool_of(found?.map(|found| found == wanted)))
        };
        match op {
            Op::Eq => compared(Ordering::is_eq),
            Op::NotEq => compared(Ordering::is_ne),
            Op::Lt => compared(Ordering::is_lt),
            Op::LtEq => compared(Ordering::is_le),
            Op::Gt => compared(Ordering::is_gt),
            Op::GtEq => compared(Ordering::is_ge),
            Op::PGRegexMatch => matched(pattern::regex(&left, &right, false), true),
            Op::PGRegexIMatch => matched(pattern::regex(&left, &right, true), true),
            Op::PGRegexNotMatch => matched(pattern::regex(&left, &right, false), false),
            Op::PGRegexNotIMatch => matched(pattern::regex(&left, &right, true), false),
            Op::PGLikeMatch => matched(pattern::like(&left, &right, None, false), true),
            Op::PGILikeMatch => matched(pattern::like(&left, &right, None, true), true),
            Op::PGNotLikeMatch => matched(pattern::like(&left, &right, None, false), false),
            Op::PGNotILikeMatch => matched(pattern::like(&left, &right, None, true), false),
            Op::StringConcat => Ok(joined(&left, &right)),
            Op::PGCustomBinaryOperator(parts) => {
                let op = match parts.last().map(String::as_str) {
                    Some("~") => Op::PGRegexMatch,
                    Some("~*") => Op::PGRegexIMatch,
                    Some("!~") => Op::PGRegexNotMatch,
                    Some("!~*") => Op::PGRegexNotIMatch,
                    Some("~~") => Op::PGLikeMatch,
                    Some("~~*") => Op::PGILikeMatch,
                    Some("!~~") => Op::PGNotLikeMatch,
                    Some("=") => Op::Eq,
                    Some("<>") => Op::NotEq,
                    Some("||") => Op::StringConcat,
                    _ => return Err(unsupported("such an OPERATOR")),
                };
                self.operated(left, &op, right)
            }
            other => arithmetic(&left, other, &right),
        }
    }

    fn trim(
        &self,
        side: Option<TrimWhereField>,
        what: Option<&Expr>,
        expr: &Expr,
        scope: &NameScope,
    ) -> Result<Value, SqlError> {
        let mut arguments = vec![self.value(expr, scope)?];
        if let Some(what) = what {
            arguments.push(self.value(what, scope)?);
        }
        let name = match side {
            Some(TrimWhereField::Leading) => "ltrim",
            Some(TrimWhereField::Trailing) => "rtrim",
            Some(TrimWhereField::Both) | None => "btrim",
        };
        self.call(name, &arguments)
    }

    fn function(
        &self,
        function: &Function,
        expr: &Expr,
        scope: &NameScope,
    ) -> Result<Value, SqlError> {
        let computed = scope
            .computed
            .and_then(|all| all.get(&std::ptr::from_ref(function)));
        if let Some(value) = computed {
            return Ok(value.clone());
        }
        if let FunctionArguments::Subquery(query) = &function.args {
            let items = self.first_column(query, scope)?;
            return Ok(Value::Array(items.into()));
        }
        if is_aggregate(function) {
            return match scope.group {
                Some(group) => self.aggregate(function, group, scope),
                None => Err(SqlError::new(
                    "42803",
                    "aggregate functions are not allowed here",
                )),
            };
        }
        let name = function_name(function);
        // Only as many arguments are asked as it takes.
        if name == "coalesce" {
            for argument in children(expr) {
                let value = self.value(argument, scope)?;
                if !value.is_null() {
                    return Ok(value);
                }
            }
            return Ok(Value::Null);
        }
        let arguments = children(expr).into_iter();
        let arguments: Result<Vec<_>, _> = arguments
            .map(|argument| self.value(argument, scope))
            .collect();
        self.call(&name, &arguments?)
    }
}

fn literal(value: &Literal) -> Result<Value, SqlError> {
    Ok(match value {
        Literal::Null => Value::Null,
        Literal::Boolean(truth) => Value::Bool(*truth),
        Literal::Number(digits, _) => match digits.parse() {
            Ok(number) => Value::Int(number),
            Err(_) => Value::Float(digits.parse().unwrap_or(f64::NAN)),
        },
        Literal::Placeholder(name) => {
            let message = format!("there is no parameter {name}");
            return Err(SqlError::new("42P02", message));
        }
        other => match other.clone().into_string() {
            Some(text) => Value::text(&text),
            None => return Err(unsupported("such a literal")),
        },
    })
}
