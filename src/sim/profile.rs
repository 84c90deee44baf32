//! What a seed decides: people, worlds, timing, faults, deaths. Everything that can be left out has a name.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::chance::Dice;
use super::mischief::{self, Mischief};
use super::site::Budgets;
use super::site::Step;
use super::site::faults::{Kind, Source};
use super::webhooks::Mode;
use crate::config::Timing;
use crate::mapping::{Delete, PairSpec, Policy};
use crate::standin::office::Options;
use crate::standin::{bitrix24, notion};

/// Things of a run that were left out, by name.
pub type LeftOut = BTreeSet<String>;

/// A spell in which people work.
#[derive(Debug, Clone, PartialEq)]
pub struct Burst {
    /// Its name.
    pub name: String,
    /// From when to when.
    pub span: (Timestamp, Timestamp),
    /// Edits a minute, by side.
    pub rates: (u32, u32),
}

/// One death of the process.
#[derive(Debug, Clone, PartialEq)]
pub struct Death {
    /// Its name.
    pub name: String,
    /// When; or from when on the step counts.
    pub at: Timestamp,
    /// At which step, after how many of its kind; `None` at the very moment.
    pub step: Option<(Step, u64)>,
    /// Batches that had reached the disk though nobody flushed them.
    pub kept: usize,
    /// How long the process stays down.
    pub down: Duration,
    /// How far the host's clock is off after that.
    pub skew: SignedDuration,
    /// At which step the life after that ends too, while it recovers.
    pub again: Option<(Step, u64)>,
}

/// Everything that a seed decides.
#[derive(Debug)]
pub struct Profile {
    /// When the engine starts.
    pub start: Timestamp,
    /// When faults end, and people go home.
    pub end: Timestamp,
    /// The office.
    pub office: Options,
    /// How often things are looked at.
    pub timing: Timing,
    /// How fast we may be.
    pub budgets: Budgets,
    /// Half a round trip, in milliseconds.
    pub latency: (u64, u64),
    /// How far the host's clock is off at the start.
    pub skew: SignedDuration,
    /// When people work.
    pub bursts: Vec<Burst>,
    /// What goes wrong on the way.
    pub faults: Vec<Source>,
    /// When the process dies.
    pub deaths: Vec<Death>,
    /// Whether an operator is there, and how often they do something.
    pub operator: Option<Duration>,
    /// What happens in the worlds themselves, in order.
    pub mischief: Vec<Mischief>,
    /// How webhooks come.
    pub webhooks: Mode,
    /// What differs from the office's pairs.
    pub policies: Policies,
}

/// Policies of the pairs.
#[derive(Debug, Clone, Copy)]
pub struct Policies {
    /// Of some fields, in the order of the pair; by a number that chooses.
    pub fields: u64,
    /// Of deletions.
    pub delete: Delete,
}

impl Policies {
    /// Changes the pairs accordingly.
    pub fn apply(&self, pairs: &mut [PairSpec]) {
        let mut left = self.fields;
        for pair in pairs {
            pair.delete = self.delete;
            for field in &mut pair.fields {
                field.policy = match left % 8 {
                    0 => Policy::Crm,
                    1 => Policy::Notion,
                    2 => Policy::Newest,
                    _ => Policy::Hold,
                };
                left = left / 8 + left.rotate_left(29) % 977;
            }
        }
    }
}

