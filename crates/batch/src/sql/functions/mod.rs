//! PostgreSQL's meaning of functions and operators, where the engine answers otherwise without saying so.
//!
//! `docs/sql.md` lists them, and every line of its tables is a test. [`syntax`] changes what is written, before it is
//! planned; [`rewrite`] changes expressions whose types are known; the other files are the functions that it puts in.

mod arithmetic;
mod casts;
mod checked_sum;
mod date_part;
mod finite;
mod instants;
mod intervals;
mod rewrite;
mod rounding;
mod similar;
pub(crate) mod syntax;
mod time_zone;
mod to_char;
mod to_timestamp;

use std::sync::Arc;

use datafusion::{
    execution::{FunctionRegistry, SessionState, SessionStateBuilder},
    logical_expr::{AggregateUDF, ScalarUDF},
};

use super::error::SqlError;

/// Gives functions and operators the meaning that they have in PostgreSQL.
///
/// # Errors
/// If a function that is to be replaced is missing.
pub fn with_postgres_meaning(builder: SessionStateBuilder) -> Result<SessionState, SqlError> {
    let mut state = builder.build();
    let mut functions = vec![
        ScalarUDF::from(casts::TextOf::new()),
        ScalarUDF::from(date_part::DatePartOf::new()),
        ScalarUDF::from(instants::InstantOf::zoned()),
        ScalarUDF::from(instants::InstantOf::local()),
        ScalarUDF::from(intervals::Microseconds::new()),
        ScalarUDF::from(intervals::DaysBetween::new()),
        ScalarUDF::from(rounding::WholeNumber::new()),
        ScalarUDF::from(rounding::RoundEven::new()),
        ScalarUDF::from(time_zone::TimeZone::new()),
        ScalarUDF::from(to_char::ToChar::new()),
        ScalarUDF::from(to_timestamp::ToTimestamp::new()),
    ];
    functions.extend(arithmetic::all().into_iter().map(ScalarUDF::from));
    for name in finite::NAMES {
        let inner = state.udf(name)?;
        functions.push(ScalarUDF::from(finite::Finite::new(name, inner)));
    }
    // Under their names, so that plans that go to other processes find them there.
    for function in functions {
        state.register_udf(Arc::new(function))?;
    }
    let sum = state.udaf("sum")?;
    state.register_udaf(Arc::new(AggregateUDF::from(checked_sum::CheckedSum::new(
        sum,
    ))))?;
    let meaning = rewrite::Meaning::of(&state)?;
    state.register_function_rewrite(Arc::new(meaning))?;
    Ok(state)
}
