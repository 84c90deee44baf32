//! Carries out the calls that stand-ins make by themselves.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::remote::transport::{HttpOptions, HttpTransport};
use crate::seam::{Method, Request, Transport};
use crate::standin::{bitrix24, notion};

use super::wiring;

/// How often it is looked for calls.
const EVERY: Duration = Duration::from_millis(100);
/// How long a handler may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Carries out a portal's own calls: each once, whatever comes of it.
pub async fn portal(portal: Arc<Mutex<bitrix24::BitrixStandIn>>) {
    let clock = wiring::clock();
    loop {
        let due = match portal.lock() {
            Ok(mut portal) => portal.outgoing(clock.now()),
            Err(_) => return,
        };
        for call in due {
            let headers =
                [("content-type", "application/x-www-form-urlencoded"), ("user-agent", "Bitrix24 Webhook Engine")];
            // A handler that does not answer is not called again.
            let _ = post(&call.url, &headers, call.body).await;
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Carries out a workspace's webhooks, and tells it what became of them.
pub async fn workspace(workspace: Arc<Mutex<notion::NotionStandIn>>) {
    let clock = wiring::clock();
    loop {
        let due = match workspace.lock() {
            Ok(mut workspace) => workspace.calling(clock.now()),
            Err(_) => return,
        };
        for call in due {
            let headers = [("content-type", "application/json"), ("x-notion-signature", call.signature.as_str())];
            let taken = post(&call.url, &headers, call.body.clone()).await;
            match workspace.lock() {
                Ok(mut workspace) => workspace.called(clock.now(), call.number, taken),
                Err(_) => return,
            }
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Posts something somewhere. Whether it was answered with 200 to 299.
async fn post(url: &str, headers: &[(&str, &str)], body: String) -> bool {
    let at = url.find("://").map_or(0, |at| at + 3);
    let path = url[at..].find('/').map_or(url.len(), |slash| at + slash);
    let Ok(transport) = HttpTransport::new(&url[..path], HttpOptions::default()) else { return false };
    let target = if path == url.len() { "/" } else { &url[path..] };
    let mut request = Request::new(Method::Post, target);
    for &(name, value) in headers {
        request = request.header(name, value);
    }
    request.body = body.into();
    let answered = tokio::time::timeout(PATIENCE, transport.send(request)).await;
    matches!(answered, Ok(Ok(response)) if (200..300).contains(&response.status))
}
