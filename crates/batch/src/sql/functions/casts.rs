//! Casts to text, as PostgreSQL writes values.

use arrow::{
    array::{Array, ArrayRef, StringArray},
    datatypes::{DataType, Field, Schema},
};
use std::sync::Arc;

use datafusion::{
    error::{DataFusionError, Result},
    logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility},
};

use crate::sql::format::{AnswerSchema, postgres_text};

/// `x::text` of what the engine writes otherwise: doubles, instants, intervals, lists.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct TextOf {
    signature: Signature,
}

impl TextOf {
    pub(super) fn new() -> Self {
        Self {
            signature: Signature::any(1, Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for TextOf {
    fn name(&self) -> &str {
        "text_of"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let array = ColumnarValue::values_to_arrays(&args.args)?.remove(0);
        let external = |error| DataFusionError::External(Box::new(error));
        let schema = Schema::new(vec![Field::new("value", array.data_type().clone(), true)]);
        let answer = AnswerSchema::of(&schema).map_err(external)?;
        let column: ArrayRef = answer.column(&array, 0).map_err(external)?;
        let texts: StringArray = (0..column.len())
            .map(|row| postgres_text(&column, row))
            .collect();
        Ok(ColumnarValue::Array(Arc::new(texts)))
    }
}

/// Whether the engine writes values of a type otherwise than PostgreSQL.
pub(super) fn written_otherwise(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Float64
            | DataType::Float32
            | DataType::Timestamp(..)
            | DataType::Interval(_)
            | DataType::Duration(_)
            | DataType::List(_)
            | DataType::Time64(_)
    )
}
