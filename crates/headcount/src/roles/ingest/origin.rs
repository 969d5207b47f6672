//! Keeps real and simulated records apart: a journal holds one kind, and its sources tell which.

use anyhow::Result;

use super::known_sources::KnownSources;
use crate::exit::{USAGE, exit};

/// How the simulation's name begins, in journals and on command lines.
const SIMULATION: &str = "sim:";

/// Refuses sources that would mix real and simulated records, in the journal at `place` or among each other.
///
/// # Errors
/// With a sentence that names both sources.
pub(crate) fn refuse_mix<'a>(
    place: &str,
    known: &'a [KnownSources],
    sources: impl IntoIterator<Item = &'a str>,
) -> Result<()> {
    let mut first = known.iter().flat_map(sources_of).next();
    for source in sources {
        let first = *first.get_or_insert(source);
        if is_simulation(first) != is_simulation(source) {
            return Err(exit(USAGE, refusal(place, first, source)));
        }
    }
    Ok(())
}

/// The sources of a partition's records: their names or, where only positions are known, the contents of these.
fn sources_of(known: &KnownSources) -> impl Iterator<Item = &str> {
    let positions = known.positions.iter();
    let of = positions.filter_map(|position| position.get("of")?.as_str());
    let names = known.names.iter().map(|(_, name)| name.as_str());
    names.chain(of).filter(|name| !name.is_empty())
}

pub(super) fn is_simulation(name: &str) -> bool {
    name.starts_with(SIMULATION)
}

fn refusal(place: &str, first: &str, source: &str) -> String {
    let kinds = if is_simulation(first) {
        ("simulated", "real")
    } else {
        ("real", "simulated")
    };
    format!(
        "{place} holds {} records, from {first}; {source} would add {} records to the same counts, and nothing could \
         separate them afterwards: give them a journal of their own with another --data (or --journal)",
        kinds.0, kinds.1
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use headcount_engine::Tally;
    use serde_json::json;

    use super::*;

    fn known(names: &[&str], positions: &[&str]) -> KnownSources {
        KnownSources {
            schemas: Vec::new(),
            names: (1..)
                .zip(names.iter().map(|name| (*name).to_owned()))
                .collect(),
            positions: positions
                .iter()
                .map(|of| json!({ "of": of, "at": 1 }))
                .collect(),
            people: None,
            repaired: 0,
            tally: Tally::default(),
            kept_out: BTreeMap::new(),
        }
    }

    #[test]
    fn one_kind_is_as_good_as_the_other_but_not_with_it() {
        let nothing = [known(&[], &[]), known(&[], &[""])];
        let simulated = [known(&[], &[]), known(&["sim:?rate=1&seed=1"], &[])];
        let real = [known(&["wss://example.org/2/rsvps"], &[])];
        let shared = [known(&[], &["sim:1:2"]), known(&[], &[])];
        for (journal, sources, allowed) in [
            (&nothing[..], &["sim:?rate=1"][..], true),
            (&nothing, &["file:x", "-"], true),
            (&nothing, &["file:x", "sim:"], false),
            (&simulated, &["sim:?rate=5"], true),
            (&simulated, &["file:x"], false),
            (&simulated, &[], true),
            (&real, &["sim:"], false),
            (&real, &["file:x"], true),
            (&shared, &["file:x"], false),
            (&shared, &["sim:"], true),
        ] {
            let result = refuse_mix("DIR", journal, sources.iter().copied());
            assert_eq!(result.is_ok(), allowed, "{sources:?}");
        }
        let refused = refuse_mix("DIR", &real, ["sim:"]).expect_err("they differ");
        let said = refused.to_string();
        for part in [
            "DIR holds real records",
            "wss://example.org",
            "sim: would add simulated",
            "--data",
        ] {
            assert!(said.contains(part), "{said:?} does not say {part:?}");
        }
    }
}
