//! Guards: what would change too much at once stops the pair's writes and asks. Observing goes on.
//!
//! Every guard finds facts (`departures`, `changes`, `absence`, `markers`, `storms`); what all of them found is one question,
//! told in the one hold on the pair (and how far each is from that: `told`), with the hash of everything it is about. An override lets exactly that happen and is
//! spent by it: whatever joins later is found anew and asked about again. Each guard needs a number of records besides a
//! share, so that small pairs are not bothered.

mod absence;
mod changes;
mod departures;
mod markers;
mod storms;
mod told;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::control::{Reply, Sides};
use crate::model::{FieldKey, Happening, HoldId, PairName, RecordId, RecordRef, Side, Value, Verdict, Why};
use crate::plan::Departure;

use super::core::Core;
use super::flaw::Flaw;
use super::memory::Txn;

pub(super) use self::absence::CANARIES;
use self::changes::Changes;
pub(super) use self::changes::Moved;
use self::departures::Ending;

/// While a pair is held, how often it is looked at whether the cause is still there.
const PACE: SignedDuration = SignedDuration::from_secs(1);

/// How long what an operator allowed may take to happen.
const ALLOWED_FOR: SignedDuration = SignedDuration::from_hours(1);

/// How many, and how many in a hundred, are too many.
#[derive(Debug, Clone, Copy)]
struct Limit {
    least: usize,
    percent: usize,
}

impl Limit {
    fn is_over(self, count: usize, of: usize) -> bool {
        count > self.least && count.saturating_mul(100) > of.saturating_mul(self.percent)
    }

    /// How many are never too many.
    fn most(self, of: usize) -> usize {
        self.least.max(of.saturating_mul(self.percent) / 100)
    }
}

/// Everything one question is about: what an override allows, and nothing else.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Question {
    /// Sentences with counts.
    what: Vec<String>,
    /// Ties that would end, by their CRM record, and how.
    ties: BTreeSet<(RecordId, Ending)>,
    /// Untied records that are not to be seen any more.
    records: BTreeSet<RecordRef>,
    /// Changes: which tie's field, on which side, to what.
    changes: BTreeSet<(RecordId, FieldKey, &'static str, String)>,
    /// Pages with markers that are not known here.
    pages: BTreeSet<RecordId>,
    /// Failing holds by the fingerprint of their error.
    failing: BTreeSet<(String, HoldId)>,
}

impl Question {
    fn is_empty(&self) -> bool {
        self.what.is_empty()
    }

    /// How many things it is about.
    fn count(&self) -> u64 {
        let parts = [self.ties.len(), self.records.len(), self.changes.len(), self.pages.len(), self.failing.len()];
        super::snapshot::count(parts.into_iter().sum())
    }

    /// The hash of what it is about; how far it has been looked into is no part of it.
    fn digest(&self) -> String {
        let mut lines: Vec<String> = self.ties.iter().map(|(crm, ending)| format!("ends {crm} {ending}")).collect();
        lines.extend(self.records.iter().map(|at| format!("gone {} {}", at.side, at.id)));
        lines.extend(self.changes.iter().map(|(crm, key, side, value)| format!("moved {crm} {key} {side} {value}")));
        lines.extend(self.pages.iter().map(|page| format!("marked {page}")));
        lines.extend(self.failing.iter().map(|(print, hold)| format!("fails {hold} {print}")));
        Value::text(lines.join("\n")).digest()
    }
}

