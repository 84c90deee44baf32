//! The journal as an operator asks for it.

use crosstie::control::{JournalRow, List, Query, Rows, Sample, Window};
use crosstie::model::{Happening, Side, TieId};
use crosstie::standin::bitrix24::Entity;
use jiff::SignedDuration;
use serde_json::json;

use crate::harness::{Bench, Plan};

const STEP: SignedDuration = SignedDuration::from_secs(60);

fn lines(window: &Window) -> &[JournalRow] {
    match &window.rows {
        Rows::Journal(rows) => rows,
        other => panic!("{other:?}"),
    }
}

/// An engine with nothing to do and so many lines behind it, one a minute; the tenth is looked for.
async fn old(lines: u64) -> Bench {
    let mut bench = Bench::settled(Plan { office: (1, 0, 1, 0), ..Plan::default() }).await;
    bench.shut_down().await;
    bench.fill_journal(lines, STEP, |event| {
        if event.seq == 10 {
            event.note = "the needle".to_owned();
        }
    });
    bench.start().await;
    bench
}

#[tokio::test(start_paused = true)]
async fn a_search_of_the_journal_says_how_far_it_looked_and_goes_on_from_there() {
    let bench = old(45_000).await;
    let mut query = Query { limit: 50, filter: "NEEDLE".into(), ..Query::all(List::Journal) };
    let mut parts = 0;
    loop {
        let found = bench.query(query.clone()).await;
        let looked = found.looked.expect("a search says how far it looked");
        parts += 1;
        if !looked.whole {
            assert!(lines(&found).is_empty(), "{found:?}");
            assert!(looked.from < bench.now() - STEP * 19_000 * parts, "{looked:?}");
            assert!(looked.until.is_some_and(|until| until > looked.from));
            query.before = Some(looked.from_line);
            continue;
        }
        assert_eq!((lines(&found).len(), lines(&found)[0].event.seq), (1, 10));
        break;
    }
    assert_eq!(parts, 3, "each part is bounded");
}

#[tokio::test(start_paused = true)]
async fn a_span_of_the_journal_is_whole_however_long_it_is_and_moves_on_with_the_time() {
    let bench = old(45_000).await;
    for days in [0, 1, 7, 30] {
        let since = bench.now() - SignedDuration::from_hours(24 * days) - SignedDuration::from_secs(90);
        let query = Query { limit: 10, since: Some(since), ..Query::all(List::Journal) };
        let newest = bench.query(query.clone()).await;
        assert_eq!(newest.looked, None, "nothing was left out");
        let minutes = u64::try_from(days * 24 * 60).unwrap();
        assert!((minutes..minutes + 60).contains(&newest.total), "{days} days: {}", newest.total);
        let oldest = bench.query(Query { offset: newest.total.saturating_sub(2), ..query.clone() }).await;
        let times: Vec<_> = lines(&oldest).iter().map(|row| row.event.at).collect();
        assert!(times.iter().all(|at| *at >= since) && times.last().is_some_and(|at| *at < since + STEP), "{times:?}");
        assert!(lines(&bench.query(Query { offset: newest.total, ..query }).await).is_empty());
    }
    // What was found for one span is no use for a longer one, and some for the same a little later.
    let since = bench.now() - SignedDuration::from_hours(24 * 7);
    let first = bench.query(Query { limit: 1, since: Some(since), ..Query::all(List::Journal) }).await.total;
    // A question that begins with a later line tells nothing of where the span begins.
    let late = Query { limit: 1, since: Some(since), from: Some(44_000), ..Query::all(List::Journal) };
    assert!(bench.query(late).await.total < first);
    let later = Query { limit: 1, since: Some(since + STEP * 30), ..Query::all(List::Journal) };
    assert_eq!(bench.query(later).await.total + 30, first);
}

#[tokio::test(start_paused = true)]
async fn the_graphs_of_the_day_are_filled_from_the_journal_after_the_first_look() {
    let mut bench = Bench::settled(Plan { office: (1, 0, 1, 0), ..Plan::default() }).await;
    bench.shut_down().await;
    // Two days, of which one is shown.
    bench.fill_journal(5_760, SignedDuration::from_secs(30), |event| {
        (event.what, event.side) = match event.seq % 2 {
            0 => (Happening::Seen, Some(Side::Crm)),
            _ => (Happening::Wrote, Some(Side::Notion)),
        };
    });
    bench.start().await;
    assert!(bench.snapshot().day.len() <= 1, "a start is not kept waiting for that");
    let counted = || {
        let snapshot = bench.snapshot();
        let sum = |pick: fn(&Sample) -> u32| snapshot.day.iter().map(pick).sum::<u32>();
        (sum(|it| it.seen.crm), sum(|it| it.written.notion))
    };
    let filled = async || {
        let (seen, written) = counted();
        (1_400..=1_440).contains(&seen) && (1_400..=1_440).contains(&written)
    };
    bench.until("the day is there again", 120, filled).await;
    bench.pass(120).await;
    assert!(filled().await, "and is not filled twice: {:?}", counted());
    let snapshot = bench.snapshot();
    assert_eq!(snapshot.written.notion, 0, "what is counted since the start is counted since the start");
    let quarter: u32 = snapshot.quarter.iter().map(|it| it.written.notion).sum();
    assert!((8..=15).contains(&quarter), "the quarter of an hour too: {quarter}");
}

