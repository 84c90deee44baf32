//! Older days of the journal leave the store for files, and nothing is lost or doubled by it.

use std::fs;
use std::time::Duration;

use crosstie::control::{Command, List, Query, Reply, Rows};
use crosstie::model::{Event, Happening};
use crosstie::store::segments;

use crate::harness::{Bench, Plan};

const DAY: u64 = 24 * 3600;

/// An office whose days are filed, with edits on several days. The store still has all of it.
async fn lived() -> Bench {
    let mut plan = Plan::default();
    plan.timing.sweep_every = Duration::from_secs(3600);
    plan.timing.crm_poll = Duration::from_secs(600);
    plan.timing.notion_poll = Duration::from_secs(600);
    let bench = Bench::settled(plan).await;
    let (deal, _) = bench.deal().await;
    for day in 0..5 {
        for edit in 0..3 {
            bench.edit_deal(&deal, "COMMENTS", format!("day {day}, edit {edit}"));
            bench.pass(1200).await;
        }
        bench.pass(DAY - 3600).await;
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
    bench.pass(3 * 3600).await;
    let told: Vec<String> = bench.journal(Happening::System).await.into_iter().map(|event| event.note).collect();
    let told: Vec<&String> = told.iter().filter(|note| note.contains("stays where it is")).collect();
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].contains(".segment.tmp"), "{told:?}");
    assert_eq!(bench.lines().await[..before.len()], before);
    fs::remove_dir(dir.join(".segment.tmp")).unwrap();
    bench.pass(2 * 3600).await;
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
    let mut plan = Plan::default();
    plan.timing.sweep_every = Duration::from_secs(3600);
    plan.timing.crm_poll = Duration::from_secs(600);
    plan.timing.notion_poll = Duration::from_secs(600);
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
}
