//! What the API did that nobody wanted: deletions, records brought back, elements taken out of sets, held fields written.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::mapping::Delete;
use crate::model::{Event, Happening, HoldId, RecordId, Side};

use super::masses::passed;
use super::past::{Name, Spot, Touch, Turn};
use super::plain::Plain;
use super::report::{Report, TroubleKind};
use super::twice::{ordered, source_of};
use super::verdict::Court;

/// How long before the API followed a deletion it may have been taken back.
const SHORTLY: SignedDuration = SignedDuration::from_mins(10);

/// Every counterpart that a record has or had.
fn counterparts<'a>(court: &'a Court<'_>, name: &'a Name) -> impl Iterator<Item = Name> + 'a {
    let pair = court.case.pairs.get(name.0);
    let all = pair.map(|pair| court.bonds.all(&pair.name, name.1, &name.2));
    all.into_iter().flatten().map(|other| (name.0, name.1.other(), other.to_owned()))
}

/// Whether a person had taken a record away before a moment.
fn taken_away(court: &Court<'_>, name: &Name, before: Timestamp) -> bool {
    let life = court.past.lives.get(name);
    life.is_some_and(|life| life.turns.iter().any(|turn| turn.gone && turn.by_person && turn.at <= before))
}

/// Whether a person had deleted a record when the API followed: moving it away is no deletion, and what came back long
/// before was none in the end.
fn deleted_then(court: &Court<'_>, name: &Name, at: Timestamp) -> bool {
    let life = court.past.lives.get(name);
    life.is_some_and(|life| {
        life.turns.iter().enumerate().any(|(index, turn)| {
            let back = life.turns.get(index + 1).map_or(Timestamp::MAX, |next| next.at);
            turn.gone && turn.by_person && !turn.moved && turn.at <= at && back >= at - SHORTLY
        })
    })
}

/// Whether a record that is back had been away for so long, by the engine's clock, that nothing is remembered of its tie.
fn forgotten(court: &Court<'_>, name: &Name, at: Timestamp) -> bool {
    let long = |away: Timestamp, back: Timestamp| back <= at && passed(court, away, back) >= court.case.remember_gone;
    let turns = court.past.lives.get(name).map_or(&[][..], |life| life.turns.as_slice());
    let deleted = turns.windows(2).any(|turns| match turns {
        [away, back] => away.gone && !back.gone && long(away.at, back.at),
        _ => false,
    });
    // What was hidden from the integration is back when a sweep shows it.
    let Some(pair) = court.case.pairs.get(name.0) else { return deleted };
    let on = |side: Side| (name.1 == side).then_some(name.2.as_str());
    let events = court.shelf.events(&pair.name, on(Side::Crm), on(Side::Notion));
    let untied = events.iter().filter(|event| event.what == Happening::Untied);
    let mut shown = untied.filter_map(|untied| {
        let seen = |event: &&&Event| event.what == Happening::Seen && event.field.is_none() && event.at >= untied.at;
        events.iter().find(seen).map(|seen| (untied.at, seen.at))
    });
    deleted || name.1 == Side::Notion && shown.any(|(away, back)| long(away, back))
}

fn pair_name<'a>(court: &'a Court<'_>, name: &Name) -> &'a str {
    court.case.pairs.get(name.0).map_or("?", |pair| pair.name.as_str())
}

/// The API deletes only what a person deleted on the other side.
pub(super) fn deletions(court: &Court<'_>, report: &mut Report) {
    for (name, life) in &court.past.lives {
        let follows = court.case.pairs.get(name.0).is_some_and(|pair| pair.delete == Delete::Propagate);
        for Turn { seq, at, .. } in life.turns.iter().filter(|turn| turn.gone && !turn.by_person) {
            if !(follows && counterparts(court, name).any(|other| deleted_then(court, &other, *at))) {
                let text = format!(
                    "deletion: the API deleted {}/{} in {} at {at}, and no person had deleted its counterpart, or it was not to follow",
                    pair_name(court, name),
                    name.2,
                    name.1
                );
                report.tell(TroubleKind::Deletion, name.1, vec![*seq], text);
            }
        }
    }
}

/// What a person deleted is not made again for the survivor, unless an operator orders it.
pub(super) fn resurrections(court: &Court<'_>, report: &mut Report) {
    for (name, life) in court.past.lives.iter().filter(|(_, life)| life.by_api && life.at >= court.case.began) {
        let Some(source) = source_of(court, name, life) else { continue };
        let source: Name = (name.0, name.1.other(), source);
        let pair = court.case.pairs.get(name.0).map(|pair| &pair.name);
        let tied_before = |other: &Name| {
            pair.is_some_and(|pair| court.bonds.tied_before(pair, source.1, &source.2, &other.2, life.at))
        };
        let mut others = counterparts(court, &source).filter(|other| other != name && tied_before(other));
        if forgotten(court, &source, life.at) {
            continue;
        }
        if let Some(gone) = others.find(|other| taken_away(court, other, life.at))
            && !ordered(court, name, life)
        {
            let text = format!(
                "resurrection: the API made {}/{} in {} at {} for {}, whose counterpart {} a person had deleted",
                pair_name(court, name),
                name.2,
                name.1,
                life.at,
                source.2,
                gone.2
            );
            report.tell(TroubleKind::Resurrection, name.1, vec![life.seq], text);
        }
    }
}

