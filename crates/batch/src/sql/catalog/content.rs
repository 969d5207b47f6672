//! The rows of the catalogue: what there is, as PostgreSQL would tell of it.

use std::{collections::HashMap, rc::Rc};

use super::{
    objects::{
        self, BTREE, CatalogObject, DATABASE, HEAP, INFORMATION_SCHEMA, OWNER, PG_CATALOG, PUBLIC,
    },
    relation::{Relation, without_rows},
    types::{self, PgType},
    value::CatalogValue as Value,
};
use crate::sql::{error::SqlError, request::AskingSession, session::CATALOG};

/// The catalogue, for one statement of one session.
pub(super) struct CatalogContent {
    pub(super) relations: HashMap<String, Rc<Relation>>,
    pub(super) objects: Vec<CatalogObject>,
    pub(super) session: AskingSession,
}

fn int(value: i64) -> Value {
    Value::Int(value)
}

fn text(value: &str) -> Value {
    Value::text(value)
}

const YES: Value = Value::Bool(true);

/// Relations of PostgreSQL by which others are told apart, with their numbers.
pub(super) const SYSTEM: [(&str, i64); 8] = [
    ("pg_type", 1247),
    ("pg_attribute", 1249),
    ("pg_proc", 1255),
    ("pg_class", 1259),
    ("pg_namespace", 2615),
    ("pg_constraint", 2606),
    ("pg_database", 1262),
    ("pg_index", 2610),
];

pub(super) const NAMESPACES: [(&str, i64); 3] = [
    ("pg_catalog", PG_CATALOG),
    ("public", PUBLIC),
    ("information_schema", INFORMATION_SCHEMA),
];

/// Relations that are being filled.
struct CatalogFilling(HashMap<String, Relation>);

impl CatalogFilling {
    fn add(&mut self, relation: &str, letters: &[&str], row: &[(&str, Value)]) {
        if let Some(relation) = self.0.get_mut(relation) {
            relation.add(letters, row);
        }
    }
}

impl CatalogContent {
    /// # Errors
    /// If a table cannot be told of.
    pub(super) fn of(session: AskingSession) -> Result<Self, SqlError> {
        let objects = objects::all()?;
        let mut filling = CatalogFilling(without_rows());
        system(&mut filling, &session);
        for object in &objects {
            let refers = !object.references.is_empty()
                || objects.iter().any(|other| other.refers_to(object));
            class(&mut filling, object, refers);
            attributes(&mut filling, object);
            key(&mut filling, object);
            references(&mut filling, object);
            schema_of(&mut filling, object);
            schema_keys(&mut filling, object);
        }
        let relations = filling.0.into_iter();
        Ok(Self {
            relations: relations
                .map(|(name, relation)| (name, Rc::new(relation)))
                .collect(),
            objects,
            session,
        })
    }

    /// The table or view with a number.
    pub(super) fn object(&self, oid: i64) -> Option<&CatalogObject> {
        self.objects.iter().find(|object| object.oid == oid)
    }
}

/// What does not depend on tables.
fn system(filling: &mut CatalogFilling, session: &AskingSession) {
    for (name, oid) in NAMESPACES {
        let owner = ("nspowner", int(OWNER));
        let row = [("oid", int(oid)), ("nspname", text(name)), owner];
        filling.add("pg_catalog.pg_namespace", &[], &row);
        let names = [
            ("catalog_name", text(CATALOG)),
            ("schema_name", text(name)),
            ("schema_owner", text(&session.user)),
        ];
        filling.add("information_schema.schemata", &[], &names);
    }
    for known in types::all() {
        let mut row = known.row();
        row.push(("typnamespace", int(PG_CATALOG)));
        row.push(("typowner", int(OWNER)));
        filling.add("pg_catalog.pg_type", &[], &row);
    }
    for (name, oid) in SYSTEM {
        let row = [
            ("oid", int(oid)),
            ("relname", text(name)),
            ("relnamespace", int(PG_CATALOG)),
            ("relowner", int(OWNER)),
            ("relam", int(HEAP)),
            ("relkind", text("r")),
            ("relpersistence", text("p")),
            ("relreplident", text("n")),
        ];
        filling.add("pg_catalog.pg_class", &[], &row);
    }
    for (name, oid, kind) in [("heap", HEAP, "t"), ("btree", BTREE, "i")] {
        let row = [
            ("oid", int(oid)),
            ("amname", text(name)),
            ("amtype", text(kind)),
        ];
        filling.add("pg_catalog.pg_am", &[], &row);
    }
    for (name, oid, provider) in [("default", 100, "d"), ("C", 950, "c")] {
        let row = [
            ("oid", int(oid)),
            ("collname", text(name)),
            ("collnamespace", int(PG_CATALOG)),
            ("collowner", int(OWNER)),
            ("collprovider", text(provider)),
            ("collisdeterministic", YES),
            ("collencoding", int(-1)),
        ];
        filling.add("pg_catalog.pg_collation", &[], &row);
    }
    for (name, setting) in &session.settings {
        let row = [
            ("name", text(name)),
            ("setting", text(setting)),
            ("context", text("user")),
            ("vartype", text("string")),
            ("source", text("default")),
        ];
        filling.add("pg_catalog.pg_settings", &[], &row);
    }
    who_and_where(filling, session);
}

