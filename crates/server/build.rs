//! Puts the page into `OUT_DIR/web`, from where it is embedded.
//!
//! 1. `HEADCOUNT_WEB_DIST=<dir>`: these files (CI builds once; cross-compilation; packagers);
//! 2. `web-dist/index.html` beside this file: a release's archive has the page ready;
//! 3. Node and npm: builds `/dashboard` of the workspace;
//! 4. otherwise: a page that says what is missing; everything but the page works.
//!
//! Only what a newcomer cannot help leads to 4: no Node, an old Node, or a registry out of reach. A page
//! that does not compile is an error like any other. `HEADCOUNT_WEB=require` makes 4 an error (releases),
//! `HEADCOUNT_WEB=skip` takes it at once and silently. Nothing is written outside `OUT_DIR`.

#[path = "build/files.rs"]
mod files;
#[path = "build/npm.rs"]
mod npm;

use std::{
    env,
    fmt::Display,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Why there is no page.
enum Trouble {
    /// Something is not there that building headcount can do without.
    Missing(String),
    /// Something is there and wrong.
    Wrong(String),
}

fn main() -> ExitCode {
    for name in ["HEADCOUNT_WEB_DIST", "HEADCOUNT_WEB", "DOCS_RS"] {
        println!("cargo::rerun-if-env-changed={name}");
    }
    for path in ["build.rs", "build", "web-fallback", "web-dist"] {
        files::watch(Path::new(path));
    }
    match put() {
        Ok(()) => ExitCode::SUCCESS,
        Err(Trouble::Missing(what) | Trouble::Wrong(what)) => {
            for line in what.lines() {
                println!("cargo::error={line}");
            }
            ExitCode::FAILURE
        }
    }
}

/// Puts the page, or the page that stands in for it.
fn put() -> Result<(), Trouble> {
    let out = PathBuf::from(variable("OUT_DIR"));
    let web = out.join("web");
    let wish = env::var("HEADCOUNT_WEB").unwrap_or_default();
    if !matches!(wish.as_str(), "" | "require" | "skip") {
        let what = "it can be `require`, `skip` or unset";
        return Err(Trouble::Wrong(format!("HEADCOUNT_WEB is `{wish}`: {what}")));
    }
    files::empty(&web)?;
    match put_page(&web, &out, wish == "skip") {
        Err(Trouble::Missing(reason)) if wish != "require" => {
            if wish != "skip" {
                println!("cargo::warning=building without the page: {reason}");
            }
            put_fallback(&web, &reason)
        }
        other => other,
    }
}

fn put_page(web: &Path, out: &Path, skip: bool) -> Result<(), Trouble> {
    if let Some(dist) = env::var_os("HEADCOUNT_WEB_DIST").map(PathBuf::from) {
        if !dist.join("index.html").exists() {
            let what = format!(
                "HEADCOUNT_WEB_DIST: there is no index.html in {}",
                dist.display()
            );
            return Err(Trouble::Wrong(what));
        }
        files::watch(&dist);
        return files::copy(&dist, web);
    }
    let ready = Path::new("web-dist");
    if ready.join("index.html").exists() {
        return files::copy(ready, web);
    }
    if skip || env::var_os("DOCS_RS").is_some() {
        return Err(Trouble::Missing("it was left out on request".into()));
    }
    npm::build(
        &Path::new(&variable("CARGO_MANIFEST_DIR")).join("../../dashboard"),
        web,
        out,
    )
}

fn put_fallback(web: &Path, reason: &str) -> Result<(), Trouble> {
    files::empty(web)?;
    files::copy(Path::new("web-fallback"), web)?;
    let index = web.join("index.html");
    let reason = reason
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    fs::read_to_string(&index)
        .and_then(|page| fs::write(&index, page.replace("{{reason}}", &reason)))
        .map_err(|error| wrong("write the page that stands in", error))
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"))
}

fn wrong(doing: impl Display, error: impl Display) -> Trouble {
    Trouble::Wrong(format!("{doing}: {error}"))
}
