//! The time of a record, for sources that resume or pace by it.

use std::{cell::RefCell, sync::Arc};

use headcount_mapping::Mapping;
use headcount_record::{Decoder, Masking, Schema};
use headcount_source::{ReadTime, RecordTime};

thread_local! {
    /// A cache only: what many records share is parsed once.
    static DECODER: RefCell<Option<Decoder>> = const { RefCell::new(None) };
}

/// Reads the time of a record as ingest will: a record that ingest refuses has none.
pub(crate) fn read_time(schema: Arc<dyn Schema>) -> ReadTime {
    ReadTime::new(move |bytes| {
        DECODER.with_borrow_mut(|decoder| {
            let decoder = decoder.get_or_insert_with(|| Decoder::of(Arc::clone(&schema)));
            decoder.keep_bounded();
            let version = decoder.decode(bytes).ok()?.version();
            Some(RecordTime {
                ms: version.time(),
                is_live: version.is_live(),
            })
        })
    })
}

/// Reads the time of a record that a mapping reads: the first that it finds there.
pub(crate) fn mapped_time(mapping: &Arc<Mapping>) -> ReadTime {
    let (mapping, schema) = (Arc::clone(mapping), mapping.schema());
    ReadTime::new(move |bytes| {
        let found = mapping.read(bytes, &Masking::Nothing).into_iter();
        let line = found.filter_map(|found| found.line.ok()).next()?;
        let version = Decoder::of(Arc::clone(&schema))
            .decode(&line)
            .ok()?
            .version();
        Some(RecordTime {
            ms: version.time(),
            is_live: version.is_live(),
        })
    })
}
