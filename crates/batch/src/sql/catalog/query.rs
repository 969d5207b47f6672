//! Queries over the catalogue: they are small, so each part is done as it is written, row by row.

use std::rc::Rc;

use datafusion::sql::sqlparser::ast::{
    Distinct, Expr, GroupByExpr, LimitClause, OrderByExpr, OrderByKind, Query, Select, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, SetOperator, SetQuantifier, Value as Literal,
};

use super::{
    calls::{is_aggregate, is_series},
    interpreter::Interpreter,
    naming::output_name,
    order::{Keyed, SortKey, keys_of, sort},
    refusal::{no_table, unsupported},
    relation::{Relation, Row},
    scope::{Binding, Computed, NameScope, NamedQueries, Tuple, calls, is, name_of, rename},
    value::{CatalogType, CatalogValue as Value, identity},
};
use crate::sql::error::SqlError;

/// What a column of an answer is made of.
enum Output<'a> {
    Column(usize, usize),
    Expr(&'a Expr),
}

/// A column of an answer.
struct OutputItem<'a> {
    output: Output<'a>,
    name: String,
    column_type: CatalogType,
}

/// A row of the input, or a group of them.
struct Unit {
    tuple: Tuple,
    group: Option<Vec<Tuple>>,
    computed: Computed,
}

impl Unit {
    fn scope<'a>(&'a self, bindings: &'a [Binding], outer: &'a NameScope<'a>) -> NameScope<'a> {
        NameScope {
            outer: Some(outer),
            bindings,
            tuple: &self.tuple,
            group: self.group.as_deref(),
            computed: Some(&self.computed),
            named: outer.named,
        }
    }
}

fn order_of(query: &Query) -> Result<&[OrderByExpr], SqlError> {
    match query.order_by.as_ref().map(|order| &order.kind) {
        None => Ok(&[]),
        Some(OrderByKind::Expressions(all)) => Ok(all),
        Some(OrderByKind::All(_)) => Err(unsupported("ORDER BY ALL")),
    }
}

