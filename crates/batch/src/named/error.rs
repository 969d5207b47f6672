//! Why filters are refused.

/// Filters that cannot be applied. Each names the filter and the way out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// No filter has that name.
    #[error(
        "there is no filter {0:?}: country, city, category, topic, response, venue, group, event, from and to are"
    )]
    Unknown(String),
    /// A value that is none of that filter.
    #[error("{filter}={value:?}: {wanted}")]
    Value {
        /// The filter.
        filter: &'static str,
        /// What was given.
        value: String,
        /// What it takes.
        wanted: &'static str,
    },
    /// A filter has more values than are taken.
    #[error("{filter} has more than {} values", super::filters::VALUES_MAX)]
    TooMany {
        /// The filter.
        filter: &'static str,
    },
    /// The end is not after the begin.
    #[error("to={to} is not after from={from}: no answer can lie between them")]
    Empty {
        /// The begin.
        from: String,
        /// The end.
        to: String,
    },
}
