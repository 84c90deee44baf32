//! The portal's offline queue: which records changed, kept over there until somebody asks. For an application alone.
//!
//! Every row is a hint and nothing more. Rows are reserved, cleared, and told of only then: a change that comes while its row
//! is reserved may be hidden in that row, and whoever reads the record after the clearing sees it. What an earlier life of
//! this program reserved and did not clear stays hidden over there, so it is looked for at the start and after every error.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::Bitrix24;
use super::asking::malformed;
use super::decode::{scalar, values};
use super::webhook::told;
use crate::control::{Deliveries, Delivery, Told, event_name};
use crate::model::Side;
use crate::remote::connection::error;
use crate::remote::{Lane, RemoteError, RemoteErrorKind, WriteError};

/// The queue that is ours. What we write with the same name stays out of it.
pub const CONNECTOR: &str = "crosstie";

/// The events that tell of records.
pub(super) const EVENTS: [&str; 16] = [
    "ONCRMDEALADD",
    "ONCRMDEALUPDATE",
    "ONCRMDEALDELETE",
    "ONCRMDEALMOVETOCATEGORY",
    "ONCRMCONTACTADD",
    "ONCRMCONTACTUPDATE",
    "ONCRMCONTACTDELETE",
    "ONCRMCOMPANYADD",
    "ONCRMCOMPANYUPDATE",
    "ONCRMCOMPANYDELETE",
    "ONCRMLEADADD",
    "ONCRMLEADUPDATE",
    "ONCRMLEADDELETE",
    "ONTASKADD",
    "ONTASKUPDATE",
    "ONTASKDELETE",
];

/// Rows that are reserved by one request.
const ROWS: usize = 50;

impl Bitrix24 {
    /// Asks the queue again and again, and hands on what it tells.
    ///
    /// # Errors
    /// [`RemoteError`] of a kind that only a person can mend. All others are waited out. Ends well when nobody takes
    /// deliveries any more.
    pub async fn follow_queue(&self, sink: &dyn Deliveries, every: Duration) -> Result<(), RemoteError> {
        let mut open = false;
        loop {
            let found = if open { self.take_queue().await } else { self.open_queue().await };
            match found {
                Ok(deliveries) => {
                    // The left-overs of an opening say nothing of what else waits.
                    let more = !open || deliveries.len() >= ROWS;
                    open = true;
                    for delivery in deliveries {
                        if sink.deliver(delivery).await.is_err() {
                            return Ok(());
                        }
                    }
                    if more {
                        continue;
                    }
                }
                Err(why) if matches!(why.kind, RemoteErrorKind::Unauthorized | RemoteErrorKind::Forbidden) => {
                    return Err(why);
                }
                Err(_) => open = false,
            }
            tokio::time::sleep(every).await;
        }
    }

    /// Makes the queue ours: binds what is not bound yet, and takes what an earlier life of the program left reserved.
    ///
    /// # Errors
    /// [`RemoteError`]: the connection is no application ([`RemoteErrorKind::Unauthorized`], `WRONG_AUTH_TYPE`), its account no
    /// administrator, or the portal's plan has no such queue ([`RemoteErrorKind::Forbidden`]).
    pub async fn open_queue(&self) -> Result<Vec<Delivery>, RemoteError> {
        for feature in ["rest_offline_extended", "rest_auth_connector"] {
            let found = self.ask(Lane::Increment, "feature.get", &json!({"CODE": feature})).await?;
            if !(found["value"] == "Y" || found["value"] == true) {
                let text = format!(
                    "the portal's plan has no `{feature}`, without which offline events cannot be read safely; leave `offline_events` away"
                );
                return Err(error(RemoteErrorKind::Forbidden, "", text));
            }
        }
        let bound = self.ask(Lane::Increment, "event.get", &json!({})).await?;
        let is_ours = |row: &Json| row["connector_id"] == CONNECTOR;
        let bound: BTreeSet<String> = values(bound)
            .iter()
            .filter(|row| is_ours(row))
            .filter_map(|row| Some(row["event"].as_str()?.to_uppercase()))
            .collect();
        for event in EVENTS.iter().filter(|event| !bound.contains(**event)) {
            let asked = json!({"event": event, "event_type": "offline", "auth_connector": CONNECTOR});
            // Bound meanwhile, or by another name in the answer above: then the queue is there all the same.
            match self.ask(Lane::Increment, "event.bind", &asked).await {
                Err(refused)
                    if refused.message.to_lowercase().contains("already")
                        || refused.code == "ERROR_HANDLER_ALREADY_EXIST" => {}
                // Without the scope for tasks there are no such events, and nobody asked for tasks then.
                Err(refused) if refused.code == "ERROR_EVENT_NOT_FOUND" && event.starts_with("ONTASK") => {}
                other => drop(other?),
            }
        }
        self.queue_is_open.store(true, Ordering::Release);
        self.left_reserved().await
    }

