//! Keeps the members of a journal under one key: with two, or masked and unmasked, each would be counted twice.

use std::path::PathBuf;

use anyhow::Result;
use headcount_record::{Masking, MaskingMode, PeopleMode};

use super::known_sources::KnownSources;
use crate::{
    data::{DataDir, read_key},
    exit::{CONFIG, exit},
};

/// How the command line wants members kept.
#[derive(Clone, Debug)]
pub(crate) struct PeopleOption {
    pub(crate) mode: MaskingMode,
    /// The file of the key, if it is not that of the data folder.
    pub(crate) key: Option<PathBuf>,
    pub(crate) data: DataDir,
}

impl PeopleOption {
    /// What to mask, with the key of the records in the journal at `place`; the folder's own key is made at first use. The
    /// caller holds the journal, so that no two processes make a key for it.
    ///
    /// # Errors
    /// When there is no key, or the journal has records under another one. The sentence says the way out.
    pub(crate) fn open(self, place: &str, known: &[KnownSources]) -> Result<Masking> {
        let has_records = known
            .iter()
            .any(|known| !known.names.is_empty() || !known.positions.is_empty());
        let masking = self.mode.with_key(|| match &self.key {
            Some(file) => read_key(file),
            None => self.data.people_key(has_records),
        })?;
        refuse_other_mode(place, known, &PeopleMode::of(masking.key()))?;
        Ok(masking)
    }
}

fn refuse_other_mode(place: &str, known: &[KnownSources], mode: &PeopleMode) -> Result<()> {
    let kept = known.iter().filter_map(|known| known.people.as_ref());
    let Some(other) = kept.into_iter().find(|kept| *kept != mode) else {
        return Ok(());
    };
    let way_out = match (other, mode) {
        (PeopleMode::Kept, _) => "add --keep-people".to_owned(),
        (PeopleMode::Masked(_), PeopleMode::Kept) => "leave --keep-people out".to_owned(),
        (PeopleMode::Masked(key), PeopleMode::Masked(_)) => {
            format!("restore the people.key {key} from a backup, or pass it with --people-key FILE")
        }
    };
    Err(exit(
        CONFIG,
        format!(
            "{place} holds {other}, and this command would add {mode}, so that each member would count twice: {way_out}; \
             or begin a new journal with another --data (or --journal)"
        ),
    ))
}

#[cfg(test)]
mod tests {
    use headcount_record::{Control, PeopleKey};

    use super::*;

    #[test]
    fn a_journal_has_one_mode_and_one_key() {
        let key = |byte| Some(PeopleKey::new([byte; 16]));
        let known = |mode: &PeopleMode| {
            let mode = mode.clone();
            [
                KnownSources::of_bodies(&[]),
                KnownSources::of_bodies(&[Control::People { mode }.to_body()]),
            ]
        };
        for (of_journal, of_command, way_out) in [
            (key(1), key(1), ""),
            (None, None, ""),
            (key(1), key(2), "restore the people.key"),
            (key(1), None, "leave --keep-people out"),
            (None, key(1), "add --keep-people"),
        ] {
            let known = known(&PeopleMode::of(of_journal.as_ref()));
            let mode = PeopleMode::of(of_command.as_ref());
            let refused = refuse_other_mode("DIR", &known, &mode);
            match way_out {
                "" => refused.expect("they agree"),
                part => {
                    let said = refused.expect_err("they differ").to_string();
                    assert!(said.starts_with("DIR holds members"), "{said}");
                    assert!(
                        said.contains(part) && said.contains("count twice"),
                        "{said}"
                    );
                }
            }
        }
        let of_older_version = [KnownSources::of_bodies(&[])];
        refuse_other_mode("DIR", &of_older_version, &PeopleMode::Kept).expect("it says nothing");
    }
}
