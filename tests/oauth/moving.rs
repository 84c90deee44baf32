//! A portal that was renamed is followed, where its tokens may go.

use std::sync::Arc;

use crosstie::config::Revealed;
use crosstie::model::{Entity, FieldName, Value};
use crosstie::remote::bitrix24::oauth::Hosts;
use crosstie::remote::bitrix24::{Bitrix24, WebhookTransport};
use crosstie::remote::{RemoteErrorKind, System};

use crate::support::World;

fn host(origin: &str) -> &str {
    origin.trim_start_matches("http://")
}

/// A client that calls by the portal's webhook.
fn by_webhook(world: &World) -> Bitrix24 {
    let path = world.portal().webhook_path().to_owned();
    let way = WebhookTransport::new(&format!("{}{path}", world.origin), Arc::new(world.watched.clone())).unwrap();
    world.over(Arc::new(way))
}

/// The body of a POST arrives as well, and once.
async fn makes_a_deal(world: &World, client: &Bitrix24) {
    let deal = Entity { name: "deal".into(), fields: vec!["TITLE".into()], marker: None, filter: None };
    let fields = [(FieldName::from("TITLE"), Value::text("Roof"))].into();
    client.create(&deal, "page-1", &fields).await.unwrap();
    assert_eq!(world.portal().live_ids(crosstie::standin::bitrix24::Entity::Deal).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_portal_is_followed_once_and_remembered_and_a_write_is_not_lost() {
    let world = World::new().await;
    let client = world.client(&world.let_in().await);
    client.identity().await.unwrap();
    let new = world.another_address().await;
    world.portal().rename(host(&world.origin), &new);
    makes_a_deal(&world, &client).await;
    client.identity().await.unwrap();
    // A process that starts later knows the new name.
    world.client(&world.session()).identity().await.unwrap();
    assert_eq!(world.portal().counters().moved_on, 1);
    assert_eq!(world.hosts().rest(&world.kept().endpoint), Some(format!("{new}/rest")));
    // And so does one whose tokens were renewed since.
    world.clock.forward(3600);
    client.identity().await.unwrap();
    assert_eq!((world.refreshes(), world.portal().counters().moved_on), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_learns_of_the_new_name_does_not_put_older_tokens_in_place_of_newer_ones() {
    let world = World::new().await;
    let one = world.client(&world.let_in().await);
    one.identity().await.unwrap();
    let other = world.client(&world.session());
    world.tokens_end();
    other.identity().await.unwrap();
    let newest = world.kept();
    let new = world.another_address().await;
    world.portal().rename(host(&world.origin), &new);
    one.identity().await.unwrap();
    let kept = world.kept();
    assert!(kept.refresh == newest.refresh && kept.access == newest.access);
    assert_eq!(world.hosts().rest(&kept.endpoint), Some(format!("{new}/rest")));
    world.client(&world.session()).identity().await.unwrap();
    assert_eq!((world.refreshes(), world.portal().counters().ungranted), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portal_that_sends_us_in_a_circle_is_not_followed_for_ever() {
    let world = World::new().await;
    let client = world.client(&world.let_in().await);
    world.seen();
    let here = world.origin.clone();
    world.portal().rename(host(&here), &format!("{here}/"));
    let refused = client.identity().await.unwrap_err();
    assert_eq!(refused.kind, RemoteErrorKind::Unavailable, "{refused}");
    assert!(world.seen().len() <= 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_not_sent_to_a_host_that_nobody_allowed() {
    let world = World::new().await;
    let session = world.let_in().await;
    let client = world.client(&session);
    world.portal().rename(host(&world.origin), "http://10.255.255.1:1");
    world.seen();
    client.identity().await.unwrap_err();
    let bases: std::collections::BTreeSet<_> = world.seen().into_iter().map(|seen| seen.base).collect();
    assert_eq!(bases.into_iter().collect::<Vec<_>>(), [format!("{}/rest", world.origin)]);

    // A grant for another portal than the configured one is not kept either.
    let other = Hosts::new("other.example.com", &[], "oauth.bitrix.info", None);
    assert_eq!(other.rest(&world.kept().endpoint), None);
    let foreign = world.session().authorise(Revealed::new("no code"), None).await.unwrap_err();
    assert!(foreign.to_string().contains("crosstie authorize"), "{foreign}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhooks_portal_that_was_renamed_is_followed_and_a_write_is_not_lost() {
    let world = World::new().await;
    let client = by_webhook(&world);
    client.identity().await.unwrap();
    let new = world.another_address().await;
    world.portal().rename(host(&world.origin), &new);
    makes_a_deal(&world, &client).await;
    client.identity().await.unwrap();
    assert_eq!(world.portal().counters().moved_on, 1, "it is remembered");
    // Back again within the minute is a circle.
    world.portal().rename(host(&new), &world.origin);
    assert_eq!(client.identity().await.unwrap_err().kind, RemoteErrorKind::Unauthorized);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhooks_address_is_not_sent_to_a_host_of_somebody_elses() {
    let world = World::new().await;
    let client = by_webhook(&world);
    world.portal().rename(host(&world.origin), "http://198.51.100.7:8080");
    world.seen();
    assert_eq!(client.identity().await.unwrap_err().kind, RemoteErrorKind::Unauthorized);
    assert!(world.seen().iter().all(|seen| seen.base.starts_with(&world.origin)));
}
