//! The pseudonyms of people.
//!
//! Without the key nobody can tell whether a pseudonym is a given member's, and with it distinct
//! members are still counted exactly.

use std::hash::Hasher;

use siphasher::{
    sip::SipHasher24,
    sip128::{Hasher128, SipHasher24 as SipHasher24_128},
};

/// Bits of a pseudonym: what a double holds exactly, and with it JavaScript, jq, pandas and Spark.
const PSEUDONYM_BITS: u32 = 53;
/// The bit that every pseudonym has. No id of a member comes near it, so it tells the two apart.
const PSEUDONYM: u64 = 1 << (PSEUDONYM_BITS - 1);
/// What stands before the pseudonym of an id that is a text.
const TEXT_PREFIX: &str = "masked:";

/// The secret under which pseudonyms are made.
#[derive(Clone)]
pub struct PeopleKey([u8; 16]);

impl PeopleKey {
    /// The secret with these 128 bits.
    #[must_use]
    pub fn new(key: [u8; 16]) -> Self {
        Self(key)
    }

    /// The pseudonym of a member: 2^52 and the low 52 bits of SipHash-2-4 of the id under the key. A
    /// pseudonym is its own pseudonym, so that an archive can be imported again.
    ///
    /// Programs that keep numbers as doubles round 64 bits, and would take different members for
    /// one, or find none at all. The price is that two members may get one pseudonym: among n
    /// members n(n-1)/2 pairs are expected to share one with a probability of 2^-52 each, so among
    /// 10 million members there is such a pair in 1.1 % of all keys, and the count of members is
    /// then too small by one.
    #[must_use]
    pub fn pseudonym(&self, member: u64) -> u64 {
        if is_pseudonym(member) {
            return member;
        }
        let mut hasher = SipHasher24::new_with_key(&self.0);
        hasher.write_u64(member);
        pseudonym_of(hasher.finish())
    }

    /// What stands for an id in which a person may stand, such as an address of one of their records. Whoever has not the
    /// key cannot tell whose it is; two ids are given one with a probability of 2^-128.
    #[must_use]
    pub fn conceal(&self, id: &str) -> String {
        let mut hasher = SipHasher24_128::new_with_key(&self.0);
        hasher.write(id.as_bytes());
        let hash = hasher.finish128();
        format!("id:{:016x}{:016x}", hash.h1, hash.h2)
    }

    /// The pseudonym of a member whose id is a text: a number in it stays one.
    pub(crate) fn pseudonym_of_text(&self, member: &str) -> String {
        if let Ok(number) = member.parse() {
            return self.pseudonym(number).to_string();
        }
        let number = member.strip_prefix(TEXT_PREFIX).map(str::parse);
        if let Some(Ok(number)) = number
            && is_pseudonym(number)
        {
            return member.to_owned();
        }
        let mut hasher = SipHasher24::new_with_key(&self.0);
        hasher.write(member.as_bytes());
        format!("{TEXT_PREFIX}{}", pseudonym_of(hasher.finish()))
    }
}

/// The pseudonym that a hash makes.
const fn pseudonym_of(hash: u64) -> u64 {
    hash & (PSEUDONYM - 1) | PSEUDONYM
}

const fn is_pseudonym(number: u64) -> bool {
    number >> (PSEUDONYM_BITS - 1) == 1
}

/// A member's number as it is counted: what has more than 53 bits can only be a pseudonym of an
/// older version, whose low bits are those of today's. No member id of the feeds comes near.
pub(crate) const fn fit(member: u64) -> u64 {
    if member >> PSEUDONYM_BITS == 0 {
        member
    } else {
        pseudonym_of(member)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: PeopleKey = PeopleKey([7; 16]);

    #[test]
    fn a_pseudonym_depends_on_the_key() {
        assert_ne!(KEY.pseudonym(42), PeopleKey::new([8; 16]).pseudonym(42));
        assert_eq!(KEY.pseudonym(42), KEY.clone().pseudonym(42));
    }

    #[test]
    fn a_pseudonym_is_its_own() {
        let once = KEY.pseudonym(42);
        assert_eq!(KEY.pseudonym(once), once);
        let text = KEY.pseudonym_of_text("did:plc:ann");
        assert!(
            text.starts_with("masked:") && !text.contains("ann"),
            "{text}"
        );
        assert_eq!(KEY.pseudonym_of_text(&text), text);
        assert_eq!(KEY.pseudonym_of_text("42"), once.to_string());
        assert_ne!(KEY.pseudonym_of_text("masked:42"), "masked:42");
    }

    #[test]
    fn a_double_holds_every_pseudonym() {
        let mut seen = std::collections::HashSet::new();
        let (mut any, mut all) = (0, u64::MAX);
        for member in 0..100_000 {
            let pseudonym = KEY.pseudonym(member);
            assert_eq!(pseudonym as f64 as u64, pseudonym);
            assert!(seen.insert(pseudonym), "{member} has another's pseudonym");
            any |= pseudonym;
            all &= pseudonym;
        }
        assert_eq!(any, (1 << PSEUDONYM_BITS) - 1, "all bits are used");
        assert_eq!(all, PSEUDONYM, "and one is always set");
    }

    #[test]
    fn a_pseudonym_of_64_bits_is_counted_as_that_of_today() {
        let mut hasher = SipHasher24::new_with_key(&KEY.0);
        hasher.write_u64(42);
        assert_eq!(fit(hasher.finish()), KEY.pseudonym(42));
        assert_eq!(fit(KEY.pseudonym(42)), KEY.pseudonym(42));
        assert_eq!(fit(91_201_524), 91_201_524);
    }
}
