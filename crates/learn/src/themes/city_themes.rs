//! The theme that sets a city apart from the rest of the world.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::theme_corpus::ThemeCorpus;
use crate::{
    LabelledEvent, Spot,
    places::{middle_of, unit_vector},
};

/// A city with fewer groups is not looked at: it could hardly be told from chance.
const GROUPS_MIN: u32 = 10;
/// The chance that any city of all is labelled although none differs from the others.
const ERROR_RATE: f64 = 0.05;

/// A larger city and what sets it apart.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct CityTheme {
    /// The city of the groups.
    pub city: String,
    /// Two letters, lower case; empty where it is not known.
    pub country: String,
    /// The middle of the venues of its groups; none where they have none.
    pub spot: Option<Spot>,
    /// How many groups it has.
    pub groups: u32,
    /// The place of the theme in the model's list; none where no theme is more frequent than by chance.
    pub theme: Option<u32>,
    /// The share of its groups with that theme, in 0.0..=1.0; 0 without a theme.
    pub share: f64,
    /// The share of all other groups with that theme.
    pub share_elsewhere: f64,
    /// The probability that any theme of any city is so frequent by chance: Fisher's exact test, times the number of tests.
    pub p_value: f64,
}

/// A group with what it is counted by.
struct CityGroup<'a> {
    city: (&'a str, &'a str),
    theme: u32,
    venues: Vec<f64>,
}

/// All cities with enough groups, the largest first. A group counts once, with the theme of most of its events: events of a
/// group are no independent witnesses.
pub(super) fn city_themes(
    events: &[&LabelledEvent],
    corpus: &ThemeCorpus,
    theme_of: &[u32],
    themes: usize,
) -> Vec<CityTheme> {
    let groups = groups(events, corpus, theme_of);
    let mut with_theme = vec![0u32; themes];
    let mut cities: BTreeMap<(&str, &str), Vec<&CityGroup<'_>>> = BTreeMap::new();
    for group in &groups {
        with_theme[group.theme as usize] += 1;
        if !group.city.0.is_empty() {
            cities.entry(group.city).or_default().push(group);
        }
    }
    cities.retain(|_, groups| groups.len() >= GROUPS_MIN as usize);
    let tests = (cities.len() * themes) as f64;
    let factorials = LogFactorials::up_to(groups.len());
    let mut labelled: Vec<CityTheme> = cities
        .into_iter()
        .map(|(name, of_city)| {
            label(
                name,
                &of_city,
                &with_theme,
                groups.len(),
                tests,
                &factorials,
            )
        })
        .collect();
    labelled.sort_by_key(|city| std::cmp::Reverse(city.groups));
    labelled
}

fn label(
    (city, country): (&str, &str),
    groups: &[&CityGroup<'_>],
    with_theme: &[u32],
    all: usize,
    tests: f64,
    factorials: &LogFactorials,
) -> CityTheme {
    let mut here = vec![0u32; with_theme.len()];
    for group in groups {
        here[group.theme as usize] += 1;
    }
    let size = groups.len();
    let best = (0..with_theme.len())
        .map(|theme| {
            let p =
                factorials.at_least(here[theme] as usize, size, with_theme[theme] as usize, all);
            (theme, (p * tests).min(1.0))
        })
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .filter(|&(_, p)| p < ERROR_RATE);
    let venues: Vec<f64> = groups
        .iter()
        .flat_map(|group| group.venues.iter().copied())
        .collect();
    let elsewhere = (all - size).max(1) as f64;
    CityTheme {
        city: city.to_owned(),
        country: country.to_owned(),
        spot: middle_of(&venues),
        groups: size as u32,
        theme: best.map(|(theme, _)| theme as u32),
        share: best.map_or(0.0, |(theme, _)| f64::from(here[theme]) / size as f64),
        share_elsewhere: best.map_or(0.0, |(theme, _)| {
            f64::from(with_theme[theme] - here[theme]) / elsewhere
        }),
        p_value: best.map_or(1.0, |(_, p)| p),
    }
}

fn groups<'a>(
    events: &[&'a LabelledEvent],
    corpus: &ThemeCorpus,
    theme_of: &[u32],
) -> Vec<CityGroup<'a>> {
    let mut order: Vec<usize> = (0..corpus.texts.len()).collect();
    order.sort_by_key(|&text| corpus.texts[text].group);
    order
        .chunk_by(|&a, &b| corpus.texts[a].group == corpus.texts[b].group)
        .map(|texts| {
            let mut counts: BTreeMap<u32, u32> = BTreeMap::new();
            let mut venues = Vec::new();
            for &text in texts {
                *counts.entry(theme_of[text]).or_default() += 1;
                venues.extend(
                    events[corpus.texts[text].event]
                        .venue
                        .into_iter()
                        .flat_map(unit_vector),
                );
            }
            let most = counts
                .iter()
                .max_by_key(|&(theme, count)| (*count, std::cmp::Reverse(*theme)));
            let event = events[corpus.texts[texts[0]].event];
            CityGroup {
                city: (
                    event.city.as_deref().unwrap_or_default(),
                    event.country.as_deref().unwrap_or_default(),
                ),
                theme: most.map_or(0, |(theme, _)| *theme),
                venues,
            }
        })
        .collect()
}

