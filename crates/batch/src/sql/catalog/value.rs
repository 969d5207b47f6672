//! Values and types of the catalogue's statements.

use std::{cmp::Ordering, rc::Rc};

use datafusion::sql::sqlparser::ast::DataType;

use crate::sql::error::{SqlError, sqlstate};

/// What a value of the catalogue is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CatalogKind {
    Bool,
    Int2,
    Int4,
    Int8,
    Oid,
    Float,
    Text,
    /// `int2vector` and `oidvector`: arrays that count from 0, and are written with blanks between.
    Vector,
}

/// The type of a column of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CatalogType {
    pub(super) kind: CatalogKind,
    pub(super) is_array: bool,
}

impl CatalogType {
    pub(super) const fn of(kind: CatalogKind) -> Self {
        Self {
            kind,
            is_array: false,
        }
    }

    /// The type with one of PostgreSQL's names, in either of its spellings. What has no numbers is a text.
    pub(super) fn named(name: &str) -> Self {
        let bare = name.strip_prefix('_').or_else(|| name.strip_suffix("[]"));
        let kind = match bare.unwrap_or(name) {
            "bool" | "boolean" => CatalogKind::Bool,
            "int2" | "smallint" => CatalogKind::Int2,
            "int4" | "int" | "integer" => CatalogKind::Int4,
            "int8" | "bigint" => CatalogKind::Int8,
            "oid" => CatalogKind::Oid,
            "float4" | "float8" | "real" | "double precision" | "numeric" => CatalogKind::Float,
            "int2vector" | "oidvector" => CatalogKind::Vector,
            _ => CatalogKind::Text,
        };
        Self {
            kind,
            is_array: bare.is_some(),
        }
    }

    /// The type of an item.
    pub(super) const fn item(self) -> Self {
        match self.kind {
            CatalogKind::Vector => Self::of(CatalogKind::Int4),
            kind => Self::of(kind),
        }
    }

    /// An array of it.
    pub(super) const fn array(self) -> Self {
        Self {
            kind: self.kind,
            is_array: true,
        }
    }
}

/// A value.
#[derive(Clone, Debug)]
pub(super) enum CatalogValue {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Rc<str>),
    Array(Rc<[Self]>),
    Vector(Rc<[Self]>),
    Record(Rc<[(&'static str, Self)]>),
    /// An object by its number, shown by its name: `regclass` and the like.
    Object(i64, Rc<str>),
}

use CatalogValue as Value;

/// What is compared cannot be.
fn not_comparable(left: &Value, right: &Value) -> SqlError {
    SqlError::new(
        sqlstate::TYPE_MISMATCH,
        format!("{} and {} cannot be compared", left.shown(), right.shown()),
    )
}

fn not_a(kind: &str, text: &str) -> SqlError {
    SqlError::new(
        sqlstate::INVALID_TEXT,
        format!("invalid input syntax for type {kind}: \"{text}\""),
    )
}

impl Value {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.into())
    }

    pub(super) const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    pub(super) const fn is_true(&self) -> bool {
        matches!(self, Self::Bool(true))
    }

    /// As a cast to text writes it; nothing for NULL.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Float(value) => value.to_string(),
            Self::Text(text) | Self::Object(_, text) => text.to_string(),
            Self::Array(items) => {
                let items: Vec<_> = items.iter().map(item_text).collect();
                format!("{{{}}}", items.join(","))
            }
            Self::Vector(items) => {
                let items: Vec<_> = items.iter().map(Self::shown).collect();
                items.join(" ")
            }
            Self::Record(fields) => {
                let fields: Vec<_> = fields.iter().map(|(_, value)| value.shown()).collect();
                format!("({})", fields.join(","))
            }
        }
    }

    pub(super) fn items(&self) -> Option<&[Self]> {
        match self {
            Self::Array(items) | Self::Vector(items) => Some(items),
            _ => None,
        }
    }

    /// As a number; none for NULL.
    ///
    /// # Errors
    /// If it is none.
    pub(super) fn number(&self) -> Result<Option<i64>, SqlError> {
        Ok(Some(match self {
            Self::Null => return Ok(None),
            Self::Int(value) | Self::Object(value, _) => *value,
            Self::Bool(value) => i64::from(*value),
            Self::Float(value) => value.round() as i64,
            other => {
                let text = other.shown();
                text.trim().parse().map_err(|_| not_a("integer", &text))?
            }
        }))
    }

    /// As a truth; none for NULL.
    ///
    /// # Errors
    /// If it is none.
    pub(super) fn truth(&self) -> Result<Option<bool>, SqlError> {
        match self {
            Self::Null => Ok(None),
            Self::Bool(value) => Ok(Some(*value)),
            Self::Int(value) => Ok(Some(*value != 0)),
            other => {
                let text = other.shown();
                match text.trim().to_lowercase().as_str() {
                    "t" | "true" | "yes" | "on" | "1" | "y" => Ok(Some(true)),
                    "f" | "false" | "no" | "off" | "0" | "n" => Ok(Some(false)),
                    _ => Err(not_a("boolean", &text)),
                }
            }
        }
    }

    /// How two values follow each other; none if one is NULL.
    ///
    /// # Errors
    /// If they are of types that PostgreSQL does not compare either.
    pub(super) fn compare(&self, other: &Self) -> Result<Option<Ordering>, SqlError> {
        use Value::{Array, Bool, Float, Int, Null, Object, Record, Text, Vector};
        Ok(Some(match (self, other) {
            (Null, _) | (_, Null) => return Ok(None),
            (Bool(left), Bool(right)) => left.cmp(right),
            (Int(left) | Object(left, _), Int(right) | Object(right, _)) => left.cmp(right),
            (Text(left), Text(right)) => left.cmp(right),
            (Float(_), Int(_) | Float(_)) | (Int(_), Float(_)) => {
                let (left, right) = (self.float(), other.float());
                left.partial_cmp(&right).unwrap_or(Ordering::Equal)
            }
            (Object(_, name), Text(text)) if text.parse::<i64>().is_err() => name.cmp(text),
            (Text(text), Object(_, name)) if text.parse::<i64>().is_err() => text.cmp(name),
            (Int(_) | Object(..), Text(_)) | (Text(_), Int(_) | Object(..)) => {
                return Ok(self
                    .number()?
                    .zip(other.number()?)
                    .map(|(left, right)| left.cmp(&right)));
            }
            (Bool(_), Text(_)) | (Text(_), Bool(_)) => {
                return Ok(self
                    .truth()?
                    .zip(other.truth()?)
                    .map(|(left, right)| left.cmp(&right)));
            }
            (Array(left) | Vector(left), Array(right) | Vector(right)) => compare_all(left, right)?,
            (Array(_) | Vector(_), Text(text)) => self.shown().as_str().cmp(text),
            (Text(text), Array(_) | Vector(_)) => (**text).cmp(other.shown().as_str()),
            (Record(left), Record(right)) => {
                let values = |fields: &[(&str, Self)]| -> Vec<Self> {
                    fields.iter().map(|(_, value)| value.clone()).collect()
                };
                compare_all(&values(left), &values(right))?
            }
            _ => return Err(not_comparable(self, other)),
        }))
    }

    fn float(&self) -> f64 {
        match self {
            Self::Int(value) => *value as f64,
            Self::Float(value) => *value,
            _ => f64::NAN,
        }
    }
}

