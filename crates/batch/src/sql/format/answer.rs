//! The columns of an answer: PostgreSQL's types, whatever the engine computes with.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, IntervalMonthDayNanoArray, RecordBatch, StringArray},
    compute::{CastOptions, cast_with_options},
    datatypes::{
        DataType, DurationMicrosecondType, Field, IntervalMonthDayNano, IntervalUnit, Schema,
        SchemaRef, TimeUnit,
    },
};

use super::text;
use crate::sql::{
    error::{SqlError, sqlstate},
    request::AnswerColumn,
};

/// How batches of the engine become batches of an answer.
#[derive(Debug)]
pub(crate) struct AnswerSchema {
    /// Of the answer's batches.
    pub(crate) schema: SchemaRef,
    /// Names and PostgreSQL's types.
    pub(crate) columns: Vec<AnswerColumn>,
}

/// Marks a column of texts that are intervals: neither Parquet nor JSON has such a type.
const INTERVAL: &str = "interval";

impl AnswerSchema {
    pub(crate) fn of(engine: &Schema) -> Result<Self, SqlError> {
        let mut fields = Vec::new();
        let mut columns = Vec::new();
        for field in engine.fields() {
            let data_type = answered(field.data_type());
            let name = type_name(field.data_type()).ok_or_else(|| no_type(field))?;
            columns.push(AnswerColumn {
                name: field.name().clone(),
                column_type: name,
            });
            fields.push(Field::new(field.name(), data_type, true));
        }
        Ok(Self {
            schema: Arc::new(Schema::new(fields)),
            columns,
        })
    }

    /// Columns that are an answer's already.
    pub(crate) fn ready(schema: SchemaRef, columns: Vec<AnswerColumn>) -> Self {
        Self { schema, columns }
    }

    /// A column with the answer's type.
    pub(crate) fn column(&self, column: &ArrayRef, index: usize) -> Result<ArrayRef, SqlError> {
        convert(column, self.schema.field(index).data_type())
    }

    /// A batch with the answer's types.
    pub(crate) fn batch(&self, batch: &RecordBatch) -> Result<RecordBatch, SqlError> {
        let columns = batch.columns().iter().zip(self.schema.fields());
        let columns = columns
            .map(|(column, field)| convert(column, field.data_type()))
            .collect::<Result<_, _>>()?;
        let options =
            arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(self.schema.clone(), columns, &options).map_err(internal)
    }
}

fn internal(error: arrow::error::ArrowError) -> SqlError {
    SqlError::from(datafusion::error::DataFusionError::from(error))
}

fn no_type(field: &Field) -> SqlError {
    SqlError::new(
        sqlstate::NOT_SUPPORTED,
        format!(
            "the column {} is a {}, which PostgreSQL has no type for; name the parts of it that you want",
            field.name(),
            field.data_type()
        ),
    )
}

fn is_interval(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Interval(_) | DataType::Duration(_))
}

fn convert(column: &ArrayRef, to: &DataType) -> Result<ArrayRef, SqlError> {
    if column.data_type() == to {
        return Ok(column.clone());
    }
    if is_interval(column.data_type()) {
        let interval = DataType::Interval(IntervalUnit::MonthDayNano);
        let strict = CastOptions {
            safe: false,
            ..CastOptions::default()
        };
        let column = match column.data_type() {
            DataType::Duration(_) => days_and_time(column)?,
            _ => cast_with_options(column, &interval, &strict).map_err(internal)?,
        };
        let texts: StringArray = (0..column.len())
            .map(|row| text::interval(&column, row))
            .collect();
        return Ok(Arc::new(texts));
    }
    let strict = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    cast_with_options(column, to, &strict).map_err(|_| {
        SqlError::new(
            sqlstate::OUT_OF_RANGE,
            format!(
                "a value of the answer does not fit into {}",
                postgres_name(to).unwrap_or_default()
            ),
        )
    })
}

/// The type in which a type of the engine is answered.
fn answered(data_type: &DataType) -> DataType {
    let item = |field: &Arc<Field>| Arc::new(Field::new("item", answered(field.data_type()), true));
    match data_type {
        DataType::Int8 => DataType::Int16,
        DataType::UInt8 | DataType::UInt16 => DataType::Int32,
        DataType::UInt32 | DataType::UInt64 => DataType::Int64,
        DataType::Float16 | DataType::Float32 => DataType::Float64,
        DataType::Null | DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            DataType::Binary
        }
        DataType::Timestamp(_, zone) => {
            let utc = zone.as_ref().map(|_| "UTC".into());
            DataType::Timestamp(TimeUnit::Microsecond, utc)
        }
        DataType::Date64 => DataType::Date32,
        DataType::Time32(_) | DataType::Time64(_) => DataType::Time64(TimeUnit::Microsecond),
        DataType::Interval(_) | DataType::Duration(_) => DataType::Utf8,
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
            DataType::Decimal128(*precision, *scale)
        }
        DataType::Dictionary(_, values) => answered(values),
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::FixedSizeList(field, _) => DataType::List(item(field)),
        other => other.clone(),
    }
}

/// PostgreSQL's name of a type of the engine, as answers have it.
pub(crate) fn type_name(engine: &DataType) -> Option<String> {
    if is_interval(engine) {
        return Some(INTERVAL.to_owned());
    }
    postgres_name(&answered(engine))
}

/// PostgreSQL's name of a type of an answer.
fn postgres_name(data_type: &DataType) -> Option<String> {
    let name = match data_type {
        DataType::Boolean => "boolean",
        DataType::Int16 => "smallint",
        DataType::Int32 => "integer",
        DataType::Int64 => "bigint",
        DataType::Float64 => "double precision",
        DataType::Utf8 => "text",
        DataType::Binary => "bytea",
        DataType::Date32 => "date",
        DataType::Time64(_) => "time",
        DataType::Timestamp(_, Some(_)) => "timestamptz",
        DataType::Timestamp(_, None) => "timestamp",
        DataType::Decimal128(..) | DataType::Decimal256(..) => "numeric",
        DataType::List(field) => {
            let mut item = postgres_name(field.data_type())?;
            item.push_str("[]");
            return Some(item);
        }
        _ => return None,
    };
    Some(name.to_owned())
}

/// The difference of two instants as an interval: whole days of 24 hours are days, as PostgreSQL has them.
fn days_and_time(durations: &ArrayRef) -> Result<ArrayRef, SqlError> {
    const DAY_US: i64 = 86_400_000_000;
    let microseconds = DataType::Duration(TimeUnit::Microsecond);
    let durations =
        cast_with_options(durations, &microseconds, &CastOptions::default()).map_err(internal)?;
    let parts = durations.as_primitive::<DurationMicrosecondType>().iter();
    let intervals: IntervalMonthDayNanoArray = parts
        .map(|us| {
            us.map(|us| {
                let days = i32::try_from(us / DAY_US).unwrap_or(i32::MAX);
                IntervalMonthDayNano::new(0, days, (us % DAY_US) * 1000)
            })
        })
        .collect();
    Ok(Arc::new(intervals))
}
