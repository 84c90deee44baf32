//! The journal as an operator asks for it.

use crosstie::control::{JournalRow, List, Query, Rows, Sample, Window};
use crosstie::model::{Happening, Side};
use jiff::SignedDuration;

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
