//! Functions of real numbers, which fail where the engine's answer NaN or infinity.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray},
    datatypes::{DataType, Float64Type},
};
use datafusion::{
    error::{DataFusionError, Result},
    logical_expr::{
        ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
    },
};

use crate::sql::error::{SqlError, sqlstate};

/// The functions.
pub(super) const NAMES: [&str; 9] = [
    "acos", "acosh", "asin", "atanh", "exp", "ln", "log", "power", "sqrt",
];

/// One of them. All of its arguments are double precision.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Finite {
    name: &'static str,
    inner: Arc<ScalarUDF>,
    signature: Signature,
    aliases: Vec<String>,
}

impl Finite {
    pub(super) fn new(name: &'static str, inner: Arc<ScalarUDF>) -> Self {
        Self {
            name,
            aliases: inner.aliases().to_vec(),
            inner,
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for Finite {
    fn name(&self) -> &str {
        self.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let most = if matches!(self.name, "log" | "power") {
            2
        } else {
            1
        };
        let number = |data_type: &DataType| data_type.is_numeric() || data_type.is_null();
        if types.is_empty()
            || types.len() > most
            || !types.iter().all(number)
            || (self.name == "power" && types.len() != 2)
        {
            return Err(DataFusionError::External(Box::new(SqlError::new(
                sqlstate::UNDEFINED_FUNCTION,
                format!(
                    "{} wants {most} number{}",
                    self.name,
                    if most == 1 { "" } else { "s" }
                ),
            ))));
        }
        Ok(vec![DataType::Float64; types.len()])
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let given = args.args.clone();
        let result = self.inner.invoke_with_args(args)?;
        let arrays = ColumnarValue::values_to_arrays(&given)?;
        let made = result
            .clone()
            .into_array(if arrays.iter().all(|a| a.len() == 1) {
                1
            } else {
                rows
            })?;
        for row in 0..made.len() {
            if not_finite(&made, row) && !arrays.iter().any(|given| not_finite(given, row)) {
                return Err(DataFusionError::External(Box::new(self.outside())));
            }
        }
        Ok(result)
    }
}

fn not_finite(values: &ArrayRef, row: usize) -> bool {
    let Some(values) = values.as_primitive_opt::<Float64Type>() else {
        return false;
    };
    let row = if values.len() == 1 { 0 } else { row };
    values.is_valid(row) && !values.value(row).is_finite()
}

impl Finite {
    fn outside(&self) -> SqlError {
        let (state, what) = match self.name {
            "ln" | "log" => (
                "2201E",
                "cannot take the logarithm of 0 or of a number below 0".to_owned(),
            ),
            "sqrt" => (
                "2201F",
                "cannot take the square root of a number below 0".to_owned(),
            ),
            name => (
                sqlstate::OUT_OF_RANGE,
                format!("the argument or the result of {name} is out of range"),
            ),
        };
        SqlError::new(state, what)
    }
}