/// Logarithms of factorials.
struct LogFactorials(Vec<f64>);

impl LogFactorials {
    fn up_to(last: usize) -> Self {
        let mut logarithms = vec![0.0];
        for number in 1..=last {
            logarithms.push(logarithms[number - 1] + (number as f64).ln());
        }
        Self(logarithms)
    }

    fn choose(&self, of: usize, chosen: usize) -> f64 {
        self.0[of] - self.0[chosen] - self.0[of - chosen]
    }

    /// The probability that of `drawn` groups at least `found` have a theme which `with` of `all` have (hypergeometric).
    fn at_least(&self, found: usize, drawn: usize, with: usize, all: usize) -> f64 {
        (found.max((drawn + with).saturating_sub(all))..=drawn.min(with))
            .map(|count| {
                let ways = self.choose(with, count) + self.choose(all - with, drawn - count);
                (ways - self.choose(all, drawn)).exp()
            })
            .sum::<f64>()
            .min(1.0)
    }
}

impl CityTheme {
    pub(super) fn is_sound(&self, themes: usize) -> bool {
        let shares = [self.share, self.share_elsewhere, self.p_value];
        self.theme.is_none_or(|theme| (theme as usize) < themes)
            && shares.iter().all(|share| (0.0..=1.0).contains(share))
            && self.spot.is_none_or(crate::places::is_on_the_globe)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::theme_corpus::EventText, *};

    /// 40 cities with 10 to 49 groups of one event each, and the themes that `theme` gives to them.
    fn labels(mut theme: impl FnMut(usize) -> u32, themes: usize) -> Vec<CityTheme> {
        let mut events = Vec::new();
        for city in 0..40 {
            for _ in 0..10 + city {
                events.push(LabelledEvent {
                    city: Some(format!("city {city}")),
                    ..LabelledEvent::default()
                });
            }
        }
        let theme_of: Vec<u32> = (0..events.len())
            .map(|event| theme(events[event].city.as_ref().unwrap()[5..].parse().unwrap()))
            .collect();
        let texts = (0..events.len())
            .map(|event| EventText {
                event,
                group: event as u32,
                weight: 1.0,
                words: vec![0],
            })
            .collect();
        let corpus = ThemeCorpus {
            texts,
            words: Vec::new(),
            idf: Vec::new(),
            groups: events.len(),
        };
        city_themes(
            &events.iter().collect::<Vec<_>>(),
            &corpus,
            &theme_of,
            themes,
        )
    }

    #[test]
    fn by_chance_no_city_wins_small_or_large() {
        let mut rng = fastrand::Rng::with_seed(1);
        // 100 worlds without differences: about 5 of them may have a label, and 12 hardly ever.
        let wrong = (0..100)
            .filter(|_| {
                labels(|_| (rng.f64() * rng.f64() * 30.0) as u32, 30)
                    .iter()
                    .any(|city| city.theme.is_some())
            })
            .count();
        assert!(wrong < 12, "{wrong} of 100 shuffled worlds have a label");
    }

    #[test]
    fn a_city_with_a_theme_of_its_own_is_labelled_even_if_it_is_small() {
        let mut rng = fastrand::Rng::with_seed(2);
        let found = labels(
            |city| {
                if city == 2 && rng.f64() < 0.8 {
                    7
                } else {
                    rng.u32(..30)
                }
            },
            30,
        );
        let labelled: Vec<_> = found.iter().filter(|city| city.theme.is_some()).collect();
        assert_eq!(labelled.len(), 1, "{labelled:?}");
        assert_eq!(
            (labelled[0].city.as_str(), labelled[0].theme),
            ("city 2", Some(7))
        );
        assert!(labelled[0].share > 0.5 && labelled[0].share_elsewhere < 0.1);
    }

    #[test]
    fn fishers_exact_test() {
        // Fisher's tea: 4 of 4 right out of 8 cups, 1 in 70; at least 3, 17 in 70.
        let factorials = LogFactorials::up_to(8);
        assert!((factorials.at_least(4, 4, 4, 8) - 1.0 / 70.0).abs() < 1e-12);
        assert!((factorials.at_least(3, 4, 4, 8) - 17.0 / 70.0).abs() < 1e-12);
        assert!((factorials.at_least(0, 4, 4, 8) - 1.0).abs() < 1e-12);
    }
}
