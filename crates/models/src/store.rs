//! Storing, reading, promoting and removing versions.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use headcount_lake::{Lake, LakeAddress, Options, PutOutcome, SwapOutcome};
use sha2::{Digest, Sha256};

use headcount_learn::{ModelName, Promotion, VersionCard};

use crate::{Error, Result, StoredVersion, TrainedModel};

const MODEL: &str = "model.bin";
const CARD: &str = "card.json";
/// Written last: a version without it does not exist.
const SUMS: &str = "SHA256SUMS";
const PROMOTED: &str = "promoted.json";

/// Attempts at a swap. Each failed one means that another process promoted meanwhile.
const TRIES: usize = 20;

/// All versions of all models.
#[derive(Clone, Debug)]
pub struct ModelStore {
    lake: Lake,
    /// What stands before the names of models: empty in a folder of its own.
    prefix: &'static str,
}

impl ModelStore {
    /// Opens the store: in a lake that is shared if one is named, else in a folder, which is made if it is missing.
    ///
    /// # Errors
    /// When the place cannot be used.
    pub fn open(folder: &std::path::Path, lake: Option<&LakeAddress>) -> Result<Self> {
        Self::open_with(folder, lake, Options::default())
    }

    /// As [`ModelStore::open`], with other limits of a call.
    ///
    /// # Errors
    /// When the place cannot be used.
    pub fn open_with(
        folder: &std::path::Path,
        lake: Option<&LakeAddress>,
        options: Options,
    ) -> Result<Self> {
        Ok(match lake {
            Some(LakeAddress::Disk(_)) | None => Self {
                lake: Lake::open_with(&LakeAddress::Disk(folder.to_owned()), options)?,
                prefix: "",
            },
            #[allow(unreachable_patterns, reason = "without S3 there is no other address")]
            Some(shared) => Self {
                lake: Lake::open_with(shared, options)?,
                prefix: "models/",
            },
        })
    }

    /// The numbers of the versions of each model, the oldest first.
    ///
    /// # Errors
    /// When the place fails.
    pub fn versions(&self) -> Result<BTreeMap<ModelName, Vec<u32>>> {
        let mut versions: BTreeMap<ModelName, Vec<u32>> = BTreeMap::new();
        for (name, version, file) in self.files()? {
            if file == SUMS {
                versions.entry(name).or_default().push(version);
            }
        }
        for numbers in versions.values_mut() {
            numbers.sort_unstable();
        }
        Ok(versions)
    }

    /// Stores a model as a new version, and tells its number. Nobody sees it before it is whole.
    ///
    /// # Errors
    /// When the place fails.
    pub fn add(&self, model: &TrainedModel) -> Result<VersionCard> {
        let name = model.name;
        self.sweep(name)?;
        let mut version = self.newest(name)? + 1;
        let bytes = Bytes::from(model.bytes.clone());
        // A number that another training has taken is left to it.
        while self
            .lake
            .put_new(&self.key(name, version, MODEL), bytes.clone())?
            == PutOutcome::Exists
        {
            version += 1;
        }
        let card = VersionCard {
            format: VersionCard::FORMAT,
            version,
            model_format: model.format,
            model_bytes: bytes.len() as u64,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            training_sha256: model.training_sha256.clone(),
            trained_at: model.trained_at,
            seconds: model.seconds,
            beats_baseline: model.card.beats_baseline(),
            card: model.card.clone(),
        };
        let mut text =
            serde_json::to_vec_pretty(&card).map_err(|cause| self.refuse(name, version, &cause))?;
        text.push(b'\n');
        self.lake.put(&self.key(name, version, CARD), &text)?;
        self.lake.put(
            &self.key(name, version, SUMS),
            sums(&bytes, &text).as_bytes(),
        )?;
        match self.read(name, version) {
            Ok(_) => Ok(card),
            Err(Error::Refused { .. } | Error::NoVersion { .. }) => {
                Err(Error::Swept { name, version })
            }
            Err(error) => Err(error),
        }
    }

    /// Reads a version, and makes sure that it is whole and unchanged.
    ///
    /// # Errors
    /// When there is none, or when a file of it is not what was stored.
    pub fn read(&self, name: ModelName, version: u32) -> Result<StoredVersion> {
        let (card_text, sums_text) = self.card_files(name, version)?;
        let (bytes, _) = self
            .lake
            .get(&self.key(name, version, MODEL))?
            .ok_or_else(|| self.refuse(name, version, &format!("{MODEL} is missing")))?;
        if sums(&bytes, &card_text).as_bytes() != sums_text {
            let why = format!(
                "{MODEL} or {CARD} is not what {SUMS} says: cut, changed, or of another version"
            );
            return Err(self.refuse(name, version, &why));
        }
        let card = self.parsed(name, version, &card_text)?;
        Ok(StoredVersion { name, card, bytes })
    }

