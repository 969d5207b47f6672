//! PostgreSQL's clients read the tables: psql, psycopg, SQLAlchemy, pandas, pgjdbc, tokio-postgres, and what Grafana and
//! Metabase send. What they are told of tables and keys is compared with what PostgreSQL 15 tells of the same tables.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../tables/data.rs"]
#[allow(dead_code)]
mod data;
#[path = "../named/python.rs"]
mod python;

mod drivers;
mod frames;
mod hostile;
mod pickers;
mod psql;
mod server;
mod sessions;
