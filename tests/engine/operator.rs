//! What an operator can ask of the engine besides deciding values: the base back, a pair paused, a record looked at closely,
//! a counterpart suggested, and how it all goes.

use crosstie::control::{Command, Delivery, Fate, Foretold, List, Query, Reply, Resolution, Rows, Told};
use crosstie::model::{Event, Happening, HoldId, PairName, Shown, Side, Why};
use crosstie::standin::bitrix24::Entity;
use serde_json::json;

use crate::harness::{Bench, Plan, deal_hold, deal_tie};

const FIELD: &str = "OPPORTUNITY";

async fn quarrel(bench: &Bench) -> (String, String) {
    let (deal, page) = bench.deal().await;
    bench.edit_deal(&deal, FIELD, "100");
    bench.edit_notion(&page, "Amount", 200);
    bench.until("the amount is held", 60, async || bench.hold(&deal_hold(&deal, FIELD)).await.is_some()).await;
    (deal, page)
}

#[tokio::test(start_paused = true)]
async fn the_base_is_given_back_to_both_sides() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    let before = bench.cell(&page, "Amount");
    let (deal_again, page_again) = quarrel(&bench).await;
    assert_eq!((&deal_again, &page_again), (&deal, &page));
    let id = deal_hold(&deal, FIELD);
    let shown = bench.shown(&id).await;
    bench.done(Command::Resolve { items: vec![Resolution::Base { id: id.clone(), shown }] }).await;
    bench.until("Notion has it again", 60, async || bench.cell(&page, "Amount") == before).await;
    bench.settle().await;
    assert_eq!(bench.deal_field(&deal, FIELD), before);
    assert_eq!(bench.hold(&id).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_paused_pair_is_observed_and_not_written_until_it_is_resumed_even_after_a_crash() {
    let mut bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    let pair = || PairName::from("deals");
    bench.done(Command::Pause { pair: pair() }).await;
    bench.edit_deal(&deal, FIELD, "4711");
    bench.forget_calls();
    bench.pass(300).await;
    assert_ne!(bench.cell(&page, "Amount"), json!("4711"), "nothing is written");
    assert!(bench.writes().is_empty(), "{:?}", bench.writes());
    let snapshot = bench.snapshot();
    let status = snapshot.pairs.iter().find(|it| it.name == pair()).unwrap();
    assert!(status.paused.is_some(), "{status:?}");
    assert!(snapshot.waits.iter().any(|(what, count)| what == "a paused pair" && *count > 0), "{:?}", snapshot.waits);
    bench.crash().await;
    bench.start().await;
    bench.pass(300).await;
    assert_ne!(bench.cell(&page, "Amount"), json!("4711"), "a pause is durable");
    bench.done(Command::Resume { pair: pair() }).await;
    bench.until("it flows again", 120, async || bench.cell(&page, "Amount") == json!("4711")).await;
    assert!(matches!(bench.command(Command::Resume { pair: pair() }).await, Reply::Refused { .. }));
}

#[tokio::test(start_paused = true)]
async fn what_waits_only_for_quiet_goes_at_once_when_it_is_hastened() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    bench.edit_notion(&page, "Notes", "typed just now");
    let waiting = async || matches!(bench.list(List::Queue).await, Rows::Queue(rows) if !rows.is_empty());
    bench.until("the note waits", 60, waiting).await;
    let Rows::Queue(rows) = bench.list(List::Queue).await else { panic!() };
    let row = rows.iter().find(|row| row.side == Side::Crm).unwrap().clone();
    bench.done(Command::Hasten { pair: row.pair.clone(), side: row.side, record: row.record.clone() }).await;
    bench.until("it was written", 5, async || bench.deal_field(&deal, "COMMENTS") == json!("typed just now")).await;
    bench.settle().await;
    let again = Command::Hasten { pair: row.pair, side: row.side, record: row.record };
    assert!(matches!(bench.command(again).await, Reply::Refused { .. }), "nothing is planned any more");
}

