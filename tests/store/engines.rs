//! Both engines behave the same, against a model, through crashes.

use std::collections::BTreeMap;

use crosstie::seam::kv::Rows;
use crosstie::seam::{Batch, Kv, KvError};
use crosstie::store::sled_kv::Tuning;
use crosstie::store::{MemoryKv, SledKv, trees};
use proptest::prelude::*;

use super::copy;

type Model = BTreeMap<(&'static str, Vec<u8>), Vec<u8>>;

#[derive(Debug, Clone)]
enum Step {
    Apply(Vec<(usize, Vec<u8>, Option<Vec<u8>>)>),
    Flush,
    Crash,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = prop::collection::vec(prop_oneof![Just(0u8), Just(1), Just(b'a'), Just(255)], 0..4);
    let value = prop_oneof![
        8 => prop::collection::vec(any::<u8>(), 0..60),
        1 => (4_000usize..40_000, any::<u8>()).prop_map(|(length, byte)| vec![byte; length]),
    ];
    let op = (0usize..3, key, prop::option::weighted(0.7, value));
    let step = prop_oneof![
        6 => prop::collection::vec(op, 0..6).prop_map(Step::Apply),
        2 => Just(Step::Flush),
        1 => Just(Step::Crash),
    ];
    prop::collection::vec(step, 1..25)
}

fn everything(kv: &dyn Kv) -> Model {
    let rows = |tree| kv.scan(tree, b"", None, usize::MAX).unwrap().into_iter().map(move |(k, v)| ((tree, k), v));
    trees::ALL.into_iter().flat_map(rows).collect()
}

/// A crash of sled: its files as they are, opened elsewhere. Nothing but our calls writes to them.
struct Sleds {
    dir: tempfile::TempDir,
    lives: u32,
}

impl Sleds {
    const QUIET: Tuning = Tuning { cache_bytes: 4 << 20, flush_every_ms: None };

    fn open(&self) -> SledKv {
        SledKv::open_with(&self.dir.path().join(self.lives.to_string()).join("sled"), Self::QUIET).unwrap()
    }

    fn crash(&mut self) -> SledKv {
        let home = |life: u32| self.dir.path().join(life.to_string());
        copy(&home(self.lives), &home(self.lives + 1));
        self.lives += 1;
        self.open()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_engines_do_as_the_model_does_through_crashes(steps in steps()) {
        let mut sleds = Sleds { dir: tempfile::tempdir().unwrap(), lives: 0 };
        std::fs::create_dir_all(sleds.dir.path().join("0")).unwrap();
        let mut sled = sleds.open();
        let mut memory = MemoryKv::new();
        // States since the last flush, the flushed one first.
        let mut states = vec![Model::new()];
        for step in steps {
            match step {
                Step::Apply(ops) => {
                    let ops = ops.into_iter().map(|(tree, key, value)| (trees::ALL[tree], key, value)).collect();
                    let batch = Batch { ops };
                    sled.apply(&batch).unwrap();
                    memory.apply(&batch).unwrap();
                    let mut next = states.last().unwrap().clone();
                    for (tree, key, value) in batch.ops {
                        match value {
                            Some(value) => next.insert((tree, key), value),
                            None => next.remove(&(tree, key)),
                        };
                    }
                    states.push(next);
                }
                Step::Flush => {
                    sled.flush().unwrap();
                    memory.flush().unwrap();
                    states = vec![states.pop().unwrap()];
                }
                Step::Crash => {
                    let old = std::mem::replace(&mut sled, sleds.crash());
                    drop(old);
                    prop_assert_eq!(sled.lost(), 0);
                    // A disk may keep more than it promised, but only whole batches and in order.
                    let kept = states.iter().rposition(|state| *state == everything(&sled));
                    prop_assert!(kept.is_some(), "neither the flushed state nor a later one");
                    // Both go on from what sled kept.
                    memory = memory.crash_keeping(kept.unwrap());
                    sled.flush().unwrap();
                    memory.flush().unwrap();
                    states = vec![states.swap_remove(kept.unwrap())];
                }
            }
            let model = states.last().unwrap();
            prop_assert_eq!(&everything(&sled), model);
            prop_assert_eq!(&everything(&memory), model);
        }
    }

    #[test]
    fn both_engines_scan_the_same_windows(
        keys in prop::collection::btree_set(prop::collection::vec(0u8..3, 0..4), 0..20),
        prefix in prop::collection::vec(0u8..3, 0..2),
        from in prop::option::of(prop::collection::vec(0u8..3, 0..4)),
        limit in 0usize..8,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut sled = SledKv::open_with(&dir.path().join("sled"), Sleds::QUIET).unwrap();
        let mut memory = MemoryKv::new();
        let mut batch = Batch::new();
        for key in &keys {
            batch.put(trees::TIES, key.clone(), key.clone());
        }
        sled.apply(&batch).unwrap();
        memory.apply(&batch).unwrap();
        let wanted: Rows = keys
            .iter()
            .filter(|key| key.starts_with(&prefix) && from.as_ref().is_none_or(|from| *key >= from))
            .take(limit)
            .map(|key| (key.clone(), key.clone()))
            .collect();
        prop_assert_eq!(&sled.scan(trees::TIES, &prefix, from.as_deref(), limit).unwrap(), &wanted);
        prop_assert_eq!(&memory.scan(trees::TIES, &prefix, from.as_deref(), limit).unwrap(), &wanted);
    }
}

#[test]
fn a_batch_with_an_unknown_tree_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut sled = SledKv::open(&dir.path().join("sled")).unwrap();
    let mut memory = MemoryKv::new();
    for kv in [&mut sled as &mut dyn Kv, &mut memory] {
        let mut batch = Batch::new();
        batch.put(trees::TIES, "k", "v");
        batch.put("nonsense", "k", "v");
        assert_eq!(kv.apply(&batch), Err(KvError::NoSuchTree("nonsense".to_owned())));
        assert_eq!(kv.get(trees::TIES, b"k"), Ok(None));
        assert_eq!(kv.get("nonsense", b"k"), Err(KvError::NoSuchTree("nonsense".to_owned())));
    }
}

#[test]
fn a_crash_of_the_twin_forgets_what_was_not_flushed_and_kills_the_old_handles() {
    let mut old = MemoryKv::new();
    old.apply(&super::one(trees::TIES, "kept", "1")).unwrap();
    old.flush().unwrap();
    old.apply(&super::one(trees::TIES, "kept", "2")).unwrap();
    old.apply(&super::one(trees::TIES, "lost", "1")).unwrap();
    let new = old.crash();
    assert_eq!(super::read(&new, trees::TIES, "kept").as_deref(), Some("1"));
    assert_eq!(super::read(&new, trees::TIES, "lost"), None);
    assert!(matches!(old.get(trees::TIES, b"kept"), Err(KvError::Failed(_))));
    assert!(matches!(old.flush(), Err(KvError::Failed(_))));
}

#[test]
fn a_long_value_replaced_by_a_short_one_leaves_no_chunks_behind() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sled");
    let mut kv = SledKv::open(&path).unwrap();
    for value in [vec![7u8; 200_000], vec![8u8; 70_000], vec![9u8; 3]] {
        let mut batch = Batch::new();
        batch.put(trees::OBSERVATIONS, "k", value.clone());
        kv.apply(&batch).unwrap();
        kv.flush().unwrap();
        assert_eq!(kv.get(trees::OBSERVATIONS, b"k").unwrap(), Some(value));
    }
    drop(kv);
    let raw = reopen_raw(&path);
    // What is left beside the callers' trees is the count of batches.
    assert_eq!(raw.open_tree("kv").unwrap().len(), 1);
}

#[test]
fn no_row_and_no_neighbourhood_of_rows_goes_to_a_file_that_we_do_not_sync() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sled");
    let mut kv = SledKv::open(&path).unwrap();
    for round in 0..5u32 {
        for n in 0..60u32 {
            let mut batch = Batch::new();
            batch.put(trees::OBSERVATIONS, n.to_be_bytes(), vec![7u8; 4094 + (round * n) as usize]);
            batch.put(trees::JOURNAL, (round * 100 + n).to_be_bytes(), vec![8u8; 2000 * n as usize]);
            kv.apply(&batch).unwrap();
        }
        kv.flush().unwrap();
    }
    assert_eq!(std::fs::read_dir(path.join("blobs")).unwrap().count(), 0);
}

/// sled itself, once it has let go of its lock.
fn reopen_raw(path: &std::path::Path) -> sled::Db {
    for _ in 0..100 {
        if let Ok(db) = sled::open(path) {
            return db;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("sled keeps its lock");
}
