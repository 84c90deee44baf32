//! An installation's own call: tokens that are proven by asking back, for the portal that we have.

use crosstie::config::Revealed;
use crosstie::remote::System;
use crosstie::remote::bitrix24::oauth::{Refused, Session, Tokens};
use crosstie::seam::WallClock;

use crate::support::World;

/// Somebody installs the application: what its portal sends.
fn sent(world: &World) -> Tokens {
    let now = world.clock.now();
    let said = serde_json::to_value(world.portal().install_app(now)).unwrap();
    Tokens::installed(&said, now).unwrap()
}

async fn refused(session: &Session, tokens: Tokens) -> String {
    match session.installed(tokens).await {
        Err(Refused::Never(why) | Refused::Authorise(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_was_let_in_by_code_can_be_installed_once_more() {
    let world = World::new().await;
    let session = world.let_in().await;
    let client = world.client(&session);
    client.identity().await.unwrap();
    let tokens = sent(&world);
    world.session().installed(tokens.clone()).await.unwrap();
    let kept = world.kept();
    assert!(kept.refresh != tokens.refresh && kept.access != tokens.access, "they were renewed, which proved them");
    // Whoever has the tokens from before goes on with those that are kept.
    world.clock.forward(3600);
    client.identity().await.unwrap();
    assert_eq!((world.refreshes(), world.portal().counters().ungranted), (2, 0));
    // A token is good once: the same call played again is nobody's.
    let before = world.kept();
    refused(&world.session(), tokens).await;
    assert_eq!(world.kept(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_for_another_portal_than_ours_is_refused_and_nobody_is_asked() {
    let world = World::new().await;
    let session = world.let_in().await;
    let before = world.kept();
    let tokens = sent(&world);
    world.seen();
    for member in ["", "another"] {
        let why = refused(&session, Tokens { member: member.into(), ..tokens.clone() }).await;
        assert!(why.contains("another portal's"), "{why}");
    }
    assert!(world.seen().is_empty(), "nothing was asked, and no token used up");
    // Ours by its name, and not renewed for us.
    refused(&session, Tokens { refresh: Revealed::new("made-up"), ..tokens.clone() }).await;
    assert_eq!(world.kept(), before);
    session.installed(tokens).await.unwrap();
}
