//! The pretend office: the people who work in the pretend Notion and the pretend Bitrix24 all day.
//!
//! [`Office`] furnishes both worlds and then edits them as people do: in bursts, half-typed, twice, at cross purposes.
//! Everything follows from a seed and from the moments at which [`Office::act`] is called; the demo and the simulation
//! call it. People use the `person_*` methods of the stand-ins and never the API, never touch the sync's marker, and
//! know nothing of the engine: which page belongs to which record they see from the marker, e-mail address or title.

mod facts;
mod furnish;
mod habits;
mod newcomers;
mod plan;
mod quarrel;
mod step;
mod view;
mod words;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};

pub use facts::{Facts, FieldFact, MARKER, STAGES, TableFacts};
pub use habits::{Habit, Mix};

use super::bitrix24::{self, BitrixStandIn};
use super::notion::{self, NotionStandIn};
use habits::Deck;
use plan::Planner;
use step::Step;
use view::View;

/// How far people catch up who were not let work for a while.
const CATCH_UP: SignedDuration = SignedDuration::from_secs(10);

/// How an office is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// Edits a minute in the CRM; 0 for none.
    pub crm_per_minute: u32,
    /// Edits a minute in Notion; 0 for none.
    pub notion_per_minute: u32,
    /// Contacts of the CRM.
    pub contacts: usize,
    /// Deals of the CRM.
    pub deals: usize,
    /// How many of these contacts, and how many of these deals, have a page with equal values from the start.
    pub on_both: usize,
    /// How many contacts, and how many projects, are in Notion only.
    pub only_notion: usize,
    /// How many couples share one e-mail address: two contacts and two pages each, and only a person can tell who is who.
    pub couples: usize,
    /// When the workspace was furnished: every record is a little younger than this.
    pub start: Timestamp,
    /// What people do.
    pub mix: Mix,
    /// The portal's set-up; its seed is the office's.
    pub bitrix: bitrix24::Config,
    /// The workspace's set-up; its seed is the office's.
    pub workspace: notion::Config,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            crm_per_minute: 120,
            notion_per_minute: 120,
            contacts: 24,
            deals: 16,
            on_both: 4,
            only_notion: 3,
            couples: 0,
            // 2026-01-05T08:00:00Z, a Monday.
            start: Timestamp::from_second(1_767_600_000).unwrap_or(Timestamp::UNIX_EPOCH),
            mix: Mix::default(),
            bitrix: bitrix24::Config::default(),
            workspace: notion::Config::default(),
        }
    }
}

/// The worlds did not take the furniture; the text is what they said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the pretend workspace could not be furnished: {0}")]
pub struct Unfurnished(String);

/// Something that somebody set out to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// When.
    pub at: Timestamp,
    /// What.
    pub habit: Habit,
    /// The CRM record it is about, where there was one already.
    pub crm: Option<String>,
    /// The page it is about, where there was one already.
    pub page: Option<String>,
}

/// The people and their two worlds.
pub struct Office {
    options: Options,
    view: View,
    rng: Rng,
    /// The CRM's deck, then Notion's.
    decks: [Deck; 2],
    /// When somebody there sets out to do something next.
    next: [Option<Timestamp>; 2],
    due: BTreeMap<(Timestamp, u64), Step>,
    steps: u64,
    people: usize,
    projects: usize,
    pages: u64,
    made: BTreeMap<u64, String>,
    deeds: Vec<Deed>,
    stopped: bool,
}

/// People's data stays out.
impl fmt::Debug for Office {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Office")
            .field("deeds", &self.deeds.len())
            .field("stopped", &self.stopped)
            .finish_non_exhaustive()
    }
}

impl Office {
    /// A furnished workspace in which nobody has begun to work.
    ///
    /// # Errors
    /// [`Unfurnished`]: a world refused a record, which no option can bring about.
    pub fn new(seed: u64, options: Options) -> Result<Self, Unfurnished> {
        let mut rng = Rng::with_seed(seed);
        let (mut people, mut projects) = (0, 0);
        let view = furnish::furnish(&mut rng, seed, &options, &mut people, &mut projects)?;
        let decks = [Deck::new(options.mix.crm.clone()), Deck::new(options.mix.notion.clone())];
        Ok(Self {
            options,
            view,
            rng,
            decks,
            next: [None, None],
            due: BTreeMap::new(),
            steps: 0,
            people,
            projects,
            pages: 0,
            made: BTreeMap::new(),
            deeds: Vec::new(),
            stopped: false,
        })
    }

