//! Bytes that are not what was written. Whatever they are: found out, or harmless; never other data, never a panic.

use super::{Bench, Random, SEGMENT_BYTES};
use crate::entry::Entry;
use crate::error::{Damage, Error};
use crate::segments::cursor::{Cursor, FrameStep};
use crate::segments::disk::sim::Sim;
use crate::segments::frame::{HEAD_BYTES, SYNC_BYTES};
use crate::segments::log::{Log, Loss};
use crate::segments::read_buffer::CHUNK_BYTES;
use crate::segments::segment::HEADER_BYTES;

/// A partition with groups of one to three batches; returns the entries and, after each group, the byte at which
/// it ends and the number of entries.
fn filled(groups: u64, longest_body: u64, sealed: bool) -> (Bench, Vec<Entry>, Vec<(u64, usize)>) {
    let bench = Bench::new();
    let mut random = Random(7);
    let (mut log, _) = bench.open().unwrap();
    let (mut entries, mut ends) = (Vec::new(), vec![(log.end().pos, 0)]);
    for time in 0..groups {
        let batches: Vec<_> = (0..=random.below(2))
            .map(|_| random.batch(longest_body))
            .collect();
        log.commit(&batches, time as i64).unwrap();
        entries.extend(batches.concat());
        ends.push((log.end().pos, entries.len()));
    }
    if sealed {
        log.seal().unwrap();
    }
    (bench, entries, ends)
}

/// A bench whose only segment holds these bytes.
fn with_content(bench: &Bench, bytes: &[u8]) -> Bench {
    let copy = Bench::new();
    copy.sim.put(&bench.segment(0), bytes);
    copy
}

/// The content of the only segment.
fn content_of(bench: &Bench) -> Vec<u8> {
    assert_eq!(
        bench.folder.segments().unwrap().len(),
        1,
        "the groups are to fit in one segment"
    );
    bench.sim.content(&bench.segment(0))
}

#[test]
fn a_segment_cut_at_any_byte_keeps_exactly_the_complete_groups() {
    for sealed in [false, true] {
        let (bench, entries, ends) = filled(9, 60, sealed);
        let content = content_of(&bench);
        for cut in HEADER_BYTES..content.len() {
            let bench = with_content(&bench, &content[..cut]);
            let whole = ends
                .iter()
                .rev()
                .find(|(end, _)| *end <= cut as u64)
                .unwrap();
            let (log, end) = bench.open().unwrap_or_else(|e| panic!("cut at {cut}: {e}"));
            assert_eq!(log.end().next, whole.1 as u64, "cut at {cut}");
            assert_eq!(
                bench.read_all().unwrap(),
                entries[..whole.1],
                "cut at {cut}"
            );

            // What was cut off is reported, once.
            let written = content[..cut].iter().rposition(|&b| b != 0).unwrap() as u64 + 1;
            let ended = if sealed && cut == content.len() {
                cut as u64
            } else {
                whole.0
            };
            assert_eq!(
                end.torn_bytes,
                written.saturating_sub(ended),
                "cut at {cut}"
            );
            drop(log);
            assert_eq!(
                bench.open().unwrap().1.torn_bytes,
                0,
                "cut at {cut}, opened again"
            );
        }
    }
}

