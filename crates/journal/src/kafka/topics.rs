//! The topics of a journal: created when missing, checked when they exist.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rdkafka::admin::{
    AdminClient, AdminOptions, ConfigResource, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::BODY_BYTES_MAX;
use crate::error::{Error, Result};
use crate::kafka::claim;
use crate::kafka::cluster::Cluster;
use crate::kafka::identity::{JournalIdentity, merged};
use crate::kafka::message::MESSAGE_BYTES_MAX;
use crate::kafka::options::Options;
use crate::kafka::scan::Scanner;
use crate::kafka::topic::{JournalTopic, POSITIONS};
use crate::kafka::wait::ready_within;

/// How often brokers are asked whether they know a new topic.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// What a topic must take at least: the longest body with its headers.
const MESSAGE_BYTES_LEAST: usize = BODY_BYTES_MAX + (64 << 10);

/// The full names of a journal's topics.
struct TopicNames {
    records: Vec<String>,
    commits: String,
    positions: String,
}

/// A topic that exists.
struct ExistingTopic {
    partitions: usize,
    replication: usize,
}

/// Finds out what the journal is, and makes of it what is missing; its number of partitions, and itself.
///
/// Of a journal that is there, its own identity says which topics it has, and not the program: a topic has the
/// meaning with which it was made.
pub(super) fn open(cluster: &Cluster, scanner: &Scanner) -> Result<(u16, JournalIdentity)> {
    let options = &cluster.options;
    let admin: AdminClient<DefaultClientContext> = options
        .address
        .config()
        .create()
        .map_err(|error| Error::cluster("connect to", &options.address, &error))?;
    let (found, brokers) = TopicNames::of(cluster, &[]).existing(cluster)?;
    if !options.creates && !found.contains_key(&cluster.commits) {
        return Err(Error::NoJournal {
            journal: options.address.to_string(),
        });
    }
    let identity = match found.contains_key(&cluster.positions) {
        true => claim::read(cluster, scanner)?.identity,
        false => None,
    };
    let wanted = match &identity {
        // Only who makes journals adds to one.
        Some(identity) if !options.creates => identity.topics.clone(),
        Some(identity) => merged(cluster.name(), &identity.topics, &options.topics)?,
        None => options.topics.clone(),
    };
    let partitions = TopicNames::of(cluster, &wanted).open(cluster, &admin, brokers)?;
    let identity = claim::identify(cluster, scanner, &wanted)?;
    Ok((partitions, identity))
}

impl TopicNames {
    fn of(cluster: &Cluster, records: &[JournalTopic]) -> Self {
        Self {
            records: records
                .iter()
                .map(|topic| cluster.topic(&topic.name))
                .collect(),
            commits: cluster.commits.clone(),
            positions: cluster.positions.clone(),
        }
    }

    fn all(&self) -> impl Iterator<Item = &String> {
        self.records.iter().chain([&self.commits, &self.positions])
    }

    /// Makes what is missing, checks what is there; returns the number of partitions.
    fn open(
        &self,
        cluster: &Cluster,
        admin: &AdminClient<DefaultClientContext>,
        brokers: usize,
    ) -> Result<u16> {
        let options = &cluster.options;
        let (mut found, _) = self.existing(cluster)?;
        let mut partitions = self.partitions(options, &found)?;
        // Before anything is made beside what cannot be used.
        self.check(admin, cluster, &found)?;
        let missing: Vec<_> = self
            .all()
            .filter(|topic| !found.contains_key(*topic))
            .cloned()
            .collect();
        if !missing.is_empty() {
            make(admin, options, &missing, partitions, brokers)?;
            found = self.wait_for_all(cluster)?;
            // Another process may have made them, and with other settings.
            partitions = self.partitions(options, &found)?;
            self.check(admin, cluster, &found)?;
        }
        Ok(partitions)
    }