    /// What changed since the last time, 50 rows at most; full when there may be more.
    ///
    /// # Errors
    /// [`RemoteError`]: rows may be reserved now, so the queue is to be opened anew.
    pub async fn take_queue(&self) -> Result<Vec<Delivery>, RemoteError> {
        // Without `clear=0` the rows would be gone with a lost answer. Sent once: each repetition would reserve other rows.
        let asked = json!({"clear": 0, "limit": ROWS, "auth_connector": CONNECTOR});
        let mut turn = self.connection.turn(Lane::Increment);
        let mut found = self.write(&mut turn, "event.offline.get", &asked).await.map_err(|refused| match refused {
            WriteError::NotDone(why) => why,
            unknown => error(RemoteErrorKind::Unavailable, "", unknown.to_string()),
        })?;
        let rows = values(found["events"].take());
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let process = scalar(&found["process_id"]).ok_or_else(|| malformed("reserved events without a reservation"))?;
        self.clear(&process).await?;
        Ok(rows.iter().map(delivery).collect())
    }

    /// Rows under reservations that nobody works on any more: this process has made none yet.
    async fn left_reserved(&self) -> Result<Vec<Delivery>, RemoteError> {
        let asked = json!({"auth_connector": CONNECTOR});
        let rows = self.ask_pages(Lane::Increment, "event.offline.list", asked).await?;
        let reserved = |row: &Json| scalar(&row["PROCESS_ID"]).filter(|id| !id.is_empty() && id != "0");
        let processes: BTreeSet<String> = rows.iter().filter_map(reserved).collect();
        for process in processes {
            self.clear(&process).await?;
        }
        Ok(rows.iter().filter(|row| reserved(row).is_some()).map(delivery).collect())
    }

    async fn clear(&self, process: &str) -> Result<(), RemoteError> {
        // Clearing twice does no harm, so it may be repeated like a read.
        let asked = json!({"process_id": process, "auth_connector": CONNECTOR});
        self.ask(Lane::Increment, "event.offline.clear", &asked).await.map(drop)
    }
}

fn delivery(row: &Json) -> Delivery {
    let event = row["EVENT_NAME"].as_str().unwrap_or_default();
    // The documentation's sample shows `false` here, and an empty map is written as a list.
    let places = ["FIELDS", "FIELDS_AFTER", "FIELDS_BEFORE"];
    let fields = places.into_iter().map(|place| &row["EVENT_DATA"][place]).find(|fields| fields.is_object());
    let fields = fields.unwrap_or(&Json::Null);
    let (id, kind) = (scalar(&fields["ID"]), scalar(&fields["ENTITY_TYPE_ID"]));
    let told = match told(event, id.as_deref(), kind.as_deref()) {
        // It says that a deal changed, and not which: the listing finds it.
        Told::Nothing if id.is_none() => rows_of(event),
        told => told,
    };
    Delivery { side: Side::Crm, event: event_name(event), attempt: 1, told }
}

fn rows_of(event: &str) -> Told {
    let event = event.to_ascii_uppercase();
    if event.starts_with("ONTASK") {
        return Told::Rows { entity: "task".to_owned() };
    }
    let family = ["deal", "contact", "company", "lead"];
    let is_it = |name: &&str| event.starts_with(&format!("ONCRM{}", name.to_ascii_uppercase()));
    family.into_iter().find(is_it).map_or(Told::Nothing, |name| Told::Rows { entity: name.to_owned() })
}
