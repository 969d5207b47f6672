//! The sink: rows and progress in one transaction, one writer at a time.

use crate::{model::LakeTable, tables::TableChanges};

use super::{
    address::PostgresAddress,
    connection::Connection,
    digest::TableDigest,
    error::Error,
    failure::RequestFailure,
    load::{AllStatements, Load},
    progress::{self, Takeover, WriterTurn},
    refused,
    retries::{PostgresLimits, Retries},
    schema,
    statements::table_digest,
};

/// How long the digest of a large table may take.
const DIGEST: std::time::Duration = std::time::Duration::from_secs(4 * 3600);

/// Writes the tables of one journal into one schema of PostgreSQL.
pub struct PostgresSink {
    address: PostgresAddress,
    /// The address as it is shown.
    place: String,
    limits: PostgresLimits,
    statements: AllStatements,
    /// None after a failure, and while it is in use: a request that is given up leaves no half of a transaction behind.
    connection: Option<Connection>,
    epoch: i64,
    progress: Vec<u64>,
    /// How many rows are set aside.
    refused: u64,
}

/// What one write did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WrittenRows {
    /// Rows that were inserted or replaced. Those that were there already do not count.
    pub rows: u64,
    /// Rows that were deleted.
    pub deleted: u64,
    /// Rows that the server refused, which are set aside in `refused_rows`.
    pub refused: u64,
    /// Rows that had been set aside, and of which a version was accepted or which were deleted.
    pub accepted: u64,
}

/// The digests of all tables at one commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digests {
    /// One past the last offset of each partition that is in the tables.
    pub progress: Vec<u64>,
    /// Of every table, the rows that are set aside included.
    pub tables: Vec<(LakeTable, TableDigest)>,
    /// How many rows are set aside.
    pub refused: u64,
}

/// A table that holds other rows than it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which.
    pub table: LakeTable,
    /// What it should hold.
    pub expected: TableDigest,
    /// What it holds.
    pub found: TableDigest,
}

impl PostgresSink {
    /// Makes the tables or brings their schema up to date, and takes them over: from now on no other writer changes them.
    ///
    /// # Errors
    /// When there is no session within [`PostgresLimits::open`], when the server refuses, or when the tables cannot be those of
    /// this journal.
    pub async fn open(
        address: &PostgresAddress,
        journal_id: u64,
        partitions: usize,
    ) -> Result<Self, Error> {
        Self::open_within(address, journal_id, partitions, PostgresLimits::default()).await
    }

    /// As [`PostgresSink::open`], with other limits.
    ///
    /// # Errors
    /// As [`PostgresSink::open`].
    pub async fn open_within(
        address: &PostgresAddress,
        journal_id: u64,
        partitions: usize,
        limits: PostgresLimits,
    ) -> Result<Self, Error> {
        let mut sink = Self {
            address: address.clone(),
            place: address.to_string(),
            limits,
            statements: AllStatements::new(),
            connection: None,
            epoch: 0,
            progress: Vec::new(),
            refused: 0,
        };
        let place = sink.place.clone();
        let mut retries = Retries::new(&place, &limits, Some(limits.open));
        loop {
            match sink.take_over(journal_id, partitions).await {
                Ok(()) => break,
                Err(failure) => retries.after(failure).await?,
            }
        }
        retries.worked();
        Ok(sink)
    }

    /// One past the last offset of each partition that is in the tables: where the next changes begin.
    #[must_use]
    pub fn progress(&self) -> &[u64] {
        &self.progress
    }

    /// How many rows are set aside in `refused_rows`.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// Writes changes, all or nothing, and returns when they are committed. It tries again for ever while the server is
    /// away; whoever does not want to wait drops the future, and nothing is half done.
    ///
    /// Changes that are there already, since their answer was lost, are not written again.
    ///
    /// # Errors
    /// [`Error::Behind`] when the changes do not begin where the tables end, [`Error::Fenced`] when another writer has
    /// opened them, and whatever the server refuses for good.
    pub async fn write(&mut self, changes: &TableChanges) -> Result<WrittenRows, Error> {
        if self.progress == changes.to {
            return Ok(WrittenRows::default());
        }
        if let Some(gap) = progress::gap(&self.progress, changes) {
            return Err(gap);
        }
        let place = self.place.clone();
        let mut retries = Retries::new(&place, &self.limits, None);
        // What the last attempt wrote, if its commit was sent: the answer may be lost.
        let mut sent = None;
        loop {
            match self.attempt(changes, &mut sent).await {
                Ok(written) => {
                    retries.worked();
                    self.progress.clone_from(&changes.to);
                    return Ok(written);
                }
                Err(failure) => retries.after(failure).await?,
            }
        }
    }

