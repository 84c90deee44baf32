//! Exports hold everything, and only whole ones count.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crosstie::model::{Base, Observation, Tie, Value, packed};
use crosstie::seam::{Batch, Kv};
use crosstie::store::{Exporting, MemoryKv, SledKv, Store, export, record, trees};
use jiff::{SignedDuration, Timestamp};

use super::{moment, one};

/// What a store writes while nobody else wants anything of it, beside files of these older days.
pub fn write(kv: &dyn Kv, dir: &Path, at: Timestamp, days: &[String]) -> PathBuf {
    let mut export = Exporting::begin(dir, at, 0, days.to_vec()).unwrap();
    for tree in trees::ALL {
        for (key, value) in kv.scan(tree, b"", None, usize::MAX).unwrap() {
            export.row(tree, &key, &value).unwrap();
        }
    }
    export.end().unwrap()
}

const DAY: i64 = 24 * 3600;

fn filled() -> MemoryKv {
    let mut kv = MemoryKv::new();
    let mut batch = Batch::new();
    for (n, tree) in trees::ALL.into_iter().enumerate() {
        record::put(&mut batch, tree, format!("key {n}"), &vec!["Straße \"\\ \u{1}\n"; n]).unwrap();
    }
    batch.put(trees::QUARANTINE, vec![0, 255, 1], vec![0, 159, 146, 150]);
    batch.put(trees::TIES, vec![200, 0], record::seal(&"x".repeat(100_000)).unwrap());
    for n in 0..1200 {
        record::put(&mut batch, trees::JOURNAL, format!("{n:08}"), &n).unwrap();
    }
    kv.apply(&batch).unwrap();
    kv
}

#[test]
fn an_export_restores_every_byte_of_every_tree() {
    let dir = tempfile::tempdir().unwrap();
    let from = filled();
    let path = write(&from, dir.path(), moment(0), &[]);
    let mut to = MemoryKv::new();
    assert_eq!(export::restore(&mut to, &path).unwrap(), moment(0));
    let to = to.crash();
    for tree in trees::ALL {
        let rows = from.scan(tree, b"", None, usize::MAX).unwrap();
        assert!(!rows.is_empty());
        assert_eq!(to.scan(tree, b"", None, usize::MAX).unwrap(), rows, "{tree}");
    }
    for line in fs::read_to_string(&path).unwrap().lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn an_export_tells_of_the_moment_it_began_in_and_nobody_waits_until_it_is_written() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::start(Box::new(SledKv::open(&home.path().join("sled")).unwrap())).unwrap();
    let mut batch = Batch::new();
    for n in 0..6000 {
        record::put(&mut batch, trees::TIES, format!("{n:05}"), &format!("before {n}")).unwrap();
    }
    store.commit(batch).await.unwrap();
    let exports = home.path().join("exports");
    let exporting = store.export_to(&exports, moment(0));
    tokio::pin!(exporting);
    let mut meanwhile = 0;
    let path = loop {
        let mut batch = Batch::new();
        // Rows that are changed, removed and new, before and behind what is written by now.
        record::put(&mut batch, trees::TIES, format!("{:05}", meanwhile * 37 % 6000), &"changed").unwrap();
        batch.remove(trees::TIES, format!("{:05}", meanwhile * 41 % 6000));
        record::put(&mut batch, trees::TIES, format!("{:05}x", meanwhile * 43 % 6000), &"new").unwrap();
        tokio::select! {
            biased;
            path = &mut exporting => break path.unwrap(),
            done = store.commit(batch) => done.unwrap(),
        }
        meanwhile += 1;
    };
    assert!(meanwhile >= 10, "only {meanwhile} writes were answered while it was written");
    let mut restored = MemoryKv::new();
    export::restore(&mut restored, &path).unwrap();
    let rows = restored.scan(trees::TIES, b"", None, usize::MAX).unwrap();
    let expected = (0..6000).map(|n| (format!("{n:05}").into_bytes(), record::seal(&format!("before {n}")).unwrap()));
    assert!(rows.iter().cloned().eq(expected), "{} rows", rows.len());
}

