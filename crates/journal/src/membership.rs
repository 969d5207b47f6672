//! Which of several processes owns which partition.

use std::sync::mpsc::Sender;
use std::time::Duration;

use crate::error::Result;

/// A place among those that share the partitions of a journal. Dropping it gives the partitions back.
pub struct Membership(MembershipKind);

enum MembershipKind {
    /// One process has all of them, for ever.
    Alone { is_assigned: bool, partitions: u16 },
    #[cfg(feature = "kafka")]
    Kafka(crate::kafka::KafkaMember),
}

/// What has changed. Every change is about other partitions than those that are kept.
#[derive(Debug)]
pub enum Change {
    /// These are this process's from now on.
    Assigned(Vec<u16>),
    /// These are asked back. Nobody else gets them before the acknowledgement, or a limit of time.
    Revoked(Vec<u16>, Ack),
    /// The group has already taken these away: it received no heartbeat of this process for too long.
    Lost(Vec<u16>),
}

/// Says, when it is dropped, that partitions have been laid down.
#[derive(Debug)]
#[must_use = "dropped at once it says that the partitions have been laid down"]
pub struct Ack {
    /// The other end sees it go.
    _open: Option<Sender<()>>,
}

impl Membership {
    pub(crate) fn alone(partitions: u16) -> Self {
        Self(MembershipKind::Alone {
            is_assigned: false,
            partitions,
        })
    }

    #[cfg(feature = "kafka")]
    pub(crate) fn kafka(member: crate::kafka::KafkaMember) -> Self {
        Self(MembershipKind::Kafka(member))
    }

    /// The next change, waited for up to `timeout`.
    pub fn next(&mut self, timeout: Duration) -> Result<Option<Change>> {
        match &mut self.0 {
            MembershipKind::Alone {
                is_assigned,
                partitions,
            } => {
                if std::mem::replace(is_assigned, true) {
                    // Nothing will ever come.
                    std::thread::sleep(timeout);
                    return Ok(None);
                }
                Ok(Some(Change::Assigned((0..*partitions).collect())))
            }
            #[cfg(feature = "kafka")]
            MembershipKind::Kafka(member) => member.next(timeout),
        }
    }
}

impl Ack {
    #[cfg(feature = "kafka")]
    pub(crate) fn new(open: Sender<()>) -> Self {
        Self { _open: Some(open) }
    }

    /// Says it; the same as dropping it.
    pub fn done(self) {}
}
