//! The tables: the first process creates them, and all others use them as they are.

use futures_util::FutureExt;
use scylla::{client::session::Session, deserialize::row::DeserializeRow};

use super::{
    super::{Error, Result, ServingIdentity, address::CassandraAddress},
    retry::{OPENING, RetryPolicy, StoreFailure},
};

/// The version of the tables that this program knows.
const VERSION: i32 = 5;
/// Stands for the version until there are all tables.
const UNMADE: i32 = 0;

/// Name, columns, options.
#[derive(Clone, Copy)]
struct TableDefinition(&'static str, &'static str, &'static str);

/// All tables. They may be made twice, and by two at once. A column is never dropped and made again under its name:
/// Cassandra would take it for older than the drop, as stamps here are offsets and not times.
const TABLES: &[TableDefinition] = &[
    TableDefinition(
        "served_rows",
        "journal_partition int, tbl int, page int, number bigint, body blob, \
         PRIMARY KEY ((journal_partition, tbl, page), number)",
        "comment = 'headcount: the state of the journal''s partitions, row by row'",
    ),
    TableDefinition(
        "served_latest",
        "bucket int, journal_partition int, next_offset bigint, body blob, PRIMARY KEY ((bucket), journal_partition)",
        "comment = 'headcount: the latest commit of each partition of the journal'",
    ),
    // The latest commit may be ahead of the tables.
    TableDefinition(
        "served_snapshots",
        "bucket int, journal_partition int, next_offset bigint, body blob, PRIMARY KEY ((bucket), journal_partition)",
        "comment = 'headcount: the commit up to which the tables of each partition of the journal are complete'",
    ),
    // Entries live 10 minutes: a reader that is further behind loads the tables again.
    TableDefinition(
        "served_changelog",
        "journal_partition int, next_offset bigint, writer bigint, chunk int, previous bigint, chunks int, body blob, \
         PRIMARY KEY ((journal_partition, next_offset), writer, chunk)",
        "default_time_to_live = 600 AND gc_grace_seconds = 3600 \
         AND comment = 'headcount: deltas from commit to commit, for serving processes'",
    ),
    TableDefinition(
        "served_country_parts",
        "bucket int, event_country text, country text, journal_partition int, as_of bigint, yes bigint, no bigint, \
         maybe bigint, heads bigint, PRIMARY KEY ((bucket), event_country, country, journal_partition)",
        "read_repair = 'BLOCKING' AND comment = 'headcount: what each partition of the journal adds to a country'",
    ),
    TableDefinition(
        "served_venue_parts",
        "bucket int, venue_id bigint, journal_partition int, venue_name text, lon text, lat text, group_city text, \
         as_of bigint, event_country text, yes bigint, no bigint, maybe bigint, latest bigint, latest_tie bigint, \
         PRIMARY KEY ((bucket), venue_id, journal_partition, venue_name, lon, lat, group_city)",
        "read_repair = 'BLOCKING' AND comment = 'headcount: what each partition of the journal adds to a venue'",
    ),
    TableDefinition(
        "country_statistics",
        "event_country text PRIMARY KEY, total_rsvps int, yes bigint, no bigint, maybe bigint, heads bigint, as_of bigint",
        "comment = 'Answers by country of the group: ISO 3166-1 alpha-3. heads: people coming'",
    ),
    TableDefinition(
        "response_statistics",
        "response text PRIMARY KEY, total_rsvps int, as_of bigint",
        "comment = 'Answers by response'",
    ),
    TableDefinition(
        "event_statistics",
        "event_name text, response text, event_id text, group_name text, event_country text, total_rsvps int, \
         heads bigint, event_url text, time bigint, journal_partition int, as_of bigint, \
         PRIMARY KEY ((event_name), response, event_id)",
        "comment = 'Answers by event and response. heads: people coming; time: ms since 1970'",
    ),
    TableDefinition(
        "meetup_table",
        "venue_name text, lon text, lat text, group_city text, venue_id bigint, count int, event_country text, \
         as_of bigint, PRIMARY KEY (venue_name, lon, lat, group_city, venue_id)",
        "comment = 'Venues by answers that are yes'",
    ),
];

/// Which journal, and how far the migrations have come.
const SCHEMA: TableDefinition = TableDefinition(
    "headcount_schema",
    "name text PRIMARY KEY, version int, journal text, partitions int",
    "comment = 'headcount: which journal is served here, in tables of which version'",
);

/// Makes what is missing. Any number of processes may do so at once.
pub(crate) async fn settle(
    session: &Session,
    address: &CassandraAddress,
    identity: ServingIdentity,
) -> Result<()> {
    let place = address.to_string();
    let schema = CassandraSchema {
        session,
        address,
        place: &place,
    };
    schema.make_keyspace().await?;
    if !schema.has_table(SCHEMA.0).await? {
        schema.make_table(SCHEMA).await?;
    }
    let mut known = schema.known().await?;
    // Whose tables these are is settled before there are any, and asked again: another process may have been first.
    if known.is_none() {
        schema.claim(identity).await?;
        known = schema.known().await?;
    }
    let version = match known {
        Some((version, found)) if found == identity => version,
        Some((_, found)) => return Err(schema.other_journal(found, identity)),
        None => return Err(schema.absent()),
    };
    schema.check_version(version)?;
    if version == UNMADE {
        schema.make_tables().await?;
    }
    Ok(())
}

/// What others have made.
pub(crate) async fn read(session: &Session, address: &CassandraAddress) -> Result<ServingIdentity> {
    let place = address.to_string();
    let schema = CassandraSchema {
        session,
        address,
        place: &place,
    };
    if !schema.has_table(SCHEMA.0).await? {
        return Err(schema.absent());
    }
    let (version, identity) = schema.known().await?.ok_or_else(|| schema.absent())?;
    schema.check_version(version)?;
    if version == UNMADE {
        return Err(schema.absent());
    }
    Ok(identity)
}

struct CassandraSchema<'a> {
    session: &'a Session,
    address: &'a CassandraAddress,
    place: &'a str,
}

