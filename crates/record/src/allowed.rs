//! What of a record may stay when it is masked: a list of what is allowed, by path.
//!
//! Only what a schema lists stays. A name that a feed puts in a new place, under a key in other
//! letters, or deeper than it used to, is on no list, and so is whatever nobody has thought of.

/// What may stay of a value.
///
/// The lists of a schema are made of these. Everything that they do not lead to is masked: a text
/// becomes `"masked"` and a number 0. `true`, `false` and `null` stay everywhere.
#[derive(Debug)]
pub enum Allowed {
    /// An object: what may stay of the values of these keys.
    Object(&'static [(&'static str, Allowed)]),
    /// A list: what may stay of each item.
    List(&'static Allowed),
    /// A number, or a text that is one.
    Number,
    /// An id of what is no person: a number, or a text, which in a refused record has to look like
    /// an id.
    Id,
    /// A text. In a refused record it has to be one of these.
    Word(&'static [&'static str]),
    /// What an event, a group, a venue, a place or a topic is called, or its address.
    Name,
    /// A text that people write, or a link to a photo. It stays in an accepted record, unless
    /// [texts are masked](crate::Masking::PeopleAndTexts).
    Written,
    /// An object that is a person. Nothing stays, but the value of this key has a pseudonym.
    Person(&'static str),
    /// What identifies a person, a number or a text: a pseudonym stands for it.
    PersonId,
    /// Nothing, and it is known that nothing may: it does not count among the values that are
    /// masked for being unknown.
    Nothing,
    /// All of it: a mapping has masked it before, or says that it is nobody's. In a refused record nothing.
    Whole,
    /// Nothing, because nobody knows what it is. Paths lead there that are not listed.
    Unknown,
}

impl Allowed {
    /// What may stay of the value of a key, if this is what may stay of the object.
    pub(crate) fn of_key(&'static self, key: &str) -> &'static Self {
        match self {
            Self::Object(keys) => {
                let found = keys.iter().find(|(name, _)| *name == key);
                found.map_or(&Self::Unknown, |(_, allowed)| allowed)
            }
            Self::Person(id) if key == *id => &Self::PersonId,
            Self::Person(_) | Self::Nothing => &Self::Nothing,
            _ => &Self::Unknown,
        }
    }

    /// What may stay of an item, if this is what may stay of the list.
    pub(crate) const fn of_item(&'static self) -> &'static Self {
        match self {
            Self::List(item) => item,
            Self::Person(_) | Self::Nothing => &Self::Nothing,
            _ => &Self::Unknown,
        }
    }

    /// What may stay of the value of a key somewhere below.
    pub(crate) fn find(&'static self, key: &str) -> Option<&'static Self> {
        match self {
            Self::Object(keys) => keys
                .iter()
                .find(|(name, _)| *name == key)
                .map(|(_, allowed)| allowed)
                .or_else(|| keys.iter().find_map(|(_, below)| below.find(key))),
            Self::List(item) => item.find(key),
            Self::Person(id) if key == *id => Some(&Self::PersonId),
            _ => None,
        }
    }

    /// Whether a text stays in an accepted record whose texts are not masked.
    pub(crate) fn takes_text(&self, text: &str) -> bool {
        match self {
            Self::Id | Self::Word(_) | Self::Name | Self::Written => true,
            Self::Number => is_number(text),
            _ => false,
        }
    }

    /// Whether a number stays.
    pub(crate) const fn takes_numbers(&self) -> bool {
        matches!(self, Self::Number | Self::Id)
    }

    /// Whether it stays in every accepted record, however that is masked.
    pub(crate) const fn always_stays(&self) -> bool {
        !matches!(
            self,
            Self::Written | Self::Person(_) | Self::PersonId | Self::Nothing | Self::Unknown
        )
    }

    /// Whether what is masked here is masked because nobody knows what it is.
    pub(crate) const fn is_unexpected(&self) -> bool {
        !matches!(
            self,
            Self::Written | Self::Person(_) | Self::PersonId | Self::Nothing
        )
    }
}

/// Whether a text is a number.
fn is_number(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte))
}

/// Whether a text looks like an id of an event, which hardly a name of a person does: lower-case letters
/// and digits, at most 24, and either a digit among them or eight of them.
pub(crate) fn looks_like_id(text: &[u8]) -> bool {
    let is_id_byte = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    !text.is_empty()
        && text.len() <= 24
        && text.iter().all(is_id_byte)
        && (text.len() >= 8 || text.iter().any(u8::is_ascii_digit))
}
