//! What answers queries over the catalogue; the files beside this one say how.

use super::content::CatalogContent;

/// Answers queries over a catalogue.
pub(super) struct Interpreter<'a> {
    pub(super) catalog: &'a CatalogContent,
}
