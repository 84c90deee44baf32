//! What a decision about held fields means, and what would become of it were it taken now: `commands` takes it by the same
//! words that are foreseen here.

use crate::control::{Fate, Foreseen, Foretold, Resolution, TypedView};
use crate::model::{Hold, HoldId, Shown, Side, Value, Verdict, Why};
use crate::plan::Seen;

use super::core::Core;

/// Reads what an operator typed.
fn typed(field: &crate::mapping::FieldMap, text: &str) -> Result<Value, String> {
    if field.spec.relation.is_some() {
        return Err("records are linked and unlinked on the Relations page".to_owned());
    }
    field.parse(text)
}

impl Core {
    /// What would become of a decision.
    pub(super) fn foreseen(&self, item: &Resolution) -> Foreseen {
        Foreseen { id: item.id().clone(), fate: self.fate(item).unwrap_or_else(|why| Fate::Refused { why }) }
    }

    fn fate(&self, item: &Resolution) -> Result<Fate, String> {
        let Some(hold) = self.memory.holds.get(item.id()) else { return Ok(Fate::Changed) };
        let Some((_, crm, notion, true)) = self.held_values(hold) else {
            return Err(format!("it cannot be decided: {}", super::views::why_sentence(&hold.why)));
        };
        if (Shown { crm: crm.digest, notion: notion.digest }) != *item.shown() {
            return Ok(Fate::Changed);
        }
        let (verdict, _) = self.verdict(hold, item)?;
        let waits = self.what_waits(&hold.id);
        let Some(pair) = self.memory.pair(&hold.id.pair) else { return Ok(Fate::Changed) };
        let tie = hold.id.crm.as_ref().and_then(|crm| pair.ties.get(crm));
        let field = hold.id.field.as_ref().and_then(|key| pair.map.as_ref()?.field(key));
        let (Some(tie), Some(field)) = (tie, field) else { return Ok(Fate::Changed) };
        let lookup = self.translator();
        let seen = |side: Side| Some(self.seen(field, side, pair.observation(side, tie.on(side))?, &lookup));
        let value: Value = match verdict {
            Verdict::Force { side } => match seen(side) {
                Some(Seen::Known(value)) => value,
                Some(Seen::Unmapped(_, reason)) => {
                    return Err(format!("{side}'s value has no form on the other side: {reason}"));
                }
                _ => return Err(format!("{side}'s value cannot be read right now")),
            },
            Verdict::Set { value } => value,
            _ => return Ok(Fate::Taken { writes: Vec::new(), waits: String::new() }),
        };
        let mut writes = Vec::new();
        for side in Side::BOTH {
            if matches!(seen(side), Some(Seen::Known(now)) if field.same(&now, &value)) {
                continue;
            }
            let current = self.current(tie, field, side);
            if let Err(unmapped) = field.to_native(side, &value, &current, &lookup) {
                return Err(format!("it has no form in {side}, so it would stay held: {}", unmapped.reason));
            }
            writes.push(Foretold { side, text: self.text(field, &value) });
        }
        Ok(Fate::Taken { waits: if writes.is_empty() { String::new() } else { waits }, writes })
    }

    /// Why a write of a held record would have to wait for a person.
    fn what_waits(&self, id: &HoldId) -> String {
        let whole = HoldId { pair: id.pair.clone(), crm: None, field: None };
        let record = HoldId { field: None, ..id.clone() };
        if let Some(paused) = self.paused(&id.pair) {
            return format!("until {} is resumed, paused {paused}", id.pair);
        }
        if self.stopped.contains_key(&id.pair) {
            return format!("until {} goes on: it is stopped", id.pair);
        }
        if self.memory.holds.contains_key(&whole) {
            return format!("until what the guard of {} found was looked at", id.pair);
        }
        if self.memory.marks.contains_key(&(record, "parked")) {
            return "until somebody lets its record go, which is held back".to_owned();
        }
        String::new()
    }

    /// What a resolution decides, and a note for the journal; or why it cannot be decided so.
    pub(super) fn verdict(&self, hold: &Hold, item: &Resolution) -> Result<(Verdict, String), String> {
        let field = hold.id.field.as_ref().and_then(|key| self.memory.pair(&hold.id.pair)?.map.as_ref()?.field(key));
        let Some(field) = field else { return Err(format!("{} is no field", hold.id)) };
        match item {
            Resolution::Force { side, .. } => {
                if !field.writes(side.other()) {
                    return Err(format!("{} goes one way only; {} cannot be written", hold.id, side.other()));
                }
                if matches!(&hold.why, Why::Unmappable { side: holder, .. } if holder == side) {
                    return Err(format!(
                        "{side}'s value has no form on the other side; force the other, or mend the mapping"
                    ));
                }
                Ok((Verdict::Force { side: *side }, format!("{side} wins")))
            }
            Resolution::Set { text, .. } => {
                let value = typed(field, text)?;
                let lookup = self.translator();
                let holds = |side: Side| {
                    let (pair, crm) = (self.memory.pair(&hold.id.pair)?, hold.id.crm.as_ref()?);
                    let observation = pair.observation(side, pair.ties.get(crm)?.on(side))?;
                    match self.seen(field, side, observation, &lookup) {
                        Seen::Known(now) => Some(field.same(&now, &value)),
                        _ => None,
                    }
                };
                let other = |side: &Side| !field.writes(*side) && holds(*side) != Some(true);
                if let Some(side) = Side::BOTH.into_iter().find(other) {
                    return Err(format!("{} goes one way only; {side} cannot be written", hold.id));
                }
                let note = format!("set to {}", value.show());
                Ok((Verdict::Set { value }, note))
            }
            Resolution::Base { .. } => {
                let tie = hold.id.crm.as_ref().and_then(|crm| self.memory.pair(&hold.id.pair)?.ties.get(crm));
                let Some(base) = tie.and_then(|tie| tie.base.get(&field.spec.key)) else {
                    return Err(format!("{} has no base: the two sides have never agreed", hold.id));
                };
                if let Some(side) = Side::BOTH.into_iter().find(|side| !field.writes(*side)) {
                    return Err(format!("{} goes one way only; {side} cannot get the base back", hold.id));
                }
                Ok((Verdict::Set { value: base.crm.clone() }, format!("back to the base, {}", base.crm.show())))
            }
            Resolution::Keep { .. } => Ok((Verdict::Keep, "left as it is on both sides".to_owned())),
        }
    }

    /// What a typed text would be read as for a held field.
    pub(super) fn typed_view(&self, id: &HoldId, text: &str) -> TypedView {
        let field = id.field.as_ref().and_then(|key| self.memory.pair(&id.pair)?.map.as_ref()?.field(key));
        let read =
            field.ok_or_else(|| "the field is not mapped any more".to_owned()).and_then(|field| typed(field, text));
        match read {
            Ok(value) => TypedView { reads: value.show(), wrong: String::new() },
            Err(wrong) => TypedView { reads: String::new(), wrong },
        }
    }

    /// The record's title and the field's label, for a sentence.
    pub(super) fn hold_label(&self, id: &HoldId) -> String {
        let pair = self.memory.pair(&id.pair);
        let title = id.crm.as_ref().zip(pair).map(|(crm, pair)| self.tie_title(pair, crm));
        let label =
            id.field.as_ref().and_then(|key| pair?.map.as_ref()?.field(key)).map(|field| field.spec.notion.to_string());
        [title, label].into_iter().flatten().collect::<Vec<_>>().join(" / ")
    }
}
