//! How likely it is to see so many.

/// More than this is not summed one by one.
const TERMS_MAX: u32 = 100_000;

/// The probability of `count` or more when the mean is `mean` and the variance `mean + mean² · spread`.
pub(super) fn at_least(count: u32, mean: f64, spread: f64) -> f64 {
    if count == 0 {
        return 1.0;
    }
    if mean <= 0.0 {
        return 0.0;
    }
    let size = 1.0 / spread.max(1e-9);
    let count = count.min(TERMS_MAX);
    let log_ratio = (mean / (size + mean)).ln();
    // From the count upwards: terms fall faster than a geometric row once they are beyond the mean.
    if f64::from(count) <= mean {
        return 1.0 - sum(0, count, log_zero(mean, size), size, log_ratio);
    }
    let start = (0..count).fold(log_zero(mean, size), |log, at| {
        next(log, f64::from(at), size, log_ratio)
    });
    sum(count, u32::MAX, start, size, log_ratio).min(1.0)
}

/// ln of the probability of 0; for a tiny spread that of a Poisson distribution.
fn log_zero(mean: f64, size: f64) -> f64 {
    -size * (mean / size).ln_1p()
}

fn next(log: f64, at: f64, size: f64, log_ratio: f64) -> f64 {
    log + ((size + at) / (at + 1.0)).ln() + log_ratio
}

/// The terms from `from` to below `until`, the first of which has the logarithm `log`; those too small to matter are left out.
fn sum(from: u32, until: u32, mut log: f64, size: f64, log_ratio: f64) -> f64 {
    let mut sum = 0.0;
    let mut at = from;
    while at < until {
        let term = log.exp();
        sum += term;
        // Before the largest term they still grow.
        if at > from.saturating_add(TERMS_MAX) || (until == u32::MAX && term < sum * 1e-9) {
            break;
        }
        log = next(log, f64::from(at), size, log_ratio);
        at += 1;
    }
    sum
}
