//! When a request may leave: one scheduler per connection.
//!
//! [`Pace`] hands out permits. It counts by itself, more strictly than the server can: a permit of a [`Budget::Window`]
//! comes back 60 s after its *response*, which is safe at any phase of the server's fixed window; a request of a
//! [`Budget::Bucket`] begins to drain with its response. `meter` does that arithmetic, `lanes` says whose turn it is,
//! `operating` keeps Bitrix24's time per method. Only `connection` takes permits; nothing in here sends anything or
//! knows what a request means.

mod lanes;
mod meter;
mod operating;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use self::lanes::{Need, Queue, Ready, Ticket, Waiter};
use self::meter::Meter;
use self::operating::OperatingTime;
use super::Lane;
use crate::control::Headroom;
use crate::seam::Rng;

/// What the other side allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Budget {
    /// So many requests in each window of this length, at a phase only the server knows.
    Window {
        /// Requests a window.
        budget: u32,
        /// The window's length.
        span: Duration,
        /// How many of them only probes may take.
        kept: u32,
    },
    /// A leaky bucket.
    Bucket {
        /// Requests it holds.
        size: u32,
        /// Requests it drains a second, in hundredths.
        drain_hundredths: u32,
        /// Room that only probes may take.
        kept: u32,
        /// Execution time each method may use in ten minutes.
        operating_limit: Duration,
    },
}

/// How a connection is paced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// What the other side allows.
    pub budget: Budget,
    /// How many requests may be out at once; probes may exceed it by two.
    pub in_flight: u32,
}

impl Settings {
    /// A fixed window of 60 s (Notion: 180 or 600 by plan), three permits kept for probes, six requests at once.
    pub fn per_minute(budget: u32) -> Self {
        Self { budget: Budget::Window { budget, span: Duration::from_secs(60), kept: 3 }, in_flight: 6 }
    }

    /// A leaky bucket (Bitrix24: 50 and 2 a second, Enterprise 250 and 5) with 480 s of operating time a method.
    pub fn bucket(size: u32, drain_hundredths: u32) -> Self {
        let operating_limit = Duration::from_secs(480);
        Self { budget: Budget::Bucket { size, drain_hundredths, kept: 3, operating_limit }, in_flight: 6 }
    }
}

/// The scheduler of one connection.
pub struct Pace {
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    in_flight_cap: u32,
    meter: Meter,
    operating: OperatingTime,
    queue: Queue,
    reserved: [u32; lanes::COUNT],
    in_flight: u32,
    gate: Option<Instant>,
    throttles_in_a_row: u32,
    requests: u64,
    throttled: u64,
    rng: Box<dyn Rng>,
}

impl Pace {
    /// A scheduler with everything left. `rng` gives the jitter.
    pub fn new(settings: Settings, rng: Box<dyn Rng>) -> Arc<Self> {
        let limit = match settings.budget {
            Budget::Window { .. } => None,
            Budget::Bucket { operating_limit, .. } => Some(operating_limit),
        };
        Arc::new(Self {
            state: Mutex::new(State {
                in_flight_cap: settings.in_flight.max(1),
                meter: Meter::new(settings.budget, Instant::now()),
                operating: OperatingTime::new(limit),
                queue: Queue::default(),
                reserved: [0; lanes::COUNT],
                in_flight: 0,
                gate: None,
                throttles_in_a_row: 0,
                requests: 0,
                throttled: 0,
                rng,
            }),
            changed: Notify::new(),
        })
    }

    /// Waits until one request of this lane (and this method, where methods are metered) may leave. Dropping the
    /// future gives up the place in the queue and nothing else.
    pub async fn acquire(self: &Arc<Self>, lane: Lane, method: Option<&str>) -> Permit {
        self.wait(lane, Waiter { need: Need::Send, method: method.map(str::to_owned) }).await;
        Permit { pace: Arc::clone(self), sent_at: Instant::now(), spent: false }
    }

    /// The same for a request that is sent once more: its reserved permit, if there was one, was used by its first sending.
    pub async fn acquire_again(self: &Arc<Self>, lane: Lane, method: Option<&str>) -> Permit {
        self.wait(lane, Waiter { need: Need::SendAgain, method: method.map(str::to_owned) }).await;
        Permit { pace: Arc::clone(self), sent_at: Instant::now(), spent: false }
    }

