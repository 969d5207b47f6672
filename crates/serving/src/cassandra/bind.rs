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
        rows::{
            ChangeChunk, ChangeKey, CountryPartKey, CountryTotals, EventCell, EventRowKey,
            PartitionCommit, RowKey, Stamped, VenueKey, VenueTotals, Write,
        },
        store::PAGE_ROWS,
        write::bucket,
    },
    statements::StatementKind,
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
pub(crate) enum CqlPartition<'a> {
    Page(u16, u8, u32),
    Event(&'a str),
    Venue(&'a str),
    Countries,
    Bucket(i64),
    /// Never with others.
    Alone,
}

#[derive(Debug)]
pub(crate) struct Bound<'a> {
    pub(crate) kind: StatementKind,
    pub(crate) home: CqlPartition<'a>,
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

/// RsvpCounts are far below 2^63.
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

/// A short function for each table; the order of values is that of the question marks in `statements.rs`.
pub(crate) fn bind(Stamped { write, stamp }: &Stamped) -> Bound<'_> {
    let stamp = Cell::Big(*stamp);
    match write {
        Write::Row { key, body } => row(key, body, stamp),
        Write::Event { key, cell } => event(key, cell, stamp),
        Write::DeleteEvent { key } => event_gone(key, stamp),
        Write::CountryPart { key, part } => country_part(key, part, stamp),
        Write::VenuePart {
            partition,
            key,
            part,
        } => venue_part(*partition, key, part, stamp),
        Write::Country { code, total } => country(code, total, stamp),
        Write::Response {
            response,
            as_of,
            total,
        } => {
            let cells = vec![Cell::Text(response), big(*as_of), int(*total), stamp];
            bound(StatementKind::SetResponse, CqlPartition::Alone, cells)
        }
        Write::Venue { key, total } => venue(key, total, stamp),
        Write::DeleteVenue { key } => venue_gone(key, stamp),
        Write::Change { key, chunk } => change(key, chunk, stamp),
        Write::Latest { partition, commit } => {
            bound_commit(StatementKind::SetLatest, *partition, commit, stamp)
        }
        Write::Snapshot { partition, commit } => {
            bound_commit(StatementKind::SetSnapshot, *partition, commit, stamp)
        }
    }
}

fn bound<'a>(kind: StatementKind, home: CqlPartition<'a>, cells: Vec<Cell<'a>>) -> Bound<'a> {
    Bound { kind, home, cells }
}

fn small(value: u16) -> Cell<'static> {
    Cell::Int(i32::from(value))
}

fn row<'a>(key: &RowKey, body: &'a [u8], stamp: Cell<'a>) -> Bound<'a> {
    let page = key.number / PAGE_ROWS;
    let home = CqlPartition::Page(key.partition, key.table.number(), page);
    let cells = vec![
        small(key.partition),
        Cell::Int(i32::from(key.table.number())),
        int(page.into()),
        big(key.number.into()),
        Cell::Blob(Cow::Borrowed(body)),
        stamp,
    ];
    bound(StatementKind::SetRow, home, cells)
}

fn event<'a>(key: &'a EventRowKey, cell: &'a EventCell, stamp: Cell<'a>) -> Bound<'a> {
    let cells = vec![
        Cell::Text(&key.name),
        Cell::Text(key.response),
        Cell::Text(&key.id),
        big(cell.as_of),
        small(cell.partition),
        Cell::Text(&cell.group_name),
        Cell::Text(&cell.event_country),
        int(cell.total_rsvps),
        big(cell.heads),
        optional(cell.event_url.as_ref()),
        cell.time.map_or(Cell::Null, Cell::Big),
        stamp,
    ];
    bound(
        StatementKind::SetEvent,
        CqlPartition::Event(&key.name),
        cells,
    )
}

