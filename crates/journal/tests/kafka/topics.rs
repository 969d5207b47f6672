//! How the topics are made, and what is said when they are not as they must be.

use headcount_journal::kafka::JournalTopic;
use headcount_journal::{Error, Journal, Place};
use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::{Offset, TopicPartitionList};

use crate::support::{SOON, Site, entry, open, options, read_all, read_from, topics, until};

struct Admin(AdminClient<DefaultClientContext>, tokio::runtime::Runtime);

impl Admin {
    fn of(site: &Site) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        Self(site.address().config().create().unwrap(), runtime)
    }

    fn create(&self, topic: &str, partitions: i32, config: &[(&str, &str)]) {
        let mut new = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
        for (key, value) in config {
            new = new.set(key, value);
        }
        let made = self
            .1
            .block_on(self.0.create_topics([&new], &AdminOptions::new()));
        made.unwrap().remove(0).unwrap();
        until("the topic is there", || self.has(topic));
    }

    fn has(&self, topic: &str) -> bool {
        let found = self.0.inner().fetch_metadata(Some(topic), SOON).unwrap();
        found.topics()[0].error().is_none() && !found.topics()[0].partitions().is_empty()
    }

    /// Sets these, and all others to what they are by default.
    fn set(&self, topic: &str, settings: &[(&str, &str)]) {
        let change = AlterConfig::new(ResourceSpecifier::Topic(topic));
        let change = settings
            .iter()
            .fold(change, |change, (key, value)| change.set(key, value));
        let done = self
            .1
            .block_on(self.0.alter_configs([&change], &AdminOptions::new()));
        done.unwrap().remove(0).unwrap();
    }

    fn setting(&self, topic: &str, key: &str) -> String {
        let asked = [ResourceSpecifier::Topic(topic)];
        let answer = self
            .1
            .block_on(self.0.describe_configs(&asked, &AdminOptions::new()));
        let config = answer.unwrap().remove(0).unwrap();
        config.get(key).unwrap().value.clone().unwrap()
    }

    fn delete(&self, topic: &str) {
        let done = self
            .1
            .block_on(self.0.delete_topics(&[topic], &AdminOptions::new()));
        done.unwrap().remove(0).unwrap();
    }

    fn delete_records(&self, topic: &str, before: i64) {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, 0, Offset::Offset(before))
            .unwrap();
        self.1
            .block_on(self.0.delete_records(&list, &AdminOptions::new()))
            .unwrap();
    }
}

fn refused(site: &Site) -> String {
    Journal::kafka(options(site, "worker"))
        .err()
        .unwrap()
        .to_string()
}

#[test]
fn topics_that_are_set_up_otherwise_are_refused() {
    let site = Site::shared();
    let admin = Admin::of(&site);
    let sound = ("max.message.bytes", "9437184");
    let commits = format!("{}.commits", site.name);
    admin.create(&format!("{}.rsvps", site.name), 3, &[sound]);
    admin.create(&commits, 2, &[sound]);
    let said = refused(&site);
    assert!(
        said.contains("2 partitions") && said.contains("has 3"),
        "{said}"
    );

    let site = Site::shared();
    let commits = format!("{}.commits", site.name);
    admin.create(
        &commits,
        2,
        &[sound, ("unclean.leader.election.enable", "true")],
    );
    assert!(refused(&site).contains("unclean"), "{}", refused(&site));
    admin.set(&commits, &[("cleanup.policy", "compact")]);
    let said = refused(&site);
    assert!(said.contains("cleanup.policy is compact"), "{said}");
    admin.set(&commits, &[]);
    let said = refused(&site);
    assert!(said.contains("max.message.bytes"), "{said}");
    admin.set(&commits, &[sound]);
    let said = refused(&site);
    assert!(said.contains("it deletes old records"), "{said}");
    let mut short = options(&site, "worker");
    short.retention_ms = Some(u64::from(u32::MAX));
    let said = Journal::kafka(short).err().unwrap().to_string();
    assert!(said.contains("retention.ms 604800000"), "{said}");
    let for_ever = ("retention.ms", "-1");
    admin.set(&commits, &[sound, for_ever, ("retention.bytes", "1048576")]);
    let mut brief = options(&site, "worker");
    brief.retention_ms = Some(1_000);
    let said = Journal::kafka(brief).err().unwrap().to_string();
    assert!(said.contains("retention.bytes 1048576"), "{said}");
    admin.set(&commits, &[sound, for_ever, ("min.insync.replicas", "2")]);
    let said = refused(&site);
    assert!(said.contains("no write could succeed"), "{said}");
    admin.set(&commits, &[sound, for_ever]);
    // It was made with two partitions, and stays so.
    assert_eq!(open(&site, "worker").partitions(), 2);
    let mut more = options(&site, "worker");
    more.replication = Some(2);
    let said = Journal::kafka(more).err().unwrap().to_string();
    assert!(
        said.contains("it has 1 replicas, but 2 are required"),
        "{said}"
    );
}

