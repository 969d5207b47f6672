//! What others have written, in sentences of ours.

/// A text from the other side, fit to be shown: short, on one line.
pub(crate) fn fit_to_show(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(200)
        .collect()
}
