//! Cassandra: one node.

use std::{path::PathBuf, sync::OnceLock};

use crate::{
    cql::{self, Login},
    folder::Folder,
    port,
    process::{Process, Recipe, controls},
};

const PASSWORD: &str = "cassandra";
const QUESTION: &str = "SELECT release_version FROM system.local";

/// A running Cassandra of one node, without keyspaces of its own.
pub struct Cassandra {
    process: Process,
    login: Login,
}

controls!(Cassandra);

impl Cassandra {
    /// A node that lets everybody in.
    pub fn start() -> Self {
        Self::run(&[], false)
    }

    /// A node that asks for a password: see [`Cassandra::user`] and [`Cassandra::password`].
    pub fn with_password() -> Self {
        Self::run(&[("PASSWORD", "1")], false)
    }

    /// A node that speaks TLS only, with a certificate for `127.0.0.1` and `localhost` by the authority of
    /// [`Cassandra::ca`].
    pub fn with_tls() -> Self {
        Self::run(&[("TLS", "1")], true)
    }

    /// Both.
    pub fn with_password_and_tls() -> Self {
        Self::run(&[("PASSWORD", "1"), ("TLS", "1")], true)
    }

    /// One node, without password and TLS, for all tests of this binary. Use keyspaces of your own, and do not stop it.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Cassandra> = OnceLock::new();
        // Many keyspaces, and each table takes memory as long as it is there.
        SHARED.get_or_init(|| Self::run(&[("HEAP", "1g")], false))
    }

    /// `127.0.0.1:21873`
    pub fn contact(&self) -> String {
        format!("127.0.0.1:{}", self.login.port)
    }

    /// Who may do everything.
    pub fn user(&self) -> &'static str {
        "cassandra"
    }

    /// The password of [`Cassandra::user`].
    pub fn password(&self) -> &'static str {
        PASSWORD
    }

    /// The file, in PEM, of the authority that signed the certificate of a node with TLS.
    pub fn ca(&self) -> PathBuf {
        self.process.folder().join("tls/ca.pem")
    }

    /// Has the node carry out a statement, as the user who may do everything.
    pub fn execute(&self, statement: &str) {
        if let Err(error) = cql::ask(&self.login, statement) {
            panic!("{statement}: {error}");
        }
    }

    fn run(environment: &[(&'static str, &str)], tls: bool) -> Self {
        let folder = Folder::new("cassandra");
        let (port, storage) = (port::free(), port::free());
        let login = Login {
            port,
            ca: tls.then(|| folder.path().join("tls/ca.pem")),
            password: PASSWORD,
        };
        let mut environment: Vec<_> = environment
            .iter()
            .map(|(key, value)| (*key, (*value).to_owned()))
            .collect();
        environment.push(("STORAGE_PORT", storage.to_string()));
        let recipe = Recipe {
            script: "cassandra",
            arguments: vec![folder.path().display().to_string(), port.to_string()],
            environment,
            ready: {
                let login = login.clone();
                Box::new(move || cql::ask(&login, QUESTION).map(drop))
            },
        };
        let process = Process::spawn(folder, recipe);
        process.wait();
        Self { process, login }
    }
}

#[cfg(test)]
mod tests;
