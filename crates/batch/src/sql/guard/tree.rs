//! Which kinds of statements and clauses there are: those that read, and no others.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Query, Select, SetExpr, Statement, TableFactor, Visit, Visitor,
};

use super::{functions, literals};
use crate::sql::error::{SqlError, sqlstate};

/// Checks that a statement only reads, and calls only what it may.
pub(super) fn check(statement: &Statement) -> Result<(), SqlError> {
    match statement {
        Statement::Query(_) => {}
        Statement::Explain {
            analyze: false,
            statement: explained,
            ..
        } if matches!(**explained, Statement::Query(_)) => {}
        Statement::Explain { analyze: true, .. } => {
            return Err(not_read("EXPLAIN ANALYZE runs the statement; use EXPLAIN"));
        }
        _ => {
            return Err(not_read(
                "only SELECT, WITH, VALUES and EXPLAIN are allowed: the tables follow from the journal, and SQL changes nothing",
            ));
        }
    }
    match statement.visit(&mut Reading) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    }
}

fn not_read(message: &str) -> SqlError {
    SqlError::new(sqlstate::READ_ONLY, message)
}

fn unsupported(message: &str) -> SqlError {
    SqlError::new(sqlstate::NOT_SUPPORTED, message)
}

/// Looks at every part of a statement.
struct Reading;

impl Visitor for Reading {
    type Break = SqlError;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<SqlError> {
        if writes(&query.body) {
            return ControlFlow::Break(not_read(
                "INSERT, UPDATE, DELETE and MERGE are not allowed",
            ));
        }
        if !query.locks.is_empty() {
            return ControlFlow::Break(not_read(
                "FOR UPDATE and FOR SHARE lock rows; leave them out",
            ));
        }
        if query.for_clause.is_some()
            || query.settings.is_some()
            || query.format_clause.is_some()
            || !query.pipe_operators.is_empty()
        {
            return ControlFlow::Break(unsupported(
                "FOR XML, SETTINGS, FORMAT and |> are not PostgreSQL's",
            ));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<SqlError> {
        if select.into.is_some() {
            return ControlFlow::Break(not_read("SELECT INTO makes a table; leave INTO out"));
        }
        if select.top.is_some() || !select.lateral_views.is_empty() || select.prewhere.is_some() {
            return ControlFlow::Break(unsupported(
                "TOP, LATERAL VIEW and PREWHERE are not PostgreSQL's",
            ));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<SqlError> {
        match table(factor) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }

    fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<SqlError> {
        let Expr::Function(function) = expression else {
            return ControlFlow::Continue(());
        };
        let checked = functions::check(&function.name).and_then(|()| literals::check(function));
        match checked {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }

    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<SqlError> {
        match statement {
            Statement::Query(_) | Statement::Explain { .. } => ControlFlow::Continue(()),
            _ => ControlFlow::Break(not_read(
                "a statement that does not read is not allowed within another",
            )),
        }
    }
}

fn writes(body: &SetExpr) -> bool {
    match body {
        SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => true,
        SetExpr::SetOperation { left, right, .. } => writes(left) || writes(right),
        SetExpr::Select(_) | SetExpr::Query(_) | SetExpr::Values(_) | SetExpr::Table(_) => false,
    }
}

/// What may stand after FROM: tables of the catalogue, queries, and bounded series.
fn table(factor: &TableFactor) -> Result<(), SqlError> {
    match factor {
        TableFactor::Table {
            sample: Some(_), ..
        }
        | TableFactor::Derived {
            sample: Some(_), ..
        } => Err(unsupported(
            "TABLESAMPLE is not supported; use WHERE random() < 0.01",
        )),
        TableFactor::Table {
            with_ordinality: true,
            ..
        }
        | TableFactor::Function {
            with_ordinality: true,
            ..
        }
        | TableFactor::UNNEST {
            with_ordinality: true,
            ..
        } => Err(unsupported(
            "WITH ORDINALITY is not supported; use row_number() OVER ()",
        )),
        TableFactor::Table {
            name,
            args: Some(args),
            ..
        } => literals::check_table(name, &args.args),
        TableFactor::Function { name, args, .. } => literals::check_table(name, args),
        TableFactor::Table { .. }
        | TableFactor::Derived { .. }
        | TableFactor::NestedJoin { .. }
        | TableFactor::UNNEST { .. } => Ok(()),
        _ => Err(unsupported(
            "only tables, queries, VALUES, unnest and generate_series may follow FROM",
        )),
    }
}
