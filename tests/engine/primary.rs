//! Who is a deal's primary contact: a relation of its own says it in Notion, for the order of links says nothing there.

use crosstie::mapping::FieldSpec;
use crosstie::standin::bitrix24::Entity;
use serde_json::{Value as Json, json};

use crate::harness::{Bench, Plan};

fn members(list: &Json) -> Vec<String> {
    let mut ids: Vec<String> =
        list.as_array().into_iter().flatten().map(|it| it.as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

#[tokio::test(start_paused = true)]
async fn a_primary_contact_chosen_in_notion_is_the_deals_and_one_that_is_taken_away_has_a_successor() {
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
