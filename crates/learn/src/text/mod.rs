//! From descriptions as they come to words.
//!
//! Nothing here knows a language: there are no stop words and no stemmer, so that a text in Portuguese or Japanese is treated
//! as well as one in English.

mod html;
mod plain_html;
mod words;

pub use html::text_of_html;
pub use words::{for_each_word, words};
