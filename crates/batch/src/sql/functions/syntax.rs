//! What is written in PostgreSQL's way and planned in the engine's: changed before it is planned.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CastKind, CharacterLength, DataType, Expr, Function, FunctionArg,
    FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident, ObjectName, Select,
    SelectItem, Statement, TableAlias, TableAliasColumnDef, TableFactor, Value, VisitMut,
    VisitorMut,
};

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
        let (name, alias) = match factor {
            TableFactor::Table {
                name,
                alias,
                args: Some(_),
                ..
            }
            | TableFactor::Function { name, alias, .. } => (name, alias),
            _ => return ControlFlow::Continue(()),
        };
        if name.to_string().eq_ignore_ascii_case("generate_series") {
            name_column(alias);
        }
        ControlFlow::Continue(())
    }

    /// Runs before the expressions change: names follow from what was written.
    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<SqlError> {
        name_items(&mut select.projection);
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

/// A call is called as its function is, unless several are; what is selected twice gets a number, for the engine wants
/// names to differ.
fn name_items(items: &mut [SelectItem]) {
    let written: Vec<String> = items.iter().map(ToString::to_string).collect();
    let calls: Vec<Option<String>> = items.iter().map(called).collect();
    for (at, item) in items.iter_mut().enumerate() {
        let SelectItem::UnnamedExpr(expr) = item else {
            continue;
        };
        let earlier = written[..at]
            .iter()
            .filter(|other| **other == written[at])
            .count();
        let alone = calls.iter().filter(|other| **other == calls[at]).count() == 1
            && !written
                .iter()
                .any(|other| Some(other) == calls[at].as_ref());
        let name = match (&calls[at], earlier) {
            (Some(name), 0) if alone => Ident::new(name.clone()),
            (_, 0) => continue,
            (_, earlier) => Ident::with_quote('"', format!("{} {}", written[at], earlier + 1)),
        };
        let expr = std::mem::replace(expr, Expr::value(Value::Null));
        *item = SelectItem::ExprWithAlias { expr, alias: name };
    }
}

fn called(item: &SelectItem) -> Option<String> {
    match item {
        SelectItem::UnnamedExpr(Expr::Function(function)) if function.over.is_none() => {
            Some(function.name.to_string().to_lowercase())
        }
        SelectItem::UnnamedExpr(Expr::Extract { .. }) => Some("extract".to_owned()),
        _ => None,
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
