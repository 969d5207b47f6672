//! The probability of yes: better than the event's own rate on later recordings, nothing learnt twice, the same after a restart.
#![allow(clippy::unwrap_used)]

mod labelled_file;
mod recorded_answers;

use std::collections::BTreeMap;

use headcount_learn::response::{AnswerSeen, EventSeen, Learnt, ProgressiveFigures, ResponseModel};
use headcount_learn::{LabelledEvent, ModelError, Quiet, TrainError};
use recorded_answers::{RECORDINGS, for_each, records};

fn answer<'a>(rsvp_id: u64, mtime: i64, yes: bool) -> AnswerSeen<'a> {
    AnswerSeen {
        event_id: "250072397",
        rsvp_id,
        mtime,
        yes,
        member: Some(rsvp_id),
        event: EventSeen {
            group_id: Some(7),
            country: "us",
            topics: &["hiking", "social"],
            ..EventSeen::default()
        },
        ..AnswerSeen::default()
    }
}

/// Answers to events in two countries; in one of them people rather say no.
fn learn(model: &mut ResponseModel, answers: std::ops::Range<u64>) {
    for number in answers {
        let mut chance = fastrand::Rng::with_seed(number);
        let often = number.is_multiple_of(2);
        let event_id = (number % 40).to_string();
        let mut answer = answer(
            number,
            1_500_000_000_123 + number as i64 * 1010,
            chance.f64() < if often { 0.9 } else { 0.3 },
        );
        answer.event_id = &event_id;
        answer.event.country = if often { "us" } else { "de" };
        model.learn(&answer);
    }
}

#[test]
fn it_beats_the_base_rate_and_the_events_own_rate_on_every_later_recording() {
    let Some(folder) = labelled_file::shared_data() else {
        return;
    };
    let mut model = ResponseModel::new();
    for name in RECORDINGS {
        model.reset_figures();
        for_each(&records(&folder, name), |answer| {
            model.learn(answer);
        });
        let [loss, base, event] = model.figures().map(ProgressiveFigures::log_loss);
        eprintln!(
            "{name}: {} answers, log loss {loss:.4}, base rate {base:.4}, event's own rate {event:.4}",
            model.figures()[0].answers()
        );
        assert!(loss < base && loss < event, "{name}");
        assert!(
            model.figures()[0].auc() > model.figures()[2].auc(),
            "{name}"
        );
    }
}

#[test]
fn of_a_recording_every_answer_is_learnt_once_and_every_change_of_one() {
    let Some(folder) = labelled_file::shared_data() else {
        return;
    };
    for name in RECORDINGS {
        let recording = records(&folder, name);
        let mut model = ResponseModel::new();
        let (mut scored, mut seen, mut states, mut changes) =
            (0, BTreeMap::new(), BTreeMap::new(), 0);
        for_each(&recording, |answer| {
            let (event, id) = (answer.event_id.to_owned(), answer.rsvp_id);
            scored += usize::from(matches!(model.learn(answer), Learnt::Scored(_)));
            // By the rule of versions, computed another way: text that sorts as versions do.
            let rounded = (answer.mtime + 500) / 1000;
            let version = format!(
                "{rounded:014}{}{:017}",
                u8::from(answer.mtime % 1000 != 0),
                answer.mtime
            );
            let state = (answer.yes, answer.guests);
            let before = seen.insert((event.clone(), id), version.clone());
            match before {
                Some(before) if before >= version => {
                    seen.insert((event, id), before);
                }
                Some(before)
                    if before[..14] == version[..14] && states[&(event.clone(), id)] == state =>
                {
                    // A repetition; the later version of the two is what the next is held against only if it counted.
                    seen.insert((event, id), before);
                }
                _ => {
                    changes += 1;
                    states.insert((event, id), state);
                }
            }
        });
        assert_eq!(scored, changes, "{name}");
        assert!(scored < recording.len(), "{name}");
        // Sent again as a whole, nothing is learnt.
        let before = model.to_bytes();
        for_each(&recording, |answer| {
            assert_eq!(model.learn(answer), Learnt::Ignored)
        });
        assert!(model.to_bytes() == before, "{name}");
    }
}

#[test]
fn a_record_sent_again_is_neither_scored_nor_learnt() {
    let mut model = ResponseModel::new();
    assert!(matches!(
        model.learn(&answer(1, 1_489_925_470_960, true)),
        Learnt::Scored(_)
    ));
    let bytes = model.to_bytes();
    // Rounded up, as it was, and in a second before.
    for mtime in [1_489_925_471_000, 1_489_925_470_960, 1_489_925_470_000] {
        assert_eq!(model.learn(&answer(1, mtime, true)), Learnt::Ignored);
    }
    assert_eq!(model.to_bytes(), bytes);
    assert!(
        matches!(
            model.learn(&answer(1, 1_489_925_480_100, false)),
            Learnt::Scored(_)
        ),
        "a changed answer"
    );
    assert!(
        matches!(
            model.learn(&answer(1, 1_489_925_480_224, true)),
            Learnt::Scored(_)
        ),
        "changed within the second"
    );
    assert!(
        matches!(
            model.learn(&answer(2, 1_489_925_470_960, true)),
            Learnt::Scored(_)
        ),
        "another answer"
    );
    assert_eq!(model.figures()[0].answers(), 4);
}

