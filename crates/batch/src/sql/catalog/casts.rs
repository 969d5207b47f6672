//! Casts, those to objects of the catalogue included.

use datafusion::sql::sqlparser::ast::DataType;

use super::{
    content::{CatalogContent, NAMESPACES, SYSTEM},
    types,
    value::{CatalogKind, CatalogValue as Value, array_items, cast_type},
};
use crate::sql::error::{SqlError, sqlstate};

/// A value as another type.
pub(super) fn cast(
    value: Value,
    to: &DataType,
    catalog: &CatalogContent,
) -> Result<Value, SqlError> {
    if value.is_null() {
        return Ok(value);
    }
    let written = to.to_string().to_lowercase();
    let name = written.rsplit('.').next().unwrap_or_default();
    match name {
        "regclass" => return object(&value, "relation", |text| relation(text, catalog)),
        "regtype" => return object(&value, "type", type_of),
        "regnamespace" => return object(&value, "schema", namespace),
        "regproc" | "regprocedure" => return Ok(Value::text(bare(&value.shown()))),
        _ => {}
    }
    let wanted = cast_type(to);
    if wanted.is_array {
        return match value {
            Value::Vector(items) | Value::Array(items) => Ok(Value::Array(items)),
            other => {
                let items = array_items(&other.shown())?.into_iter();
                let items = items.map(|item| match item {
                    None => Ok(Value::Null),
                    Some(item) => simple(&Value::text(&item), wanted.kind, name),
                });
                Ok(Value::Array(items.collect::<Result<_, _>>()?))
            }
        };
    }
    simple(&value, wanted.kind, name)
}

fn simple(value: &Value, kind: CatalogKind, name: &str) -> Result<Value, SqlError> {
    Ok(match kind {
        CatalogKind::Bool => value.truth()?.map_or(Value::Null, Value::Bool),
        CatalogKind::Int2 | CatalogKind::Int4 | CatalogKind::Int8 | CatalogKind::Oid => {
            value.number()?.map_or(Value::Null, Value::Int)
        }
        CatalogKind::Float => {
            let text = value.shown();
            let number = text.parse().map_err(|_| {
                let message = format!("invalid input syntax for type {name}: \"{text}\"");
                SqlError::new(sqlstate::INVALID_TEXT, message)
            })?;
            Value::Float(number)
        }
        CatalogKind::Vector => value.clone(),
        CatalogKind::Text => {
            let text = value.shown();
            // The type of one letter.
            let is_letter = name == "char" || name == "\"char\"" || name == "char(1)";
            let letters = if is_letter { 1 } else { usize::MAX };
            Value::text(&text.chars().take(letters).collect::<String>())
        }
    })
}

/// The name without its schema and its quotes.
fn bare(text: &str) -> &str {
    let name = text.rsplit('.').next().unwrap_or_default();
    name.trim_matches('"')
}

/// What a number or a name stands for. A number that stands for nothing is shown as it is.
fn object(
    value: &Value,
    kind: &str,
    known: impl Fn(&str) -> Option<(i64, String)>,
) -> Result<Value, SqlError> {
    let text = value.shown();
    if let Some((oid, name)) = known(&text) {
        return Ok(Value::Object(oid, name.into()));
    }
    match value {
        Value::Int(oid) | Value::Object(oid, _) => Ok(Value::Object(*oid, text.into())),
        _ => match text.parse() {
            Ok(oid) => Ok(Value::Object(oid, text.into())),
            Err(_) => Err(SqlError::new(
                if kind == "relation" {
                    sqlstate::UNDEFINED_TABLE
                } else {
                    "42704"
                },
                format!("{kind} \"{text}\" does not exist"),
            )),
        },
    }
}

/// A table, its index, or a relation of the system, by its number or name.
pub(super) fn relation(text: &str, catalog: &CatalogContent) -> Option<(i64, String)> {
    let schema = text.rsplit_once('.').map(|(schema, _)| bare(schema));
    let name = bare(text);
    let number = text.parse::<i64>().ok();
    let is = |oid: i64, own: &str, of: &str| {
        number.map_or(
            own == name && schema.is_none_or(|schema| schema == of),
            |number| number == oid,
        )
    };
    for object in &catalog.objects {
        if is(object.oid, object.name, "public") {
            return Some((object.oid, object.name.to_owned()));
        }
        if object.key > 0 && is(object.index(), &object.index_name(), "public") {
            return Some((object.index(), object.index_name()));
        }
    }
    let mut system = SYSTEM.iter();
    let found = system.find(|(own, oid)| is(*oid, own, "pg_catalog"))?;
    Some((found.1, found.0.to_owned()))
}

pub(super) fn type_of(text: &str) -> Option<(i64, String)> {
    let number = text.parse::<i64>().ok();
    let found = number.map_or_else(|| types::by_name(text), types::by_oid)?;
    Some((found.oid, found.long_name()))
}

pub(super) fn namespace(text: &str) -> Option<(i64, String)> {
    let number = text.parse::<i64>().ok();
    let name = bare(text);
    let mut known = NAMESPACES.iter();
    let found = known.find(|(own, oid)| number.map_or(*own == name, |number| number == *oid))?;
    Some((found.1, found.0.to_owned()))
}
