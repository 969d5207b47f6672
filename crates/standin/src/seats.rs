//! How many connections each address has.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

/// Connections beyond the limit that are still told so; more are closed without a word.
const STANDING_MAX: usize = 10;

#[derive(Clone)]
pub(super) struct Seats {
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
    seats_max: usize,
}

/// A connection's place, free again when dropped.
pub(super) struct Seat {
    seats: Seats,
    address: IpAddr,
    /// Whether all were taken: whoever has to stand is only told so.
    pub(super) standing: bool,
}

impl Seats {
    pub(super) fn new(seats_max: usize) -> Self {
        Self {
            taken: Arc::default(),
            seats_max,
        }
    }

    pub(super) const fn seats_max(&self) -> usize {
        self.seats_max
    }

    /// A place for a new connection from this address, if there is any, be it to stand.
    pub(super) fn take(&self, address: IpAddr) -> Option<Seat> {
        let address = address.to_canonical();
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(address).or_insert(0);
        if *count >= self.seats_max + STANDING_MAX {
            return None;
        }
        *count += 1;
        let standing = *count > self.seats_max;
        Some(Seat {
            seats: self.clone(),
            address,
            standing,
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self
            .seats
            .taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_are_for_each_address_and_come_back() {
        let seats = Seats::new(2);
        let (one, other) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        let first = seats.take(one).unwrap();
        let second = seats.take(one).unwrap();
        assert!(!first.standing && !second.standing);
        assert!(!seats.take(other).unwrap().standing);
        assert!(seats.take(one).unwrap().standing);
        drop(first);
        assert!(!seats.take(one).unwrap().standing);
        let standing: Vec<Seat> = (0..20).map_while(|_| seats.take(one)).collect();
        assert_eq!(standing.len(), 1 + STANDING_MAX);
        drop((standing, second));
        assert!(seats.taken.lock().unwrap().is_empty());
    }
}
