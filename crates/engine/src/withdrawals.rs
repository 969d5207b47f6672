//! Answers that are taken back: one by one, or all of a person's at the end of their account.
//!
//! What takes an answer back may come before it, and names no event. So each answer of a mapping is known here by its
//! identity, with the winners that it has: one, or one of each event that it has been moved between. It counts at the
//! event of the greatest of them, unless it is taken back. That is a function of the greatest version of everything told
//! of it, so the order and the number of records do not matter.

use std::collections::{HashMap, hash_map::Entry};

use headcount_record::{Identity, Namespace, Version};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use crate::{
    events::EventRows,
    members::MemberRows,
    rows::Rows,
    winners::{Winner, Winners},
};

/// What is told of an account, the greatest version of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct AccountState {
    version: Version,
    ended: bool,
}

/// An answer, whichever event it is to.
#[derive(Clone, Debug, Default)]
struct Answer {
    /// Rows of its winners, one an event.
    winners: Vec<u32>,
    /// The greatest version that it is taken back up to.
    withdrawn: Option<Version>,
}

/// What is known of answers that can be taken back.
#[derive(Default)]
pub(crate) struct Withdrawals {
    answers: HashMap<Identity, Answer>,
    accounts: HashMap<Identity, AccountState>,
    /// The answers of people, those of now and those of before.
    of_people: HashMap<Identity, Vec<Identity>>,
}

/// All of it that does not follow from the winners, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredWithdrawals {
    answers: Vec<(Identity, Version)>,
    accounts: Vec<(Identity, AccountState)>,
}

/// What became of something that was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    New,
    Replaced,
    Repeated,
    Stale,
}

impl Withdrawals {
    /// Enters a winner that an answer has, at this row.
    pub(crate) fn enter(&mut self, id: Identity, row: u32, member: Identity) {
        let winners = &mut self.answers.entry(id).or_default().winners;
        if !winners.contains(&row) {
            winners.push(row);
        }
        let answers = self.of_people.entry(member).or_default();
        // Nearly always the last one, if any: one person has few answers.
        if !answers.contains(&id) {
            answers.push(id);
        }
    }

    /// The winner by which an answer counts, if it counts.
    pub(crate) fn counted(
        &self,
        id: Identity,
        winners: &Rows<Winner>,
        members: &MemberRows,
    ) -> Option<Winner> {
        let answer = self.answers.get(&id)?;
        let rows = answer.winners.iter().map(|&row| winners[row]);
        // Two events of one version and content: the hash of the content holds the event, so it hardly happens; then
        // the row number must not decide.
        let winner = rows.max_by_key(|it| (it.version, it.content))?;
        let account = self.accounts.get(&members.identity(winner.member));
        let ended = account.is_some_and(|it| it.ended && winner.version <= it.version);
        let withdrawn = answer.withdrawn.is_some_and(|it| winner.version <= it);
        (!ended && !withdrawn).then_some(winner)
    }

    /// Takes an answer back up to a version.
    pub(crate) fn withdraw(&mut self, id: Identity, version: Version, digest: &mut u128) -> Effect {
        let known = &mut self.answers.entry(id).or_default().withdrawn;
        let before = *known;
        let told = match before {
            None => Effect::New,
            Some(before) if version > before => Effect::Replaced,
            Some(before) if version == before => return Effect::Repeated,
            Some(_) => return Effect::Stale,
        };
        *known = Some(version);
        let of = |version| answer_digest(id, version);
        *digest = digest
            .wrapping_sub(before.map_or(0, of))
            .wrapping_add(of(version));
        told
    }

    /// Enters what is told of an account.
    pub(crate) fn account(
        &mut self,
        member: Identity,
        (version, ended): (Version, bool),
        digest: &mut u128,
    ) -> Effect {
        let account = AccountState { version, ended };
        let (told, before) = match self.accounts.entry(member) {
            Entry::Vacant(free) => {
                free.insert(account);
                (Effect::New, 0)
            }
            Entry::Occupied(mut known) if account > *known.get() => {
                let before = known.insert(account);
                (Effect::Replaced, account_digest(member, before))
            }
            Entry::Occupied(known) if account == *known.get() => return Effect::Repeated,
            Entry::Occupied(_) => return Effect::Stale,
        };
        *digest = digest
            .wrapping_sub(before)
            .wrapping_add(account_digest(member, account));
        told
    }

    /// The answers that a person has or had.
    pub(crate) fn answers_of(&self, member: Identity) -> Vec<Identity> {
        self.of_people.get(&member).cloned().unwrap_or_default()
    }

    /// The part of the digest that is of what has been taken back.
    pub(crate) fn digest(&self) -> u128 {
        let answers = self.answers.iter();
        let answers =
            answers.filter_map(|(id, answer)| Some(answer_digest(*id, answer.withdrawn?)));
        let accounts = self.accounts.iter();
        let accounts = accounts.map(|(member, account)| account_digest(*member, *account));
        answers.chain(accounts).fold(0, u128::wrapping_add)
    }

    pub(crate) fn stored(&self) -> StoredWithdrawals {
        let answers = self.answers.iter();
        let mut answers: Vec<_> = answers
            .filter_map(|(id, answer)| Some((*id, answer.withdrawn?)))
            .collect();
        let mut accounts: Vec<_> = self.accounts.iter().map(|(id, it)| (*id, *it)).collect();
        answers.sort_unstable();
        accounts.sort_unstable();
        StoredWithdrawals { answers, accounts }
    }

    /// As they were when `stored` was made, beside these winners.
    pub(crate) fn restored(
        stored: StoredWithdrawals,
        winners: &Winners,
        events: &EventRows,
        members: &MemberRows,
    ) -> Self {
        let mut all = Self::default();
        for (id, version) in stored.answers {
            all.answers.entry(id).or_default().withdrawn = Some(version);
        }
        all.accounts = stored.accounts.into_iter().collect();
        for (row, winner) in winners.rows().iter().enumerate() {
            let namespace = events.row(winner.event).content.namespace;
            if namespace.is_of_mapping() {
                let member = members.identity(winner.member);
                all.enter(identity_of(namespace, winner), row as u32, member);
            }
        }
        all
    }
}

/// The identity of the answer that a winner is of.
pub(crate) fn identity_of(namespace: Namespace, winner: &Winner) -> Identity {
    Identity {
        namespace,
        check: winner.check,
        bits: winner.rsvp,
    }
}

fn answer_digest(id: Identity, version: Version) -> u128 {
    digest([4, identity(id), id.bits, version.to_bits(), 0])
}

fn account_digest(member: Identity, account: AccountState) -> u128 {
    let version = account.version.to_bits();
    digest([
        5,
        identity(member),
        member.bits,
        version,
        account.ended.into(),
    ])
}

/// XXH3 over little-endian values, the first of which tells what they are of, as in [`crate::digest`].
fn digest(numbers: [u64; 5]) -> u128 {
    xxh3_128(numbers.map(u64::to_le_bytes).as_flattened())
}

fn identity(id: Identity) -> u64 {
    u64::from(id.namespace.0) << 16 | u64::from(id.check)
}
