//! Numbers that have been marked, each once.

/// A set of dense numbers that is filled, emptied and filled again.
#[derive(Default)]
pub(crate) struct Marks {
    bits: Vec<u64>,
    list: Vec<u32>,
}

impl Marks {
    pub(crate) fn mark(&mut self, number: u32) {
        let (word, bit) = (number as usize / 64, 1 << (number % 64));
        if self.bits.len() <= word {
            self.bits.resize(word + 1, 0);
        }
        if self.bits[word] & bit == 0 {
            self.bits[word] |= bit;
            self.list.push(number);
        }
    }

    /// How many are marked.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// Takes what has been marked, in order of number.
    pub(crate) fn take(&mut self) -> Vec<u32> {
        let mut list = std::mem::take(&mut self.list);
        for number in &list {
            self.bits[*number as usize / 64] = 0;
        }
        list.sort_unstable();
        list
    }
}
