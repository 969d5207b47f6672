//! What a topic is called does not depend on the order of arrival, nor on the number of partitions.

use headcount_record::{Namespace, partition_of};
use proptest::{prelude::*, sample::Index};

use super::{BASE, aggregate, put, rsvps};
use crate::{Filter, Partition};

/// A record that tells an event's group to have a topic under a name.
#[derive(Clone, Debug)]
struct Named {
    event: u8,
    second: i64,
    urlkey: u8,
    name: u8,
    yes: bool,
}

impl Named {
    fn json(&self) -> String {
        let Self {
            event,
            second,
            urlkey,
            name,
            yes,
        } = *self;
        format!(
            r#"{{"rsvp_id":{},"response":"{}","guests":0,"mtime":{},"member":{{"member_id":1}},"event":{{"event_id":"e{event}"}},"group":{{"group_id":{event},"group_country":"us","group_topics":[{{"urlkey":"t{urlkey}","topic_name":"N{name}"}}]}}}}"#,
            second + 1,
            if yes { "yes" } else { "no" },
            BASE + second * 1_000 + 1,
        )
    }
}

fn records() -> impl Strategy<Value = Vec<Named>> {
    let record = (0..3_u8, 0..20_i64, 0..2_u8, 0..4_u8, any::<bool>());
    let record = record.prop_map(|(event, second, urlkey, name, yes)| Named {
        event,
        second,
        urlkey,
        name,
        yes,
    });
    prop::collection::vec(record, 1..12)
}

fn topics(records: &[Named], partitions: u16) -> Vec<crate::TopicRow> {
    let mut parts: Vec<_> = (0..partitions).map(|_| Partition::new()).collect();
    for record in records {
        let event = format!("e{}", record.event);
        let at = usize::from(partition_of(Namespace::MEETUP, &event, partitions));
        put(&mut parts[at], 0, rsvps(), record.json().as_bytes());
    }
    aggregate(&parts, Filter::default()).view().topics
}

proptest! {
    #[test]
    fn a_topic_has_the_name_that_the_set_of_records_gives_it(
        records in records(),
        swaps in prop::collection::vec(any::<(Index, Index)>(), 12),
    ) {
        let told = topics(&records, 1);
        let mut shuffled = records.clone();
        for (one, other) in swaps {
            shuffled.swap(one.index(records.len()), other.index(records.len()));
        }
        for partitions in [1, 2, 5] {
            prop_assert_eq!(&topics(&shuffled, partitions), &told, "{} partitions", partitions);
        }
    }
}

/// The catalog still has what an event told before, which must not name anything.
#[test]
fn a_name_that_no_event_tells_any_more_is_gone() {
    let named = |second, name| Named {
        event: 1,
        second,
        urlkey: 0,
        name,
        yes: true,
    };
    let records = [named(1, 0), named(2, 3)];
    assert_eq!(&*topics(&records, 1)[0].name, "N3");
}
