//! The JSON of an RSVP, in the key orders of the two servers that wrote the real recordings.

use super::{
    answer::{SimulatedAnswer, rounded_second},
    clock::Slot,
    event::SimulatedEvent,
    group::Description,
    json::JsonWriter,
    member::SimulatedMember,
    pattern::ShortText,
    place::city,
    tables::TABLES,
    venue::SimulatedVenue,
    world::World,
};

/// The id of the RSVP first made in slot 0; each slot has its own.
const FIRST_ID: i64 = 1_500_000_000;
/// Ids stay below 2^52, so that every reader keeps them whole, also of streams before 2024.
const ID_END: i64 = 1 << 52;

/// The fields of one record, ready to be written in any order.
struct RsvpFields<'a> {
    answer: &'a SimulatedAnswer,
    mtime: i64,
    group: Description,
    event_name: ShortText,
    venue: Option<(SimulatedVenue, ShortText)>,
}

pub(super) const fn rsvp_id(slot: Slot) -> i64 {
    (FIRST_ID + slot).rem_euclid(ID_END)
}

pub(super) fn write(world: &World, answer: &SimulatedAnswer, mtime: i64, out: &mut Vec<u8>) {
    let event = &answer.event;
    let second = rounded_second(mtime);
    let group = event.group.describe();
    let venue = event.venue(world, second).map(|venue| {
        let name = venue.name();
        (venue, name)
    });
    let event_name = event.name(&group, venue.as_ref().map(|(_, name)| name), second);
    let fields = RsvpFields {
        answer,
        mtime,
        group,
        event_name,
        venue,
    };
    if event.group.is_old_style() {
        fields.write_old(out)
    } else {
        fields.write_new(out)
    }
}

