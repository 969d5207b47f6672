//! What stands in `NAME.positions`: the journal's number, who writes as which worker, and where the sources stand.
//!
//! ```text
//!  key              value
//!  journal          {"version":1,"id":"5d3c…"}        once, for ever
//!  writer/WORKER    {"writer":"a7e0…"}                the opening of the journal that may write as WORKER
//!  17/OF            a control, as in the journal      the last position in OF that partition 17 has
//! ```

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::Message as _;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::kafka::cluster::Cluster;
use crate::kafka::message::VERSION;
use crate::kafka::producer::{Transactions, Trouble};
use crate::kafka::scan::Scanner;

const JOURNAL: &str = "journal";

/// How often the number of a new journal is tried to be written against others who do the same.
const TRIES: u32 = 20;

#[derive(Serialize, Deserialize)]
struct Identity {
    version: u32,
    id: String,
}

#[derive(Serialize, Deserialize)]
struct Claim {
    writer: String,
}

/// What the topic says now.
#[derive(Default)]
pub(super) struct Said {
    pub(super) id: Option<u64>,
    /// The writer that may write as the worker asked about.
    pub(super) claim: Option<String>,
    /// By partition, by what it is a position in.
    pub(super) positions: Vec<BTreeMap<String, Vec<u8>>>,
}

/// Reads the whole topic; it has one message a key, and some more until it is compacted.
pub(super) fn read(cluster: &Cluster, scanner: &Scanner) -> Result<Said> {
    let topic = &cluster.topics.positions;
    let mine = claim_key(cluster);
    let mut said = Said {
        positions: vec![BTreeMap::new(); usize::from(cluster.partitions)],
        ..Said::default()
    };
    scanner.scan(topic, 0, 0, |message| {
        let wrong = |why: String| Error::message(topic, 0, message.offset(), why);
        let key = std::str::from_utf8(message.key().unwrap_or_default())
            .map_err(|error| wrong(format!("its key is no text: {error}")))?;
        let value = message.payload().unwrap_or_default();
        if key == JOURNAL {
            let identity: Identity =
                serde_json::from_slice(value).map_err(|error| wrong(error.to_string()))?;
            if identity.version != VERSION {
                return Err(Error::topic(
                    topic,
                    format!(
                        "the journal has format version {}, this program reads {VERSION}; use the program that wrote it, or a newer one",
                        identity.version
                    ),
                ));
            }
            let id = u64::from_str_radix(&identity.id, 16)
                .map_err(|error| wrong(format!("the journal's number: {error}")))?;
            said.id = Some(id);
        } else if key == mine {
            let claim: Claim =
                serde_json::from_slice(value).map_err(|error| wrong(error.to_string()))?;
            said.claim = Some(claim.writer);
        } else if let Some((partition, of)) = key.split_once('/')
            && let Ok(partition) = partition.parse::<usize>()
        {
            let positions = said
                .positions
                .get_mut(partition)
                .ok_or_else(|| wrong(format!("there is no partition {partition}")))?;
            positions.insert(of.to_owned(), value.to_vec());
        }
        Ok(())
    })?;
    Ok(said)
}

/// The key of a position.
pub(super) fn position_key(partition: u16, of: &str) -> String {
    format!("{partition}/{of}")
}

fn claim_key(cluster: &Cluster) -> String {
    format!("writer/{}", cluster.options.worker)
}

/// The journal's number; a new journal gets one, the same for all who open it at the same moment: they share a
/// transactional id, so only one of them can write it.
pub(super) fn identify(cluster: &Cluster, scanner: &Scanner) -> Result<u64> {
    if let Some(id) = read(cluster, scanner)?.id {
        return Ok(id);
    }
    let name = format!("{}-creation", cluster.options.address.name());
    let mut last = String::new();
    for _ in 0..TRIES {
        match create(cluster, scanner, &name)? {
            Ok(id) => return Ok(id),
            Err(trouble) => last = trouble.to_string(),
        }
        // Two who disturb each other should not go on in step.
        std::thread::sleep(Duration::from_millis(
            20 + headcount_clock::random_id() % 200,
        ));
    }
    Err(Error::cluster("create", &cluster.options.address, &last))
}

fn create(cluster: &Cluster, scanner: &Scanner, name: &str) -> Result<Result<u64, Trouble>> {
    let Ok(transactions) = Transactions::open(cluster, name)? else {
        return Ok(Err(Trouble::Abort("another process creates it".to_owned())));
    };
    // Nobody else's write is under way any more, so what is read now is all there is.
    if let Some(id) = read(cluster, scanner)?.id {
        return Ok(Ok(id));
    }
    let id = headcount_clock::random_id();
    let identity = Identity {
        version: VERSION,
        id: format!("{id:016x}"),
    };
    let written = put(&transactions, cluster, JOURNAL, &identity);
    Ok(written.map(|()| id))
}

/// Says that `writer` is the one that may write as this worker. The transactions are its own already.
pub(super) fn claim(
    transactions: &Transactions,
    cluster: &Cluster,
    writer: &str,
) -> Result<(), Trouble> {
    let claim = Claim {
        writer: writer.to_owned(),
    };
    put(transactions, cluster, &claim_key(cluster), &claim)
}

fn put(
    transactions: &Transactions,
    cluster: &Cluster,
    key: &str,
    value: &impl Serialize,
) -> Result<(), Trouble> {
    let value = serde_json::to_vec(value).expect("plain data");
    transactions.begin(0)?;
    transactions.send(
        &cluster.topics.positions,
        0,
        Some(key.as_bytes()),
        &value,
        None,
    )?;
    transactions.flush(&cluster.give_up)?;
    transactions.commit(&cluster.give_up)
}
