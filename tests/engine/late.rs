//! Creates that are executed after everybody has stopped looking for them.

use std::time::Duration;

use crosstie::model::{Happening, OrphanWhy, Side, Why};
use crosstie::seam::{Method, Response};
use crosstie::standin::bitrix24::Entity;
use serde_json::json;

use crate::harness::{BORIS, Bench, Plan};
use crate::wire::{Call, Fate};

/// Later than the last probe.
const LATE: Duration = Duration::from_secs(900);

fn makes_page(call: &Call) -> bool {
    call.side == Side::Notion && call.is_create()
}

fn contact(bench: &Bench, name: &str, email: &str) -> String {
    bench.add_crm(Entity::Contact, &[("NAME", json!(name)), ("EMAIL", json!(email))])
}

/// The pages of a set of duplicates, if there is one.
async fn duplicates(bench: &Bench) -> Option<Vec<String>> {
    bench.claims().await.holds.into_iter().find_map(|hold| match hold.why {
        Why::DuplicateSet { side: Side::Notion, records } => Some(records.into_iter().map(|id| id.0).collect()),
        _ => None,
    })
}

#[tokio::test(start_paused = true)]
async fn a_create_that_arrives_after_it_was_sent_again_is_a_duplicate_and_never_a_copy() {
    let mut bench = Bench::settled(Plan::default()).await;
    let (pages, contacts) = (bench.pages("contacts").len(), bench.ids(Entity::Contact).len());
    bench.once(makes_page, Fate::LateAndLost(LATE));
    let ida = contact(&bench, "Ida", "ida@hall.example");
    bench.until("it is sent again and tied", 800, async || bench.page_of("contacts", &ida).await.is_some()).await;
    let tied = bench.page_of("contacts", &ida).await.unwrap();
    // What is watched for is remembered.
    bench.crash().await;
    bench.start().await;
    bench.until("both are found", 600, async || duplicates(&bench).await.is_some()).await;
    let found = duplicates(&bench).await.unwrap();
    assert_eq!((found.len(), &found[0]), (2, &tied));
    bench.pass(3 * 3600).await;
    assert_eq!((bench.creates().len(), bench.pages("contacts").len()), (2, pages + 2));
    assert_eq!(bench.ids(Entity::Contact).len(), contacts + 1, "a counterpart was made for the duplicate");
    assert!(bench.claims().await.orphans.is_empty(), "{:?}", bench.claims().await.orphans);
    // Somebody removes it, and that is that.
    bench.trash_page(&found[1]);
    bench.until("nothing is held", 7200, async || bench.claims().await.holds.is_empty()).await;
    assert_eq!(bench.page_of("contacts", &ida).await, Some(tied));
}

#[tokio::test(start_paused = true)]
async fn what_is_watched_for_is_watched_over_a_clock_that_was_set_forward() {
    let mut bench = Bench::settled(Plan::default()).await;
    bench.once(makes_page, Fate::LateAndLost(LATE));
    let ida = contact(&bench, "Ida", "ida@hall.example");
    bench.until("it is sent again and tied", 800, async || bench.page_of("contacts", &ida).await.is_some()).await;
    bench.crash().await;
    // The watch lasts a day.
    *bench.ahead.lock().unwrap() = jiff::SignedDuration::from_hours(24 * 30);
    bench.start().await;
    bench.until("both are found", 600, async || duplicates(&bench).await.is_some()).await;
    assert!(bench.claims().await.orphans.is_empty(), "{:?}", bench.claims().await.orphans);
}

