//! A rule: which records it reads, and where in them everything stands.

use headcount_record::Allowed;
use serde_json::Value;

use crate::{
    path::{Path, RecordPlace},
    value::{FieldRule, scalar},
};

/// A rule of a mapping.
#[derive(Debug)]
pub(crate) struct Rule {
    /// All conditions of one of these lists have to hold.
    pub(crate) when: Vec<Vec<RecordCondition>>,
    /// The list whose items are read, if it is not the record itself.
    pub(crate) each: Option<FieldRule>,
    pub(crate) version: VersionFields,
    pub(crate) finds: Finds,
    /// What may stay of the record that it reads.
    pub(crate) allowed: &'static Allowed,
}

/// What must be true of a record.
#[derive(Debug)]
pub(crate) struct RecordCondition {
    pub(crate) path: Path,
    pub(crate) is: Is,
}

#[derive(Debug)]
pub(crate) enum Is {
    There,
    Absent,
    /// One of these; one that ends with `*` is how the text begins.
    OneOf(Vec<String>),
}

/// How the version of what is found is made.
#[derive(Debug)]
pub(crate) struct VersionFields {
    pub(crate) time: Option<FieldRule>,
    pub(crate) sequence: Option<FieldRule>,
    pub(crate) live: bool,
}

/// What a rule finds.
#[derive(Debug)]
pub(crate) enum Finds {
    Answer(Box<AnswerFields>),
    Event(Box<FactsFields>),
    Withdrawal {
        identity: FieldRule,
    },
    Account {
        person: FieldRule,
        state: FieldRule,
    },
    Other {
        identity: FieldRule,
        status: Option<FieldRule>,
    },
}

#[derive(Debug)]
pub(crate) struct AnswerFields {
    pub(crate) identity: FieldRule,
    pub(crate) person: FieldRule,
    pub(crate) answer: FieldRule,
    pub(crate) guests: Option<FieldRule>,
    pub(crate) facts: FactsFields,
}

#[derive(Debug)]
pub(crate) struct FactsFields {
    pub(crate) event: FieldRule,
    pub(crate) name: Option<FieldRule>,
    pub(crate) url: Option<FieldRule>,
    pub(crate) time: Option<FieldRule>,
    pub(crate) group: Option<GroupFields>,
    pub(crate) venue: Option<VenueFields>,
}

#[derive(Debug)]
pub(crate) struct GroupFields {
    pub(crate) id: FieldRule,
    pub(crate) name: Option<FieldRule>,
    pub(crate) city: Option<FieldRule>,
    pub(crate) state: Option<FieldRule>,
    pub(crate) country: Option<FieldRule>,
    pub(crate) lat: Option<FieldRule>,
    pub(crate) lon: Option<FieldRule>,
    pub(crate) labels: Option<FieldRule>,
}

#[derive(Debug)]
pub(crate) struct VenueFields {
    pub(crate) id: Option<FieldRule>,
    pub(crate) name: Option<FieldRule>,
    pub(crate) lat: Option<FieldRule>,
    pub(crate) lon: Option<FieldRule>,
}

impl Rule {
    /// Whether it reads this record.
    pub(crate) fn fits(&self, record: &Value) -> bool {
        let place = RecordPlace {
            record,
            item: record,
        };
        let all = |conditions: &Vec<RecordCondition>| conditions.iter().all(|it| it.holds(place));
        self.when.is_empty() || self.when.iter().any(all)
    }
}

impl RecordCondition {
    fn holds(&self, place: RecordPlace<'_>) -> bool {
        let value = self.path.of(place);
        match &self.is {
            Is::There => value.is_some(),
            Is::Absent => value.is_none(),
            Is::OneOf(texts) => value.and_then(scalar).is_some_and(|found| {
                texts.iter().any(|text| match text.strip_suffix('*') {
                    Some(begin) => found.starts_with(begin),
                    None => *text == *found,
                })
            }),
        }
    }
}
