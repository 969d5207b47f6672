//! What a rule finds in a record or an item of it.

use headcount_record::{
    GUESTS_MAX, ID_BYTES_MAX, Mapped, MappedAnswer, MappedEvent, MappedFacts, MappedGroup,
    MappedLine, MappedVenue, MappedVersion, Masking, Reason, Response, TIME_END, TIME_MIN, Version,
};

use crate::{
    path::RecordPlace,
    rule::{AnswerFields, FactsFields, Finds, GroupFields, Rule, VenueFields, VersionFields},
    value::FieldRule,
};

/// The word for an answer that is taken back.
pub(crate) const WITHDRAWN: &str = "withdrawn";
/// The word for an account that has ended; the other one is [`ACTIVE`].
pub(crate) const ENDED: &str = "ended";
/// The word for an account that is there, or is back.
pub(crate) const ACTIVE: &str = "active";
/// Labels that a group has at most.
const LABELS_MAX: usize = 100;

impl Rule {
    /// What it finds at a place.
    pub(crate) fn find(
        &self,
        place: RecordPlace<'_>,
        masking: &Masking,
    ) -> Result<MappedLine, Reason> {
        let mut at = self.version.of(place)?;
        let what = match &self.finds {
            Finds::Answer(fields) => fields.find(place, masking)?,
            Finds::Event(fields) => Mapped::Event(fields.find(place)?),
            Finds::Withdrawal { identity } => Mapped::Withdrawal {
                id: concealed(identity, place, masking)?,
            },
            Finds::Account { person, state } => {
                if at.sequence == 0 {
                    // It comes after everything of its millisecond.
                    at.sequence = Version::SEQUENCE_END - 1;
                }
                Mapped::Account {
                    person: id(person, place, "person")?,
                    ended: match &*state.needed(place, "state")? {
                        ENDED => true,
                        ACTIVE => false,
                        _ => return Err(Reason::UnknownEnum("state")),
                    },
                }
            }
            Finds::Other { identity, status } => Mapped::Other {
                id: concealed(identity, place, masking)?,
                status: optional(status.as_ref(), place, "status")?,
            },
        };
        Ok(MappedLine::new(at, what))
    }
}

impl VersionFields {
    fn of(&self, place: RecordPlace<'_>) -> Result<MappedVersion, Reason> {
        let time = match &self.time {
            Some(time) => Some(
                time.moment(place, "version")?
                    .ok_or(Reason::MissingField("version"))?,
            ),
            None => None,
        };
        let sequence = match &self.sequence {
            Some(sequence) => Some(
                sequence
                    .whole(place, "sequence")?
                    .ok_or(Reason::MissingField("sequence"))?,
            ),
            None => None,
        };
        let live = self.live;
        let end = u64::from(Version::SEQUENCE_END);
        let (time, sequence, live) = match (time, sequence) {
            (Some(time), None) => (time.ms, time.rest, live),
            (Some(time), Some(sequence)) if sequence < end => (time.ms, sequence as u32, live),
            // A number alone orders records without saying when they were: all are of the first moments of 2000, and none
            // is live.
            (None, Some(sequence)) => {
                let (high, low) = (sequence / end, sequence % end);
                let time = i64::try_from(high).ok().map(|high| high + TIME_MIN);
                let time = time.filter(|&time| time < TIME_END);
                (time.ok_or(Reason::Range("sequence"))?, low as u32, false)
            }
            (_, Some(_)) => return Err(Reason::Range("sequence")),
            (None, None) => return Err(Reason::MissingField("version")),
        };
        Ok(MappedVersion {
            time,
            sequence,
            live,
        })
    }
}

impl AnswerFields {
    fn find(&self, place: RecordPlace<'_>, masking: &Masking) -> Result<Mapped, Reason> {
        let id_of_answer = concealed(&self.identity, place, masking)?;
        let response = match &*self.answer.needed(place, "answer")? {
            WITHDRAWN => return Ok(Mapped::Withdrawal { id: id_of_answer }),
            word => Response::ALL
                .into_iter()
                .find(|response| response.name() == word)
                .ok_or(Reason::UnknownEnum("answer"))?,
        };
        let guests = match &self.guests {
            Some(guests) => guests.whole(place, "guests")?.unwrap_or(0),
            None => 0,
        };
        let guests = u16::try_from(guests).ok().filter(|it| *it <= GUESTS_MAX);
        let guests = guests.ok_or(Reason::Range("guests"))?;
        Ok(Mapped::Answer(MappedAnswer {
            id: id_of_answer,
            person: id(&self.person, place, "person")?,
            response,
            // Who does not come brings nobody.
            guests: if response == Response::Yes { guests } else { 0 },
            facts: self.facts.find(place)?,
        }))
    }
}

