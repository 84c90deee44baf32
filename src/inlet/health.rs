//! What monitors ask: alive, ready, figures, and the state of the sync for whoever has the token.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Response as HttpResponse, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use tokio::sync::watch;
use tokio::time::Instant;

use super::Office;
use super::door::Open;
use super::listen::{answer, json as json_answer, plain};
use super::metrics;
use crate::control::{Connection, Link, List, OrphanRow, PairState, PairStatus, Query, Rows, Snapshot};
use crate::model::{Revealed, Side};

/// Orphans that are listed one by one.
pub const LISTED: u64 = 100;
/// How long ago the engine may have told something new while it counts as running.
const FRESH: Duration = Duration::from_secs(60);
/// How soon it tells something when it is asked to.
const ANSWER: Duration = Duration::from_secs(5);

/// How the engine is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// It tells what it does.
    Tells,
    /// It has told nothing new for a while, though it was asked.
    Silent,
    /// It has stopped.
    Stopped,
}

/// Everything that answers are made from.
pub(super) struct Monitor {
    office: Office,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    admin_token: Option<Revealed>,
    lately: SignedDuration,
    doors: Vec<Arc<Open>>,
    /// The newest version of a snapshot that was looked at, and when, by a clock that nobody sets.
    heard: Mutex<(u64, Instant)>,
}

impl Monitor {
    pub fn new(office: Office, admin_token: Option<Revealed>, lately: SignedDuration, doors: Vec<Arc<Open>>) -> Self {
        let snapshots = office.desk.follow();
        let heard = Mutex::new((snapshots.borrow().version, Instant::now()));
        Self { office, snapshots, admin_token, lately, doors, heard }
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshots.borrow())
    }

    /// As [`missing`].
    async fn missing(&self) -> Vec<Json> {
        let engine = self.engine().await;
        missing(&self.snapshot(), engine, self.office.clock.now(), self.lately)
    }

    /// How the engine is. What time a snapshot says it was taken at is no measure: the host's clock may have been set since.
    async fn engine(&self) -> Engine {
        let mut snapshots = self.snapshots.clone();
        if snapshots.has_changed().is_err() {
            return Engine::Stopped;
        }
        if self.hears(snapshots.borrow_and_update().version) {
            return Engine::Tells;
        }
        // Nothing is published while nothing happens and nobody looks: whoever looks gets a new one.
        let _looks = self.office.desk.snapshots();
        match tokio::time::timeout(ANSWER, snapshots.changed()).await {
            Ok(Ok(())) if self.hears(snapshots.borrow().version) => Engine::Tells,
            Ok(Err(_)) => Engine::Stopped,
            _ => Engine::Silent,
        }
    }

    /// Whether a snapshot of this version is new, or the last new one not long ago.
    fn hears(&self, version: u64) -> bool {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        if heard.0 != version {
            *heard = (version, Instant::now());
        }
        heard.1.elapsed() <= FRESH
    }

    fn may_see(&self, headers: &HeaderMap) -> bool {
        let told = headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok()?.strip_prefix("Bearer "));
        let (Some(told), Some(token)) = (told, &self.admin_token) else { return false };
        token.is(told.trim())
    }
}

/// What keeps the sync from being in step; empty if nothing does. The systems' own words stay inside. `lately` is how old a
/// connection's last answer may be.
pub fn missing(snapshot: &Snapshot, engine: Engine, now: Timestamp, lately: SignedDuration) -> Vec<Json> {
    let engine = match engine {
        Engine::Stopped => Some("it has stopped"),
        Engine::Silent => Some("it has told nothing for a minute"),
        Engine::Tells => None,
    };
    let engine = engine.map(|why| json!({"what": "engine", "why": why}));
    let side = |side: Side| {
        let connection = snapshot.sides.get(side);
        let why = match (&connection.link, connection.last_answer) {
            (Link::Starting, _) | (_, None) => "no answer yet",
            (Link::Down { .. }, _) => "it refuses us, and needs a person",
            (_, Some(at)) if now.duration_since(at) > lately => "no good answer lately",
            _ => return None,
        };
        Some(json!({"what": side.as_str(), "name": connection.name, "why": why, "last_answer": connection.last_answer}))
    };
    engine.into_iter().chain(Side::BOTH.into_iter().filter_map(side)).collect()
}

