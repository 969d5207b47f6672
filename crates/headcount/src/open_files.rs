//! How many files this process may have open. Every connection is one, and so is every segment that is read.

#[cfg(unix)]
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Open files that connections leave to everything else: a half.
const PART_OF_CONNECTIONS: usize = 2;

/// Raises the soft limit of open files to the hard one, and returns what it is now. The soft one is low for programs
/// that use `select`, which this one does not.
#[cfg(unix)]
pub(crate) fn raise_limit() -> Option<usize> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return usize_of(limit);
    }
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::debug!(%error, "cannot raise the limit of open files");
    }
    usize_of(getrlimit(Resource::Nofile))
}

/// Nothing is known of such a limit here.
#[cfg(not(unix))]
pub(crate) fn raise_limit() -> Option<usize> {
    None
}

#[cfg(unix)]
fn usize_of(limit: Rlimit) -> Option<usize> {
    limit.current.and_then(|files| usize::try_from(files).ok())
}

/// As many connections as wanted, or as the limit of open files leaves room for, which is then said.
pub(crate) fn connections_within(limit: Option<usize>, wanted: usize) -> usize {
    let room = limit.map_or(wanted, |files| files / PART_OF_CONNECTIONS);
    if room >= wanted {
        return wanted;
    }
    tracing::warn!(
        "this process may open {} files, so it serves {room} connections at a time instead of {wanted}; raise the \
         limit with ulimit -Hn, or LimitNOFILE= of systemd",
        room * PART_OF_CONNECTIONS
    );
    room
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_to_the_rest() {
        assert_eq!(connections_within(None, 2_048), 2_048);
        assert_eq!(connections_within(Some(1 << 20), 2_048), 2_048);
        assert_eq!(connections_within(Some(4_096), 2_048), 2_048);
        assert_eq!(connections_within(Some(1_024), 2_048), 512);
    }
}