/// The API takes only such elements out of a set as somebody had taken out, or whose record is gone.
pub(super) fn elements(court: &Court<'_>, report: &mut Report) {
    for (spot, touches) in &court.past.touches {
        let Some(pair) = court.case.pairs.get(spot.pair) else { continue };
        let key = pair.fields.get(spot.field).map(|field| &field.key);
        for touch in touches.iter().filter(|touch| touch.person.is_none() && touch.at >= court.case.began) {
            let (before, after) =
                (court.plain(spot, &touch.before, touch.at), court.plain(spot, &touch.after, touch.at));
            let Plain::Set(members) = &before else { continue };
            let mut taken: BTreeSet<String> = members.difference(&after.members()).cloned().collect();
            if taken.is_empty() {
                continue;
            }
            let fars: Vec<Spot> = counterparts(court, &(spot.pair, spot.side, spot.record.clone()))
                .map(|far| Spot { side: far.1, record: far.2, ..spot.clone() })
                .collect();
            // What a system puts there by itself when a record is made was nobody's wish.
            let by_people = |member: &String| {
                fars.iter().chain([spot]).any(|at| {
                    let mut touches = court.past.at(at).iter().filter(|it| it.person.is_some());
                    touches.any(|it| court.plain(at, &it.after, it.at).members().contains(member))
                })
            };
            taken.retain(by_people);
            for at in fars.iter().chain([spot]) {
                for other in court.past.at(at).iter().filter(|it| it.person.is_some() && it.at <= touch.at) {
                    let removed = court.plain(at, &other.before, other.at).members();
                    let kept = court.plain(at, &other.after, other.at).members();
                    taken.retain(|member| kept.contains(member) || !removed.contains(member));
                    taken.retain(|member| !took_page_of(court, at, other, member));
                }
            }
            if let Some(related) = court.terms.related(spot.pair, spot.field) {
                // A record that was tied to another page since is still there by that; and a page may have stood for one that
                // is gone.
                let related_pair = court.case.pairs.get(related).map(|pair| &pair.name);
                let kept: BTreeSet<&str> = related_pair.map_or_else(BTreeSet::new, |name| {
                    let pages = touch.after.as_array().into_iter().flatten().filter_map(|it| it.as_str());
                    pages.flat_map(|page| court.bonds.all(name, Side::Notion, page)).collect()
                });
                let stood_for = |member: &String| {
                    let pages = related_pair.map(|name| court.bonds.all(name, Side::Crm, member));
                    // A page without a tie is its own name.
                    let pages = pages.into_iter().flatten().chain([member.as_str()]);
                    let mut others = pages.flat_map(|page| {
                        related_pair.map(|name| court.bonds.all(name, Side::Notion, page)).into_iter().flatten()
                    });
                    spot.side == Side::Notion
                        && others.any(|other| kept.contains(other) || court.is_gone(related, other))
                };
                taken.retain(|member| !court.is_gone(related, member) && !stood_for(member));
                taken.retain(|member| !court.never_seen(spot, member, touch));
            }
            let (crm, notion) = match spot.side {
                Side::Crm => (Some(spot.record.as_str()), None),
                Side::Notion => (None, Some(spot.record.as_str())),
            };
            let events = court.shelf.events(&pair.name, crm, notion);
            let by_somebody = |event: &&Event| {
                matches!(event.what, Happening::Settled | Happening::Decided | Happening::Undone)
                    && event.field.as_ref() == key
            };
            // What was put in inside the window of that very write could not be seen; it is told as exposed.
            let window = events.iter().filter(|event| event.what == Happening::Wrote && event.field.as_ref() == key);
            let mut window = window.filter_map(|event| event.window);
            if let Some((opened, _)) = window.find(|(from, to)| (*from..=*to).contains(&touch.at)) {
                let before = court.plain(spot, &court.past.value_at(spot, opened), opened).members();
                taken.retain(|member| before.contains(member));
            }
            if taken.is_empty() || events.iter().any(by_somebody) {
                continue;
            }
            tell_elements(court, report, spot, touch, &taken);
        }
    }
}

