//! Whose turn it is, and how an answer becomes a report.

use std::{fs::File, time::Duration};

use anyhow::{Context, bail};
use bytes::Bytes;
use headcount_clock::{Backoff, Delays, WallClock, random_id};
use headcount_lake::{Lake, PutOutcome, SwapOutcome, Tag};
use serde::{Deserialize, Serialize};

use super::{
    jobs::ReportJob,
    period::Period,
    report_files::ReportFiles,
    state::{Failed, State, StoredAnswer, VERSION, WorkerTurn},
};

/// How long to wait after a failure.
const DELAYS: Delays = Delays {
    first: Duration::from_secs(60),
    most: Duration::from_secs(3600),
};

/// The jobs of a lake, as one worker sees them. Every call blocks.
#[derive(Debug, Clone)]
pub struct JobSchedule {
    lake: Lake,
    clock: WallClock,
    worker: String,
    lease: Duration,
}

/// What comes next of a job.
#[derive(Debug)]
pub enum Next {
    /// Its next hour or day has not ended.
    NotYet,
    /// Another worker is at it.
    Other(String),
    /// It failed, and is not tried again before then, ms since 1970.
    Later(i64),
    /// It is this worker's turn: compute the answer, then [`Claimed::decide`].
    Compute(Claimed),
    /// It is this worker's turn, and which answer counts is decided: [`Decided::publish`], then [`Decided::finish`].
    Publish(Decided),
}

/// A turn of this worker's.
#[derive(Debug)]
pub struct Claimed {
    schedule: JobSchedule,
    job: String,
    state: State,
    tag: Tag,
    attempt: String,
}

/// The answer that counts, on its way to its place.
#[derive(Debug)]
pub struct Decided {
    claimed: Claimed,
    answer: StoredAnswer,
}

/// What `_SUCCESS` holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Success {
    /// The name of the job.
    pub job: String,
    /// The first moment of the hour or day, ms since 1970.
    pub from: i64,
    /// The first moment after it, ms since 1970.
    pub to: i64,
    /// How many rows there are.
    pub rows: u64,
    /// The files beside.
    pub files: Vec<String>,
    /// One past the last entry that counts, of each partition of the journal.
    pub offsets: Vec<u64>,
}

impl JobSchedule {
    /// The jobs of this lake. A worker that says nothing for `lease` has lost its turn: that must be longer than any
    /// statement may take.
    #[must_use]
    pub fn new(lake: Lake, clock: WallClock, worker: String, lease: Duration) -> Self {
        Self {
            lake,
            clock,
            worker,
            lease,
        }
    }

    /// What comes next of a job at this stream time, and takes the turn if it is free.
    ///
    /// # Errors
    /// When the lake does not answer, or the job was another one before.
    pub fn next(&self, job: &ReportJob, stream_time: i64) -> anyhow::Result<Next> {
        let last = job.every.ended_at(stream_time);
        let Some((state, tag)) = self.state(job, last)? else {
            return Ok(Next::Other("a worker that was first".to_owned()));
        };
        if state.next.every() != job.every {
            bail!(
                "the job {} was made for each {} before; give it another name, or delete {} of the lake {}",
                job.name,
                state.next.every(),
                object(&job.name),
                self.lake
            );
        }
        if state.next.to() > last.to() {
            return Ok(Next::NotYet);
        }
        let now = self.clock.now_ms();
        if let Some(turn) = &state.turn
            && pending(turn.until, now, self.lease)
        {
            return Ok(Next::Other(turn.worker.clone()));
        }
        if let Some(failed) = &state.failed
            && pending(failed.until, now, DELAYS.most)
        {
            return Ok(Next::Later(failed.until));
        }
        let turn = WorkerTurn {
            worker: self.worker.clone(),
            attempt: format!("{:016x}", random_id()),
            until: now.saturating_add(ms(self.lease)),
        };
        let attempt = turn.attempt.clone();
        let mut claimed = Claimed {
            schedule: self.clone(),
            job: job.name.clone(),
            state,
            tag,
            attempt,
        };
        if !claimed.swap(|state| state.turn = Some(turn))? {
            return Ok(Next::Other("a worker that was first".to_owned()));
        }
        match claimed.state.decided.clone() {
            Some(answer) => Ok(Next::Publish(Decided { claimed, answer })),
            None => {
                // What a predecessor stored and did not decide for is nobody's.
                self.delete_stored(&job.name, |_| true)?;
                Ok(Next::Compute(claimed))
            }
        }
    }

    /// The object of a job, made if there is none; none if another worker just made it.
    fn state(&self, job: &ReportJob, last: Period) -> anyhow::Result<Option<(State, Tag)>> {
        let key = object(&job.name);
        let Some((body, tag)) = self.lake.get(&key)? else {
            let state = State {
                version: VERSION,
                next: job.first.unwrap_or(last),
                turn: None,
                decided: None,
                failed: None,
            };
            return match self.lake.put_new(&key, encode(&state)?)? {
                PutOutcome::Created(tag) => Ok(Some((state, tag))),
                PutOutcome::Exists => Ok(None),
            };
        };
        let state: State = serde_json::from_slice(&body).with_context(|| {
            format!(
                "{key} of the lake {} is not what this version writes",
                self.lake
            )
        })?;
        if state.version != VERSION {
            bail!(
                "{key} of the lake {} was written by a newer version; use that one",
                self.lake
            );
        }
        Ok(Some((state, tag)))
    }

    fn delete_stored(&self, job: &str, which: impl Fn(&str) -> bool) -> anyhow::Result<()> {
        let mut keys = Vec::new();
        self.lake
            .list(&format!("{}/", stored(job)), |object| keys.push(object.key))?;
        for key in keys.iter().filter(|key| which(key)) {
            self.lake.delete(key)?;
        }
        Ok(())
    }
}