impl Profile {
    /// What this seed decides for so much time.
    pub fn draw(seed: u64, lasting: Duration, left_out: &LeftOut) -> Self {
        let mut dice = Dice::of(seed, "profile");
        // Long after the office was furnished, and not at the full minute.
        let began = Timestamp::from_second(1_767_690_000).unwrap_or(Timestamp::UNIX_EPOCH);
        let start = began + SignedDuration::from_millis(signed(dice.between(0, 120_000)));
        let lasting = SignedDuration::try_from(lasting).unwrap_or(SignedDuration::from_hours(1));
        let end = start + lasting;
        let mischief = mischiefs(seed, (start, end), left_out);
        let many =
            mischief.iter().any(|it| matches!(it.kind, mischief::Kind::MassDeletion | mischief::Kind::MassClearing));
        let offset = if dice.one_in(2) { 180 } else { 0 };
        let plus = dice.one_in(2);
        let office = Options {
            crm_per_minute: 0,
            notion_per_minute: 0,
            contacts: count(dice.between(2, 9)),
            deals: count(dice.between(3, 12)) + if many { 24 } else { 0 },
            on_both: count(dice.between(0, 4)),
            only_notion: count(dice.between(0, 3)),
            bitrix: bitrix24::Config { offset_minutes: offset, ..bitrix24::Config::enterprise() },
            workspace: notion::Config {
                budget: if plus { 600 } else { 180 },
                window_phase_secs: signed(dice.between(0, 60)),
                exact_edit_filter: dice.one_in(2),
                far_side_counts: dice.one_in(2),
                ..notion::Config::default()
            },
            ..Options::default()
        };
        let enterprise = dice.one_in(2);
        let bitrix = if enterprise { bitrix24::Config::enterprise() } else { bitrix24::Config::standard() };
        let office = Options {
            bitrix: bitrix24::Config {
                drain_per_second: bitrix.drain_per_second,
                bucket_room: bitrix.bucket_room,
                ..office.bitrix
            },
            ..office
        };
        let budgets =
            Budgets { crm: if enterprise { (250, 500) } else { (50, 200) }, notion: if plus { 600 } else { 180 } };
        let base = dice.between(5, 300);
        let bursts = bursts(seed, (start, end));
        let mut skews = Dice::of(seed, "skew");
        let mut skew = || {
            let most = if left_out.contains("skew") {
                1
            } else {
                [1, 1, 2_000, 90_000, 7_200_000][count(skews.between(0, 5))]
            };
            SignedDuration::from_millis(signed(skews.between(0, 2 * most)) - signed(most))
        };
        Self {
            start,
            end,
            office,
            timing: timing(&mut Dice::of(seed, "timing")),
            budgets,
            latency: (base / 2, base * 2),
            skew: skew(),
            bursts: bursts.clone().into_iter().filter(|it| !left_out.contains(&it.name)).collect(),
            faults: faults(seed, (start, end), left_out),
            deaths: deaths(seed, (start, end), &bursts, &mut skew)
                .into_iter()
                .filter(|it| !left_out.contains(&it.name))
                .collect(),
            operator: (!left_out.contains("operator") && Dice::of(seed, "operator").one_in(2))
                .then(|| Duration::from_secs(Dice::of(seed, "operator pause").between(20, 1_200))),
            mischief,
            webhooks: match Dice::of(seed, "webhooks").between(0, 3) {
                _ if left_out.contains("webhooks") => Mode::None,
                0 => Mode::None,
                1 => Mode::Unreliable,
                _ => Mode::Reliable,
            },
            policies: Policies {
                fields: Dice::of(seed, "policies").between(0, u64::MAX),
                delete: if Dice::of(seed, "delete").one_in(3) { Delete::Propagate } else { Delete::Untie },
            },
        }
    }

