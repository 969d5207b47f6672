use std::sync::Arc;

use arrow::{array::RecordBatch, util::pretty::pretty_format_batches};
use datafusion::{
    datasource::MemTable,
    prelude::{SessionConfig, SessionContext},
};
use proptest::prelude::*;
use tokio::runtime::Runtime;

use super::{literal, *};
use crate::model::LakeTable;

/// A session as the worker has it, over empty tables.
fn session() -> SessionContext {
    let mut config = SessionConfig::new();
    let options = config.options_mut();
    options.execution.time_zone = Some("+00:00".to_owned());
    options.sql_parser.dialect = datafusion::config::Dialect::PostgreSQL;
    let session = SessionContext::new_with_config(config);
    for table in LakeTable::ALL {
        let empty = RecordBatch::new_empty(table.schema());
        let rows = MemTable::try_new(table.schema(), vec![vec![empty]]).unwrap();
        session
            .register_table(table.name(), Arc::new(rows))
            .unwrap();
    }
    session
}

fn filters(query: &[(&str, &str)]) -> Filters {
    Filters::of_pairs(query.iter().copied()).unwrap()
}

/// One set of filters for each kind, and one with all of them.
fn sets() -> Vec<Filters> {
    let all = [
        ("country", "us,gb,unknown"),
        ("city", "London"),
        ("city", "New York|NY|us"),
        ("category", "tech"),
        ("topic", "social"),
        ("response", "yes,maybe"),
        ("venue", "-7"),
        ("group", "12"),
        ("event", "jkpwmlywgbmb"),
        ("from", "2017-03-19"),
        ("to", "2017-03-20T12:30Z"),
    ];
    let mut sets = vec![Filters::default(), filters(&all)];
    sets.extend(all.iter().map(|pair| filters(&[*pair])));
    sets
}

#[test]
fn every_statement_runs_with_every_filter_and_begins_with_its_label() {
    Runtime::new().unwrap().block_on(async {
        let session = session();
        for named in all() {
            for (number, filters) in sets().into_iter().enumerate() {
                let statement = named.statement(&filters);
                let answer = session.sql(&statement).await;
                let answer =
                    answer.unwrap_or_else(|error| panic!("{}: {error}\n{statement}", named.name));
                let columns: Vec<_> = answer
                    .schema()
                    .fields()
                    .iter()
                    .map(|field| field.name().clone())
                    .collect();
                assert!(
                    columns[0] == named.x || named.name == "places",
                    "{}: {columns:?}",
                    named.name
                );
                assert!(
                    columns.iter().any(|column| column == named.y),
                    "{}: {columns:?}",
                    named.name
                );
                // To run them takes long before anything is optimised, so it is done without a filter and with all of them.
                if number < 2 {
                    answer
                        .collect()
                        .await
                        .unwrap_or_else(|error| panic!("{}: {error}\n{statement}", named.name));
                }
            }
        }
    });
}

#[test]
fn a_list_has_an_order_that_ties_do_not_change_and_an_end() {
    for named in all() {
        let order = named.body.rfind("ORDER BY").map(|at| &named.body[at..]);
        let one_row = named.name == "totals";
        assert!(one_row || order.is_some(), "{} has no order", named.name);
    }
}

#[test]
fn a_header_says_what_is_wrong_with_it() {
    let problem = |text: &'static str| header::read("x", text).unwrap_err();
    let whole =
        "-- title: A\n-- description: B\n-- chart: bar\n-- x: a\n-- y: b\nSELECT 1 AS a, 2 AS b\n";
    let named = header::read("x", whole).unwrap();
    assert_eq!(
        (named.title, named.description, named.chart),
        ("A", "B", Chart::Bar)
    );
    assert_eq!(
        (named.x, named.y, named.sql.as_str()),
        ("a", "b", "SELECT 1 AS a, 2 AS b")
    );
    assert_eq!(
        problem("-- title: A\nSELECT 1"),
        "the header has no line of description"
    );
    assert_eq!(
        problem("-- title: A\n-- title: B\nSELECT 1"),
        "the header has two lines of title"
    );
    assert_eq!(
        problem("-- colour: A\nSELECT 1"),
        "the header has a line of colour, which means nothing"
    );
    assert_eq!(
        problem("-- title\nSELECT 1"),
        "the line \"-- title\" of the header has no colon"
    );
    assert_eq!(
        problem("-- title: A\n"),
        "it must have one statement, without a semicolon"
    );
    assert_eq!(
        problem("SELECT 1; DROP TABLE rsvps"),
        "it must have one statement, without a semicolon"
    );
}

