//! The schema, brought up to date step by step.

use super::{
    address::PostgresAddress, connection::Connection, error::Error, failure::RequestFailure,
};

/// What makes each version of the schema out of the one before. A step that was released is never changed: another one
/// follows it. A test compares what they make with the model.
pub(super) const STEPS: [&str; 1] = [include_str!("schema/1.sql")];

/// The oldest server whose functions are all there: since 14 `extract` is exact.
const VERSION_MIN: i32 = 140_000;

/// Refuses servers that cannot hold the tables.
pub(super) async fn check_server(
    connection: &Connection,
    place: &str,
) -> Result<(), RequestFailure> {
    let sql = "SELECT current_setting('server_version_num')::int, current_setting('server_version'), \
               current_setting('server_encoding')";
    let row = connection.row(sql, &[]).await?;
    let (number, version, encoding): (i32, String, String) = (row.get(0), row.get(1), row.get(2));
    let problem = if number < VERSION_MIN {
        format!("PostgreSQL {version} is too old; use 14 or newer")
    } else if encoding != "UTF8" {
        format!(
            "the database's encoding is {encoding}, which lacks letters that names are written in; create it with \
             ENCODING 'UTF8' TEMPLATE template0"
        )
    } else {
        return Ok(());
    };
    let place = place.to_owned();
    Err(RequestFailure::Final(Error::Unsuitable { place, problem }))
}

/// Makes the schema, or brings it up to date, within a transaction. Other programs that do so wait for its end.
pub(super) async fn migrate(
    connection: &Connection,
    address: &PostgresAddress,
    steps: &[&str],
) -> Result<(), RequestFailure> {
    let schema = &address.schema;
    let lock = "SELECT pg_advisory_xact_lock(hashtextextended('headcount ' || $1::text, 0))";
    connection.execute(lock, &[schema]).await?;
    let exists = "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)";
    // Whoever owns the schema need not be allowed to make another one.
    if !connection.row(exists, &[schema]).await?.get::<_, bool>(0) {
        connection.run(&format!("CREATE SCHEMA {schema}")).await?;
    }
    let versions = "CREATE TABLE IF NOT EXISTS schema_version (version integer PRIMARY KEY, \
                    at timestamptz NOT NULL DEFAULT now())";
    connection.run(versions).await?;
    let newest = "SELECT coalesce(max(version), 0) FROM schema_version";
    let found: i32 = connection.row(newest, &[]).await?.get(0);
    let known = i32::try_from(steps.len()).expect("there are few steps");
    if found > known {
        return Err(RequestFailure::Final(Error::NewerSchema {
            place: address.to_string(),
            schema: schema.clone(),
            found,
            known,
        }));
    }
    for (version, step) in (1..).zip(steps).skip(found.unsigned_abs() as usize) {
        connection.run(step).await?;
        let done = "INSERT INTO schema_version (version) VALUES ($1)";
        connection.execute(done, &[&version]).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use headcount_test_servers::Postgres;

    use super::*;
    use crate::postgres::PostgresLimits;

    /// Migrates in one transaction, as the sink does; the error is a sentence.
    async fn migrated(
        connection: &Connection,
        address: &PostgresAddress,
        steps: &[&str],
    ) -> Result<(), String> {
        connection.run("BEGIN").await.expect("begin");
        let done = migrate(connection, address, steps).await;
        let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
        connection.run(end).await.expect("end");
        done.map_err(|failure| failure.reason())
    }

    #[tokio::test]
    async fn an_older_schema_is_brought_up_to_date_or_left_as_it_is() {
        let server = Postgres::start();
        let address = format!("postgres://headcount@{}/headcount", server.contact());
        let address: PostgresAddress = address.parse().expect("an address");
        let connection = Connection::open(&address, &PostgresLimits::default())
            .await
            .expect("a session");
        let first = STEPS[0];
        migrated(&connection, &address, &[first])
            .await
            .expect("version 1");
        let row = "INSERT INTO venues (venue_id, mtime) VALUES (7, now())";
        connection.run(row).await.expect("a row");

        let second = "ALTER TABLE venues ADD COLUMN floor integer NOT NULL DEFAULT 3";
        migrated(&connection, &address, &[first, second])
            .await
            .expect("version 2");
        let floor = connection
            .row("SELECT floor FROM venues WHERE venue_id = 7", &[])
            .await;
        assert_eq!(floor.expect("the row").get::<_, i32>(0), 3);
        // Twice is as good as once.
        migrated(&connection, &address, &[first, second])
            .await
            .expect("version 2");

        let half = "ALTER TABLE venues DROP COLUMN floor; ALTER TABLE nothing ADD COLUMN x integer";
        let error = migrated(&connection, &address, &[first, second, half]).await;
        assert!(error.is_err_and(|error| error.contains("nothing")));
        let still = "SELECT max(version), (SELECT floor FROM venues) FROM schema_version";
        let still = connection.row(still, &[]).await.expect("the row");
        assert_eq!((still.get::<_, i32>(0), still.get::<_, i32>(1)), (2, 3));

        let error = migrated(&connection, &address, &[first]).await;
        assert!(error.is_err_and(|error| error.contains("is of version 2")));
    }
}
