//! The same stand-in on a real loopback socket.

use std::sync::{Arc, Mutex};

use crosstie::seam::WallClock;
use crosstie::standin::serve::{BODY_LIMIT, bind, serve};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use crate::office::office;

struct Stopped(Timestamp);

impl WallClock for Stopped {
    fn now(&self) -> Timestamp {
        self.0
    }
}

#[tokio::test]
async fn a_real_client_talks_to_it_over_a_socket() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let office = office();
    let (token, deals) = (office.notion.token().to_owned(), office.deals.clone());
    let listener = bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let clock = Arc::new(Stopped(office.now));
    let served = tokio::spawn(serve(Arc::new(Mutex::new(office.notion)), listener, clock, async move {
        let _ = stopped.await;
    }));

    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let page = json!({ "parent": { "data_source_id": deals }, "properties": { "Amount": { "number": 5 } } });
    let ask = |target: &str| {
        client.post(format!("{base}{target}")).bearer_auth(&token).header("Notion-Version", "2026-03-11")
    };
    let made = ask("/v1/pages").json(&page).send().await.unwrap();
    assert_eq!(made.status(), 200);
    assert_eq!(made.headers()["date"], "Sat, 27 Jun 2026 17:56:40 GMT");
    let request_id = made.headers()["x-notion-request-id"].to_str().unwrap().to_owned();
    let made: Json = made.json().await.unwrap();
    assert_eq!((&made["request_id"], &made["properties"]["Amount"]["number"]), (&json!(request_id), &json!(5)));
    // An encoded property id in the path arrives as it was sent.
    let target = format!(
        "{base}/v1/pages/{}/properties/{}",
        made["id"].as_str().unwrap(),
        made["properties"]["Amount"]["id"].as_str().unwrap()
    );
    let item = client.get(target).bearer_auth(&token).header("Notion-Version", "2026-03-11").send().await.unwrap();
    assert_eq!(item.json::<Json>().await.unwrap()["number"], 5);
    let log: Json = client.get(format!("{base}/_admin/log")).send().await.unwrap().json().await.unwrap();
    assert_eq!(log["entries"][1]["field"], "Amount");
    let large = ask("/v1/pages").body(vec![b' '; BODY_LIMIT + 1]).send().await.unwrap();
    assert_eq!(large.status(), 413);

    drop(client);
    stop.send(()).unwrap();
    served.await.unwrap().unwrap();
}

#[tokio::test]
async fn an_address_that_others_can_reach_is_refused() {
    let refused = bind("0.0.0.0:0").await.unwrap_err();
    assert!(refused.to_string().contains("not a loopback address"), "{refused}");
    let open = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
    let office = office();
    let clock = Arc::new(Stopped(office.now));
    let refused = serve(Arc::new(Mutex::new(office.notion)), open, clock, async {}).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::InvalidInput);
}
