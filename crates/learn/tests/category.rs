//! The category model on events as they were: it beats its baseline on groups that it has not seen.
#![allow(clippy::unwrap_used)]

mod labelled_file;

use headcount_learn::Quiet;
use headcount_learn::category::CategoryModel;

#[test]
fn the_model_of_recorded_events_beats_its_baseline_and_comes_out_the_same_twice() {
    let Some(folder) = labelled_file::shared_data() else {
        return;
    };
    let events = labelled_file::events(&folder, |group| group % 12 == 3);
    let (model, card) = CategoryModel::train(&events, 1, &mut Quiet).unwrap();
    assert!(card.beats_baseline(), "{:?}", card.comparisons);
    // Far from what the whole file reaches, and far above the largest class.
    let accuracy = card
        .comparisons
        .iter()
        .find(|comparison| comparison.measure == "accuracy")
        .unwrap();
    assert!(
        accuracy.model > accuracy.baseline_figure + 0.1,
        "{accuracy:?}"
    );
    let (again, card_again) = CategoryModel::train(&events, 1, &mut Quiet).unwrap();
    assert!(model.to_bytes() == again.to_bytes());
    assert_eq!(card, card_again);
}
