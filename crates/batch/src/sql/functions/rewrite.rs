//! Expressions whose types are known, turned into those that mean what PostgreSQL means.

use std::{collections::HashMap, sync::Arc};

use super::{arithmetic, casts, finite, similar};
use crate::sql::error::{SqlError, sqlstate};
use arrow::datatypes::{DataType, TimeUnit};
use datafusion::{
    common::{DFSchema, ScalarValue, config::ConfigOptions, tree_node::Transformed},
    error::{DataFusionError, Result},
    execution::{FunctionRegistry, SessionState},
    logical_expr::{
        Between, BinaryExpr, Cast, Expr, ExprSchemable, Operator, ScalarUDF,
        expr::{Like, ScalarFunction},
        expr_rewriter::FunctionRewrite,
    },
};

/// The rewriting, with the functions that it puts in.
#[derive(Debug)]
pub(super) struct Meaning {
    functions: HashMap<&'static str, Arc<ScalarUDF>>,
}

/// Functions that take the place of the engine's of the same name, also where the engine put those in by itself.
const REPLACED: [&str; 3] = ["date_part", "to_char", "to_timestamp"];
const OURS: [&str; 7] = [
    "text_of",
    "timestamptz_of",
    "timestamp_of",
    "interval_microseconds",
    "days_between",
    "whole_number",
    "round_even",
];

const INSTANT: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

fn instant(zone: Option<Arc<str>>) -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, zone)
}

fn refused(state: &str, message: impl Into<String>) -> DataFusionError {
    DataFusionError::External(Box::new(SqlError::new(state, message)))
}

impl Meaning {
    /// Looks up the functions by the names under which they are registered.
    pub(super) fn of(state: &SessionState) -> Result<Self> {
        let arithmetic = [
            Operator::Plus,
            Operator::Minus,
            Operator::Multiply,
            Operator::Divide,
            Operator::Modulo,
        ];
        let arithmetic = arithmetic.into_iter().filter_map(arithmetic::name);
        let names = REPLACED
            .into_iter()
            .chain(OURS)
            .chain(finite::NAMES)
            .chain(arithmetic);
        let functions = names.map(|name| Ok((name, state.udf(name)?)));
        Ok(Self {
            functions: functions.collect::<Result<_>>()?,
        })
    }

    fn call(&self, name: &str, args: Vec<Expr>) -> Result<Expr> {
        let function = self.functions.get(name);
        let function = function
            .ok_or_else(|| DataFusionError::Internal(format!("there is no function {name}")))?;
        Ok(Expr::ScalarFunction(ScalarFunction::new_udf(
            function.clone(),
            args,
        )))
    }

    fn operator(&self, binary: BinaryExpr, schema: &DFSchema) -> Result<Expr> {
        let BinaryExpr { left, op, right } = binary;
        let keep = |left, right| Ok(Expr::BinaryExpr(BinaryExpr { left, op, right }));
        let (Ok(lt), Ok(rt)) = (left.get_type(schema), right.get_type(schema)) else {
            return keep(left, right);
        };
        if let Some(name) = arithmetic::name(op) {
            if arithmetic::common(op, &lt, &rt).is_some() {
                return match *left {
                    Expr::ScalarFunction(mut call)
                        if call.func.name() == name && arithmetic::chains(op, &lt, &rt) =>
                    {
                        call.args.push(*right);
                        Ok(Expr::ScalarFunction(call))
                    }
                    left => self.call(name, vec![left, *right]),
                };
            }
            return self.dates(BinaryExpr { left, op, right }, (&lt, &rt));
        }
        if op == Operator::StringConcat {
            let (left, right) = (self.as_text(*left, &lt)?, self.as_text(*right, &rt)?);
            return keep(Box::new(left), Box::new(right));
        }
        let compares = op.supports_propagation()
            || matches!(
                op,
                Operator::NotEq | Operator::IsDistinctFrom | Operator::IsNotDistinctFrom
            );
        if compares && is_interval(&lt) && is_interval(&rt) {
            let left = self.call("interval_microseconds", vec![*left])?;
            let right = self.call("interval_microseconds", vec![*right])?;
            return keep(Box::new(left), Box::new(right));
        }
        if compares {
            let (left, right) = (self.as_instant(*left, &rt)?, self.as_instant(*right, &lt)?);
            return keep(Box::new(left), Box::new(right));
        }
        keep(left, right)
    }

