//! What may stay of a record that a rule reads: what the rule uses, but for people.

use std::collections::BTreeMap;

use headcount_record::Allowed;

use crate::path::{Path, index};

/// What is at the end of a path; of several uses the greatest decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Use {
    /// It identifies an answer. A person may stand in it.
    Identity,
    /// It says what is so.
    Fact,
    /// The mapping keeps it whole.
    Kept,
    /// It is a person.
    Person,
}

/// The paths of a rule, as a tree.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    below: BTreeMap<String, Uses>,
    here: Option<Use>,
}

impl Uses {
    /// Notes that a path is used, seen from the record; `each` leads to the list whose items are read.
    pub(crate) fn add(&mut self, path: &Path, each: &[String], what: Use) {
        let mut at = self;
        if path.from_item {
            for key in each {
                at = at.below.entry(key.clone()).or_default();
            }
        }
        for key in &path.keys {
            at = at.below.entry(key.clone()).or_default();
        }
        at.here = at.here.max(Some(what));
    }

    /// The list that masking goes by. It lives as long as the program: mappings are few, and lists of other schemas do so
    /// too.
    pub(crate) fn leak(self) -> &'static Allowed {
        Box::leak(Box::new(self.into_allowed()))
    }

    fn into_allowed(self) -> Allowed {
        match self.here {
            Some(Use::Person | Use::Identity) if self.below.is_empty() => return Allowed::PersonId,
            Some(Use::Person) => return Allowed::Nothing,
            Some(Use::Kept) => return Allowed::Whole,
            Some(Use::Fact) if self.below.is_empty() => return Allowed::Id,
            _ => {}
        }
        if self.below.is_empty() {
            return Allowed::Unknown;
        }
        // A record has a list or an object there, and the list of what may stay has room for one of them.
        let is_list = self
            .below
            .keys()
            .all(|key| key == ITEM || index(key).is_some());
        if is_list {
            let mut items = Self::default();
            for (_, item) in self.below {
                items.merge(item);
            }
            return Allowed::List(Box::leak(Box::new(items.into_allowed())));
        }
        let keys = self.below.into_iter().filter(|(key, _)| key != ITEM);
        let keys: Vec<(&'static str, Allowed)> = keys
            .map(|(key, below)| (&*key.leak(), below.into_allowed()))
            .collect();
        Allowed::Object(keys.leak())
    }

    fn merge(&mut self, other: Self) {
        self.here = self.here.max(other.here);
        for (key, below) in other.below {
            self.below.entry(key).or_default().merge(below);
        }
    }
}

/// Stands for the items of a list in paths.
pub(crate) const ITEM: &str = "-";
