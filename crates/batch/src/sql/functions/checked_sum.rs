//! Sums of integers and numerics that fail where the engine's would wrap.
//!
//! They are summed in 128 bits, so that the order of the rows does not decide whether a sum is out of range: only the
//! whole sum must fit.

use std::{mem::size_of, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, AsArray, BooleanArray, Decimal128Array, Int64Array},
    datatypes::{DataType, Decimal128Type, Field, FieldRef, Int64Type},
};
use datafusion::{
    common::ScalarValue,
    error::{DataFusionError, Result},
    logical_expr::{
        Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, ReversedUDAF,
        Signature,
        function::{AccumulatorArgs, StateFieldsArgs},
        utils::AggregateOrderSensitivity,
    },
};

use crate::sql::error::{SqlError, sqlstate};

/// `sum`.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct CheckedSum {
    inner: Arc<AggregateUDF>,
}

impl CheckedSum {
    pub(super) fn new(inner: Arc<AggregateUDF>) -> Self {
        Self { inner }
    }
}

/// Whether sums of a type are made here.
fn ours(data_type: &DataType, distinct: bool) -> bool {
    !distinct && matches!(data_type, DataType::Int64 | DataType::Decimal128(..))
}

/// The type of a sum that is not whole.
fn state(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Decimal128(_, scale) => DataType::Decimal128(38, *scale),
        _ => DataType::Decimal128(38, 0),
    }
}

impl AggregateUDFImpl for CheckedSum {
    fn name(&self) -> &str {
        "sum"
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(types)
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let to = args.return_field.data_type();
        if ours(to, args.is_distinct) {
            return Ok(Box::new(Sum {
                to: to.clone(),
                sum: 0,
                rows: 0,
            }));
        }
        self.inner.accumulator(args)
    }

    fn create_sliding_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn Accumulator>> {
        if ours(args.return_field.data_type(), args.is_distinct) {
            return self.accumulator(args);
        }
        self.inner.create_sliding_accumulator(args)
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let to = args.return_field.data_type();
        if !ours(to, args.is_distinct) {
            return self.inner.state_fields(args);
        }
        let field = |part: &str, data_type| {
            Arc::new(Field::new(
                format!("{}[{part}]", args.name),
                data_type,
                true,
            ))
        };
        Ok(vec![
            field("sum", state(to)),
            field("rows", DataType::Int64),
        ])
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        !args.is_distinct
    }

    fn create_groups_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        let to = args.return_field.data_type();
        if ours(to, args.is_distinct) {
            return Ok(Box::new(GroupSums {
                to: to.clone(),
                sums: Vec::new(),
                rows: Vec::new(),
            }));
        }
        self.inner.create_groups_accumulator(args)
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(types)
    }
}

fn too_large() -> DataFusionError {
    DataFusionError::External(Box::new(SqlError::new(
        sqlstate::OUT_OF_RANGE,
        "bigint out of range: the sum does not fit; sum a numeric, such as x::numeric",
    )))
}

/// The values as numbers of 128 bits.
fn numbers(values: &ArrayRef) -> Box<dyn Fn(usize) -> Option<i128> + '_> {
    if let Some(values) = values.as_primitive_opt::<Int64Type>() {
        return Box::new(|row| values.is_valid(row).then(|| i128::from(values.value(row))));
    }
    let values = values.as_primitive::<Decimal128Type>();
    Box::new(|row| values.is_valid(row).then(|| values.value(row)))
}

/// The greatest number of 38 digits.
const MOST: i128 = 10_i128.pow(38) - 1;

/// A sum as a value of its type; none where there was no row.
fn value(to: &DataType, sum: i128, rows: i64) -> Result<ScalarValue> {
    let sum = (rows > 0).then_some(sum);
    match to {
        DataType::Decimal128(precision, scale) => match sum {
            Some(sum) if sum.abs() > MOST => Err(too_large()),
            sum => Ok(ScalarValue::Decimal128(sum, *precision, *scale)),
        },
        _ => {
            let sum = sum
                .map(i64::try_from)
                .transpose()
                .map_err(|_| too_large())?;
            Ok(ScalarValue::Int64(sum))
        }
    }
}

