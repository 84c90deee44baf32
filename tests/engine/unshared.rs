//! What is taken away from the integration for a while: nothing in it is believed gone, and no link to it either.

use std::time::Duration;

use crosstie::control::Command;
use crosstie::model::{HoldId, Side, Why};
use crosstie::standin::bitrix24::Entity;
use serde_json::{Value as Json, json};

use crate::harness::{Bench, Plan, deal_hold};
use crate::wire::Fate;

fn brisk_sweeps() -> Plan {
    let mut plan = Plan::default();
    plan.timing.sweep_every = Duration::from_secs(300);
    plan
}

fn holds(list: &Json, element: &str) -> bool {
    list.as_array().is_some_and(|list| list.iter().any(|it| it == element))
}

/// Whether the deal has the contact in the CRM, and whether the contact's page is on the deal's page.
fn linked(bench: &Bench, deal: &str, page: &str, contact: &str, person: &str) -> (bool, bool) {
    (holds(&bench.deal_field(deal, "CONTACT_IDS"), contact), holds(&bench.cell(page, "Contacts"), person))
}

#[tokio::test(start_paused = true)]
async fn a_link_to_a_page_that_is_not_shared_for_a_while_stays_on_both_sides() {
    // Shorter than it takes to tell that the page is missing, as long as that, and long after its tie has ended.
    for away in [20, 120, 900, 3 * 3600] {
        let bench = Bench::settled(brisk_sweeps()).await;
        let (deal, page) = bench.deal().await;
        let contact = bench.deal_field(&deal, "CONTACT_IDS")[0].as_str().unwrap().to_owned();
        let person = bench.page_of("contacts", &contact).await.unwrap();
        let now = || linked(&bench, &deal, &page, &contact, &person);
        assert_eq!(now(), (true, true));
        bench.wires.notion.lock().unwrap().unshare(&person);
        // Somebody works on the deal, so that both of its records are read and written meanwhile.
        bench.edit_notion(&page, "Notes", "worked on");
        bench.edit_deal(&deal, "OPPORTUNITY", "4711");
        bench.pass(away).await;
        assert_eq!(now(), (true, true), "not shared for {away} s");
        bench.wires.notion.lock().unwrap().share(&person);
        bench.settle().await;
        bench.pass(1200).await;
        bench.edit_notion(&page, "Notes", "worked on again");
        bench.edit_deal(&deal, "OPPORTUNITY", "4712");
        bench.settle().await;
        assert_eq!(now(), (true, true), "shared again after {away} s");
        assert_eq!(bench.page_of("contacts", &contact).await.as_ref(), Some(&person), "after {away} s");
        assert_eq!(bench.cell(&page, "Amount"), json!("4712"));
        assert_eq!(bench.deal_field(&deal, "COMMENTS"), json!("worked on again"));
        let claims = bench.claims().await;
        assert!(claims.holds.is_empty(), "after {away} s: {:#?}", claims.holds);
        assert!(bench.creates().is_empty(), "{:#?}", bench.creates());
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_that_somebody_takes_away_is_taken_away_on_the_other_side() {
    let bench = Bench::settled(brisk_sweeps()).await;
    let (deal, page) = bench.deal().await;
    let contact = bench.deal_field(&deal, "CONTACT_IDS")[0].as_str().unwrap().to_owned();
    let person = bench.page_of("contacts", &contact).await.unwrap();
    let rest: Vec<Json> = bench.cell(&page, "Contacts").as_array().unwrap().clone();
    let rest: Vec<Json> = rest.into_iter().filter(|it| *it != json!(person)).collect();
    bench.edit_notion(&page, "Contacts", json!(rest));
    let gone = async || linked(&bench, &deal, &page, &contact, &person) == (false, false);
    bench.until("it is gone in the CRM too", 90, gone).await;
    bench.settle().await;
    assert!(gone().await && bench.claims().await.holds.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_data_source_that_is_not_shared_ends_no_tie_and_everything_goes_on_when_it_is_shared_again() {
    for away in [60, 600, 3 * 3600] {
        let bench = Bench::settled(brisk_sweeps()).await;
        let (deal, page) = bench.deal().await;
        let contact = bench.ids(Entity::Contact)[0].clone();
        let person = bench.page_of("contacts", &contact).await.unwrap();
        let ties = bench.claims().await.ties.len();
        let links = (bench.deal_field(&deal, "CONTACT_IDS"), bench.cell(&page, "Contacts"));
        let source = bench.source("contacts");
        bench.wires.notion.lock().unwrap().unshare(&source);
        bench.pass(5).await;
        // Work goes on in the CRM, and on the deals.
        bench.edit_crm(Entity::Contact, &contact, &[("NAME", json!("Renamed"))]);
        bench.edit_notion(&page, "Notes", "worked on");
        bench.edit_deal(&deal, "OPPORTUNITY", "4711");
        bench.pass(away).await;
        let claims = bench.claims().await;
        assert_eq!((claims.ties.len(), claims.tombstones.len()), (ties, 0), "not shared for {away} s");
        assert_eq!(bench.deal_field(&deal, "CONTACT_IDS"), links.0, "not shared for {away} s");
        bench.wires.notion.lock().unwrap().share(&source);
        let crossed = async || bench.cell(&person, "Name").as_str().is_some_and(|name| name.contains("Renamed"));
        bench.until("what was edited meanwhile crosses", 7200, crossed).await;
        bench.edit_notion(&person, "Email", "new@hall.example");
        let back = async || bench.held(Entity::Contact, &contact, "EMAIL") == json!("new@hall.example");
        bench.until("and the other way too", 600, back).await;
        bench.settle().await;
        let claims = bench.claims().await;
        assert_eq!((claims.ties.len(), claims.tombstones.len()), (ties, 0), "shared again after {away} s");
        assert!(claims.holds.is_empty(), "after {away} s: {:#?}", claims.holds);
        assert_eq!((bench.deal_field(&deal, "CONTACT_IDS"), bench.cell(&page, "Contacts")), links);
        assert_eq!(
            (bench.cell(&page, "Amount"), bench.deal_field(&deal, "COMMENTS")),
            (json!("4711"), json!("worked on"))
        );
        assert!(bench.creates().is_empty(), "{:#?}", bench.creates());
    }
}

#[tokio::test(start_paused = true)]
async fn on_first_contact_a_relation_is_not_filled_over_a_link_that_may_only_be_hidden() {
    let bench = Bench::settled(brisk_sweeps()).await;
    let (deal, _) = bench.deal().await;
    let contact = bench.deal_field(&deal, "CONTACT_IDS")[0].as_str().unwrap().to_owned();
    let person = bench.page_of("contacts", &contact).await.unwrap();
    // Its tie stays: somebody works on the contact while its page is not to be seen.
    bench.wires.notion.lock().unwrap().unshare(&person);
    bench.edit_crm(Entity::Contact, &contact, &[("PHONE", json!("+4930123456"))]);
    let tie = HoldId { pair: "contacts".into(), crm: Some(contact.as_str().into()), field: None };
    bench.until("the contact is held", 900, async || bench.hold(&tie).await.is_some()).await;
    let barn = bench.add_crm(Entity::Deal, &[("TITLE", json!("A barn")), ("CONTACT_IDS", json!([contact]))]);
    let page = bench.add_page("deals", &[("Name", json!("A barn"))]);
    let tied = async || bench.page_of("deals", &barn).await.as_ref() == Some(&page);
    bench.until("the two are matched", 300, tied).await;
    bench.settle().await;
    let id = deal_hold(&barn, "CONTACT_IDS");
    let hold = bench.hold(&id).await.expect("nobody knows what the page links");
    assert!(matches!(hold.why, Why::Unreadable { side: Side::Notion, .. }), "{hold:?}");
    assert!(!holds(&bench.cell(&page, "Contacts"), &person));
    bench.wires.notion.lock().unwrap().share(&person);
    bench.until("it is filled", 1200, async || holds(&bench.cell(&page, "Contacts"), &person)).await;
    bench.settle().await;
    assert_eq!(bench.hold(&id).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_contact_linked_to_another_page_while_its_own_is_hidden_stays_with_its_deals() {
    let bench = Bench::settled(brisk_sweeps()).await;
    let (deal, page) = bench.deal().await;
    let contact = bench.deal_field(&deal, "CONTACT_IDS")[0].as_str().unwrap().to_owned();
    let person = bench.page_of("contacts", &contact).await.unwrap();
    bench.wires.notion.lock().unwrap().unshare(&person);
    let alone = async || bench.page_of("contacts", &contact).await.is_none();
    bench.until("its tie has ended", 3600, alone).await;
    let other = bench.add_page("contacts", &[("Name", json!("Somebody else"))]);
    bench.settle().await;
    let link = Command::Link {
        pair: "contacts".into(),
        crm: contact.as_str().into(),
        notion: other.as_str().into(),
        shown: None,
    };
    bench.done(link).await;
    // Somebody works on the deal, so that it is read, planned and written.
    for (notes, amount) in [("worked on", "4711"), ("worked on again", "4712")] {
        bench.edit_notion(&page, "Notes", notes);
        bench.edit_deal(&deal, "OPPORTUNITY", amount);
        bench.pass(1200).await;
        assert!(holds(&bench.deal_field(&deal, "CONTACT_IDS"), &contact), "{notes}");
        assert!(holds(&bench.cell(&page, "Contacts"), &person), "{notes}: what is hidden is not written over");
    }
    bench.wires.notion.lock().unwrap().share(&person);
    // The deal shows it again before anybody hears that it is back: that alone makes the deal be looked at anew.
    let (source, away) = (bench.source("contacts"), person.clone());
    bench.faults(
        move |call| {
            if call.path.contains(&source) || call.path.contains(&away) { Fate::NotSent } else { Fate::Pass }
        },
    );
    bench.pass(400).await;
    bench.no_faults();
    let shown = async || holds(&bench.cell(&page, "Contacts"), &other);
    bench.until("the page that stands for it now is linked too", 1200, shown).await;
    bench.settle().await;
    assert!(holds(&bench.deal_field(&deal, "CONTACT_IDS"), &contact));
    assert!(holds(&bench.cell(&page, "Contacts"), &person), "carried: nobody took it out");
}

#[tokio::test(start_paused = true)]
async fn a_link_that_comes_back_into_sight_was_put_in_by_nobody() {
    let bench = Bench::settled(brisk_sweeps()).await;
    let (deal, page) = bench.deal().await;
    let contact = bench.deal_field(&deal, "CONTACT_IDS")[0].as_str().unwrap().to_owned();
    let person = bench.page_of("contacts", &contact).await.unwrap();
    let linked = bench.deal_field(&deal, "CONTACT_IDS");
    let another = bench.ids(Entity::Contact).into_iter().find(|id| !holds(&linked, id)).unwrap();
    bench.wires.notion.lock().unwrap().unshare(&person);
    let alone = async || bench.page_of("contacts", &contact).await.is_none();
    bench.until("its tie has ended", 3600, alone).await;
    // In the CRM the contact is taken out, and another one put in.
    let rest = linked.as_array().unwrap().iter().filter(|it| **it != json!(contact)).cloned();
    let rest: Vec<Json> = rest.chain([json!(another)]).collect();
    bench.edit_deal(&deal, "CONTACT_IDS", json!(rest));
    bench.pass(1200).await;
    bench.wires.notion.lock().unwrap().share(&person);
    let gone = async || {
        bench.page_of("contacts", &contact).await.as_ref() == Some(&person)
            && !holds(&bench.cell(&page, "Contacts"), &person)
    };
    bench.until("it is taken out in Notion too", 3600, gone).await;
    bench.settle().await;
    let claims = bench.claims().await;
    assert!(claims.holds.is_empty(), "{:#?}", claims.holds);
    let in_crm = bench.deal_field(&deal, "CONTACT_IDS");
    assert!(!holds(&in_crm, &contact) && holds(&in_crm, &another), "{in_crm}");
}
