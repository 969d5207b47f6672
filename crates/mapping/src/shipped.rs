//! The mappings that this program has.

use crate::mapping::Mapping;

/// A mapping that this program has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shipped {
    /// Its name.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

impl Shipped {
    /// The mapping.
    ///
    /// # Panics
    /// Never: a test reads all of them.
    #[must_use]
    pub fn mapping(&self) -> Mapping {
        Mapping::parse(self.text).expect("a test reads all of them")
    }
}

/// All of them, in the order of their names.
#[must_use]
pub const fn shipped() -> &'static [Shipped] {
    &[
        Shipped {
            name: "atproto",
            text: include_str!("../shipped/atproto.toml"),
        },
        Shipped {
            name: "eventbrite",
            text: include_str!("../shipped/eventbrite.toml"),
        },
        Shipped {
            name: "hievents",
            text: include_str!("../shipped/hievents.toml"),
        },
        Shipped {
            name: "ical",
            text: include_str!("../shipped/ical.toml"),
        },
        Shipped {
            name: "luma",
            text: include_str!("../shipped/luma.toml"),
        },
        Shipped {
            name: "meetup",
            text: include_str!("../shipped/meetup.toml"),
        },
        Shipped {
            name: "nostr",
            text: include_str!("../shipped/nostr.toml"),
        },
        Shipped {
            name: "pretix",
            text: include_str!("../shipped/pretix.toml"),
        },
        Shipped {
            name: "sheet",
            text: include_str!("../shipped/sheet.toml"),
        },
        Shipped {
            name: "tickettailor",
            text: include_str!("../shipped/tickettailor.toml"),
        },
        Shipped {
            name: "tito",
            text: include_str!("../shipped/tito.toml"),
        },
    ]
}
