//! What a portal does by itself: robots of stages, required fields, and how it writes phone numbers.

use std::ops::Range;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use super::BitrixStandIn;
use super::answer::ApiError;
use super::draft::{Door, draft};
use super::input::Input;
use super::people::Refused;
use super::schema::Entity;
use super::world::{Comm, Draft, Item, Who, World};
use crate::standin::log::Actor;

/// A robot of a stage: when a deal enters it, another field is set.
#[derive(Debug, Clone, PartialEq)]
pub struct Robot {
    /// The stage, as `STAGE_ID` has it.
    pub stage: String,
    /// The field's upper-case name.
    pub field: String,
    /// The plain value that it sets, null to clear.
    pub value: Json,
    /// Seconds after the deal entered; 0 acts within the same update, so that the answer shows it already.
    pub delay_secs: u32,
    /// The name under which the log tells of it, as a person's.
    pub by: String,
}

/// What a robot will do.
#[derive(Debug, Clone)]
pub(super) struct Job {
    deal: u64,
    robot: usize,
    /// On whose behalf: robots act as the one whose edit woke them.
    user: u64,
}

/// A field that must not be empty in a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Required {
    stage: String,
    field: String,
}

impl BitrixStandIn {
    /// Sets a robot up. It wakes when a deal is made in its stage or moved there, by people or by the API, never by a
    /// robot.
    ///
    /// # Errors
    /// When there is no such stage, or no such field that can be written.
    pub fn add_robot(&mut self, robot: Robot) -> Result<(), Refused> {
        self.known_stage(&robot.stage)?;
        self.known_field(&robot.field)?;
        self.world.robots.push(robot);
        Ok(())
    }

    /// Takes all robots away; what they were about to do is not done.
    pub fn clear_robots(&mut self) {
        self.world.robots.clear();
        self.world.jobs.clear();
    }

    /// Makes a field required in a stage: a deal cannot be moved there (within its pipeline, as the reference has it)
    /// while the field is empty, neither by people nor by the API.
    ///
    /// # Errors
    /// When there is no such stage, or no such field that can be written.
    pub fn require_in_stage(&mut self, stage: &str, field: &str) -> Result<(), Refused> {
        self.known_stage(stage)?;
        self.known_field(field)?;
        self.world.required.push(Required { stage: stage.to_owned(), field: field.to_owned() });
        Ok(())
    }

    /// From now on phone numbers that are saved are kept without anything but digits and a leading plus; the log holds
    /// that form.
    pub fn set_phone_form(&mut self, on: bool) {
        self.world.phone_form = on;
    }

    /// Takes the right to edit a field of deals away from the API's user, or gives it back: updates through the API answer as
    /// ever and leave the field as it was.
    ///
    /// # Errors
    /// When there is no such field that can be written.
    pub fn lock_field(&mut self, field: &str, locked: bool) -> Result<(), Refused> {
        self.known_field(field)?;
        if locked {
            self.world.locked.insert(field.to_owned());
        } else {
            self.world.locked.remove(field);
        }
        Ok(())
    }

    /// From now on lists (not objects by id) show each object as it was some seconds ago: old values and times, new
    /// objects missing, deleted ones still there. The amount is drawn per object and second from the range, so that two
    /// lists may disagree; an empty range ends it. Objects changed before the first call are shown as they are.
    pub fn set_index_lag(&mut self, seconds: Range<u32>) {
        self.world.lag.set(seconds);
    }

    /// Lets time pass: robots that are due act. Every request and every edit of a person does the same.
    pub fn pass(&mut self, now: Timestamp) {
        self.tick(now);
    }

    /// When the next robot will act.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.world.jobs.keys().next().map(|(at, _)| *at)
    }

    fn known_stage(&self, stage: &str) -> Result<(), Refused> {
        let known = self.world.pipelines.iter().any(|pipeline| pipeline.has(stage));
        if known { Ok(()) } else { Err(Refused::NoSuchObject("stage", stage.to_owned())) }
    }

    fn known_field(&self, field: &str) -> Result<(), Refused> {
        let known = self.world.field(Entity::Deal, field).is_some_and(|field| !field.read_only);
        if known { Ok(()) } else { Err(Refused::NoSuchField(field.to_owned())) }
    }
}

impl World {
    /// A deal has entered a stage: its robots wake, and those without delay act.
    pub(super) fn entered(&mut self, now: Timestamp, who: &Who, deal: u64, stage: &str) {
        let is_robot = |name: &str| self.robots.iter().any(|robot| robot.by == name);
        if self.robots.is_empty() || matches!(&who.actor, Actor::Person(name) if is_robot(name)) {
            return;
        }
        for (index, robot) in self.robots.iter().enumerate().filter(|(_, robot)| robot.stage == stage) {
            self.jobs_drawn += 1;
            let due = now + SignedDuration::from_secs(i64::from(robot.delay_secs));
            self.jobs.insert((due, self.jobs_drawn), Job { deal, robot: index, user: who.user });
        }
        self.run_robots(now);
    }

    /// Does what is due by now, each at its own time.
    pub(super) fn run_robots(&mut self, now: Timestamp) {
        while let Some(due) = self.jobs.first_entry().filter(|due| due.key().0 <= now) {
            let at = due.key().0;
            let job = due.remove();
            let Some(robot) = self.robots.get(job.robot).cloned() else { continue };
            let Some(item) = self.item(Entity::Deal, job.deal).cloned() else { continue };
            let Some(field) = self.field(Entity::Deal, &robot.field).cloned() else { continue };
            let value = Input::from(&robot.value);
            // A robot that fails only says so in the timeline.
            let Ok(made) = draft(self, Door::Person, Entity::Deal, Some(&item), &[(field, &value)], None) else {
                continue;
            };
            let who = Who { actor: Actor::Person(robot.by), user: job.user };
            self.save(at, &who, Entity::Deal, job.deal, made.draft, false);
        }
    }

    /// Refuses a move into a stage whose required fields would be empty. The code is the one of `crm.item.*`; that the
    /// older methods say `ERROR_CORE` is inferred.
    pub(super) fn check_required(&self, door: Door, item: &Item, draft: &Draft) -> Result<(), ApiError> {
        let Some(stage) = draft.values.get("STAGE_ID").and_then(Json::as_str) else { return Ok(()) };
        if self.required.is_empty() || stage == item.text("STAGE_ID") || draft.values.contains_key("CATEGORY_ID") {
            return Ok(());
        }
        let new = item.with(draft.clone());
        let empty = |required: &&Required| {
            required.stage == stage
                && self.field(Entity::Deal, &required.field).is_some_and(|field| self.plain(&new, field).is_null())
        };
        let Some(missing) = self.required.iter().find(empty) else { return Ok(()) };
        let title = self.field(Entity::Deal, &missing.field).map_or(&missing.field, |field| &field.title);
        let code = if door == Door::Legacy { "ERROR_CORE" } else { "CRM_FIELD_ERROR_REQUIRED" };
        Err(ApiError::bad(code, format!("The field \"{title}\" is required.")))
    }

    /// Multifields as the portal keeps them.
    pub(super) fn in_form(&self, comms: &mut [Comm]) {
        for comm in comms.iter_mut().filter(|comm| self.phone_form && comm.type_id == "PHONE") {
            let plus = comm.value.trim_start().starts_with('+');
            let digits = comm.value.chars().filter(char::is_ascii_digit);
            let kept: String = plus.then_some('+').into_iter().chain(digits).collect();
            if kept.chars().any(|c| c.is_ascii_digit()) {
                comm.value = kept;
            }
        }
    }
}
