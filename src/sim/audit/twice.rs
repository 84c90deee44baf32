//! What happened once too often: records made twice, and values that went in circles.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use jiff::Timestamp;

use crate::model::{Event, Happening, Side};

use super::past::{Life, Name, Spot, Touch};
use super::plain::Plain;
use super::report::{Report, TroubleKind};
use super::verdict::Court;

/// How often the API may write the same value into a field while nobody edits it.
const OCCURRENCES: u32 = 2;

/// Counts records that the API made although there was one already, each once.
pub(super) fn duplicates(court: &Court<'_>, report: &mut Report) {
    let made: Vec<(&Name, &Life)> = court.past.lives.iter().filter(|(_, life)| life.by_api).collect();
    let mut made: Vec<(&Name, &Life)> = made.into_iter().filter(|(_, life)| life.at >= court.case.began).collect();
    made.sort_by_key(|(name, life)| (name.1, life.seq, name.0));
    let twins = same_marker(court, &made);
    for (name, life) in made {
        if ordered(court, name, life) {
            continue;
        }
        let why = second_counterpart(court, name, life)
            .or_else(|| same_key(court, name, life))
            .or_else(|| twins.contains(name).then(|| "another live record was made for the same".to_owned()));
        if let Some(why) = why {
            let pair = court.case.pairs.get(name.0).map_or("?", |pair| pair.name.as_str());
            let text = format!("duplicate: the API made {pair}/{} in {} at {}, and {why}", name.2, name.1, life.at);
            report.duplicates += 1;
            report.tell(TroubleKind::Duplicate, name.1, vec![life.seq], text);
        }
    }
}

/// An operator ordered it, who saw what there was.
pub(super) fn ordered(court: &Court<'_>, name: &Name, life: &Life) -> bool {
    let (Some(source), Some(pair)) = (source_of(court, name, life), court.case.pairs.get(name.0)) else { return false };
    let side = name.1.other();
    court
        .shelf
        .events(
            &pair.name,
            (side == Side::Crm).then_some(source.as_str()),
            (side == Side::Notion).then_some(source.as_str()),
        )
        .iter()
        .any(|event| {
            event.what == Happening::Decided && event.side == Some(side) && event.field.is_none() && event.at <= life.at
        })
}

/// Records of the same pair and side that were there just before.
fn neighbours<'a>(court: &'a Court<'_>, name: &'a Name, seq: u64) -> impl Iterator<Item = &'a Name> {
    let lives =
        court.past.lives.iter().filter(move |(other, life)| {
            (other.0, other.1) == (name.0, name.1) && *other != name && life.lived_at(seq)
        });
    lives.map(|(other, _)| other)
}

/// The source it was made for had a live counterpart: one that carried the source's marker by the API's hand (a copy that
/// a person made is none), or one that the source itself named.
fn second_counterpart(court: &Court<'_>, name: &Name, life: &Life) -> Option<String> {
    let source = source_of(court, name, life)?;
    let marked = |other: &&Name| {
        court.past.marker_before(other, life.seq).is_some_and(|(marker, by_api)| by_api && marker == source)
    };
    if let Some(other) = neighbours(court, name, life.seq).find(marked) {
        return Some(format!("{} was there already for {source}", other.2));
    }
    // The other world's log has a count of its own; only the moment is common to both.
    let far = (name.0, name.1.other(), source.clone());
    let named = court.past.markers.get(&far)?.iter().rfind(|touch| touch.at < life.at && touch.person.is_none())?;
    let named = named.after.as_str().filter(|other| *other != name.2)?.to_owned();
    let there = court.past.lives.get(&(name.0, name.1, named.clone()))?.lived_at(life.seq);
    there.then(|| format!("{source} named {named} as its counterpart already"))
}

/// What the API made a record for: its first marker, or else whoever names it as its counterpart.
pub(super) fn source_of(court: &Court<'_>, name: &Name, life: &Life) -> Option<String> {
    let own = court.past.markers.get(name).into_iter().flatten();
    let mut own = own.filter(|touch| touch.person.is_none() && touch.seq > life.seq);
    if let Some(marker) = own.find_map(|touch| touch.after.as_str().filter(|text| !text.is_empty())) {
        return Some(marker.to_owned());
    }
    let naming = court.past.markers.iter().find(|((pair, side, _), touches)| {
        (*pair, *side) == (name.0, name.1.other())
            && touches.iter().any(|touch| touch.person.is_none() && touch.after == name.2.as_str())
    });
    naming.map(|((_, _, record), _)| record.clone())
}

/// All but the oldest of live records that the API made for the same thing. A marker may change later: by a link.
fn same_marker(court: &Court<'_>, made: &[(&Name, &Life)]) -> BTreeSet<Name> {
    let mut oldest: BTreeSet<(usize, Side, String)> = BTreeSet::new();
    let mut twins = BTreeSet::new();
    for (name, life) in made.iter().filter(|(_, life)| life.gone().is_none()) {
        let Some(marker) = source_of(court, name, life) else { continue };
        if life.by_api && !oldest.insert((name.0, name.1, marker)) {
            twins.insert((*name).clone());
        }
    }
    twins
}

