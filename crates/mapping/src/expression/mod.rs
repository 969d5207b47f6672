//! Expressions where a path does not do, in the language of `jq`, by the interpreter of `jaq`.
//!
//! The interpreter itself has no bound, so ours is twofold. An expression defines nothing, and of the functions that it may
//! use none repeats: so whatever it does again it does for another item of a value. And the values are
//! [ours](value::JaqItem): they count the steps, and once these are used up they have no items any more. So a run ends, and
//! always after the same steps: what is made of a record does not depend on how quick the machine is.

mod functions;
mod steps;
mod value;

use std::{fmt, sync::Arc};

use headcount_record::Reason;
use jaq_core::{
    Compiler, Ctx, Filter, Vars,
    data::JustLut,
    load::{Arena, File, Loader},
};
use serde_json::Value;

use self::{steps::Steps, value::JaqItem};

/// Bytes of an expression's text at most.
const CODE_BYTES_MAX: usize = 1000;
/// Values that one run gives at most.
const OUTPUTS_MAX: usize = 10_000;

/// A compiled expression.
#[derive(Clone)]
pub(crate) struct Expression {
    code: Arc<str>,
    filter: Arc<Filter<JustLut<JaqItem>>>,
}

/// Why an expression gives no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExpressionFailure {
    /// It takes more steps, or gives more, than it may.
    Limit,
    /// It fails, as at the index of a number.
    Failed,
}

impl ExpressionFailure {
    /// The reason for a field.
    pub(crate) const fn reason(self, name: &'static str) -> Reason {
        match self {
            Self::Limit => Reason::Limit(name),
            Self::Failed => Reason::Failed(name),
        }
    }
}

impl Expression {
    /// Compiles an expression.
    ///
    /// # Errors
    /// What is wrong with it, as part of a sentence.
    pub(crate) fn parse(code: &str) -> Result<Self, String> {
        if code.len() > CODE_BYTES_MAX {
            return Err(format!("it has more than {CODE_BYTES_MAX} bytes"));
        }
        let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
        if code
            .split(|letter| !is_word(letter))
            .any(|word| word == "def")
        {
            return Err("it has the word def".to_owned());
        }
        let arena = Arena::default();
        let program = File { code, path: () };
        let modules = Loader::new(functions::defined())
            .load(&arena, program)
            .map_err(|_| "it is no expression of jq".to_owned())?;
        let compiler = Compiler::default().with_funs(functions::native());
        let filter = compiler.compile(modules).map_err(|errors| {
            let unknown = errors.iter().flat_map(|(_, errors)| errors);
            let names: Vec<_> = unknown.map(|(name, _)| format!("{name:?}")).collect();
            format!("there is no {} here", names.join(", "))
        })?;
        Ok(Self {
            code: code.into(),
            filter: Arc::new(filter),
        })
    }

    /// The first value that it gives, if it is not `null`.
    ///
    /// # Errors
    /// When it fails before that, or takes too many steps.
    pub(crate) fn first(&self, input: &Value) -> Result<Option<Value>, ExpressionFailure> {
        let first = self.run(input, 1)?.into_iter().next();
        Ok(first.filter(|value| !value.is_null()))
    }

    /// All values that it gives.
    ///
    /// # Errors
    /// When it fails, takes too many steps, or gives too many values.
    pub(crate) fn all(&self, input: &Value) -> Result<Vec<Value>, ExpressionFailure> {
        let all = self.run(input, OUTPUTS_MAX + 1)?;
        (all.len() <= OUTPUTS_MAX)
            .then_some(all)
            .ok_or(ExpressionFailure::Limit)
    }

    fn run(&self, input: &Value, most: usize) -> Result<Vec<Value>, ExpressionFailure> {
        Steps::begin();
        let context = Ctx::<JustLut<JaqItem>>::new(&self.filter.lut, Vars::new([]));
        let outputs = self.filter.id.run((context, JaqItem::of(input)));
        let mut values = Vec::new();
        for output in outputs.take(most) {
            let value = output.ok().and_then(|item| item.to_value());
            // Used up, an error may have been caught and a list cut short: nothing of it means anything.
            if Steps::are_used_up() {
                return Err(ExpressionFailure::Limit);
            }
            values.push(value.ok_or(ExpressionFailure::Failed)?);
        }
        match Steps::are_used_up() {
            true => Err(ExpressionFailure::Limit),
            false => Ok(values),
        }
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Expression({:?})", self.code)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn all(code: &str, input: &Value) -> Result<Vec<Value>, ExpressionFailure> {
        Expression::parse(code).expect("an expression").all(input)
    }

    #[test]
    fn what_paths_cannot_do_it_does() {
        let event = json!({"tags": [["d", "x"], ["a", "31923:p:e"], ["a", "31925:q:f"]], "n": 3, "name": "Tea"});
        for (code, expected) in [
            (
                r#".tags[] | select(.[0] == "a") | .[1]"#,
                json!(["31923:p:e", "31925:q:f"]),
            ),
            (
                r#"first(.tags[] | select(.[0] == "a")) | .[1] | split(":") | .[2]"#,
                json!(["e"]),
            ),
            (r#"if .n > 2 then "many" else "few" end"#, json!(["many"])),
            (r#"[.tags[][0]] | length"#, json!([3])),
            (
                r#".nothing // .name | ascii_downcase | "\(.)!""#,
                json!(["tea!"]),
            ),
            (
                r#"{who: .name, n: (.n + 1)}"#,
                json!([{"who": "Tea", "n": 4}]),
            ),
            ("empty", json!([])),
            (
                "[.tags[] | .[1] | ltrimstr(\"31923:\")] | .[1]",
                json!(["p:e"]),
            ),
            ("any(.tags[]; .[1] == \"x\")", json!([true])),
            (".name.x? // 5", json!([5])),
            ("reduce .tags[] as $t (0; . + 1)", json!([3])),
            ("\"12\" | tonumber", json!([12])),
        ] {
            assert_eq!(all(code, &event).map(Value::from), Ok(expected), "{code}");
        }
        assert_eq!(all(".name.x", &event), Err(ExpressionFailure::Failed));
    }

    #[test]
    fn it_ends_whatever_it_says() {
        let record = json!({"list": vec![1; 1000], "text": "x".repeat(1000)});
        let deep = "[.list[] as $a | .list[] as $b | .list[] as $c | .list[] as $d | empty]";
        let caught = "[.list[] as $a | .list[] as $b | .list[] as $c | try error(1) catch .]";
        let paths = "[.. as $a | .. as $b | .. as $c | 1]";
        let texts = format!(".text{}", " | . + .".repeat(60));
        let lists = format!("[.]{}", " | [., .]".repeat(80));
        let nested = "reduce .list[] as $x (.; [.])";
        let joined = "reduce .list[] as $x (.text; . + .)";
        for code in [deep, caught, paths, &texts, &lists, nested, joined] {
            assert_eq!(all(code, &record), Err(ExpressionFailure::Limit), "{code}");
        }
        for code in [
            "def f: f; f",
            "range(1; 9)",
            "repeat(1)",
            "until(false; .)",
            "input",
            "halt",
            "$ENV",
            "import \"x\" as x; 1",
            "(",
            "now",
            "limit(9; repeat(1))",
        ] {
            assert!(Expression::parse(code).is_err(), "{code}");
        }
        assert_eq!(
            all(".list[] as $a | .list[:20][]", &record),
            Err(ExpressionFailure::Limit),
            "too many values"
        );
    }
}
