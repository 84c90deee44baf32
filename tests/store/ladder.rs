//! Damage to the files is met by the right step, and the operator is told.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crosstie::seam::{Batch, Kv};
use crosstie::store::{self, OpenError, Resync, Step, Store, record, trees};
use serde_json::json;

use super::{moment, one, open, read};

/// Commits `keys` and closes.
pub async fn commit(home: &Path, keys: std::ops::Range<u32>) {
    let store = Store::start(Box::new(open(home).kv)).unwrap();
    for n in keys {
        store.commit(one(trees::TIES, &format!("{n:06}"), &"v".repeat(300))).await.unwrap();
    }
    store.close().await.unwrap();
}

async fn export(home: &Path, seconds: i64) {
    let store = Store::start(Box::new(open(home).kv)).unwrap();
    store.export(&home.join("exports"), moment(seconds)).await.unwrap();
    store.close().await.unwrap();
}

pub fn ties(kv: &dyn Kv) -> usize {
    kv.scan(trees::TIES, b"", None, usize::MAX).unwrap().len()
}

pub fn shorten(home: &Path, keep: impl Fn(u64) -> u64) {
    let file = OpenOptions::new().write(true).open(home.join("sled/db")).unwrap();
    let length = file.metadata().unwrap().len();
    file.set_len(keep(length)).unwrap();
}

pub fn snapshots(home: &Path) -> Vec<std::path::PathBuf> {
    let all = fs::read_dir(home.join("sled")).unwrap().map(|entry| entry.unwrap().path());
    all.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("snap.")).collect()
}

#[test]
fn a_first_start_has_nothing_to_tell_and_keeps_others_out() {
    let dir = tempfile::tempdir().unwrap();
    let opened = open(&dir.path().join("home"));
    assert_eq!((opened.step, opened.note.as_str(), opened.resync), (Step::Created, "", None));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let home = dir.path().join("home");
    assert_eq!(mode(&home), 0o700);
    assert_eq!(mode(&home.join("sled")), 0o700);
    for file in ["sled/db", "sled/conf", "sled.tally", "lock"] {
        assert_eq!(mode(&home.join(file)), 0o600, "{file}");
    }
}

#[test]
fn a_second_opener_is_told_which_process_has_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path());
    let Err(error) = store::open(dir.path(), moment(0)) else { panic!("opened twice") };
    assert!(matches!(error, OpenError::Lock(_)));
    let text = error.to_string();
    assert!(text.contains(&format!("process {}", std::process::id())), "{text}");
    assert!(text.contains(&dir.path().display().to_string()), "{text}");
    drop(first);
    assert_eq!(open(dir.path()).step, Step::Plain);
}

#[tokio::test]
async fn a_damaged_snapshot_file_loses_nothing() {
    for damage in 0..3 {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path();
        commit(home, 0..300).await;
        commit(home, 300..310).await;
        let found = snapshots(home);
        assert!(!found.is_empty(), "sled wrote no snapshot, so this test tests nothing");
        for path in &found {
            let mut bytes = fs::read(path).unwrap();
            match damage {
                0 => bytes.clear(),
                1 => bytes.truncate(40),
                _ => bytes.iter_mut().skip(20).take(2).for_each(|byte| *byte ^= 0xff),
            }
            fs::write(path, bytes).unwrap();
        }
        let opened = open(home);
        assert_eq!(opened.step, Step::WithoutSnapshot, "{}", opened.note);
        assert!(opened.note.contains("nothing is lost"), "{}", opened.note);
        assert_eq!((ties(&opened.kv), opened.resync), (310, None));
        assert_eq!(fs::read_dir(home.join("aside")).unwrap().count(), 1);
    }
}

#[tokio::test]
async fn a_shortened_file_that_does_not_open_is_replaced_by_the_last_export() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path();
    commit(home, 0..3000).await;
    export(home, 5).await;
    commit(home, 3000..4000).await;
    assert!(!snapshots(home).is_empty());
    shorten(home, |length| length / 2);
    let opened = open(home);
    assert!(matches!(&opened.step, Step::Restored { at, .. } if *at == moment(5)), "{:?} {}", opened.step, opened.note);
    assert_eq!(ties(&opened.kv), 3000);
    assert!(opened.note.contains("restored from"), "{}", opened.note);
    assert!(opened.resync.is_some());
    drop(opened);
    // The debt stays until it is paid.
    let mut again = open(home);
    assert_eq!(again.step, Step::Plain);
    assert!(again.note.contains("full comparison"), "{}", again.note);
    let mut batch = Batch::new();
    Resync::done(&mut batch);
    again.kv.apply(&batch).unwrap();
    again.kv.flush().unwrap();
    drop(again);
    assert_eq!(open(home).note, "");
}

