//! What happened to many records at once: nobody may end many ties, or empty a field on many records, unasked.
//!
//! The limits are those that the design names, counted here anew from the worlds' logs and the journal.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::model::{Happening, PairName, Side};

use super::plain::Plain;
use super::report::{Report, TroubleKind};
use super::verdict::Court;

/// How long an operator's word covers what it allowed, and over which time steps are counted together.
const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// Emptied fields are counted over less: people empty fields all day.
const SPELL: SignedDuration = SignedDuration::from_mins(10);

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
            Happening::Untied => {
                let ended = ended.entry(pair).or_default();
                ended.retain(|at| event.at.duration_since(*at) < HOUR);
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

/// Fields that the API emptied together: ten, or one in five of a pair's ties.
pub(super) fn emptied(court: &Court<'_>, report: &mut Report) {
    let ties: BTreeMap<&PairName, usize> = court.case.claims.ties.iter().fold(BTreeMap::new(), |mut ties, tie| {
        *ties.entry(&tie.pair).or_default() += 1;
        ties
    });
    let mut emptied: BTreeMap<(usize, Side, usize), Vec<Timestamp>> = BTreeMap::new();
    for (spot, touches) in &court.past.touches {
        for touch in touches.iter().filter(|touch| touch.person.is_none() && touch.at >= court.case.began) {
            let (before, after) = (court.plain(spot, &touch.before), court.plain(spot, &touch.after));
            if after == Plain::Empty && before != Plain::Empty {
                emptied.entry((spot.pair, spot.side, spot.field)).or_default().push(touch.at);
            }
        }
    }
    for ((pair, side, field), mut moments) in emptied {
        let Some(pair) = court.case.pairs.get(pair) else { continue };
        moments.sort_unstable();
        let limit = (10).max(ties.get(&pair.name).copied().unwrap_or(0) / 5);
        let many = moments.windows(limit + 1).find(|some| some[limit].duration_since(some[0]) < SPELL);
        if let Some(many) = many.filter(|many| !allowed(court, &pair.name, many[limit])) {
            let key = pair.fields.get(field).map_or("?", |field| field.key.as_str());
            let text = format!(
                "mass: {key} of {} was emptied in {side} on {} records by {}, and nobody was asked",
                pair.name,
                limit + 1,
                many[limit]
            );
            report.tell(TroubleKind::Mass, side, Vec::new(), text);
        }
    }
}
