//! The objects that the catalogue tells of: tables, views, their keys and references, with their numbers.

use std::rc::Rc;

use serde_json::Value as Json;

use super::value::CatalogValue as Value;
use crate::{
    model::{ColumnType, LakeTable},
    sql::{error::SqlError, format::AnswerSchema, live},
};

/// Numbers that PostgreSQL itself has.
pub(super) const PG_CATALOG: i64 = 11;
pub(super) const PUBLIC: i64 = 2200;
pub(super) const INFORMATION_SCHEMA: i64 = 13_000;
pub(super) const OWNER: i64 = 10;
pub(super) const DATABASE: i64 = 5;
pub(super) const HEAP: i64 = 2;
pub(super) const BTREE: i64 = 403;

/// Where our own begin; each relation has room for its indexes and constraints.
const FIRST: i64 = 16_384;
const ROOM: i64 = 32;

/// A column as the catalogue tells of it.
#[derive(Clone, Debug)]
pub(super) struct ObjectColumn {
    pub(super) name: String,
    /// PostgreSQL's short name of its type, as in `pg_type`.
    pub(super) type_name: &'static str,
    pub(super) nullable: bool,
}

/// A column that refers to another table.
#[derive(Clone, Debug)]
pub(super) struct ObjectReference {
    pub(super) oid: i64,
    pub(super) name: String,
    /// The column's number.
    pub(super) column: usize,
    /// The table that it refers to: its name, its number, and that of its key's index.
    pub(super) to: (&'static str, i64, i64),
    pub(super) to_column: &'static str,
}

/// A table or a view.
#[derive(Clone, Debug)]
pub(super) struct CatalogObject {
    pub(super) oid: i64,
    pub(super) name: &'static str,
    pub(super) is_view: bool,
    pub(super) about: &'static str,
    pub(super) columns: Vec<ObjectColumn>,
    /// How many of its columns are its key.
    pub(super) key: usize,
    pub(super) references: Vec<ObjectReference>,
}

impl CatalogObject {
    /// The number of the key's index, and one after it that of the constraint.
    pub(super) const fn index(&self) -> i64 {
        self.oid + 1
    }

    pub(super) const fn key_constraint(&self) -> i64 {
        self.oid + 2
    }

    pub(super) fn refers_to(&self, other: &Self) -> bool {
        let mut references = self.references.iter();
        references.any(|reference| reference.to.1 == other.oid)
    }

    pub(super) fn index_name(&self) -> String {
        format!("{}_pkey", self.name)
    }

    pub(super) fn key_names(&self) -> Vec<&str> {
        let key = self.columns.iter().take(self.key);
        key.map(|column| column.name.as_str()).collect()
    }

    /// The numbers 1, 2, … of the key's columns.
    pub(super) fn key_numbers(&self) -> Rc<[Value]> {
        let key = self.columns.iter().take(self.key).zip(1..);
        key.map(|(_, number)| Value::Int(number)).collect()
    }

    /// What makes the key's index.
    pub(super) fn index_definition(&self) -> String {
        let (index, table) = (self.index_name(), self.name);
        let columns = self.key_names().join(", ");
        format!("CREATE UNIQUE INDEX {index} ON public.{table} USING btree ({columns})")
    }
}

fn oid_of(place: usize) -> i64 {
    FIRST + i64::try_from(place).unwrap_or(0) * ROOM
}

fn table_oid(table: LakeTable) -> i64 {
    let place = LakeTable::ALL.iter().position(|other| *other == table);
    oid_of(place.unwrap_or(0))
}

const fn about(table: LakeTable) -> &'static str {
    match table {
        LakeTable::Categories => "Categories of groups",
        LakeTable::Topics => "Topics of groups",
        LakeTable::Venues => "Where events take place; an id below 0 follows from the content",
        LakeTable::Members => "Who answers; pseudonyms, unless people are kept",
        LakeTable::Groups => "Who invites",
        LakeTable::GroupTopics => "Which group has which topic",
        LakeTable::Events => "What is invited to",
        LakeTable::Rsvps => "The answers as they are: the winner of each",
        LakeTable::RsvpVersions => "All versions of the answers that were kept",
        LakeTable::Photos => "Photos of events",
        LakeTable::Comments => "Comments on events",
    }
}

fn type_name(column_type: ColumnType) -> &'static str {
    match column_type {
        ColumnType::Text => "text",
        ColumnType::Long => "int8",
        ColumnType::Int => "int4",
        ColumnType::Double => "float8",
        ColumnType::Boolean => "bool",
        ColumnType::Time => "timestamptz",
    }
}

fn of_table(table: LakeTable) -> CatalogObject {
    let columns = table.columns().iter().map(|column| ObjectColumn {
        name: column.name.to_owned(),
        type_name: type_name(column.column_type),
        nullable: column.nullable,
    });
    let oid = table_oid(table);
    let references = table.references().iter().zip(oid + 3..);
    let references = references.map(|(reference, oid)| {
        let columns = table.columns().iter();
        let column = columns.take_while(|column| column.name != reference.column);
        let to = table_oid(reference.to);
        ObjectReference {
            oid,
            name: format!("{table}_{}_fkey", reference.column),
            column: column.count() + 1,
            to: (reference.to.name(), to, to + 1),
            to_column: reference.to.key()[0].name,
        }
    });
    CatalogObject {
        oid,
        name: table.name(),
        is_view: false,
        about: about(table),
        columns: columns.collect(),
        key: table.key_columns(),
        references: references.collect(),
    }
}

/// PostgreSQL's short names of the types of live tables.
fn short_name(name: &str) -> &'static str {
    match name {
        "bigint" => "int8",
        "timestamptz" => "timestamptz",
        _ => "text",
    }
}

/// All tables, and the live ones as views.
///
/// # Errors
/// If a live table has a column of a type that answers cannot have.
pub(super) fn all() -> Result<Vec<CatalogObject>, SqlError> {
    let mut objects: Vec<_> = LakeTable::ALL.into_iter().map(of_table).collect();
    let live = live::tables(&Json::Null).map_err(datafusion::error::DataFusionError::from)?;
    for (name, batch) in live {
        let columns = AnswerSchema::of(&batch.schema())?.columns.into_iter();
        let columns = columns.map(|column| ObjectColumn {
            name: column.name,
            type_name: short_name(&column.column_type),
            nullable: true,
        });
        objects.push(CatalogObject {
            oid: oid_of(objects.len()),
            name,
            is_view: true,
            about: "Of the live process; empty without one",
            columns: columns.collect(),
            key: 0,
            references: Vec::new(),
        });
    }
    Ok(objects)
}
