//! Records in which people stand where they should not: every name, photo, address and id of a person is a marker.

use serde_json::{Value, json};

/// What no text of a person is without, in whatever letters: `ZQXMARK` and `zqxmark` are of people only.
pub const TEXT: &str = "qxmark";
/// What no number of a person is without.
pub const NUMBER: &str = "91201524";

const NAME: &str = "Zqxmark O'Hara";
const PHOTO: &str = "https://photos.example/zqxmark.jpeg";
const ADDRESS: &str = "17 Zqxmark Lane";
const ID: u64 = 912_015_249;

/// A message, and whether it is a record.
pub struct Shape {
    pub what: &'static str,
    pub bytes: Vec<u8>,
    pub is_record: bool,
}

/// An RSVP to an event of its own.
pub fn rsvp(id: u64) -> Value {
    json!({
        "venue": { "venue_name": "Town Hall", "lat": 51.5, "lon": -0.1, "venue_id": 23_779_799 },
        "visibility": "public", "response": "yes", "guests": 1,
        "member": member(), "rsvp_id": id, "mtime": 1_489_925_470_960_u64 + id,
        "event": { "event_id": format!("event{id}"), "event_name": "Chess", "event_url": "https://m.example/1/" },
        "group": { "group_id": 1, "group_country": "gb", "group_city": "London", "group_name": "Chess Club",
            "group_urlname": "chess", "group_topics": [{ "urlkey": "chess", "topic_name": "Chess" }] },
    })
}

fn member() -> Value {
    json!({
        "member_id": ID, "member_name": NAME, "photo": PHOTO,
        "other_services": { "twitter": { "identifier": "@zqxmark" } },
    })
}

/// Everything about somebody, in a shape that no feed has.
fn somebody() -> Value {
    json!({
        "id": ID, "name": { "first": NAME, "last": [NAME, { "nick": NAME }] }, "photos": [PHOTO, { "thumb": PHOTO }],
        "address": { "address_1": ADDRESS, "city": "Zqxmark", "zip": 9_120_152_400_u64 }, "score": 91_201_524.5,
        "phones": [9_120_152_401_u64], "by_id": { "912015241": true, "Zqxmark O'Hara": 1 },
    })
}

/// All shapes; the RSVPs among the records have ids from `first` on.
pub fn shapes(first: u64) -> Vec<Shape> {
    let mut all = Shapes {
        next: first,
        shapes: Vec::new(),
    };
    all.keys();
    all.places();
    all.members();
    all.other_feeds();
    all.broken();
    all.no_records();
    all.shapes
}

struct Shapes {
    next: u64,
    shapes: Vec<Shape>,
}

impl Shapes {
    fn push(&mut self, what: &'static str, bytes: impl Into<Vec<u8>>, is_record: bool) {
        self.shapes.push(Shape {
            what,
            bytes: bytes.into(),
            is_record,
        });
    }

    fn rsvp(&mut self) -> Value {
        self.next += 1;
        rsvp(self.next - 1)
    }

    /// An RSVP to which something was done.
    fn with(&mut self, what: &'static str, is_record: bool, change: impl FnOnce(&mut Value)) {
        let mut record = self.rsvp();
        change(&mut record);
        self.push(what, record.to_string(), is_record);
    }

    /// An RSVP whose text was changed.
    fn text(&mut self, what: &'static str, is_record: bool, change: impl FnOnce(String) -> String) {
        let text = self.rsvp().to_string();
        let changed = change(text.clone());
        assert_ne!(text, changed, "{what}");
        self.push(what, changed, is_record);
    }

