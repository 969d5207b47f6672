//! The lake on S3, or on a server that speaks it.
//!
//! The client tries nothing again by itself: whether a request may have been applied is known here only, and a
//! conditional put that comes twice would be refused because of itself.
//!
//! ```text
//!  put k if absent ──▶ timeout ──▶ put k if absent ──▶ "exists" ──▶ get k ── our bytes ──▶ Created
//!                        (was it applied?)                                `─ others' ────▶ Exists
//! ```
//!
//! Requests run on a thread of their own, so that callers need no runtime.

mod attempts;
mod client;
mod multipart;

use std::sync::mpsc;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use object_store::aws::AmazonS3;
use object_store::list::{PaginatedListOptions, PaginatedListStore as _};
use object_store::path::Path;
use object_store::{
    GetOptions, GetRange, ObjectStore as _, ObjectStoreExt as _, PutMode, PutOptions, PutPayload,
    UpdateVersion,
};
use tokio::runtime::Runtime;

use super::address::S3Address;
use super::error::{Error, Result};
use super::{Object, Options, PutOutcome, SeenObject, SwapOutcome, Tag};
use attempts::{AttemptFailure, Attempts};

pub(super) struct S3 {
    remote: Remote,
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
}

/// What a request needs.
#[derive(Clone)]
struct Remote {
    store: AmazonS3,
    prefix: String,
    name: String,
    options: Options,
}

