//! The tables, in the order in which they are written: what others refer to comes first.

use std::{fmt, str::FromStr, sync::Arc};

use arrow::datatypes::{Schema, SchemaRef};
use serde::{Deserialize, Serialize};

use super::{
    cell::TableColumn,
    rows::{
        Category, Comment, Event, Group, GroupTopic, Member, Photo, Rsvp, RsvpVersion, TableRow,
        Topic, Venue,
    },
};

/// A table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LakeTable {
    /// Categories of groups.
    Categories,
    /// Topics of groups.
    Topics,
    /// Where events take place.
    Venues,
    /// Who answers; pseudonyms, unless people are kept.
    Members,
    /// Who invites.
    Groups,
    /// Which group has which topic.
    GroupTopics,
    /// What is invited to.
    Events,
    /// The answers as they are: the winner of each.
    Rsvps,
    /// All versions of the answers.
    RsvpVersions,
    /// Photos of events.
    Photos,
    /// Comments on events.
    Comments,
}

/// A column whose values are keys of another table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The column.
    pub column: &'static str,
    /// The table whose key it is. The key has one column.
    pub to: LakeTable,
}

const fn refers(column: &'static str, to: LakeTable) -> Reference {
    Reference { column, to }
}

impl LakeTable {
    /// All of them, each after those it refers to.
    pub const ALL: [Self; 11] = [
        Self::Categories,
        Self::Topics,
        Self::Venues,
        Self::Members,
        Self::Groups,
        Self::GroupTopics,
        Self::Events,
        Self::Rsvps,
        Self::RsvpVersions,
        Self::Photos,
        Self::Comments,
    ];

    /// Its name, in SQL and as its folder.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Categories => "categories",
            Self::Topics => "topics",
            Self::Venues => "venues",
            Self::Members => "members",
            Self::Groups => "groups",
            Self::GroupTopics => "group_topics",
            Self::Events => "events",
            Self::Rsvps => "rsvps",
            Self::RsvpVersions => "rsvp_versions",
            Self::Photos => "photos",
            Self::Comments => "comments",
        }
    }

    /// Its columns; the first [`key_columns`](Self::key_columns) are its key.
    #[must_use]
    pub const fn columns(self) -> &'static [TableColumn] {
        match self {
            Self::Categories => Category::COLUMNS,
            Self::Topics => Topic::COLUMNS,
            Self::Venues => Venue::COLUMNS,
            Self::Members => Member::COLUMNS,
            Self::Groups => Group::COLUMNS,
            Self::GroupTopics => GroupTopic::COLUMNS,
            Self::Events => Event::COLUMNS,
            Self::Rsvps => Rsvp::COLUMNS,
            Self::RsvpVersions => RsvpVersion::COLUMNS,
            Self::Photos => Photo::COLUMNS,
            Self::Comments => Comment::COLUMNS,
        }
    }

    /// How many of its columns are its key.
    #[must_use]
    pub const fn key_columns(self) -> usize {
        match self {
            Self::GroupTopics | Self::Rsvps => 2,
            Self::RsvpVersions => 4,
            _ => 1,
        }
    }

    /// The columns of its key.
    #[must_use]
    pub fn key(self) -> &'static [TableColumn] {
        &self.columns()[..self.key_columns()]
    }

    /// Which of its columns are keys of other tables. A null refers to nothing.
    #[must_use]
    pub const fn references(self) -> &'static [Reference] {
        const OF_GROUPS: &[Reference] = &[refers("category_id", LakeTable::Categories)];
        const OF_GROUP_TOPICS: &[Reference] = &[
            refers("group_id", LakeTable::Groups),
            refers("urlkey", LakeTable::Topics),
        ];
        const OF_EVENTS: &[Reference] = &[
            refers("group_id", LakeTable::Groups),
            refers("venue_id", LakeTable::Venues),
        ];
        const OF_ANSWERS: &[Reference] = &[
            refers("event_id", LakeTable::Events),
            refers("member_id", LakeTable::Members),
        ];
        match self {
            Self::Categories | Self::Topics | Self::Venues | Self::Members => &[],
            Self::Groups => OF_GROUPS,
            Self::GroupTopics => OF_GROUP_TOPICS,
            Self::Events => OF_EVENTS,
            Self::Rsvps | Self::RsvpVersions | Self::Photos | Self::Comments => OF_ANSWERS,
        }
    }

    /// Its schema in Arrow.
    #[must_use]
    pub fn schema(self) -> SchemaRef {
        let fields: Vec<_> = self.columns().iter().map(TableColumn::field).collect();
        Arc::new(Schema::new(fields))
    }
}

impl fmt::Display for LakeTable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl FromStr for LakeTable {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|table| table.name() == name);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("there is no table {name}; the tables are {names}")
        })
    }
}
