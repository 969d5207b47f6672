//! The commit message: what of the topics is a batch, and what is said besides. It is JSON.
//!
//! ```json
//! {"version":3,"writer":"5d3c…","seq":17,"arrived":1763696400000,"sources":["https://…/2/rsvps"],
//!  "topics":[["rsvps",4711]],"entries":[[0,1,0,250],{"kind":0,"source":0,"text":"{\"control\":\"position\",…}"}]}
//! ```

use serde::{Deserialize, Serialize};

/// The version of the format of all that a journal writes. Another one is refused, never guessed at. Version 1 had numbers of
/// topics in place of their names; version 2 did not know which kinds were given to which schema.
pub(super) const VERSION: u32 = 3;

/// The longest commit message; more is refused when it is appended.
pub(super) const COMMIT_BYTES_MAX: usize = 8 << 20;

/// The longest message that a topic of a new journal takes: the longest commit message with room to spare.
pub(super) const MESSAGE_BYTES_MAX: usize = COMMIT_BYTES_MAX + (1 << 20);

/// The header of a record that says who wrote it, the first of all.
pub(super) const WRITER: &str = "writer";

/// The header of a record that says which batch of the writer it is of, the second.
pub(super) const SEQ: &str = "seq";

/// The version of what a journal wrote, whatever else it holds: it says how the rest is to be read.
#[derive(Deserialize)]
pub(super) struct FormatVersion {
    pub(super) version: u32,
}

/// One batch.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Commit {
    pub(super) version: u32,
    /// Which opening of the journal wrote it, in hexadecimal.
    pub(super) writer: String,
    /// Counts the writer's batches.
    pub(super) seq: u64,
    /// When it was appended, in ms since 1970, by the writer's clock.
    pub(super) arrived: i64,
    /// The sources of the entries, which name them by their index here.
    pub(super) sources: Vec<Source>,
    /// The topics that it takes entries from, by name, with the offset of its first entry in each.
    pub(super) topics: Vec<(String, i64)>,
    pub(super) entries: Vec<Item>,
}

/// A source by its name; or, if it never got one, by the number the writer gave.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Source {
    Name(String),
    Number(u16),
}

/// Entries, one or many.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Item {
    /// So many of a topic: its index in the message's topics, kind, source, count.
    Run(u32, u8, u32, u32),
    /// One that stands here, as text.
    Text { kind: u8, source: u32, text: String },
    /// One that stands here and is no text, in hexadecimal.
    Bytes { kind: u8, source: u32, hex: String },
}

impl Item {
    pub(super) fn inline(kind: u8, source: u32, body: &[u8]) -> Self {
        match std::str::from_utf8(body) {
            Ok(text) => Self::Text {
                kind,
                source,
                text: text.to_owned(),
            },
            Err(_) => Self::Bytes {
                kind,
                source,
                hex: to_hex(body),
            },
        }
    }

    pub(super) fn count(&self) -> u64 {
        match self {
            Self::Run(_, _, _, count) => u64::from(*count),
            Self::Text { .. } | Self::Bytes { .. } => 1,
        }
    }
}

impl Commit {
    /// Reads one; the error says what is wrong.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let none = |error: serde_json::Error| format!("it is not a commit message: {error}");
        // The version first: one of another has other fields.
        let FormatVersion { version } = serde_json::from_slice(bytes).map_err(none)?;
        if version != VERSION {
            return Err(format!(
                "its format has version {version}; this program reads version {VERSION}"
            ));
        }
        let commit: Self = serde_json::from_slice(bytes).map_err(none)?;
        let known = |source: u32| (source as usize) < commit.sources.len();
        let sound = commit.entries.iter().all(|item| match item {
            Item::Run(topic, _, source, count) => {
                *count > 0 && known(*source) && (*topic as usize) < commit.topics.len()
            }
            Item::Text { source, .. } => known(*source),
            Item::Bytes { source, hex, .. } => known(*source) && from_hex(hex).is_some(),
        });
        match sound {
            true => Ok(commit),
            false => Err("its entries refer to a source or topic that it does not list".to_owned()),
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.entries.iter().map(Item::count).sum()
    }
}

fn to_hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// The bytes of an even number of hexadecimal digits.
pub(super) fn from_hex(text: &str) -> Option<Vec<u8>> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| {
            let pair = std::str::from_utf8(pair).ok().filter(|p| p.len() == 2)?;
            u8::from_str_radix(pair, 16).ok()
        })
        .collect()
}
