//! A worker that serves PostgreSQL's clients, and a PostgreSQL that has the same tables.

use std::{
    fmt::Write,
    io::{BufRead, BufReader},
    net::TcpStream,
    process::{Child, Stdio},
    sync::OnceLock,
};

use headcount_batch::model::LakeTable;
use headcount_test_servers::Postgres;

use crate::data::{Data, simulate};

/// Records that the tables are made of.
const RECORDS: u64 = 1_000;

/// A worker over a journal of its own.
pub(crate) struct WireServer {
    pub(crate) port: u16,
    pub(crate) data: Data,
    pub(crate) child: Child,
}

impl WireServer {
    pub(crate) fn start() -> Self {
        let data = Data::new();
        let file = data.beside("records.ndjson");
        simulate(RECORDS, 1, &file);
        data.import(&[&file]);
        let arguments = ["serve", "--watch-stdin", "--pg-listen", "127.0.0.1:0"];
        let mut child = data
            .batch(&arguments)
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let port = loop {
            let line = lines.next().expect("the worker listens").unwrap();
            eprintln!("{line}");
            if let Some((_, address)) = line.split_once("clients find the tables at 127.0.0.1:") {
                break address.trim().parse().unwrap();
            }
        };
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                eprintln!("{line}");
            }
        });
        Self { port, data, child }
    }

    /// One for all tests that leave it as it is. It ends with the tests, when its standard input does.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<WireServer> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    pub(crate) fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).unwrap()
    }

    /// A session of a driver.
    pub(crate) async fn client(&self) -> tokio_postgres::Client {
        client(self.port).await
    }
}

/// PostgreSQL with the tables, their keys and their references, and without rows.
pub(crate) fn postgres() -> &'static Postgres {
    static SERVER: OnceLock<Postgres> = OnceLock::new();
    SERVER.get_or_init(|| {
        let server = Postgres::start();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let statements = tables();
        std::thread::scope(|scope| {
            let created = scope.spawn(|| {
                runtime.block_on(async {
                    let client = client(server.port()).await;
                    client.batch_execute(&statements).await.unwrap();
                });
            });
            created.join().unwrap();
        });
        server
    })
}

async fn client(port: u16) -> tokio_postgres::Client {
    let config = format!("host=127.0.0.1 port={port} user=headcount dbname=headcount");
    let connected = tokio_postgres::connect(&config, tokio_postgres::NoTls).await;
    let (client, connection) = connected.unwrap();
    tokio::spawn(connection);
    client
}

/// The statements that create the tables.
fn tables() -> String {
    // Otherwise it belongs to a role of the system.
    let mut out = String::from("ALTER SCHEMA public OWNER TO headcount;");
    for table in LakeTable::ALL {
        write!(out, "CREATE TABLE {table} (").unwrap();
        for column in table.columns() {
            let null = if column.nullable { "" } else { " NOT NULL" };
            let kind = column.column_type.postgres();
            write!(out, "{} {kind}{null}, ", column.name).unwrap();
        }
        let key: Vec<_> = table.key().iter().map(|column| column.name).collect();
        write!(out, "PRIMARY KEY ({}));", key.join(", ")).unwrap();
    }
    for table in LakeTable::ALL {
        for reference in table.references() {
            let (column, to) = (reference.column, reference.to);
            write!(
                out,
                "ALTER TABLE {table} ADD FOREIGN KEY ({column}) REFERENCES {to};"
            )
            .unwrap();
        }
    }
    out
}
