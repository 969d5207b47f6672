//! Chance without memory: every draw is a hash of what it is drawn for.
//!
//! Only whole numbers, and no function of a mathematics library: what is drawn is the same on
//! every machine.

/// One key out of two numbers, well mixed.
pub(super) const fn mix(key: u64, number: u64) -> u64 {
    // The finish of splitmix64: every bit of the result depends on every bit of both.
    let mut bits = key ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// A sequence of draws, always the same for the same key and number.
#[derive(Clone)]
pub(super) struct Dice {
    key: u64,
    thrown: u64,
}

impl Dice {
    pub(super) const fn of(key: u64, number: u64) -> Self {
        Self {
            key: mix(key, number),
            thrown: 0,
        }
    }

    pub(super) const fn throw(&mut self) -> u64 {
        self.thrown += 1;
        mix(self.key, self.thrown)
    }

    /// A number from 0 to one less than `end`, all equally likely.
    pub(super) const fn below(&mut self, end: u32) -> u32 {
        (((self.throw() >> 32) * end as u64) >> 32) as u32
    }

    /// A number from 0 to one less than `end`, of which small ones are likelier: the density
    /// falls with the square root, so that the first hundredth gets a tenth.
    pub(super) const fn skewed_below(&mut self, end: u32) -> u32 {
        let part = self.throw() >> 32;
        let squared = (part * part) >> 32;
        ((squared * end as u64) >> 32) as u32
    }

    /// Whether something happens that happens `per_mille` times in a thousand.
    pub(super) const fn chance(&mut self, per_mille: u32) -> bool {
        self.below(1000) < per_mille
    }

    pub(super) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        *self.choose(choices)
    }

    pub(super) const fn choose<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len() as u32) as usize]
    }
}

/// A distribution by its quantiles: `(share of 10,000 at or below, value)`, straight lines between.
pub(super) struct Quantiles(pub(super) &'static [(u32, i64)]);

impl Quantiles {
    pub(super) fn draw(&self, dice: &mut Dice) -> i64 {
        // Ten thousandths with another sixteen bits behind the point.
        let at = i64::from(dice.below(10_000 << 16));
        let mut low = (0, self.0[0].1);
        for &(share, value) in self.0 {
            let share = i64::from(share) << 16;
            if at < share {
                let (from, least) = low;
                return least
                    + (i128::from(value - least) * i128::from(at - from) / i128::from(share - from))
                        as i64;
            }
            low = (share, value);
        }
        low.1
    }
}

/// Draws an index with given weights in one step, whatever their number (Vose's alias method).
pub(super) struct Weighted {
    /// For each index: how likely it stays itself, of 2^32, and which one it gives way to.
    seats: Vec<(u32, u16)>,
}

impl Weighted {
    pub(super) fn new(weights: impl IntoIterator<Item = u64>) -> Self {
        let weights: Vec<u64> = weights.into_iter().collect();
        let total: u64 = weights.iter().sum();
        let count = weights.len() as u64;
        let mut shares: Vec<u64> = weights.iter().map(|weight| weight * count).collect();
        let mut seats = vec![(u32::MAX, 0); weights.len()];
        let (mut poor, mut rich): (Vec<usize>, Vec<usize>) =
            (0..weights.len()).partition(|&index| shares[index] < total);
        while let (Some(small), Some(&large)) = (poor.pop(), rich.last()) {
            let kept = (u128::from(shares[small]) << 32) / u128::from(total);
            seats[small] = (kept as u32, large as u16);
            shares[large] -= total - shares[small];
            if shares[large] < total {
                rich.pop();
                poor.push(large);
            }
        }
        Self { seats }
    }

    pub(super) fn draw(&self, dice: &mut Dice) -> usize {
        let bits = dice.throw();
        let index = (((bits >> 32) * self.seats.len() as u64) >> 32) as usize;
        let (kept, instead) = self.seats[index];
        if (bits as u32) <= kept {
            index
        } else {
            instead.into()
        }
    }
}
