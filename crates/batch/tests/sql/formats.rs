//! The forms of an answer.

use std::io::Cursor;

use arrow::{
    array::{Array, AsArray},
    datatypes::{DataType, Int64Type, TimeUnit},
    ipc::reader::StreamReader,
};
use headcount_batch::sql::request::{Format, Limits, Request};

use crate::support::{self, Tables};

const ALL_TYPES: &str = "SELECT 1::smallint AS s, 2::int AS i, 3::bigint AS b, 1.5::float8 AS d, 1.50 AS n, true AS t, \
     'x' AS x, date '2017-03-14' AS day, timestamptz '2017-03-14 10:00:00.5Z' AS at, timestamp '2017-03-14 10:00' AS local, \
     interval '1 day' AS long, ARRAY['a', NULL] AS list, NULL AS nothing, row_number() OVER () AS r";

async fn text(sql: &str, format: Format) -> String {
    let (bytes, _) = Tables::empty().ask(sql, format).await.unwrap();
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn json_has_columns_rows_and_an_end() {
    let answer = Tables::empty().json(ALL_TYPES).await.unwrap();
    let types: Vec<_> = answer["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| column["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        types,
        [
            "smallint",
            "integer",
            "bigint",
            "double precision",
            "numeric",
            "boolean",
            "text",
            "date",
            "timestamptz",
            "timestamp",
            "interval",
            "text[]",
            "text",
            "bigint"
        ]
    );
    assert_eq!(
        answer["rows"],
        serde_json::json!([[
            1,
            2,
            3,
            1.5,
            1.50,
            true,
            "x",
            "2017-03-14",
            "2017-03-14T10:00:00.5Z",
            "2017-03-14T10:00:00",
            "1 day",
            ["a", null],
            null,
            1
        ]])
    );
    assert_eq!(answer["truncated"], serde_json::json!(false));
    assert_eq!(answer["row_count"], serde_json::json!(1));
    assert_eq!(
        answer["as_of"],
        serde_json::json!({"offsets": [12, 40], "stream_time": 1_489_925_470_960_i64})
    );
    assert!(answer["elapsed_ms"].is_u64());
    let names: Vec<_> = text("SELECT 1 AS z", Format::Json)
        .await
        .split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect();
    assert_eq!(names[0], "columns", "the columns come first");
}

#[tokio::test]
async fn numbers_keep_their_digits() {
    let json = text(
        "SELECT 9223372036854775807 AS a, 0.1234567890123456789012 AS b, 'NaN'::float8 AS c, '1e300'::float8 AS d",
        Format::Json,
    );
    let json = json.await;
    assert!(
        json.contains("[9223372036854775807,0.1234567890123456789012,\"NaN\",1e300]")
            || json.contains("[9223372036854775807,0.1234567890123456789012,\"NaN\",1e+300]"),
        "{json}"
    );
}

#[tokio::test]
async fn objects_have_no_name_twice() {
    let json = text("SELECT 1 AS a, 2 AS \"a b\", 'x\"y' AS c", Format::Objects).await;
    assert_eq!(json, "[\n{\"a\":1,\"a b\":2,\"c\":\"x\\\"y\"}\n]\n");
    assert_eq!(
        text("SELECT 1 AS a WHERE false", Format::Objects).await,
        "[]\n"
    );
}

#[tokio::test]
async fn csv_tells_null_from_empty() {
    let sql = "SELECT * FROM (VALUES (1, NULL, ''), (-2, 'a,b', '=1+1'), (3, E'line\\nend', '\"q\"')) AS v(a, b, c) ORDER BY abs(a)";
    assert_eq!(
        text(sql, Format::Csv).await,
        "a,b,c\r\n1,,\"\"\r\n-2,\"a,b\",=1+1\r\n3,\"line\nend\",\"\"\"q\"\"\"\r\n"
    );
    let export = text(sql, Format::CsvExport).await;
    assert!(export.contains("-2,\"a,b\",\"'=1+1\""), "{export}");
    for formula in ["=1", "+1", "-1", "@x", "＝1", "＋1", "－1", "＠x"] {
        let cell = text(&format!("SELECT '{formula}' AS a"), Format::CsvExport).await;
        assert_eq!(cell, format!("a\r\n\"'{formula}\"\r\n"));
    }
}

fn check_types(schema: &arrow::datatypes::Schema) {
    for field in schema.fields() {
        match field.data_type() {
            DataType::Timestamp(unit, zone) => {
                assert_eq!(*unit, TimeUnit::Microsecond, "{field}");
                assert!(zone.as_deref().is_none_or(|zone| zone == "UTC"), "{field}");
            }
            other => assert!(
                !other.is_unsigned_integer() && *other != DataType::Null,
                "{field}"
            ),
        }
    }
}

#[tokio::test]
async fn arrow_and_parquet_have_types_that_others_read() {
    let (bytes, _) = Tables::empty().ask(ALL_TYPES, Format::Arrow).await.unwrap();
    let reader = StreamReader::try_new(Cursor::new(bytes), None).unwrap();
    check_types(&reader.schema());
    let batches: Vec<_> = reader.map(Result::unwrap).collect();
    assert_eq!(
        batches.iter().map(|batch| batch.num_rows()).sum::<usize>(),
        1
    );

    let sql = "SELECT x, now() AS at FROM generate_series(1, 20000) AS s(x)";
    let (bytes, end) = Tables::empty().ask(sql, Format::Parquet).await.unwrap();
    assert_eq!(end.row_count, 20_000);
    let reader =
        parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(bytes_of(bytes))
            .unwrap();
    check_types(reader.schema());
    let sum: i64 = reader
        .build()
        .unwrap()
        .map(|batch| {
            batch
                .unwrap()
                .column(0)
                .as_primitive::<Int64Type>()
                .values()
                .iter()
                .sum::<i64>()
        })
        .sum();
    assert_eq!(sum, 200_010_000);
    let (bytes, _) = Tables::empty()
        .ask(ALL_TYPES, Format::Parquet)
        .await
        .unwrap();
    let reader =
        parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(bytes_of(bytes))
            .unwrap();
    check_types(reader.schema());
}

fn bytes_of(bytes: Vec<u8>) -> bytes::Bytes {
    bytes.into()
}

#[tokio::test]
async fn a_terminal_shows_aligned_columns() {
    let sql =
        "SELECT * FROM (VALUES (1, 'a', 1.5), (20, '東京', NULL)) AS v(n, place, x) ORDER BY n";
    let expected = "\u{20}n  │ place │ x
────┼───────┼──────
  1 │ a     │  1.5
 20 │ 東京  │ NULL
(2 rows)
";
    assert_eq!(text(sql, Format::Table { width: 0 }).await, expected);
    let narrow = text(
        "SELECT repeat('x', 100) AS long, 1 AS n",
        Format::Table { width: 30 },
    )
    .await;
    assert!(
        narrow.lines().all(|line| line.chars().count() <= 30),
        "{narrow}"
    );
    assert!(
        narrow.contains('…') && narrow.ends_with("(1 row)\n"),
        "{narrow}"
    );
    let control = text("SELECT E'a\\x1b[2Jb' AS x", Format::Table { width: 0 }).await;
    assert!(!control.contains('\x1b'), "{control}");
}

#[tokio::test]
async fn a_limit_says_that_it_cut() {
    let ask = |rows: Option<u64>, bytes: Option<u64>, sql: &'static str| async move {
        let tables = Tables::empty();
        let request = Request {
            limits: Limits {
                rows,
                bytes,
                ..support::limits()
            },
            ..tables.request(sql, Format::Csv)
        };
        support::statements()
            .run(&request)
            .await
            .unwrap()
            .whole()
            .await
            .unwrap()
    };
    let series = "SELECT x FROM generate_series(1, 5000) AS s(x)";
    for (limit, cut) in [
        (4_999, true),
        (5_000, false),
        (5_001, false),
        (0, true),
        (1, true),
    ] {
        let (csv, end) = ask(Some(limit), None, series).await;
        assert_eq!(
            (end.truncated, end.row_count),
            (cut, limit.min(5_000)),
            "{limit}"
        );
        assert_eq!(
            csv.split(|byte| *byte == b'\n').count() as u64,
            end.row_count + 2
        );
    }
    let (csv, end) = ask(None, Some(1_000), series).await;
    assert!(
        end.truncated && csv.len() < 10_000 && end.row_count > 0,
        "{end:?}"
    );
    let (_, end) = ask(
        Some(1),
        None,
        "EXPLAIN SELECT count(*) FROM generate_series(1, 10)",
    )
    .await;
    assert!(end.truncated);
}
