//! FROM and WHERE: relations are joined one after the other, and each condition is asked as soon as it can be.

use std::{collections::HashMap, rc::Rc};

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, Ident, JoinConstraint, JoinOperator,
    ObjectName, Query, Select, TableAlias, TableFactor, TableWithJoins,
};

use super::{
    calls::bare_name,
    interpreter::Interpreter,
    refusal::{no_table, unsupported},
    relation::{Relation, Row},
    scope::{Binding, NameScope, Tuple, children, find, has_query, is, name_of, rename},
    value::{CatalogKind, CatalogType, CatalogValue as Value},
};
use crate::sql::error::{SqlError, sqlstate};

/// Where the rows of a relation come from.
enum RowSource<'q> {
    /// The same for every row before.
    Fixed(Rc<Relation>),
    /// A function, whose arguments may name columns of relations before.
    Call(&'q ObjectName, Vec<&'q Expr>, bool),
    /// A LATERAL query.
    Query(&'q Query),
}

/// A relation after FROM, with what joins it to those before.
struct JoinStep<'q> {
    rows: RowSource<'q>,
    keeps_all: bool,
    on: Vec<&'q Expr>,
    using: Vec<&'q Ident>,
}

/// A condition, and the last relation that it needs.
#[derive(Clone, Copy)]
struct JoinCondition<'q> {
    expr: &'q Expr,
    last: usize,
}

/// A column of the relation at hand that must equal what an expression over those before gives.
struct Lookup<'q> {
    by: &'q Expr,
    rows: HashMap<String, Vec<usize>>,
}

fn conjuncts<'q>(expr: &'q Expr, all: &mut Vec<&'q Expr>) {
    match expr {
        Expr::BinaryOp {
            left,
            op: BinaryOperator::And,
            right,
        } => {
            conjuncts(left, all);
            conjuncts(right, all);
        }
        Expr::Nested(inner) => conjuncts(inner, all),
        other => all.push(other),
    }
}

/// The last relation, of those at hand, that an expression names.
fn last_of(expr: &Expr, bindings: &[Binding]) -> usize {
    if has_query(expr) {
        return bindings.len().saturating_sub(1);
    }
    let own = match expr {
        Expr::Identifier(name) => find(bindings, std::slice::from_ref(name))
            .map(|(at, _)| at)
            .or_else(|| bindings.iter().position(|binding| is(name, &binding.name))),
        Expr::CompoundIdentifier(parts) => find(bindings, parts).map(|(at, _)| at),
        Expr::CompoundFieldAccess { root, .. } => match &**root {
            Expr::Identifier(table) => bindings.iter().position(|binding| is(table, &binding.name)),
            _ => None,
        },
        _ => None,
    };
    let inner = children(expr)
        .into_iter()
        .map(|child| last_of(child, bindings));
    inner.chain(own).max().unwrap_or(0)
}

