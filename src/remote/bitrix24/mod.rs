//! Bitrix24 over an incoming webhook, or as a local application (`oauth`).
//!
//! [`Bitrix24`] implements [`crate::remote::System`] with `crm.item.*` on deals, contacts, companies and leads, and with
//! `tasks.task.*` on tasks (`tasks`). Configuration
//! knows fields by their upper-case names (`TITLE`, `UF_CRM_…`); `catalogue` translates, by the
//! table of all types in `support`; `errors` is the table of all errors. `decode`, `encode`, `comms`,
//! `listing`, `narrow`, `form` and `webhook` are pure functions between wire JSON and [`crate::model`]; `schema`, `system` and
//! `offline` do the asking, always through one [`Connection`]. Only the wiring may name this room. It never decides what is written, and never repeats
//! a write: a webhook has no idempotency keys.
//!
//! Facts that shaped it:
//! - multifields (`fm`) come with `select: ['*']` and by `crm.item.get` only, and not with the answer to a write;
//! - `crm.item.update` may ignore empty values of companies and empty lists of options (b24-rest-docs#145, #269), so an
//!   update that has one goes, whole, by `crm.{entity}.update`, which answers without the record;
//! - an empty PHP map is written `[]`, an empty link `0`, a date as UTC midnight in the server's offset.

mod asking;
mod catalogue;
mod comms;
mod decode;
mod dialect;
mod encode;
pub mod errors;
pub mod form;
mod links;
mod listing;
mod moving;
mod narrow;
pub mod oauth;
pub mod offline;
mod online;
mod schema;
pub mod support;
mod system;
mod tasks;
#[cfg(test)]
mod tests;
mod webhook;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use self::catalogue::Catalogue;
pub use self::dialect::WebhookDialect;
pub use self::moving::WebhookTransport;
pub use self::online::Bound;
pub use self::webhook::PortalWebhook;
use super::connection::Connection;

/// What we write into `ORIGINATOR_ID` of every record that carries our marker in `ORIGIN_ID`.
pub const ORIGINATOR: &str = "crosstie";

/// A Bitrix24 portal.
pub struct Bitrix24 {
    connection: Connection,
    /// Where people open it: `https://portal.bitrix24.eu`, where that is known.
    home: Option<String>,
    /// The queue of offline events that our own writes stay out of, where we have one.
    connector: Option<&'static str>,
    /// Whether that queue is open: a portal whose plan has none refuses whoever names one.
    queue_is_open: AtomicBool,
    memory: Mutex<Memory>,
}

/// What was learned of the portal; nothing that could not be asked again.
#[derive(Default)]
struct Memory {
    /// Our own user id.
    me: Option<String>,
    catalogues: BTreeMap<&'static str, Arc<Catalogue>>,
    /// Company names by id, for the length of one listing.
    companies: BTreeMap<String, String>,
}

impl Bitrix24 {
    /// A portal behind a connection that speaks [`WebhookDialect`] and whose base URL is the webhook
    /// (`https://portal/rest/1/secret`) or the portal's REST, spoken to through [`oauth::PortalTransport`].
    pub fn new(connection: Connection) -> Self {
        Self {
            connection,
            home: None,
            connector: None,
            queue_is_open: AtomicBool::new(false),
            memory: Mutex::new(Memory::default()),
        }
    }

    /// The same portal, whose people open it at the scheme and host of this address; its path stays here, for a webhook's
    /// is a secret.
    pub fn opened_at(self, address: &str) -> Self {
        let host = address.split_once("://").map(|(scheme, rest)| (scheme, rest.split(['/', '?', '#']).next()));
        let home = host.and_then(|(scheme, host)| {
            host.map(|host| format!("{scheme}://{}", host.rsplit('@').next().unwrap_or(host)))
        });
        Self { home, ..self }
    }

    /// The same portal, for an application whose own writes are to stay out of its queue of offline events
    /// ([`Bitrix24::follow_queue`]), from when that is open on.
    pub fn with_queue(self) -> Self {
        Self { connector: Some(offline::CONNECTOR), ..self }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Bitrix24 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bitrix24")
    }
}

/// The entities we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Deal,
    Contact,
    Company,
    Lead,
}

impl Family {
    const ALL: [Family; 4] = [Family::Deal, Family::Contact, Family::Company, Family::Lead];

    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "deal" => Family::Deal,
            "contact" => Family::Contact,
            "company" => Family::Company,
            "lead" => Family::Lead,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Family::Deal => "deal",
            Family::Contact => "contact",
            Family::Company => "company",
            Family::Lead => "lead",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Family::Deal => "Deals",
            Family::Contact => "Contacts",
            Family::Company => "Companies",
            Family::Lead => "Leads",
        }
    }

    /// The `entityTypeId` of `crm.item.*`.
    fn type_id(self) -> u32 {
        match self {
            Family::Deal => 2,
            Family::Contact => 3,
            Family::Company => 4,
            Family::Lead => 1,
        }
    }

    /// Whether it has phones and e-mails.
    fn has_comms(self) -> bool {
        self != Family::Deal
    }
}
