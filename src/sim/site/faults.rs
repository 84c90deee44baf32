//! What goes wrong between the clients and the worlds.
//!
//! Every kind of fault has its own likelihood, its own storms (spans of time in which it happens at all) and its own
//! stream of chance, so that one can be left out without changing when the others strike.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::super::chance::Dice;
use crate::control::Sides;
use crate::model::Side;
use crate::seam::{Request, Response};
use crate::standin::notion::render_committed_503;

/// What happens to a request on its way.
#[derive(Debug, Clone)]
pub enum Fate {
    /// It arrives, and its answer too.
    Pass,
    /// It surely never left.
    NotSent,
    /// It never arrives, and nobody can tell.
    LostRequest,
    /// It is executed, and after this time its sender learns that the connection is gone.
    LostAnswer(Duration),
    /// It is executed after the first time; its sender gives up after the second.
    Late(Duration, Duration),
    /// It is executed, and answered after this time.
    Slow(Duration),
    /// It is executed, and this answers in place of its answer.
    AnsweredBy(Mask),
    /// It is not executed, and this answers.
    Instead(Response),
}

/// What a proxy, or a system in trouble, makes of a good answer.
#[derive(Debug, Clone)]
pub enum Mask {
    /// This, whatever it was.
    Whole(Response),
    /// Notion's 503 for a change that was saved; a created page is named.
    Saved,
    /// Half of it.
    Cut,
    /// The first member of a batch failed with this code.
    FirstFailed(&'static str),
}

impl Mask {
    /// The answer that arrives.
    pub fn over(self, answer: &Response) -> Response {
        match self {
            Mask::Whole(response) => response,
            Mask::Cut => Response { body: answer.body.slice(..answer.body.len() / 2), ..answer.clone() },
            Mask::Saved => render_committed_503(answer),
            Mask::FirstFailed(code) => first_failed(answer, code),
        }
    }
}

/// The kinds of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Kind {
    NotSent,
    LostRequest,
    LostAnswer,
    SlowAnswer,
    Late,
    ErrorBefore,
    ErrorAfter,
    SavedError,
    CutAnswer,
    Throttled,
    Overloaded,
    Conflict,
    Locked,
    StaleCursor,
    BatchExhausted,
    Unwritable,
    Overlooked,
}

impl Kind {
    /// Every kind, and in how many of ten thousand requests it happens at most.
    pub const ALL: [(Kind, &'static str, u64); 17] = [
        (Kind::NotSent, "not-sent", 400),
        (Kind::LostRequest, "lost-request", 150),
        (Kind::LostAnswer, "lost-answer", 400),
        (Kind::SlowAnswer, "slow-answer", 300),
        (Kind::Late, "late", 300),
        (Kind::ErrorBefore, "error-before", 400),
        (Kind::ErrorAfter, "error-after", 400),
        (Kind::SavedError, "saved-error", 400),
        (Kind::CutAnswer, "cut-answer", 150),
        (Kind::Throttled, "throttled", 300),
        (Kind::Overloaded, "overloaded", 200),
        (Kind::Conflict, "conflict", 300),
        (Kind::Locked, "locked", 4_000),
        (Kind::StaleCursor, "stale-cursor", 2_000),
        (Kind::BatchExhausted, "batch-exhausted", 1_000),
        (Kind::Unwritable, "unwritable", 9_999),
        (Kind::Overlooked, "overlooked", 1_000),
    ];
}

/// One kind of fault, as a seed has it.
#[derive(Debug, Clone)]
pub struct Source {
    /// Which.
    pub kind: Kind,
    /// In how many of ten thousand requests.
    pub in_ten_thousand: u32,
    /// When it happens at all.
    pub storms: Vec<(Timestamp, Timestamp)>,
    /// Its chance.
    pub dice: Dice,
}

/// Everything that goes wrong between the clients and the worlds.
#[derive(Debug)]
pub struct Faults {
    sources: Vec<Source>,
    /// Half a round trip in milliseconds, from and to.
    latency: (u64, u64),
    dice: Dice,
    /// When a request last came that its sender had given up.
    late: Sides<Option<Timestamp>>,
    /// What was overlooked already: no replica overlooks the same record again and again.
    overlooked: std::collections::BTreeSet<String>,
    /// When the process last began anew, with an empty count of what it had sent.
    pub started: Option<Timestamp>,
    /// Answers 429 of our own making, by side.
    pub own_throttles: Sides<u64>,
    /// How many of each kind there were.
    pub struck: std::collections::BTreeMap<&'static str, u64>,
    /// What happened to which request, for a trace; `None` where nobody asked.
    pub told: Option<Vec<(Timestamp, String)>>,
}

impl Faults {
    /// These faults, with this latency; `dice` draws the latencies.
    pub fn new(sources: Vec<Source>, latency: (u64, u64), dice: Dice) -> Self {
        Self {
            sources,
            latency,
            dice,
            late: Sides::default(),
            overlooked: Default::default(),
            started: None,
            own_throttles: Sides::default(),
            struck: std::collections::BTreeMap::new(),
            told: None,
        }
    }

