//! A JSON value that forgets nothing: the order of keys, and keys that stand twice.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::reason::Reason;

/// Nesting that is taken; the record itself is 1 deep.
pub const MAX_DEPTH: usize = 32;
/// Bytes of one record that are taken.
pub const MAX_BYTES: usize = 1 << 20;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(String),
    /// A text in which U+FFFD stands for half an emoji: fit to be shown, not to be compared.
    Repaired(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Parses one JSON object, strictly.
    ///
    /// Depth is checked before anything recurses.
    pub(crate) fn object(text: &str) -> Result<Vec<(String, Self)>, Reason> {
        if too_deep(text.as_bytes()) {
            return Err(Reason::TooDeep);
        }
        match serde_json::from_str(text) {
            Ok(Self::Object(members)) => Ok(members),
            Ok(_) | Err(_) => Err(Reason::BadJson),
        }
    }

    /// Marks the texts that differ in `other`, the same value with its halves repaired in another
    /// way.
    pub(crate) fn mark_repaired(&mut self, other: &Self) {
        match (&mut *self, other) {
            (Self::Text(text), Self::Text(other)) if text != other => {
                *self = Self::Repaired(std::mem::take(text));
            }
            (Self::List(items), Self::List(others)) => {
                for (item, other) in items.iter_mut().zip(others) {
                    item.mark_repaired(other);
                }
            }
            (Self::Object(members), Self::Object(others)) => {
                for ((_, value), (_, other)) in members.iter_mut().zip(others) {
                    value.mark_repaired(other);
                }
            }
            _ => {}
        }
    }
}

/// Whether brackets outside of texts nest too deep.
fn too_deep(bytes: &[u8]) -> bool {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'{' | b'[' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return true;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => at = end_of_text(bytes, at + 1),
            _ => {}
        }
        at += 1;
    }
    false
}

/// The index of the quote that ends a text, or of the end of input.
fn end_of_text(bytes: &[u8], mut at: usize) -> usize {
    while let Some(found) = memchr::memchr2(b'"', b'\\', &bytes[at.min(bytes.len())..]) {
        at += found;
        if bytes[at] == b'"' {
            return at;
        }
        at += 2;
    }
    bytes.len()
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Json, E> {
        Ok(Json::Bool(truth))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(Json::Integer(number.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
        Ok(Json::Integer(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Json, E> {
        Ok(Json::Float(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Json, E> {
        Ok(Json::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut object = Vec::new();
        while let Some(member) = members.next_entry()? {
            object.push(member);
        }
        Ok(Json::Object(object))
    }
}