/// The sum of one group, or of a window that slides.
#[derive(Debug)]
struct Sum {
    to: DataType,
    sum: i128,
    rows: i64,
}

impl Accumulator for Sum {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let number = numbers(&values[0]);
        for number in (0..values[0].len()).filter_map(number) {
            self.sum = self.sum.checked_add(number).ok_or_else(too_large)?;
            self.rows += 1;
        }
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let number = numbers(&values[0]);
        for number in (0..values[0].len()).filter_map(number) {
            self.sum = self.sum.checked_sub(number).ok_or_else(too_large)?;
            self.rows -= 1;
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        value(&self.to, self.sum, self.rows)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![
            value(&state(&self.to), self.sum, 1)?,
            ScalarValue::Int64(Some(self.rows)),
        ])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let rows = states[1].as_primitive::<Int64Type>();
        let sum = numbers(&states[0]);
        for state in 0..rows.len() {
            self.sum = self
                .sum
                .checked_add(sum(state).unwrap_or(0))
                .ok_or_else(too_large)?;
            self.rows += rows.value(state);
        }
        Ok(())
    }

    fn size(&self) -> usize {
        size_of::<Self>()
    }
}

/// The sums of many groups.
struct GroupSums {
    to: DataType,
    sums: Vec<i128>,
    rows: Vec<i64>,
}

impl GroupSums {
    fn add(&mut self, group: usize, number: i128, rows: i64) -> Result<()> {
        self.sums[group] = self.sums[group].checked_add(number).ok_or_else(too_large)?;
        self.rows[group] += rows;
        Ok(())
    }

    fn grow(&mut self, groups: usize) {
        self.sums.resize(groups, 0);
        self.rows.resize(groups, 0);
    }
}

impl GroupsAccumulator for GroupSums {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.grow(total);
        let number = numbers(&values[0]);
        for (row, group) in groups.iter().enumerate() {
            let kept = filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row));
            if let (true, Some(number)) = (kept, number(row)) {
                self.add(*group, number, 1)?;
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        let (sums, rows) = (
            emit.take_needed(&mut self.sums),
            emit.take_needed(&mut self.rows),
        );
        let pairs = sums.into_iter().zip(rows);
        let values = pairs.map(|(sum, rows)| value(&self.to, sum, rows));
        let values: Vec<ScalarValue> = values.collect::<Result<_>>()?;
        if values.is_empty() {
            return Ok(arrow::array::new_empty_array(&self.to));
        }
        ScalarValue::iter_to_array(values)
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let (sums, rows) = (
            emit.take_needed(&mut self.sums),
            emit.take_needed(&mut self.rows),
        );
        Ok(vec![
            partial(&self.to, sums.into_iter().map(Some).collect())?,
            Arc::new(Int64Array::from(rows)),
        ])
    }

    fn merge_batch(&mut self, values: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.grow(total);
        let sum = numbers(&values[0]);
        let rows = values[1].as_primitive::<Int64Type>();
        for (state, group) in groups.iter().enumerate() {
            self.add(*group, sum(state).unwrap_or(0), rows.value(state))?;
        }
        Ok(())
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let number = numbers(&values[0]);
        let kept =
            |row: &usize| filter.is_none_or(|filter| filter.is_valid(*row) && filter.value(*row));
        let numbers = (0..values[0].len()).map(|row| kept(&row).then(|| number(row)).flatten());
        let numbers: Vec<_> = numbers.collect();
        let rows: Int64Array = numbers
            .iter()
            .map(|number| Some(i64::from(number.is_some())))
            .collect();
        Ok(vec![partial(&self.to, numbers)?, Arc::new(rows)])
    }

    fn size(&self) -> usize {
        self.sums.capacity() * size_of::<i128>() + self.rows.capacity() * size_of::<i64>()
    }
}

fn partial(to: &DataType, sums: Vec<Option<i128>>) -> Result<ArrayRef> {
    Ok(Arc::new(
        Decimal128Array::from(sums).with_data_type(state(to)),
    ))
}
