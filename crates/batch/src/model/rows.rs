//! Typed rows of the tables.

use std::sync::Arc;

use arrow::{
    array::{ArrayBuilder, RecordBatch},
    datatypes::SchemaRef,
};

use super::{
    cell::{TableCell, TableColumn, Time},
    table::LakeTable,
};

/// A row of a table.
pub trait TableRow: Sized {
    /// The table.
    const TABLE: LakeTable;
    /// The table's columns.
    const COLUMNS: &'static [TableColumn];

    /// Rows as one batch of Arrow.
    fn batch(rows: &[Self]) -> RecordBatch;

    /// Adds the row to PostgreSQL's COPY in text format: tabs between values, a newline at the end.
    fn copy(&self, out: &mut String);
}

/// Declares row types: each field is a column of the same name, in order; the key comes first.
macro_rules! rows {
    ($($(#[$doc:meta])* $row:ident of $table:ident as $list:ident {
        $($(#[$field_doc:meta])* $field:ident: $type:ty,)*
    })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq)]
            pub struct $row {
                $($(#[$field_doc])* pub $field: $type,)*
            }

            impl TableRow for $row {
                const TABLE: LakeTable = LakeTable::$table;
                const COLUMNS: &'static [TableColumn] = &[$(TableColumn {
                    name: stringify!($field),
                    column_type: <$type as TableCell>::TYPE,
                    nullable: <$type as TableCell>::NULLABLE,
                },)*];

                fn batch(rows: &[Self]) -> RecordBatch {
                    $(let mut $field = <$type as TableCell>::builder();)*
                    for row in rows {
                        $(row.$field.append(&mut $field);)*
                    }
                    let mut columns: Vec<Box<dyn ArrayBuilder>> = vec![$(Box::new($field),)*];
                    let columns = columns.iter_mut().map(|column| column.finish()).collect();
                    let schema: SchemaRef = LakeTable::$table.schema();
                    RecordBatch::try_new(schema, columns).expect("the columns are built as the schema has them")
                }

                fn copy(&self, out: &mut String) {
                    let mut first = true;
                    $(
                        if !std::mem::take(&mut first) {
                            out.push('\t');
                        }
                        self.$field.copy(out);
                    )*
                    out.push('\n');
                }
            }
        )*

        /// Rows of all tables.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct TableRows {
            $(#[doc = concat!("Of `", stringify!($list), "`.")] pub $list: Vec<$row>,)*
        }

        impl TableRows {
            /// The rows of a table as one batch of Arrow.
            #[must_use]
            pub fn batch(&self, table: LakeTable) -> RecordBatch {
                match table {
                    $(LakeTable::$table => $row::batch(&self.$list),)*
                }
            }

            /// How many rows of a table there are.
            #[must_use]
            pub fn count(&self, table: LakeTable) -> usize {
                match table {
                    $(LakeTable::$table => self.$list.len(),)*
                }
            }

            /// The rows from `first` on, `count` of them, as PostgreSQL's COPY in text format takes them.
            #[must_use]
            pub fn copy(&self, table: LakeTable, first: usize, count: usize) -> String {
                let mut out = String::new();
                match table {
                    $(LakeTable::$table => {
                        for row in self.$list.iter().skip(first).take(count) {
                            row.copy(&mut out);
                        }
                    })*
                }
                out
            }
        }
    };
}

