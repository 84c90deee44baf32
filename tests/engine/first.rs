//! First contact, matching, review and orphans.

use std::time::Duration;

use crosstie::config::Timing;
use crosstie::control::{Command, List, OrphanRow, PairState, Query, Reply, Rows};
use crosstie::mapping::Create;
use crosstie::model::{Happening, OrphanWhy, RecordRef, Shown, Side, Why};
use crosstie::standin::bitrix24::Entity;
use serde_json::json;

use crate::harness::{Bench, Plan, calm, deal_hold};
use crate::wire::Fate;

#[tokio::test(start_paused = true)]
async fn first_contact_holds_what_differs_fills_what_is_empty_and_overwrites_nothing() {
    let mut bench = Bench::new(Plan::default());
    let deal = bench.ids(Entity::Deal)[0].clone();
    let title = bench.deal_field(&deal, "TITLE");
    let page = bench.pages("deals").into_iter().find(|page| bench.cell(page, "Name") == title).unwrap();
    let notes = bench.deal_field(&deal, "COMMENTS");
    bench.edit_notion(&page, "Amount", 31337);
    bench.edit_notion(&page, "Notes", json!(null));
    bench.edit_deal(&deal, "UF_CRM_DEADLINE", json!(null));
    let (amount, deadline) = (bench.deal_field(&deal, "OPPORTUNITY"), bench.cell(&page, "Deadline"));
    bench.start().await;
    bench.until("they are tied", 60, async || bench.page_of("deals", &deal).await.is_some()).await;
    bench.settle().await;
    assert_eq!(bench.page_of("deals", &deal).await, Some(page.clone()));
    assert_eq!((bench.deal_field(&deal, "OPPORTUNITY"), bench.cell(&page, "Amount")), (amount, json!("31337")));
    let hold = bench.hold(&deal_hold(&deal, "OPPORTUNITY")).await.unwrap();
    assert!(matches!(hold.why, Why::Conflict { base: None, .. }), "{hold:?}");
    assert_eq!(bench.cell(&page, "Notes"), notes);
    assert_eq!(bench.deal_field(&deal, "UF_CRM_DEADLINE"), deadline);
}