impl FactsFields {
    fn find(&self, place: RecordPlace<'_>) -> Result<MappedFacts, Reason> {
        let time = match &self.time {
            Some(time) => time.moment(place, "event.time")?,
            None => None,
        };
        let group = match &self.group {
            Some(group) => group.find(place)?,
            None => None,
        };
        let venue = match &self.venue {
            Some(venue) => venue.find(place)?,
            None => None,
        };
        Ok(MappedFacts {
            event: MappedEvent {
                id: id(&self.event, place, "event.id")?,
                name: optional(self.name.as_ref(), place, "event.name")?,
                url: optional(self.url.as_ref(), place, "event.url")?,
                time: time.map(|time| time.ms),
            },
            group,
            venue,
        })
    }
}

impl GroupFields {
    /// The group, if its id is there.
    fn find(&self, place: RecordPlace<'_>) -> Result<Option<MappedGroup>, Reason> {
        let Some(id) = self.id.text(place, "group.id")? else {
            return Ok(None);
        };
        let country = optional(self.country.as_ref(), place, "group.country")?;
        let country = country.map(|it| it.trim().to_ascii_lowercase());
        // What is no code of a country is none: the events of a stream that people write by hand must not be lost by it.
        let is_code =
            |it: &String| it.len() == 2 && it.bytes().all(|byte| byte.is_ascii_lowercase());
        let mut labels = Vec::new();
        if let Some(field) = &self.labels {
            for label in field.list(place, "labels")? {
                let label = crate::value::scalar(&label).ok_or(Reason::BadType("labels"))?;
                labels.push(label.trim().to_owned());
            }
            labels.retain(|label| !label.is_empty());
            if labels.len() > LABELS_MAX {
                return Err(Reason::Range("labels"));
            }
        }
        Ok(Some(MappedGroup {
            id,
            name: optional(self.name.as_ref(), place, "group.name")?,
            city: optional(self.city.as_ref(), place, "group.city")?,
            state: optional(self.state.as_ref(), place, "group.state")?,
            country: country.filter(is_code),
            lat: degrees(self.lat.as_ref(), place, "group.lat")?,
            lon: degrees(self.lon.as_ref(), place, "group.lon")?,
            labels,
        }))
    }
}

impl VenueFields {
    /// The venue, if anything of it is there.
    fn find(&self, place: RecordPlace<'_>) -> Result<Option<MappedVenue>, Reason> {
        let venue = MappedVenue {
            id: optional(self.id.as_ref(), place, "venue.id")?,
            name: optional(self.name.as_ref(), place, "venue.name")?,
            lat: degrees(self.lat.as_ref(), place, "venue.lat")?,
            lon: degrees(self.lon.as_ref(), place, "venue.lon")?,
        };
        Ok((venue != MappedVenue::default()).then_some(venue))
    }
}

fn id(field: &FieldRule, place: RecordPlace<'_>, name: &'static str) -> Result<String, Reason> {
    let id = field.needed(place, name)?;
    (id.len() <= ID_BYTES_MAX)
        .then_some(id)
        .ok_or(Reason::Range(name))
}

/// The id of an answer. A person may stand in it, so it is kept as its hash where people are masked.
fn concealed(
    field: &FieldRule,
    place: RecordPlace<'_>,
    masking: &Masking,
) -> Result<String, Reason> {
    let id = id(field, place, "identity")?;
    Ok(match masking.key() {
        Some(people) => people.conceal(&id),
        None => id,
    })
}

fn optional(
    field: Option<&FieldRule>,
    place: RecordPlace<'_>,
    name: &'static str,
) -> Result<Option<String>, Reason> {
    field.map_or(Ok(None), |field| field.text(place, name))
}

fn degrees(
    field: Option<&FieldRule>,
    place: RecordPlace<'_>,
    name: &'static str,
) -> Result<Option<f64>, Reason> {
    field.map_or(Ok(None), |field| field.degrees(place, name))
}
