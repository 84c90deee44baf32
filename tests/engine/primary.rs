//! Who is a deal's primary contact: a relation of its own says it in Notion, for the order of links says nothing there.

use crosstie::control::{Command, LinkRole, List, RelationRow, Reply, Rows};
use crosstie::mapping::FieldSpec;
use crosstie::model::TieId;
use crosstie::standin::bitrix24::Entity;
use serde_json::{Value as Json, json};

use crate::harness::{Bench, Plan, deal_tie};

fn members(list: &Json) -> Vec<String> {
    let mut ids: Vec<String> =
        list.as_array().into_iter().flatten().map(|it| it.as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

/// A bench whose deals have their primary contact in a relation of its own.
async fn with_primary() -> Bench {
    let mut bench = Bench::new(Plan { office: (4, 1, 1, 0), ..Plan::default() });
    let contacts = bench.source("contacts");
    let relation = json!({ "data_source_id": contacts, "type": "single_property", "single_property": {} });
    bench.reshape("deals", &json!({ "Primary contact": { "relation": relation } }));
    let deals = bench.specs.iter_mut().find(|spec| spec.name.as_str() == "deals").unwrap();
    let all = deals.fields.iter().find(|field| field.crm.as_str() == "CONTACT_IDS").unwrap().clone();
    let (key, crm) = ("CONTACT_ID".into(), "CONTACT_ID".into());
    deals.fields.push(FieldSpec { key, crm, notion: "Primary contact".into(), ..all });
    bench.start().await;
    bench.until("everything is tied and written", 600, async || bench.is_quiet().await).await;
    bench.pass(300).await;
    bench
}

#[tokio::test(start_paused = true)]
async fn a_primary_contact_chosen_in_notion_is_the_deals_and_one_that_is_taken_away_has_a_successor() {
    let bench = with_primary().await;
    let (deal, page) = bench.deal().await;
    let mut people: Vec<(String, String)> = Vec::new();
    for contact in bench.ids(Entity::Contact) {
        let page = bench.page_of("contacts", &contact).await.unwrap();
        people.push((contact, page));
    }
    let page_of = |id: &str| people.iter().find(|(it, _)| it == id).unwrap().1.clone();
    let equal = |primary: &str, all: &[&str]| {
        assert_eq!(bench.deal_field(&deal, "CONTACT_ID"), json!([primary]));
        assert_eq!(bench.cell(&page, "Primary contact"), json!([page_of(primary)]));
        let (mut ids, mut pages): (Vec<String>, Vec<String>) =
            all.iter().map(|id| ((*id).to_owned(), page_of(id))).unzip();
        ids.sort();
        pages.sort();
        assert_eq!(members(&bench.deal_field(&deal, "CONTACT_IDS")), ids);
        assert_eq!(members(&bench.cell(&page, "Contacts")), pages);
    };
    let [a, b, c] = [0, 1, 2].map(|at: usize| people[at].0.as_str());
    bench.edit_deal(&deal, "CONTACT_IDS", json!([a, b]));
    bench.settle().await;
    let was = bench.deal_field(&deal, "CONTACT_ID")[0].as_str().unwrap().to_owned();
    equal(&was, &[a, b]);
    // Somebody who is linked, and somebody who is not: who was it stays linked.
    for (primary, all) in [(if was == a { b } else { a }, vec![a, b]), (c, vec![a, b, c])] {
        bench.edit_notion(&page, "Primary contact", json!([page_of(primary)]));
        bench.settle().await;
        equal(primary, &all);
    }
    // Another order of the links in Notion says nothing.
    bench.edit_notion(&page, "Contacts", json!([page_of(b), page_of(a), page_of(c)]));
    bench.settle().await;
    equal(c, &[a, b, c]);
    // The primary one is taken away: the CRM's next one follows, and Notion is told who that is.
    bench.edit_notion(&page, "Contacts", json!([page_of(a), page_of(b)]));
    bench.settle().await;
    let next = bench.deal_field(&deal, "CONTACT_ID")[0].as_str().unwrap().to_owned();
    assert!([a, b].contains(&next.as_str()));
    equal(&next, &[a, b]);
    assert!(bench.claims().await.holds.is_empty());
}

fn contact(id: &str) -> TieId {
    TieId { pair: "contacts".into(), crm: id.into() }
}

fn relate(deal: &str, role: &str, target: &str, linked: bool, instead_of: Option<&str>) -> Command {
    let (owner, target, instead_of) = (deal_tie(deal), contact(target), instead_of.map(contact));
    Command::Relate { owner, field: role.into(), target, linked, instead_of, shown: None }
}

async fn edges(bench: &Bench, deal: &str) -> Vec<RelationRow> {
    let Rows::Relations(rows) = bench.list(List::Edges { owner: deal_tie(deal) }).await else { panic!() };
    rows
}

async fn refused(bench: &Bench, command: Command) -> String {
    match bench.command(command).await {
        Reply::Refused { why } => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn an_operator_gives_the_place_of_the_primary_contact_to_another_one_that_they_saw_it_taken_by() {
    let bench = with_primary().await;
    let (deal, page) = bench.deal().await;
    let ids = bench.ids(Entity::Contact);
    let [a, b, c] = [0, 1, 2].map(|at: usize| ids[at].as_str());
    bench.edit_deal(&deal, "CONTACT_IDS", json!([a, b]));
    bench.settle().await;
    let was = bench.deal_field(&deal, "CONTACT_ID")[0].as_str().unwrap().to_owned();
    let snapshot = bench.snapshot();
    let roles = &snapshot.pairs.iter().find(|pair| pair.name.as_str() == "deals").unwrap().roles;
    let role = |field: &str, label: &str, single, within: Option<&str>| LinkRole {
        field: field.into(),
        label: label.into(),
        leads: "contacts".into(),
        single,
        within: within.map(Into::into),
        only_in: None,
    };
    let primary = role("CONTACT_ID", "Primary contact", true, Some("CONTACT_IDS"));
    assert_eq!(*roles, [role("CONTACT_IDS", "Contacts", false, None), primary]);

    let why = refused(&bench, relate(&deal, "CONTACT_ID", c, true, None)).await;
    assert!(why.contains("has room for one") && why.contains(&format!("contacts/{was}")), "{why}");
    let why = refused(&bench, relate(&deal, "CONTACT_ID", c, true, Some(c))).await;
    assert!(why.contains("changed since you looked"), "{why}");
    let why = refused(&bench, relate(&deal, "CONTACT_IDS", c, true, Some(a))).await;
    assert!(why.contains("no such place"), "{why}");
    let why = refused(&bench, relate(&deal, "CONTACT_ID", &was, false, None)).await;
    assert!(why.contains("whoever has `Contacts` has one of them as `Primary contact`"), "{why}");
    let decided = bench.claims().await.decisions;
    assert!(decided.iter().all(|it| it.hold.is_none()), "nothing was done: {decided:?}");

    bench.done(relate(&deal, "CONTACT_ID", c, true, Some(&was))).await;
    let rows = edges(&bench, &deal).await;
    let chosen: Vec<_> = rows.iter().filter(|row| row.field.as_str() == "CONTACT_ID").collect();
    let told =
        |id: &str| chosen.iter().find(|row| row.target == Some(contact(id))).map(|row| (row.on_crm, row.pending));
    assert_eq!((told(&was), told(c)), (Some((true, true)), Some((false, true))), "both are on their way: {rows:?}");
    assert!(rows.iter().filter(|row| row.field.as_str() == "CONTACT_IDS").all(|row| !row.pending));
    bench.settle().await;
    assert_eq!(bench.deal_field(&deal, "CONTACT_ID"), json!([c]));
    let mut all = [a, b, c].map(str::to_owned);
    all.sort();
    assert_eq!(members(&bench.deal_field(&deal, "CONTACT_IDS")), all, "who was it stays among them");
    assert_eq!(members(&bench.cell(&page, "Contacts")).len(), 3);

    // Unlinked from among them all, it is not the primary one either.
    bench.done(relate(&deal, "CONTACT_IDS", c, false, None)).await;
    bench.settle().await;
    let next = bench.deal_field(&deal, "CONTACT_ID")[0].as_str().unwrap().to_owned();
    assert!(next != c && [a, b].contains(&next.as_str()));
    let next_page = bench.page_of("contacts", &next).await.unwrap();
    assert_eq!(bench.cell(&page, "Primary contact"), json!([next_page]));
    assert!(bench.claims().await.holds.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_relation_that_goes_one_way_is_not_decided_about() {
    let mut bench = Bench::new(Plan { office: (4, 1, 1, 0), ..Plan::default() });
    let deals = bench.specs.iter_mut().find(|spec| spec.name.as_str() == "deals").unwrap();
    let all = deals.fields.iter_mut().find(|field| field.crm.as_str() == "CONTACT_IDS").unwrap();
    all.direction = crosstie::mapping::Direction::CrmToNotion;
    bench.start().await;
    bench.until("everything is tied and written", 600, async || bench.is_quiet().await).await;
    let (deal, _) = bench.deal().await;
    let linked = members(&bench.deal_field(&deal, "CONTACT_IDS"));
    let free = bench.ids(Entity::Contact).into_iter().find(|id| !linked.contains(id)).unwrap();
    let why = refused(&bench, relate(&deal, "CONTACT_IDS", &free, true, None)).await;
    assert!(why.contains("`Contacts` goes one way only"), "{why}");
    let why = refused(&bench, relate(&deal, "NOBODY", &free, true, None)).await;
    assert!(why.contains("the roles it has: `Contacts`"), "{why}");
}
