//! Events as lines of JSON, in the shape of Meetup's REST answers: what `train --labelled` and `predict` read.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use headcount_learn::{LabelledEvent, Spot};
use serde::{Deserialize, de::IgnoredAny};

/// The longest line that is read, in bytes: descriptions have some 50 KB at most.
const LINE_BYTES_MAX: u64 = 16 << 20;

/// A line of the input.
#[derive(Debug)]
pub struct LabelledLine {
    /// Its number, from 1.
    pub number: u64,
    /// The event, or why the line is not one.
    pub event: std::result::Result<LabelledEvent, String>,
}

/// The lines of a file or pipe, gzipped or not. Empty lines are passed over.
pub struct LabelledLines {
    input: Box<dyn BufRead>,
    number: u64,
    line: Vec<u8>,
}

impl LabelledLines {
    /// Reads lines from `input`.
    ///
    /// # Errors
    /// When the first bytes cannot be read.
    pub fn new(input: impl Read + 'static) -> io::Result<Self> {
        let mut input = BufReader::with_capacity(1 << 16, input);
        let is_gzip = input.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        let input: Box<dyn BufRead> = if is_gzip {
            Box::new(BufReader::with_capacity(
                1 << 16,
                MultiGzDecoder::new(input),
            ))
        } else {
            Box::new(input)
        };
        Ok(Self {
            input,
            number: 0,
            line: Vec::new(),
        })
    }

    /// Reads one line without its end; nothing at the end of the input.
    fn read_line(&mut self) -> io::Result<bool> {
        self.line.clear();
        let read = (&mut self.input)
            .take(LINE_BYTES_MAX + 1)
            .read_until(b'\n', &mut self.line)?;
        self.number += u64::from(read > 0);
        if read as u64 > LINE_BYTES_MAX {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("line {} is longer than {LINE_BYTES_MAX} bytes", self.number),
            ));
        }
        Ok(read > 0)
    }
}

impl Iterator for LabelledLines {
    type Item = io::Result<LabelledLine>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.read_line() {
                Err(error) => return Some(Err(error)),
                Ok(false) => return None,
                Ok(true) if self.line.trim_ascii().is_empty() => {}
                Ok(true) => {
                    let event = event_of(&self.line);
                    return Some(Ok(LabelledLine {
                        number: self.number,
                        event,
                    }));
                }
            }
        }
    }
}

/// The event that a line of JSON tells of. Any key but `id` may be missing or null; keys that are not known are passed over.
fn event_of(line: &[u8]) -> std::result::Result<LabelledEvent, String> {
    let told: ToldEvent = serde_json::from_slice(line).map_err(|cause| cause.to_string())?;
    let id = told.id.ok_or("the key id is missing")?.0;
    let group = told.group.unwrap_or_default();
    let venue = told.venue.unwrap_or_default();
    Ok(LabelledEvent {
        id,
        name: told.name.unwrap_or_default(),
        description: told.description.unwrap_or_default(),
        time: told.time,
        utc_offset: told.utc_offset,
        created: told.created,
        rsvp_limit: told.rsvp_limit,
        waitlist_count: told.waitlist_count,
        yes_rsvp_count: told.yes_rsvp_count,
        paid: Some(told.fee.is_some()),
        venue: spot(venue.lat, venue.lon),
        group_id: group.id,
        category: group.category.and_then(|category| category.shortname),
        city: group.city,
        country: group.country.map(|country| country.to_lowercase()),
        members: group.members,
        topics: group
            .topics
            .unwrap_or_default()
            .into_iter()
            .filter_map(|topic| topic.urlkey)
            .collect(),
    })
}

fn spot(lat: Option<f64>, lon: Option<f64>) -> Option<Spot> {
    let (lat, lon) = (lat?, lon?);
    let is_on_globe = (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lon);
    is_on_globe.then_some(Spot { lat, lon })
}

#[derive(Deserialize)]
struct ToldEvent {
    id: Option<ToldId>,
    name: Option<String>,
    description: Option<String>,
    time: Option<i64>,
    utc_offset: Option<i64>,
    created: Option<i64>,
    rsvp_limit: Option<u32>,
    waitlist_count: Option<u32>,
    yes_rsvp_count: Option<u32>,
    fee: Option<IgnoredAny>,
    venue: Option<ToldVenue>,
    group: Option<ToldGroup>,
}

/// Ids come as text and as numbers.
#[derive(Deserialize)]
#[serde(from = "TextOrNumber")]
struct ToldId(String);

#[derive(Deserialize)]
#[serde(untagged)]
enum TextOrNumber {
    Text(String),
    Number(u64),
}

impl From<TextOrNumber> for ToldId {
    fn from(id: TextOrNumber) -> Self {
        Self(match id {
            TextOrNumber::Text(text) => text,
            TextOrNumber::Number(number) => number.to_string(),
        })
    }
}

#[derive(Default, Deserialize)]
struct ToldVenue {
    lat: Option<f64>,
    lon: Option<f64>,
}

#[derive(Default, Deserialize)]
struct ToldGroup {
    id: Option<i64>,
    city: Option<String>,
    country: Option<String>,
    members: Option<u32>,
    category: Option<ToldCategory>,
    topics: Option<Vec<ToldTopic>>,
}

#[derive(Deserialize)]
struct ToldCategory {
    shortname: Option<String>,
}

#[derive(Deserialize)]
struct ToldTopic {
    urlkey: Option<String>,
}
