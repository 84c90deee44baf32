//! One request to the API, taken apart.

use jiff::Timestamp;
use serde_json::Value as Json;

use super::ids::{decoded, same_property};
use super::refusal::Refused;
use super::schema::Schema;
use crate::seam::{Method, Request};

/// The versions that the stand-in speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// 2025-09-03: `archived` beside `in_trash`.
    Older,
    /// 2026-03-11.
    Newer,
}

pub(super) struct Call<'a> {
    pub method: Method,
    /// The segments after `/v1/`, still percent-encoded.
    pub path: Vec<&'a str>,
    /// The query, decoded once.
    pub query: Vec<(String, String)>,
    /// The JSON body; null where there is none.
    pub body: Json,
    pub version: Version,
    pub now: Timestamp,
}

impl<'a> Call<'a> {
    pub fn read(request: &'a Request, now: Timestamp) -> Result<Self, Refused> {
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let path: Vec<&str> = path.trim_matches('/').split('/').collect();
        let Some((&"v1", path)) = path.split_first() else { return Err(Refused::url()) };
        let version = match request.get_header("notion-version") {
            Some("2026-03-11") => Version::Newer,
            Some("2025-09-03") => Version::Older,
            None => {
                return Err(Refused::new(
                    400,
                    "missing_version",
                    "Notion-Version header failed validation: Notion-Version header should be defined, instead was \
                     `undefined`.",
                ));
            }
            // Data sources did not exist before 2025-09-03.
            Some(_) if path.first() == Some(&"data_sources") => return Err(Refused::url()),
            Some(other) => {
                return Err(Refused::invalid(format!(
                    "Notion-Version header failed validation: Notion-Version header should be `\"2026-03-11\"` or \
                     `\"2025-09-03\"`, instead was `\"{other}\"`."
                )));
            }
        };
        let body = if request.body.is_empty() {
            Json::Null
        } else {
            serde_json::from_slice(&request.body)
                .map_err(|_| Refused::new(400, "invalid_json", "Error parsing JSON body."))?
        };
        Ok(Self { method: request.method, path: path.to_vec(), query: pairs(query), body, version, now })
    }

    /// A query parameter.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The page size in the query.
    pub fn page_size(&self) -> Result<usize, Refused> {
        let given = self.param("page_size").map(|text| text.parse::<u64>().map_or(Json::from(0), Json::from));
        super::lists::page_size("query.page_size", given.as_ref())
    }

    /// Refuses a body that is no object, or has other keys than these; `archived` only exists in the older version.
    pub fn only(&self, keys: &[&str]) -> Result<(), Refused> {
        let Some(fields) = self.body.as_object() else {
            let fine = self.body.is_null();
            return if fine { Ok(()) } else { Err(Refused::body("body", "an object", "something else")) };
        };
        let foreign = |key: &&String| {
            !keys.contains(&key.as_str()) || (key.as_str() == "archived" && self.version == Version::Newer)
        };
        match fields.keys().find(foreign) {
            Some(key) => Err(Refused::body(&format!("body.{key}"), "not present", &fields[key].to_string())),
            None => Ok(()),
        }
    }

    /// Whether the body asks to put something into the trash or take it out.
    pub fn trash(&self) -> Option<bool> {
        self.body["in_trash"].as_bool().or_else(|| self.body["archived"].as_bool())
    }

    /// The ids of the properties that `filter_properties` asks for, by id or by name; `None` for all.
    pub fn filter_properties(&self, schema: &Schema) -> Result<Option<Vec<String>>, Refused> {
        let asked: Vec<&str> = self
            .query
            .iter()
            .filter(|(key, _)| key == "filter_properties" || key == "filter_properties[]")
            .map(|(_, value)| value.as_str())
            .collect();
        if asked.is_empty() {
            return Ok(None);
        }
        let found = asked.into_iter().map(|key| {
            let hit = schema.values().find(|p| same_property(&p.id, key) || p.name == key);
            hit.map(|p| p.id.clone())
                .ok_or_else(|| Refused::invalid(format!("Could not find property with name or id: {key}")))
        });
        found.collect::<Result<Vec<String>, Refused>>().map(Some)
    }
}

/// The pairs of a query, decoded.
pub(super) fn pairs(query: &str) -> Vec<(String, String)> {
    let split = |pair: &str| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(key), decoded(&value.replace('+', " ")))
    };
    query.split('&').filter(|pair| !pair.is_empty()).map(split).collect()
}
