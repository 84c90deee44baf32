//! Native to common and back.
//!
//! Reading is generous and writing strict: a value that one side holds and the other cannot is shown in the common
//! dialect, so that it can be seen and decided on, and is [`Unmapped`] only where it would be written.

use std::collections::BTreeSet;

use super::days;
use super::field::canonical_text;
use super::fit::{is_choice, is_text};
use super::{FieldMap, Lookup, Unmapped, limits};
use crate::model::packed::Plain;
use crate::model::{Kind, Side, Value};

impl FieldMap {
    /// What a side holds, so that both sides can be compared.
    ///
    /// # Errors
    /// [`Unmapped`]: an option without a name, a user without an address, a value of another kind.
    pub fn to_common(&self, side: Side, native: &Value, lookup: &dyn Lookup) -> Result<Value, Unmapped> {
        let from = self.kind_on(side);
        if is_text(self.kind) && !is_text(from) {
            return self.told(side, native, lookup).map(|text| Value::text(canonical_text(&text)));
        }
        // What a side computes can be of another type with every record; where text is wanted, it is told.
        let computed = !self.info(side).writable && self.info(side).kinds.len() > 1;
        if computed && is_text(from) && !matches!(native, Value::Text(_) | Value::Empty) {
            return self.told(side, native, lookup).map(Value::text);
        }
        match native {
            Value::Empty => Ok(Value::Empty),
            Value::Text(text) if is_text(from) => Ok(Value::text(canonical_text(text))),
            Value::Number(number) if from == Kind::Number => Ok(Value::number(*number)),
            Value::Flag(flag) if from == Kind::Checkbox => Ok(Value::Flag(*flag)),
            Value::Date(_) | Value::DateTime(_) if matches!(from, Kind::Date | Kind::DateTime) => {
                Ok(days::to_common(self.kind, native, self.spec.zone.as_ref()))
            }
            Value::Choice(id) if is_choice(from) => {
                let name = self.option_name(side, id)?;
                Ok(if self.kind == Kind::MultiSelect { Value::choices([name]) } else { Value::Choice(name) })
            }
            Value::Choices(ids) if from == Kind::MultiSelect => {
                Ok(Value::choices(ids.iter().map(|id| self.option_name(side, id)).collect::<Result<Vec<_>, _>>()?))
            }
            Value::People(users) if self.is_nobody(side, users, lookup) => Ok(Value::Empty),
            Value::People(users) if from == Kind::People => self.people_to_common(side, users, lookup),
            Value::Links(records) if from == Kind::Relation => self.links_to_common(side, records, lookup),
            other => Err(self.misfit(side, other)),
        }
    }

    /// Whether native values of this form are the same in common dialect, so that the two can be compared as they lie there.
    pub fn is_common(&self, side: Side, form: Plain) -> bool {
        let from = self.kind_on(side);
        match form {
            Plain::Empty => true,
            Plain::Text => is_text(from),
            // They are told in words there.
            _ if is_text(self.kind) => false,
            Plain::Number => from == Kind::Number,
            Plain::Flag => from == Kind::Checkbox,
            Plain::Date => matches!(from, Kind::Date | Kind::DateTime),
            Plain::DateTime => from == Kind::Date || from == Kind::DateTime && self.kind != Kind::Date,
            Plain::Choice => side == Side::Notion && is_choice(from) && self.kind != Kind::MultiSelect,
            Plain::Other => false,
        }
    }

    /// What to write on a side so that it holds the common value. `current` is what it holds now, native: elements
    /// without a counterpart are carried, and a value that already says the same is kept as it is.
    ///
    /// # Errors
    /// [`Unmapped`]: no such option, person or tie; more than the side can hold; a field that only goes the other way.
    pub fn to_native(
        &self,
        side: Side,
        common: &Value,
        current: &Value,
        lookup: &dyn Lookup,
    ) -> Result<Value, Unmapped> {
        if self.fit.only.is_some_and(|only| only.from(side)) {
            return Err(Unmapped::because(format!(
                "{} cannot be written from a {} in {}; change it in {side}",
                self.name_on(side),
                self.kind_on(side.other()).as_str(),
                side.other()
            )));
        }
        let now = self.to_common(side, current, lookup);
        if !current.is_empty() && now.is_ok_and(|now| self.same(&now, common)) {
            return Ok(current.clone());
        }
        let value = self.written(side, common, current, lookup)?;
        if side == Side::Notion {
            limits::check(self.notion_kind, &value)?;
        }
        Ok(value)
    }