#[tokio::test(start_paused = true)]
async fn a_record_that_is_held_back_is_not_written_until_it_is_let_go() {
    let mut bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    bench.edit_notion(&page, "Notes", "typed just now");
    let waiting = async || matches!(bench.list(List::Queue).await, Rows::Queue(rows) if !rows.is_empty());
    bench.until("the note waits", 60, waiting).await;
    let Rows::Queue(rows) = bench.list(List::Queue).await else { panic!() };
    let row = rows.iter().find(|row| row.side == Side::Crm).unwrap().clone();
    bench.forget_calls();
    bench.done(Command::Park { pair: row.pair.clone(), side: row.side, record: row.record.clone() }).await;
    // The other direction and later edits wait too, and a crash forgets none of it.
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    bench.pass(1800).await;
    bench.crash().await;
    bench.start().await;
    bench.pass(1800).await;
    assert!(bench.writes().is_empty(), "{:#?}", bench.writes());
    let held = HoldId::tie(&deal_tie(&deal));
    assert!(matches!(bench.hold(&held).await.unwrap().why, Why::Parked { who } if who == "anna"));
    bench.done(Command::Retry { id: held.clone() }).await;
    let in_step = async || {
        bench.deal_field(&deal, "COMMENTS") == json!("typed just now") && bench.cell(&page, "Amount") == json!("4711")
    };
    bench.until("both flow again", 300, in_step).await;
    assert!(bench.hold(&held).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_record_is_shown_whole_with_its_story_and_where_it_is_opened() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, _) = quarrel(&bench).await;
    let tie = deal_tie(&deal);
    let Rows::Records(rows) = bench.list(List::Record { tie: tie.clone() }).await else { panic!() };
    let view = &rows[0];
    let amount = view.fields.iter().find(|field| field.label == "Amount").unwrap();
    assert!(
        amount.held && amount.crm.as_deref() == Some("100") && amount.notion.as_deref() == Some("200"),
        "{amount:?}"
    );
    assert!(amount.base.is_some() && view.fields.len() > 3);
    let link = view.links.notion.clone().unwrap();
    assert!(link.starts_with("https://www.notion.so/") && !link[22..].contains('-'), "{link}");
    let query = Query { limit: 50, tie: Some(tie.clone()), ..Query::all(List::Journal) };
    let Rows::Journal(story) = bench.query(query).await.rows else { panic!() };
    assert!(!story.is_empty() && story.iter().all(|row| row.event.crm.as_ref() == Some(&tie.crm)));
    let soon = bench.now() + jiff::SignedDuration::from_mins(1);
    let query = Query { limit: 50, since: Some(soon), ..Query::all(List::Journal) };
    assert_eq!(bench.query(query).await.total, 0, "nothing has happened after now");
}

#[tokio::test(start_paused = true)]
async fn everything_since_the_start_can_be_read_however_many_lines_have_come_since() {
    let mut bench = Bench::new(Plan::default());
    bench.start().await;
    bench.until("everything is tied and written", 600, async || bench.is_quiet().await).await;
    let began = bench.began();
    let event = || Delivery {
        side: Side::Crm,
        event: "thing.happened".into(),
        attempt: 1,
        told: Told::Rows { entity: "lead".into() },
    };
    for _ in 0..20_100 {
        bench.deliver(event()).await;
    }
    let created = bench.journal(Happening::Created).await;
    assert!(!created.is_empty());
    // As whoever wants all of it asks: window by window, newest first.
    let mut found: Vec<u64> = Vec::new();
    loop {
        let offset = u64::try_from(found.len()).unwrap();
        let query = Query { from: Some(began), offset, limit: 500, ..Query::all(List::Journal) };
        let Rows::Journal(rows) = bench.query(query).await.rows else { panic!() };
        if rows.is_empty() {
            break;
        }
        found.extend(rows.iter().map(|row| row.event.seq));
    }
    assert!(found.len() > 20_100);
    assert_eq!(found.last(), Some(&began), "the line that told of the start");
    assert!(created.iter().all(|line| found.contains(&line.seq)), "work that was done is not told of");
    let query = Query { from: Some(began + 1), to: Some(began + 3), limit: 500, ..Query::all(List::Journal) };
    let window = bench.query(query).await;
    let Rows::Journal(rows) = window.rows else { panic!() };
    assert_eq!(rows.iter().map(|row| row.event.seq).collect::<Vec<_>>(), [began + 3, began + 2, began + 1]);
    assert_eq!(window.total, 3);
}