impl Interpreter<'_> {
    /// The relations after FROM, and their joined rows for which WHERE holds.
    pub(super) fn from(
        &self,
        select: &Select,
        outer: &NameScope,
    ) -> Result<(Vec<Binding>, Vec<Tuple>), SqlError> {
        let mut bindings = Vec::new();
        let mut steps = Vec::new();
        for table in &select.from {
            self.steps(table, (false, &[], &[]), (&mut bindings, &mut steps), outer)?;
        }
        let mut wheres = Vec::new();
        if let Some(selection) = &select.selection {
            conjuncts(selection, &mut wheres);
        }
        let mut wheres: Vec<_> = wheres
            .into_iter()
            .map(|expr| JoinCondition {
                expr,
                last: last_of(expr, &bindings),
            })
            .collect();
        // Those with queries are asked last: there are the fewest rows then.
        wheres.sort_by_key(|condition| has_query(condition.expr));
        let mut tuples: Vec<Tuple> = vec![Vec::new()];
        if steps.is_empty() {
            let scope = outer.within(&[], &[]);
            for condition in &wheres {
                if !self.value(condition.expr, &scope)?.is_true() {
                    tuples.clear();
                }
            }
        }
        for (at, step) in steps.iter().enumerate() {
            let due: Vec<_> = wheres
                .iter()
                .filter(|condition| condition.last == at)
                .collect();
            tuples = self.join(step, &bindings[..=at], tuples, &due, outer)?;
        }
        Ok((bindings, tuples))
    }

    /// Adds the relations of one item of FROM.
    fn steps<'q>(
        &self,
        table: &'q TableWithJoins,
        joined: (bool, &[&'q Expr], &[&'q Ident]),
        into: (&mut Vec<Binding>, &mut Vec<JoinStep<'q>>),
        outer: &NameScope,
    ) -> Result<(), SqlError> {
        let (bindings, steps) = into;
        self.step(&table.relation, joined, (bindings, steps), outer)?;
        for join in &table.joins {
            let (keeps_all, constraint) = match &join.join_operator {
                JoinOperator::Join(on) | JoinOperator::Inner(on) | JoinOperator::CrossJoin(on) => {
                    (false, on)
                }
                JoinOperator::Left(on) | JoinOperator::LeftOuter(on) => (true, on),
                _ => return Err(unsupported("RIGHT, FULL and other joins")),
            };
            let mut on = Vec::new();
            let mut using = Vec::new();
            match constraint {
                JoinConstraint::On(expr) => conjuncts(expr, &mut on),
                JoinConstraint::Using(names) => {
                    let names = names.iter().filter_map(|name| name.0.last()?.as_ident());
                    using.extend(names);
                }
                JoinConstraint::Natural => return Err(unsupported("NATURAL JOIN")),
                JoinConstraint::None => {}
            }
            self.step(
                &join.relation,
                (keeps_all, &on, &using),
                (bindings, steps),
                outer,
            )?;
        }
        Ok(())
    }

    fn step<'q>(
        &self,
        factor: &'q TableFactor,
        joined: (bool, &[&'q Expr], &[&'q Ident]),
        into: (&mut Vec<Binding>, &mut Vec<JoinStep<'q>>),
        outer: &NameScope,
    ) -> Result<(), SqlError> {
        let (keeps_all, on, using) = joined;
        let (bindings, steps) = into;
        let (rows, binding) = match factor {
            TableFactor::NestedJoin {
                table_with_joins,
                alias: None,
            } => {
                if keeps_all {
                    return Err(unsupported("LEFT JOIN with joins in parentheses"));
                }
                let first = steps.len();
                self.steps(
                    table_with_joins,
                    (false, &[], using),
                    (bindings, steps),
                    outer,
                )?;
                // Whether it is asked at the first or at the last of them is the same for an inner join.
                if let Some(last) = steps[first..].last_mut() {
                    if last.keeps_all && !on.is_empty() {
                        return Err(unsupported("JOIN with LEFT JOIN in parentheses"));
                    }
                    last.on.extend(on);
                }
                return Ok(());
            }
            TableFactor::Table {
                name,
                alias,
                args: None,
                ..
            } => self.table(name, alias.as_ref(), outer)?,
            TableFactor::Table {
                name,
                alias,
                args: Some(args),
                with_ordinality,
                ..
            } => called(name, &args.args, alias.as_ref(), *with_ordinality),
            TableFactor::Function {
                name,
                args,
                alias,
                with_ordinality,
                ..
            } => called(name, args, alias.as_ref(), *with_ordinality),
            TableFactor::Derived {
                lateral,
                subquery,
                alias,
                ..
            } => self.derived(*lateral, subquery, alias.as_ref(), (bindings, outer))?,
            _ => return Err(unsupported("such a relation after FROM")),
        };
        bindings.push(binding);
        steps.push(JoinStep {
            rows,
            keeps_all,
            on: on.to_vec(),
            using: using.to_vec(),
        });
        Ok(())
    }

    fn table<'q>(
        &self,
        name: &ObjectName,
        alias: Option<&TableAlias>,
        outer: &NameScope,
    ) -> Result<(RowSource<'q>, Binding), SqlError> {
        let parts: Vec<_> = name
            .0
            .iter()
            .filter_map(|part| part.as_ident().map(name_of))
            .collect();
        let relation = match parts.as_slice() {
            [table] => {
                let known = self.catalog.relations.get(&format!("pg_catalog.{table}"));
                outer.named.get(table).or(known)
            }
            [.., schema, table] => self.catalog.relations.get(&format!("{schema}.{table}")),
            [] => None,
        };
        let table = parts.last().cloned().unwrap_or_default();
        let relation = relation.ok_or_else(|| {
            if self
                .catalog
                .objects
                .iter()
                .any(|object| object.name == table)
            {
                unsupported("a statement over the catalogue and over other tables")
            } else {
                no_table(&name.to_string())
            }
        })?;
        let mut relation = Rc::clone(relation);
        if let Some(alias) = alias.filter(|alias| !alias.columns.is_empty()) {
            let names = alias.columns.iter().map(|column| &column.name);
            rename(Rc::make_mut(&mut relation), names);
        }
        let binding = Binding {
            name: alias.map_or(table, |alias| name_of(&alias.name)),
            columns: relation.columns.clone(),
        };
        Ok((RowSource::Fixed(relation), binding))
    }

    fn derived<'q>(
        &self,
        lateral: bool,
        query: &'q Query,
        alias: Option<&TableAlias>,
        around: (&[Binding], &NameScope),
    ) -> Result<(RowSource<'q>, Binding), SqlError> {
        let (before, outer) = around;
        let scope = outer.within(if lateral { before } else { &[] }, &[]);
        let mut relation = self.query(query, &scope)?;
        if let Some(alias) = alias {
            rename(
                &mut relation,
                alias.columns.iter().map(|column| &column.name),
            );
        }
        let binding = Binding {
            name: alias.map(|alias| name_of(&alias.name)).unwrap_or_default(),
            columns: relation.columns.clone(),
        };
        let rows = if lateral {
            RowSource::Query(query)
        } else {
            RowSource::Fixed(Rc::new(relation))
        };
        Ok((rows, binding))
    }

    /// Joins a relation to the rows of those before.
    fn join(
        &self,
        step: &JoinStep,
        bindings: &[Binding],
        tuples: Vec<Tuple>,
        due: &[&JoinCondition],
        outer: &NameScope,
    ) -> Result<Vec<Tuple>, SqlError> {
        let (before, _) = bindings.split_at(bindings.len() - 1);
        let mut asked: Vec<&Expr> = step.on.clone();
        if !step.keeps_all {
            asked.extend(due.iter().map(|condition| condition.expr));
        }
        let lookup = match &step.rows {
            RowSource::Fixed(relation) => lookup(&asked, bindings, relation),
            RowSource::Call(..) | RowSource::Query(_) => None,
        };
        let empty: Row = {
            let columns = bindings.last().map_or(0, |binding| binding.columns.len());
            vec![Value::Null; columns].into()
        };
        let mut joined = Vec::new();
        for mut tuple in tuples {
            let candidates =
                self.candidates(step, lookup.as_ref(), &outer.within(before, &tuple))?;
            let mut found = false;
            for row in candidates {
                if !same(&step.using, bindings, &tuple, &row)? {
                    continue;
                }
                tuple.push(row);
                let full = outer.within(bindings, &tuple);
                if self.all_hold(asked.iter().copied(), &full)? {
                    found = true;
                    joined.push(tuple.clone());
                }
                tuple.pop();
            }
            if step.keeps_all && !found {
                tuple.push(Rc::clone(&empty));
                joined.push(tuple);
            }
        }
        if !step.keeps_all {
            return Ok(joined);
        }
        let mut kept = Vec::new();
        for tuple in joined {
            let scope = outer.within(bindings, &tuple);
            if self.all_hold(due.iter().map(|condition| condition.expr), &scope)? {
                kept.push(tuple);
            }
        }
        Ok(kept)
    }

    fn all_hold<'e>(
        &self,
        conditions: impl Iterator<Item = &'e Expr>,
        scope: &NameScope,
    ) -> Result<bool, SqlError> {
        for condition in conditions {
            if !self.value(condition, scope)?.is_true() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn candidates(
        &self,
        step: &JoinStep,
        lookup: Option<&Lookup>,
        scope: &NameScope,
    ) -> Result<Vec<Row>, SqlError> {
        match (&step.rows, lookup) {
            (RowSource::Fixed(relation), Some(lookup)) => {
                let key = self.value(lookup.by, scope)?;
                let found = lookup.rows.get(&key_text(&key)).into_iter().flatten();
                Ok(found.map(|at| Rc::clone(&relation.rows[*at])).collect())
            }
            (RowSource::Fixed(relation), None) => Ok(relation.rows.clone()),
            (RowSource::Query(query), _) => Ok(self.query(query, scope)?.rows),
            (RowSource::Call(name, arguments, ordinality), _) => {
                let values: Result<Vec<_>, _> = arguments
                    .iter()
                    .map(|argument| self.value(argument, scope))
                    .collect();
                let rows = self.called_rows(&bare_name(name), &values?)?;
                let rows = rows.into_iter().zip(1..);
                Ok(rows
                    .map(|(mut row, number)| {
                        if *ordinality {
                            row.push(Value::Int(number));
                        }
                        row.into()
                    })
                    .collect())
            }
        }
    }
}

/// The rows of a relation by a column that a condition compares with what comes before.
fn lookup<'q>(asked: &[&'q Expr], bindings: &[Binding], relation: &Relation) -> Option<Lookup<'q>> {
    let at = bindings.len() - 1;
    let column = |expr: &Expr| match expr {
        Expr::Identifier(name) => find(bindings, std::slice::from_ref(name)),
        Expr::CompoundIdentifier(parts) => find(bindings, parts),
        _ => None,
    };
    let is_before = |expr: &Expr| !has_query(expr) && !names(expr, bindings, at);
    asked.iter().find_map(|condition| {
        let Expr::BinaryOp {
            left,
            op: BinaryOperator::Eq,
            right,
        } = condition
        else {
            return None;
        };
        let sides = [(left, right), (right, left)];
        let (place, by) = sides.into_iter().find_map(|(one, other)| {
            let place = column(one).filter(|(of, _)| *of == at)?;
            is_before(other).then_some((place.1, other))
        })?;
        let kind = relation.columns[place].1.kind;
        if kind == CatalogKind::Bool || kind == CatalogKind::Float {
            return None;
        }
        let mut rows: HashMap<String, Vec<usize>> = HashMap::new();
        for (number, row) in relation.rows.iter().enumerate() {
            if !row[place].is_null() {
                rows.entry(key_text(&row[place])).or_default().push(number);
            }
        }
        Some(Lookup { by, rows })
    })
}