    /// The topics that are there, and how many brokers.
    fn existing(&self, cluster: &Cluster) -> Result<(HashMap<String, ExistingTopic>, usize)> {
        let options = &cluster.options;
        let metadata = cluster
            .metadata_client
            .fetch_metadata(None, options.request_timeout)
            .map_err(|error| unanswered(options, &error))?;
        let found = metadata
            .topics()
            .iter()
            .filter(|topic| topic.error().is_none() && !topic.partitions().is_empty())
            .filter(|topic| self.all().any(|ours| ours == topic.name()))
            .map(|topic| {
                let replicas = topic.partitions().iter().map(|p| p.replicas().len());
                let found = ExistingTopic {
                    partitions: topic.partitions().len(),
                    replication: replicas.min().unwrap_or_default(),
                };
                (topic.name().to_owned(), found)
            })
            .collect();
        Ok((found, metadata.brokers().len()))
    }

    fn wait_for_all(&self, cluster: &Cluster) -> Result<HashMap<String, ExistingTopic>> {
        let deadline = Instant::now() + cluster.options.request_timeout;
        loop {
            let (found, _) = self.existing(cluster)?;
            let Some(missing) = self.all().find(|topic| !found.contains_key(*topic)) else {
                return Ok(found);
            };
            if Instant::now() >= deadline || cluster.waiting.give_up.is_set() {
                return Err(Error::topic(
                    missing,
                    "headcount created it, but the brokers do not list it; check the brokers"
                        .to_owned(),
                ));
            }
            // Brokers do not notify a client when they learn of a new topic.
            cluster.waiting.give_up.wait(POLL_INTERVAL);
        }
    }

    /// How many partitions the journal has or is to have.
    fn partitions(&self, options: &Options, found: &HashMap<String, ExistingTopic>) -> Result<u16> {
        let shared = self.records.iter().chain([&self.commits]);
        let mut counts = shared.filter_map(|topic| Some((topic, found.get(topic)?.partitions)));
        // Kafka can add partitions to a topic. Then the topics differ, and events would be looked for where they are not.
        let Some((first, count)) = counts.next() else {
            return Ok(options.partitions.unwrap_or(options.new_partitions));
        };
        if let Some((other, differing)) = counts.find(|(_, n)| *n != count) {
            return Err(Error::topic(
                other,
                format!(
                    "it has {differing} partitions, but {first} has {count}; all topics of a journal need the same number, so use another name"
                ),
            ));
        }
        if let Some(ExistingTopic { partitions: n, .. }) = found.get(&self.positions)
            && *n != 1
        {
            return Err(Error::topic(
                &self.positions,
                format!("it has {n} partitions, but must have 1; use another name"),
            ));
        }
        let count = u16::try_from(count).unwrap_or(u16::MAX);
        match options.partitions {
            Some(asked) if asked != count => Err(Error::Partitions {
                path: PathBuf::from(options.address.to_string()),
                found: count,
                asked,
            }),
            _ => Ok(count),
        }
    }

    /// Checks how the existing topics are set up. A broker may not know the settings yet of a topic that has just been
    /// created, and is asked again for as long as it may take to answer.
    fn check(
        &self,
        admin: &AdminClient<DefaultClientContext>,
        cluster: &Cluster,
        found: &HashMap<String, ExistingTopic>,
    ) -> Result<()> {
        let deadline = Instant::now() + cluster.options.request_timeout;
        while let Some(topic) = self.check_known(admin, &cluster.options, found)? {
            if Instant::now() >= deadline || cluster.waiting.give_up.is_set() {
                let why = format!("no settings of {topic} yet");
                return Err(unread(&cluster.options, &why));
            }
            cluster.waiting.give_up.wait(POLL_INTERVAL);
        }
        Ok(())
    }

