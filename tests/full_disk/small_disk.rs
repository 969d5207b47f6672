//! A really small disk: a tmpfs in a mount namespace of its own, which any user may make.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

/// A disk, mounted until it is dropped.
pub struct SmallDisk {
    /// Holds the namespace, as long as its standard input is open.
    holder: Child,
    /// Where it is mounted, in that namespace.
    point: TempDir,
}

impl SmallDisk {
    /// A disk of so many bytes.
    pub fn new(bytes: u64) -> Self {
        let point = tempfile::tempdir().unwrap();
        let at = point.path().display();
        let script =
            format!("mount -t tmpfs -o size={bytes} tmpfs {at} && echo mounted && exec cat");
        // A user needs a namespace of users too, in which to be root; root may not be allowed one.
        let ways: [&[&str]; 2] = [&["--map-root-user", "--mount"], &["--mount"]];
        let mut said = Vec::new();
        for way in ways {
            let mut holder = Command::new("unshare")
                .args(way)
                .args(["sh", "-c", &script])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("unshare, of util-linux, is installed");
            let mut line = String::new();
            let mut output = BufReader::new(holder.stdout.take().unwrap());
            output.read_line(&mut line).unwrap();
            if line.trim() == "mounted" {
                return Self { holder, point };
            }
            let output = holder.wait_with_output().unwrap();
            said.push(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        panic!("a small disk cannot be mounted in a namespace of its own: {said:?}");
    }

    /// Where everybody finds it who may look at the holder.
    pub fn path(&self) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.holder.id()));
        root.join(self.point.path().strip_prefix("/").unwrap())
    }

    /// A file that leaves no more than so many bytes of the disk free, in place of the one before.
    pub fn leave(&self, free: u64) {
        let filler = self.path().join("filler");
        let mut file = File::options()
            .create(true)
            .append(true)
            .open(&filler)
            .unwrap();
        let block = [7; 4096];
        while free_bytes(&filler) > free && file.write_all(&block).is_ok() {}
    }

    /// Removes that file.
    pub fn free(&self) {
        fs::remove_file(self.path().join("filler")).unwrap();
    }
}

fn free_bytes(at: &Path) -> u64 {
    let stat = rustix::fs::statvfs(at).unwrap();
    stat.f_bavail * stat.f_frsize
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // The disk goes with the last process of the namespace.
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
