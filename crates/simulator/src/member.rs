//! Members: invented, with a number for a name.

use super::{
    dice::{Dice, mix},
    json::JsonWriter,
};

/// Of a thousand members, those without a photo.
const PHOTOLESS: u32 = 54;
/// Services a member may name, and by how many of a thousand.
const SERVICES: [(&str, u32); 5] = [
    ("facebook", 58),
    ("twitter", 31),
    ("flickr", 3),
    ("tumblr", 3),
    ("linkedin", 3),
];

#[derive(Clone, Copy)]
pub(super) struct SimulatedMember {
    id: u32,
    key: u64,
}

impl SimulatedMember {
    pub(super) const fn new(world: u64, index: u32) -> Self {
        // Below 2^28 indices stay different.
        let shuffled = (index ^ mix(world, 32) as u32).wrapping_mul(0x0c35_19a7) & 0x0fff_ffff;
        Self {
            id: 10_000 + shuffled,
            key: mix(mix(world, 31), index as u64),
        }
    }

    pub(super) const fn id(&self) -> u32 {
        self.id
    }

    /// The number that stands for a name.
    pub(super) const fn name(&self) -> u32 {
        1 + Dice::of(self.key, 1).below(999_999)
    }

    pub(super) fn photo(&self) -> Option<u32> {
        let mut dice = Dice::of(self.key, 2);
        (!dice.chance(PHOTOLESS)).then(|| 10_000_000 + dice.below(289_999_999))
    }

    /// `"other_services":{..},`, or nothing for most members.
    pub(super) fn write_services(&self, out: &mut Vec<u8>) {
        let mut dice = Dice::of(self.key, 3);
        let mut before = r#""other_services":{""#;
        let mut any = false;
        for (service, share) in SERVICES {
            if dice.chance(share) {
                out.put(before);
                out.put(service);
                out.put(r#"":{"identifier":"masked-"#);
                out.number(i64::from(dice.below(999_999_999)));
                out.put(r#""}"#);
                before = r#",""#;
                any = true;
            }
        }
        if any {
            out.put("},");
        }
    }

    pub(super) fn write_photo(&self, out: &mut Vec<u8>) {
        if let Some(photo) = self.photo() {
            out.put(r#""photo":"https:\/\/photos.example\/member\/"#);
            out.number(photo.into());
            out.put(r#".jpeg","#);
        }
    }
}