/// What the guards of one pair know.
#[derive(Debug, Default)]
pub struct PairGuards {
    /// Changes that wait to be written to the other side.
    changes: Changes,
    /// Ties that are to end because a record went away.
    departing: BTreeMap<RecordId, Departure>,
    /// Records that were there at the last complete listing that missed some, by side.
    listed: Sides<usize>,
    /// Pages whose markers are not known here.
    strange: BTreeMap<RecordId, String>,
    /// Tied pages that carry the marker of something else, by their tie's CRM record.
    overwritten: BTreeMap<RecordId, RecordId>,
    /// Records in whose place a relation showed another one, and when that was seen.
    pub(super) replaced: BTreeMap<(Side, RecordId), Timestamp>,
    /// Sides that do not answer.
    silent: Sides<Option<absence::Silence>>,
    /// Records that the canary read and that were not there, since one was.
    pub(super) unseen: Sides<BTreeSet<RecordId>>,
    /// What failed lately, by the fingerprint of its error.
    failing: BTreeMap<String, BTreeMap<HoldId, Timestamp>>,
    /// What the operator was last asked.
    asked: Question,
    /// What the operator allowed.
    allowed: Option<Allowed>,
    /// When the last listing of each side began.
    began: Sides<Option<Timestamp>>,
    /// Too much already, and the listing goes on: its end will tell.
    unfinished: bool,
    judged: Option<Timestamp>,
}

/// What an operator allowed, until it has happened.
#[derive(Debug, Default)]
struct Allowed {
    at: Timestamp,
    what: Question,
    /// The sides of which a listing began after that, and ended well.
    listed: Sides<bool>,
}

impl PairGuards {
    fn allows(&self) -> Option<&Question> {
        self.allowed.as_ref().map(|allowed| &allowed.what)
    }
}

/// By pair.
pub type Guards = BTreeMap<PairName, PairGuards>;

impl Core {
    pub(super) fn guards_of(&mut self, name: &PairName) -> &mut PairGuards {
        self.guards.entry(name.clone()).or_default()
    }

    /// Whether a guard has not said its last word about a pair: then nothing is written.
    pub(super) fn is_unfinished(&self, name: &PairName) -> bool {
        self.guards.get(name).is_some_and(|guards| guards.unfinished)
    }

    /// Looks at what is about to happen in a pair: holds it, releases it, or lets happen what an operator allowed.
    pub(super) fn judge(&mut self, txn: &mut Txn, name: &PairName, now: Timestamp) {
        if self.errs(Flaw::GuardIgnored) {
            return;
        }
        let id = HoldId { pair: name.clone(), crm: None, field: None };
        let held = self.memory.holds.contains_key(&id);
        let overridden = held && self.take_override(txn, name, now);
        self.end_allowed(name, now);
        let guards = self.guards_of(name);
        if held && !overridden && guards.judged.is_some_and(|judged| now.duration_since(judged) < PACE) {
            return;
        }
        guards.judged = Some(now);
        let question = self.question(name, now);
        if !question.is_empty() {
            let (what, plan) = (question.what.join("; "), question.digest());
            let why = Why::MassChange { what, plan, count: question.count() };
            self.guards_of(name).asked = question;
            self.set_hold(txn, id, Some(why));
        } else if held {
            if overridden || !self.looks_closer(name) {
                self.guards_of(name).asked = Question::default();
                self.set_hold(txn, id, None);
            }
            // It ends, or goes on until they were read.
            self.heat_suspects(name, now);
        }
    }

    /// What was allowed ends with the cycle in which it was, unless some of it is still on its way; and after an hour anyhow.
    fn end_allowed(&mut self, name: &PairName, now: Timestamp) {
        for side in Side::BOTH {
            self.note_listing_ended(name, side);
        }
        let Some(allowed) = self.guards.get(name).and_then(|guards| guards.allowed.as_ref()) else { return };
        let late = now.duration_since(allowed.at) > ALLOWED_FOR;
        let cycle = allowed.listed.crm && allowed.listed.notion;
        if late || (cycle && !self.is_departing(name, &allowed.what) && !self.is_matching(name, &allowed.what)) {
            self.guards_of(name).allowed = None;
        }
    }

    /// Whether the last listing of a side began after something was allowed, and has ended well.
    fn note_listing_ended(&mut self, name: &PairName, side: Side) {
        let end = self.listings.get(&(name.clone(), side)).and_then(|listing| listing.last_end);
        let Some(guards) = self.guards.get_mut(name) else { return };
        let began = *guards.began.get(side);
        if let Some(allowed) = &mut guards.allowed {
            *allowed.listed.get_mut(side) |= began.is_some_and(|began| began > allowed.at && end > Some(began));
        }
    }

