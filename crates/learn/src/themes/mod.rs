//! What events are about: themes learnt from names and descriptions alone, and the theme that sets a city apart.
//!
//! Words become vectors by the words around them, texts the means of their words, themes clusters of texts. A non-negative
//! matrix factorisation of the same texts stands beside it, as what the themes have to beat.

mod card;
mod city_themes;
mod cooccurrence;
mod factorisation;
mod subspace;
mod telling_words;
mod tf_idf_rows;
mod theme_corpus;
mod themes_model;
mod word_vectors;

pub use city_themes::CityTheme;
pub use themes_model::{Theme, ThemeMatch, ThemesModel};
