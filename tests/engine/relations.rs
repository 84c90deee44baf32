//! Contacts of a deal: an edge shows on both sides, and what cannot be translated is carried through.

use std::time::Duration;

use crosstie::control::{Command, List, Reply, Resolution, Rows};
use crosstie::mapping::Create;
use crosstie::model::{Happening, Side, TieId, Why};
use crosstie::standin::bitrix24::Entity;
use serde_json::{Value as Json, json};

use crate::harness::{Bench, Plan, deal_hold, deal_tie};
use crate::wire::Fate;

pub fn contact_tie(contact: &str) -> TieId {
    TieId { pair: "contacts".into(), crm: contact.into() }
}

fn members(list: &Json) -> Vec<String> {
    list.as_array().into_iter().flatten().map(|it| it.as_str().unwrap().to_owned()).collect()
}

pub fn contacts_of(bench: &Bench, deal: &str) -> Vec<String> {
    members(&bench.deal_field(deal, "CONTACT_IDS"))
}

fn pages_of(bench: &Bench, page: &str) -> Vec<String> {
    members(&bench.cell(page, "Contacts"))
}

/// What an operator tells about a contact of a deal, whatever was shown of it.
pub fn relate(deal: &str, contact: &str, linked: bool) -> Command {
    Command::Relate {
        owner: deal_tie(deal),
        field: "CONTACT_IDS".into(),
        target: contact_tie(contact),
        linked,
        instead_of: None,
        shown: None,
    }
}

/// A contact that the deal is not linked with, and its page.
pub async fn stranger(bench: &Bench, deal: &str) -> (String, String) {
    let linked = contacts_of(bench, deal);
    let contact = bench.ids(Entity::Contact).into_iter().find(|id| !linked.contains(id)).unwrap();
    let page = bench.page_of("contacts", &contact).await.unwrap();
    (contact, page)
}

#[tokio::test(start_paused = true)]
async fn a_link_made_by_an_operator_shows_on_both_sides_and_so_does_its_removal() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    let (contact, person) = stranger(&bench, &deal).await;
    for linked in [true, false] {
        bench.done(relate(&deal, &contact, linked)).await;
        let shown = async || {
            contacts_of(&bench, &deal).contains(&contact) == linked
                && pages_of(&bench, &page).contains(&person) == linked
        };
        bench.until("both sides show it", 60, shown).await;
        bench.settle().await;
        let Rows::Relations(rows) = bench.list(List::Relations).await else { panic!() };
        let edge = rows.iter().find(|row| row.owner == deal_tie(&deal) && row.target == Some(contact_tie(&contact)));
        assert_eq!(edge.is_some_and(|row| row.on_crm && row.on_notion && !row.pending), linked);
    }
    assert!(bench.claims().await.holds.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_link_is_not_made_where_the_links_are_others_than_those_that_were_shown() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, _) = bench.deal().await;
    let row = async || {
        let Rows::Relations(rows) = bench.list(List::Relations).await else { panic!() };
        rows.iter().find(|row| row.owner == deal_tie(&deal)).unwrap().clone()
    };
    let seen = row().await.shown;
    let (first, _) = stranger(&bench, &deal).await;
    let relate = |contact: &str, shown| Command::Relate {
        owner: deal_tie(&deal),
        field: "CONTACT_IDS".into(),
        target: contact_tie(contact),
        linked: true,
        instead_of: None,
        shown,
    };
    bench.done(relate(&first, seen.clone())).await;
    bench.settle().await;
    let (second, _) = stranger(&bench, &deal).await;
    let reply = bench.command(relate(&second, seen)).await;
    assert!(matches!(&reply, Reply::Changed { note, .. } if note.contains("changed since you looked")), "{reply:?}");
    bench.settle().await;
    assert!(!contacts_of(&bench, &deal).contains(&second));
    bench.done(relate(&second, row().await.shown)).await;
    bench.settle().await;
    assert!(contacts_of(&bench, &deal).contains(&second));
}

