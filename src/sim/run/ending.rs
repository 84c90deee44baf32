//! The end of a run: everything works again, nothing moves any more, and the auditor judges.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::super::audit::{Case, Claims, audit};
use super::super::site::{Site, locked};
use super::super::trace;
use super::super::verdict::{Failing, Figures, Verdict, Violation};
use super::super::webhooks::Mode;
use super::{Story, Woke};
use crate::control::{Command, Desk, PairState, PairStatus, Snapshot};
use crate::model::Happening;
use crate::seam::WallClock;
use crate::standin::StandIn;
use crate::standin::log::{Actor, Entry};

/// How long healing may take, in the world's time: as long as the longest chain of probes and retries, and two sweeps.
const HEALING: SignedDuration = SignedDuration::from_hours(4);

impl Story {
    /// Heals, comes to rest, and is judged.
    pub(super) async fn end(mut self, began: Timestamp) -> Result<Verdict, String> {
        // Nobody edits any more, and everything works.
        self.office.stop();
        let now = self.site.now();
        while !self.mends.is_empty() {
            for (at, _) in &mut self.mends {
                *at = now;
            }
            self.mend(now);
        }
        self.world_goes_on(now);
        locked(&self.site.worlds.faults).heal();
        if self.site.running.is_none() || self.site.fuse.is_burnt() {
            self.live(0).await;
        }
        let healed = self.site.now();
        let mut violations = Vec::new();
        let quiet = self.heal(healed).await;
        let mut claims = self.claims().await;
        if !quiet {
            violations.push(Violation {
                kind: Failing::Wedge,
                text: format!("not quiet {} after everything worked again: {}", show(HEALING), self.busy(&claims)),
            });
        } else {
            claims = self.settled(&claims, &mut violations).await;
        }
        Ok(self.verdict(began, healed, claims, violations))
    }

    /// Waits until nothing moves any more; false if that takes too long.
    async fn heal(&mut self, healed: Timestamp) -> bool {
        let bound = healed + HEALING;
        // Sweeps are told in the host's time.
        let since_healed = self.site.host.now();
        let mut quiet_since: Option<Timestamp> = None;
        while self.site.now() < bound {
            let now = self.site.now();
            if let Woke::Dead = self.until(now + SignedDuration::from_secs(20)).await {
                // A fuse that was lit before burns down.
                self.die().await;
                quiet_since = None;
                continue;
            }
            let now = self.site.now();
            self.world_goes_on(now);
            self.bring_word(now).await;
            let Some(running) = &self.site.running else { return false };
            let snapshot = running.desk.snapshots().borrow().clone();
            let guarded: Vec<Command> = snapshot.pairs.iter().filter_map(let_happen).collect();
            if !guarded.is_empty() {
                // Whoever is asked answers in the end.
                let desk = running.desk.clone();
                for command in guarded {
                    let _ = desk.command("anna", command).await;
                }
                quiet_since = None;
                continue;
            }
            if !is_quiet(&snapshot, since_healed) {
                quiet_since = None;
                continue;
            }
            let since = *quiet_since.get_or_insert(self.site.now());
            // Whatever was only about to be planned shows itself within a poll.
            let poll = self.profile.timing.notion_poll.max(self.profile.timing.crm_poll) * 2;
            let poll = SignedDuration::try_from(poll).unwrap_or_default();
            if self.site.now().duration_since(since) > poll {
                return true;
            }
        }
        false
    }

    /// Nothing is left to do, not even for a process that has just started and looks at everything anew; and for a person as much
    /// waits as before. Returns what that process claims.
    async fn settled(&mut self, claimed: &Claims, violations: &mut Vec<Violation>) -> Claims {
        let wrote = |site: &Site| {
            let by_api = |log: &[Entry]| log.iter().filter(|entry| entry.actor == Actor::Api).count();
            let crm = by_api(locked(&site.worlds.crm).log());
            crm + by_api(locked(&site.worlds.notion).log())
        };
        let before = wrote(&self.site);
        self.site.die(0).await;
        self.live(0).await;
        let again = self.site.now();
        if !self.heal(again).await {
            violations.push(Violation { kind: Failing::Wedge, text: "not quiet after a restart at rest".to_owned() });
        }
        let more = wrote(&self.site) - before;
        if more > 0 {
            violations.push(Violation {
                kind: Failing::Restless,
                text: format!("{more} changes were written by a process that started when nothing was left to do"),
            });
        }
        let claims = self.claims().await;
        let held = |claims: &Claims| claims.holds.iter().map(|hold| hold.id.clone()).collect::<BTreeSet<_>>();
        let other: Vec<String> = held(&claims).symmetric_difference(&held(claimed)).map(ToString::to_string).collect();
        if !other.is_empty() {
            violations.push(Violation {
                kind: Failing::Restless,
                text: format!("a process that started at rest holds others than the one before: {}", other.join(", ")),
            });
        }
        claims
    }

    async fn claims(&self) -> Claims {
        let Some(running) = &self.site.running else { return Claims::default() };
        let mut claims = running.desk.claims().await.unwrap_or_default();
        // The auditor counts in the worlds' time.
        self.site.host.correct(&mut claims.journal);
        claims
    }

