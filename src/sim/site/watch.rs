//! Whoever watches the wire: promises about how we write and wait, checked on every request that leaves.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::super::verdict::{Failing, Violation};
use crate::control::Sides;
use crate::model::{Intent, Purpose, Side};
use crate::remote::connection::retry_after;
use crate::seam::{Kv, Method, Request, Response};
use crate::store::{MemoryKv, record, trees};

/// How long after it was sent a write can still arrive.
const ARRIVES: SignedDuration = SignedDuration::from_secs(60);

/// What a request would change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Writes {
    /// Nothing.
    Nothing,
    /// This record: the kind of thing it is, and its id.
    Record(String, String),
    /// It makes one.
    New,
}

/// What a request would change on its side.
pub fn writes(side: Side, request: &Request) -> Writes {
    let path = request.path();
    match side {
        // A batch of ours only reads.
        Side::Crm if path.ends_with(".add") => Writes::New,
        Side::Crm if [".update", ".delete", ".set"].iter().any(|verb| path.ends_with(verb)) => {
            let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap_or_default();
            let id = body.get("id").or_else(|| body.get("ID")).cloned().unwrap_or_default();
            // `/crm.item.update` names its entity by number, the older methods in their own names.
            let of = match body.get("entityTypeId").and_then(serde_json::Value::as_u64) {
                Some(2) => "deal",
                Some(3) => "contact",
                Some(4) => "company",
                _ => path.split('.').nth(1).unwrap_or_default(),
            };
            Writes::Record(of.to_owned(), id.as_str().map_or_else(|| id.to_string(), str::to_owned))
        }
        Side::Notion if request.method == Method::Post && path == "/v1/pages" => Writes::New,
        Side::Notion if request.method == Method::Patch && path.starts_with("/v1/pages/") => {
            Writes::Record("page".to_owned(), path.trim_start_matches("/v1/pages/").to_owned())
        }
        _ => Writes::Nothing,
    }
}

/// One record: its side, its kind and its id.
type Place = (Side, String, String);

/// A write that is out.
#[derive(Debug, Clone, Copy)]
struct Flight {
    life: u64,
    sent: Timestamp,
}

/// The watcher.
#[derive(Debug)]
pub struct Watch {
    kv: MemoryKv,
    flights: BTreeMap<Place, Flight>,
    /// Writes whose sender does not know what became of them: until when they may arrive.
    doubtful: BTreeMap<Place, Timestamp>,
    /// Records of the CRM that a request of ours has made, by id.
    made: BTreeSet<String>,
    /// From when to when a side has told us to wait.
    closed: Sides<Option<(Timestamp, Timestamp)>>,
    /// Promises that were broken; the first few of each kind.
    pub broken: Vec<Violation>,
}

impl Watch {
    /// Watches a process with this disk.
    pub fn new(kv: MemoryKv) -> Self {
        Self {
            kv,
            flights: BTreeMap::new(),
            doubtful: BTreeMap::new(),
            made: BTreeSet::new(),
            closed: Sides::default(),
            broken: Vec::new(),
        }
    }

    /// A new process has a new handle on the disk, and does not know what became of what the last one had sent.
    pub fn begin(&mut self, kv: MemoryKv) {
        self.kv = kv;
        self.closed = Sides::default();
        for (record, flight) in std::mem::take(&mut self.flights) {
            self.doubtful.insert(record, flight.sent + ARRIVES);
        }
    }

