//! Builds the page with Node and npm.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::{Reason, files};

/// What npm says when the registry cannot be reached, as opposed to a lock file that is wrong.
const OUT_OF_REACH: [&str; 12] = [
    "ENOTFOUND",
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ECONNRESET",
    "ETIMEDOUT",
    "ENETUNREACH",
    "EHOSTUNREACH",
    "ERR_SOCKET_TIMEOUT",
    "EIDLETIMEOUT",
    "ENOTCACHED",
    "network request to",
    "503 Service Unavailable",
];

/// Builds the page from `source` into `web`; what the builder of headcount cannot help is a reason to go
/// on without, anything else ends the build.
pub(crate) fn build(source: &Path, web: &Path, out: &Path) -> Result<(), Reason> {
    if !source.join("package.json").exists() {
        files::watch(source);
        return Err("the folder `dashboard` is not beside `crates`".into());
    }
    files::watch_source(source);
    find_node().inspect_err(|_| println!("cargo:rerun-if-env-changed=PATH"))?;

    let place = if is_installed(source) {
        source.to_owned()
    } else {
        install(source, out)?
    };
    let built = npm()
        .args(["run", "build", "--", "--emptyOutDir", "--outDir"])
        .arg(web)
        .current_dir(&place)
        .output()
        .unwrap_or_else(|error| panic!("start npm: {error}"));
    assert!(
        built.status.success(),
        "the page does not build:\n{}",
        said(&built)
    );
    assert!(
        web.join("index.html").exists(),
        "`npm run build` made no index.html:\n{}",
        said(&built)
    );
    Ok(())
}

/// Vite needs 20.19, 22.12 or anything newer.
fn find_node() -> Result<(), Reason> {
    let asked = Command::new("node").arg("--version").output();
    let answer = asked.map_err(|_| "Node was not found (20.19 or newer is needed)")?;
    let version = String::from_utf8_lossy(&answer.stdout)
        .trim()
        .trim_start_matches('v')
        .to_owned();
    let mut numbers = version
        .split('.')
        .map(|number| number.parse::<u32>().unwrap_or(0));
    let version_is = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if !matches!(version_is, (20, 19..) | (22, 12..) | (23.., _)) {
        return Err(format!(
            "Node {version} is too old (20.19, 22.12 or newer is needed)"
        ));
    }
    let npm = npm().arg("--version").output();
    npm.map(|_| ())
        .map_err(|_| "npm was not found beside Node".into())
}

/// Whether a developer has installed what the lock file says; then it is used where it is, and nobody's
/// `node_modules` is touched while a test or another build may be using it.
fn is_installed(source: &Path) -> bool {
    let changed = |path: PathBuf| fs::metadata(path).and_then(|about| about.modified()).ok();
    let installed = changed(source.join("node_modules/.package-lock.json"));
    let locked = changed(source.join("package-lock.json"));
    matches!((installed, locked), (Some(installed), Some(locked)) if installed >= locked)
}

/// Copies the source into `OUT_DIR` and installs there, unless the lock file is the one of last time.
fn install(source: &Path, out: &Path) -> Result<PathBuf, Reason> {
    let place = out.join("web-source");
    forget_old_source(&place).unwrap_or_else(|error| panic!("clear {}: {error}", place.display()));
    files::copy(source, &place);

    let stamp = place.join("node_modules/.installed-lock");
    let lock = fs::read(place.join("package-lock.json"))
        .expect("the page has a package-lock.json: run `npm install` in `dashboard`");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(place);
    }
    let installed = npm()
        .args(["ci", "--no-audit", "--no-fund", "--prefer-offline"])
        .current_dir(&place)
        .output()
        .unwrap_or_else(|error| panic!("start npm: {error}"));
    if !installed.status.success() {
        let said = said(&installed);
        let out_of_reach = OUT_OF_REACH.iter().any(|sign| said.contains(sign));
        assert!(out_of_reach, "`npm ci` failed:\n{said}");
        return Err(
            "the packages of the page could not be fetched (is the registry in reach?)".into(),
        );
    }
    fs::write(&stamp, lock).unwrap_or_else(|error| panic!("write {}: {error}", stamp.display()));
    Ok(place)
}

/// Removes what was copied before, so that a deleted file does not live on, and keeps what was installed.
fn forget_old_source(place: &Path) -> io::Result<()> {
    fs::create_dir_all(place)?;
    for entry in fs::read_dir(place)? {
        let path = entry?.path();
        if path.ends_with("node_modules") {
            continue;
        }
        if path.is_dir() {
            fs::remove_dir_all(path)?
        } else {
            fs::remove_file(path)?
        }
    }
    Ok(())
}

fn npm() -> Command {
    Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" })
}

/// Both outputs, without npm's warnings about itself.
fn said(output: &Output) -> String {
    let text = [&output.stdout[..], b"\n", &output.stderr[..]].concat();
    let text = String::from_utf8_lossy(&text);
    let lines = text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with("npm warn"));
    lines.collect::<Vec<_>>().join("\n")
}
