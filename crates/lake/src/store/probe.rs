//! What is asked of a store before anything is built on it.
//!
//! Some stores answer a conditional put as they should when it comes alone, and let all of several racing ones win; so
//! on a remote store several race. A disk's link is atomic or fails.

use super::error::{Error, Result};
use super::{Lake, PutOutcome, SwapOutcome};

/// How many race.
const RACERS: u32 = 6;

/// Proves that the store creates a name once, and swaps an object only for a caller that saw the latest.
pub(super) fn prove(lake: &Lake) -> Result<()> {
    let key = format!("probe/{:016x}", headcount_clock::random_id());
    let proved = prove_at(lake, &key);
    // Left behind it harms nobody.
    let removed = lake.delete(&key);
    proved.and(removed)
}

fn prove_at(lake: &Lake, key: &str) -> Result<()> {
    let racers = if lake.is_remote() { RACERS } else { 1 };
    let puts = std::thread::scope(|scope| {
        let racing: Vec<_> = (0..racers)
            .map(|racer| scope.spawn(move || lake.put_new(key, format!("racer {racer}").into())))
            .collect();
        racing
            .into_iter()
            .map(|racer| racer.join().expect("a put does not panic"))
            .collect::<Result<Vec<_>>>()
    })?;
    let winners = puts
        .iter()
        .filter(|put| matches!(put, PutOutcome::Created(_)));
    let second = lake.put_new(key, "late".into())?;
    let Some((_, tag)) = lake.get(key)? else {
        return Err(unsuitable(lake, "an object that was stored is missing"));
    };
    if winners.count() != 1 || second != PutOutcome::Exists {
        return Err(unsuitable(
            lake,
            "several processes could create one object, so two workers could own one partition; use a store with atomic \
             conditional puts (If-None-Match)",
        ));
    }
    let first = lake.put_if(key, &tag, "swapped".into())?;
    let stale = lake.put_if(key, &tag, "stale".into())?;
    match (first, stale) {
        (SwapOutcome::Stored(_), SwapOutcome::Lost) => Ok(()),
        _ => Err(unsuitable(
            lake,
            "it replaced an object that had changed since it was read; use a store with atomic conditional puts (If-Match)",
        )),
    }
}

fn unsuitable(lake: &Lake, reason: &str) -> Error {
    Error::Unsuitable {
        lake: lake.to_string(),
        reason: reason.to_owned(),
    }
}
