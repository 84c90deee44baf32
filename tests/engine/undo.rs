//! A write of ours can be taken back while nobody has touched it since, and the field then waits for a person.

use crosstie::control::{Command, List, Reply, Resolution, Rows};
use crosstie::model::{Event, FieldKey, Happening, RecordId, Side, Value, Why};
use crosstie::standin::bitrix24::Entity;
use serde_json::{Value as Json, json};

use crate::harness::{BORIS, Bench, Plan, deal_hold};
use crate::wire::Fate;

const FIELD: &str = "OPPORTUNITY";

/// A deal whose amount Anna has set to 4711 in the CRM, which we have written to its page.
async fn written() -> (Bench, String, String, Json, Event) {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    let before = bench.cell(&page, "Amount");
    bench.edit_deal(&deal, FIELD, "4711");
    bench.until("it is written", 120, async || bench.cell(&page, "Amount") == json!("4711")).await;
    bench.settle().await;
    let write = last_write(&bench).await;
    assert_eq!(write.side, Some(Side::Notion));
    bench.forget_calls();
    (bench, deal, page, before, write)
}

async fn last_write(bench: &Bench) -> Event {
    let writes = bench.journal(Happening::Wrote).await;
    writes.into_iter().rfind(|event| event.field.as_ref().is_some_and(|key| key.as_str() == FIELD)).unwrap()
}

fn undo(event: &Event) -> Command {
    Command::Undo { event: event.seq, both: false }
}

async fn refused(bench: &Bench, command: Command) -> String {
    match bench.command(command).await {
        Reply::Refused { why } => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn an_undone_write_is_restored_and_its_field_held_for_good() {
    let (bench, deal, page, before, write) = written().await;
    let base = async || {
        let mut ties = bench.claims().await.ties.into_iter();
        let tie = ties.find(|tie| tie.pair.as_str() == "deals" && tie.crm.as_str() == deal).unwrap();
        let base = tie.base[&FieldKey::from(FIELD)].clone();
        (Some(base.crm), Some(base.notion))
    };
    assert_eq!(base().await, (write.after.clone(), write.after.clone()));
    bench.done(undo(&write)).await;
    bench.until("it is back", 60, async || bench.cell(&page, "Amount") == before).await;
    let again = refused(&bench, undo(&write)).await;
    assert!(again.contains("undone already"), "nobody else has set it: {again}");
    // Sweeps, increments and whatever else there is change nothing.
    bench.pass(3 * 3600).await;
    assert_eq!((bench.cell(&page, "Amount"), bench.deal_field(&deal, FIELD)), (before, json!("4711")));
    assert_eq!(bench.writes().len(), 1, "{:#?}", bench.writes());
    let hold = bench.hold(&deal_hold(&deal, FIELD)).await.unwrap();
    assert!(
        matches!(&hold.why, Why::Undone { side: Side::Notion, who, event, .. } if who == "anna" && *event == write.seq)
    );
    // Anna's 4711 counts as changed since: nothing will ever be written over it in silence.
    assert_eq!(base().await, (write.before.clone(), write.before.clone()));
    let told = bench.journal(Happening::Undone).await;
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].who.as_str(), &told[0].before, &told[0].after), ("anna", &write.after, &write.before));
}

