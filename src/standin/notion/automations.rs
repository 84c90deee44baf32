//! Notion's own robots: when a property becomes this, set that.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value as Json, json};

use super::NotionStandIn;
use super::objects::{Parent, Who};
use super::people::{known, no_such};
use super::plain;
use super::refusal::Refused;
use super::schema::{Property, find};
use super::world::World;

/// One automation of a data source. Values are plain, as the log has them.
#[derive(Debug, Clone, PartialEq)]
pub struct Automation {
    /// Where it works.
    pub data_source: String,
    /// The property, by name or id, and the value that sets it off. It goes off only when the value *becomes* this.
    pub when: (String, Json),
    /// What it sets then: a property, by name or id, and a value.
    pub set: (String, Json),
    /// Seconds after the edit; 0 acts within the same update, so that the answer shows it already.
    pub delay_secs: u32,
    /// The name under which the log tells of it, as a person's.
    pub by: String,
}

/// An automation with its properties by id and its user.
#[derive(Debug, Clone)]
pub(super) struct Armed {
    source: String,
    when: (String, Json),
    set: (String, Json),
    delay: SignedDuration,
    user: String,
}

/// A write that an automation will do.
#[derive(Debug, Clone)]
pub(super) struct Job {
    page: String,
    automation: usize,
}

impl NotionStandIn {
    /// Sets an automation up. It acts on edits by people and by the API, never on those of automations.
    ///
    /// # Errors
    /// When the data source or a property does not exist.
    pub fn set_automation(&mut self, automation: Automation) -> Result<(), Refused> {
        let source = known(&automation.data_source)?;
        let schema = &self.world.source(&source)?.schema;
        let id = |name: &str| find(schema, name).map(|column| column.id.clone()).ok_or_else(|| no_such(name));
        let (when, set) = (id(&automation.when.0)?, id(&automation.set.0)?);
        let user = self.robot(&automation.by);
        self.world.automations.push(Armed {
            source,
            when: (when, automation.when.1),
            set: (set, automation.set.1),
            delay: SignedDuration::from_secs(i64::from(automation.delay_secs)),
            user,
        });
        Ok(())
    }

    /// Ends all automations; what they were about to do is not done.
    pub fn clear_automations(&mut self) {
        self.world.automations.clear();
        self.world.jobs.clear();
    }

    /// Lets time pass: automations that are due act. Every request and every edit of a person does the same.
    pub fn pass(&mut self, now: Timestamp) {
        self.tick(now);
    }

    /// When the next automation will act.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.world.jobs.keys().next().map(|(at, _)| *at)
    }

    /// The bot user of that name, made where there is none.
    fn robot(&mut self, name: &str) -> String {
        let known = self.world.users.iter().find(|(_, user)| user["type"] == "bot" && user["name"] == name);
        if let Some((id, _)) = known {
            return id.clone();
        }
        let id = self.world.ids.uuid();
        let user = json!({ "object": "user", "id": id, "name": name, "avatar_url": null, "type": "bot", "bot": {} });
        self.world.users.insert(id.clone(), user);
        id
    }
}

impl World {
    /// Arms what an edit sets off; `shown` is the new plain value.
    pub(super) fn set_off(&mut self, page: &str, property: &Property, shown: &Json, who: &Who, at: Timestamp) {
        if self.automations.is_empty() {
            return;
        }
        let Some(Parent::Source(source)) = self.pages.get(page).map(|page| &page.parent) else { return };
        let robot = |user: &str| self.automations.iter().any(|armed| armed.user == user);
        if matches!(who, Who::Person(user) if robot(user)) {
            return;
        }
        for (automation, armed) in self.automations.iter().enumerate() {
            if armed.source == *source && armed.when.0 == property.id && armed.when.1 == *shown {
                self.jobs_drawn += 1;
                self.jobs.insert((at + armed.delay, self.jobs_drawn), Job { page: page.to_owned(), automation });
            }
        }
    }

    /// Does what is due by now, each at its own time.
    pub(super) fn run_automations(&mut self, now: Timestamp) {
        while let Some(due) = self.jobs.first_entry().filter(|due| due.key().0 <= now) {
            let at = due.key().0;
            let job = due.remove();
            let Some(armed) = self.automations.get(job.automation).cloned() else { continue };
            let Some(page) = self.pages.get(&job.page) else { continue };
            if page.in_trash || page.parent != Parent::Source(armed.source.clone()) {
                continue;
            }
            let schema = self.schema_of(&page.parent);
            let Some(column) = schema.get(&armed.set.0) else { continue };
            let set = Map::from_iter([(column.name.clone(), plain::to_write(&column.kind, &armed.set.1))]);
            // A value that no longer fits (an option that was deleted) is a failed run, as in the app.
            let _ = self.write(&job.page, &set, &Who::Person(armed.user), at, false);
        }
    }
}