    /// Everything works from now on.
    pub fn heal(&mut self) {
        self.sources.clear();
    }

    /// A request came that its sender had given up long before.
    pub fn came_late(&mut self, side: Side, now: Timestamp) {
        *self.late.get_mut(side) = Some(now);
    }

    /// A world said "too fast". It is our own fault unless something beyond our count was in the same window: a request
    /// that came late, or what was sent before a crash.
    pub fn over_pace(&mut self, side: Side, now: Timestamp) {
        let lately = |at: Timestamp| now.duration_since(at) < SignedDuration::from_secs(130);
        if !self.late.get(side).is_some_and(lately) && !self.started.is_some_and(lately) {
            *self.own_throttles.get_mut(side) += 1;
        }
    }

    /// What becomes of a request, and how long it takes there and back.
    pub fn fate(&mut self, side: Side, request: &Request, writes: bool, now: Timestamp) -> (Fate, Duration, Duration) {
        let half = |dice: &mut Dice, (from, to): (u64, u64)| Duration::from_millis(dice.between(from, to));
        let (there, back) = (half(&mut self.dice, self.latency), half(&mut self.dice, self.latency));
        let mut fate = Fate::Pass;
        for source in &mut self.sources {
            let storm = source.storms.iter().any(|(from, to)| (*from..*to).contains(&now));
            let again = || self.overlooked.contains(&first_read(request));
            if storm
                && !(source.kind == Kind::Overlooked && again())
                && source.dice.in_ten_thousand(source.in_ten_thousand)
                && let Some(what) = strike(source, side, request, writes, now)
            {
                if source.kind == Kind::Overlooked {
                    self.overlooked.insert(first_read(request));
                }
                *self.struck.entry(name(source.kind)).or_default() += 1;
                if let Some(told) = &mut self.told {
                    let method = request.method.as_str();
                    told.push((now, format!("{} {side} {method} {}", name(source.kind), request.path())));
                }
                fate = what;
                break;
            }
        }
        (fate, there, back)
    }
}

/// The name of a kind.
pub fn name(kind: Kind) -> &'static str {
    Kind::ALL.iter().find(|(it, ..)| *it == kind).map_or("fault", |(_, name, _)| name)
}

/// What a fault does to this request; `None` where that kind cannot happen to it.
fn strike(source: &mut Source, side: Side, request: &Request, writes: bool, now: Timestamp) -> Option<Fate> {
    let dice = &mut source.dice;
    let soon = |dice: &mut Dice| Duration::from_millis(dice.between(5, 2_000));
    Some(match source.kind {
        Kind::NotSent => Fate::NotSent,
        Kind::LostRequest => Fate::LostRequest,
        Kind::LostAnswer => Fate::LostAnswer(if dice.one_in(3) { Duration::from_secs(65) } else { soon(dice) }),
        Kind::SlowAnswer => Fate::Slow(Duration::from_millis(dice.between(500, 55_000))),
        // A late read changes nothing and tells nobody anything.
        Kind::Late if writes => {
            let pause = Duration::from_millis(dice.between(200, 60_000));
            Fate::Late(pause, if dice.one_in(2) { Duration::from_secs(65) } else { soon(dice) })
        }
        Kind::ErrorBefore => Fate::Instead(failing(side, dice, true)),
        Kind::ErrorAfter => Fate::AnsweredBy(Mask::Whole(failing(side, dice, false))),
        Kind::SavedError if writes && side == Side::Notion => Fate::AnsweredBy(Mask::Saved),
        Kind::CutAnswer => Fate::AnsweredBy(Mask::Cut),
        Kind::Throttled => Fate::Instead(throttled(side, dice, now)),
        Kind::Overloaded if side == Side::Notion => Fate::Instead(notion(529, "service_overload", &[])),
        Kind::Conflict if writes && side == Side::Notion => Fate::Instead(notion(409, "conflict_error", &[])),
        Kind::Locked => Fate::Instead(locked_out(side, dice)),
        Kind::StaleCursor if side == Side::Notion && holds(request, b"\"start_cursor\"") => {
            let said = json!("The start_cursor provided is invalid: the simulation says so.");
            Fate::Instead(notion(400, "validation_error", &[("message", said)]))
        }
        Kind::BatchExhausted if side == Side::Crm && request.path().ends_with("batch") => {
            Fate::AnsweredBy(Mask::FirstFailed("OPERATION_TIME_LIMIT"))
        }
        // One page in sixteen, whatever is to be written there.
        Kind::Unwritable if writes && side == Side::Notion && request.path().ends_with('7') => {
            Fate::Instead(notion(400, "validation_error", &[]))
        }
        // A replica that has not heard of a record yet, or is just being rebuilt.
        Kind::Overlooked if side == Side::Crm && !writes && holds(request, b"crm.item.get") => {
            Fate::AnsweredBy(Mask::FirstFailed("NOT_FOUND"))
        }
        Kind::Overlooked if side == Side::Notion && !writes && reads_a_page(request) => {
            Fate::Instead(notion(404, "object_not_found", &[]))
        }
        Kind::Unwritable
        | Kind::Overlooked
        | Kind::BatchExhausted
        | Kind::Late
        | Kind::SavedError
        | Kind::Overloaded
        | Kind::Conflict
        | Kind::StaleCursor => return None,
    })
}

