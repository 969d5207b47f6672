//! A write as the values of a statement.

use std::{borrow::Cow, sync::Arc};

use scylla::{
    cluster::metadata::ColumnType,
    serialize::{
        SerializationError,
        value::SerializeValue,
        writers::{CellWriter, WrittenCellProof},
    },
};

use super::{
    super::{
        cells::{Key, Put, Value, VenueKey},
        store::PAGE_ROWS,
        write::shelf,
    },
    statements::Kind,
};

/// A value of one of the few types that the tables have.
#[derive(Clone, Debug)]
pub(crate) enum Cell<'a> {
    Int(i32),
    Big(i64),
    Text(&'a str),
    Blob(Cow<'a, [u8]>),
    Null,
}

impl SerializeValue for Cell<'_> {
    fn serialize<'b>(
        &self,
        typ: &ColumnType<'_>,
        writer: CellWriter<'b>,
    ) -> Result<WrittenCellProof<'b>, SerializationError> {
        match self {
            Self::Int(value) => value.serialize(typ, writer),
            Self::Big(value) => value.serialize(typ, writer),
            Self::Text(value) => value.serialize(typ, writer),
            Self::Blob(value) => value.as_ref().serialize(typ, writer),
            Self::Null => None::<i32>.serialize(typ, writer),
        }
    }
}

/// The partition of a table in Cassandra: what is of one may be written as one mutation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Home<'a> {
    Page(u16, u8, u32),
    Event(&'a str),
    Venue(&'a str),
    Countries,
    Shelf(i64),
    /// Never with others.
    Alone,
}

#[derive(Debug)]
pub(crate) struct Bound<'a> {
    pub(crate) kind: Kind,
    pub(crate) home: Home<'a>,
    pub(crate) cells: Vec<Cell<'a>>,
}

impl Bound<'_> {
    /// Roughly as the server counts when it warns of large batches: it adds a stamp to each value.
    pub(crate) fn bytes(&self) -> usize {
        let bytes = |cell: &Cell| match cell {
            Cell::Text(text) => text.len(),
            Cell::Blob(blob) => blob.len(),
            _ => 8,
        };
        self.cells.iter().map(|cell| 12 + bytes(cell)).sum()
    }
}

/// Counts are far below 2^63.
fn big(value: u64) -> Cell<'static> {
    Cell::Big(value.cast_signed())
}

/// The tables of the earlier systems have 32 bits for it; beside it stand 64.
fn int(value: u64) -> Cell<'static> {
    Cell::Int(i32::try_from(value).unwrap_or(i32::MAX))
}

fn optional(text: Option<&Arc<str>>) -> Cell<'_> {
    text.map_or(Cell::Null, |text| Cell::Text(text))
}

