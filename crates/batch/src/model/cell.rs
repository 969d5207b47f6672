//! The values of columns, and how they enter Arrow arrays and PostgreSQL's COPY.

use std::{fmt::Write, sync::Arc};

use arrow::{
    array::{
        ArrayBuilder, BooleanBuilder, Float64Builder, Int32Builder, Int64Builder, StringBuilder,
        TimestampMicrosecondBuilder,
    },
    datatypes::{DataType, Field, TimeUnit},
    temporal_conversions::timestamp_us_to_datetime,
};

/// What the values of a column are. Each has a type in Delta, Arrow, PostgreSQL and DataFusion that all of their readers
/// agree on: signed integers, no dictionary, timestamps in microseconds of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// UTF-8 without U+0000, which PostgreSQL refuses.
    Text,
    /// 64 bits, signed.
    Long,
    /// 32 bits, signed.
    Int,
    /// Never NaN or infinite: statistics and filters disagree about those.
    Double,
    /// True or false.
    Boolean,
    /// An instant.
    Time,
}

impl ColumnType {
    /// The type in Arrow and Delta.
    #[must_use]
    pub fn arrow(self) -> DataType {
        match self {
            Self::Text => DataType::Utf8,
            Self::Long => DataType::Int64,
            Self::Int => DataType::Int32,
            Self::Double => DataType::Float64,
            Self::Boolean => DataType::Boolean,
            Self::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        }
    }

    /// The type in PostgreSQL, by the name that `information_schema` gives it, but for the time.
    #[must_use]
    pub const fn postgres(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Long => "bigint",
            Self::Int => "integer",
            Self::Double => "double precision",
            Self::Boolean => "boolean",
            Self::Time => "timestamptz",
        }
    }
}

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What its values are.
    pub column_type: ColumnType,
    /// Whether a row may lack it.
    pub nullable: bool,
}

impl Column {
    /// The field of Arrow schemas.
    #[must_use]
    pub fn field(&self) -> Field {
        Field::new(self.name, self.column_type.arrow(), self.nullable)
    }
}

/// A value that a column can hold.
pub trait Cell {
    /// The column's type.
    const TYPE: ColumnType;
    /// Whether it may be absent.
    const NULLABLE: bool = false;
    /// What gathers such values into an array.
    type Builder: ArrayBuilder;

    /// An empty builder, for an array of the type above.
    fn builder() -> Self::Builder;

    /// Adds the value to an array.
    fn append(&self, builder: &mut Self::Builder);

    /// Adds the value to a line of PostgreSQL's COPY in text format, escaped as it wants.
    fn copy(&self, out: &mut String);
}

/// An instant, in milliseconds since 1970, as records have it; tables hold microseconds.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct Time(pub i64);

/// 1678-01-01 to 2261-12-31, in ms since 1970: what a 64-bit count of nanoseconds holds. Some reader of every table counts so.
const TIMES: std::ops::Range<i64> = -9_214_560_000_000..9_214_646_400_000;

impl Time {
    /// The instant, unless no reader could show it.
    #[must_use]
    pub fn within_reach(ms: i64) -> Option<Self> {
        TIMES.contains(&ms).then_some(Self(ms))
    }
}

/// A number that is one: neither NaN nor infinite.
#[must_use]
pub fn finite(number: f64) -> Option<f64> {
    number.is_finite().then_some(number)
}

impl Cell for Arc<str> {
    const TYPE: ColumnType = ColumnType::Text;
    type Builder = StringBuilder;

    fn builder() -> StringBuilder {
        StringBuilder::new()
    }

    fn append(&self, builder: &mut StringBuilder) {
        builder.append_value(self);
    }

    fn copy(&self, out: &mut String) {
        for character in self.chars() {
            match character {
                '\\' => out.push_str("\\\\"),
                '\t' => out.push_str("\\t"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                other => out.push(other),
            }
        }
    }
}

/// Values that Arrow and COPY take as they are.
macro_rules! plain {
    ($($type:ty: $column:ident, $builder:ident;)*) => {$(
        impl Cell for $type {
            const TYPE: ColumnType = ColumnType::$column;
            type Builder = $builder;

            fn builder() -> $builder {
                $builder::new()
            }

            fn append(&self, builder: &mut $builder) {
                builder.append_value(*self);
            }

            fn copy(&self, out: &mut String) {
                let _ = write!(out, "{self}");
            }
        }
    )*};
}

plain! {
    i64: Long, Int64Builder;
    i32: Int, Int32Builder;
    f64: Double, Float64Builder;
    bool: Boolean, BooleanBuilder;
}

impl Cell for Time {
    const TYPE: ColumnType = ColumnType::Time;
    type Builder = TimestampMicrosecondBuilder;

    fn builder() -> TimestampMicrosecondBuilder {
        TimestampMicrosecondBuilder::new().with_timezone("UTC")
    }

    fn append(&self, builder: &mut TimestampMicrosecondBuilder) {
        builder.append_value(self.0.saturating_mul(1000));
    }

    fn copy(&self, out: &mut String) {
        let us = self.0.saturating_mul(1000);
        if let Some(at) = timestamp_us_to_datetime(us) {
            let _ = write!(out, "{at}+00");
        }
    }
}

/// What can be absent: the array's builder takes a null, and COPY writes `\N`.
macro_rules! optional {
    ($($type:ty),*) => {$(
        impl Cell for Option<$type> {
            const TYPE: ColumnType = <$type as Cell>::TYPE;
            const NULLABLE: bool = true;
            type Builder = <$type as Cell>::Builder;

            fn builder() -> Self::Builder {
                <$type as Cell>::builder()
            }

            fn append(&self, builder: &mut Self::Builder) {
                match self {
                    Some(value) => value.append(builder),
                    None => builder.append_null(),
                }
            }

            fn copy(&self, out: &mut String) {
                match self {
                    Some(value) => value.copy(out),
                    None => out.push_str("\\N"),
                }
            }
        }
    )*};
}

optional!(Arc<str>, i64, i32, f64, bool, Time);
