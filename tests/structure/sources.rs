//! The sources of the workspace, read as text.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A source file of a room, without its tests.
pub struct Source {
    /// From the root of the repository on, as in `crates/engine/src/query/view.rs`.
    pub path: String,
    pub text: String,
}

/// A function and how long it is.
pub struct Function {
    pub place: String,
    pub name: String,
    pub lines: usize,
}

impl Source {
    /// All files of all rooms but their tests, by path.
    pub fn all() -> Vec<Self> {
        let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        let mut files = Vec::new();
        for room in fs::read_dir(root.join("crates")).unwrap() {
            collect(&room.unwrap().path().join("src"), &mut files);
        }
        files.sort();
        let mut sources: Vec<_> = files
            .iter()
            .map(|file| Self::read(&root, file))
            .filter(|source| !is_test(&source.path))
            .collect();
        sources.dedup_by(|a, b| a.path == b.path);
        assert!(sources.len() > 100, "only {} sources", sources.len());
        sources
    }

    fn read(root: &Path, file: &Path) -> Self {
        let text = fs::read_to_string(file).unwrap();
        // Tests stand at the end of a file.
        let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
        Self {
            path: file
                .strip_prefix(root)
                .unwrap()
                .to_string_lossy()
                .into_owned(),
            text: text[..end].to_owned(),
        }
    }

    /// Names of the types that are declared here, private ones too.
    pub fn types(&self) -> impl Iterator<Item = &str> {
        self.text.lines().filter_map(|line| {
            let line = line.trim_start();
            let line = match line.strip_prefix("pub") {
                Some(rest) if rest.starts_with('(') => rest.split_once(')')?.1.trim_start(),
                Some(rest) => rest.trim_start(),
                None => line,
            };
            let keywords = ["struct ", "enum ", "trait ", "type ", "union "];
            let rest = keywords.iter().find_map(|word| line.strip_prefix(word))?;
            // An associated type is a part of another one.
            let name = &rest[..rest
                .find(|c: char| !c.is_alphanumeric())
                .unwrap_or(rest.len())];
            let is_associated = line.starts_with("type ") && self.is_indented(line);
            (name.starts_with(char::is_uppercase) && !is_associated).then_some(name)
        })
    }

    fn is_indented(&self, line: &str) -> bool {
        let start = line.as_ptr() as usize - self.text.as_ptr() as usize;
        self.text[..start].ends_with([' ', '\t'])
    }

    /// All functions, by the line on which they begin; formatting puts a closing brace below its function's beginning.
    pub fn functions(&self) -> Vec<Function> {
        let lines: Vec<_> = self.text.lines().collect();
        let mut functions = Vec::new();
        for (at, line) in lines.iter().enumerate() {
            let Some(name) = name_of_function(line) else {
                continue;
            };
            let indent = line.len() - line.trim_start().len();
            let closing = format!("{}}}", &line[..indent]);
            let end = lines[at..].iter().position(|line| **line == closing);
            functions.push(Function {
                place: format!("{}:{}", self.path, at + 1),
                name: name.to_owned(),
                lines: end.map_or(1, |lines| lines + 1),
            });
        }
        functions
    }
}

fn name_of_function(line: &str) -> Option<&str> {
    let (before, after) = line.split_once("fn ")?;
    let is_declaration = before
        .split_whitespace()
        .all(|word| word.starts_with("pub") || ["const", "async", "unsafe"].contains(&word));
    // One that ends on its line, or has no body, is short.
    let has_body = !line.ends_with(';') && !line.ends_with("{}");
    let name = &after[..after.find(['(', '<'])?];
    (is_declaration && has_body && !line.trim_start().starts_with("//")).then_some(name)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn is_test(path: &str) -> bool {
    let mut parts = path.split('/');
    parts.any(|part| part.starts_with("test") || part == "faults.rs")
}
