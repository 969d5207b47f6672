//! The identity of a journal on a stream: read, or fixed once for all processes that create it at the same time.
//!
//! A tag of the stream says it for ever. While there is none, every process that opens the stream proposes: it puts its
//! own manifest where hash key 0 goes, reads which of the proposals came first, puts that one at the head of every
//! partition, and tags the stream. Since all read the same first proposal, all do the same.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use headcount_kinesis::{Client, HashKey, Put, ReadPlan, ShardStart, StreamEvent, StreamReader};

use super::options::Options;
use super::record::{self, RecordHead, StreamManifest, VERSION};
use crate::error::{Error, Result, way_out};
use crate::kinds::{KindRange, kinds_of};

/// The tag: `ID PARTITIONS VERSION`. In version 1 the version was not there.
const TAG: &str = "headcount-journal";

/// The tag of a schema's kinds, before the first of them: `COUNT SCHEMA`, the schema in hexadecimal.
const KINDS_TAG: &str = "headcount-kinds-";

/// The longest value of a tag.
const TAG_CHARS_MAX: usize = 256;

/// Finds out what the journal is, or makes it.
pub(super) async fn open(client: &Client, options: &Options) -> Result<StreamManifest> {
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

/// The first kind of a schema, which it keeps for ever: a tag of the stream says so. The tags cannot keep two processes from
/// writing at the same time, but one process alone writes such a journal.
pub(super) async fn register_kinds(
    client: &Client,
    schema: &str,
    count: u8,
    within: &RangeInclusive<u8>,
) -> Result<u8> {
    let mut known = Vec::new();
    for (key, value) in client.tags().await? {
        if let Some(first) = key.strip_prefix(KINDS_TAG) {
            known.push(parse_kinds(first, &value, client.stream())?);
        }
    }
    let range = kinds_of(&known, schema, count, within)?;
    if !known.contains(&range) {
        let key = format!("{KINDS_TAG}{}", range.first);
        let value = kinds_tag(&range);
        if value.len() > TAG_CHARS_MAX {
            return Err(Error::TooLong {
                what: "the text of a schema",
                bytes: schema.len(),
                max: (TAG_CHARS_MAX - "254 ".len()) / 2,
            });
        }
        client.set_tag(&key, &value).await?;
    }
    Ok(range.first)
}

/// A tag takes few other characters than letters and digits.
fn kinds_tag(range: &KindRange) -> String {
    let hex = range.schema.bytes().map(|byte| format!("{byte:02x}"));
    format!("{} {}", range.count, hex.collect::<String>())
}

fn parse_kinds(first: &str, value: &str, stream: &str) -> Result<KindRange> {
    let range = || {
        let (count, hex) = value.split_once(' ')?;
        let bytes = hex.as_bytes().chunks(2).map(|pair| {
            let pair = std::str::from_utf8(pair)
                .ok()
                .filter(|pair| pair.len() == 2)?;
            u8::from_str_radix(pair, 16).ok()
        });
        Some(KindRange {
            schema: String::from_utf8(bytes.collect::<Option<_>>()?).ok()?,
            first: first.parse().ok()?,
            count: count.parse().ok()?,
        })
    };
    range().ok_or_else(|| {
        Error::Stream(format!(
            "stream {stream}: its tag {KINDS_TAG}{first} is \"{value}\", not a number of kinds and a schema (set it as it was)"
        ))
    })
}

async fn create(client: &Client, partitions: u16) -> Result<StreamManifest> {
    let proposal = StreamManifest {
        journal: headcount_clock::random_id(),
        partitions,
    };
    put(client, &proposal, vec![HashKey(0)]).await?;
    let manifest = first_proposal(client).await?;
    let keys = (0..manifest.partitions)
        .map(|partition| HashKey::middle_of(partition, manifest.partitions));
    put(client, &manifest, keys.collect()).await?;
    let tag = format!(
        "{:016x} {} {VERSION}",
        manifest.journal, manifest.partitions
    );
    client.set_tag(TAG, &tag).await?;
    Ok(manifest)
}

async fn put(client: &Client, manifest: &StreamManifest, keys: Vec<HashKey>) -> Result<()> {
    let record = record::record(&RecordHead::Manifest(manifest.clone()), &[]);
    let puts = keys.into_iter().map(|hash_key| Put {
        data: record.clone(),
        partition_key: "manifest".to_owned(),
        hash_key,
    });
    client.put(puts.collect()).await?;
    Ok(())
}

async fn first_proposal(client: &Client) -> Result<StreamManifest> {
    let plan = ReadPlan {
        beginning: ShardStart::Oldest,
        starts: BTreeMap::new(),
        only: Some(HashKey(0)),
        tolerates_loss: false,
    };
    let mut reader = StreamReader::new(client.clone(), plan);
    loop {
        if let StreamEvent::Records { shard, records, .. } = reader.next().await?
            && let Some(first) = records.first()
        {
            return match record::parse(&first.data) {
                Some((RecordHead::Manifest(manifest), _)) => Ok(manifest),
                _ => Err(Error::Stream(format!(
                    "stream {}, {shard}: record {} is not a journal's (give the journal a stream of its own)",
                    client.stream(),
                    first.sequence
                ))),
            };
        }
    }
}

fn parse(tag: &str, stream: &str) -> Result<StreamManifest> {
    let words: Vec<_> = tag.split(' ').collect();
    let (id, partitions, version) = match words[..] {
        [id, partitions] => (id, partitions, Some(1)),
        [id, partitions, version] => (id, partitions, version.parse().ok()),
        _ => ("", "", None),
    };
    let manifest = u64::from_str_radix(id, 16)
        .ok()
        .zip(partitions.parse().ok().filter(|&partitions| partitions > 0))
        .map(|(journal, partitions)| StreamManifest {
            journal,
            partitions,
        });
    match (manifest, version) {
        (Some(manifest), Some(VERSION)) => Ok(manifest),
        (Some(_), Some(version)) => Err(Error::Stream(format!(
            "stream {stream}: the journal has format version {version}, this program reads {VERSION}; {}",
            way_out(version, VERSION)
        ))),
        _ => Err(Error::Stream(format!(
            "stream {stream}: its tag {TAG} is \"{tag}\", not an id, a number of partitions and a version (set it as it was)"
        ))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_tag_of_a_schema_is_read_back() {
        let range = KindRange {
            schema: "{\"ä\": 1}".to_owned(),
            first: 18,
            count: 3,
        };
        assert_eq!(parse_kinds("18", &kinds_tag(&range), "s").unwrap(), range);
        for (first, value) in [("x", "3 61"), ("18", "3"), ("18", "3 6"), ("18", "x 61")] {
            let said = parse_kinds(first, value, "s").unwrap_err().to_string();
            assert!(said.contains("set it as it was"), "{said}");
        }
    }

    #[test]
    fn a_stream_of_another_version_is_refused_with_the_way_out() {
        let manifest = parse("000000000000feed 4 2", "s").unwrap();
        assert_eq!((manifest.journal, manifest.partitions), (0xfeed, 4));
        let said = |tag| parse(tag, "s").unwrap_err().to_string();
        let old = said("000000000000feed 4");
        assert!(
            old.starts_with(
                "stream s: the journal has format version 1, this program reads 2; import"
            ),
            "{old}"
        );
        assert!(said("000000000000feed 4 3").ends_with("or a newer one"));
        for tag in [
            "",
            "prefetch",
            "prefetch 0 2",
            "x 4 2",
            "prefetch 4 x",
            "prefetch 4 2 1",
        ] {
            assert!(said(tag).contains("set it as it was"), "{tag}");
        }
    }
}
