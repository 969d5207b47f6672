//! Every statement that is repeated, prepared once.

use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use scylla::{client::session::Session, statement::prepared::PreparedStatement};

use super::{
    super::Result,
    retry::{OPENING, RetryPolicy},
};

/// Which statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatementKind {
    SetRow,
    SetEvent,
    DeleteEvent,
    SetCountryPart,
    SetVenuePart,
    SetCountry,
    SetResponse,
    SetVenue,
    DeleteVenue,
    SetChange,
    SetLatest,
    SetSnapshot,
    LatestOffsets,
    Latest,
    Snapshot,
    Page,
    Changes,
    CountryParts,
    AllCountryParts,
    VenueParts,
    Countries,
    Responses,
    Events,
    Venues,
}

/// In the order of [`StatementKind`]; `KS` is the keyspace. Values are bound in the order of the question marks.
const TEXTS: [(StatementKind, &str); 24] = [
    (
        StatementKind::SetRow,
        "INSERT INTO KS.served_rows (journal_partition, tbl, page, number, body) VALUES (?, ?, ?, ?, ?) USING TIMESTAMP ?",
    ),
    (
        StatementKind::SetEvent,
        "INSERT INTO KS.event_statistics (event_name, response, event_id, as_of, journal_partition, group_name, \
         event_country, total_rsvps, heads, event_url, time) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?",
    ),
    (
        StatementKind::DeleteEvent,
        "DELETE FROM KS.event_statistics USING TIMESTAMP ? WHERE event_name = ? AND response = ? AND event_id = ?",
    ),
    (
        StatementKind::SetCountryPart,
        "INSERT INTO KS.served_country_parts (bucket, event_country, country, journal_partition, as_of, yes, no, maybe, \
         heads) VALUES (0, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?",
    ),
    (
        StatementKind::SetVenuePart,
        "INSERT INTO KS.served_venue_parts (bucket, venue_id, journal_partition, venue_name, lon, lat, group_city, as_of, \
         event_country, yes, no, maybe, latest, latest_tie) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?",
    ),
    (
        StatementKind::SetCountry,
        "INSERT INTO KS.country_statistics (event_country, as_of, total_rsvps, yes, no, maybe, heads) VALUES (?, ?, ?, ?, ?, ?, ?) \
         USING TIMESTAMP ?",
    ),
    (
        StatementKind::SetResponse,
        "INSERT INTO KS.response_statistics (response, as_of, total_rsvps) VALUES (?, ?, ?) USING TIMESTAMP ?",
    ),
    (
        StatementKind::SetVenue,
        "INSERT INTO KS.meetup_table (venue_name, lon, lat, group_city, venue_id, as_of, event_country, count) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?",
    ),
    (
        StatementKind::DeleteVenue,
        "DELETE FROM KS.meetup_table USING TIMESTAMP ? WHERE venue_name = ? AND lon = ? AND lat = ? AND group_city = ? \
         AND venue_id = ?",
    ),
    (
        StatementKind::SetChange,
        "INSERT INTO KS.served_changelog (journal_partition, next_offset, writer, chunk, previous, chunks, body) \
         VALUES (?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?",
    ),
    (
        StatementKind::SetLatest,
        "INSERT INTO KS.served_latest (bucket, journal_partition, next_offset, body) VALUES (0, ?, ?, ?) USING TIMESTAMP ?",
    ),
    (
        StatementKind::SetSnapshot,
        "INSERT INTO KS.served_snapshots (bucket, journal_partition, next_offset, body) VALUES (0, ?, ?, ?) USING TIMESTAMP ?",
    ),
    (
        StatementKind::LatestOffsets,
        "SELECT journal_partition, next_offset FROM KS.served_latest WHERE bucket = 0",
    ),
    (
        StatementKind::Latest,
        "SELECT next_offset, body FROM KS.served_latest WHERE bucket = 0 AND journal_partition = ?",
    ),
    (
        StatementKind::Snapshot,
        "SELECT next_offset, body FROM KS.served_snapshots WHERE bucket = 0 AND journal_partition = ?",
    ),
    (
        StatementKind::Page,
        "SELECT number, body, WRITETIME(body) FROM KS.served_rows WHERE journal_partition = ? AND tbl = ? AND page = ?",
    ),
    (
        StatementKind::Changes,
        "SELECT writer, chunk, previous, chunks, body FROM KS.served_changelog WHERE journal_partition = ? AND next_offset = ?",
    ),
    (
        StatementKind::CountryParts,
        "SELECT event_country, country, journal_partition, as_of, yes, no, maybe, heads FROM KS.served_country_parts \
         WHERE bucket = 0 AND event_country IN ?",
    ),
    (
        StatementKind::AllCountryParts,
        "SELECT event_country, country, journal_partition, as_of, yes, no, maybe, heads FROM KS.served_country_parts \
         WHERE bucket = 0",
    ),
    (
        StatementKind::VenueParts,
        "SELECT venue_id, journal_partition, venue_name, lon, lat, group_city, as_of, event_country, yes, no, maybe, latest, \
         latest_tie FROM KS.served_venue_parts WHERE bucket = ? AND venue_id IN ?",
    ),
    (
        StatementKind::Countries,
        "SELECT event_country, yes, no, maybe, heads FROM KS.country_statistics",
    ),
    (
        StatementKind::Responses,
        "SELECT response, total_rsvps FROM KS.response_statistics",
    ),
    (
        StatementKind::Events,
        "SELECT event_name, response, event_id, group_name, event_country, total_rsvps, heads, event_url, time \
         FROM KS.event_statistics WHERE event_name = ?",
    ),
    (
        StatementKind::Venues,
        "SELECT venue_name, lon, lat, group_city, venue_id, count FROM KS.meetup_table",
    ),
];

pub(crate) struct Statements(Vec<PreparedStatement>);

impl Statements {
    pub(crate) async fn prepare(session: &Session, keyspace: &str, place: &str) -> Result<Self> {
        let here = format!("{keyspace}.");
        let all =
            TEXTS.map(|(_, text)| prepared(session, text.replace("KS.", &here), place).boxed());
        stream::iter(all)
            .buffered(TEXTS.len())
            .try_collect()
            .await
            .map(Self)
    }

    pub(crate) fn of(&self, kind: StatementKind) -> &PreparedStatement {
        &self.0[kind as usize]
    }
}

async fn prepared(session: &Session, text: String, place: &str) -> Result<PreparedStatement> {
    let text = text.as_str();
    let mut statement = RetryPolicy::new("prepare to use", place, OPENING)
        .until_done(|| async { Ok(session.prepare(text).await?) }.boxed())
        .await?;
    // All values and stamps are absolute.
    statement.set_is_idempotent(true);
    Ok(statement)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_are_in_the_order_of_their_kinds() {
        for (at, (kind, _)) in TEXTS.iter().enumerate() {
            assert_eq!(*kind as usize, at);
        }
    }
}