    /// The digests of all tables at one commit, with the rows that are set aside in place of those they replace.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn digests(&mut self) -> Result<Digests, Error> {
        let place = self.place.clone();
        let mut retries = Retries::new(&place, &self.limits, None);
        loop {
            match self.read_digests().await {
                Ok(digests) => {
                    retries.worked();
                    return Ok(digests);
                }
                Err(failure) => retries.after(failure).await?,
            }
        }
    }

    /// Compares the tables with what they should hold, and returns those that differ.
    ///
    /// # Errors
    /// As [`PostgresSink::digests`].
    pub async fn verify(
        &mut self,
        expected: &[(LakeTable, TableDigest)],
    ) -> Result<Vec<Difference>, Error> {
        let digests = self.digests().await?;
        let found = |table| digests.tables.iter().find(|(name, _)| *name == table);
        let differences = expected.iter().filter_map(|&(table, expected)| {
            let (_, found) = found(table).expect("all tables have digests");
            (expected != *found).then_some(Difference {
                table,
                expected,
                found: *found,
            })
        });
        Ok(differences.collect())
    }

    async fn take_over(&mut self, journal: u64, partitions: usize) -> Result<(), RequestFailure> {
        let connection = Connection::open(&self.address, &self.limits).await?;
        schema::check_server(&connection, &self.place).await?;
        connection.run("BEGIN").await?;
        schema::migrate(&connection, &self.address, &schema::STEPS).await?;
        let takeover = Takeover {
            place: &self.place,
            schema: &self.address.schema,
            journal,
            partitions,
        };
        let turn = takeover.run(&connection).await?;
        connection.run("COMMIT").await?;
        self.prepare(&connection).await?;
        (self.epoch, self.progress) = (turn.epoch, turn.progress);
        self.connection = Some(connection);
        Ok(())
    }

    /// What a session needs for writing.
    async fn prepare(&mut self, connection: &Connection) -> Result<(), RequestFailure> {
        connection.run(&self.statements.create()).await?;
        self.refused = refused::count(connection).await?;
        Ok(())
    }

    /// One attempt at a write: a transaction from its beginning to its end, or a look at what became of the last one.
    async fn attempt(
        &mut self,
        changes: &TableChanges,
        sent: &mut Option<WrittenRows>,
    ) -> Result<WrittenRows, RequestFailure> {
        let connection = match self.connection.take().filter(Connection::is_open) {
            Some(connection) => connection,
            None => {
                let connection = Connection::open(&self.address, &self.limits).await?;
                self.prepare(&connection).await?;
                if self.is_done(&connection, changes).await? {
                    self.connection = Some(connection);
                    return Ok(sent.take().unwrap_or_default());
                }
                connection
            }
        };
        connection.run("BEGIN").await?;
        if !progress::advance(&connection, self.epoch, changes).await? {
            connection.run("ROLLBACK").await?;
            return match self.is_done(&connection, changes).await? {
                true => {
                    self.connection = Some(connection);
                    Ok(sent.take().unwrap_or_default())
                }
                false => Err(RequestFailure::Lost(
                    "the progress of the tables moved".to_owned(),
                )),
            };
        }
        let load = Load::new(&connection, self.refused);
        let (written, refused) = load.write(&self.statements, changes).await?;
        *sent = Some(written);
        connection.run("COMMIT").await?;
        self.refused = refused;
        self.connection = Some(connection);
        Ok(written)
    }

    /// Whether changes are in the tables: `false` if they are next.
    async fn is_done(
        &self,
        connection: &Connection,
        changes: &TableChanges,
    ) -> Result<bool, RequestFailure> {
        let WriterTurn { epoch, progress } = progress::read(connection).await?;
        if epoch != self.epoch {
            return Err(RequestFailure::Final(Error::Fenced {
                place: self.place.clone(),
                mine: self.epoch,
                found: epoch,
            }));
        }
        match progress::gap(&progress, changes) {
            None => Ok(false),
            Some(_) if progress == changes.to => Ok(true),
            Some(gap) => Err(RequestFailure::Final(gap)),
        }
    }

    async fn read_digests(&mut self) -> Result<Digests, RequestFailure> {
        let mut connection = match self.connection.take().filter(Connection::is_open) {
            Some(connection) => connection,
            None => {
                let connection = Connection::open(&self.address, &self.limits).await?;
                self.prepare(&connection).await?;
                connection
            }
        };
        // One state of all tables, and as much time as it takes.
        let begin =
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0";
        connection.run(begin).await?;
        connection.answer = DIGEST;
        let progress = progress::read(&connection).await?.progress;
        let refused = refused::count(&connection).await?;
        let mut tables = Vec::new();
        for table in LakeTable::ALL {
            let row = connection
                .row(&table_digest(table, refused > 0), &[])
                .await?;
            let sum: String = row.get(1);
            let digest = TableDigest {
                rows: row.get::<_, i64>(0).unsigned_abs(),
                sum: sum.parse().expect("a sum of bigint is a number"),
            };
            tables.push((table, digest));
        }
        connection.run("COMMIT").await?;
        connection.answer = self.limits.answer;
        self.connection = Some(connection);
        Ok(Digests {
            progress,
            tables,
            refused,
        })
    }
}
