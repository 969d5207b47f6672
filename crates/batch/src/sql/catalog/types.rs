//! PostgreSQL's types: their numbers and names.

use super::value::CatalogValue as Value;

/// A line of `types.txt`.
#[derive(Clone, Debug)]
pub(crate) struct PgType {
    pub(crate) oid: i64,
    pub(crate) name: &'static str,
    /// Bytes of a value; below 0 where they vary.
    pub(crate) length: i64,
    fields: Vec<&'static str>,
}

impl PgType {
    fn of_line(line: &'static str) -> Option<Self> {
        let fields: Vec<_> = line.split(' ').collect();
        Some(Self {
            oid: fields.first()?.parse().ok()?,
            name: fields.get(1)?,
            length: fields.get(2)?.parse().ok()?,
            fields,
        })
    }

    fn field(&self, at: usize) -> &'static str {
        self.fields.get(at).copied().unwrap_or_default()
    }

    fn number(&self, at: usize) -> i64 {
        self.field(at).parse().unwrap_or(0)
    }

    /// The number of the collation of its values.
    pub(super) fn collation(&self) -> i64 {
        self.number(13)
    }

    /// Its fields by the names that they have in `pg_type`.
    pub(super) fn row(&self) -> Vec<(&'static str, Value)> {
        let text = |at| Value::text(self.field(at));
        let truth = |at| Value::Bool(self.field(at) == "t");
        let number = |at| Value::Int(self.number(at));
        vec![
            ("oid", number(0)),
            ("typname", text(1)),
            ("typlen", number(2)),
            ("typbyval", truth(3)),
            ("typtype", text(4)),
            ("typcategory", text(5)),
            ("typispreferred", truth(6)),
            ("typelem", number(7)),
            ("typarray", number(8)),
            ("typinput", text(9)),
            ("typoutput", text(10)),
            ("typalign", text(11)),
            ("typstorage", text(12)),
            ("typcollation", number(13)),
            ("typdelim", text(14)),
            ("typisdefined", Value::Bool(true)),
            ("typtypmod", Value::Int(-1)),
        ]
    }

    /// The name that `format_type` gives it.
    pub(super) fn long_name(&self) -> String {
        if let Some(item) = self.name.strip_prefix('_') {
            return format!("{}[]", long_name(item));
        }
        long_name(self.name).to_owned()
    }
}

/// PostgreSQL's long names of types whose short ones differ.
const LONG_NAMES: [(&str, &str); 13] = [
    ("bool", "boolean"),
    ("int2", "smallint"),
    ("int4", "integer"),
    ("int8", "bigint"),
    ("float4", "real"),
    ("float8", "double precision"),
    ("varchar", "character varying"),
    ("bpchar", "character"),
    ("char", "\"char\""),
    ("time", "time without time zone"),
    ("timetz", "time with time zone"),
    ("timestamp", "timestamp without time zone"),
    ("timestamptz", "timestamp with time zone"),
];

fn long_name(name: &str) -> &str {
    let found = LONG_NAMES.iter().find(|(short, _)| *short == name);
    found.map_or(name, |(_, long)| long)
}

/// All types that there are.
pub(crate) fn all() -> impl Iterator<Item = PgType> {
    include_str!("types.txt")
        .lines()
        .filter_map(PgType::of_line)
}

/// The type with a number.
pub(crate) fn by_oid(oid: i64) -> Option<PgType> {
    all().find(|known| known.oid == oid)
}

/// The type with a name, short or long, as a cast may write it.
pub(crate) fn by_name(name: &str) -> Option<PgType> {
    let name = name.trim().to_lowercase();
    let name = name.strip_prefix("pg_catalog.").unwrap_or(&name);
    let (name, is_array) = match name.strip_suffix("[]") {
        Some(item) => (item, true),
        None => (name, false),
    };
    let name = name.split_once('(').map_or(name, |(name, _)| name).trim();
    let short = LONG_NAMES.iter().find(|(_, long)| *long == name);
    let short = match name {
        "time" | "timestamp" => name,
        "int" => "int4",
        "decimal" => "numeric",
        "float" => "float8",
        _ => short.map_or(name, |(short, _)| *short),
    };
    let wanted = if is_array {
        format!("_{short}")
    } else {
        short.to_owned()
    };
    all().find(|known| known.name == wanted)
}
