//! How what a mapping reads becomes JSON.

mod csv;
mod ical;

use std::io::{self, Read};

/// What a source of a mapping holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordReader {
    /// Records in JSON.
    Json,
    /// A sheet with a header row: each row becomes an object of the header's names.
    Csv,
    /// Calendars: each event and each attendee becomes an object of its properties.
    Ical,
}

impl RecordReader {
    /// The reader of this name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Some(match name {
            "json" => Self::Json,
            "csv" => Self::Csv,
            "ical" => Self::Ical,
            _ => return None,
        })
    }

    /// Its name in a mapping.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Ical => "ical",
        }
    }

    /// What a source holds, as records in JSON, one a line.
    ///
    /// # Errors
    /// When the source cannot be read, or is nothing that this reader reads.
    pub fn records<'a>(
        self,
        source: impl Read + Send + 'a,
    ) -> io::Result<Box<dyn Read + Send + 'a>> {
        Ok(match self {
            Self::Json => Box::new(source),
            Self::Csv => Box::new(csv::SheetRows::new(source)?),
            Self::Ical => Box::new(ical::CalendarRecords::new(source)),
        })
    }
}
