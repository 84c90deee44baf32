//! What a pair could be made of, and what the webhook may not see.

use crosstie::remote::{Offer, RemoteErrorKind, System};
use crosstie::seam::Response;
use crosstie::standin::StandIn;
use serde_json::json;

use crate::support::{Fate, Office};

fn names(offers: &[Offer]) -> Vec<(&str, &str)> {
    offers.iter().map(|offer| (offer.name.as_str(), offer.title.as_str())).collect()
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_record_is_offered_and_a_missing_scope_is_told_of_the_kind_that_needs_it() {
    let office = Office::new();
    let offers = office.client.offers().await.unwrap();
    let all =
        [("deal", "Deals"), ("contact", "Contacts"), ("company", "Companies"), ("lead", "Leads"), ("task", "Tasks")];
    assert_eq!(names(&offers), all);
    assert!(offers.iter().all(|offer| offer.refused.is_none()), "{offers:?}");

    office.portal().switch("no-scope=task").unwrap();
    let offers = office.client.offers().await.unwrap();
    assert_eq!(names(&offers), all);
    let refused: Vec<&str> = offers.iter().filter(|it| it.refused.is_some()).map(|it| it.name.as_str()).collect();
    assert_eq!(refused, ["task"]);
    assert!(offers[4].refused.as_ref().unwrap().contains("higher privileges"), "{offers:?}");
}

#[tokio::test(start_paused = true)]
async fn a_refused_webhook_offers_nothing() {
    let office = Office::new();
    let body = json!({"error": "INVALID_CREDENTIALS", "error_description": "Invalid request credentials"});
    office.fate([Fate::Instead(Response::json(401, &body))]);
    let error = office.client.offers().await.unwrap_err();
    assert_eq!(error.kind, RemoteErrorKind::Unauthorized, "{error:?}");
}
