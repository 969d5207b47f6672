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

use std::{env, fs, path::Path, path::PathBuf};

/// Why the page is left out.
type Reason = String;

fn main() {
    for name in ["HEADCOUNT_WEB_DIST", "HEADCOUNT_WEB", "DOCS_RS"] {
        println!("cargo:rerun-if-env-changed={name}");
    }
    // Naming any path ends cargo's own rule (rerun when a file of the package changes).
    files::watch(Path::new("build.rs"));
    files::watch(Path::new("build"));
    files::watch(Path::new("web-fallback"));
    files::watch(Path::new("web-dist"));

    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let web = out.join("web");
    let wish = env::var("HEADCOUNT_WEB").unwrap_or_default();
    assert!(
        matches!(wish.as_str(), "" | "require" | "skip"),
        "HEADCOUNT_WEB is `{wish}`: it can be `require`, `skip` or unset"
    );

    if let Some(reason) = fill(&web, &out, &wish) {
        assert!(wish != "require", "the page could not be built: {reason}");
        if wish != "skip" {
            println!("cargo:warning=building without the page: {reason}");
        }
        fall_back(&web, &reason);
    }
}

/// Fills the folder with the page; the reason when that has to wait.
fn fill(web: &Path, out: &Path, wish: &str) -> Option<Reason> {
    files::empty(web);
    if let Some(dist) = env::var_os("HEADCOUNT_WEB_DIST") {
        let dist = PathBuf::from(dist);
        let found = dist.join("index.html").exists();
        assert!(
            found,
            "HEADCOUNT_WEB_DIST is {}: there is no index.html in it",
            dist.display()
        );
        files::watch(&dist);
        files::copy(&dist, web);
        return None;
    }
    if Path::new("web-dist/index.html").exists() {
        files::copy(Path::new("web-dist"), web);
        return None;
    }
    if wish == "skip" || env::var_os("DOCS_RS").is_some() {
        return Some("it was left out on request".into());
    }
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    npm::build(&manifest.join("../../dashboard"), web, out).err()
}

fn fall_back(web: &Path, reason: &str) {
    files::empty(web);
    files::copy(Path::new("web-fallback"), web);
    let index = web.join("index.html");
    let page = fs::read_to_string(&index).expect("the fallback page is in the package");
    let reason = reason
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    fs::write(&index, page.replace("{{reason}}", &reason)).expect("write into OUT_DIR");
}
