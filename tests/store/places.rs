//! One store takes the place of another: wherever that is cut short, there is the one or the other, whole.

use std::fs;
use std::path::Path;

use crosstie::seam::Kv;
use crosstie::store::{self, Step, segments, trees};

use super::files::{day_in, event};
use super::ladder::{commit, shorten, snapshots, ties};
use super::{copy, moment, one, open, read};

/// Makes the store in `home`, and leaves its files as they are now under another name.
fn begun(home: &Path, name: &str, key: &str) {
    let mut opened = open(home);
    opened.kv.apply(&one(trees::TIES, key, "v")).unwrap();
    opened.kv.flush().unwrap();
    copy(&home.join("sled"), &home.join(name));
}

fn days(dir: &Path) -> Vec<String> {
    segments::list(dir).unwrap().iter().map(|day| day.name().unwrap().to_owned()).collect()
}

#[test]
fn a_change_of_stores_cut_short_is_finished_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let (whole, home) = (dir.path().join("whole"), dir.path().join("home"));
    let mut opened = open(&whole);
    opened.kv.apply(&one(trees::TIES, "k", "v")).unwrap();
    opened.kv.flush().unwrap();
    // The old store was moved aside, the new one had not taken its place yet; the count is still the old one's.
    copy(&whole.join("sled"), &home.join("sled.new"));
    for n in 0..5 {
        opened.kv.apply(&one(trees::TIES, "old", &n.to_string())).unwrap();
    }
    opened.kv.flush().unwrap();
    fs::copy(whole.join("sled.tally"), home.join("sled.tally")).unwrap();
    drop(opened);
    let opened = open(&home);
    assert_eq!((opened.step, opened.note.as_str()), (Step::Plain, ""));
    assert_eq!(read(&opened.kv, trees::TIES, "k").as_deref(), Some("v"));
    assert!(!home.join("sled.new").exists());
}

#[test]
fn what_a_killed_process_had_begun_beside_the_store_is_removed_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path();
    drop(open(home));
    let begun = ["exports/.export.tmp", "journal/.segment.tmp"].map(|name| home.join(name));
    for path in &begun {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "half").unwrap();
    }
    drop(open(home));
    assert!(begun.iter().all(|path| !path.exists()));
}

#[test]
fn a_store_that_was_not_built_to_its_end_takes_nobodys_place() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path();
    begun(home, "sled.part", "half");
    fs::remove_dir_all(home.join("sled")).unwrap();
    fs::remove_file(home.join("sled.tally")).unwrap();
    let opened = open(home);
    assert_eq!((opened.step, ties(&opened.kv)), (Step::Created, 0));
    assert!(!home.join("sled.part").exists());
}

#[test]
fn a_store_in_the_way_of_which_nothing_was_moved_yet_stays_with_its_days() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path();
    begun(home, "sled.new", "new");
    day_in(&home.join("journal"), &[event(1, "old", "")]);
    day_in(&home.join("journal.new"), &[event(2, "new", "")]);
    let before = days(&home.join("journal"));
    let mut opened = open(home);
    opened.kv.apply(&one(trees::TIES, "old", "v")).unwrap();
    assert_eq!((ties(&opened.kv), days(&home.join("journal"))), (2, before));
    assert!(!home.join("sled.new").exists() && !home.join("journal.new").exists());
}

#[test]
fn days_that_come_with_a_store_take_their_place_after_it_wherever_it_is_cut_short() {
    for taken in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path();
        begun(home, if taken { "unused" } else { "sled.new" }, "new");
        if !taken {
            fs::remove_dir_all(home.join("sled")).unwrap();
        }
        day_in(&home.join("journal"), &[event(1, "old", "")]);
        day_in(&home.join("journal.new"), &[event(2, "new", "")]);
        let (old, new) = (days(&home.join("journal")), days(&home.join("journal.new")));
        assert_ne!(old, new);
        assert_eq!(ties(&open(home).kv), 1);
        assert_eq!(days(&home.join("journal")), new);
        let aside = fs::read_dir(home.join("aside")).unwrap().next().unwrap().unwrap();
        assert_eq!(days(&aside.path()), old, "what was there is kept");
    }
}