#[test]
fn a_flipped_bit_at_any_byte_is_found() {
    for sealed in [false, true] {
        let (bench, entries, ends) = filled(9, 60, sealed);
        let mut content = content_of(&bench);
        let mut random = Random(1);
        for byte in 0..content.len() {
            let bit = 1 << random.below(8);
            content[byte] ^= bit;
            let bench = with_content(&bench, &content);
            content[byte] ^= bit;
            let last_group = ends[ends.len() - 2].0;
            match bench.open() {
                Err(Error::Corrupt { byte: at, .. }) => {
                    let durable = if sealed {
                        ends[ends.len() - 1].0
                    } else {
                        last_group
                    };
                    assert!(
                        (byte as u64) < durable,
                        "byte {byte} is in the last group: torn, not corrupt"
                    );
                    // The frame that is named holds the byte.
                    assert!(at <= byte as u64, "byte {byte}, reported at {at}");
                }
                Err(Error::Version { .. }) => {
                    panic!("byte {byte}: a damaged header is not another version")
                }
                Err(other) => panic!("byte {byte}: {other}"),
                Ok(_) => {
                    let found = bench.read_all().unwrap();
                    let kept = if sealed {
                        entries.len()
                    } else {
                        ends[ends.len() - 2].1
                    };
                    assert!(byte as u64 >= last_group, "byte {byte} was not found");
                    assert!(
                        found == entries[..found.len()] && found.len() >= kept,
                        "byte {byte}: other data"
                    );
                }
            }
        }
    }
}

/// A live reader checks too: what was sound when the journal was opened may rot later.
#[test]
fn a_reader_hands_out_what_is_before_the_damage_and_then_the_error() {
    let (bench, entries, ends) = filled(9, 60, true);
    let segments = bench.folder.segments().unwrap();
    let end = bench.folder.find_end(&segments).unwrap().cursor;
    let content = content_of(&bench);
    // The last sync frame has no entry after it.
    for byte in HEADER_BYTES..ends[ends.len() - 1].0 as usize - SYNC_BYTES {
        let mut content = content.clone();
        content[byte] ^= 0x10;
        let rotten = with_content(&bench, &content);
        let tail = std::sync::Arc::new(crate::segments::tail::Tail::new(segments.clone(), end));
        tail.close(Error::Closed);
        let mut reader =
            crate::segments::reader::SegmentReader::new(rotten.folder.disk.clone(), 0, tail, 0)
                .unwrap();
        let (mut batch, mut found) = (crate::Batch::new(), Vec::new());
        let error = loop {
            match reader.read(&mut batch, 200, std::time::Duration::ZERO) {
                Ok(_) => found.extend(batch.iter().map(|frame| frame.body.to_vec())),
                Err(error) => break error,
            }
        };
        match error {
            Error::Corrupt { byte: at, .. } => assert!(at <= byte as u64),
            other => panic!("byte {byte}: {other}"),
        }
        assert!(
            found
                .iter()
                .eq(entries[..found.len()].iter().map(|entry| &entry.body))
        );
        let again = reader.read(&mut batch, 200, std::time::Duration::ZERO);
        assert!(
            matches!(again, Err(Error::Corrupt { .. })),
            "it must not go on"
        );
    }
}

#[test]
fn a_zero_page_is_corruption_before_the_last_group_and_torn_in_it() {
    let (bench, entries, ends) = filled(12, 40, false);
    let content = content_of(&bench);
    for size in [8, 64, 512] {
        for at in (HEADER_BYTES..content.len()).step_by(31) {
            let mut content = content.clone();
            let zeroed = at..(at + size).min(content.len());
            if content[zeroed.clone()].iter().all(|&b| b == 0) {
                continue;
            }
            content[zeroed].fill(0);
            match with_content(&bench, &content).open() {
                Ok((log, _)) => {
                    // A group that began later is the proof that is missing here.
                    let hit = ends.iter().rposition(|(end, _)| *end <= at as u64).unwrap();
                    let later = ends.iter().any(|(end, _)| {
                        *end >= (at + size) as u64 && *end < ends[ends.len() - 1].0
                    });
                    assert!(
                        !later,
                        "{size} zeros at {at} cut off groups that were durable"
                    );
                    assert_eq!(log.end().next, ends[hit].1 as u64);
                    assert!(log.end().next <= entries.len() as u64);
                }
                Err(error) => assert!(matches!(error, Error::Corrupt { .. }), "{error}"),
            }
        }
    }
}

