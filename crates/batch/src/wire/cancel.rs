//! Requests to end a statement, which come over a connection of their own.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::Notify;

/// The sessions whose statements can be cancelled.
#[derive(Clone, Debug, Default)]
pub(super) struct CancelKeys(Arc<Mutex<HashMap<i32, CancelKey>>>);

#[derive(Debug)]
struct CancelKey {
    secret: i32,
    told: Arc<Notify>,
}

/// A session's own key; it is forgotten with the session.
#[derive(Debug)]
pub(super) struct OwnKey {
    pub(super) process: i32,
    pub(super) secret: i32,
    pub(super) told: Arc<Notify>,
    keys: CancelKeys,
}

impl CancelKeys {
    /// A key that nobody can guess; none where the system gives no random numbers.
    pub(super) fn issue(&self) -> Option<OwnKey> {
        let told = Arc::new(Notify::new());
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let process = random()? & i32::MAX;
            if process == 0 || keys.contains_key(&process) {
                continue;
            }
            let secret = random()?;
            let key = CancelKey {
                secret,
                told: Arc::clone(&told),
            };
            keys.insert(process, key);
            return Some(OwnKey {
                process,
                secret,
                told,
                keys: self.clone(),
            });
        }
    }

    /// Ends the statement of a session, if its key is right and it has one.
    pub(super) fn cancel(&self, process: i32, secret: i32) {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = keys.get(&process)
            && key.secret == secret
        {
            key.told.notify_waiters();
        }
    }
}

impl Drop for OwnKey {
    fn drop(&mut self) {
        let mut keys = self.keys.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.remove(&self.process);
    }
}

fn random() -> Option<i32> {
    let mut bytes = [0; 4];
    let provider = rustls::crypto::CryptoProvider::get_default()?;
    provider.secure_random.fill(&mut bytes).ok()?;
    Some(i32::from_be_bytes(bytes))
}