/// The database, and the only role that a session sees: its own.
fn who_and_where(filling: &mut CatalogFilling, session: &AskingSession) {
    let user = || text(&session.user);
    let database = [
        ("oid", int(DATABASE)),
        ("datname", text(CATALOG)),
        ("datdba", int(OWNER)),
        ("encoding", int(6)),
        ("datlocprovider", text("c")),
        ("datallowconn", YES),
        ("datconnlimit", int(-1)),
        ("datcollate", text("C.UTF-8")),
        ("datctype", text("C.UTF-8")),
    ];
    filling.add("pg_catalog.pg_database", &[], &database);
    let role = [
        ("oid", int(OWNER)),
        ("rolname", user()),
        ("rolinherit", YES),
        ("rolcanlogin", YES),
        ("rolconnlimit", int(-1)),
    ];
    filling.add("pg_catalog.pg_roles", &[], &role);
    filling.add("pg_catalog.pg_authid", &[], &role);
    let user_row = [("usename", user()), ("usesysid", int(OWNER))];
    filling.add("pg_catalog.pg_user", &[], &user_row);
    let name = [("catalog_name", text(CATALOG))];
    filling.add(
        "information_schema.information_schema_catalog_name",
        &[],
        &name,
    );
}

fn class(filling: &mut CatalogFilling, object: &CatalogObject, refers: bool) {
    let columns = i64::try_from(object.columns.len()).unwrap_or(0);
    let has_key = Value::Bool(object.key > 0);
    let mut row = vec![
        ("oid", int(object.oid)),
        ("relname", text(object.name)),
        ("relnamespace", int(PUBLIC)),
        ("relowner", int(OWNER)),
        ("relam", int(if object.is_view { 0 } else { HEAP })),
        ("relkind", text(if object.is_view { "v" } else { "r" })),
        ("relpersistence", text("p")),
        ("relreplident", text(if object.is_view { "n" } else { "d" })),
        ("relnatts", int(columns)),
        ("relhasindex", has_key.clone()),
        ("relispopulated", YES),
        // References are kept by triggers; clients look for them only where there are some.
        ("relhastriggers", Value::Bool(refers)),
        ("reltuples", Value::Float(-1.0)),
    ];
    filling.add("pg_catalog.pg_class", &[], &row);
    if object.key > 0 {
        row[0].1 = int(object.index());
        row[1].1 = text(&object.index_name());
        row[4].1 = int(BTREE);
        row[5].1 = text("i");
        row[7].1 = text("n");
        row[8].1 = int(i64::try_from(object.key).unwrap_or(0));
        row[9].1 = Value::Bool(false);
        row[11].1 = Value::Bool(false);
        filling.add("pg_catalog.pg_class", &[], &row);
    }
    let about = [
        ("objoid", int(object.oid)),
        ("classoid", int(1259)),
        ("description", text(object.about)),
    ];
    filling.add("pg_catalog.pg_description", &[], &about);
    let names = |of: &'static str, owner: &'static str| {
        vec![
            ("schemaname", text("public")),
            (of, text(object.name)),
            (owner, text("headcount")),
        ]
    };
    if object.is_view {
        filling.add("pg_catalog.pg_views", &[], &names("viewname", "viewowner"));
    } else {
        let mut table = names("tablename", "tableowner");
        table.push(("hasindexes", has_key));
        filling.add("pg_catalog.pg_tables", &[], &table);
        let statistics = [
            ("relid", int(object.oid)),
            ("schemaname", text("public")),
            ("relname", text(object.name)),
            ("n_live_tup", Value::Null),
        ];
        filling.add("pg_catalog.pg_stat_user_tables", &[], &statistics);
        filling.add("pg_catalog.pg_stat_all_tables", &[], &statistics);
    }
}