/// A moment that lies ahead, but not so far ahead that the clock must have been set back since.
fn pending(until: i64, now: i64, most: Duration) -> bool {
    now < until && until.saturating_sub(now) <= ms(most)
}

fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn encode(state: &State) -> anyhow::Result<Bytes> {
    Ok(serde_json::to_vec(state)?.into())
}

fn object(job: &str) -> String {
    format!("reports/_schedule/{job}.json")
}

/// Where answers are until they are reports.
fn stored(job: &str) -> String {
    format!("reports/_stored/{job}")
}

impl Claimed {
    /// The hour or day that is to be computed.
    #[must_use]
    pub fn period(&self) -> Period {
        self.state.next
    }

    /// Stores the answer, and decides for it. None: the turn was lost, and the answer was thrown away.
    ///
    /// # Errors
    /// When the lake does not answer. Whoever comes next goes on from what was done.
    pub fn decide(mut self, answer: &ReportFiles) -> anyhow::Result<Option<Decided>> {
        let mut files = Vec::new();
        for (format, file) in answer.files() {
            let name = format!("{}.{}", self.job, format.extension());
            let mut content = File::open(file)?;
            self.schedule
                .lake
                .put_from(&self.stored(&name), &mut content)?;
            files.push(name);
        }
        let answer = StoredAnswer {
            attempt: self.attempt.clone(),
            rows: answer.rows(),
            offsets: answer.offsets().to_vec(),
            files,
        };
        let decided = answer.clone();
        match self.swap(|state| state.decided = Some(decided))? {
            true => Ok(Some(Decided {
                claimed: self,
                answer,
            })),
            false => {
                let mine = format!("/{}/", self.attempt);
                self.schedule
                    .delete_stored(&self.job, |key| key.contains(&mine))?;
                Ok(None)
            }
        }
    }

    /// Notes that the attempt failed, and gives the turn back. The answer is when it may be tried again, ms since 1970;
    /// none if the turn was lost.
    ///
    /// # Errors
    /// When the lake does not answer.
    pub fn fail(mut self, error: &str) -> anyhow::Result<Option<i64>> {
        let attempts = self
            .state
            .failed
            .as_ref()
            .map_or(0, |failed| failed.attempts)
            + 1;
        let mut backoff = Backoff::new(DELAYS);
        let delay = (0..attempts.min(30))
            .map(|_| backoff.next_delay())
            .last()
            .unwrap_or_default();
        let until = self.schedule.clock.now_ms().saturating_add(ms(delay));
        let failed = Failed {
            attempts,
            until,
            error: error.to_owned(),
        };
        let noted = self.swap(|state| {
            state.turn = None;
            state.failed = Some(failed);
        })?;
        Ok(noted.then_some(until))
    }

    /// Gives the turn back, so that another worker need not wait until it is lost.
    ///
    /// # Errors
    /// When the lake does not answer.
    pub fn give_back(mut self) -> anyhow::Result<()> {
        self.swap(|state| state.turn = None).map(drop)
    }

    fn stored(&self, name: &str) -> String {
        format!("{}/{}/{name}", stored(&self.job), self.attempt)
    }

    /// False if another worker has changed the object since it was read.
    fn swap(&mut self, change: impl FnOnce(&mut State)) -> anyhow::Result<bool> {
        let mut state = self.state.clone();
        change(&mut state);
        match self
            .schedule
            .lake
            .put_if(&object(&self.job), &self.tag, encode(&state)?)?
        {
            SwapOutcome::Stored(tag) => {
                (self.state, self.tag) = (state, tag);
                Ok(true)
            }
            SwapOutcome::Lost => Ok(false),
        }
    }
}

impl Decided {
    /// The hour or day.
    #[must_use]
    pub fn period(&self) -> Period {
        self.claimed.period()
    }

    /// The folder in which the report is, from the lake's beginning.
    #[must_use]
    pub fn folder(&self) -> String {
        format!("reports/{}/{}", self.claimed.job, self.period().folder())
    }

    /// Copies the answer to its place, and then writes `_SUCCESS`. May be repeated. False: the turn was lost long ago, and
    /// the report is there.
    ///
    /// # Errors
    /// When the lake does not answer. Whoever comes next repeats it.
    pub fn publish(&self) -> anyhow::Result<bool> {
        let Claimed { schedule, job, .. } = &self.claimed;
        for name in &self.answer.files {
            let from = format!("{}/{}/{name}", stored(job), self.answer.attempt);
            let Some((content, _)) = schedule.lake.get(&from)? else {
                return Ok(false);
            };
            schedule
                .lake
                .put(&format!("{}/{name}", self.folder()), &content)?;
        }
        let success = Success {
            job: job.clone(),
            from: self.period().from(),
            to: self.period().to(),
            rows: self.answer.rows,
            files: self.answer.files.clone(),
            offsets: self.answer.offsets.clone(),
        };
        let body = serde_json::to_vec(&success)?;
        schedule
            .lake
            .put_new(&format!("{}/_SUCCESS", self.folder()), body.into())?;
        Ok(true)
    }

    /// Notes that it is done, so that the hour or day after it is next. False if another worker has noted it.
    ///
    /// # Errors
    /// When the lake does not answer. Whoever comes next repeats it.
    pub fn finish(mut self) -> anyhow::Result<bool> {
        let done = self.claimed.swap(|state| {
            state.next = state.next.next();
            (state.turn, state.decided, state.failed) = (None, None, None);
        })?;
        if done {
            let mine = format!("/{}/", self.answer.attempt);
            self.claimed
                .schedule
                .delete_stored(&self.claimed.job, |key| key.contains(&mine))?;
        }
        Ok(done)
    }
}