    /// Waits until so many requests of this lane could leave now, and keeps their permits for that lane. More than the
    /// whole budget counts as the whole budget.
    pub async fn reserve(&self, lane: Lane, requests: u32) {
        if requests > 0 {
            self.wait(lane, Waiter { need: Need::Reserve(requests), method: None }).await;
        }
    }

    /// Gives back reserved permits that were not used.
    pub fn release(&self, lane: Lane, requests: u32) {
        let mut state = self.lock();
        let reserved = &mut state.reserved[lanes::index(lane)];
        *reserved = reserved.saturating_sub(requests);
        drop(state);
        self.changed.notify_waiters();
    }

    /// What can leave now. `wall` is the wall clock's now, to tell moments in its terms.
    pub fn headroom(&self, wall: Timestamp) -> Headroom {
        let now = Instant::now();
        let mut state = self.lock();
        state.settle(now);
        let stamp = |at: Instant| {
            let ahead = SignedDuration::try_from(at.saturating_duration_since(now)).unwrap_or(SignedDuration::ZERO);
            wall.checked_add(ahead).unwrap_or(wall)
        };
        let gated_until = state.gate.map(stamp);
        let operating = state.operating.tightest(now);
        state.meter.headroom(state.held(), stamp, gated_until, operating)
    }

    /// Whether the whole connection has to wait until after this moment, as the server told.
    pub fn is_closed_at(&self, at: Instant) -> bool {
        self.lock().gate.is_some_and(|gate| gate > at)
    }

    /// Requests sent since start, and how many of them were refused for their pace.
    pub fn counts(&self) -> (u64, u64) {
        let state = self.lock();
        (state.requests, state.throttled)
    }

    /// A random duration below `most`.
    pub fn jitter(&self, most: Duration) -> Duration {
        let bound = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(self.lock().rng.below(bound))
    }

    /// Notes how much of its operating time a method has used, and in how long its oldest part is forgotten.
    pub fn note_operating(&self, method: &str, used: Duration, reset_in: Option<Duration>) {
        self.lock().operating.note(method, used, reset_in, Instant::now());
    }

    /// Notes that a method was refused for its operating time within an answer that is good.
    pub fn note_spent(&self, method: &str) {
        self.lock().operating.block(method, None, Instant::now());
    }

    async fn wait(&self, lane: Lane, waiter: Waiter) {
        let mut seat = Seat { pace: self, ticket: None };
        let mut waiter = Some(waiter);
        loop {
            // Registered before looking, so that a change between looking and sleeping is not missed.
            let notified = self.changed.notified();
            tokio::pin!(notified);
            notified.as_mut().enable();
            let wake = {
                let now = Instant::now();
                let mut state = self.lock();
                if let Some(waiter) = waiter.take() {
                    seat.ticket = Some(state.queue.join(lane, waiter));
                }
                state.settle(now);
                if let Some((ticket, cost)) = state.choose(now)
                    && seat.ticket == Some(ticket)
                {
                    state.grant(ticket, cost);
                    seat.ticket = None;
                    drop(state);
                    self.changed.notify_waiters();
                    return;
                }
                state.next_event(now)
            };
            match wake {
                Some(at) => tokio::select! {
                    biased;
                    () = &mut notified => {}
                    () = sleep_until(at) => {}
                },
                None => notified.await,
            }
        }
    }

    fn finish(&self, after: impl FnOnce(&mut State, Instant)) {
        let now = Instant::now();
        let mut state = self.lock();
        state.settle(now);
        state.in_flight = state.in_flight.saturating_sub(1);
        after(&mut state, now);
        drop(state);
        self.changed.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pace")
    }
}

/// The right to send one request now. Dropped without a word it counts as sent: its caller may have been cancelled
/// while the request was out.
#[derive(Debug)]
pub struct Permit {
    pace: Arc<Pace>,
    sent_at: Instant,
    spent: bool,
}

impl Permit {
    /// A response came that is no throttle.
    pub fn answered(mut self) {
        self.spent = true;
        self.pace.finish(|state, now| {
            state.meter.used(now);
            state.throttles_in_a_row = 0;
        });
    }

    /// The request surely never reached the server: the permit is as if it had not been taken.
    pub fn unsent(mut self) {
        self.spent = true;
        self.pace.finish(|state, _| state.requests = state.requests.saturating_sub(1));
    }

