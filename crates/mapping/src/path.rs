//! Paths into a record: JSON Pointers of RFC 6901.

use serde_json::Value;

/// Where a value stands, from the record or from the item of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    /// `./name` and `.`: from the item.
    pub(crate) from_item: bool,
    pub(crate) keys: Vec<String>,
}

/// What paths lead into.
#[derive(Clone, Copy)]
pub(crate) struct RecordPlace<'a> {
    pub(crate) record: &'a Value,
    /// The record itself, unless the rule reads a list.
    pub(crate) item: &'a Value,
}

impl Path {
    /// The path that a text is: `/a/b` from the record, `./a/b` from the item, `.` the item itself.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (from_item, pointer) = match text.strip_prefix('.') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        if pointer.is_empty() {
            return from_item.then_some(Self {
                from_item,
                keys: Vec::new(),
            });
        }
        let keys = pointer.strip_prefix('/')?.split('/');
        Some(Self {
            from_item,
            keys: keys
                .map(|key| key.replace("~1", "/").replace("~0", "~"))
                .collect(),
        })
    }

    /// The value there. A `null` is none.
    pub(crate) fn of<'a>(&self, place: RecordPlace<'a>) -> Option<&'a Value> {
        let mut value = if self.from_item {
            place.item
        } else {
            place.record
        };
        for key in &self.keys {
            value = match value {
                Value::Object(members) => members.get(key)?,
                Value::Array(items) => items.get(index(key)?)?,
                _ => return None,
            };
        }
        (!value.is_null()).then_some(value)
    }
}

/// The index that a key is: digits without a leading zero.
pub(crate) fn index(key: &str) -> Option<usize> {
    let is_index =
        key.bytes().all(|byte| byte.is_ascii_digit()) && (key == "0" || !key.starts_with('0'));
    is_index.then(|| key.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_leads_where_the_standard_says() {
        // The document of RFC 6901, section 5, as far as it has keys with a meaning of their own.
        let record =
            json!({"foo": ["bar", "baz"], "": 0, "a/b": 1, "m~n": 8, " ": 7, "none": null});
        let item = json!({"x": 5});
        let place = RecordPlace {
            record: &record,
            item: &item,
        };
        let of = |text: &str| Path::parse(text).expect("a path").of(place).cloned();
        assert_eq!(of("/foo/0"), Some(json!("bar")));
        assert_eq!(of("/"), Some(json!(0)));
        assert_eq!(of("/a~1b"), Some(json!(1)));
        assert_eq!(of("/m~0n"), Some(json!(8)));
        assert_eq!(of("/ "), Some(json!(7)));
        assert_eq!(of("./x"), Some(json!(5)));
        assert_eq!(of("."), Some(item.clone()));
        for nothing in ["/foo/2", "/foo/01", "/foo/-", "/none", "/foo/bar", "/x"] {
            assert_eq!(of(nothing), None, "{nothing}");
        }
        for text in ["", "foo", "foo/bar", ".foo"] {
            assert_eq!(Path::parse(text), None, "{text}");
        }
    }
}
