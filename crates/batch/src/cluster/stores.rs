//! The one object store that statements may read: the lake.

use std::{ffi::OsString, fmt, ops::Range, path::Path as FilePath, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use datafusion::{
    common::{DataFusionError, Result},
    execution::object_store::ObjectStoreRegistry,
};
use futures_util::{StreamExt, stream, stream::BoxStream};
use headcount_lake::LakeAddress;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, aws::AmazonS3Builder,
    local::LocalFileSystem, path::Path,
};
use url::Url;

/// A lake as DataFusion's registry of object stores: reading it is all that a statement can do to the world.
///
/// The plans that executors run come from whoever reaches them, and a plan names its files. Without this, a plan could
/// read any file of the machine, and write it.
#[derive(Debug)]
pub struct LakeStores {
    lake: String,
    /// `file://` or `s3://bucket`.
    origin: String,
    store: Arc<dyn ObjectStore>,
}

impl LakeStores {
    /// The lake at this address. Credentials come from the environment (`AWS_ACCESS_KEY_ID` and so on).
    ///
    /// # Errors
    /// When the folder is not there, or the environment does not hold what S3 needs.
    pub fn open(address: &LakeAddress) -> anyhow::Result<Self> {
        let environment = std::env::vars_os();
        let text = |text: OsString| text.into_string().ok();
        Self::open_with(
            address,
            environment.filter_map(|(name, value)| Some((text(name)?, text(value)?))),
        )
    }

    /// As [`Self::open`], with another environment.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with(
        address: &LakeAddress,
        environment: impl Iterator<Item = (String, String)>,
    ) -> anyhow::Result<Self> {
        let lake = address.to_string();
        let (origin, roots, store): (_, _, Arc<dyn ObjectStore>) = match address {
            LakeAddress::Disk(dir) => {
                let real = std::fs::canonicalize(dir)
                    .map_err(|e| anyhow::anyhow!("the lake {lake} cannot be opened: {e}"))?;
                let typed = std::path::absolute(dir)?;
                let roots = [real, typed]
                    .iter()
                    .map(|dir| folder(dir))
                    .collect::<Result<_>>()?;
                (
                    "file://".to_owned(),
                    roots,
                    Arc::new(LocalFileSystem::new()),
                )
            }
            LakeAddress::S3(s3) => {
                let mut builder = aws(environment)
                    .with_bucket_name(&s3.bucket)
                    .with_allow_http(s3.allow_http)
                    .with_virtual_hosted_style_request(s3.virtual_hosted);
                if let Some(endpoint) = &s3.endpoint {
                    builder = builder.with_endpoint(endpoint);
                }
                if let Some(region) = &s3.region {
                    builder = builder.with_region(region);
                }
                let store = builder
                    .build()
                    .map_err(|e| anyhow::anyhow!("the lake {lake} cannot be opened: {e}"))?;
                let roots = vec![Path::from(s3.prefix.as_str())];
                (format!("s3://{}", s3.bucket), roots, Arc::new(store))
            }
        };
        let store = Arc::new(ReadOnly {
            lake: lake.clone(),
            roots,
            store,
        });
        Ok(Self {
            lake,
            origin,
            store,
        })
    }

    /// The store that holds what this URL names.
    ///
    /// # Errors
    /// When that is another store than the lake's.
    pub fn store(&self, url: &Url) -> Result<Arc<dyn ObjectStore>> {
        let origin = match url.host_str() {
            Some(host) => format!("{}://{host}", url.scheme()),
            None => format!("{}://", url.scheme()),
        };
        match origin == self.origin {
            true => Ok(Arc::clone(&self.store)),
            false => Err(DataFusionError::Execution(format!(
                "{url} is not in the lake {}, and nothing else is read here; start the process with --lake of the \
                 lake that the tables are in",
                self.lake
            ))),
        }
    }
}

/// What the environment says of AWS, as `AmazonS3Builder::from_env` reads it.
fn aws(environment: impl Iterator<Item = (String, String)>) -> AmazonS3Builder {
    environment.fold(AmazonS3Builder::new(), |builder, (name, value)| {
        let key = name
            .strip_prefix("AWS_")
            .map(|_| name.to_ascii_lowercase().parse());
        match key {
            Some(Ok(key)) => builder.with_config(key, value),
            _ => builder,
        }
    })
}

fn folder(dir: &FilePath) -> Result<Path> {
    Path::from_absolute_path(dir)
        .map_err(|e| DataFusionError::Execution(format!("{}: {e}", dir.display())))
}

impl ObjectStoreRegistry for LakeStores {
    fn register_store(&self, _: &Url, _: Arc<dyn ObjectStore>) -> Option<Arc<dyn ObjectStore>> {
        None
    }

