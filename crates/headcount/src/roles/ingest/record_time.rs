//! The time of a record, for sources that ask to go on from it or pace by it.

use std::cell::RefCell;

use headcount_record::{Decoder, Record};
use headcount_source::{ReadTime, RecordTime};

thread_local! {
    /// Remembers nothing that matters: it is there so that what many records share is parsed once.
    static DECODER: RefCell<Decoder> = RefCell::default();
}

/// Reads the time of a record as the door will: what that refuses has none.
pub(crate) fn read_time() -> ReadTime {
    ReadTime::new(|bytes| {
        DECODER.with_borrow_mut(|decoder| {
            decoder.keep_bounded();
            let version = match decoder.decode(bytes).ok()? {
                Record::Rsvp(rsvp) => rsvp.version,
                Record::Other(other) => other.version,
            };
            Some(RecordTime {
                ms: version.mtime(),
                is_live: version.is_live(),
            })
        })
    })
}
