//! How far a partition is archived: `archive/p007.json`.

use headcount_journal::Place;
use serde::{Deserialize, Serialize};

use crate::{Error, Lake, PutOutcome, Result, SwapOutcome, Tag};

/// How often a swap is tried that others win. Each time another archiver has gone ahead.
const TRIES: usize = 100;

/// How far a partition is archived. It only ever grows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArchivePosition {
    /// All entries before this offset are in objects.
    pub offset: u64,
    /// Where to begin reading for those behind it: there or a little before.
    pub place: Place,
}

/// The object's content. A hint of the journal's is text, or else is left out, which is always right.
#[derive(Serialize, Deserialize)]
struct PositionText {
    offset: u64,
    from: u64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    hint: String,
}

impl ArchivePosition {
    /// The position of an offset that was cut out of what was read from `place` on.
    pub(super) fn new(offset: u64, place: &Place) -> Self {
        let place = if place.offset <= offset {
            place.clone()
        } else {
            Place::at(offset)
        };
        Self { offset, place }
    }

    fn to_body(&self) -> Vec<u8> {
        let text = PositionText {
            offset: self.offset,
            from: self.place.offset,
            hint: String::from_utf8(self.place.hint.clone()).unwrap_or_default(),
        };
        serde_json::to_vec(&text).expect("a position is plain data")
    }

    fn from_body(body: &[u8]) -> Result<Self, serde_json::Error> {
        let PositionText { offset, from, hint } = serde_json::from_slice(body)?;
        let place = Place {
            offset: from,
            hint: hint.into_bytes(),
        };
        Ok(Self::new(offset, &place))
    }
}

/// The offset up to which a partition is archived in a lake, whatever journal the lake belongs to.
pub fn archived_offset(lake: &Lake, partition: u16) -> Result<u64> {
    let position = ArchivePositions::of(partition).read(lake)?;
    Ok(position.offset)
}

/// The position of one partition in the lake.
pub(super) struct ArchivePositions {
    key: String,
    /// What we stored last, while it is likely still there.
    held: Option<Tag>,
}

impl ArchivePositions {
    pub(super) fn of(partition: u16) -> Self {
        Self {
            key: format!("archive/p{partition:03}.json"),
            held: None,
        }
    }

    pub(super) fn read(&mut self, lake: &Lake) -> Result<ArchivePosition> {
        let Some((body, tag)) = lake.get(&self.key)? else {
            return Ok(ArchivePosition::default());
        };
        let position = ArchivePosition::from_body(&body)
            .map_err(|e| Error::damaged(lake, &self.key, e.to_string()))?;
        self.held = Some(tag);
        Ok(position)
    }

    /// Moves it on; if it is there or further already, leaves it. Returns what it is then.
    pub(super) fn advance(&mut self, lake: &Lake, to: &ArchivePosition) -> Result<ArchivePosition> {
        let body = to.to_body();
        for _ in 0..TRIES {
            let stored = match self.held.take() {
                Some(tag) => match lake.put_if(&self.key, &tag, body.clone().into())? {
                    SwapOutcome::Stored(tag) => Some(tag),
                    SwapOutcome::Lost => None,
                },
                None => match lake.put_new(&self.key, body.clone().into())? {
                    PutOutcome::Created(tag) => Some(tag),
                    PutOutcome::Exists => None,
                },
            };
            if stored.is_some() {
                self.held = stored;
                return Ok(to.clone());
            }
            let found = self.read(lake)?;
            if found.offset >= to.offset {
                return Ok(found);
            }
        }
        Err(Error::damaged(
            lake,
            &self.key,
            "other processes keep changing it",
        ))
    }
}
