//! A set of dense numbers.

/// A set of dense numbers that is filled, emptied and filled again.
#[derive(Default)]
pub(crate) struct DenseSet {
    bits: Vec<u64>,
    list: Vec<u32>,
}

impl DenseSet {
    pub(crate) fn insert(&mut self, number: u32) {
        let (word, bit) = (number as usize / 64, 1 << (number % 64));
        if self.bits.len() <= word {
            self.bits.resize(word + 1, 0);
        }
        if self.bits[word] & bit == 0 {
            self.bits[word] |= bit;
            self.list.push(number);
        }
    }

    /// How many numbers are in it.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// Takes all numbers, in order.
    pub(crate) fn take(&mut self) -> Vec<u32> {
        let mut list = std::mem::take(&mut self.list);
        for number in &list {
            self.bits[*number as usize / 64] = 0;
        }
        list.sort_unstable();
        list
    }
}
