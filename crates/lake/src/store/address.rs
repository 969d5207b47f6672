//! Where a lake is, as it is typed.

use std::fmt;
use std::path::PathBuf;

#[cfg(feature = "s3")]
use headcount_address::Address;
use headcount_address::{AddressError, scheme_of};

const FORM: &str = "the path of a folder, or s3://BUCKET/PREFIX";

/// Parameters, none of which is a secret.
#[cfg(feature = "s3")]
const PARAMS: [&str; 4] = ["endpoint", "region", "allow_http", "virtual_hosted"];

#[cfg(feature = "s3")]
const CREDENTIALS: &str = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";

/// Where a lake is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LakeAddress {
    /// A folder.
    Disk(PathBuf),
    /// A bucket, or what lies under a prefix in it.
    #[cfg(feature = "s3")]
    S3(S3Address),
}

/// `s3://bucket/prefix?endpoint=…&region=…&allow_http=true&virtual_hosted=true`; all that is asked for may be left out.
#[cfg(feature = "s3")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Address {
    /// The bucket, which must be there.
    pub bucket: String,
    /// What stands before all names, without `/` at its ends; may be empty.
    pub prefix: String,
    /// The server, if it is not the one of AWS.
    pub endpoint: Option<String>,
    /// The region, if not the one of the environment.
    pub region: Option<String>,
    /// The endpoint may be reached without TLS. Not needed for this machine.
    pub allow_http: bool,
    /// The bucket is part of the host's name.
    pub virtual_hosted: bool,
}

impl LakeAddress {
    /// Reads an address: `s3://…`, or else a folder. Nothing is looked up.
    ///
    /// # Errors
    /// When it is empty, of another scheme, or no address of a bucket.
    pub fn parse(typed: &str) -> Result<Self, AddressError> {
        // Of a folder every letter is a part of its name.
        if !typed.contains("://") && !typed.starts_with("s3:") && !typed.is_empty() {
            return Ok(Self::Disk(PathBuf::from(typed)));
        }
        match scheme_of(typed).as_deref() {
            #[cfg(feature = "s3")]
            Some("s3") => S3Address::parse(typed).map(Self::S3),
            #[cfg(not(feature = "s3"))]
            Some("s3") => Err(AddressError::not_built(typed, "S3")),
            Some(scheme) => Err(AddressError::new(
                typed,
                format!("a lake cannot be at {scheme}:"),
                format!("write {FORM}"),
            )),
            None => Err(AddressError::new(
                typed,
                "this is not the address of a lake",
                format!("write {FORM}"),
            )),
        }
    }
}

impl LakeAddress {
    /// On S3: what holds the last part of the prefix, and that part, which may be the name of an object.
    #[must_use]
    pub fn parent(&self) -> Option<(Self, String)> {
        match self {
            Self::Disk(_) => None,
            #[cfg(feature = "s3")]
            Self::S3(address) => {
                let (parent, name) = address
                    .prefix
                    .rsplit_once('/')
                    .unwrap_or(("", &address.prefix));
                let parent = S3Address {
                    prefix: parent.to_owned(),
                    ..address.clone()
                };
                (!name.is_empty()).then(|| (Self::S3(parent), name.to_owned()))
            }
        }
    }
}

impl LakeAddress {
    /// The address as [`parse`](Self::parse) reads it, for another process.
    #[must_use]
    pub fn typed(&self) -> String {
        match self {
            Self::Disk(dir) => dir.display().to_string(),
            #[cfg(feature = "s3")]
            Self::S3(s3) => {
                let mut params = url::form_urlencoded::Serializer::new(String::new());
                for (name, value) in [("endpoint", &s3.endpoint), ("region", &s3.region)] {
                    if let Some(value) = value {
                        params.append_pair(name, value);
                    }
                }
                for (name, is_set) in [
                    ("allow_http", s3.allow_http),
                    ("virtual_hosted", s3.virtual_hosted),
                ] {
                    if is_set {
                        params.append_pair(name, "true");
                    }
                }
                let parts = s3.prefix.split('/').map(|part| {
                    let encoded = url::form_urlencoded::byte_serialize(part.as_bytes());
                    // In a path a plus is a plus.
                    encoded.collect::<String>().replace('+', "%20")
                });
                let prefix = parts.collect::<Vec<_>>().join("/");
                format!("s3://{}/{prefix}?{}", s3.bucket, params.finish())
                    .trim_end_matches('?')
                    .to_owned()
            }
        }
    }
}

/// Holds no secret, for an address takes none.
impl fmt::Display for LakeAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disk(dir) => write!(f, "{}", dir.display()),
            #[cfg(feature = "s3")]
            Self::S3(s3) => {
                write!(f, "s3://{}/{}", s3.bucket, s3.prefix)?;
                match &s3.endpoint {
                    Some(endpoint) => write!(f, " at {endpoint}"),
                    None => Ok(()),
                }
            }
        }
    }
}

