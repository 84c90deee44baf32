//! An inbound webhook's way to its portal, which may get another name: it then answers under the old one with the new, and
//! executes nothing. The webhook's address is a password, so it follows within the portal's own cloud alone.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use reqwest::Url;
use tokio::time::Instant;

use super::oauth::{Connect, Hosts};
use crate::model::Revealed;
use crate::remote::transport::is_loopback;
use crate::seam::{Failure, Request, Response, Transport};

/// Sooner than this a move is not followed by another.
const AT_ONCE: Duration = Duration::from_secs(60);

/// A webhook's requests. Their targets begin with a slash and the method's name.
pub struct WebhookTransport {
    hosts: Hosts,
    connect: Arc<dyn Connect>,
    /// `/rest/1/…`
    path: Revealed,
    way: Mutex<Way>,
}

struct Way {
    origin: String,
    transport: Arc<dyn Transport>,
    moved: Option<Instant>,
}

impl WebhookTransport {
    /// The way to a webhook's whole address.
    ///
    /// # Errors
    /// One sentence without the address, if that is none.
    pub fn new(webhook: &str, connect: Arc<dyn Connect>) -> Result<Self, String> {
        let transport = connect.to(webhook)?;
        let url = Url::parse(webhook).map_err(|_| "the webhook's address is none".to_owned())?;
        let origin = url.origin().ascii_serialization();
        let host = url.host_str().unwrap_or_default();
        let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
        let pretend = Some(origin.as_str()).filter(|_| is_loopback(host));
        let hosts = Hosts::new(&format!("{host}{port}"), &[], "", pretend);
        let path = Revealed::new(url.path().trim_end_matches('/'));
        Ok(Self { hosts, connect, path, way: Mutex::new(Way { origin, transport, moved: None }) })
    }

    /// Goes to where the portal says it is; `false` where the webhook's address may not follow.
    fn follow(&self, to: &str) -> bool {
        let Some(origin) = self.hosts.rest(to).and_then(|rest| Some(rest.strip_suffix("/rest")?.to_owned())) else {
            return false;
        };
        let mut way = self.way.lock().unwrap_or_else(PoisonError::into_inner);
        // Where it is already it would go in a circle.
        if way.origin == origin || way.moved.is_some_and(|at| at.elapsed() < AT_ONCE) {
            return false;
        }
        let Ok(transport) = self.connect.to(&format!("{origin}{}", self.path.expose())) else { return false };
        *way = Way { origin, transport, moved: Some(Instant::now()) };
        true
    }
}

/// Nothing of the address.
impl fmt::Debug for WebhookTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookTransport")
    }
}

#[async_trait]
impl Transport for WebhookTransport {
    async fn send(&self, request: Request) -> Result<Response, Failure> {
        let (from, transport) = {
            let way = self.way.lock().unwrap_or_else(PoisonError::into_inner);
            (way.origin.clone(), Arc::clone(&way.transport))
        };
        let response = transport.send(request).await?;
        if !matches!(response.status, 301 | 302 | 307 | 308) {
            return Ok(response);
        }
        let Some(to) = response.get_header("location").map(str::to_owned) else { return Ok(response) };
        let moved_meanwhile = self.way.lock().unwrap_or_else(PoisonError::into_inner).origin != from;
        if moved_meanwhile || self.follow(&to) {
            return Err(Failure::NotTaken("the portal has another name now; put it into the configuration".into()));
        }
        Ok(response)
    }
}
