//! How often those of an event, a group or a member said yes, in bounded memory.
use serde::{Deserialize, Serialize};

/// How many are remembered at most of each kind.
const SLOTS: usize = 1 << 16;

/// Each has one slot, which it takes from the one that was there.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Tallies {
    slots: Vec<TallySlot>,
}

/// Answers so far.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct YesNo {
    pub(super) yes: u16,
    pub(super) no: u16,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
struct TallySlot {
    /// The half of the hash that does not choose the slot.
    check: u32,
    tally: YesNo,
}

impl Tallies {
    pub(super) fn new() -> Self {
        Self {
            slots: vec![TallySlot::default(); SLOTS],
        }
    }

    pub(super) fn get(&self, key: u64) -> YesNo {
        let slot = self.slots[at(key)];
        if slot.check == check(key) {
            slot.tally
        } else {
            YesNo::default()
        }
    }

    /// Counts one answer, and takes back the one that it replaces.
    pub(super) fn count(&mut self, key: u64, yes: bool, replaced: Option<bool>) {
        let slot = &mut self.slots[at(key)];
        if slot.check != check(key) {
            *slot = TallySlot {
                check: check(key),
                tally: YesNo::default(),
            };
        }
        if let Some(before) = replaced {
            let counted = slot.tally.of(before);
            *counted = counted.saturating_sub(1);
        }
        let counted = slot.tally.of(yes);
        *counted = counted.saturating_add(1);
    }

    pub(super) fn is_whole(&self) -> bool {
        self.slots.len() == SLOTS
    }
}

impl YesNo {
    pub(super) fn all(self) -> f64 {
        f64::from(self.yes) + f64::from(self.no)
    }

    /// The share of yes, drawn towards `prior` as if `weight` answers had been like it.
    pub(super) fn rate(self, prior: f64, weight: f64) -> f64 {
        (f64::from(self.yes) + weight * prior) / (self.all() + weight)
    }

    fn of(&mut self, yes: bool) -> &mut u16 {
        if yes { &mut self.yes } else { &mut self.no }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the lower bits choose the slot"
)]
fn at(key: u64) -> usize {
    key as usize % SLOTS
}

fn check(key: u64) -> u32 {
    (key >> 32) as u32
}