#[tokio::test(start_paused = true)]
async fn links_made_one_after_the_other_before_any_is_written_all_come_true() {
    let bench = Bench::settled(Plan { office: (5, 1, 5, 0), ..Plan::default() }).await;
    let (deal, page) = bench.deal().await;
    let linked = contacts_of(&bench, &deal);
    let free: Vec<String> = bench.ids(Entity::Contact).into_iter().filter(|id| !linked.contains(id)).collect();
    let relate = |contact: &str, linked| relate(&deal, contact, linked);
    bench.done(relate(&free[0], true)).await;
    bench.done(relate(&free[1], true)).await;
    bench.done(relate(&linked[0], false)).await;
    bench.settle().await;
    let mut all = [&linked[1..], &free[..2]].concat();
    all.sort();
    assert_eq!(contacts_of(&bench, &deal), all);
    assert_eq!(pages_of(&bench, &page).len(), all.len());
    assert!(bench.claims().await.holds.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_link_made_while_the_relation_is_on_its_way_is_refused_and_not_forgotten() {
    let bench = Bench::settled(Plan { office: (5, 1, 5, 0), ..Plan::default() }).await;
    let (deal, _) = bench.deal().await;
    let linked = contacts_of(&bench, &deal);
    let free: Vec<String> = bench.ids(Entity::Contact).into_iter().filter(|id| !linked.contains(id)).collect();
    let relate = |contact: &str| relate(&deal, contact, true);
    bench.faults(|call| if call.is_write() { Fate::SlowAnswer(Duration::from_secs(5)) } else { Fate::Pass });
    bench.done(relate(&free[0])).await;
    bench.until("it is on its way", 60, async || !bench.writes().is_empty()).await;
    let Reply::Refused { why } = bench.command(relate(&free[1])).await else { panic!("promised too much") };
    assert!(why.contains("just being written"), "{why}");
    bench.no_faults();
    bench.settle().await;
    bench.done(relate(&free[1])).await;
    bench.settle().await;
    let mut all = [linked, free[..2].to_vec()].concat();
    all.sort();
    assert_eq!(contacts_of(&bench, &deal), all);
}

#[tokio::test(start_paused = true)]
async fn links_added_on_both_sides_at_once_are_merged_by_element() {
    let bench = Bench::settled(Plan { office: (5, 1, 5, 0), ..Plan::default() }).await;
    let (deal, page) = bench.deal().await;
    let linked = contacts_of(&bench, &deal);
    let free: Vec<String> = bench.ids(Entity::Contact).into_iter().filter(|id| !linked.contains(id)).collect();
    let (mut crm, mut notion) = (linked.clone(), pages_of(&bench, &page));
    crm.push(free[0].clone());
    notion.push(bench.page_of("contacts", &free[1]).await.unwrap());
    bench.edit_deal(&deal, "CONTACT_IDS", json!(crm));
    bench.edit_notion(&page, "Contacts", json!(notion));
    bench.settle().await;
    let mut all = [linked, free[..2].to_vec()].concat();
    all.sort();
    assert_eq!(contacts_of(&bench, &deal), all);
    assert_eq!(pages_of(&bench, &page).len(), all.len());
    assert!(bench.claims().await.holds.is_empty());
}

/// An office in which nothing is created, and a page of a person whom the CRM does not know.
async fn apart() -> (Bench, String) {
    let plan = Plan {
        office: (3, 2, 3, 1),
        pairs: |pairs| pairs.iter_mut().for_each(|pair| pair.create = Create::None),
        ..Plan::default()
    };
    let bench = Bench::settled(plan).await;
    for page in bench.pages("contacts") {
        if bench.record_of("contacts", &page).await.is_none() {
            return (bench, page);
        }
    }
    panic!("everybody is tied");
}

#[tokio::test(start_paused = true)]
async fn a_linked_page_without_a_counterpart_is_carried_through_a_write() {
    let (bench, untied) = apart().await;
    let (deal, page) = bench.deal().await;
    let mut linked = pages_of(&bench, &page);
    linked.push(untied.clone());
    bench.edit_notion(&page, "Contacts", json!(linked));
    bench.settle().await;
    assert!(bench.writes().is_empty(), "nothing that the CRM could hold was changed");
    let (contact, person) = stranger(&bench, &deal).await;
    let crm = [contacts_of(&bench, &deal), vec![contact]].concat();
    bench.edit_deal(&deal, "CONTACT_IDS", json!(crm));
    bench.until("the new link is in Notion", 60, async || pages_of(&bench, &page).contains(&person)).await;
    assert!(pages_of(&bench, &page).contains(&untied), "the untied page was cut off");
}

#[tokio::test(start_paused = true)]
async fn records_that_are_tied_later_are_linked_wherever_one_of_them_is_shown() {
    let (bench, person) = apart().await;
    let contact = bench.add_crm(Entity::Contact, &[("NAME", json!("Zoe")), ("LAST_NAME", json!("Quist"))]);
    // One deal shows the contact, the other one's page shows the page.
    let deals = bench.ids(Entity::Deal);
    let mut pages = Vec::new();
    for deal in &deals[..2] {
        pages.push(bench.page_of("deals", deal).await.unwrap());
    }
    let crm = [contacts_of(&bench, &deals[0]), vec![contact.clone()]].concat();
    bench.edit_deal(&deals[0], "CONTACT_IDS", json!(crm));
    let notion = [pages_of(&bench, &pages[1]), vec![person.clone()]].concat();
    bench.edit_notion(&pages[1], "Contacts", json!(notion));
    bench.settle().await;
    bench.pass(60).await;
    assert!(bench.writes().is_empty(), "{:?}", bench.writes());
    let (crm, notion) = (contact.as_str().into(), person.as_str().into());
    bench.done(Command::Link { pair: "contacts".into(), crm, notion, shown: None }).await;
    let shown =
        async || pages_of(&bench, &pages[0]).contains(&person) && contacts_of(&bench, &deals[1]).contains(&contact);
    bench.until("each shows the other end", 60, shown).await;
}

#[tokio::test(start_paused = true)]
async fn a_new_deal_with_a_new_contact_is_linked_once_both_have_their_pages() {
    let bench = Bench::settled(Plan::default()).await;
    let ida = [("NAME", json!("Ida")), ("EMAIL", json!("ida@hall.example"))];
    let contact = bench.add_crm(Entity::Contact, &ida);
    let deal = bench.add_crm(Entity::Deal, &[("TITLE", json!("A hall")), ("CONTACT_IDS", json!([contact]))]);
    bench.until("the deal has a page", 120, async || bench.page_of("deals", &deal).await.is_some()).await;
    bench.settle().await;
    let (page, person) =
        (bench.page_of("deals", &deal).await.unwrap(), bench.page_of("contacts", &contact).await.unwrap());
    assert_eq!(pages_of(&bench, &page), [person]);
    assert_eq!(contacts_of(&bench, &deal), [contact]);
}

#[tokio::test(start_paused = true)]
async fn a_contact_that_loses_its_page_stays_linked_to_its_deal() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    let contact = contacts_of(&bench, &deal)[0].clone();
    let person = bench.page_of("contacts", &contact).await.unwrap();
    bench.trash_page(&person);
    bench.pass(3900).await;
    assert_eq!(bench.page_of("contacts", &contact).await, None);
    // Somebody works on the deal, so that both sides are read and written again.
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    bench.edit_notion(&page, "Notes", "worked on");
    bench.settle().await;
    assert!(contacts_of(&bench, &deal).contains(&contact), "untying is not unlinking");
}

#[tokio::test(start_paused = true)]
async fn a_link_that_was_decided_before_its_contact_lost_its_page_crosses_once_that_is_back() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    let (contact, person) = stranger(&bench, &deal).await;
    bench.done(Command::Pause { pair: "deals".into() }).await;
    bench.done(relate(&deal, &contact, true)).await;
    bench.trash_page(&person);
    bench.until("its tie ended", 3900, async || bench.page_of("contacts", &contact).await.is_none()).await;
    bench.done(Command::Resume { pair: "deals".into() }).await;
    let held = async || bench.hold(&deal_hold(&deal, "CONTACT_IDS")).await.map(|hold| hold.why);
    bench.until("it is held", 60, async || matches!(held().await, Some(Why::Unmappable { .. }))).await;
    bench.pass(60).await;
    let now = bench.now();
    bench.wires.notion.lock().unwrap().person_restore(now, crate::harness::BORIS, &person).unwrap();
    let shown = async || contacts_of(&bench, &deal).contains(&contact) && pages_of(&bench, &page).contains(&person);
    bench.until("both sides show it", 120, shown).await;
    assert_eq!(held().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_link_made_while_the_engine_was_down_crosses_even_if_the_related_pair_answers_late() {
    let mut bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    let (contact, person) = stranger(&bench, &deal).await;
    bench.shut_down().await;
    let mut linked = contacts_of(&bench, &deal);
    linked.push(contact.clone());
    bench.edit_deal(&deal, "CONTACT_IDS", json!(linked));
    let people = bench.source("contacts");
    bench.faults(move |call| {
        let late = call.is_listing() && call.holds(&people);
        if late { Fate::SlowAnswer(Duration::from_secs(30)) } else { Fate::Pass }
    });
    bench.start().await;
    bench.until("both sides show it", 300, async || pages_of(&bench, &page).contains(&person)).await;
}

/// A deal whose contacts are held: the CRM has one of them that the page has not, and another besides.
async fn torn(bench: &Bench) -> (String, String, String, String) {
    let (deal, page) = bench.deal().await;
    let contact = contacts_of(bench, &deal)[0].clone();
    let person = bench.page_of("contacts", &contact).await.unwrap();
    let (another, _) = stranger(bench, &deal).await;
    let linked = contacts_of(bench, &deal);
    let rest: Vec<&String> = linked.iter().filter(|it| **it != contact).collect();
    // Nothing is written to Notion, so that the removal is seen and does not cross.
    bench.faults(|call| if call.side == Side::Notion && call.is_write() { Fate::NotSent } else { Fate::Pass });
    bench.edit_deal(&deal, "CONTACT_IDS", json!(rest));
    let seen = async || {
        let seen = bench.journal(Happening::Seen).await;
        seen.iter().filter(|it| it.field == Some("CONTACT_IDS".into())).count()
    };
    bench.until("it is seen without it", 120, async || seen().await == 1).await;
    let more: Vec<&String> = linked.iter().chain([&another]).collect();
    bench.edit_deal(&deal, "CONTACT_IDS", json!(more));
    bench.until("it is seen with it again", 120, async || seen().await == 2).await;
    let pages: Vec<String> = pages_of(bench, &page).into_iter().filter(|it| *it != person).collect();
    bench.edit_notion(&page, "Contacts", json!(pages));
    bench.pass(60).await;
    bench.no_faults();
    let id = deal_hold(&deal, "CONTACT_IDS");
    bench.until("it is held", 600, async || bench.hold(&id).await.is_some()).await;
    bench.settle().await;
    (deal, page, contact, another)
}

#[tokio::test(start_paused = true)]
async fn a_link_that_was_taken_out_and_put_back_is_held_if_the_other_side_has_taken_it_out_too() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, _, contact, _) = torn(&bench).await;
    assert!(matches!(bench.hold(&deal_hold(&deal, "CONTACT_IDS")).await.unwrap().why, Why::Conflict { .. }));
    assert!(contacts_of(&bench, &deal).contains(&contact), "whoever put it back last wants it");
}

