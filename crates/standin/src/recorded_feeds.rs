//! Records of one or several recordings, sorted into their feeds.

use bytes::{BufMut, Bytes, BytesMut};
use headcount_record::Feed;
use serde_json::{Map, Value};

use super::wire::on_one_line;

/// Lines are put together into pieces of memory of this size.
const PIECE_BYTES: usize = 1 << 20;

/// Records as they will be sent, in the order in which they were recorded.
#[derive(Default)]
pub struct RecordedFeeds {
    feeds: [Vec<RecordingEntry>; 5],
    skipped: u64,
    piece: BytesMut,
}

/// One record of a recording.
#[derive(Clone)]
pub(super) struct RecordingEntry {
    /// With its LF.
    pub(super) line: Bytes,
    pub(super) mtime: Option<i64>,
    pub(super) event_id: Option<Box<str>>,
}

impl RecordingEntry {
    /// Whether its time is that of a live message: re-sent ones have whole seconds.
    pub(super) fn live_mtime(&self) -> Option<i64> {
        self.mtime.filter(|mtime| mtime % 1000 != 0)
    }
}

impl RecordedFeeds {
    /// Adds one decoded value: an object of whatever feed, laid out as it likes. Whatever is no
    /// record of a feed is left out and counted.
    pub fn push(&mut self, value: &[u8]) {
        let parsed = serde_json::from_slice::<Map<String, Value>>(value);
        let Some((feed, object)) = parsed
            .ok()
            .and_then(|object| Some((feed_of(&object)?, object)))
        else {
            self.skipped += 1;
            return;
        };
        let line = self.keep(&on_one_line(value));
        let mtime = object.get("mtime").and_then(Value::as_i64);
        self.feeds[feed as usize].push(RecordingEntry {
            line,
            mtime,
            event_id: event_id_of(&object),
        });
    }

    /// How many records a feed has.
    #[must_use]
    pub fn count(&self, feed: Feed) -> usize {
        self.feeds[feed as usize].len()
    }

    /// How many values were no records.
    #[must_use]
    pub const fn skipped(&self) -> u64 {
        self.skipped
    }

    pub(super) fn into_feeds(self) -> [Vec<RecordingEntry>; 5] {
        self.feeds
    }

    /// The line with its end, in a piece of memory it shares with its neighbours.
    fn keep(&mut self, line: &[u8]) -> Bytes {
        if self.piece.capacity() < line.len() + 1 {
            self.piece = BytesMut::with_capacity(PIECE_BYTES.max(line.len() + 1));
        }
        self.piece.put_slice(line);
        self.piece.put_u8(b'\n');
        self.piece.split().freeze()
    }
}

impl<V: AsRef<[u8]>> FromIterator<V> for RecordedFeeds {
    fn from_iter<I: IntoIterator<Item = V>>(values: I) -> Self {
        let mut recording = Self::default();
        for value in values {
            recording.push(value.as_ref());
        }
        recording
    }
}

/// The feed of a record by its keys. More lenient than decoding: what is served may be as odd as
/// what was recorded.
fn feed_of(object: &Map<String, Value>) -> Option<Feed> {
    let has = |key| object.contains_key(key);
    if has("rsvp_id") || has("response") {
        Some(Feed::Rsvps)
    } else if has("photo_id") || has("photo_album") {
        Some(Feed::Photos)
    } else if has("comment") || has("in_reply_to") {
        Some(Feed::EventComments)
    } else if has("event_url") || has("status") || has("yes_rsvp_count") {
        Some(Feed::OpenEvents)
    } else if has("id") && ["address_1", "lat", "city", "country"].into_iter().any(has) {
        Some(Feed::OpenVenues)
    } else {
        None
    }
}

/// The event a record is about, for the parameter `event_id`.
fn event_id_of(object: &Map<String, Value>) -> Option<Box<str>> {
    let event = object
        .get("event")
        .or_else(|| object.get("photo_album")?.get("event"));
    let id = match event {
        Some(event) => event.get("event_id").or_else(|| event.get("id"))?,
        None => object.get("id")?,
    };
    match id {
        Value::String(id) => Some(id.as_str().into()),
        Value::Number(id) => Some(id.to_string().into()),
        _ => None,
    }
}
