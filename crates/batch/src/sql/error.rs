//! Why a statement has no answer.

use datafusion::{
    common::SchemaError, error::DataFusionError, sql::sqlparser::parser::ParserError,
};
use serde::{Deserialize, Serialize};

/// Why a statement has no answer, as PostgreSQL would say it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct SqlError {
    /// Five characters of PostgreSQL's appendix A.
    pub sqlstate: String,
    /// What happened, and the way out.
    pub message: String,
    /// The character of the statement at which it was seen, from 1 on.
    pub position: Option<u64>,
}

/// The codes that are used here.
pub mod sqlstate {
    /// `feature_not_supported`
    pub const NOT_SUPPORTED: &str = "0A000";
    /// `numeric_value_out_of_range`
    pub const OUT_OF_RANGE: &str = "22003";
    /// `datetime_field_overflow`
    pub const TIME_OUT_OF_RANGE: &str = "22008";
    /// `division_by_zero`
    pub const DIVISION_BY_ZERO: &str = "22012";
    /// `invalid_parameter_value`
    pub const INVALID_PARAMETER: &str = "22023";
    /// A regular expression that is none, or too large.
    pub const INVALID_REGULAR_EXPRESSION: &str = "2201B";
    /// `invalid_text_representation`
    pub const INVALID_TEXT: &str = "22P02";
    /// `read_only_sql_transaction`
    pub const READ_ONLY: &str = "25006";
    /// `insufficient_privilege`
    pub const NOT_ALLOWED: &str = "42501";
    /// `syntax_error`
    pub const SYNTAX: &str = "42601";
    /// `ambiguous_column`
    pub const AMBIGUOUS_COLUMN: &str = "42702";
    /// `undefined_column`
    pub const UNDEFINED_COLUMN: &str = "42703";
    /// `datatype_mismatch`
    pub const TYPE_MISMATCH: &str = "42804";
    /// `undefined_function`
    pub const UNDEFINED_FUNCTION: &str = "42883";
    /// `undefined_table`
    pub const UNDEFINED_TABLE: &str = "42P01";
    /// `out_of_memory`
    pub const OUT_OF_MEMORY: &str = "53200";
    /// `too_many_connections`
    pub const TOO_MANY: &str = "53300";
    /// `program_limit_exceeded`
    pub const LIMIT: &str = "54000";
    /// `statement_too_complex`
    pub const TOO_COMPLEX: &str = "54001";
    /// `query_canceled`
    pub const CANCELED: &str = "57014";
    /// `cannot_connect_now`
    pub const NO_WORKER: &str = "57P03";
    /// `system_error`
    pub const SYSTEM: &str = "58000";
    /// `internal_error`
    pub const INTERNAL: &str = "XX000";
}

use sqlstate as state;

impl SqlError {
    /// An error without a position.
    pub fn new(sqlstate: &str, message: impl Into<String>) -> Self {
        Self {
            sqlstate: sqlstate.to_owned(),
            message: message.into(),
            position: None,
        }
    }

    /// The same error, seen at a character of the statement, from 1 on.
    #[must_use]
    pub fn at(mut self, position: u64) -> Self {
        self.position = Some(position);
        self
    }

    /// The status of an HTTP answer that says so.
    #[must_use]
    pub fn http_status(&self) -> u16 {
        match self.sqlstate.as_str() {
            state::CANCELED => 408,
            state::OUT_OF_MEMORY => 413,
            state::TOO_MANY => 429,
            state::NO_WORKER => 503,
            state::SYSTEM | state::INTERNAL => 500,
            _ => 400,
        }
    }
}

impl From<DataFusionError> for SqlError {
    fn from(error: DataFusionError) -> Self {
        match error {
            DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => {
                Self::from(*inner)
            }
            DataFusionError::Shared(inner) => Self::described(&inner),
            DataFusionError::Collection(mut errors) if !errors.is_empty() => {
                Self::from(errors.swap_remove(0))
            }
            DataFusionError::External(inner) => match inner.downcast::<Self>() {
                Ok(ours) => *ours,
                Err(inner) => Self::of_text(&inner.to_string()),
            },
            DataFusionError::ArrowError(error, _) => Self::from_arrow(*error),
            other => Self::described(&other),
        }
    }
}

impl SqlError {
    /// An error of Arrow; those of our functions travel inside one.
    fn from_arrow(error: arrow::error::ArrowError) -> Self {
        use arrow::error::ArrowError;
        match error {
            ArrowError::ExternalError(inner) => match inner.downcast::<Self>() {
                Ok(ours) => *ours,
                Err(inner) => match inner.downcast::<DataFusionError>() {
                    Ok(inner) => Self::from(*inner),
                    Err(inner) => Self::of_text(&inner.to_string()),
                },
            },
            ArrowError::DivideByZero => Self::new(state::DIVISION_BY_ZERO, "division by zero"),
            ArrowError::ArithmeticOverflow(what) => Self::new(state::OUT_OF_RANGE, what),
            other => Self::of_text(&strip(&other.to_string())),
        }
    }