#[tokio::test(start_paused = true)]
async fn a_link_decides_a_relation_that_was_left_apart_where_it_is_all_that_the_sides_differ_in() {
    for linked in [true, false] {
        let bench = Bench::settled(Plan::default()).await;
        let (deal, page, contact, another) = torn(&bench).await;
        let id = deal_hold(&deal, "CONTACT_IDS");
        let shown = bench.shown(&id).await;
        bench.done(Command::Resolve { items: vec![Resolution::Keep { id: id.clone(), shown }] }).await;
        bench.settle().await;
        let relate = |contact: &str| relate(&deal, contact, linked);
        let reply = bench.command(relate(&contact)).await;
        assert!(matches!(&reply, Reply::Refused { why } if why.contains("left as they are")), "{reply:?}");
        let rest: Vec<String> = contacts_of(&bench, &deal).into_iter().filter(|it| *it != another).collect();
        bench.edit_deal(&deal, "CONTACT_IDS", json!(rest));
        bench.until("it is shown again", 300, async || bench.hold(&id).await.is_some()).await;
        let shown = bench.shown(&id).await;
        bench.done(Command::Resolve { items: vec![Resolution::Keep { id: id.clone(), shown }] }).await;
        bench.settle().await;
        bench.done(relate(&contact)).await;
        bench.settle().await;
        let person = bench.page_of("contacts", &contact).await.unwrap();
        assert_eq!(contacts_of(&bench, &deal).contains(&contact), linked);
        assert_eq!(pages_of(&bench, &page).contains(&person), linked);
        assert!(bench.claims().await.holds.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_carried_to_one_side_and_taken_out_on_the_other_before_the_merge_is_whole_stays_out() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    let (carried, _) = stranger(&bench, &deal).await;
    let linked = contacts_of(&bench, &deal);
    let others = bench.ids(Entity::Contact);
    let other = others.into_iter().find(|id| !linked.contains(id) && *id != carried).unwrap();
    let (other_page, carried_page) =
        (bench.page_of("contacts", &other).await.unwrap(), bench.page_of("contacts", &carried).await.unwrap());
    // Each side gets a link of its own; only the page gets the other's for now.
    bench.faults(|call| if call.side == Side::Crm && call.is_write() { Fate::NotSent } else { Fate::Pass });
    bench.edit_deal(&deal, "CONTACT_IDS", json!(linked.iter().chain([&carried]).collect::<Vec<_>>()));
    let pages: Vec<String> = pages_of(&bench, &page).into_iter().chain([other_page.clone()]).collect();
    bench.edit_notion(&page, "Contacts", json!(pages));
    let there = async || pages_of(&bench, &page).contains(&carried_page);
    bench.until("it is on the page", 300, there).await;
    bench.edit_deal(&deal, "CONTACT_IDS", json!(linked));
    bench.pass(60).await;
    bench.no_faults();
    let whole =
        async || contacts_of(&bench, &deal).contains(&other) && !pages_of(&bench, &page).contains(&carried_page);
    bench.until("the merge is whole without it", 900, whole).await;
    bench.settle().await;
    assert!(!contacts_of(&bench, &deal).contains(&carried) && bench.claims().await.holds.is_empty());
}
