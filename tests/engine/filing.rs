//! Older days of the journal leave the store for files, and nothing is lost or doubled by it.

use std::fs;
use std::time::Duration;

use crosstie::control::{Command, List, Query, Reply, Rows};
use crosstie::model::{Event, Happening};
use crosstie::seam::Batch;
use crosstie::store::{record, segments, trees};
use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use crate::harness::{Bench, Plan, calm};

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

/// Days pass by here, and nobody waits: a look an hour is enough.
fn unhurried() -> Plan {
    let mut plan = Plan::default();
    for every in [&mut plan.timing.crm_poll, &mut plan.timing.notion_poll] {
        *every = Duration::from_secs(HOUR);
    }
    for every in [&mut plan.timing.sweep_every, &mut plan.timing.canary_every] {
        *every = Duration::from_secs(6 * HOUR);
    }
    plan
}

/// An office whose days are filed, with edits on several days. The store still has all of it.
async fn lived() -> Bench {
    let bench = Bench::settled(unhurried()).await;
    let (deal, _) = bench.deal().await;
    for day in 0..5 {
        for edit in 0..3 {
            bench.edit_deal(&deal, "COMMENTS", format!("day {day}, edit {edit}"));
            bench.pass(2 * HOUR).await;
        }
        bench.pass(DAY - 6 * HOUR).await;
    }
    assert_eq!(bench.stored_lines().len(), bench.lines().await.len(), "nothing has left yet");
    bench
}

fn numbers(lines: &[Event]) -> Vec<u64> {
    lines.iter().map(|event| event.seq).collect()
}

async fn shown(bench: &Bench, filter: &str) -> (u64, Vec<Event>) {
    let window = bench.query(Query { filter: filter.to_owned(), limit: 500, ..Query::all(List::Journal) }).await;
    let Rows::Journal(rows) = window.rows else { panic!("no journal") };
    (window.total, rows.into_iter().rev().map(|row| row.event).collect())
}

#[tokio::test(start_paused = true)]
async fn days_older_than_two_leave_the_store_and_are_read_and_undone_all_the_same() {
    let mut bench = lived().await;
    let before = bench.lines().await;
    bench.shut_down().await;
    bench.file_days();
    bench.start().await;
    bench.pass(300).await;

    let files = segments::list(bench.filed()).unwrap();
    assert!(files.len() >= 3, "{files:#?}");
    assert!(files.windows(2).all(|two| two[0].last < two[1].first && two[0].day < two[1].day), "{files:#?}");
    let filed = files.last().unwrap().last;
    assert!(bench.stored_lines().iter().all(|seq| *seq > filed), "{filed} {:?}", bench.stored_lines());
    for file in &files {
        let lines = segments::verify(&file.path).unwrap();
        assert_eq!(lines, file.last - file.first + 1, "{file:?}");
    }
    let after = bench.lines().await;
    assert_eq!(after[..before.len()], before);
    let (total, rows) = shown(&bench, "").await;
    assert_eq!((total, numbers(&rows)), (after.len() as u64, numbers(&after)));
    let (_, rows) = shown(&bench, "day 0, edit 1").await;
    assert!(rows.iter().any(|event| event.what == Happening::Wrote), "{rows:#?}");

    // The newest write of the field can be undone wherever it lies.
    bench.pass(3 * DAY).await;
    let write = bench.journal(Happening::Wrote).await.pop().unwrap();
    assert!(!bench.stored_lines().contains(&write.seq));
    bench.done(Command::Undo { event: write.seq, both: false }).await;
}

