//! The functions that plans name, with PostgreSQL's meaning, on every machine of a cluster.

use std::{collections::HashMap, sync::Arc};

use ballista_core::registry::BallistaFunctionRegistry;
use datafusion::{
    common::{DataFusionError, Result},
    execution::{FunctionRegistry, SessionState, SessionStateBuilder},
    logical_expr::{AggregateUDF, ScalarUDF, WindowUDF},
    prelude::{SessionConfig, SessionContext},
};

use crate::sql::functions::with_postgres_meaning;

/// The functions of a session, each once.
///
/// A session keeps a function under its name and under further names. When one is replaced, the old one stays under those
/// further names; and when a session is made from another, as Ballista does, whichever comes last gets the name. So only
/// what has its own name is taken over.
pub(super) struct Functions {
    scalar: Vec<Arc<ScalarUDF>>,
    aggregate: Vec<Arc<AggregateUDF>>,
    window: Vec<Arc<WindowUDF>>,
}

impl Functions {
    /// DataFusion's, with PostgreSQL's meaning.
    ///
    /// # Errors
    /// If a function that is to be replaced is missing.
    pub(super) fn new() -> Result<Self> {
        let state = SessionStateBuilder::new().with_default_features();
        let state = with_postgres_meaning(state)
            .map_err(|error| DataFusionError::External(error.into()))?;
        Ok(Self {
            scalar: own_names(state.scalar_functions(), ScalarUDF::name),
            aggregate: own_names(state.aggregate_functions(), AggregateUDF::name),
            window: own_names(state.window_functions(), WindowUDF::name),
        })
    }

    /// Makes them known by their names, in place of others of the same names.
    pub(super) fn register(self, session: &mut SessionContext) -> Result<()> {
        for function in self.scalar {
            FunctionRegistry::register_udf(session, function)?;
        }
        for function in self.aggregate {
            FunctionRegistry::register_udaf(session, function)?;
        }
        for function in self.window {
            FunctionRegistry::register_udwf(session, function)?;
        }
        Ok(())
    }

    /// What an executor knows.
    pub(super) fn of_executors() -> Result<BallistaFunctionRegistry> {
        let functions = Self::new()?;
        let mut registry = BallistaFunctionRegistry::default();
        for function in functions.scalar {
            let name = function.name().to_owned();
            registry.scalar_functions.insert(name, function);
        }
        for function in functions.aggregate {
            let name = function.name().to_owned();
            registry.aggregate_functions.insert(name, function);
        }
        for function in functions.window {
            let name = function.name().to_owned();
            registry.window_functions.insert(name, function);
        }
        Ok(registry)
    }
}

fn own_names<F>(functions: &HashMap<String, Arc<F>>, name: impl Fn(&F) -> &str) -> Vec<Arc<F>> {
    let own = functions
        .iter()
        .filter(|(key, function)| *key == name(function));
    own.map(|(_, function)| Arc::clone(function)).collect()
}

/// A session of the scheduler's, in which it plans a statement that a client has analysed: it knows the functions, and
/// does not put them in a second time.
pub(super) fn scheduler_session(config: SessionConfig) -> Result<SessionState> {
    let functions = Functions::new()?;
    Ok(SessionStateBuilder::new()
        .with_config(config)
        .with_default_features()
        .with_optimizer_rules(ballista_core::optimizer::ballista_default_optimizer_rules())
        .with_scalar_functions(functions.scalar)
        .with_aggregate_functions(functions.aggregate)
        .with_window_functions(functions.window)
        .build())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A session that is made from another has the same functions, however often: hash maps have no order.
    #[test]
    fn a_replaced_function_does_not_come_back_under_its_name() {
        let ours = Functions::new().expect("the functions");
        let ours = ours
            .scalar
            .iter()
            .find(|function| function.name() == "to_char");
        let ours = ours.expect("to_char");
        for _ in 0..50 {
            let state = scheduler_session(SessionConfig::new()).expect("a session");
            let again = SessionStateBuilder::new_from_existing(state).build();
            let found = &again.scalar_functions()["to_char"];
            assert_eq!(
                format!("{:?}", found.signature()),
                format!("{:?}", ours.signature())
            );
        }
    }
}
