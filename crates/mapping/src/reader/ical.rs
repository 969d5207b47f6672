//! Calendars of RFC 5545, as JSON: a record for each event, and one for each attendee in it.
//!
//! Values stand as they are written, but for escapes. What is of no event, such as alarms and time zones, is passed over.

use std::{
    collections::VecDeque,
    io::{self, BufRead, BufReader, Read},
};

use serde_json::{Map, Value};

/// Bytes of a line, unfolded.
const LINE_BYTES_MAX: usize = 1 << 20;

/// The events and attendees of calendars, each a line of JSON.
pub(super) struct CalendarRecords<R> {
    source: BufReader<R>,
    /// A line that has been read and may go on.
    next: Option<String>,
    /// What the calendar says of itself.
    calendar: Map<String, Value>,
    event: Option<CalendarEvent>,
    /// Components within an event, such as alarms.
    inner: usize,
    ready: VecDeque<u8>,
}

#[derive(Default)]
struct CalendarEvent {
    properties: Map<String, Value>,
    attendees: Vec<Map<String, Value>>,
}

/// A content line: a name, parameters and a value.
struct ContentLine {
    name: String,
    parameters: Vec<(String, String)>,
    value: String,
}

impl<R: Read> CalendarRecords<R> {
    pub(super) fn new(source: R) -> Self {
        Self {
            source: BufReader::new(source),
            next: None,
            calendar: Map::new(),
            event: None,
            inner: 0,
            ready: VecDeque::new(),
        }
    }

    /// The next line with those that it is folded into.
    fn line(&mut self) -> io::Result<Option<String>> {
        let Some(mut line) = self
            .next
            .take()
            .map_or_else(|| self.physical(), |it| Ok(Some(it)))?
        else {
            return Ok(None);
        };
        while let Some(more) = self.physical()? {
            let Some(rest) = more.strip_prefix([' ', '\t']) else {
                self.next = Some(more);
                break;
            };
            line.push_str(rest);
            if line.len() > LINE_BYTES_MAX {
                let problem = "a line of the calendar has more than 1 MiB";
                return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
            }
        }
        Ok(Some(line))
    }

    fn physical(&mut self) -> io::Result<Option<String>> {
        let mut bytes = Vec::new();
        let limit = LINE_BYTES_MAX as u64 + 2;
        if (&mut self.source)
            .take(limit)
            .read_until(b'\n', &mut bytes)?
            == 0
        {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_start_matches('\u{feff}');
        Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
    }

    fn take(&mut self, line: ContentLine) -> io::Result<()> {
        match (&*line.name, &*line.value.to_uppercase()) {
            ("begin", "VCALENDAR") => self.calendar.clear(),
            ("begin", "VEVENT") if self.event.is_none() => {
                self.event = Some(CalendarEvent::default())
            }
            ("begin", _) => self.inner += 1,
            ("end", "VEVENT") if self.inner == 0 => self.end_event()?,
            ("end", "VCALENDAR") => self.inner = 0,
            ("end", _) => self.inner = self.inner.saturating_sub(1),
            _ if self.inner > 0 => {}
            _ => match &mut self.event {
                None if matches!(&*line.name, "method" | "x-wr-calname") => {
                    self.calendar.insert(line.name, Value::String(line.value));
                }
                None => {}
                Some(event) => event.take(line),
            },
        }
        Ok(())
    }

    fn end_event(&mut self) -> io::Result<()> {
        let Some(CalendarEvent {
            mut properties,
            attendees,
        }) = self.event.take()
        else {
            return Ok(());
        };
        let text = |name: &str| properties.get(name).and_then(Value::as_str);
        let uid = text("uid").unwrap_or_default();
        // An instance of a series that differs from the others is an event of its own.
        let id = match text("recurrence-id") {
            Some(instance) => format!("{uid}/{instance}"),
            None => uid.to_owned(),
        };
        properties.insert("id".to_owned(), Value::String(id));
        properties.insert("method".to_owned(), Value::String("none".to_owned()));
        properties.extend(self.calendar.clone());
        let shared = [
            "id",
            "uid",
            "method",
            "dtstamp",
            "last-modified",
            "created",
            "sequence",
        ];
        for mut attendee in attendees {
            let shared = shared
                .iter()
                .filter_map(|name| properties.get_key_value(*name));
            attendee.extend(shared.map(|(name, value)| (name.clone(), value.clone())));
            self.write(&attendee)?;
        }
        self.write(&properties)
    }

    fn write(&mut self, record: &Map<String, Value>) -> io::Result<()> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        self.ready.extend(line);
        Ok(())
    }
}

