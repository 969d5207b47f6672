//! Arguments by which a short statement makes a large answer: they must be there to be seen.

use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, ObjectName, UnaryOperator,
    Value,
};

use super::functions::name_of;
use crate::sql::error::{SqlError, sqlstate};

/// Characters that `repeat`, `lpad` and `rpad` may make, and rows that `generate_series` may.
pub const LARGEST: i64 = 1_000_000;

fn arguments(function: &Function) -> Vec<&Expr> {
    match &function.args {
        FunctionArguments::List(list) => expressions(&list.args),
        FunctionArguments::None | FunctionArguments::Subquery(_) => Vec::new(),
    }
}

fn expressions(arguments: &[FunctionArg]) -> Vec<&Expr> {
    let mut found = Vec::new();
    for argument in arguments {
        if let FunctionArg::Unnamed(FunctionArgExpr::Expr(expression)) = argument {
            found.push(expression);
        }
    }
    found
}

/// Checks the arguments of a function in an expression.
pub(super) fn check(function: &Function) -> Result<(), SqlError> {
    match name_of(&function.name).as_str() {
        "repeat" | "lpad" | "rpad" => made(function).map(|_| ()),
        "generate_series" => series(&arguments(function)),
        _ => Ok(()),
    }
}

/// Checks a function that stands after FROM.
pub(super) fn check_table(name: &ObjectName, arguments: &[FunctionArg]) -> Result<(), SqlError> {
    match name_of(name).as_str() {
        "generate_series" => series(&expressions(arguments)),
        "unnest" => Ok(()),
        other => Err(SqlError::new(
            sqlstate::NOT_ALLOWED,
            format!("{other}(…) cannot follow FROM; only generate_series and unnest can"),
        )),
    }
}

/// How many times as long as its text the result of a function can be: `repeat` within `repeat` multiplies.
fn made(function: &Function) -> Result<i64, SqlError> {
    let name = name_of(&function.name);
    let arguments = arguments(function);
    let Some(count) = arguments.get(1).and_then(|count| integer(count)) else {
        return Err(SqlError::new(
            sqlstate::NOT_ALLOWED,
            format!("the second argument of {name} must be a plain number, at most {LARGEST}"),
        ));
    };
    let mut most = count.max(1);
    let inner = arguments
        .first()
        .map(|text| within(text))
        .transpose()?
        .unwrap_or(1);
    most = if name == "repeat" {
        most.saturating_mul(inner)
    } else {
        most.max(inner)
    };
    if most > LARGEST {
        return Err(SqlError::new(
            sqlstate::LIMIT,
            format!("{name} would make a text of more than {LARGEST} characters"),
        ));
    }
    Ok(most)
}

/// As [`made`], for the text argument.
fn within(text: &Expr) -> Result<i64, SqlError> {
    match text {
        Expr::Function(function)
            if matches!(name_of(&function.name).as_str(), "repeat" | "lpad" | "rpad") =>
        {
            made(function)
        }
        Expr::Nested(inner) => within(inner),
        Expr::Cast { expr, .. } => within(expr),
        Expr::Value(value) => Ok(match &value.value {
            Value::SingleQuotedString(text) => i64::try_from(text.len()).unwrap_or(i64::MAX).max(1),
            _ => 1,
        }),
        _ => Ok(1),
    }
}

fn integer(expression: &Expr) -> Option<i64> {
    match expression {
        Expr::Value(value) => match &value.value {
            Value::Number(digits, _) => digits.parse().ok(),
            _ => None,
        },
        Expr::UnaryOp {
            op: UnaryOperator::Minus,
            expr,
        } => integer(expr).map(|number| -number),
        Expr::Nested(inner) => integer(inner),
        _ => None,
    }
}

/// A series of numbers has plain bounds and not too many rows. One of instants has as many rows as its time allows.
fn series(arguments: &[&Expr]) -> Result<(), SqlError> {
    let numbers: Vec<_> = arguments.iter().map(|argument| integer(argument)).collect();
    if let [Some(first), Some(last), rest @ ..] = numbers.as_slice() {
        let step = match rest {
            [] => Some(1),
            [step] => *step,
            _ => None,
        };
        let Some(step) = step.filter(|step| *step != 0) else {
            return Err(SqlError::new(
                sqlstate::INVALID_PARAMETER,
                "the step of generate_series must be a plain number other than 0",
            ));
        };
        let rows = (i128::from(*last) - i128::from(*first)) / i128::from(step) + 1;
        if rows > i128::from(LARGEST) {
            return Err(SqlError::new(
                sqlstate::LIMIT,
                format!("generate_series would make more than {LARGEST} rows"),
            ));
        }
        return Ok(());
    }
    if arguments.len() == 3 && arguments.iter().all(|argument| is_time(argument)) {
        return Ok(());
    }
    Err(SqlError::new(
        sqlstate::NOT_ALLOWED,
        "the bounds of generate_series must be plain numbers, or plain dates or timestamps with an INTERVAL",
    ))
}

fn is_time(expression: &Expr) -> bool {
    match expression {
        Expr::TypedString(_) | Expr::Interval(_) => true,
        Expr::Cast { expr, .. } => matches!(&**expr, Expr::Value(_)),
        _ => false,
    }
}
