//! A limited number of connections, in all and per address. A permit is given back when it is dropped.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Gives permits for connections, or for live streams.
#[derive(Debug)]
pub(crate) struct ConnectionLimiter {
    total: usize,
    per_address: usize,
    permits: Mutex<Permits>,
}

#[derive(Debug, Default)]
struct Permits {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// The limit that leaves no permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    Total,
    Address,
}

impl Full {
    /// The word used in JSON and metrics.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::Address => "address",
        }
    }
}

/// One connection within the limits; dropping it makes room for another one.
#[derive(Debug)]
pub(crate) struct Permit {
    limiter: Arc<ConnectionLimiter>,
    /// The address that it counts for, if it counts for one.
    address: Option<IpAddr>,
}

impl ConnectionLimiter {
    pub(crate) fn new(total: usize, per_address: usize) -> Arc<Self> {
        Arc::new(Self {
            total,
            per_address,
            permits: Mutex::default(),
        })
    }

    /// A permit for a client at this address. Without one, as for the connection of a proxy, only the total limits it.
    pub(crate) fn permit(self: &Arc<Self>, client: Option<IpAddr>) -> Result<Permit, Full> {
        let address = client.map(household);
        let mut taken = self.taken();
        if taken.total >= self.total {
            return Err(Full::Total);
        }
        if let Some(address) = address {
            let here = taken.by_address.entry(address).or_default();
            if *here >= self.per_address {
                return Err(Full::Address);
            }
            *here += 1;
        }
        taken.total += 1;
        Ok(Permit {
            limiter: Arc::clone(self),
            address,
        })
    }

    /// How many permits there are under a limit.
    pub(crate) fn limit(&self, full: Full) -> usize {
        match full {
            Full::Total => self.total,
            Full::Address => self.per_address,
        }
    }

    /// Permits that are taken.
    pub(crate) fn count(&self) -> usize {
        self.taken().total
    }

    fn taken(&self) -> MutexGuard<'_, Permits> {
        self.permits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut taken = self.limiter.taken();
        taken.total -= 1;
        let Some(address) = self.address else { return };
        if let Some(here) = taken.by_address.get_mut(&address) {
            *here -= 1;
            // An address without connections must not be remembered: there are too many addresses.
            if *here == 0 {
                taken.by_address.remove(&address);
            }
        }
    }
}

/// One household has one IPv4 address or one /64 of IPv6; a mapped address is the IPv4 one.
fn household(peer: IpAddr) -> IpAddr {
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

    fn ip(text: &str) -> Option<IpAddr> {
        Some(text.parse().expect("an address"))
    }

    #[test]
    fn permits_are_counted_per_address_and_given_back() {
        let limiter = ConnectionLimiter::new(3, 2);
        let first = limiter.permit(ip("10.0.0.1")).expect("a permit");
        let _mapped = limiter
            .permit(ip("::ffff:10.0.0.1"))
            .expect("the same address, mapped");
        assert_eq!(limiter.permit(ip("10.0.0.1")).err(), Some(Full::Address));
        drop(first);
        let _again = limiter
            .permit(ip("10.0.0.1"))
            .expect("the permit given back");
        let _other = limiter.permit(ip("10.0.0.2")).expect("another address");
        assert_eq!(limiter.permit(ip("10.0.0.3")).err(), Some(Full::Total));
        assert_eq!(limiter.count(), 3);
    }

    #[test]
    fn a_client_without_an_address_counts_towards_the_total_alone() {
        let limiter = ConnectionLimiter::new(3, 1);
        let first = limiter.permit(None).expect("a permit");
        let _second = limiter.permit(None).expect("a permit");
        let _client = limiter.permit(ip("127.0.0.1")).expect("a permit");
        assert_eq!(limiter.permit(None).err(), Some(Full::Total));
        drop(first);
        assert_eq!(limiter.count(), 2);
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let limiter = ConnectionLimiter::new(9, 1);
        let _one = limiter.permit(ip("2001:db8::1")).expect("a permit");
        assert_eq!(limiter.permit(ip("2001:db8::2")).err(), Some(Full::Address));
        let _two = limiter
            .permit(ip("2001:db8:0:1::2"))
            .expect("another network");
    }
}