    fn get_store(&self, url: &Url) -> Result<Arc<dyn ObjectStore>> {
        self.store(url)
    }
}

/// A part of a store, which cannot be changed.
#[derive(Debug)]
struct ReadOnly {
    lake: String,
    roots: Vec<Path>,
    store: Arc<dyn ObjectStore>,
}

impl ReadOnly {
    fn check(&self, path: &Path) -> object_store::Result<()> {
        match self.roots.iter().any(|root| path.prefix_matches(root)) {
            true => Ok(()),
            false => Err(self.refuse(path, "it is outside the lake")),
        }
    }

    fn refuse(&self, path: &Path, problem: &str) -> Error {
        Error::PermissionDenied {
            path: path.to_string(),
            source: format!("{problem}; statements can only read {}", self.lake).into(),
        }
    }
}

impl fmt::Display for ReadOnly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} for reading", self.lake)
    }
}

const WRITES: &str = "it would be written";

#[async_trait]
impl ObjectStore for ReadOnly {
    async fn put_opts(
        &self,
        path: &Path,
        _: PutPayload,
        _: PutOptions,
    ) -> object_store::Result<PutResult> {
        Err(self.refuse(path, WRITES))
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        _: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        Err(self.refuse(path, WRITES))
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> object_store::Result<GetResult> {
        self.check(path)?;
        self.store.get_opts(path, options).await
    }

    async fn get_ranges(
        &self,
        path: &Path,
        ranges: &[Range<u64>],
    ) -> object_store::Result<Vec<Bytes>> {
        self.check(path)?;
        self.store.get_ranges(path, ranges).await
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, object_store::Result<Path>>,
    ) -> BoxStream<'static, object_store::Result<Path>> {
        let lake = self.lake.clone();
        let refuse = move |path: object_store::Result<Path>| {
            path.and_then(|path| {
                Err(Error::PermissionDenied {
                    path: path.to_string(),
                    source: format!("statements can only read {lake}").into(),
                })
            })
        };
        paths.map(refuse).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        let prefix = prefix.cloned().unwrap_or_default();
        match self.check(&prefix) {
            Ok(()) => self.store.list(Some(&prefix)),
            Err(error) => stream::once(async { Err(error) }).boxed(),
        }
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        let prefix = prefix.cloned().unwrap_or_default();
        match self.check(&prefix) {
            Ok(()) => self.store.list_with_offset(Some(&prefix), offset),
            Err(error) => stream::once(async { Err(error) }).boxed(),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> object_store::Result<ListResult> {
        let prefix = prefix.cloned().unwrap_or_default();
        self.check(&prefix)?;
        self.store.list_with_delimiter(Some(&prefix)).await
    }

    async fn copy_opts(&self, _: &Path, to: &Path, _: CopyOptions) -> object_store::Result<()> {
        Err(self.refuse(to, WRITES))
    }
}

#[cfg(test)]
mod tests {
    use object_store::ObjectStoreExt;

    use super::*;

    #[tokio::test]
    async fn a_statement_reads_the_lake_and_does_nothing_else() {
        let dir = tempfile::tempdir().expect("a folder");
        let lake = dir.path().join("lake");
        std::fs::create_dir(&lake).expect("the lake");
        for name in ["lake/in", "out", "lake2"] {
            std::fs::write(dir.path().join(name), name).expect("a file");
        }
        let stores = LakeStores::open(&LakeAddress::Disk(lake)).expect("open");
        let url = |text: &str| Url::parse(text).expect("a URL");
        let store = stores.store(&url("file:///")).expect("the lake's store");
        let path = |name: &str| folder(&dir.path().join(name)).expect("a path");

        let bytes = store
            .get(&path("lake/in"))
            .await
            .expect("read")
            .bytes()
            .await
            .expect("bytes");
        assert_eq!(bytes.as_ref(), b"lake/in");
        for outside in ["out", "lake2"] {
            let error = store
                .get(&path(outside))
                .await
                .expect_err("outside")
                .to_string();
            assert!(error.contains("outside the lake"), "{error}");
        }
        let error = store
            .put(&path("lake/new"), "x".into())
            .await
            .expect_err("a write");
        assert!(error.to_string().contains("only read"), "{error}");
        store.delete(&path("lake/in")).await.expect_err("a delete");
        assert!(dir.path().join("lake/in").exists());
        store
            .list_with_delimiter(None)
            .await
            .expect_err("a list of the root");
        for other in ["s3://bucket/x", "http://host/x"] {
            let error = stores
                .store(&url(other))
                .expect_err("another store")
                .to_string();
            assert!(error.contains("--lake"), "{error}");
        }
    }
}
