//! The header of a file: comment lines with a title, a description, and how to draw the answer.

use super::{Chart, Filters, NamedStatement, filtered};

/// Takes a file apart. The problem is told as a sentence.
pub(super) fn read(name: &'static str, text: &'static str) -> Result<NamedStatement, String> {
    let (mut title, mut description, mut chart, mut x, mut y) = (None, None, None, None, None);
    let mut body = text;
    while let Some((line, rest)) = body.split_once('\n')
        && let Some(comment) = line.strip_prefix("-- ")
    {
        let (key, value) = comment
            .split_once(": ")
            .ok_or_else(|| format!("the line {line:?} of the header has no colon"))?;
        let place = match key {
            "title" => &mut title,
            "description" => &mut description,
            "chart" => &mut chart,
            "x" => &mut x,
            "y" => &mut y,
            _ => {
                return Err(format!(
                    "the header has a line of {key}, which means nothing"
                ));
            }
        };
        if place.replace(value).is_some() {
            return Err(format!("the header has two lines of {key}"));
        }
        body = rest;
    }
    let body = body.trim();
    if body.is_empty() || body.contains(';') {
        return Err("it must have one statement, without a semicolon".to_owned());
    }
    let told = |value: Option<&'static str>, key| {
        value.ok_or_else(|| format!("the header has no line of {key}"))
    };
    Ok(NamedStatement {
        name,
        title: told(title, "title")?,
        description: told(description, "description")?,
        sql: filtered::put_in_front(body, &Filters::default()),
        chart: chart_of(told(chart, "chart")?)?,
        x: told(x, "x")?,
        y: told(y, "y")?,
        body,
    })
}

fn chart_of(word: &str) -> Result<Chart, String> {
    Ok(match word {
        "bar" => Chart::Bar,
        "line" => Chart::Line,
        "map" => Chart::Map,
        "table" => Chart::Table,
        _ => return Err(format!("there is no chart {word}: bar, line, map or table")),
    })
}
