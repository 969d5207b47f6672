//! A rule: which records it reads, and where in them everything stands.

use headcount_record::Allowed;
use serde_json::Value;

use crate::{
    path::{Path, Place},
    value::{Field, scalar},
};

/// A rule of a mapping.
#[derive(Debug)]
pub(crate) struct Rule {
    /// All conditions of one of these lists have to hold.
    pub(crate) when: Vec<Vec<Condition>>,
    /// The list whose items are read, if it is not the record itself.
    pub(crate) each: Option<Field>,
    pub(crate) version: VersionFields,
    pub(crate) finds: Finds,
    /// What may stay of the record that it reads.
    pub(crate) allowed: &'static Allowed,
}

/// What must be true of a record.
#[derive(Debug)]
pub(crate) struct Condition {
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
    pub(crate) time: Option<Field>,
    pub(crate) sequence: Option<Field>,
    pub(crate) live: bool,
}

/// What a rule finds.
#[derive(Debug)]
pub(crate) enum Finds {
    Answer(Box<AnswerFields>),
    Event(Box<FactsFields>),
    Withdrawal {
        identity: Field,
    },
    Account {
        person: Field,
        state: Field,
    },
    Other {
        identity: Field,
        status: Option<Field>,
    },
}

#[derive(Debug)]
pub(crate) struct AnswerFields {
    pub(crate) identity: Field,
    pub(crate) person: Field,
    pub(crate) answer: Field,
    pub(crate) guests: Option<Field>,
    pub(crate) facts: FactsFields,
}

#[derive(Debug)]
pub(crate) struct FactsFields {
    pub(crate) event: Field,
    pub(crate) name: Option<Field>,
    pub(crate) url: Option<Field>,
    pub(crate) time: Option<Field>,
    pub(crate) group: Option<GroupFields>,
    pub(crate) venue: Option<VenueFields>,
}

#[derive(Debug)]
pub(crate) struct GroupFields {
    pub(crate) id: Field,
    pub(crate) name: Option<Field>,
    pub(crate) city: Option<Field>,
    pub(crate) state: Option<Field>,
    pub(crate) country: Option<Field>,
    pub(crate) lat: Option<Field>,
    pub(crate) lon: Option<Field>,
    pub(crate) labels: Option<Field>,
}

#[derive(Debug)]
pub(crate) struct VenueFields {
    pub(crate) id: Option<Field>,
    pub(crate) name: Option<Field>,
    pub(crate) lat: Option<Field>,
    pub(crate) lon: Option<Field>,
}

impl Rule {
    /// Whether it reads this record.
    pub(crate) fn fits(&self, record: &Value) -> bool {
        let place = Place {
            record,
            item: record,
        };
        let all = |conditions: &Vec<Condition>| conditions.iter().all(|it| it.holds(place));
        self.when.is_empty() || self.when.iter().any(all)
    }
}

impl Condition {
    fn holds(&self, place: Place<'_>) -> bool {
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
