//! The client on a pretend Notion, at one moment that does not pass.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use crosstie::remote::notion::{Notion, Token};
use crosstie::remote::pace::{Pace, Settings};
use crosstie::seam::{Failure, Request, Response, Rng, Transport, WallClock};
use crosstie::standin::StandIn;
use crosstie::standin::notion::NotionStandIn;
use jiff::Timestamp;

/// One moment, and the least of everything random.
pub struct Still;

impl WallClock for Still {
    fn now(&self) -> Timestamp {
        "2026-11-20T09:00:30Z".parse().unwrap()
    }
}

impl Rng for Still {
    fn next_u64(&mut self) -> u64 {
        0
    }
}

/// Carries requests to the pretend Notion and remembers them.
pub struct Wire {
    pub notion: Mutex<NotionStandIn>,
    pub sent: Mutex<Vec<Request>>,
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, request: Request) -> Result<Response, Failure> {
        self.sent.lock().unwrap().push(request.clone());
        Ok(self.notion.lock().unwrap().handle(&request, Still.now()))
    }
}

/// A client and what it talks to.
pub fn client(notion: NotionStandIn) -> (Notion, Arc<Wire>) {
    let token = Token::new(notion.token());
    let wire = Arc::new(Wire { notion: Mutex::new(notion), sent: Mutex::default() });
    let pace = Pace::new(Settings::per_minute(10_000), Box::new(Still));
    (Notion::new(Arc::clone(&wire) as Arc<dyn Transport>, pace, Arc::new(Still), token), wire)
}
