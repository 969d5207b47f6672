//! Mappings as people name them: one that this program has, or a file; and which source has which.

use std::{
    collections::HashMap,
    ffi::OsString,
    fs,
    io::{self, Read},
    path::Path,
    str::FromStr,
    sync::Arc,
};

use headcount_mapping::{Mapping, RecordReader, shipped};
use headcount_source::{
    Position, Resume, SourceAddress,
    files::{self, Objects},
};
use sha2::{Digest, Sha256};

/// The parameter of a source's address that names its mapping.
const PARAMETER: &str = "mapping=";
/// Bytes that a sheet or calendar may come to as records: all of it is in memory.
const CONVERTED_BYTES_MAX: u64 = 512 << 20;

/// The mapping of a name or a file. A name has no dot and no slash, so the two cannot be taken for one another.
///
/// # Errors
/// A sentence, when there is no such mapping or its text has mistakes: then all of them, a line each.
pub(crate) fn find(name: OsString) -> Result<Arc<Mapping>, String> {
    let text = name.to_string_lossy();
    if !text.contains(['.', '/']) {
        let mut known = shipped().iter();
        let Some(found) = known.find(|known| known.name == text) else {
            let names: Vec<_> = shipped().iter().map(|known| known.name).collect();
            return Err(format!(
                "there is no mapping {text:?}; this program has {}, and a file of your own is named with its path, such \
                 as ./{text}.toml",
                names.join(", ")
            ));
        };
        return Ok(Arc::new(found.mapping()));
    }
    read(Path::new(&name)).map(Arc::new)
}

/// The mapping of a file.
///
/// # Errors
/// A sentence, as those of [`find`].
pub(crate) fn read(path: &Path) -> Result<Mapping, String> {
    let content = fs::read_to_string(path)
        .map_err(|error| format!("read the mapping {}: {error}", path.display()))?;
    Mapping::parse(&content).map_err(|mistakes| {
        let lines = mistakes.to_string().replace('\n', "\n  ");
        format!("the mapping {} has mistakes:\n  {lines}", path.display())
    })
}

/// A source as it is typed: its address, and the mapping that `?mapping=` in it names.
#[derive(Clone, Debug)]
pub(crate) struct TypedSource {
    pub(crate) address: SourceAddress,
    pub(crate) mapping: Option<Arc<Mapping>>,
}

impl FromStr for TypedSource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (rest, name) = without_mapping(text);
        let address = rest
            .parse()
            .map_err(|error: headcount_address::AddressError| error.to_string())?;
        let mapping = name.map(|name| find(name.into())).transpose()?;
        Ok(match &mapping {
            Some(mapping) => Self {
                address: as_records(address, mapping)?,
                mapping: Some(Arc::clone(mapping)),
            },
            None => Self { address, mapping },
        })
    }
}

/// An address without the parameter that names a mapping, and that name.
fn without_mapping(text: &str) -> (String, Option<&str>) {
    let Some((place, parameters)) = text.split_once('?') else {
        return (text.to_owned(), None);
    };
    let (ours, others): (Vec<_>, Vec<_>) = parameters
        .split('&')
        .partition(|parameter| parameter.starts_with(PARAMETER));
    let name = ours.first().map(|ours| &ours[PARAMETER.len()..]);
    match others[..] {
        [] => (place.to_owned(), name),
        _ => (format!("{place}?{}", others.join("&")), name),
    }
}

/// The address from which a mapping's records come: a file that is not JSON is read whole and converted.
///
/// # Errors
/// A sentence, when it is no file and could not be converted as it comes.
pub(crate) fn as_records(
    address: SourceAddress,
    mapping: &Arc<Mapping>,
) -> Result<SourceAddress, String> {
    let reader = mapping.reader();
    match address {
        _ if reader == RecordReader::Json => Ok(address),
        SourceAddress::File(file) => {
            let name = SourceAddress::file(file.path.clone()).name();
            let path = file.path;
            let fetch = move |_: &str| {
                let converted = convert(&path, reader);
                converted.map_err(|error| format!("{}: {error}", path.display()))
            };
            Ok(SourceAddress::Objects(Objects {
                name,
                keys: Arc::new([String::new()]),
                fetch: Arc::new(fetch),
            }))
        }
        SourceAddress::Objects(objects) => {
            let (name, keys) = (objects.name.clone(), Arc::clone(&objects.keys));
            let fetch = move |key: &str| {
                let bytes = (objects.fetch)(key)?;
                let reader =
                    files::unpack(io::Cursor::new(bytes)).and_then(|it| reader.records(it));
                let converted = reader.and_then(whole);
                converted.map_err(|error| format!("{}/{key}: {error}", objects.name))
            };
            Ok(SourceAddress::Objects(Objects {
                name,
                keys,
                fetch: Arc::new(fetch),
            }))
        }
        _ => Err(format!(
            "the mapping {} reads files, and {} is none; use file:PATH",
            mapping.name(),
            address.name()
        )),
    }
}

