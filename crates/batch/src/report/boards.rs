//! The boards: which statements are shown where, and how.

use super::{
    answer::{AnswerRow, BoardAnswer},
    data::ReportData,
    error::ReportError,
    figures,
    text::shown,
    words,
};
use crate::named;

/// Rows of a board.
const ROWS_MAX: usize = 10;

/// How a statement's answer is shown. All but a table show one measure as a length, and another as a figure only.
#[derive(Clone, Copy)]
enum Form {
    /// Names with bars behind them.
    Bars {
        measure: &'static str,
        beside: &'static str,
    },
    /// Columns side by side, in the order of the answer, a label under each so many.
    Columns { measure: &'static str, every: usize },
    /// A table of the columns, of which the first is the name.
    Table(&'static [&'static str]),
}
use Form::{Bars, Columns, Table};

const EVENTS: Form = bars("events", "people");
const YES: Form = bars("yes", "people");
const RSVPS: Form = bars("rsvps", "people");

const fn bars(measure: &'static str, beside: &'static str) -> Form {
    Bars { measure, beside }
}

const fn columns_of(measure: &'static str, every: usize) -> Form {
    Columns { measure, every }
}

/// The names of boards, and the form of each.
type Boards = &'static [(&'static str, Form)];

/// Sections, and what is in them.
const SECTIONS: [(&str, &str, Boards); 4] = [
    (
        "Answers",
        "who comes where, and to what",
        &[
            ("countries", RSVPS),
            ("cities", YES),
            ("topics", YES),
            ("events_most_yes", YES),
            ("groups_most_yes", YES),
            ("regions", RSVPS),
            ("venues_most_yes", Table(&["city", "yes", "no", "people"])),
        ],
    ),
    (
        "Events",
        "distinct ones, without those that are off, and the people who come to them",
        &[
            ("boards_categories", EVENTS),
            ("boards_event_names", EVENTS),
            ("boards_group_names", EVENTS),
            ("boards_group_cities", EVENTS),
            ("boards_group_countries", EVENTS),
            ("boards_venue_names", EVENTS),
            ("boards_venue_cities", EVENTS),
            ("boards_venue_countries", EVENTS),
            ("event_statuses", EVENTS),
        ],
    ),
    (
        "Times",
        "when answers were given, in UTC where nothing else is said",
        &[
            ("hours", columns_of("rsvps", 3)),
            ("local_hours", columns_of("rsvps", 3)),
            ("weekdays", columns_of("rsvps", 1)),
            ("event_weekdays", columns_of("events", 1)),
            ("lead_time", RSVPS),
            ("busiest_days", RSVPS),
        ],
    ),
    (
        "People",
        "how they answer",
        &[
            ("responses", bars("rsvps", "events")),
            ("guests", YES),
            ("changes_of_mind", bars("changes", "people")),
            ("active_members", bars("events", "yes")),
            ("photos", bars("photos", "people")),
            ("comments", bars("comments", "people")),
        ],
    ),
];

/// A part of the report with boards of one kind.
pub(super) struct BoardSection {
    pub(super) title: &'static str,
    pub(super) note: &'static str,
    pub(super) boards: Vec<Board>,
}

/// One answer, ready to be written.
pub(super) struct Board {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    /// What it counts.
    pub(super) description: &'static str,
    /// Over the figures.
    pub(super) heads: Vec<String>,
    pub(super) shape: Shape,
}

pub(super) enum Shape {
    Bars(Vec<BoardBar>),
    Columns(Vec<BoardColumn>),
    Table(Vec<BoardLine>),
}

pub(super) struct BoardBar {
    pub(super) name: String,
    /// Per cent of the longest.
    pub(super) length: String,
    pub(super) beside: String,
    pub(super) count: String,
}

pub(super) struct BoardColumn {
    /// Empty where there is no room.
    pub(super) label: String,
    pub(super) title: String,
    /// Places from the left, in per cent; heights from the top, of [`COLUMN_HEIGHT`].
    pub(super) left: String,
    pub(super) middle: String,
    pub(super) width: String,
    pub(super) top: f64,
    pub(super) height: f64,
    /// Over the highest one, and over all where there is room.
    pub(super) count: String,
}

pub(super) struct BoardLine {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) figures: Vec<String>,
}

/// Room for columns, in pixels.
pub(super) const COLUMN_HEIGHT: f64 = 96.0;

/// The statements that boards show.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    SECTIONS
        .iter()
        .flat_map(|(_, _, boards)| boards.iter().map(|(name, _)| *name))
}

