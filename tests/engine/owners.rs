//! Relations as they are listed: owners, found by a few letters, and who is linked to one of them in which role.

use crosstie::control::{List, Near, OwnerRow, Query, Rows};
use crosstie::model::Side;
use crosstie::standin::bitrix24::Entity;
use serde_json::json;

use crate::harness::{Bench, Plan, deal_tie};
use crate::relations::{contact_tie, contacts_of, relate, stranger};
use crate::wire::Fate;

async fn owners(bench: &Bench, query: Query) -> (u64, u64, Vec<OwnerRow>) {
    let window = bench.query(query).await;
    let Rows::Owners(rows) = window.rows else { panic!() };
    (window.total, window.offset, rows)
}

fn all_owners(filter: &str) -> Query {
    Query { limit: 500, filter: filter.into(), ..Query::all(List::Owners) }
}

#[tokio::test(start_paused = true)]
async fn owners_are_listed_by_title_found_by_a_few_letters_and_follow_whatever_changes() {
    let bench = Bench::settled(Plan { office: (5, 20, 20, 0), ..Plan::default() }).await;
    // Nothing is made anew between two questions.
    let _watching = bench.watched();
    let in_order = async || {
        let (total, _, rows) = owners(&bench, all_owners("")).await;
        assert_eq!(total, rows.len() as u64);
        let titles: Vec<String> = rows.iter().map(|row| row.title.to_lowercase()).collect();
        assert!(titles.is_sorted(), "{titles:?}");
        for row in &rows {
            let deal = row.owner.crm.as_str();
            assert_eq!(bench.deal_field(deal, "TITLE"), json!(row.title));
            assert_eq!((row.links, row.pending), (contacts_of(&bench, deal).len() as u64, false));
        }
        rows
    };
    let before = in_order().await;
    assert_eq!(before.len(), 20);
    let (deal, page) = bench.deal().await;
    let found = async |text: &str| {
        let (_, _, rows) = owners(&bench, all_owners(text)).await;
        rows.into_iter().map(|row| row.owner).collect::<Vec<_>>()
    };
    assert!(!found("zbrcrss").await.contains(&deal_tie(&deal)));
    bench.edit_notion(&page, "Name", "Zebra crossing");
    bench.settle().await;
    assert_eq!(found("zbrcrss").await, [deal_tie(&deal)]);
    assert_eq!(found("zb").await, [deal_tie(&deal)], "fewer letters after more");
    assert_eq!(found("zb cr").await, [deal_tie(&deal)], "more after fewer");
    assert_eq!(found("!zebra").await.len(), 19);
    assert_eq!(in_order().await.last().map(|row| row.owner.clone()), Some(deal_tie(&deal)));

    // Wherever it stands, the rows around the cursor's record come.
    let near = Some(Near::Owner(deal_tie(&deal)));
    let (_, offset, rows) = owners(&bench, Query { limit: 4, near: near.clone(), ..Query::all(List::Owners) }).await;
    assert_eq!((offset, rows.len()), (17, 2 + 1));
    assert_eq!(rows.last().map(|row| row.owner.clone()), Some(deal_tie(&deal)));
    let (_, offset, _) = owners(&bench, Query { limit: 4, near, filter: "r".into(), ..Query::all(List::Owners) }).await;
    assert!(offset <= 19);

    let new = bench.add_crm(Entity::Deal, &[("TITLE", json!("aardvark house"))]);
    bench.until("it has a page", 120, async || bench.page_of("deals", &new).await.is_some()).await;
    bench.settle().await;
    assert_eq!(in_order().await.first().map(|row| row.owner.clone()), Some(deal_tie(&new)));
    assert_eq!(found("aardv").await.first(), Some(&deal_tie(&new)));
    assert_eq!(found("a").await.first(), Some(&deal_tie(&new)), "what begins with it comes first");
    bench.trash_page(&page);
    bench.pass(3900).await;
    assert_eq!(bench.page_of("deals", &deal).await, None);
    assert_eq!(in_order().await.len(), 20);
    assert!(found("zebra").await.is_empty());
    // All at once.
    for id in bench.ids(Entity::Deal).into_iter().filter(|id| *id != deal) {
        bench.edit_deal(&id, "TITLE", format!("Number {id}"));
    }
    bench.pass(60).await;
    bench.settle().await;
    assert!(in_order().await.iter().all(|row| row.title.starts_with("Number")));
}

#[tokio::test(start_paused = true)]
async fn who_is_linked_to_one_owner_is_told_role_by_role_and_what_is_on_its_way_too() {
    let bench = Bench::settled(Plan { office: (5, 1, 5, 0), ..Plan::default() }).await;
    let (deal, _) = bench.deal().await;
    let edges = async || {
        let Rows::Relations(rows) = bench.list(List::Edges { owner: deal_tie(&deal) }).await else { panic!() };
        rows
    };
    let linked = contacts_of(&bench, &deal);
    let rows = edges().await;
    assert_eq!(rows.len(), linked.len());
    assert!(rows.iter().all(|row| row.label == "Contacts" && row.on_crm && row.on_notion && !row.pending));
    let titles: Vec<String> = rows.iter().map(|row| row.target_title.to_lowercase()).collect();
    assert!(titles.is_sorted(), "{titles:?}");
    let (contact, _) = stranger(&bench, &deal).await;
    bench.done(relate(&deal, &contact, true)).await;
    let rows = edges().await;
    let pending: Vec<_> = rows.iter().filter(|row| row.pending).map(|row| row.target.clone()).collect();
    assert_eq!(pending, [Some(contact_tie(&contact))], "the new one alone");
    assert!(owners(&bench, all_owners("")).await.2[0].pending);
    bench.settle().await;
    for id in contacts_of(&bench, &deal) {
        bench.done(relate(&deal, &id, false)).await;
    }
    bench.settle().await;
    let [row] = <[_; 1]>::try_from(edges().await).unwrap();
    assert_eq!((row.target, row.label.as_str(), row.pending), (None, "Contacts", false), "a role that nobody has");
    let Rows::Relations(rows) = bench.list(List::Edges { owner: deal_tie("999") }).await else { panic!() };
    assert!(rows.is_empty());
}

#[tokio::test(start_paused = true)]
async fn links_stay_in_sight_while_a_side_does_not_answer_and_say_that_they_are_the_last_known() {
    let bench = Bench::settled(Plan::default()).await;
    let edges = async || {
        let Rows::Relations(rows) = bench.list(List::Relations).await else { panic!() };
        let of =
            |row: &crosstie::control::RelationRow| (row.owner.clone(), row.target.clone(), row.on_crm, row.on_notion);
        let known = rows.iter().filter(|row| row.target.is_some()).all(|row| row.shown.is_some());
        (rows.iter().map(of).collect::<Vec<_>>(), known)
    };
    let (before, known) = edges().await;
    assert!(known && before.iter().filter(|(_, target, ..)| target.is_some()).count() > 1, "{before:?}");
    bench.faults(|call| if call.side == Side::Notion { Fate::NotSent } else { Fate::Pass });
    bench.until("they are no longer read", 3600, async || !edges().await.1).await;
    assert_eq!(edges().await.0, before);
    bench.no_faults();
    bench.until("they are read again", 3600, async || edges().await.1).await;
    assert_eq!(edges().await.0, before);
}
