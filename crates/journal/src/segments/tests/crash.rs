//! The machine stops after every single change to the disk, and keeps of what was not synced whatever a disk may keep.
//! What was acknowledged is there, exactly once; what was not is there whole or not at all.

use std::path::Path;

use super::{Bench, Random};
use crate::entry::Entry;
use crate::segments::disk::Disk;
use crate::segments::disk::sim::{CrashDamage, Sim};
use crate::segments::manifest::Manifest;

/// What a run knows when the machine stops.
#[derive(Default)]
struct Known {
    acknowledged: Vec<Entry>,
    /// Batches of the group that was being written.
    under_way: Vec<Entry>,
}

/// Appends groups, now and then closing and opening, until the machine stops or `groups` are done.
fn work(bench: &Bench, random: &mut Random, groups: u64, known: &mut Known) -> crate::Result<()> {
    let (mut log, _) = bench.open()?;
    for _ in 0..groups {
        if random.below(8) == 0 {
            log.seal()?;
            drop(log);
            (log, _) = bench.open()?;
        }
        let batches: Vec<_> = (0..=random.below(2)).map(|_| random.batch(500)).collect();
        known.under_way = batches.concat();
        log.commit(&batches, random.below(1000) as i64)?;
        known.acknowledged.append(&mut known.under_way);
    }
    Ok(())
}

fn check(bench: &Bench, known: &Known, what: &str) -> Vec<Entry> {
    let (log, _) = bench.open().unwrap_or_else(|e| panic!("{what}: {e}"));
    drop(log);
    let found = bench.read_all().unwrap_or_else(|e| panic!("{what}: {e}"));
    let all = [&known.acknowledged[..], &known.under_way[..]].concat();
    assert!(
        found == known.acknowledged || found == all,
        "{what}: {} entries, acknowledged {}, under way {}",
        found.len(),
        known.acknowledged.len(),
        known.under_way.len()
    );
    found
}

/// Stops a run after `stop` changes; returns false if it was done before.
fn run(seed: u64, stop: u64, damage: CrashDamage) -> bool {
    let what = format!("seed {seed}, stopped after {stop} changes, {damage:?}");
    let mut random = Random(seed);
    let mut bench = Bench::new();
    bench.sim.crash_after(stop);
    let mut known = Known::default();
    let done = work(&bench, &mut random, 12, &mut known).is_ok();

    // Up to twice it stops again while it recovers.
    let mut random = Random(seed ^ stop);
    for _ in 0..random.below(3) {
        bench = Bench::on(bench.sim.after_crash(damage, &mut random));
        bench.sim.crash_after(random.below(6));
        let _ = bench.open();
    }
    bench = Bench::on(bench.sim.after_crash(damage, &mut random));
    let found = check(&bench, &known, &what);

    // It works on, and what was found is durable: nothing that was seen may vanish.
    let mut known = Known {
        acknowledged: found,
        under_way: Vec::new(),
    };
    bench.sim.crash_after(random.below(40));
    let _ = work(&bench, &mut random, 4, &mut known);
    bench = Bench::on(bench.sim.after_crash(CrashDamage::DropAll, &mut random));
    check(&bench, &known, &what);
    !done
}

#[test]
fn every_point_of_a_run_can_be_the_last() {
    let seeds = std::env::var("HEADCOUNT_CRASH_SEEDS").map_or(20, |n| n.parse().unwrap());
    let mut points = 0;
    for seed in 0..seeds {
        for damage in CrashDamage::ALL {
            let mut stop = 0;
            while run(seed, stop, damage) {
                stop += 1;
                points += 1;
            }
        }
    }
    println!("{points} crash points");
    assert!(
        points > seeds * 300,
        "only {points} points: the runs are too short"
    );
}

#[test]
fn a_journal_is_created_whole_or_not_at_all() {
    let dir = Path::new("/");
    for damage in CrashDamage::ALL {
        for stop in 0.. {
            let sim = Sim::with_dir(dir);
            sim.crash_after(stop);
            let created = Manifest::create(&Disk::Sim(sim.clone()), dir, 3, 1);

            let disk = Disk::Sim(sim.after_crash(damage, &mut Random(stop)));
            let found = Manifest::read(&disk, dir).unwrap();
            if let Ok(created) = &created {
                assert_eq!(found, Some(*created));
            }
            let manifest = match found {
                Some(manifest) => manifest,
                None => Manifest::create(&disk, dir, 3, 1).unwrap(),
            };
            for folder in manifest.folders(&disk, dir) {
                crate::segments::log::Log::open(folder, 4096, crate::segments::log::Loss::Refused)
                    .unwrap();
            }
            if created.is_ok() {
                break;
            }
        }
    }
}