    /// Reads the card of a version without its model.
    ///
    /// # Errors
    /// When there is none, or when it is not what was stored.
    pub fn card(&self, name: ModelName, version: u32) -> Result<VersionCard> {
        let (card_text, sums_text) = self.card_files(name, version)?;
        let line = sum_line(&card_text, CARD);
        if !String::from_utf8_lossy(&sums_text)
            .lines()
            .any(|found| found == line)
        {
            let why =
                format!("{CARD} is not what {SUMS} says: cut, changed, or of another version");
            return Err(self.refuse(name, version, &why));
        }
        self.parsed(name, version, &card_text)
    }

    /// Which version is used; nothing before the first promotion.
    ///
    /// # Errors
    /// When the place fails, or the file is not what was stored.
    pub fn promotion(&self, name: ModelName) -> Result<Option<Promotion>> {
        Ok(self
            .promotion_and_tag(name)?
            .map(|(promotion, _)| promotion))
    }

    /// Uses a version from now on; `None` uses the baseline. `at` is the time in milliseconds since 1970 UTC.
    ///
    /// # Errors
    /// When there is no such version or it is damaged; when it does not beat its baseline and that is not `accepted`.
    pub fn promote(
        &self,
        name: ModelName,
        version: Option<u32>,
        accepted: bool,
        at: i64,
        why: &str,
    ) -> Result<Promotion> {
        if let Some(version) = version {
            let stored = self.read(name, version)?;
            if !stored.card.beats_baseline && !accepted {
                let figures = deciding(&stored.card);
                return Err(Error::NoBetter {
                    name,
                    version,
                    figures,
                });
            }
        }
        let key = format!("{}{name}/{PROMOTED}", self.prefix);
        for _ in 0..TRIES {
            let before = match self.promotion_and_tag(name) {
                Ok(before) => before,
                // What cannot be read is written anew.
                Err(Error::Promotion { .. }) => {
                    self.lake.delete(&key)?;
                    None
                }
                Err(error) => return Err(error),
            };
            let in_use = before.as_ref().and_then(|(promotion, _)| promotion.version);
            let previous = if in_use == version {
                before
                    .as_ref()
                    .and_then(|(promotion, _)| promotion.previous)
            } else {
                in_use
            };
            let promotion = Promotion {
                format: Promotion::FORMAT,
                version,
                previous,
                at,
                why: why.to_owned(),
            };
            let body: Bytes = serde_json::to_vec_pretty(&promotion)
                .map_err(|cause| self.bad_promotion(&key, &cause))?
                .into();
            let is_stored = match before {
                Some((_, tag)) => self.lake.put_if(&key, &tag, body)? != SwapOutcome::Lost,
                None => self.lake.put_new(&key, body)? != PutOutcome::Exists,
            };
            if is_stored {
                return Ok(promotion);
            }
        }
        Err(self.bad_promotion(&key, &"other processes keep changing it"))
    }

    /// Removes a version.
    ///
    /// # Errors
    /// When there is none, or when it is in use.
    pub fn remove(&self, name: ModelName, version: u32) -> Result<()> {
        if !self
            .versions()?
            .get(&name)
            .is_some_and(|numbers| numbers.contains(&version))
        {
            return Err(self.no_version(name, version));
        }
        let is_in_use = matches!(self.promotion(name), Ok(Some(promotion)) if promotion.version == Some(version));
        if is_in_use {
            return Err(Error::InUse { name, version });
        }
        self.delete(name, version)
    }

    /// Removes all but the newest `keep` versions, and those in use and before.
    ///
    /// # Errors
    /// When the place fails.
    pub fn keep_newest(&self, name: ModelName, keep: usize) -> Result<()> {
        let versions = self.versions()?.remove(&name).unwrap_or_default();
        let promotion = self.promotion(name)?;
        let used = promotion.map_or([None; 2], |it| [it.version, it.previous]);
        let old = versions.len().saturating_sub(keep);
        for version in versions.into_iter().take(old) {
            if !used.contains(&Some(version)) {
                self.delete(name, version)?;
            }
        }
        Ok(())
    }

    /// What a killed training left: numbers below the newest version without its last file.
    fn sweep(&self, name: ModelName) -> Result<()> {
        let mut seen: BTreeSet<u32> = BTreeSet::new();
        let mut whole: BTreeSet<u32> = BTreeSet::new();
        for (found, version, file) in self.files()? {
            if found == name {
                seen.insert(version);
                if file == SUMS {
                    whole.insert(version);
                }
            }
        }
        let newest = whole.last().copied().unwrap_or(0);
        for version in seen.difference(&whole).filter(|version| **version < newest) {
            self.delete(name, *version)?;
        }
        Ok(())
    }

