//! The probability that an answer is yes, learnt from the stream itself.
//!
//! Every answer is scored before it is learnt, so the figures are of answers that the model had not seen. A record that was
//! sent again is neither scored nor learnt: nearly all of those say yes.

mod answer;
mod card;
mod features;
mod ftrl;
mod latest_answers;
mod model;
mod progressive_figures;
mod tallies;

pub use answer::{AnswerSeen, EventSeen, offset_by_longitude};
pub use model::{Learnt, ResponseModel};
pub use progressive_figures::ProgressiveFigures;