#[test]
fn names_are_those_of_the_files() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/named");
    let files = std::fs::read_dir(folder).unwrap().filter_map(|file| {
        let name = file.unwrap().file_name().into_string().unwrap();
        name.strip_suffix(".sql").map(str::to_owned)
    });
    let mut files: Vec<_> = files.collect();
    files.sort();
    let names: Vec<_> = all().iter().map(|named| named.name).collect();
    assert_eq!(names, files);
    assert_eq!(find("topics").map(|named| named.title), Some("Topics"));
    assert_eq!(find("topics.sql"), None);
}

const HOSTILE: [&str; 16] = [
    "'",
    "''",
    "\\",
    "\\'",
    "'; DROP TABLE rsvps; --",
    "\\'; DROP TABLE rsvps; --",
    "' OR '1'='1",
    "') OR 1=1 --",
    "/* */",
    "$$x$$",
    "E'\\x27'",
    "\u{2019} OR 1=1",
    "line\nbreak",
    "%s ${x} {{7*7}}",
    "\u{202e}reversed",
    "chosen_events filtered_rsvps",
];

#[test]
fn a_literal_is_the_value_in_every_dialect() {
    use datafusion::config::Dialect;
    Runtime::new().unwrap().block_on(async {
        for dialect in [
            Dialect::PostgreSQL,
            Dialect::Generic,
            Dialect::DuckDB,
            Dialect::MySQL,
        ] {
            let mut config = SessionConfig::new();
            config.options_mut().sql_parser.dialect = dialect;
            let session = SessionContext::new_with_config(config);
            for value in HOSTILE {
                let statement = format!("SELECT {} AS value", literal::text(value));
                let answer = session
                    .sql(&statement)
                    .await
                    .unwrap_or_else(|error| panic!("{statement}: {error}"));
                let answer = answer.collect().await.unwrap();
                let column = answer[0].column(0);
                let read = arrow::util::display::array_value_to_string(column, 0).unwrap();
                assert_eq!(
                    (answer[0].num_columns(), read.as_str()),
                    (1, value),
                    "{dialect:?}: {statement}"
                );
            }
        }
    });
}

#[test]
fn hostile_filters_find_nothing_and_break_nothing() {
    Runtime::new().unwrap().block_on(async {
        let session = session();
        for value in HOSTILE {
            for name in ["city", "category", "topic", "event"] {
                let statement = find("topics")
                    .unwrap()
                    .statement(&filters(&[(name, value)]));
                let rows = session
                    .sql(&statement)
                    .await
                    .unwrap_or_else(|error| panic!("{statement}: {error}"));
                let rows = rows.collect().await.unwrap();
                assert!(
                    rows.iter().all(|batch| batch.num_rows() == 0),
                    "{}",
                    pretty_format_batches(&rows).unwrap()
                );
            }
            for name in ["country", "response", "venue", "group", "from", "to"] {
                assert!(
                    Filters::of_pairs([(name, value)]).is_err(),
                    "{name}={value}"
                );
            }
        }
    });
}

