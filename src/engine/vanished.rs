//! Related records that a relation shows no more.
//!
//! A relation leaves out what we may not see: a page that was unshared, trashed or moved looks like a link that somebody
//! took away. So an element that vanished is believed to be taken away only if the relation still lacks it in a reading
//! after its record was seen there again; until then it counts as still there. It goes on to the other side with whatever
//! else has changed, but the side that does not show it is not written: a whole array would take it away for good.

use std::collections::BTreeSet;

use crate::mapping::{FieldMap, Lookup};
use crate::model::{Base, Observation, PairName, Presence, RecordId, RecordRef, Side, Tie, TieId, Value, Why};
use crate::plan::field::UNKNOWN_CYCLES;
use crate::plan::{FieldPlan, Interval, Seen};

use super::core::Core;
use super::memory::PairMemory;

/// What a side's relation no longer shows.
pub struct OutOfSight {
    /// The side.
    pub side: Side,
    /// The elements, common dialect.
    pub elements: BTreeSet<String>,
    /// Records to be read before anything is believed.
    pub unread: Vec<RecordRef>,
    /// The two have never agreed on this field, so that nobody can say whether they were ever in it.
    pub first_contact: bool,
}

impl OutOfSight {
    /// The relation with everything that may still be in it. On first contact that is not known, and not guessed.
    pub fn complete(&self, seen: &mut Seen) {
        if self.first_contact && !self.elements.is_empty() {
            *seen = Seen::Unknown(self.reason(), UNKNOWN_CYCLES);
        } else if let Seen::Known(value) = seen {
            let all = value.elements().unwrap_or_default().into_iter().chain(self.elements.iter().cloned());
            *seen = Seen::Known(Value::links(all));
        }
    }

    fn reason(&self) -> String {
        format!("it links records that {} does not show; share or restore them there", self.side)
    }

    /// The plan without what must not be written: nothing of the field where that side would be.
    pub fn respect(&self, plan: FieldPlan) -> FieldPlan {
        if plan.writes.iter().all(|write| write.side != self.side) {
            return plan;
        }
        let side = self.side;
        let reason = self.reason();
        // Whether they are there is not known before they were read.
        let hold = self.unread.is_empty().then_some(Why::Unreadable { side, reason });
        FieldPlan { hold, unread: true, ..FieldPlan::default() }
    }
}

impl Core {
    /// What a side's relation no longer shows, though nobody may have taken it away.
    pub(super) fn out_of_sight(
        &self,
        field: &FieldMap,
        owner: (&RecordRef, &Observation),
        other: &Observation,
        base: Option<&Base>,
        seen: &Seen,
        came: Option<Interval>,
    ) -> Option<OutOfSight> {
        let (Some(related), Seen::Known(value)) = (&field.spec.relation, seen) else {
            return None;
        };
        let (at, observation) = owner;
        let side = at.side;
        let lookup = self.translator();
        let before = match base {
            Some(base) => {
                let (crm, notion) = self.comparable(field, base);
                let still = if side == Side::Crm { crm } else { notion }.elements().unwrap_or_default();
                base.of(side).elements()?.into_iter().chain(still).collect()
            }
            // Nobody knows what was in it; what the other side links may be.
            None => {
                let links = other.known(field.name_on(side.other()))?;
                field.to_common(side.other(), links, &lookup).ok()?.elements().unwrap_or_default()
            }
        };
        // On first contact a related record that is there now is taken to be shown.
        let since = if base.is_some() { came?.1 } else { jiff::Timestamp::MIN };
        let shown = value.elements().unwrap_or_default();
        let pair = self.memory.pair(related);
        let (mut elements, mut unread) = (BTreeSet::new(), Vec::new());
        for element in before.difference(&shown) {
            // Another page than the one that stands for it now: out of sight, or taken out and no more of our business.
            let stood = base.and_then(|base| base.pages.get(element)).filter(|_| side == Side::Notion);
            let page = lookup.record_of(related, side, element);
            if let Some(stood) = stood.filter(|stood| page.as_ref() != Some(*stood)) {
                if pair.is_some_and(|pair| self.is_hidden(pair, side, stood)) {
                    elements.insert(element.clone());
                }
                continue;
            }
            let Some(id) = page.map(RecordId) else { continue };
            match pair.and_then(|pair| pair.observation(side, &id)) {
                Some(known) if known.is_readable() && known.seen_at >= since => {
                    if base.is_none() || observation.seen_at >= known.seen_at {
                        continue;
                    }
                    // It is there: does the relation show it now?
                    unread.push(at.clone());
                }
                Some(known) if !known.is_readable() => {}
                _ => unread.push(RecordRef { pair: related.clone(), side, id }),
            }
            elements.insert(element.clone());
        }
        let hidden = self.hides_guests(field, side, other, base);
        (hidden || !elements.is_empty()).then_some(OutOfSight { side, elements, unread, first_contact: base.is_none() })
    }

    /// Whether a relation shows what both sides agreed on, and all of it that the other side took out is about records that
    /// were out of sight since. They vanish from it and come back by themselves: nobody put them in again.
    pub(super) fn only_came_back(&self, field: &FieldMap, side: Side, base: &Base, seen: (&Seen, &Seen)) -> bool {
        let (Some(_), (Seen::Known(crm), Seen::Known(notion))) = (&field.spec.relation, seen) else { return false };
        let (own, other) = if side == Side::Crm { (crm, notion) } else { (notion, crm) };
        let agreed = self.comparable(field, base);
        let agreed = if side == Side::Crm { agreed.0 } else { agreed.1 };
        let left = other.elements().unwrap_or_default();
        let mut taken =
            agreed.elements().unwrap_or_default().into_iter().filter(|element| !left.contains(element)).peekable();
        *own == agreed && taken.peek().is_some() && taken.all(|element| self.was_hidden(field, side, &element, base.at))
    }

