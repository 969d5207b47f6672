//! A limited number of places, in all and per address, given back when the guest leaves.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

/// Places that can be taken: connections, or live streams.
#[derive(Debug)]
pub(crate) struct Seats {
    total: usize,
    per_address: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    Total,
    Address,
}

/// A place; dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Seat {
    seats: Arc<Seats>,
    address: IpAddr,
}

impl Seats {
    pub(crate) fn new(total: usize, per_address: usize) -> Arc<Self> {
        Arc::new(Self {
            total,
            per_address,
            taken: Mutex::default(),
        })
    }

    pub(crate) fn take(self: &Arc<Self>, peer: IpAddr) -> Result<Seat, Full> {
        let address = house(peer);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.total >= self.total {
            return Err(Full::Total);
        }
        let here = taken.by_address.entry(address).or_default();
        if *here >= self.per_address {
            return Err(Full::Address);
        }
        *here += 1;
        taken.total += 1;
        Ok(Seat {
            seats: Arc::clone(self),
            address,
        })
    }

    pub(crate) fn count(&self) -> usize {
        self.taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .total
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self
            .seats
            .taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        taken.total -= 1;
        if let Some(here) = taken.by_address.get_mut(&self.address) {
            *here -= 1;
            if *here == 0 {
                taken.by_address.remove(&self.address);
            }
        }
    }
}

/// One household has one IPv4 address or one /64 of IPv6; a mapped address is the IPv4 one.
fn house(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn places_are_counted_per_address_and_given_back() {
        let seats = Seats::new(3, 2);
        let first = seats.take(ip("10.0.0.1")).expect("a place");
        let _mapped = seats
            .take(ip("::ffff:10.0.0.1"))
            .expect("the same address, mapped");
        assert_eq!(seats.take(ip("10.0.0.1")).err(), Some(Full::Address));
        drop(first);
        let _again = seats.take(ip("10.0.0.1")).expect("the place given back");
        let _other = seats.take(ip("10.0.0.2")).expect("another address");
        assert_eq!(seats.take(ip("10.0.0.3")).err(), Some(Full::Total));
        assert_eq!(seats.count(), 3);
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let seats = Seats::new(9, 1);
        let _one = seats.take(ip("2001:db8::1")).expect("a place");
        assert_eq!(seats.take(ip("2001:db8::2")).err(), Some(Full::Address));
        let _two = seats.take(ip("2001:db8:0:1::2")).expect("another network");
    }
}