    /// Checks the topics whose settings the brokers know; returns one whose settings they do not know.
    fn check_known(
        &self,
        admin: &AdminClient<DefaultClientContext>,
        options: &Options,
        found: &HashMap<String, ExistingTopic>,
    ) -> Result<Option<String>> {
        if found.is_empty() {
            return Ok(None);
        }
        let asked: Vec<_> = found
            .keys()
            .map(|topic| ResourceSpecifier::Topic(topic))
            .collect();
        let limit = AdminOptions::new().request_timeout(Some(options.request_timeout));
        let answers = ready_within(
            options.request_timeout,
            admin.describe_configs(&asked, &limit),
        )
        .ok_or_else(|| unread(options, &"no answer in time"))?
        .map_err(|error| unread(options, &error))?;
        let mut unknown = None;
        // In the order in which they were asked for.
        for ((topic, found), answer) in found.iter().zip(answers) {
            let config = match answer {
                Ok(config) => config,
                Err(RDKafkaErrorCode::UnknownTopicOrPartition) => {
                    unknown = Some(topic.clone());
                    continue;
                }
                Err(code) => return Err(unread(options, &code)),
            };
            check_copies(topic, found, options)?;
            let compacted = *topic == self.positions;
            let kept = TopicSettings {
                topic,
                config: &config,
            };
            if kept.value("max.message.bytes").is_empty() {
                unknown = Some(topic.clone());
                continue;
            }
            kept.check_policy(compacted)?;
            kept.check_insync(found.replication, options.min_insync)?;
            if !compacted {
                kept.check_retention(options.retention_ms)?;
            }
        }
        Ok(unknown)
    }
}

fn unread(options: &Options, why: &dyn std::fmt::Display) -> Error {
    Error::cluster("read the settings of the topics of", &options.address, why)
}

/// This is the first that is asked of brokers.
fn unanswered(options: &Options, error: &KafkaError) -> Error {
    use RDKafkaErrorCode as Code;
    match error.rdkafka_error_code() {
        Some(
            Code::BrokerTransportFailure
            | Code::AllBrokersDown
            | Code::OperationTimedOut
            | Code::Resolve,
        ) => {
            let waited = options.request_timeout.as_secs();
            let why = format!(
                "no broker has answered for {waited} s; check that Kafka runs there and that the address is right"
            );
            Error::cluster("open", &options.address, &why)
        }
        _ => Error::cluster("ask", &options.address, error),
    }
}

fn check_copies(topic: &str, found: &ExistingTopic, options: &Options) -> Result<()> {
    match options.replication {
        Some(least) if found.replication < usize::from(least) => Err(Error::topic(
            topic,
            format!(
                "it has {} replicas, but {least} are required; add replicas with kafka-reassign-partitions",
                found.replication
            ),
        )),
        _ => Ok(()),
    }
}

/// The settings of a topic that exists.
struct TopicSettings<'a> {
    topic: &'a str,
    config: &'a ConfigResource,
}

