//! When much changes or goes away at once: the pair's writes stop, and a person is asked once.

use crosstie::control::{Command, List, PairState, Reply, Rows};
use crosstie::mapping::Delete;
use crosstie::model::{Happening, Side, Why};
use crosstie::standin::bitrix24::Entity;
use serde_json::json;

use crate::harness::{BORIS, Bench, Plan};
use crate::wire::{Call, Fate};

fn many() -> Plan {
    Plan { office: (16, 0, 16, 0), ..Plan::default() }
}

fn crowd() -> Plan {
    Plan { office: (30, 0, 30, 0), ..Plan::default() }
}

fn propagating() -> Plan {
    Plan { pairs: |pairs| pairs.iter_mut().for_each(|pair| pair.delete = Delete::Propagate), ..many() }
}

/// A bench whose contacts all have a phone number on both sides.
async fn with_phones(plan: Plan) -> Bench {
    let bench = Bench::new(plan);
    for (at, contact) in bench.ids(Entity::Contact).into_iter().enumerate() {
        let phone = json!(format!("+49301000{at:03}"));
        if bench.held(Entity::Contact, &contact, "PHONE") != phone {
            bench.edit_crm(Entity::Contact, &contact, &[("PHONE", phone.clone())]);
        }
        let email = bench.held(Entity::Contact, &contact, "EMAIL");
        let page = bench.pages("contacts").into_iter().find(|page| bench.cell(page, "Email") == email);
        bench.edit_notion(&page.unwrap(), "Phone", phone);
    }
    let mut bench = bench;
    bench.start().await;
    bench.settle().await;
    bench.pass(120).await;
    bench.forget_calls();
    bench
}

fn phones(bench: &Bench) -> usize {
    let ids = bench.ids(Entity::Contact);
    ids.iter().filter(|id| !bench.held(Entity::Contact, id, "PHONE").as_str().unwrap_or_default().is_empty()).count()
}

fn rename(bench: &Bench, contact: &str, at: usize) {
    bench.edit_crm(Entity::Contact, contact, &[("NAME", json!(format!("Renamed {at}")))]);
}

#[tokio::test(start_paused = true)]
async fn many_pages_trashed_at_once_stop_the_pair_before_anything_follows_them() {
    let bench = Bench::settled(propagating()).await;
    for page in bench.pages("contacts").into_iter().take(13) {
        bench.trash_page(&page);
    }
    bench.pass(3700).await;
    assert_eq!(bench.ids(Entity::Contact).len(), 16, "contacts were deleted without asking");
    assert!(matches!(bench.state("contacts"), PairState::Guarded { .. }), "{:?}", bench.state("contacts"));
}

#[tokio::test(start_paused = true)]
async fn many_contacts_deleted_at_once_stop_the_pair_and_an_override_lets_that_plan_happen() {
    let bench = Bench::settled(many()).await;
    for contact in bench.ids(Entity::Contact).into_iter().take(13) {
        bench.delete_crm(Entity::Contact, &contact);
    }
    let (what, plan) = bench.guarded("contacts", 3800).await;
    assert!(what.contains("lacks 13 of 16"), "{what}");
    assert_eq!(bench.claims().await.ties.len(), 16);
    bench.pass(300).await;
    let (_, later) = bench.guarded("contacts", 1).await;
    assert_eq!(later, plan, "the same question, however far it was looked into");
    bench.done(Command::Override { pair: "contacts".into(), plan }).await;
    bench.until("the ties end", 60, async || bench.claims().await.ties.len() == 3).await;
    bench.pass(3).await;
    assert_eq!(bench.state("contacts"), PairState::Running);
    assert_eq!(bench.pages("contacts").len(), 16, "untied pages stay");
    assert_eq!(bench.claims().await.orphans.len(), 13);
}

#[tokio::test(start_paused = true)]
async fn one_field_emptied_on_many_is_asked_about_and_the_answer_covers_that_and_nothing_else() {
    let bench = with_phones(crowd()).await;
    let pages = bench.pages("contacts");
    for page in pages.iter().take(12) {
        bench.edit_notion(page, "Phone", json!(null));
    }
    let (what, plan, count) = bench.counted("contacts", 60).await;
    assert_eq!(count, 12, "whoever lets it happen is asked for that number");
    assert!(what.contains("PHONE was emptied in Notion on 12 of 30 ties"), "{what}");
    bench.pass(600).await;
    assert_eq!(phones(&bench), 30, "nothing is written before somebody has looked");
    assert!(bench.writes().is_empty());
    // An edit of a later cycle waits too, and is no part of the question.
    let contact = bench.ids(Entity::Contact)[29].clone();
    rename(&bench, &contact, 29);
    bench.pass(60).await;
    let seen = bench.journal(Happening::Seen).await;
    assert!(seen.iter().any(|event| event.crm.as_ref().is_some_and(|it| it.as_str() == contact)), "observing goes on");
    assert!(bench.writes().is_empty());
    bench.done(Command::Override { pair: "contacts".into(), plan: plan.clone() }).await;
    bench.settle().await;
    assert_eq!(phones(&bench), 18);
    // The same again is another plan.
    for page in pages.iter().skip(12).take(12) {
        bench.edit_notion(page, "Phone", json!(null));
    }
    let (_, another) = bench.guarded("contacts", 60).await;
    assert_ne!(another, plan);
    bench.pass(120).await;
    assert_eq!(phones(&bench), 18, "an override is spent when it was used");
}

