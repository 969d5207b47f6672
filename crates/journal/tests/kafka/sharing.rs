//! Several processes, or what is the same to Kafka, several openings of one journal.

use headcount_journal::{Error, Journal, Place};
use rdkafka::Message as _;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::Headers as _;

use crate::support::{
    NAME, NOTE, POSITION, SOON, Site, entry, open, options, read_all, read_from, until,
};

/// Batches of one writer, which say whose they are and how many there were before.
fn write(journal: &Journal, writer: u16, batches: usize) {
    journal.name_source(writer, &format!("source-{writer}"));
    let receipts: Vec<_> = (0..batches)
        .map(|number| {
            let size = 1 + number % 7;
            let mut batch = vec![entry(NAME, writer, format!("source-{writer}"))];
            batch.extend((0..size).map(|part| {
                let kind = [0, 2, NOTE][(number + part) % 3];
                entry(kind, writer, format!("{writer} {number} {part}/{size}"))
            }));
            journal.append((number % 2) as u16, batch).unwrap()
        })
        .collect();
    for receipt in receipts {
        assert_eq!(receipt.wait().unwrap(), None);
    }
}

#[test]
fn two_writers_at_once_make_one_order_and_every_place_begins_in_it() {
    const BATCHES: usize = 120;
    let site = Site::shared();
    let mut with_two = options(&site, "one");
    with_two.partitions = Some(2);
    // Small groups, so that many transactions of both cross each other.
    with_two.group_bytes = 1_000;
    let one = Journal::kafka(with_two.clone()).unwrap();
    with_two.worker = "two".to_owned();
    let two = Journal::kafka(with_two).unwrap();
    assert_eq!(one.id(), two.id());
    std::thread::scope(|scope| {
        scope.spawn(|| write(&one, 1, BATCHES));
        scope.spawn(|| write(&two, 1, BATCHES / 2));
        scope.spawn(|| write(&two, 2, BATCHES));
    });
    for partition in 0..2 {
        let (rows, places) = read_from(&one, partition, &Place::default());
        let ends = [&one, &two].map(|journal| journal.durable_end(partition).unwrap());
        assert_eq!(ends, [rows.len() as u64; 2]);
        assert!(rows.iter().zip(0..).all(|(row, offset)| row.0 == offset));
        // Batches are whole: each begins with its name and goes on to its last part.
        let mut at = 0;
        while at < rows.len() {
            assert_eq!(rows[at].2, NAME, "{:?}", rows[at]);
            let first = &rows[at + 1].4;
            let size: usize = first.split('/').nth(1).unwrap().parse().unwrap();
            let begins = first.split(' ').take(2).collect::<Vec<_>>().join(" ");
            for (part, row) in rows[at + 1..=at + size].iter().enumerate() {
                assert_eq!(row.4, format!("{begins} {part}/{size}"));
                // The number of a source is its name's, whatever its writer called it.
                assert_eq!(row.3, rows[at].3);
            }
            at += 1 + size;
        }
        assert!(read_all(&two, partition) == rows, "another reader");
        for place in places.iter().step_by(places.len() / 6 + 1) {
            let from = usize::try_from(place.offset).unwrap();
            let same = |journal: &Journal, place: &Place| {
                let found = read_from(journal, partition, place).0;
                let differs = found.iter().zip(&rows[from..]).find(|(a, b)| a != b);
                assert_eq!(differs, None, "from {place:?}");
                assert_eq!(found.len(), rows.len() - from);
            };
            same(&two, place);
            same(&one, &Place::at(place.offset));
        }
    }
}

/// Each process opens the journal for itself, as two machines do that begin to ingest at the same moment.
#[test]
fn two_processes_that_register_at_once_do_not_get_the_same_kinds() {
    let site = Site::shared();
    let journals = ["one", "two", "three"].map(|worker| open(&site, worker));
    let start = std::sync::Barrier::new(journals.len());
    let register = |journal: &Journal, schema: &str| {
        start.wait();
        journal.register_kinds(schema, 2, 16..=254).unwrap()
    };
    // The third asks for the schema of the second.
    let given = std::thread::scope(|scope| {
        let schemas = ["a", "b", "b"];
        let asking: Vec<_> = journals
            .iter()
            .zip(schemas)
            .map(|(journal, schema)| scope.spawn(|| register(journal, schema)))
            .collect();
        let given = asking.into_iter().map(|asked| asked.join().unwrap());
        given.collect::<Vec<_>>()
    });
    let [a, b, again] = given[..] else {
        panic!("{given:?}");
    };
    assert_eq!(b, again);
    assert_eq!([a.min(b), a.max(b)], [16, 18]);
    // Nobody was kept from writing by it.
    for journal in &journals {
        let receipt = journal.append(0, vec![entry(0, 0, "after")]).unwrap();
        receipt.wait().unwrap();
    }
}