#[tokio::test(start_paused = true)]
async fn a_create_that_was_given_up_is_tied_when_it_arrives_and_not_made_again() {
    let bench = Bench::settled(Plan::default()).await;
    let pages = bench.pages("contacts").len();
    let mut sent = 0;
    bench.faults(move |call| {
        sent += u32::from(makes_page(call));
        match (makes_page(call), sent) {
            (true, 3) => Fate::LateAndLost(Duration::from_secs(7200)),
            (true, _) => Fate::LostRequest,
            _ => Fate::Pass,
        }
    });
    let ida = contact(&bench, "Ida", "ida@hall.example");
    let given_up = async || bench.claims().await.holds.iter().any(|it| matches!(it.why, Why::Quarantined { .. }));
    bench.pass(2400).await;
    assert!(given_up().await);
    bench.pass(7200).await;
    assert!(bench.page_of("contacts", &ida).await.is_some(), "it arrived and was not tied");
    bench.settle().await;
    assert_eq!((bench.creates().len(), bench.pages("contacts").len()), (3, pages + 1));
    assert!(bench.claims().await.holds.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_create_that_nobody_wants_any_more_is_shown_when_it_arrives_and_brings_nothing_back() {
    let mut plan = Plan::default();
    // Deletions in the CRM are found by complete listings.
    plan.timing.sweep_every = Duration::from_secs(120);
    let bench = Bench::settled(plan).await;
    bench.once(makes_page, Fate::LateAndLost(LATE));
    let ida = contact(&bench, "Ida", "ida@hall.example");
    bench.until("it has left", 60, async || !bench.creates().is_empty()).await;
    bench.pass(30).await;
    bench.delete_crm(Entity::Contact, &ida);
    let contacts = bench.ids(Entity::Contact).len();
    bench.pass(3 * 3600).await;
    assert_eq!(bench.ids(Entity::Contact).len(), contacts, "a deleted contact was made again");
    let orphans = bench.claims().await.orphans;
    assert_eq!(orphans.len(), 1, "{orphans:?}");
    assert!(matches!(&orphans[0].why, OrphanWhy::Survivor { gone } if gone.as_str() == ida), "{orphans:?}");
    assert_eq!(bench.creates().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_a_person_makes_is_an_orphan_as_ever_once_the_watch_is_over() {
    let mut plan = Plan::default();
    plan.timing.late_watch = Duration::from_secs(3600);
    let bench = Bench::settled(plan).await;
    bench.once(makes_page, Fate::LostRequest);
    let ida = contact(&bench, "Ida", "ida@hall.example");
    bench.until("it is tied", 1200, async || bench.page_of("contacts", &ida).await.is_some()).await;
    bench.pass(2 * 3600).await;
    let page = bench.page_of("contacts", &ida).await.unwrap();
    bench.wires.notion.lock().unwrap().person_duplicate(bench.now(), BORIS, &page).unwrap();
    bench.until("the copy is shown", 600, async || !bench.claims().await.orphans.is_empty()).await;
    let orphans = bench.claims().await.orphans;
    assert!(matches!(&orphans[0].why, OrphanWhy::Copy { of } if of.as_str() == page), "{orphans:?}");
    assert!(bench.claims().await.holds.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_503_that_names_what_it_saved_is_adopted_by_its_id_although_no_query_shows_it() {
    let bench = Bench::settled(Plan::default()).await;
    let pages = bench.pages("contacts").len();
    // It is saved and says so, but can neither be read at first, nor be found by its marker for a long time.
    let (notion, mut reads) = (bench.wires.notion.clone(), 0);
    let mut made = None;
    bench.faults(move |call| {
        if makes_page(call) && made.is_none() {
            let id = save(&notion, call);
            made = Some(id.clone());
            let body = json!({
                "object": "error", "status": 503, "code": "service_unavailable", "message": "The change was saved.",
                "additional_data": {"committed_resource_id": id}
            });
            return Fate::Instead(Response::json(503, &body));
        }
        let gone = || {
            Fate::Instead(Response::json(404, &json!({"object": "error", "code": "object_not_found", "message": "no"})))
        };
        match &made {
            Some(id) if call.method == Method::Get && call.path.ends_with(id.as_str()) && reads < 1 => {
                reads += 1;
                gone()
            }
            Some(_) if call.path.ends_with("/query") => {
                Fate::Instead(Response::json(200, &json!({"object": "list", "results": [], "has_more": false})))
            }
            _ => Fate::Pass,
        }
    });
    let ida = contact(&bench, "Ida", "ida@hall.example");
    bench.until("it is tied", 120, async || bench.page_of("contacts", &ida).await.is_some()).await;
    assert_eq!((bench.creates().len(), bench.pages("contacts").len()), (1, pages + 1));
    assert_eq!(bench.journal(Happening::Adopted).await.len(), 1);
}

/// Executes a request as the stand-in would; gives the new page's id.
fn save(notion: &std::sync::Mutex<crosstie::standin::notion::NotionStandIn>, call: &Call) -> String {
    use crosstie::standin::StandIn;
    let mut notion = notion.lock().unwrap();
    let request = crosstie::seam::Request::new(Method::Post, call.path.clone())
        .header("authorization", format!("Bearer {}", notion.token()))
        .header("notion-version", "2026-03-11")
        .json(&call.body);
    let answer = notion.handle(&request, call.at);
    let page: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    page["id"].as_str().unwrap_or_else(|| panic!("{page}")).to_owned()
}

#[tokio::test(start_paused = true)]
async fn nothing_is_watched_for_that_a_probe_has_found() {
    let bench = Bench::settled(Plan::default()).await;
    bench.once(makes_page, Fate::LostAnswer);
    let ida = contact(&bench, "Ida", "ida@hall.example");
    bench.until("it is tied", 120, async || bench.page_of("contacts", &ida).await.is_some()).await;
    let page = bench.page_of("contacts", &ida).await.unwrap();
    bench.wires.notion.lock().unwrap().person_duplicate(bench.now(), BORIS, &page).unwrap();
    bench.until("the copy is shown", 600, async || !bench.claims().await.orphans.is_empty()).await;
    assert!(duplicates(&bench).await.is_none());
}