#[tokio::test(start_paused = true)]
async fn a_number_that_the_crm_shows_as_zero_counts_as_emptied() {
    let bench = Bench::settled(Plan { office: (3, 30, 30, 0), ..Plan::default() }).await;
    let deals = bench.ids(Entity::Deal);
    for (at, deal) in deals.iter().enumerate() {
        bench.edit_deal(deal, "OPPORTUNITY", (1000 + at).to_string());
        bench.pass(15).await;
    }
    bench.settle().await;
    bench.forget_calls();
    for deal in deals.iter().take(12) {
        bench.edit_deal(deal, "OPPORTUNITY", "");
    }
    let (what, _) = bench.guarded("deals", 60).await;
    assert!(what.contains("OPPORTUNITY was emptied in CRM on 12 of 30 ties"), "{what}");
    bench.pass(300).await;
    assert!(bench.writes().is_empty(), "{:#?}", bench.writes());
}

#[tokio::test(start_paused = true)]
async fn a_record_that_is_missing_for_now_lets_no_question_go() {
    let bench = Bench::settled(propagating()).await;
    let contacts = bench.ids(Entity::Contact);
    let mut pages = Vec::new();
    for contact in &contacts {
        pages.push(bench.page_of("contacts", contact).await.unwrap());
    }
    for page in pages.iter().take(13) {
        bench.trash_page(page);
    }
    bench.guarded("contacts", 3800).await;
    let told = async || bench.guarded("contacts", 1).await.0.contains("13 would be put into the trash of CRM");
    bench.until("it is told what would follow", 300, told).await;
    bench.delete_crm(Entity::Contact, &contacts[15]);
    bench.pass(2 * 3700).await;
    let released = bench.journal(Happening::Released).await;
    assert!(released.iter().all(|event| event.crm.is_some()), "the pair was let go unasked: {released:#?}");
    assert_eq!(bench.ids(Entity::Contact).len(), 15);
    assert!(bench.writes().is_empty(), "{:#?}", bench.writes());
}

#[tokio::test(start_paused = true)]
async fn an_override_of_departures_ends_once_they_have_happened() {
    let bench = Bench::settled(many()).await;
    let contacts = bench.ids(Entity::Contact);
    let mut pages = Vec::new();
    for contact in &contacts {
        pages.push(bench.page_of("contacts", contact).await.unwrap());
    }
    let trash = || pages.iter().take(13).for_each(|page| bench.trash_page(page));
    trash();
    let (what, plan) = bench.guarded("contacts", 3800).await;
    assert!(!what.contains("trash of"), "{what}");
    bench.done(Command::Override { pair: "contacts".into(), plan }).await;
    bench.until("the ties end", 60, async || bench.claims().await.ties.len() == 3).await;
    bench.pass(120).await;
    for page in pages.iter().take(13) {
        bench.wires.notion.lock().unwrap().person_restore(bench.now(), BORIS, page).unwrap();
    }
    bench.until("they are tied again", 300, async || bench.claims().await.ties.len() == 16).await;
    bench.settle().await;
    trash();
    bench.guarded("contacts", 1200).await;
    assert_eq!(bench.claims().await.ties.len(), 16, "the answer of before covers it no more");
}

#[tokio::test(start_paused = true)]
async fn an_override_for_a_plan_that_others_joined_is_not_taken() {
    let bench = with_phones(crowd()).await;
    let pages = bench.pages("contacts");
    bench.pass(1).await;
    for page in pages.iter().take(12) {
        bench.edit_notion(page, "Phone", json!(null));
    }
    let (_, old) = bench.guarded("contacts", 60).await;
    for page in pages.iter().skip(12).take(12) {
        bench.edit_notion(page, "Phone", json!(null));
    }
    bench.pass(60).await;
    let reply = bench.command(Command::Override { pair: "contacts".into(), plan: old }).await;
    assert!(matches!(reply, Reply::Changed { .. }), "{reply:?}");
    let (what, plan) = bench.guarded("contacts", 1).await;
    bench.done(Command::Override { pair: "contacts".into(), plan }).await;
    bench.settle().await;
    assert_eq!(phones(&bench), 6, "{what}");
}

