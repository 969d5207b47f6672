//! A file that grows: what a recorder or another program writes, as it is written.
//!
//! It is looked at again and again, ten times as often while it grows. The system could tell when it does, but not on the
//! network's file systems, and what is read has to be compared with the path all the same; a look costs microseconds.

mod beside;
mod file_mark;
mod followed_file;
mod following;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use tokio::time::sleep;

use self::following::{Following, Look, PathState};
use super::blocking;
use crate::error::{Ended, Error};
use crate::run::Context;
use crate::status::Activity;

/// By how much the delay to the next look is shorter when something was read.
const BUSY: u32 = 10;

/// Reads on and on, until it is time to stop.
pub(crate) async fn run(path: PathBuf, mut context: Context) -> Result<Ended, Error> {
    let options = &context.options;
    let (budget, idle_delay) = (options.batch_bytes, options.poll_interval);
    let mut following = Following::new(path.clone(), &context.resume, options.still_limit);
    let mut delay = idle_delay;
    let mut is_first = true;
    loop {
        let look = blocking(&path, move || {
            let look = following.look(budget);
            (following, look)
        });
        let Some(looked) = context.shutdown.or(look).await else {
            return Ok(Ended::Stopped);
        };
        let look;
        (following, look) = looked?;
        let Look { batches, state } = look.map_err(|cause| match is_first {
            true => Error::Open {
                path: path.clone(),
                cause,
            },
            false => Error::Read {
                path: path.clone(),
                at: following.at(),
                cause,
            },
        })?;
        is_first &= matches!(state, PathState::Missing(_));
        match &state {
            PathState::Reading => context.report.live(),
            PathState::UpToDate => context.report.up_to_date(),
            PathState::Missing(_) => {}
        }
        for batch in batches {
            let gaps = batch.items.len() - batch.messages();
            context.report.change(|status| status.gaps += gaps as u64);
            context.push(batch).await?;
        }
        match state {
            PathState::Reading => {
                delay = idle_delay / BUSY;
                continue;
            }
            PathState::UpToDate => {}
            PathState::Missing(sentence) => {
                context.report.state(Activity::Connecting);
                context.report.trouble(sentence);
            }
        }
        if context.shutdown.or(sleep(delay)).await.is_none() {
            return Ok(Ended::Stopped);
        }
        delay = (delay * 2).min(idle_delay);
    }
}
