//! One server process: started, killed, started again, stopped and continued.

use std::{
    fs::{self, File},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Mutex,
    time::Duration,
};

use crate::{fetch, folder::Folder, spawner, wait};

/// Asks a server whether it serves: a real request, or the reason why it does not yet.
type Ready = Box<dyn Fn() -> Result<(), String> + Send + Sync>;

/// How to start a server: a script of `bin`, what it is given, and how it is known to serve.
pub(crate) struct Recipe {
    pub(crate) script: &'static str,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: Vec<(&'static str, String)>,
    pub(crate) ready: Ready,
}

/// A server process and its folder.
pub(crate) struct Process {
    recipe: Recipe,
    child: Mutex<Option<Child>>,
    // After the child: fields are dropped in order.
    folder: Folder,
}

impl Process {
    /// Starts without waiting: [`Process::wait`] does. Nodes of a cluster wait for each other.
    pub(crate) fn spawn(folder: Folder, recipe: Recipe) -> Self {
        fetch::once(recipe.script);
        let process = Self {
            child: Mutex::new(None),
            folder,
            recipe,
        };
        process.start();
        process
    }

    /// Waits until the server answers.
    ///
    /// # Panics
    ///
    /// When it ends instead, or does not answer in time, with what it wrote last.
    pub(crate) fn wait(&self) {
        let mut ended = None;
        let answered = wait::until(wait::START, || {
            if let Some(status) = self.status() {
                ended = Some(status);
                return Ok(());
            }
            (self.recipe.ready)()
        });
        let name = self.recipe.script;
        if let Some(status) = ended {
            panic!("{name} ended with {status}:\n{}", self.said());
        }
        if let Err(reason) = answered {
            panic!("{name} does not serve: {reason}\n{}", self.said());
        }
    }

    /// `SIGKILL`; returns when the process is gone.
    pub(crate) fn kill(&self) {
        let Some(mut child) = self.child().take() else {
            return;
        };
        child.kill().expect("kill a process of our own");
        child.wait().expect("wait for a process of our own");
    }

    /// Kills what still runs and starts with the same ports and the same data, without waiting.
    pub(crate) fn start(&self) {
        self.kill();
        *self.child() = Some(self.launch());
    }

    /// `SIGSTOP`; returns when no thread of the process runs any more.
    pub(crate) fn pause(&self) {
        self.signal("STOP");
        self.until_stopped(true);
    }

    /// `SIGCONT`.
    pub(crate) fn resume(&self) {
        self.signal("CONT");
        self.until_stopped(false);
    }

    /// The process id, while there is a process.
    pub(crate) fn id(&self) -> Option<u32> {
        self.child().as_ref().map(Child::id)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn launch(&self) -> Child {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log())
            .expect("open the server's log");
        let mut command = spawner::tied(&fetch::script(self.recipe.script));
        command
            .args(&self.recipe.arguments)
            .envs(self.recipe.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("give the log to two streams"))
            .stderr(log)
            // A terminal's Ctrl-C is for the tests, which end the servers.
            .process_group(0);
        spawner::spawn(command)
            .unwrap_or_else(|e| panic!("run setpriv, which is in Debian's package util-linux: {e}"))
    }

    fn child(&self) -> std::sync::MutexGuard<'_, Option<Child>> {
        self.child
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// How the process ended, if it did by itself.
    fn status(&self) -> Option<String> {
        let mut child = self.child();
        let status = child.as_mut()?.try_wait().expect("look at our own process");
        status.map(|status| status.to_string())
    }

    fn signal(&self, name: &str) {
        let Some(id) = self.id() else {
            panic!(
                "{} is not running: it cannot be sent SIG{name}",
                self.recipe.script
            );
        };
        let sent = Command::new("sh")
            .args(["-c", "kill -$0 $1", name, &id.to_string()])
            .status();
        assert!(
            sent.is_ok_and(|status| status.success()),
            "SIG{name} was not sent"
        );
    }

    fn until_stopped(&self, wanted: bool) {
        let id = self.id().expect("a signal was just sent to it");
        wait::until(wait::SIGNAL, || match stopped(id) == wanted {
            true => Ok(()),
            false => Err(format!("process {id} has not obeyed the signal")),
        })
        .unwrap_or_else(|reason| panic!("{}: {reason}", self.recipe.script));
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    /// The end of what the server wrote.
    fn said(&self) -> String {
        let log = fs::read(self.log()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Whether all threads of a process are stopped.
fn stopped(id: u32) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{id}/task")) else {
        return false;
    };
    threads
        .flatten()
        .filter_map(|thread| fs::read_to_string(thread.path().join("stat")).ok())
        // The state follows the name, which stands in parentheses and may hold any character.
        .all(|stat| {
            stat.rsplit_once(") ")
                .is_some_and(|(_, rest)| rest.starts_with('T'))
        })
}

/// What can be done to every server: the same methods, on a type with a `process`.
macro_rules! controls {
    ($server:ty) => {
        impl $server {
            /// Kills it with `SIGKILL`.
            pub fn kill(&self) {
                self.process.kill();
            }

            /// Starts it again, with the same port and data, and waits until it serves.
            pub fn restart(&self) {
                self.process.start();
                self.process.wait();
            }

            /// Stops it with `SIGSTOP`: connections stay, answers do not come.
            pub fn pause(&self) {
                self.process.pause();
            }

            /// Lets it continue with `SIGCONT`.
            pub fn resume(&self) {
                self.process.resume();
            }

            /// Its process, while it has one: for measuring.
            pub fn process_id(&self) -> Option<u32> {
                self.process.id()
            }
        }
    };
}
pub(crate) use controls;

/// Connects to a local port with limits on everything.
pub(crate) fn connect(port: u16) -> Result<std::net::TcpStream, String> {
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    let stream = std::net::TcpStream::connect_timeout(&address, wait::REQUEST)
        .map_err(|e| format!("connect to {address}: {e}"))?;
    let limit: Option<Duration> = Some(wait::REQUEST);
    stream
        .set_read_timeout(limit)
        .and_then(|()| stream.set_write_timeout(limit))
        .map_err(|e| format!("set limits of a connection: {e}"))?;
    Ok(stream)
}
