//! What is read from files that anybody can have touched: no bytes break a reader, and what it takes is what was written.

use std::fs;
use std::path::Path;

use crosstie::model::{Event, Happening, Value};
use crosstie::seam::{Batch, Kv};
use crosstie::store::{Filing, MemoryKv, Old, Segment, Segments, export, record, segments, trees};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

fn config() -> ProptestConfig {
    ProptestConfig { cases: 96, rng_seed: RngSeed::Fixed(11), failure_persistence: None, ..ProptestConfig::default() }
}

fn noon() -> Timestamp {
    "2026-03-04T12:00:00Z".parse().unwrap()
}

pub fn event(seq: u64, text: &str, note: &str) -> Event {
    Event {
        seq,
        at: noon() + SignedDuration::from_secs(i64::try_from(seq).unwrap()),
        what: Happening::Wrote,
        pair: Some("deals".into()),
        side: None,
        crm: Some("7".into()),
        notion: None,
        field: Some("TITLE".into()),
        before: None,
        after: Some(Value::text(text)),
        window: None,
        who: String::new(),
        note: note.to_owned(),
        edit: None,
    }
}

fn day(events: &[Event]) -> (tempfile::TempDir, Segments, Segment) {
    let dir = tempfile::tempdir().unwrap();
    let (files, segment) = day_in(dir.path(), events);
    (dir, files, segment)
}

/// A folder with the day of these events.
pub fn day_in(dir: &Path, events: &[Event]) -> (Segments, Segment) {
    let mut kv = MemoryKv::new();
    let mut batch = Batch::new();
    for event in events {
        record::put(&mut batch, trees::JOURNAL, event.seq.to_be_bytes(), event).unwrap();
    }
    kv.apply(&batch).unwrap();
    let mut files = Segments::open(dir).unwrap();
    let segment = files.write_day(&kv, 0, "2026-03-05".parse().unwrap()).unwrap().unwrap();
    (files, segment)
}

fn mutated(sound: &[u8], at: usize, cut: usize, put: &[u8]) -> Vec<u8> {
    let at = at.min(sound.len());
    let end = (at + cut).min(sound.len());
    [&sound[..at], put, &sound[end..]].concat()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_day_of_the_journal_reads_as_it_was_written(texts in prop::collection::vec((".{0,40}", ".{0,20}"), 1..40)) {
        let numbered = texts.iter().enumerate();
        let events: Vec<Event> = numbered.map(|(n, (text, note))| event(n as u64 + 3, text, note)).collect();
        let (_dir, mut files, segment) = day(&events);
        prop_assert_eq!(segments::verify(&segment.path).unwrap(), events.len() as u64);
        prop_assert_eq!((segment.first, segment.last), (3, events.len() as u64 + 2));
        prop_assert_eq!(files.lines(0, u64::MAX), events.clone());
        let some: Vec<Event> = events.iter().filter(|event| (4..=6).contains(&event.seq)).cloned().collect();
        prop_assert_eq!(files.lines(4, 6), some);
        // Found again by its name alone.
        let again = Segments::open(segment.path.parent().unwrap()).unwrap();
        prop_assert_eq!(again.all(), &[segment][..]);
    }

    #[test]
    fn no_change_of_a_day_passes_and_its_sound_lines_still_count(
        at in any::<prop::sample::Index>(), cut in 0usize..60, put in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let events: Vec<Event> = (1..20).map(|seq| event(seq, &format!("Straße {seq}"), "")).collect();
        let (_dir, mut files, segment) = day(&events);
        let sound = fs::read(&segment.path).unwrap();
        // The last line break carries nothing.
        let bytes = mutated(&sound, at.index(sound.len() - 1), cut, &put);
        fs::write(&segment.path, &bytes).unwrap();
        let read = files.lines(0, u64::MAX);
        prop_assert!(read.iter().all(|event| events.contains(event)));
        prop_assert!(read.windows(2).all(|two| two[0].seq < two[1].seq));
        let same = bytes == sound || bytes == sound[..sound.len() - 1];
        prop_assert_eq!(segments::verify(&segment.path).is_ok(), same);
    }

    #[test]
    fn no_bytes_are_a_day_or_an_export(bytes in prop::collection::vec(any::<u8>(), 0..400), name in "\\PC{0,30}") {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("2026-03-04_1-9.jsonl");
        fs::write(&path, &bytes).unwrap();
        prop_assert!(segments::verify(&path).is_err() && export::verify(&path).is_err());
        prop_assert!(Segments::open(dir.path()).unwrap().lines(0, u64::MAX).is_empty());
        // Whatever a file is called.
        let name = name.replace(['/', '\0'], "_");
        let _ = segments::is_one(&dir.path().join(name));
    }

    #[test]
    fn an_export_gives_back_every_row_and_no_change_of_it_passes(
        rows in prop::collection::btree_map(
            (0..trees::ALL.len(), prop::collection::vec(any::<u8>(), 1..12)),
            prop_oneof![".{0,30}".prop_map(|text| record::seal(&text).unwrap()), prop::collection::vec(any::<u8>(), 0..20)],
            1..30,
        ),
        (at, cut) in (any::<prop::sample::Index>(), 0usize..60), put in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let mut kv = MemoryKv::new();
        let mut batch = Batch::new();
        rows.iter().for_each(|((tree, key), value)| batch.put(trees::ALL[*tree], key.clone(), value.clone()));
        kv.apply(&batch).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let path = crate::exports::write(&kv, dir.path(), noon(), &[]);
        let mut back = MemoryKv::new();
        export::restore(&mut back, &path).unwrap();
        for tree in trees::ALL {
            let all = |kv: &MemoryKv| kv.scan(tree, b"", None, usize::MAX).unwrap();
            prop_assert_eq!(all(&back), all(&kv));
        }
        let sound = fs::read(&path).unwrap();
        let bytes = mutated(&sound, at.index(sound.len() - 1), cut, &put);
        fs::write(&path, &bytes).unwrap();
        let same = bytes == sound || bytes == sound[..sound.len() - 1];
        prop_assert_eq!(export::verify(&path).is_ok(), same);
    }
}

