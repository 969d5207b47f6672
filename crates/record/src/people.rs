//! The masking of people, before anything is kept.
//!
//! Everything inside a record's `member` is a person's: texts are replaced in place, the member's
//! id becomes a keyed pseudonym, keys and layout stay. Without the key nobody can tell whether a
//! pseudonym is a given member's, and with it distinct members are still counted exactly.

use std::hash::Hasher;

use siphasher::sip::SipHasher24;

use crate::walker::Walker;

/// What stands for a person's text.
pub(crate) const MASKED: &[u8] = b"\"masked\"";
/// Bits of a pseudonym: what a double holds exactly, and with it JavaScript, jq, pandas and Spark.
const PSEUDONYM_BITS: u32 = 53;

/// The secret under which pseudonyms are made.
#[derive(Clone)]
pub struct PeopleKey([u8; 16]);

impl PeopleKey {
    /// The secret with these 128 bits.
    #[must_use]
    pub fn new(key: [u8; 16]) -> Self {
        Self(key)
    }

    /// The pseudonym of a member: the low 53 bits of SipHash-2-4 of the id under the key, from 1 to
    /// 2^53 - 1.
    ///
    /// Programs that keep numbers as doubles round 64 bits, and would take different members for
    /// one, or find none at all. The price is that two members may get one pseudonym: among n
    /// members n(n-1)/2 pairs are expected to share one with a probability of 2^-53 each, so among
    /// 10 million members there is such a pair in 0.55 % of all keys (0.0027 % with 64 bits), and
    /// the count of members is then too small by one.
    #[must_use]
    pub fn pseudonym(&self, member: u64) -> u64 {
        let mut hasher = SipHasher24::new_with_key(&self.0);
        hasher.write_u64(member);
        fit(hasher.finish())
    }

    /// Copies a valid record to `out` with its member masked. `None` if it is not valid JSON.
    pub(crate) fn mask_record(&self, record: &[u8], out: &mut Vec<u8>) -> Option<()> {
        let mut walker = Walker::new(record);
        walker.space();
        let mut copied = 0;
        let mut more = walker.open()?;
        while more {
            let key = walker.key()?;
            let start = walker.at;
            walker.value(2)?;
            if key.unescape().is_some_and(|key| key == "member") {
                out.extend_from_slice(&record[copied..start]);
                self.mask_member(&record[start..walker.at], out)?;
                copied = walker.at;
            }
            more = walker.more(b'}')?;
        }
        out.extend_from_slice(&record[copied..]);
        Some(())
    }

    /// Copies a valid member value to `out`, masked.
    pub(crate) fn mask_member(&self, member: &[u8], out: &mut Vec<u8>) -> Option<()> {
        let mut mask = Mask {
            key: self,
            walker: Walker::new(member),
            copied: 0,
            out,
        };
        mask.value(false)?;
        let (copied, end) = (mask.copied, mask.walker.at);
        out.extend_from_slice(&member[copied..end]);
        Some(())
    }
}

/// A member's number as it is counted: what has more than 53 bits can only be a pseudonym of an
/// older version, whose low bits are those of today's. No member id of the feeds comes near.
pub(crate) fn fit(member: u64) -> u64 {
    (member & ((1 << PSEUDONYM_BITS) - 1)).max(1)
}

/// Copying with replacements.
struct Mask<'a, 'o> {
    key: &'a PeopleKey,
    walker: Walker<'a>,
    copied: usize,
    out: &'o mut Vec<u8>,
}

impl Mask<'_, '_> {
    fn value(&mut self, is_id: bool) -> Option<()> {
        let start = self.walker.at;
        match self.walker.peek()? {
            b'"' => {
                self.walker.text()?;
                self.replace(start, MASKED);
                Some(())
            }
            b'{' => {
                let mut more = self.walker.open()?;
                while more {
                    let key = self.walker.key()?;
                    let is_id = key.unescape().is_some_and(|key| key == "member_id");
                    self.value(is_id)?;
                    more = self.walker.more(b'}')?;
                }
                Some(())
            }
            b'[' => {
                self.walker.at += 1;
                self.walker.space();
                let mut more = self.walker.peek()? != b']';
                self.walker.at += usize::from(!more);
                while more {
                    self.value(false)?;
                    more = self.walker.more(b']')?;
                }
                Some(())
            }
            b'-' | b'0'..=b'9' => {
                let id = self.walker.number()?.parse::<u64>();
                if is_id {
                    let pseudonym = id.map_or(0, |id| self.key.pseudonym(id));
                    self.replace(start, pseudonym.to_string().as_bytes());
                }
                Some(())
            }
            _ => self.walker.value(2),
        }
    }

    fn replace(&mut self, start: usize, by: &[u8]) {
        self.out
            .extend_from_slice(&self.walker.bytes[self.copied..start]);
        self.out.extend_from_slice(by);
        self.copied = self.walker.at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: PeopleKey = PeopleKey([7; 16]);

    #[test]
    fn the_member_is_masked_in_place_and_nothing_else() {
        let record = br#" {"event":{"event_name":"Name"}, "member" : {"member_id": 42,"member_name":"A \"B\"","other_services":{"twitter":{"identifier":"@x"}},"n":[1,"y"]},"rsvp_id":1}"#;
        let mut out = Vec::new();
        KEY.mask_record(record, &mut out).expect("valid");
        let expected = format!(
            r#" {{"event":{{"event_name":"Name"}}, "member" : {{"member_id": {},"member_name":"masked","other_services":{{"twitter":{{"identifier":"masked"}}}},"n":[1,"masked"]}},"rsvp_id":1}}"#,
            KEY.pseudonym(42)
        );
        assert_eq!(String::from_utf8(out).expect("text"), expected);
    }

    #[test]
    fn a_pseudonym_depends_on_the_key() {
        assert_ne!(KEY.pseudonym(42), PeopleKey::new([8; 16]).pseudonym(42));
        assert_eq!(KEY.pseudonym(42), KEY.clone().pseudonym(42));
    }

    #[test]
    fn a_double_holds_every_pseudonym() {
        let mut seen = std::collections::HashSet::new();
        let mut bits = 0;
        for member in 0..100_000 {
            let pseudonym = KEY.pseudonym(member);
            assert!((1..1 << PSEUDONYM_BITS).contains(&pseudonym));
            assert_eq!(pseudonym as f64 as u64, pseudonym);
            assert!(seen.insert(pseudonym), "{member} has another's pseudonym");
            bits |= pseudonym;
        }
        assert_eq!(bits, (1 << PSEUDONYM_BITS) - 1, "all bits are used");
    }

    #[test]
    fn a_pseudonym_of_64_bits_is_counted_as_that_of_today() {
        let mut hasher = SipHasher24::new_with_key(&KEY.0);
        hasher.write_u64(42);
        assert_eq!(fit(hasher.finish()), KEY.pseudonym(42));
        assert_eq!(fit(KEY.pseudonym(42)), KEY.pseudonym(42));
        assert_eq!(fit(91_201_524), 91_201_524);
        assert_eq!(fit(1 << PSEUDONYM_BITS), 1, "never 0");
    }
}
