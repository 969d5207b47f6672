//! The time of a record, which only the program can read: a source does not decode.

use std::fmt;
use std::sync::Arc;

/// When a record happened, as it says itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordTime {
    /// Milliseconds since 1970.
    pub ms: i64,
    /// False when the record was sent again later, so that the time says nothing of how far the stream has come.
    pub is_live: bool,
}

/// Reads the time of a record. The program hands it in with the address; without it no stream can be asked to go on,
/// which leaves a gap at every interruption, and a replay does not pace.
#[derive(Clone)]
pub struct ReadTime(Arc<Read>);

type Read = dyn Fn(&[u8]) -> Option<RecordTime> + Send + Sync;

impl ReadTime {
    /// `read` gives `None` for what the program would refuse: the time of a refused record moves nothing.
    pub fn new(read: impl Fn(&[u8]) -> Option<RecordTime> + Send + Sync + 'static) -> Self {
        ReadTime(Arc::new(read))
    }

    pub(crate) fn of(&self, record: &[u8]) -> Option<RecordTime> {
        (self.0)(record)
    }
}

impl Default for ReadTime {
    /// Knows no record.
    fn default() -> Self {
        ReadTime::new(|_| None)
    }
}

impl fmt::Debug for ReadTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReadTime")
    }
}