#[tokio::test(start_paused = true)]
async fn a_death_at_any_moment_of_the_filing_loses_and_doubles_no_line() {
    let mut bench = lived().await;
    let before = bench.lines().await;
    let (deal, _) = bench.deal().await;
    bench.shut_down().await;
    bench.file_days();
    bench.timing = calm();
    let (mut none, mut both, mut all) = (0, 0, 0);
    for flushes in 0..10 {
        bench.start().await;
        bench.edit_deal(&deal, "COMMENTS", format!("the disk fills after {flushes} flushes"));
        // A day is filed a minute after a start, the next ones a second later each. The file is written before its rows go.
        bench.fill_disk_after(flushes).await;
        // What was begun and not ended is there too, and counts for nothing.
        fs::write(bench.filed().join(".segment.tmp"), "{\"segment\":").unwrap();
        let files = segments::list(bench.filed()).unwrap();
        let stored = bench.stored_lines();
        none += usize::from(files.is_empty());
        both += usize::from(files.iter().any(|file| stored.contains(&file.last)));
        all += usize::from(files.len() >= 3);
        bench.start().await;
        let after = bench.lines().await;
        assert_eq!(after[..before.len()], before, "after {flushes} flushes: {files:?}");
        assert!(after.windows(2).all(|two| two[0].seq + 1 == two[1].seq), "after {flushes} flushes");
        let (total, rows) = shown(&bench, "").await;
        assert_eq!((total, numbers(&rows)), (after.len() as u64, numbers(&after)), "after {flushes} flushes");
        bench.crash().await;
    }
    assert!(none > 0 && both > 0 && all > 0, "it did not die in every state: {none} {both} {all}");
}

#[tokio::test(start_paused = true)]
async fn a_folder_that_takes_no_file_keeps_the_days_in_the_store_and_says_so_once() {
    let mut bench = lived().await;
    let before = bench.lines().await;
    bench.shut_down().await;
    // A file where the folder's own file would be: what cannot be written, whoever runs this.
    let dir = bench.file_days().to_owned();
    fs::create_dir(dir.join(".segment.tmp")).unwrap();
    bench.start().await;
    bench.pass(7 * HOUR).await;
    let told: Vec<String> = bench.journal(Happening::System).await.into_iter().map(|event| event.note).collect();
    let told: Vec<&String> = told.iter().filter(|note| note.contains("stays where it is")).collect();
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].contains(".segment.tmp"), "{told:?}");
    assert_eq!(bench.lines().await[..before.len()], before);
    fs::remove_dir(dir.join(".segment.tmp")).unwrap();
    bench.pass(7 * HOUR).await;
    assert!(segments::list(&dir).unwrap().len() >= 3);
    assert_eq!(bench.lines().await[..before.len()], before);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_months_ahead_at_a_start_makes_no_day_old() {
    let mut bench = lived().await;
    let before = bench.lines().await;
    bench.shut_down().await;
    bench.file_days();
    bench.start().await;
    bench.pass(300).await;
    let files = segments::list(bench.filed()).unwrap();
    assert!(files.len() >= 3, "{files:#?}");
    bench.shut_down().await;
    bench.wires.clock.leap(jiff::SignedDuration::from_hours(100 * 24));
    bench.start().await;
    // The days that were recent a moment ago are filed, and nothing is thrown away.
    bench.pass(3 * 3600).await;
    let now = segments::list(bench.filed()).unwrap();
    assert!(now.len() > files.len() && now[..files.len()] == files[..], "{now:#?}");
    assert_eq!(bench.lines().await[..before.len()], before);
}