impl CassandraSchema<'_> {
    async fn make_keyspace(&self) -> Result<()> {
        let keyspace = &self.address.keyspace;
        let known = self
            .ask::<(String,)>(
                "SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?",
                vec![keyspace.clone()],
            )
            .await?;
        if !known.is_empty() {
            return Ok(());
        }
        let strategy = match &self.address.dc {
            None => "'class': 'SimpleStrategy', 'replication_factor'".to_owned(),
            Some(dc) => format!("'class': 'NetworkTopologyStrategy', '{dc}'"),
        };
        let copies = self.copies();
        self.alter(&format!(
            "CREATE KEYSPACE IF NOT EXISTS {keyspace} WITH replication = {{{strategy}: {copies}}}"
        ))
        .await
    }

    /// As asked, or as many as there are nodes to hold them, at most 3.
    fn copies(&self) -> usize {
        let state = self.session.get_cluster_state();
        let of_dc = |dc: &Option<String>| self.address.dc.is_none() || *dc == self.address.dc;
        let nodes = state
            .get_nodes_info()
            .iter()
            .filter(|node| of_dc(&node.datacenter))
            .count();
        self.address
            .replication
            .map_or(nodes.clamp(1, 3), usize::from)
    }

    async fn has_table(&self, table: &str) -> Result<bool> {
        let known = self
            .ask::<(String,)>(
                "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ? AND table_name = ?",
                vec![self.address.keyspace.clone(), table.to_owned()],
            )
            .await?;
        Ok(!known.is_empty())
    }

    /// Two nodes that make a table at the same time for two processes would give it two ids, and lose what is written
    /// under one of them. So the id is not left to them.
    async fn make_table(
        &self,
        TableDefinition(name, columns, options): TableDefinition,
    ) -> Result<()> {
        let keyspace = &self.address.keyspace;
        let id = table_id(&format!("{keyspace}.{name}"));
        self.alter(&format!(
            "CREATE TABLE IF NOT EXISTS {keyspace}.{name} ({columns}) WITH ID = {id} AND {options}"
        ))
        .await
    }

    async fn known(&self) -> Result<Option<(i32, ServingIdentity)>> {
        let rows: Vec<(i32, String, i32)> = self
            .ask(
                &self.here("SELECT version, journal, partitions FROM KS.headcount_schema WHERE name = 'served'"),
                Vec::new(),
            )
            .await?;
        let Some((version, journal, partitions)) = rows.into_iter().next() else {
            return Ok(None);
        };
        let journal = u64::from_str_radix(&journal, 16).ok();
        let identity = journal.zip(u16::try_from(partitions).ok());
        let (journal, partitions) = identity.ok_or_else(|| Error::Refused {
            action: "read from",
            place: self.place.to_owned(),
            cause: "headcount_schema holds what no headcount writes; name another keyspace"
                .to_owned(),
        })?;
        Ok(Some((
            version,
            ServingIdentity {
                journal,
                partitions,
            },
        )))
    }

    /// The first one decides. The only light-weight transactions are here and in [`CassandraSchema::make_tables`].
    async fn claim(&self, identity: ServingIdentity) -> Result<()> {
        let ServingIdentity {
            journal,
            partitions,
        } = identity;
        self.alter(&self.here(&format!(
            "INSERT INTO KS.headcount_schema (name, version, journal, partitions) \
             VALUES ('served', {UNMADE}, '{journal:016x}', {partitions}) IF NOT EXISTS"
        )))
        .await
    }

    async fn make_tables(&self) -> Result<()> {
        for table in TABLES {
            if !self.has_table(table.0).await? {
                self.make_table(*table).await?;
            }
        }
        self.alter(&self.here(&format!(
            "UPDATE KS.headcount_schema SET version = {VERSION} WHERE name = 'served' IF version = {UNMADE}"
        )))
        .await
    }

    /// What is served can always be made again from the journal, so tables of another version are left alone.
    fn check_version(&self, found: i32) -> Result<()> {
        if matches!(found, UNMADE | VERSION) {
            return Ok(());
        }
        Err(Error::Version {
            place: self.place.to_owned(),
            found,
            known: VERSION,
        })
    }

    fn other_journal(&self, found: ServingIdentity, asked: ServingIdentity) -> Error {
        let named = |identity: ServingIdentity| {
            format!(
                "journal {:016x} with {} partitions",
                identity.journal, identity.partitions
            )
        };
        Error::OtherJournal {
            place: self.place.to_owned(),
            keyspace: self.address.keyspace.clone(),
            found: named(found),
            asked: named(asked),
        }
    }

    fn absent(&self) -> Error {
        Error::Unavailable {
            action: "read from",
            place: self.place.to_owned(),
            cause: "nothing of this version has been served there yet; start a process that counts, with the same address"
                .to_owned(),
        }
    }

    fn here(&self, text: &str) -> String {
        text.replace("KS.", &format!("{}.", self.address.keyspace))
    }

    /// A change of the schema, and the wait until all nodes that are up agree on it.
    async fn alter(&self, text: &str) -> Result<()> {
        let session = self.session;
        RetryPolicy::new("make tables in", self.place, OPENING)
            .until_done(|| say(session, text).boxed())
            .boxed()
            .await
    }
    async fn ask<T>(&self, text: &str, values: Vec<String>) -> Result<Vec<T>>
    where
        T: for<'f, 'm> DeserializeRow<'f, 'm> + Send,
    {
        let session = self.session;
        RetryPolicy::new("read from", self.place, OPENING)
            .until_done(|| answer(session, text, &values).boxed())
            .boxed()
            .await
    }
}

async fn say(session: &Session, text: &str) -> Result<(), StoreFailure> {
    session.query_unpaged(text, ()).await?;
    Ok(())
}

async fn answer<T>(session: &Session, text: &str, values: &[String]) -> Result<Vec<T>, StoreFailure>
where
    T: for<'f, 'm> DeserializeRow<'f, 'm>,
{
    let answer = session.query_unpaged(text, values).await?;
    let rows = answer.into_rows_result()?;
    Ok(rows.rows::<T>()?.collect::<Result<_, _>>()?)
}

/// A number for a name, in the form of a UUID: FNV-1a, whose result never changes.
fn table_id(name: &str) -> String {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let hash = name.bytes().fold(BASIS, |hash, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(PRIME)
    });
    let hex = format!("{hash:032x}");
    // Version 8 and variant 8: made by a rule of one's own.
    format!(
        "{}-{}-8{}-8{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[13..16],
        &hex[17..20],
        &hex[20..]
    )
}
