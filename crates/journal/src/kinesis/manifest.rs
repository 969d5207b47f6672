//! What the journal on a stream is: found out, or fixed once for all who create it at the same time.
//!
//! A tag of the stream says it for ever. While there is none, every process that opens the stream proposes: it puts its
//! own manifest where hash key 0 goes, reads which of the proposals came first, puts that one at the head of every
//! partition, and tags the stream. Since all read the same first proposal, all do the same.

use std::collections::BTreeMap;

use headcount_kinesis::{Client, Event, HashKey, Plan, Put, Start, StreamReader};

use super::options::Options;
use super::parcel::{self, Head, Manifest};
use crate::error::{Error, Result};
use headcount_clock::now_ms;

/// The tag: `ID PARTITIONS`.
const TAG: &str = "headcount-journal";

/// Finds out what the journal is, or makes it.
pub(super) async fn open(client: &Client, options: &Options) -> Result<Manifest> {
    let partitions = options.partitions.unwrap_or(options.new_partitions);
    let summary = client.create(partitions).await?;
    let manifest = match client.tag(TAG).await? {
        Some(tag) => parse(&tag, client.stream())?,
        None => {
            if summary.retention_hours < options.retention_hours {
                client.keep(options.retention_hours).await?;
            }
            create(client, partitions).await?
        }
    };
    match options.partitions {
        Some(asked) if asked != manifest.partitions => Err(Error::Partitions {
            path: format!("on stream {}", client.stream()).into(),
            found: manifest.partitions,
            asked,
        }),
        _ => Ok(manifest),
    }
}

async fn create(client: &Client, partitions: u16) -> Result<Manifest> {
    let proposal = Manifest {
        journal: headcount_clock::random_id(),
        partitions,
    };
    put(client, &proposal, vec![HashKey(0)]).await?;
    let manifest = first_proposal(client).await?;
    let keys = (0..manifest.partitions)
        .map(|partition| HashKey::middle_of(partition, manifest.partitions));
    put(client, &manifest, keys.collect()).await?;
    let tag = format!("{:016x} {}", manifest.journal, manifest.partitions);
    client.set_tag(TAG, &tag).await?;
    Ok(manifest)
}

async fn put(client: &Client, manifest: &Manifest, keys: Vec<HashKey>) -> Result<()> {
    let record = parcel::record(&Head::Manifest(manifest.clone()), &[]);
    let puts = keys.into_iter().map(|hash_key| Put {
        data: record.clone(),
        partition_key: "manifest".to_owned(),
        hash_key,
    });
    client.put(puts.collect()).await?;
    Ok(())
}

async fn first_proposal(client: &Client) -> Result<Manifest> {
    let plan = Plan {
        beginning: Start::Oldest,
        starts: BTreeMap::new(),
        only: Some(HashKey(0)),
        tolerates_loss: false,
    };
    let mut reader = StreamReader::new(client.clone(), plan);
    loop {
        if let Event::Records { shard, records, .. } = reader.next().await?
            && let Some(first) = records.first()
        {
            return match parcel::parse(&first.data) {
                Some((Head::Manifest(manifest), _)) => Ok(manifest),
                _ => Err(Error::Stream(format!(
                    "stream {}, {shard}: record {} is not a journal's (give the journal a stream of its own)",
                    client.stream(),
                    first.sequence
                ))),
            };
        }
    }
}

fn parse(tag: &str, stream: &str) -> Result<Manifest> {
    let parsed = tag.split_once(' ').and_then(|(id, partitions)| {
        Some(Manifest {
            journal: u64::from_str_radix(id, 16).ok()?,
            partitions: partitions
                .parse()
                .ok()
                .filter(|&partitions| partitions > 0)?,
        })
    });
    parsed.ok_or_else(|| {
        Error::Stream(format!(
            "stream {stream}: its tag {TAG} is \"{tag}\", not an id and a number of partitions (set it as it was)"
        ))
    })
}
