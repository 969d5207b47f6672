//! The functions that plans name, with PostgreSQL's meaning, on every machine of a cluster.

use std::{collections::HashMap, sync::Arc};

use ballista_core::registry::BallistaFunctionRegistry;
use datafusion::{
    common::{DataFusionError, Result},
    execution::{SessionState, SessionStateBuilder},
    logical_expr::{AggregateUDF, ScalarUDF, WindowUDF},
    prelude::{SessionConfig, SessionContext},
};

use crate::sql::functions::with_postgres_meaning;

/// The functions of a session.
pub(super) struct Functions {
    scalar: HashMap<String, Arc<ScalarUDF>>,
    aggregate: HashMap<String, Arc<AggregateUDF>>,
    window: HashMap<String, Arc<WindowUDF>>,
}

impl Functions {
    pub(super) fn of(state: &SessionState) -> Self {
        Self {
            scalar: state.scalar_functions().clone(),
            aggregate: state.aggregate_functions().clone(),
            window: state.window_functions().clone(),
        }
    }

    /// Ballista puts its own in place of those of a session that is made a client of a cluster: here they come back.
    pub(super) fn register(self, session: &SessionContext) {
        for function in self.scalar.into_values() {
            session.register_udf(function.as_ref().clone());
        }
        for function in self.aggregate.into_values() {
            session.register_udaf(function.as_ref().clone());
        }
        for function in self.window.into_values() {
            session.register_udwf(function.as_ref().clone());
        }
    }

    /// What an executor knows.
    pub(super) fn of_executors() -> BallistaFunctionRegistry {
        let state = SessionStateBuilder::new().with_default_features();
        let state = with_postgres_meaning(state).expect("the functions of this build are the same at every start");
        let functions = Self::of(&state);
        let mut registry = BallistaFunctionRegistry::default();
        registry.scalar_functions.extend(functions.scalar);
        registry.aggregate_functions.extend(functions.aggregate);
        registry.window_functions.extend(functions.window);
        registry
    }
}

/// A session of the scheduler's, in which it plans a statement that a client has analysed.
pub(super) fn scheduler_session(config: SessionConfig) -> Result<SessionState> {
    let state = SessionStateBuilder::new()
        .with_config(config)
        .with_default_features()
        .with_optimizer_rules(ballista_core::optimizer::ballista_default_optimizer_rules());
    with_postgres_meaning(state).map_err(|error| DataFusionError::External(Box::new(error)))
}
