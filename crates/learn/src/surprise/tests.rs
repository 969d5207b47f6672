use super::negative_binomial::at_least;
use super::*;

const WEEKS: i64 = 12;
const KEYS: u64 = 100;

/// Counts by hour: keys of very different sizes with a daily rhythm that is shifted for every third key.
fn counts(seed: u64) -> Vec<Vec<(u64, u32)>> {
    let mut chance = fastrand::Rng::with_seed(seed);
    let rates: Vec<f64> = (0..KEYS)
        .map(|_| (chance.f64() * 6.0 - 4.0).exp())
        .collect();
    (0..WEEKS * 168)
        .map(|hour| {
            let of_key = |key: u64| {
                let shift = if key.is_multiple_of(3) { 8.0 } else { 0.0 };
                let angle = (hour as f64 + shift) / 24.0 * std::f64::consts::TAU;
                let weekend = if hour % 168 > 120 { 1.5 } else { 1.0 };
                rates[key as usize] * (1.0 + 0.8 * angle.sin()) * weekend
            };
            let mut drawn = Vec::new();
            for key in 0..KEYS {
                // Hours differ beyond chance.
                let count = poisson(&mut chance, of_key(key), 0.7);
                if count > 0 {
                    drawn.push((key, count));
                }
            }
            drawn
        })
        .collect()
}

fn poisson(chance: &mut fastrand::Rng, mean: f64, least: f64) -> u32 {
    let mean = mean * (least + chance.f64() * 2.0 * (1.0 - least));
    let (limit, mut product, mut count) = ((-mean).exp(), chance.f64(), 0);
    while product > limit {
        product *= chance.f64();
        count += 1;
    }
    count
}

/// The share of hours in the later half with an alarm.
fn hours_with_alarm(hours: &[Vec<(u64, u32)>]) -> f64 {
    let mut model = SurpriseModel::new();
    let learnt = hours.len() / 2;
    let mut alarms = 0;
    for (hour, counts) in hours.iter().enumerate() {
        let scores = model.close_hour(hour as i64, counts);
        alarms += usize::from(hour >= learnt && scores.iter().any(|score| score.alarm));
    }
    alarms as f64 / (hours.len() - learnt) as f64
}

#[test]
fn alarms_by_chance_stay_within_the_stated_rate() {
    for seed in 0..3 {
        let share = hours_with_alarm(&counts(seed));
        assert!(share <= FALSE_ALARMS, "seed {seed}: {share}");
    }
}

#[test]
fn alarms_vanish_when_time_is_shuffled() {
    let mut hours = counts(7);
    let mut chance = fastrand::Rng::with_seed(7);
    // Bursts of a day, of keys that are not the smallest.
    for _ in 0..40 {
        let (key, start) = (
            chance.u64(0..KEYS),
            chance.usize(hours.len() / 2..hours.len() - 24),
        );
        for counts in &mut hours[start..start + 24] {
            counts.retain(|(other, _)| *other != key);
            counts.push((key, 25));
        }
    }
    let in_time = hours_with_alarm(&hours);
    assert!(in_time > 0.3, "{in_time}");
    let by_chance = hours_with_alarm(&shuffled(&hours, &mut chance));
    assert!(by_chance <= FALSE_ALARMS, "{by_chance} of {in_time}");
}

/// Everything that happened happens at the time of something else: keys keep their totals and hours theirs, nothing else stays.
fn shuffled(hours: &[Vec<(u64, u32)>], chance: &mut fastrand::Rng) -> Vec<Vec<(u64, u32)>> {
    let mut keys = Vec::new();
    for (key, count) in hours.iter().flatten() {
        keys.extend(std::iter::repeat_n(*key, *count as usize));
    }
    chance.shuffle(&mut keys);
    let mut keys = keys.into_iter();
    let shuffle = |counts: &Vec<(u64, u32)>| {
        let mut shuffled = std::collections::BTreeMap::new();
        let happened: u32 = counts.iter().map(|(_, count)| count).sum();
        for key in keys.by_ref().take(happened as usize) {
            *shuffled.entry(key).or_insert(0) += 1;
        }
        shuffled.into_iter().collect()
    };
    hours.iter().map(shuffle).collect()
}

