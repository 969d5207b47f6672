//! Where the executable of the batch worker is.

use std::{
    env,
    ffi::{OsStr, OsString},
    fmt,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// The environment variable that may name the executable.
const VARIABLE: &str = "HEADCOUNT_BATCH";
const NAME: &str = "headcount-batch";

/// There is no executable. Both texts are parts of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProgramMissing {
    pub(crate) reason: String,
    pub(crate) remedy: &'static str,
}

/// Looks where [`VARIABLE`] says, or else beside this program, and then on PATH.
pub(crate) fn find_program() -> Result<PathBuf, ProgramMissing> {
    let own = env::current_exe().unwrap_or_default();
    let path = env::var_os("PATH").unwrap_or_default();
    find(env::var_os(VARIABLE), own.parent(), &path)
}

fn find(
    named: Option<OsString>,
    beside: Option<&Path>,
    path: &OsStr,
) -> Result<PathBuf, ProgramMissing> {
    if let Some(named) = named.filter(|named| !named.is_empty()) {
        let program = PathBuf::from(named);
        return match is_executable(&program) {
            true => Ok(program),
            false => Err(ProgramMissing {
                reason: format!(
                    "{VARIABLE} names {}, which is no executable file",
                    program.display()
                ),
                remedy: "correct it, or build the worker with cargo build --release -p headcount-batch",
            }),
        };
    }
    let folders = beside.map(Path::to_owned);
    let folders = folders.into_iter().chain(env::split_paths(path));
    let mut programs = folders.map(|folder| folder.join(NAME));
    programs
        .find(|program| is_executable(program))
        .ok_or_else(|| ProgramMissing {
            reason: format!(
                "{NAME}, which keeps tables and answers SQL, is neither in {} nor on PATH",
                beside.unwrap_or(Path::new(".")).display()
            ),
            remedy: "build it with cargo build --release -p headcount-batch",
        })
}

fn is_executable(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
}

impl fmt::Display for ProgramMissing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}; {}", self.reason, self.remedy)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File, Permissions};

    use super::*;

    #[test]
    fn the_variable_goes_before_our_folder_and_that_before_path() {
        let root = tempfile::tempdir().unwrap();
        let at = |folder: &str| root.path().join(folder);
        let make = |folder: &str, mode: u32| {
            fs::create_dir_all(at(folder)).unwrap();
            let program = at(folder).join(NAME);
            File::create(&program).unwrap();
            fs::set_permissions(&program, Permissions::from_mode(mode)).unwrap();
            program
        };
        let path = env::join_paths([at("empty"), at("second"), at("third")]).unwrap();
        let found = |named: Option<&Path>| {
            find(
                named.map(|named| named.as_os_str().to_owned()),
                Some(&at("own")),
                &path,
            )
        };
        let missing = found(None).unwrap_err().to_string();
        assert!(missing.contains(at("own").to_str().unwrap()), "{missing}");
        assert!(
            missing.contains("cargo build --release -p headcount-batch"),
            "{missing}"
        );
        let third = make("third", 0o755);
        assert_eq!(found(None), Ok(third));
        // A folder of that name and a file that cannot be run are no programs.
        fs::create_dir_all(at("empty").join(NAME)).unwrap();
        make("own", 0o644);
        let second = make("second", 0o700);
        assert_eq!(found(None), Ok(second.clone()));
        let own = make("own", 0o755);
        assert_eq!(found(None), Ok(own.clone()));
        assert_eq!(found(Some(&second)), Ok(second));
        assert_eq!(found(Some(Path::new(""))), Ok(own));
        // A name that is wrong is not replaced by another program.
        let wrong = found(Some(&at("nothing"))).unwrap_err().to_string();
        assert!(wrong.starts_with("HEADCOUNT_BATCH names"), "{wrong}");
    }
}
