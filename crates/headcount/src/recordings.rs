//! Where the recordings to import are: files, standard input, or objects in an object store.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Result;
use headcount_lake::{Lake, LakeAddress, Options};
use headcount_source::{
    SourceAddress,
    files::{self, Objects},
};

use crate::exit::{NO_INPUT, exit};
use crate::opening_notice::OpeningNotice;
use crate::text::number;

/// The largest object that is fetched: the whole object is in memory. Firehose gathers 128 MiB at most.
const OBJECT_BYTES_MAX: u64 = 512 << 20;

/// A recording as given on the command line.
#[derive(Clone, Debug)]
pub(crate) enum RecordingAddress {
    StandardInput,
    /// A file, or a folder of them.
    Path(PathBuf),
    /// One object, or all objects under a prefix.
    Objects(LakeAddress),
}

impl RecordingAddress {
    pub(crate) fn parse(text: OsString) -> Result<Self, String> {
        if text == "-" {
            return Ok(Self::StandardInput);
        }
        if text.is_empty() {
            return Err("the path is empty; give the path of a recording".to_owned());
        }
        match text.to_str().filter(|text| text.starts_with("s3://")) {
            Some(address) => LakeAddress::parse(address)
                .map(Self::Objects)
                .map_err(|error| error.to_string()),
            None => Ok(Self::Path(text.into())),
        }
    }

    /// Finds the files of the recording. It asks the store and blocks, so do not call it on a thread of the runtime.
    ///
    /// # Errors
    /// When there is no such file, folder or object, or the store is away.
    pub(crate) fn find(self) -> Result<Vec<RecordingFile>> {
        let (source, addresses) = match self {
            Self::StandardInput => {
                let address = SourceAddress::StandardInput;
                (
                    address.to_string(),
                    vec![("standard input".to_owned(), address)],
                )
            }
            Self::Path(path) if path.exists() => {
                let files = files::files_of(&path)?.into_iter();
                (
                    SourceAddress::file(path).to_string(),
                    files
                        .map(|file| (file.display().to_string(), SourceAddress::file(file)))
                        .collect(),
                )
            }
            Self::Path(path) => {
                return Err(exit(
                    NO_INPUT,
                    format!("there is no file or folder {}", path.display()),
                ));
            }
            Self::Objects(address) => {
                let all = objects(&address)?;
                let one = |key: &String| {
                    let object = Objects {
                        keys: Arc::new([key.clone()]),
                        ..all.clone()
                    };
                    (
                        format!("{}/{key}", all.name),
                        SourceAddress::Objects(object),
                    )
                };
                (all.name.clone(), all.keys.iter().map(one).collect())
            }
        };
        let source: Arc<str> = source.into();
        let file = |(label, address)| RecordingFile {
            source: Arc::clone(&source),
            label,
            address,
        };
        Ok(addresses.into_iter().map(file).collect())
    }
}

/// One file of a recording.
pub(crate) struct RecordingFile {
    /// The source of its records: the recording as given, so that a folder of a million files is one source.
    pub(crate) source: Arc<str>,
    /// The name of this file, for people.
    pub(crate) label: String,
    pub(crate) address: SourceAddress,
}

/// The error of a file without a single record: the user probably meant another one. What it is instead is told from
/// its beginning, if it is a file.
pub(crate) fn no_record_in(label: &str, file: Option<&Path>, values: u64) -> String {
    let values = match values {
        1 => "the only value in it is not a record".to_owned(),
        many => format!("none of the {} values in it is a record", number(many)),
    };
    match file.and_then(files::other_text) {
        Some(what) => format!("{label}: {values} of a feed that headcount knows: it is {what}"),
        None => format!("{label}: {values} of a feed that headcount knows; is it a recording?"),
    }
}

/// The objects under a prefix, in the order of their keys, or the one object of this name.
fn objects(address: &LakeAddress) -> Result<Objects> {
    let _waiting = OpeningNotice::on(address);
    let lake = open(address)?;
    let mut keys = Vec::new();
    lake.list("", |object| {
        // Hidden files are skipped too; and consoles create empty objects to show a folder.
        let hidden = object.key.split('/').any(|part| part.starts_with('.'));
        if !hidden && object.bytes > 0 {
            keys.push(object.key);
        }
    })
    .map_err(failed)?;
    if !keys.is_empty() {
        keys.sort();
        return Ok(of(lake, keys));
    }
    match address.parent() {
        Some((parent, key)) => Ok(of(open(&parent)?, vec![key])),
        None => Err(exit(NO_INPUT, format!("there are no objects in {lake}"))),
    }
}

fn open(address: &LakeAddress) -> Result<Lake> {
    let options = Options {
        read_bytes_max: OBJECT_BYTES_MAX,
        ..Options::default()
    };
    Lake::open_to_read(address, options).map_err(failed)
}

/// Tells an object that is not there from a store that is away.
fn failed(error: headcount_lake::Error) -> anyhow::Error {
    match error {
        headcount_lake::Error::Unavailable { .. } => error.into(),
        _ => exit(NO_INPUT, error.to_string()),
    }
}

fn of(lake: Lake, keys: Vec<String>) -> Objects {
    let name = lake.to_string().trim_end_matches('/').to_owned();
    let place = name.clone();
    let fetch = move |key: &str| match lake.get(key) {
        Ok(Some((bytes, _))) => Ok(bytes),
        Ok(None) => Err(format!(
            "{place}/{key}: there is no object with this name or prefix"
        )),
        Err(error) => Err(error.to_string()),
    };
    Objects {
        name,
        keys: keys.into(),
        fetch: Arc::new(fetch),
    }
}
