//! The one thread that writes: takes a group, makes it one transaction, answers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rdkafka::message::{Header, OwnedHeaders};

use crate::close_on_drop::CloseOnDrop;
use crate::error::{Error, Result};
use crate::kafka::claim::{self, position_key};
use crate::kafka::cluster::Cluster;
use crate::kafka::delivery::NOT_ASKED;
use crate::kafka::message::{SEQ, WRITER};
use crate::kafka::outcome::{UncertainCommit, is_committed};
use crate::kafka::plan::{EntryTarget, Plan, Planner};
use crate::kafka::scan::Scanner;
use crate::kafka::transactions::{TransactionFailure, Transactions};
use crate::latch::Latch;
use crate::metrics::{JournalBackend, METRICS};
use crate::queue::{Job, Linger, Queue};
use headcount_clock::now_ms;

/// How long to wait after a transaction that failed: nothing tells when the brokers are back.
const BACKOFF: Duration = Duration::from_millis(200);

/// One transaction takes what is of all partitions, so what one waits for all do.
const ALL_PARTITIONS: u16 = 0;

/// How often in a row transactions may end before any of them succeeds.
const RENEWALS_MAX: u32 = 20;

/// What the writer and the journal share.
pub(super) struct WriterState {
    pub(super) queue: Queue,
    pub(super) counts: Vec<KafkaCounters>,
    pub(super) commit_us: AtomicU64,
    pub(super) groups: AtomicU64,
    /// Set when the thread has ended.
    pub(super) ended: Latch,
}

/// Of one partition, since the journal was opened.
#[derive(Default)]
pub(super) struct KafkaCounters {
    pub(super) entries: AtomicU64,
    pub(super) bytes: AtomicU64,
}

struct KafkaWriter {
    cluster: Arc<Cluster>,
    scanner: Arc<Scanner>,
    shared: Arc<WriterState>,
    planner: Planner,
    /// The full names of the planner's topics.
    topics: Vec<String>,
    /// What this opening of the journal is called in its messages.
    name: String,
    transactions: Transactions,
    /// Set while it is not known whether the last transaction was committed.
    uncertain: Option<UncertainCommit>,
    renewals: u32,
}

/// Takes over the worker's name and starts the thread. It ends when its queue is closed, or at a failure that nothing
/// helps against.
pub(super) fn start(
    cluster: &Arc<Cluster>,
    scanner: &Arc<Scanner>,
    shared: &Arc<WriterState>,
    planner: Planner,
) -> Result<JoinHandle<Result<()>>> {
    let name = format!("{:016x}", headcount_clock::random_id());
    let writer = KafkaWriter {
        // First of all: whoever had the name before can write no more from here on.
        transactions: take_over(cluster, &name)?,
        cluster: Arc::clone(cluster),
        scanner: Arc::clone(scanner),
        shared: Arc::clone(shared),
        topics: (planner.topics.iter())
            .map(|topic| cluster.topic(&topic.name))
            .collect(),
        planner,
        name,
        uncertain: None,
        renewals: 0,
    };
    std::thread::Builder::new()
        .name("journal-kafka".to_owned())
        .spawn(move || {
            let shared = Arc::clone(&writer.shared);
            let _closes = CloseOnDrop(move || {
                shared.queue.fail(&Error::Closed);
                shared.ended.set();
            });
            writer.run()
        })
        .map_err(|error| Error::cluster("start the writer of", &cluster.options.address, &error))
}

fn id_of(cluster: &Cluster) -> String {
    let options = &cluster.options;
    format!("{}-{}", options.address.name(), options.worker)
}

/// Fences the process that wrote under this worker's name before.
fn take_over(cluster: &Cluster, name: &str) -> Result<Transactions> {
    let mut last = String::new();
    for _ in 0..RENEWALS_MAX {
        match Transactions::open(cluster, &id_of(cluster))? {
            Ok(transactions) => match claim::claim(&transactions, cluster, name) {
                Ok(()) => return Ok(transactions),
                Err(failure) => last = failure.to_string(),
            },
            Err(failure) => last = failure.to_string(),
        }
        if cluster.waiting.give_up.wait(BACKOFF / 4) {
            break;
        }
    }
    Err(Error::cluster("write to", &cluster.options.address, &last))
}

impl KafkaWriter {
    fn run(mut self) -> Result<()> {
        while let Some(group) = self.shared.queue.take(Linger::default()) {
            self.commit(group)?;
        }
        Ok(())
    }

