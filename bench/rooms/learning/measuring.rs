//! Processor time and memory of this process, and figures as lines of JSON.
#![allow(clippy::unwrap_used, unreachable_pub)]

/// Processor time of this process so far, in seconds.
pub fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    // The name in parentheses may hold spaces; user and system time are the 12th and 13th fields after it, in 1/100 s.
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

/// The most memory that this process has had, in MB.
pub fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<f64>()
        .unwrap()
        / 1024.0
}

/// Prints one figure.
pub fn figure(model: &str, variant: &str, fold: Option<u64>, measure: &str, value: f64) {
    let line = serde_json::json!({
        "model": model, "variant": variant, "fold": fold, "measure": measure, "value": value,
    });
    println!("{line}");
}