/// The columns of a table, and those of its index.
fn attributes(filling: &mut CatalogFilling, object: &CatalogObject) {
    let letters = ["attidentity", "attgenerated", "attcompression"];
    for (column, number) in object.columns.iter().zip(1..) {
        let Some(kind) = types::by_name(column.type_name) else {
            continue;
        };
        let mut row = vec![
            ("attrelid", int(object.oid)),
            ("attname", text(&column.name)),
            ("atttypid", int(kind.oid)),
            ("attlen", int(kind.length)),
            ("attnum", int(number)),
            ("attstattarget", int(-1)),
            ("atttypmod", int(-1)),
            ("attcacheoff", int(-1)),
            ("attnotnull", Value::Bool(!column.nullable)),
            ("attislocal", YES),
            ("attstorage", text(if kind.length < 0 { "x" } else { "p" })),
            ("attcollation", int(kind.collation())),
        ];
        filling.add("pg_catalog.pg_attribute", &letters, &row);
        if usize::try_from(number).unwrap_or(0) <= object.key {
            row[0].1 = int(object.index());
            row[8].1 = Value::Bool(false);
            filling.add("pg_catalog.pg_attribute", &letters, &row);
        }
    }
}

/// The operator classes of B-trees.
fn operator_class(kind: &str) -> i64 {
    match kind {
        "int8" => 3124,
        "int4" => 1978,
        "timestamptz" => 3128,
        _ => 3126,
    }
}

fn key(filling: &mut CatalogFilling, object: &CatalogObject) {
    if object.key == 0 {
        return;
    }
    let count = i64::try_from(object.key).unwrap_or(0);
    let columns = || object.columns.iter().take(object.key);
    let classes = columns().map(|column| int(operator_class(column.type_name)));
    let collations = columns().map(|column| {
        let kind = types::by_name(column.type_name);
        int(kind.as_ref().map_or(0, PgType::collation))
    });
    let index = [
        ("indexrelid", int(object.index())),
        ("indrelid", int(object.oid)),
        ("indnatts", int(count)),
        ("indnkeyatts", int(count)),
        ("indisunique", YES),
        ("indisprimary", YES),
        ("indimmediate", YES),
        ("indisvalid", YES),
        ("indisready", YES),
        ("indislive", YES),
        ("indkey", Value::Vector(object.key_numbers())),
        ("indcollation", Value::Vector(collations.collect())),
        ("indclass", Value::Vector(classes.collect())),
        (
            "indoption",
            Value::Vector(columns().map(|_| int(0)).collect()),
        ),
    ];
    filling.add("pg_catalog.pg_index", &[], &index);
    let constraint = [
        ("oid", int(object.key_constraint())),
        ("conname", text(&object.index_name())),
        ("connamespace", int(PUBLIC)),
        ("contype", text("p")),
        ("convalidated", YES),
        ("conrelid", int(object.oid)),
        ("conindid", int(object.index())),
        ("conislocal", YES),
        ("connoinherit", YES),
        ("conkey", Value::Array(object.key_numbers())),
    ];
    let letters = ["confupdtype", "confdeltype", "confmatchtype"];
    filling.add("pg_catalog.pg_constraint", &letters, &constraint);
    let indexes = [
        ("schemaname", text("public")),
        ("tablename", text(object.name)),
        ("indexname", text(&object.index_name())),
        ("indexdef", text(&object.index_definition())),
    ];
    filling.add("pg_catalog.pg_indexes", &[], &indexes);
}

fn references(filling: &mut CatalogFilling, object: &CatalogObject) {
    for reference in &object.references {
        let column = int(i64::try_from(reference.column).unwrap_or(0));
        let constraint = [
            ("oid", int(reference.oid)),
            ("conname", text(&reference.name)),
            ("connamespace", int(PUBLIC)),
            ("contype", text("f")),
            ("convalidated", YES),
            ("conrelid", int(object.oid)),
            ("conindid", int(reference.to.2)),
            ("confrelid", int(reference.to.1)),
            ("confupdtype", text("a")),
            ("confdeltype", text("a")),
            ("confmatchtype", text("s")),
            ("conislocal", YES),
            ("connoinherit", YES),
            ("conkey", Value::Array([column].into())),
            ("confkey", Value::Array([int(1)].into())),
        ];
        filling.add("pg_catalog.pg_constraint", &[], &constraint);
    }
}

const NO: &str = "NO";

fn yes_if(condition: bool) -> Value {
    text(if condition { "YES" } else { NO })
}

