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
            name: "nostr",
            text: include_str!("../shipped/nostr.toml"),
        },
        Shipped {
            name: "sheet",
            text: include_str!("../shipped/sheet.toml"),
        },
    ]
}
