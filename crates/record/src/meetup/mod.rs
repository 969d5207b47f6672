//! The records of Meetup's five feeds.
//!
//! There are two ways to decode: a fast one for RSVPs, which proves every byte or declines, and a
//! complete one, which gives the verdict and its reason.

mod allowed;
pub(crate) mod complete;
pub(crate) mod fast;
mod feed;

use crate::{
    Allowed, MAX_BYTES, dictionary::Dictionary, id::Namespace, mask::Mask, masking::Masking,
    reason::Reason, record::Record, response::Response, schema::Schema, text::RecordText,
};
use fast::{Draft, ProvedRsvp};

pub use feed::Feed;

/// Records that are decoded together: their parts have to stay in the nearest cache.
const TOGETHER: usize = 32;

/// Meetup's five feeds, as `stream.meetup.com` sent them until 2023 and the public recordings have
/// them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Meetup;

impl Schema for Meetup {
    fn definition(&self) -> &'static str {
        "meetup"
    }

    fn namespace(&self) -> Namespace {
        Namespace::MEETUP
    }

    fn responses(&self) -> &'static [Response] {
        &[Response::No, Response::Yes]
    }

    fn feeds(&self) -> &[&'static str] {
        const NAMES: [&str; 5] = {
            let mut names = [""; 5];
            let mut at = 0;
            while at < 5 {
                names[at] = Feed::ALL[at].name();
                at += 1;
            }
            names
        };
        &NAMES
    }

    fn feed_of(&self, record: &Record) -> usize {
        match record {
            // An answer tells its event; no record of these feeds is only of an event, and none takes an answer back.
            Record::Rsvp(_) | Record::Event(_) | Record::Withdrawal(_) => Feed::Rsvps as usize,
            Record::Other(other) => other.feed.into(),
        }
    }

    fn decode(&self, line: &[u8], dictionary: &mut Dictionary) -> Result<Record, Reason> {
        let draft = draft(line, dictionary);
        match draft.and_then(|draft| fast::settle(&draft, dictionary)) {
            Some(proved) => Ok(Record::Rsvp(proved.rsvp)),
            None => decode_complete(line, dictionary),
        }
    }

    /// What records share with earlier ones is fetched from memory for many together.
    fn decode_all(
        &self,
        lines: &[&[u8]],
        dictionary: &mut Dictionary,
        results: &mut Vec<Result<Record, Reason>>,
    ) {
        let mut drafts = Vec::with_capacity(TOGETHER);
        for together in lines.chunks(TOGETHER) {
            drafts.extend(together.iter().map(|line| draft(line, dictionary)));
            let near = drafts.iter().flatten();
            let near = near.fold(0, |near, draft| near ^ fast::touch(draft, dictionary));
            std::hint::black_box(near);
            results.extend(together.iter().zip(drafts.drain(..)).map(|(line, draft)| {
                match draft.and_then(|draft| fast::settle(&draft, dictionary)) {
                    Some(proved) => Ok(Record::Rsvp(proved.rsvp)),
                    None => decode_complete(line, dictionary),
                }
            }));
        }
    }

    /// What nobody can tell the feed of is masked as an RSVP: its keys tell most of themselves.
    fn allowed(&self, has: &dyn Fn(&str) -> bool) -> &'static Allowed {
        allowed::of(Feed::of_keys(has).unwrap_or(Feed::Rsvps))
    }

    fn landmarks(&self) -> &'static [&'static str] {
        allowed::LANDMARKS
    }

    /// The fast way knows where the member stands, and whether all the rest may stay. Then the record
    /// need not be walked again.
    fn admit(
        &self,
        line: &[u8],
        masking: &Masking,
        dictionary: &mut Dictionary,
        out: &mut Vec<u8>,
    ) -> Result<Record, Reason> {
        let draft = draft(line, dictionary);
        let fast = draft.and_then(|draft| Some((fast::settle(&draft, dictionary)?, draft.member)));
        let Some((ProvedRsvp { rsvp, is_listed }, member)) = fast else {
            let text = read(line, dictionary)?;
            let record = decode_text(&text, dictionary)?;
            // What is kept is decoded again by every reader of the journal.
            dictionary.blanked += self.mask(text.repaired().as_bytes(), masking, out)?;
            return Ok(record);
        };
        match masking.key() {
            Some(people) if is_listed => {
                out.extend_from_slice(&line[..member.start]);
                let mask = Mask::new(&line[member.clone()], people, false, out);
                mask.copy(&allowed::MEMBER).ok_or(Reason::BadJson)?;
                out.extend_from_slice(&line[member.end..]);
            }
            _ => dictionary.blanked += self.mask(line, masking, out)?,
        }
        Ok(Record::Rsvp(rsvp))
    }
}

/// Drafts an RSVP the fast way, unless it has to go the complete one.
pub(crate) fn draft<'a>(line: &'a [u8], dictionary: &Dictionary) -> Option<Draft<'a>> {
    fast::draft(line, &dictionary.prints).filter(|_| line.len() <= MAX_BYTES)
}

pub(crate) fn decode_complete(line: &[u8], dictionary: &mut Dictionary) -> Result<Record, Reason> {
    let text = read(line, dictionary)?;
    decode_text(&text, dictionary)
}

/// The first half of the complete way.
fn read<'a>(line: &'a [u8], dictionary: &mut Dictionary) -> Result<RecordText<'a>, Reason> {
    dictionary.fallbacks += 1;
    RecordText::of(line)
}

/// The second half of the complete way.
fn decode_text(text: &RecordText<'_>, dictionary: &mut Dictionary) -> Result<Record, Reason> {
    let record = complete::decode(text, dictionary)?;
    dictionary.repaired += u64::from(text.is_repaired());
    Ok(record)
}
