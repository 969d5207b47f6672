//! Values for `$1`, `$2` and so on: they take their places in the parsed statement as literals. No text is put together.

use std::{collections::HashMap, ops::ControlFlow};

use datafusion::{
    prelude::SessionContext,
    sql::sqlparser::{
        ast::{
            Array, CastKind, DataType, Expr, LimitClause, Query, Statement, UnaryOperator, Value,
            Visit, VisitMut, Visitor, VisitorMut,
        },
        dialect::PostgreSqlDialect,
        parser::Parser,
    },
};

use super::{
    catalog::{array_items, types},
    error::{SqlError, sqlstate},
    format::type_name,
    request::StatementParameter,
    statement::logical_plan,
};

/// The type of a text, and of what stands where any type may.
pub(super) const TEXT: &str = "text";

/// Types of parameters by their names, such as `$1`.
pub(super) type ParameterTypes = HashMap<String, String>;

/// How many parameters a statement has.
pub(super) fn count(statement: &Statement) -> usize {
    let mut counted = Counted(0);
    let _ = statement.visit(&mut counted);
    counted.0
}

struct Counted(usize);

impl Visitor for Counted {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if let Some(at) = place(expr) {
            self.0 = self.0.max(at);
        }
        ControlFlow::Continue(())
    }
}

/// The number of a parameter, from 1 on.
fn place(expr: &Expr) -> Option<usize> {
    let Expr::Value(value) = expr else {
        return None;
    };
    let Value::Placeholder(name) = &value.value else {
        return None;
    };
    name.strip_prefix('$')?.parse().ok()
}

/// The types of parameters that the client leaves open, found from where they stand.
pub(super) async fn infer(context: &SessionContext, statement: &Statement) -> ParameterTypes {
    let mut places = TypedPlaces::default();
    let _ = statement.visit(&mut places);
    // A statement that cannot be planned without values has its parameters as texts; planned with them it says why.
    let planned = logical_plan(context, statement.clone()).await.ok();
    let planned = planned.and_then(|plan| plan.get_parameter_types().ok());
    let found = planned.unwrap_or_default().into_iter();
    let mut types: ParameterTypes = found
        .filter_map(|(name, found)| {
            let long = type_name(&found?)?;
            Some((name, types::by_name(&long)?.name.to_owned()))
        })
        .collect();
    types.extend(
        places
            .lists
            .into_iter()
            .map(|at| (format!("${at}"), "_text".to_owned())),
    );
    types.extend(
        places
            .counts
            .into_iter()
            .map(|at| (format!("${at}"), "int8".to_owned())),
    );
    types
}

/// Parameters that stand after LIMIT and OFFSET, and those that stand after ANY and ALL.
#[derive(Default)]
struct TypedPlaces {
    counts: Vec<usize>,
    lists: Vec<usize>,
}

impl Visitor for TypedPlaces {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if let Expr::AnyOp { right, .. } | Expr::AllOp { right, .. } = expr {
            let inner = match &**right {
                Expr::Nested(inner) => inner,
                other => other,
            };
            self.lists.extend(place(inner));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if let Some(LimitClause::LimitOffset { limit, offset, .. }) = &query.limit_clause {
            self.counts.extend(limit.as_ref().and_then(place));
            self.counts
                .extend(offset.as_ref().and_then(|offset| place(&offset.value)));
        }
        ControlFlow::Continue(())
    }
}

/// Puts values in the places of the parameters.
///
/// # Errors
/// If a parameter has no value, or one that is none of its type.
pub(super) fn bind(
    statement: &mut Statement,
    parameters: &[StatementParameter],
    types: &ParameterTypes,
) -> Result<(), SqlError> {
    match statement.visit(&mut ParameterBinder { parameters, types }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    }
}

struct ParameterBinder<'a> {
    parameters: &'a [StatementParameter],
    types: &'a ParameterTypes,
}

impl VisitorMut for ParameterBinder<'_> {
    type Break = SqlError;

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<SqlError> {
        let Some(at) = place(expr) else {
            return ControlFlow::Continue(());
        };
        let parameter = at.checked_sub(1).and_then(|at| self.parameters.get(at));
        let bound = parameter
            .ok_or_else(|| SqlError::new("42P02", format!("there is no value for parameter ${at}")))
            .and_then(|parameter| {
                let inferred = self.types.get(&format!("${at}"));
                let name = parameter.type_name.as_ref().or(inferred);
                literal(name.map(String::as_str), parameter.value.as_deref())
            });
        match bound {
            Ok(bound) => {
                *expr = bound;
                ControlFlow::Continue(())
            }
            Err(error) => ControlFlow::Break(error),
        }
    }
}

