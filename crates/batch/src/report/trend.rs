//! The line over time: answers by minute, hour or day, whichever shows nearly all of them and is the finest that does.

use super::{
    answer::{Answer, Row},
    error::ReportError,
    figures,
};

const MINUTE_MS: i64 = 60_000;
/// Series, the finest first: the column of times, which is also the word for a step, and how long a step is.
const SERIES: [(&str, i64); 3] = [
    ("minute", MINUTE_MS),
    ("hour", 60 * MINUTE_MS),
    ("day", 1_440 * MINUTE_MS),
];
/// Steps that a chart shows at most.
const STEPS_MAX: i64 = 1_440;
/// The part of all answers that a series must show to be taken before a coarser one.
const SHOWN: f64 = 0.9;
/// Answers long before all others would leave a chart empty but for its end: this part of a series is shown.
const KEPT: f64 = 0.98;
/// About so many labels stand below a chart.
const LABELS: i64 = 6;
/// What labels may be apart, in minutes.
const APART: [i64; 20] = [
    1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440, 2_880, 5_760, 11_520, 20_160, 43_200,
    86_400, 172_800, 525_600,
];

/// Answers in consecutive steps.
pub(super) struct Trend {
    /// minute, hour or day
    pub(super) step: &'static str,
    /// Begin of the first step, ms since 1970, and how long each is.
    pub(super) start: i64,
    pub(super) step_ms: i64,
    pub(super) yes: Vec<u64>,
    /// Those that say anything else.
    pub(super) others: Vec<u64>,
}

struct Step {
    at: i64,
    yes: u64,
    others: u64,
}

impl Step {
    fn of(row: &Row<'_>, column: &str) -> Result<Option<Self>, ReportError> {
        let (rsvps, yes) = (row.count("rsvps")?, row.count("yes")?);
        let at = row.time(column)?;
        Ok(at.map(|at| Self {
            at,
            yes,
            others: rsvps.saturating_sub(yes),
        }))
    }

    fn sum(&self) -> u64 {
        self.yes + self.others
    }
}

impl Trend {
    /// From the answers by minute, hour and day, up to the last step that is over. None when there are fewer than two steps to draw a line between.
    pub(super) fn of(series: [&Answer; 3], rsvps: u64) -> Result<Option<Self>, ReportError> {
        let mut coarsest = None;
        for (answer, (step, step_ms)) in series.into_iter().zip(SERIES) {
            let steps: Result<Vec<_>, _> = answer.rows().map(|row| Step::of(&row, step)).collect();
            let steps: Vec<_> = steps?.into_iter().flatten().collect();
            let Some(last) = steps.last().map(|step| step.at) else {
                return Ok(None);
            };
            let recent = steps
                .into_iter()
                .filter(|step| step.at > last - STEPS_MAX * step_ms);
            let trend = Self::filled(step, step_ms, recent.collect());
            let is_enough = trend.sum() as f64 >= SHOWN * rsvps as f64;
            coarsest = Some(trend.without_last());
            if is_enough {
                break;
            }
        }
        Ok(coarsest.filter(|trend| trend.yes.len() > 1))
    }

    /// With the steps in which nobody answered, and without those long before all others.
    fn filled(step: &'static str, step_ms: i64, steps: Vec<Step>) -> Self {
        let all: u64 = steps.iter().map(Step::sum).sum();
        let (mut first, mut shown) = (steps.len(), 0);
        while first > 0 && (shown as f64) < KEPT * all as f64 {
            first -= 1;
            shown += steps[first].sum();
        }
        let steps = &steps[first..];
        let (start, end) = (
            steps.first().map_or(0, |step| step.at),
            steps.last().map_or(0, |step| step.at),
        );
        let count = ((end - start) / step_ms + 1) as usize;
        let (mut yes, mut others) = (vec![0; count], vec![0; count]);
        for step in steps {
            let at = ((step.at - start) / step_ms) as usize;
            yes[at] += step.yes;
            others[at] += step.others;
        }
        Self {
            step,
            start,
            step_ms,
            yes,
            others,
        }
    }

    /// Without the last step, as long as it is still filling: it would make every stream look as if it were about to stop.
    fn without_last(mut self) -> Self {
        if self.yes.len() > 3 {
            self.yes.pop();
            self.others.pop();
        }
        self
    }

    /// Answers that are shown.
    pub(super) fn sum(&self) -> u64 {
        self.yes.iter().chain(&self.others).sum()
    }

