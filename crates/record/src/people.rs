//! The masking of people, before anything is kept.
//!
//! Everything inside a record's `member` is a person's: texts are replaced in place, the member's
//! id becomes a keyed pseudonym, keys and layout stay. Without the key nobody can tell whether a
//! pseudonym is a given member's, and with it distinct members are still counted exactly.

use std::hash::Hasher;

use siphasher::sip::SipHasher24;

use crate::walker::Walker;

/// What stands for a person's text.
const MASKED: &[u8] = b"\"masked\"";
/// Keys whose values are people's, looked for in text that could not be parsed.
const PEOPLE_KEYS: [&[u8]; 6] = [
    b"member_name",
    b"member_id",
    b"identifier",
    b"photo",
    b"name",
    b"bio",
];

/// The secret under which pseudonyms are made.
#[derive(Clone)]
pub struct PeopleKey([u8; 16]);

impl PeopleKey {
    #[must_use]
    pub fn new(key: [u8; 16]) -> Self {
        Self(key)
    }

    /// The pseudonym of a member: SipHash-2-4 of the id under the key, never 0.
    #[must_use]
    pub fn pseudonym(&self, member: u64) -> u64 {
        let mut hasher = SipHasher24::new_with_key(&self.0);
        hasher.write_u64(member);
        hasher.finish().max(1)
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

/// Blanks what follows people's keys in text that is not valid JSON, however it is quoted.
pub(crate) fn blank(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        match people_value(&text[at..]) {
            Some((key, value)) => {
                out.extend_from_slice(&text[at..at + key]);
                out.extend_from_slice(MASKED);
                at += key + value;
            }
            None => {
                out.push(text[at]);
                at += 1;
            }
        }
    }
    out
}

/// If a people's key stands here: the bytes up to its value, and the bytes of the value.
fn people_value(text: &[u8]) -> Option<(usize, usize)> {
    let quote = *text.first().filter(|byte| matches!(byte, b'"' | b'\''))?;
    let key = PEOPLE_KEYS.iter().find(|key| text[1..].starts_with(key))?;
    let mut at = 1 + key.len();
    if *text.get(at)? != quote {
        return None;
    }
    at += 1;
    at += text[at..]
        .iter()
        .take_while(|byte| byte.is_ascii_whitespace())
        .count();
    if *text.get(at)? != b':' {
        return None;
    }
    at += 1;
    at += text[at..]
        .iter()
        .take_while(|byte| byte.is_ascii_whitespace())
        .count();
    let value = match text.get(at) {
        Some(&quote @ (b'"' | b'\'')) => quoted(&text[at..], quote),
        _ => text[at..]
            .iter()
            .take_while(|byte| !matches!(byte, b',' | b'}' | b']'))
            .count(),
    };
    Some((at, value))
}

/// The length of a quoted text, to the end if its quote never comes.
fn quoted(text: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'\\' => at += 2,
            _ if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
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
    fn broken_text_loses_its_people() {
        let broken = br#"{'member':{'member_id':91201524,'photo':'https://x/1.jpeg','member_name':'O\'Neil X'},"member_name" : "cut of"#;
        let blanked = String::from_utf8(blank(broken)).expect("text");
        for secret in ["91201524", "1.jpeg", "Neil", "cut of"] {
            assert!(!blanked.contains(secret), "{blanked}");
        }
        assert!(blanked.contains("'member_name':\"masked\""), "{blanked}");
    }
}
