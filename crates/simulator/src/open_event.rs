//! Records of the feed `open_events`: an event whenever it is made, changed or published again.

use super::{
    answer::rounded_second,
    dice::Dice,
    event::{DAY_MS, SimulatedEvent},
    group::{Description, SimulatedGroup, Trait},
    json::JsonWriter,
    pattern::{Filling, ShortText},
    place::{HOUR_MS, city},
    rsvp::write_event_url,
    tables::TABLES,
    venue::SimulatedVenue,
    world::World,
};

/// Of a thousand events of series, those published again with the time of their last change.
const REPUBLISHED: u32 = 450;
/// Of a thousand events, those that are called off in the end.
const CALLED_OFF: u32 = 50;

/// The time in a record that only publishes the event again, if this record does.
pub(super) fn republished(event: &SimulatedEvent, mtime: i64, dice: &mut Dice) -> Option<i64> {
    if !event.is_series || !dice.chance(REPUBLISHED) {
        return None;
    }
    let age = i64::from(event.dice(Trait::Republished).skewed_below(500 * 24)) * HOUR_MS;
    let changed = rounded_second(event.starts - 30 * DAY_MS - age) * 1000;
    (changed < mtime).then_some(changed)
}

/// An event as known at one second, so that two records of one second are equal.
pub(super) struct OpenEvent {
    event: SimulatedEvent,
    mtime: i64,
    second: i64,
    group: Description,
    name: ShortText,
    venue: Option<SimulatedVenue>,
    dice: Dice,
}

impl OpenEvent {
    pub(super) fn new(world: &World, event: SimulatedEvent, mtime: i64) -> Self {
        let second = rounded_second(mtime);
        let group = event.group.describe();
        let venue = event.venue(world, second);
        let venue_name = venue.as_ref().map(SimulatedVenue::name);
        let name = event.name(&group, venue_name.as_ref(), second);
        let dice = event.dice(Trait::Details);
        Self {
            event,
            mtime,
            second,
            group,
            name,
            venue,
            dice,
        }
    }

