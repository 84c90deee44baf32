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
    side: Side,
    webhook: Arc<dyn Webhook>,
    drawer: Option<Drawer>,
    installs: Option<Arc<dyn Installs>>,
    /// One installation is looked at at a time.
    installing: tokio::sync::Mutex<()>,
    queue: Queue,
    /// Calls that are under way.
    busy: Semaphore,
    limits: Limits,
    state: Mutex<Inside>,
}

struct Inside {
    secret: Option<Kept>,
    seen: Seen,
    refusals: Refusals,
    full: Refusals,
    learned: Learned,
    outcomes: BTreeMap<&'static str, u64>,
}

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
        let installing = tokio::sync::Mutex::default();
        let busy = Semaphore::new(limits.per_door.max(1));
        Ok(Self { path, side, webhook, drawer, installs, installing, queue, busy, limits, state: Mutex::new(state) })
    }

    /// How many calls ended how, since the start.
    pub fn outcomes(&self) -> Vec<(&'static str, u64)> {
        self.state().outcomes.iter().map(|(outcome, count)| (*outcome, *count)).collect()
    }

    fn state(&self) -> MutexGuard<'_, Inside> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a call; `None` for an installation. Nothing in here waits for anybody.
    fn hear(&self, call: &Request) -> Option<HttpResponse<Body>> {
        let mut state = self.state();
        let heard = self.webhook.hear(call, state.secret.as_ref().map(|kept| &kept.secret));
        let (outcome, answer) = match heard {
            Heard::Challenge(answer) => ("challenge", json(StatusCode::OK, &answer)),
            Heard::Secret(secret) => self.learn(&mut state, secret),
            Heard::Installation if self.installs.is_some() => return None,
            Heard::Installation => {
                let why = "an installation came, and `[crm] oauth` names no application";
                self.refuse(&mut state, why, StatusCode::UNAUTHORIZED)
            }
            Heard::Refused(why) => self.refuse(&mut state, why, StatusCode::UNAUTHORIZED),
            Heard::Unreadable(why) => self.refuse(&mut state, why, StatusCode::BAD_REQUEST),
            Heard::Event { id, attempt, name, told } => {
                self.prove(&mut state);
                self.take(&mut state, id, Delivery { side: self.side, event: name, attempt, told })
            }
        };
        *state.outcomes.entry(outcome).or_default() += 1;
        Some(answer)
    }

    /// An installation: anybody can send one, so it is proven by asking back, seldom and one at a time.
    async fn install(&self, call: &Request) -> HttpResponse<Body> {
        let one = self.installing.try_lock();
        let free = one.is_ok() && self.state().learned.another(Instant::now());
        let Some(installs) = self.installs.as_ref().filter(|_| free) else {
            return plain(StatusCode::SERVICE_UNAVAILABLE, "too many installations; try again later\n");
        };
        let installed = installs.install(call).await;
        let mut state = self.state();
        let (outcome, answer) = match installed {
            Ok(secret) => {
                let kept = Kept { secret, proven: true };
                if let Some(drawer) = &self.drawer {
                    if let Err(error) = drawer.keep(&kept) {
                        tracing::warn!("what proves the application's calls could not be kept: {error}");
                    }
                    state.secret = Some(kept);
                }
                tracing::info!(side = self.side.as_str(), "the application was installed, and its tokens are sealed");
                let event = "ONAPPINSTALL".to_owned();
                self.take(&mut state, None, Delivery { side: self.side, event, attempt: 1, told: Told::Nothing })
            }
            Err(why) => {
                tracing::warn!(side = self.side.as_str(), "{why}");
                let why = "an installation came and was not taken; the log says why";
                self.refuse(&mut state, why, StatusCode::UNAUTHORIZED)
            }
        };
        *state.outcomes.entry(outcome).or_default() += 1;
        answer
    }

    fn take(&self, state: &mut Inside, id: Option<String>, delivery: Delivery) -> (&'static str, HttpResponse<Body>) {
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

    fn refuse(&self, state: &mut Inside, why: &'static str, status: StatusCode) -> (&'static str, HttpResponse<Body>) {
        if let Some(count) = state.refusals.count(Instant::now()) {
            let told = Told::Refused { why, count };
            let _ = self.queue.put(Delivery { side: self.side, event: String::new(), attempt: 1, told });
        }
        ("refused", plain(status, "not understood, or not believed\n"))
    }

    /// Takes the secret that a system sends first. Anybody can send one, so the one that has stood its test stays until an
    /// operator takes it away.
    fn learn(&self, state: &mut Inside, secret: Revealed) -> (&'static str, HttpResponse<Body>) {
        let Some(drawer) = &self.drawer else {
            return self.refuse(state, "a secret came, and its own is configured", StatusCode::UNAUTHORIZED);
        };
        if state.secret.as_ref().is_some_and(|kept| kept.proven) {
            // Perhaps it was taken away meanwhile.
            match drawer.load() {
                Ok(kept) => state.secret = kept,
                Err(error) => tracing::warn!("the webhook's secret cannot be read: {error}"),
            }
        }
        match &state.secret {
            Some(kept) if kept.secret == secret => return ("secret", plain(StatusCode::OK, "known already\n")),
            Some(kept) if kept.proven => {
                let why = "another verification token came, and the one we have works; if it is wanted, `crosstie inlet forget` first";
                return self.refuse(state, why, StatusCode::UNAUTHORIZED);
            }
            _ => {}
        }
        if !state.learned.another(Instant::now()) {
            return ("refused", plain(StatusCode::SERVICE_UNAVAILABLE, "too many tokens; try again later\n"));
        }
        let kept = Kept { secret, proven: false };
        if let Err(error) = drawer.keep(&kept) {
            tracing::warn!("the webhook's secret could not be kept, so its sender is told to try again: {error}");
            return ("failed", plain(StatusCode::INTERNAL_SERVER_ERROR, "not kept; try again later\n"));
        }
        state.secret = Some(kept);
        let told = Told::Secret;
        if self.queue.put(Delivery { side: self.side, event: String::new(), attempt: 1, told }).is_err() {
            tracing::info!("a verification token has come: `crosstie inlet token` shows it");
        }
        ("secret", plain(StatusCode::OK, "kept\n"))
    }

    /// Something came that was signed with the secret.
    fn prove(&self, state: &mut Inside) {
        let (Some(drawer), Some(kept)) = (&self.drawer, &mut state.secret) else { return };
        if kept.proven {
            return;
        }
        kept.proven = true;
        if let Err(error) = drawer.keep(kept) {
            tracing::warn!("it could not be noted that the webhook's secret works: {error}");
        }
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
        Some(answer) => answer,
        None => door.install(&call).await,
    }
}
