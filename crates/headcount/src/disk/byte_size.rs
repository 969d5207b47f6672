//! Numbers of bytes as people write them: `20GiB`.

use std::{fmt, str::FromStr};

/// Units by name, the longer names first, so that none is taken for the end of another.
const UNITS: [(&str, u64); 9] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("B", 1),
];

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ByteSize(pub(crate) u64);

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (digits, unit) = UNITS
            .iter()
            .find_map(|(name, unit)| Some((text.strip_suffix(name)?, *unit)))
            .unwrap_or((text, 1));
        let number: u64 = digits.trim_end().parse().map_err(|_| {
            format!("{text:?} is not a size; write one such as 20GiB, 500MB or 4096")
        })?;
        let bytes = number.checked_mul(unit);
        bytes
            .map(Self)
            .ok_or_else(|| format!("{text:?} is more than any disk holds"))
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = UNITS[..4].iter().rev().find(|(_, unit)| self.0 >= *unit);
        match unit {
            Some((name, unit)) => write!(out, "{:.1} {name}", self.0 as f64 / *unit as f64),
            None => write!(out, "{} bytes", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_read_as_people_write_it_and_what_is_none_is_refused() {
        for (text, bytes) in [
            ("0", 0),
            ("4096", 4_096),
            ("7B", 7),
            ("20GiB", 20 << 30),
            ("3 MiB", 3 << 20),
            ("500MB", 500_000_000),
        ] {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
        }
        for text in ["", "GiB", "-1", "1.5GiB", "20gib", "30d", "99999999TiB"] {
            let said = text.parse::<ByteSize>().expect_err(text);
            assert!(said.contains(text), "{said}");
        }
    }

    #[test]
    fn a_size_is_shown_in_its_greatest_unit() {
        for (bytes, shown) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1536, "1.5 KiB"),
            (20 << 30, "20.0 GiB"),
        ] {
            assert_eq!(ByteSize(bytes).to_string(), shown);
        }
    }
}