#[tokio::test(start_paused = true)]
async fn while_the_journal_is_searched_everything_else_goes_on_and_the_same_search_again_reads_what_is_new() {
    let bench = old(30_000).await;
    let query = Query { limit: 50, filter: "needle".into(), before: Some(20_000), ..Query::all(List::Journal) };
    let (found, others) = bench.answered_meanwhile(&query).await;
    assert_eq!((found.total, lines(&found)[0].event.seq), (1, 10));
    assert!(others > 40, "{others} others were answered while it was under way");
    let (again, others) = bench.answered_meanwhile(&query).await;
    assert_eq!((&again, others < 5), (&found, true), "{others}");

    // What was typed last is answered first.
    let newest = Query { filter: "needles".into(), ..query.clone() };
    let older = Query { filter: "needle in".into(), ..query.clone() };
    let older = bench.query(older);
    let newest = bench.query(newest);
    tokio::pin!(older, newest);
    let first = tokio::select! { biased; _ = &mut older => "older", _ = &mut newest => "newest" };
    assert_eq!(first, "newest");

    // Two that search the same at once find the same, for the work of one; and what comes later is found.
    let query = Query { limit: 50, filter: "zebras".into(), ..Query::all(List::Journal) };
    let (_, work) = bench.answered_meanwhile(&query).await;
    let query = Query { filter: "zebra".into(), ..query };
    let other = bench.query(query.clone());
    tokio::pin!(other);
    for _ in 0..work / 2 {
        let somebody = bench.query(Query { limit: 1, ..Query::all(List::Queue) });
        tokio::select! { biased; _ = &mut other => panic!("too soon"), _ = somebody => {} }
    }
    let (found, others) = bench.answered_meanwhile(&query).await;
    assert!(
        others < work * 3 / 4,
        "{others} others were answered while the second half was searched, and {work} beside a whole"
    );
    assert_eq!((&found, found.total), (&other.await, 0));
    let new = bench.add_crm(Entity::Deal, &[("TITLE", json!("a zebra"))]);
    bench.until("it has a page", 120, async || bench.page_of("deals", &new).await.is_some()).await;
    let (found, others) = bench.answered_meanwhile(&query).await;
    assert!(found.total >= 2 && others < 5, "seen and tied: {found:?}, {others}");
    let newest = bench.query(Query { limit: 500, ..Query::all(List::Journal) }).await;
    let expected: Vec<_> = lines(&newest).iter().filter(|row| row.title == "a zebra").collect();
    assert_eq!(lines(&found).iter().collect::<Vec<_>>(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_search_by_a_new_title_finds_older_lines_a_minute_later_at_most() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    bench.edit_deal(&deal, "COMMENTS", "of the old title");
    bench.settle().await;
    let query = Query { limit: 50, filter: "zebra".into(), ..Query::all(List::Journal) };
    assert_eq!(bench.query(query.clone()).await.total, 0);
    bench.edit_notion(&page, "Name", "Zebra crossing");
    bench.settle().await;
    bench.pass(60).await;
    let found = bench.query(query).await;
    let notes = lines(&found).iter().filter(|row| row.after.as_deref() == Some("of the old title"));
    assert_eq!(notes.count(), 2, "seen, written: {found:?}");
}

#[tokio::test(start_paused = true)]
async fn whatever_part_of_the_journal_is_searched_the_lines_are_those_that_fit_newest_first() {
    let mut bench = Bench::settled(Plan { office: (1, 0, 1, 0), ..Plan::default() }).await;
    bench.shut_down().await;
    let words = ["alder", "birch", "cedar", "alder and birch"];
    let note = |seq: u64| words[usize::try_from(seq / 3 % 4).unwrap()];
    bench.fill_journal(1_900, SignedDuration::from_secs(1), |event| {
        event.note = note(event.seq).to_owned();
        // A tie of its own for some.
        event.crm = event.seq.is_multiple_of(5).then(|| "t1".into());
    });
    bench.start().await;
    let tie = TieId { pair: "deals".into(), crm: "t1".into() };
    let offsets = [0, 3, 100, 5_000];
    // What was found for a part is used for those that lie beside it, overlap it, hold it or lie in it.
    for before in [1_900, 1_300, 1_851] {
        for (filter, tie) in [("birch", None), ("Alder", Some(&tie)), ("", Some(&tie)), ("oak", None)] {
            for to in [None, Some(1_200)] {
                for (from, offset) in
                    [1_290, 700, 1_150, 1, 1_200, 1_900].map(|from| offsets.map(|it| (from, it))).concat()
                {
                    let fits = |seq: &u64| {
                        note(*seq).contains(&filter.to_lowercase()) && (tie.is_none() || seq.is_multiple_of(5))
                    };
                    let end = before.min(to.map_or(u64::MAX, |to| to + 1));
                    let expected: Vec<u64> = (from..end).rev().filter(fits).collect();
                    let query = Query {
                        filter: filter.into(),
                        tie: tie.cloned(),
                        from: Some(from),
                        before: Some(before),
                        to,
                        offset,
                        limit: 40,
                        ..Query::all(List::Journal)
                    };
                    let found = bench.query(query.clone()).await;
                    let seqs: Vec<u64> = lines(&found).iter().map(|row| row.event.seq).collect();
                    let skip = usize::try_from(offset).unwrap();
                    let shown: Vec<u64> = expected.iter().copied().skip(skip).take(40).collect();
                    assert_eq!((found.total, seqs), (expected.len() as u64, shown), "{query:?}");
                    let looked = found.looked.map(|looked| (looked.from_line, looked.whole));
                    assert_eq!(looked, (from < end).then_some((from, true)), "{query:?}");
                }
            }
        }
    }
    // A span that begins later and later, and earlier again, up to the newest line.
    for (from, count) in [(1_800, 101), (1_850, 51), (1_000, 901), (1, 1_900)] {
        let query =
            Query { filter: "seen".into(), from: Some(from), to: Some(1_900), limit: 1, ..Query::all(List::Journal) };
        assert_eq!(bench.query(query).await.total, count, "{from}");
    }
}
