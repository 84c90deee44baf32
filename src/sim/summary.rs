//! What came of many seeds.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::audit::Outcomes;
use super::mischief;
use super::site::faults;
use super::verdict::{Failing, Verdict};
use crate::control::Sides;

/// One broken promise of one seed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    /// The seed.
    pub seed: u64,
    /// Which promise.
    pub kind: Failing,
    /// One sentence.
    pub text: String,
}

/// What came of many seeds.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Summary {
    /// How many seeds.
    pub seeds: u64,
    /// Seeds that did not come to rest.
    pub wedges: u64,
    /// Every broken promise.
    pub violations: Vec<Told>,
    /// How edits ended, by the side on which they were made.
    pub edits: Sides<Outcomes>,
    /// Edits exposed, of all edits.
    pub exposed: (u64, u64),
    /// The longest window in which an edit was exposed, in milliseconds.
    pub exposed_longest_ms: u64,
    /// By seed, a sentence for each of them.
    pub exposed_edits: BTreeMap<u64, Vec<String>>,
    /// Edits exposed while webhooks came reliably.
    pub exposed_despite_webhooks: u64,
    /// Changes that sweeps found and increments had missed.
    pub drift: u64,
    /// Requests that reached a world.
    pub requests: u64,
    /// Deaths of the process.
    pub deaths: u64,
    /// Of those, the ones with a write out.
    pub deaths_amid_writes: u64,
    /// Decisions of operators.
    pub decisions: u64,
    /// Faults on the way, by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// What happened in the worlds, by kind.
    pub mischief: BTreeMap<&'static str, u64>,
    /// Kinds of fault and of mischief that never came, in the order of their lists.
    pub never: Vec<&'static str>,
    /// The worlds' time in seconds, healing included.
    pub simulated_s: u64,
    /// The longest time to come to rest, in the world's seconds.
    pub longest_healing_s: u64,
    /// A digest of the digests of all seeds.
    pub hash: String,
}

impl Summary {
    /// Adds them up.
    pub fn of(verdicts: &[Verdict]) -> Self {
        let mut summary = Self { seeds: verdicts.len() as u64, ..Self::default() };
        let mut hash = Sha256::new();
        for verdict in verdicts {
            let figures = &verdict.figures;
            summary.wedges += u64::from(verdict.violations.iter().any(|it| it.kind == Failing::Wedge));
            summary.violations.extend(verdict.violations.iter().map(|it| Told {
                seed: verdict.seed,
                kind: it.kind,
                text: it.text.clone(),
            }));
            summary.edits.crm.add(&figures.edits.crm);
            summary.edits.notion.add(&figures.edits.notion);
            summary.exposed_longest_ms = summary.exposed_longest_ms.max(figures.exposed_longest_ms);
            if !figures.exposed.is_empty() {
                summary.exposed_edits.insert(verdict.seed, figures.exposed.clone());
            }
            if figures.reliable_webhooks {
                summary.exposed_despite_webhooks += figures.edits.crm.exposed + figures.edits.notion.exposed;
            }
            summary.drift += figures.drift;
            summary.requests += figures.requests;
            summary.deaths += figures.deaths;
            summary.deaths_amid_writes += figures.deaths_amid_writes;
            summary.decisions += figures.decisions;
            for (into, from) in [(&mut summary.faults, &figures.faults), (&mut summary.mischief, &figures.mischief)] {
                for (kind, count) in from {
                    *into.entry(kind).or_default() += count;
                }
            }
            summary.simulated_s += figures.chaos_s + figures.healing_s;
            summary.longest_healing_s = summary.longest_healing_s.max(figures.healing_s);
            hash.update(verdict.hash.as_bytes());
        }
        let faults = faults::Kind::ALL.iter().map(|(_, name, _)| *name).filter(|it| !summary.faults.contains_key(it));
        let mischief = mischief::Kind::ALL.iter().map(|(_, name)| *name);
        let mischief = mischief.filter(|it| !summary.mischief.contains_key(it));
        summary.never = faults.chain(mischief).collect();
        let edits = &summary.edits;
        summary.exposed = (edits.crm.exposed + edits.notion.exposed, edits.crm.total() + edits.notion.total());
        summary.hash = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        summary
    }
}
