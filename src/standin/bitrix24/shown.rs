//! Answers as text. What a sync asks for again and again though it hardly ever changes (fields, dictionaries, people) is
//! rendered once and kept until anything that it shows has changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::answer::{Answer, ApiError};
use super::dictionary::{Person, Pipeline};
use super::input::Input;
use super::schema::{Entity, Field};
use super::world::World;
use super::{BitrixStandIn, Time};

/// The methods whose answers are kept.
const KEPT: [&str; 5] = ["crm.item.fields", "crm.status.list", "crm.category.list", "crm.currency.list", "user.get"];
/// Answers kept at once.
const MOST: usize = 32;

/// An [`Answer`] whose result is JSON text.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    result: Arc<str>,
    total: Option<u64>,
    next: Option<u64>,
}

impl Shown {
    /// The text of an answer.
    pub(super) fn of(answer: &Answer) -> Self {
        Self { result: answer.result.to_string().into(), total: answer.total, next: answer.next }
    }

    /// The whole body of a response, its keys in the order of the alphabet.
    pub(super) fn enveloped(&self, time: &Time) -> String {
        let time = serde_json::to_string(time).unwrap_or_default();
        let mut out = String::with_capacity(self.result.len() + time.len() + 64);
        out.push('{');
        if let Some(next) = self.next {
            out.push_str("\"next\":");
            out.push_str(&next.to_string());
            out.push(',');
        }
        out.push_str("\"result\":");
        out.push_str(&self.result);
        out.push_str(",\"time\":");
        out.push_str(&time);
        if let Some(total) = self.total {
            out.push_str(",\"total\":");
            out.push_str(&total.to_string());
        }
        out.push('}');
        out
    }
}

/// Kept answers, and all that they show.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    fields: BTreeMap<Entity, Vec<Field>>,
    pipelines: Vec<Pipeline>,
    people: Vec<Person>,
    answers: Vec<(String, Input, Shown)>,
}

impl Shelf {
    /// Forgets everything if anything in it may be old.
    fn renew(&mut self, world: &World) {
        if self.fields != world.fields || self.pipelines != world.pipelines || self.people != world.people {
            self.fields.clone_from(&world.fields);
            self.pipelines.clone_from(&world.pipelines);
            self.people.clone_from(&world.people);
            self.answers.clear();
        }
    }
}

impl BitrixStandIn {
    /// What a method answers to one call, as text.
    pub(super) fn shown(&mut self, method: &str, params: &Input, now: Timestamp) -> Result<Shown, ApiError> {
        if !KEPT.contains(&method) {
            return Ok(Shown::of(&self.answer(method, params, now)?));
        }
        self.shelf.renew(&self.world);
        if let Some((.., shown)) = self.shelf.answers.iter().find(|(of, to, _)| of == method && to == params) {
            return Ok(shown.clone());
        }
        let shown = Shown::of(&self.answer(method, params, now)?);
        if self.shelf.answers.len() >= MOST {
            self.shelf.answers.clear();
        }
        self.shelf.answers.push((method.to_owned(), params.clone(), shown.clone()));
        Ok(shown)
    }
}
