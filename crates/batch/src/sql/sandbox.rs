//! What a child takes from itself before it reads a statement: it cannot get it back.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetStatus,
};
use rustix::process::{Resource, Rlimit, setrlimit};

use super::request::{Grant, Limits};

/// Files a child may have open at once: those of the tables that it reads.
const OPEN_FILES: u64 = 256;

/// Whether this kernel keeps files and connections shut; elsewhere the limits alone hold a statement.
#[must_use]
pub fn kernel_shuts() -> bool {
    let modules = std::fs::read_to_string("/sys/kernel/security/lsm");
    modules.is_ok_and(|modules| modules.trim().split(',').any(|module| module == "landlock"))
}

/// Puts a grant into force. Answers whether the kernel keeps files and network shut; where it cannot, the limits hold
/// all the same.
///
/// # Errors
/// If a limit cannot be set: the statement must not run then.
pub fn enter(grant: &Grant) -> std::io::Result<bool> {
    limit(&grant.limits)?;
    Ok(shut(&grant.readable, grant.network).unwrap_or(false))
}

fn limit(limits: &Limits) -> std::io::Result<()> {
    let both = |value: u64| Rlimit {
        current: Some(value),
        maximum: Some(value),
    };
    setrlimit(Resource::Core, both(0))?;
    // Written files can have no byte; pipes are not files.
    setrlimit(Resource::Fsize, both(0))?;
    setrlimit(Resource::Nofile, both(OPEN_FILES))?;
    setrlimit(Resource::Cpu, both(limits.cpu_seconds.max(1)))?;
    setrlimit(Resource::As, both(limits.memory))?;
    Ok(())
}

/// Asks the kernel to refuse all files but those that may be read, and all connections unless there is an object store.
fn shut(readable: &[PathBuf], network: bool) -> Result<bool, landlock::RulesetError> {
    let abi = ABI::V5;
    let mut ruleset = Ruleset::default().handle_access(AccessFs::from_all(abi))?;
    if !network {
        ruleset = ruleset.handle_access(AccessNet::from_all(abi))?;
    }
    let mut ruleset = ruleset.create()?;
    let system = ["/proc/self", "/sys/devices/system/cpu", "/sys/fs/cgroup"];
    // Names and certificates of the object store.
    let names = ["/etc", "/usr/share/ca-certificates"];
    let system = system.iter().chain(names.iter().filter(|_| network));
    let system = system.map(Path::new);
    for path in readable.iter().map(PathBuf::as_path).chain(system) {
        // What is not there cannot be opened anyway.
        if let Ok(opened) = PathFd::new(path) {
            let access = if path.is_dir() {
                AccessFs::from_read(abi)
            } else {
                AccessFs::ReadFile.into()
            };
            ruleset = ruleset.add_rule(PathBeneath::new(opened, access))?;
        }
    }
    let status = ruleset.restrict_self()?;
    Ok(status.ruleset != RulesetStatus::NotEnforced)
}
