//! A session of the tests' own, which sees what is in the tables.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use headcount_batch::{
    model::{ColumnType, LakeTable},
    postgres::{PostgresAddress, PostgresLimits, PostgresSink},
};
use headcount_clock::Delays;
use headcount_test_servers::Postgres;
use tokio_postgres::{Client, NoTls, Row};

use crate::world::{Texts, World};

/// The journal that all tables here follow from.
pub const JOURNAL: u64 = u64::MAX - 7;

/// A schema of a test's own on a server.
pub struct Schema {
    pub name: String,
    pub contact: String,
}

impl Schema {
    /// On the server that all tests share.
    pub fn new() -> Self {
        Self::on(Postgres::shared())
    }

    pub fn on(server: &Postgres) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        Self {
            name: format!("tables_{}", NEXT.fetch_add(1, Ordering::Relaxed)),
            contact: server.contact(),
        }
    }

    /// The address, at the server or at a proxy before it.
    pub fn address_at(&self, contact: &str) -> PostgresAddress {
        let address = format!(
            "postgres://headcount@{contact}/headcount?schema={}",
            self.name
        );
        address.parse().unwrap()
    }

    pub fn address(&self) -> PostgresAddress {
        self.address_at(&self.contact)
    }

    pub async fn sink(&self, partitions: usize) -> PostgresSink {
        self.sink_at(&self.contact, partitions).await
    }

    pub async fn sink_at(&self, contact: &str, partitions: usize) -> PostgresSink {
        let address = self.address_at(contact);
        PostgresSink::open_within(&address, JOURNAL, partitions, limits())
            .await
            .unwrap()
    }

    /// A session that finds the tables of the schema.
    pub async fn client(&self) -> Client {
        let (host, port) = self.contact.split_once(':').unwrap();
        let config = format!("host={host} port={port} user=headcount dbname=headcount");
        let (client, connection) = tokio_postgres::connect(&config, NoTls).await.unwrap();
        tokio::spawn(connection);
        let path = format!("SET search_path = {}", self.name);
        client.batch_execute(&path).await.unwrap();
        client
    }

    /// All rows of all tables are those of `world`, by a plain look and by their digests.
    pub async fn assert_holds(&self, world: &World, sink: &mut PostgresSink) {
        let client = self.client().await;
        for table in LakeTable::ALL {
            let rows = client
                .query(&format!("SELECT * FROM {table}"), &[])
                .await
                .unwrap();
            let mut found: Vec<_> = rows.iter().map(|row| texts(table, row)).collect();
            found.sort();
            assert_eq!(found, world.rows(table), "{table}");
        }
        assert_eq!(sink.verify(&world.digests()).await.unwrap(), []);
    }
}

/// Short waits: what is waited for here comes at once or never.
pub fn limits() -> PostgresLimits {
    PostgresLimits {
        connect: Duration::from_secs(20),
        lock: Duration::from_millis(300),
        idle: Duration::from_secs(10),
        answer: Duration::from_secs(20),
        open: Duration::from_secs(120),
        delays: Delays {
            first: Duration::from_millis(2),
            most: Duration::from_millis(50),
        },
    }
}

fn texts(table: LakeTable, row: &Row) -> Texts {
    let columns = table.columns().iter().enumerate();
    let value = |(at, kind): (usize, ColumnType)| match kind {
        ColumnType::Text => row.get::<_, Option<String>>(at),
        ColumnType::Long => row.get::<_, Option<i64>>(at).map(|value| value.to_string()),
        ColumnType::Int => row.get::<_, Option<i32>>(at).map(|value| value.to_string()),
        ColumnType::Double => row
            .get::<_, Option<f64>>(at)
            .map(|value| format!("{value:?}")),
        ColumnType::Boolean => row
            .get::<_, Option<bool>>(at)
            .map(|value| value.to_string()),
        ColumnType::Time => row.get::<_, Option<SystemTime>>(at).map(microseconds),
    };
    columns
        .map(|(at, column)| value((at, column.column_type)))
        .collect()
}

fn microseconds(time: SystemTime) -> String {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_micros().to_string(),
        Err(before) => format!("-{}", before.duration().as_micros()),
    }
}
