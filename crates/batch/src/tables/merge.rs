//! What waits, merged with what the tables have: the rows to write, and those that hold no more.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    error::Result,
    model::{
        Category, Comment, Event, Group, GroupTopic, LakeTable, Member, Photo, Rsvp, TableRows,
        Time, Topic, Venue,
    },
    rows::{
        CategoryFacts, CommentFacts, EventFacts, GroupFacts, IndexBatch, Map, MemberTold,
        MergeFacts, Pending, PendingRsvp, PhotoFacts, RsvpKey, StoredWinner, TablesIndex, Tales,
        Thing, ThingId, TopicFacts, VenueFacts, time_of,
    },
};

/// Rows to write, with the batches in which their predecessors lie.
#[derive(Default)]
pub(super) struct Merged {
    pub(super) rows: TableRows,
    /// For each table and row of it, the batch with the row that it takes the place of. Tables without any are missing.
    pub(super) replaced: BTreeMap<LakeTable, Vec<Option<u32>>>,
    pub(super) gone: Vec<GroupTopic>,
    /// The batches in which the rows that are gone lie.
    pub(super) gone_from: Vec<u32>,
}

/// What the index holds of a thing.
#[derive(Serialize, Deserialize)]
struct StoredThing<T> {
    batch: u32,
    told: T,
    /// Of a group: its topics, and the batch that each was written with.
    topics: Vec<(Arc<str>, u32)>,
}

/// Merges what partitions have told; `write` also notes it in a batch of changes to the index, as written with the given batch of
/// rows.
pub(super) fn merge(
    pendings: &[&Pending],
    index: &TablesIndex,
    number: u32,
    write: Option<&mut IndexBatch>,
) -> Result<Merged> {
    let mut merge = Merge {
        index,
        number,
        write,
        merged: Merged::default(),
    };
    merge.categories(&shared(pendings, |pending| &pending.categories))?;
    merge.topics(&shared(pendings, |pending| &pending.topics))?;
    merge.venues(&shared(pendings, |pending| &pending.venues))?;
    merge.members(&members(pendings))?;
    merge.groups(&shared(pendings, |pending| &pending.groups))?;
    merge.events(&shared(pendings, |pending| &pending.events))?;
    merge.rsvps(pendings);
    merge.photos(&shared(pendings, |pending| &pending.photos))?;
    merge.comments(&shared(pendings, |pending| &pending.comments))?;
    let merged = &mut merge.merged;
    for pending in pendings {
        merged
            .rows
            .rsvp_versions
            .extend_from_slice(&pending.versions);
    }
    Ok(merge.merged)
}

/// What all partitions have told of things of one kind, in the order of their ids.
fn shared<Id, T>(
    pendings: &[&Pending],
    of: impl Fn(&Pending) -> &Map<Id, Tales<T>>,
) -> BTreeMap<Id, Tales<T>>
where
    Id: Clone + Ord,
    T: MergeFacts + Clone + Default,
{
    let mut all: BTreeMap<Id, Tales<T>> = BTreeMap::new();
    for pending in pendings {
        for (id, tales) in of(pending) {
            all.entry(id.clone()).or_default().merge(tales.clone());
        }
    }
    all
}

fn members(pendings: &[&Pending]) -> BTreeMap<i64, MemberTold> {
    let mut all: BTreeMap<i64, MemberTold> = BTreeMap::new();
    for (id, told) in pendings.iter().flat_map(|pending| &pending.members) {
        match all.entry(*id) {
            std::collections::btree_map::Entry::Occupied(known) => {
                known.into_mut().merge(told.clone());
            }
            std::collections::btree_map::Entry::Vacant(free) => {
                free.insert(told.clone());
            }
        }
    }
    all
}

struct Merge<'a> {
    index: &'a TablesIndex,
    number: u32,
    write: Option<&'a mut IndexBatch>,
    merged: Merged,
}