    /// Makes one group durable, however long it takes, and answers its batches. An error means that the journal takes
    /// nothing more.
    fn commit(&mut self, group: Vec<Job>) -> Result<()> {
        let began = Instant::now();
        let arrived = now_ms();
        let mut plans: Vec<_> = group
            .into_iter()
            .filter_map(|job| self.planner.plan(job, arrived))
            .collect();
        while let Err(failure) = self.attempt(&mut plans) {
            self.waits(&failure);
            match self.recover(failure) {
                Ok(true) => break,
                // As long as nobody has enough of it, also where the brokers answer and there is no hope: topics that
                // were deleted may come back.
                Ok(false) if self.cluster.waiting.give_up.wait(BACKOFF) => {
                    return Err(self.refuse(plans, self.failed(&TransactionFailure::GivenUp)));
                }
                Ok(false) => {}
                Err(error) => return Err(self.refuse(plans, error)),
            }
        }
        self.cluster.waiting.end(ALL_PARTITIONS);
        self.renewals = 0;
        self.count(&plans, began.elapsed());
        for plan in plans {
            let _ = plan.reply.send(Ok(None));
        }
        Ok(())
    }

    /// Shows and logs that the brokers are waited for.
    fn waits(&self, why: &dyn std::fmt::Display) {
        let address = &self.cluster.options.address;
        let reason = format!("waiting to write to {address}: {why}");
        self.cluster.waiting.begin(ALL_PARTITIONS, reason);
    }

    /// Closes the queue and answers the waiting batches with the error.
    fn refuse(&self, plans: Vec<Plan>, error: Error) -> Error {
        tracing::error!("the journal accepts no more entries: {error}");
        // Before the answers: whoever gets one must find the queue closed.
        self.shared.queue.fail(&error);
        for plan in plans {
            let _ = plan.reply.send(Err(error.clone()));
        }
        error
    }

    fn failed(&self, why: &dyn std::fmt::Display) -> Error {
        Error::cluster("write to", &self.cluster.options.address, why)
    }

    /// One transaction.
    fn attempt(&mut self, plans: &mut [Plan]) -> Result<(), TransactionFailure> {
        self.uncertain = None;
        if plans.iter().all(|plan| plan.entries.is_empty()) {
            return Ok(());
        }
        let slots = plans.len() * (self.topics.len() + 1);
        self.transactions.begin(slots)?;
        let firsts = self.send_records(plans)?;
        // Nothing of a batch may come after its commit message: see the top of the module.
        self.transactions.flush(&self.cluster.waiting.give_up)?;
        self.send_commits(plans, firsts)?;
        self.send_positions(plans)?;
        self.transactions.flush(&self.cluster.waiting.give_up)?;
        self.uncertain = plans.iter().zip(0..).find_map(|(plan, slot)| {
            Some(UncertainCommit {
                partition: plan.partition,
                offset: self.transactions.offset(slot)?,
                seq: plan.seq,
            })
        });
        (self.transactions).commit(&self.cluster.waiting.give_up, |why| self.waits(&why))?;
        self.uncertain = None;
        Ok(())
    }

    /// Sends all records; returns for each plan the slots of the first record of each of its topics.
    fn send_records(&self, plans: &[Plan]) -> Result<Vec<Vec<usize>>, TransactionFailure> {
        let mut next = plans.len();
        plans
            .iter()
            .map(|plan| {
                let mut firsts = Vec::with_capacity(plan.topics.len());
                let seq = plan.seq.to_string();
                let arrived = plan.arrived.to_string();
                for (entry, sent) in plan.entries.iter().zip(&plan.places) {
                    let EntryTarget::Topic { topic, source } = *sent else {
                        continue;
                    };
                    // A plan's topics are in the order of their first entries.
                    let is_first = firsts.len() == topic as usize;
                    debug_assert!(is_first || (topic as usize) < firsts.len());
                    let slot = if is_first {
                        firsts.push(next);
                        next += 1;
                        next - 1
                    } else {
                        NOT_ASKED
                    };
                    let headers = headers(&self.name, &seq, &arrived, plan.source_name(source));
                    self.transactions.send_noting(
                        &self.topics[plan.topics[topic as usize]],
                        plan.partition,
                        entry.key.as_deref(),
                        &entry.body,
                        Some(headers),
                        slot,
                    )?;
                }
                Ok(firsts)
            })
            .collect()
    }

    fn send_commits(
        &self,
        plans: &mut [Plan],
        firsts: Vec<Vec<usize>>,
    ) -> Result<(), TransactionFailure> {
        for (slot, (plan, firsts)) in plans.iter_mut().zip(firsts).enumerate() {
            // A commit message without entries would move every reader for nothing.
            if plan.entries.is_empty() {
                continue;
            }
            let topics = (plan.topics.iter().zip(firsts))
                .map(|(topic, slot)| {
                    let offset = self.transactions.offset(slot).ok_or_else(|| {
                        TransactionFailure::Abort(
                            "a broker did not report the offset of a record".to_owned(),
                        )
                    })?;
                    Ok((self.planner.topics[*topic].name.clone(), offset))
                })
                .collect::<Result<_, TransactionFailure>>()?;
            let commit = plan.commit(&self.name, topics);
            self.transactions.send_noting(
                &self.cluster.commits,
                plan.partition,
                None,
                &commit,
                None,
                slot,
            )?;
        }
        Ok(())
    }