    fn written(&self, side: Side, common: &Value, current: &Value, lookup: &dyn Lookup) -> Result<Value, Unmapped> {
        let to = self.kind_on(side);
        let there = match current {
            Value::Choice(id) => BTreeSet::from([id.clone()]),
            other => other.elements().unwrap_or_default(),
        };
        match common {
            Value::Empty => match to {
                Kind::People if self.info(side).empty_is.is_some() => {
                    Ok(self.info(side).empty_is.clone().unwrap_or_default())
                }
                Kind::People => self.people_to_native(side, &BTreeSet::new(), &there, lookup),
                Kind::Relation => self.links_to_native(side, &BTreeSet::new(), &there, lookup),
                // A Notion checkbox is never empty.
                Kind::Checkbox if side == Side::Notion => Ok(Value::Flag(false)),
                _ => Ok(Value::Empty),
            },
            Value::Text(text) if is_text(to) => Ok(Value::text(canonical_text(text))),
            Value::Number(number) if to == Kind::Number => Ok(Value::number(*number)),
            Value::Flag(flag) if to == Kind::Checkbox => Ok(Value::Flag(*flag)),
            Value::Date(_) | Value::DateTime(_) if self.info(side).kinds.contains(&days::kind_of(common)) => {
                let form = days::kind_of(current);
                let holds = self.info(side).kinds.contains(&form);
                let moved =
                    self.spec.zone.as_ref().filter(|_| holds).and_then(|zone| days::moved(common, current, zone));
                Ok(moved.unwrap_or_else(|| common.clone()))
            }
            Value::Date(day) if to == Kind::DateTime => Err(Unmapped::because(format!(
                "{} in {side} holds a day with a time, and {day} has no time; add one in {}, or name the pair's `time_zone`: then a day \
                 counts as its first moment there",
                self.name_on(side),
                side.other()
            ))),
            Value::DateTime(_) if to == Kind::Date => Err(Unmapped::because(format!(
                "{} in {side} holds a day, and {} has a time of day; remove the time in {}, map a date-time field, or name the pair's `time_zone`: then the \
                 day there counts",
                self.name_on(side),
                common.show(),
                side.other()
            ))),
            Value::Choice(name) if is_choice(to) => Ok(Value::Choice(self.option_id(side, name, &there)?)),
            Value::Choices(names) if to == Kind::MultiSelect => {
                let ids = names.iter().map(|name| self.option_id(side, name, &there));
                Ok(Value::choices(ids.collect::<Result<Vec<_>, _>>()?))
            }
            Value::Choices(names) if is_choice(to) => match names.first() {
                Some(name) if names.len() == 1 => Ok(Value::Choice(self.option_id(side, name, &there)?)),
                _ => Err(Unmapped::because(format!(
                    "{} in {side} holds one option and there are {}; leave one",
                    self.name_on(side),
                    names.len()
                ))),
            },
            Value::People(emails) if to == Kind::People => self.people_to_native(side, emails, &there, lookup),
            Value::Links(links) if to == Kind::Relation => self.links_to_native(side, links, &there, lookup),
            other => Err(self.misfit(side, other)),
        }
    }

    fn option_name(&self, side: Side, id: &str) -> Result<String, Unmapped> {
        match side {
            Side::Crm => self.choices.name_of(&self.spec, id),
            Side::Notion => Ok(id.to_owned()),
        }
    }

    fn option_id(&self, side: Side, name: &str, there: &BTreeSet<String>) -> Result<String, Unmapped> {
        match side {
            Side::Crm => self.choices.id_of(&self.spec, name, there),
            Side::Notion => self.choices.notion_name(&self.spec, name, self.notion_kind, there),
        }
    }

    /// A value of a side as text for people, where the other side's field holds text and nothing reads it back.
    fn told(&self, side: Side, native: &Value, lookup: &dyn Lookup) -> Result<String, Unmapped> {
        let option = |id: &String| if side == Side::Crm { self.choices.told(id) } else { id.clone() };
        match native {
            Value::People(users) => self.people_as_text(side, users, lookup),
            Value::Choice(id) => Ok(option(id)),
            Value::Choices(ids) => {
                Ok(ids.iter().map(option).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", "))
            }
            Value::Links(_) => Err(self.misfit(side, native)),
            other => Ok(other.show()),
        }
    }

    fn misfit(&self, side: Side, value: &Value) -> Unmapped {
        Unmapped::because(format!(
            "{} in {side} is taken as {} and `{}` is none; run `crosstie check`, the field's type may have changed",
            self.name_on(side),
            self.kind_on(side).as_str(),
            value.show()
        ))
    }
}
