//! What Notion sends. Every field that can be missing may be, and fields that we do not know are passed over, because
//! Notion adds them without a new version.

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use super::malformed;
use crate::remote::RemoteError;

/// A page: one row of a data source.
#[derive(Debug, Clone, Deserialize)]
pub struct Page {
    /// `page`; something else where a list holds other things too.
    #[serde(default)]
    pub object: Option<String>,
    /// Its id, dashed and in lower case.
    pub id: String,
    /// When it was created, floored to the minute.
    #[serde(default)]
    pub created_time: Option<String>,
    /// When it was last edited, floored to the minute.
    #[serde(default)]
    pub last_edited_time: Option<String>,
    /// Who edited it last.
    #[serde(default)]
    pub last_edited_by: Option<User>,
    /// Where it lies.
    #[serde(default)]
    pub parent: Option<Parent>,
    /// Whether it is in the trash.
    #[serde(default)]
    pub in_trash: Option<bool>,
    /// The same, as versions before 2026-03-11 named it.
    #[serde(default)]
    pub archived: Option<bool>,
    /// Properties by name: `{id, type, <type>: value}`.
    #[serde(default)]
    pub properties: Map<String, Json>,
}

impl Page {
    /// Whether it is one: a wiki's query also gives data sources.
    pub fn is_page(&self) -> bool {
        self.object.as_deref().is_none_or(|object| object == "page")
    }
}

/// What something lies in.
#[derive(Debug, Clone, Deserialize)]
pub struct Parent {
    /// The data source of a row; absent for pages elsewhere.
    #[serde(default)]
    pub data_source_id: Option<String>,
    /// The database of a data source.
    #[serde(default)]
    pub database_id: Option<String>,
}

/// A person, a bot, or only an id.
#[derive(Debug, Clone, Deserialize)]
pub struct User {
    /// The user id.
    pub id: String,
    /// The name, where we may see it.
    #[serde(default)]
    pub name: Option<String>,
    /// `person` or `bot`.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// What only persons have.
    #[serde(default)]
    pub person: Option<PersonPart>,
    /// What only bots have.
    #[serde(default)]
    pub bot: Option<BotPart>,
}

/// What only persons have.
#[derive(Debug, Clone, Deserialize)]
pub struct PersonPart {
    /// Only with the capability "user information with email addresses".
    #[serde(default)]
    pub email: Option<String>,
}

/// What only bots have; other people's bots show none of it.
#[derive(Debug, Clone, Deserialize)]
pub struct BotPart {
    /// The workspace that the bot belongs to.
    #[serde(default)]
    pub workspace_name: Option<String>,
}

/// A data source: the properties of its rows.
#[derive(Debug, Clone, Deserialize)]
pub struct DataSource {
    /// `data_source`; something else where a list holds other things too.
    #[serde(default)]
    pub object: Option<String>,
    /// Its id.
    pub id: String,
    /// The database that it is one of.
    #[serde(default)]
    pub parent: Option<Parent>,
    /// Whether it is in the trash.
    #[serde(default)]
    pub in_trash: Option<bool>,
    /// Its title as rich text.
    #[serde(default)]
    pub title: Vec<Json>,
    /// Properties by name.
    #[serde(default)]
    pub properties: Map<String, Json>,
}

/// A database: what holds data sources.
#[derive(Debug, Clone, Deserialize)]
pub struct Database {
    /// Its title as rich text.
    #[serde(default)]
    pub title: Vec<Json>,
    /// Its data sources, those among them that we may see.
    #[serde(default)]
    pub data_sources: Vec<Named>,
}

/// A thing by its id and name.
#[derive(Debug, Clone, Deserialize)]
pub struct Named {
    /// Its id.
    pub id: String,
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
}

/// The envelope of every list.
#[derive(Debug, Clone, Deserialize)]
pub struct List<T = Json> {
    /// The elements. Must be there: an answer that is no list would otherwise read as an empty one.
    pub results: Vec<T>,
    /// Where to go on; opaque.
    #[serde(default)]
    pub next_cursor: Option<String>,
    /// Whether there is more. A short page can have more behind it.
    #[serde(default)]
    pub has_more: Option<bool>,
    /// Whether the query was answered whole; absent when it was.
    #[serde(default)]
    pub request_status: Option<RequestStatus>,
}

impl<T> List<T> {
    /// The cursor of the next page, if there is one.
    ///
    /// # Errors
    /// Malformed, when there is said to be more but not where, or when the cursor is the one just used: both would
    /// otherwise loop or end early.
    pub fn next(&self, used: Option<&str>) -> Result<Option<String>, RemoteError> {
        if self.has_more == Some(false) || (self.has_more.is_none() && self.next_cursor.is_none()) {
            return Ok(None);
        }
        match &self.next_cursor {
            None => Err(malformed("Notion says that a list goes on, but not where")),
            Some(cursor) if Some(cursor.as_str()) == used => {
                Err(malformed("Notion gave the same list cursor twice; the listing is begun anew"))
            }
            Some(cursor) => Ok(Some(cursor.clone())),
        }
    }

    /// Whether the server stopped at its limit of 10,000 rows a query, although `has_more` is false.
    pub fn is_cut(&self) -> bool {
        self.request_status.as_ref().is_some_and(|status| status.kind == "incomplete")
    }
}

/// Whether a query was answered whole.
#[derive(Debug, Clone, Deserialize)]
pub struct RequestStatus {
    /// `complete` or `incomplete`.
    #[serde(default, rename = "type")]
    pub kind: String,
}

/// The body of every error.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct ErrorBody {
    /// Notion's code: `validation_error`, `rate_limited`.
    #[serde(default)]
    pub code: String,
    /// One sentence or more for people.
    #[serde(default)]
    pub message: String,
    /// What only some errors have: members by name, or nothing in any form.
    #[serde(default)]
    pub additional_data: Json,
}

impl ErrorBody {
    /// The body of an answer, if it is an error of the API (and not a page of the edge in front of it).
    pub fn read(body: &[u8]) -> Option<Self> {
        serde_json::from_slice::<Self>(body).ok().filter(|error| !error.code.is_empty())
    }

    /// The id of the resource that a write which answered 503 did save.
    pub fn committed(&self) -> Option<&str> {
        self.additional_data.get("committed_resource_id").and_then(Json::as_str).filter(|id| !id.is_empty())
    }
}

/// Reads a body as `what`.
///
/// # Errors
/// Malformed, naming what was expected and never what came instead: bodies hold people's data.
pub fn read<T: DeserializeOwned>(body: &[u8], what: &str) -> Result<T, RemoteError> {
    serde_json::from_slice(body).map_err(|error| wrong(what, &error))
}

/// Reads an element of a list as `what`.
///
/// # Errors
/// As [`read`].
pub fn element<T: DeserializeOwned>(json: &Json, what: &str) -> Result<T, RemoteError> {
    T::deserialize(json).map_err(|error| wrong(what, &error))
}

/// The same, of an element that is needed no more: nothing in it is copied.
///
/// # Errors
/// As [`read`].
pub fn taken<T: DeserializeOwned>(json: Json, what: &str) -> Result<T, RemoteError> {
    T::deserialize(json).map_err(|error| wrong(what, &error))
}

fn wrong(what: &str, error: &serde_json::Error) -> RemoteError {
    malformed(format!(
        "Notion's answer is not {what} as documented ({:?} error at line {}, column {})",
        error.classify(),
        error.line(),
        error.column()
    ))
}

/// A time stamp, if it is one.
pub fn stamp(text: Option<&str>) -> Option<Timestamp> {
    text.and_then(|text| text.parse().ok())
}