#[test]
fn impossible_lengths_end_the_walk() {
    for len in [
        0,
        1,
        2 << 20,
        (2 << 20) + 1,
        u32::MAX / 2,
        u32::MAX - 1,
        u32::MAX,
    ] {
        let (bench, _, ends) = filled(4, 60, true);
        let mut content = content_of(&bench);
        content[HEADER_BYTES..HEADER_BYTES + 4].copy_from_slice(&u32::to_le_bytes(len));
        let error = with_content(&bench, &content).open().err().unwrap();
        let Error::Corrupt {
            byte: 68, damage, ..
        } = error
        else {
            panic!("{len}: {error}")
        };
        assert_eq!(
            damage == Damage::Length(len),
            len > 2 << 20,
            "{len}: {damage}"
        );

        // In a group that no later one follows, it is torn.
        let mut content = content[..ends[1].0 as usize].to_vec();
        content.resize(SEGMENT_BYTES as usize, 0);
        let (log, end) = with_content(&bench, &content).open().unwrap();
        let written = content.iter().rposition(|&b| b != 0).unwrap() + 1 - HEADER_BYTES;
        assert_eq!((log.end().next, end.torn_bytes), (0, written as u64));
    }
}

#[test]
fn garbage_after_the_end_is_cut_off() {
    let (bench, entries, _) = filled(5, 60, true);
    let content = content_of(&bench);
    let mut random = Random(3);
    let garbage: Vec<u8> = (0..3000).map(|_| random.next() as u8).collect();
    // So is a copy of what the segment already holds, or of a whole group of it.
    for tail in [&garbage[..], &content[HEADER_BYTES..], &content, &[1]] {
        let bench = with_content(&bench, &[&content[..], tail].concat());
        let (_, end) = bench.open().unwrap();
        let last = tail.iter().rposition(|&b| b != 0).unwrap();
        assert_eq!(end.torn_bytes, last as u64 + 1);
        assert_eq!(bench.read_all().unwrap(), entries);
    }
}

/// Text from outside cannot end a group: it would have to know a number that is only on the disk.
#[test]
fn a_body_that_looks_like_a_sync_frame_is_a_body() {
    let bench = Bench::new();
    let (mut log, _) = bench.open().unwrap();
    let body = |bytes: &[u8]| {
        vec![Entry {
            kind: 0,
            source: 0,
            key: None,
            body: bytes.to_vec(),
        }]
    };
    log.commit(&[body(b"one")], 1).unwrap();
    let first_end = log.end().pos;
    // The best that one can do from outside: a sync frame of another journal, made to stand where it will stand.
    let mut forged = log.end();
    forged.journal ^= 1;
    forged.salt ^= 1;
    forged.pos += HEAD_BYTES as u64;
    forged.group_start = forged.pos;
    let mut frame = Vec::new();
    forged.write_sync(&mut frame);
    assert_eq!(frame.len(), SYNC_BYTES);
    log.commit(&[body(&frame)], 2).unwrap();

    let content = content_of(&bench);
    for cut in first_end..log.end().pos {
        let bench = with_content(&bench, &content[..cut as usize]);
        assert_eq!(bench.read_all().unwrap().len(), 1, "cut at {cut}");
        assert_eq!(bench.open().unwrap().0.end().next, 1, "cut at {cut}");
    }
}