    /// Whether a record is out of sight on a side where records that we may not see look as if they were not there.
    pub(super) fn is_hidden(&self, pair: &PairMemory, side: Side, id: &str) -> bool {
        !self.systems.get(side).capabilities().deleted_vanish
            && pair.observation(side, &id.into()).is_some_and(|it| it.presence == Presence::Missing)
    }

    /// Whether the other side links a record whose tie has ended because this side shows its counterpart no more, or has taken
    /// one out since both agreed on it, whoever stands for it now. It may still be linked here, out of sight.
    fn hides_guests(&self, field: &FieldMap, side: Side, other: &Observation, base: Option<&Base>) -> bool {
        if self.systems.get(side).capabilities().deleted_vanish {
            return false;
        }
        let related = field.spec.relation.as_ref().and_then(|name| self.memory.pair(name));
        let (Some(pair), Some(links)) = (related, other.known(field.name_on(side.other()))) else { return false };
        let links = links.elements().unwrap_or_default();
        let agreed = base.filter(|_| side == Side::Notion).and_then(|base| base.of(side.other()).elements());
        let taken_out = |there: &RecordId| {
            agreed.as_ref().is_some_and(|agreed| agreed.contains(there.as_str())) && !links.contains(there.as_str())
        };
        pair.tombstones.keys().any(|(crm, notion)| {
            let (here, there) = if side == Side::Crm { (crm, notion) } else { (notion, crm) };
            let missing = || pair.observation(side, here).is_some_and(|known| known.presence == Presence::Missing);
            let guest = || links.contains(there.as_str()) && pair.tie_of(side.other(), there).is_none();
            (guest() || taken_out(there)) && missing()
        })
    }

    /// A page's links without those to pages whose CRM record was merged into another, if the CRM's links lack it: with the
    /// record the CRM took the link away, whichever of the two was seen first. What somebody has linked since stays, and so
    /// does the page of a record that was only deleted: it has no counterpart, and is carried.
    pub(super) fn without_unlinked(&self, tie: &Tie, field: &FieldMap, links: Value) -> Value {
        let related = field.spec.relation.as_ref().and_then(|name| self.memory.pair(name));
        let (Some(related), Value::Links(pages)) = (related, &links) else { return links };
        let Some(own) = self.memory.pair(&tie.pair) else { return links };
        let ends = (own.observation(Side::Crm, &tie.crm), own.observation(Side::Notion, &tie.notion));
        let (Some(crm), Some(notion)) = ends else { return links };
        let edited = notion.changed_between.get(&field.spec.notion).map(|(_, came)| *came);
        let in_crm = crm.known(&field.spec.crm).and_then(Value::elements).unwrap_or_default();
        let unlinked = |page: &str| {
            related.tie_of(Side::Notion, &page.into()).is_none()
                && related.tombstones.values().any(|stone| {
                    stone.notion.as_str() == page
                        && stone.gone == Some(Side::Crm)
                        && related.observation(Side::Crm, &stone.crm).is_none_or(|it| !it.is_present())
                        && !in_crm.contains(stone.crm.as_str())
                        && self.was_replaced(&related.spec.name, &stone.crm)
                        && edited.is_none_or(|edited| edited <= stone.since)
                })
        };
        Value::links(pages.iter().filter(|page| !unlinked(page)).cloned())
    }

    /// What was held because something was not shown may be shown again, and nothing else has changed: it is planned anew.
    /// An option that was missing may be there: the schemas are read anew.
    pub(super) fn look_again_at_hidden(&mut self) {
        let missing =
            self.memory.holds.values().filter(|it| matches!(it.why, Why::Unmappable { .. } | Why::Refused { .. }));
        let pairs: BTreeSet<PairName> = missing.map(|hold| hold.id.pair.clone()).collect();
        let now = self.clock.now();
        for name in pairs {
            self.hurry(&name, now);
        }
        let hidden = self.memory.holds.values().filter(|hold| matches!(hold.why, Why::Unreadable { .. }));
        let ids: Vec<TieId> = hidden.filter_map(|hold| hold.id.tie_id()).collect();
        for id in ids {
            if let Some(pair) = self.memory.pairs.get_mut(&id.pair) {
                pair.dirty.insert(id.crm);
            }
        }
    }

    /// A tie waits for word of these records, which are read next.
    pub(super) fn wait_for_records(&mut self, id: &TieId, records: Vec<RecordRef>) {
        let now = self.clock.now();
        for at in records {
            let due = self.hot.entry(at.clone()).or_insert(now);
            *due = (*due).min(now);
            self.awaited.entry(at).or_default().insert(id.clone());
        }
    }

    /// A record was read, or found missing: whoever waited for that is planned anew.
    pub(super) fn heard_of(&mut self, at: &RecordRef) {
        for id in self.awaited.remove(at).into_iter().flatten() {
            if let Some(pair) = self.memory.pairs.get_mut(&id.pair) {
                pair.dirty.insert(id.crm);
            }
        }
    }
}