#[test]
fn a_damaged_day_is_told_with_its_file_and_line() {
    let events: Vec<Event> = (1..5).map(|seq| event(seq, "a value", "")).collect();
    let (_dir, _, segment) = day(&events);
    let text = fs::read_to_string(&segment.path).unwrap().replacen("a value", "another", 1);
    fs::write(&segment.path, text).unwrap();
    let told = segments::verify(&segment.path).unwrap_err().to_string();
    assert!(told.contains(segment.path.to_str().unwrap()) && told.contains("line 2"), "{told}");
}

#[test]
fn a_day_that_is_read_window_by_window_is_the_same_as_in_one() {
    let all: Vec<Event> =
        (1..=2_600).map(|seq| event(seq, &"text".repeat(usize::try_from(seq % 7).unwrap()), "")).collect();
    let (_dir, mut files, segment) = day(&all);
    for size in [1_u64, 77, 500, 501, 3_000] {
        let (mut read, mut from) = (Vec::new(), 1);
        while from <= segment.last {
            // One window a size, and now and then the one before again.
            if size > 1 || from % 97 == 1 {
                read.extend(files.lines(from, from + size - 1));
            } else {
                read.push(all[usize::try_from(from).unwrap() - 1].clone());
            }
            from += size;
        }
        assert_eq!(read, all, "windows of {size}");
    }
    assert_eq!(files.lines(2_000, 2_001), all[1_999..2_001]);
    assert_eq!(files.lines(3, 4), all[2..4]);
    assert!(files.lines(2_601, 9_000).is_empty());
    // A file that was put in its place is read anew.
    let text = std::fs::read_to_string(&segment.path).unwrap();
    let cut: Vec<&str> = text.lines().enumerate().filter(|(at, _)| *at != 7).map(|(_, line)| line).collect();
    std::fs::write(&segment.path, cut.join("\n")).unwrap();
    assert_eq!(files.lines(1, 2_600).len(), 2_599);
}

#[test]
fn a_day_is_filed_in_steps_that_look_at_no_more_lines_than_they_may() {
    let mut kv = MemoryKv::new();
    let mut batch = Batch::new();
    for seq in 1..=50_u64 {
        record::put(&mut batch, trees::JOURNAL, seq.to_be_bytes(), &event(seq, "a value", "")).unwrap();
    }
    kv.apply(&batch).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut files = Segments::open(dir.path()).unwrap();
    let old = Old { from: 0, until: "2026-03-05".parse().unwrap(), doubtful: 0 };
    let mut steps = 0;
    let segment = loop {
        match files.write_some(&kv, &old, 10).unwrap() {
            Filing::Begun => steps += 1,
            Filing::Done(segment) => break segment,
            Filing::Nothing => panic!("there is a day"),
        }
        assert!(files.all().is_empty(), "it counts before it was read back");
    };
    // Five for its lines, six to read them, its two ends and its end back.
    assert_eq!(steps, 5 + 1 + 5, "not in steps of ten lines");
    assert_eq!((segments::verify(&segment.path).unwrap(), segment.first, segment.last), (50, 1, 50));
    assert_eq!(files.write_some(&kv, &Old { from: 51, ..old }, 10).unwrap(), Filing::Nothing);
    // A process that ends in between leaves nothing that counts.
    let other = tempfile::tempdir().unwrap();
    let mut begun = Segments::open(other.path()).unwrap();
    for _ in 0..3 {
        assert_eq!(begun.write_some(&kv, &old, 10).unwrap(), Filing::Begun);
    }
    drop(begun);
    let mut again = Segments::open(other.path()).unwrap();
    assert!(again.all().is_empty());
    assert_eq!(again.write_day(&kv, 0, old.until).unwrap().unwrap().last, 50);
}

#[test]
fn lines_of_a_time_that_has_not_come_keep_no_later_ones_in_the_store() {
    let mut kv = MemoryKv::new();
    let mut batch = Batch::new();
    for seq in 1..=9_u64 {
        let mut line = event(seq, "a value", "");
        if (4..=6).contains(&seq) {
            line.at += SignedDuration::from_hours(24 * 100);
        }
        record::put(&mut batch, trees::JOURNAL, seq.to_be_bytes(), &line).unwrap();
    }
    kv.apply(&batch).unwrap();
    for (from, doubtful, filed) in [(0, 0, Some((1, 3))), (4, 0, None), (0, 6, Some((1, 9))), (4, 6, Some((4, 9)))] {
        let dir = tempfile::tempdir().unwrap();
        let mut files = Segments::open(dir.path()).unwrap();
        let old = Old { from, until: "2026-03-05".parse().unwrap(), doubtful };
        let done = loop {
            match files.write_some(&kv, &old, 100).unwrap() {
                Filing::Begun => {}
                Filing::Done(segment) => break Some((segment.first, segment.last)),
                Filing::Nothing => break None,
            }
        };
        assert_eq!(done, filed, "from {from}, doubtful up to {doubtful}");
    }
}