    /// Of each key only the last of the group.
    fn send_positions(&self, plans: &[Plan]) -> Result<(), TransactionFailure> {
        let mut last = BTreeMap::new();
        for plan in plans {
            for (of, at) in &plan.positions {
                last.insert(
                    position_key(plan.partition, of),
                    plan.entries[*at].body.as_slice(),
                );
            }
        }
        for (key, body) in last {
            self.transactions
                .send(&self.cluster.positions, 0, Some(&key), body, None)?;
        }
        Ok(())
    }

    /// Recovers from a failed transaction; true if it was committed after all.
    fn recover(&mut self, failure: TransactionFailure) -> Result<bool> {
        let address = &self.cluster.options.address;
        match failure {
            TransactionFailure::Abort(_) => {
                match self.transactions.abort(&self.cluster.waiting.give_up) {
                    Ok(()) => {
                        self.uncertain = None;
                        Ok(false)
                    }
                    Err(TransactionFailure::Abort(why) | TransactionFailure::Renew(why)) => {
                        self.renew(why)
                    }
                    Err(failure) => Err(Error::cluster("write to", address, &failure)),
                }
            }
            TransactionFailure::Renew(why) => self.renew(why),
            TransactionFailure::Fatal(_) | TransactionFailure::GivenUp => {
                Err(Error::cluster("write to", address, &failure))
            }
        }
    }

    /// Continues under the same name, if this process still owns it, and finds out the outcome of the transaction.
    fn renew(&mut self, mut why: String) -> Result<bool> {
        let give_up = &self.cluster.waiting.give_up;
        let address = &self.cluster.options.address;
        while self.renewals < RENEWALS_MAX {
            match Transactions::reopen(&self.cluster, &id_of(&self.cluster), give_up) {
                Ok(transactions) => self.transactions = transactions,
                Err(TransactionFailure::Abort(again) | TransactionFailure::Renew(again)) => {
                    self.renewals += 1;
                    why = again;
                    give_up.wait(BACKOFF);
                    continue;
                }
                Err(failure) => return Err(Error::cluster("write to", address, &failure)),
            }
            match self.settle() {
                Ok(committed) => {
                    self.renewals += 1;
                    return Ok(committed);
                }
                // The brokers have gone again.
                Err(Error::Cluster { .. }) if !give_up.wait(BACKOFF) => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::cluster("write to", address, &why))
    }

    fn settle(&self) -> Result<bool> {
        let contents = claim::read(&self.cluster, &self.scanner)?;
        if contents.claim.as_deref() != Some(&self.name) {
            return Err(Error::Fenced {
                journal: self.cluster.options.address.to_string(),
                worker: self.cluster.options.worker.clone(),
            });
        }
        self.uncertain.map_or(Ok(false), |uncertain| {
            is_committed(&self.cluster, &self.scanner, &self.name, uncertain)
        })
    }

    fn count(&self, plans: &[Plan], took: Duration) {
        let entries = plans.iter().map(|plan| plan.entries.len() as u64).sum();
        let bytes = plans.iter().map(|plan| plan.bytes as u64).sum();
        METRICS.committed(JournalBackend::Kafka, entries, bytes, took);
        for plan in plans {
            let counts = &self.shared.counts[usize::from(plan.partition)];
            counts
                .entries
                .fetch_add(plan.entries.len() as u64, Ordering::Relaxed);
            counts.bytes.fetch_add(plan.bytes as u64, Ordering::Relaxed);
        }
        self.shared.groups.fetch_add(1, Ordering::Relaxed);
        self.shared.commit_us.store(
            took.as_micros().try_into().unwrap_or(u64::MAX),
            Ordering::Relaxed,
        );
    }
}

/// The headers of a record. Writer and batch come first, for the readers.
fn headers(writer: &str, seq: &str, arrived: &str, source: &str) -> OwnedHeaders {
    [
        (WRITER, writer),
        (SEQ, seq),
        ("source", source),
        ("arrived", arrived),
        ("format", "json"),
    ]
    .into_iter()
    .fold(
        OwnedHeaders::new_with_capacity(5),
        |headers, (key, value)| {
            headers.insert(Header {
                key,
                value: Some(value),
            })
        },
    )
}