impl Merge<'_> {
    /// Merges things of one kind. `row` makes the row of one; `push` takes it.
    fn things<Id, T, R>(
        &mut self,
        thing: Thing,
        table: LakeTable,
        told: &BTreeMap<Id, Tales<T>>,
        row: impl Fn(&Id, &Tales<T>) -> R,
        push: impl Fn(&mut TableRows, R),
    ) -> Result<()>
    where
        Id: ThingId,
        T: MergeFacts + Clone + Default + PartialEq + Serialize + DeserializeOwned,
        R: PartialEq,
    {
        for (id, tales) in told {
            let stored: Option<StoredThing<Tales<T>>> = self.index.thing(thing, id)?;
            let (old, mut all, topics) = match stored {
                Some(stored) => (Some(stored.batch), stored.told, stored.topics),
                None => (None, Tales::default(), Vec::new()),
            };
            let before = old.map(|_| row(id, &all));
            if !all.merge(tales.clone()) && old.is_some() {
                continue;
            }
            let after = row(id, &all);
            let is_same = before.as_ref() == Some(&after);
            let batch = old.filter(|_| is_same).unwrap_or(self.number);
            if let Some(write) = &mut self.write {
                write.put_thing(
                    self.index,
                    thing,
                    id,
                    &StoredThing {
                        batch,
                        told: all,
                        topics,
                    },
                );
            }
            if !is_same {
                push(&mut self.merged.rows, after);
                self.merged.replaced.entry(table).or_default().push(old);
            }
        }
        Ok(())
    }

    fn categories(&mut self, told: &BTreeMap<i64, Tales<CategoryFacts>>) -> Result<()> {
        let row = |id: &i64, tales: &Tales<CategoryFacts>| {
            let (_, facts) = tales.sum();
            Category {
                category_id: *id,
                name: facts.name,
                shortname: facts.shortname,
            }
        };
        self.things(
            Thing::Categories,
            LakeTable::Categories,
            told,
            row,
            |rows, row| rows.categories.push(row),
        )
    }

    fn topics(&mut self, told: &BTreeMap<Arc<str>, Tales<TopicFacts>>) -> Result<()> {
        let row = |urlkey: &Arc<str>, tales: &Tales<TopicFacts>| {
            let (_, facts) = tales.sum();
            Topic {
                urlkey: Arc::clone(urlkey),
                name: facts.name.unwrap_or_else(|| Arc::clone(urlkey)),
            }
        };
        self.things(Thing::Topics, LakeTable::Topics, told, row, |rows, row| {
            rows.topics.push(row)
        })
    }

    fn venues(&mut self, told: &BTreeMap<i64, Tales<VenueFacts>>) -> Result<()> {
        let row = |id: &i64, tales: &Tales<VenueFacts>| {
            let (version, facts) = tales.sum();
            Venue {
                venue_id: *id,
                name: facts.name,
                lat: facts.lat,
                lon: facts.lon,
                address: facts.address,
                city: facts.city,
                state: facts.state,
                country: facts.country,
                mtime: Time(version.time()),
            }
        };
        self.things(Thing::Venues, LakeTable::Venues, told, row, |rows, row| {
            rows.venues.push(row)
        })
    }

    fn events(&mut self, told: &BTreeMap<Arc<str>, Tales<EventFacts>>) -> Result<()> {
        let row = |id: &Arc<str>, tales: &Tales<EventFacts>| {
            let (version, facts) = tales.sum();
            Event {
                event_id: Arc::clone(id),
                group_id: facts.group,
                venue_id: facts.venue.flatten(),
                name: facts.name,
                url: facts.url,
                time: facts.time,
                utc_offset: facts.utc_offset,
                duration: facts.duration,
                status: facts.status,
                visibility: facts.visibility,
                description: facts.description,
                rsvp_limit: facts.rsvp_limit,
                yes_rsvp_count: facts.yes_rsvp_count,
                fee: facts.fee,
                mtime: time_of(version),
            }
        };
        self.things(Thing::Events, LakeTable::Events, told, row, |rows, row| {
            rows.events.push(row)
        })
    }

    fn photos(&mut self, told: &BTreeMap<Arc<str>, Tales<PhotoFacts>>) -> Result<()> {
        let row = |id: &Arc<str>, tales: &Tales<PhotoFacts>| {
            let (version, facts) = tales.sum();
            Photo {
                photo_id: Arc::clone(id),
                event_id: facts.event,
                member_id: facts.member,
                time: facts.time,
                caption: facts.caption,
                link: facts.link,
                highres_link: facts.highres_link,
                thumb_link: facts.thumb_link,
                status: facts.status,
                mtime: Time(version.time()),
            }
        };
        self.things(Thing::Photos, LakeTable::Photos, told, row, |rows, row| {
            rows.photos.push(row)
        })
    }

    fn comments(&mut self, told: &BTreeMap<Arc<str>, Tales<CommentFacts>>) -> Result<()> {
        let row = |id: &Arc<str>, tales: &Tales<CommentFacts>| {
            let (version, facts) = tales.sum();
            Comment {
                comment_id: Arc::clone(id),
                event_id: facts.event,
                member_id: facts.member,
                time: Time(version.time()),
                comment: facts.comment,
                in_reply_to: facts.in_reply_to,
                status: facts.status,
            }
        };
        self.things(
            Thing::Comments,
            LakeTable::Comments,
            told,
            row,
            |rows, row| rows.comments.push(row),
        )
    }

    fn members(&mut self, told: &BTreeMap<i64, MemberTold>) -> Result<()> {
        for (id, told) in told {
            let stored: Option<StoredThing<MemberTold>> = self.index.thing(Thing::Members, id)?;
            let old = stored.as_ref().map(|stored| stored.batch);
            let all = match stored {
                Some(mut stored) => {
                    if !stored.told.merge(told.clone()) {
                        continue;
                    }
                    stored.told
                }
                None => told.clone(),
            };
            let facts = all
                .tales
                .as_ref()
                .map(|tales| tales.sum().1)
                .unwrap_or_default();
            let (first_seen, last_seen) = (Time(all.first), Time(all.last));
            let row = Member {
                member_id: *id,
                first_seen,
                last_seen,
                name: facts.name,
                photo: facts.photo,
            };
            self.merged.rows.members.push(row);
            self.merged
                .replaced
                .entry(LakeTable::Members)
                .or_default()
                .push(old);
            if let Some(write) = &mut self.write {
                let stored = StoredThing {
                    batch: self.number,
                    told: all,
                    topics: Vec::new(),
                };
                write.put_thing(self.index, Thing::Members, id, &stored);
            }
        }
        Ok(())
    }

    fn groups(&mut self, told: &BTreeMap<i64, Tales<GroupFacts>>) -> Result<()> {
        for (id, tales) in told {
            let stored: Option<StoredThing<Tales<GroupFacts>>> =
                self.index.thing(Thing::Groups, id)?;
            let (old, mut all, old_topics) = match stored {
                Some(stored) => (Some(stored.batch), stored.told, stored.topics),
                None => (None, Tales::default(), Vec::new()),
            };
            let before = old.map(|_| group_row(*id, &all).0);
            if !all.merge(tales.clone()) && old.is_some() {
                continue;
            }
            let (after, topics) = group_row(*id, &all);
            let topics = self.group_topics(*id, old_topics, topics);
            let is_same = before.as_ref() == Some(&after);
            let batch = old.filter(|_| is_same).unwrap_or(self.number);
            if let Some(write) = &mut self.write {
                write.put_thing(
                    self.index,
                    Thing::Groups,
                    id,
                    &StoredThing {
                        batch,
                        told: all,
                        topics,
                    },
                );
            }
            if !is_same {
                self.merged.rows.groups.push(after);
                self.merged
                    .replaced
                    .entry(LakeTable::Groups)
                    .or_default()
                    .push(old);
            }
        }
        Ok(())
    }

    /// Takes the topics that a group has now, and returns each with the batch it was written with.
    fn group_topics(
        &mut self,
        group_id: i64,
        old: Vec<(Arc<str>, u32)>,
        mut now: Vec<Arc<str>>,
    ) -> Vec<(Arc<str>, u32)> {
        now.sort();
        let mut kept = Vec::with_capacity(now.len());
        for (urlkey, batch) in old {
            if let Ok(at) = now.binary_search(&urlkey) {
                now.remove(at);
                kept.push((urlkey, batch));
            } else {
                self.merged.gone.push(GroupTopic { group_id, urlkey });
                self.merged.gone_from.push(batch);
            }
        }
        for urlkey in now {
            kept.push((Arc::clone(&urlkey), self.number));
            self.merged
                .rows
                .group_topics
                .push(GroupTopic { group_id, urlkey });
        }
        kept
    }

    fn rsvps(&mut self, pendings: &[&Pending]) {
        let mut all: Vec<(&RsvpKey, &PendingRsvp)> = pendings
            .iter()
            .flat_map(|pending| pending.rsvps.iter())
            .collect();
        // Neighbours compress well, and a file's statistics say which events it holds.
        all.sort_unstable_by_key(|(key, _)| *key);
        for (key, pending) in all {
            if let Some(write) = &mut self.write {
                for &rank in &pending.others {
                    write.put_version(self.index, key, rank);
                }
            }
            let Some(winner) = &pending.winner else {
                continue;
            };
            self.merged.rows.rsvps.push(Rsvp {
                event_id: Arc::clone(&key.event),
                rsvp_id: key.id.cast_signed(),
                member_id: winner.member,
                response: Arc::clone(&winner.response),
                guests: i32::from(winner.guests),
                visibility: winner.visibility.clone(),
                mtime: Time(winner.rank.0.time()),
                received_at: winner.received,
            });
            let old = pending.stored.map(|stored| stored.batch);
            self.merged
                .replaced
                .entry(LakeTable::Rsvps)
                .or_default()
                .push(old);
            if let Some(write) = &mut self.write {
                write.put_winner(
                    self.index,
                    key,
                    StoredWinner {
                        rank: winner.rank,
                        batch: self.number,
                    },
                );
            }
        }
    }
}

/// The row of a group, and the urlkeys of its topics.
fn group_row(id: i64, tales: &Tales<GroupFacts>) -> (Group, Vec<Arc<str>>) {
    let (version, facts) = tales.sum();
    let group = Group {
        group_id: id,
        name: facts.name,
        urlname: facts.urlname,
        city: facts.city,
        state: facts.state,
        country: facts.country,
        lat: facts.lat,
        lon: facts.lon,
        join_mode: facts.join_mode,
        category_id: facts.category,
        mtime: Time(version.time()),
    };
    (group, facts.topics.map(Vec::from).unwrap_or_default())
}
