//! PostgreSQL's catalogue over our tables: `pg_catalog` and `information_schema`, and the functions that ask of them.
//!
//! Clients ask it in ways that no planner of analyses takes: with queries in expressions, arrays that count from 0, and
//! functions that give rows. It is small, so these statements are interpreted as they are written, within the same
//! process as all others. What is not answered is refused, with the words that it stands for.

mod aggregates;
mod calls;
mod casts;
mod content;
mod expression;
mod from;
mod functions;
mod interpreter;
mod naming;
mod objects;
mod operators;
mod order;
mod pattern;
mod query;
mod refusal;
mod relation;
mod scope;
pub(crate) mod settings;
pub(crate) mod types;
mod value;

use std::{ops::ControlFlow, sync::Arc};

use arrow::{
    array::{
        ArrayRef, BooleanArray, Float64Array, Int16Array, Int32Array, Int64Array, Int64Builder,
        ListBuilder, RecordBatch, RecordBatchOptions, StringArray, StringBuilder,
    },
    datatypes::Field,
};
use datafusion::sql::sqlparser::ast::{Expr, ObjectName, Statement, Visit, Visitor};

pub(crate) use value::array_items;

use self::{
    content::CatalogContent,
    interpreter::Interpreter,
    refusal::unsupported,
    relation::Relation,
    scope::{NameScope, NamedQueries},
    value::{CatalogKind, CatalogType, CatalogValue},
};
use super::{
    error::{SqlError, sqlstate},
    request::{AnswerColumn, AskingSession},
};

/// Whether a statement asks the catalogue: it names one of its relations, or no relation at all but the catalogue's
/// functions.
pub(crate) fn is_asked(statement: &Statement) -> bool {
    let mut asked = CatalogMentions::default();
    let _ = statement.visit(&mut asked);
    asked.relations || (asked.functions && !asked.others)
}

#[derive(Default)]
struct CatalogMentions {
    relations: bool,
    functions: bool,
    others: bool,
}

impl Visitor for CatalogMentions {
    type Break = ();

