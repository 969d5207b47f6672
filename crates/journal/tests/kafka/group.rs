//! Partitions that are shared.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use headcount_journal::{Change, Journal, Membership};

use crate::support::{SOON, Site, options};

const PARTITIONS: u16 = 6;

/// What a member has, by what it was told.
struct Owner {
    membership: Membership,
    has: BTreeSet<u16>,
}

impl Owner {
    fn join(journal: &Journal, group: &str, worker: &str) -> Self {
        Self {
            membership: journal.join(group, worker).unwrap(),
            has: BTreeSet::new(),
        }
    }

    fn hear(&mut self) {
        match self.membership.next(Duration::from_millis(20)).unwrap() {
            None => {}
            Some(Change::Assigned(more)) => {
                for partition in more {
                    assert!(self.has.insert(partition), "{partition} twice");
                }
            }
            Some(Change::Revoked(less, ack)) => {
                for partition in less {
                    assert!(self.has.remove(&partition));
                }
                ack.done();
            }
            Some(Change::Lost(less)) => self.has.retain(|partition| !less.contains(partition)),
        }
    }
}

/// Listens until each has so many, nobody what another one has.
fn until_shared(owners: &mut [Owner], shares: &[usize]) {
    let deadline = Instant::now() + SOON;
    loop {
        owners.iter_mut().for_each(Owner::hear);
        let all: BTreeSet<_> = owners.iter().flat_map(|owner| &owner.has).collect();
        let counts: Vec<_> = owners.iter().map(|owner| owner.has.len()).collect();
        assert_eq!(all.len(), counts.iter().sum::<usize>(), "two have the same");
        if counts == shares {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "{counts:?} instead of {shares:?}"
        );
    }
}

#[test]
fn members_share_the_partitions_and_take_over_from_each_other() {
    let site = Site::shared();
    let mut six = options(&site, "worker");
    six.partitions = Some(PARTITIONS);
    let journal = Journal::kafka(six).unwrap();
    let group = format!("{}.workers", site.name);
    let mut owners = vec![Owner::join(&journal, &group, "one")];
    until_shared(&mut owners, &[6]);
    let kept = owners[0].has.clone();

    owners.push(Owner::join(&journal, &group, "two"));
    until_shared(&mut owners, &[3, 3]);
    // What one keeps, it keeps: only what moves was asked back.
    assert!(owners[0].has.is_subset(&kept));

    owners.pop();
    until_shared(&mut owners, &[6]);
}

#[test]
fn a_journal_of_one_process_gives_it_everything() {
    let dir = tempfile::tempdir().unwrap();
    let options = headcount_journal::Options {
        partitions: Some(3),
        ..headcount_journal::Options::default()
    };
    let journal = Journal::open(dir.path(), options).unwrap();
    let mut owner = Owner::join(&journal, "group", "worker");
    owner.hear();
    owner.hear();
    assert_eq!(owner.has, BTreeSet::from([0, 1, 2]));
}