#[tokio::test(start_paused = true)]
async fn an_edit_that_is_held_keeps_its_id_over_a_start_however_many_lines_came_since() {
    let mut bench = Bench::settled(Plan::prompt()).await;
    let (deal, page) = quarrel(&bench).await;
    let of_field = |lines: Vec<Event>| -> Vec<Event> {
        lines.into_iter().filter(|line| line.field.as_ref().is_some_and(|field| field.as_str() == FIELD)).collect()
    };
    let seen = of_field(bench.journal(Happening::Seen).await).into_iter().rev().nth(1).unwrap();
    assert_eq!(seen.edit, Some(seen.seq), "the line that saw the first of the two");
    let event = || Delivery {
        side: Side::Crm,
        event: "thing.happened".into(),
        attempt: 1,
        told: Told::Rows { entity: "lead".into() },
    };
    for _ in 0..5_000 {
        bench.deliver(event()).await;
    }
    bench.shut_down().await;
    bench.start().await;
    bench.pass(60).await;
    let id = deal_hold(&deal, FIELD);
    let shown = bench.shown(&id).await;
    bench.done(Command::Resolve { items: vec![Resolution::Force { id, shown, side: Side::Crm }] }).await;
    bench.until("Notion has the CRM's", 120, async || bench.cell(&page, "Amount") == json!("100")).await;
    for what in [Happening::Held, Happening::Decided, Happening::Wrote] {
        let line = of_field(bench.journal(what).await).pop().unwrap();
        assert_eq!(line.edit, Some(seen.seq), "{line:?}");
    }
    // What comes after it is another story.
    bench.edit_deal(&deal, FIELD, "300");
    bench.until("Notion has the next", 120, async || bench.cell(&page, "Amount") == json!("300")).await;
    let line = of_field(bench.journal(Happening::Wrote).await).pop().unwrap();
    assert!(line.edit > Some(seen.seq), "{line:?}");
}

#[tokio::test(start_paused = true)]
async fn what_the_program_itself_follows_is_no_reason_to_tell_anything() {
    let mut plan = Plan::default();
    plan.timing.crm_poll = std::time::Duration::from_secs(600);
    plan.timing.notion_poll = std::time::Duration::from_secs(600);
    plan.timing.sweep_every = std::time::Duration::from_secs(6 * 3600);
    let bench = Bench::settled(plan).await;
    bench.pass(3600).await;
    let own = bench.follow();
    let before = own.borrow().version;
    bench.pass(1800).await;
    let alone = own.borrow().version - before;
    assert!(alone < 100, "{alone} snapshots in half an hour in which nothing happened and nobody looked");
    let watching = bench.watched();
    let before = watching.borrow().version;
    bench.pass(1800).await;
    let watched = watching.borrow().version - before;
    assert!(watched >= 1_700, "somebody looks: {watched}");
    assert_eq!(own.borrow().version, watching.borrow().version);
}

#[tokio::test(start_paused = true)]
async fn a_pair_tells_what_it_maps_and_by_which_rules() {
    let bench = Bench::settled(Plan::default()).await;
    let Rows::Mappings(rows) = bench.list(List::Mapping { pair: "deals".into() }).await else { panic!() };
    let amount = rows[0].fields.iter().find(|field| field.notion == "Amount").unwrap();
    assert_eq!((amount.crm.as_str(), amount.direction.as_str(), amount.policy.as_str()), (FIELD, "<->", "hold"));
    assert!(rows[0].facts.iter().any(|(name, text)| name == "CRM entity" && text == "deal"), "{:?}", rows[0].facts);
}

#[tokio::test(start_paused = true)]
async fn a_counterpart_is_suggested_with_reasons_and_found_by_a_few_letters() {
    let bench = Bench::settled(Plan::default()).await;
    let set = [("NAME", json!("Grace")), ("LAST_NAME", json!("Hopper")), ("EMAIL", json!("grace@navy.example"))];
    bench.add_crm(Entity::Contact, &set);
    let page = bench.add_page("contacts", &[("Name", json!("Grace Hoper")), ("Email", json!("other@yale.example"))]);
    let orphans = async || match bench.list(List::Orphans).await {
        Rows::Orphans(rows) => rows,
        _ => Vec::new(),
    };
    let there = async || orphans().await.iter().any(|row| row.record.id.as_str() == page);
    if !there().await {
        bench
            .until("the page is an orphan, or has a counterpart", 600, async || {
                there().await || bench.record_of("contacts", &page).await.is_some()
            })
            .await;
    }
    // Where the pair creates by itself there is no orphan: suggestions are asked for all the same.
    let of = crosstie::model::RecordRef { pair: "contacts".into(), side: Side::Notion, id: page.as_str().into() };
    let Rows::Candidates(rows) =
        bench.query(Query { limit: 5, filter: "grhop".into(), ..Query::all(List::Candidates { of }) }).await.rows
    else {
        panic!()
    };
    assert!(rows[0].title.contains("Grace"), "letters in their order find it: {rows:?}");
}

#[tokio::test(start_paused = true)]
async fn how_long_changes_take_is_measured_and_kept_over_time() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    let before = bench.snapshot().latency.count;
    bench.edit_deal(&deal, FIELD, "4711");
    bench.until("it is written", 120, async || bench.cell(&page, "Amount") == json!("4711")).await;
    bench.settle().await;
    bench.pass(30).await;
    let snapshot = bench.snapshot();
    assert!(snapshot.latency.count > before, "{:?}", snapshot.latency);
    let written: u32 = snapshot.quarter.iter().map(|sample| sample.written.notion).sum();
    assert!(written >= 1 && snapshot.day.iter().map(|sample| sample.written.notion).sum::<u32>() >= written);
}

