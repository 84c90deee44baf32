//! What is forgotten: old lines of the journal, and leave that was not used.

use std::time::Duration;

use crosstie::control::{Command, List, PairState, Query, Reply, Rows, Window};
use crosstie::model::{Happening, Side, Verdict};
use crosstie::standin::bitrix24::Entity;
use serde_json::json;

use crate::harness::{Bench, Plan};

fn keeping(keep: Duration, bytes: u64) -> Plan {
    let mut plan = Plan::default();
    plan.timing.sweep_every = Duration::from_secs(600);
    plan.timing.journal_keep = keep;
    plan.timing.journal_bytes = bytes;
    plan
}

async fn journal(bench: &Bench, filter: &str) -> Window {
    bench.query(Query { filter: filter.to_owned(), limit: 500, ..Query::all(List::Journal) }).await
}

fn seqs(window: &Window) -> Vec<u64> {
    let Rows::Journal(rows) = &window.rows else { panic!("{window:?}") };
    rows.iter().map(|row| row.event.seq).collect()
}

#[tokio::test(start_paused = true)]
async fn lines_older_than_the_journal_reaches_are_dropped_and_undo_says_so() {
    let mut bench = Bench::settled(keeping(Duration::from_secs(3600), u64::MAX)).await;
    let (deal, page) = bench.deal().await;
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    bench.settle().await;
    let write = bench.journal(Happening::Wrote).await.pop().unwrap();
    bench.pass(2 * 3600).await;
    bench.edit_deal(&deal, "COMMENTS", "new");
    bench.settle().await;
    let Reply::Refused { why } = bench.command(Command::Undo { event: write.seq, both: false }).await else {
        panic!("undone without a before-image")
    };
    assert!(why.contains("older than the journal reaches"), "{why}");
    assert_eq!(bench.cell(&page, "Amount"), json!("4711"));

    let kept = bench.lines().await;
    assert!(kept.iter().all(|event| event.seq > write.seq) && kept.len() >= 2, "{kept:#?}");
    for filter in ["", "new"] {
        let window = journal(&bench, filter).await;
        assert_eq!(window.total, u64::try_from(seqs(&window).len()).unwrap(), "{filter}");
    }
    let newest: Vec<u64> = kept.iter().rev().map(|event| event.seq).collect();
    assert_eq!(seqs(&journal(&bench, "").await), newest);

    // A start goes on where it was, and numbers are never given twice.
    bench.crash().await;
    bench.start().await;
    bench.settle().await;
    let after = bench.lines().await;
    assert_eq!(after[0].seq, kept[0].seq);
    assert!(after.last().unwrap().seq > newest[0]);
    assert!(after.windows(2).all(|two| two[0].seq + 1 == two[1].seq));
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_takes_too_much_loses_its_oldest_lines_early() {
    let most = 6_000;
    let bench = Bench::settled(keeping(Duration::from_secs(90 * 24 * 3600), most)).await;
    let (deal, _) = bench.deal().await;
    for round in 0..20 {
        bench.edit_deal(&deal, "COMMENTS", format!("round {round}"));
        bench.pass(60).await;
    }
    bench.pass(700).await;
    let kept = bench.lines().await;
    let takes: usize = kept.iter().map(|event| serde_json::to_vec(event).unwrap().len()).sum();
    assert!(takes <= usize::try_from(most).unwrap(), "{takes} bytes");
    assert!(takes > 4_000, "no more than necessary is dropped: {takes} bytes");
    let last = kept.iter().rfind(|event| event.what == Happening::Wrote).unwrap();
    assert_eq!((last.side, last.after.as_ref().unwrap().show()), (Some(Side::Notion), "round 19".to_owned()));
}

/// A guarded pair of 18 contacts of which 13 were deleted, and the hash of the plan that waits.
async fn guarded() -> (Bench, Vec<String>, String) {
    let mut plan = Plan { office: (18, 0, 18, 0), ..Plan::default() };
    plan.timing.sweep_every = Duration::from_secs(300);
    let bench = Bench::settled(plan).await;
    let contacts = bench.ids(Entity::Contact);
    for contact in &contacts[..13] {
        bench.delete_crm(Entity::Contact, contact);
    }
    let (_, plan) = bench.guarded("contacts", 400).await;
    bench.forget_calls();
    (bench, contacts, plan)
}

async fn ties(bench: &Bench) -> usize {
    bench.claims().await.ties.len()
}

#[tokio::test(start_paused = true)]
async fn leave_lets_that_plan_happen_and_what_came_since_is_asked_about_anew() {
    let (bench, contacts, plan) = guarded().await;
    for contact in &contacts[13..15] {
        bench.delete_crm(Entity::Contact, contact);
    }
    // The next complete listing misses two more, which are read by id: how many go is just being found out.
    let asked = || bench.calls().iter().any(|call| call.side == Side::Crm && call.reads(&contacts[13]));
    // What is just being found out is found out within a second: it is looked for often.
    for _ in 0..1600 {
        if asked() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    assert!(asked(), "nobody looks for them");
    bench.done(Command::Override { pair: "contacts".into(), plan: plan.clone() }).await;
    bench.pass(120).await;
    let (_, now) = bench.guarded("contacts", 1).await;
    assert_ne!(now, plan);
    assert_eq!(ties(&bench).await, 5, "what the operator was shown ended, and no more");
    assert!(bench.claims().await.decisions.iter().all(|it| !matches!(it.verdict, Verdict::Override { .. })));
}

#[tokio::test(start_paused = true)]
async fn leave_that_could_not_be_used_ends_after_an_hour() {
    let (bench, _, plan) = guarded().await;
    // The pair is stopped for another reason, so that nothing can be carried out.
    bench.reshape("contacts", &json!({ "CRM ID": null }));
    let stopped = async || matches!(bench.state("contacts"), PairState::Stopped { .. });
    bench.until("the pair is stopped", 7200, stopped).await;
    bench.done(Command::Override { pair: "contacts".into(), plan }).await;
    bench.pass(3500).await;
    assert!(bench.journal(Happening::Lapsed).await.is_empty());
    bench.pass(300).await;
    let lapsed = bench.journal(Happening::Lapsed).await;
    assert_eq!(lapsed.len(), 1, "{lapsed:#?}");
    assert!(lapsed[0].who == "anna" && lapsed[0].note.contains("not used"), "{lapsed:#?}");
    assert_eq!(ties(&bench).await, 18, "nothing ended");
}