#[tokio::test(start_paused = true)]
async fn many_edits_in_one_cycle_are_asked_about_and_the_hold_ends_when_they_are_taken_back() {
    let bench = Bench::settled(crowd()).await;
    let contacts = bench.ids(Entity::Contact);
    let names: Vec<_> = contacts.iter().map(|id| bench.held(Entity::Contact, id, "NAME")).collect();
    for (at, contact) in contacts.iter().enumerate().take(24) {
        rename(&bench, contact, at);
    }
    let (what, _) = bench.guarded("contacts", 60).await;
    assert!(what.contains("24 of 30 ties changed in CRM"), "{what}");
    bench.pass(300).await;
    assert!(bench.writes().is_empty());
    for (contact, name) in contacts.iter().zip(names).take(24) {
        bench.edit_crm(Entity::Contact, contact, &[("NAME", name)]);
    }
    bench.until("nothing is held", 60, async || bench.claims().await.holds.is_empty()).await;
    bench.settle().await;
    assert!(bench.writes().is_empty(), "{:#?}", bench.writes());
}

#[tokio::test(start_paused = true)]
async fn what_a_guard_held_is_still_held_after_a_restart() {
    let mut bench = Bench::settled(crowd()).await;
    for (at, contact) in bench.ids(Entity::Contact).iter().enumerate().take(24) {
        rename(&bench, contact, at);
    }
    bench.guarded("contacts", 60).await;
    bench.crash().await;
    bench.start().await;
    bench.pass(120).await;
    assert!(bench.writes().is_empty(), "a restart lets nothing pass");
    let (_, plan) = bench.guarded("contacts", 60).await;
    bench.done(Command::Override { pair: "contacts".into(), plan }).await;
    bench.settle().await;
    assert_eq!(bench.writes().len(), 24);
}

