//! Event rows, winners, windows and the ledger: the counts, as a pure function of the journal.

mod ledger;
mod view;

pub use ledger::{Account, Ledger, Tally};
pub use view::{
    AsOf, CityRow, CountryRow, CountryTotal, Dot, FeedTotal, Filter, History, Kinds, Pulse,
    Summary, TopicRow, Totals, TrendingRow, VenueRow, VenueTotal, View,
};