#[tokio::test]
async fn days_beside_the_store_stay_where_they_are_by_whatever_name_an_import_calls_them() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("home");
    commit(&home, 0..3).await;
    let (_, day) = day_in(&home.join("journal"), &[event(1, "old", "")]);
    let store = store::Store::start(Box::new(open(&home).kv)).unwrap();
    let path = store.export_to(&home, moment(5)).await.unwrap();
    store.close().await.unwrap();
    std::os::unix::fs::symlink(&home, dir.path().join("by-another-name")).unwrap();
    let called = dir.path().join("by-another-name").join(path.file_name().unwrap());
    let done = store::import(&home, &called, moment(6)).unwrap();
    assert_eq!((done.missing.as_slice(), segments::verify(&day.path).unwrap()), (&[][..], 1));
    let aside = fs::read_dir(home.join("aside")).unwrap().count();
    assert_eq!(aside, 1, "the store's files alone");
    assert_eq!(ties(&open(&home).kv), 3);
}

#[tokio::test]
async fn an_import_brings_the_days_beside_it_and_keeps_those_that_were_there() {
    let dir = tempfile::tempdir().unwrap();
    let (home, from) = (dir.path().join("home"), dir.path().join("from"));
    commit(&home, 0..3).await;
    let store = store::Store::start(Box::new(open(&home).kv)).unwrap();
    let path = store.export_to(&from, moment(5)).await.unwrap();
    store.close().await.unwrap();
    day_in(&home.join("journal"), &[event(1, "old", "")]);
    day_in(&from.join("journal"), &[event(2, "new", "")]);
    let (old, new) = (days(&home.join("journal")), days(&from.join("journal")));
    store::import(&home, &path, moment(6)).unwrap();
    assert_eq!(days(&home.join("journal")), new);
    let aside: Vec<_> = fs::read_dir(home.join("aside")).unwrap().map(|entry| days(&entry.unwrap().path())).collect();
    assert!(aside.contains(&old), "{aside:?}");
    for left in ["sled.part", "sled.part.tally", "sled.new", "journal.part", "journal.new"] {
        assert!(!home.join(left).exists(), "{left}");
    }
}

#[tokio::test]
async fn a_shortened_store_gives_way_to_no_export_that_is_older_than_it_knows_of() {
    for gone in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path();
        // In one session: sled fills the file up to a whole segment when it is opened again.
        let store = store::Store::start(Box::new(open(home).kv)).unwrap();
        let mut newest = home.to_owned();
        for n in 0..60 {
            if [10, 12].contains(&n) {
                newest = store.export(&home.join("exports"), moment(i64::from(n))).await.unwrap();
            }
            store.commit(one(trees::TIES, &format!("{n:06}"), &"v".repeat(300))).await.unwrap();
        }
        store.close().await.unwrap();
        if gone {
            fs::rename(&newest, home.join("moved")).unwrap();
        } else {
            fs::write(&newest, &fs::read(&newest).unwrap()[..50]).unwrap();
        }
        assert!(snapshots(home).is_empty(), "with a snapshot it would not open at all");
        shorten(home, |length| length - 2000);
        let found = store::inspect(home, &home.join("looked")).unwrap().unwrap();
        assert!(found.lost > 0, "a look over it tells that too");
        let refused = store::compact(home, moment(70)).unwrap_err().to_string();
        assert!(refused.contains("writes of this store are missing"), "what is missing is not forgotten: {refused}");
        let opened = open(home);
        assert!(matches!(opened.step, Step::Shortened { .. }), "{:?} {}", opened.step, opened.note);
        assert!(ties(&opened.kv) > 10);
    }
}