impl TopicSettings<'_> {
    fn value(&self, key: &str) -> &str {
        let entry = self.config.get(key);
        entry
            .and_then(|entry| entry.value.as_deref())
            .unwrap_or_default()
    }

    fn refuse(&self, why: String) -> Result<()> {
        Err(Error::topic(self.topic, why))
    }

    fn check_policy(&self, compacted: bool) -> Result<()> {
        if self.value("unclean.leader.election.enable") == "true" {
            return self.refuse(
                "unclean.leader.election.enable is true, so acknowledged records could be lost; set it to false"
                    .to_owned(),
            );
        }
        let policy = self.value("cleanup.policy");
        if policy.contains("compact") != compacted {
            let right = if compacted { "compact" } else { "delete" };
            return self.refuse(format!(
                "cleanup.policy is {policy}, so records would be lost; set it to {right}"
            ));
        }
        let takes: usize = self.value("max.message.bytes").parse().unwrap_or(0);
        if takes < MESSAGE_BYTES_LEAST {
            return self.refuse(format!(
                "max.message.bytes is {takes}, but a record may need {MESSAGE_BYTES_LEAST}; set it to {MESSAGE_BYTES_MAX}"
            ));
        }
        Ok(())
    }

    fn check_insync(&self, copies: usize, asked: Option<u16>) -> Result<()> {
        let insync: usize = self.value("min.insync.replicas").parse().unwrap_or(0);
        if insync > copies {
            return self.refuse(format!(
                "min.insync.replicas is {insync}, but the topic has {copies} replicas, so no write could succeed; lower it"
            ));
        }
        match asked.map(usize::from) {
            Some(least) if insync < least => self.refuse(format!(
                "min.insync.replicas is {insync}, but {least} is required; raise it"
            )),
            None if insync < 2 && copies >= 3 => self.refuse(format!(
                "min.insync.replicas is {insync}, so losing one of {copies} brokers could lose what it alone has \
                 acknowledged; set it to 2, or put min_insync=1 into the address"
            )),
            _ => Ok(()),
        }
    }

    /// Records deleted before they are counted are lost, and a recount from the beginning needs all of them.
    fn check_retention(&self, asked_ms: Option<u64>) -> Result<()> {
        let (kept, bytes) = (self.value("retention.ms"), self.value("retention.bytes"));
        if kept == "-1" && bytes == "-1" {
            return Ok(());
        }
        let long_enough = match (asked_ms, kept.parse::<i64>()) {
            // Below 0 is for ever. A limit in bytes says nothing about time.
            (Some(asked), Ok(kept)) if bytes == "-1" => {
                u64::try_from(kept).map_or(true, |kept| kept >= asked)
            }
            _ => false,
        };
        if !long_enough {
            return self.refuse(format!(
                "it deletes old records (retention.ms {kept}, retention.bytes {bytes}), but a recount from the beginning \
                 needs them; set both to -1, or set only retention.bytes to -1 and put the retention that is enough \
                 into the address: retention_ms=604800000 is a week"
            ));
        }
        tracing::warn!(
            "{} deletes old records (retention.ms {kept}, retention.bytes {bytes}): a recount from the beginning will \
             not find them",
            self.topic
        );
        Ok(())
    }
}

/// Creates topics; one that another process creates at the same moment is as good.
fn make(
    admin: &AdminClient<DefaultClientContext>,
    options: &Options,
    topics: &[String],
    partitions: u16,
    brokers: usize,
) -> Result<()> {
    let replication = options
        .replication
        .unwrap_or_else(|| u16::try_from(brokers.clamp(1, 3)).unwrap_or(1));
    let insync = options
        .min_insync
        .unwrap_or_else(|| replication.saturating_sub(1).max(1))
        .to_string();
    // Whatever the brokers' defaults are: these settings are what the promises of the journal rest on.
    let longest = MESSAGE_BYTES_MAX.to_string();
    let keeps = options
        .retention_ms
        .map_or("-1".to_owned(), |ms| ms.to_string());
    let positions = format!("{}.{POSITIONS}", options.address.name());
    let wanted: Vec<_> = topics
        .iter()
        .map(|topic| {
            let compacted = *topic == positions;
            let count = if compacted { 1 } else { i32::from(partitions) };
            NewTopic::new(
                topic,
                count,
                TopicReplication::Fixed(i32::from(replication)),
            )
            .set("min.insync.replicas", &insync)
            .set("max.message.bytes", &longest)
            .set("retention.ms", &keeps)
            .set("retention.bytes", "-1")
            .set(
                "cleanup.policy",
                if compacted { "compact" } else { "delete" },
            )
            .set("unclean.leader.election.enable", "false")
        })
        .collect();
    let limit = AdminOptions::new()
        .request_timeout(Some(options.request_timeout))
        .operation_timeout(Some(options.request_timeout));
    let failed =
        |why: &dyn std::fmt::Display| Error::cluster("create the topics of", &options.address, why);
    let answers = ready_within(
        options.request_timeout,
        admin.create_topics(&wanted, &limit),
    )
    .ok_or_else(|| failed(&"no answer in time"))?
    .map_err(|error| failed(&error))?;
    for answer in answers {
        match answer {
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, code)) => return Err(failed(&format!("{topic}: {code}"))),
        }
    }
    Ok(())
}
