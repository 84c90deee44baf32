//! The same client over a real socket, with the webhook's secret in the transport alone.

use std::sync::{Arc, Mutex};

use crosstie::remote::bitrix24::{Bitrix24, WebhookDialect};
use crosstie::remote::connection::Connection;
use crosstie::remote::pace::{Pace, Settings};
use crosstie::remote::transport::{HttpOptions, HttpTransport};
use crosstie::remote::{RemoteErrorKind, Since, System};
use crosstie::seam::WallClock;
use crosstie::standin::bitrix24::{BitrixStandIn, Config};
use crosstie::standin::serve::{bind, serve};
use jiff::Timestamp;

use crate::support::{Dice, entity, known, set, text};

struct Still;

impl WallClock for Still {
    fn now(&self) -> Timestamp {
        "2026-03-01T10:00:00Z".parse().unwrap()
    }
}

fn client(base: &str) -> Bitrix24 {
    let transport = HttpTransport::new(base, HttpOptions::default()).unwrap();
    let pace = Pace::new(Settings::bucket(50, 200), Box::new(Dice(1)));
    Bitrix24::new(Connection::new(Arc::new(transport), pace, Arc::new(Still), Arc::new(WebhookDialect)))
}

#[tokio::test]
async fn a_deal_is_created_and_listed_over_http_and_no_error_tells_the_secret() {
    let portal = BitrixStandIn::new(Config::default());
    let path = portal.webhook_path();
    let secret = path.trim_end_matches('/').rsplit('/').next().unwrap().to_owned();
    let listener = bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let served = tokio::spawn(serve(Arc::new(Mutex::new(portal)), listener, Arc::new(Still), async move {
        stopped.await.unwrap_or_default();
    }));

    let deal = entity("deal", &["TITLE"]);
    let us = client(&format!("{origin}{path}"));
    let made = us.create(&deal, "page-1", &set(&[("TITLE", text("Roof"))])).await.unwrap();
    let listing = crosstie::remote::Listing {
        entity: &deal,
        since: Since::Ever,
        next: None,
        lane: crosstie::remote::Lane::Sweep,
        counts: false,
    };
    let listed = us.list(listing).await.unwrap();
    assert_eq!(listed.records.iter().map(|record| &record.id).collect::<Vec<_>>(), [&made.id]);
    assert_eq!(known(&listed.records[0], "TITLE"), &text("Roof"));

    let refused = client(&format!("{origin}/rest/1/{secret}x")).identity().await.unwrap_err();
    assert_eq!(refused.kind, RemoteErrorKind::Unauthorized);
    assert!(!format!("{refused:?} {us:?}").contains(&secret), "{refused:?}");
    // The pool keeps connections open, which the server would wait for.
    drop(us);
    stop.send(()).unwrap();
    served.await.unwrap().unwrap();
}
