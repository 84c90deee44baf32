//! A door where one system calls.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{Request as HttpRequest, Response as HttpResponse, StatusCode, header};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::Limits;
use super::kept::{Drawer, Kept};
use super::listen::{json, plain};
use super::proof::Next;
use super::queue::Queue;
use super::refusals::{Learned, Refusals};
use super::seen::Seen;
use crate::control::{Delivery, Told};
use crate::model::{Revealed, Side};
use crate::remote::webhook::{Heard, Installs, Webhook};
use crate::seam::{Method, Request, SecretsError};

/// A door, as the wiring names it.
pub struct Door {
    /// Where it is: `/api/webhooks/…`.
    pub path: String,
    /// Whose changes are told there.
    pub side: Side,
    /// What its calls mean.
    pub webhook: Arc<dyn Webhook>,
    /// What they are proven with.
    pub secret: DoorSecret,
    /// Who takes installations, where we can be installed over there. What one brings proves later calls, unless that is
    /// configured.
    pub installs: Option<Arc<dyn Installs>>,
}

/// Where a door's secret comes from.
pub enum DoorSecret {
    /// Nowhere: every call is refused, and the journal says why.
    Missing,
    /// From the configuration.
    Given(Revealed),
    /// From the system's own first call; kept here.
    Learned(Drawer),
}

/// A door that is open.
pub(super) struct Open {
    pub path: String,
    pub(super) side: Side,
    webhook: Arc<dyn Webhook>,
    pub(super) drawer: Option<Drawer>,
    pub(super) installs: Option<Arc<dyn Installs>>,
    /// One installation is looked at at a time.
    pub(super) installing: Arc<tokio::sync::Mutex<()>>,
    /// Whoever opens the drawer is alone with it.
    pub(super) drawing: tokio::sync::Mutex<()>,
    pub(super) queue: Queue,
    /// Calls that are under way.
    busy: Semaphore,
    limits: Limits,
    state: Mutex<Inside>,
}

/// What changes while a door is open.
pub(super) struct Inside {
    pub secret: Option<Kept>,
    seen: Seen,
    refusals: Refusals,
    full: Refusals,
    pub learned: Learned,
    outcomes: BTreeMap<&'static str, u64>,
}

