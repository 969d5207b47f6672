//! Functions of the catalogue's statements: what PostgreSQL's clients call.

use std::cmp::Ordering;

use datafusion::sql::sqlparser::ast::{Expr, Function};

use super::{
    calls::function_name,
    casts::{namespace, relation, type_of},
    interpreter::Interpreter,
    refusal::no_function,
    scope::{NameScope, children},
    settings::SERVER_VERSION,
    types,
    value::CatalogValue as Value,
};
use crate::sql::{
    error::{SqlError, sqlstate},
    session::{CATALOG, SCHEMA},
};

fn text(value: &str) -> Value {
    Value::text(value)
}

fn count(length: usize) -> Value {
    Value::Int(i64::try_from(length).unwrap_or(i64::MAX))
}

fn quoted(name: &str) -> String {
    let is_plain = name
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if is_plain && name.starts_with(|c: char| !c.is_ascii_digit()) {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

impl Interpreter<'_> {
    /// The value of a call.
    ///
    /// # Errors
    /// If there is no such function, or an argument is none for it.
    pub(super) fn call(&self, name: &str, arguments: &[Value]) -> Result<Value, SqlError> {
        if let Some(value) = self.about(name, arguments)? {
            return Ok(value);
        }
        if let Some(value) = self.described(name, arguments)? {
            return Ok(value);
        }
        match name {
            "nullif" => {
                let [left, right] = arguments else {
                    return Err(no_function(name));
                };
                let equal = left.compare(right)? == Some(Ordering::Equal);
                return Ok(if equal { Value::Null } else { left.clone() });
            }
            "concat" => {
                let texts: String = arguments.iter().map(Value::shown).collect();
                return Ok(text(&texts));
            }
            "greatest" | "least" => return extreme(arguments, name == "greatest"),
            "format" => return Ok(formatted(arguments)),
            _ => {}
        }
        // The others give NULL for NULL.
        if arguments.iter().any(Value::is_null) {
            return if plain(name, &[]).is_err() && !is_plain(name) {
                Err(no_function(name))
            } else {
                Ok(Value::Null)
            };
        }
        plain(name, arguments)
    }

    /// Who asks, where, and with which settings.
    fn about(&self, name: &str, arguments: &[Value]) -> Result<Option<Value>, SqlError> {
        let session = &self.catalog.session;
        let setting = |name: &str| {
            let name = name.to_lowercase();
            let mut settings = session.settings.iter();
            settings
                .find(|(known, _)| known.to_lowercase() == name)
                .map(|(_, value)| text(value))
        };
        Ok(Some(match name {
            "version" => text(&format!(
                "PostgreSQL {} on {}, read-only",
                SERVER_VERSION,
                std::env::consts::ARCH
            )),
            "current_database" | "current_catalog" => text(CATALOG),
            "current_schema" => text(SCHEMA),
            "current_schemas" => {
                let implicit = match arguments.first() {
                    Some(value) => value.truth()?.unwrap_or(false),
                    None => false,
                };
                let all: &[&str] = if implicit {
                    &["pg_catalog", SCHEMA]
                } else {
                    &[SCHEMA]
                };
                Value::Array(all.iter().map(|name| text(name)).collect())
            }
            "current_user" | "user" | "session_user" | "current_role" | "pg_get_userbyid" => {
                text(&session.user)
            }
            "current_setting" => {
                let wanted = arguments.first().map(Value::shown).unwrap_or_default();
                match (setting(&wanted), arguments.get(1)) {
                    (Some(value), _) => value,
                    (None, Some(Value::Bool(true))) => Value::Null,
                    (None, _) => {
                        let message = format!("unrecognized configuration parameter \"{wanted}\"");
                        return Err(SqlError::new("42704", message));
                    }
                }
            }
            // A statement changes nothing: SET does.
            "set_config" => arguments.get(1).cloned().unwrap_or(Value::Null),
            "pg_backend_pid" => Value::Int(i64::from(session.process)),
            "pg_is_in_recovery" | "pg_relation_is_publishable" | "pg_is_other_temp_schema" => {
                Value::Bool(false)
            }
            "pg_has_role" => Value::Bool(true),
            name if name.starts_with("has_") && name.ends_with("_privilege") => {
                let wanted = arguments.last().map(Value::shown).unwrap_or_default();
                let wanted = wanted.to_lowercase();
                Value::Bool(
                    ["select", "usage", "connect"]
                        .iter()
                        .any(|may| wanted.contains(may)),
                )
            }
            "inet_server_addr" | "inet_client_addr" | "inet_server_port" => Value::Null,
            _ => return Ok(None),
        }))
    }

    /// What the catalogue says of its objects.
    fn described(&self, name: &str, arguments: &[Value]) -> Result<Option<Value>, SqlError> {
        let oid = |at: usize| arguments.get(at).map_or(Ok(None), Value::number);
        let catalog = self.catalog;
        let found = |found: Option<(i64, String)>| {
            found.map_or(Value::Null, |(oid, name)| Value::Object(oid, name.into()))
        };
        let given = || arguments.first().map(Value::shown).unwrap_or_default();
        Ok(Some(match name {
            "format_type" => {
                let known = oid(0)?.and_then(types::by_oid);
                known.map_or(Value::Null, |known| text(&known.long_name()))
            }
            "pg_get_constraintdef" => self.constraint(oid(0)?.unwrap_or(0)),
            "pg_get_indexdef" => self.index(oid(0)?.unwrap_or(0), oid(1)?.unwrap_or(0)),
            "pg_get_expr"
            | "pg_get_viewdef"
            | "pg_get_triggerdef"
            | "pg_get_ruledef"
            | "pg_get_partkeydef"
            | "pg_get_statisticsobjdef_columns"
            | "pg_get_serial_sequence"
            | "pg_get_function_result"
            | "pg_get_function_arguments"
            | "pg_get_functiondef"
            | "pg_get_function_identity_arguments"
            | "shobj_description"
            | "pg_tablespace_location" => Value::Null,
            "obj_description" => {
                let object = oid(0)?.and_then(|oid| catalog.object(oid));
                object.map_or(Value::Null, |object| text(object.about))
            }
            "col_description" => Value::Null,
            "pg_table_is_visible" => {
                let of = oid(0)?.map(|oid| relation(&oid.to_string(), catalog).is_some());
                of.map_or(Value::Null, Value::Bool)
            }
            name if name.ends_with("_is_visible") => Value::Bool(true),
            "to_regclass" => found(relation(&given(), catalog)),
            "to_regtype" => found(type_of(&given())),
            "to_regnamespace" => found(namespace(&given())),
            "pg_encoding_to_char" => text("UTF8"),
            "pg_char_to_encoding" => Value::Int(6),
            // Tables are files of a lake, and may be far away.
            "pg_relation_size"
            | "pg_total_relation_size"
            | "pg_table_size"
            | "pg_indexes_size"
            | "pg_database_size"
            | "pg_size_pretty" => Value::Null,
            _ => return Ok(None),
        }))
    }

    fn constraint(&self, oid: i64) -> Value {
        for object in &self.catalog.objects {
            if object.key > 0 && object.key_constraint() == oid {
                return text(&format!("PRIMARY KEY ({})", object.key_names().join(", ")));
            }
            let found = object
                .references
                .iter()
                .find(|reference| reference.oid == oid);
            if let Some(reference) = found {
                let column = &object.columns[reference.column - 1].name;
                let (table, key) = (reference.to.0, reference.to_column);
                return text(&format!("FOREIGN KEY ({column}) REFERENCES {table}({key})"));
            }
        }
        Value::Null
    }

    /// What makes an index, or the name of one of its columns.
    fn index(&self, oid: i64, column: i64) -> Value {
        let objects = self.catalog.objects.iter();
        let mut indexed = objects.filter(|object| object.key > 0);
        let Some(object) = indexed.find(|object| object.index() == oid) else {
            return Value::Null;
        };
        if column == 0 {
            return text(&object.index_definition());
        }
        let place = usize::try_from(column - 1).ok();
        let names = object.key_names();
        let name = place.and_then(|place| names.get(place));
        name.map_or_else(|| text(""), |name| text(name))
    }

    /// The values of a call that gives several rows.
    pub(super) fn series(
        &self,
        function: &Function,
        scope: &NameScope,
    ) -> Result<Vec<Value>, SqlError> {
        let call = Expr::Function(function.clone());
        let arguments = children(&call).into_iter();
        let arguments: Result<Vec<_>, _> = arguments
            .map(|argument| self.value(argument, scope))
            .collect();
        let name = function_name(function);
        let rows = self.called_rows(&name, &arguments?)?.into_iter();
        Ok(rows
            .map(|row| match (name.as_str(), row.as_slice()) {
                ("_pg_expandarray", [item, number]) => {
                    Value::Record([("x", item.clone()), ("n", number.clone())].into())
                }
                _ => row.into_iter().next().unwrap_or(Value::Null),
            })
            .collect())
    }

    /// The rows of a function after FROM.
    pub(super) fn called_rows(
        &self,
        name: &str,
        arguments: &[Value],
    ) -> Result<Vec<Vec<Value>>, SqlError> {
        let items = || arguments.first().and_then(Value::items).unwrap_or_default();
        let one = |values: Vec<Value>| values.into_iter().map(|value| vec![value]).collect();
        Ok(match name {
            "unnest" => one(items().to_vec()),
            "_pg_expandarray" => {
                let numbered = items().iter().cloned().zip(1..);
                numbered
                    .map(|(item, number)| vec![item, Value::Int(number)])
                    .collect()
            }
            "generate_subscripts" => {
                let first = i64::from(!matches!(arguments.first(), Some(Value::Vector(_))));
                let numbers = (first..).take(items().len());
                one(numbers.map(Value::Int).collect())
            }
            "generate_series" => {
                let number = |at: usize| arguments.get(at).map_or(Ok(None), Value::number);
                let (Some(from), Some(to)) = (number(0)?, number(1)?) else {
                    return Ok(Vec::new());
                };
                let step = number(2)?.unwrap_or(1);
                if step < 1 || (to - from) / step > crate::sql::guard::LARGEST {
                    let message =
                        "generate_series goes upwards here, by no more than a million rows";
                    return Err(SqlError::new(sqlstate::LIMIT, message));
                }
                let mut numbers = Vec::new();
                let mut at = from;
                while at <= to {
                    numbers.push(Value::Int(at));
                    at += step;
                }
                one(numbers)
            }
            // No table has parts.
            "pg_partition_ancestors" | "aclexplode" | "pg_options_to_table" => Vec::new(),
            _ => vec![vec![self.call(name, arguments)?]],
        })
    }
}

fn extreme(arguments: &[Value], greatest: bool) -> Result<Value, SqlError> {
    let mut found = Value::Null;
    for value in arguments {
        let better = match value.compare(&found)? {
            Some(Ordering::Greater) => greatest,
            Some(Ordering::Less) => !greatest,
            Some(Ordering::Equal) => false,
            None => found.is_null(),
        };
        if better {
            found = value.clone();
        }
    }
    Ok(found)
}

/// `format` with `%s`, `%I` and `%L`.
fn formatted(arguments: &[Value]) -> Value {
    let Some((pattern, values)) = arguments.split_first() else {
        return Value::Null;
    };
    let pattern = pattern.shown();
    let mut values = values.iter();
    let mut out = String::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('s') => out.push_str(&values.next().map(Value::shown).unwrap_or_default()),
            Some('I') => {
                out.push_str(&quoted(
                    &values.next().map(Value::shown).unwrap_or_default(),
                ));
            }
            Some('L') => {
                let value = values.next().map(Value::shown).unwrap_or_default();
                out.push_str(&format!("'{}'", value.replace('\'', "''")));
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    text(&out)
}

/// The names of [`plain`].
fn is_plain(name: &str) -> bool {
    const NAMES: [&str; 26] = [
        "abs",
        "array_length",
        "array_lower",
        "array_position",
        "array_to_string",
        "array_upper",
        "btrim",
        "cardinality",
        "char_length",
        "left",
        "length",
        "lower",
        "ltrim",
        "parse_ident",
        "quote_ident",
        "quote_literal",
        "regexp_replace",
        "replace",
        "right",
        "rtrim",
        "split_part",
        "starts_with",
        "string_to_array",
        "strpos",
        "substr",
        "upper",
    ];
    NAMES.contains(&name) || name == "substring" || name == "trim"
}

/// Functions that give NULL for NULL.
fn plain(name: &str, arguments: &[Value]) -> Result<Value, SqlError> {
    let shown = |at: usize| arguments.get(at).map(Value::shown).unwrap_or_default();
    let number = |at: usize| arguments.get(at).map_or(Ok(None), Value::number);
    let place = |at: usize| -> Result<usize, SqlError> {
        Ok(usize::try_from(number(at)?.unwrap_or(0)).unwrap_or(0))
    };
    let items = || arguments.first().and_then(Value::items).unwrap_or_default();
    let vector = matches!(arguments.first(), Some(Value::Vector(_)));
    let letters = |at: usize| -> Vec<char> {
        let given = arguments
            .get(at)
            .map_or_else(|| " ".to_owned(), Value::shown);
        given.chars().collect()
    };
    Ok(match name {
        "lower" => text(&shown(0).to_lowercase()),
        "upper" => text(&shown(0).to_uppercase()),
        "length" | "char_length" => count(shown(0).chars().count()),
        "abs" => number(0)?.map_or(Value::Null, |number| Value::Int(number.saturating_abs())),
        "btrim" | "trim" => text(shown(0).trim_matches(letters(1).as_slice())),
        "ltrim" => text(shown(0).trim_start_matches(letters(1).as_slice())),
        "rtrim" => text(shown(0).trim_end_matches(letters(1).as_slice())),
        "replace" => text(&shown(0).replace(&shown(1), &shown(2))),
        "starts_with" => Value::Bool(shown(0).starts_with(&shown(1))),
        "strpos" => {
            let whole = shown(0);
            let found = whole.find(&shown(1));
            count(found.map_or(0, |at| whole[..at].chars().count() + 1))
        }
        "left" => text(&shown(0).chars().take(place(1)?).collect::<String>()),
        "right" => {
            let all: Vec<char> = shown(0).chars().collect();
            let rest = all.len().saturating_sub(place(1)?);
            text(&all[rest..].iter().collect::<String>())
        }
        "substr" | "substring" => {
            let first = number(1)?.unwrap_or(1);
            let skipped = usize::try_from(first - 1).unwrap_or(0);
            let cut = i64::from(first < 1) * (1 - first);
            let length = number(2)?.map_or(i64::MAX, |length| (length - cut).max(0));
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            text(
                &shown(0)
                    .chars()
                    .skip(skipped)
                    .take(length)
                    .collect::<String>(),
            )
        }
        "split_part" => {
            let (whole, by) = (shown(0), shown(1));
            let part = whole.split(by.as_str()).nth(place(2)?.saturating_sub(1));
            text(part.unwrap_or_default())
        }
        "quote_ident" => text(&quoted(&shown(0))),
        "quote_literal" => text(&format!("'{}'", shown(0).replace('\'', "''"))),
        "parse_ident" => {
            let parts = shown(0);
            let parts = parts.split('.').map(|part| text(part.trim_matches('"')));
            Value::Array(parts.collect())
        }
        "string_to_array" => {
            let (whole, by) = (shown(0), shown(1));
            Value::Array(whole.split(by.as_str()).map(text).collect())
        }
        "array_to_string" => {
            let shown_items: Vec<_> = items()
                .iter()
                .filter(|item| !item.is_null())
                .map(Value::shown)
                .collect();
            text(&shown_items.join(&shown(1)))
        }
        "cardinality" => count(items().len()),
        "array_length" | "array_upper" | "array_lower" if items().is_empty() => Value::Null,
        "array_length" => count(items().len()),
        "array_upper" => count(items().len() - usize::from(vector)),
        "array_lower" => Value::Int(i64::from(!vector)),
        "array_position" => {
            let mut found = Value::Null;
            for (item, at) in items().iter().zip(i64::from(!vector)..) {
                let wanted = arguments.get(1).unwrap_or(&Value::Null);
                if found.is_null() && item.compare(wanted)? == Some(Ordering::Equal) {
                    found = Value::Int(at);
                }
            }
            found
        }
        "regexp_replace" => {
            let regex = regex::Regex::new(&shown(1)).map_err(|error| {
                SqlError::new(sqlstate::INVALID_REGULAR_EXPRESSION, error.to_string())
            })?;
            text(&regex.replace(&shown(0), shown(2).replace('\\', "$").as_str()))
        }
        _ => return Err(no_function(name)),
    })
}
