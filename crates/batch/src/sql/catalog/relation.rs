//! Relations in memory: those of the catalogue, and what statements make of them.

use std::{collections::HashMap, rc::Rc};

use super::value::{CatalogKind, CatalogType, CatalogValue as Value};

/// A row; whoever joins rows shares them.
pub(super) type Row = Rc<[Value]>;

/// Columns and rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Relation {
    pub(super) columns: Vec<(String, CatalogType)>,
    pub(super) rows: Vec<Row>,
}

impl Relation {
    /// Of one line of `relations.txt`: `schema.name column:type …`.
    fn of_line(line: &str) -> Option<(&str, Self)> {
        let mut words = line.split(' ');
        let name = words.next()?;
        let columns = words.filter_map(|word| word.split_once(':'));
        let columns = columns.map(|(name, kind)| (name.to_owned(), CatalogType::named(kind)));
        let columns = columns.collect();
        Some((
            name,
            Self {
                columns,
                rows: Vec::new(),
            },
        ))
    }

    /// Adds a row of what is named; the rest is as PostgreSQL has it for plain tables: false, 0, the empty letter, or
    /// NULL.
    pub(super) fn add(&mut self, letters: &[&str], named: &[(&str, Value)]) {
        let value = |(name, kind): &(String, CatalogType)| {
            let found = named.iter().find(|(known, _)| known == name);
            match (found, kind.kind, kind.is_array) {
                (Some((_, value)), ..) => value.clone(),
                (None, _, true) => Value::Null,
                (None, CatalogKind::Bool, _) => Value::Bool(false),
                (
                    None,
                    CatalogKind::Int2 | CatalogKind::Int4 | CatalogKind::Int8 | CatalogKind::Oid,
                    _,
                ) => Value::Int(0),
                (None, CatalogKind::Float, _) => Value::Float(0.0),
                (None, ..) if letters.contains(&name.as_str()) => Value::text(""),
                (None, ..) => Value::Null,
            }
        };
        self.rows.push(self.columns.iter().map(value).collect());
    }
}

/// The relations of PostgreSQL's catalogue by `schema.name`, without rows.
pub(super) fn without_rows() -> HashMap<String, Relation> {
    let lines = include_str!("relations.txt").lines();
    let lines = lines.filter(|line| !line.starts_with('#'));
    let relations = lines.filter_map(Relation::of_line);
    relations
        .map(|(name, relation)| (name.to_owned(), relation))
        .collect()
}

/// Whether a name is one of the catalogue's relations; `schema` is none where the statement names none.
pub(super) fn is_known(schema: Option<&str>, name: &str) -> bool {
    let lines = include_str!("relations.txt").lines();
    let schema = schema.unwrap_or("pg_catalog");
    let mut names = lines.filter_map(|line| line.split(' ').next()?.split_once('.'));
    names.any(|known| known == (schema, name))
}