/// Tables and columns of `information_schema`.
fn schema_of(filling: &mut CatalogFilling, object: &CatalogObject) {
    let names = || {
        vec![
            ("table_catalog", text(CATALOG)),
            ("table_schema", text("public")),
            ("table_name", text(object.name)),
        ]
    };
    let mut table = names();
    let kind = if object.is_view { "VIEW" } else { "BASE TABLE" };
    table.push(("table_type", text(kind)));
    table.push(("is_insertable_into", text(NO)));
    table.push(("is_typed", text(NO)));
    filling.add("information_schema.tables", &[], &table);
    if object.is_view {
        let mut view = names();
        view.push(("check_option", text("NONE")));
        view.push(("is_updatable", text(NO)));
        view.push(("is_insertable_into", text(NO)));
        filling.add("information_schema.views", &[], &view);
    }
    for (column, number) in object.columns.iter().zip(1..) {
        let Some(kind) = types::by_name(column.type_name) else {
            continue;
        };
        let (precision, radix, scale) = precision(column.type_name);
        let is_time = column.type_name == "timestamptz";
        let mut row = names();
        row.extend([
            ("column_name", text(&column.name)),
            ("ordinal_position", int(number)),
            ("is_nullable", yes_if(column.nullable)),
            ("data_type", text(&kind.long_name())),
            ("numeric_precision", precision),
            ("numeric_precision_radix", radix),
            ("numeric_scale", scale),
            ("character_maximum_length", Value::Null),
            ("interval_precision", Value::Null),
            ("maximum_cardinality", Value::Null),
            (
                "datetime_precision",
                if is_time { int(6) } else { Value::Null },
            ),
            ("character_octet_length", octets(column.type_name)),
            ("udt_catalog", text(CATALOG)),
            ("udt_schema", text("pg_catalog")),
            ("udt_name", text(column.type_name)),
            ("dtd_identifier", text(&number.to_string())),
            ("is_self_referencing", text(NO)),
            ("is_identity", text(NO)),
            ("identity_cycle", text(NO)),
            ("is_generated", text("NEVER")),
            ("is_updatable", text(NO)),
        ]);
        filling.add("information_schema.columns", &[], &row);
    }
}

fn octets(kind: &str) -> Value {
    match kind {
        "text" => int(1 << 30),
        _ => Value::Null,
    }
}

/// Precision, radix and scale.
fn precision(kind: &str) -> (Value, Value, Value) {
    match kind {
        "int8" => (int(64), int(2), int(0)),
        "int4" => (int(32), int(2), int(0)),
        "float8" => (int(53), int(2), Value::Null),
        _ => (Value::Null, Value::Null, Value::Null),
    }
}

/// Keys and references of `information_schema`.
fn schema_keys(filling: &mut CatalogFilling, object: &CatalogObject) {
    let constraint = |name: &str| {
        vec![
            ("constraint_catalog", text(CATALOG)),
            ("constraint_schema", text("public")),
            ("constraint_name", text(name)),
        ]
    };
    let table = |name: &str| {
        vec![
            ("table_catalog", text(CATALOG)),
            ("table_schema", text("public")),
            ("table_name", text(name)),
        ]
    };
    let mut add = |relation: &str, row: Vec<Vec<(&str, Value)>>| {
        filling.add(
            &format!("information_schema.{relation}"),
            &[],
            &row.concat(),
        );
    };
    let deferred = || {
        vec![
            ("is_deferrable", text(NO)),
            ("initially_deferred", text(NO)),
            ("enforced", text("YES")),
        ]
    };
    let mine = object.index_name();
    if object.key > 0 {
        let kind = vec![("constraint_type", text("PRIMARY KEY"))];
        add(
            "table_constraints",
            vec![constraint(&mine), table(object.name), kind, deferred()],
        );
    }
    for (column, number) in object.key_names().into_iter().zip(1..) {
        let name = vec![("column_name", text(column))];
        let place = vec![
            ("ordinal_position", int(number)),
            ("position_in_unique_constraint", Value::Null),
        ];
        let used = vec![constraint(&mine), table(object.name), name.clone(), place];
        add("key_column_usage", used);
        add(
            "constraint_column_usage",
            vec![table(object.name), name, constraint(&mine)],
        );
    }
    for reference in &object.references {
        let kind = vec![("constraint_type", text("FOREIGN KEY"))];
        let named = || constraint(&reference.name);
        add(
            "table_constraints",
            vec![named(), table(object.name), kind, deferred()],
        );
        let column = &object.columns[reference.column - 1].name;
        let place = vec![
            ("column_name", text(column)),
            ("ordinal_position", int(1)),
            ("position_in_unique_constraint", int(1)),
        ];
        add("key_column_usage", vec![named(), table(object.name), place]);
        let target = vec![("column_name", text(reference.to_column))];
        add(
            "constraint_column_usage",
            vec![table(reference.to.0), target, named()],
        );
        let unique = format!("{}_pkey", reference.to.0);
        let rules = vec![
            ("unique_constraint_catalog", text(CATALOG)),
            ("unique_constraint_schema", text("public")),
            ("unique_constraint_name", text(&unique)),
            ("match_option", text("NONE")),
            ("update_rule", text("NO ACTION")),
            ("delete_rule", text("NO ACTION")),
        ];
        add("referential_constraints", vec![named(), rules]);
    }
}
