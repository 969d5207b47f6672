//! Which functions there are.

use datafusion::sql::sqlparser::ast::{ObjectName, ObjectNamePart};

use crate::sql::error::{SqlError, sqlstate};

/// The functions that a statement may call. Each is PostgreSQL's, or answers as PostgreSQL's of another name does; none
/// opens a file or a connection, waits, or sees anything but its arguments.
pub const ALLOWED: &[&str] = &[
    "abs", "acos", "acosh", "approx_distinct", "array_agg", "array_append", "array_cat",
    "array_length", "array_ndims", "array_position", "array_positions", "array_prepend",
    "array_remove", "array_replace", "array_to_string", "ascii", "asin", "asinh", "atan",
    "atan2", "atanh", "avg", "bit_and", "bit_length", "bit_or", "bit_xor", "bool_and",
    "bool_or", "btrim", "cardinality", "cbrt", "ceil", "ceiling", "char_length",
    "character_length", "chr", "coalesce", "concat", "concat_ws", "corr", "cos", "cosh", "cot",
    "count", "covar_pop", "covar_samp", "cume_dist", "current_catalog", "current_date",
    "current_schema", "current_time", "current_timestamp", "date_bin", "date_part",
    "date_trunc", "degrees", "dense_rank", "exp", "extract", "factorial", "first_value",
    "floor", "gcd", "generate_series", "greatest", "grouping", "initcap", "lag", "last_value",
    "lcm", "lead", "least", "left", "length", "ln", "localtimestamp", "log", "log10", "lower",
    "lpad", "ltrim", "make_date", "max", "md5", "median", "min", "mod", "now", "nth_value", "ntile",
    "nullif", "octet_length", "overlay", "percent_rank", "percentile_cont", "pi", "position",
    "pow", "power", "radians", "random", "rank", "regexp_count", "regexp_instr", "regexp_like",
    "regexp_match", "regexp_replace", "regr_avgx", "regr_avgy", "regr_count", "regr_intercept",
    "regr_r2", "regr_slope", "regr_sxx", "regr_sxy", "regr_syy", "repeat", "replace", "reverse",
    "right", "round", "row_number", "rpad", "rtrim", "sign", "sin", "sinh", "split_part",
    "sqrt", "starts_with", "stddev", "stddev_pop", "stddev_samp", "string_agg",
    "string_to_array", "strpos", "substr", "substring", "sum", "tan", "tanh", "timezone",
    "to_char", "to_hex", "to_timestamp", "translate", "trim", "trunc", "unnest", "upper",
    "uuid", "var_pop", "var_samp", "version",
];

/// A function's name in lower case, without PostgreSQL's schema in front.
pub(super) fn name_of(name: &ObjectName) -> String {
    let part = |part: &ObjectNamePart| match part {
        ObjectNamePart::Identifier(name) => name.value.to_lowercase(),
        ObjectNamePart::Function(function) => function.name.value.to_lowercase(),
    };
    let parts: Vec<_> = name.0.iter().map(part).collect();
    let parts = match parts.as_slice() {
        [schema, rest @ ..] if schema == "pg_catalog" && !rest.is_empty() => rest,
        all => all,
    };
    parts.join(".")
}

/// Checks that a function may be called.
pub(super) fn check(name: &ObjectName) -> Result<(), SqlError> {
    let name = name_of(name);
    if ALLOWED.binary_search(&name.as_str()).is_ok() {
        return Ok(());
    }
    Err(SqlError::new(
        sqlstate::UNDEFINED_FUNCTION,
        format!("there is no function {name}; docs/sql.md lists those that there are"),
    ))
}