    /// Arithmetic with dates.
    fn dates(&self, binary: BinaryExpr, types: (&DataType, &DataType)) -> Result<Expr> {
        let BinaryExpr { left, op, right } = binary;
        match (types, op) {
            ((DataType::Date32, DataType::Date32), Operator::Minus) => {
                self.call("days_between", vec![*left, *right])
            }
            // A day and hours are an instant: the engine would drop the hours.
            ((DataType::Date32, other), _) if is_interval(other) => {
                let left = Expr::Cast(Cast::new(left, INSTANT));
                Ok(Expr::BinaryExpr(BinaryExpr {
                    left: Box::new(left),
                    op,
                    right,
                }))
            }
            ((other, DataType::Date32), Operator::Plus) if is_interval(other) => {
                let right = Expr::Cast(Cast::new(right, INSTANT));
                Ok(Expr::BinaryExpr(BinaryExpr {
                    left,
                    op,
                    right: Box::new(right),
                }))
            }
            ((DataType::Date32, number), Operator::Plus | Operator::Minus)
                if number.is_integer() =>
            {
                let day = Expr::Cast(Cast::new(left, DataType::Int32));
                let name = arithmetic::name(op).unwrap_or_default();
                let sum = self.call(
                    name,
                    vec![day, Expr::Cast(Cast::new(right, DataType::Int32))],
                )?;
                Ok(Expr::Cast(Cast::new(Box::new(sum), DataType::Date32)))
            }
            _ => Ok(Expr::BinaryExpr(BinaryExpr { left, op, right })),
        }
    }

    fn as_text(&self, expr: Expr, data_type: &DataType) -> Result<Expr> {
        // Lists are put together by the same operator.
        if casts::written_otherwise(data_type) && !matches!(data_type, DataType::List(_)) {
            return self.call("text_of", vec![expr]);
        }
        Ok(expr)
    }

    fn cast(&self, cast: Cast, schema: &DFSchema) -> Result<Expr> {
        let to = cast.field.data_type().clone();
        let Ok(from) = cast.expr.get_type(schema) else {
            return Ok(Expr::Cast(cast));
        };
        let fractional = from.is_floating() || matches!(from, DataType::Decimal128(..));
        if to.is_integer() && fractional {
            let number = if from.is_floating() {
                Expr::Cast(Cast::new(cast.expr, DataType::Float64))
            } else {
                *cast.expr
            };
            let whole = self.call("whole_number", vec![number])?;
            return Ok(Expr::Cast(Cast::new(Box::new(whole), to)));
        }
        if is_text(&to) && casts::written_otherwise(&from) {
            return self.call("text_of", vec![*cast.expr]);
        }
        let time = |data_type: &DataType| data_type.is_temporal() && !is_interval(data_type);
        if (to.is_integer() && time(&from)) || (time(&to) && from.is_numeric()) {
            return Err(refused(
                "42846",
                format!(
                    "cannot cast {from} to {to}; use extract(epoch FROM …) or to_timestamp(seconds)"
                ),
            ));
        }
        if let (DataType::Timestamp(_, zone), true) = (&to, is_text(&from)) {
            return self.instant_of(*cast.expr, zone.is_some());
        }
        // The engine counts nanoseconds, which end in the year 2262.
        if let DataType::Timestamp(TimeUnit::Nanosecond, zone) = &to {
            return Ok(Expr::Cast(Cast::new(cast.expr, instant(zone.clone()))));
        }
        Ok(Expr::Cast(cast))
    }

    fn instant_of(&self, text: Expr, zoned: bool) -> Result<Expr> {
        self.call(
            if zoned {
                "timestamptz_of"
            } else {
                "timestamp_of"
            },
            vec![text],
        )
    }

    /// A plain text that is compared with an instant is one.
    fn as_instant(&self, expr: Expr, other: &DataType) -> Result<Expr> {
        match (&expr, other) {
            (Expr::Literal(value, _), DataType::Timestamp(_, zone))
                if is_text(&value.data_type()) =>
            {
                let zoned = zone.is_some();
                self.instant_of(expr, zoned)
            }
            _ => Ok(expr),
        }
    }

    fn between(&self, between: Between, schema: &DFSchema) -> Result<Expr> {
        let Ok(of) = between.expr.get_type(schema) else {
            return Ok(Expr::Between(between));
        };
        Ok(Expr::Between(Between {
            low: Box::new(self.as_instant(*between.low, &of)?),
            high: Box::new(self.as_instant(*between.high, &of)?),
            ..between
        }))
    }

