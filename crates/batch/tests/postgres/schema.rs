//! The schema is that of the model, and the server keeps it.

use std::collections::BTreeSet;

use headcount_batch::{
    model::LakeTable,
    postgres::{Error, PostgresSink},
};

use crate::{
    generator::Generator,
    server::{JOURNAL, Schema, limits},
};

#[tokio::test]
async fn the_catalogue_is_the_model() {
    let schema = Schema::new();
    schema.sink(1).await;
    let client = schema.client().await;
    let columns = "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull \
                   FROM pg_attribute AS a WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 ORDER BY a.attnum";
    let key = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = $1::text::regclass AND contype = 'p'";
    let references = "SELECT pg_get_constraintdef(oid) FROM pg_constraint \
                      WHERE conrelid = $1::text::regclass AND contype = 'f'";
    for table in LakeTable::ALL {
        let name = table.name();
        let found: Vec<(String, String, bool)> = client
            .query(columns, &[&name])
            .await
            .unwrap()
            .iter()
            .map(|row| (row.get(0), row.get(1), row.get(2)))
            .collect();
        let expected: Vec<(String, String, bool)> = table
            .columns()
            .iter()
            .map(|column| {
                let kind = match column.column_type.postgres() {
                    "timestamptz" => "timestamp with time zone",
                    kind => kind,
                };
                (column.name.to_owned(), kind.to_owned(), !column.nullable)
            })
            .collect();
        assert_eq!(found, expected, "{table}");
        let key: String = client.query_one(key, &[&name]).await.unwrap().get(0);
        let names: Vec<_> = table.key().iter().map(|column| column.name).collect();
        assert_eq!(key, format!("PRIMARY KEY ({})", names.join(", ")));
        let found: BTreeSet<String> = client
            .query(references, &[&name])
            .await
            .unwrap()
            .iter()
            .map(|row| row.get(0))
            .collect();
        let expected = table.references().iter().map(|reference| {
            let (to, key) = (reference.to, reference.to.key()[0].name);
            format!("FOREIGN KEY ({}) REFERENCES {to}({key})", reference.column)
        });
        assert_eq!(found, expected.collect(), "{table}");
    }
}

#[tokio::test]
async fn what_refers_to_other_rows_is_indexed() {
    let schema = Schema::new();
    schema.sink(1).await;
    let client = schema.client().await;
    let first = "SELECT a.attname::text FROM pg_index AS i JOIN pg_attribute AS a \
                 ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] WHERE i.indrelid = $1::text::regclass";
    for table in LakeTable::ALL {
        let found: BTreeSet<String> = client
            .query(first, &[&table.name()])
            .await
            .unwrap()
            .iter()
            .map(|row| row.get(0))
            .collect();
        for reference in table.references() {
            assert!(
                found.contains(reference.column),
                "{table}.{}",
                reference.column
            );
        }
    }
}

#[tokio::test]
async fn keys_references_and_checks_hold_for_everybody() {
    let schema = Schema::new();
    let mut generator = Generator::new(40, &[], 10);
    let mut sink = schema.sink(3).await;
    sink.write(&generator.first()).await.unwrap();
    let client = schema.client().await;
    for (statement, code) in [
        ("UPDATE rsvps SET response = 'YES'", "23514"),
        ("UPDATE rsvps SET guests = -1", "23514"),
        ("UPDATE rsvps SET member_id = 99", "23503"),
        (
            "UPDATE rsvps SET event_id = 'none' WHERE rsvp_id = 1",
            "23503",
        ),
        ("UPDATE rsvps SET response = NULL", "23502"),
        ("UPDATE rsvp_versions SET outcome = ''", "23514"),
        ("UPDATE venues SET lat = 'NaN'", "23514"),
        ("UPDATE venues SET lon = 180.1", "23514"),
        ("UPDATE groups SET lat = -90.1", "23514"),
        ("UPDATE groups SET category_id = -1", "23503"),
        ("UPDATE events SET fee = 'infinity'", "23514"),
        ("UPDATE events SET fee = 'NaN'", "23514"),
        (
            "UPDATE members SET first_seen = last_seen + interval '1 s'",
            "23514",
        ),
        ("INSERT INTO topics SELECT * FROM topics", "23505"),
        ("DELETE FROM members", "23503"),
        ("UPDATE sink SET one = false", "23514"),
        ("UPDATE sink_progress SET next = -1", "23514"),
    ] {
        let error = client.batch_execute(statement).await.expect_err(statement);
        assert_eq!(error.code().unwrap().code(), code, "{statement}");
    }
}

