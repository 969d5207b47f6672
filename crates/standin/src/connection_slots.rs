//! How many connections each address has.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

/// Connections beyond the limit that still get an error; further ones are closed at once.
const REFUSED_MAX: usize = 10;

#[derive(Clone)]
pub(super) struct ConnectionSlots {
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
    slots_max: usize,
}

/// The slot of one connection, free again when dropped.
pub(super) struct ConnectionSlot {
    slots: ConnectionSlots,
    address: IpAddr,
    /// Whether all slots were taken: such a connection gets an error and is closed.
    pub(super) is_over_limit: bool,
}

/// A slot that a WebSocket may take along when it leaves HTTP.
pub(super) type SharedSlot = Arc<ConnectionSlot>;

impl ConnectionSlots {
    pub(super) fn new(slots_max: usize) -> Self {
        Self {
            taken: Arc::default(),
            slots_max,
        }
    }

    pub(super) const fn slots_max(&self) -> usize {
        self.slots_max
    }

    /// A slot for a new connection from this address, perhaps one over the limit; `None` when even those are taken.
    pub(super) fn take(&self, address: IpAddr) -> Option<ConnectionSlot> {
        let address = address.to_canonical();
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(address).or_insert(0);
        if *count >= self.slots_max + REFUSED_MAX {
            return None;
        }
        *count += 1;
        let is_over_limit = *count > self.slots_max;
        Some(ConnectionSlot {
            slots: self.clone(),
            address,
            is_over_limit,
        })
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        let mut taken = self
            .slots
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
        let slots = ConnectionSlots::new(2);
        let (one, other) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        let first = slots.take(one).unwrap();
        let second = slots.take(one).unwrap();
        assert!(!first.is_over_limit && !second.is_over_limit);
        assert!(!slots.take(other).unwrap().is_over_limit);
        assert!(slots.take(one).unwrap().is_over_limit);
        drop(first);
        assert!(!slots.take(one).unwrap().is_over_limit);
        let refused: Vec<ConnectionSlot> = (0..20).map_while(|_| slots.take(one)).collect();
        assert_eq!(refused.len(), 1 + REFUSED_MAX);
        drop((refused, second));
        assert!(slots.taken.lock().unwrap().is_empty());
    }
}