#[test]
fn a_score_does_not_look_at_the_answer() {
    let mut model = ResponseModel::new();
    learn(&mut model, 0..500);
    let unknown = answer(9999, 1_600_000_000_000, false);
    let scored = model.score(&unknown);
    for (yes, guests) in [(true, 0), (true, 3)] {
        assert!(
            (model.score(&AnswerSeen {
                yes,
                guests,
                ..unknown
            }) - scored)
                .abs()
                < 1e-15
        );
        let mut other = model.clone();
        let Learnt::Scored(learnt) = other.learn(&AnswerSeen {
            yes,
            guests,
            ..unknown
        }) else {
            panic!("it is new")
        };
        assert!(
            (learnt - scored).abs() < 1e-15,
            "scored before it is learnt"
        );
    }
}

#[test]
fn goes_on_from_a_checkpoint_as_if_nothing_had_happened() {
    let mut whole = ResponseModel::new();
    learn(&mut whole, 0..1500);
    let mut first = ResponseModel::new();
    learn(&mut first, 0..700);
    first.set_offset(vec![700, 3]);
    let mut resumed = ResponseModel::from_bytes(&first.to_bytes()).unwrap();
    assert_eq!(resumed.offset(), [700, 3]);
    // What comes again after the restart is not learnt again.
    learn(&mut resumed, 650..1500);
    resumed.set_offset(whole.offset().to_vec());
    assert!(resumed.to_bytes() == whole.to_bytes());
}

#[test]
fn it_learns_what_countries_answer() {
    let mut model = ResponseModel::new();
    learn(&mut model, 0..3000);
    let of = |country: &str| {
        let event = LabelledEvent {
            id: "new".to_owned(),
            country: Some(country.to_owned()),
            ..LabelledEvent::default()
        };
        model.score_event(&event, Some(1_500_004_000_000))
    };
    assert!(
        of("us") > 0.7 && of("de") < 0.5,
        "{} {}",
        of("us"),
        of("de")
    );
}

#[test]
fn the_card_says_how_it_did_and_few_answers_are_refused() {
    let ids: Vec<String> = (0..20).map(|event| event.to_string()).collect();
    let answers: Vec<AnswerSeen<'_>> = (0..2000_u64)
        .map(|number| AnswerSeen {
            event_id: &ids[number as usize % 20],
            event: EventSeen {
                country: if number % 3 == 0 { "us" } else { "de" },
                group_id: Some(number as i64 % 5),
                ..EventSeen::default()
            },
            ..answer(
                number,
                1_500_000_000_123 + number as i64 * 1007,
                number % 3 == 0,
            )
        })
        .collect();
    let (model, card) = ResponseModel::train(&answers, 5, &mut Quiet).unwrap();
    assert!(card.beats_baseline(), "{:#?}", card.comparisons);
    assert_eq!(
        (card.examples, card.groups, model.figures()[0].answers()),
        (2000, 5, 1000)
    );
    assert_eq!(
        ResponseModel::train(&answers, 5, &mut Quiet)
            .unwrap()
            .0
            .to_bytes(),
        model.to_bytes()
    );
    let refused = ResponseModel::train(&answers[..100], 5, &mut Quiet).unwrap_err();
    assert!(
        matches!(refused, TrainError::TooFew { found: 100, .. }),
        "{refused}"
    );
}

#[test]
fn what_is_no_such_model_is_refused() {
    let mut model = ResponseModel::new();
    learn(&mut model, 0..50);
    let bytes = model.to_bytes();
    for length in (0..bytes.len()).step_by(bytes.len() / 20) {
        assert!(matches!(
            ResponseModel::from_bytes(&bytes[..length]),
            Err(ModelError::Cut { .. })
        ));
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert!(matches!(
        ResponseModel::from_bytes(&longer),
        Err(ModelError::Trailing { bytes: 1, .. })
    ));
    let other = [&[7], &bytes[1..]].concat();
    assert!(matches!(
        ResponseModel::from_bytes(&other),
        Err(ModelError::Format { found: 7, .. })
    ));
    // The first weight, after the format and the number of weights.
    let mut infinite = bytes.clone();
    infinite[4..8].copy_from_slice(&f32::INFINITY.to_le_bytes());
    assert!(matches!(
        ResponseModel::from_bytes(&infinite),
        Err(ModelError::NotFinite { .. })
    ));
    model.set_offset(vec![0; 5000]);
    assert!(matches!(
        ResponseModel::from_bytes(&model.to_bytes()),
        Err(ModelError::OutOfRange { .. })
    ));
}

#[test]
fn the_figures_are_those_of_all_pairs() {
    let mut chance = fastrand::Rng::with_seed(3);
    let given: Vec<(f64, bool)> = (0..400)
        .map(|_| {
            let probability = chance.u32(0..512) as f64 / 512.0 + 0.0005;
            (probability, chance.f64() < probability)
        })
        .collect();
    let mut figures = ProgressiveFigures::default();
    given
        .iter()
        .for_each(|(probability, yes)| figures.count(*probability, *yes));
    let (mut won, mut pairs, mut loss) = (0.0, 0.0, 0.0);
    for (probability, yes) in &given {
        loss -= if *yes {
            probability.ln()
        } else {
            (1.0 - probability).ln()
        } / given.len() as f64;
        for (other, _) in given.iter().filter(|(_, other)| *yes && !other) {
            pairs += 1.0;
            won += if probability > other {
                1.0
            } else if probability < other {
                0.0
            } else {
                0.5
            };
        }
    }
    assert!((figures.log_loss() - loss).abs() < 1e-9);
    assert!((figures.auc() - won / pairs).abs() < 1e-9);
    assert_eq!(
        figures
            .calibration()
            .iter()
            .map(|bin| bin.examples)
            .sum::<u64>(),
        400
    );
    assert!(
        figures
            .calibration()
            .iter()
            .all(|bin| (bin.predicted - bin.observed).abs() < 0.25)
    );
}