#[tokio::test]
async fn a_newer_schema_is_refused_with_a_sentence() {
    let schema = Schema::new();
    schema.sink(1).await;
    let client = schema.client().await;
    client
        .batch_execute("INSERT INTO schema_version (version) VALUES (1000)")
        .await
        .unwrap();
    let opened = PostgresSink::open_within(&schema.address(), JOURNAL, 1, limits()).await;
    let error = opened.err().unwrap();
    assert!(
        matches!(
            error,
            Error::NewerSchema {
                found: 1000,
                known: 1,
                ..
            }
        ),
        "{error}"
    );
    assert!(
        error.to_string().contains("use the program that wrote it"),
        "{error}"
    );
}

#[tokio::test]
async fn a_database_that_cannot_hold_all_letters_is_refused() {
    let schema = Schema::new();
    let client = schema.client().await;
    let make = format!(
        "CREATE DATABASE {} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0",
        schema.name
    );
    client.batch_execute(&make).await.unwrap();
    let address = format!("postgres://headcount@{}/{}", schema.contact, schema.name);
    let opened = PostgresSink::open_within(&address.parse().unwrap(), JOURNAL, 1, limits()).await;
    let error = opened.err().unwrap().to_string();
    assert!(
        error.contains("encoding is LATIN1") && error.contains("create it with"),
        "{error}"
    );
    let address = format!("postgres://headcount@{}/none", schema.contact);
    let opened = PostgresSink::open_within(&address.parse().unwrap(), JOURNAL, 1, limits()).await;
    let error = opened.err().unwrap().to_string();
    assert!(
        error.contains("3D000") && error.contains("CREATE DATABASE"),
        "{error}"
    );
}

#[tokio::test]
async fn a_user_who_owns_the_schema_needs_no_more() {
    let schema = Schema::new();
    let name = &schema.name;
    let client = schema.client().await;
    let make = format!("CREATE ROLE {name} LOGIN; CREATE SCHEMA {name} AUTHORIZATION {name}");
    client.batch_execute(&make).await.unwrap();
    let address = format!(
        "postgres://{name}@{}/headcount?schema={name}",
        schema.contact
    );
    let mut generator = Generator::new(41, &[], 10);
    let mut sink = PostgresSink::open_within(&address.parse().unwrap(), JOURNAL, 3, limits())
        .await
        .unwrap();
    sink.write(&generator.first()).await.unwrap();
    let address = format!(
        "postgres://{name}@{}/headcount?schema=another",
        schema.contact
    );
    let opened = PostgresSink::open_within(&address.parse().unwrap(), JOURNAL, 3, limits()).await;
    let error = opened.err().unwrap().to_string();
    assert!(
        error.contains("42501") && error.contains("grant CREATE"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_open_at_once_make_the_schema_once() {
    let schema = Schema::new();
    let opening = (0..6).map(|_| {
        let address = schema.address();
        tokio::spawn(async move {
            PostgresSink::open_within(&address, JOURNAL, 3, limits())
                .await
                .map(drop)
        })
    });
    for opened in opening.collect::<Vec<_>>() {
        opened.await.unwrap().unwrap();
    }
    let client = schema.client().await;
    let epochs = "SELECT min(epoch), max(epoch), count(*) FROM sink_progress";
    let row = client.query_one(epochs, &[]).await.unwrap();
    assert_eq!(
        (
            row.get::<_, i64>(0),
            row.get::<_, i64>(1),
            row.get::<_, i64>(2)
        ),
        (6, 6, 3)
    );
}