#[tokio::test(start_paused = true)]
async fn the_review_stops_everything_until_it_is_approved() {
    let timing = Timing { review: true, ..calm() };
    let mut bench = Bench::new(Plan { timing, office: (3, 2, 2, 1), ..Plan::default() });
    bench.start().await;
    bench.until("it is reviewed", 60, async || matches!(bench.state("contacts"), PairState::Review { .. })).await;
    bench.pass(600).await;
    let PairState::Review { sure, ambiguous, crm_only, notion_only, marked: 0 } = bench.state("contacts") else {
        panic!()
    };
    assert_eq!((sure, ambiguous, crm_only, notion_only), (2, 0, 1, 1));
    assert!(bench.writes().is_empty() && bench.claims().await.ties.is_empty());
    // The counts follow what people do meanwhile.
    bench.add_crm(Entity::Contact, &[("NAME", json!("Ida")), ("EMAIL", json!("ida@hall.example"))]);
    let counted = async || matches!(bench.state("contacts"), PairState::Review { crm_only: 2, .. });
    bench.until("the new one is counted", 120, counted).await;
    bench.done(Command::Approve { pair: "contacts".into() }).await;
    bench.until("contacts are tied", 300, async || bench.claims().await.ties.len() == 5).await;
    assert!(bench.claims().await.ties.iter().all(|tie| tie.pair.as_str() == "contacts"));
    assert!(matches!(bench.state("deals"), PairState::Review { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_copied_page_is_an_orphan_and_gets_no_record() {
    let bench = Bench::settled(Plan::default()).await;
    let deals = bench.ids(Entity::Deal).len();
    let (_, page) = bench.deal().await;
    let now = bench.now();
    let copy = bench.wires.notion.lock().unwrap().person_duplicate(now, crate::harness::BORIS, &page).unwrap();
    bench.pass(300).await;
    let orphans = bench.claims().await.orphans;
    assert_eq!(orphans.len(), 1);
    assert_eq!(orphans[0].record.id.as_str(), copy);
    assert_eq!(orphans[0].why, OrphanWhy::Copy { of: page.as_str().into() });
    assert_eq!(bench.ids(Entity::Deal).len(), deals);
    bench.done(Command::IgnoreOrphan { record: orphans[0].record.clone(), shown: None }).await;
    bench.pass(3700).await;
    assert!(bench.claims().await.orphans.is_empty());
    assert!(bench.creates().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_was_ignored_is_listed_where_it_is_asked_for_and_waits_again_when_that_is_taken_back() {
    let mut bench = Bench::settled(no_creation()).await;
    let record = bench.claims().await.orphans[0].record.clone();
    let listed = async |bench: &Bench, ignored: bool| {
        let query = Query { limit: 500, ignored, ..Query::all(List::Orphans) };
        let Rows::Orphans(rows) = bench.query(query).await.rows else { panic!("no orphans") };
        rows.into_iter().find(|row| row.record == record)
    };
    assert!(listed(&bench, true).await.unwrap().ignored.is_none());
    bench.done(Command::IgnoreOrphan { record: record.clone(), shown: None }).await;
    bench.crash().await;
    bench.start().await;
    bench.settle().await;
    assert_eq!(listed(&bench, false).await, None);
    let row = listed(&bench, true).await.unwrap();
    assert_eq!((row.why.as_str(), row.ignored.as_deref()), ("ignored", Some("anna")), "{row:?}");
    assert!(!row.title.is_empty() && !row.fields.is_empty(), "{row:?}");

    bench.done(Command::UnignoreOrphan { record: record.clone() }).await;
    bench.until("it waits again", 60, async || listed(&bench, false).await.is_some()).await;
    assert_eq!(listed(&bench, true).await.unwrap().ignored, None);
    let again = bench.command(Command::UnignoreOrphan { record: record.clone() }).await;
    assert!(matches!(&again, Reply::Refused { why } if why.contains("not ignored")), "{again:?}");
    let told = bench.journal(Happening::Decided).await;
    let told: Vec<_> = told.iter().map(|event| (event.who.as_str(), event.note.as_str())).collect();
    assert!(told.ends_with(&[("anna", "ignored"), ("anna", "no longer ignored")]), "{told:?}");
    assert!(bench.creates().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_counterpart_that_is_ordered_for_what_was_ignored_is_created() {
    let bench = Bench::settled(no_creation()).await;
    let orphans = bench.claims().await.orphans;
    let record = orphans.iter().find(|it| it.record.pair.as_str() == "contacts").unwrap().record.clone();
    bench.done(Command::IgnoreOrphan { record: record.clone(), shown: None }).await;
    bench.settle().await;
    bench.done(Command::CreateCounterpart { record, shown: None }).await;
    bench.until("it is created", 120, async || bench.creates().len() == 1).await;
}

fn no_creation() -> Plan {
    Plan {
        office: (3, 2, 2, 1),
        pairs: |pairs| pairs.iter_mut().for_each(|pair| pair.create = Create::None),
        ..Plan::default()
    }
}

#[tokio::test(start_paused = true)]
async fn orphans_can_be_linked_by_hand_and_then_merge_as_on_first_contact() {
    let bench = Bench::settled(no_creation()).await;
    let orphans = bench.claims().await.orphans;
    let of = |side: Side| {
        let fits =
            |orphan: &&crosstie::model::Orphan| orphan.record.side == side && orphan.record.pair.as_str() == "contacts";
        orphans.iter().find(fits).unwrap().record.id.clone()
    };
    let (crm, notion) = (of(Side::Crm), of(Side::Notion));
    let before = bench.held(Entity::Contact, crm.as_str(), "EMAIL");
    bench.done(Command::Link { pair: "contacts".into(), crm: crm.clone(), notion: notion.clone(), shown: None }).await;
    bench.settle().await;
    assert_eq!(bench.page_of("contacts", crm.as_str()).await.as_deref(), Some(notion.as_str()));
    assert_eq!(bench.held(Entity::Contact, crm.as_str(), "EMAIL"), before);
    assert!(bench.claims().await.holds.iter().any(|hold| matches!(hold.why, Why::Conflict { base: None, .. })));
    assert!(bench.creates().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_word_about_an_orphan_holds_for_what_was_shown_of_it_and_for_nothing_else() {
    let bench = Bench::settled(no_creation()).await;
    let orphan = async || {
        let Rows::Orphans(rows) = bench.list(List::Orphans).await else { panic!() };
        let of = |row: &&OrphanRow| row.record.side == Side::Notion && row.record.pair.as_str() == "contacts";
        rows.iter().find(of).unwrap().clone()
    };
    let seen = orphan().await;
    let list = List::Candidates { of: seen.record.clone() };
    let Rows::Candidates(candidates) = bench.list(list).await else { panic!() };
    let other = candidates[0].clone();
    bench.edit_notion(seen.record.id.as_str(), "Name", "Ada of another house");
    bench.until("the edit was seen", 300, async || orphan().await.digest != seen.digest).await;
    let link = |shown: &OrphanRow| Command::Link {
        pair: seen.record.pair.clone(),
        crm: other.id.clone(),
        notion: seen.record.id.clone(),
        shown: Some(Shown { crm: other.digest.clone(), notion: shown.digest.clone() }),
    };
    let create = Command::CreateCounterpart { record: seen.record.clone(), shown: Some(seen.digest.clone()) };
    let ignore = Command::IgnoreOrphan { record: seen.record.clone(), shown: Some(seen.digest.clone()) };
    let standing = async || (bench.claims().await.decisions, bench.claims().await.ties);
    let before = standing().await;
    for command in [link(&seen), create, ignore] {
        let reply = bench.command(command.clone()).await;
        let changed = matches!(&reply, Reply::Changed { note, .. } if note.contains("changed since you looked"));
        assert!(changed, "{command:?}: {reply:?}");
    }
    assert_eq!(standing().await, before, "nothing was done");
    let now = orphan().await;
    bench.done(link(&now)).await;
    bench.settle().await;
    assert!(bench.record_of("contacts", seen.record.id.as_str()).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_counterpart_is_created_on_order_whatever_the_policy() {
    let bench = Bench::settled(no_creation()).await;
    let orphans = bench.claims().await.orphans;
    let orphan = orphans.iter().find(|it| it.record.side == Side::Notion && it.record.pair.as_str() == "contacts");
    let RecordRef { pair, side, id } = orphan.unwrap().record.clone();
    let record = RecordRef { pair, side, id: id.clone() };
    bench.done(Command::CreateCounterpart { record, shown: None }).await;
    bench.until("it is tied", 60, async || bench.record_of("contacts", id.as_str()).await.is_some()).await;
    bench.settle().await;
    assert_eq!(bench.creates().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_first_load_tells_how_many_records_there_are_and_by_when_it_has_read_them() {
    let mut bench = Bench::new(Plan { office: (230, 0, 230, 0), ..Plan::default() });
    // Both sides are slow, Notion more so: pages of the one are read after the other has ended.
    bench.faults(|call| Fate::SlowAnswer(Duration::from_secs(if call.side == Side::Notion { 40 } else { 5 })));
    bench.start().await;
    let (mut counted, mut guessed) = (None, None);
    let seen = std::cell::RefCell::new((&mut counted, &mut guessed));
    bench
        .until("both sides were being read", 900, async || {
            let snapshot = bench.snapshot();
            let pair = snapshot.pairs.iter().find(|pair| pair.name.as_str() == "contacts").unwrap();
            let mut seen = seen.borrow_mut();
            if let Some(crm) = pair.sweeping.crm.filter(|it| it.read > 0 && it.of.is_some()) {
                seen.0.get_or_insert((crm, crm.ends(snapshot.at)));
            }
            if let Some(notion) = pair.sweeping.notion.filter(|it| it.read > 0 && it.of.is_some()) {
                seen.1.get_or_insert((notion, notion.ends(snapshot.at)));
            }
            seen.0.is_some() && seen.1.is_some()
        })
        .await;
    let (crm, ends) = counted.unwrap();
    assert_eq!((crm.of, crm.about), (Some(230), false), "the portal tells its total with the first page");
    assert!(ends.is_some_and(|ends| ends > crm.since), "{crm:?}");
    let (notion, ends) = guessed.unwrap();
    assert_eq!(
        (notion.of, notion.about),
        (Some(230), true),
        "Notion tells none, so it is about as many as the CRM has"
    );
    assert!(ends.is_some(), "{notion:?}");
    let lists = bench.calls_that(|call| {
        call.path.ends_with("crm.item.list") && call.holds("\"start\":0") && call.holds("\"entityTypeId\":3,")
    });
    assert_eq!(lists.len(), 1, "only the first page of the first look is counted, for counting can take long");
}

#[tokio::test(start_paused = true)]
async fn a_first_look_whose_count_fails_is_repeated_without_one() {
    let mut bench = Bench::new(Plan { office: (60, 0, 60, 0), ..Plan::default() });
    bench.faults(|call| {
        let counted = call.path.ends_with("crm.item.list") && call.holds("\"start\":0");
        if counted { Fate::LostRequest } else { Fate::Pass }
    });
    bench.start().await;
    bench.until("it is looked at all the same", 900, async || bench.state("contacts") == PairState::Running).await;
}

#[tokio::test(start_paused = true)]
async fn after_the_approval_the_queue_tells_by_when_it_has_gone() {
    let timing = Timing { review: true, ..calm() };
    let mut bench = Bench::new(Plan { timing, office: (300, 0, 0, 0), ..Plan::default() });
    bench.start().await;
    bench.until("it is reviewed", 60, async || matches!(bench.state("contacts"), PairState::Review { .. })).await;
    assert_eq!(bench.snapshot().drained.notion, None, "nothing goes before somebody approves");
    bench.done(Command::Approve { pair: "contacts".into() }).await;
    let told = async || bench.snapshot().drained.notion.is_some();
    bench.until("it tells by when", 180, told).await;
    let (until, now) = (bench.snapshot().drained.notion.unwrap(), bench.now());
    assert!(until > now);
    bench.until("it has gone", 1200, async || bench.snapshot().queue.notion.total() == 0).await;
    let (took, said) = (bench.now().duration_since(now).as_secs(), until.duration_since(now).as_secs());
    assert!(took <= said * 2 && said <= took * 2 + 20, "said {said} s, took {took} s");
    assert_eq!(bench.snapshot().drained.notion, None);
}
