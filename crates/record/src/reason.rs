//! Why a record was refused.

use std::{borrow::Cow, fmt};

/// A reason code. Its text is what dead letters, metrics and the ledger show.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// Not one JSON object.
    BadJson,
    /// Nested more than [`MAX_DEPTH`](crate::MAX_DEPTH) deep.
    TooDeep,
    /// Longer than [`MAX_BYTES`](crate::MAX_BYTES).
    TooBig,
    /// Not UTF-8, and not CESU-8 either.
    BadUtf8,
    /// A text holds U+0000, which no database column takes.
    NulChar,
    /// Half an emoji in a text on which counts depend.
    BadText(&'static str),
    /// A needed key is absent.
    MissingField(&'static str),
    /// A value is of another type than its key's.
    BadType(&'static str),
    /// A value is outside its key's range.
    Range(&'static str),
    /// `mtime` is no time in milliseconds between 2000 and 2100.
    BadTimestamp,
    /// A key that is used stands twice in one object.
    DupKey(&'static str),
    /// A text is none of those its key allows.
    UnknownEnum(&'static str),
    /// No rule of the mapping takes the record.
    Unmapped,
    /// An expression of the mapping takes more steps, or gives more, than it may.
    Limit(&'static str),
    /// An expression of the mapping fails.
    Failed(&'static str),
}

impl Reason {
    /// The code, such as `missing_field:rsvp_id`.
    #[must_use]
    pub fn code(&self) -> Cow<'static, str> {
        match self {
            Self::BadJson => "bad_json".into(),
            Self::TooDeep => "too_deep".into(),
            Self::TooBig => "too_big".into(),
            Self::BadUtf8 => "bad_utf8".into(),
            Self::NulChar => "nul_char".into(),
            Self::BadText(key) => format!("bad_text:{key}").into(),
            Self::MissingField(key) => format!("missing_field:{key}").into(),
            Self::BadType(key) => format!("bad_type:{key}").into(),
            Self::Range(key) => format!("range:{key}").into(),
            Self::BadTimestamp => "bad_timestamp".into(),
            Self::DupKey(key) => format!("dup_key:{key}").into(),
            Self::UnknownEnum(key) => format!("unknown_enum:{key}").into(),
            Self::Unmapped => "unmapped".into(),
            Self::Limit(key) => format!("limit:{key}").into(),
            Self::Failed(key) => format!("failed:{key}").into(),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.code())
    }
}
