//! The names of functions, and what follows from them alone.

use datafusion::sql::sqlparser::ast::{Function, ObjectName};

use super::value::{CatalogKind, CatalogType};

/// A function's name in lower case, without its schema.
pub(super) fn bare_name(name: &ObjectName) -> String {
    let last = name.0.last().and_then(|part| part.as_ident());
    last.map(|name| name.value.to_lowercase())
        .unwrap_or_default()
}

/// See [`bare_name`].
pub(super) fn function_name(function: &Function) -> String {
    bare_name(&function.name)
}

const AGGREGATES: [&str; 9] = [
    "array_agg",
    "bool_and",
    "bool_or",
    "count",
    "every",
    "max",
    "min",
    "string_agg",
    "sum",
];

const SERIES: [&str; 7] = [
    "_pg_expandarray",
    "aclexplode",
    "generate_series",
    "generate_subscripts",
    "pg_options_to_table",
    "pg_partition_ancestors",
    "unnest",
];

/// Whether a call goes over the rows of a group.
pub(super) fn is_aggregate(function: &Function) -> bool {
    function.over.is_none() && AGGREGATES.contains(&function_name(function).as_str())
}

/// Whether a call gives several rows.
pub(super) fn is_series(function: &&Function) -> bool {
    SERIES.contains(&function_name(function).as_str())
}

/// Functions that ask who, where and how, besides those that begin with `pg_` and `has_`.
const ABOUT: [&str; 24] = [
    "col_description",
    "current_catalog",
    "current_database",
    "current_role",
    "current_schema",
    "current_schemas",
    "current_setting",
    "current_user",
    "format_type",
    "inet_client_addr",
    "inet_server_addr",
    "inet_server_port",
    "obj_description",
    "parse_ident",
    "quote_ident",
    "quote_literal",
    "session_user",
    "set_config",
    "shobj_description",
    "to_regclass",
    "to_regnamespace",
    "to_regtype",
    "user",
    "version",
];

/// Whether a function is one of the catalogue's.
pub(super) fn is_about(name: &str) -> bool {
    name.starts_with("pg_") || name.starts_with("has_") || ABOUT.contains(&name)
}

/// The type of what a function gives.
pub(super) fn result_type(name: &str, arguments: &[CatalogType]) -> CatalogType {
    let of = CatalogType::of;
    let first = arguments.first().copied().unwrap_or(of(CatalogKind::Text));
    match name {
        "count"
        | "row_number"
        | "pg_relation_size"
        | "pg_total_relation_size"
        | "pg_table_size"
        | "pg_indexes_size"
        | "pg_database_size" => of(CatalogKind::Int8),
        "sum" => of(CatalogKind::Int8),
        "min" | "max" | "coalesce" | "nullif" | "greatest" | "least" | "abs" => first,
        "array_agg" => first.array(),
        "unnest" => first.item(),
        "bool_and" | "bool_or" | "every" => of(CatalogKind::Bool),
        "array_length"
        | "array_upper"
        | "array_lower"
        | "cardinality"
        | "length"
        | "strpos"
        | "char_length"
        | "generate_series"
        | "generate_subscripts"
        | "pg_backend_pid"
        | "inet_server_port"
        | "pg_char_to_encoding" => of(CatalogKind::Int4),
        "current_schemas" | "string_to_array" | "parse_ident" => of(CatalogKind::Text).array(),
        "starts_with" => of(CatalogKind::Bool),
        name if name.ends_with("_is_visible") || name.starts_with("has_") => of(CatalogKind::Bool),
        "pg_is_in_recovery"
        | "pg_has_role"
        | "pg_relation_is_publishable"
        | "pg_is_other_temp_schema" => of(CatalogKind::Bool),
        _ => of(CatalogKind::Text),
    }
}
