//! One seed: chaos while people work, then healing, then the auditor.
//!
//! Here is the story as a whole and the life of the process; `worlds` is what goes on beside it, `ending` how it heals and is
//! judged.

mod ending;
mod worlds;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::mischief::{self, Mend};
use super::operator::Operator;
use super::profile::{LeftOut, Profile};
use super::site::faults::Faults;
use super::site::{Plan, Site, locked};
use super::verdict::Verdict;
use super::webhooks::Webhooks;
use super::{Plant, chance::Dice, pairs};
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
    /// From when until when no process ran.
    downs: Vec<(Timestamp, Timestamp)>,
    /// Deaths with an open intent on the disk.
    died_writing: u64,
    /// Deaths that were followed by a recovery.
    recovered: BTreeSet<usize>,
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
        let archive = locked(&office.notion()).add_data_source(mischief::ARCHIVE, &json!({ "Name": { "title": {} } }));
        archive.map_err(|error| error.to_string())?;
        let mut site = Site::new(what.seed, &office, plan, Faults::new(sources, latency, dice));
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
            downs: Vec::new(),
            died_writing: 0,
            recovered: BTreeSet::new(),
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
        self.end(began).await
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
                let undone = tokio::select! {
                    biased;
                    () = fuse.burnt() => None,
                    undone = self.operator.act(&desk) => undone,
                };
                if let Some((event, word)) = undone {
                    let now = self.site.now();
                    mischief::meddle(&self.site.worlds, &event, &word, now);
                }
            }
        }
        let mut wake = self.profile.end;
        wake = self.office.next_act().map_or(wake, |at| at.min(wake));
        let spans = self.profile.bursts.iter().flat_map(|it| [it.span.0, it.span.1]);
        wake = spans.filter(|at| *at > now).min().map_or(wake, |at| at.min(wake));
        wake = self.next_in_the_worlds().into_iter().chain(self.webhooks.next()).fold(wake, Timestamp::min);
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
        self.died_writing += u64::from(self.site.is_writing());
        let death = match self.profile.deaths.get(self.deaths) {
            Some(death) if death.step.is_none() && death.at <= self.site.now() => {
                self.deaths += 1;
                Some(death)
            }
            // The one that was armed.
            _ => self.profile.deaths.get(self.deaths.wrapping_sub(1)),
        };
        let mut death = death.cloned();
        if !self.recovered.insert(self.deaths)
            && let Some(death) = &mut death
        {
            death.again = None;
        }
        let kept = death.as_ref().map_or(0, |death| death.kept);
        self.site.die(kept).await;
        let died = self.site.now();
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
            // Once: the life that ends while it recovers is followed by one that is left alone.
            self.site.next_end = death.again;
        }
        self.downs.push((died, self.site.now()));
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
}