/// Several segments: swapped, missing, copied from elsewhere, older than they should be.
#[test]
fn segments_that_do_not_belong_are_found() {
    use Damage::{CutShort, Foreign, Header, Link};
    let (bench, _, _) = filled(40, 500, true);
    let segments = bench.folder.segments().unwrap();
    assert!(segments.len() >= 4);
    let [a, b] = [1, 2].map(|index| bench.segment(index));
    let content = [&a, &b].map(|path| bench.sim.content(path));
    let broken = |change: &dyn Fn(&Sim)| {
        let copy = Bench::on(bench.sim.after_crash(
            crate::segments::disk::sim::CrashDamage::KeepAll,
            &mut Random(0),
        ));
        change(&copy.sim);
        copy.open().err().or_else(|| copy.read_all().err())
    };
    assert!(broken(&|_| {}).is_none());

    let swapped = broken(&|sim| {
        sim.put(&a, &content[1]);
        sim.put(&b, &content[0]);
    });
    let missing = broken(&|sim| sim.remove(&a).unwrap());
    let empty = broken(&|sim| sim.put(&a, &[]));
    let cut = broken(&|sim| sim.put(&a, &content[0][..content[0].len() - 1]));
    let header_only = broken(&|sim| sim.put(&a, &content[0][..HEADER_BYTES]));
    // An older copy with the same header, in which other groups were written.
    let other = broken(&|sim| sim.put(&a, &older(&segments[1].header, content[0].len())));
    // The first segment of a journal that was created elsewhere links to nothing, and still is not ours.
    let mut alien = segments[0].header;
    alien.journal ^= 1;
    let alien = broken(&|sim| sim.put(&segments[0].path, &alien.to_bytes()));
    let mut neighbour = segments[0].header;
    neighbour.partition = 1;
    let neighbour = broken(&|sim| sim.put(&segments[0].path, &neighbour.to_bytes()));
    for error in [alien, neighbour] {
        assert!(
            matches!(
                error,
                Some(Error::Corrupt {
                    damage: Foreign,
                    ..
                })
            ),
            "{error:?}"
        );
    }
    let found = [swapped, missing, empty, cut, header_only, other].map(|error| match error {
        Some(Error::Corrupt { damage, .. }) => damage,
        other => panic!("{other:?}"),
    });
    assert_eq!(&found[..5], [Foreign, Link, Header, CutShort, CutShort]);
    assert!(
        matches!(
            found[5],
            Link | CutShort | Damage::Blank | Damage::Length(_)
        ),
        "{:?}",
        found[5]
    );
}

/// Sound frames that begin like a segment, as long as it.
fn older(header: &crate::segments::segment::Header, len: usize) -> Vec<u8> {
    let mut cursor = header.cursor();
    let mut bytes = header.to_bytes().to_vec();
    let entry = Entry {
        kind: 0,
        source: 0,
        key: None,
        body: vec![b'x'; len - HEADER_BYTES - HEAD_BYTES - SYNC_BYTES],
    };
    cursor.write_entry(&entry, cursor.time, &mut bytes);
    cursor.write_sync(&mut bytes);
    assert_eq!(bytes.len(), len);
    bytes
}

#[test]
fn a_partition_without_segments_has_lost_them() {
    let bench = Bench::new();
    bench.sim.put(&bench.segment(0), b"");
    assert!(matches!(
        bench.open().err(),
        Some(Error::Corrupt {
            damage: Damage::Header,
            ..
        })
    ));
    use crate::segments::disk::Disk;
    Disk::Sim(bench.sim.clone())
        .remove(&bench.folder.dir.join("00000000000000000000.seg"))
        .unwrap();
    assert!(matches!(
        bench.open().err(),
        Some(Error::NotAJournal { .. })
    ));
}

/// Each check of a frame finds what the others would not.
#[test]
fn a_frame_must_continue_the_one_before() {
    let mut cursor = Bench::new().folder.segments().unwrap()[0].header.cursor();
    let entry = Entry {
        kind: 0,
        source: 0,
        key: None,
        body: b"body".to_vec(),
    };
    cursor.write_entry(&entry, 1000, &mut Vec::new());
    let mut frame = Vec::new();
    cursor.clone().write_entry(&entry, 1000, &mut frame);
    assert!(matches!(cursor.clone().step(&frame), FrameStep::Entry(_)));
    let seen_from = |change: &dyn Fn(&mut Cursor)| {
        let mut cursor = cursor;
        change(&mut cursor);
        let before = cursor;
        let FrameStep::Bad(damage) = cursor.step(&frame) else {
            panic!("accepted")
        };
        assert_eq!(cursor, before, "a bad frame is not stepped over");
        damage
    };
    let offset = seen_from(&|cursor| cursor.next = 7);
    assert_eq!(
        offset,
        Damage::Offset {
            expected: 7,
            found: 1
        }
    );
    assert_eq!(seen_from(&|cursor| cursor.chain ^= 1), Damage::Chain);
    assert_eq!(seen_from(&|cursor| cursor.salt ^= 1), Damage::Checksum);

    frame.clear();
    cursor.clone().write_sync(&mut frame);
    let seen_from = |change: &dyn Fn(&mut Cursor)| {
        let mut cursor = cursor;
        change(&mut cursor);
        cursor.step(&frame)
    };
    assert_eq!(seen_from(&|_| {}), FrameStep::Sync);
    for change in [
        &|cursor: &mut Cursor| cursor.journal ^= 1,
        &|cursor: &mut Cursor| cursor.segment ^= 1,
        &|cursor: &mut Cursor| cursor.group_start += 1,
        &|cursor: &mut Cursor| cursor.group_first = 1,
    ] as [&dyn Fn(&mut Cursor); 4]
    {
        assert_eq!(seen_from(change), FrameStep::Bad(Damage::Sync));
    }
}

