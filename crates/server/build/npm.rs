//! Builds the page with Node and npm.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::{Trouble, files, wrong};

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

/// The first lines say what is wrong.
const SAID_LINES_MAX: usize = 20;

/// Everything that is locked and nothing else; without the network it gives up in seconds.
const CI: [&str; 7] = [
    "ci",
    "--include=dev",
    "--no-audit",
    "--no-fund",
    "--prefer-offline",
    "--fetch-retries=1",
    "--fetch-retry-mintimeout=1000",
];

/// Builds the page from `source` into `web`.
pub(crate) fn build(source: &Path, web: &Path, out: &Path) -> Result<(), Trouble> {
    if !source.join("package.json").exists() {
        files::watch(source);
        return Err(Trouble::Missing(
            "the folder `dashboard` is not beside `crates`".into(),
        ));
    }
    files::watch_source(source);
    // Only without Node: a change of PATH would build the page again for nothing.
    find_node().inspect_err(|_| println!("cargo::rerun-if-env-changed=PATH"))?;

    let place = if is_installed(source) {
        source.to_owned()
    } else {
        install(source, out)?
    };
    // Vite drops types without looking at them.
    must(
        npm()
            .args(["exec", "--no", "--", "tsc", "--noEmit"])
            .current_dir(&place),
    )?;
    let build = ["run", "build", "--", "--emptyOutDir", "--outDir"];
    must(npm().args(build).arg(web).current_dir(&place))?;
    if web.join("index.html").exists() {
        return Ok(());
    }
    Err(Trouble::Wrong(
        "the page was built and there is no index.html".into(),
    ))
}

/// Runs a step that fails only when the page is wrong.
fn must(step: &mut Command) -> Result<(), Trouble> {
    let output = step.output().map_err(|error| wrong("start npm", error))?;
    if output.status.success() {
        return Ok(());
    }
    Err(wrong("the page does not build", said(&output)))
}

/// Vite needs 20.19, 22.12 or anything newer.
fn find_node() -> Result<(), Trouble> {
    let missing =
        |what: &str| Trouble::Missing(format!("{what} (20.19, 22.12 or newer is needed)"));
    let asked = Command::new("node").arg("--version").output();
    let answer = asked.map_err(|_| missing("Node was not found"))?;
    let version = String::from_utf8_lossy(&answer.stdout)
        .trim()
        .trim_start_matches('v')
        .to_owned();
    let mut numbers = version
        .split('.')
        .map(|number| number.parse::<u32>().unwrap_or(0));
    match (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) {
        (20, 19..) | (22, 12..) | (23.., _) => {}
        _ => return Err(missing(&format!("Node {version} is too old"))),
    }
    let npm = npm().arg("--version").output();
    npm.map(|_| ())
        .map_err(|_| Trouble::Missing("npm was not found beside Node".into()))
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
fn install(source: &Path, out: &Path) -> Result<PathBuf, Trouble> {
    let place = out.join("web-source");
    files::remove_copied(&place)?;
    files::copy(source, &place)?;

    let stamp = place.join("node_modules/.installed-lock");
    let lock = fs::read(place.join("package-lock.json"))
        .map_err(|error| wrong("read dashboard/package-lock.json", error))?;
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(place);
    }
    let output = npm()
        .args(CI)
        .current_dir(&place)
        .output()
        .map_err(|error| wrong("start npm", error))?;
    if !output.status.success() {
        // Not there, so cargo runs the script again at the next build, when the registry may be back.
        println!("cargo::rerun-if-changed={}", stamp.display());
        return Err(not_installed(&said(&output)));
    }
    fs::write(&stamp, lock).map_err(|error| wrong("write the stamp of the packages", error))?;
    Ok(place)
}

fn not_installed(said: &str) -> Trouble {
    if OUT_OF_REACH.iter().any(|sign| said.contains(sign)) {
        let what = "the packages of the page could not be fetched (is the registry in reach?)";
        return Trouble::Missing(what.into());
    }
    wrong("`npm ci` failed", said)
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
    lines.take(SAID_LINES_MAX).collect::<Vec<_>>().join("\n")
}
