//! The canary: token, access, schemas and people of both sides, at the start, from time to time, and whenever a side answers
//! that something is refused or missing. A pair runs only while its mappings fit.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::control::Sides;
use crate::mapping::PairMap;
use crate::model::{Entity, Happening, PairName, Side};
use crate::remote::{RemoteError, RemoteErrorKind, System};

use super::core::{Core, after, signed};
use super::memory::Txn;
use super::messages::Msg;

/// How soon a failed schema read is repeated.
const SOON: SignedDuration = SignedDuration::from_secs(15);

impl Core {
    /// Asks for schemas and people where that is due.
    pub(super) fn start_schemas(&mut self, now: Timestamp) {
        let due: Vec<PairName> = self
            .schema_due
            .iter()
            .filter(|(_, due)| due.is_some_and(|due| due <= now))
            .map(|(name, _)| name.clone())
            .collect();
        for name in due {
            let Some(pair) = self.memory.pair(&name) else { continue };
            self.schema_due.insert(name.clone(), None);
            let (entity, systems, mail) = (pair.entity.clone(), self.systems.clone(), self.mail.clone());
            tokio::spawn(async move {
                let schemas = read_schemas(&systems, &entity).await;
                for side in Side::BOTH {
                    let people = systems.get(side).people().await;
                    let _ = mail.send(Msg::People { side, people }).await;
                }
                let _ = mail.send(Msg::Schemas { pair: name, schemas }).await;
            });
        }
    }

    /// Takes the schemas of a pair: it runs if its mappings fit them.
    pub(super) fn take_schemas(
        &mut self,
        txn: &mut Txn,
        name: &PairName,
        schemas: Result<(crate::model::Schema, crate::model::Schema), (Side, RemoteError)>,
    ) {
        let now = self.clock.now();
        let (again, stopped) = match schemas {
            Ok((crm, notion)) => {
                let Some(pair) = self.memory.pairs.get_mut(name) else { return };
                match PairMap::compile(&pair.spec, &crm, &notion, &self.settings.pairs) {
                    Ok(map) => {
                        // Another mapping or other options can mean another value: everything is looked at again.
                        if pair.map.as_ref() != Some(&map) {
                            pair.map = Some(map);
                            pair.dirty.extend(pair.ties.keys().cloned());
                            pair.rematch = true;
                        }
                        (signed(self.timing.canary_every), None)
                    }
                    Err(problems) => {
                        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
                        (SOON, Some(format!("its mappings do not fit: {}", problems.join("; "))))
                    }
                }
            }
            Err((side, error)) => {
                // What concerns this pair alone is told of the pair, not of the whole connection.
                if !matches!(error.kind, RemoteErrorKind::NotFound | RemoteErrorKind::Forbidden) {
                    self.note_trouble(txn, side, &error);
                }
                let fatal = matches!(
                    error.kind,
                    RemoteErrorKind::Unauthorized | RemoteErrorKind::Forbidden | RemoteErrorKind::NotFound
                );
                let known = self.memory.pair(name).is_some_and(|pair| pair.map.is_some());
                (SOON, (fatal || !known).then(|| format!("{side} does not show its schema: {error}")))
            }
        };
        self.schema_due.insert(name.clone(), Some(after(now, again)));
        match stopped {
            Some(why) => {
                if self.stopped.get(name) != Some(&why) {
                    let mut event = self.system_event(Happening::System, format!("pair {name} is stopped: {why}"));
                    event.pair = Some(name.clone());
                    txn.events.push(event);
                }
                self.stopped.insert(name.clone(), why);
            }
            None => {
                if self.stopped.remove(name).is_some() {
                    self.memory.touch_related(name);
                    let mut event = self.system_event(Happening::System, format!("pair {name} runs again"));
                    event.pair = Some(name.clone());
                    txn.events.push(event);
                }
            }
        }
    }

    /// Takes the people of a side. Somebody new may be the missing counterpart of a value.
    pub(super) fn take_people(
        &mut self,
        txn: &mut Txn,
        side: Side,
        people: Result<Vec<crate::model::Person>, RemoteError>,
    ) {
        match people {
            Ok(people) => {
                if self.directory.learn(side, people) {
                    for pair in self.memory.pairs.values_mut() {
                        pair.dirty.extend(pair.ties.keys().cloned());
                    }
                }
            }
            // Without the right to see people, people fields are held; everything else goes on.
            Err(error) if error.kind == RemoteErrorKind::Forbidden => {
                if self.directory.refuse(side, error.message) {
                    for pair in self.memory.pairs.values_mut() {
                        pair.dirty.extend(pair.ties.keys().cloned());
                    }
                }
            }
            Err(error) => self.note_trouble(txn, side, &error),
        }
    }
}

async fn read_schemas(
    systems: &Sides<Arc<dyn System>>,
    entity: &Sides<Entity>,
) -> Result<(crate::model::Schema, crate::model::Schema), (Side, RemoteError)> {
    let crm = systems.crm.schema(&entity.crm).await.map_err(|error| (Side::Crm, error))?;
    let notion = systems.notion.schema(&entity.notion).await.map_err(|error| (Side::Notion, error))?;
    Ok((crm, notion))
}
