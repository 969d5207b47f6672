//! What an import did, for people and for programs.

use std::collections::BTreeMap;

use anyhow::Result;
use headcount_engine::Tally;
use serde_json::json;

use crate::{
    commands::{print, print_json},
    failures::Failures,
    text::{number, repaired_line},
};

/// What an import did.
pub(super) struct Imported {
    pub(super) kept: u64,
    pub(super) refused: BTreeMap<String, u64>,
    /// What became of them; unknown for a shared journal, which other processes count.
    pub(super) became: Option<Became>,
    pub(super) failed: Failures,
}

/// What became of the records that were kept.
pub(super) struct Became {
    pub(super) tally: Tally,
    /// Records in which half an emoji was repaired.
    pub(super) repaired: u64,
}

impl Imported {
    pub(super) fn print(&self, as_json: bool) -> Result<()> {
        if as_json {
            let mut answer = json!({ "kept": self.kept, "rejected": self.refused });
            if let Some(became) = &self.became {
                answer["became"] = json!(became.tally);
                answer["repaired"] = json!(became.repaired);
            }
            return print_json(&answer);
        }
        let refused = number(self.refused.values().sum::<u64>());
        let mut text = match &self.became {
            Some(Became { tally: became, .. }) => {
                let quarantined = became.quarantined.values().sum::<u64>();
                let mut text = format!(
                    "kept {} new records, {} replaced, {} repeated or stale",
                    number(became.new),
                    number(became.replaced),
                    number(became.repeated + became.stale)
                );
                if quarantined > 0 {
                    text += &format!(", {} not counted", number(quarantined));
                }
                format!("{text}; refused {refused}\n")
            }
            None => format!("kept {} records, refused {refused}\n", number(self.kept)),
        };
        for (reason, count) in &self.refused {
            text += &format!("{:>9}  {reason}\n", number(*count));
        }
        if let Some(Became {
            repaired: repaired @ 1..,
            ..
        }) = &self.became
        {
            text += &repaired_line(*repaired);
        }
        print(&text)
    }
}

/// What became of the records of several partitions.
pub(super) fn sum(tallies: impl Iterator<Item = Tally>) -> Tally {
    tallies.fold(Tally::default(), |mut sum, tally| {
        sum.add(&tally);
        sum
    })
}

/// What became of the records between two tallies.
pub(super) fn difference(after: &Tally, before: &Tally) -> Tally {
    let quarantined = after.quarantined.iter().filter_map(|(reason, count)| {
        let more = count - before.quarantined.get(reason).unwrap_or(&0);
        (more > 0).then(|| (reason.clone(), more))
    });
    Tally {
        new: after.new - before.new,
        replaced: after.replaced - before.replaced,
        repeated: after.repeated - before.repeated,
        stale: after.stale - before.stale,
        quarantined: quarantined.collect(),
    }
}