#[tokio::test(start_paused = true)]
async fn files_are_dropped_when_they_are_older_than_the_journal_reaches_or_take_too_much() {
    let mut plan = unhurried();
    plan.timing.journal_keep = Duration::from_secs(6 * DAY);
    let mut bench = Bench::settled(plan).await;
    bench.shut_down().await;
    bench.file_days();
    bench.start().await;
    let (deal, _) = bench.deal().await;
    for day in 0..10 {
        bench.edit_deal(&deal, "COMMENTS", format!("day {day}"));
        bench.pass(DAY).await;
    }
    let files = segments::list(bench.filed()).unwrap();
    let kept = bench.lines().await;
    assert!((3..=6).contains(&files.len()), "{files:#?}");
    assert_eq!(kept[0].seq, files[0].first);
    assert!(bench.now().duration_since(kept[0].at).as_hours() <= 7 * 24);
    let gone = Command::Undo { event: files[0].first - 1, both: false };
    let Reply::Refused { why } = bench.command(gone).await else { panic!("undone without a before-image") };
    assert!(why.contains("older than the journal reaches"), "{why}");
    assert_eq!(shown(&bench, "").await.0, kept.len() as u64);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_older_than_its_files_gives_no_number_twice() {
    let mut bench = lived().await;
    bench.shut_down().await;
    bench.file_days();
    bench.start().await;
    bench.pass(120).await;
    let filed = segments::list(bench.filed()).unwrap().last().unwrap().last;
    bench.crash().await;
    bench.forget_everything();
    bench.start().await;
    bench.pass(120).await;
    let after = bench.lines().await;
    assert!(after.windows(2).all(|two| two[0].seq < two[1].seq), "{:?}", numbers(&after));
    assert!(after.iter().any(|event| event.seq <= filed) && after.last().unwrap().seq > filed);
    // Its own lines are filed in their time all the same.
    let filed_since = async || segments::list(bench.filed()).unwrap().last().unwrap().last > filed;
    bench.until("they are", 5 * DAY, filed_since).await;
}

#[tokio::test(start_paused = true)]
async fn a_store_whose_counters_were_set_aside_gives_no_number_twice() {
    let mut bench = lived().await;
    let before = bench.lines().await;
    bench.crash().await;
    let mut batch = Batch::new();
    batch.remove(trees::META, "counters");
    bench.write_rows(&batch);
    bench.start().await;
    bench.pass(120).await;
    let after = bench.lines().await;
    assert!(after.len() > before.len() && after.windows(2).all(|two| two[0].seq < two[1].seq), "{:?}", numbers(&after));
    assert_eq!(after[..before.len()], before[..]);
}

/// Lets a store look as if its journal had been kept for so many days without a file, with so many lines a day; gives how many
/// lines there are.
fn backlog(bench: &mut Bench, days: i64, lines: u64) -> u64 {
    let start = bench.now() - SignedDuration::from_hours(24 * (days + 1));
    let (counters, row) = bench.rows(trees::META).into_iter().find(|(key, _)| key == b"counters").unwrap();
    let mut counted: Json = record::open(&row).unwrap();
    let mut last = counted["event"].as_u64().unwrap();
    let mut batch = Batch::new();
    let mut example = Json::Null;
    for (key, row) in bench.rows(trees::JOURNAL) {
        example = record::open(&row).unwrap();
        example["at"] = json!(start);
        record::put(&mut batch, trees::JOURNAL, key, &example).unwrap();
    }
    for day in 0..days {
        for line in 0..lines {
            last += 1;
            let seconds = i64::try_from(line * 86_400 / lines).unwrap();
            let at = start + SignedDuration::from_hours(24 * day) + SignedDuration::from_secs(seconds);
            (example["seq"], example["at"]) = (json!(last), json!(at));
            record::put(&mut batch, trees::JOURNAL, last.to_be_bytes(), &example).unwrap();
        }
    }
    (counted["event"], counted["latest"]) = (json!(last), json!(bench.now()));
    record::put(&mut batch, trees::META, counters, &counted).unwrap();
    bench.write_rows(&batch);
    last
}

#[tokio::test(start_paused = true)]
async fn a_backlog_of_ninety_days_is_filed_within_minutes_and_no_edit_waits_for_it() {
    let mut plan = Plan::prompt();
    plan.timing.journal_keep = Duration::from_secs(100 * DAY);
    let mut bench = Bench::settled(plan).await;
    let (deal, page) = bench.deal().await;
    bench.shut_down().await;
    bench.file_days();
    let lines = backlog(&mut bench, 90, 1_100);
    bench.start().await;
    let began = bench.now();
    // It begins a minute after the start.
    bench.pass(61).await;
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    let edited = bench.now();
    bench.until("the edit has crossed", 60, async || bench.cell(&page, "Amount") == json!("4711")).await;
    let crossed = bench.now().duration_since(edited);
    assert!(crossed < SignedDuration::from_secs(20), "it took {crossed:#}");
    let done = || segments::list(bench.filed()).is_ok_and(|files| files.len() >= 87);
    let filed = async || done() && bench.stored_lines().first().is_some_and(|first| lines - first < 3 * 1_100);
    bench.until("all old days are filed", 300, filed).await;
    let took = bench.now().duration_since(began);
    assert!(took < SignedDuration::from_secs(120), "{took:#}, of which a minute is the start's");
    let files = segments::list(bench.filed()).unwrap();
    assert!((87..=92).contains(&files.len()), "{}", files.len());
    let filed = files.last().unwrap().last;
    let there = files.iter().map(|file| file.last - file.first + 1).sum::<u64>();
    assert_eq!((there, bench.stored_lines()[0]), (filed, filed + 1), "a line is missing or doubled");
}