#[test]
fn an_older_process_of_the_same_name_can_write_no_more() {
    let site = Site::shared();
    let old = open(&site, "worker");
    old.append(0, vec![entry(0, 0, "old")])
        .unwrap()
        .wait()
        .unwrap();
    let new = open(&site, "worker");
    let refused = old
        .append(0, vec![entry(0, 0, "zombie")])
        .unwrap()
        .wait()
        .unwrap_err();
    assert!(matches!(refused, Error::Fenced { .. }), "{refused}");
    assert!(refused.to_string().contains("as worker worker"));
    let again = old.append(0, vec![entry(0, 0, "zombie")]).unwrap_err();
    assert!(matches!(again, Error::Fenced { .. }), "{again}");
    new.append(0, vec![entry(0, 0, "new")])
        .unwrap()
        .wait()
        .unwrap();
    let bodies: Vec<_> = read_all(&new, 0).into_iter().map(|row| row.4).collect();
    assert_eq!(bodies, ["old", "new"]);
    // It reads on.
    assert_eq!(read_all(&old, 0).len(), 2);
    assert!(matches!(old.close(), Err(Error::Fenced { .. })));
}

#[test]
fn a_reading_process_disturbs_nobody() {
    let site = Site::shared();
    let writer = open(&site, "worker");
    let mut reads = options(&site, "worker");
    reads.writes = false;
    let reader = Journal::kafka(reads).unwrap();
    assert!(matches!(
        reader.append(0, vec![entry(0, 0, "a")]),
        Err(Error::NotWriting)
    ));
    writer
        .append(0, vec![entry(0, 0, "a")])
        .unwrap()
        .wait()
        .unwrap();
    assert_eq!(read_all(&reader, 0).len(), 1);
    reader.close().unwrap();
}

#[test]
fn positions_are_the_last_of_each_key_and_partition() {
    let site = Site::shared();
    let mut two = options(&site, "one");
    two.partitions = Some(2);
    let journal = Journal::kafka(two).unwrap();
    assert_eq!(
        journal.positions().unwrap(),
        vec![vec![], Vec::<Vec<u8>>::new()]
    );
    for number in 0..3 {
        let batch = vec![
            entry(0, 1, "record"),
            entry(POSITION, 1, format!("file {number}")),
            entry(POSITION, 1, format!("other {number}")),
            entry(POSITION, 1, format!("file {number}.5")),
        ];
        journal.append(1, batch).unwrap().wait().unwrap();
    }
    let after = open(&site, "two").positions().unwrap();
    let texts: Vec<_> = after[1].iter().map(|b| std::str::from_utf8(b)).collect();
    assert_eq!(texts, [Ok("file 2.5"), Ok("other 2")]);
    assert!(after[0].is_empty());
}

#[test]
fn other_clients_see_plain_records_with_their_keys() {
    let site = Site::shared();
    let journal = open(&site, "worker");
    let json = r#"{"rsvp_id":1}"#;
    journal.name_source(3, "http://source");
    let batch = vec![entry(NAME, 3, "http://source"), entry(0, 3, json)];
    journal.append(0, batch).unwrap().wait().unwrap();
    let consumer: BaseConsumer = site
        .address()
        .config()
        .set("group.id", "somebody-else")
        .set("auto.offset.reset", "earliest")
        .create()
        .unwrap();
    consumer
        .subscribe(&[&format!("{}.rsvps", site.name)])
        .unwrap();
    let mut found = None;
    until("the record comes", || {
        found = consumer
            .poll(SOON)
            .and_then(|polled| polled.ok())
            .map(|m| m.detach());
        found.is_some()
    });
    let message = found.unwrap();
    assert_eq!(message.payload(), Some(json.as_bytes()));
    assert_eq!(message.key(), Some(&json.as_bytes()[..4]));
    let headers: Vec<_> = message
        .headers()
        .unwrap()
        .iter()
        .map(|header| (header.key.to_owned(), header.value.unwrap().to_vec()))
        .collect();
    let of = |key: &str| {
        let (_, value) = headers.iter().find(|(k, _)| k == key).unwrap();
        String::from_utf8(value.clone()).unwrap()
    };
    assert_eq!(
        (of("source"), of("format")),
        ("http://source".into(), "json".into())
    );
    assert!(of("arrived").parse::<i64>().unwrap() > 1_600_000_000_000);
}

#[test]
fn what_is_said_of_a_batch_may_be_long_but_not_endless() {
    let site = Site::shared();
    let journal = open(&site, "worker");
    // Sources that alternate make as many runs as records.
    let long: Vec<_> = (0..60_000_u32)
        .map(|n| entry(0, (n % 2) as u16, "record"))
        .collect();
    journal.append(0, long).unwrap().wait().unwrap();
    let said = vec![entry(NOTE, 0, vec![b'x'; 1 << 20]); 6];
    let refused = journal.append(0, said).unwrap().wait().unwrap_err();
    assert!(matches!(refused, Error::TooLong { .. }), "{refused}");
    journal
        .append(0, vec![entry(0, 0, "last")])
        .unwrap()
        .wait()
        .unwrap();
    let rows = read_all(&journal, 0);
    assert_eq!((rows.len(), rows[60_000].4.as_str()), (60_001, "last"));
    assert!(rows[..60_000].iter().all(|row| row.3 == (row.0 % 2) as u16));
}
