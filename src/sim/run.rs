//! One seed: chaos while people work, then healing, then the auditor.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::audit::{Case, Claims, audit};
use super::mischief::Mend;
use super::operator::Operator;
use super::profile::{LeftOut, Profile};
use super::site::faults::Faults;
use super::site::{Plan, Site, locked};
use super::verdict::{Failing, Figures, Verdict, Violation};
use super::webhooks::{Mode, Webhooks};
use super::{Plant, chance::Dice, pairs};
use crate::control::{Command, Desk, PairState, PairStatus, Snapshot};
use crate::model::Happening;
use crate::seam::WallClock;
use crate::standin::office::Office;

/// What is to be run.
#[derive(Debug, Clone)]
pub struct Run {
    /// Decides everything.
    pub seed: u64,
    /// How long the chaos lasts, in the world's time.
    pub lasting: Duration,
    /// When it ends earlier than it was made for.
    pub until: Option<Duration>,
    /// A bug to plant.
    pub plant: Option<Plant>,
    /// What is left out.
    pub left_out: LeftOut,
    /// Whether to tell everything that happened.
    pub trace: bool,
}

/// How long healing may take, in the world's time: as long as the longest chain of probes and retries, and two sweeps.
const HEALING: SignedDuration = SignedDuration::from_hours(8);

/// Runs one seed from beginning to end, in virtual time, on the calling thread.
///
/// # Errors
/// A sentence, where not even the runtime or the office could be set up.
pub fn run(what: &Run) -> Result<Verdict, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.map_err(|error| format!("no runtime for a simulation: {error}"))?;
    // Inside, so that every moment is one of the paused clock.
    runtime.block_on(async { Story::begin(what)?.tell().await })
}

/// One run.
struct Story {
    profile: Profile,
    office: Office,
    site: Site,
    operator: Operator,
    next_look: Timestamp,
    /// The next death that was not met yet.
    deaths: usize,
    died: u64,
    webhooks: Webhooks,
    /// The next mischief that was not done yet.
    mischief: usize,
    /// What has to be put right, and when.
    mends: Vec<(Timestamp, Mend)>,
    done: BTreeMap<&'static str, u64>,
    told: Vec<String>,
    tracing: bool,
    seed: u64,
}

/// What the driver wakes up for.
enum Woke {
    Due,
    Dead,
}

impl Story {
    fn begin(what: &Run) -> Result<Self, String> {
        let mut profile = Profile::draw(what.seed, what.lasting, &what.left_out);
        if let Some(until) = what.until {
            let until = SignedDuration::try_from(until).unwrap_or(SignedDuration::MAX);
            profile.end = profile.end.min(profile.start.checked_add(until).unwrap_or(Timestamp::MAX));
        }
        let office = Office::new(what.seed, profile.office.clone()).map_err(|error| error.to_string())?;
        let mut pairs = pairs::pairs(office.facts());
        profile.policies.apply(&mut pairs);
        let plan = Plan {
            start: profile.start,
            skew: profile.skew,
            pairs,
            timing: profile.timing.clone(),
            budgets: profile.budgets,
            plant: what.plant,
        };
        let (sources, latency, dice) = (profile.faults.clone(), profile.latency, Dice::of(what.seed, "latency"));
        let mut site = Site::new(what.seed, &office, plan, |now| Faults::new(sources, latency, dice, now));
        site.plant = what.plant;
        if what.trace {
            locked(&site.worlds.faults).told = Some(Vec::new());
        }
        let webhooks = Webhooks::new(profile.webhooks, Dice::of(what.seed, "carriers"), &site.worlds);
        Ok(Self {
            next_look: profile.start,
            operator: Operator::new(what.seed),
            office,
            site,
            deaths: 0,
            died: 0,
            webhooks,
            mischief: 0,
            mends: Vec::new(),
            done: BTreeMap::new(),
            told: Vec::new(),
            tracing: what.trace,
            seed: what.seed,
            profile,
        })
    }

    async fn tell(mut self) -> Result<Verdict, String> {
        let began = self.site.now();
        self.live(0).await;
        while self.site.now() < self.profile.end {
            self.chaos().await;
        }
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
        let claims = self.claims().await;
        if !quiet {
            violations.push(Violation {
                kind: Failing::Wedge,
                text: format!("not quiet {} after everything worked again: {}", show(HEALING), self.busy(&claims)),
            });
        } else {
            self.settled(&mut violations).await;
        }
        let claims = if quiet { self.claims().await } else { claims };
        Ok(self.verdict(began, healed, claims, violations))
    }

    /// One step of the chaos: until the next moment at which anything but the engine does something.
    async fn chaos(&mut self) {
        let now = self.site.now();
        let rates = self.profile.bursts.iter().filter(|it| (it.span.0..it.span.1).contains(&now)).map(|it| it.rates);
        let rates = rates.fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
        self.office.set_rates(rates.0, rates.1);
        self.office.act(now);
        self.world_goes_on(now);
        self.bring_word(now).await;
        if let Some(pause) = self.profile.operator
            && self.next_look <= now
        {
            self.next_look = now + SignedDuration::try_from(pause).unwrap_or(SignedDuration::from_mins(1));
            if let Some(running) = &self.site.running {
                let desk = running.desk.clone();
                let fuse = self.site.fuse.clone();
                tokio::select! {
                    biased;
                    () = fuse.burnt() => {}
                    () = self.operator.act(&desk) => {}
                }
            }
        }
        let mut wake = self.profile.end;
        wake = self.office.next_act().map_or(wake, |at| at.min(wake));
        let spans = self.profile.bursts.iter().flat_map(|it| [it.span.0, it.span.1]);
        wake = spans.filter(|at| *at > now).min().map_or(wake, |at| at.min(wake));
        wake = self.next_in_the_worlds().map_or(wake, |at| at.min(wake));
        if self.profile.operator.is_some() {
            wake = wake.min(self.next_look);
        }
        let next_death = self.profile.deaths.get(self.deaths).map(|death| (death.at, death.step));
        if let Some((at, step)) = next_death {
            if at > now {
                wake = wake.min(at);
            } else {
                match step {
                    Some((step, after)) => {
                        self.site.fuse.arm(step, after);
                        // It dies when it comes to that step; if it never does, the next death is armed.
                        self.deaths += 1;
                    }
                    None => self.site.fuse.burn(),
                }
            }
        }
        if let Woke::Dead = self.until(wake).await {
            self.die().await;
        }
    }

