//! Free ports that stay free while their server is down.

use std::{
    collections::HashSet,
    hash::{BuildHasher, RandomState},
    net::{Ipv4Addr, TcpListener},
    sync::Mutex,
};

/// Below the range that the system gives to outgoing connections: a killed server finds its port again.
const RANGE: std::ops::Range<u16> = 12_000..32_000;

/// Returns a port on which nothing listens, each only once in this process.
///
/// Other test processes choose at the same moment, hence at random: two of them rarely meet.
pub(crate) fn free() -> u16 {
    static GIVEN: Mutex<Option<HashSet<u16>>> = Mutex::new(None);
    let mut given = GIVEN.lock().expect("choosing a port does not panic");
    let given = given.get_or_insert_default();
    loop {
        let drawn = RandomState::new().hash_one(given.len()) % u64::from(RANGE.end - RANGE.start);
        let port = RANGE.start + u16::try_from(drawn).expect("less than the range is long");
        if !given.contains(&port) && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            given.insert(port);
            return port;
        }
    }
}
