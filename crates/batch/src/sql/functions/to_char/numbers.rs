//! Patterns of numbers: digits (`9`, `0`), a point (`.`, `D`), groups (`,`, `G`), and `FM`.

use super::refused;
use crate::sql::error::SqlError;

/// A place of a pattern before the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DigitPlace {
    /// A digit, or a blank where there is none.
    Nine,
    /// A digit, or 0 where there is none.
    Zero,
    /// A comma between digits.
    Group,
}

/// A pattern of numbers.
#[derive(Debug)]
pub(super) struct NumberPattern {
    fill: bool,
    whole: Vec<DigitPlace>,
    point: bool,
    fraction: Vec<DigitPlace>,
}

impl NumberPattern {
    /// # Errors
    /// If it has anything but digits, groups and a point.
    pub(super) fn parse(text: &str) -> Result<Self, SqlError> {
        let (fill, rest) = match text.get(..2) {
            Some(head) if head.eq_ignore_ascii_case("FM") => (false, &text[2..]),
            _ => (true, text),
        };
        let mut pattern = Self {
            fill,
            whole: Vec::new(),
            point: false,
            fraction: Vec::new(),
        };
        for c in rest.chars() {
            let place = match c {
                '9' => DigitPlace::Nine,
                '0' => DigitPlace::Zero,
                ',' | 'G' | 'g' if !pattern.point => DigitPlace::Group,
                '.' | 'D' | 'd' if !pattern.point => {
                    pattern.point = true;
                    continue;
                }
                _ => {
                    return Err(refused(format!(
                        "to_char of a number knows 9, 0, a comma, a point and FM in front, as in 'FM999,990.00'; not {text}"
                    )));
                }
            };
            if pattern.point {
                &mut pattern.fraction
            } else {
                &mut pattern.whole
            }
            .push(place);
        }
        Ok(pattern)
    }

    pub(super) fn write_double(&self, number: f64) -> String {
        if !number.is_finite() {
            return "#".repeat(self.whole.len().max(1));
        }
        let text = format!("{:.*}", self.fraction.len(), number.abs());
        let zero = text.chars().all(|c| matches!(c, '0' | '.'));
        self.write(number < 0.0 && !zero, &text)
    }

    /// A number of so many digits after its point.
    pub(super) fn write_decimal(&self, number: i128, scale: i8) -> String {
        let scale = usize::try_from(scale).unwrap_or(0);
        let mut digits = number.unsigned_abs();
        if scale > self.fraction.len() {
            let unit = 10_u128.pow(u32::try_from(scale - self.fraction.len()).unwrap_or(0));
            digits = digits / unit + u128::from(digits % unit * 2 >= unit);
        }
        let known = scale.min(self.fraction.len());
        let text = format!("{digits:0width$}", width = known + 1);
        let (whole, fraction) = text.split_at(text.len() - known);
        let text = format!("{whole}.{fraction:0<width$}", width = self.fraction.len());
        self.write(number < 0 && digits > 0, &text)
    }

    /// `text` is the number without its sign, with as many digits after the point as the pattern has.
    fn write(&self, negative: bool, text: &str) -> String {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let whole = whole.trim_start_matches('0');
        let places = self
            .whole
            .iter()
            .filter(|place| **place != DigitPlace::Group)
            .count();
        let overflow = whole.len() > places;
        let mut out = if overflow {
            self.hashes()
        } else {
            self.whole_part(whole, fraction.is_empty())
        };
        // The sign stands before the first digit; without one there is a blank.
        let first = out.find(|c| c != ' ').unwrap_or(out.len());
        out.insert(first, if negative { '-' } else { ' ' });
        if !negative {
            // The blank of the sign goes in front of all.
            out.remove(first);
            out.insert(0, ' ');
        }
        if self.point {
            out.push('.');
            let shown: String = if overflow {
                "#".repeat(self.fraction.len())
            } else {
                fraction.to_owned()
            };
            out.push_str(self.trimmed(&shown));
        }
        if self.fill {
            out
        } else {
            out.trim_start_matches(' ').to_owned()
        }
    }

    /// With `FM`, zeros at the end go where the pattern has nines.
    fn trimmed<'a>(&self, fraction: &'a str) -> &'a str {
        if self.fill {
            return fraction;
        }
        let least = self
            .fraction
            .iter()
            .rposition(|place| *place == DigitPlace::Zero)
            .map_or(0, |at| at + 1);
        let kept = fraction.trim_end_matches('0').len().max(least);
        &fraction[..kept.min(fraction.len())]
    }

    fn hashes(&self) -> String {
        let shown = |place: &DigitPlace| {
            if *place == DigitPlace::Group {
                ','
            } else {
                '#'
            }
        };
        self.whole.iter().map(shown).collect()
    }

    fn whole_part(&self, digits: &str, last_zero: bool) -> String {
        let places = self
            .whole
            .iter()
            .filter(|place| **place != DigitPlace::Group)
            .count();
        let mut missing = places - digits.len();
        let mut digits = digits.chars();
        let mut begun = false;
        let mut out = String::new();
        for (at, place) in self.whole.iter().enumerate() {
            let last = !self.whole[at + 1..]
                .iter()
                .any(|place| *place != DigitPlace::Group);
            match place {
                DigitPlace::Group => out.push_str(if begun {
                    ","
                } else if self.fill {
                    " "
                } else {
                    ""
                }),
                _ if missing == 0 => {
                    begun = true;
                    out.extend(digits.next());
                }
                place => {
                    missing -= 1;
                    begun |= *place == DigitPlace::Zero;
                    // A zero alone is shown, unless digits follow the point.
                    out.push(if begun || (last && last_zero) {
                        '0'
                    } else {
                        ' '
                    });
                }
            }
        }
        out
    }
}
