//! What the columns of an answer are called.

use datafusion::sql::sqlparser::ast::{Expr, Ident, SelectItem, Value};

/// A call is called as its function is, unless several are; what is selected twice gets a number, for the engine wants
/// names to differ.
pub(super) fn name_items(items: &mut [SelectItem]) {
    let written: Vec<String> = items.iter().map(ToString::to_string).collect();
    let calls: Vec<Option<String>> = items.iter().map(called).collect();
    for (at, item) in items.iter_mut().enumerate() {
        let SelectItem::UnnamedExpr(expr) = item else {
            continue;
        };
        let earlier = written[..at]
            .iter()
            .filter(|other| **other == written[at])
            .count();
        let alone = calls.iter().filter(|other| **other == calls[at]).count() == 1
            && !written
                .iter()
                .any(|other| Some(other) == calls[at].as_ref());
        let constant = matches!(
            expr,
            Expr::Value(_) | Expr::TypedString(_) | Expr::Interval(_)
        );
        let name = match (&calls[at], earlier) {
            (Some(name), 0) if alone => Ident::new(name.clone()),
            // The engine has one name for `interval '90 minutes'` and `interval '1.5 hours'`.
            (_, 0) if constant => Ident::with_quote('"', written[at].clone()),
            (_, 0) => continue,
            (_, earlier) => Ident::with_quote('"', format!("{} {}", written[at], earlier + 1)),
        };
        let expr = std::mem::replace(expr, Expr::value(Value::Null));
        *item = SelectItem::ExprWithAlias { expr, alias: name };
    }
}

fn called(item: &SelectItem) -> Option<String> {
    match item {
        SelectItem::UnnamedExpr(Expr::Function(function)) if function.over.is_none() => {
            Some(function.name.to_string().to_lowercase())
        }
        SelectItem::UnnamedExpr(Expr::Extract { .. }) => Some("extract".to_owned()),
        _ => None,
    }
}