pub(crate) fn bind(put: &Put) -> Bound<'_> {
    let stamp = Cell::Big(put.stamp);
    let partition = |partition: u16| Cell::Int(i32::from(partition));
    let bound = |kind, home, cells| Bound { kind, home, cells };
    match (&put.key, &put.value) {
        (
            Key::Row {
                partition: of,
                table,
                number,
            },
            Some(Value::Row(body)),
        ) => {
            let page = number / PAGE_ROWS;
            bound(
                Kind::SetRow,
                Home::Page(*of, table.number(), page),
                vec![
                    partition(*of),
                    Cell::Int(i32::from(table.number())),
                    int(page.into()),
                    big((*number).into()),
                    Cell::Blob(Cow::Borrowed(body)),
                    stamp,
                ],
            )
        }
        (Key::Event { name, response, id }, Some(Value::Event(cell))) => bound(
            Kind::SetEvent,
            Home::Event(name),
            vec![
                Cell::Text(name),
                Cell::Text(response),
                Cell::Text(id),
                big(cell.as_of),
                partition(cell.partition),
                Cell::Text(&cell.group_name),
                Cell::Text(&cell.event_country),
                int(cell.total_rsvps),
                big(cell.heads),
                optional(cell.event_url.as_ref()),
                cell.time.map_or(Cell::Null, Cell::Big),
                stamp,
            ],
        ),
        (Key::Event { name, response, id }, _) => bound(
            Kind::DeleteEvent,
            Home::Event(name),
            vec![
                stamp,
                Cell::Text(name),
                Cell::Text(response),
                Cell::Text(id),
            ],
        ),
        (
            Key::CountryPart {
                code,
                country,
                partition: of,
            },
            Some(Value::CountryPart { as_of, counts }),
        ) => bound(
            Kind::SetCountryPart,
            Home::Countries,
            vec![
                Cell::Text(code),
                Cell::Text(country),
                partition(*of),
                big(*as_of),
                big(counts.yes),
                big(counts.no),
                big(counts.maybe),
                big(counts.heads),
                stamp,
            ],
        ),
        (
            Key::VenuePart {
                partition: of,
                venue,
            },
            Some(Value::VenuePart { as_of, cell }),
        ) => {
            let shelf = shelf(venue.id);
            bound(
                Kind::SetVenuePart,
                Home::Shelf(shelf),
                vec![
                    int(shelf.cast_unsigned()),
                    Cell::Big(venue.id),
                    partition(*of),
                    Cell::Text(&venue.name),
                    Cell::Text(&venue.lon),
                    Cell::Text(&venue.lat),
                    Cell::Text(&venue.group_city),
                    big(*as_of),
                    Cell::Text(&cell.country),
                    big(cell.yes),
                    big(cell.no),
                    big(cell.maybe),
                    big(cell.latest.0),
                    big(cell.latest.1.into()),
                    stamp,
                ],
            )
        }
        (Key::Country { code }, Some(Value::Country { as_of, counts })) => bound(
            Kind::SetCountry,
            Home::Alone,
            vec![
                Cell::Text(code),
                big(*as_of),
                int(counts.yes + counts.no + counts.maybe),
                big(counts.yes),
                big(counts.no),
                big(counts.maybe),
                big(counts.heads),
                stamp,
            ],
        ),
        (Key::Response { response }, Some(Value::Response { as_of, total })) => bound(
            Kind::SetResponse,
            Home::Alone,
            vec![Cell::Text(response), big(*as_of), int(*total), stamp],
        ),
        (Key::Venue(venue), Some(Value::Venue { as_of, cell })) => {
            let mut cells = venue_key(venue).to_vec();
            cells.extend([big(*as_of), Cell::Text(&cell.country), int(cell.yes), stamp]);
            bound(Kind::SetVenue, Home::Venue(&venue.name), cells)
        }
        (Key::Venue(venue), _) => {
            let mut cells = vec![stamp];
            cells.extend(venue_key(venue));
            bound(Kind::DeleteVenue, Home::Venue(&venue.name), cells)
        }
        (
            Key::Tail {
                partition: of,
                offset,
                writer,
                chunk,
            },
            Some(Value::Tail(cell)),
        ) => bound(
            Kind::SetTail,
            Home::Alone,
            vec![
                partition(*of),
                big(*offset),
                Cell::Big(*writer),
                partition(*chunk),
                big(cell.previous),
                partition(cell.chunks),
                Cell::Blob(Cow::Borrowed(&cell.body)),
                stamp,
            ],
        ),
        (
            key @ (Key::Book { partition: of } | Key::Base { partition: of }),
            Some(Value::Book { offset, body }),
        ) => {
            let kind = match key {
                Key::Book { .. } => Kind::SetBook,
                _ => Kind::SetBase,
            };
            let cells = vec![
                partition(*of),
                big(*offset),
                Cell::Blob(Cow::Borrowed(body)),
                stamp,
            ];
            bound(kind, Home::Alone, cells)
        }
        (key, value) => unreachable!("{key:?} never has {value:?}"),
    }
}

fn venue_key(venue: &VenueKey) -> [Cell<'_>; 5] {
    [
        Cell::Text(&venue.name),
        Cell::Text(&venue.lon),
        Cell::Text(&venue.lat),
        Cell::Text(&venue.group_city),
        Cell::Big(venue.id),
    ]
}