impl CalendarEvent {
    fn take(&mut self, line: ContentLine) {
        let ContentLine {
            name,
            parameters,
            value,
        } = line;
        match &*name {
            "attendee" => {
                let parameters = parameters.into_iter();
                let mut attendee: Map<_, _> = parameters
                    .map(|(name, value)| (name, Value::String(value)))
                    .collect();
                attendee.insert(name, Value::String(value.to_lowercase()));
                attendee
                    .entry("partstat")
                    .or_insert_with(|| Value::String("NEEDS-ACTION".to_owned()));
                self.attendees.push(attendee);
            }
            "categories" => {
                let known = self
                    .properties
                    .entry(name)
                    .or_insert_with(|| Value::Array(Vec::new()));
                if let Value::Array(known) = known {
                    known.extend(
                        value
                            .split(',')
                            .map(|it| Value::String(it.trim().to_owned())),
                    );
                }
            }
            "geo" => {
                if let Some((lat, lon)) = value.split_once(';') {
                    self.properties.insert("lat".to_owned(), lat.into());
                    self.properties.insert("lon".to_owned(), lon.into());
                }
            }
            _ => {
                self.properties.insert(name, Value::String(value));
            }
        }
    }
}

impl ContentLine {
    /// A line that is none is passed over: calendars have lines of their makers' own.
    fn parse(line: &str) -> Option<Self> {
        let (mut head, mut quoted) = (line.len(), false);
        for (at, letter) in line.char_indices() {
            match letter {
                '"' => quoted = !quoted,
                ':' if !quoted => {
                    head = at;
                    break;
                }
                _ => {}
            }
        }
        let (head, value) = (&line[..head], line.get(head + 1..)?);
        let mut parts = split_unquoted(head);
        let name = parts.remove(0).to_lowercase();
        let parameters = parts.into_iter().filter_map(|part| {
            let (name, value) = part.split_once('=')?;
            Some((name.to_lowercase(), value.trim_matches('"').to_owned()))
        });
        Some(Self {
            name,
            parameters: parameters.collect(),
            value: unescape(value),
        })
    }
}

/// The parts between semicolons that are not in quotes.
fn split_unquoted(text: &str) -> Vec<&str> {
    let (mut parts, mut from, mut quoted) = (Vec::new(), 0, false);
    for (at, letter) in text.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            ';' if !quoted => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts
}

fn unescape(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('n' | 'N') => text.push('\n'),
                Some(other) => text.push(other),
                None => {}
            },
            other => text.push(other),
        }
    }
    text
}

impl<R: Read> Read for CalendarRecords<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.ready.is_empty() {
            let Some(line) = self.line()? else {
                return Ok(0);
            };
            if let Some(line) = ContentLine::parse(&line) {
                self.take(line)?;
            }
        }
        self.ready.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_and_its_attendees_are_records() {
        let calendar = "BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nBEGIN:VEVENT\r\nUID:u1\r\nRECURRENCE-ID:20261201T180000Z\r\n\
            DTSTAMP:20261121T070000Z\r\nSUMMARY;LANGUAGE=en:Tea\\, and\r\n  data\r\nATTENDEE;CN=\"Ann; B:\";PARTSTAT=\r\n \
            ACCEPTED:MAILTO:Ann@x\r\nBEGIN:VALARM\r\nSUMMARY:no\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        let mut lines = String::new();
        let read = CalendarRecords::new(calendar.as_bytes()).read_to_string(&mut lines);
        read.expect("a calendar");
        let records: Vec<Value> = lines
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        let [attendee, event] = &records[..] else {
            panic!("{records:?}");
        };
        assert_eq!(attendee["attendee"], "mailto:ann@x");
        assert_eq!(
            (&attendee["partstat"], &attendee["cn"]),
            (&json!("ACCEPTED"), &json!("Ann; B:"))
        );
        for record in [attendee, event] {
            assert_eq!(record["id"], "u1/20261201T180000Z");
            assert_eq!(record["method"], "REPLY");
        }
        assert_eq!(event["summary"], "Tea, and data");
    }
}