    /// The names of everything that can be left out of it.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.deaths.iter().map(|it| it.name.clone()).collect();
        names.extend(self.faults.iter().map(|it| super::site::faults::name(it.kind).to_owned()));
        names.extend(self.mischief.iter().map(|it| it.name.clone()));
        names.extend(["operator", "skew", "webhooks"].map(str::to_owned));
        names.extend(self.bursts.iter().map(|it| it.name.clone()));
        names
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Days in earnest are scaled so that whatever waits does come to its end.
fn timing(dice: &mut Dice) -> Timing {
    let seconds = Duration::from_secs;
    // Half of all hosts look often, the others seldom.
    let poll = |dice: &mut Dice| seconds([5, 15, 30, 60, 120, 300][count(dice.between(0, 6))]);
    let quiet = dice.between(0, 30);
    Timing {
        notion_poll: poll(dice),
        crm_poll: poll(dice),
        sweep_every: seconds([300, 900, 1_800, 3_600][count(dice.between(0, 4))]),
        canary_every: seconds([900, 3_600][count(dice.between(0, 2))]),
        quiet_text: seconds(quiet),
        quiet_new_page: seconds(quiet * 2),
        max_deferral: seconds(60 + dice.between(0, 240)),
        overlap: seconds([0, 60, 120][count(dice.between(0, 3))]),
        hot_lag: seconds(dice.between(2, 12)),
        late_watch: seconds(dice.between(600, 3_600)),
        remember_gone: seconds(dice.between(1_800, 7_200)),
        review: false,
        ..Timing::default()
    }
}

fn moment(dice: &mut Dice, (from, to): (Timestamp, Timestamp)) -> Timestamp {
    let span = u64::try_from(to.duration_since(from).as_millis()).unwrap_or(1);
    from + SignedDuration::from_millis(signed(dice.between(0, span)))
}

fn bursts(seed: u64, (start, end): (Timestamp, Timestamp)) -> Vec<Burst> {
    let mut dice = Dice::of(seed, "bursts");
    let hours = end.duration_since(start).as_hours().max(1);
    // Somebody is there from the first minute on, and later once an hour or so.
    (0..=u64::try_from(hours).unwrap_or(1).min(24))
        .map(|number| {
            let from = if number == 0 { start } else { moment(&mut dice, (start, end)) };
            let lasting = SignedDuration::from_secs(signed(dice.between(40, 240)));
            let (crm, notion) = (dice.between(0, 14), dice.between(0, 14));
            Burst {
                name: format!("burst {number}"),
                span: (from, (from + lasting).min(end)),
                rates: (crm as u32, notion as u32),
            }
        })
        .collect()
}

fn faults(seed: u64, span: (Timestamp, Timestamp), left_out: &LeftOut) -> Vec<Source> {
    let mut sources = Vec::new();
    for (kind, name, most) in Kind::ALL {
        let mut dice = Dice::of(seed, name);
        // A run with everything at once hides what each of them can do.
        if !dice.one_in(3) || left_out.contains(name) {
            continue;
        }
        let long = kind != Kind::Locked;
        let storms = (0..dice.between(1, 6)).map(|_| {
            let from = moment(&mut dice, span);
            let lasting = if long { dice.between(60, 3_600) } else { dice.between(10, 120) };
            // What is never taken is set aside only after more than an hour.
            let lasting = if kind == Kind::Unwritable { lasting + 7_200 } else { lasting };
            (from, (from + SignedDuration::from_secs(signed(lasting))).min(span.1))
        });
        let storms = storms.collect();
        let in_ten_thousand = dice.between(most / 10, most) as u32;
        sources.push(Source { kind, in_ten_thousand, storms, dice });
    }
    sources
}

fn deaths(
    seed: u64,
    span: (Timestamp, Timestamp),
    bursts: &[Burst],
    skew: &mut dyn FnMut() -> SignedDuration,
) -> Vec<Death> {
    let mut dice = Dice::of(seed, "deaths");
    let number = if dice.one_in(3) { 0 } else { dice.between(1, 9) };
    let mut deaths: Vec<Death> = (0..number)
        .map(|number| {
            // Most of them where there is something to lose: while people work, and shortly after.
            let busy = if dice.one_in(4) { None } else { dice.pick(bursts).map(|burst| burst.span) };
            let at = moment(&mut dice, busy.map_or(span, |(from, to)| (from, to + SignedDuration::from_secs(60))));
            let step = dice.pick(&Step::ALL).copied().filter(|_| !dice.one_in(4));
            let after = dice.between(0, 12);
            let down = if dice.one_in(5) { dice.between(60, 3_000) } else { dice.between(0, 20) };
            Death {
                name: format!("death {number}"),
                at: at.min(span.1),
                step: step.map(|step| (step, after)),
                kept: count(dice.between(0, 3)),
                down: Duration::from_secs(down),
                skew: skew(),
                again: dice.one_in(4).then(|| dice.pick(&Step::ALL).copied()).flatten().zip(Some(dice.between(0, 30))),
            }
        })
        .collect();
    deaths.sort_by_key(|death| death.at);
    deaths
}

fn mischiefs(seed: u64, span: (Timestamp, Timestamp), left_out: &LeftOut) -> Vec<Mischief> {
    let mut all = Vec::new();
    for (kind, name) in mischief::Kind::ALL {
        let mut dice = Dice::of(seed, name);
        let often = match kind {
            mischief::Kind::MassDeletion | mischief::Kind::MassClearing => 16,
            mischief::Kind::ShortPages => 3,
            _ => 6,
        };
        if !dice.one_in(often) {
            continue;
        }
        let times = dice.between(1, 4);
        for number in 0..times {
            let at = moment(&mut dice, span);
            let lasting = SignedDuration::from_secs(signed(dice.between(5, 2_400)));
            let name = format!("{name} {number}");
            // Access may come and go between one look and the next.
            let mut blink = Dice::of(seed, &format!("{name} blinks"));
            let lasting = match kind {
                mischief::Kind::PageUnshared if blink.one_in(2) => {
                    SignedDuration::from_secs(signed(blink.between(1, 15)))
                }
                _ => lasting,
            };
            if !left_out.contains(&name) {
                all.push(Mischief { dice: Dice::of(seed, &name), name, kind, at, lasting });
            }
        }
    }
    all.sort_by_key(|it| it.at);
    all
}