fn compare_all(left: &[Value], right: &[Value]) -> Result<Ordering, SqlError> {
    for (left, right) in left.iter().zip(right) {
        match left.compare(right)? {
            Some(Ordering::Equal) | None => {}
            Some(other) => return Ok(other),
        }
    }
    Ok(left.len().cmp(&right.len()))
}

/// An item within an array, quoted where its text would be taken for something else.
fn item_text(item: &Value) -> String {
    if item.is_null() {
        return "NULL".to_owned();
    }
    let text = item.shown();
    let special = |c: char| matches!(c, '{' | '}' | ',' | '"' | '\\') || c.is_whitespace();
    if matches!(item, Value::Array(_))
        || !(text.is_empty() || text.eq_ignore_ascii_case("null") || text.contains(special))
    {
        return text;
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The items of an array that is written as text, such as `{a,"b c",NULL}`; none is NULL.
///
/// # Errors
/// If it is no array of one dimension.
pub(crate) fn array_items(text: &str) -> Result<Vec<Option<String>>, SqlError> {
    let malformed = || not_a("array", text);
    let inner = text
        .trim()
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'));
    let inner = inner.ok_or_else(malformed)?;
    let mut items = Vec::new();
    let mut chars = inner.chars().peekable();
    while chars.peek().is_some() {
        let mut item = String::new();
        let mut quoted = false;
        loop {
            match chars.next() {
                Some('"') => {
                    quoted = true;
                    loop {
                        match chars.next().ok_or_else(malformed)? {
                            '"' => break,
                            '\\' => item.push(chars.next().ok_or_else(malformed)?),
                            other => item.push(other),
                        }
                    }
                }
                Some('{' | '}') => return Err(malformed()),
                Some('\\') => item.push(chars.next().ok_or_else(malformed)?),
                None | Some(',') => break,
                Some(other) => item.push(other),
            }
        }
        let is_null = !quoted && item.trim().eq_ignore_ascii_case("null");
        items.push((!is_null).then(|| if quoted { item } else { item.trim().to_owned() }));
    }
    Ok(items)
}

/// A text that is the same for the same values only.
pub(super) fn identity(values: &[CatalogValue]) -> String {
    let mut text = String::new();
    for value in values {
        if value.is_null() {
            text.push_str("-;");
        } else {
            let shown = value.shown();
            text.push_str(&format!("{}:{shown};", shown.len()));
        }
    }
    text
}

/// The type that a cast gives.
pub(super) fn cast_type(data_type: &DataType) -> CatalogType {
    let written = data_type.to_string().to_lowercase();
    let name = written.rsplit('.').next().unwrap_or_default();
    CatalogType::named(name)
}
