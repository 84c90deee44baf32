//! What a commit promises.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};

use crosstie::seam::kv::Rows;
use crosstie::seam::{Batch, Kv, KvError};
use crosstie::store::{MemoryKv, Step, Store, record, trees};

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

/// Tells of every flush before it happens; the first waits for a word.
struct Watched {
    kv: MemoryKv,
    begun: Sender<()>,
    go: Option<Receiver<()>>,
}

impl Kv for Watched {
    fn get(&self, tree: &'static str, key: &[u8]) -> Result<Option<Vec<u8>>, KvError> {
        self.kv.get(tree, key)
    }
    fn scan(&self, tree: &'static str, prefix: &[u8], from: Option<&[u8]>, limit: usize) -> Result<Rows, KvError> {
        self.kv.scan(tree, prefix, from, limit)
    }
    fn apply(&mut self, batch: &Batch) -> Result<(), KvError> {
        self.kv.apply(batch)
    }
    fn flush(&mut self) -> Result<(), KvError> {
        self.begun.send(()).unwrap();
        if let Some(go) = self.go.take() {
            go.recv().unwrap();
        }
        self.kv.flush()
    }
}

#[tokio::test]
async fn commits_that_wait_together_share_a_flush_and_none_is_forgotten() {
    let (memory, (begun, flushes), (go, wait)) = (MemoryKv::new(), channel(), channel());
    let store = Store::start(Box::new(Watched { kv: memory.clone(), begun, go: Some(wait) })).unwrap();
    let commit = |n: u32| {
        let store = store.clone();
        tokio::spawn(async move { store.commit(one(trees::MARKS, &format!("{n:03}"), "x")).await })
    };
    let mut all = vec![commit(0)];
    tokio::task::yield_now().await;
    flushes.recv().unwrap();
    // The disk is busy with the first; these queue up.
    all.extend((1..=200).map(commit));
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
    assert!(all.iter().all(|commit| !commit.is_finished()), "nobody is answered before the flush");
    go.send(()).unwrap();
    for commit in all {
        commit.await.unwrap().unwrap();
    }
    assert_eq!(flushes.try_iter().count(), 1, "one flush for the two hundred");
    assert_eq!(memory.crash().scan(trees::MARKS, b"", None, 1000).unwrap().len(), 201);
}

const VICTIM: &str = "CROSSTIE_TEST_VICTIM_HOME";

/// Not a test by itself: what the process to be killed does.
#[test]
fn victim() {
    let Some(home) = std::env::var_os(VICTIM) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let store = Store::start(Box::new(open(home.as_ref()).kv)).unwrap();
        let first = store.scan(trees::INTENTS, b"", None, usize::MAX).await.unwrap().len();
        for n in first.. {
            let mut batch = one(trees::INTENTS, &format!("{n:08}"), &"i".repeat(n * 37 % 6000));
            record::put(&mut batch, trees::JOURNAL, format!("{n:08}"), &n).unwrap();
            record::put(&mut batch, trees::META, "last", &n).unwrap();
            store.commit(batch).await.unwrap();
            println!("acked {n}");
        }
    });
}

#[test]
fn a_killed_process_loses_nothing_that_was_answered() {
    let dir = tempfile::tempdir().unwrap();
    let mut acked = 0;
    for round in 1..=5 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "commits::victim", "--nocapture", "--test-threads=1"])
            .env(VICTIM, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut killed = false;
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            // What it still said before it died counts as well.
            if let Some((_, n)) = line.unwrap().rsplit_once("acked ") {
                acked = n.parse().unwrap();
            }
            if !killed && acked >= round * 150 {
                child.kill().unwrap();
                killed = true;
            }
        }
        assert!(killed, "it ended by itself");
        child.wait().unwrap();
        let opened = open(dir.path());
        assert_eq!((opened.step, opened.note.as_str()), (Step::Plain, ""));
        let last: usize = record::open(&opened.kv.get(trees::META, b"last").unwrap().unwrap()).unwrap();
        assert!(last >= acked, "{acked} was answered, {last} is there");
        for tree in [trees::INTENTS, trees::JOURNAL] {
            assert_eq!(opened.kv.scan(tree, b"", None, usize::MAX).unwrap().len(), last + 1, "{tree}");
        }
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