#[test]
fn a_burst_raises_an_alarm_and_the_usual_does_not() {
    let hours = counts(1);
    let mut model = SurpriseModel::new();
    for (hour, counts) in hours.iter().enumerate() {
        model.close_hour(hour as i64, counts);
    }
    let next = hours.len() as i64;
    let (expected, key) = (0..KEYS)
        .map(|key| (model.surprise(key, next, 0).expected, key))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .unwrap();
    let usual = expected.round() as u32;
    assert!(model.surprise(key, next, usual).probability > 0.2);
    let scores = model.close_hour(next, &[(key, usual * 4 + 10)]);
    assert!(scores[0].alarm, "{scores:?}");
    assert!(
        model.close_hour(next, &[(key, 1)]).is_empty(),
        "an hour is closed once"
    );
}

#[test]
fn a_new_key_raises_no_alarm() {
    let mut model = SurpriseModel::new();
    for (hour, counts) in counts(2).iter().enumerate() {
        model.close_hour(hour as i64, counts);
    }
    let scores = model.close_hour(WEEKS * 168, &[(KEYS + 1, 1000)]);
    assert!(!scores[0].alarm);
    assert!(scores[0].probability < 1e-6);
}

#[test]
fn the_tail_is_that_of_a_poisson_distribution_without_spread() {
    // 1 - (1 + 2 + 2) e^-2
    assert!((at_least(3, 2.0, 0.0) - (1.0 - 5.0 * (-2.0_f64).exp())).abs() < 1e-6);
    // Size 1 is geometric: (mean / (1 + mean))^count.
    assert!((at_least(4, 3.0, 1.0) - 0.75_f64.powi(4)).abs() < 1e-9);
    assert!((at_least(2, 3.0, 1.0) - 0.75_f64.powi(2)).abs() < 1e-9);
    assert!((at_least(0, 3.0, 1.0) - 1.0).abs() < 1e-12);
    assert!(at_least(u32::MAX, 1e-3, 0.5) < 1e-9);
    assert!(at_least(5000, 10_000.0, 0.01) > 0.99);
}

#[test]
fn memory_is_bounded() {
    let mut model = SurpriseModel::new();
    for hour in 0..20_u64 {
        let counts: Vec<(u64, u32)> = (0..2000).map(|key| (hour * 2000 + key, 1)).collect();
        model.close_hour(hour as i64, &counts);
        assert!(model.keys() <= KEYS_MAX);
    }
    assert!(model.keys() > KEYS_MAX / 2);
}

#[test]
fn goes_on_from_a_checkpoint_as_if_nothing_had_happened() {
    let hours = counts(3);
    let (mut whole, mut first) = (SurpriseModel::new(), SurpriseModel::new());
    for (hour, counts) in hours.iter().enumerate().take(600) {
        whole.close_hour(hour as i64, counts);
        if hour == 300 {
            first = SurpriseModel::from_bytes(&first.to_bytes()).unwrap();
        }
        first.close_hour(hour as i64, counts);
    }
    assert_eq!(whole.to_bytes(), first.to_bytes());
}

#[test]
fn what_is_no_such_model_is_refused() {
    let mut model = SurpriseModel::new();
    model.close_hour(0, &[(1, 2)]);
    let bytes = model.to_bytes();
    for length in 0..bytes.len() {
        assert!(SurpriseModel::from_bytes(&bytes[..length]).is_err());
    }
    let longer: Vec<u8> = bytes.iter().copied().chain([0]).collect();
    assert!(
        SurpriseModel::from_bytes(&longer)
            .unwrap_err()
            .to_string()
            .contains("follow")
    );
    let mut other = bytes.clone();
    other[0] = 9;
    assert!(
        SurpriseModel::from_bytes(&other)
            .unwrap_err()
            .to_string()
            .contains("format 9")
    );
    model.key_hours = f64::NAN;
    assert!(SurpriseModel::from_bytes(&model.to_bytes()).is_err());
}
