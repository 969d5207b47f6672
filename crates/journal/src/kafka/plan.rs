//! A batch, taken apart: what goes to the lanes, and what the commit message will say.

use std::collections::{BTreeMap, HashMap};

use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::kafka::message::{COMMIT_BYTES_MAX, Commit, Item, Source, VERSION};
use crate::queue::Job;
use crate::receipt::Reply;
use crate::{Route, Router};

/// A batch that is ready to be sent, as often as it takes.
pub(super) struct Plan {
    pub(super) partition: u16,
    pub(super) seq: u64,
    pub(super) arrived: i64,
    pub(super) bytes: usize,
    pub(super) entries: Vec<Entry>,
    /// What each entry is, in their order.
    pub(super) places: Vec<Sent>,
    pub(super) sources: Vec<Source>,
    pub(super) items: Vec<Item>,
    /// Of each key the last entry that is a position in it.
    pub(super) positions: BTreeMap<String, usize>,
    pub(super) reply: Reply,
}

/// Where an entry is sent.
pub(super) enum Sent {
    Lane {
        lane: u8,
        key: Option<Vec<u8>>,
        /// Its source, as an index into the plan's.
        source: u32,
    },
    /// It is in the commit message.
    Inline,
}

/// What a plan is made with.
pub(super) struct Planner {
    pub(super) router: Router,
    pub(super) lanes: usize,
    /// What the writer's source numbers mean, as far as it has said so.
    pub(super) names: HashMap<u16, String>,
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

    fn fill(&mut self, plan: &mut Plan) -> Result<()> {
        let (mut known, mut bytes) = (HashMap::new(), 0);
        for (at, entry) in plan.entries.iter().enumerate() {
            let route = (self.router)(entry);
            if let Route::Name(name) = &route {
                self.names.insert(entry.source, name.clone());
                known.remove(&entry.source);
            }
            let source = *known.entry(entry.source).or_insert_with(|| {
                let source = match self.names.get(&entry.source) {
                    Some(name) => Source::Name(name.clone()),
                    None => Source::Number(entry.source),
                };
                index_of(&mut plan.sources, source)
            });
            let sent = match route {
                Route::Lane { lane, key } => {
                    if usize::from(lane) >= self.lanes {
                        return Err(Error::Option(format!(
                            "lane {lane} is none of the {} of this journal",
                            self.lanes
                        )));
                    }
                    bytes += lengthen(&mut plan.items, lane, entry.kind, source);
                    Sent::Lane { lane, key, source }
                }
                Route::Inline | Route::Name(_) | Route::Position(_) => {
                    if let Route::Position(of) = route {
                        plan.positions.insert(of, at);
                    }
                    // Escaped, text may take more; hexadecimal takes twice as much.
                    bytes += 40 + 2 * entry.body.len();
                    plan.items
                        .push(Item::inline(entry.kind, source, &entry.body));
                    Sent::Inline
                }
            };
            plan.places.push(sent);
        }
        match bytes > COMMIT_BYTES_MAX {
            true => Err(Error::TooLong {
                what: "what is said about the records of a batch",
                bytes,
                max: COMMIT_BYTES_MAX,
            }),
            false => Ok(()),
        }
    }
}

impl Plan {
    /// The commit message, once it is known where the records lie.
    pub(super) fn commit(&mut self, writer: &str, lanes: BTreeMap<u8, i64>) -> Vec<u8> {
        let commit = Commit {
            version: VERSION,
            writer: writer.to_owned(),
            seq: self.seq,
            arrived: self.arrived,
            sources: std::mem::take(&mut self.sources),
            lanes,
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

fn index_of(sources: &mut Vec<Source>, source: Source) -> u32 {
    let at = sources
        .iter()
        .position(|other| *other == source)
        .unwrap_or_else(|| {
            sources.push(source);
            sources.len() - 1
        });
    u32::try_from(at).expect("there are at most 65,536 sources")
}

/// One more record of a lane; returns how much longer that makes the message at most.
fn lengthen(items: &mut Vec<Item>, lane: u8, kind: u8, source: u32) -> usize {
    if let Some(Item::Run(last_lane, last_kind, last_source, count)) = items.last_mut()
        && (*last_lane, *last_kind, *last_source) == (lane, kind, source)
    {
        *count += 1;
        return 0;
    }
    items.push(Item::Run(lane, kind, source, 1));
    32
}
