//! A topic of the real server, a source that runs, and a journal as the program keeps one.

use std::collections::HashMap;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use headcount_source::message::{MessageBatch, SourceItem};
use headcount_source::shutdown::{Trigger, shutdown};
use headcount_source::sink::{self, BatchReceiver, SinkLimits};
use headcount_source::status::{self, Status};
use headcount_source::{AnySource, Delays, Options};
use headcount_source::{Position, Resume};
use headcount_test_servers::Kafka;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::watch;
use tokio::time::timeout;

/// No test waits longer than this for anything.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// A topic of its own for every test.
pub(crate) struct Topic {
    pub(crate) name: String,
    pub(crate) bootstrap: String,
    producer: FutureProducer,
    admin: AdminClient<DefaultClientContext>,
}

impl Topic {
    pub(crate) async fn new(kafka: &Kafka, partitions: i32) -> Self {
        let topic = Self::absent(kafka);
        topic.create(partitions).await;
        topic
    }

    /// A name that no topic has.
    pub(crate) fn absent(kafka: &Kafka) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let config = config(&kafka.bootstrap());
        Topic {
            name: format!("topic-{number}"),
            bootstrap: kafka.bootstrap(),
            producer: config.create().unwrap(),
            admin: config.create().unwrap(),
        }
    }

    pub(crate) async fn create(&self, partitions: i32) {
        let new = NewTopic::new(&self.name, partitions, TopicReplication::Fixed(1));
        // A topic that is being deleted is in the way for a while.
        let created = async {
            loop {
                let made = self.admin.create_topics([&new], &AdminOptions::new()).await;
                if made.unwrap()[0].is_ok() {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        timeout(LIMIT, created).await.expect("the topic is made");
    }

    pub(crate) async fn delete(&self) {
        let names = [&*self.name];
        let deleted = self.admin.delete_topics(&names, &AdminOptions::new()).await;
        deleted.unwrap()[0].as_ref().unwrap();
    }

    /// Deletes it and makes it anew, and waits until the broker has forgotten the records of the old one.
    pub(crate) async fn make_anew(&self, partitions: i32) {
        self.delete().await;
        self.create(partitions).await;
        let is_empty = async {
            let ask = || self.admin.inner().fetch_watermarks(&self.name, 0, LIMIT);
            while ask() != Ok((0, 0)) {
                tokio::task::yield_now().await;
            }
        };
        timeout(LIMIT, is_empty).await.expect("the topic is empty");
    }

    pub(crate) async fn grow(&self, partitions: usize) {
        let more = NewPartitions::new(&self.name, partitions);
        let grown = self.admin.create_partitions([&more], &AdminOptions::new());
        grown.await.unwrap()[0].as_ref().unwrap();
    }

    /// As retention does.
    pub(crate) async fn remove_before(&self, partition: i32, offset: i64) {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&self.name, partition, Offset::Offset(offset))
            .unwrap();
        let removed = self.admin.delete_records(&list, &AdminOptions::new());
        removed.await.unwrap();
    }

    /// Sends values in order, with keys and headers that mean nothing.
    pub(crate) async fn send<V: AsRef<[u8]>>(&self, partition: i32, values: &[V]) {
        let header = Header {
            key: "source",
            value: Some("somebody"),
        };
        let sent: Vec<_> = values
            .iter()
            .map(|value| {
                let record = FutureRecord::to(&self.name)
                    .partition(partition)
                    .key("key")
                    .headers(OwnedHeaders::new().insert(header.clone()))
                    .payload(value.as_ref());
                self.producer
                    .send_result(record)
                    .map_err(|(error, _)| error)
                    .unwrap()
            })
            .collect();
        for sent in sent {
            timeout(LIMIT, sent).await.unwrap().unwrap().unwrap();
        }
    }

    pub(crate) async fn send_tombstone(&self, partition: i32) {
        let record: FutureRecord<'_, str, [u8]> =
            FutureRecord::to(&self.name).partition(partition).key("key");
        self.producer.send(record, LIMIT).await.unwrap();
    }

    /// With a producer that was made by others.
    pub(crate) fn send_with_kcat(&self, lines: &str) {
        let mut kcat = Command::new("kcat")
            .args(["-P", "-b", &self.bootstrap, "-t", &self.name])
            .stdin(Stdio::piped())
            .spawn()
            .expect("kcat is installed (apt-get install kcat)");
        kcat.stdin
            .take()
            .unwrap()
            .write_all(lines.as_bytes())
            .unwrap();
        assert!(kcat.wait().unwrap().success());
    }

    pub(crate) fn address(&self) -> String {
        self.address_at(&self.bootstrap)
    }

    pub(crate) fn address_at(&self, bootstrap: &str) -> String {
        format!("kafka://{bootstrap}/{}", self.name)
    }
}

pub(crate) fn config(bootstrap: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", bootstrap)
        .set("linger.ms", "0");
    config
}

/// A source that runs.
pub(crate) struct Running {
    inbox: BatchReceiver,
    pub(crate) status: watch::Receiver<Status>,
    _trigger: Trigger,
}

impl Running {
    pub(crate) fn start(address: &str, resume: Resume) -> Self {
        let options = Options {
            ping_interval: Duration::from_millis(200),
            ..Options::default()
        };
        Self::with(address, resume, options)
    }

    pub(crate) fn with(address: &str, resume: Resume, options: Options) -> Self {
        let (sink, inbox) = sink::channel(SinkLimits::default());
        let (report, status) = status::status(address);
        let (trigger, shutdown) = shutdown();
        // Short times, so that tests need not wait.
        let options = Options {
            delays: Delays {
                first: Duration::from_millis(100),
                most: Duration::from_millis(200),
            },
            ..options
        };
        let source = AnySource::new(address.parse().unwrap()).with_options(options);
        tokio::spawn(source.run(sink, resume, report, shutdown));
        Running {
            inbox,
            status,
            _trigger: trigger,
        }
    }

    pub(crate) async fn next(&mut self) -> MessageBatch {
        let next = timeout(LIMIT, self.inbox.next()).await;
        let Ok(delivery) = next else {
            panic!("nothing comes: {:?}", self.status.borrow())
        };
        delivery.expect("the source goes on").open().0
    }

    /// Batches until there are so many items.
    pub(crate) async fn items(&mut self, count: usize) -> Vec<MessageBatch> {
        let mut batches: Vec<MessageBatch> = Vec::new();
        let items =
            |batches: &[MessageBatch]| batches.iter().map(|batch| batch.items.len()).sum::<usize>();
        while items(&batches) < count {
            batches.push(self.next().await);
        }
        assert_eq!(items(&batches), count, "{:?}", texts(&batches));
        batches
    }

    /// Waits until it has met its trouble so many times more.
    pub(crate) async fn is_tried_again(&mut self, times: u32) {
        for _ in 0..times {
            let tried = timeout(LIMIT, self.status.changed()).await;
            let told = tried.expect("it is tried again");
            told.expect("the source goes on");
        }
    }

    pub(crate) async fn status_is(&mut self, wanted: impl FnMut(&Status) -> bool) -> Status {
        let reached = timeout(LIMIT, self.status.wait_for(wanted)).await;
        if let Ok(Ok(status)) = reached {
            return status.clone();
        }
        drop(reached);
        panic!("the status is not reached: {:?}", self.status.borrow())
    }
}

/// Items as text: messages as they are, what is broken in angle brackets, gaps by their cause.
pub(crate) fn texts(batches: &[MessageBatch]) -> Vec<String> {
    let show = |item: &SourceItem| match item {
        SourceItem::Message(message) => {
            let text = String::from_utf8_lossy(&message.bytes);
            match &message.broken {
                None => text.into_owned(),
                Some(_) => format!("<{text}>"),
            }
        }
        SourceItem::Gap(gap) => format!("gap: {}", gap.cause),
    };
    batches
        .iter()
        .flat_map(|batch| &batch.items)
        .map(show)
        .collect()
}

pub(crate) fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort();
    texts
}

