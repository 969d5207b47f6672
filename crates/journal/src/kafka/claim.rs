//! What stands in `NAME.positions`: what the journal is, who writes as which worker, and where the sources stand.
//!
//! ```text
//!  key              value
//!  journal          its identity (`identity.rs`)      for ever; topics may be added
//!  writer/WORKER    {"writer":"a7e0…"}                the opening of the journal that may write as WORKER
//!  17/OF            a control, as in the journal      the last position in OF that partition 17 has
//! ```

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::Message as _;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::kafka::cluster::Cluster;
use crate::kafka::identity::{JournalIdentity, merged};
use crate::kafka::scan::Scanner;
use crate::kafka::topic::JournalTopic;
use crate::kafka::transactions::{TransactionFailure, Transactions};

const JOURNAL: &str = "journal";

/// How often the number of a new journal is tried to be written against others who do the same.
const TRIES: u32 = 20;

#[derive(Serialize, Deserialize)]
struct Claim {
    writer: String,
}

/// What the topic says now.
#[derive(Default)]
pub(super) struct PositionsTopic {
    pub(super) identity: Option<JournalIdentity>,
    /// The writer that may write as the worker asked about.
    pub(super) claim: Option<String>,
    /// By partition, by key.
    pub(super) positions: BTreeMap<u16, BTreeMap<Vec<u8>, Vec<u8>>>,
}

/// Reads the whole topic; it has one message a key, and some more until it is compacted.
pub(super) fn read(cluster: &Cluster, scanner: &Scanner) -> Result<PositionsTopic> {
    let topic = &cluster.positions;
    let mine = claim_key(cluster);
    let mut contents = PositionsTopic::default();
    scanner.scan(topic, 0, 0, |message| {
        let key = message.key().unwrap_or_default();
        let value = message.payload().unwrap_or_default();
        if key == JOURNAL.as_bytes() {
            contents.identity = Some(JournalIdentity::parse(topic, value)?);
        } else if key == mine.as_bytes() {
            let claim: Claim = serde_json::from_slice(value)
                .map_err(|error| Error::message(topic, 0, message.offset(), error.to_string()))?;
            contents.claim = Some(claim.writer);
        } else if let Some((partition, of)) = position_of(key) {
            let positions = contents.positions.entry(partition).or_default();
            positions.insert(of.to_vec(), value.to_vec());
        }
        Ok(())
    })?;
    Ok(contents)
}

/// The key of a position.
pub(super) fn position_key(partition: u16, of: &[u8]) -> Vec<u8> {
    let mut key = format!("{partition}/").into_bytes();
    key.extend_from_slice(of);
    key
}

/// The reverse of [`position_key`]; other keys begin with a word.
fn position_of(key: &[u8]) -> Option<(u16, &[u8])> {
    let slash = key.iter().position(|byte| *byte == b'/')?;
    let partition = std::str::from_utf8(&key[..slash]).ok()?.parse().ok()?;
    Some((partition, &key[slash + 1..]))
}

fn claim_key(cluster: &Cluster) -> String {
    format!("writer/{}", cluster.options.worker)
}

/// What the journal is, with topics for all that is wanted. A new journal gets a number, the same for all who open it at the
/// same moment: they share a transactional id, so only one of them can write it.
pub(super) fn identify(
    cluster: &Cluster,
    scanner: &Scanner,
    wanted: &[JournalTopic],
) -> Result<JournalIdentity> {
    if let Some(identity) = read(cluster, scanner)?.identity
        && merged(cluster.name(), &identity.topics, wanted)? == identity.topics
    {
        return Ok(identity);
    }
    let name = format!("{}-creation", cluster.name());
    let mut last = String::new();
    for _ in 0..TRIES {
        match create(cluster, scanner, &name, wanted)? {
            Ok(identity) => return Ok(identity),
            Err(failure) => last = failure.to_string(),
        }
        // Two who disturb each other should not go on in step.
        let backoff = Duration::from_millis(20 + headcount_clock::random_id() % 200);
        if cluster.waiting.give_up.wait(backoff) {
            break;
        }
    }
    Err(Error::cluster("create", &cluster.options.address, &last))
}

fn create(
    cluster: &Cluster,
    scanner: &Scanner,
    name: &str,
    wanted: &[JournalTopic],
) -> Result<Result<JournalIdentity, TransactionFailure>> {
    let Ok(transactions) = Transactions::open(cluster, name)? else {
        return Ok(Err(TransactionFailure::Abort(
            "another process creates it".to_owned(),
        )));
    };
    // Nobody else's write is under way any more, so what is read now is all there is.
    let found = read(cluster, scanner)?.identity;
    let known = found.as_ref().map_or(&[][..], |found| &found.topics);
    let identity = JournalIdentity {
        id: found
            .as_ref()
            .map_or_else(headcount_clock::random_id, |found| found.id),
        topics: merged(cluster.name(), known, wanted)?,
    };
    if found.as_ref() == Some(&identity) {
        return Ok(Ok(identity));
    }
    let written = put(&transactions, cluster, JOURNAL, &identity.to_text());
    Ok(written.map(|()| identity))
}

/// Says that `writer` is the one that may write as this worker. The transactions are its own already.
pub(super) fn claim(
    transactions: &Transactions,
    cluster: &Cluster,
    writer: &str,
) -> Result<(), TransactionFailure> {
    let claim = Claim {
        writer: writer.to_owned(),
    };
    let claim = serde_json::to_vec(&claim).expect("a claim is plain data");
    put(transactions, cluster, &claim_key(cluster), &claim)
}

fn put(
    transactions: &Transactions,
    cluster: &Cluster,
    key: &str,
    value: &[u8],
) -> Result<(), TransactionFailure> {
    let give_up = &cluster.waiting.give_up;
    transactions.begin(0)?;
    transactions.send(&cluster.positions, 0, Some(key.as_bytes()), value, None)?;
    transactions.flush(give_up)?;
    transactions.commit(give_up)
}