impl S3 {
    pub(super) fn open(address: &S3Address, options: Options) -> Result<Self> {
        let name = format!("s3://{}/{}", address.bucket, address.prefix);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("lake")
            .enable_all()
            .build()
            .map_err(Error::io("start the thread of", name.as_ref()))?;
        let remote = Remote {
            store: client::build(address, &name)?,
            prefix: address.prefix.clone(),
            name,
            options,
        };
        Ok(Self {
            remote,
            runtime: Some(runtime),
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.remote.name
    }

    pub(super) fn put_new(&self, key: &str, body: &Bytes) -> Result<PutOutcome> {
        let (key, body) = (key.to_owned(), body.clone());
        self.run(|remote| async move { remote.put_new(&key, body).await })
    }

    pub(super) fn put_if(&self, key: &str, seen: &str, body: &Bytes) -> Result<SwapOutcome> {
        let (key, seen, body) = (key.to_owned(), seen.to_owned(), body.clone());
        self.run(|remote| async move { remote.put_if(&key, seen, body).await })
    }

    pub(super) fn get(&self, key: &str) -> Result<Option<(Bytes, Tag)>> {
        let key = key.to_owned();
        self.run(|remote| async move { remote.get(&key).await })
    }

    pub(super) fn delete(&self, key: &str) -> Result<()> {
        let key = key.to_owned();
        self.run(|remote| async move { remote.delete(&key).await })
    }

    pub(super) fn list(&self, prefix: &str, each: &mut dyn FnMut(Object)) -> Result<()> {
        let mut page = None;
        loop {
            let prefix = prefix.to_owned();
            let (objects, next) =
                self.run(|remote| async move { remote.page(&prefix, page).await })?;
            objects.into_iter().for_each(&mut *each);
            if next.is_none() {
                return Ok(());
            }
            page = next;
        }
    }

    /// Runs requests on the lake's thread; they have their limits in them.
    fn run<T, F, R>(&self, requests: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(Remote) -> R,
        R: Future<Output = Result<T>> + Send + 'static,
    {
        let runtime = self.runtime.as_ref().expect("it is there until the drop");
        let (sender, receiver) = mpsc::sync_channel(1);
        let requests = requests(self.remote.clone());
        runtime.spawn(async move {
            // Nobody hears it only if the caller is gone.
            let _ = sender.send(requests.await);
        });
        receiver.recv().unwrap_or_else(|_| {
            Err(Error::Unsuitable {
                lake: self.remote.name.clone(),
                reason: "its thread has ended".to_owned(),
            })
        })
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // To wait for requests that nobody waits for any more would be wrong, and on a runtime's thread a panic.
            runtime.shutdown_background();
        }
    }
}

impl Remote {
    async fn put_new(&self, key: &str, body: Bytes) -> Result<PutOutcome> {
        let mut attempts = Attempts::new(self, "create", key, body.len());
        loop {
            let failure = match attempts.run(self.send(key, &body, PutMode::Create)).await {
                Ok(put) => return Ok(PutOutcome::Created(Tag(SeenObject::ETag(put)))),
                Err(failure) => failure,
            };
            match failure {
                AttemptFailure::Exists if attempts.unsure() => {
                    return Ok(match self.is_ours(key, &body).await? {
                        Some(tag) => PutOutcome::Created(tag),
                        None => PutOutcome::Exists,
                    });
                }
                AttemptFailure::Exists => return Ok(PutOutcome::Exists),
                failure => attempts.again(failure).await?,
            }
        }
    }

    async fn put_if(&self, key: &str, seen: String, body: Bytes) -> Result<SwapOutcome> {
        let mode = PutMode::Update(UpdateVersion {
            e_tag: Some(seen),
            version: None,
        });
        let mut attempts = Attempts::new(self, "replace", key, body.len());
        loop {
            let failure = match attempts.run(self.send(key, &body, mode.clone())).await {
                Ok(put) => return Ok(SwapOutcome::Stored(Tag(SeenObject::ETag(put)))),
                Err(failure) => failure,
            };
            match failure {
                AttemptFailure::Changed if attempts.unsure() => {
                    return Ok(match self.is_ours(key, &body).await? {
                        Some(tag) => SwapOutcome::Stored(tag),
                        None => SwapOutcome::Lost,
                    });
                }
                AttemptFailure::Changed => return Ok(SwapOutcome::Lost),
                failure => attempts.again(failure).await?,
            }
        }
    }

    /// An object as a whole, in place of what is there; again and again is the same as once.
    async fn put(&self, key: &str, body: Bytes) -> Result<()> {
        let mut attempts = Attempts::new(self, "store", key, body.len());
        loop {
            match attempts
                .run(self.send(key, &body, PutMode::Overwrite))
                .await
            {
                Ok(_) => return Ok(()),
                Err(failure) => attempts.again(failure).await?,
            }
        }
    }

    async fn send(&self, key: &str, body: &Bytes, mode: PutMode) -> object_store::Result<String> {
        let payload = PutPayload::from_bytes(body.clone());
        let options = PutOptions::from(mode);
        let put = self
            .store
            .put_opts(&self.path(key)?, payload, options)
            .await?;
        put.e_tag.ok_or_else(|| object_store::Error::NotSupported {
            source: "the answer to a put has no ETag".into(),
        })
    }

    /// Whether the object holds these bytes.
    async fn is_ours(&self, key: &str, body: &Bytes) -> Result<Option<Tag>> {
        let found = self.get(key).await?;
        Ok(found.and_then(|(found, tag)| (found == *body).then_some(tag)))
    }

    /// Reads an object; what broke off goes on where it did, unless the object has become another.
    async fn get(&self, key: &str) -> Result<Option<(Bytes, Tag)>> {
        let mut attempts = Attempts::new(self, "read", key, 0);
        let mut part = UploadPart::default();
        loop {
            let failure = match self.read_on(key, &mut part, &mut attempts).await {
                Ok(()) => return Ok(Some((part.body.freeze(), Tag(SeenObject::ETag(part.etag))))),
                Err(failure) => failure,
            };
            match failure {
                AttemptFailure::Absent => return Ok(None),
                AttemptFailure::Changed => part = UploadPart::default(),
                failure => attempts.again(failure).await?,
            }
        }
    }

    async fn read_on(
        &self,
        key: &str,
        part: &mut UploadPart,
        attempts: &mut Attempts<'_>,
    ) -> Result<(), AttemptFailure> {
        let begun = !part.etag.is_empty();
        if begun && part.body.len() as u64 == part.size {
            return Ok(());
        }
        let options = GetOptions {
            if_match: begun.then(|| part.etag.clone()),
            range: begun.then_some(GetRange::Offset(part.body.len() as u64)),
            ..GetOptions::default()
        };
        let found = attempts
            .run(async { self.store.get_opts(&self.path(key)?, options).await })
            .await?;
        if !begun {
            part.size = found.meta.size;
            let most = self.options.read_bytes_max;
            if part.size > most {
                let size = part.size;
                return Err(AttemptFailure::rejected(format!(
                    "it has {size} bytes, and the limit is {most}"
                )));
            }
            part.etag = found
                .meta
                .e_tag
                .clone()
                .unwrap_or_else(|| "none".to_owned());
        }
        let mut stream = found.into_stream();
        loop {
            let next = attempts
                .run(async { stream.next().await.transpose() })
                .await?;
            match next {
                Some(bytes) => part.body.extend_from_slice(&bytes),
                None if part.body.len() as u64 == part.size => return Ok(()),
                None => return Err(AttemptFailure::passing("the body ends too early")),
            }
            attempts.progress();
        }
    }

    async fn delete(&self, key: &str) -> Result<()> {
        let mut attempts = Attempts::new(self, "remove", key, 0);
        loop {
            let request = async { self.store.delete(&self.path(key)?).await };
            match attempts.run(request).await {
                Ok(()) | Err(AttemptFailure::Absent) => return Ok(()),
                Err(failure) => attempts.again(failure).await?,
            }
        }
    }

    async fn page(
        &self,
        prefix: &str,
        token: Option<String>,
    ) -> Result<(Vec<Object>, Option<String>)> {
        let mut attempts = Attempts::new(self, "list", prefix, 0);
        let whole = self.full(prefix);
        loop {
            let options = PaginatedListOptions {
                page_token: token.clone(),
                ..PaginatedListOptions::default()
            };
            match attempts
                .run(self.store.list_paginated(Some(&whole), options))
                .await
            {
                Ok(page) => {
                    let objects = page.result.objects.into_iter().filter_map(|object| {
                        let key = object
                            .location
                            .as_ref()
                            .strip_prefix(&self.full(""))?
                            .to_owned();
                        let bytes = object.size;
                        Some(Object { key, bytes })
                    });
                    return Ok((objects.collect(), page.page_token));
                }
                Err(failure) => attempts.again(failure).await?,
            }
        }
    }

    fn full(&self, key: &str) -> String {
        match &*self.prefix {
            "" => key.to_owned(),
            prefix => format!("{prefix}/{key}"),
        }
    }

    fn path(&self, key: &str) -> object_store::Result<Path> {
        Ok(Path::parse(self.full(key))?)
    }
}

/// What has been read of an object.
#[derive(Default)]
struct UploadPart {
    body: BytesMut,
    size: u64,
    /// Empty before the first answer.
    etag: String,
}