    fn function(&self, function: ScalarFunction, schema: &DFSchema) -> Result<Expr> {
        let ScalarFunction { func, args } = function;
        let name = func.name();
        if REPLACED.contains(&name) {
            return self.call(name, args);
        }
        let types: Vec<_> = args.iter().map(|arg| arg.get_type(schema).ok()).collect();
        match (name, types.as_slice()) {
            (name, _) if finite::NAMES.contains(&name) => return self.call(name, args),
            ("round", [Some(one)]) if one.is_floating() || one.is_integer() => {
                let number = args
                    .into_iter()
                    .map(|arg| Expr::Cast(Cast::new(Box::new(arg), DataType::Float64)));
                return self.call("round_even", number.collect());
            }
            ("concat" | "concat_ws", types) => {
                let texts = args.into_iter().zip(types);
                let texts = texts.map(|(arg, data_type)| match data_type {
                    Some(data_type) => self.as_text(arg, data_type),
                    None => Ok(arg),
                });
                let args = texts.collect::<Result<_>>()?;
                return Ok(Expr::ScalarFunction(ScalarFunction { func, args }));
            }
            _ => {}
        }
        let call = Expr::ScalarFunction(ScalarFunction { func, args });
        // Such as now(), date_bin and date_trunc.
        match call.get_type(schema) {
            Ok(DataType::Timestamp(TimeUnit::Nanosecond, zone)) => {
                Ok(Expr::Cast(Cast::new(Box::new(call), instant(zone))))
            }
            _ => Ok(call),
        }
    }

    fn similar(like: Like) -> Result<Expr> {
        let pattern = match &*like.pattern {
            Expr::Literal(value, _) => value.try_as_str().flatten().map(str::to_owned),
            _ => None,
        };
        let pattern = pattern.ok_or_else(|| {
            refused(sqlstate::NOT_SUPPORTED, "the pattern of SIMILAR TO must be a plain text; or use ~ with a regular expression")
        })?;
        let regex = similar::regex(&pattern, like.escape_char);
        let regex = regex.map_err(|error| DataFusionError::External(Box::new(error)))?;
        let op = if like.negated {
            Operator::RegexNotMatch
        } else {
            Operator::RegexMatch
        };
        let regex = Expr::Literal(ScalarValue::Utf8(Some(regex)), None);
        Ok(Expr::BinaryExpr(BinaryExpr {
            left: like.expr,
            op,
            right: Box::new(regex),
        }))
    }
}

/// A number such as 1e15, which the engine reads as 1 with fifteen zeros cut off, as a number with its zeros.
fn plain(value: ScalarValue) -> ScalarValue {
    let ScalarValue::Decimal128(Some(number), _, scale @ ..0) = value else {
        return value;
    };
    let zeros = u32::from(scale.unsigned_abs());
    let most = 10_i128.pow(38);
    match 10_i128
        .checked_pow(zeros)
        .and_then(|unit| number.checked_mul(unit))
        .filter(|whole| whole.abs() < most)
    {
        Some(whole) => ScalarValue::Decimal128(Some(whole), 38, 0),
        None => ScalarValue::Float64(format!("{number}e{zeros}").parse().ok()),
    }
}

fn is_text(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
    )
}

fn is_interval(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Interval(_) | DataType::Duration(_))
}

fn ours(name: &str) -> bool {
    name.starts_with("checked_") || OURS.contains(&name) || REPLACED.contains(&name)
}

/// What the engine counts without a sign is a bigint: a difference of two ranks may be below zero.
fn signed(expr: Expr, schema: &DFSchema) -> Expr {
    // These stand in nodes of their own, which want them bare; who refers to them gets them signed.
    if matches!(
        expr,
        Expr::AggregateFunction(_) | Expr::WindowFunction(_) | Expr::Alias(_) | Expr::Literal(..)
    ) {
        return expr;
    }
    // No function of ours counts without a sign, and to ask for the type of a long chain takes long.
    if matches!(&expr, Expr::ScalarFunction(call) if ours(call.func.name())) {
        return expr;
    }
    match expr.get_type(schema) {
        Ok(data_type) if data_type.is_unsigned_integer() => {
            Expr::Cast(Cast::new(Box::new(expr), DataType::Int64))
        }
        _ => expr,
    }
}

impl FunctionRewrite for Meaning {
    fn name(&self) -> &str {
        "PostgreSQL's meaning"
    }

    fn rewrite(
        &self,
        expr: Expr,
        schema: &DFSchema,
        _: &ConfigOptions,
    ) -> Result<Transformed<Expr>> {
        let meant = match expr {
            Expr::BinaryExpr(binary) => self.operator(binary, schema)?,
            Expr::Cast(cast) => self.cast(cast, schema)?,
            Expr::ScalarFunction(function) => self.function(function, schema)?,
            Expr::SimilarTo(like) => Self::similar(like)?,
            Expr::Between(between) => self.between(between, schema)?,
            Expr::Literal(value, metadata) => Expr::Literal(plain(value), metadata),
            other => other,
        };
        Ok(Transformed::yes(signed(meant, schema)))
    }
}