#[tokio::test(start_paused = true)]
async fn an_undone_field_can_be_written_again_or_left_as_it_is() {
    for keep in [false, true] {
        let (bench, deal, page, before, write) = written().await;
        bench.done(undo(&write)).await;
        bench.until("it is back", 60, async || bench.cell(&page, "Amount") == before).await;
        bench.settle().await;
        let id = deal_hold(&deal, FIELD);
        let shown = bench.shown(&id).await;
        let item = match keep {
            true => Resolution::Keep { id: id.clone(), shown },
            false => Resolution::Force { id: id.clone(), shown, side: Side::Crm },
        };
        bench.done(Command::Resolve { items: vec![item] }).await;
        bench.settle().await;
        assert_eq!(bench.cell(&page, "Amount"), if keep { before } else { json!("4711") });
        assert_eq!(bench.deal_field(&deal, FIELD), json!("4711"));
        assert!(bench.hold(&id).await.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn an_undone_field_that_was_kept_is_a_conflict_when_one_side_moves_on() {
    for moving in Side::BOTH {
        let (bench, deal, page, before, write) = written().await;
        bench.done(undo(&write)).await;
        bench.until("it is back", 60, async || bench.cell(&page, "Amount") == before).await;
        bench.settle().await;
        let id = deal_hold(&deal, FIELD);
        let shown = bench.shown(&id).await;
        bench.done(Command::Resolve { items: vec![Resolution::Keep { id: id.clone(), shown }] }).await;
        bench.settle().await;
        assert!(bench.hold(&id).await.is_none());
        bench.forget_calls();
        match moving {
            Side::Crm => bench.edit_deal(&deal, FIELD, "12"),
            Side::Notion => bench.edit_notion(&page, "Amount", 12),
        }
        bench.until("it is shown again", 120, async || bench.hold(&id).await.is_some()).await;
        bench.pass(3900).await;
        let hold = bench.hold(&id).await.unwrap();
        assert!(matches!(hold.why, Why::Conflict { .. }), "{moving} moved: {hold:#?}");
        assert!(bench.writes().is_empty(), "{moving} moved: {:#?}", bench.writes());
        let now = (bench.deal_field(&deal, FIELD), bench.cell(&page, "Amount"));
        let kept = if moving == Side::Crm { (json!("12"), before) } else { (json!("4711"), json!("12")) };
        assert_eq!(now, kept, "{moving} moved");
    }
}

#[tokio::test(start_paused = true)]
async fn undoing_both_sides_takes_the_edit_back_too_and_holds_nothing() {
    let (bench, deal, page, before, write) = written().await;
    bench.done(Command::Undo { event: write.seq, both: true }).await;
    bench.until("both are back", 60, async || bench.deal_field(&deal, FIELD) == before).await;
    bench.settle().await;
    assert_eq!(bench.cell(&page, "Amount"), before);
    assert_eq!(bench.writes().len(), 2, "{:#?}", bench.writes());
    assert!(bench.claims().await.holds.is_empty());
    let settled = bench.journal(Happening::Settled).await;
    assert_eq!(settled.len(), 1, "Anna's own value is in the journal");
    assert_eq!((settled[0].side, &settled[0].before), (Some(Side::Crm), &Some(Value::number(4711.into()))));
    // The two agree again: the next edit crosses as ever.
    bench.edit_notion(&page, "Amount", 5);
    bench.until("it crosses", 120, async || bench.deal_field(&deal, FIELD) == json!("5")).await;
}

#[tokio::test(start_paused = true)]
async fn an_undo_is_taken_back_by_its_own_line_and_the_side_that_kept_the_value_is_not_written() {
    let (bench, deal, page, before, write) = written().await;
    bench.done(undo(&write)).await;
    bench.until("it is back", 60, async || bench.cell(&page, "Amount") == before).await;
    bench.settle().await;
    let back = last_write(&bench).await;
    assert_eq!((&back.before, &back.after), (&write.after, &write.before));
    bench.forget_calls();
    bench.done(Command::Undo { event: back.seq, both: true }).await;
    bench.until("it is there again", 60, async || bench.cell(&page, "Amount") == json!("4711")).await;
    bench.pass(3 * 3600).await;
    assert_eq!((bench.cell(&page, "Amount"), bench.deal_field(&deal, FIELD)), (json!("4711"), json!("4711")));
    assert_eq!(bench.writes().len(), 1, "{:#?}", bench.writes());
    assert_eq!(bench.hold(&deal_hold(&deal, FIELD)).await, None);
}

#[tokio::test(start_paused = true)]
async fn what_somebody_changed_since_is_not_undone() {
    let (bench, deal, page, _, write) = written().await;
    bench.edit_notion(&page, "Amount", 77);
    bench.until("it crosses", 120, async || bench.deal_field(&deal, FIELD) == json!("77")).await;
    bench.settle().await;
    let why = refused(&bench, undo(&write)).await;
    assert!(why.contains("77"), "{why}");
    // Even if they came back to what we had written: somebody wants that value.
    bench.edit_notion(&page, "Amount", 4711);
    bench.until("it crosses", 120, async || bench.deal_field(&deal, FIELD) == json!("4711")).await;
    bench.settle().await;
    refused(&bench, undo(&write)).await;
    assert!(bench.journal(Happening::Undone).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_value_that_the_pre_read_shows_changed_is_not_overwritten_by_an_undo() {
    let (bench, deal, page, _, write) = written().await;
    let (notion, edited, clock) = (bench.wires.notion.clone(), page.clone(), bench.wires.clock.clone());
    let mut first = true;
    bench.faults(move |call| {
        if first && call.side == Side::Notion && call.reads(&edited) {
            first = false;
            let now = crosstie::seam::WallClock::now(&*clock);
            notion.lock().unwrap().person_edit(now, BORIS, &edited, &[("Amount", json!(88))]).unwrap();
        }
        Fate::Pass
    });
    bench.done(undo(&write)).await;
    bench.settle().await;
    assert_eq!(bench.cell(&page, "Amount"), json!("88"));
    bench.until("it crosses as any edit", 120, async || bench.deal_field(&deal, FIELD) == json!("88")).await;
    let lapsed = bench.journal(Happening::Lapsed).await;
    assert_eq!(lapsed.len(), 1, "{lapsed:#?}");
    assert!(lapsed[0].who == "anna" && lapsed[0].note.contains("88"), "{lapsed:#?}");
    assert!(bench.hold(&deal_hold(&deal, FIELD)).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn an_undo_survives_a_restart_between_the_command_and_its_write() {
    let (mut bench, deal, page, before, write) = written().await;
    bench.done(undo(&write)).await;
    assert!(bench.writes().is_empty());
    bench.crash().await;
    assert_eq!(bench.cell(&page, "Amount"), json!("4711"));
    bench.start().await;
    bench.until("it is back", 120, async || bench.cell(&page, "Amount") == before).await;
    bench.crash().await;
    bench.start().await;
    bench.settle().await;
    bench.pass(7200).await;
    assert_eq!((bench.cell(&page, "Amount"), bench.deal_field(&deal, FIELD)), (before, json!("4711")));
    assert!(bench.hold(&deal_hold(&deal, FIELD)).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn an_undo_whose_answer_is_lost_is_not_written_twice() {
    let (bench, deal, page, before, write) = written().await;
    bench.once(|call| call.side == Side::Notion && call.is_update(), Fate::LostAnswer);
    bench.done(undo(&write)).await;
    bench.until("it is back", 60, async || bench.cell(&page, "Amount") == before).await;
    bench.settle().await;
    bench.pass(3600).await;
    assert_eq!(bench.writes().len(), 1);
    assert!(bench.hold(&deal_hold(&deal, FIELD)).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn half_an_undo_gives_way_to_an_edit_of_the_side_that_got_its_value_back_first() {
    let (bench, deal, page, before, write) = written().await;
    let path = format!("/v1/pages/{page}");
    bench.faults(move |call| if call.is_update() && call.path == path { Fate::NotSent } else { Fate::Pass });
    bench.done(Command::Undo { event: write.seq, both: true }).await;
    bench.until("one side is back", 60, async || bench.deal_field(&deal, FIELD) == before).await;
    bench.edit_deal(&deal, FIELD, "99");
    bench.until("it has lapsed", 300, async || !bench.journal(Happening::Lapsed).await.is_empty()).await;
    bench.no_faults();
    bench.until("the edit crosses", 600, async || bench.cell(&page, "Amount") == json!("99")).await;
    bench.settle().await;
    assert_eq!(bench.deal_field(&deal, FIELD), json!("99"));
}

#[tokio::test(start_paused = true)]
async fn both_sides_made_equal_by_hand_end_an_undo() {
    let (bench, deal, page, before, write) = written().await;
    bench.done(undo(&write)).await;
    bench.until("it is back", 60, async || bench.cell(&page, "Amount") == before).await;
    bench.settle().await;
    bench.edit_notion(&page, "Amount", 4711);
    bench.until("nothing is held", 120, async || bench.claims().await.holds.is_empty()).await;
    bench.edit_deal(&deal, FIELD, "12");
    bench.until("edits cross again", 120, async || bench.cell(&page, "Amount") == json!("12")).await;
}

#[tokio::test(start_paused = true)]
async fn only_a_write_that_is_there_can_be_undone_and_the_refusal_says_why() {
    let (bench, deal, page, _, write) = written().await;
    let why = refused(&bench, Command::Undo { event: 1_000_000, both: false }).await;
    assert!(why.contains("no line 1000000"), "{why}");
    let created = bench.journal(Happening::Created).await.remove(0);
    assert!(refused(&bench, undo(&created)).await.contains("creation"));
    let seen = bench.journal(Happening::Seen).await.remove(0);
    assert!(refused(&bench, undo(&seen)).await.contains("no write"));
    let led = |event: &Event| event.field == write.field && event.crm == write.crm;
    let seen = bench.journal(Happening::Seen).await.into_iter().rfind(led).unwrap();
    let why = refused(&bench, undo(&seen)).await;
    assert!(why.contains(&format!("line {} is the newest one of this field", write.seq)), "{why}");
    let rows = async || match bench.list(List::Journal).await {
        Rows::Journal(rows) => rows,
        other => panic!("{other:?}"),
    };
    let row = rows().await.into_iter().find(|row| row.event.seq == write.seq).unwrap();
    assert!(row.undoable && row.not_undoable.is_empty());
    bench.trash_page(&page);
    let untied = async || bench.page_of("deals", &deal).await.is_none();
    bench.until("the tie has ended", 7200, untied).await;
    assert!(refused(&bench, undo(&write)).await.contains("no longer tied"));
    let row = rows().await.into_iter().find(|row| row.event.seq == write.seq).unwrap();
    assert!(!row.undoable && row.not_undoable.contains("no longer tied"), "{row:?}");
    assert!(bench.ids(Entity::Deal).contains(&RecordId::from(deal.as_str()).0));
}
