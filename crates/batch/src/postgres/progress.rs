//! How far the tables are, and who may write them.

use crate::tables::Changes;

use super::{connection::Connection, error::Error, failure::RequestFailure};

/// What a writer holds when it has taken the tables over.
pub(super) struct WriterTurn {
    pub(super) epoch: i64,
    /// One past the last offset of each partition that is in the tables.
    pub(super) progress: Vec<u64>,
}

/// Takes over the tables of one journal in one schema.
pub(super) struct Takeover<'a> {
    pub(super) place: &'a str,
    pub(super) schema: &'a str,
    pub(super) journal: u64,
    pub(super) partitions: usize,
}

impl Takeover<'_> {
    /// From the next commit on, no writer before this one changes the tables.
    pub(super) async fn run(&self, connection: &Connection) -> Result<WriterTurn, RequestFailure> {
        let partitions = i32::try_from(self.partitions).expect("there are few partitions");
        let journal = self.journal.to_string();
        connection
            .execute(
                "INSERT INTO sink (journal) VALUES ($1::text::numeric) ON CONFLICT DO NOTHING",
                &[&journal],
            )
            .await?;
        let begin = "INSERT INTO sink_progress (partition, next, epoch) \
                     SELECT partition, 0, 0 FROM generate_series(0, $1::int - 1) AS partition \
                     WHERE NOT EXISTS (SELECT FROM sink_progress)";
        connection.execute(begin, &[&partitions]).await?;
        let found = "SELECT (SELECT journal::text FROM sink), count(*) FROM sink_progress";
        let found = connection.row(found, &[]).await?;
        let (found_journal, found_partitions): (String, i64) = (found.get(0), found.get(1));
        if found_journal != journal || found_partitions != i64::from(partitions) {
            let journal = |id: &str, partitions| format!("journal {id} of {partitions} partitions");
            return Err(RequestFailure::Final(Error::OtherJournal {
                place: self.place.to_owned(),
                schema: self.schema.to_owned(),
                found: journal(&found_journal, found_partitions),
                expected: journal(&self.journal.to_string(), partitions.into()),
            }));
        }
        let epoch = "UPDATE sink_progress SET epoch = (SELECT max(epoch) + 1 FROM sink_progress)";
        connection.change(epoch).await?;
        read(connection).await
    }
}

/// How far the tables are by what is committed, and whose turn it is.
pub(super) async fn read(connection: &Connection) -> Result<WriterTurn, RequestFailure> {
    let sql = "SELECT next, epoch FROM sink_progress ORDER BY partition";
    let rows = connection.rows(sql, &[]).await?;
    let next = |row: &tokio_postgres::Row| row.get::<_, i64>(0).unsigned_abs();
    let epoch = |row: &tokio_postgres::Row| row.get::<_, i64>(1);
    Ok(WriterTurn {
        epoch: rows.iter().map(epoch).max().unwrap_or_default(),
        progress: rows.iter().map(next).collect(),
    })
}

/// Moves the progress of all partitions from where changes begin to where they end, within a transaction, which keeps
/// other writers waiting from here to its end. `false` if the tables are not there, or if it is another one's turn.
pub(super) async fn advance(
    connection: &Connection,
    epoch: i64,
    changes: &Changes,
) -> Result<bool, RequestFailure> {
    let sql = "UPDATE sink_progress AS p SET next = c.until, at = now() \
               FROM unnest($1::int[], $2::bigint[], $3::bigint[]) AS c (partition, since, until) \
               WHERE p.partition = c.partition AND p.next = c.since AND p.epoch = $4";
    let partitions: Vec<i32> = (0..).take(changes.from.len()).collect();
    let (since, until) = (offsets(&changes.from), offsets(&changes.to));
    let moved = connection
        .execute(sql, &[&partitions, &since, &until, &epoch])
        .await?;
    Ok(moved == changes.from.len() as u64)
}

fn offsets(offsets: &[u64]) -> Vec<i64> {
    let offset = |&offset: &u64| i64::try_from(offset).expect("offsets are counted one by one");
    offsets.iter().map(offset).collect()
}

/// Where changes begin and the tables are not.
pub(super) fn gap(progress: &[u64], changes: &Changes) -> Option<Error> {
    let partitions = progress.len().max(changes.from.len());
    let partition = (0..partitions).find(|&at| progress.get(at) != changes.from.get(at))?;
    let at = |offsets: &[u64]| offsets.get(partition).copied().unwrap_or_default();
    Some(Error::Behind {
        partition,
        next: at(progress),
        from: at(&changes.from),
    })
}
