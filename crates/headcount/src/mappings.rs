//! Mappings as people name them: one that this program has, or a file.

use std::{ffi::OsString, fs, path::Path, sync::Arc};

use headcount_mapping::{Mapping, shipped};

/// The mapping of a name or a file. A name has no dot and no slash, so the two cannot be taken for one another.
///
/// # Errors
/// A sentence, when there is no such mapping or its text has mistakes: then all of them, a line each.
pub(crate) fn find(name: OsString) -> Result<Arc<Mapping>, String> {
    let path = Path::new(&name);
    let text = name.to_string_lossy();
    if !text.contains(['.', '/']) {
        let mut known = shipped().iter();
        let Some(found) = known.find(|known| known.name == text) else {
            let names: Vec<_> = shipped().iter().map(|known| known.name).collect();
            return Err(format!(
                "there is no mapping {text:?}; this program has {}, and a file of your own is named with its path, such \
                 as ./{text}.toml",
                names.join(", ")
            ));
        };
        return Ok(Arc::new(found.mapping()));
    }
    let content = fs::read_to_string(path)
        .map_err(|error| format!("read the mapping {}: {error}", path.display()))?;
    let mapping = Mapping::parse(&content).map_err(|mistakes| {
        let lines = mistakes.to_string().replace('\n', "\n  ");
        format!("the mapping {} has mistakes:\n  {lines}", path.display())
    })?;
    Ok(Arc::new(mapping))
}