/// A value that stands for any of a type, where only types matter.
pub(super) fn example(type_name: Option<&str>) -> Option<String> {
    match type_name {
        // Some places want a number that they can see.
        Some("int2" | "int4" | "int8" | "oid") => Some("1".to_owned()),
        _ => None,
    }
}

fn text(value: &str) -> Expr {
    Expr::value(Value::SingleQuotedString(value.to_owned()))
}

fn literal(type_name: Option<&str>, value: Option<&str>) -> Result<Expr, SqlError> {
    let name = type_name.unwrap_or("unknown");
    let is_text = matches!(
        name,
        "text" | "varchar" | "bpchar" | "name" | "unknown" | "uuid"
    );
    let Some(value) = value else {
        let null = Expr::value(Value::Null);
        return Ok(if name == "unknown" {
            null
        } else {
            cast(null, data_type(name)?)
        });
    };
    if is_text {
        return Ok(text(value));
    }
    let wrong = || {
        let message = format!("invalid input syntax for type {name}: \"{value}\"");
        SqlError::new(sqlstate::INVALID_TEXT, message)
    };
    let trimmed = value.trim();
    Ok(match name {
        "int2" | "int4" | "int8" | "oid" => {
            let number: i64 = trimmed.parse().map_err(|_| wrong())?;
            number_literal(&number.to_string())
        }
        "numeric" if is_plain_number(trimmed) => number_literal(trimmed),
        "bool" => match trimmed.to_lowercase().as_str() {
            "t" | "true" | "1" | "on" | "yes" => Expr::value(Value::Boolean(true)),
            "f" | "false" | "0" | "off" | "no" => Expr::value(Value::Boolean(false)),
            _ => return Err(wrong()),
        },
        _ => match name.strip_prefix('_') {
            Some(item) => {
                let items = array_items(value)?.into_iter();
                let items = items.map(|value| literal(Some(item), value.as_deref()));
                Expr::Array(Array {
                    elem: items.collect::<Result<_, _>>()?,
                    named: true,
                })
            }
            None => cast(text(value), data_type(name)?),
        },
    })
}

fn is_plain_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let all = digits.chars().all(|c| c.is_ascii_digit() || c == '.');
    all && digits.starts_with(|c: char| c.is_ascii_digit()) && digits.matches('.').count() < 2
}

fn number_literal(text: &str) -> Expr {
    let number = |digits: &str| Expr::value(Value::Number(digits.to_owned(), false));
    match text.strip_prefix('-') {
        None => number(text),
        Some(digits) => Expr::Nested(Box::new(Expr::UnaryOp {
            op: UnaryOperator::Minus,
            expr: Box::new(number(digits)),
        })),
    }
}

fn cast(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast {
        kind: CastKind::Cast,
        expr: Box::new(expr),
        data_type,
        array: false,
        format: None,
    }
}

/// A type by PostgreSQL's short name.
fn data_type(name: &str) -> Result<DataType, SqlError> {
    let unknown = || {
        SqlError::new(
            sqlstate::NOT_SUPPORTED,
            format!("parameters of type {name} are not supported; pass a text and cast it"),
        )
    };
    let (item, is_array) = match name.strip_prefix('_') {
        Some(item) => (item, true),
        None => (name, false),
    };
    let known = match item {
        "float4" => "real",
        "float8" => "double precision",
        "bool" => "boolean",
        "int2" => "smallint",
        "int4" => "integer",
        "int8" | "oid" => "bigint",
        "bpchar" | "name" | "uuid" | "unknown" | "varchar" => TEXT,
        "text" | "numeric" | "date" | "time" | "timestamp" | "timestamptz" | "interval"
        | "bytea" => item,
        _ => return Err(unknown()),
    };
    let written = if is_array {
        format!("{known}[]")
    } else {
        known.to_owned()
    };
    let parsed = Parser::new(&PostgreSqlDialect {})
        .try_with_sql(&written)
        .and_then(|mut parser| parser.parse_data_type());
    parsed.map_err(|_| unknown())
}
