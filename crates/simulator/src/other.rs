//! The other feeds, so that every feed can be tried: events, photos, comments, venues.

use headcount_record::Feed;

use super::{
    answer::rounded_second,
    clock::Slot,
    dice::{Dice, mix},
    event::SimulatedEvent,
    group::Description,
    json::JsonWriter,
    member::SimulatedMember,
    open_event::{self, OpenEvent},
    pattern::{Filling, ShortText},
    place::city,
    rsvp::write_topics,
    script::SlotRole,
    stream::SimulatedStream,
    tables::TABLES,
    venue::SimulatedVenue,
};

/// Of a thousand records of all feeds together.
const SHARES: [(u32, Feed); 5] = [
    (780, Feed::Rsvps),
    (150, Feed::OpenEvents),
    (20, Feed::Photos),
    (40, Feed::EventComments),
    (10, Feed::OpenVenues),
];
/// Of a thousand comments, those that take an earlier one back.
const DELETED_COMMENTS: u32 = 40;
/// How many slots before that one may be.
const DELETED_AGE: u32 = 2_000;
const ID_END: i64 = 1 << 52;

/// Of a million records, how many belong to each of `feeds` other than the RSVPs.
pub(super) fn shares(feeds: &[Feed]) -> Vec<(u32, Feed)> {
    let asked = SHARES.iter().filter(|(_, feed)| feeds.contains(feed));
    let total: u32 = asked.clone().map(|(share, _)| share).sum();
    asked
        .filter(|(_, feed)| *feed != Feed::Rsvps)
        .map(|&(share, feed)| ((share * 1_000_000).div_ceil(total), feed))
        .collect()
}

/// The record of a slot that belongs to `feed`.
pub(super) fn write(stream: &SimulatedStream, feed: Feed, slot: Slot, out: &mut Vec<u8>) {
    let mtime = stream.mtime_of(slot);
    let mut dice = Dice::of(mix(stream.key, 71), slot as u64);
    match feed {
        Feed::OpenEvents => {
            let event = stream.world.draw_event(mtime, &mut dice);
            let mtime = open_event::republished(&event, mtime, &mut dice).unwrap_or(mtime);
            OpenEvent::new(&stream.world, event, mtime).write(out);
        }
        Feed::Photos => MemberAtEvent::new(stream, slot, mtime, &mut dice).write_photo(out),
        Feed::EventComments => write_comment(stream, slot, mtime, &mut dice, out),
        Feed::OpenVenues => {
            let event = stream.world.draw_event(mtime, &mut dice);
            write_venue(
                &SimulatedVenue::draw(&stream.world, &event.group, &mut dice),
                mtime,
                out,
            );
        }
        Feed::Rsvps => unreachable!("RSVPs are written from their answers"),
    }
}

/// A member at an event: what photos and comments are about.
struct MemberAtEvent {
    slot: Slot,
    mtime: i64,
    event: SimulatedEvent,
    group: Description,
    event_name: ShortText,
    member: SimulatedMember,
}

impl MemberAtEvent {
    fn new(stream: &SimulatedStream, slot: Slot, mtime: i64, dice: &mut Dice) -> Self {
        let event = stream.world.draw_event(mtime, dice);
        let member = stream.world.draw_member(&event.group, dice);
        let group = event.group.describe();
        let second = rounded_second(mtime);
        let venue = event.venue(&stream.world, second).map(|venue| venue.name());
        let event_name = event.name(&group, venue.as_ref(), second);
        Self {
            slot,
            mtime,
            event,
            group,
            event_name,
            member,
        }
    }

