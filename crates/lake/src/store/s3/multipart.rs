//! Objects that are larger than what one request should carry: parts, one in memory at a time.

use std::io::{self, Read};

use bytes::Bytes;
use object_store::multipart::{MultipartStore as _, PartId};
use object_store::{ObjectStoreExt as _, PutPayload};

use super::super::error::{Error, Result};
use super::attempts::{AttemptFailure, Attempts};
use super::{Remote, S3};

/// What a part has; S3 takes 10,000 of them, so 80 GB.
const PART_BYTES: usize = 8 << 20;

impl S3 {
    /// Stores what is read, in place of what is there. A small object takes one request. A large one that cannot be
    /// completed leaves nothing under its name; its parts are given up, or die by the bucket's rule for unfinished
    /// uploads if even that cannot be said.
    pub(in super::super) fn put_from(&self, key: &str, body: &mut dyn Read) -> Result<()> {
        let first = read_part(key, body)?;
        if first.len() < PART_BYTES {
            let key = key.to_owned();
            return self.run(|remote| async move { remote.put(&key, first).await });
        }
        let upload = self.run({
            let key = key.to_owned();
            |remote| async move { remote.begin(&key).await }
        })?;
        let put = self.put_parts(key, &upload, first, body);
        if put.is_err() {
            let (key, upload) = (key.to_owned(), upload);
            // The error that matters is the one that led here.
            let _ = self.run(|remote| async move { remote.abort(&key, &upload).await });
        }
        put
    }

    fn put_parts(&self, key: &str, upload: &str, first: Bytes, body: &mut dyn Read) -> Result<()> {
        let (mut part, mut parts, mut bytes) = (first, Vec::new(), 0);
        while !part.is_empty() {
            bytes += part.len() as u64;
            let (key_, upload, index) = (key.to_owned(), upload.to_owned(), parts.len());
            let sent = self
                .run(|remote| async move { remote.put_part(&key_, &upload, index, part).await })?;
            parts.push(sent);
            part = read_part(key, body)?;
        }
        let (key, upload) = (key.to_owned(), upload.to_owned());
        self.run(|remote| async move { remote.complete(&key, &upload, parts, bytes).await })
    }
}

/// The next part; shorter than others only at the end.
fn read_part(key: &str, body: &mut dyn Read) -> Result<Bytes> {
    let mut part = Vec::new();
    match body.take(PART_BYTES as u64).read_to_end(&mut part) {
        Ok(_) => Ok(part.into()),
        Err(source) => Err(unreadable(key, source)),
    }
}

fn unreadable(key: &str, source: io::Error) -> Error {
    Error::Body {
        key: key.to_owned(),
        source,
    }
}

impl Remote {
    /// A beginning that was not heard of leaves an empty upload, which costs nothing.
    async fn begin(&self, key: &str) -> Result<String> {
        let mut attempts = Attempts::new(self, "begin to store", key, 0);
        loop {
            let request = async { self.store.create_multipart(&self.path(key)?).await };
            match attempts.run(request).await {
                Ok(upload) => return Ok(upload),
                Err(failure) => attempts.again(failure).await?,
            }
        }
    }

    /// A part that is sent twice is there once.
    async fn put_part(&self, key: &str, upload: &str, index: usize, part: Bytes) -> Result<PartId> {
        let mut attempts = Attempts::new(self, "store a part of", key, part.len());
        let upload = upload.to_owned();
        loop {
            let payload = PutPayload::from_bytes(part.clone());
            let request = async {
                let path = self.path(key)?;
                self.store.put_part(&path, &upload, index, payload).await
            };
            match attempts.run(request).await {
                Ok(part) => return Ok(part),
                Err(failure) => attempts.again(failure).await?,
            }
        }
    }

    /// The store puts the parts together, for which it may take its time.
    async fn complete(
        &self,
        key: &str,
        upload: &str,
        parts: Vec<PartId>,
        bytes: u64,
    ) -> Result<()> {
        let mut attempts = Attempts::new(self, "complete", key, parts.len() * PART_BYTES / 8);
        let upload = upload.to_owned();
        loop {
            let request = async {
                let path = self.path(key)?;
                self.store
                    .complete_multipart(&path, &upload, parts.clone())
                    .await
            };
            let failure = match attempts.run(request).await {
                Ok(_) => return Ok(()),
                Err(failure) => failure,
            };
            match failure {
                // The upload is gone: it was completed by an attempt that was not heard of, or somebody gave it up.
                AttemptFailure::Absent if attempts.unsure() && self.has(key, bytes).await? => {
                    return Ok(());
                }
                AttemptFailure::Absent => {
                    let gone = AttemptFailure::passing("the upload is no longer there");
                    attempts.again(gone).await?;
                }
                failure => attempts.again(failure).await?,
            }
        }
    }

    /// Whether there is an object of this size.
    async fn has(&self, key: &str, bytes: u64) -> Result<bool> {
        let mut attempts = Attempts::new(self, "look at", key, 0);
        loop {
            let request = async { self.store.head(&self.path(key)?).await };
            match attempts.run(request).await {
                Ok(found) => return Ok(found.size == bytes),
                Err(AttemptFailure::Absent) => return Ok(false),
                Err(failure) => attempts.again(failure).await?,
            }
        }
    }

    async fn abort(&self, key: &str, upload: &str) -> Result<()> {
        let attempts = Attempts::new(self, "give up", key, 0);
        let upload = upload.to_owned();
        let request = async {
            let path = self.path(key)?;
            self.store.abort_multipart(&path, &upload).await
        };
        // One attempt: the bucket's rule for unfinished uploads does the rest.
        let _ = attempts.run(request).await;
        Ok(())
    }
}