/// What a request reads: the path, or the first member of a batch.
fn first_read(request: &Request) -> String {
    let body: Json = serde_json::from_slice(&request.body).unwrap_or_default();
    let first = body["cmd"].as_object().and_then(|members| members.values().next()).and_then(Json::as_str);
    first.unwrap_or_else(|| request.path()).to_owned()
}

fn reads_a_page(request: &Request) -> bool {
    request.path().rsplit_once('/').is_some_and(|(folder, _)| folder.ends_with("/pages"))
}

fn holds(request: &Request, text: &[u8]) -> bool {
    request.body.windows(text.len()).any(|window| window == text)
}

fn notion(status: u16, code: &str, more: &[(&str, Json)]) -> Response {
    let mut body = json!({ "object": "error", "status": status, "code": code, "message": "The simulation says so.",
        "request_id": "00000000-0000-4000-8000-000000000000" });
    for (key, value) in more {
        body[*key] = value.clone();
    }
    Response::json(status, &body)
}

fn bitrix(status: u16, code: &str) -> Response {
    Response::json(status, &json!({ "error": code, "error_description": "The simulation says so." }))
}

/// A server, or a proxy before it, in trouble; `blocked` if it may say that it did not even look at the request.
fn failing(side: Side, dice: &mut Dice, blocked: bool) -> Response {
    match (side, dice.between(0, 4)) {
        (_, 0) => Response { status: 502, headers: Vec::new(), body: "<html><h1>502 Bad Gateway</h1></html>".into() },
        (Side::Notion, 1) => notion(503, "service_unavailable", &[]),
        (Side::Notion, 2) => notion(504, "gateway_timeout", &[]),
        (Side::Notion, _) => notion(500, "internal_server_error", &[]),
        (Side::Crm, 1) if blocked => bitrix(503, "OVERLOAD_LIMIT"),
        (Side::Crm, _) => bitrix(500, "INTERNAL_SERVER_ERROR"),
    }
}

/// Too fast, in every form that there is.
fn throttled(side: Side, dice: &mut Dice, now: Timestamp) -> Response {
    match (side, dice.between(0, 5)) {
        (Side::Notion, 0) => notion(429, "rate_limited", &[]),
        (Side::Notion, 1) => {
            let reason = json!({ "rate_limit_reason": "workspace" });
            notion(429, "rate_limited", &[("additional_data", reason)])
                .header("retry-after", dice.between(60, 240).to_string())
        }
        (Side::Notion, 2) => {
            // A proxy's way to say it.
            let until = now + SignedDuration::from_secs(i64::try_from(dice.between(2, 90)).unwrap_or(2));
            notion(429, "rate_limited", &[]).header("date", http_date(now)).header("retry-after", http_date(until))
        }
        (Side::Notion, _) => notion(429, "rate_limited", &[]).header("retry-after", dice.between(1, 60).to_string()),
        (Side::Crm, 0) => bitrix(429, "OPERATION_TIME_LIMIT"),
        (Side::Crm, _) => bitrix(503, "QUERY_LIMIT_EXCEEDED"),
    }
}

fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// A batch's answer with an error in place of its first member's.
fn first_failed(answer: &Response, code: &str) -> Response {
    let mut body: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
    let Some(parts) = body.get_mut("result").and_then(Json::as_object_mut) else { return answer.clone() };
    let first = parts.get("result").and_then(Json::as_object).and_then(|all| all.keys().next().cloned());
    let Some(first) = first else { return answer.clone() };
    for part in ["result", "result_total", "result_time"] {
        if let Some(map) = parts.get_mut(part).and_then(Json::as_object_mut) {
            map.remove(&first);
        }
    }
    // What is empty is written as a list over there.
    let said = json!({ "error": code, "error_description": "The simulation says so." });
    if let Some(errors) = parts.get_mut("result_error") {
        match errors.as_object_mut() {
            Some(map) => drop(map.insert(first, said)),
            None => *errors = json!({ first: said }),
        }
    }
    Response { body: body.to_string().into(), ..answer.clone() }
}

/// We may not, for a while: a token that is being changed, a licence that ran out.
fn locked_out(side: Side, dice: &mut Dice) -> Response {
    match (side, dice.one_in(2)) {
        (Side::Notion, true) => notion(401, "unauthorized", &[]),
        (Side::Notion, false) => notion(403, "restricted_resource", &[]),
        (Side::Crm, true) => bitrix(401, "expired_token"),
        (Side::Crm, false) => bitrix(403, "ACCESS_DENIED"),
    }
}
