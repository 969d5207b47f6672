//! Figures as text for people.

use std::fmt::Write;

use headcount_clock::date_of;
use headcount_engine::Summary;

/// A summary as a few short tables.
pub(crate) fn summary(summary: &Summary) -> String {
    let mut out = String::new();
    let mut line = |name: &str, value: String| {
        let _ = writeln!(out, "{name:<12} {value}");
    };
    let rate = if summary.rsvps == 0 {
        "-".to_owned()
    } else {
        format!("{:.1} %", summary.yes as f64 * 100.0 / summary.rsvps as f64)
    };
    line("RSVPs", number(summary.rsvps));
    line("yes", format!("{} ({rate})", number(summary.yes)));
    line("no", number(summary.no));
    line(
        "heads",
        format!(
            "{} with {} guests",
            number(summary.heads),
            number(summary.guests)
        ),
    );
    line("events", number(summary.events));
    line("groups", number(summary.groups));
    line("venues", number(summary.venues));
    if let Some(members) = summary.members {
        line("members", number(members));
    }
    line("cities", number(summary.cities));
    line("countries", number(summary.countries));
    line("topics", number(summary.topics));
    let kinds = &summary.kinds;
    line(
        "records",
        format!(
            "{}: {} new, {} replaced, {} repeated or stale",
            number(summary.records),
            number(kinds.new),
            number(kinds.replaced),
            number(kinds.ignored)
        ),
    );
    for (feed, total) in &summary.feeds {
        if &**feed != "rsvps" {
            line(
                feed,
                format!(
                    "{} in {} records",
                    number(total.unique),
                    number(total.records)
                ),
            );
        }
    }
    list(
        &mut out,
        "Top cities",
        summary.top_cities_yes.iter().map(|(key, yes)| {
            (
                key.split('|')
                    .filter(|part| !part.is_empty())
                    .collect::<Vec<_>>()
                    .join(", "),
                *yes,
            )
        }),
    );
    list(
        &mut out,
        "Top topics",
        summary
            .top_topics_yes
            .iter()
            .map(|(key, yes)| (key.to_string(), *yes)),
    );
    refused(&mut out, summary);
    out
}

fn list(out: &mut String, title: &str, rows: impl Iterator<Item = (String, u64)>) {
    let mut rows = rows.take(5).peekable();
    if rows.peek().is_some() {
        let _ = writeln!(out, "\n{title} (yes)");
    }
    for (name, count) in rows {
        let _ = writeln!(out, "{:>9}  {}", number(count), plain(&name));
    }
}

fn refused(out: &mut String, summary: &Summary) {
    if summary.malformed > 0 {
        let _ = writeln!(out, "\nRefused: {}", number(summary.malformed));
        for (reason, count) in &summary.ledger.all.rejected {
            let _ = writeln!(out, "{:>9}  {reason}", number(*count));
        }
    }
    if summary.ledger.all.repaired > 0 {
        out.push_str(&repaired_line(summary.ledger.all.repaired));
    }
    if summary.ledger.all.blanked > 0 {
        let _ = writeln!(
            out,
            "{:>9}  values masked that are not known (new fields of the source?)",
            number(summary.ledger.all.blanked)
        );
    }
    for (reason, count) in &summary.ledger.all.tally.quarantined {
        let _ = writeln!(out, "{:>9}  kept but not counted: {reason}", number(*count));
    }
    if !summary.ledger.balanced {
        let _ = writeln!(
            out,
            "\nThe ledger does not balance. Run \"headcount verify --data DIR\"."
        );
    }
}

/// How many records were repaired, as a line of a table.
pub(crate) fn repaired_line(repaired: u64) -> String {
    format!(
        "{:>9}  kept with half an emoji repaired\n",
        number(repaired)
    )
}

/// A number with commas between thousands.
pub(crate) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A time in ms since 1970 as ISO 8601, to the second, UTC.
pub(crate) fn time(ms: i64) -> String {
    let seconds = ms.div_euclid(1000);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = date_of(days);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Upstream text for a terminal: no control characters that could move the cursor.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        for (value, expected) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(number(value), expected);
        }
    }

    #[test]
    fn a_time_is_told_in_utc() {
        for (ms, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399_999, "2000-02-28T23:59:59Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"),
            (1_489_925_470_960, "2017-03-19T12:11:10Z"),
            (4_102_444_799_999, "2099-12-31T23:59:59Z"),
        ] {
            assert_eq!(time(ms), expected);
        }
    }

    #[test]
    fn upstream_text_cannot_drive_the_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\n"), "a\u{fffd}[2Jb\u{fffd}");
    }
}
