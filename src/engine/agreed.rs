//! Where both sides agree: the base moves there without a write.
//!
//! They agreed at the older of both readings: what the side that was read longer ago has done since is not known. So the
//! newer side's edit counts as one until the other is seen again, and that is seen to at once.

use std::collections::BTreeSet;

use crate::mapping::{FieldMap, PairMap};
use crate::model::{Base, FieldKey, Happening, HoldId, Kind, Observation, RecordRef, Side, Tie, TieId, Value};
use crate::plan::{Interval, Seen};

use super::core::Core;
use super::memory::Txn;
use super::planning::has_strangers;

/// Whether a value was seen to move after a moment. One that nobody read before was not, however late it was read.
pub(super) fn moved_since((last, came): Interval, at: jiff::Timestamp) -> bool {
    last.is_some() && came > at
}

impl Core {
    /// Moves bases to where both sides agree without a write. They agreed at the older of both readings: what the other
    /// side has done since is not known yet.
    pub(super) fn advance(&mut self, txn: &mut Txn, id: &TieId, agreed: Vec<(FieldKey, (Value, Value))>) {
        if agreed.is_empty() {
            return;
        }
        let Some(pair) = self.memory.pair(&id.pair) else { return };
        let (Some(map), Some(mut tie)) = (pair.map.as_ref(), pair.ties.get(&id.crm).cloned()) else { return };
        let (crm_seen, notion_seen) =
            (pair.observation(Side::Crm, &tie.crm), pair.observation(Side::Notion, &tie.notion));
        let (Some(crm_seen), Some(notion_seen)) = (crm_seen, notion_seen) else { return };
        let at = crm_seen.seen_at.min(notion_seen.seen_at);
        let older = if crm_seen.seen_at < notion_seen.seen_at { Side::Crm } else { Side::Notion };
        let older = RecordRef { pair: id.pair.clone(), side: older, id: tie.on(older).clone() };
        // What was made since has all its values from since.
        let newer = if older.side == Side::Crm { notion_seen } else { crm_seen };
        let precision = self.systems.get(older.side.other()).capabilities().precision;
        let made = newer.created_at.and_then(|made| made.checked_add(precision).ok()).is_some_and(|made| made > at);
        let mut spent = Vec::new();
        let (mut unconfirmed, mut edited) = (false, false);
        for (key, (crm, notion)) in agreed {
            let Some(field) = map.field(&key) else { continue };
            let came = |observation: &Observation, name| observation.changed_between.get(name).copied();
            let mut news = false;
            for came in [came(crm_seen, &field.spec.crm), came(notion_seen, &field.spec.notion)].into_iter().flatten() {
                unconfirmed |= came.1 > at;
                news |= moved_since(came, at);
            }
            spent.push(HoldId::field(id, &key));
            let before = tie.base.get(&key).filter(|base| base.mapping == field.hash);
            let same = before.is_some_and(|base| self.comparable(field, base) == (crm.clone(), notion.clone()));
            if same && before.is_some_and(|base| base.at >= at) {
                edited |= news;
                continue;
            }
            if !same {
                let mut event = self.tie_event(Happening::Agreed, id, "both sides hold the same");
                event.field = Some(key.clone());
                event.before = tie.base.get(&key).map(|base| base.crm.clone());
                event.after = Some(crm.clone());
                txn.events.push(event);
            }
            let pages = self.pages_of(field, (&crm, at), notion_seen.known(&field.spec.notion), before);
            let news_to_all = news || made && before.is_none();
            let late = self.late(field, &crm, before).filter(|_| news_to_all);
            edited |= news || late.is_some();
            let late = late.map(|late| (older.side.other(), late)).into_iter().collect();
            tie.base.insert(key, Base { crm, notion, at, mapping: field.hash.clone(), pages, late });
        }
        if unconfirmed {
            self.unconfirmed.insert(id.clone());
        } else {
            self.unconfirmed.remove(id);
        }
        if edited {
            // Until the other is seen again too, its next edit would meet this one: it is looked at now.
            let due = self.hot.entry(older).or_insert(at);
            *due = (*due).min(self.clock.now());
        }
        if pair.ties.get(&id.crm).is_none_or(|known| known.base != tie.base) {
            self.memory.put_tie(txn, tie);
        }
        for hold in spent {
            self.memory.remove_mark(txn, &hold, "refused");
            self.end_decision(txn, &hold, false);
        }
        if let Some(pair) = self.memory.pairs.get_mut(&id.pair) {
            pair.dirty.remove(&id.crm);
        }
    }

    /// Elements of a set that both sides hold now and had not agreed on before.
    fn late(&self, field: &FieldMap, now: &Value, before: Option<&Base>) -> Option<BTreeSet<String>> {
        let mut late = now.elements().filter(|_| field.crm.multiple && field.notion.multiple)?;
        let known = before.and_then(|base| self.comparable(field, base).0.elements()).unwrap_or_default();
        late.retain(|element| !known.contains(element));
        (!late.is_empty()).then_some(late)
    }

    /// Whether a record holds anything that the two never agreed on.
    pub(super) fn holds_edits(&self, map: &PairMap, tie: &Tie, side: Side, observation: &Observation) -> bool {
        let lookup = self.translator();
        map.fields.iter().any(|field| {
            let base = tie.base.get(&field.spec.key).filter(|base| base.mapping == field.hash);
            match (self.seen(field, side, observation, &lookup), base) {
                // What never crosses is nobody's edit, unless it waits for a person.
                (_, Some(_)) | (Seen::Unmapped(..) | Seen::Unknown(..), _) if !field.spec.direction.from(side) => false,
                (Seen::Known(value), Some(base)) => {
                    let came = observation.changed_between.get(field.name_on(side));
                    let (crm, notion) = self.comparable(field, base);
                    // Back at the base is an edit too, if it was seen to move since.
                    came.is_some_and(|came| moved_since(*came, base.at))
                        || value != if side == Side::Crm { crm } else { notion }
                        || has_strangers(observation.known(field.name_on(side)), &value)
                }
                // Never agreed on, without a form in common, or not readable: it may be all there is of it.
                (Seen::Known(value), None) => !value.is_empty(),
                // People that we may not list say nothing about an edit.
                (Seen::Unknown(..), _) if field.kind == Kind::People => false,
                (Seen::Unmapped(..) | Seen::Unknown(..), _) => true,
            }
        })
    }
}
