//! The portal's own calls for an application: which events are told to us, looked after. Facts, after its documentation: only an
//! application may bind handlers; installing or updating it again takes all of them away; one that was not installed to its
//! end is told nothing; a lost call is never repeated, so that polling goes on whatever is bound.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::decode::values;
use super::offline::EVENTS;
use super::{Bitrix24, tasks};
use crate::remote::connection::error;
use crate::remote::{Lane, RemoteError, RemoteErrorKind};

/// Which events are told to an address, and which not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bound {
    /// Bound already.
    pub kept: Vec<&'static str>,
    /// Not bound when it was looked; bound now, where that was asked for.
    pub missing: Vec<&'static str>,
    /// Those that the portal does not offer this application: its scopes lack them.
    pub refused: Vec<&'static str>,
    /// The installation was never finished, so that nothing is told although it is bound.
    pub unfinished: bool,
}

impl Bitrix24 {
    /// Looks which of the events that these entities need are told to `handler`. Binds nothing.
    ///
    /// # Errors
    /// [`RemoteError`]: a webhook may not even ask ([`RemoteErrorKind::Unauthorized`], `WRONG_AUTH_TYPE`).
    pub async fn bound(&self, handler: &str, entities: &BTreeSet<String>) -> Result<Bound, RemoteError> {
        let rows = values(self.ask(Lane::Probe, "event.get", &json!({})).await?);
        let is_ours = |row: &&Json| row["handler"] == handler;
        let there: BTreeSet<String> =
            rows.iter().filter(is_ours).filter_map(|row| Some(row["event"].as_str()?.to_uppercase())).collect();
        let needed = EVENTS.into_iter().filter(|event| entities.iter().any(|entity| is_about(event, entity)));
        let (kept, missing) = needed.partition(|event| there.contains(*event));
        let app = self.ask(Lane::Probe, "app.info", &json!({})).await?;
        Ok(Bound { kept, missing, refused: Vec::new(), unfinished: app["INSTALLED"] == json!(false) })
    }

    /// The same, and binds what is missing.
    ///
    /// # Errors
    /// As [`Bitrix24::bound`]; and the portal does not take the address ([`RemoteErrorKind::Invalid`]).
    pub async fn bind(&self, handler: &str, entities: &BTreeSet<String>) -> Result<Bound, RemoteError> {
        let mut found = self.bound(handler, entities).await?;
        for event in std::mem::take(&mut found.missing) {
            match self.ask(Lane::Probe, "event.bind", &json!({"event": event, "handler": handler})).await {
                Ok(Json::Bool(false)) => {
                    let text = format!("the portal does not take {handler} as an address to call");
                    return Err(error(RemoteErrorKind::Invalid, "", text));
                }
                Ok(_) => found.missing.push(event),
                // Somebody else has bound it meanwhile.
                Err(why)
                    if why.message.to_lowercase().contains("already") || why.code == "ERROR_HANDLER_ALREADY_EXIST" =>
                {
                    found.kept.push(event);
                }
                Err(why) if why.code == "ERROR_EVENT_NOT_FOUND" => found.refused.push(event),
                Err(why) => return Err(why),
            }
        }
        Ok(found)
    }
}

/// Whether an event tells of records of this kind.
fn is_about(event: &str, entity: &str) -> bool {
    match event.strip_prefix("ONTASK") {
        Some(_) => entity == tasks::NAME,
        None => event.strip_prefix("ONCRM").is_some_and(|rest| rest.starts_with(&entity.to_uppercase())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_record_needs_its_own_events() {
        let of = |entity: &str| EVENTS.into_iter().filter(|event| is_about(event, entity)).count();
        assert_eq!(["deal", "contact", "company", "lead", "task", "quote"].map(of), [4, 3, 3, 3, 3, 0]);
    }
}
