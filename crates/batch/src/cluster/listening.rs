//! Where a scheduler or an executor listens.

use std::net::SocketAddr;

/// Where to listen, and under which name others find it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listening {
    /// The address.
    pub address: SocketAddr,
    /// The host's name or address for others, if not the one listened on.
    pub advertise: Option<String>,
}

impl Listening {
    /// The host for others.
    pub(super) fn host(&self) -> anyhow::Result<String> {
        match &self.advertise {
            Some(host) => Ok(host.clone()),
            None if self.address.ip().is_unspecified() => anyhow::bail!(
                "{} is every address of this machine, and others need one of them: add --advertise HOST",
                self.address
            ),
            None => Ok(self.address.ip().to_string()),
        }
    }
}

/// Refuses an address that others can reach, unless it was said that they may.
///
/// # Errors
/// When it is not loopback and was not said; the error says why and what to do.
pub fn on_this_machine(address: SocketAddr, anyone_may_run_statements: bool) -> Result<(), String> {
    match address.ip().is_loopback() || anyone_may_run_statements {
        true => Ok(()),
        false => Err(format!(
            "{address} can be reached from other machines, and Ballista asks nobody who they are: whoever reaches it \
             runs statements and reads the lake. Listen on 127.0.0.1, or keep others away with a firewall or a network \
             policy and add --anyone-who-reaches-it-may-run-statements"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_listened_on_without_the_flag() {
        for (address, said, fine) in [
            ("127.0.0.1:50050", false, true),
            ("[::1]:50050", false, true),
            ("0.0.0.0:50050", false, false),
            ("10.1.2.3:50050", false, false),
            ("10.1.2.3:50050", true, true),
        ] {
            let result = on_this_machine(address.parse().expect("an address"), said);
            assert_eq!(result.is_ok(), fine, "{address} {said}: {result:?}");
        }
        let everywhere = Listening {
            address: "0.0.0.0:1".parse().expect("an address"),
            advertise: None,
        };
        let error = everywhere.host().expect_err("no name").to_string();
        assert!(error.contains("--advertise"), "{error}");
    }
}
