//! What is masked in records before they are kept.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{allowed::Allowed, mask::Mask, people::PeopleKey, reason::Reason};

/// What is masked in records, and under which key.
#[derive(Clone)]
pub enum Masking {
    /// Everything stays as it comes.
    Nothing,
    /// Everything that the schema does not know to be nobody's.
    People(PeopleKey),
    /// The same, and what people write: comments, descriptions, links to photos.
    PeopleAndTexts(PeopleKey),
}

/// A [`Masking`] without its key. Records of which some were masked and others not must not share
/// a journal, for they count members twice: it remembers the [`PeopleMode`](crate::PeopleMode).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MaskingMode {
    /// [`Masking::Nothing`].
    Nothing,
    /// [`Masking::People`].
    People,
    /// [`Masking::PeopleAndTexts`].
    PeopleAndTexts,
}

impl Masking {
    /// The mode, as a journal remembers it.
    #[must_use]
    pub const fn mode(&self) -> MaskingMode {
        match self {
            Self::Nothing => MaskingMode::Nothing,
            Self::People(_) => MaskingMode::People,
            Self::PeopleAndTexts(_) => MaskingMode::PeopleAndTexts,
        }
    }

    /// The key of pseudonyms, unless everything stays.
    #[must_use]
    pub const fn key(&self) -> Option<&PeopleKey> {
        match self {
            Self::Nothing => None,
            Self::People(key) | Self::PeopleAndTexts(key) => Some(key),
        }
    }

    /// Appends valid JSON to `out`, with everything masked that `allowed` does not lead to; returns how many values were
    /// masked for being on no list.
    ///
    /// # Errors
    /// When it is not JSON; what was appended must not be kept then.
    pub fn copy(
        &self,
        json: &[u8],
        allowed: &'static Allowed,
        out: &mut Vec<u8>,
    ) -> Result<u64, Reason> {
        let Some(people) = self.key() else {
            out.extend_from_slice(json);
            return Ok(0);
        };
        let mask = Mask::new(json, people, self.masks_texts(), out);
        mask.copy(allowed).ok_or(Reason::BadJson)
    }

    /// Whether what people write is masked.
    pub(crate) const fn masks_texts(&self) -> bool {
        matches!(self, Self::PeopleAndTexts(_))
    }
}

impl MaskingMode {
    /// The masking of this mode. `key` is asked for only if something is masked.
    ///
    /// # Errors
    /// When there is no key to be had.
    pub fn with_key<E>(self, key: impl FnOnce() -> Result<PeopleKey, E>) -> Result<Masking, E> {
        Ok(match self {
            Self::Nothing => Masking::Nothing,
            Self::People => Masking::People(key()?),
            Self::PeopleAndTexts => Masking::PeopleAndTexts(key()?),
        })
    }
}

impl fmt::Display for MaskingMode {
    /// The text is the same as in JSON.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Nothing => "nothing",
            Self::People => "people",
            Self::PeopleAndTexts => "people-and-texts",
        })
    }
}
