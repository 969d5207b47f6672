//! Past events in a file, in the shape of Meetup's REST answers.

use std::{fs::File, path::Path};

use anyhow::{Context, Result};
use headcount_learn::LabelledEvent;
use headcount_models::LabelledLines;
use indicatif::ProgressBar;

/// The events of a file of lines of JSON, gzipped or not, in its order; and how many lines are no events.
///
/// What is refused is logged with its line and reason, the first few of it.
pub(crate) fn read_labelled(path: &Path, bar: &ProgressBar) -> Result<(Vec<LabelledEvent>, u64)> {
    const TOLD: u64 = 5;
    let file = File::open(path).with_context(|| format!("open {}", path.display()))?;
    let bytes = file.metadata().map_or(0, |metadata| metadata.len());
    bar.set_length(bytes);
    let lines = LabelledLines::new(bar.wrap_read(file))
        .with_context(|| format!("read {}", path.display()))?;
    let (mut events, mut refused) = (Vec::new(), 0);
    for line in lines {
        let line = line.with_context(|| format!("read {}", path.display()))?;
        match line.event {
            Ok(event) => events.push(event),
            Err(why) => {
                refused += 1;
                if refused <= TOLD {
                    tracing::warn!(
                        "{}, line {}, is no event: {why}",
                        path.display(),
                        line.number
                    );
                }
            }
        }
    }
    Ok((events, refused))
}
