//! What stands in `NAME.positions`: what the journal is, who writes as which worker, and where the sources stand.
//!
//! ```text
//!  key              value
//!  journal          its identity (`identity.rs`)      for ever; topics may be added
//!  writer/WORKER    {"writer":"a7e0…"}                the opening of the journal that may write as WORKER
//!  17/OF            a control, as in the journal      the last position in OF that partition 17 has
//! ```

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use rdkafka::Message as _;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::kafka::cluster::Cluster;
use crate::kafka::identity::{JournalIdentity, merged};
use crate::kafka::scan::Scanner;
use crate::kafka::topic::JournalTopic;
use crate::kafka::transactions::{TransactionFailure, Transactions};
use crate::kinds::kinds_of;

const JOURNAL: &str = "journal";

/// How often the identity is tried to be written against others who do the same.
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
/// same moment.
pub(super) fn identify(
    cluster: &Cluster,
    scanner: &Scanner,
    wanted: &[JournalTopic],
) -> Result<JournalIdentity> {
    change(cluster, scanner, &|found| {
        let Some(found) = found else {
            return Ok(JournalIdentity {
                id: headcount_clock::random_id(),
                topics: merged(cluster.name(), &[], wanted)?,
                registered: Vec::new(),
            });
        };
        Ok(JournalIdentity {
            topics: merged(cluster.name(), &found.topics, wanted)?,
            ..found.clone()
        })
    })
}

/// The first kind of a schema, which it keeps for ever.
pub(super) fn register_kinds(
    cluster: &Cluster,
    scanner: &Scanner,
    schema: &str,
    count: u8,
    within: &RangeInclusive<u8>,
) -> Result<u8> {
    let identity = change(cluster, scanner, &|found| {
        let mut identity = found.cloned().ok_or_else(|| Error::NoJournal {
            journal: cluster.options.address.to_string(),
        })?;
        let range = kinds_of(&identity.registered, schema, count, within)?;
        if !identity.registered.contains(&range) {
            identity.registered.push(range);
        }
        Ok(identity)
    })?;
    Ok(kinds_of(&identity.registered, schema, count, within)?.first)
}

/// Makes of what the journal is what it is to be, against all who do the same at the same moment: they share a transactional
/// id, so only one of them can write it, and the others look again at what it has become.
fn change(
    cluster: &Cluster,
    scanner: &Scanner,
    to: &dyn Fn(Option<&JournalIdentity>) -> Result<JournalIdentity>,
) -> Result<JournalIdentity> {
    // Most often there is nothing to change, and then nobody need be kept from anything.
    if let Some(identity) = read(cluster, scanner)?.identity
        && to(Some(&identity))? == identity
    {
        return Ok(identity);
    }
    let name = format!("{}-creation", cluster.name());
    let mut last = String::new();
    for _ in 0..TRIES {
        match write(cluster, scanner, &name, to)? {
            Ok(identity) => return Ok(identity),
            Err(failure) => last = failure.to_string(),
        }
        // Two who disturb each other should not go on in step.
        let backoff = Duration::from_millis(20 + headcount_clock::random_id() % 200);
        if cluster.waiting.give_up.wait(backoff) {
            break;
        }
    }
    Err(Error::cluster(
        "write the identity of",
        &cluster.options.address,
        &last,
    ))
}

fn write(
    cluster: &Cluster,
    scanner: &Scanner,
    name: &str,
    to: &dyn Fn(Option<&JournalIdentity>) -> Result<JournalIdentity>,
) -> Result<Result<JournalIdentity, TransactionFailure>> {
    let Ok(transactions) = Transactions::open(cluster, name)? else {
        return Ok(Err(TransactionFailure::Abort(
            "another process writes it".to_owned(),
        )));
    };
    // Nobody else's write is under way any more, so what is read now is all there is; and whoever takes the id over after
    // this makes the write below fail.
    let found = read(cluster, scanner)?.identity;
    let identity = to(found.as_ref())?;
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
    transactions.commit(give_up, |why| {
        tracing::debug!("waiting to write {key}: {why}");
    })
}
