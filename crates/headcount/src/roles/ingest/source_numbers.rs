//! The numbers under which a journal knows its sources.
//!
//! They say whose records and dead letters are; positions do not depend on them. An entry holds 16 bits for one, and a
//! folder that gets a file a minute has more files than that in 45 days. So only the first sources have a number of
//! their own, and all later ones share one.

use std::collections::HashMap;

use headcount_journal::Journal;

use super::{known_sources::KnownSources, origin::is_simulation};

/// Sources with a number of their own: 25 times as many as the ledger shows.
const OWN_MAX: usize = 10_000;
/// The name that all others share.
const OTHERS: &str = "other";
/// The same in a journal of simulated records, which its names tell from a journal of real ones.
const OTHER_SIMULATIONS: &str = "sim:other";

/// Numbers of sources by name.
pub(crate) struct SourceNumbers {
    by_name: HashMap<String, u16>,
    next: u16,
    own_max: usize,
}

/// A source as entries name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NumberedSource<'a> {
    pub(crate) number: u16,
    /// The name of the number.
    pub(crate) name: &'a str,
    /// Whether other sources have the same number.
    pub(crate) is_shared: bool,
}

impl SourceNumbers {
    /// Those that a journal knows already.
    pub(crate) fn known(journal: &Journal, known: &[KnownSources]) -> Self {
        let mut numbers = Self {
            by_name: HashMap::new(),
            next: 1,
            own_max: OWN_MAX,
        };
        for (number, name) in known.iter().flat_map(|known| &known.names) {
            journal.name_source(*number, name);
            numbers.by_name.insert(name.clone(), *number);
            numbers.next = numbers.next.max(number.saturating_add(1));
        }
        numbers
    }

    /// The number of a source; a new name gets the next one, or the one that late sources share.
    pub(crate) fn of<'a>(&mut self, journal: &Journal, name: &'a str) -> NumberedSource<'a> {
        let is_full = self.by_name.len() >= self.own_max || self.next >= u16::MAX - 1;
        let is_shared = is_full && !self.by_name.contains_key(name);
        let name = match (is_shared, is_simulation(name)) {
            (false, _) => name,
            (true, false) => OTHERS,
            (true, true) => OTHER_SIMULATIONS,
        };
        let number = match self.by_name.get(name) {
            Some(number) => *number,
            None => self.add(journal, name),
        };
        NumberedSource {
            number,
            name,
            is_shared,
        }
    }

    fn add(&mut self, journal: &Journal, name: &str) -> u16 {
        let number = self.next;
        self.next = number.saturating_add(1);
        journal.name_source(number, name);
        self.by_name.insert(name.to_owned(), number);
        number
    }

    #[cfg(test)]
    pub(crate) fn set_own_max(&mut self, own_max: usize) {
        self.own_max = own_max;
    }
}