impl Interpreter<'_> {
    /// The answer to a query within a scope.
    ///
    /// # Errors
    /// If it names what is not there, or has what the catalogue does not answer.
    pub(super) fn query(&self, query: &Query, outer: &NameScope) -> Result<Relation, SqlError> {
        let mut named = NamedQueries::new();
        let mut scope = *outer;
        if let Some(with) = &query.with {
            if with.recursive {
                return Err(unsupported("WITH RECURSIVE"));
            }
            named.clone_from(outer.named);
            for cte in &with.cte_tables {
                let inner = NameScope {
                    named: &named,
                    ..*outer
                };
                let mut relation = self.query(&cte.query, &inner)?;
                rename(
                    &mut relation,
                    cte.alias.columns.iter().map(|column| &column.name),
                );
                named.insert(name_of(&cte.alias.name), Rc::new(relation));
            }
            scope.named = &named;
        }
        let order = order_of(query)?;
        let mut relation = match &*query.body {
            SetExpr::Select(select) => self.select(select, order, &scope)?,
            other => {
                let relation = self.set(other, &scope)?;
                self.ordered(relation, order)?
            }
        };
        self.limit(query, &mut relation, &scope)?;
        Ok(relation)
    }

    fn set(&self, body: &SetExpr, scope: &NameScope) -> Result<Relation, SqlError> {
        match body {
            SetExpr::Select(select) => self.select(select, &[], scope),
            SetExpr::Query(query) => self.query(query, scope),
            SetExpr::Values(values) => {
                let mut relation = Relation::default();
                for row in &values.rows {
                    let row = &row.content;
                    if relation.columns.is_empty() {
                        let columns = row.iter().zip(1..);
                        let columns = columns
                            .map(|(expr, at)| (format!("column{at}"), self.type_of(expr, scope)));
                        relation.columns = columns.collect();
                    }
                    let row: Result<Row, _> =
                        row.iter().map(|expr| self.value(expr, scope)).collect();
                    relation.rows.push(row?);
                }
                Ok(relation)
            }
            SetExpr::SetOperation {
                left,
                op: SetOperator::Union,
                set_quantifier,
                right,
            } => {
                let mut relation = self.set(left, scope)?;
                relation.rows.extend(self.set(right, scope)?.rows);
                if !matches!(set_quantifier, SetQuantifier::All) {
                    distinct(&mut relation.rows);
                }
                Ok(relation)
            }
            _ => Err(unsupported("INTERSECT, EXCEPT, and what is no query,")),
        }
    }

    /// Sorts the rows of a set operation, by columns that it has.
    fn ordered(&self, relation: Relation, order: &[OrderByExpr]) -> Result<Relation, SqlError> {
        let named = NamedQueries::new();
        let binding = [Binding {
            name: String::new(),
            columns: relation.columns.clone(),
        }];
        let rows = relation.rows.into_iter().map(|row| {
            let tuple = [Rc::clone(&row)];
            let scope = NameScope {
                outer: None,
                bindings: &binding,
                tuple: &tuple,
                group: None,
                computed: None,
                named: &named,
            };
            let keys = keys_of(order, |expr| match ordinal(expr, row.len())? {
                Some(at) => Ok(row[at].clone()),
                None => self.value(expr, &scope),
            })?;
            Ok::<_, SqlError>(Keyed { keys, row })
        });
        Ok(Relation {
            rows: sort(rows.collect::<Result<_, _>>()?)?,
            columns: relation.columns,
        })
    }

    fn limit(
        &self,
        query: &Query,
        relation: &mut Relation,
        scope: &NameScope,
    ) -> Result<(), SqlError> {
        let (limit, offset) = match &query.limit_clause {
            Some(LimitClause::LimitOffset { limit, offset, .. }) => {
                (limit.as_ref(), offset.as_ref().map(|offset| &offset.value))
            }
            Some(LimitClause::OffsetCommaLimit { .. }) => {
                return Err(unsupported("LIMIT with a comma"));
            }
            None => (
                query
                    .fetch
                    .as_ref()
                    .and_then(|fetch| fetch.quantity.as_ref()),
                None,
            ),
        };
        let number = |expr: Option<&Expr>| -> Result<Option<usize>, SqlError> {
            let Some(expr) = expr else { return Ok(None) };
            let number = self.value(expr, scope)?.number()?;
            Ok(number.map(|number| usize::try_from(number).unwrap_or(0)))
        };
        let offset = number(offset)?.unwrap_or(0).min(relation.rows.len());
        relation.rows.drain(..offset);
        if let Some(limit) = number(limit)? {
            relation.rows.truncate(limit);
        }
        Ok(())
    }

    fn select(
        &self,
        select: &Select,
        order: &[OrderByExpr],
        outer: &NameScope,
    ) -> Result<Relation, SqlError> {
        let (bindings, tuples) = self.from(select, outer)?;
        let shape = outer.within(&bindings, &[]);
        let items = self.items(&select.projection, &shape)?;
        let mut units = self.units(select, &items, tuples, &shape)?;
        let expressions = || {
            let items = items.iter().filter_map(|item| match item.output {
                Output::Expr(expr) => Some(expr),
                Output::Column(..) => None,
            });
            items.chain(order.iter().map(|key| &key.expr))
        };
        self.windows(&mut units, expressions().flat_map(calls), &shape)?;
        let series: Vec<_> = expressions().flat_map(calls).filter(is_series).collect();
        let mut rows = Vec::new();
        for unit in &mut units {
            let mut lists = Vec::new();
            for call in &series {
                let scope = unit.scope(&bindings, outer);
                lists.push(self.series(call, &scope)?);
            }
            let longest = lists.iter().map(Vec::len).max();
            for at in 0..longest.unwrap_or(1) {
                for (call, list) in series.iter().zip(&lists) {
                    let value = list.get(at).cloned().unwrap_or(Value::Null);
                    unit.computed.insert(std::ptr::from_ref(*call), value);
                }
                let scope = unit.scope(&bindings, outer);
                rows.push(self.row(&items, order, &scope)?);
            }
        }
        match &select.distinct {
            None | Some(Distinct::All) => {}
            Some(Distinct::Distinct) => {
                let mut seen = std::collections::HashSet::new();
                rows.retain(|keyed: &Keyed| seen.insert(identity(&keyed.row)));
            }
            Some(Distinct::On(_)) => return Err(unsupported("DISTINCT ON")),
        }
        let columns = items.into_iter().map(|item| (item.name, item.column_type));
        Ok(Relation {
            columns: columns.collect(),
            rows: sort(rows)?,
        })
    }

    fn row(
        &self,
        items: &[OutputItem],
        order: &[OrderByExpr],
        scope: &NameScope,
    ) -> Result<Keyed, SqlError> {
        let values = items.iter().map(|item| match item.output {
            Output::Column(at, column) => {
                let row = scope.tuple.get(at);
                Ok(row.map_or(Value::Null, |row| row[column].clone()))
            }
            Output::Expr(expr) => self.value(expr, scope),
        });
        let row: Row = values.collect::<Result<_, _>>()?;
        let keys = keys_of(order, |expr| {
            let named = match expr {
                Expr::Identifier(name) => items.iter().position(|item| is(name, &item.name)),
                _ => ordinal(expr, row.len())?,
            };
            match named {
                Some(at) => Ok(row[at].clone()),
                None => self.value(expr, scope),
            }
        })?;
        Ok(Keyed { keys, row })
    }

    fn items<'q>(
        &self,
        projection: &'q [SelectItem],
        shape: &NameScope,
    ) -> Result<Vec<OutputItem<'q>>, SqlError> {
        let mut items = Vec::new();
        let all_of = |at: usize, items: &mut Vec<OutputItem<'q>>| {
            let columns = shape.bindings[at].columns.iter().enumerate();
            items.extend(columns.map(|(column, (name, column_type))| OutputItem {
                output: Output::Column(at, column),
                name: name.clone(),
                column_type: *column_type,
            }));
        };
        for item in projection {
            let (expr, alias) = match item {
                SelectItem::UnnamedExpr(expr) => (expr, None),
                SelectItem::ExprWithAlias { expr, alias } => (expr, Some(alias)),
                SelectItem::Wildcard(_) => {
                    (0..shape.bindings.len()).for_each(|at| all_of(at, &mut items));
                    continue;
                }
                SelectItem::QualifiedWildcard(
                    SelectItemQualifiedWildcardKind::ObjectName(name),
                    _,
                ) => {
                    let table = name.0.last().and_then(|part| part.as_ident());
                    let at = shape
                        .bindings
                        .iter()
                        .position(|binding| table.is_some_and(|table| is(table, &binding.name)));
                    all_of(at.ok_or_else(|| no_table(&name.to_string()))?, &mut items);
                    continue;
                }
                _ => return Err(unsupported("such an item after SELECT")),
            };
            items.push(OutputItem {
                output: Output::Expr(expr),
                name: alias.map_or_else(|| output_name(expr), name_of),
                column_type: self.type_of(expr, shape),
            });
        }
        Ok(items)
    }

    /// The rows, or the groups of them where there are aggregates.
    fn units(
        &self,
        select: &Select,
        items: &[OutputItem],
        tuples: Vec<Tuple>,
        shape: &NameScope,
    ) -> Result<Vec<Unit>, SqlError> {
        let GroupByExpr::Expressions(by, _) = &select.group_by else {
            return Err(unsupported("GROUP BY ALL"));
        };
        let expressions = items.iter().filter_map(|item| match item.output {
            Output::Expr(expr) => Some(expr),
            Output::Column(..) => None,
        });
        let mut expressions = expressions.chain(&select.having);
        let unit = |tuple: Tuple, group: Option<Vec<Tuple>>| Unit {
            tuple,
            group,
            computed: Computed::new(),
        };
        if by.is_empty() && !expressions.any(|expr| calls(expr).into_iter().any(is_aggregate)) {
            return Ok(tuples.into_iter().map(|tuple| unit(tuple, None)).collect());
        }
        let mut groups: Vec<(String, Vec<Tuple>)> = Vec::new();
        for tuple in tuples {
            let scope = NameScope {
                tuple: &tuple,
                ..*shape
            };
            let mut key = Vec::new();
            for expr in by {
                key.push(match ordinal(expr, items.len())? {
                    Some(at) => match items[at].output {
                        Output::Expr(expr) => self.value(expr, &scope)?,
                        Output::Column(at, column) => tuple[at][column].clone(),
                    },
                    None => self.value(expr, &scope)?,
                });
            }
            let key = identity(&key);
            match groups.iter_mut().find(|(known, _)| *known == key) {
                Some((_, group)) => group.push(tuple),
                None => groups.push((key, vec![tuple])),
            }
        }
        if by.is_empty() && groups.is_empty() {
            groups.push((String::new(), Vec::new()));
        }
        let units = groups.into_iter().map(|(_, group)| {
            let first = group.first().cloned().unwrap_or_default();
            unit(first, Some(group))
        });
        let mut kept = Vec::new();
        for unit in units {
            let scope = NameScope {
                tuple: &unit.tuple,
                group: unit.group.as_deref(),
                ..*shape
            };
            let holds = match &select.having {
                Some(having) => self.value(having, &scope)?.is_true(),
                None => true,
            };
            if holds {
                kept.push(unit);
            }
        }
        Ok(kept)
    }

    /// Computes `row_number() OVER (…)` for all rows.
    fn windows<'q>(
        &self,
        units: &mut [Unit],
        calls: impl Iterator<Item = &'q datafusion::sql::sqlparser::ast::Function>,
        shape: &NameScope,
    ) -> Result<(), SqlError> {
        use datafusion::sql::sqlparser::ast::WindowType;
        for call in calls {
            let Some(WindowType::WindowSpec(window)) = &call.over else {
                continue;
            };
            if !call.name.to_string().eq_ignore_ascii_case("row_number") {
                return Err(unsupported("a window function other than row_number"));
            }
            let mut keyed = Vec::new();
            for (place, unit) in units.iter().enumerate() {
                let scope = NameScope {
                    tuple: &unit.tuple,
                    group: unit.group.as_deref(),
                    ..*shape
                };
                let part = window.partition_by.iter();
                let part: Result<Vec<_>, _> = part.map(|expr| self.value(expr, &scope)).collect();
                let mut keys = vec![SortKey::ascending(Value::text(&identity(&part?)))];
                keys.extend(keys_of(&window.order_by, |expr| self.value(expr, &scope))?);
                let place = i64::try_from(place).unwrap_or(0);
                keyed.push(Keyed {
                    row: [keys[0].value.clone(), Value::Int(place)].into(),
                    keys,
                });
            }
            let mut last = (String::new(), 0);
            for row in sort(keyed)? {
                let part = row[0].shown();
                last = if last.1 > 0 && last.0 == part {
                    (part, last.1 + 1)
                } else {
                    (part, 1)
                };
                let place = row[1]
                    .number()?
                    .and_then(|place| usize::try_from(place).ok());
                if let Some(unit) = place.and_then(|place| units.get_mut(place)) {
                    let number = Value::Int(last.1);
                    unit.computed.insert(std::ptr::from_ref(call), number);
                }
            }
        }
        Ok(())
    }
}

/// What `ORDER BY 2` names, from 0 on; none for other expressions.
fn ordinal(expr: &Expr, columns: usize) -> Result<Option<usize>, SqlError> {
    let Expr::Value(value) = expr else {
        return Ok(None);
    };
    let Literal::Number(digits, _) = &value.value else {
        return Ok(None);
    };
    let place = digits.parse::<usize>().ok();
    let place = place.filter(|place| (1..=columns).contains(place));
    match place {
        Some(place) => Ok(Some(place - 1)),
        None => Err(SqlError::new(
            "42P10",
            format!("position {digits} is not in the select list"),
        )),
    }
}

fn distinct(rows: &mut Vec<Row>) {
    let mut seen = std::collections::HashSet::new();
    rows.retain(|row| seen.insert(identity(row)));
}
