//! Counting answers that can be taken back.

use headcount_record::{Identity, Rsvp, Withdrawal, Withdrawn};

use crate::{
    ledger::Tally,
    rsvps::{COLLISION, Rsvps},
    window::Window,
    winners::{Outcome, Winner},
    withdrawals::Effect,
};

impl Rsvps {
    /// Counts an answer to the event of this row, of this member and known at this index if it is. It competes with the
    /// records of its identity at all events, and with what has taken it back.
    pub(crate) fn count_withdrawable(
        &mut self,
        member: Identity,
        rsvp: &Rsvp,
        (at, known): (u32, Option<u32>),
        oldest: Window,
        tally: &mut Tally,
    ) {
        let id = Identity {
            namespace: member.namespace,
            check: rsvp.id_check,
            bits: rsvp.id,
        };
        let before = self.counted(id);
        let mut row = 0;
        let members = &mut self.members;
        let outcome = self.winners.offer(rsvp, at, || {
            row = members.add(known, member);
            row
        });
        let replaced = match outcome {
            Outcome::New => None,
            Outcome::Replaced(old) => Some(old),
            Outcome::Repeated => {
                tally.repeated += 1;
                return;
            }
            Outcome::Stale => {
                tally.stale += 1;
                return;
            }
            Outcome::Collided => {
                tally.quarantine(COLLISION, 1);
                return;
            }
        };
        // It does not count yet: whether it does is settled below.
        self.members.remove(row);
        let winner = Winner::new(rsvp, at, row);
        let place = self.winners.row_of(rsvp.id, at).expect("just offered");
        self.withdrawals.enter(id, place, member);
        match replaced {
            Some(_) => tally.replaced += 1,
            None => tally.new += 1,
        }
        if self.tracker.is_some() {
            self.note(&winner, replaced.as_ref());
        }
        self.settle(before, self.counted(id), oldest);
    }

    /// Takes answers back, or what is told of an account.
    pub(crate) fn withdraw(&mut self, withdrawal: Withdrawal, oldest: Window, tally: &mut Tally) {
        let version = withdrawal.version;
        let answers = match withdrawal.of {
            Withdrawn::Answer(id) => vec![id],
            Withdrawn::Person { member, .. } => self.withdrawals.answers_of(member),
        };
        let before: Vec<_> = answers.iter().map(|&id| self.counted(id)).collect();
        let mut unread = 0;
        let digest = match &mut self.tracker {
            Some(tracker) => &mut tracker.digest,
            None => &mut unread,
        };
        let told = match withdrawal.of {
            Withdrawn::Answer(id) => self.withdrawals.withdraw(id, version, digest),
            Withdrawn::Person { member, ended } => {
                self.withdrawals.account(member, (version, ended), digest)
            }
        };
        match told {
            Effect::New => tally.new += 1,
            Effect::Replaced => tally.replaced += 1,
            Effect::Repeated => tally.repeated += 1,
            Effect::Stale => tally.stale += 1,
        }
        for (id, before) in answers.into_iter().zip(before) {
            self.settle(before, self.counted(id), oldest);
        }
    }

    fn counted(&self, id: Identity) -> Option<Winner> {
        let winners = self.winners.rows();
        self.withdrawals.counted(id, winners, &self.members)
    }

    /// Counts an answer by the winner that it counts by now, instead of the one before.
    fn settle(&mut self, before: Option<Winner>, after: Option<Winner>, oldest: Window) {
        if before == after {
            return;
        }
        if let Some(before) = &before {
            self.events.row_mut(before.event).retract(before, oldest);
            self.members.remove(before.member);
        }
        if let Some(after) = &after {
            let member = self.members.identity(after.member);
            self.members.add(Some(after.member), member);
            self.events.row_mut(after.event).count(after, oldest);
            self.pulse(after.event, after.response());
        }
        if let Some(tracker) = &mut self.tracker {
            for winner in before.iter().chain(&after) {
                tracker.note(winner.event, winner.member);
            }
        }
    }
}
