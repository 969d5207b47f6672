//! At how little room what stops: first the work that can be done later, then the taking of records.

use headcount_query::DiskLevel;

use crate::disk::{byte_size::ByteSize, disk_room::DiskRoom};

/// The reserve is this part of the file system ...
const RESERVED_PART: u64 = 50;
/// ... but no more than this.
const RESERVE_MAX: u64 = 1 << 30;
/// The same for files that may be created.
const INODES_MAX: u64 = 10_000;
/// Levels from the worst on, and at how many times the reserve each begins.
const LEVELS: [(DiskLevel, u64); 3] = [
    (DiskLevel::IngestStopped, 1),
    (DiskLevel::OptionalStopped, 2),
    (DiskLevel::Low, 4),
];

/// When room is short. Each level is left only when there is a quarter more room than where it began: what stops frees
/// nothing, so a little more room would be used up at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Thresholds {
    /// The room that is never used, in bytes; without it a part of the file system. 0 switches all levels off.
    pub(crate) reserve: Option<ByteSize>,
}

impl Thresholds {
    /// The room that is never used on a file system.
    pub(crate) fn reserve_of(self, room: &DiskRoom) -> ByteSize {
        let part = (room.total_bytes / RESERVED_PART).min(RESERVE_MAX);
        self.reserve.unwrap_or(ByteSize(part))
    }

    /// The level after `before`.
    pub(crate) fn level(self, before: DiskLevel, room: &DiskRoom) -> DiskLevel {
        let reserve = self.reserve_of(room).0;
        if reserve == 0 {
            return DiskLevel::Enough;
        }
        let lacks = |free: u64, reserve: u64, level: DiskLevel, times: u64| {
            let begins = reserve.saturating_mul(times);
            let ends = if before >= level { begins / 4 } else { 0 };
            free < begins.saturating_add(ends)
        };
        let is_reached = |(level, times): &&(DiskLevel, u64)| {
            lacks(room.free_bytes, reserve, *level, *times)
                || room.inodes.is_some_and(|(free, total)| {
                    let reserve = (total / RESERVED_PART).min(INODES_MAX);
                    lacks(free, reserve, *level, *times)
                })
        };
        LEVELS
            .iter()
            .find(is_reached)
            .map_or(DiskLevel::Enough, |(level, _)| *level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn room(free_bytes: u64) -> DiskRoom {
        DiskRoom {
            free_bytes,
            total_bytes: 100 * MIB,
            inodes: Some((5_000, 10_000)),
        }
    }

    /// The reserve of 100 MiB is 2 MiB.
    #[test]
    fn less_room_stops_more_and_a_little_more_room_does_not_start_it_again() {
        use DiskLevel::{Enough, IngestStopped, Low, OptionalStopped};
        let thresholds = Thresholds { reserve: None };
        let mut level = Enough;
        for (free, expected) in [
            (9, Enough),
            (7, Low),
            (9, Low),
            (3, OptionalStopped),
            (1, IngestStopped),
            (2, IngestStopped),
            (3, OptionalStopped),
            (4, OptionalStopped),
            (5, Low),
            (10, Enough),
            (0, IngestStopped),
            (60, Enough),
        ] {
            level = thresholds.level(level, &room(free * MIB));
            assert_eq!(level, expected, "{free} MiB");
        }
    }

    #[test]
    fn a_level_does_not_flap() {
        let thresholds = Thresholds { reserve: None };
        // Whatever the room, a change of less than a tenth up and down changes the level once at most.
        for free in (MIB..10 * MIB).step_by(10_007) {
            let mut levels: Vec<_> = Vec::new();
            let mut level = DiskLevel::Enough;
            for _ in 0..4 {
                for free in [free, free + free / 10] {
                    level = thresholds.level(level, &room(free));
                    levels.push(level);
                }
            }
            levels.dedup();
            assert_eq!(levels.len(), 1, "{free} bytes: {levels:?}");
        }
    }

    #[test]
    fn files_run_out_as_bytes_do() {
        let thresholds = Thresholds { reserve: None };
        let inodes = |free| DiskRoom {
            inodes: Some((free, 10_000)),
            ..room(90 * MIB)
        };
        for (free, expected) in [
            (801, DiskLevel::Enough),
            (799, DiskLevel::Low),
            (399, DiskLevel::OptionalStopped),
            (199, DiskLevel::IngestStopped),
        ] {
            assert_eq!(thresholds.level(DiskLevel::Enough, &inodes(free)), expected);
        }
        let none = DiskRoom {
            inodes: None,
            ..room(90 * MIB)
        };
        assert_eq!(
            thresholds.level(DiskLevel::Enough, &none),
            DiskLevel::Enough
        );
    }

    #[test]
    fn a_reserve_of_nothing_stops_nothing() {
        let off = Thresholds {
            reserve: Some(ByteSize(0)),
        };
        assert_eq!(off.level(DiskLevel::Enough, &room(0)), DiskLevel::Enough);
        let more = Thresholds {
            reserve: Some(ByteSize(50 * MIB)),
        };
        let level = more.level(DiskLevel::Enough, &room(49 * MIB));
        assert_eq!(level, DiskLevel::IngestStopped);
    }
}