    pub(super) fn most(&self) -> u64 {
        let sums = self
            .yes
            .iter()
            .zip(&self.others)
            .map(|(yes, others)| yes + others);
        sums.max().unwrap_or_default()
    }

    /// Where the last step ends.
    pub(super) fn end(&self) -> i64 {
        self.start + self.step_ms * self.yes.len() as i64
    }

    /// Times to be written below, and where each is, as a part of the width.
    pub(super) fn labels(&self) -> Vec<(f64, String)> {
        // A point stands in the middle of the chart's width for its step: the first on the left edge, the last on the right.
        let length = (self.yes.len() as i64 - 1) * self.step_ms;
        let wanted = length / LABELS / MINUTE_MS;
        let apart = APART
            .into_iter()
            .find(|minutes| *minutes >= wanted && minutes * MINUTE_MS >= self.step_ms);
        let apart = apart.unwrap_or(APART[APART.len() - 1]) * MINUTE_MS;
        let first = self.start + (-self.start).rem_euclid(apart);
        let write = match apart / MINUTE_MS {
            ..1_440 => figures::minute,
            1_440..43_200 => figures::day,
            _ => figures::month,
        };
        let times = (0..)
            .map(|number| first + number * apart)
            .take_while(|at| *at <= self.start + length);
        times
            .map(|at| ((at - self.start) as f64 / length.max(1) as f64, write(at)))
            .collect()
    }
}

/// The least round number that is not below, and how far its lines are apart: 1, 2 or 5 of something.
pub(super) fn scale(most: u64) -> (u64, u64) {
    let most = most.max(1);
    let mut unit = 1;
    loop {
        for step in [unit, 2 * unit, 5 * unit] {
            let lines = most.div_ceil(step);
            if lines <= 5 {
                return (lines * step, step);
            }
        }
        unit *= 10;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(column: &str, rows: &[(&str, u64, u64)]) -> Answer {
        let rows: Vec<_> = rows
            .iter()
            .map(|(at, rsvps, yes)| json!([at, rsvps, yes, rsvps - yes]))
            .collect();
        let columns =
            [column, "rsvps", "yes", "no"].map(|name| json!({"name": name, "type": "bigint"}));
        serde_json::from_value(json!({"columns": columns, "rows": rows})).unwrap()
    }

    #[test]
    fn the_finest_series_that_shows_nearly_all_is_shown_without_stragglers() {
        let minutes = [
            ("2017-01-01T00:00:00Z", 1, 1),
            ("2017-03-19T12:10:00Z", 60, 40),
            ("2017-03-19T12:12:00Z", 50, 20),
        ];
        let hours = [
            ("2017-01-01T00:00:00Z", 1, 1),
            ("2017-03-19T12:00:00Z", 110, 60),
        ];
        let days = [
            ("2017-01-01T00:00:00Z", 5, 5),
            ("2017-03-19T00:00:00Z", 110, 60),
        ];
        let series = [
            answer("minute", &minutes),
            answer("hour", &hours),
            answer("day", &days),
        ];
        let trend = Trend::of(series.each_ref(), 111).unwrap().unwrap();
        assert_eq!(
            (trend.step, &trend.yes[..], &trend.others[..]),
            ("minute", &[40, 0, 20][..], &[20, 0, 30][..])
        );
        assert_eq!((trend.sum(), trend.most()), (110, 60));
        assert_eq!(
            trend.labels(),
            [
                (0.0, "12:10".into()),
                (0.5, "12:11".into()),
                (1.0, "12:12".into())
            ]
        );
        // Minutes show less than nine tenths of a thousand, and so do hours.
        let trend = Trend::of(series.each_ref(), 1_000).unwrap().unwrap();
        assert_eq!((trend.step, trend.yes.len()), ("day", 31 + 28 + 18));
        let one = [
            answer("minute", &minutes[..1]),
            answer("hour", &hours[..1]),
            answer("day", &days[..1]),
        ];
        assert!(Trend::of(one.each_ref(), 1).unwrap().is_none());
        assert!(Trend::of([&Answer::default(); 3], 0).unwrap().is_none());
    }

    #[test]
    fn scales_are_round() {
        assert_eq!(
            [0, 1, 4, 5, 6, 11, 60, 99, 101, 26_000].map(scale),
            [
                (1, 1),
                (1, 1),
                (4, 1),
                (5, 1),
                (6, 2),
                (15, 5),
                (60, 20),
                (100, 20),
                (150, 50),
                (30_000, 10_000),
            ]
        );
    }
}
