//! The moment that record times are held against besides their arrival: `judged-at.json` in the data folder.
//!
//! Counts are a function of the journal and of this moment, so it is kept as the journal is, and not with checkpoints, which
//! may be thrown away. It is durable before anything is counted by it: whatever a kill leaves, every partition is counted by
//! the same moment.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::PathBuf,
};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::{
    data::DataDir,
    exit::{DATA, exit},
};

const MAGIC: &str = "headcount-judged-at";
const VERSION: u32 = 1;

/// By which moment a rebuild judges record times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct JudgedMoment {
    /// Milliseconds since 1970.
    pub(crate) moment: i64,
    /// Whether somebody asked for this moment, and not just for a rebuild: then it holds until another one is asked for.
    pub(crate) is_asked: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JudgedMomentJson {
    magic: String,
    version: u32,
    moment: i64,
    asked: bool,
}

impl JudgedMoment {
    /// The moment of a rebuild at `now`: `asked` is what it was given, and `known` what the last one left.
    pub(crate) fn of_rebuild(asked: Option<i64>, known: Option<Self>, now: i64) -> Self {
        match (asked, known) {
            (Some(moment), _) => Self {
                moment,
                is_asked: true,
            },
            (None, Some(known)) if known.is_asked => known,
            // A clock that was behind at the last rebuild is right now, or behind now: the later one is nearer.
            (None, known) => Self {
                moment: known.map_or(now, |known| known.moment.max(now)),
                is_asked: false,
            },
        }
    }

    /// What the last rebuild left; none before the first.
    pub(crate) fn read(data: &DataDir) -> Result<Option<Self>> {
        let path = path_in(data);
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            bytes => bytes.with_context(|| format!("read {}", path.display()))?,
        };
        let refused = |why: String| {
            let way_out = "restore it from a backup, or run \"headcount rebuild --judged-at MS\"";
            exit(DATA, format!("{}: {why}; {way_out}", path.display()))
        };
        let found: JudgedMomentJson = serde_json::from_slice(&bytes)
            .map_err(|error| refused(format!("it is damaged: {error}")))?;
        if (found.magic.as_str(), found.version) != (MAGIC, VERSION) {
            return Err(refused(
                "it was written by another version of headcount".to_owned(),
            ));
        }
        Ok(Some(Self {
            moment: found.moment,
            is_asked: found.asked,
        }))
    }

    /// Keeps it; durable when this returns. The journal must be locked by this process.
    pub(crate) fn write(self, data: &DataDir) -> Result<()> {
        let path = path_in(data);
        self.replace(&path)
            .with_context(|| format!("write {}", path.display()))
    }

    fn replace(self, path: &PathBuf) -> io::Result<()> {
        let text = serde_json::to_vec(&JudgedMomentJson {
            magic: MAGIC.to_owned(),
            version: VERSION,
            moment: self.moment,
            asked: self.is_asked,
        })?;
        let beside = path.with_extension("tmp");
        let mut file = File::create(&beside)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        match path.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }
}

fn path_in(data: &DataDir) -> PathBuf {
    data.path().join("judged-at.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_that_was_asked_for_holds_until_another_is() {
        let of = |moment, is_asked| JudgedMoment { moment, is_asked };
        for (asked, known, judged) in [
            (None, None, of(50, false)),
            (Some(9), None, of(9, true)),
            (None, Some(of(9, true)), of(9, true)),
            (None, Some(of(90, true)), of(90, true)),
            (Some(70), Some(of(90, true)), of(70, true)),
            (None, Some(of(9, false)), of(50, false)),
            (None, Some(of(90, false)), of(90, false)),
        ] {
            assert_eq!(JudgedMoment::of_rebuild(asked, known, 50), judged);
        }
    }

    #[test]
    fn it_is_read_back_and_a_damaged_one_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataDir::new(folder.path().to_owned());
        assert_eq!(JudgedMoment::read(&data).expect("none"), None);
        let judged = JudgedMoment {
            moment: 1_763_696_400_000,
            is_asked: true,
        };
        judged.write(&data).expect("written");
        assert_eq!(JudgedMoment::read(&data).expect("read"), Some(judged));
        let sound = fs::read_to_string(path_in(&data)).expect("read");
        for damaged in [&sound[..9], &sound.replace(":1,", ":2,")] {
            fs::write(path_in(&data), damaged).expect("written");
            let refused = JudgedMoment::read(&data).expect_err("damaged").to_string();
            assert!(refused.contains("judged-at.json"), "{refused}");
            assert!(refused.contains("rebuild --judged-at"), "{refused}");
        }
    }
}
