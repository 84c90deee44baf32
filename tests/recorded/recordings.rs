//! The recordings, one request and its answer each.

use std::path::PathBuf;

use serde_json::Value as Json;

/// One request and its answer.
pub struct Recording {
    pub name: String,
    pub method: String,
    pub path: String,
    pub request: Json,
    pub status: u16,
    pub response: Json,
}

/// Every recording in the order of their names, or `None` (told on the standard error) if there are none to be had.
pub fn all() -> Option<Vec<Recording>> {
    let Some(folder) = std::env::var_os("CROSSTIE_RECORDED") else {
        eprintln!("skipped: CROSSTIE_RECORDED is not set");
        return None;
    };
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let recordings: Vec<Recording> = paths.iter().map(read).collect();
    assert!(!recordings.is_empty(), "the folder of recordings is empty");
    Some(recordings)
}

fn read(path: &PathBuf) -> Recording {
    let json: Json = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let text = |field: &str| json[field].as_str().unwrap().to_owned();
    Recording {
        name: path.file_name().unwrap().to_string_lossy().into_owned(),
        method: text("method"),
        path: text("path"),
        request: json["request"].clone(),
        status: u16::try_from(json["status"].as_u64().unwrap()).unwrap(),
        response: json["response"].clone(),
    }
}

/// The type of a property's body: what it says, or the one key that is a type's.
pub fn kind_of(body: &Json) -> Option<String> {
    if let Some(kind) = body["type"].as_str() {
        return Some(kind.to_owned());
    }
    let beside = ["id", "name", "object", "has_more", "next_url", "description"];
    let mut kinds = body.as_object()?.keys().filter(|key| !beside.contains(&key.as_str()));
    let kind = kinds.next()?.clone();
    kinds.next().is_none().then_some(kind)
}

impl Recording {
    /// Every object of that kind in the answer, however deep.
    pub fn objects(&self, kind: &str) -> Vec<&Json> {
        let mut found = Vec::new();
        collect(&self.response, kind, &mut found);
        found
    }
}

fn collect<'a>(json: &'a Json, kind: &str, found: &mut Vec<&'a Json>) {
    match json {
        Json::Object(fields) => {
            if fields.get("object").and_then(Json::as_str) == Some(kind) {
                found.push(json);
            }
            fields.values().for_each(|value| collect(value, kind, found));
        }
        Json::Array(elements) => elements.iter().for_each(|element| collect(element, kind, found)),
        _ => {}
    }
}
