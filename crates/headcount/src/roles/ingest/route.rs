//! Where an entry of the journal belongs on an engine that has a topic a feed.

use std::cell::RefCell;

use headcount_journal::{Entry, Route};
use headcount_record::{Control, Decoder, Feed, Kind, Record};

/// The lanes of a journal on such an engine: one a feed, and one for what was refused.
pub(crate) fn lanes() -> Vec<String> {
    let feeds = Feed::ALL.iter().map(|feed| feed.name().to_owned());
    feeds.chain(["dead-letters".to_owned()]).collect()
}

thread_local! {
    /// Remembers nothing that matters: it is there so that what many records share is parsed once.
    static DECODER: RefCell<Decoder> = RefCell::default();
}

/// The lane of a record and its key, the id of its event; for controls what they say.
pub(crate) fn route(entry: &Entry) -> Route {
    if Kind::new(entry.kind).is_control() {
        return match Control::from_body(&entry.body) {
            Ok(Control::Source { name }) => Route::Name(name),
            Ok(Control::Position { of, .. }) => Route::Position(of),
            Ok(Control::Rejected(_)) => lane(Feed::ALL.len(), None),
            Ok(Control::Gap { .. }) | Err(_) => Route::Inline,
        };
    }
    DECODER.with_borrow_mut(|decoder| {
        decoder.keep_bounded();
        match decoder.decode(&entry.body) {
            Ok(Record::Rsvp(rsvp)) => {
                let event = decoder.dictionary().event(rsvp.event);
                lane(at(Feed::Rsvps), Some(event.id.as_bytes()))
            }
            Ok(Record::Other(other)) => {
                let event = other.event.as_deref().map(str::as_bytes);
                lane(at(other.identity.feed), event)
            }
            // Everything that is appended has come through the door.
            Err(_) => lane(Feed::ALL.len(), None),
        }
    })
}

fn at(feed: Feed) -> usize {
    let all = Feed::ALL.iter();
    all.take_while(|other| **other != feed).count()
}

fn lane(lane: usize, key: Option<&[u8]>) -> Route {
    Route::Lane {
        lane: u8::try_from(lane).expect("there are six lanes"),
        key: key.map(<[u8]>::to_vec),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(kind: Kind, body: &[u8]) -> Entry {
        Entry {
            kind: kind.number(),
            source: 1,
            body: body.to_vec(),
        }
    }

    #[test]
    fn a_record_goes_to_its_feed_under_its_event() {
        let rsvp = br#"{"rsvp_id":1,"response":"yes","guests":0,"mtime":1489925470960,
            "member":{"member_id":7},"event":{"event_id":"abc"},
            "group":{"group_id":3,"group_country":"tw"}}"#;
        let Route::Lane { lane, key } = route(&entry(Kind::of(Feed::Rsvps), rsvp)) else {
            panic!("an RSVP has a lane");
        };
        assert_eq!(lanes()[usize::from(lane)], "rsvps");
        assert_eq!(key.as_deref(), Some(&b"abc"[..]));
    }

    #[test]
    fn what_was_refused_has_a_lane_and_other_controls_have_none() {
        let reason = headcount_record::Reason::BadJson;
        let letter = headcount_record::Door::new(1, None).refuse(&reason, "line 1".into(), b"{");
        let refused = Control::Rejected(letter).to_body();
        let Route::Lane { lane, key: None } = route(&entry(Kind::DEAD_LETTER, &refused)) else {
            panic!("a dead letter has a lane and no key");
        };
        assert_eq!(lanes()[usize::from(lane)], "dead-letters");
        let gap = Control::Gap {
            from: 1,
            to: 2,
            cause: String::new(),
        };
        assert!(matches!(
            route(&entry(Kind::CONTROL, &gap.to_body())),
            Route::Inline
        ));
    }
}
