//! Which files need each other, by the paths in their imports.

use std::collections::{BTreeMap, BTreeSet};

use super::sources::Source;

/// A module: the name of its room and its path in it.
type Module = Vec<String>;

/// Files that need each other, in knots of two and more.
pub fn of(sources: &[Source]) -> Vec<Vec<String>> {
    let modules: BTreeMap<Module, usize> = sources
        .iter()
        .enumerate()
        .map(|(at, source)| (module_of(&source.path), at))
        .collect();
    let exports = exports(sources, &modules);
    let arrows: Vec<BTreeSet<usize>> = sources
        .iter()
        .enumerate()
        .map(|(at, source)| {
            let module = module_of(&source.path);
            paths(&source.text)
                .iter()
                .filter_map(|path| absolute(&module, path))
                .filter_map(|path| file_of(path, &modules, &exports))
                .filter(|to| *to != at)
                .collect()
        })
        .collect();
    knots(&arrows)
        .into_iter()
        .filter(|knot| knot.len() > 1)
        .map(|knot| knot.iter().map(|at| sources[*at].path.clone()).collect())
        .collect()
}

fn module_of(path: &str) -> Module {
    let mut parts: Vec<_> = path.split('/').map(str::to_owned).collect();
    let file = parts.pop().unwrap();
    let mut module = vec![parts[1].clone()];
    module.extend(parts.split_off(3));
    match file.strip_suffix(".rs").unwrap() {
        "lib" | "main" | "mod" => {}
        name => module.push(name.to_owned()),
    }
    module
}

/// What a module shows of its children, by the module with the name shown.
fn exports(sources: &[Source], modules: &BTreeMap<Module, usize>) -> BTreeMap<Module, Module> {
    let mut exports = BTreeMap::new();
    for source in sources {
        let module = module_of(&source.path);
        for statement in statements(&source.text).filter(|(is_export, _)| *is_export) {
            for path in expanded(statement.1) {
                let path: Vec<_> = path.split("::").map(str::to_owned).collect();
                let (Some(first), Some(name)) = (path.first(), path.last()) else {
                    continue;
                };
                let mut child = module.clone();
                child.extend(path.iter().skip(usize::from(first == "self")).cloned());
                let is_child = (module.len() + 1..child.len())
                    .any(|length| modules.contains_key(&child[..length].to_vec()));
                if is_child {
                    let mut shown = module.clone();
                    shown.push(name.clone());
                    exports.insert(shown, child);
                }
            }
        }
    }
    exports
}

/// The file in which a path ends: through what modules show, to the longest module on the way.
fn file_of(
    mut path: Module,
    modules: &BTreeMap<Module, usize>,
    exports: &BTreeMap<Module, Module>,
) -> Option<usize> {
    for _ in 0..4 {
        let shown = (1..=path.len()).find_map(|length| exports.get(&path[..length].to_vec()));
        match shown {
            Some(child) => path = child.clone(),
            None => break,
        }
    }
    let lengths = (1..=path.len()).rev();
    let module = lengths
        .map(|length| path[..length].to_vec())
        .find(|module| modules.contains_key(module))?;
    modules.get(&module).copied()
}

/// The paths that a file takes something from: of imports, and those that stand in the code.
fn paths(text: &str) -> Vec<String> {
    let mut paths: Vec<_> = statements(text)
        .filter(|(is_export, _)| !is_export)
        .flat_map(|(_, body)| expanded(body))
        .collect();
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    for line in code {
        for (at, _) in line.match_indices("crate::") {
            let path = &line[at..];
            let end = path.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
            paths.push(path[..end.unwrap_or(path.len())].to_owned());
        }
    }
    paths
}

/// `use` statements: whether they show something to others, and what stands between `use` and `;`.
fn statements(text: &str) -> impl Iterator<Item = (bool, &str)> {
    let starts = text.match_indices("use ").filter(|(at, _)| {
        let line = text[..*at].rfind('\n').map_or(0, |end| end + 1);
        let before = text[line..*at].trim();
        before.is_empty() || before.starts_with("pub")
    });
    starts.filter_map(|(at, _)| {
        let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
        let is_export = text[line..at].trim().starts_with("pub");
        let body = &text[at + 4..];
        Some((is_export, &body[..body.find(';')?]))
    })
}

/// `a::{b, c::{d}}` as `a::b` and `a::c::d`.
fn expanded(body: &str) -> Vec<String> {
    let body: String = body.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some(open) = body.find('{') else {
        let path = body.split(" as ").next().unwrap().trim();
        return vec![path.to_owned()];
    };
    let prefix = &body[..open];
    let inner = &body[open + 1..body.rfind('}').unwrap_or(body.len())];
    let mut depth = 0;
    let parts = inner.split(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    });
    parts
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .flat_map(expanded)
        .map(|part| format!("{prefix}{part}"))
        .collect()
}

/// The path from the room on, if it stays in the room.
fn absolute(module: &Module, path: &str) -> Option<Module> {
    let mut parts = path.split("::").filter(|part| !part.is_empty());
    let mut base = match parts.next()? {
        "crate" => module[..1].to_vec(),
        "self" => module.clone(),
        "super" => module[..module.len().saturating_sub(1).max(1)].to_vec(),
        _ => return None,
    };
    for part in parts {
        match part {
            "super" => drop(base.pop()),
            "self" => {}
            part => base.push(part.to_owned()),
        }
    }
    Some(base)
}

/// Strongly connected components, by Tarjan's algorithm (SIAM J. Comput. 1:2, 1972).
fn knots(arrows: &[BTreeSet<usize>]) -> Vec<Vec<usize>> {
    struct Search<'a> {
        arrows: &'a [BTreeSet<usize>],
        order: Vec<Option<usize>>,
        low: Vec<usize>,
        stack: Vec<usize>,
        next: usize,
        knots: Vec<Vec<usize>>,
    }
    impl Search<'_> {
        fn visit(&mut self, at: usize) {
            self.order[at] = Some(self.next);
            self.low[at] = self.next;
            self.next += 1;
            self.stack.push(at);
            for &to in &self.arrows[at] {
                if self.order[to].is_none() {
                    self.visit(to);
                    self.low[at] = self.low[at].min(self.low[to]);
                } else if self.stack.contains(&to) {
                    self.low[at] = self.low[at].min(self.order[to].unwrap());
                }
            }
            if self.order[at] == Some(self.low[at]) {
                let from = self.stack.iter().position(|&other| other == at).unwrap();
                self.knots.push(self.stack.split_off(from));
            }
        }
    }
    let mut search = Search {
        arrows,
        order: vec![None; arrows.len()],
        low: vec![0; arrows.len()],
        stack: Vec::new(),
        next: 0,
        knots: Vec::new(),
    };
    for at in 0..arrows.len() {
        if search.order[at].is_none() {
            search.visit(at);
        }
    }
    search.knots
}
