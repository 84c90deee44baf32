//! Merging beyond one field with two values: what has no counterpart, what cannot be read, who was later, and merged contacts.

use crosstie::mapping::{Delete, Policy};
use crosstie::model::{OrphanWhy, Side, Why};
use crosstie::seam::Response;
use crosstie::standin::bitrix24::Entity;
use serde_json::{Value as Json, json};

use crate::harness::{Bench, Plan, deal_hold};
use crate::wire::Fate;

fn members(list: &Json) -> Vec<String> {
    list.as_array().into_iter().flatten().map(|it| it.as_str().unwrap().to_owned()).collect()
}

fn broken() -> Fate {
    let body = json!({ "object": "error", "status": 500, "code": "internal_server_error", "message": "oops" });
    Fate::Instead(Response::json(500, &body))
}

#[tokio::test(start_paused = true)]
async fn a_guest_among_the_people_is_carried_through_a_write() {
    let bench = Bench::settled(Plan::default()).await;
    let (deal, page) = bench.deal().await;
    let guest = bench.wires.notion.lock().unwrap().add_person("A Guest", "guest@elsewhere.example");
    // The engine must know the people before they turn up in a cell.
    bench.pass(3700).await;
    let mut people = members(&bench.cell(&page, "Responsible"));
    people.push("A Guest".to_owned());
    bench.edit_notion(&page, "Responsible", json!(people));
    bench.settle().await;
    assert!(bench.writes().is_empty(), "nothing that the CRM could hold was changed: {:#?}", bench.writes());
    let now = bench.deal_field(&deal, "ASSIGNED_BY_ID");
    let colleagues = [crate::harness::ANNA, crate::harness::BORIS];
    let people = bench.wires.crm.lock().unwrap().people().to_vec();
    let others = people.into_iter().filter(|it| colleagues.contains(&it.name.as_str())).map(|it| it.id.to_string());
    let other = others.into_iter().find(|it| json!(it) != now);
    let before = members(&bench.cell(&page, "Responsible"));
    assert_eq!(before.len(), 2, "{before:?}");
    bench.edit_deal(&deal, "ASSIGNED_BY_ID", other.unwrap());
    bench.until("it is written", 120, async || members(&bench.cell(&page, "Responsible")) != before).await;
    bench.settle().await;
    let after = members(&bench.cell(&page, "Responsible"));
    let is_guest = |it: &String| *it == guest || it == "A Guest" || it == "guest@elsewhere.example";
    assert!(after.iter().any(is_guest), "the guest was cut off: {after:?}");
    let holds = bench.claims().await.holds;
    assert!(holds.is_empty(), "{holds:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_field_that_cannot_be_read_for_three_cycles_while_the_other_side_moves_is_held() {
    let bench = Bench::settled(Plan { office: (32, 1, 32, 0), ..Plan::default() }).await;
    let (deal, page) = bench.deal().await;
    let contacts = bench.ids(Entity::Contact);
    bench.edit_deal(&deal, "CONTACT_IDS", json!(contacts[..28]));
    bench.until("all are linked", 120, async || members(&bench.cell(&page, "Contacts")).len() == 28).await;
    bench.settle().await;
    bench.forget_calls();
    let path = format!("/v1/pages/{page}/properties/");
    bench.faults(move |call| if call.path.starts_with(&path) { broken() } else { Fate::Pass });
    bench.edit_deal(&deal, "CONTACT_IDS", json!(contacts[..30]));
    let id = deal_hold(&deal, "CONTACT_IDS");
    let told = async || {
        bench.edit_notion(&page, "Notes", json!(format!("worked on at {}", bench.now())));
        bench.pass(30).await;
        matches!(bench.hold(&id).await, Some(hold) if matches!(hold.why, Why::Unreadable { side: Side::Notion, .. }))
    };
    bench.until("it is held", 300, told).await;
    assert_eq!(members(&bench.cell(&page, "Contacts")).len(), 28, "unknown is never empty");
    bench.no_faults();
    bench.edit_notion(&page, "Notes", json!("readable again"));
    bench.until("it flows", 300, async || members(&bench.cell(&page, "Contacts")).len() == 30).await;
    bench.settle().await;
    assert_eq!(bench.hold(&id).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_field_that_cannot_be_read_is_read_again_until_that_is_held_without_anybody_touching_its_record() {
    let bench = Bench::settled(Plan { office: (32, 1, 32, 0), ..Plan::default() }).await;
    let (deal, page) = bench.deal().await;
    let contacts = bench.ids(Entity::Contact);
    bench.edit_deal(&deal, "CONTACT_IDS", json!(contacts[..28]));
    bench.until("all are linked", 120, async || members(&bench.cell(&page, "Contacts")).len() == 28).await;
    bench.settle().await;
    bench.pass(300).await;
    let path = format!("/v1/pages/{page}/properties/");
    bench.faults(move |call| if call.path.starts_with(&path) { broken() } else { Fate::Pass });
    bench.edit_deal(&deal, "CONTACT_IDS", json!(contacts[..30]));
    let id = deal_hold(&deal, "CONTACT_IDS");
    let held = async || bench.hold(&id).await.is_some_and(|hold| matches!(hold.why, Why::Unreadable { .. }));
    bench.until("it is held", 120, held).await;
    bench.no_faults();
    bench.edit_notion(&page, "Notes", json!("readable again"));
    bench.until("it flows", 300, async || members(&bench.cell(&page, "Contacts")).len() == 30).await;
    bench.settle().await;
    assert_eq!(bench.hold(&id).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_relation_to_a_pair_that_does_not_answer_is_held_after_three_cycles_while_the_other_side_moves() {
    let bench = Bench::settled(Plan::prompt()).await;
    let (deal, page) = bench.deal().await;
    let source = bench.source("contacts");
    bench.faults(move |call| if call.is_listing() && call.holds(&source) { broken() } else { Fate::Pass });
    bench.pass(30).await;
    let linked = members(&bench.deal_field(&deal, "CONTACT_IDS"));
    let other = bench.ids(Entity::Contact).into_iter().find(|it| !linked.contains(it)).unwrap();
    let person = bench.page_of("contacts", &other).await.unwrap();
    bench.edit_deal(&deal, "CONTACT_IDS", json!([linked, vec![other]].concat()));
    let id = deal_hold(&deal, "CONTACT_IDS");
    let held = async || bench.hold(&id).await.is_some_and(|hold| matches!(hold.why, Why::Unreadable { .. }));
    bench.until("it is held", 180, held).await;
    bench.no_faults();
    bench.until("it flows", 300, async || members(&bench.cell(&page, "Contacts")).contains(&person)).await;
    bench.settle().await;
    assert_eq!(bench.hold(&id).await, None);
}

#[tokio::test(start_paused = true)]
async fn the_newer_of_two_edits_wins_where_the_policy_says_so_and_their_intervals_do_not_overlap() {
    let newest = |pairs: &mut Vec<crosstie::mapping::PairSpec>| {
        let fields = pairs.iter_mut().flat_map(|pair| &mut pair.fields);
        fields.filter(|field| field.key.as_str() == "OPPORTUNITY").for_each(|field| field.policy = Policy::Newest);
    };
    let bench = Bench::settled(Plan { pairs: newest, ..Plan::default() }).await;
    let (deal, page) = bench.deal().await;
    let path = format!("/v1/pages/{page}");
    bench.faults(move |call| if call.path == path { broken() } else { Fate::Pass });
    bench.edit_deal(&deal, "OPPORTUNITY", "100");
    bench.pass(120).await;
    // The page is read once more, with the old amount: whatever comes now came later.
    bench.edit_notion(&page, "Notes", json!("worked on"));
    bench.pass(120).await;
    bench.edit_notion(&page, "Amount", 200);
    bench.pass(60).await;
    bench.no_faults();
    bench.until("the later one won", 120, async || bench.deal_field(&deal, "OPPORTUNITY") == json!("200")).await;
    bench.settle().await;
    assert_eq!(bench.cell(&page, "Amount"), json!("200"));
    // Edited in one moment, nobody can say which came last.
    bench.edit_deal(&deal, "OPPORTUNITY", "300");
    bench.edit_notion(&page, "Amount", 400);
    let id = deal_hold(&deal, "OPPORTUNITY");
    bench.until("it is held", 120, async || bench.hold(&id).await.is_some()).await;
}

#[tokio::test(start_paused = true)]
async fn contacts_merged_in_the_crm_end_one_tie_and_their_deals_follow_the_keeper() {
    // The deal is seen first, or the contact's end is: by increments, or after a long stop.
    for stopped in [false, true] {
        let mut bench = Bench::settled(Plan::default()).await;
        let (deal, page) = bench.deal().await;
        let loser = members(&bench.deal_field(&deal, "CONTACT_IDS"))[0].clone();
        let keeper = bench.ids(Entity::Contact).into_iter().find(|it| *it != loser).unwrap();
        let (gone, stays) =
            (bench.page_of("contacts", &loser).await.unwrap(), bench.page_of("contacts", &keeper).await.unwrap());
        let (pages, contacts) = (bench.pages("contacts").len(), bench.ids(Entity::Contact).len());
        if stopped {
            bench.shut_down().await;
        }
        for deal in bench.ids(Entity::Deal) {
            let linked = members(&bench.deal_field(&deal, "CONTACT_IDS"));
            if linked.contains(&loser) {
                let mut moved: Vec<String> = linked.into_iter().filter(|it| *it != loser && *it != keeper).collect();
                moved.push(keeper.clone());
                bench.edit_deal(&deal, "CONTACT_IDS", json!(moved));
            }
        }
        bench.delete_crm(Entity::Contact, &loser);
        if stopped {
            bench.pass(2 * 3600).await;
            bench.start().await;
        }
        bench.until("the tie ended", 3900, async || bench.page_of("contacts", &loser).await.is_none()).await;
        bench.settle().await;
        let people = members(&bench.cell(&page, "Contacts"));
        assert!(people.contains(&stays), "the deal's page leads to the keeper");
        assert!(!people.contains(&gone), "and to the other no more");
        let claims = bench.claims().await;
        assert_eq!(claims.tombstones.len(), 1);
        assert_eq!(claims.orphans.len(), 1, "{:?}", claims.orphans);
        assert_eq!(claims.orphans[0].record.id.as_str(), gone);
        assert!(matches!(claims.orphans[0].why, OrphanWhy::Survivor { .. }));
        assert!(claims.holds.is_empty(), "{:#?}", claims.holds);
        assert!(bench.creates().is_empty());
        assert_eq!((bench.pages("contacts").len(), bench.ids(Entity::Contact).len()), (pages, contacts - 1));
    }
}

#[tokio::test(start_paused = true)]
async fn the_page_of_a_contact_that_was_merged_into_another_is_not_deleted_after_it() {
    for stopped in [false, true] {
        let propagating = |pairs: &mut Vec<crosstie::mapping::PairSpec>| {
            pairs.iter_mut().for_each(|pair| pair.delete = Delete::Propagate);
        };
        let mut bench = Bench::settled(Plan { pairs: propagating, ..Plan::default() }).await;
        let (deal, page) = bench.deal().await;
        let loser = members(&bench.deal_field(&deal, "CONTACT_IDS"))[0].clone();
        let linked = members(&bench.deal_field(&deal, "CONTACT_IDS"));
        let keeper = bench.ids(Entity::Contact).into_iter().find(|it| !linked.contains(it)).unwrap();
        let (gone, stays) =
            (bench.page_of("contacts", &loser).await.unwrap(), bench.page_of("contacts", &keeper).await.unwrap());
        if stopped {
            bench.shut_down().await;
        }
        let now = bench.now();
        bench.wires.crm.lock().unwrap().merge_contacts(now, crate::harness::ANNA, &keeper, &loser).unwrap();
        if stopped {
            bench.pass(2 * 3600).await;
            bench.start().await;
        }
        bench.until("the tie ended", 3900, async || bench.page_of("contacts", &loser).await.is_none()).await;
        bench.settle().await;
        bench.pass(3700).await;
        bench.settle().await;
        assert_eq!(bench.wires.notion.lock().unwrap().in_trash(&gone), Some(false), "stopped: {stopped}");
        let people = members(&bench.cell(&page, "Contacts"));
        assert!(people.contains(&stays) && !people.contains(&gone), "stopped: {stopped}, {people:?}");
        let orphans = bench.claims().await.orphans;
        assert!(orphans.iter().any(|orphan| orphan.record.id.as_str() == gone), "{orphans:?}");
    }
}
