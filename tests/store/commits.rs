//! What a commit promises.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crosstie::seam::kv::Rows;
use crosstie::seam::{Batch, Kv, KvError};
use crosstie::store::{MemoryKv, Store, record, trees};

use super::{copy, one, open, read};

#[tokio::test]
async fn a_commit_is_on_the_disk_before_it_answers() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(Box::new(open(&dir.path().join("a")).kv)).unwrap();
    for n in 0..20 {
        store.commit(one(trees::INTENTS, &n.to_string(), "sent")).await.unwrap();
    }
    copy(&dir.path().join("a"), &dir.path().join("b"));
    let other = open(&dir.path().join("b"));
    assert_eq!(other.note, "");
    assert_eq!(other.kv.scan(trees::INTENTS, b"", None, 100).unwrap().len(), 20);
    assert_eq!(read(&other.kv, trees::INTENTS, "19").as_deref(), Some("sent"));
}

#[tokio::test]
async fn a_closed_store_can_be_opened_again_at_once() {
    let dir = tempfile::tempdir().unwrap();
    for n in 0..5 {
        let store = Store::start(Box::new(open(dir.path()).kv)).unwrap();
        assert_eq!(store.scan(trees::TIES, b"", None, 100).await.unwrap().len(), n);
        store.commit(one(trees::TIES, &n.to_string(), "tie")).await.unwrap();
        store.close().await.unwrap();
        assert!(matches!(store.commit(one(trees::TIES, "late", "tie")).await, Err(KvError::Failed(_))));
        store.close().await.unwrap();
    }
}

/// Counts flushes.
struct Counting(MemoryKv, Arc<AtomicUsize>);

impl Kv for Counting {
    fn get(&self, tree: &'static str, key: &[u8]) -> Result<Option<Vec<u8>>, KvError> {
        self.0.get(tree, key)
    }
    fn scan(&self, tree: &'static str, prefix: &[u8], from: Option<&[u8]>, limit: usize) -> Result<Rows, KvError> {
        self.0.scan(tree, prefix, from, limit)
    }
    fn apply(&mut self, batch: &Batch) -> Result<(), KvError> {
        self.0.apply(batch)
    }
    fn flush(&mut self) -> Result<(), KvError> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.flush()
    }
}

#[tokio::test]
async fn commits_that_wait_together_share_a_flush_and_none_is_forgotten() {
    let (memory, flushes) = (MemoryKv::new(), Arc::new(AtomicUsize::new(0)));
    let store = Store::start(Box::new(Counting(memory.clone(), Arc::clone(&flushes)))).unwrap();
    // A read that lasts until all commits are queued behind it.
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let gate = Gate(wait);
    let slow = {
        let store = store.clone();
        tokio::spawn(async move { store.export(gate.hold().path(), super::moment(0)).await.map(|_| ()) })
    };
    let many: Vec<_> = (0..200)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move { store.commit(one(trees::MARKS, &format!("{n:03}"), "x")).await })
        })
        .collect();
    go.send(()).unwrap();
    slow.await.unwrap().unwrap();
    for commit in many {
        commit.await.unwrap().unwrap();
    }
    let after = memory.crash();
    assert_eq!(after.scan(trees::MARKS, b"", None, 1000).unwrap().len(), 200);
    assert!(flushes.load(Ordering::SeqCst) < 200, "{flushes:?} flushes for 200 commits");
}

/// Waits for a word, then gives a directory.
struct Gate(std::sync::mpsc::Receiver<()>);

impl Gate {
    fn hold(&self) -> tempfile::TempDir {
        let _ = self.0.try_recv();
        tempfile::tempdir().unwrap()
    }
}

#[tokio::test]
async fn after_a_failure_every_call_gives_the_same_answer() {
    for threaded in [true, false] {
        let memory = MemoryKv::new();
        memory.fail_after(1, "no space left on device");
        let kv = Box::new(memory);
        let store = if threaded { Store::start(kv).unwrap() } else { Store::inline(kv) };
        store.commit(one(trees::TIES, "a", "1")).await.unwrap();
        let wanted = KvError::Failed("no space left on device".to_owned());
        assert_eq!(store.commit(one(trees::TIES, "b", "1")).await, Err(wanted.clone()));
        assert_eq!(store.commit(one(trees::TIES, "c", "1")).await, Err(wanted.clone()));
        assert_eq!(store.get(trees::TIES, b"a").await, Err(wanted.clone()));
        assert_eq!(store.scan(trees::TIES, b"", None, 1).await, Err(wanted));
    }
}

#[tokio::test]
async fn a_wrong_tree_name_is_refused_and_does_no_harm() {
    let store = Store::start(Box::new(MemoryKv::new())).unwrap();
    let mut batch = one(trees::TIES, "a", "1");
    batch.put("nonsense", "k", "v");
    assert_eq!(store.commit(batch).await, Err(KvError::NoSuchTree("nonsense".to_owned())));
    assert_eq!(store.get(trees::TIES, b"a").await, Ok(None));
    store.commit(one(trees::TIES, "a", "2")).await.unwrap();
}

#[tokio::test]
async fn what_an_inline_store_answered_survives_a_crash_and_the_old_one_is_dead() {
    let memory = MemoryKv::new();
    let store = Store::inline(Box::new(memory.clone()));
    store.commit(one(trees::TIES, "a", "1")).await.unwrap();
    let after = memory.crash();
    assert!(store.get(trees::TIES, b"a").await.is_err());
    let again = Store::inline(Box::new(after));
    let bytes = again.get(trees::TIES, b"a").await.unwrap().unwrap();
    assert_eq!(record::open::<String>(&bytes), Ok("1".to_owned()));
}

#[tokio::test]
async fn pages_go_through_a_tree_and_set_aside_what_cannot_be_read() {
    let memory = MemoryKv::new();
    let store = Store::inline(Box::new(memory));
    let mut batch = Batch::new();
    for n in 0..5u32 {
        record::put(&mut batch, trees::HOLDS, format!("h{n}"), &n).unwrap();
    }
    record::put(&mut batch, trees::HOLDS, "h2", "not a number").unwrap();
    store.commit(batch).await.unwrap();
    let (mut seen, mut broken, mut from) = (Vec::new(), Vec::new(), None);
    loop {
        let page = store.page::<u32>(trees::HOLDS, b"h", from.as_deref(), 2).await.unwrap();
        seen.extend(page.rows.into_iter().map(|(_, n)| n));
        broken.extend(page.broken.into_iter().map(|row| row.key));
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    assert_eq!(seen, [0, 1, 3, 4]);
    assert_eq!(broken, [b"h2"]);
    let aside = store.get(trees::QUARANTINE, b"holds\0h2").await.unwrap().unwrap();
    assert_eq!(record::open::<String>(&aside), Ok("not a number".to_owned()));
    assert_eq!(store.get(trees::HOLDS, b"h2").await, Ok(None));
}
