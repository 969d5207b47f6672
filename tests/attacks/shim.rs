//! System calls of the program that fail, or that it does not survive: `shim/calls.c`, built here and loaded by
//! `LD_PRELOAD`.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use crate::support::run;

/// Calls that change what is on the disk, each with its errors.
pub const WRITING: [&str; 9] = [
    "write",
    "pwrite",
    "fdatasync",
    "fsync",
    "rename",
    "unlink",
    "link",
    "ftruncate",
    "mkdir",
];

/// What is done to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It does nothing but count.
    None,
    /// EIO: the disk is broken.
    Broken,
    /// ENOSPC: the disk is full.
    Full,
    /// EMFILE: the process has too many open files.
    TooManyFiles,
    /// EROFS: the file system became read-only, as after an error.
    ReadOnly,
    /// EACCES: this user may not.
    Forbidden,
    /// Half of the bytes are moved, and the call says so.
    Short,
    KillBefore,
    /// Half of the bytes are written.
    KillWithin,
    KillAfter,
}

impl Fault {
    pub const KILLS: [Self; 3] = [Self::KillBefore, Self::KillWithin, Self::KillAfter];

    /// As the shim reads it; errors are numbers of Linux.
    fn act(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Broken => "5",
            Self::Full => "28",
            Self::TooManyFiles => "24",
            Self::ReadOnly => "30",
            Self::Forbidden => "13",
            Self::Short => "short",
            Self::KillBefore => "kill-before",
            Self::KillWithin => "kill-within",
            Self::KillAfter => "kill-after",
        }
    }
}

/// A fault in one call of a process, or in all from one on.
pub struct Shim {
    pub calls: String,
    pub fault: Fault,
    pub first: u64,
    pub last: u64,
}

/// What the shim saw in a process.
pub struct Seen {
    /// The calls that were touched, each with its file.
    pub touched: Vec<String>,
    /// All calls of the kinds and the folder that were asked for, if the process ended by itself.
    pub calls: Option<u64>,
}

impl Shim {
    /// A fault in the call of that number, and in no other.
    pub fn nth(calls: &[&str], fault: Fault, number: u64) -> Self {
        Self {
            calls: calls.join(","),
            fault,
            first: number,
            last: number,
        }
    }

    /// Loads the library into the command's process, for files below a folder; the report is written beside the folder.
    pub fn load(&self, command: &mut Command, folder: &Path) {
        let report = report_of(folder);
        let _ = fs::remove_file(&report);
        command
            .env("LD_PRELOAD", &*LIBRARY)
            .env("SHIM_CALLS", &self.calls)
            .env("SHIM_FOLDER", folder)
            .env("SHIM_ACT", self.fault.act())
            .env("SHIM_FIRST", self.first.to_string())
            .env("SHIM_LAST", self.last.to_string())
            .env("SHIM_REPORT", report);
    }
}

/// What the shim of the last process on this folder saw.
pub fn seen(folder: &Path) -> Seen {
    let report = fs::read_to_string(report_of(folder)).unwrap_or_default();
    let lines = |start: &'static str| {
        report
            .lines()
            .filter_map(move |line| line.strip_prefix(start))
    };
    Seen {
        touched: lines("touched ").map(ToOwned::to_owned).collect(),
        calls: lines("seen ").next().map(|count| count.parse().unwrap()),
    }
}

fn report_of(folder: &Path) -> PathBuf {
    folder.with_extension("shim")
}

/// Built once for a run of the tests. Another run may build it at the same time.
static LIBRARY: LazyLock<PathBuf> = LazyLock::new(|| {
    let source = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/attacks/shim/calls.c"
    );
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (library, own) = (
        folder.join("calls.so"),
        folder.join(format!("calls-{}.so", std::process::id())),
    );
    let compiler = env::var_os("CC").unwrap_or_else(|| "cc".into());
    run(Command::new(compiler)
        .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
        .args([own.as_path(), Path::new(source)]));
    fs::rename(&own, &library).unwrap();
    library
});