fn event_gone<'a>(key: &'a EventRowKey, stamp: Cell<'a>) -> Bound<'a> {
    let cells = vec![
        stamp,
        Cell::Text(&key.name),
        Cell::Text(key.response),
        Cell::Text(&key.id),
    ];
    bound(
        StatementKind::DeleteEvent,
        CqlPartition::Event(&key.name),
        cells,
    )
}

fn country_part<'a>(key: &'a CountryPartKey, part: &CountryTotals, stamp: Cell<'a>) -> Bound<'a> {
    let cells = vec![
        Cell::Text(&key.code),
        Cell::Text(&key.country),
        small(key.partition),
        big(part.as_of),
        big(part.counts.yes),
        big(part.counts.no),
        part.counts.maybe.map_or(Cell::Null, big),
        big(part.counts.heads),
        stamp,
    ];
    bound(
        StatementKind::SetCountryPart,
        CqlPartition::Countries,
        cells,
    )
}

fn venue_part<'a>(
    partition: u16,
    key: &'a VenueKey,
    part: &'a VenueTotals,
    stamp: Cell<'a>,
) -> Bound<'a> {
    let bucket = bucket(key.id);
    let cells = vec![
        int(bucket.cast_unsigned()),
        Cell::Big(key.id),
        small(partition),
        Cell::Text(&key.name),
        Cell::Text(&key.lon),
        Cell::Text(&key.lat),
        Cell::Text(&key.group_city),
        big(part.as_of),
        Cell::Text(&part.cell.country),
        big(part.cell.yes),
        big(part.cell.no),
        big(part.cell.maybe),
        big(part.cell.latest.0),
        big(part.cell.latest.1.into()),
        stamp,
    ];
    bound(
        StatementKind::SetVenuePart,
        CqlPartition::Bucket(bucket),
        cells,
    )
}

fn country<'a>(code: &'a str, total: &CountryTotals, stamp: Cell<'a>) -> Bound<'a> {
    let CountryTotals { as_of, counts } = total;
    let cells = vec![
        Cell::Text(code),
        big(*as_of),
        int(counts.yes + counts.no + counts.maybe.unwrap_or_default()),
        big(counts.yes),
        big(counts.no),
        big(counts.maybe.unwrap_or_default()),
        big(counts.heads),
        stamp,
    ];
    bound(StatementKind::SetCountry, CqlPartition::Alone, cells)
}

fn venue<'a>(key: &'a VenueKey, total: &'a VenueTotals, stamp: Cell<'a>) -> Bound<'a> {
    let mut cells = venue_key(key).to_vec();
    cells.extend([
        big(total.as_of),
        Cell::Text(&total.cell.country),
        int(total.cell.yes),
        stamp,
    ]);
    bound(
        StatementKind::SetVenue,
        CqlPartition::Venue(&key.name),
        cells,
    )
}

fn venue_gone<'a>(key: &'a VenueKey, stamp: Cell<'a>) -> Bound<'a> {
    let mut cells = vec![stamp];
    cells.extend(venue_key(key));
    bound(
        StatementKind::DeleteVenue,
        CqlPartition::Venue(&key.name),
        cells,
    )
}

fn change<'a>(key: &ChangeKey, chunk: &'a ChangeChunk, stamp: Cell<'a>) -> Bound<'a> {
    let cells = vec![
        small(key.partition),
        big(key.offset),
        Cell::Big(key.writer),
        small(key.chunk),
        big(chunk.previous),
        small(chunk.chunks),
        Cell::Blob(Cow::Borrowed(&chunk.body)),
        stamp,
    ];
    bound(StatementKind::SetChange, CqlPartition::Alone, cells)
}

fn bound_commit<'a>(
    kind: StatementKind,
    partition: u16,
    commit: &'a PartitionCommit,
    stamp: Cell<'a>,
) -> Bound<'a> {
    let cells = vec![
        small(partition),
        big(commit.offset),
        Cell::Blob(Cow::Borrowed(&commit.body)),
        stamp,
    ];
    bound(kind, CqlPartition::Alone, cells)
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