    /// The pretend portal.
    pub fn crm(&self) -> Arc<Mutex<BitrixStandIn>> {
        Arc::clone(&self.view.crm)
    }

    /// The pretend Notion.
    pub fn notion(&self) -> Arc<Mutex<NotionStandIn>> {
        Arc::clone(&self.view.notion)
    }

    /// What a configuration has to know.
    pub fn facts(&self) -> &Facts {
        &self.view.facts
    }

    /// What people set out to do so far, oldest first.
    pub fn deeds(&self) -> &[Deed] {
        &self.deeds
    }

    /// Everybody goes home: nothing is edited from now on, and what was half-typed stays so.
    pub fn stop(&mut self) {
        self.stopped = true;
        self.due.clear();
    }

    /// From now on people make so many edits a minute, by side; what they have begun they finish.
    pub fn set_rates(&mut self, crm_per_minute: u32, notion_per_minute: u32) {
        (self.options.crm_per_minute, self.options.notion_per_minute) = (crm_per_minute, notion_per_minute);
        for (next, rate) in self.next.iter_mut().zip([crm_per_minute, notion_per_minute]) {
            next.take_if(|_| rate == 0);
        }
    }

    /// When somebody does something next, as far as that is known before; `None` for nobody.
    pub fn next_act(&self) -> Option<Timestamp> {
        let steps = self.due.first_key_value().map(|((at, _), _)| *at);
        steps.into_iter().chain(self.next.into_iter().flatten()).min()
    }

    /// Does what people would have done by `now`, and returns how many edits that were. Edits bear the time `now`, so
    /// call it several times a second; whoever was not let work for longer than ten seconds does not catch up.
    pub fn act(&mut self, now: Timestamp) -> usize {
        if self.stopped {
            return 0;
        }
        self.set_out(now);
        let mut edits = 0;
        while let Some(first) = self.due.first_entry().filter(|first| first.key().0 <= now) {
            let step = first.remove();
            edits += usize::from(step.perform(&mut self.view, &mut self.made, now));
        }
        edits
    }

    /// People on both sides begin what is due, the earlier side first.
    fn set_out(&mut self, now: Timestamp) {
        let rates = [self.options.crm_per_minute, self.options.notion_per_minute];
        for (next, rate) in self.next.iter_mut().zip(rates) {
            if rate > 0 {
                let earliest = now - CATCH_UP;
                *next = Some(next.map_or(now, |next| next.max(earliest)));
            }
        }
        let side_of = |next: &[Option<Timestamp>; 2]| {
            let due = |side: usize| next[side].filter(|next| *next <= now).map(|next| (next, side));
            [0, 1].into_iter().filter_map(due).min()
        };
        while let Some((at, side)) = side_of(&self.next) {
            let Some(habit) = self.decks[side].deal(&mut self.rng) else {
                self.next[side] = None;
                continue;
            };
            let mut planner = Planner {
                view: &self.view,
                rng: &mut self.rng,
                people: &mut self.people,
                projects: &mut self.projects,
                made: &mut self.pages,
            };
            let plan = planner.plan(habit, side == 1);
            for (paid, rate) in rates.into_iter().enumerate() {
                // Somebody who finds nothing to do looks again soon.
                let half_steps = 2 * plan.cost(paid == 1) + u32::from(plan.steps.is_empty() && paid == side);
                if let Some(next) = self.next[paid].as_mut().filter(|_| rate > 0) {
                    let pause = i64::from(half_steps) * 30_000 / i64::from(rate);
                    let pause = pause * self.rng.i64(75..111) / 100;
                    *next += SignedDuration::from_millis(if paid == side { pause.max(1) } else { pause });
                }
            }
            if plan.steps.is_empty() {
                continue;
            }
            self.deeds.push(Deed { at: now, habit, crm: plan.crm, page: plan.page });
            for (after, step) in plan.steps {
                self.steps += 1;
                self.due.insert((at + SignedDuration::from_millis(after), self.steps), step);
            }
        }
    }
}