    pub(super) fn write(mut self, out: &mut Vec<u8>) {
        out.put("{");
        let time = self.event.time();
        if time.is_some() {
            out.put(r#""utc_offset":"#);
            out.number(i64::from(city(self.event.group.city).utc_offset_min) * 60_000);
            out.put(",");
        }
        self.write_venue(out);
        out.put(r#""rsvp_limit":"#);
        out.number(self.dice.pick(&[0, 0, 0, 0, 0, 0, 10, 12, 15, 20]));
        out.put(r#","venue_visibility":""#);
        out.put(if self.venue.is_some() {
            "public"
        } else {
            "members"
        });
        out.put(r#"","visibility":"public","#);
        let fee = self.dice.chance(43);
        if fee {
            out.put(r#""fee":{"description":"per person","amount":"#);
            out.number(self.dice.pick(&[5, 8, 10, 12, 20, 25, 40]));
            out.put(r#","currency":"USD"},"#);
        }
        out.put(r#""maybe_rsvp_count":0,"#);
        self.write_description(out);
        out.put(r#""mtime":"#);
        out.number(self.mtime);
        out.put(",");
        let scheme = if self.event.group.is_old_style() {
            "http"
        } else {
            "https"
        };
        write_event_url(scheme, &self.event, &self.group, out);
        out.put(r#","yes_rsvp_count":"#);
        out.number(self.coming());
        if self.dice.chance(528) {
            out.put(r#","duration":"#);
            out.number(self.dice.pick(&[1, 2, 2, 2, 3, 3, 4, 8]) * HOUR_MS);
        }
        out.put(r#","payment_required":""#);
        out.put(if fee { "1" } else { "0" });
        out.put(r#"","name":""#);
        out.text(self.name.as_bytes());
        out.put(r#"","id":""#);
        out.text(self.event.id().as_bytes());
        out.put(r#"","#);
        if let Some(time) = time {
            out.put(r#""time":"#);
            out.number(time);
            out.put(",");
        }
        out.put(r#""group":{"#);
        write_group(&self.event.group, &self.group, out);
        out.put(r#"},"status":""#);
        out.put(self.status(time.is_some()));
        out.put(r#""}"#);
    }

    fn write_venue(&self, out: &mut Vec<u8>) {
        if let Some(venue) = &self.venue {
            let (lat, lon) = venue.place();
            out.put(r#""venue":{"#);
            write_address(venue, out);
            out.put(r#","name":""#);
            out.text(venue.name().as_bytes());
            if (lat, lon) != (0, 0) {
                out.put(r#"","lon":"#);
                out.degrees(lon, 6);
                out.put(r#","lat":"#);
                out.degrees(lat, 6);
                out.put("},");
            } else {
                out.put(r#""},"#);
            }
        }
    }

    /// Paragraphs of HTML that speak of the group's topics in its category's words.
    fn write_description(&mut self, out: &mut Vec<u8>) {
        if self.dice.chance(28) {
            return;
        }
        out.put(r#""description":"<p>"#);
        let venue = self.venue.as_ref().map(SimulatedVenue::name);
        let topics = self.group.topics.ids();
        for _ in 0..3 + self.dice.skewed_below(50) {
            let filling = Filling {
                topics: (self.dice.pick(topics), topics[0]),
                city: city(self.event.group.city).name,
                category: self.group.category,
                venue: venue.as_ref().map(ShortText::as_str),
            };
            let mut sentence = ShortText::new();
            let pattern = self.dice.choose(&TABLES.sentences);
            pattern.write(&filling, &mut self.dice, &mut sentence);
            write_html(sentence.as_bytes(), out);
            out.put(
                self.dice
                    .pick(&[" ", " ", " ", r"<br\/>", r"<\/p>\n<p>", " &nbsp;"]),
            );
        }
        out.put(r#"<\/p>","#);
    }

    /// How many are coming, which grows as the event draws near.
    fn coming(&self) -> i64 {
        let all = i64::from(self.event.dice(Trait::Details).skewed_below(60));
        let days = (self.event.starts / 1000 - self.second).max(0) / 86_400;
        all * 5 / (5 + days) + 1
    }

    fn status(&self, has_date: bool) -> &'static str {
        let mut fate = self.event.dice(Trait::Fate);
        if !has_date {
            return "proposed";
        }
        if fate.chance(CALLED_OFF) {
            let called_off = self.event.starts / 1000 - i64::from(fate.below(20 * 86_400));
            if self.second > called_off {
                return if fate.chance(600) {
                    "deleted"
                } else {
                    "canceled"
                };
            }
        }
        if fate.chance(22) {
            "suggested"
        } else {
            "upcoming"
        }
    }
}

/// A text within HTML within JSON.
fn write_html(text: &[u8], out: &mut Vec<u8>) {
    for part in text.split_inclusive(|&byte| byte == b'&') {
        if let Some(before) = part.strip_suffix(b"&") {
            out.text(before);
            out.put("&amp;");
        } else {
            out.text(part);
        }
    }
}

/// The keys of a group as all feeds but the RSVPs have them.
pub(super) fn write_group(group: &SimulatedGroup, about: &Description, out: &mut Vec<u8>) {
    let city = city(group.city);
    let (lat, lon) = group.place();
    let category = &TABLES.categories[about.category];
    out.put(r#""join_mode":""#);
    out.put(if group.dice(Trait::Details).chance(750) {
        "open"
    } else {
        "approval"
    });
    out.put(r#"","country":""#);
    out.put(city.country);
    out.put(r#"","city":""#);
    out.text(city.name.as_bytes());
    out.put(r#"","name":""#);
    out.text(about.name.as_bytes());
    out.put(r#"","group_lon":"#);
    out.degrees(lon, 2);
    out.put(r#","id":"#);
    out.number(group.id().into());
    if let Some(state) = city.state {
        out.put(r#","state":""#);
        out.put(state);
        out.put(r#"""#);
    }
    out.put(r#","urlname":""#);
    out.text(about.urlname.as_bytes());
    out.put(r#"","category":{"name":""#);
    out.text(category.name.as_bytes());
    out.put(r#"","id":"#);
    out.number(category.id.into());
    out.put(r#","shortname":""#);
    out.put(category.shortname);
    out.put(r#""},"group_lat":"#);
    out.degrees(lat, 2);
}

/// `"country":"us","city":"..","address_1":".."` and the state, if the country has states.
pub(super) fn write_address(venue: &SimulatedVenue, out: &mut Vec<u8>) {
    let city = city(venue.city());
    let mut dice = venue.dice();
    out.put(r#""country":""#);
    out.put(city.country);
    out.put(r#"","city":""#);
    out.text(city.name.as_bytes());
    out.put(r#"","address_1":""#);
    out.number(1 + i64::from(dice.skewed_below(9_999)));
    out.put(" ");
    out.put(dice.pick(&[
        "Main Street",
        "Oak Avenue",
        "Park Road",
        "Church Street",
        "Mill Lane",
    ]));
    out.put(r#"""#);
    if let Some(state) = city.state {
        out.put(r#","state":""#);
        out.put(state);
        out.put(r#"""#);
    }
}
