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
}

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

    pub fn get(&self, ticket: Ticket) -> Option<&Waiter> {
        self.waiting.get(&ticket)
    }

    pub fn iter(&self) -> impl Iterator<Item = (Lane, &Waiter)> {
        self.waiting.iter().map(|((lane, _), waiter)| (*lane, waiter))
    }

    /// Takes a waiter out, and gives every lane that still waits its share of what was just spent.
    pub fn serve(&mut self, ticket: Ticket, cost: u32) -> Option<Waiter> {
        let waiter = self.waiting.remove(&ticket)?;
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

    /// Whose turn it is, if anybody can be served.
    pub fn choose(&self, ready: impl Fn(Lane, &Waiter) -> Ready) -> Option<Ticket> {
        // Who has reserved has paid: nobody who still waits for budget may stand in the way.
        let paid = self.waiting.iter().find(|((lane, _), waiter)| ready(*lane, waiter) == Ready::Go { cost: 0 });
        if let Some((ticket, _)) = paid {
            return Some(*ticket);
        }
        let mut order = SHARES.map(|(lane, _)| lane);
        // Stable: lanes that are due come first, the most passed-over before the others; then plain priority.
        order.sort_by_key(|lane| {
            std::cmp::Reverse(if self.credit[index(*lane)] >= 100 { self.credit[index(*lane)] } else { 0 })
        });
        let first = |lane: Lane| {
            self.waiting
                .range((lane, 0)..=(lane, u64::MAX))
                .map(|(ticket, waiter)| (*ticket, ready(lane, waiter)))
                .find(|(_, ready)| !matches!(ready, Ready::Aside(_) | Ready::Blocked { cost: 0 }))
        };
        let head = order.into_iter().find_map(first)?;
        match head {
            (ticket, Ready::Go { .. }) => Some(ticket),
            // The head waits for more than there is and keeps its place; only a probe, with permits of its own, passes.
            _ => first(Lane::Probe).and_then(|(ticket, ready)| matches!(ready, Ready::Go { .. }).then_some(ticket)),
        }
    }

    fn forget_idle(&mut self) {
        for (lane, _) in SHARES {
            if self.waiting.range((lane, 0)..=(lane, u64::MAX)).next().is_none() {
                self.credit[index(lane)] = 0;
            }
        }
    }
}
