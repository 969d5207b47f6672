//! From the keys of a decoder's dictionary to the rows of a partition.

use headcount_record::Dictionary;

const UNKNOWN: u32 = u32::MAX;

/// What a partition has learnt about one decoder's keys.
#[derive(Default)]
pub(crate) struct Translation {
    generation: u64,
    pub(crate) events: Keys,
    pub(crate) groups: Keys,
    pub(crate) venues: Keys,
}

impl Translation {
    /// Forgets everything when the dictionary has begun anew.
    pub(crate) fn follow(&mut self, dictionary: &Dictionary) {
        if self.generation != dictionary.generation() {
            *self = Self {
                generation: dictionary.generation(),
                ..Self::default()
            };
        }
    }
}

/// Rows by key.
#[derive(Default)]
pub(crate) struct Keys(Vec<u32>);

impl Keys {
    pub(crate) fn get(&self, key: u32) -> Option<u32> {
        self.0
            .get(key as usize)
            .copied()
            .filter(|&row| row != UNKNOWN)
    }

    pub(crate) fn set(&mut self, key: u32, row: u32) {
        let at = key as usize;
        if self.0.len() <= at {
            self.0.resize(at + 1, UNKNOWN);
        }
        self.0[at] = row;
    }
}