    /// What every guard has found.
    fn question(&mut self, name: &PairName, now: Timestamp) -> Question {
        let mut question = Question::default();
        self.count_changes(name, &mut question);
        self.count_absent(name, &mut question);
        self.count_departing(name, now, &mut question);
        self.count_markers(name, &mut question);
        self.count_failing(name, now, &mut question);
        question
    }

    /// Whether what a hold may be about is still being looked into: records that are being read by id, or sides that were
    /// not listed completely since the start.
    fn looks_closer(&self, name: &PairName) -> bool {
        if self.suspects.iter().any(|at| at.pair == *name) {
            // Departures are not counted before that is known.
            return true;
        }
        let swept = |side: Side| {
            let swept = self.memory.pair(name).and_then(|pair| pair.cursors.get(side).swept);
            swept.is_some_and(|swept| swept >= self.started)
        };
        Side::BOTH.into_iter().any(|side| !swept(side))
    }

    /// Uses an override that stands for this pair: what it allows is no longer asked about. One for another plan has lapsed.
    fn take_override(&mut self, txn: &mut Txn, name: &PairName, now: Timestamp) -> bool {
        let standing = self.memory.decisions.values().find_map(|decision| match &decision.verdict {
            Verdict::Override { pair, plan } if pair == name => Some((decision.seq, plan.clone())),
            _ => None,
        });
        let Some((seq, plan)) = standing else { return false };
        let reused = self.errs(Flaw::OverrideReused);
        let spent = if reused { None } else { self.memory.remove_decision(txn, seq) };
        let asked = if self.guards_of(name).asked.is_empty() {
            self.question(name, now)
        } else {
            self.guards_of(name).asked.clone()
        };
        if asked.is_empty() || (asked.digest() != plan && !reused) {
            let id = HoldId { pair: name.clone(), crm: None, field: None };
            let note = "what would happen is no longer what was let happen; nothing was done, and it is asked again";
            let mut event = self.hold_event(Happening::Lapsed, &id, note);
            event.who = spent.map(|decision| decision.who).unwrap_or_default();
            txn.events.push(event);
            return false;
        }
        let guards = self.guards_of(name);
        guards.changes.allow(&asked.changes);
        for (print, hold) in &asked.failing {
            if let Some(failing) = guards.failing.get_mut(print) {
                failing.remove(hold);
            }
        }
        guards.unseen = Sides::default();
        // What was allowed a moment ago may still be on its way.
        let mut allowed = guards.allowed.take().map(|allowed| allowed.what).unwrap_or_default();
        allowed.ties.extend(asked.ties);
        allowed.records.extend(asked.records);
        allowed.pages.extend(asked.pages);
        guards.allowed = Some(Allowed { at: now, what: allowed, listed: Sides::default() });
        if let Some(pair) = self.memory.pairs.get_mut(name) {
            pair.rematch = true;
        }
        true
    }

    /// An operator wants what failed by one error to be tried again.
    pub(super) fn retry_pair(&mut self, txn: &mut Txn, who: &str, id: &HoldId) -> Reply {
        if id.field.is_some() {
            self.hurry(&id.pair, self.clock.now());
            return Reply::Done { note: "the schemas are read next; the field goes on once it fits them".into() };
        }
        if self.memory.pair(&id.pair).is_none() {
            return Reply::Refused { why: format!("there is no pair {}", id.pair) };
        }
        let failing = self.guards_of(&id.pair).asked.failing.clone();
        if failing.is_empty() {
            return Reply::Refused {
                why: "nothing of this pair failed; let its plan happen, or mend the cause".into(),
            };
        }
        for (print, hold) in &failing {
            self.memory.remove_mark(txn, hold, "failed");
            self.memory.remove_mark(txn, hold, "refused");
            self.guards_of(&id.pair).failing.remove(print);
        }
        self.guards_of(&id.pair).judged = None;
        let mut event = self.hold_event(Happening::Decided, id, "tried again");
        event.who = who.to_owned();
        txn.events.push(event);
        Reply::Done { note: format!("{} writes are tried again next", failing.len()) }
    }
}