    fn busy(&self, claims: &Claims) -> String {
        let Some(running) = &self.site.running else { return "it does not run".to_owned() };
        let snapshot = running.desk.snapshots().borrow().clone();
        let states: Vec<String> = snapshot.pairs.iter().map(|pair| format!("{} {:?}", pair.name, pair.state)).collect();
        format!(
            "queue {:?}, hot {}, pairs {}, intents {:?}",
            snapshot.queue,
            snapshot.hot,
            states.join(", "),
            claims.intents.iter().map(|it| (it.seq, &it.state)).collect::<Vec<_>>()
        )
    }

    fn verdict(self, began: Timestamp, healed: Timestamp, claims: Claims, mut violations: Vec<Violation>) -> Verdict {
        let ended = self.site.now();
        let worlds = &self.site.worlds;
        let (crm, notion) = (locked(&worlds.crm), locked(&worlds.notion));
        let lagged = ["notion-index-lag", "crm-index-lag"].iter().any(|kind| self.done.contains_key(kind));
        let index_lag = if lagged { SignedDuration::from_secs(31) } else { SignedDuration::ZERO };
        let leaps = self.site.host.leaps();
        let case = Case {
            pairs: &self.site.pairs,
            crm: &crm,
            notion: &notion,
            claims: &claims,
            began,
            index_lag,
            remember_gone: SignedDuration::try_from(self.profile.timing.remember_gone).unwrap_or(SignedDuration::MAX),
            leaps: &leaps,
            downs: &self.downs,
        };
        let report = audit(&case);
        violations.extend(
            report
                .troubles
                .iter()
                .map(|trouble| Violation { kind: Failing::of(trouble.kind), text: trouble.text.clone() }),
        );
        violations.extend(std::mem::take(&mut locked(&worlds.watch).broken));
        let faults = locked(&worlds.faults);
        let throttles = faults.own_throttles.crm + faults.own_throttles.notion;
        if throttles > 0 {
            violations.push(Violation {
                kind: Failing::Throttled,
                text: format!("{throttles} requests were refused for their pace by our own fault"),
            });
        }
        let exposed = report.edits.crm.exposed + report.edits.notion.exposed;
        if exposed > 0 && self.profile.webhooks == Mode::Reliable {
            violations.push(Violation {
                kind: Failing::Exposed,
                text: format!(
                    "{exposed} edits were exposed, though word of every edit was brought: {}",
                    report.exposed.join("; ")
                ),
            });
        }
        let drift = drift(&claims);
        if drift > 0 && !SILENT.iter().any(|kind| self.done.contains_key(kind)) {
            violations.push(Violation {
                kind: Failing::Drift,
                text: format!("sweeps found {drift} changes that the increments had missed"),
            });
        }
        let figures = Figures {
            edits: report.edits,
            duplicates: report.duplicates,
            loops: report.loops,
            requests: crm.counters().requests + notion.counters().requests,
            deaths: self.died,
            deaths_amid_writes: self.died_writing,
            decisions: self.operator.given.1,
            faults: faults.struck.clone(),
            mischief: self.done.clone(),
            exposed_longest_ms: report.exposed_longest_ms,
            exposed: report.exposed,
            reliable_webhooks: self.profile.webhooks == Mode::Reliable,
            drift,
            chaos_s: seconds(healed.duration_since(began)),
            healing_s: seconds(ended.duration_since(healed)),
        };
        let story = trace::Story { crm: &crm, notion: &notion, claims: &claims, faults: &faults, told: &self.told };
        let hash = story.digest();
        let trace = self.tracing.then(|| story.lines());
        Verdict { seed: self.seed, figures, violations, hash, trace }
    }
}

/// What a person says to a pair that was stopped.
fn let_happen(pair: &PairStatus) -> Option<Command> {
    let PairState::Guarded { plan, .. } = &pair.state else { return None };
    Some(Command::Override { pair: pair.name.clone(), plan: plan.clone() })
}

/// Nothing is planned, out, unknown or hot, and every side of every pair was swept since.
fn is_quiet(snapshot: &Snapshot, since: Timestamp) -> bool {
    snapshot.queue.crm.total() == 0
        && snapshot.queue.notion.total() == 0
        && snapshot.hot == 0
        && snapshot.pairs.iter().all(|pair| pair.last_sweep.is_some_and(|swept| swept > since))
}

/// What changes values without a new stamp, or shows old ones: there increments miss something by no fault of theirs.
const SILENT: [&str; 6] =
    ["notion-index-lag", "crm-index-lag", "page-moved", "page-unshared", "source-unshared", "contacts-merged"];

/// Changes that sweeps found and increments had missed, by the journal.
fn drift(claims: &Claims) -> u64 {
    let told = claims
        .journal
        .iter()
        .filter(|event| event.what == Happening::System && event.note.contains("the increments had missed"));
    told.filter_map(|event| event.note.split(' ').find_map(|word| word.parse::<u64>().ok())).sum()
}

fn seconds(span: SignedDuration) -> u64 {
    u64::try_from(span.as_secs()).unwrap_or(0)
}

fn show(span: SignedDuration) -> String {
    format!("{} h", span.as_hours())
}
