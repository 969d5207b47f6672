//! What is wrong with the text of a mapping.

use std::fmt;

/// One mistake, where it is and the way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub problem: String,
    /// What to write instead.
    pub remedy: String,
}

/// All mistakes of a text, in the order of their lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mistakes(pub Vec<Mistake>);

impl fmt::Display for Mistakes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, mistake) in self.0.iter().enumerate() {
            if at > 0 {
                out.write_str("\n")?;
            }
            let Mistake {
                line,
                problem,
                remedy,
            } = mistake;
            write!(out, "line {line}: {problem}; {remedy}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}