    fn write_photo(&self, out: &mut Vec<u8>) {
        let id = (400_000_000 + self.slot).rem_euclid(ID_END);
        out.put(r#"{"mtime":"#);
        out.number(self.mtime);
        out.put(r#","ctime":"#);
        out.number(self.mtime - 1000);
        out.put(r#","photo_id":"#);
        out.number(id);
        for (key, size) in [
            ("photo_link", "600"),
            ("highres_link", "highres"),
            ("thumb_link", "thumb"),
        ] {
            out.put(r#",""#);
            out.put(key);
            out.put(r#"":"https:\/\/photos.example\/event\/"#);
            out.put(size);
            out.put("_");
            out.number(id);
            out.put(r#".jpeg""#);
        }
        out.put(r#","member":{"member_id":"#);
        out.number(self.member.id().into());
        out.put(r#","name":"Member "#);
        out.number(self.member.name().into());
        out.put(r#""},"photo_album":{"photo_album_id":"#);
        out.number(self.event.address_number() as i64 / 10);
        out.put(r#","event":{"id":""#);
        out.text(self.event.id().as_bytes());
        out.put(r#"","name":""#);
        out.text(self.event_name.as_bytes());
        out.put(r#""},"group":{"#);
        write_topics(&self.group, out);
        out.put(",");
        open_event::write_group(&self.event.group, &self.group, out);
        out.put("}}}");
    }

    fn write_comment(
        &self,
        text: &ShortText,
        in_reply_to: Option<i64>,
        deleted: Option<i64>,
        out: &mut Vec<u8>,
    ) {
        out.put(r#"{"visibility":"public","id":"#);
        out.number(comment_id(self.slot));
        if let Some(earlier) = in_reply_to {
            out.put(r#","in_reply_to":"#);
            out.number(earlier);
        }
        out.put(r#","comment":""#);
        out.text(text.as_bytes());
        out.put(r#"","member":{"member_id":"#);
        out.number(self.member.id().into());
        out.put(r#","member_name":"Member "#);
        out.number(self.member.name().into());
        out.put(r#""},"mtime":"#);
        out.number(deleted.unwrap_or(self.mtime));
        out.put(r#","event":{"event_name":""#);
        out.text(self.event_name.as_bytes());
        out.put(r#"","event_id":""#);
        out.text(self.event.id().as_bytes());
        out.put(r#""},"group":{"#);
        open_event::write_group(&self.event.group, &self.group, out);
        out.put(r#"},"status":""#);
        out.put(if deleted.is_some() {
            r#"deleted"}"#
        } else {
            r#"active"}"#
        });
    }
}

fn comment_id(slot: Slot) -> i64 {
    (420_000_000 + slot).rem_euclid(ID_END)
}

/// A comment, or an earlier one again because it was deleted.
fn write_comment(
    stream: &SimulatedStream,
    slot: Slot,
    mtime: i64,
    dice: &mut Dice,
    out: &mut Vec<u8>,
) {
    let mut written_in = slot;
    let mut deleted = None;
    if dice.chance(DELETED_COMMENTS) {
        let nearest = slot - 1 - i64::from(dice.below(DELETED_AGE));
        let is_comment =
            |slot: &Slot| stream.script.role_of(*slot) == SlotRole::Other(Feed::EventComments);
        if let Some(earlier) = (nearest - 500..=nearest).rev().find(is_comment) {
            written_in = earlier;
            deleted = Some(mtime);
        }
    }
    let mut dice = Dice::of(mix(stream.key, 72), written_in as u64);
    let scene = MemberAtEvent::new(stream, written_in, stream.mtime_of(written_in), &mut dice);
    let topics = scene.group.topics.ids();
    let filling = Filling {
        topics: (topics[0], topics[0]),
        city: city(scene.event.group.city).name,
        category: scene.group.category,
        venue: None,
    };
    let mut text = ShortText::new();
    dice.choose(&TABLES.comments)
        .write(&filling, &mut dice, &mut text);
    let in_reply_to = dice.chance(150).then(|| comment_id(written_in - 40));
    scene.write_comment(&text, in_reply_to, deleted, out);
}

fn write_venue(venue: &SimulatedVenue, mtime: i64, out: &mut Vec<u8>) {
    let (lat, lon) = venue.place();
    out.put(r#"{"id":"#);
    out.number(venue.id().into());
    out.put(r#","name":""#);
    out.text(venue.name().as_bytes());
    out.put(r#"","#);
    open_event::write_address(venue, out);
    out.put(r#","lat":"#);
    out.degrees(lat, 6);
    out.put(r#","lon":"#);
    out.degrees(lon, 6);
    out.put(r#","mtime":"#);
    out.number(mtime);
    out.put("}");
}