    /// The last file first, so that a half-removed version is none.
    fn delete(&self, name: ModelName, version: u32) -> Result<()> {
        for file in [SUMS, CARD, MODEL] {
            self.lake.delete(&self.key(name, version, file))?;
        }
        Ok(())
    }

    fn newest(&self, name: ModelName) -> Result<u32> {
        Ok(self
            .versions()?
            .get(&name)
            .and_then(|numbers| numbers.last().copied())
            .unwrap_or(0))
    }

    /// All files of versions: model, number, name of the file. Whatever else is there is not ours.
    fn files(&self) -> Result<Vec<(ModelName, u32, String)>> {
        let mut files = Vec::new();
        self.lake.list(self.prefix, |object| {
            let Some(path) = object.key.strip_prefix(self.prefix) else {
                return;
            };
            let mut parts = path.split('/');
            if let (Some(name), Some(version), Some(file), None) =
                (parts.next(), parts.next(), parts.next(), parts.next())
                && let (Ok(name), Ok(version)) = (name.parse(), version.parse())
            {
                files.push((name, version, file.to_owned()));
            }
        })?;
        Ok(files)
    }

    fn card_files(&self, name: ModelName, version: u32) -> Result<(Bytes, Bytes)> {
        let (sums, _) = self
            .lake
            .get(&self.key(name, version, SUMS))?
            .ok_or_else(|| self.no_version(name, version))?;
        let (card, _) = self
            .lake
            .get(&self.key(name, version, CARD))?
            .ok_or_else(|| self.refuse(name, version, &format!("{CARD} is missing")))?;
        Ok((card, sums))
    }

    fn parsed(&self, name: ModelName, version: u32, text: &[u8]) -> Result<VersionCard> {
        let card: VersionCard =
            serde_json::from_slice(text).map_err(|cause| self.refuse(name, version, &cause))?;
        if card.format != VersionCard::FORMAT {
            let why = format!(
                "its card has format {}, and this program reads format {}",
                card.format,
                VersionCard::FORMAT
            );
            return Err(self.refuse(name, version, &why));
        }
        if card.version != version || card.card.model != name.as_str() {
            let why = format!(
                "its card is that of version {} of the model {}",
                card.version, card.card.model
            );
            return Err(self.refuse(name, version, &why));
        }
        Ok(card)
    }

    fn promotion_and_tag(
        &self,
        name: ModelName,
    ) -> Result<Option<(Promotion, headcount_lake::Tag)>> {
        let key = format!("{}{name}/{PROMOTED}", self.prefix);
        let Some((text, tag)) = self.lake.get(&key)? else {
            return Ok(None);
        };
        let promotion: Promotion =
            serde_json::from_slice(&text).map_err(|cause| self.bad_promotion(&key, &cause))?;
        if promotion.format != Promotion::FORMAT {
            let why = format!(
                "it has format {}, and this program reads format {}",
                promotion.format,
                Promotion::FORMAT
            );
            return Err(self.bad_promotion(&key, &why));
        }
        Ok(Some((promotion, tag)))
    }

    fn key(&self, name: ModelName, version: u32, file: &str) -> String {
        format!("{}{name}/{version}/{file}", self.prefix)
    }

    fn no_version(&self, name: ModelName, version: u32) -> Error {
        Error::NoVersion {
            name,
            version,
            place: self.lake.to_string(),
        }
    }

    fn refuse(&self, name: ModelName, version: u32, why: &dyn std::fmt::Display) -> Error {
        Error::Refused {
            name,
            version,
            place: self.lake.to_string(),
            why: why.to_string(),
        }
    }

    fn bad_promotion(&self, key: &str, why: &dyn std::fmt::Display) -> Error {
        Error::Promotion {
            place: self.lake.to_string(),
            key: key.to_owned(),
            why: why.to_string(),
        }
    }
}

/// In the format of `sha256sum`.
fn sums(model: &[u8], card: &[u8]) -> String {
    format!("{}\n{}\n", sum_line(model, MODEL), sum_line(card, CARD))
}

fn sum_line(bytes: &[u8], file: &str) -> String {
    format!("{}  {file}", hex::encode(Sha256::digest(bytes)))
}

/// The figures that decide, for a sentence.
fn deciding(card: &VersionCard) -> String {
    let figures = card
        .card
        .comparisons
        .iter()
        .filter(|comparison| comparison.decides);
    let figures: Vec<String> = figures
        .map(|it| {
            format!(
                "{} {:.4}, {} {:.4}",
                it.measure, it.model, it.baseline, it.baseline_figure
            )
        })
        .collect();
    figures.join("; ")
}
