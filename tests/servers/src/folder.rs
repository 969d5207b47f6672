//! Temporary folders of servers, which go also when this process is killed.

use std::{
    env, fs,
    io::Write,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{self, Child, Command, Stdio},
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use crate::spawner;

/// Removes a folder when its standard input ends, which is when this process does. It has a group of its own and ignores
/// what a terminal sends to end the tests; the servers, killed at the same moment, may still write for an instant.
const SWEEPER: &str = r#"trap "" INT TERM HUP; read -r _; i=0
while [ -d "$0" ] && [ $i -lt 100 ]; do rm -rf "$0" 2>/dev/null || sleep 0.1; i=$((i + 1)); done"#;

/// An empty folder that is removed on drop.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// Makes `NAME-N` in the folder of this process.
    pub(crate) fn new(name: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = root().join(format!("{name}-{number}"));
        fs::create_dir(&path).unwrap_or_else(|e| panic!("make the folder {}: {e}", path.display()));
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !keep() {
            // What is left over goes with the process.
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

fn keep() -> bool {
    env::var_os("HEADCOUNT_SERVERS_KEEP").is_some()
}

/// The folder of this process, made at the first call, watched over by a sweeper.
fn root() -> &'static Path {
    static ROOT: OnceLock<(PathBuf, Mutex<Option<Child>>)> = OnceLock::new();
    let (path, _) = ROOT.get_or_init(|| {
        let path = env::temp_dir().join(format!("headcount-servers-{}", process::id()));
        // A process that had this number before, and whose sweeper was killed.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path)
            .unwrap_or_else(|e| panic!("make the folder {}: {e}", path.display()));
        let sweeper = (!keep()).then(|| sweep(&path));
        (path, Mutex::new(sweeper))
    });
    path
}

fn sweep(path: &Path) -> Child {
    let mut command = Command::new("sh");
    command
        .args(["-c", SWEEPER])
        .arg(path)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0);
    let mut sweeper =
        spawner::spawn(command).expect("start sh, which removes the servers' folders");
    // Open for as long as this process lives: the child is kept, never dropped.
    let _ = sweeper.stdin.as_mut().map(Write::flush);
    sweeper
}
