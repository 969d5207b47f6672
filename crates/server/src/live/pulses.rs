//! New answers between two ticks, summed by place. The map shows each as a pulse.

use std::{collections::HashMap, sync::Arc};

use headcount_engine::{Filter, Pulse, Response};
use serde::Serialize;

/// More flashes at once than an eye can tell apart.
const PLACES_MAX: usize = 64;

/// Longitude, latitude, 1 for yes, 0 for no and 2 for maybe, country, count.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Flash(f64, f64, u8, Arc<str>, u32);

#[derive(Debug, Default)]
pub(super) struct Flashes {
    flashes: Vec<Flash>,
    /// Where a place and an answer stand in `flashes`.
    places: HashMap<(u64, u64, Response), usize>,
}

impl Flashes {
    /// Adds what the filter lets through. The first 64 places of a tick are shown, and all their answers. A pulse knows its
    /// country and its answer only, so under any other filter none is shown rather than a wrong one.
    pub(super) fn add(&mut self, filter: &Filter, pulses: &[Pulse]) {
        if !filter.is_by_country_and_response() {
            return;
        }
        let countries = &filter.country;
        let wanted = |pulse: &&Pulse| {
            filter.lets_response(pulse.response)
                && (countries.is_empty()
                    || countries.iter().any(|country| **country == *pulse.country))
        };
        for pulse in pulses.iter().filter(wanted) {
            let place = (pulse.lon.to_bits(), pulse.lat.to_bits(), pulse.response);
            if let Some(index) = self.places.get(&place) {
                self.flashes[*index].4 += 1;
            } else if self.flashes.len() < PLACES_MAX {
                self.places.insert(place, self.flashes.len());
                let country = Arc::clone(&pulse.country);
                let response = pulse.response.number();
                self.flashes
                    .push(Flash(pulse.lon, pulse.lat, response, country, 1));
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.flashes.is_empty()
    }

    pub(super) fn take(&mut self) -> Option<Vec<Flash>> {
        self.places.clear();
        Some(std::mem::take(&mut self.flashes)).filter(|flashes| !flashes.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pulse(lon: f64, yes: bool, country: &str) -> Pulse {
        Pulse {
            lon,
            lat: 1.0,
            response: if yes { Response::Yes } else { Response::No },
            country: country.into(),
        }
    }

    #[test]
    fn answers_of_a_place_are_summed_and_others_left_out() {
        let mut flashes = Flashes::default();
        let filter = Filter::of_countries(["us"]);
        flashes.add(
            &filter,
            &[
                pulse(1.0, true, "us"),
                pulse(2.0, true, "gb"),
                pulse(1.0, false, "us"),
            ],
        );
        flashes.add(&filter, &[pulse(1.0, true, "us")]);
        assert_eq!(
            flashes.take(),
            Some(vec![
                Flash(1.0, 1.0, 1, "us".into(), 2),
                Flash(1.0, 1.0, 0, "us".into(), 1)
            ])
        );
        assert_eq!(flashes.take(), None);
    }

    #[test]
    fn a_burst_is_bounded() {
        let mut flashes = Flashes::default();
        for lon in 0..100 {
            flashes.add(&Filter::default(), &[pulse(f64::from(lon), true, "us")]);
        }
        flashes.add(
            &Filter::default(),
            &[pulse(0.0, true, "us"), pulse(99.0, true, "us")],
        );
        let taken = flashes.take().expect("some");
        assert_eq!(taken.len(), 64);
        assert_eq!(taken[0].4, 2);
    }
}