#[test]
fn filters_that_mean_nothing_are_refused_with_a_sentence() {
    let refusal = |query: &[(&str, &str)]| {
        Filters::of_pairs(query.iter().copied())
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        refusal(&[("colour", "red")]),
        "there is no filter \"colour\": country, city, category, topic, response, venue, group, event, from and to are"
    );
    assert_eq!(
        refusal(&[("country", "usa")]),
        "country=\"usa\": a country is two letters of ISO 3166, or \"unknown\""
    );
    assert_eq!(
        refusal(&[("venue", "Launch 22")]),
        "venue=\"Launch 22\": it is given by its number"
    );
    assert_eq!(
        refusal(&[("event", "a\0b")]),
        "event=\"a\\0b\": no value has a zero character"
    );
    assert_eq!(
        refusal(&[("topic", &"x".repeat(257))]).split(": ").nth(1),
        Some("a value has at most 256 bytes")
    );
    assert_eq!(
        refusal(&[("from", "2017-03-20"), ("to", "2017-03-19")]),
        "to=2017-03-19T00:00:00.000Z is not after from=2017-03-20T00:00:00.000Z: no answer can lie between them"
    );
    let many: Vec<_> = (0..33).map(|number| number.to_string()).collect();
    let many: Vec<_> = many
        .iter()
        .map(|number| ("group", number.as_str()))
        .collect();
    assert_eq!(refusal(&many), "group has more than 32 values");
    for time in [
        "2017-02-29",
        "2017-13-01",
        "2017-3-19",
        "2017-03-19T24:00Z",
        "2017-03-19T12:00:00.1234567890Z",
        "now",
        "9223372036854775807",
    ] {
        assert!(
            refusal(&[("from", time)]).contains("a time is 2017-03-19"),
            "{time}"
        );
    }
}

#[test]
fn filters_are_read_from_an_address_and_from_json_alike() {
    let read = filters(&[
        ("country", "US, gb"),
        ("theme", "dark"),
        ("by", "cities"),
        ("city", "New York|NY|US"),
        ("city", "Paris"),
        ("response", "yes"),
        ("venue", "-12"),
        ("from", "1489925470960"),
        ("to", "2017-03-20T01:02:03.500999+00:00"),
        ("topic", ""),
    ]);
    assert_eq!(read.countries, ["us", "gb"]);
    assert_eq!(
        read.cities[0].place,
        Some(("NY".to_owned(), "us".to_owned()))
    );
    assert_eq!(read.from, Some(1_489_925_470_960));
    assert_eq!(read.to, Some(1_489_971_723_500));
    let json = serde_json::json!({
        "country": "us,gb", "city": ["New York|NY|us", "Paris"], "response": "yes", "venue": -12,
        "from": "2017-03-19T12:11:10.960Z", "to": 1_489_971_723_500_i64
    });
    assert_eq!(serde_json::from_value::<Filters>(json).unwrap(), read);
    let error =
        serde_json::from_value::<Filters>(serde_json::json!({"colour": "red"})).unwrap_err();
    assert!(
        error.to_string().contains("there is no filter \"colour\""),
        "{error}"
    );
}

proptest! {
    #[test]
    fn an_address_says_all_of_the_filters(
        countries in proptest::collection::vec("[a-z]{2}", 0..3),
        cities in proptest::collection::vec("[^\0|]{1,12}(\\|[A-Z]{0,2}\\|[a-z]{2})?", 0..3),
        topic in "[^\0]{0,20}",
        venue in any::<i64>(),
        from in -9_000_000_000_000_i64..9_000_000_000_000,
        length in 1_i64..100_000,
    ) {
        let mut pairs: Vec<(&str, String)> = Vec::new();
        pairs.extend(countries.into_iter().map(|country| ("country", country)));
        pairs.extend(cities.into_iter().map(|city| ("city", city)));
        pairs.push(("topic", topic));
        pairs.push(("venue", venue.to_string()));
        pairs.push(("from", from.to_string()));
        pairs.push(("to", (from + length).to_string()));
        let read = Filters::of_pairs(pairs.iter().map(|(name, value)| (*name, value.as_str()))).unwrap();
        let again = read.pairs();
        let again = again.iter().map(|(name, value)| (*name, value.as_str()));
        prop_assert_eq!(Filters::of_pairs(again).unwrap(), read.clone());
        let json = serde_json::to_value(&read).unwrap();
        prop_assert_eq!(serde_json::from_value::<Filters>(json).unwrap(), read);
    }
}
