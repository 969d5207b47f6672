//! The functions that an expression may use.

use jaq_core::{
    Cv, Error, ValR, ValXs,
    data::JustLut,
    load::{self, parse::Def},
    native::{Fun, bome, run, unary, v},
};

use super::value::JaqItem;

type Data = JustLut<JaqItem>;

/// Those that are written in the language itself; none calls itself.
const DEFINED: &str = r#"
def empty: {}[] as $x | .;
def error: error_empty as $x | .;
def error(msgs): (msgs | error_empty) as $x | .;
def true: 0 == 0;
def false: 0 != 0;
def not: if . then false else true end;
def select(f): if f then . else empty end;
def tostring: "\(.)";
def map(f): [.[] | f];
def map_values(f): .[] |= f;
def del(f): f |= empty;
def first: .[0];
def last: .[-1];
def nth(n): .[n];
def join($s): .[] |= tostring | .[:-1][] += $s | reduce .[] as $x (""; . + $x);
def keys: keys_unsorted;
def to_entries: [key_values[] as [$key, $value] | { $key, $value }];
def isempty(g): first((g | false), true);
def all(g; cond): isempty(g | cond and empty);
def any(g; cond): isempty(g | cond or empty) | not;
def all(cond): all(.[]; cond);
def any(cond): any(.[]; cond);
"#;

pub(super) fn defined() -> impl Iterator<Item = Def<&'static str>> {
    let defined = load::parse(DEFINED, |parser| parser.defs());
    defined.expect("tests compile expressions").into_iter()
}

/// Those that the interpreter has, but for what repeats without an item; and ours, each of which takes one step.
pub(super) fn native() -> impl Iterator<Item = Fun<Data>> {
    let core = jaq_core::funs::<Data>().filter(|(name, ..)| *name != "range" && *name != "repeat");
    let ours: [Fun<Data>; 8] = [
        run(("length", v(0), |cv: Cv<'_, Data>| bome(length(&cv.1)))),
        run(("tonumber", v(0), |cv: Cv<'_, Data>| bome(to_number(cv.1)))),
        run(("ascii_downcase", v(0), |cv: Cv<'_, Data>| {
            bome(cv.1.map_text(|text| text.to_ascii_lowercase()))
        })),
        run(("split", v(1), |cv| {
            two(cv, |text, by| {
                let parts = text.split(by).map(|part| JaqItem::from(part.to_owned()));
                parts.collect()
            })
        })),
        run(("startswith", v(1), |cv| {
            two(cv, |text, part| text.starts_with(part).into())
        })),
        run(("endswith", v(1), |cv| {
            two(cv, |text, part| text.ends_with(part).into())
        })),
        run(("ltrimstr", v(1), |cv| {
            two(cv, |text, part| {
                text.strip_prefix(part).unwrap_or(text).to_owned().into()
            })
        })),
        run(("rtrimstr", v(1), |cv| {
            two(cv, |text, part| {
                text.strip_suffix(part).unwrap_or(text).to_owned().into()
            })
        })),
    ];
    core.chain(ours)
}

/// A function of the input and an argument, both texts.
fn two<'a>(cv: Cv<'a, Data>, of: fn(&str, &str) -> JaqItem) -> ValXs<'a, JaqItem> {
    unary(cv, move |input, argument| match (&input, &argument) {
        (JaqItem::Text(text), JaqItem::Text(part)) => Ok(of(text, part)),
        _ => Err(Error::typ(input, "a text")),
    })
}

fn length(item: &JaqItem) -> ValR<JaqItem> {
    let length = match item {
        JaqItem::Null => 0,
        JaqItem::Text(text) => text.chars().count(),
        JaqItem::List(list) => list.items.len(),
        JaqItem::Object(object) => object.members.len(),
        _ => return Err(Error::typ(item.clone(), "a text or a list")),
    };
    Ok(JaqItem::from(length.cast_signed()))
}

fn to_number(item: JaqItem) -> ValR<JaqItem> {
    match &item {
        JaqItem::Number(_) => Ok(item),
        JaqItem::Text(text) => jaq_core::ValT::from_num(text.trim()),
        _ => Err(Error::typ(item, "a number")),
    }
}