    /// The server said "too fast". With a method only that method waits; else the whole connection does, for
    /// `retry_after` and a little more, never less, and the ceiling sinks.
    pub fn throttled(mut self, retry_after: Option<Duration>, method: Option<&str>) {
        self.spent = true;
        let sent_at = self.sent_at;
        self.pace.finish(|state, now| {
            state.meter.used(now);
            state.throttled += 1;
            match method {
                Some(method) => state.operating.block(method, retry_after, now),
                None => state.close_gate(retry_after, sent_at, now),
            }
        });
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if !self.spent {
            self.pace.finish(|state, now| state.meter.used(now));
        }
    }
}

/// A place in the queue, given up when its future is dropped.
struct Seat<'a> {
    pace: &'a Pace,
    ticket: Option<Ticket>,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.pace.lock().queue.leave(ticket);
            self.pace.changed.notify_waiters();
        }
    }
}

impl State {
    /// Permits that are neither free nor cooling.
    fn held(&self) -> u32 {
        self.reserved.iter().sum::<u32>() + self.in_flight
    }

    fn settle(&mut self, now: Instant) {
        self.meter.settle(now);
        if self.gate.is_some_and(|gate| gate <= now) {
            self.gate = None;
        }
    }

    fn ready(&self, lane: Lane, waiter: &Waiter, as_probe: bool, now: Instant) -> Ready {
        if let Some(until) = waiter.method.as_deref().and_then(|method| self.operating.blocked_until(method, now)) {
            return Ready::Aside(until);
        }
        let probe = as_probe || lane == Lane::Probe;
        let slots = self.in_flight_cap + if probe { 2 } else { 0 };
        let (cost, needs_slot) = match waiter.need {
            Need::Reserve(count) => (count, false),
            Need::Send if self.reserved[lanes::index(lane)] > 0 => (0, true),
            Need::Send | Need::SendAgain => (1, true),
        };
        let cost = cost.min(self.meter.capacity(lane == Lane::Probe));
        if (needs_slot && self.in_flight >= slots) || cost > self.meter.room(self.held(), probe) {
            return Ready::Blocked { cost };
        }
        Ready::Go { cost }
    }

    fn choose(&self, now: Instant) -> Option<(Ticket, u32)> {
        if self.gate.is_some() {
            return None;
        }
        self.queue.choose(|lane, waiter, as_probe| self.ready(lane, waiter, as_probe, now))
    }

    fn grant(&mut self, ticket: Ticket, cost: u32) {
        let Some(waiter) = self.queue.serve(ticket, cost) else { return };
        let reserved = &mut self.reserved[lanes::index(ticket.0)];
        match waiter.need {
            Need::Reserve(_) => *reserved += cost,
            Need::Send | Need::SendAgain => {
                *reserved -= u32::from(cost == 0 && *reserved > 0);
                self.in_flight += 1;
                self.requests += 1;
            }
        }
    }

    /// When looking again may show something else, apart from a permit coming back.
    fn next_event(&self, now: Instant) -> Option<Instant> {
        if let Some(gate) = self.gate {
            return Some(gate);
        }
        self.queue
            .iter()
            .filter_map(|(lane, waiter)| match self.ready(lane, waiter, false, now) {
                Ready::Go { .. } => None,
                Ready::Aside(until) => Some(until),
                // Room there is: it waits for a request in flight to end, which notifies.
                Ready::Blocked { cost } if cost <= self.meter.room(self.held(), lane == Lane::Probe) => None,
                Ready::Blocked { cost } => self.meter.room_at(self.held(), cost, lane == Lane::Probe, now),
            })
            .min()
    }

    fn close_gate(&mut self, retry_after: Option<Duration>, sent_at: Instant, now: Instant) {
        // Requests that left together and are refused together are one sign, not six.
        if self.meter.throttled(sent_at, now) {
            self.throttles_in_a_row = (self.throttles_in_a_row + 1).min(7);
        }
        let wait = retry_after.unwrap_or_else(|| {
            Duration::from_secs(1 << self.throttles_in_a_row.saturating_sub(1)).min(Duration::from_secs(60))
        });
        let spread = u64::try_from(wait.as_millis() / 10).unwrap_or(u64::MAX).clamp(50, 2_000);
        let until = now + wait + Duration::from_millis(self.rng.below(spread));
        self.gate = Some(self.gate.map_or(until, |gate| gate.max(until)));
    }
}
