//! Numbers of answers, and of the events they are to.

use std::iter::Sum;

use headcount_record::Response;

/// Answers by response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answers {
    pub(crate) yes: u64,
    pub(crate) no: u64,
    pub(crate) maybe: u64,
}

impl Answers {
    pub(crate) fn sum(self) -> u64 {
        self.yes + self.no + self.maybe
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.yes += other.yes;
        self.no += other.no;
        self.maybe += other.maybe;
    }

    pub(crate) fn remove(&mut self, other: Self) {
        self.yes -= other.yes;
        self.no -= other.no;
        self.maybe -= other.maybe;
    }

    pub(crate) fn of(self, response: Response) -> u64 {
        match response {
            Response::Yes => self.yes,
            Response::No => self.no,
            Response::Maybe => self.maybe,
        }
    }
}

/// Counts of events and of the answers to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) events: u64,
    pub(crate) answers: Answers,
    pub(crate) heads: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, other: Self) {
        self.events += other.events;
        self.answers.add(other.answers);
        self.heads += other.heads;
    }

    pub(crate) fn remove(&mut self, other: Self) {
        self.events -= other.events;
        self.answers.remove(other.answers);
        self.heads -= other.heads;
    }
}

impl<'a> Sum<&'a Self> for Counts {
    fn sum<I: Iterator<Item = &'a Self>>(parts: I) -> Self {
        parts.fold(Self::default(), |mut sum, part| {
            sum.add(*part);
            sum
        })
    }
}