#[tokio::test(start_paused = true)]
async fn many_edits_while_the_engine_was_down_are_one_cycle() {
    let mut bench = Bench::settled(crowd()).await;
    bench.shut_down().await;
    for (at, contact) in bench.ids(Entity::Contact).iter().enumerate().take(24) {
        rename(&bench, contact, at);
    }
    bench.start().await;
    bench.guarded("contacts", 60).await;
    assert!(bench.writes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn small_pairs_and_slow_work_are_not_bothered() {
    let bench = Bench::settled(many()).await;
    let contacts = bench.ids(Entity::Contact);
    for (at, contact) in contacts.iter().enumerate() {
        rename(&bench, contact, at);
    }
    bench.settle().await;
    assert_eq!(bench.writes().len(), 16);
    for contact in contacts.iter().take(9) {
        bench.delete_crm(Entity::Contact, contact);
    }
    bench.pass(3800).await;
    assert_eq!(bench.claims().await.ties.len(), 7);
    let held = bench.journal(Happening::Held).await;
    assert!(held.iter().all(|event| event.crm.is_some()), "{held:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_listing_that_shows_nothing_any_more_takes_nothing_for_deleted() {
    let bench = Bench::settled(propagating()).await;
    let source = bench.source("contacts");
    let empty =
        json!({"object": "list", "results": [], "has_more": false, "next_cursor": null, "type": "page_or_data_source"});
    bench.faults(move |call: &Call| {
        let listing = call.side == Side::Notion && call.is_listing() && call.holds(&source);
        if listing { Fate::Instead(crosstie::seam::Response::json(200, &empty)) } else { Fate::Pass }
    });
    let (what, _) = bench.guarded("contacts", 3800).await;
    assert!(what.contains("lacks 16 of 16"), "{what}");
    // Every page is there when it is asked for by id, so the cause has gone by itself.
    bench.until("the hold ends", 300, async || bench.claims().await.holds.is_empty()).await;
    assert_eq!(bench.claims().await.ties.len(), 16);
    assert!(bench.writes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn pages_that_are_no_longer_shared_are_access_lost_and_come_back() {
    let bench = Bench::settled(propagating()).await;
    let pages = bench.pages("contacts");
    for page in &pages {
        bench.wires.notion.lock().unwrap().unshare(page);
    }
    bench.guarded("contacts", 3800).await;
    bench.pass(3_700).await;
    let claims = bench.claims().await;
    assert_eq!((claims.ties.len(), claims.tombstones.len()), (16, 0), "nothing is taken for deleted");
    let (what, _) = bench.guarded("contacts", 1).await;
    assert!(what.contains("16 records of Notion are not found by id"), "{what}");
    for page in &pages {
        bench.wires.notion.lock().unwrap().share(page);
    }
    bench.until("the pair goes on", 3800, async || bench.state("contacts") == PairState::Running).await;
    bench.until("the hold ends", 60, async || bench.claims().await.holds.is_empty()).await;
    bench.settle().await;
    assert_eq!(bench.ids(Entity::Contact).len(), 16);
    assert!(bench.writes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_review_tells_of_the_markers_of_another_host_before_it_is_approved() {
    let mut bench = Bench::settled(Plan::default()).await;
    bench.shut_down().await;
    bench.forget_everything();
    bench.timing.review = true;
    bench.start().await;
    let waits = async || matches!(bench.state("contacts"), PairState::Review { .. });
    bench.until("it is reviewed", 60, waits).await;
    let state = bench.state("contacts");
    assert!(matches!(state, PairState::Review { sure: 1.., marked: 1.., .. }), "{state:?}");
    assert!(state.counts().unwrap().contains("stop that one first"), "{state:?}");
    let reply = bench.command(Command::Approve { pair: "contacts".into() }).await;
    assert!(matches!(&reply, Reply::Done { note } if note.contains("a guard asks")), "{reply:?}");
    bench.guarded("contacts", 60).await;
}

#[tokio::test(start_paused = true)]
async fn markers_that_a_store_does_not_know_stop_a_second_host() {
    let mut bench = Bench::settled(Plan::default()).await;
    bench.shut_down().await;
    bench.forget_everything();
    bench.start().await;
    let (what, plan) = bench.guarded("contacts", 60).await;
    assert!(what.contains("carry our markers and this store knows no ties"), "{what}");
    bench.pass(300).await;
    assert!(bench.writes().is_empty() && bench.claims().await.ties.is_empty());
    bench.done(Command::Override { pair: "contacts".into(), plan }).await;
    let (_, plan) = bench.guarded("deals", 60).await;
    bench.done(Command::Override { pair: "deals".into(), plan }).await;
    bench.settle().await;
    assert_eq!(bench.claims().await.ties.len(), 5);
    assert!(bench.creates().is_empty(), "{:#?}", bench.creates());
}

#[tokio::test(start_paused = true)]
async fn several_guards_are_one_question() {
    let bench = with_phones(crowd()).await;
    let pages = bench.pages("contacts");
    for page in pages.iter().take(12) {
        bench.edit_notion(page, "Phone", json!(null));
    }
    for page in pages.iter().skip(12).take(12) {
        bench.wires.notion.lock().unwrap().person_trash(bench.now(), BORIS, page).unwrap();
    }
    bench.guarded("contacts", 60).await;
    let both = async || {
        let (what, _) = bench.guarded("contacts", 1).await;
        what.contains("was emptied") && what.contains("would end")
    };
    bench.until("both are told", 3800, both).await;
    let holds = bench.claims().await.holds;
    assert_eq!(holds.iter().filter(|hold| matches!(hold.why, Why::MassChange { .. })).count(), 1);
    let (_, plan) = bench.guarded("contacts", 1).await;
    bench.done(Command::Override { pair: "contacts".into(), plan }).await;
    bench.until("it has happened", 120, async || bench.claims().await.ties.len() == 18).await;
    bench.settle().await;
    assert_eq!(phones(&bench), 18);
}

#[tokio::test(start_paused = true)]
async fn the_mapping_tells_each_guards_limit_and_how_close_it_is_and_the_pairs_filter() {
    let plan = Plan {
        office: (30, 3, 30, 0),
        pairs: |pairs| {
            let contacts = pairs.iter_mut().find(|pair| pair.name.as_str() == "contacts").unwrap();
            contacts.filters.crm = Some(serde_json::json!({"!LAST_NAME": "Nobody"}));
        },
        ..Plan::default()
    };
    let bench = Bench::settled(plan).await;
    let facts = async |pair: &str| {
        let Rows::Mappings(rows) = bench.list(List::Mapping { pair: pair.into() }).await else { panic!() };
        rows[0].facts.clone()
    };
    let fact = async |pair: &str, name: &str| {
        let facts = facts(pair).await;
        facts.iter().find(|(fact, _)| fact == name).map(|(_, text)| text.clone())
    };
    assert_eq!(fact("contacts", "only CRM records with").await, Some("{\"!LAST_NAME\":\"Nobody\"}".to_owned()));
    assert_eq!(fact("deals", "only CRM records with").await, None);
    let ends = fact("contacts", "guard: ties that end within an hour").await.unwrap();
    assert_eq!(ends, "0 now; stops above 10 (the larger of 10 and 5 % of 30)");
    let changes = fact("contacts", "guard: ties that change in one cycle").await.unwrap();
    assert_eq!(changes, "0 now; stops above 20 (the larger of 20 and 50 % of 30)");
    // Three ties end: so many fewer may still.
    for contact in bench.ids(Entity::Contact).into_iter().take(3) {
        bench.delete_crm(Entity::Contact, &contact);
    }
    let counted = async || fact("contacts", "guard: ties that end within an hour").await.unwrap().starts_with("3 now");
    bench.until("three are counted", 3_600, counted).await;
}