#[tokio::test(start_paused = true)]
async fn what_would_become_of_a_decision_is_told_and_nothing_is_done() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, page) = quarrel(&bench).await;
    let id = deal_hold(&deal, FIELD);
    let shown = bench.shown(&id).await;
    let stage = |text: &str| Resolution::Set { id: id.clone(), shown: shown.clone(), text: text.to_owned() };
    let moved = Resolution::Keep { id: id.clone(), shown: Shown { crm: "x".into(), ..shown.clone() } };
    let gone = Resolution::Keep { id: deal_hold(&deal, "TITLE"), shown: shown.clone() };
    let force = |side| Resolution::Force { id: id.clone(), shown: shown.clone(), side };
    let items = vec![force(Side::Crm), force(Side::Notion), stage("200"), stage("300"), stage("lots"), moved, gone];
    let before = (bench.claims().await.decisions, bench.writes().len());
    let query = Query { limit: 500, ..Query::all(List::Preview { items }) };
    let Rows::Previews(rows) = bench.query(query).await.rows else { panic!() };
    let to = |side, text: &str| Foretold { side, text: text.into() };
    let taken = |writes: &[Foretold]| Fate::Taken { writes: writes.to_vec(), waits: String::new() };
    let fates: Vec<Fate> = rows.into_iter().map(|row| row.fate).collect();
    assert_eq!(fates[0], taken(&[to(Side::Notion, "100")]));
    assert_eq!(fates[1], taken(&[to(Side::Crm, "200")]));
    assert_eq!(fates[2], taken(&[to(Side::Crm, "200")]), "Notion holds it already");
    assert_eq!(fates[3], taken(&[to(Side::Crm, "300"), to(Side::Notion, "300")]));
    assert!(matches!(&fates[4], Fate::Refused { why } if why.contains("lots")), "{:?}", fates[4]);
    assert_eq!((&fates[5], &fates[6]), (&Fate::Changed, &Fate::Changed));
    bench.pass(60).await;
    assert_eq!((bench.claims().await.decisions, bench.writes().len()), before, "nothing was decided or written");
    // What is paused is taken, and waits.
    bench.done(Command::Pause { pair: "deals".into() }).await;
    let query = Query { limit: 500, ..Query::all(List::Preview { items: vec![force(Side::Crm)] }) };
    let Rows::Previews(rows) = bench.query(query).await.rows else { panic!() };
    assert!(matches!(&rows[0].fate, Fate::Taken { waits, .. } if waits.contains("paused")), "{:?}", rows[0]);
    assert_eq!(bench.cell(&page, "Amount"), json!("200"));
}

#[tokio::test(start_paused = true)]
async fn a_decision_about_a_field_that_goes_one_way_is_refused_before_it_is_taken() {
    let plan = Plan {
        pairs: |pairs| {
            for field in pairs.iter_mut().flat_map(|pair| &mut pair.fields).filter(|field| field.key.as_str() == FIELD)
            {
                field.direction = crosstie::mapping::Direction::CrmToNotion;
            }
        },
        ..Plan::default()
    };
    let bench = Bench::settled(plan).await;
    let (deal, page) = bench.deal().await;
    // A write that is undone leaves even such a field to a person.
    bench.edit_deal(&deal, FIELD, "4711");
    bench.until("it was written", 300, async || bench.cell(&page, "Amount") == json!("4711")).await;
    let wrote = bench.journal(crosstie::model::Happening::Wrote).await;
    let event = wrote.iter().rev().find(|event| event.field.as_ref().is_some_and(|key| key.as_str() == FIELD)).unwrap();
    bench.done(Command::Undo { event: event.seq, both: false }).await;
    let id = deal_hold(&deal, FIELD);
    bench.until("it is held", 300, async || bench.hold(&id).await.is_some()).await;
    bench.settle().await;
    let shown = bench.shown(&id).await;
    let force = Resolution::Force { id: id.clone(), shown: shown.clone(), side: Side::Notion };
    let set = Resolution::Set { id: id.clone(), shown, text: "9".into() };
    for item in [force, set] {
        let query = Query { limit: 500, ..Query::all(List::Preview { items: vec![item.clone()] }) };
        let Rows::Previews(rows) = bench.query(query).await.rows else { panic!() };
        assert!(matches!(&rows[0].fate, Fate::Refused { why } if why.contains("one way only")), "{:?}", rows[0]);
        let reply = bench.command(Command::Resolve { items: vec![item] }).await;
        assert!(matches!(reply, Reply::Refused { .. }), "{reply:?}");
    }
}
