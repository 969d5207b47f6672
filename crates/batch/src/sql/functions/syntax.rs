//! What is written in PostgreSQL's way and planned in the engine's: changed before it is planned.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CastKind, CharacterLength, DataType, Expr, Function, FunctionArg,
    FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident, LimitClause, ObjectName,
    Query, Select, SelectItem, Statement, TableAlias, TableAliasColumnDef, TableFactor,
    TypedString, UnaryOperator, Value, VisitMut, VisitorMut,
};

use super::names;
use crate::sql::error::{SqlError, sqlstate};

/// Changes a checked statement.
///
/// # Errors
/// If it has something whose meaning would be another here, without an error.
pub(crate) fn rewrite(statement: &mut Statement) -> Result<(), SqlError> {
    match statement.visit(&mut PostgresSyntax) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    }
}

struct PostgresSyntax;

impl VisitorMut for PostgresSyntax {
    type Break = SqlError;

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<SqlError> {
        let spelled = match std::mem::replace(expr, Expr::value(Value::Null)) {
            Expr::AtTimeZone {
                timestamp,
                time_zone,
            } => Ok(call("timezone", vec![*time_zone, *timestamp])),
            Expr::Function(function) => self::function(function),
            Expr::UnaryOp {
                op: UnaryOperator::Minus,
                expr,
            } => Ok(minus(*expr)),
            Expr::TypedString(mut typed) => {
                microseconds(&mut typed.data_type).map(|()| Expr::TypedString(typed))
            }
            Expr::Substring {
                substring_from: Some(from),
                ..
            } if is_text(&from) => Err(SqlError::new(
                sqlstate::NOT_SUPPORTED,
                "substring(… FROM a pattern) is not supported; use (regexp_match(…, pattern))[1]",
            )),
            Expr::Cast {
                kind,
                expr,
                data_type,
                array,
                format,
            } => limited(kind, expr, data_type, array, format),
            other => Ok(other),
        };
        match spelled {
            Ok(spelled) => {
                *expr = spelled;
                ControlFlow::Continue(())
            }
            Err(error) => ControlFlow::Break(error),
        }
    }

    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<SqlError> {
        let (name, alias, args) = match factor {
            TableFactor::Table {
                name,
                alias,
                args: Some(args),
                ..
            } => (name, alias, &mut args.args),
            TableFactor::Function {
                name, alias, args, ..
            } => (name, alias, args),
            _ => return ControlFlow::Continue(()),
        };
        if name.to_string().eq_ignore_ascii_case("generate_series") {
            name_column(alias);
            args.iter_mut().for_each(nanoseconds);
        }
        ControlFlow::Continue(())
    }

    /// `FETCH FIRST n ROWS ONLY` is `LIMIT n`.
    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<SqlError> {
        let Some(fetch) = query.fetch.take() else {
            return ControlFlow::Continue(());
        };
        let limited = matches!(
            &query.limit_clause,
            Some(LimitClause::LimitOffset { limit: Some(_), .. })
        );
        if fetch.with_ties || fetch.percent || limited {
            let message = "FETCH FIRST … WITH TIES, PERCENT, and with LIMIT, is not supported";
            return ControlFlow::Break(SqlError::new(sqlstate::NOT_SUPPORTED, message));
        }
        let offset = match query.limit_clause.take() {
            Some(LimitClause::LimitOffset { offset, .. }) => offset,
            _ => None,
        };
        let one = || Expr::value(Value::Number("1".to_owned(), false));
        query.limit_clause = Some(LimitClause::LimitOffset {
            limit: Some(fetch.quantity.unwrap_or_else(one)),
            offset,
            limit_by: Vec::new(),
        });
        ControlFlow::Continue(())
    }