    fn keys(&mut self) {
        for (what, key) in [
            ("a capital", "Member"),
            ("capitals", "MEMBER"),
            ("camel case", "memberName"),
            ("a hyphen", "member-name"),
            ("flat", "member_name"),
            ("a second member", "member2"),
            ("hosts", "event_hosts"),
            ("an organiser", "organizer"),
            ("a creator", "created_by"),
            ("a user", "user"),
            ("a key of another feed", "comment"),
            ("a list of guests", "attendees"),
        ] {
            self.with(what, true, |record| record[key] = somebody());
        }
        self.with("flat texts and numbers", true, |record| {
            record["name"] = NAME.into();
            record["id"] = ID.into();
            record["photo_url"] = PHOTO.into();
            record["address_1"] = ADDRESS.into();
        });
        self.with("names as keys", true, |record| {
            record[NAME] = json!({ "912015249": NAME })
        });
        self.text("an escaped key", true, |text| {
            text.replace("\"member\"", r#""\u006dember""#)
        });
        self.text("escaped keys inside", true, |text| {
            text.replace("member_name", r"member\u005fname")
                .replace("\"photo\"", r#""\u0070hoto""#)
        });
        self.text("an escaped value", true, |text| {
            text.replace("Zqxmark", r"\u005aqxmark")
        });
        self.text("spaces and line ends", true, |text| {
            text.replace(':', " :\t").replace("https :\t", "https:")
        });
    }

    fn places(&mut self) {
        for (what, pointer) in [
            ("in the event", "/event"),
            ("in the group", "/group"),
            ("in the venue", "/venue"),
            ("in a topic", "/group/group_topics/0"),
        ] {
            self.with(what, true, |record| {
                let place = record.pointer_mut(pointer).unwrap();
                place["organizer"] = somebody();
                place["member"] = member();
                place["phone"] = "zqxmark 0171".into();
                place["hosts"] = json!([NAME, ID]);
            });
        }
        self.with("encoded twice within", true, |record| {
            record["user"] = somebody().to_string().into()
        });
        self.with("in a list of lists", true, |record| {
            record["rows"] = json!([[ID, NAME], [[PHOTO]]])
        });
    }

    fn members(&mut self) {
        self.with("nested in the member", true, |record| {
            record["member"]["more"] = somebody()
        });
        self.with("a member with texts in lists", true, |record| {
            record["member"]["photo"] = json!([[PHOTO], PHOTO])
        });
        self.with("a member's other numbers", true, |record| {
            record["member"]["phone"] = 9_120_152_402_u64.into();
            record["member"]["lat"] = json!(91_201_524.25);
            record["member"]["joined"] = json!([9_120_152_403_u64, -91_201_524]);
        });
        self.with("a member by the keys of a record", true, |record| {
            record["member"]["event"] = json!({ "event_name": NAME, "event_id": "zqxmark1" });
            record["member"]["rsvp_id"] = ID.into();
            record["member"]["mtime"] = ID.into();
        });
        for (what, value) in [
            ("a member as text", NAME.into()),
            ("a member as a number", ID.into()),
            ("a member as a list", json!([member(), NAME, ID])),
            ("a member as encoded text", member().to_string().into()),
            ("no member, but flat", Value::Null),
        ] {
            self.with(what, false, |record| {
                record["member"] = value;
                record["member_name"] = NAME.into();
                record["member_id"] = NAME.into();
            });
        }
        self.text("two members", false, |text| {
            let second = format!("\"member\":{},\"mtime\"", member());
            text.replace("\"mtime\"", &second)
        });
    }

    fn other_feeds(&mut self) {
        let with = |mut record: Value| {
            for key in [
                "member",
                "organizer",
                "created_by",
                "event_hosts",
                "author",
                "owner",
            ] {
                record[key] = somebody();
            }
            record["phone"] = "zqxmark 0171".into();
            record["member_name"] = NAME.into();
            record.to_string()
        };
        let group =
            json!({ "id": 1, "name": "Chess Club", "organizer": somebody(), "who": "Players" });
        self.push(
            "an event",
            with(json!({ "id": "openevent1", "mtime": 1_478_608_237_521_u64, "status": "upcoming", "name": "Chess",
                "event_url": "https://m.example/2/", "group": group, "venue": { "name": "Hall", "contact": somebody() } })),
            true,
        );
        self.push(
            "a photo",
            with(json!({ "photo_id": 5, "mtime": 1_478_608_237_522_u64,
                "photo_album": { "event": { "id": "openevent1", "name": "Chess", "hosts": somebody() }, "group": group } })),
            true,
        );
        self.push(
            "a comment",
            with(json!({ "id": 6, "mtime": 1_478_608_237_523_u64, "comment": "well played", "status": "active",
                "event": { "event_id": "openevent1", "event_name": "Chess" }, "group": group })),
            true,
        );
        self.push(
            "a venue",
            with(json!({ "id": 7, "mtime": 1_478_608_237_524_u64, "name": "Hall", "lat": 1.5, "lon": 2, "city": "X" })),
            true,
        );
        self.push(
            "a refused event",
            with(
                json!({ "id": "openevent2", "mtime": "soon", "status": "upcoming", "name": "Chess",
                "event_url": "https://m.example/3/", "description": NAME }),
            ),
            false,
        );
    }

    fn broken(&mut self) {
        self.with("refused for its response", false, |record| {
            record["response"] = "perhaps".into();
            record["Member"] = somebody();
            record["event"]["created_by"] = somebody();
        });
        self.with("a text where a number belongs", false, |record| {
            record["guests"] = NAME.into()
        });
        self.with("no id", false, |record| {
            record.as_object_mut().unwrap().remove("rsvp_id");
            record["memberName"] = NAME.into();
        });
        let record = self.rsvp().to_string();
        let name = record.find("O'Hara").unwrap();
        let id = record.find(NUMBER).unwrap();
        let close = name + record[name..].find('}').unwrap() + 1;
        for (what, part) in [
            ("cut in a name", &record[..name]),
            ("cut in an id", &record[..id + 8]),
            ("cut after the member", &record[..close]),
            ("the rest from a name on", &record[name - 8..]),
            ("the rest from an id on", &record[id..]),
        ] {
            self.push(what, part, false);
        }
        let tail = r#"Zqxmark","id":912015249,"name":"Zqxmark","status":"zqxmark"},"mtime":1489925470960}"#;
        self.push("the rest of another member", tail, false);
        self.text("encoded twice", false, |text| Value::from(text).to_string());
        self.text("encoded twice and cut", false, |text| {
            let twice = Value::from(text).to_string();
            twice[..twice.len() - 9].to_owned()
        });
        self.text("a comma too many", false, |text| {
            text.replace("\"member\"", ",\"member\"")
        });
        self.text("a quote too few", false, |text| {
            text.replace("\"member_name\":", "\"member_name:")
        });
        self.text("a bracket too few", false, |text| {
            text.replacen("},\"mtime\"", ",\"mtime\"", 1)
        });
        self.text("a colon too few", false, |text| {
            text.replace("\"member\":", "\"member\"")
        });
        self.text("as Python prints it", false, |text| {
            text.replace("O'Hara", "OHara").replace('"', "'")
        });
        self.text("too deep", false, |text| {
            let deep = format!(
                "{{\"deep\":{}\"{NAME}\"{},",
                "[".repeat(100),
                "]".repeat(100)
            );
            text.replacen('{', &deep, 1)
        });
        self.text("too long", false, |text| {
            let long = format!("{{\"bio\":\"{}\",", "Zqxmark ".repeat(150_000));
            text.replacen('{', &long, 1)
        });
    }

    fn no_records(&mut self) {
        for (what, text) in [
            ("prose", "Zqxmark O'Hara, 17 Zqxmark Lane, tel. 912015249"),
            (
                "prose with keys",
                "member: Zqxmark O'Hara, id: 912015249, time: 912015241",
            ),
            (
                "HTML",
                "<p>Zqxmark O'Hara <a href=\"mailto:zqxmark@example.org\">912015249</a></p>",
            ),
            (
                "a line of a table",
                "912015249,Zqxmark O'Hara,\"17 Zqxmark Lane\",2017-03-19",
            ),
            (
                "a form",
                "member_id=912015249&member_name=Zqxmark+O%27Hara&response=yes",
            ),
            (
                "XML",
                "<member id=\"912015249\"><name>Zqxmark</name></member>",
            ),
            (
                "another's object",
                r#"{"user":{"name":"Zqxmark O'Hara","id":912015249},"by":[912015249,"Zqxmark"]}"#,
            ),
            ("a text", "\"Zqxmark O'Hara\""),
            (
                "a callback",
                r#"callback([{"member":{"member_id":912015249,"member_name":"Zqxmark"}}])"#,
            ),
        ] {
            self.push(what, text, false);
        }
        let mut bytes = self.rsvp().to_string().into_bytes();
        let name = bytes
            .windows(7)
            .position(|bytes| bytes == b"Zqxmark")
            .unwrap();
        bytes.insert(name, 0xff);
        self.push("not UTF-8", bytes, false);
    }
}