#[cfg(feature = "s3")]
impl S3Address {
    fn parse(typed: &str) -> Result<Self, AddressError> {
        let address = Address::parse(typed, FORM)?.showing(&PARAMS);
        if address.login().is_some() {
            return Err(
                address.refuse_with("credentials do not belong in the address", CREDENTIALS)
            );
        }
        address.only(&PARAMS)?;
        let bucket = match address.hosts() {
            [host] if host.port().is_none() && host.name().len() >= 3 => host.name().to_owned(),
            _ => return Err(address.refuse("a bucket's name has at least three letters")),
        };
        let prefix = address.path()?.trim_matches('/').to_owned();
        if !prefix.is_empty()
            && let Err(error) = super::key::check(&prefix)
        {
            return Err(address.refuse_with(error.to_string(), "choose another prefix"));
        }
        let endpoint = address.server("endpoint")?;
        Ok(Self {
            bucket,
            prefix,
            region: address.param("region").map(str::to_owned),
            allow_http: allows_http(&address, endpoint.as_ref())?,
            endpoint: address.param("endpoint").map(str::to_owned),
            virtual_hosted: address.switch("virtual_hosted")?.unwrap_or(false),
        })
    }
}

/// Without TLS only when it is said, or within this machine.
#[cfg(feature = "s3")]
fn allows_http(address: &Address, endpoint: Option<&url::Url>) -> Result<bool, AddressError> {
    let said = address.switch("allow_http")?.unwrap_or(false);
    match endpoint {
        Some(url) if url.scheme() == "http" && !said => match is_this_machine(url) {
            true => Ok(true),
            false => Err(address.refuse_with(
                "the endpoint has no TLS",
                "add allow_http=true if you want that",
            )),
        },
        _ => Ok(said),
    }
}

#[cfg(feature = "s3")]
fn is_this_machine(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_a_folder_and_other_schemes_are_none() {
        for dir in ["data/lake", "/var/lake", "C:\\lake", "s3"] {
            assert_eq!(
                LakeAddress::parse(dir).unwrap(),
                LakeAddress::Disk(dir.into())
            );
        }
        for address in ["", "gs://bucket/x", "file:///x", "http://host/x"] {
            let error = LakeAddress::parse(address).unwrap_err().to_string();
            assert!(error.contains("the path of a folder"), "{error}");
        }
    }

    #[cfg(not(feature = "s3"))]
    #[test]
    fn without_s3_it_says_how_to_get_it() {
        let error = LakeAddress::parse("s3://bucket/x").unwrap_err();
        assert!(error.to_string().contains("--features cluster"), "{error}");
    }

    #[cfg(feature = "s3")]
    #[test]
    fn an_address_can_be_told_to_another_process() {
        for typed in [
            "data/lake",
            "s3://bucket/a%20b/c",
            "s3://bucket",
            "s3://bucket/x?endpoint=http://127.0.0.1:9000&region=eu-west-1&virtual_hosted=true",
            "s3://bucket/x?endpoint=http://minio:9000&allow_http=true",
        ] {
            let address = LakeAddress::parse(typed).unwrap();
            assert_eq!(
                LakeAddress::parse(&address.typed()).unwrap(),
                address,
                "{typed}"
            );
        }
    }

    #[cfg(feature = "s3")]
    #[test]
    fn s3_addresses() {
        let spaced = LakeAddress::parse("s3://bucket/my%20lake").unwrap();
        assert_eq!(spaced.to_string(), "s3://bucket/my lake");
        let LakeAddress::S3(s3) =
            LakeAddress::parse("s3://bucket/a/b/?endpoint=http://127.0.0.1:7070&region=eu-west-1")
                .unwrap()
        else {
            panic!()
        };
        assert_eq!((&*s3.bucket, &*s3.prefix), ("bucket", "a/b"));
        assert_eq!(s3.endpoint.as_deref(), Some("http://127.0.0.1:7070"));
        assert_eq!(s3.region.as_deref(), Some("eu-west-1"));
        assert!(s3.allow_http && !s3.virtual_hosted);
        let (parent, name) = LakeAddress::S3(s3).parent().unwrap();
        assert_eq!(name, "b");
        let (root, name) = parent.parent().unwrap();
        assert_eq!((name.as_str(), root.parent()), ("a", None));
        for (address, says) in [
            ("s3://", "three letters"),
            ("s3://bucket?endpoint=http://example.com", "allow_http=true"),
            ("s3://bucket?endpoint=nothing", "endpoint= is not a URL"),
            ("s3://bucket?colour=red", "colour means nothing"),
            ("s3://bucket?allow_http=maybe", "true or false"),
            ("s3://key:secret@bucket/x", "AWS_SECRET_ACCESS_KEY"),
            ("s3://key:sec/secret@bucket/x", "AWS_SECRET_ACCESS_KEY"),
            (
                "s3://bucket/x?endpoint=http://key:secret%40localhost",
                "endpoint=",
            ),
            (
                "s3://bucket/x?password=secret&colour=red",
                "password means nothing",
            ),
            ("gs://key:secret@bucket/x", "a lake cannot be at gs:"),
            ("s3://bucket/a/../b", "relative"),
        ] {
            let error = LakeAddress::parse(address).unwrap_err().to_string();
            assert!(error.contains(says), "{address}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