/// Whether a person took the page out of a relation that stood for a CRM record then. A copy of that page, which was tied to
/// it later, may have stayed in.
fn took_page_of(court: &Court<'_>, at: &Spot, touch: &Touch, member: &str) -> bool {
    let related = court.terms.related(at.pair, at.field).and_then(|related| court.case.pairs.get(related));
    let (Some(related), Side::Notion) = (related, at.side) else { return false };
    let pages = |value: &serde_json::Value| -> BTreeSet<String> {
        value.as_array().into_iter().flatten().filter_map(|page| page.as_str().map(str::to_owned)).collect()
    };
    let stayed = pages(&touch.after);
    pages(&touch.before)
        .difference(&stayed)
        .any(|page| court.bonds.tied_to(&related.name, Side::Notion, page, touch.at) == Some(member))
}

fn tell_elements(court: &Court<'_>, report: &mut Report, spot: &Spot, touch: &Touch, taken: &BTreeSet<String>) {
    let name: Name = (spot.pair, spot.side, spot.record.clone());
    let field = court.case.pairs.get(spot.pair).and_then(|pair| pair.fields.get(spot.field));
    let text = format!(
        "element: the API took {taken:?} out of {} of {}/{} in {} at {}, and nobody had taken it out",
        field.map_or("?", |field| field.key.as_str()),
        pair_name(court, &name),
        spot.record,
        spot.side,
        touch.at
    );
    report.tell(TroubleKind::Element, spot.side, vec![touch.seq], text);
}

/// A tie ends because a record went away only if one did: somebody deleted or moved it, or hid it from the integration.
pub(super) fn partings(court: &Court<'_>, report: &mut Report) {
    let untied = court.case.claims.journal.iter().filter(|event| event.what == Happening::Untied);
    for event in untied.filter(|event| event.note.contains("went away")) {
        let at = court.case.pairs.iter().position(|pair| Some(&pair.name) == event.pair.as_ref());
        let Some((at, pair)) = at.and_then(|at| Some((at, court.case.pairs.get(at)?))) else { continue };
        let away = |side: Side, id: &Option<RecordId>| {
            let id = id.as_ref().map_or("", RecordId::as_str);
            let life = court.past.lives.get(&(at, side, id.to_owned()));
            life.is_none_or(|life| life.turns.iter().any(|turn| turn.gone))
                || side == Side::Notion && (court.past.was_hidden(id) || court.past.was_hidden(&pair.data_source))
        };
        if !away(Side::Crm, &event.crm) && !away(Side::Notion, &event.notion) {
            let name = |id: &Option<RecordId>| id.as_ref().map_or("?", RecordId::as_str).to_owned();
            let text = format!(
                "parted: {} and {} of {} were untied at {}, and neither had ever been away",
                name(&event.crm),
                name(&event.notion),
                pair.name,
                event.at
            );
            report.tell(TroubleKind::Parted, Side::Crm, Vec::new(), text);
        }
    }
}

/// Nothing writes a field that is held and about which nobody decided. Where a whole record was set aside, a decision about
/// one of its fields that came after that is carried out, and nothing else.
pub(super) fn held_fields(court: &Court<'_>, report: &mut Report) {
    let mut held_since: BTreeMap<HoldId, Timestamp> = BTreeMap::new();
    // An undo is written while the field is held for it.
    let mut undone: BTreeSet<HoldId> = BTreeSet::new();
    let mut decided: BTreeMap<HoldId, (Timestamp, &str)> = BTreeMap::new();
    for event in &court.case.claims.journal {
        let Some(pair) = &event.pair else { continue };
        let id = HoldId { pair: pair.clone(), crm: event.crm.clone(), field: event.field.clone() };
        if event.what == Happening::Decided {
            decided.insert(id.clone(), (event.at, event.who.as_str()));
        }
        match event.what {
            // A duplicate set is a notice: the record that is tied goes on.
            Happening::Held if event.note.contains("carry the same marker") => {}
            Happening::Held => {
                held_since.insert(id, event.at);
            }
            Happening::Undone => {
                undone.insert(id);
            }
            Happening::Released | Happening::Decided | Happening::Untied => {
                undone.remove(&id);
                held_since.remove(&id);
            }
            Happening::Wrote => {
                let opened = event.window.map_or(event.at, |(from, _)| from);
                let levels =
                    [id.clone(), HoldId { field: None, ..id.clone() }, HoldId { crm: None, field: None, ..id.clone() }];
                // The very write that the operator ordered, who saw that the record is set aside.
                let ordered = |level: &HoldId, since: &Timestamp| {
                    let by = decided.get(&id).filter(|(at, _)| at >= since);
                    level.crm.is_some() && by.is_some_and(|(_, who)| event.note.ends_with(&format!(" by {who}")))
                };
                let held = levels.iter().filter(|level| !undone.contains(level));
                let held = held.filter_map(|level| held_since.get(level).filter(|since| !ordered(level, since)));
                if let Some(since) = held.filter(|since| **since < opened).min() {
                    let side = event.side.unwrap_or(Side::Crm);
                    let text = format!("held: {id} was written in {side} at {}, though held since {since}", event.at);
                    report.tell(TroubleKind::HeldWritten, side, Vec::new(), text);
                }
            }
            _ => {}
        }
    }
}
