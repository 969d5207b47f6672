//! Addresses as people type them: one grammar, one error, and no secret that is ever shown.
//!
//! ```text
//! scheme://user:password@host:port,host:port/path?key=value&key=value
//! scheme:path?key=value
//! ```
//!
//! It is: the text taken apart, and the sentences that refuse what is none. It is not: a list of schemes, or of what a
//! parameter means; the room that an address is for reads a small struct of its own out of an [`Address`].
//!
//! Invariant: neither `Display` nor `Debug` of an address or of an error repeats a login, the value of a parameter
//! that nobody declared harmless ([`Address::showing`]), or text that may be a part of a mistyped login.
//!
//! ```
//! use headcount_address::Address;
//!
//! # fn main() -> Result<(), headcount_address::AddressError> {
//! let address = Address::parse("kafka://one,two:9093/meetup?from=latest", "kafka://HOST:PORT/TOPIC")?;
//! address.only(&["from"])?;
//! assert_eq!(address.hosts()[1].to_string(), "two:9093");
//! assert_eq!(address.path()?, "/meetup");
//! assert_eq!(address.param("from"), Some("latest"));
//! assert_eq!(address.to_string(), "kafka://one,two:9093/meetup?from=***");
//! # Ok(())
//! # }
//! ```
#![warn(missing_docs)]

mod address;
mod error;
mod host;
mod listen;
mod params;
mod secret;
mod server_names;
#[cfg(test)]
mod tests;

pub use address::{Address, Login, scheme_of};
pub use error::AddressError;
pub use host::Host;
pub use listen::listen;
pub use secret::{Secret, is_secret};
pub use server_names::{HostName, ServerNames};