/// Whether an expression names a column of a relation.
fn names(expr: &Expr, bindings: &[Binding], at: usize) -> bool {
    let own = match expr {
        Expr::Identifier(name) => find(bindings, std::slice::from_ref(name)),
        Expr::CompoundIdentifier(parts) => find(bindings, parts),
        Expr::CompoundFieldAccess { root, .. } => match &**root {
            Expr::Identifier(table) if is(table, &bindings[at].name) => Some((at, 0)),
            _ => None,
        },
        _ => None,
    };
    own.is_some_and(|(of, _)| of == at)
        || children(expr)
            .into_iter()
            .any(|child| names(child, bindings, at))
}

/// The same for values that are equal.
fn key_text(value: &Value) -> String {
    match value {
        Value::Object(oid, _) => oid.to_string(),
        other => other.shown(),
    }
}

/// Whether the columns of USING are equal in the row at hand and in one before.
fn same(
    using: &[&Ident],
    bindings: &[Binding],
    tuple: &[Row],
    row: &Row,
) -> Result<bool, SqlError> {
    let (before, own) = bindings.split_at(bindings.len() - 1);
    for name in using {
        let part = std::slice::from_ref(*name);
        let left = find(before, part).map(|(at, column)| &tuple[at][column]);
        let right = find(own, part).map(|(_, column)| &row[column]);
        let (Some(left), Some(right)) = (left, right) else {
            let message = format!("column \"{name}\" specified in USING clause does not exist");
            return Err(SqlError::new(sqlstate::UNDEFINED_COLUMN, message));
        };
        if left.compare(right)? != Some(std::cmp::Ordering::Equal) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A function after FROM: its column is called as it is, or as its alias says.
fn called<'q>(
    name: &'q ObjectName,
    args: &'q [FunctionArg],
    alias: Option<&TableAlias>,
    with_ordinality: bool,
) -> (RowSource<'q>, Binding) {
    let arguments = args.iter().filter_map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    });
    let bare = bare_name(name);
    let number = CatalogType::of(CatalogKind::Int4);
    let text = CatalogType::of(CatalogKind::Text);
    let own = bare.rsplit('.').next().unwrap_or_default().to_owned();
    let binding = alias.map_or_else(|| own.clone(), |alias| name_of(&alias.name));
    let mut columns = match own.as_str() {
        "_pg_expandarray" => vec![("x".to_owned(), number), ("n".to_owned(), number)],
        "generate_series" | "generate_subscripts" => vec![(binding.clone(), number)],
        "aclexplode" => ["grantor", "grantee", "privilege_type", "is_grantable"]
            .map(|name| (name.to_owned(), text))
            .into(),
        "pg_options_to_table" => ["option_name", "option_value"]
            .map(|name| (name.to_owned(), text))
            .into(),
        _ => vec![(binding.clone(), text)],
    };
    if with_ordinality {
        columns.push(("ordinality".to_owned(), CatalogType::of(CatalogKind::Int8)));
    }
    if let Some(alias) = alias {
        for (column, name) in columns.iter_mut().zip(&alias.columns) {
            column.0 = name_of(&name.name);
        }
    }
    let rows = RowSource::Call(name, arguments.collect(), with_ordinality);
    let binding = Binding {
        name: binding,
        columns,
    };
    (rows, binding)
}
