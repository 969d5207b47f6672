//! What a partition has told since the tables were last written.

use std::{collections::HashMap, sync::Arc};

use foldhash::fast::RandomState;

use super::{
    facts::{
        CategoryFacts, CommentFacts, EventFacts, GroupFacts, MemberTold, PhotoFacts, Tales,
        TopicFacts, VenueFacts,
    },
    winner::{PendingRsvp, RsvpKey},
};
use crate::model::RsvpVersion;

pub(crate) type Map<K, V> = HashMap<K, V, RandomState>;

/// Everything told and not yet in the tables.
#[derive(Default)]
pub(crate) struct Pending {
    pub(crate) rsvps: Map<RsvpKey, PendingRsvp>,
    pub(crate) versions: Vec<RsvpVersion>,
    pub(crate) events: Map<Arc<str>, Tales<EventFacts>>,
    pub(crate) groups: Map<i64, Tales<GroupFacts>>,
    pub(crate) venues: Map<i64, Tales<VenueFacts>>,
    pub(crate) topics: Map<Arc<str>, Tales<TopicFacts>>,
    pub(crate) categories: Map<i64, Tales<CategoryFacts>>,
    pub(crate) members: Map<i64, MemberTold>,
    pub(crate) photos: Map<Arc<str>, Tales<PhotoFacts>>,
    pub(crate) comments: Map<Arc<str>, Tales<CommentFacts>>,
    /// Bytes of texts in it that nothing else holds, such as descriptions.
    pub(crate) text_bytes: usize,
}

impl Pending {
    /// About how many bytes it takes: the tables are written before that is too much.
    pub(crate) fn bytes(&self) -> usize {
        let answers = self.rsvps.len() * 160 + self.versions.len() * 144;
        let things = self.events.len() * 320 + self.groups.len() * 400 + self.venues.len() * 320;
        let people = self.members.len() * 64 + self.topics.len() * 200;
        answers + things + people + self.text_bytes
    }

    pub(crate) fn tell_member(&mut self, id: i64, told: MemberTold) {
        match self.members.entry(id) {
            std::collections::hash_map::Entry::Occupied(known) => {
                known.into_mut().merge(told);
            }
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(told);
            }
        }
    }
}
