//! Records to choose from: searched among many, compared with few.

use crosstie::config::Timing;
use crosstie::control::{Candidate, Command, List, OrphanRow, PairState, Query, Rows, Window};
use crosstie::mapping::Create;
use crosstie::model::{RecordRef, Side};
use crosstie::standin::bitrix24::Entity;
use crosstie::standin::office::{Office, Options};
use serde_json::json;

use crate::harness::{Bench, Plan, calm};

fn candidates(window: &Window) -> &[Candidate] {
    match &window.rows {
        Rows::Candidates(rows) => rows,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn names_are_prepared_in_steps_between_which_others_are_answered_and_follow_what_is_read() {
    let timing = Timing { review: true, ..calm() };
    let mut bench = Bench::new(Plan { timing, office: (2_200, 0, 1, 0), ..Plan::default() });
    bench.start().await;
    let reviewed = async || matches!(bench.state("contacts"), PairState::Review { .. });
    bench.until("it is reviewed", 600, reviewed).await;
    let page = bench.pages("contacts")[0].clone();
    let of = RecordRef { pair: "contacts".into(), side: Side::Notion, id: page.as_str().into() };
    let search = |filter: &str| Query {
        filter: filter.to_owned(),
        limit: 20,
        ..Query::all(List::Candidates { of: of.clone() })
    };
    // The first search prepares the names; who asks for something else meanwhile does not wait for that.
    let first = bench.query(search(""));
    tokio::pin!(first);
    let mut others = 0;
    let all = loop {
        tokio::select! {
            biased;
            window = &mut first => break window,
            _ = bench.query(Query { limit: 1, ..Query::all(List::Queue) }) => others += 1,
        }
    };
    assert!(others >= 1, "{others} answers came while 2,200 names were prepared");
    assert_eq!((all.total, candidates(&all).len()), (2_200, 20));
    let contact = bench.ids(Entity::Contact)[1_234].clone();
    assert_eq!(candidates(&bench.query(search(&contact)).await)[0].id.as_str(), contact, "by its id");
    assert_eq!(bench.query(search("zaphod")).await.total, 0);
    bench.edit_crm(Entity::Contact, &contact, &[("NAME", json!("Zaphod")), ("LAST_NAME", json!("Beeblebrox"))]);
    let found = async || bench.query(search("zaph beeb")).await.total == 1;
    bench.until("the new name is found", 120, found).await;
    let found = bench.query(search("zaph beeb")).await;
    assert_eq!((candidates(&found)[0].id.as_str(), candidates(&found)[0].taken), (contact.as_str(), false));
    // After a minute nobody remembers names, and a search begins anew with what is there.
    bench.pass(300).await;
    assert_eq!(bench.query(search("zaph beeb")).await.total, 1);
}

#[tokio::test(start_paused = true)]
async fn an_orphan_is_shown_with_the_best_that_is_like_it_and_its_score() {
    let plan = Plan {
        office: (4, 0, 0, 0),
        pairs: |pairs| pairs.iter_mut().for_each(|pair| pair.create = Create::None),
        ..Plan::default()
    };
    let bench = Bench::settled(plan).await;
    let contact = bench.ids(Entity::Contact)[0].clone();
    bench.edit_crm(Entity::Contact, &contact, &[("NAME", json!("Augusta")), ("LAST_NAME", json!("Lovelace"))]);
    bench.add_page("contacts", &[("Name", json!("Augusta Lovelac"))]);
    let orphans = async || match bench.list(List::Orphans).await {
        Rows::Orphans(rows) => rows,
        other => panic!("{other:?}"),
    };
    let page = async || orphans().await.into_iter().find(|row: &OrphanRow| row.record.side == Side::Notion);
    let liked = async || page().await.is_some_and(|row| row.best.is_some());
    bench.until("the page has a suggestion", 600, liked).await;
    let row = page().await.unwrap();
    let best = row.best.unwrap();
    assert_eq!((best.id.as_str(), best.taken), (contact.as_str(), false));
    assert!(best.score > 0 && best.reason.contains("alike"), "{best:?}");
    assert!(!row.uncounted && row.suggestions >= 1);
    // Rows that nothing is like were compared too.
    assert!(orphans().await.iter().all(|row| !row.uncounted));
}

#[tokio::test(start_paused = true)]
async fn couples_at_one_address_wait_for_a_person_who_is_shown_first_who_has_the_same_name() {
    let office = Options { couples: 2, crm_per_minute: 0, notion_per_minute: 0, ..Options::default() };
    let mut bench = Bench::furnished(&Office::new(7, office).unwrap(), Plan::default());
    bench.start().await;
    let orphans = async || match bench.list(List::Orphans).await {
        Rows::Orphans(rows) => rows,
        other => panic!("{other:?}"),
    };
    bench.until("they are told", 600, async || orphans().await.len() == 8).await;
    for row in orphans().await {
        let best = row.best.clone().unwrap();
        assert_eq!((row.why.as_str(), best.taken, &best.title), ("ambiguous", false, &row.title), "{row:?}");
    }
    assert!(
        orphans().await.iter().all(|row| row.detail.contains("any of 2 records of the other side; link the right one"))
    );
    let row = orphans().await.into_iter().find(|row| row.record.side == Side::Crm).unwrap();
    let link = Command::Link {
        pair: row.record.pair.clone(),
        crm: row.record.id.clone(),
        notion: row.best.unwrap().id,
        shown: None,
    };
    bench.done(link).await;
    // The other two at that address are the only ones left, and yet nobody guesses.
    bench.until("two are linked", 60, async || orphans().await.len() <= 6).await;
    bench.pass(600).await;
    let left = orphans().await;
    assert_eq!(left.len(), 6);
    // Of whom that one is no longer free, both of them are told.
    let told =
        left.iter().filter(|row| row.detail.contains("any of 2 records of the other side, 1 of them tied already"));
    assert_eq!(told.count(), 2, "{left:?}");
}