#[test]
fn a_journal_is_made_to_outlive_a_broker_and_one_that_would_not_is_refused() {
    let kafka = headcount_test_servers::Kafka::cluster(3);
    let site = Site::on(kafka.bootstrap());
    let admin = Admin::of(&site);
    drop(open(&site, "worker"));
    let settings = [
        ("min.insync.replicas", "2"),
        ("unclean.leader.election.enable", "false"),
    ];
    for topic in ["rsvps", "commits", "positions"] {
        let topic = format!("{}.{topic}", site.name);
        let found = admin.0.inner().fetch_metadata(Some(&topic), SOON).unwrap();
        let copies = found.topics()[0].partitions()[0].replicas().len();
        assert_eq!(copies, 3, "{topic}");
        for (key, right) in settings {
            assert_eq!(admin.setting(&topic, key), right, "{topic}: {key}");
        }
        assert_eq!(admin.setting(&topic, "retention.ms"), "-1", "{topic}");
    }

    let rsvps = format!("{}.rsvps", site.name);
    admin.set(
        &rsvps,
        &[
            ("max.message.bytes", "9437184"),
            ("retention.ms", "-1"),
            ("min.insync.replicas", "1"),
        ],
    );
    until("all brokers know it, and it is refused", || {
        let refused = Journal::kafka(options(&site, "worker")).err();
        refused.is_some_and(|error| error.to_string().contains("set it to 2"))
    });
    let mut knowing = options(&site, "worker");
    knowing.min_insync = Some(1);
    Journal::kafka(knowing).unwrap();
}

#[test]
fn a_journal_may_keep_a_week_if_that_is_said() {
    let site = Site::shared();
    let week = || {
        let mut week = options(&site, "worker");
        week.retention_ms = Some(7 * 86_400_000);
        Journal::kafka(week).unwrap()
    };
    drop(week());
    drop(week());
    let said = refused(&site);
    assert!(said.contains("retention.ms 604800000"), "{said}");
}

#[test]
fn options_without_sense_are_refused() {
    let site = Site::shared();
    let mut bad = options(&site, "worker");
    bad.partitions = Some(0);
    assert!(matches!(Journal::kafka(bad), Err(Error::Option(_))));
    let address = format!("{}?partitoins=2", site.address()).parse().unwrap();
    let said = headcount_journal::kafka::Options::new(address, "worker", topics());
    assert!(
        said.unwrap_err()
            .to_string()
            .contains("partitoins means nothing")
    );
}

#[test]
fn what_was_deleted_is_said_and_never_skipped() {
    let site = Site::shared();
    let admin = Admin::of(&site);
    let journal = open(&site, "worker");
    for number in 0..10 {
        let batch = vec![entry(0, 0, format!("{number}"))];
        journal.append(0, batch).unwrap().wait().unwrap();
    }
    let (rows, places) = read_from(&journal, 0, &Place::default());
    assert_eq!(rows.len(), 10);
    let end = places.last().unwrap();
    admin.delete_records(&format!("{}.rsvps", site.name), 6);
    let mut batch = headcount_journal::Batch::new();
    let mut reader = journal.reader(0, 0).unwrap();
    let error = reader.read(&mut batch, 1, SOON).unwrap_err();
    assert!(matches!(error, Error::Deleted { .. }), "{error}");
    let again = reader.read(&mut batch, 1, SOON).unwrap_err();
    assert!(matches!(again, Error::Deleted { .. }), "{again}");

    admin.delete_records(&format!("{}.commits", site.name), 5);
    let error = journal.reader_at(0, &places[0]).err().unwrap();
    assert!(matches!(error, Error::Deleted { .. }), "{error}");
    assert!(matches!(
        journal.first_offset(0),
        Err(Error::Deleted { .. })
    ));
    // Who was beyond is not concerned.
    let mut beyond = journal.reader_at(0, end).unwrap();
    journal
        .append(0, vec![entry(0, 0, "on")])
        .unwrap()
        .wait()
        .unwrap();
    assert_eq!(beyond.read(&mut batch, 1, SOON).unwrap(), 1);
    assert_eq!(batch.get(0).unwrap().body, b"on");
}

