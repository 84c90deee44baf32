//! The queue of offline events: what changed while nobody looked, taken by the application and by nobody twice.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use crosstie::control::{Change, Deliveries, Delivery, DeskError, Place, Told};
use crosstie::remote::{RemoteErrorKind, System};
use crosstie::standin::bitrix24::Entity;
use serde_json::json;

use crate::support::{Fate, Office, entity, known, set, text};

/// Which records, in words.
pub fn told(deliveries: &[Delivery]) -> Vec<String> {
    let tell = |delivery: &Delivery| match &delivery.told {
        Told::Change(Change { record, place: Place::Within(entity), .. }) => {
            format!("{} {entity} {record}", delivery.event)
        }
        other => format!("{} {other:?}", delivery.event),
    };
    deliveries.iter().map(tell).collect()
}

#[derive(Default)]
struct Noted(Mutex<Vec<Delivery>>);

#[async_trait]
impl Deliveries for Noted {
    async fn deliver(&self, delivery: Delivery) -> Result<(), DeskError> {
        self.0.lock().unwrap().push(delivery);
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn what_people_change_is_told_once_and_what_we_write_is_not() {
    let office = Office::new().as_app();
    assert_eq!(told(&office.client.open_queue().await.unwrap()), [""; 0]);
    let deal = office.person_makes(Entity::Deal, &[("TITLE", json!("Roof"))]);
    let contact = office.person_makes(Entity::Contact, &[("NAME", json!("Ada"))]);
    office.person_edits(Entity::Deal, &deal, &[("TITLE", json!("Roof, new"))]);
    let news = told(&office.client.take_queue().await.unwrap());
    let expected = [
        format!("ONCRMDEALADD deal {deal}"),
        format!("ONCRMCONTACTADD contact {contact}"),
        format!("ONCRMDEALUPDATE deal {deal}"),
    ];
    assert_eq!(
        {
            let mut news = news;
            news.sort();
            news
        },
        {
            let mut expected = expected.to_vec();
            expected.sort();
            expected
        }
    );
    assert!(office.client.take_queue().await.unwrap().is_empty(), "each only once");

    let kind = entity("deal", &["TITLE"]);
    let before = office.read(&kind, &deal).await;
    office.client.update(&kind, &before, &set(&[("TITLE", text("Ours"))]), None).await.unwrap();
    assert_eq!(known(&office.read(&kind, &deal).await, "TITLE"), &text("Ours"));
    assert!(office.client.take_queue().await.unwrap().is_empty(), "our own write is no news");
    // Bound already: opening again changes nothing.
    assert!(office.client.open_queue().await.unwrap().is_empty());
    office.person_edits(Entity::Deal, &deal, &[("TITLE", json!("Theirs"))]);
    assert_eq!(told(&office.client.take_queue().await.unwrap()), [format!("ONCRMDEALUPDATE deal {deal}")]);
}

#[tokio::test(start_paused = true)]
async fn what_was_reserved_for_an_answer_that_was_lost_is_found_again() {
    let office = Office::new().as_app();
    office.client.open_queue().await.unwrap();
    let deal = office.person_makes(Entity::Deal, &[("TITLE", json!("Roof"))]);
    office.fate([Fate::LostAnswer]);
    let lost = office.client.take_queue().await.unwrap_err();
    assert_eq!(lost.kind, RemoteErrorKind::Unavailable);
    assert!(office.client.take_queue().await.unwrap().is_empty(), "hidden behind its reservation");
    assert_eq!(told(&office.client.open_queue().await.unwrap()), [format!("ONCRMDEALADD deal {deal}")]);
    assert!(office.client.open_queue().await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_queue_is_followed_through_errors_and_beyond_one_page() {
    let office = Office::new().as_app();
    let sink = Noted::default();
    office.client.open_queue().await.unwrap();
    for number in 0..120 {
        office.person_makes(Entity::Deal, &[("TITLE", json!(format!("Deal {number}")))]);
    }
    let follow = office.client.follow_queue(&sink, Duration::from_secs(10));
    let all_there = async {
        while sink.0.lock().unwrap().len() < 120 {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        // The answer to the next request for rows is lost, and with it one row.
        office.person_makes(Entity::Contact, &[("NAME", json!("Ada"))]);
        office.fate([Fate::LostAnswer]);
        while sink.0.lock().unwrap().len() < 121 {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    tokio::select! {
        ended = follow => panic!("it ended: {ended:?}"),
        waited = tokio::time::timeout(Duration::from_secs(300), all_there) => waited.unwrap(),
    }
    let mut all = told(&sink.0.lock().unwrap());
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 121, "each record once");
}

#[tokio::test(start_paused = true)]
async fn a_webhook_has_no_queue_and_that_is_told_and_not_tried_again() {
    let office = Office::new();
    let refused = office.client.follow_queue(&Noted::default(), Duration::from_secs(10)).await.unwrap_err();
    assert_eq!((refused.kind, refused.code.as_str()), (RemoteErrorKind::Unauthorized, "WRONG_AUTH_TYPE"));
    assert!(office.sent().iter().all(|method| !method.starts_with("event.offline")));
}

#[tokio::test(start_paused = true)]
async fn a_portal_whose_plan_has_no_queues_is_written_to_all_the_same() {
    use crosstie::standin::StandIn;
    let office = Office::new().as_app();
    office.portal().switch("no-queues").unwrap();
    let refused = office.client.open_queue().await.unwrap_err();
    assert_eq!(refused.kind, RemoteErrorKind::Forbidden);
    assert!(refused.message.contains("offline_events"), "{}", refused.message);
    let kind = entity("deal", &["TITLE"]);
    let made = office.client.create(&kind, "the-page", &set(&[("TITLE", text("Ours"))])).await.unwrap();
    assert_eq!(known(&made, "TITLE"), &text("Ours"));
}