fn convert(path: &Path, reader: RecordReader) -> io::Result<bytes::Bytes> {
    whole(reader.records(files::open(path)?)?)
}

fn whole(records: impl Read) -> io::Result<bytes::Bytes> {
    let mut bytes = Vec::new();
    records
        .take(CONVERTED_BYTES_MAX + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > CONVERTED_BYTES_MAX {
        let problem = "it comes to more than 512 MiB of records; divide it";
        return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
    }
    Ok(bytes.into())
}

/// Which source has which mapping, by the source's name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mappings(HashMap<String, Arc<Mapping>>);

impl Mappings {
    /// Notes the mapping of a source.
    pub(crate) fn add(&mut self, source: String, mapping: Arc<Mapping>) {
        self.0.insert(source, mapping);
    }

    /// The mapping of a source, if it has one.
    pub(crate) fn of(&self, source: &str) -> Option<&Arc<Mapping>> {
        self.0.get(source)
    }

    /// All of them, by source.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &Arc<Mapping>)> {
        self.0.iter()
    }

    /// Where a source with a mapping resumes. What was read without it, or with another one, was not read with this one.
    pub(crate) fn resume(&self, source: &str, resume: &Resume) -> Resume {
        match self.of(source) {
            Some(mapping) => resume.ending(&[&of_file(mapping), &of_stream(mapping)]),
            None => resume.clone(),
        }
    }

    /// The position of a source with a mapping as the journal keeps it.
    pub(crate) fn keep(&self, source: &str, position: &mut Position) {
        position.of = self.kept(source, &position.of);
    }

    /// What positions are called that a source with a mapping has in `of`.
    pub(crate) fn kept(&self, source: &str, of: &str) -> String {
        match self.of(source) {
            // A file is read again with a mapping that was changed; a stream goes on.
            Some(mapping) if of.starts_with("file:") => format!("{of}{}", of_file(mapping)),
            Some(mapping) => format!("{of}{}", of_stream(mapping)),
            None => of.to_owned(),
        }
    }
}

fn of_stream(mapping: &Mapping) -> String {
    format!("?mapping={}", mapping.name())
}

fn of_file(mapping: &Mapping) -> String {
    let hash = Sha256::digest(mapping.schema().definition());
    format!("?mapping={}@{}", mapping.name(), hex::encode(&hash[..8]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mapping_is_taken_out_of_an_address_and_the_rest_stays() {
        for (text, rest, name) in [
            ("wss://x/y", "wss://x/y", None),
            ("wss://x/y?mapping=atproto", "wss://x/y", Some("atproto")),
            (
                "wss://x/y?a=1&mapping=./m.toml&b=2",
                "wss://x/y?a=1&b=2",
                Some("./m.toml"),
            ),
            (
                "file:x?speed=2&mapping=nostr",
                "file:x?speed=2",
                Some("nostr"),
            ),
        ] {
            assert_eq!(without_mapping(text), (rest.to_owned(), name), "{text}");
        }
        let error = "wss://x/y?mapping=nothing".parse::<TypedSource>();
        let error = error.expect_err("there is none");
        assert!(
            error.contains("atproto") && error.contains("./nothing.toml"),
            "{error}"
        );
        let error = "wss://x/y?mapping=sheet".parse::<TypedSource>();
        assert!(error.expect_err("no file").contains("file:PATH"));
    }

    #[test]
    fn what_was_read_in_one_way_was_not_read_in_another() {
        let atproto = find("atproto".into()).expect("shipped");
        let mut mappings = Mappings::default();
        mappings.add("a".to_owned(), atproto);
        let position = |of: String| Position {
            of,
            at: Some(7),
            state: headcount_source::ResumeState::File,
        };
        for of in ["file:1234", "wss://x/y"] {
            let mut kept = position(of.to_owned());
            mappings.keep("a", &mut kept);
            let resume = Resume::from(vec![kept]);
            assert_eq!(
                mappings.resume("a", &resume).of(of),
                Some(&position(of.to_owned()))
            );
            assert_eq!(mappings.resume("b", &resume).of(of), None);
        }
    }
}