    fn pre_visit_relation(&mut self, name: &ObjectName) -> ControlFlow<()> {
        let parts: Vec<_> = name
            .0
            .iter()
            .filter_map(|part| part.as_ident().map(scope::name_of))
            .collect();
        match parts.as_slice() {
            [.., schema, table] if relation::is_known(Some(schema), table) => self.relations = true,
            [.., schema, _] if schema == "pg_catalog" || schema == "information_schema" => {
                self.relations = true;
            }
            [table] if relation::is_known(None, table) => self.relations = true,
            [function] if calls::is_about(function) => self.functions = true,
            _ => self.others = true,
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(function) => {
                self.functions |= calls::is_about(&calls::function_name(function));
            }
            Expr::Cast { data_type, .. } => {
                let written = data_type.to_string().to_lowercase();
                self.functions |= written.rsplit('.').next().is_some_and(|name| {
                    matches!(name, "regclass" | "regtype" | "regnamespace" | "regproc")
                });
            }
            Expr::Identifier(name) => {
                let name = name.value.to_lowercase();
                self.functions |= matches!(name.as_str(), "current_schema" | "current_role");
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// The columns of a statement's answer, and its rows.
///
/// # Errors
/// If it is no query, names what is not there, or has what the catalogue does not answer.
pub(crate) fn answer(
    statement: &Statement,
    session: AskingSession,
) -> Result<(Vec<AnswerColumn>, RecordBatch), SqlError> {
    let Statement::Query(query) = statement else {
        return Err(unsupported("what is no query"));
    };
    let catalog = CatalogContent::of(session)?;
    let named = NamedQueries::new();
    let scope = NameScope {
        outer: None,
        bindings: &[],
        tuple: &[],
        group: None,
        computed: None,
        named: &named,
    };
    let relation = Interpreter { catalog: &catalog }.query(query, &scope)?;
    let columns = relation
        .columns
        .iter()
        .map(|(name, column_type)| AnswerColumn {
            name: name.clone(),
            column_type: type_name(*column_type),
        });
    Ok((columns.collect(), batch(&relation)?))
}

/// PostgreSQL's name of a type in an answer. Vectors are texts there: clients take them apart themselves.
fn type_name(column_type: CatalogType) -> String {
    let name = match column_type.kind {
        CatalogKind::Bool => "boolean",
        CatalogKind::Int2 => "smallint",
        CatalogKind::Int4 => "integer",
        CatalogKind::Int8 => "bigint",
        CatalogKind::Oid => "oid",
        CatalogKind::Float => "double precision",
        CatalogKind::Text | CatalogKind::Vector => "text",
    };
    match column_type.kind {
        _ if !column_type.is_array => name.to_owned(),
        kind if is_number(kind) => "bigint[]".to_owned(),
        _ => "text[]".to_owned(),
    }
}

const fn is_number(kind: CatalogKind) -> bool {
    matches!(
        kind,
        CatalogKind::Int2 | CatalogKind::Int4 | CatalogKind::Int8 | CatalogKind::Oid
    )
}

fn batch(relation: &Relation) -> Result<RecordBatch, SqlError> {
    let mut fields = Vec::new();
    let mut arrays = Vec::new();
    for (at, (name, column_type)) in relation.columns.iter().enumerate() {
        let values: Vec<&CatalogValue> = relation.rows.iter().map(|row| &row[at]).collect();
        let array = column(&values, *column_type)?;
        fields.push(Field::new(name, array.data_type().clone(), true));
        arrays.push(array);
    }
    let schema = Arc::new(arrow::datatypes::Schema::new(fields));
    let options = RecordBatchOptions::new().with_row_count(Some(relation.rows.len()));
    RecordBatch::try_new_with_options(schema, arrays, &options)
        .map_err(|error| SqlError::new(sqlstate::INTERNAL, error.to_string()))
}

fn column(values: &[&CatalogValue], column_type: CatalogType) -> Result<ArrayRef, SqlError> {
    if column_type.is_array && is_number(column_type.kind) {
        let mut lists = ListBuilder::new(Int64Builder::new());
        for value in values {
            for item in value.items().unwrap_or_default() {
                lists.values().append_option(item.number()?);
            }
            lists.append(!value.is_null());
        }
        return Ok(Arc::new(lists.finish()));
    }
    if column_type.is_array {
        let mut lists = ListBuilder::new(StringBuilder::new());
        for value in values {
            for item in value.items().unwrap_or_default() {
                lists
                    .values()
                    .append_option((!item.is_null()).then(|| item.shown()));
            }
            lists.append(!value.is_null());
        }
        return Ok(Arc::new(lists.finish()));
    }
    let numbers = || -> Result<Vec<Option<i64>>, SqlError> {
        values.iter().map(|value| value.number()).collect()
    };
    let narrow = |numbers: Vec<Option<i64>>| -> Result<Vec<Option<i32>>, SqlError> {
        let out = |_| SqlError::new(sqlstate::OUT_OF_RANGE, "integer out of range");
        let numbers = numbers.into_iter();
        numbers
            .map(|number| number.map(i32::try_from).transpose().map_err(out))
            .collect()
    };
    Ok(match column_type.kind {
        CatalogKind::Bool => {
            let truths: Result<Vec<_>, _> = values.iter().map(|value| value.truth()).collect();
            Arc::new(BooleanArray::from(truths?))
        }
        CatalogKind::Int2 => {
            let small = narrow(numbers()?)?.into_iter();
            let small = small.map(|number| number.and_then(|number| i16::try_from(number).ok()));
            Arc::new(Int16Array::from_iter(small))
        }
        CatalogKind::Int4 => Arc::new(Int32Array::from(narrow(numbers()?)?)),
        CatalogKind::Int8 | CatalogKind::Oid => Arc::new(Int64Array::from(numbers()?)),
        CatalogKind::Float => {
            let number = |value: &&CatalogValue| value.shown().parse::<f64>().ok();
            Arc::new(Float64Array::from_iter(values.iter().map(number)))
        }
        CatalogKind::Text | CatalogKind::Vector => {
            let texts = values
                .iter()
                .map(|value| (!value.is_null()).then(|| value.shown()));
            Arc::new(StringArray::from_iter(texts))
        }
    })
}
