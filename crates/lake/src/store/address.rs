//! Where a lake is, as it is typed.

use std::fmt;
use std::path::PathBuf;

use super::error::{Error, Result};

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
    pub fn parse(address: &str) -> Result<Self> {
        match address.split_once("://") {
            _ if address.is_empty() => Err(bad(address, "it is empty")),
            None => Ok(Self::Disk(PathBuf::from(address))),
            Some(("s3", rest)) => parse_s3(address, rest),
            Some((scheme, _)) => Err(bad(address, &format!("there are none at {scheme}://"))),
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

fn bad(address: &str, reason: &str) -> Error {
    Error::Address {
        address: shown(address),
        reason: reason.to_owned(),
    }
}

/// Without what may be a secret: what stands before an `@` or after a question mark.
fn shown(address: &str) -> String {
    let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
    let place = match rest.contains('@') {
        true => "...",
        false => rest.split('?').next().unwrap_or_default(),
    };
    match scheme {
        "" => place.to_owned(),
        scheme => format!("{scheme}://{place}"),
    }
}

#[cfg(not(feature = "s3"))]
fn parse_s3(_address: &str, _rest: &str) -> Result<LakeAddress> {
    Err(Error::WithoutS3)
}

#[cfg(feature = "s3")]
fn parse_s3(address: &str, rest: &str) -> Result<LakeAddress> {
    let first = rest.split(['/', '?']).next().unwrap_or("");
    // A secret may hold a slash or a question mark; a bucket's name has no colon.
    if first.contains('@') || (first.contains(':') && rest.contains('@')) {
        return Err(bad(
            address,
            "credentials belong into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        ));
    }
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
    if bucket.len() < 3 {
        return Err(bad(address, "a bucket's name has at least three letters"));
    }
    let prefix = prefix.trim_matches('/');
    if !prefix.is_empty() {
        super::key::check(prefix)?;
    }
    let mut s3 = S3Address {
        bucket: bucket.to_owned(),
        prefix: prefix.to_owned(),
        endpoint: None,
        region: None,
        allow_http: false,
        virtual_hosted: false,
    };
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "endpoint" => s3.endpoint = Some(value.into_owned()),
            "region" => s3.region = Some(value.into_owned()),
            "allow_http" => s3.allow_http = yes_or_no(address, &name, &value)?,
            "virtual_hosted" => s3.virtual_hosted = yes_or_no(address, &name, &value)?,
            _ => {
                let known = "endpoint, region, allow_http and virtual_hosted";
                return Err(bad(address, &format!("{name} is not one of {known}")));
            }
        }
    }
    check_endpoint(address, &mut s3)?;
    Ok(LakeAddress::S3(s3))
}

#[cfg(feature = "s3")]
fn yes_or_no(address: &str, name: &str, value: &str) -> Result<bool> {
    match value {
        "" | "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(bad(address, &format!("{name} is true or false"))),
    }
}

#[cfg(feature = "s3")]
fn check_endpoint(address: &str, s3: &mut S3Address) -> Result<()> {
    let Some(endpoint) = &s3.endpoint else {
        return Ok(());
    };
    let url = url::Url::parse(endpoint)
        .map_err(|e| bad(address, &format!("the endpoint is no URL ({e})")))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad(
            address,
            "the endpoint takes no credentials: they belong into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        ));
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if s3.allow_http => Ok(()),
        "http" if is_this_machine(&url) => {
            s3.allow_http = true;
            Ok(())
        }
        "http" => Err(bad(
            address,
            "the endpoint has no TLS; if that is meant, add allow_http=true",
        )),
        _ => Err(bad(address, "the endpoint begins with https:// or http://")),
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
            let error = LakeAddress::parse(address).unwrap_err();
            assert!(matches!(error, Error::Address { .. }), "{error}");
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
    fn s3_addresses() {
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
            ("s3://bucket?endpoint=nothing", "no URL"),
            ("s3://bucket?colour=red", "colour is not one of"),
            ("s3://bucket?allow_http=maybe", "true or false"),
            ("s3://key:secret@bucket/x", "AWS_SECRET_ACCESS_KEY"),
            ("s3://key:sec/secret@bucket/x", "AWS_SECRET_ACCESS_KEY"),
            (
                "s3://bucket/x?endpoint=http://key:secret@localhost",
                "no credentials",
            ),
            (
                "s3://bucket/x?password=secret&colour=red",
                "password is not one of",
            ),
            ("gs://key:secret@bucket/x", "gs://..."),
            ("s3://bucket/a/../b", "relative"),
        ] {
            let error = LakeAddress::parse(address).unwrap_err().to_string();
            assert!(error.contains(says), "{address}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
