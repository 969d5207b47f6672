//! The text format of Prometheus, as much of it as is needed here.

use std::fmt::{Display, Write};

#[derive(Debug, Default)]
pub(super) struct Exposition {
    text: String,
    name: &'static str,
}

impl Exposition {
    /// Begins a family; its samples follow.
    pub(super) fn family(&mut self, name: &'static str, kind: &str, help: &str) -> &mut Self {
        self.name = name;
        self.line(format_args!("# HELP {name} {help}"));
        self.line(format_args!("# TYPE {name} {kind}"));
        self
    }

    pub(super) fn sample(&mut self, labels: &[(&str, &str)], value: impl Display) -> &mut Self {
        self.part("", labels, value)
    }

    /// A sample of a histogram: `_bucket`, `_sum`, `_count`.
    pub(super) fn part(
        &mut self,
        suffix: &str,
        labels: &[(&str, &str)],
        value: impl Display,
    ) -> &mut Self {
        self.text.push_str(self.name);
        self.text.push_str(suffix);
        for (index, (name, value)) in labels.iter().enumerate() {
            self.text.push(if index == 0 { '{' } else { ',' });
            self.text.push_str(name);
            self.text.push_str("=\"");
            self.escaped(value);
            self.text.push('"');
        }
        if !labels.is_empty() {
            self.text.push('}');
        }
        self.line(format_args!(" {value}"));
        self
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    /// Label values may be names of the user's or of upstream: they cannot end the line or the quotes.
    fn escaped(&mut self, value: &str) {
        for character in value.chars() {
            match character {
                '\\' => self.text.push_str("\\\\"),
                '"' => self.text.push_str("\\\""),
                '\n' => self.text.push_str("\\n"),
                other => self.text.push(other),
            }
        }
    }

    fn line(&mut self, what: std::fmt::Arguments<'_>) {
        writeln!(self.text, "{what}").expect("a String takes every character");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_cannot_forge_lines() {
        let mut exposition = Exposition::default();
        exposition
            .family("a_total", "counter", "What it is.")
            .sample(&[("source", "x\"} 9\nb_total 1\\")], 2)
            .sample(&[], 0.5);
        assert_eq!(
            exposition.finish(),
            "# HELP a_total What it is.\n# TYPE a_total counter\n\
             a_total{source=\"x\\\"} 9\\nb_total 1\\\\\"} 2\na_total 0.5\n"
        );
    }
}