#[test]
fn what_lies_in_its_short_form_is_told_as_json_and_comes_back_byte_for_byte() {
    let dir = tempfile::tempdir().unwrap();
    let base = Base {
        crm: Value::text("Anna"),
        notion: Value::text("anna"),
        at: moment(1),
        mapping: "a hash".into(),
        pages: [("1".to_owned(), "p".to_owned())].into(),
        late: Default::default(),
    };
    let tie = Tie {
        pair: "deals".into(),
        crm: "7".into(),
        notion: "page".into(),
        base: [("TITLE".into(), base)].into(),
        since: moment(2),
    };
    let known = r#"{"fields":{"TITLE":{"known":{"t":"number","v":"1.50"}}},"presence":"trashed","created_at":null,
        "edited_at":null,"marker":null,"seen_at":"2026-01-06T09:00:00Z","settled_since":"2026-01-06T09:00:00Z"}"#;
    let observation: Observation = serde_json::from_str(known).unwrap();
    let rows = [
        ("tie", record::seal_short(&packed::pack(&tie))),
        ("observation", record::seal_short(&packed::pack(&observation))),
        ("of a kind that nobody knows", record::seal_short(b"?what")),
    ];
    let mut batch = Batch::new();
    rows.iter().for_each(|(key, value)| batch.put(trees::TIES, *key, value.clone()));
    let mut from = MemoryKv::new();
    from.apply(&batch).unwrap();
    let path = write(&from, dir.path(), moment(0), &[]);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("anna") && text.contains("1.50"), "{text}");
    let mut to = MemoryKv::new();
    export::restore(&mut to, &path).unwrap();
    for (key, value) in rows {
        assert_eq!(to.get(trees::TIES, key.as_bytes()).unwrap(), Some(value), "{key}");
    }
    let read = |key: &[u8]| to.get(trees::TIES, key).unwrap().unwrap();
    assert_eq!(record::open::<Tie>(&read(b"tie")), Ok(tie));
    assert_eq!(record::open::<Observation>(&read(b"observation")), Ok(observation));
    assert!(record::open::<Tie>(&read(b"of a kind that nobody knows")).is_err());
}

#[test]
fn no_cut_and_no_changed_byte_passes_for_an_export() {
    let dir = tempfile::tempdir().unwrap();
    let mut kv = MemoryKv::new();
    kv.apply(&one(trees::TIES, "a", "one")).unwrap();
    kv.apply(&one(trees::TIES, "b", "two")).unwrap();
    let path = write(&kv, dir.path(), moment(0), &[]);
    let sound = fs::read(&path).unwrap();
    export::verify(&path).unwrap();
    // Up to the last line break, which carries nothing.
    for at in 0..sound.len() - 1 {
        fs::write(&path, &sound[..at]).unwrap();
        assert!(export::verify(&path).is_err(), "cut at {at}");
        let mut bytes = sound.clone();
        bytes[at] ^= 2;
        fs::write(&path, &bytes).unwrap();
        assert!(export::verify(&path).is_err(), "changed at {at}");
    }
    let lines: Vec<&[u8]> = sound.split_inclusive(|byte| *byte == b'\n').collect();
    fs::write(&path, [&lines[..1], &lines[2..]].concat().concat()).unwrap();
    assert!(export::verify(&path).unwrap_err().to_string().contains("1 rows are there, 2 were written"));
}

#[tokio::test]
async fn a_running_store_keeps_its_last_seven_exports() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(Box::new(MemoryKv::new())).unwrap();
    for n in 0..9 {
        store.commit(one(trees::TIES, &n.to_string(), "tie")).await.unwrap();
        store.export(dir.path(), moment(n)).await.unwrap();
    }
    let kept = export::list(dir.path()).unwrap();
    assert_eq!(kept.len(), 7);
    let made: Vec<_> = kept.iter().map(|path| export::verify(path).unwrap()).collect();
    assert_eq!(made, (2..9).map(moment).collect::<Vec<_>>());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 7, "nothing temporary is left");
}

#[tokio::test]
async fn the_newest_export_is_the_last_one_made_whatever_the_clock_said() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(Box::new(MemoryKv::new())).unwrap();
    // The clock was a year ahead for a week, and then right.
    for n in 0..7 {
        store.export(dir.path(), moment(365 * DAY + n)).await.unwrap();
    }
    for n in 0..3 {
        let made = store.export(dir.path(), moment(n)).await.unwrap();
        let kept = export::list(dir.path()).unwrap();
        assert_eq!((kept.last(), kept.len()), (Some(&made), 7), "the new one is kept, and the newest");
    }
    // Those of earlier versions told no number, and are older than any that does.
    let old = dir.path().join("export-29990101T000000Z.jsonl");
    let text = fs::read_to_string(export::list(dir.path()).unwrap().pop().unwrap()).unwrap();
    let first = serde_json::from_str::<serde_json::Value>(text.lines().next().unwrap()).unwrap();
    let number = first["export"]["number"].as_u64().unwrap();
    let object = format!("{{\"export\":{{\"format\":1,\"at\":{}}}}}", first["export"]["at"]);
    let line =
        format!("{},\"crc\":\"{:08x}\"}}", object.strip_suffix('}').unwrap(), crc32fast::hash(object.as_bytes()));
    assert_eq!(number, 10);
    fs::write(&old, [line.as_str(), text.split_once('\n').unwrap().1].join("\n")).unwrap();
    export::verify(&old).unwrap();
    assert_eq!(export::list(dir.path()).unwrap().first(), Some(&old));
}

