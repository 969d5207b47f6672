//! Whether nothing that a source sends is a record.
//!
//! Every value that is refused is kept aside and counted, but a source of which all are refused looks alive: it sends
//! what headcount does not read, such as another format or another feed.

use std::borrow::Cow;

/// Values that are judged together.
const RECENT: u64 = 50;

/// How many values of one source were refused in a row.
#[derive(Default)]
pub(crate) struct RecentRefusals {
    in_a_row: u64,
    /// The reason of the last one.
    last: Cow<'static, str>,
}

impl RecentRefusals {
    /// Notes a value that is a record.
    pub(crate) fn kept(&mut self) {
        self.in_a_row = 0;
    }

    /// Notes a value that was refused with this reason code.
    pub(crate) fn refused(&mut self, reason: Cow<'static, str>) {
        self.in_a_row += 1;
        self.last = reason;
    }

    /// What is wrong, as a sentence, if of the last values none was a record.
    pub(crate) fn notice(&self) -> Option<String> {
        (self.in_a_row >= RECENT).then(|| {
            format!(
                "none of the last {RECENT} values was a record (the last one was refused with {}): does the source send \
                 records of a feed that headcount knows?",
                self.last
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_source_without_a_single_record_is_told() {
        let mut recent = RecentRefusals::default();
        for _ in 1..RECENT {
            recent.refused("bad_json".into());
        }
        assert_eq!(recent.notice(), None);
        recent.refused("too_big".into());
        let told = recent.notice().expect("all were refused");
        assert!(told.contains("refused with too_big"), "{told}");
        recent.kept();
        assert_eq!(recent.notice(), None);
        // One record in 50 is a source that works.
        for n in 1..200 {
            match n % RECENT {
                0 => recent.kept(),
                _ => recent.refused("bad_json".into()),
            }
            assert_eq!(recent.notice(), None);
        }
    }
}
