//! How many permits are left: the arithmetic of both budgets and of the learned ceiling. Pure; time comes in.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::Budget;
use crate::control::Headroom;

/// One request in the bucket's unit: a hundredth of a request drained for a microsecond.
const ONE: u64 = 100_000_000;
/// The configured maximum, in thousandths.
const FULL: u32 = 1_000;
/// The ceiling never sinks below this part of the maximum, in thousandths.
const FLOOR: u32 = 100;
/// How long it must be quiet before the ceiling rises by a step.
const CLEAN: Duration = Duration::from_secs(60);
/// The step, in thousandths.
const STEP: u32 = 50;

/// The account of one connection. "Held" permits (reserved or in flight) are the caller's count.
#[derive(Debug)]
pub(super) struct Meter {
    budget: Budget,
    /// The learned ceiling, in thousandths of the configured one.
    factor: u32,
    factor_since: Instant,
    cut_at: Option<Instant>,
    /// Window: when each answered request's permit comes back, soonest first.
    cooling: VecDeque<Instant>,
    /// Bucket: what is in it, in [`ONE`]s.
    level: u64,
    level_at: Instant,
}

impl Meter {
    pub fn new(budget: Budget, now: Instant) -> Self {
        Self {
            budget,
            factor: FULL,
            factor_since: now,
            cut_at: None,
            cooling: VecDeque::new(),
            level: 0,
            level_at: now,
        }
    }

    /// Brings the account up to now.
    pub fn settle(&mut self, now: Instant) {
        while self.cooling.front().is_some_and(|back| *back <= now) {
            self.cooling.pop_front();
        }
        let micros = u64::try_from(now.saturating_duration_since(self.level_at).as_micros()).unwrap_or(u64::MAX);
        self.level = self.level.saturating_sub(micros.saturating_mul(u64::from(self.drain())));
        self.level_at = now;
        while self.factor < FULL && now.saturating_duration_since(self.factor_since) >= CLEAN {
            self.factor = (self.factor + STEP).min(FULL);
            self.factor_since += CLEAN;
        }
    }

    /// A request was answered, or may have reached the server.
    pub fn used(&mut self, now: Instant) {
        match self.budget {
            Budget::Window { span, .. } => self.cooling.push_back(now + span),
            Budget::Bucket { .. } => self.level = self.level.saturating_add(ONE),
        }
    }

    /// A request sent at `sent_at` was refused. Sinks the ceiling and says so, unless it left before the last cut.
    pub fn throttled(&mut self, sent_at: Instant, now: Instant) -> bool {
        let fresh = self.cut_at.is_none_or(|cut| sent_at >= cut);
        if fresh {
            self.factor = (self.factor * 7 / 10).max(FLOOR);
            self.cut_at = Some(now);
        }
        self.factor_since = now;
        if let Budget::Bucket { .. } = self.budget {
            // Somebody else behind our address fills the same bucket: it is full, whatever we counted.
            self.level = u64::from(self.size()) * ONE;
        }
        fresh
    }

    /// The most that can ever be free at once at today's ceiling.
    pub fn capacity(&self, probe: bool) -> u32 {
        self.size() - if probe { 0 } else { self.kept() }
    }

    /// Permits free now.
    pub fn room(&self, held: u32, probe: bool) -> u32 {
        self.capacity(probe).saturating_sub(self.taken(held))
    }

    /// When `cost` permits may be free, if time alone can free them.
    pub fn room_at(&self, held: u32, cost: u32, probe: bool, now: Instant) -> Option<Instant> {
        match self.budget {
            Budget::Window { .. } => self.cooling.front().copied(),
            Budget::Bucket { .. } => {
                let allowed = self.capacity(probe).checked_sub(held)?.checked_sub(cost)?;
                let excess = self.level.saturating_sub(u64::from(allowed) * ONE);
                Some(now + Duration::from_micros(excess.div_ceil(u64::from(self.drain())).max(1)))
            }
        }
    }

    /// The account as the operator sees it.
    pub fn headroom(
        &self,
        held: u32,
        stamp: impl Fn(Instant) -> Timestamp,
        gated_until: Option<Timestamp>,
        operating: Option<(String, u32)>,
    ) -> Headroom {
        let left = self.room(held, true);
        match self.budget {
            Budget::Window { budget, .. } => Headroom::Window {
                left,
                budget: self.size(),
                most: budget,
                next_release: self.cooling.front().copied().map(stamp),
                gated_until,
            },
            Budget::Bucket { size, .. } => Headroom::Bucket {
                room: left,
                size: self.size(),
                most: size,
                refill_hundredths: self.drain(),
                gated_until,
                operating,
            },
        }
    }

    fn taken(&self, held: u32) -> u32 {
        let spent = match self.budget {
            Budget::Window { .. } => u32::try_from(self.cooling.len()).unwrap_or(u32::MAX),
            Budget::Bucket { .. } => u32::try_from(self.level.div_ceil(ONE)).unwrap_or(u32::MAX),
        };
        spent.saturating_add(held)
    }

    /// The budget or bucket at today's ceiling; always two more than what is kept for probes.
    fn size(&self) -> u32 {
        let full = match self.budget {
            Budget::Window { budget, .. } => budget,
            Budget::Bucket { size, .. } => size,
        };
        (full * self.factor / FULL).max(self.kept() + 2).min(full.max(1))
    }

    fn kept(&self) -> u32 {
        let (full, kept) = match self.budget {
            Budget::Window { budget, kept, .. } => (budget, kept),
            Budget::Bucket { size, kept, .. } => (size, kept),
        };
        kept.min(full.saturating_sub(1) / 2)
    }

    fn drain(&self) -> u32 {
        match self.budget {
            Budget::Window { .. } => 1,
            Budget::Bucket { drain_hundredths, .. } => (drain_hundredths * self.factor / FULL).max(1),
        }
    }
}
