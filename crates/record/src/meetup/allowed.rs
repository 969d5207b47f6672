//! What may stay of the records of Meetup's feeds, by path.
//!
//! The paths are those of the API's documentation, of the public recordings, and of the dumps of the
//! REST API that have the same records. What is a person's is listed only to say that it is known: it
//! does not count among the values that nobody expected.

use super::Feed;
use crate::allowed::Allowed::{
    self, Id, List, Name, Nothing, Number, Object, Person, Word, Written,
};

/// Keys that say by themselves what their value is, wherever a broken record has them.
pub(super) const LANDMARKS: &[&str] = &[
    "rsvp_id",
    "response",
    "guests",
    "mtime",
    "event",
    "event_id",
    "event_name",
    "event_url",
    "group",
    "group_id",
    "group_name",
    "group_urlname",
    "group_city",
    "group_state",
    "group_country",
    "group_lat",
    "group_lon",
    "group_topics",
    "urlkey",
    "topic_name",
    "venue",
    "venue_id",
    "venue_name",
    "photo_album",
    "photo_album_id",
    "in_reply_to",
    "yes_rsvp_count",
    "member",
    "member_id",
];

/// A member, in every feed.
pub(super) const MEMBER: Allowed = Person("member_id");

const RESPONSES: Allowed = Word(&["yes", "no", "waitlist", "maybe"]);
const STATUSES: Allowed = Word(&[
    "active",
    "canceled",
    "cancelled",
    "deleted",
    "draft",
    "past",
    "proposed",
    "suggested",
    "upcoming",
]);
const VISIBILITIES: Allowed = Word(&["members", "public", "public_limited"]);

const RSVP: Allowed = Object(&[
    ("rsvp_id", Number),
    ("response", RESPONSES),
    ("guests", Number),
    ("mtime", Number),
    ("visibility", VISIBILITIES),
    ("member", MEMBER),
    ("event", EVENT),
    ("group", RSVP_GROUP),
    ("venue", RSVP_VENUE),
]);

const EVENT: Allowed = Object(&[
    ("event_id", Id),
    ("event_name", Name),
    ("event_url", Name),
    ("time", Number),
]);

const RSVP_GROUP: Allowed = Object(&[
    ("group_id", Number),
    ("group_name", Name),
    ("group_urlname", Name),
    ("group_city", Name),
    ("group_state", Name),
    ("group_country", Name),
    ("group_lat", Number),
    ("group_lon", Number),
    ("group_topics", TOPICS),
]);

const TOPICS: Allowed = List(&Object(&[("urlkey", Name), ("topic_name", Name)]));

const RSVP_VENUE: Allowed = Object(&[
    ("venue_id", Number),
    ("venue_name", Name),
    ("lat", Number),
    ("lon", Number),
]);

/// A group, as all feeds but the RSVPs have it.
const GROUP: Allowed = Object(&[
    ("id", Number),
    ("name", Name),
    ("urlname", Name),
    ("join_mode", Word(&["open", "approval", "closed"])),
    ("category", CATEGORY),
    ("group_photo", GROUP_PHOTO),
    ("group_topics", TOPICS),
    ("topics", List(&Object(&[("urlkey", Name), ("name", Name)]))),
    ("group_lat", Number),
    ("group_lon", Number),
    ("lat", Number),
    ("lon", Number),
    ("city", Name),
    ("state", Name),
    ("country", Name),
    ("created", Number),
    ("members", Number),
    ("who", Name),
    ("organizer", Nothing),
]);

const CATEGORY: Allowed = Object(&[("id", Number), ("name", Name), ("shortname", Name)]);

const GROUP_PHOTO: Allowed = Object(&[
    ("photo_id", Number),
    ("photo_link", Written),
    ("highres_link", Written),
    ("thumb_link", Written),
]);

/// A venue's telephone is often that of its host.
const VENUE: Allowed = Object(&[
    ("id", Number),
    ("name", Name),
    ("address_1", Name),
    ("address_2", Name),
    ("address_3", Name),
    ("city", Name),
    ("state", Name),
    ("zip", Name),
    ("country", Name),
    ("localized_country_name", Name),
    ("lat", Number),
    ("lon", Number),
    ("repinned", Number),
    ("phone", Nothing),
]);

const OPEN_EVENT: Allowed = Object(&[
    ("id", Id),
    ("name", Name),
    ("description", Written),
    ("how_to_find_us", Written),
    ("why", Written),
    ("event_url", Name),
    ("photo_url", Written),
    ("status", STATUSES),
    ("visibility", VISIBILITIES),
    ("venue_visibility", VISIBILITIES),
    ("time", Number),
    ("utc_offset", Number),
    ("duration", Number),
    ("mtime", Number),
    ("created", Number),
    ("updated", Number),
    ("yes_rsvp_count", Number),
    ("maybe_rsvp_count", Number),
    ("waitlist_count", Number),
    ("headcount", Number),
    ("rsvp_limit", Number),
    ("distance", Number),
    ("rating", Object(&[("average", Number), ("count", Number)])),
    ("payment_required", Number),
    ("fee", FEE),
    ("venue", VENUE),
    ("group", GROUP),
    ("member", MEMBER),
    ("event_hosts", Nothing),
]);

const FEE: Allowed = Object(&[
    ("amount", Number),
    ("currency", Name),
    ("description", Written),
    ("label", Name),
    ("accepts", Name),
    ("required", Number),
]);

const PHOTO: Allowed = Object(&[
    ("photo_id", Id),
    ("photo_link", Written),
    ("highres_link", Written),
    ("thumb_link", Written),
    ("caption", Written),
    ("ctime", Number),
    ("mtime", Number),
    ("status", STATUSES),
    ("visibility", VISIBILITIES),
    ("member", MEMBER),
    ("photo_album", PHOTO_ALBUM),
]);

const PHOTO_ALBUM: Allowed = Object(&[
    ("photo_album_id", Number),
    (
        "event",
        Object(&[("id", Id), ("name", Name), ("time", Number)]),
    ),
    ("group", GROUP),
]);

const COMMENT: Allowed = Object(&[
    ("id", Id),
    ("comment", Written),
    ("in_reply_to", Id),
    ("mtime", Number),
    ("status", STATUSES),
    ("visibility", VISIBILITIES),
    ("member", MEMBER),
    ("event", EVENT),
    ("group", GROUP),
]);

const OPEN_VENUE: Allowed = Object(&[
    ("id", Id),
    ("name", Name),
    ("address_1", Name),
    ("address_2", Name),
    ("address_3", Name),
    ("city", Name),
    ("state", Name),
    ("zip", Name),
    ("country", Name),
    ("localized_country_name", Name),
    ("lat", Number),
    ("lon", Number),
    ("mtime", Number),
    ("status", STATUSES),
    ("rating", Number),
    ("rating_count", Number),
    ("distance", Number),
    ("phone", Nothing),
    ("member", MEMBER),
]);

/// What may stay of a record of a feed.
pub(super) const fn of(feed: Feed) -> &'static Allowed {
    match feed {
        Feed::Rsvps => &RSVP,
        Feed::OpenEvents => &OPEN_EVENT,
        Feed::Photos => &PHOTO,
        Feed::EventComments => &COMMENT,
        Feed::OpenVenues => &OPEN_VENUE,
    }
}
