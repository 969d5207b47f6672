//! A batch, taken apart: the records for the topics, and the content of the commit message.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::kafka::message::{COMMIT_BYTES_MAX, Commit, Item, Source, VERSION};
use crate::kafka::topic::JournalTopic;
use crate::queue::Job;
use crate::receipt::Reply;

/// A batch that is ready to be sent, again if a transaction fails.
pub(super) struct Plan {
    pub(super) partition: u16,
    pub(super) seq: u64,
    pub(super) arrived: i64,
    pub(super) bytes: usize,
    pub(super) entries: Vec<Entry>,
    /// Where each entry is sent, in their order.
    pub(super) places: Vec<EntryTarget>,
    /// The topics that it uses, as indexes into the planner's, in the order of their first entries.
    pub(super) topics: Vec<usize>,
    pub(super) sources: Vec<Source>,
    pub(super) items: Vec<Item>,
    /// Of each key the last entry with it that stands in no topic.
    pub(super) positions: BTreeMap<Arc<[u8]>, usize>,
    pub(super) reply: Reply,
}

/// Where an entry is sent.
#[derive(Clone, Copy)]
pub(super) enum EntryTarget {
    Topic {
        /// An index into the plan's topics.
        topic: u32,
        /// Its source, as an index into the plan's.
        source: u32,
    },
    /// It is in the commit message.
    Inline,
}

/// What the source numbers of a process mean, as far as it has said so.
#[derive(Clone, Default)]
pub(super) struct SourceNames(Arc<Mutex<HashMap<u16, String>>>);

impl SourceNames {
    pub(super) fn set(&self, number: u16, name: &str) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.insert(number, name.to_owned());
    }

    fn source(&self, number: u16) -> Source {
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match names.get(&number) {
            Some(name) => Source::Name(name.clone()),
            None => Source::Number(number),
        }
    }
}

/// What a plan is made with.
pub(super) struct Planner {
    /// The topics of the journal.
    pub(super) topics: Vec<JournalTopic>,
    pub(super) names: SourceNames,
    pub(super) seq: u64,
}

impl Planner {
    /// Plans a batch; one that cannot be written is answered and gone.
    pub(super) fn plan(&mut self, job: Job, arrived: i64) -> Option<Plan> {
        let mut plan = Plan {
            partition: job.partition,
            seq: self.seq,
            arrived,
            bytes: job.bytes,
            places: Vec::with_capacity(job.entries.len()),
            topics: Vec::new(),
            entries: job.entries,
            sources: Vec::new(),
            items: Vec::new(),
            positions: BTreeMap::new(),
            reply: job.reply,
        };
        match self.fill(&mut plan) {
            Ok(()) => {
                self.seq += 1;
                Some(plan)
            }
            Err(error) => {
                let _ = plan.reply.send(Err(error));
                None
            }
        }
    }

    fn fill(&self, plan: &mut Plan) -> Result<()> {
        let (mut known, mut bytes) = (HashMap::new(), 0);
        for (at, entry) in plan.entries.iter().enumerate() {
            let source = *known
                .entry(entry.source)
                .or_insert_with(|| index_of(&mut plan.sources, self.names.source(entry.source)));
            let topic = self.topics.iter().position(|topic| topic.takes(entry.kind));
            let sent = match topic {
                Some(topic) => {
                    let topic = index_of(&mut plan.topics, topic);
                    bytes += lengthen(&mut plan.items, topic, entry.kind, source);
                    EntryTarget::Topic { topic, source }
                }
                None => {
                    if let Some(key) = &entry.key {
                        plan.positions.insert(Arc::clone(key), at);
                    }
                    // Escaped, text may take more; hexadecimal takes twice as much.
                    bytes += 40 + 2 * entry.body.len();
                    plan.items
                        .push(Item::inline(entry.kind, source, &entry.body));
                    EntryTarget::Inline
                }
            };
            plan.places.push(sent);
        }
        debug_assert_eq!(plan.places.len(), plan.entries.len());
        match bytes > COMMIT_BYTES_MAX {
            true => Err(Error::TooLong {
                what: "the commit message of a batch",
                bytes,
                max: COMMIT_BYTES_MAX,
            }),
            false => Ok(()),
        }
    }
}

impl Plan {
    /// The commit message, once it is known where the records lie.
    pub(super) fn commit(&mut self, writer: &str, topics: Vec<(String, i64)>) -> Vec<u8> {
        debug_assert_eq!(topics.len(), self.topics.len());
        let commit = Commit {
            version: VERSION,
            writer: writer.to_owned(),
            seq: self.seq,
            arrived: self.arrived,
            sources: std::mem::take(&mut self.sources),
            topics,
            entries: std::mem::take(&mut self.items),
        };
        let bytes = serde_json::to_vec(&commit).expect("a commit message is plain data");
        // It may have to be sent again.
        (self.sources, self.items) = (commit.sources, commit.entries);
        bytes
    }

    pub(super) fn source_name(&self, source: u32) -> &str {
        match &self.sources[source as usize] {
            Source::Name(name) => name,
            Source::Number(_) => "",
        }
    }
}

/// The index of a thing in a list, to which it is added if it is not there. The lists are short.
fn index_of<T: PartialEq>(list: &mut Vec<T>, wanted: T) -> u32 {
    let at = list
        .iter()
        .position(|other| *other == wanted)
        .unwrap_or_else(|| {
            list.push(wanted);
            list.len() - 1
        });
    u32::try_from(at).expect("there are at most 65,536 sources, and 255 topics")
}

/// One more record of a topic; returns how much longer that makes the message at most.
fn lengthen(items: &mut Vec<Item>, topic: u32, kind: u8, source: u32) -> usize {
    if let Some(Item::Run(last_topic, last_kind, last_source, count)) = items.last_mut()
        && (*last_topic, *last_kind, *last_source) == (topic, kind, source)
    {
        *count += 1;
        return 0;
    }
    items.push(Item::Run(topic, kind, source, 1));
    32
}