    /// Runs before the expressions change: names follow from what was written.
    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<SqlError> {
        names::name_items(&mut select.projection);
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<SqlError> {
        for item in &mut select.projection {
            match item {
                SelectItem::UnnamedExpr(expr) if is_series(expr) => {
                    let series = std::mem::replace(expr, Expr::value(Value::Null));
                    *item = SelectItem::UnnamedExpr(call("unnest", vec![series]));
                }
                SelectItem::ExprWithAlias { expr, .. } if is_series(expr) => {
                    let series = std::mem::replace(expr, Expr::value(Value::Null));
                    *expr = call("unnest", vec![series]);
                }
                _ => {}
            }
        }
        ControlFlow::Continue(())
    }
}

fn is_series(expr: &Expr) -> bool {
    matches!(expr, Expr::Function(function) if function.name.to_string().eq_ignore_ascii_case("generate_series"))
}

/// The column of a series is called as the series is.
fn name_column(alias: &mut Option<TableAlias>) {
    let column = |name: Ident| TableAliasColumnDef {
        name,
        data_type: None,
    };
    match alias {
        Some(alias) if alias.columns.is_empty() => alias.columns = vec![column(alias.name.clone())],
        Some(_) => {}
        None => {
            let name = Ident::new("generate_series");
            *alias = Some(TableAlias {
                explicit: true,
                columns: vec![column(name.clone())],
                name,
                at: None,
            });
        }
    }
}

fn call(name: &str, args: Vec<Expr>) -> Expr {
    let args = args
        .into_iter()
        .map(|arg| FunctionArg::Unnamed(FunctionArgExpr::Expr(arg)));
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: args.collect(),
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

/// The arguments of a plain call.
fn arguments(function: &Function) -> Option<Vec<Expr>> {
    let FunctionArguments::List(list) = &function.args else {
        return None;
    };
    let expression = |argument: &FunctionArg| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
        _ => None,
    };
    list.args.iter().map(expression).collect()
}

fn function(function: Function) -> Result<Expr, SqlError> {
    let name = function.name.to_string().to_lowercase();
    let args = arguments(&function);
    Ok(match (name.as_str(), args.as_deref()) {
        ("sign", Some([number])) => call("signum", vec![number.clone()]),
        // Cut by the clock of a zone, and shown as the instant that it is.
        ("date_trunc", Some([field, instant, zone])) => {
            let local = call("timezone", vec![zone.clone(), instant.clone()]);
            let cut = call("date_trunc", vec![field.clone(), local]);
            call("timezone", vec![zone.clone(), cut])
        }
        ("mod", Some([left, right])) => Expr::Nested(Box::new(Expr::BinaryOp {
            left: Box::new(Expr::Nested(Box::new(left.clone()))),
            op: BinaryOperator::Modulo,
            right: Box::new(Expr::Nested(Box::new(right.clone()))),
        })),
        _ => Expr::Function(function),
    })
}

/// A minus binds closer than `^` in PostgreSQL: `-2 ^ 2` is 4.
fn minus(expr: Expr) -> Expr {
    match expr {
        Expr::BinaryOp {
            left,
            op: BinaryOperator::PGExp,
            right,
        } => Expr::BinaryOp {
            left: Box::new(minus(*left)),
            op: BinaryOperator::PGExp,
            right,
        },
        other => Expr::UnaryOp {
            op: UnaryOperator::Minus,
            expr: Box::new(other),
        },
    }
}

fn is_text(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value) if matches!(value.value, Value::SingleQuotedString(_)))
}

/// The engine counts nanoseconds unless it is told otherwise, and those end in the year 2262.
fn microseconds(data_type: &mut DataType) -> Result<(), SqlError> {
    match data_type {
        DataType::Timestamp(precision @ (None | Some(6)), _) => {
            *precision = Some(6);
            Ok(())
        }
        DataType::Timestamp(..) => Err(SqlError::new(
            sqlstate::NOT_SUPPORTED,
            "timestamps have microseconds; to cut them use date_trunc",
        )),
        _ => Ok(()),
    }
}

/// A series of instants is only made of those that count nanoseconds.
fn nanoseconds(arg: &mut FunctionArg) {
    let FunctionArg::Unnamed(FunctionArgExpr::Expr(
        Expr::Cast { data_type, .. } | Expr::TypedString(TypedString { data_type, .. }),
    )) = arg
    else {
        return;
    };
    if let DataType::Timestamp(precision, _) = data_type {
        *precision = None;
    }
}

/// `varchar(n)` cuts; the engine would not.
fn limited(
    kind: CastKind,
    expr: Box<Expr>,
    data_type: DataType,
    array: bool,
    format: Option<datafusion::sql::sqlparser::ast::CastFormat>,
) -> Result<Expr, SqlError> {
    if !matches!(kind, CastKind::Cast | CastKind::DoubleColon) {
        return Err(SqlError::new(
            sqlstate::SYNTAX,
            "TRY_CAST is not PostgreSQL's; use CAST",
        ));
    }
    let mut data_type = data_type;
    microseconds(&mut data_type)?;
    let length = match &data_type {
        DataType::Varchar(length)
        | DataType::CharacterVarying(length)
        | DataType::CharVarying(length) => length,
        DataType::Char(_) | DataType::Character(_) => {
            let message = "char(n) fills texts up with blanks; use text or varchar(n)";
            return Err(SqlError::new(sqlstate::NOT_SUPPORTED, message));
        }
        _ => {
            return Ok(Expr::Cast {
                kind,
                expr,
                data_type,
                array,
                format,
            });
        }
    };
    let length = match length {
        Some(CharacterLength::IntegerLength { length, .. }) => Some(*length),
        _ => None,
    };
    let text = Expr::Cast {
        kind,
        expr,
        data_type: DataType::Text,
        array,
        format,
    };
    Ok(match length {
        Some(length) => {
            let length = Value::Number(length.to_string(), false);
            call("left", vec![text, Expr::value(length)])
        }
        None => text,
    })
}