/// The last positions of batches that one partition took whole.
pub(crate) fn resume(batches: &[MessageBatch]) -> Resume {
    let mut last: HashMap<String, Position> = HashMap::new();
    for position in batches.iter().filter_map(|batch| batch.position.clone()) {
        last.insert(position.of.clone(), position);
    }
    Resume::from(last.into_values().collect::<Vec<_>>())
}

/// A journal of some partitions that keeps texts, and of each partition the positions with them.
pub(crate) struct Journal {
    partitions: Vec<Shelf>,
}

#[derive(Default)]
struct Shelf {
    kept: Vec<String>,
    positions: HashMap<String, Position>,
}

impl Journal {
    pub(crate) fn new(partitions: usize) -> Self {
        Journal {
            partitions: (0..partitions).map(|_| Shelf::default()).collect(),
        }
    }

    /// Appends a batch's parts, but only those of the partitions that `durable` names.
    pub(crate) fn append(&mut self, batch: &MessageBatch, durable: impl Fn(usize) -> bool) {
        let position = batch.position.as_ref().unwrap();
        let count = self.partitions.len();
        let mut parts: Vec<Vec<String>> = vec![Vec::new(); count];
        for item in &batch.items {
            let SourceItem::Message(message) = item else {
                panic!("there is no gap")
            };
            let text = String::from_utf8(message.bytes.to_vec()).unwrap();
            // Far from even, so that some partitions seldom get anything.
            let number: usize = text.trim_matches(['{', '}']).parse().unwrap_or_default();
            let at = if number.is_multiple_of(97) {
                number / 97 % count
            } else {
                0
            };
            let had = self.partitions[at].positions.get(&position.of);
            if had.is_none_or(|had| message.position > had.at.unwrap()) {
                parts[at].push(text);
            }
        }
        for (at, part) in parts.into_iter().enumerate() {
            if !part.is_empty() && durable(at) {
                let shelf = &mut self.partitions[at];
                shelf.kept.extend(part);
                shelf
                    .positions
                    .insert(position.of.clone(), position.clone());
            }
        }
    }

    pub(crate) fn resume(&self) -> Resume {
        let positions: Vec<Vec<Position>> = self
            .partitions
            .iter()
            .map(|shelf| shelf.positions.values().cloned().collect())
            .collect();
        Resume::from_partitions(positions.iter().map(Vec::as_slice))
    }

    pub(crate) fn kept(&self) -> Vec<String> {
        let kept = self.partitions.iter().flat_map(|shelf| &shelf.kept);
        sorted(kept.cloned().collect())
    }
}