#[test]
fn a_topic_that_was_made_anew_is_not_taken_for_the_old_one() {
    let site = Site::shared();
    let admin = Admin::of(&site);
    let commits = format!("{}.commits", site.name);
    let place = {
        let journal = open(&site, "worker");
        for _ in 0..5 {
            journal
                .append(0, vec![entry(0, 0, "old")])
                .unwrap()
                .wait()
                .unwrap();
        }
        read_from(&journal, 0, &Place::default()).1.pop().unwrap()
    };
    admin.delete(&commits);
    until("the topic is gone", || !admin.has(&commits));
    let journal = open(&site, "worker");
    let error = journal.reader_at(0, &place).err().unwrap();
    assert!(matches!(error, Error::WentBack { .. }), "{error}");
    // As long as before, and yet not the same.
    for _ in 0..8 {
        journal
            .append(0, vec![entry(0, 0, "new")])
            .unwrap()
            .wait()
            .unwrap();
    }
    let mut reader = journal.reader_at(0, &place).unwrap();
    let mut batch = headcount_journal::Batch::new();
    let error = reader.read(&mut batch, 100, SOON).unwrap_err();
    assert!(
        matches!(error, Error::Replaced { .. } | Error::Deleted { .. }),
        "{error}"
    );
}

/// Ends and bodies of a partition's entries of a kind.
fn bodies(journal: &Journal, kind: u8) -> Vec<String> {
    let rows = read_all(journal, 0).into_iter();
    rows.filter(|row| row.2 == kind).map(|row| row.4).collect()
}

#[test]
fn a_program_with_one_more_feed_moves_no_topic_of_an_old_journal() {
    const CHECK_IN: u8 = 7;
    const DEAD_LETTER: u8 = 6;
    let site = Site::shared();
    let admin = Admin::of(&site);
    let count = |topic: &str| {
        let topic = format!("{}.{topic}", site.name);
        let consumer: rdkafka::consumer::BaseConsumer = site.address().config().create().unwrap();
        rdkafka::consumer::Consumer::fetch_watermarks(&consumer, &topic, 0, SOON)
            .unwrap()
            .1
    };
    let append = |journal: &Journal, kind: u8, body: &str| {
        let batch = vec![entry(kind, 0, body)];
        journal.append(0, batch).unwrap().wait().unwrap();
    };
    let mut five = options(&site, "worker");
    five.topics = vec![
        JournalTopic::of_kind("rsvps", 0),
        JournalTopic::of_kind("dead-letters", DEAD_LETTER),
    ];
    let mut six = options(&site, "worker");
    six.topics = vec![
        JournalTopic::of_kind("rsvps", 0),
        JournalTopic::of_kind("check_ins", CHECK_IN),
        JournalTopic::of_kind("dead-letters", DEAD_LETTER),
    ];
    let old = Journal::kafka(five.clone()).unwrap();
    append(&old, DEAD_LETTER, "old");
    let letters = count("dead-letters");
    old.close().unwrap();

    // The newer program gives the feed a topic of its own, where its list has the dead letters.
    let new = Journal::kafka(six).unwrap();
    assert_eq!(new.id(), old.id());
    append(&new, CHECK_IN, "here");
    assert_eq!(count("dead-letters"), letters);
    append(&new, DEAD_LETTER, "new");
    assert!(count("check_ins") > 0 && count("dead-letters") > letters);
    assert_eq!(bodies(&new, DEAD_LETTER), ["old", "new"]);
    assert_eq!(bodies(&new, CHECK_IN), ["here"]);
    new.close().unwrap();

    // The older one reads all of it, and goes on where it was.
    let old = Journal::kafka(five).unwrap();
    append(&old, DEAD_LETTER, "again");
    assert_eq!(bodies(&old, DEAD_LETTER), ["old", "new", "again"]);
    assert_eq!(bodies(&old, CHECK_IN), ["here"]);
    old.close().unwrap();

    // What a topic of this journal is, another program does not decide.
    let mut wrong = options(&site, "worker");
    wrong.topics = vec![JournalTopic::of_kind("dead-letters", 9)];
    let said = Journal::kafka(wrong).err().unwrap().to_string();
    assert!(
        said.contains(
            "this program stores entries of kinds 9 in it, but in this journal dead-letters holds kinds 6"
        ),
        "{said}"
    );
    assert!(admin.has(&format!("{}.check_ins", site.name)));
}

/// What version 1 wrote when a journal was made.
#[test]
fn a_journal_of_an_older_format_is_refused_and_left_as_it_is() {
    let site = Site::shared();
    let admin = Admin::of(&site);
    let sound = ("max.message.bytes", "9437184");
    let compacted = [sound, ("cleanup.policy", "compact")];
    let positions = format!("{}.positions", site.name);
    admin.create(
        &format!("{}.commits", site.name),
        1,
        &[sound, ("retention.ms", "-1")],
    );
    admin.create(&positions, 1, &compacted);
    let producer: rdkafka::producer::FutureProducer = site.address().config().create().unwrap();
    let old = rdkafka::producer::FutureRecord::to(&positions)
        .key("journal")
        .payload(r#"{"version":1,"id":"000000000000feed"}"#);
    admin.1.block_on(producer.send(old, SOON)).unwrap();
    let said = refused(&site);
    assert!(
        said.contains("format version 1, this program reads 3; import the archive"),
        "{said}"
    );
    assert!(!admin.has(&format!("{}.rsvps", site.name)));
}
