//! Names of the archive's objects.

use headcount_clock::{date_of, days_of};

use super::HOUR_MS;

/// Where all of them are.
pub(super) const RAW: &str = "raw/";

/// What an object's name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ObjectName {
    pub(super) feed: String,
    /// Hours since 1970, in which all its entries arrived.
    pub(super) hour: i64,
    pub(super) partition: u16,
    /// The first offset of its cut, which need not be that of one of its own lines.
    pub(super) first: u64,
}

impl ObjectName {
    /// The key of the object.
    pub(super) fn key(&self) -> String {
        let (days, hour) = (self.hour.div_euclid(24), self.hour.rem_euclid(24));
        let (year, month, day) = date_of(days);
        let Self {
            feed,
            partition,
            first,
            ..
        } = self;
        format!(
            "{RAW}feed={feed}/year={year:04}/month={month:02}/day={day:02}/hour={hour:02}/p{partition:03}-{first:020}.ndjson.zst"
        )
    }

    /// Reads a key; `None` if it is not the name of an object of the archive.
    pub(super) fn parse(key: &str) -> Option<Self> {
        let mut parts = key.strip_prefix(RAW)?.split('/');
        let mut part = |name: &str| parts.next()?.strip_prefix(name)?.strip_prefix('=');
        let feed = part("feed")?.to_owned();
        let mut number = |name: &str| part(name)?.parse::<i64>().ok();
        let (year, month, day) = (number("year")?, number("month")?, number("day")?);
        let hour = number("hour")?;
        let file = parts.next()?.strip_suffix(".ndjson.zst")?;
        let (partition, first) = file.strip_prefix('p')?.split_once('-')?;
        let name = Self {
            feed,
            hour: days_of(year, month, day)
                .checked_mul(24)?
                .checked_add(hour)?,
            partition: partition.parse().ok()?,
            first: first.parse().ok()?,
        };
        // Written again it must be the same, so that one object has one name.
        (name.key() == key).then_some(name)
    }
}

/// The hour since 1970 in which a time lies.
pub(super) fn hour_of(arrived_ms: i64) -> i64 {
    arrived_ms.div_euclid(HOUR_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_when_and_where() {
        let name = ObjectName {
            feed: "rsvps".to_owned(),
            hour: hour_of(1_795_231_800_000),
            partition: 7,
            first: 42,
        };
        let key =
            "raw/feed=rsvps/year=2026/month=11/day=21/hour=03/p007-00000000000000000042.ndjson.zst";
        assert_eq!(name.key(), key);
        assert_eq!(ObjectName::parse(key), Some(name));
        for other in [
            "raw/feed=rsvps/year=2026/month=11/day=21/hour=03/p007-42.ndjson.zst",
            "raw/feed=rsvps/year=2026/month=11/day=31/hour=03/p007-00000000000000000042.ndjson.zst",
            "raw/feed=rsvps/year=2026/month=11/day=21/hour=24/p007-00000000000000000042.ndjson.zst",
            "raw/feed=rsvps/p007-00000000000000000042.ndjson.zst",
            "checkpoints/p007/00000000000000000042.ckpt",
        ] {
            assert_eq!(ObjectName::parse(other), None, "{other}");
        }
    }

    #[test]
    fn every_hour_of_centuries_is_read_back() {
        for hour in (-3_000_000..8_000_000).step_by(977) {
            let name = ObjectName {
                feed: "f".to_owned(),
                hour,
                partition: 999,
                first: u64::MAX,
            };
            assert_eq!(ObjectName::parse(&name.key()), Some(name));
        }
    }
}
