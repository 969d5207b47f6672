//! The jobs, as a file names them.

use std::{collections::BTreeSet, path::Path};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use super::period::{Every, Period};

/// The longest name of a job.
const NAME_MAX: usize = 64;

/// A file of jobs, in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jobs {
    /// In the order in which they run.
    pub jobs: Vec<ReportJob>,
}

/// A job.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "WrittenJob")]
pub struct ReportJob {
    /// Its name, and that of its folder.
    pub name: String,
    /// What it asks.
    pub query: JobQuery,
    /// How often.
    pub every: Every,
    /// What is kept of the answer.
    pub formats: Vec<ReportFormat>,
    /// The first hour or day; the last that has ended when the job is first seen, if none is said.
    pub first: Option<Period>,
}

/// What a job asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobQuery {
    /// A statement. `$from` and `$to` in it are the beginning and the end of the hour or day.
    Sql(String),
    /// A named statement, filtered by the hour or day.
    Named(String),
}

/// In what an answer is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReportFormat {
    /// Parquet, compressed with zstd.
    Parquet,
    /// Text, with a line of names. A null is nothing and an empty text is `""`.
    Csv,
}

impl ReportFormat {
    /// The end of the file's name.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
        }
    }
}

/// As it stands in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenJob {
    name: String,
    sql: Option<String>,
    named: Option<String>,
    every: Every,
    #[serde(default = "both")]
    formats: BTreeSet<ReportFormat>,
    from: Option<String>,
}

fn both() -> BTreeSet<ReportFormat> {
    [ReportFormat::Parquet, ReportFormat::Csv].into()
}

impl TryFrom<WrittenJob> for ReportJob {
    type Error = String;

    fn try_from(written: WrittenJob) -> Result<Self, String> {
        let WrittenJob {
            name,
            sql,
            named,
            every,
            formats,
            from,
        } = written;
        let letters = name
            .bytes()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-' || c == b'_');
        let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
        if !letters || !begins || name.len() > NAME_MAX {
            return Err(format!(
                "{name:?} cannot be the name of a job: write up to {NAME_MAX} of a-z, 0-9, - and _, a letter or digit first"
            ));
        }
        let wrong = |problem: &str| format!("the job {name}: {problem}");
        let query = match (sql, named) {
            (Some(sql), None) => JobQuery::Sql(sql),
            (None, Some(named)) => JobQuery::Named(named),
            _ => return Err(wrong("write either sql or named")),
        };
        if formats.is_empty() {
            return Err(wrong(
                "formats is empty; write \"parquet\", \"csv\" or both",
            ));
        }
        let first = from.map(|from| every.beginning(&from)).transpose();
        Ok(Self {
            first: first.map_err(|e| wrong(&format!("from: {e}")))?,
            formats: formats.into_iter().collect(),
            name,
            query,
            every,
        })
    }
}

impl Jobs {
    /// Reads the file.
    ///
    /// # Errors
    /// When it cannot be read, or something in it is wrong; the error says where and what to write.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read the jobs in {}", file.display()))?;
        Self::parse(&text).with_context(|| format!("the jobs in {} are wrong", file.display()))
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let jobs: Self = serde_json::from_str(text)?;
        let mut names = BTreeSet::new();
        for job in &jobs.jobs {
            if !names.insert(&job.name) {
                bail!(
                    "two jobs are called {}; their reports would be in one folder",
                    job.name
                );
            }
        }
        if jobs.jobs.is_empty() {
            bail!(
                "there is none; write {{\"jobs\": [{{\"name\": \"…\", \"sql\": \"…\", \"every\": \"hour\"}}]}}"
            );
        }
        Ok(jobs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_are_read() {
        let jobs = Jobs::parse(
            r#"{"jobs": [
                {"name": "answers", "sql": "SELECT 1", "every": "hour"},
                {"name": "boards", "named": "boards_categories", "every": "day", "formats": ["csv"], "from": "2017-03-19"}
            ]}"#,
        )
        .expect("jobs");
        assert_eq!(
            jobs.jobs[0].formats,
            [ReportFormat::Parquet, ReportFormat::Csv]
        );
        assert_eq!(jobs.jobs[0].query, JobQuery::Sql("SELECT 1".to_owned()));
        assert_eq!(
            jobs.jobs[1].first.expect("a first").to_string(),
            "2017-03-19"
        );
    }

    #[test]
    fn what_is_wrong_is_refused_with_its_place() {
        for (text, says) in [
            (r#"{"jobs": []}"#, "there is none"),
            (
                r#"{"jobs": [{"name": "a", "sql": "x", "named": "y", "every": "hour"}]}"#,
                "either sql or named",
            ),
            (
                r#"{"jobs": [{"name": "a", "every": "hour"}]}"#,
                "either sql or named",
            ),
            (
                r#"{"jobs": [{"name": "../a", "sql": "x", "every": "hour"}]}"#,
                "cannot be the name",
            ),
            (
                r#"{"jobs": [{"name": "_schedule", "sql": "x", "every": "hour"}]}"#,
                "cannot be the name",
            ),
            (
                r#"{"jobs": [{"name": "a", "sql": "x", "every": "week"}]}"#,
                "line 1",
            ),
            (
                r#"{"jobs": [{"name": "a", "sql": "x", "every": "day", "form": "csv"}]}"#,
                "unknown field",
            ),
            (
                r#"{"jobs": [{"name": "a", "sql": "x", "every": "day", "formats": []}]}"#,
                "formats is empty",
            ),
            (
                r#"{"jobs": [{"name": "a", "sql": "x", "every": "day", "from": "2017"}]}"#,
                "from: ",
            ),
            (
                r#"{"jobs": [{"name": "a", "sql": "x", "every": "day"}, {"name": "a", "sql": "y", "every": "hour"}]}"#,
                "two jobs",
            ),
        ] {
            let error = format!("{:#}", Jobs::parse(text).expect_err(text));
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
