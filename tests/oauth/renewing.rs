//! Tokens are renewed when they have to be, once for all who wait, and kept before they are used.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;

use crosstie::config::Revealed;
use crosstie::remote::bitrix24::Bitrix24;
use crosstie::remote::bitrix24::oauth::{Refused, SECRET_NAME, settled};
use crosstie::remote::{Identity, RemoteError, RemoteErrorKind, System};
use crosstie::seam::{Secrets, WallClock};
use tokio::task::JoinHandle;

use crate::support::{World, no_file_tells};

#[tokio::test(flavor = "multi_thread")]
async fn a_code_opens_the_portal_and_an_hour_needs_no_renewal() {
    let world = World::new().await;
    let client = world.client(&world.let_in().await);
    assert_eq!(client.identity().await.unwrap().name, "Crosstie Integration");
    world.clock.forward(3500);
    client.people().await.unwrap();
    // A process that starts takes the tokens that are there.
    world.client(&world.session()).identity().await.unwrap();
    assert_eq!(world.refreshes(), 0);
    let rest = format!("{}/rest", world.origin);
    let calls: Vec<_> = world.seen().into_iter().filter(|seen| seen.base == rest).collect();
    assert!(calls.len() >= 3 && calls.iter().all(|call| call.auth == call.kept && call.auth.is_some()), "{calls:?}");
    assert!(calls.iter().all(|call| !call.target.contains('?')), "a token is never in an address");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_we_know_to_have_ended_is_renewed_before_it_is_sent() {
    let world = World::new().await;
    let client = world.client(&world.let_in().await);
    let first = world.kept();
    world.seen();
    world.clock.forward(3600);
    client.identity().await.unwrap();
    assert_eq!(world.refreshes(), 1);
    let kept = world.kept();
    assert!(kept.access != first.access && kept.refresh != first.refresh);
    let targets: Vec<_> = world.seen().into_iter().map(|seen| (seen.target, seen.auth)).collect();
    assert_eq!(
        targets,
        [("/oauth/token/".to_owned(), None), ("/profile".to_owned(), Some(kept.access.expose().to_owned()))]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_requests_that_find_the_token_expired_make_one_refresh_and_all_succeed() {
    let world = World::new().await;
    let client = Arc::new(world.client(&world.let_in().await));
    client.identity().await.unwrap();
    for round in 1..=3 {
        world.tokens_end();
        world.seen();
        let asked: Vec<_> = (0..20)
            .map(|_| {
                let client = Arc::clone(&client);
                tokio::spawn(async move { client.identity().await })
            })
            .collect();
        for one in asked {
            one.await.unwrap().unwrap();
        }
        assert_eq!((world.refreshes(), world.portal().counters().ungranted), (round, 0));
        // Whatever was sent with the new token was sent when that token was durable already.
        let new = world.kept().access.expose().to_owned();
        for call in world.seen().into_iter().filter(|seen| seen.auth.as_ref() == Some(&new)) {
            assert_eq!(call.kept.as_ref(), Some(&new));
        }
    }
}

/// Somebody asks, in a task of their own.
fn asks(client: &Arc<Bitrix24>) -> JoinHandle<Result<Identity, RemoteError>> {
    let client = Arc::clone(client);
    tokio::spawn(async move { client.identity().await })
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asked_may_be_gone_and_what_the_server_gave_is_kept() {
    let world = World::new().await;
    let client = Arc::new(world.client(&world.let_in().await));
    let first = world.kept();
    world.tokens_end();
    let asked = asks(&client);
    while world.refreshes() == 0 {
        tokio::task::yield_now().await;
    }
    asked.abort();
    while world.kept().refresh == first.refresh {
        tokio::task::yield_now().await;
    }
    client.identity().await.unwrap();
    assert_eq!(world.refreshes(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_between_refresh_and_use_loses_nothing() {
    let world = World::new().await;
    let session = world.let_in().await;
    world.tokens_end();
    world.clock.forward(3600);
    *world.watched.portal_down.lock().unwrap() = true;
    world.client(&session).identity().await.unwrap_err();
    assert_eq!(world.refreshes(), 1, "the refresh was done, and no request got through after it");
    drop(session);
    *world.watched.portal_down.lock().unwrap() = false;
    world.client(&world.session()).identity().await.unwrap();
    assert_eq!(world.refreshes(), 1, "the next process uses what was kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_cannot_be_kept_are_not_used_and_kept_as_soon_as_they_can_be() {
    let world = World::new().await;
    let client = world.client(&world.let_in().await);
    let first = world.kept();
    world.clock.forward(3600);
    world.seen();
    // What is there could be written once more, and then the disk is full.
    world.disk.room_for.store(1, Ordering::SeqCst);
    world.disk.full.store(true, Ordering::SeqCst);
    let refused = client.identity().await.unwrap_err();
    assert_eq!(refused.kind, RemoteErrorKind::Unavailable);
    assert!(refused.message.contains("not used before they are kept"), "{refused}");
    assert!(world.seen().iter().all(|seen| seen.target == "/oauth/token/"), "no request left");
    assert_eq!(world.kept(), first);
    world.disk.full.store(false, Ordering::SeqCst);
    client.identity().await.unwrap();
    assert_eq!(world.refreshes(), 1, "the same tokens were kept, and the server was not asked again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_is_not_spent_while_what_it_brings_could_not_be_kept() {
    let world = World::new().await;
    world.let_in().await;
    world.clock.forward(3600);
    world.disk.full.store(true, Ordering::SeqCst);
    let refused = world.client(&world.session()).identity().await.unwrap_err();
    assert_eq!(refused.kind, RemoteErrorKind::Unavailable);
    assert!(refused.message.contains("not renewed while new ones could not be kept"), "{refused}");
    assert_eq!(world.refreshes(), 0);
    // That process is gone, and somebody has made room.
    world.disk.full.store(false, Ordering::SeqCst);
    world.client(&world.session()).identity().await.unwrap();
    assert_eq!(world.refreshes(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_could_not_be_kept_do_not_take_the_place_of_newer_ones() {
    let world = World::new().await;
    let client = world.client(&world.let_in().await);
    world.clock.forward(3600);
    world.disk.room_for.store(1, Ordering::SeqCst);
    world.disk.full.store(true, Ordering::SeqCst);
    client.identity().await.unwrap_err();
    world.disk.full.store(false, Ordering::SeqCst);
    // Somebody lets crosstie in anew, by another process, before this one tries again.
    world.let_in().await;
    let newer = world.kept();
    client.identity().await.unwrap();
    assert_eq!(world.kept(), newer);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_ends_waits_for_a_renewal_that_is_under_way() {
    let world = World::new().await;
    let client = Arc::new(world.client(&world.let_in().await));
    let first = world.kept();
    world.tokens_end();
    world.disk.hangs.store(1, Ordering::SeqCst);
    let asked = asks(&client);
    // What is kept is written once more before the server is asked.
    while world.disk.hangs.load(Ordering::SeqCst) < 2 {
        tokio::task::yield_now().await;
    }
    asked.abort();
    let mut settled = pin!(settled());
    let waits = poll_fn(|context| Poll::Ready(settled.as_mut().poll(context).is_pending())).await;
    // Before anything is judged: what hangs would keep a test that fails from ending.
    world.disk.hangs.store(0, Ordering::SeqCst);
    assert!(waits, "somebody asked, and is gone");
    settled.await;
    assert_eq!(world.refreshes(), 1);
    assert_ne!(world.kept().refresh, first.refresh);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_was_taken_away_says_how_to_let_it_in_again_and_asks_no_more() {
    let world = World::new().await;
    let client = world.client(&world.let_in().await);
    client.identity().await.unwrap();
    world.clock.forward(3600);
    world.portal().revoke_app();
    for _ in 0..5 {
        let refused = client.identity().await.unwrap_err();
        assert_eq!(refused.kind, RemoteErrorKind::Unauthorized);
        assert!(refused.message.contains("crosstie authorize bitrix24"), "{refused}");
    }
    assert_eq!(world.portal().counters().ungranted, 1, "a no is a no");
    // Another process lets it in again, and this one goes on by itself.
    world.let_in().await;
    client.identity().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_opens_nothing_is_replaced_by_one_that_another_process_kept() {
    let world = World::new().await;
    let client = world.client(&world.let_in().await);
    client.identity().await.unwrap();
    world.portal().revoke_app();
    let refused = client.identity().await.unwrap_err();
    assert_eq!(refused.kind, RemoteErrorKind::Unauthorized, "{refused}");
    world.let_in().await;
    client.identity().await.unwrap();
    assert_eq!(world.refreshes(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_do_not_take_each_others_refresh_token() {
    let world = World::new().await;
    let one = Arc::new(world.client(&world.let_in().await));
    let other = Arc::new(world.client(&world.session()));
    other.identity().await.unwrap();
    world.clock.forward(3600);
    let both = [one, other].map(|client| tokio::spawn(async move { client.identity().await }));
    for one in both {
        one.await.unwrap().unwrap();
    }
    assert_eq!((world.refreshes(), world.portal().counters().ungranted), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_token_that_is_called_expired_is_not_renewed_again_and_again() {
    let world = World::new().await;
    let client = world.client(&world.let_in().await);
    let now = world.clock.now();
    for _ in 0..5 {
        world.portal().expire_access_tokens(now);
        let refused = client.identity().await.unwrap_err();
        assert_eq!(refused.kind, RemoteErrorKind::Unauthorized);
    }
    assert_eq!(world.refreshes(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_good_for_half_a_minute_and_once() {
    let world = World::new().await;
    let now = world.clock.now();
    let code = Revealed::new(world.portal().authorize_app(now));
    world.clock.forward(31);
    let late = world.session().authorise(code, None).await.unwrap_err();
    assert!(matches!(late, Refused::Authorise(_)), "{late}");
    assert_eq!(world.disk.vault.get(SECRET_NAME).unwrap(), None);
    let nobody = world.client(&world.session()).identity().await.unwrap_err();
    assert_eq!(nobody.kind, RemoteErrorKind::Unauthorized);
    assert!(nobody.message.contains("crosstie authorize bitrix24"), "{nobody}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_file_and_no_error_tells_a_token() {
    let world = World::new().await;
    let session = world.let_in().await;
    let client = world.client(&session);
    let mut told = format!("{session:?} {client:?} {:?} {:?}", world.kept(), world.hosts());
    let mut secrets = vec![world.portal().app_credentials().1.to_owned()];
    for _ in 0..3 {
        let tokens = world.kept();
        secrets.extend([tokens.access.expose().to_owned(), tokens.refresh.expose().to_owned()]);
        world.clock.forward(3600);
        client.identity().await.unwrap();
    }
    world.clock.forward(3600);
    world.portal().revoke_app();
    let error = client.identity().await.unwrap_err();
    told.push_str(&format!("{error} {error:?} {:?}", client.pulse()));
    assert_eq!(secrets.len(), 7);
    for secret in &secrets {
        assert!(secret.len() > 20 && !told.contains(secret.as_str()), "{told}");
    }
    no_file_tells(world.home.path(), &secrets);
}
