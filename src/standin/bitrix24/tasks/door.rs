//! Tasks as people see and change them: no secret, no limits, no wire.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::{FIELDS, Of, field};
use crate::standin::bitrix24::BitrixStandIn;
use crate::standin::bitrix24::people::Refused;
use crate::standin::bitrix24::world::World;

impl BitrixStandIn {
    /// A person makes a task of plain values by upper-case name. It is the person's own where nobody is named. Returns its id.
    ///
    /// # Errors
    /// [`Refused`]; then nothing was made.
    pub fn person_create_task(&mut self, now: Timestamp, who: &str, set: &[(&str, Json)]) -> Result<String, Refused> {
        let who = self.person(who)?;
        let now = self.tick(now);
        let mut values = checked(&self.world, set)?;
        values.entry("RESPONSIBLE_ID".to_owned()).or_insert_with(|| json!(who.user.to_string()));
        if values.get("TITLE").is_none_or(Json::is_null) {
            return Err(Refused::BadValue { field: "TITLE".into(), reason: "a task has a title".into() });
        }
        Ok(self.world.create_task(now, &who, values).to_string())
    }

    /// A person changes a task, null to clear. Equal values change nothing. Returns whether anything was saved.
    ///
    /// # Errors
    /// [`Refused`]; then nothing was changed.
    pub fn person_edit_task(
        &mut self,
        now: Timestamp,
        who: &str,
        id: &str,
        set: &[(&str, Json)],
    ) -> Result<bool, Refused> {
        let who = self.person(who)?;
        let now = self.tick(now);
        let id = self.task(id)?;
        let values = checked(&self.world, set)?;
        Ok(self.world.save_task(now, &who, id, values, false))
    }

    /// A person deletes a task.
    ///
    /// # Errors
    /// [`Refused`]; then nothing was deleted.
    pub fn person_delete_task(&mut self, now: Timestamp, who: &str, id: &str) -> Result<(), Refused> {
        let who = self.person(who)?;
        let now = self.tick(now);
        let id = self.task(id)?;
        self.world.remove_task(now, &who, id);
        Ok(())
    }

    /// The ids of all tasks, in the order in which they were made.
    pub fn live_tasks(&self) -> Vec<String> {
        self.world.tasks.all.keys().map(u64::to_string).collect()
    }

    /// The plain values of a task by upper-case name; fields without a value are not there.
    pub fn plain_task(&self, id: &str) -> Option<BTreeMap<String, Json>> {
        let task = self.world.tasks.all.get(&id.parse().ok()?)?;
        let all = FIELDS.iter().map(|(name, ..)| ((*name).to_owned(), task.plain(name, self.world.clock)));
        Some(all.filter(|(_, value)| !value.is_null()).collect())
    }

    fn task(&self, id: &str) -> Result<u64, Refused> {
        let found = id.parse().ok().filter(|id| self.world.tasks.all.contains_key(id));
        found.ok_or_else(|| Refused::NoSuchObject("task", id.to_owned()))
    }
}

fn checked(world: &World, set: &[(&str, Json)]) -> Result<BTreeMap<String, Json>, Refused> {
    set.iter()
        .map(|(name, value)| {
            let of = field(name).filter(|of| *of != Of::Own);
            let of = of.ok_or_else(|| Refused::NoSuchField((*name).to_owned()))?;
            let taken = plain(world, of, value);
            let bad = |reason: &str| Refused::BadValue { field: (*name).to_owned(), reason: reason.to_owned() };
            taken.map(|value| ((*name).to_owned(), value)).map_err(|reason| bad(&reason))
        })
        .collect()
}

/// The plain form of a value, from whoever gives it; null for nothing.
pub(super) fn plain(world: &World, of: Of, value: &Json) -> Result<Json, String> {
    let one = |value: &Json| match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let nothing = matches!(value, Json::Null | Json::Bool(false)) || value.as_str() == Some("");
    let user = |text: &String| text.parse().is_ok_and(|id: u64| world.people.iter().any(|person| person.id == id));
    Ok(match of {
        _ if nothing => Json::Null,
        Of::Text => json!(one(value).ok_or("not a text")?),
        Of::Choice(options) => {
            let text = one(value).filter(|text| options.iter().any(|(option, _)| option == text));
            json!(text.ok_or("there is no such choice")?)
        }
        Of::User => json!(one(value).filter(user).ok_or("nobody has that id")?),
        Of::Users | Of::Bindings => {
            let all = value.as_array().ok_or("not a list")?;
            let all: Option<Vec<String>> = all.iter().map(one).collect();
            let mut all = all.ok_or("not a list of texts")?;
            if of == Of::Users {
                all.retain(user);
                all = all.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
            }
            if all.is_empty() { Json::Null } else { json!(all) }
        }
        Of::Moment => {
            let at = one(value).and_then(|text| world.clock.read(&text)).ok_or("not a time")?;
            json!(world.clock.show(at))
        }
        Of::Own => return Err("the portal keeps it".into()),
    })
}