/// How a call ended, and what is answered.
pub(super) type Outcome = (&'static str, HttpResponse<Body>);

impl Open {
    /// Opens a door; what is kept of its secret is read.
    pub fn new(door: Door, queue: Queue, limits: Limits) -> Result<Self, SecretsError> {
        let (secret, drawer) = match door.secret {
            DoorSecret::Missing => (None, None),
            // Nobody can send another one.
            DoorSecret::Given(secret) => (Some(Kept { secret, proven: true }), None),
            DoorSecret::Learned(drawer) => (drawer.load()?, Some(drawer)),
        };
        let state = Inside {
            secret,
            seen: Seen::default(),
            refusals: Refusals::default(),
            full: Refusals::default(),
            learned: Learned::default(),
            outcomes: BTreeMap::new(),
        };
        let (path, side, webhook, installs) = (door.path, door.side, door.webhook, door.installs);
        let (installing, drawing) = (Arc::default(), tokio::sync::Mutex::default());
        let busy = Semaphore::new(limits.per_door.max(1));
        let state = Mutex::new(state);
        Ok(Self { path, side, webhook, drawer, installs, installing, drawing, queue, busy, limits, state })
    }

    /// How many calls ended how, since the start.
    pub fn outcomes(&self) -> Vec<(&'static str, u64)> {
        self.state().outcomes.iter().map(|(outcome, count)| (*outcome, *count)).collect()
    }

    /// Nobody may wait for anything while this is held.
    pub fn state(&self) -> MutexGuard<'_, Inside> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts how a call ended.
    pub fn ended(&self, state: &mut Inside, (outcome, answer): Outcome) -> HttpResponse<Body> {
        *state.outcomes.entry(outcome).or_default() += 1;
        answer
    }

    /// Answers a call, or says what has to be done before. Nothing in here waits for anybody.
    fn hear(&self, call: &Request) -> Next {
        let mut state = self.state();
        let heard = self.webhook.hear(call, state.secret.as_ref().map(|kept| &kept.secret));
        let ended = match heard {
            Heard::Challenge(answer) => ("challenge", json(StatusCode::OK, &answer)),
            Heard::Secret(secret) => return Next::Learn(secret),
            Heard::Installation if self.installs.is_some() => return Next::Install,
            Heard::Installation => {
                let why = "an installation came, and `[crm] oauth` names no application";
                self.refuse(&mut state, why, StatusCode::UNAUTHORIZED)
            }
            Heard::Refused(why) => self.refuse(&mut state, why, StatusCode::UNAUTHORIZED),
            Heard::Unreadable(why) => self.refuse(&mut state, why, StatusCode::BAD_REQUEST),
            Heard::Event { id, attempt, name, told } => {
                let is_first = self.is_first(&mut state);
                let ended = self.take(&mut state, id, Delivery { side: self.side, event: name, attempt, told });
                let answer = self.ended(&mut state, ended);
                return if is_first { Next::Note(answer) } else { Next::Answer(answer) };
            }
        };
        Next::Answer(self.ended(&mut state, ended))
    }

    /// Puts what a call told into the queue.
    pub fn take(&self, state: &mut Inside, id: Option<String>, delivery: Delivery) -> Outcome {
        if id.as_ref().is_some_and(|id| state.seen.has(id)) {
            let record = match delivery.told {
                Told::Change(change) => Some(change.record),
                _ => None,
            };
            // It was taken already: if there is no room for this line, nothing but the line is lost.
            let _ = self.queue.put(Delivery { told: Told::Duplicate { record }, ..delivery });
            return ("duplicate", plain(StatusCode::OK, "known already\n"));
        }
        if self.queue.put(delivery).is_err() {
            if let Some(count) = state.full.count(Instant::now()) {
                tracing::warn!(
                    side = self.side.as_str(),
                    count,
                    "deliveries were turned away, because more wait than are worked off; polling finds what they told"
                );
            }
            return ("full", plain(StatusCode::SERVICE_UNAVAILABLE, "too much at once; try again later\n"));
        }
        if let Some(id) = id {
            state.seen.note(id);
        }
        ("accepted", plain(StatusCode::OK, "heard\n"))
    }

    /// Turns a call away, and says so in the journal.
    pub fn refuse(&self, state: &mut Inside, why: &'static str, status: StatusCode) -> Outcome {
        if let Some(count) = state.refusals.count(Instant::now()) {
            let told = Told::Refused { why, count };
            let _ = self.queue.put(Delivery { side: self.side, event: String::new(), attempt: 1, told });
        }
        ("refused", plain(status, "not understood, or not believed\n"))
    }
}

/// One call, from its headers on.
pub(super) async fn called(State(door): State<Arc<Open>>, request: HttpRequest<Body>) -> HttpResponse<Body> {
    // Slow callers at this door leave the other doors their places.
    let Ok(_busy) = door.busy.try_acquire() else {
        return plain(StatusCode::SERVICE_UNAVAILABLE, "too many calls at once; try again later\n");
    };
    let (head, body) = request.into_parts();
    let told = head.headers.get(header::CONTENT_LENGTH).and_then(|it| it.to_str().ok()?.parse::<u64>().ok());
    let too_long = || plain(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long\n");
    if told.is_some_and(|told| usize::try_from(told).map_or(true, |told| told > door.limits.body)) {
        return too_long();
    }
    let body = match tokio::time::timeout(door.limits.patience, to_bytes(body, door.limits.body)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return too_long(),
        Err(_) => return plain(StatusCode::REQUEST_TIMEOUT, "the body did not come in time\n"),
    };
    let text = |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    let call = Request { method: Method::Post, target: door.path.clone(), headers, body };
    match door.hear(&call) {
        Next::Answer(answer) => answer,
        Next::Note(answer) => door.note(answer).await,
        Next::Learn(secret) => door.learn(secret).await,
        Next::Install => door.install(call).await,
    }
}