    /// A request leaves.
    pub fn leaves(&mut self, side: Side, request: &Request, life: u64, now: Timestamp) -> Writes {
        if self.closed.get(side).is_some_and(|(from, until)| (from..until).contains(&now)) {
            self.tell(Failing::Impatient, format!("{side} had told us to wait, and {} was sent", request.path()));
        }
        let what = writes(side, request);
        if what == Writes::Nothing {
            return what;
        }
        if !self.is_intended(side, &what) {
            let what =
                format!("{} {} of {side} left without a durable intent", request.method.as_str(), request.path());
            self.tell(Failing::Unintended, what);
        }
        if let Writes::Record(of, id) = &what {
            let place = (side, of.clone(), id.clone());
            let doubt = self.doubtful.get(&place).is_some_and(|until| now < *until);
            if doubt || self.flights.contains_key(&place) {
                let what = format!("{of} {id} of {side} was written while another write of it could still arrive");
                self.tell(Failing::TwoWrites, what);
            }
            self.flights.insert(place, Flight { life, sent: now });
        }
        what
    }

    /// Its sender learns what became of it, or that nobody knows.
    pub fn answered(&mut self, side: Side, what: &Writes, life: u64, response: Option<&Response>, now: Timestamp) {
        if let Some(response) = response.filter(|response| response.status == 429)
            && let Some(wait) = retry_after(response)
        {
            // What leaves in the same moment has not heard of it yet.
            let from = now + SignedDuration::from_millis(1);
            let until = now + SignedDuration::try_from(wait).unwrap_or_default();
            // Whoever was told to wait longer before waits longer.
            let gate = self.closed.get_mut(side);
            *gate = match *gate {
                Some((since, longer)) if longer > from => Some((since.min(from), longer.max(until))),
                _ => Some((from, until)),
            };
        }
        if let (Side::Crm, Writes::New, Some(response)) = (side, what, response) {
            self.made.extend(made(response));
        }
        let Writes::Record(of, id) = what else { return };
        let place = (side, of.clone(), id.clone());
        if self.flights.get(&place).is_none_or(|flight| flight.life != life) {
            return;
        }
        let flight = self.flights.remove(&place);
        // A refusal for the pace is surely not executed, whatever its status.
        let refused = |response: &Response| {
            let says = |text: &[u8]| response.body.windows(text.len()).any(|window| window == text);
            response.status == 529 || says(b"QUERY_LIMIT_EXCEEDED") || says(b"OVERLOAD_LIMIT")
                // A change that was saved is no more on its way.
                || says(b"committed_resource_id")
        };
        let known = response.is_some_and(|response| response.status < 500 || refused(response));
        if let Some(flight) = flight.filter(|_| !known) {
            self.doubtful.insert(place, flight.sent + ARRIVES);
        }
    }

    /// It surely never left.
    pub fn stayed(&mut self, side: Side, what: &Writes) {
        if let Writes::Record(of, id) = what {
            self.flights.remove(&(side, of.clone(), id.clone()));
        }
    }

    /// Whether the disk has an open intent for it.
    fn is_intended(&self, side: Side, what: &Writes) -> bool {
        let rows = self.kv.scan(trees::INTENTS, &[], None, usize::MAX).unwrap_or_default();
        rows.iter().filter_map(|(_, bytes)| record::open::<Intent>(bytes).ok()).any(|intent| {
            intent.side == side
                && match (&intent.purpose, what) {
                    (Purpose::Create { .. }, Writes::New) => true,
                    // What a creation could not say at once is said right after it.
                    (Purpose::Create { .. }, Writes::Record(_, id)) => side == Side::Crm && self.made.contains(id),
                    (Purpose::Update { record } | Purpose::Trash { record }, Writes::Record(_, id)) => {
                        bare(record.as_str()) == bare(id)
                    }
                    _ => false,
                }
        })
    }

    fn tell(&mut self, kind: Failing, text: String) {
        if self.broken.iter().filter(|told| told.kind == kind).count() < 3 {
            self.broken.push(Violation { kind, text });
        }
    }
}

/// The id of what a request has made in the CRM.
fn made(response: &Response) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(&response.body).ok()?;
    let result = body.get("result")?;
    let id = result.get("item").and_then(|item| item.get("id")).unwrap_or(result);
    id.as_str().map(str::to_owned).or_else(|| Some(id.as_u64()?.to_string()))
}

fn bare(id: &str) -> String {
    id.replace('-', "")
}