#[tokio::test]
async fn a_folder_of_somebody_elses_keeps_all_that_is_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(Box::new(MemoryKv::new())).unwrap();
    for n in 0..9 {
        store.export_to(dir.path(), moment(n)).await.unwrap();
    }
    assert_eq!(export::list(dir.path()).unwrap().len(), 9);
}

#[tokio::test]
async fn a_folder_of_somebody_elses_keeps_its_rights_and_a_new_one_is_ours_alone() {
    let dir = tempfile::tempdir().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    let everybodys = dir.path().join("backups");
    fs::create_dir(&everybodys).unwrap();
    fs::set_permissions(&everybodys, fs::Permissions::from_mode(0o1777)).unwrap();
    let store = Store::start(Box::new(MemoryKv::new())).unwrap();
    let path = store.export_to(&everybodys, moment(0)).await.unwrap();
    assert_eq!((mode(&everybodys), mode(&path)), (0o1777, 0o600));
    store.export_to(&everybodys.join("ours"), moment(1)).await.unwrap();
    assert_eq!(mode(&everybodys.join("ours")), 0o700);
}

#[test]
fn an_export_that_does_not_come_to_its_end_leaves_nothing_that_keeps_space() {
    let (dir, kv) = (tempfile::tempdir().unwrap(), filled());
    let files = || fs::read_dir(dir.path()).unwrap().count();
    let mut export = Exporting::begin(dir.path(), moment(0), 0, Vec::new()).unwrap();
    let (key, value) = kv.scan(trees::TIES, b"", None, 1).unwrap().remove(0);
    export.row(trees::TIES, &key, &value).unwrap();
    assert_eq!(files(), 1);
    drop(export);
    assert_eq!(files(), 0);
    write(&kv, dir.path(), moment(1), &[]);
    assert_eq!(files(), 1, "one that did is there");
}

#[tokio::test]
async fn an_export_is_due_a_day_after_the_last_and_after_a_failed_try_and_when_the_clock_was_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(Box::new(MemoryKv::new())).unwrap();
    let due = |seconds: i64| export::is_due(dir.path(), moment(seconds), SignedDuration::from_hours(24)).unwrap();
    assert!(export::is_due(&dir.path().join("none"), moment(0), SignedDuration::from_hours(24)).unwrap());
    assert!(due(0), "there is none");
    // What a try that failed has left.
    fs::write(dir.path().join(".export.tmp"), "{\"export\":").unwrap();
    assert!(due(0), "a failed try is no export");
    store.export(dir.path(), moment(0)).await.unwrap();
    assert!(!due(0) && !due(DAY - 1) && due(DAY));
    assert!(!due(-60), "a clock that was corrected a little");
    // Made while the clock was ahead: nobody knows how old it is. One more, and all is well.
    store.export(dir.path(), moment(90 * DAY)).await.unwrap();
    assert!(due(DAY));
    store.export(dir.path(), moment(DAY)).await.unwrap();
    assert!(!due(DAY + 3600) && due(2 * DAY));
}

#[tokio::test]
async fn exports_of_a_clock_that_was_ahead_go_first_and_stay_whole_till_then() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(Box::new(filled())).unwrap();
    let keep = i64::try_from(export::KEEP).unwrap();
    for day in 1..=keep {
        store.export(dir.path(), moment(1_000_000 + day)).await.unwrap();
    }
    // It was set right, and then days go by.
    for day in 1..=keep {
        store.export(dir.path(), moment(day)).await.unwrap();
        assert!(export::list(dir.path()).unwrap().iter().all(|path| export::verify(path).is_ok()));
    }
    let all = export::list(dir.path()).unwrap();
    let times: Vec<_> = all.iter().map(|path| export::verify(path).unwrap()).collect();
    assert_eq!(times, (1..=keep).map(moment).collect::<Vec<_>>());
}

#[test]
fn an_export_that_names_years_of_older_days_still_tells_its_number() {
    let dir = tempfile::tempdir().unwrap();
    let kv = filled();
    let days: Vec<_> = (1..=2_000_u32).map(|n| format!("2026-03-04_{n:012}-{n:012}.jsonl")).collect();
    let first = write(&kv, dir.path(), moment(2), &days);
    let last = write(&kv, dir.path(), moment(1), &days);
    assert_eq!(export::list(dir.path()).unwrap(), [first, last.clone()]);
    assert_eq!(export::days(&last).unwrap(), days);
    assert!(!export::is_due(dir.path(), moment(1), SignedDuration::from_hours(24)).unwrap());
}
