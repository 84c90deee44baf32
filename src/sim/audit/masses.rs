//! What happened to many records at once: many ties do not end unasked. The limit is the design's, counted here anew from
//! the journal.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::model::{Event, Happening, PairName, Side};

use super::report::{Report, TroubleKind};
use super::verdict::Court;

/// How long an operator's word covers what it allowed, and over which time steps are counted together.
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// How much time has passed by the engine's clock, which may have been set forward meanwhile.
pub(super) fn passed(court: &Court<'_>, from: Timestamp, to: Timestamp) -> SignedDuration {
    let leaps = court.case.leaps.iter().filter(|(leapt, _)| (from..=to).contains(leapt));
    leaps.fold(to.duration_since(from), |passed, (_, by)| passed.saturating_add(*by))
}

/// Whether an operator let a mass change of a pair happen in the hour before.
fn allowed(court: &Court<'_>, pair: &PairName, at: Timestamp) -> bool {
    court.case.claims.journal.iter().any(|event| {
        event.what == Happening::Decided
            && event.pair.as_ref() == Some(pair)
            && event.crm.is_none()
            && event.notion.is_none()
            && event.field.is_none()
            && event.at <= at
            && at.duration_since(event.at) < HOUR
    })
}

/// Whether an operator ended this very tie.
fn by_operator(court: &Court<'_>, untied: &Event) -> bool {
    court.case.claims.journal.iter().any(|event| {
        event.what == Happening::Decided
            && event.at == untied.at
            && event.pair == untied.pair
            && event.crm == untied.crm
    })
}

/// Ties that ended together: ten, or one in twenty.
pub(super) fn departures(court: &Court<'_>, report: &mut Report) {
    let mut ties: BTreeMap<&PairName, usize> = BTreeMap::new();
    let mut ended: BTreeMap<&PairName, Vec<Timestamp>> = BTreeMap::new();
    let mut told: BTreeSet<&PairName> = BTreeSet::new();
    for event in &court.case.claims.journal {
        let Some(pair) = &event.pair else { continue };
        let count = ties.entry(pair).or_default();
        match event.what {
            Happening::Tied => *count += 1,
            // An operator who unties knows what they do.
            Happening::Untied if by_operator(court, event) => *count = count.saturating_sub(1),
            Happening::Untied => {
                let ended = ended.entry(pair).or_default();
                ended.retain(|at| passed(court, *at, event.at) < HOUR);
                ended.push(event.at);
                let limit = (10).max((*count + ended.len()) / 20);
                *count = count.saturating_sub(1);
                if ended.len() > limit && !allowed(court, pair, event.at) && told.insert(pair) {
                    let text = format!(
                        "mass: {} ties of {pair} ended within an hour before {}, and nobody was asked",
                        ended.len(),
                        event.at
                    );
                    report.tell(TroubleKind::Mass, Side::Crm, Vec::new(), text);
                }
            }
            _ => {}
        }
    }
}