rows! {
    /// A category of groups.
    Category of Categories as categories {
        /// Meetup's number.
        category_id: i64,
        /// As people read it.
        name: Option<Arc<str>>,
        /// As one word.
        shortname: Option<Arc<str>>,
    }

    /// A topic of groups.
    Topic of Topics as topics {
        /// What tells it from others.
        urlkey: Arc<str>,
        /// As people read it.
        name: Arc<str>,
    }

    /// Where events take place.
    Venue of Venues as venues {
        /// Its number; below zero for a venue that came without one, made of its content.
        venue_id: i64,
        /// As people read it.
        name: Option<Arc<str>>,
        /// Degrees north.
        lat: Option<f64>,
        /// Degrees east.
        lon: Option<f64>,
        /// Its first line.
        address: Option<Arc<str>>,
        /// As it came.
        city: Option<Arc<str>>,
        /// As it came.
        state: Option<Arc<str>>,
        /// As it came.
        country: Option<Arc<str>>,
        /// Of the greatest record that tells of it.
        mtime: Time,
    }

    /// Who answers.
    Member of Members as members {
        /// Their number or pseudonym.
        member_id: i64,
        /// The least record time.
        first_seen: Time,
        /// The greatest record time.
        last_seen: Time,
        /// Only where people are kept.
        name: Option<Arc<str>>,
        /// A link; only where people are kept.
        photo: Option<Arc<str>>,
    }

    /// Who invites.
    Group of Groups as groups {
        /// Its number.
        group_id: i64,
        /// As people read it.
        name: Option<Arc<str>>,
        /// Its name in links.
        urlname: Option<Arc<str>>,
        /// As it came.
        city: Option<Arc<str>>,
        /// As it came; US and Canada only.
        state: Option<Arc<str>>,
        /// ISO 3166 alpha-2, lower case.
        country: Option<Arc<str>>,
        /// Degrees north.
        lat: Option<f64>,
        /// Degrees east.
        lon: Option<f64>,
        /// `open`, `approval` or `closed`.
        join_mode: Option<Arc<str>>,
        /// Its category.
        category_id: Option<i64>,
        /// Of the greatest record that tells of it.
        mtime: Time,
    }

    /// A topic of a group.
    GroupTopic of GroupTopics as group_topics {
        /// The group.
        group_id: i64,
        /// The topic.
        urlkey: Arc<str>,
    }

    /// What is invited to.
    Event of Events as events {
        /// Its id, which may hold letters.
        event_id: Arc<str>,
        /// Who invites.
        group_id: Option<i64>,
        /// Where it takes place; null: none.
        venue_id: Option<i64>,
        /// As people read it.
        name: Option<Arc<str>>,
        /// Its page.
        url: Option<Arc<str>>,
        /// When it begins.
        time: Option<Time>,
        /// Milliseconds that its clock is ahead of UTC.
        utc_offset: Option<i64>,
        /// Milliseconds.
        duration: Option<i64>,
        /// `upcoming`, `canceled` and the like.
        status: Option<Arc<str>>,
        /// `public` or `members`.
        visibility: Option<Arc<str>>,
        /// HTML, as it came.
        description: Option<Arc<str>>,
        /// How many may come.
        rsvp_limit: Option<i64>,
        /// As the feed counts it, guests included.
        yes_rsvp_count: Option<i64>,
        /// What it costs, in `currency` as the feed has it.
        fee: Option<f64>,
        /// Of the greatest record that tells of it; null for an event that is only mentioned.
        mtime: Option<Time>,
    }

    /// An answer as it is.
    Rsvp of Rsvps as rsvps {
        /// The event.
        event_id: Arc<str>,
        /// Unique within its event.
        rsvp_id: i64,
        /// Who answers.
        member_id: i64,
        /// `yes`, `no` or `maybe`.
        response: Arc<str>,
        /// Guests beside the member.
        guests: i32,
        /// `public`, as it came.
        visibility: Option<Arc<str>>,
        /// When it was given.
        mtime: Time,
        /// When this version was appended to the journal.
        received_at: Time,
    }

    /// A version of an answer.
    RsvpVersion of RsvpVersions as rsvp_versions {
        /// The event.
        event_id: Arc<str>,
        /// Unique within its event.
        rsvp_id: i64,
        /// When it was given.
        mtime: Time,
        /// A hash of its content, which tells versions of one time apart.
        content: i64,
        /// What it was when it arrived: `new`, `replaced`, `repeated` or `stale`.
        outcome: Arc<str>,
        /// Who answers.
        member_id: i64,
        /// `yes`, `no` or `maybe`.
        response: Arc<str>,
        /// Guests beside the member.
        guests: i32,
        /// When it was first appended to the journal.
        received_at: Time,
    }

    /// A photo of an event.
    Photo of Photos as photos {
        /// Its id.
        photo_id: Arc<str>,
        /// The event whose album it is in.
        event_id: Option<Arc<str>>,
        /// Who took it.
        member_id: Option<i64>,
        /// When it was taken or uploaded.
        time: Option<Time>,
        /// What is written under it.
        caption: Option<Arc<str>>,
        /// A link to the picture.
        link: Option<Arc<str>>,
        /// A link to a large picture.
        highres_link: Option<Arc<str>>,
        /// A link to a small picture.
        thumb_link: Option<Arc<str>>,
        /// `active` or `deleted`, as it came.
        status: Option<Arc<str>>,
        /// Of the record.
        mtime: Time,
    }

    /// A comment on an event.
    Comment of Comments as comments {
        /// Its id.
        comment_id: Arc<str>,
        /// The event.
        event_id: Option<Arc<str>>,
        /// Who wrote it.
        member_id: Option<i64>,
        /// When it was written or last changed.
        time: Time,
        /// What it says.
        comment: Option<Arc<str>>,
        /// The comment that it answers.
        in_reply_to: Option<Arc<str>>,
        /// `active` or `deleted`, as it came.
        status: Option<Arc<str>>,
    }
}