/// The process runs.
pub(super) async fn alive() -> HttpResponse<Body> {
    plain(StatusCode::OK, "ok\n")
}

/// Both connections answered lately, or which did not.
pub(super) async fn ready(State(monitor): State<Arc<Monitor>>) -> HttpResponse<Body> {
    let missing = monitor.missing().await;
    let status = if missing.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    json_answer(status, &json!({"ready": missing.is_empty(), "missing": missing}))
}

/// Figures for Prometheus.
pub(super) async fn metrics(State(monitor): State<Arc<Monitor>>) -> HttpResponse<Body> {
    let doors: Vec<_> = monitor.doors.iter().map(|door| (door.path.clone(), door.outcomes())).collect();
    let text = metrics::text(&monitor.snapshot(), &doors);
    answer(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", Body::from(text))
}

/// Counts of both sides, where they differ, and which records wait for a person.
pub(super) async fn sync(State(monitor): State<Arc<Monitor>>, headers: HeaderMap) -> HttpResponse<Body> {
    if !monitor.may_see(&headers) {
        let mut refused =
            json_answer(StatusCode::UNAUTHORIZED, &json!({"error": "show the token: `authorization: Bearer …`"}));
        refused.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
        return refused;
    }
    let query = Query { limit: LISTED, ..Query::all(List::Orphans) };
    let orphans = match monitor.office.desk.query(query).await {
        Ok(window) => match window.rows {
            Rows::Orphans(rows) => rows,
            _ => Vec::new(),
        },
        Err(_) => return json_answer(StatusCode::SERVICE_UNAVAILABLE, &json!({"error": "the engine has stopped"})),
    };
    json_answer(StatusCode::OK, &told(&monitor.snapshot(), &monitor.missing().await, &orphans))
}

/// The state of the sync: counts of both sides, where they differ, and records that wait, [`LISTED`] at most.
pub fn told(snapshot: &Snapshot, missing: &[Json], orphans: &[OrphanRow]) -> Json {
    let listed: Vec<Json> = orphans
        .iter()
        .map(|row| json!({"pair": row.record.pair, "side": row.record.side, "id": row.record.id, "why": row.why, "since": row.since}))
        .collect();
    let side = |side: Side| {
        let connection: &Connection = snapshot.sides.get(side);
        let queue = snapshot.queue.get(side);
        json!({
            "name": connection.name, "link": link(&connection.link), "last_answer": connection.last_answer,
            "records": connection.records, "tied": snapshot.ties,
            "untied": connection.records.saturating_sub(snapshot.ties),
            "queue": {"planned": queue.planned, "in_flight": queue.in_flight, "unknown": queue.unknown},
        })
    };
    let drift: u64 = snapshot.pairs.iter().map(|pair| pair.drift).sum();
    json!({
        "at": snapshot.at, "started": snapshot.started, "ready": missing.is_empty(), "missing": missing,
        "sides": {"crm": side(Side::Crm), "notion": side(Side::Notion)},
        "discrepancies": {
            "conflicts": snapshot.conflicts, "other_holds": snapshot.holds, "drift": drift,
            "possibly_overwritten": snapshot.possibly_overwritten,
        },
        "orphans": {"total": snapshot.orphans, "listed": listed},
        "pairs": snapshot.pairs.iter().map(pair).collect::<Vec<_>>(),
    })
}

fn link(link: &Link) -> &'static str {
    match link {
        Link::Starting => "starting",
        Link::Up => "up",
        Link::Troubled { .. } => "troubled",
        Link::Down { .. } => "down",
    }
}

fn pair(pair: &PairStatus) -> Json {
    let state = match pair.state {
        PairState::Listing => "listing",
        PairState::Review { .. } => "review",
        PairState::Running => "running",
        PairState::Guarded { .. } => "guarded",
        PairState::Stopped { .. } => "stopped",
    };
    json!({
        "name": pair.name, "state": state, "ties": pair.ties, "drift": pair.drift, "last_cycle": pair.last_cycle,
        "last_sweep": pair.last_sweep,
    })
}