/// The sections, and the titles of what is empty.
pub(super) fn sections(
    data: &ReportData,
) -> Result<(Vec<BoardSection>, Vec<&'static str>), ReportError> {
    let (mut sections, mut empty) = (Vec::new(), Vec::new());
    for (title, note, specified) in SECTIONS {
        let mut boards = Vec::new();
        for (name, form) in specified {
            let (Some(answer), Some(named)) = (data.answers.get(*name), named::find(name)) else {
                return Err(ReportError::Missing(name));
            };
            match shape(named.x, answer, *form)? {
                Some((heads, shape)) => boards.push(Board {
                    name: named.name,
                    title: named.title,
                    description: named.description,
                    heads: heads.into_iter().map(readable).collect(),
                    shape,
                }),
                None => empty.push(named.title),
            }
        }
        if !boards.is_empty() {
            sections.push(BoardSection {
                title,
                note,
                boards,
            });
        }
    }
    Ok((sections, empty))
}

type Shaped = Option<(Vec<&'static str>, Shape)>;

/// The answer in its form; none when it counts nothing.
fn shape(label: &str, answer: &BoardAnswer, form: Form) -> Result<Shaped, ReportError> {
    Ok(match form {
        Bars { measure, beside } => {
            let rows: Vec<_> = answer.rows().take(ROWS_MAX).collect();
            let most = most(&rows, measure)?;
            let bars: Result<Vec<_>, _> = rows
                .iter()
                .map(|row| bar(row, label, measure, beside, most))
                .collect();
            (most > 0).then_some((vec![beside, measure], Shape::Bars(bars?)))
        }
        Columns { measure, every } => {
            let rows: Vec<_> = answer.rows().collect();
            let most = most(&rows, measure)?;
            let columns = columns(&rows, label, measure, every, most)?;
            (most > 0).then_some((vec![measure], Shape::Columns(columns)))
        }
        Table(columns) => {
            let rows = answer.rows().take(ROWS_MAX);
            let lines: Vec<_> = rows
                .map(|row| line(&row, label, columns))
                .collect::<Result<_, _>>()?;
            (!lines.is_empty()).then_some((columns.to_vec(), Shape::Table(lines)))
        }
    })
}

fn most(rows: &[AnswerRow<'_>], measure: &str) -> Result<u64, ReportError> {
    let counts: Result<Vec<_>, _> = rows.iter().map(|row| row.count(measure)).collect();
    Ok(counts?.into_iter().max().unwrap_or_default())
}

fn bar(
    row: &AnswerRow<'_>,
    label: &str,
    measure: &str,
    beside: &str,
    most: u64,
) -> Result<BoardBar, ReportError> {
    let count = row.count(measure)?;
    Ok(BoardBar {
        name: name(row, label)?,
        length: format!("{:.2}%", 100.0 * count as f64 / most.max(1) as f64),
        beside: figures::count(row.count(beside)?),
        count: figures::count(count),
    })
}

fn columns(
    rows: &[AnswerRow<'_>],
    label: &str,
    measure: &str,
    every: usize,
    most: u64,
) -> Result<Vec<BoardColumn>, ReportError> {
    let each = 100.0 / rows.len().max(1) as f64;
    let is_roomy = rows.len() <= 7;
    let highest = rows
        .iter()
        .position(|row| row.count(measure).is_ok_and(|count| count == most));
    let mut columns = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        let count = row.count(measure)?;
        let name = name(row, label)?;
        let height = (COLUMN_HEIGHT * count as f64 / most.max(1) as f64).round();
        let left = each * number as f64;
        columns.push(BoardColumn {
            title: format!("{name}: {}", figures::full(count)),
            label: if number % every == 0 {
                name.chars().take(3).collect()
            } else {
                String::new()
            },
            left: format!("{:.2}%", left + 0.1 * each),
            middle: format!("{:.2}%", left + 0.5 * each),
            width: format!("{:.2}%", 0.8 * each),
            top: COLUMN_HEIGHT - height,
            height,
            count: if is_roomy || highest == Some(number) {
                figures::count(count)
            } else {
                String::new()
            },
        });
    }
    Ok(columns)
}

fn line(row: &AnswerRow<'_>, label: &str, columns: &[&str]) -> Result<BoardLine, ReportError> {
    let (text, counts) = columns
        .split_first()
        .map_or(("", columns), |(text, counts)| (*text, counts));
    Ok(BoardLine {
        name: name(row, label)?,
        text: shown(&row.text(text)?, "–"),
        figures: counts
            .iter()
            .map(|column| Ok(figures::count(row.count(column)?)))
            .collect::<Result<_, ReportError>>()?,
    })
}

/// The label as it is shown: a country by its name, a day as people write it.
fn name(row: &AnswerRow<'_>, label: &str) -> Result<String, ReportError> {
    let text = row.text(label)?;
    Ok(match label {
        "country" => words::country(&text),
        "day" => named::parse_instant(&text).map_or(text, figures::date),
        _ => shown(&text, "no name"),
    })
}

/// A column's name as a head.
fn readable(column: &str) -> String {
    match column {
        "rsvps" => "RSVPs".to_owned(),
        _ => {
            let mut letters = column.chars();
            let first = letters.next().map(|letter| letter.to_ascii_uppercase());
            first.into_iter().chain(letters).collect()
        }
    }
}