    /// An error that cannot be taken apart, by what it is and says.
    fn described(error: &DataFusionError) -> Self {
        let root = error.find_root();
        if let DataFusionError::External(inner) = root
            && let Some(ours) = inner.downcast_ref::<Self>()
        {
            return ours.clone();
        }
        let text = strip(&root.strip_backtrace());
        match root {
            DataFusionError::SQL(parser, _) => Self::syntax(parser),
            DataFusionError::SchemaError(schema, _) => Self::new(schema_state(schema), text),
            DataFusionError::ResourcesExhausted(_) => Self::out_of_memory(),
            DataFusionError::NotImplemented(_) if !is_out_of_place(&text) => {
                Self::new(state::NOT_SUPPORTED, text)
            }
            DataFusionError::IoError(_) | DataFusionError::ObjectStore(_) => {
                Self::new(state::SYSTEM, text)
            }
            DataFusionError::Internal(_)
                if !is_outer_reference(&text) && !text.contains("Regular expression") =>
            {
                Self::new(state::INTERNAL, text)
            }
            _ => Self::of_text(&text),
        }
    }

    /// What the parser says, with the place that it names.
    #[must_use]
    pub fn syntax(error: &ParserError) -> Self {
        match error {
            ParserError::RecursionLimitExceeded => Self::new(
                state::TOO_COMPLEX,
                "the statement is nested too deeply; split it with WITH",
            ),
            ParserError::TokenizerError(text) | ParserError::ParserError(text) => {
                Self::new(state::SYNTAX, text.clone())
            }
        }
    }

    /// The memory of one statement is used up.
    #[must_use]
    pub fn out_of_memory() -> Self {
        Self::new(
            state::OUT_OF_MEMORY,
            "the statement needs more memory than one statement may have. Group before you count distinct texts, \
             collect lists or sort; or select fewer columns and rows",
        )
    }

    fn of_text(text: &str) -> Self {
        let text = strip(text);
        let lower = text.to_lowercase();
        if is_outer_reference(&text) {
            return Self::new(
                state::NOT_SUPPORTED,
                "a subquery, or a LATERAL one, refers to a column outside of it in a way that cannot be turned into \
                 a join; write it as a join, or with GROUP BY or a window function",
            );
        }
        if is_out_of_place(&text) {
            return Self::new(
                state::NOT_SUPPORTED,
                "EXISTS and IN with a query can only stand after WHERE; elsewhere compare with \
                 (SELECT count(*) FROM …)",
            );
        }
        // What a function of ours says of its arguments travels as text.
        if let Some((_, told)) = text.split_once("coercion failed with: External error: ") {
            let told = told.split(" No function matches").next().unwrap_or(told);
            return Self::new(state::NOT_SUPPORTED, told.trim_end_matches('.'));
        }
        let code = if lower.contains("divide by zero") || lower.contains("division by zero") {
            return Self::new(state::DIVISION_BY_ZERO, "division by zero");
        } else if lower.contains("cannot take square root") {
            "2201F"
        } else if lower.contains("cannot take logarithm") {
            "2201E"
        } else if lower.contains("resources exhausted") || lower.contains("memory allocation") {
            return Self::out_of_memory();
        } else if lower.contains("overflow")
            || lower.contains("out of range")
            || lower.contains("too large to store")
        {
            state::OUT_OF_RANGE
        } else if lower.contains("cannot cast string")
            || lower.contains("error parsing")
            || lower.contains("parser error")
        {
            state::INVALID_TEXT
        } else if lower.contains("regular expression") || lower.contains("compiledtoobig") {
            state::INVALID_REGULAR_EXPRESSION
        } else if lower.contains("can't cast value") {
            state::OUT_OF_RANGE
        } else if lower.contains("table '") && lower.ends_with("not found") {
            state::UNDEFINED_TABLE
        } else if lower.contains("invalid function") {
            state::UNDEFINED_FUNCTION
        } else if lower.contains("cannot coerce")
            || lower.contains("cannot infer common")
            || lower.contains("no function matches")
            || lower.contains("coercion")
        {
            state::TYPE_MISMATCH
        } else {
            state::SYNTAX
        };
        Self::new(code, text)
    }
}

fn schema_state(error: &SchemaError) -> &'static str {
    match error {
        SchemaError::FieldNotFound { .. } => state::UNDEFINED_COLUMN,
        _ => state::AMBIGUOUS_COLUMN,
    }
}

/// A query within an expression, where no join can take its place.
fn is_out_of_place(text: &str) -> bool {
    text.contains("does not support logical expression")
}

fn is_outer_reference(text: &str) -> bool {
    text.contains("OuterReferenceColumn") || text.contains("outer_ref(")
}

/// Without the names of the library's layers in front, and without its advice to report a bug behind.
fn strip(text: &str) -> String {
    let mut text = text.trim();
    while let Some((layer, rest)) = text.split_once(": ") {
        let known = layer.ends_with(" error") || layer == "type_coercion" || layer == "External";
        if !known {
            break;
        }
        text = rest;
    }
    text.split(".\nThis issue was likely")
        .next()
        .unwrap_or(text)
        .trim()
        .to_owned()
}