/// A live record of that side had its e-mail address already when it was made, and before it was last looked for: whoever
/// saves the same person between that look and the creation could not be seen.
fn same_key(court: &Court<'_>, name: &Name, life: &Life) -> Option<String> {
    let pair = court.case.pairs.get(name.0)?;
    let of_email =
        |field: &crate::mapping::FieldSpec| field.crm.as_str() == "EMAIL" && pair.match_by.contains(&field.key);
    let field = pair.fields.iter().position(of_email)?;
    let spot = |name: &Name| Spot { pair: name.0, side: name.1, record: name.2.clone(), field };
    let given = court.past.at(&spot(name)).iter().find(|touch| touch.person.is_none() && touch.at == life.at)?;
    let key = court.plain(&spot(name), &given.after, given.at);
    let looked = court.case.claims.journal.iter().find_map(|event| {
        let id = if name.1 == Side::Crm { &event.crm } else { &event.notion };
        let made = matches!(event.what, Happening::Created | Happening::Adopted) && event.side == Some(name.1);
        let ours =
            made && event.pair.as_ref() == Some(&pair.name) && id.as_ref().is_some_and(|id| id.as_str() == name.2);
        ours.then_some(event.window?.0 - court.case.index_lag)
    });
    let has = |other: &&Name| {
        let spot = spot(other);
        let had = |value: Json| court.plain(&spot, &value, life.at) == key;
        had(court.past.value_before(&spot, life.seq)) && looked.is_none_or(|at| had(court.past.value_at(&spot, at)))
    };
    // What was never shown to the integration cannot be found by it.
    let hidden = |other: &&Name| {
        let known = court.shelf.events(&pair.name, None, Some(&other.2));
        other.1 == Side::Notion
            && court.past.hidden_throughout(&other.2, life.seq, life.seq)
            && !known.iter().any(|event| event.at <= life.at)
    };
    let other = neighbours(court, name, life.seq).filter(|other| !hidden(other)).find(has);
    let other = other.filter(|_| key != Plain::Empty)?;
    Some(format!("{} had {} already", other.2, key.show()))
}

/// When an operator had a word about a field.
fn orders(court: &Court<'_>, spot: &Spot, far: Option<&Spot>) -> Vec<Timestamp> {
    let Some(pair) = court.case.pairs.get(spot.pair) else { return Vec::new() };
    let key = pair.fields.get(spot.field).map(|field| &field.key);
    let id =
        |side: Side| [Some(spot), far].into_iter().flatten().find(|it| it.side == side).map(|it| it.record.as_str());
    let events = court.shelf.events(&pair.name, id(Side::Crm), id(Side::Notion));
    let about = |event: &&Event| {
        matches!(event.what, Happening::Decided | Happening::Undone)
            && (event.field.as_ref() == key || event.field.is_none())
    };
    events.into_iter().filter(about).map(|event| event.at).collect()
}

/// Counts API writes by which a value came back to a field more than twice while nobody edited the field on either side.
pub(super) fn loops(court: &Court<'_>, report: &mut Report) {
    for (spot, touches) in &court.past.touches {
        let far = court.far(spot);
        let theirs = far.as_ref().map_or(&[][..], |far| court.past.at(far));
        let people = theirs.iter().filter(|touch| touch.person.is_some());
        // Whoever decides or undoes wants the value to change.
        let mut ordered: Vec<Timestamp> = orders(court, spot, far.as_ref());
        ordered.sort_unstable();
        let mut ordered = ordered.into_iter().peekable();
        let mut all: Vec<&Touch> = touches.iter().chain(people).collect();
        // A human edit of the same moment counts as earlier: it may be why the API wrote.
        all.sort_by_key(|touch| (touch.at, touch.person.is_none(), touch.seq));
        let mut written: BTreeMap<Plain, Vec<u64>> = BTreeMap::new();
        for touch in all {
            while ordered.next_if(|at| *at <= touch.at).is_some() {
                written.clear();
            }
            if touch.person.is_some() {
                written.clear();
                continue;
            }
            let value = court.plain(spot, &touch.after, touch.at);
            let seqs = written.entry(value.clone()).or_default();
            seqs.push(touch.seq);
            if seqs.len() as u32 > OCCURRENCES && touch.at >= court.case.began {
                let pair = court.case.pairs.get(spot.pair);
                let (name, field) = pair.map_or(("?", "?"), |pair| {
                    (pair.name.as_str(), pair.fields.get(spot.field).map_or("?", |field| field.key.as_str()))
                });
                let text = format!(
                    "loop: the API wrote {} into {field} of {name}/{} in {} {} times, and nobody had edited it",
                    value.show(),
                    spot.record,
                    spot.side,
                    seqs.len()
                );
                report.loops += 1;
                report.tell(TroubleKind::Loop, spot.side, seqs.clone(), text);
            }
        }
    }
}
