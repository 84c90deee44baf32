//! A store that an earlier version left is opened, and every row of it still says what it said.
//!
//! `older/format-1` is a store of the first format, all in JSON and with its whole journal in it; in `older/format-2`
//! observations and ties have their short form, and in `older/format-3` observations tell who edited the record last. They are never made anew: for a new format
//! another folder is added, by `CROSSTIE_KEPT=format-4 cargo test --test engine older`.

use std::fs;
use std::path::{Path, PathBuf};

use crosstie::control::{Command, List, Rows};
use crosstie::model::{Decision, Event, Hold, Intent, Mark, Observation, Orphan, Side, Tie, Tombstone};
use crosstie::seam::{Batch, Kv};
use crosstie::standin::bitrix24::Entity;
use crosstie::store::{self, MemoryKv, Segments, SledKv, Step, Store, export, record, segments, trees};
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use crate::harness::{Bench, Plan};

fn kept(format: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/engine/older").join(format)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, target) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if path.is_dir() { copy(&path, &target) } else { fs::copy(path, target).map(drop).unwrap() }
    }
}

fn rows(kv: &dyn Kv, tree: &'static str) -> Vec<(Vec<u8>, Vec<u8>)> {
    kv.scan(tree, b"", None, usize::MAX).unwrap()
}

/// Every row of a tree is what it is meant to be; gives how many.
fn read<T: DeserializeOwned>(kv: &dyn Kv, tree: &'static str) -> usize {
    let all = rows(kv, tree);
    for (key, value) in &all {
        let told = record::open::<T>(value);
        assert!(told.is_ok(), "{tree}/{}: {:?}", record::show_key(key), told.err());
    }
    all.len()
}

#[test]
fn a_store_of_an_earlier_version_opens_and_every_row_of_it_is_understood() {
    for format in ["format-1", "format-2", "format-3"] {
        is_understood(&kept(format), format == "format-3");
    }
}

fn is_understood(kept: &Path, tells_who: bool) {
    let format = kept.display();
    let home = tempfile::tempdir().unwrap();
    copy(kept, home.path());
    let opened = store::open(home.path(), "2026-02-01T00:00:00Z".parse().unwrap()).unwrap();
    assert_eq!((opened.step, opened.broken.as_slice()), (Step::Plain, &[][..]), "{}", opened.note);
    let kv = opened.kv;
    let counts = [
        read::<Observation>(&kv, trees::OBSERVATIONS),
        read::<Tie>(&kv, trees::TIES),
        read::<Tombstone>(&kv, trees::TOMBSTONES),
        read::<Hold>(&kv, trees::HOLDS),
        read::<Mark>(&kv, trees::MARKS),
        read::<Decision>(&kv, trees::DECISIONS),
        read::<Orphan>(&kv, trees::ORPHANS),
        read::<Intent>(&kv, trees::INTENTS),
        read::<Event>(&kv, trees::JOURNAL),
    ];
    assert!(counts.iter().all(|count| *count > 0), "a kind of row is not in the kept store: {counts:?}");
    let seen = rows(&kv, trees::OBSERVATIONS);
    let told = seen.iter().any(|(_, value)| record::open::<Observation>(value).unwrap().edited_by.is_some());
    assert_eq!(told, tells_who, "{format}: who edited a record last");

    // Its export says the same, row by row.
    let path = &export::list(&home.path().join("exports")).unwrap()[0];
    let mut restored = MemoryKv::new();
    export::restore(&mut restored, path).unwrap();
    for tree in trees::ALL {
        assert_eq!(rows(&kv, tree), rows(&restored, tree), "{tree}");
    }
}

#[test]
fn the_whole_journal_of_an_earlier_version_moves_to_its_days_and_reads_the_same() {
    let home = tempfile::tempdir().unwrap();
    copy(&kept("format-1"), home.path());
    let opened = store::open(home.path(), "2026-02-01T00:00:00Z".parse().unwrap()).unwrap();
    let before: Vec<Event> =
        rows(&opened.kv, trees::JOURNAL).iter().map(|(_, bytes)| record::open(bytes).unwrap()).collect();
    let mut files = Segments::open(&home.path().join(segments::FOLDER)).unwrap();
    let mut from = before[0].seq;
    while let Some(day) = files.write_day(&opened.kv, from, "2026-02-01".parse().unwrap()).unwrap() {
        from = day.last + 1;
    }
    assert!(files.all().len() >= 2, "{:?}", files.all());
    assert_eq!(files.lines(0, u64::MAX), before);
}

#[tokio::test(start_paused = true)]
async fn a_store_of_this_version_opens_and_every_row_of_it_is_understood() {
    let mut plan = Plan { office: (8, 6, 6, 1), ..Plan::default() };
    plan.timing.sweep_every = std::time::Duration::from_secs(600);
    let mut bench = Bench::settled(plan).await;
    let deals = bench.ids(Entity::Deal);
    let contacts = bench.ids(Entity::Contact);
    bench.edit_deal(&deals[0], "COMMENTS", "from the CRM");
    bench.settle().await;
    let write = bench.journal(crosstie::model::Happening::Wrote).await.pop().unwrap();
    bench.done(Command::Undo { event: write.seq, both: false }).await;
    bench.settle().await;
    bench.delete_crm(Entity::Contact, &contacts[0]);
    bench.pass(1500).await;
    let page = bench.page_of("deals", &deals[1]).await.unwrap();
    bench.edit_deal(&deals[1], "OPPORTUNITY", "1");
    bench.edit_notion(&page, "Amount", "2");
    bench.settle().await;
    bench.pass(26 * 3600).await;
    let Rows::Orphans(orphans) = bench.list(List::Orphans).await else { panic!("no orphans") };
    assert!(orphans.iter().any(|row| row.record.side == Side::Notion), "{orphans:?}");
    // It dies while a write is on its way.
    bench.once(crate::wire::Call::is_write, crate::wire::Fate::LostRequest);
    bench.edit_deal(&deals[2], "COMMENTS", "on its way");
    bench.until("an intent is open", 600, async || !bench.claims().await.intents.is_empty()).await;
    bench.crash().await;

    let home = tempfile::tempdir().unwrap();
    // A folder to keep it in, for a format that has none yet.
    let dir = std::env::var("CROSSTIE_KEPT").map_or_else(|_| home.path().to_owned(), |format| kept(&format));
    assert!(!dir.join("sled").exists(), "{} is kept and never made anew", dir.display());
    let mut sled = SledKv::open(&dir.join("sled")).unwrap();
    for tree in trees::ALL {
        let mut batch = Batch::new();
        bench.rows(tree).into_iter().for_each(|(key, value)| batch.put(tree, key, value));
        sled.apply(&batch).unwrap();
    }
    sled.flush().unwrap();
    let store = Store::start(Box::new(sled)).unwrap();
    store.export_to(&dir.join("exports"), Timestamp::UNIX_EPOCH).await.unwrap();
    store.close().await.unwrap();
    is_understood(&dir, true);
}