#[tokio::test]
async fn a_file_that_lost_its_end_without_a_word_is_found_out_and_used_if_newer_than_any_export() {
    for (exported, ended) in [(false, false), (true, false), (true, true)] {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path();
        // In one session: sled fills the file up to a whole segment when it is opened again.
        let store = Store::start(Box::new(open(home).kv)).unwrap();
        for n in 0..60 {
            if exported && n == 20 {
                let path = store.export(&home.join("exports"), moment(5)).await.unwrap();
                // As it is when the process ends between the file's name and the store's word of it.
                let name = path.file_name().unwrap().to_str().unwrap();
                let mut batch = Batch::new();
                record::put(&mut batch, trees::META, "exported", &json!({ "name": "", "begun": name })).unwrap();
                if !ended {
                    store.commit(batch).await.unwrap();
                }
            }
            // One for somebody else's folder is not the last one that lies here.
            if exported && n == 22 {
                store.export_to(&home.join("elsewhere"), moment(9)).await.unwrap();
            }
            store.commit(one(trees::TIES, &format!("{n:06}"), &"v".repeat(300))).await.unwrap();
        }
        store.close().await.unwrap();
        assert!(snapshots(home).is_empty(), "with a snapshot it would not open at all");
        shorten(home, |length| length - 2000);
        let opened = open(home);
        let Step::Shortened { lost } = opened.step else { panic!("{:?} {}", opened.step, opened.note) };
        assert!(lost > 0 && lost < 40, "{lost}");
        assert_eq!(ties(&opened.kv) as u64, 60 - lost);
        assert!(opened.note.contains("missing"), "{}", opened.note);
        assert!(opened.resync.is_some());
        drop(opened);
        assert_eq!(open(home).step, Step::Plain, "it is reported once");
    }
}

#[tokio::test]
async fn an_emptied_file_does_not_pass_for_a_new_store() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path();
    commit(home, 0..50).await;
    export(home, 5).await;
    commit(home, 50..60).await;
    snapshots(home).iter().for_each(|path| fs::remove_file(path).unwrap());
    shorten(home, |_| 0);
    let opened = open(home);
    assert!(matches!(opened.step, Step::Restored { .. }), "{:?} {}", opened.step, opened.note);
    assert_eq!(ties(&opened.kv), 50);
    assert!(opened.note.contains("missing from the file"), "{}", opened.note);
    assert!(opened.resync.is_some());
}

#[tokio::test]
async fn an_unsound_export_is_passed_over_for_an_older_one() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path();
    commit(home, 0..10).await;
    export(home, 1).await;
    commit(home, 10..20).await;
    export(home, 2).await;
    let newest = store::export::list(&home.join("exports")).unwrap().pop().unwrap();
    let bytes = fs::read(&newest).unwrap();
    fs::write(&newest, &bytes[..bytes.len() / 2]).unwrap();
    snapshots(home).iter().for_each(|path| fs::remove_file(path).unwrap());
    shorten(home, |_| 0);
    let opened = open(home);
    assert!(matches!(&opened.step, Step::Restored { at, .. } if *at == moment(1)), "{:?}", opened.step);
    assert!(opened.note.contains("not a sound export"), "{}", opened.note);
    assert_eq!(ties(&opened.kv), 10);
}

#[test]
fn a_record_with_a_broken_checksum_is_set_aside_and_named() {
    let dir = tempfile::tempdir().unwrap();
    let mut opened = open(dir.path());
    let mut broken = record::seal("value").unwrap();
    broken[3] ^= 1;
    let mut batch = one(trees::OBSERVATIONS, "contacts/crm/1", "sound");
    batch.put(trees::OBSERVATIONS, "contacts/crm/2", broken.clone());
    opened.kv.apply(&batch).unwrap();
    opened.kv.flush().unwrap();
    drop(opened);
    let again = open(dir.path());
    let named: Vec<_> = again.broken.iter().map(|row| (row.tree, row.key.as_slice())).collect();
    assert_eq!(named, [(trees::OBSERVATIONS, b"contacts/crm/2".as_slice())]);
    assert!(again.note.contains("observations/contacts/crm/2"), "{}", again.note);
    assert!(again.resync.is_some());
    assert_eq!(again.kv.get(trees::OBSERVATIONS, b"contacts/crm/2").unwrap(), None);
    assert_eq!(again.kv.get(trees::QUARANTINE, b"observations\0contacts/crm/2").unwrap(), Some(broken));
    assert_eq!(read(&again.kv, trees::OBSERVATIONS, "contacts/crm/1").as_deref(), Some("sound"));
    drop(again);
    assert!(open(dir.path()).broken.is_empty());
}

#[test]
fn a_debt_whose_note_is_damaged_is_still_owed() {
    let dir = tempfile::tempdir().unwrap();
    let mut opened = open(dir.path());
    let mut batch = Batch::new();
    batch.put(trees::META, "resync", "garbage");
    opened.kv.apply(&batch).unwrap();
    opened.kv.flush().unwrap();
    drop(opened);
    assert!(open(dir.path()).resync.is_some());
    let again = open(dir.path());
    assert!(again.broken.is_empty());
    assert_eq!(again.resync.unwrap().since, moment(0));
}

#[test]
fn a_store_of_a_newer_program_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let mut opened = open(dir.path());
    let mut newer = vec![record::VERSION + 1, b'1'];
    newer.extend_from_slice(&crc32fast::hash(&newer).to_le_bytes());
    let mut batch = Batch::new();
    batch.put(trees::TIES, "k", newer.clone());
    opened.kv.apply(&batch).unwrap();
    opened.kv.flush().unwrap();
    drop(opened);
    assert!(matches!(store::open(dir.path(), moment(0)), Err(OpenError::Newer(row)) if row.key == b"k"));
    let kv = store::SledKv::open(&dir.path().join("sled")).unwrap();
    assert_eq!(kv.get(trees::TIES, b"k").unwrap(), Some(newer));
}