#[test]
fn a_segment_that_never_came_to_be_is_swept_away() {
    let bench = Bench::new();
    let tmp = bench.folder.dir.join("00000000000000000005.tmp");
    bench.sim.put(&tmp, b"half a header");
    bench.open().unwrap();
    let names = bench.folder.disk.list(&bench.folder.dir).unwrap();
    assert_eq!(names, ["00000000000000000000.seg"]);
}

/// Proof of a later group is found wherever it lies, also across the border of two reads.
#[test]
fn a_later_group_is_found_at_any_distance() {
    let bench = Bench::new();
    let (mut log, _) = Log::open(bench.folder.clone(), 8 << 20, Loss::Refused).unwrap();
    let group = |len: usize| {
        vec![vec![Entry {
            kind: 0,
            source: 0,
            key: None,
            body: vec![b'x'; len],
        }]]
    };
    log.commit(&group(10), 1).unwrap();
    let between = CHUNK_BYTES - (log.end().pos as usize - HEADER_BYTES) - HEAD_BYTES;
    let (first_end, lengths) = (
        log.end().pos,
        [
            between - SYNC_BYTES - 9,
            between - SYNC_BYTES / 2,
            between,
            between + 9,
        ],
    );
    for len in lengths {
        let copy = Bench::new();
        copy.sim.put(
            &bench.segment(0),
            &bench.sim.content(&bench.segment(0))[..first_end as usize],
        );
        let (mut log, _) = Log::open(copy.folder.clone(), 8 << 20, Loss::Refused).unwrap();
        log.commit(&group(len), 2).unwrap();
        drop(log);
        let mut content = copy.sim.content(&copy.segment(0));
        content[HEADER_BYTES + 8] ^= 1;
        copy.sim.put(&copy.segment(0), &content);
        let error = copy
            .open()
            .err()
            .unwrap_or_else(|| panic!("{len}: cut off what was durable"));
        assert!(
            matches!(error, Error::Corrupt { byte: 68, .. }),
            "{len}: {error}"
        );
    }
}

#[test]
fn a_batch_longer_than_a_segment_has_one_of_its_own() {
    let bench = Bench::new();
    let (mut log, _) = bench.open().unwrap();
    let batch = |number: u64| {
        vec![Entry {
            kind: 0,
            source: number as u16,
            key: None,
            body: vec![0; 3 * SEGMENT_BYTES as usize],
        }]
    };
    for number in 0..4 {
        log.commit(&[batch(number)], 1).unwrap();
    }
    let headers = bench.folder.segments().unwrap();
    let numbers: Vec<_> = headers
        .iter()
        .map(|s| (s.header.segment, s.header.base))
        .collect();
    assert_eq!(numbers, [(0, 0), (1, 1), (2, 2), (3, 3)]);
    assert_eq!(
        bench.read_all().unwrap(),
        (0..4).flat_map(batch).collect::<Vec<_>>()
    );
}