impl RsvpFields<'_> {
    /// As in the recordings of 2017 to 2019.
    fn write_new(&self, out: &mut Vec<u8>) {
        out.put("{");
        if let Some((venue, name)) = &self.venue {
            let (lat, lon) = venue.place();
            out.put(r#""venue":{"venue_name":""#);
            out.text(name.as_bytes());
            out.put(r#"","lon":"#);
            out.degrees(lon, 6);
            out.put(r#","lat":"#);
            out.degrees(lat, 6);
            out.put(r#","venue_id":"#);
            out.number(venue.id().into());
            out.put("},");
        }
        out.put(r#""visibility":"public","response":""#);
        self.write_answer(out);
        out.put(r#","member":{"member_id":"#);
        let member = &self.answer.member;
        out.number(member.id().into());
        out.put(",");
        member.write_services(out);
        member.write_photo(out);
        write_member_name(member, out);
        out.put(r#"},"rsvp_id":"#);
        out.number(rsvp_id(self.answer.slot));
        out.put(r#","mtime":"#);
        out.number(self.mtime);
        out.put(r#","event":{"event_name":""#);
        let event = &self.answer.event;
        out.text(self.event_name.as_bytes());
        out.put(r#"","event_id":""#);
        out.text(event.id().as_bytes());
        out.put(r#"","#);
        if let Some(time) = event.time() {
            out.put(r#""time":"#);
            out.number(time);
            out.put(",");
        }
        write_event_url("https", event, &self.group, out);
        out.put(r#"},"group":{"#);
        self.write_topics(out);
        self.write_group_new(out);
        out.put("}}");
    }

    fn write_group_new(&self, out: &mut Vec<u8>) {
        let group = &self.answer.event.group;
        let city = city(group.city);
        let (lat, lon) = group.place();
        out.put(r#","group_city":""#);
        out.text(city.name.as_bytes());
        out.put(r#"","group_country":""#);
        out.put(city.country);
        out.put(r#"","group_id":"#);
        out.number(group.id().into());
        out.put(r#","group_name":""#);
        out.text(self.group.name.as_bytes());
        out.put(r#"","group_lon":"#);
        out.degrees(lon, 2);
        out.put(r#","group_urlname":""#);
        out.text(self.group.urlname.as_bytes());
        out.put(r#"","#);
        if let Some(state) = city.state {
            out.put(r#""group_state":""#);
            out.put(state);
            out.put(r#"","#);
        }
        out.put(r#""group_lat":"#);
        out.degrees(lat, 2);
    }

    /// As in the recording of 2015.
    fn write_old(&self, out: &mut Vec<u8>) {
        out.put(r#"{"response":""#);
        let member = &self.answer.member;
        let event = &self.answer.event;
        self.write_response(out);
        out.put(r#","member":{"#);
        write_member_name(member, out);
        out.put(",");
        member.write_services(out);
        member.write_photo(out);
        out.put(r#""member_id":"#);
        out.number(member.id().into());
        out.put(r#"},"visibility":"public","event":{"#);
        if let Some(time) = event.time() {
            out.put(r#""time":"#);
            out.number(time);
            out.put(",");
        }
        write_event_url("http", event, &self.group, out);
        out.put(r#","event_id":""#);
        out.text(event.id().as_bytes());
        out.put(r#"","event_name":""#);
        out.text(self.event_name.as_bytes());
        out.put(r#""},"guests":"#);
        out.number(self.answer.said_at(self.mtime).guests.into());
        out.put(r#","mtime":"#);
        out.number(self.mtime);
        out.put(r#","rsvp_id":"#);
        out.number(rsvp_id(self.answer.slot));
        self.write_group_old(out);
        if let Some((venue, name)) = &self.venue {
            let (lat, lon) = venue.place();
            out.put(r#","venue":{"lon":"#);
            out.degrees(lon, 6);
            out.put(r#","venue_name":""#);
            out.text(name.as_bytes());
            out.put(r#"","venue_id":"#);
            out.number(venue.id().into());
            out.put(r#","lat":"#);
            out.degrees(lat, 6);
            out.put("}");
        }
        out.put("}");
    }

    fn write_group_old(&self, out: &mut Vec<u8>) {
        let group = &self.answer.event.group;
        let city = city(group.city);
        let (lat, lon) = group.place();
        out.put(r#","group":{"group_name":""#);
        out.text(self.group.name.as_bytes());
        out.put(r#"","#);
        if let Some(state) = city.state {
            out.put(r#""group_state":""#);
            out.put(state);
            out.put(r#"","#);
        }
        out.put(r#""group_city":""#);
        out.text(city.name.as_bytes());
        out.put(r#"","group_lat":"#);
        out.degrees(lat, 2);
        out.put(r#","group_urlname":""#);
        out.text(self.group.urlname.as_bytes());
        out.put(r#"","group_id":"#);
        out.number(group.id().into());
        out.put(r#","group_country":""#);
        out.put(city.country);
        out.put(r#"","#);
        self.write_topics(out);
        out.put(r#","group_lon":"#);
        out.degrees(lon, 2);
        out.put("}");
    }

    /// `yes"` or `no"`.
    fn write_response(&self, out: &mut Vec<u8>) {
        let yes = self.answer.said_at(self.mtime).yes;
        out.put(if yes { r#"yes""# } else { r#"no""# });
    }

    fn write_answer(&self, out: &mut Vec<u8>) {
        self.write_response(out);
        out.put(r#","guests":"#);
        out.number(self.answer.said_at(self.mtime).guests.into());
    }

    fn write_topics(&self, out: &mut Vec<u8>) {
        write_topics(&self.group, out);
    }
}

/// `"group_topics":[..]`
pub(super) fn write_topics(group: &Description, out: &mut Vec<u8>) {
    out.put(r#""group_topics":["#);
    for (place, &topic) in group.topics.ids().iter().enumerate() {
        if place > 0 {
            out.put(",");
        }
        out.extend_from_slice(&TABLES.topics[usize::from(topic)].json);
    }
    out.put("]");
}

/// `"member_name":".."`
pub(super) fn write_member_name(member: &SimulatedMember, out: &mut Vec<u8>) {
    out.put(r#""member_name":"Member "#);
    out.number(member.name().into());
    out.put(r#"""#);
}

/// `"event_url":".."`
pub(super) fn write_event_url(
    scheme: &str,
    event: &SimulatedEvent,
    group: &Description,
    out: &mut Vec<u8>,
) {
    out.put(r#""event_url":""#);
    out.put(scheme);
    out.put(r":\/\/www.meetup.com\/");
    out.text(group.urlname.as_bytes());
    out.put(r"\/events\/");
    out.number(event.address_number() as i64);
    out.put(r#"\/""#);
}