    /// Robots act, and whatever else happens in the worlds.
    fn world_goes_on(&mut self, now: Timestamp) {
        locked(&self.site.worlds.crm).pass(now);
        locked(&self.site.worlds.notion).pass(now);
        while let Some(mischief) = self.profile.mischief.get_mut(self.mischief).filter(|it| it.at <= now) {
            self.mischief += 1;
            *self.done.entry(mischief.kind.name()).or_default() += 1;
            self.told.push(format!("{now} mischief {}", mischief.name));
            self.mends.extend(mischief.begin(&self.site.worlds, self.office.facts(), now));
        }
        self.mend(now);
    }

    /// What has lasted long enough ends.
    fn mend(&mut self, now: Timestamp) {
        let (due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.mends).into_iter().partition(|(at, _)| *at <= now);
        self.mends = later;
        for (_, mend) in due {
            self.told.push(format!("{now} mended {mend:?}"));
            self.mends.extend(mend.mend(&self.site.worlds, now));
        }
    }

    /// Webhooks arrive.
    async fn bring_word(&mut self, now: Timestamp) {
        self.webhooks.look(&self.site.worlds);
        let desk = self.site.running.as_ref().map(|running| running.desk.clone());
        let fuse = self.site.fuse.clone();
        tokio::select! {
            biased;
            () = fuse.burnt() => {}
            () = self.webhooks.bring(now, desk.as_deref()) => {}
        }
    }

    /// When something happens next in the worlds, as far as that is known.
    fn next_in_the_worlds(&self) -> Option<Timestamp> {
        let robots = [locked(&self.site.worlds.crm).next_due(), locked(&self.site.worlds.notion).next_due()];
        let mischief = self.profile.mischief.get(self.mischief).map(|it| it.at);
        let mends = self.mends.iter().map(|(at, _)| *at);
        robots.into_iter().chain([mischief, self.webhooks.next()]).flatten().chain(mends).min()
    }

    /// Sleeps until a moment of the world, or until the process dies.
    async fn until(&mut self, wake: Timestamp) -> Woke {
        let pause = Duration::try_from(wake.duration_since(self.site.now())).unwrap_or_default();
        let pause = pause.max(Duration::from_millis(1));
        let Some(running) = &mut self.site.running else {
            tokio::time::sleep(pause).await;
            return Woke::Due;
        };
        let fuse = self.site.fuse.clone();
        tokio::select! {
            biased;
            () = fuse.burnt() => Woke::Dead,
            _ = &mut running.task => Woke::Dead,
            () = tokio::time::sleep(pause) => Woke::Due,
        }
    }

    async fn die(&mut self) {
        self.died += 1;
        let death = match self.profile.deaths.get(self.deaths) {
            Some(death) if death.step.is_none() && death.at <= self.site.now() => {
                self.deaths += 1;
                Some(death)
            }
            // The one that was armed.
            _ => self.profile.deaths.get(self.deaths.wrapping_sub(1)),
        };
        let death = death.cloned();
        let kept = death.as_ref().map_or(0, |death| death.kept);
        self.site.die(kept).await;
        if let Some(death) = death {
            let back = self.site.now() + SignedDuration::try_from(death.down).unwrap_or_default();
            // People go on meanwhile.
            while self.site.now() < back.min(self.profile.end) {
                let now = self.site.now();
                self.office.act(now);
                self.world_goes_on(now);
                let wake = self.office.next_act().map_or(back, |at| at.clamp(now, back));
                let wake = self.next_in_the_worlds().map_or(wake, |at| at.clamp(now, wake));
                self.until(wake).await;
            }
            self.site.host.set(death.skew);
        }
        self.live(0).await;
    }

    /// The process starts; it may die while it does.
    async fn live(&mut self, tries: u32) {
        let mut tries = tries;
        while self.site.start().await.is_err() && tries < 10 {
            self.site.die(0).await;
            tries += 1;
        }
        let now = self.site.now();
        self.webhooks.again(now);
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

    /// Nothing is left to do, not even for a process that has just started and looks at everything anew.
    async fn settled(&mut self, violations: &mut Vec<Violation>) {
        let wrote = |site: &Site| {
            let by_api = |log: &[crate::standin::log::Entry]| {
                log.iter().filter(|entry| entry.actor == crate::standin::log::Actor::Api).count()
            };
            use crate::standin::StandIn;
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
        let case = Case { pairs: &self.site.pairs, crm: &crm, notion: &notion, claims: &claims, began, index_lag };
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
                text: format!("{exposed} edits were exposed, though word of every edit was brought"),
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
            decisions: self.operator.given.1,
            faults: faults.struck.clone(),
            mischief: self.done.clone(),
            exposed_longest_ms: report.exposed_longest_ms,
            reliable_webhooks: self.profile.webhooks == Mode::Reliable,
            drift,
            chaos_s: seconds(healed.duration_since(began)),
            healing_s: seconds(ended.duration_since(healed)),
        };
        let story =
            super::trace::Story { crm: &crm, notion: &notion, claims: &claims, faults: &faults, told: &self.told };
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
