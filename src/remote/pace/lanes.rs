//! Whose turn it is. Pure: knows lanes and needs, no time and no budget.

use std::collections::BTreeMap;

use tokio::time::Instant;

use crate::remote::Lane;

/// How many lanes there are.
pub(super) const COUNT: usize = 5;

/// Lanes in their order, with the share (in percent) that each is sure of while others press.
const SHARES: [(Lane, u32); COUNT] =
    [(Lane::Probe, 0), (Lane::Write, 30), (Lane::Hot, 20), (Lane::Increment, 10), (Lane::Sweep, 10)];

/// The place of a lane in arrays.
pub(super) fn index(lane: Lane) -> usize {
    match lane {
        Lane::Probe => 0,
        Lane::Write => 1,
        Lane::Hot => 2,
        Lane::Increment => 3,
        Lane::Sweep => 4,
    }
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// To send one request.
    Send,
    /// To send one request once more: what is reserved is for others.
    SendAgain,
    /// To put so many permits aside.
    Reserve(u32),
}

/// One who waits.
#[derive(Debug)]
pub(super) struct Waiter {
    pub need: Need,
    /// The method of the request, where methods are metered.
    pub method: Option<String>,
}

/// A place in the queue.
pub(super) type Ticket = (Lane, u64);

/// Whether a waiter could be served now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ready {
    /// Yes, for so many new permits (none where they were reserved).
    Go { cost: u32 },
    /// It waits for something that others take too, and must not be overtaken for ever.
    Blocked { cost: u32 },
    /// It waits for something of its own until then; others pass.
    Aside(Instant),
}

/// Everybody who waits.
#[derive(Debug, Default)]
pub(super) struct Queue {
    next: u64,
    waiting: BTreeMap<Ticket, Waiter>,
    /// What each lane was passed over, in hundredths of a permit.
    credit: [u32; COUNT],
    /// Probes served since anybody else was, while somebody else waited.
    probes_in_a_row: u32,
}

/// After so many probes in a row somebody else is served, if need be from what is kept for probes.
const PROBES_IN_A_ROW: u32 = 4;

impl Queue {
    pub fn join(&mut self, lane: Lane, waiter: Waiter) -> Ticket {
        self.next += 1;
        self.waiting.insert((lane, self.next), waiter);
        (lane, self.next)
    }

    pub fn leave(&mut self, ticket: Ticket) {
        self.waiting.remove(&ticket);
        self.forget_idle();
    }

    pub fn iter(&self) -> impl Iterator<Item = (Lane, &Waiter)> {
        self.waiting.iter().map(|((lane, _), waiter)| (*lane, waiter))
    }

    /// Takes a waiter out, and gives every lane that still waits its share of what was just spent.
    pub fn serve(&mut self, ticket: Ticket, cost: u32) -> Option<Waiter> {
        let waiter = self.waiting.remove(&ticket)?;
        let others_wait = self.waiting.keys().any(|(lane, _)| *lane != Lane::Probe);
        self.probes_in_a_row = if ticket.0 == Lane::Probe && others_wait { self.probes_in_a_row + 1 } else { 0 };
        for (lane, share) in SHARES {
            let credit = &mut self.credit[index(lane)];
            if lane == ticket.0 {
                *credit = credit.saturating_sub(100 * cost);
            } else {
                *credit = (*credit + share * cost).min(300);
            }
        }
        self.forget_idle();
        Some(waiter)
    }

    /// Whose turn it is, and for how many new permits, if anybody can be served. `ready` tells of one waiter whether he
    /// can be; with `true` as if he were a probe.
    pub fn choose(&self, ready: impl Fn(Lane, &Waiter, bool) -> Ready) -> Option<(Ticket, u32)> {
        // Who has reserved has paid: nobody who still waits for budget may stand in the way.
        let is_paid = |ticket: &Ticket, waiter: &Waiter| ready(ticket.0, waiter, false) == Ready::Go { cost: 0 };
        if let Some((ticket, _)) = self.waiting.iter().find(|(ticket, waiter)| is_paid(ticket, waiter)) {
            return Some((*ticket, 0));
        }
        let mut order = SHARES.map(|(lane, _)| lane);
        // Stable: lanes that are due come first, the most passed-over before the others; then plain priority.
        order.sort_by_key(|lane| {
            let credit = self.credit[index(*lane)];
            std::cmp::Reverse(if credit >= 100 { credit } else { 0 })
        });
        let first = |lane: Lane, as_probe: bool| {
            self.waiting
                .range((lane, 0)..=(lane, u64::MAX))
                .map(|(ticket, waiter)| (*ticket, ready(lane, waiter, as_probe)))
                .find(|(_, ready)| !matches!(ready, Ready::Aside(_) | Ready::Blocked { cost: 0 }))
        };
        let served = |found: Option<(Ticket, Ready)>| match found {
            Some((ticket, Ready::Go { cost })) => Some((ticket, cost)),
            _ => None,
        };
        let probe = first(Lane::Probe, false);
        if self.probes_in_a_row >= PROBES_IN_A_ROW && probe.is_some() {
            let others = order.into_iter().filter(|lane| *lane != Lane::Probe);
            let head = others.into_iter().find_map(|lane| first(lane, true));
            if head.is_some() {
                return served(head);
            }
        }
        let head = order.into_iter().find_map(|lane| first(lane, false));
        // A head that waits for more than there is keeps its place; only a probe, with permits of its own, passes.
        served(head).or_else(|| served(probe))
    }

    fn forget_idle(&mut self) {
        for (lane, _) in SHARES {
            if self.waiting.range((lane, 0)..=(lane, u64::MAX)).next().is_none() {
                self.credit[index(lane)] = 0;
            }
        }
    }
}
