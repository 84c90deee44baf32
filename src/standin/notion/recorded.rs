//! Fills a world from a folder of recorded requests and responses, so that a real client can work on real shapes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::ids::{decoded, uuid};
use super::objects::{Database, Page, Parent, Source};
use super::render::SHOWN;
use super::schema::{Property, Schema, find};
use super::{Config, NotionStandIn, plain, text};

/// Why a folder of recordings could not be served.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The folder or a file could not be read.
    #[error("cannot read {path}: {reason}")]
    Unreadable {
        /// The folder or file.
        path: String,
        /// What the system says.
        reason: String,
    },
    /// A file that is no recording.
    #[error("{path} is not a recording: {reason}")]
    NotARecording {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Recordings without a single data source or page of one.
    #[error("the {files} recordings in {path} hold no data source and no page of one, so there is nothing to serve")]
    Empty {
        /// The folder.
        path: String,
        /// How many files were read.
        files: usize,
    },
}

/// The newest version of each object, by `last_edited_time`, then by file order.
#[derive(Default)]
struct Found {
    objects: BTreeMap<(&'static str, String), Json>,
    /// What the property endpoint gave: by page id and decoded property id, the related pages' ids.
    relations: BTreeMap<(String, String), Vec<String>>,
}

impl Found {
    /// Takes every data source, page, database and user in a response, however deep.
    fn gather(&mut self, value: &Json) {
        match value {
            Json::Array(all) => all.iter().for_each(|one| self.gather(one)),
            Json::Object(fields) => {
                let kinds = ["data_source", "page", "database", "user"];
                let kind = kinds.into_iter().find(|kind| value["object"] == *kind);
                if let (Some(kind), Some(id)) = (kind, value["id"].as_str()) {
                    self.take(kind, id, value);
                }
                fields.values().for_each(|one| self.gather(one));
            }
            _ => {}
        }
    }

    /// Takes one page of a relation as the property endpoint lists it; pages of a list add up.
    fn gather_items(&mut self, path: &str, response: &Json) {
        let parts: Vec<&str> = path.split('?').next().unwrap_or_default().split('/').collect();
        let (["", "v1", "pages", page, "properties", property], true) =
            (parts.as_slice(), response["property_item"]["type"] == "relation")
        else {
            return;
        };
        let Some(page) = uuid(page) else { return };
        let known = self.relations.entry((page, decoded(property))).or_default();
        for item in response["results"].as_array().into_iter().flatten() {
            let id = word(&item["relation"]["id"]);
            if !known.contains(&id) {
                known.push(id);
            }
        }
    }

    fn take(&mut self, kind: &'static str, id: &str, object: &Json) {
        let key = (kind, id.to_owned());
        let newer = match self.objects.get(&key) {
            None => true,
            // A user without a name is only a reference to one.
            Some(_) if kind == "user" => object.get("type").is_some(),
            Some(held) => time_of(object, "last_edited_time") >= time_of(held, "last_edited_time"),
        };
        if newer {
            self.objects.insert(key, object.clone());
        }
    }

    fn of(&self, kind: &'static str) -> impl Iterator<Item = (&String, &Json)> {
        self.objects.iter().filter(move |((k, _), _)| *k == kind).map(|((_, id), object)| (id, object))
    }
}

fn time_of(object: &Json, key: &str) -> Option<Timestamp> {
    object[key].as_str()?.parse().ok()
}

fn word(value: &Json) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl NotionStandIn {
    /// A world that serves what was recorded: every `*.json` in the folder is one request and response (`method`,
    /// `path`, `status`, `response`, …). Data sources that only appear as the parent of a page get the columns that
    /// their pages show. The bot stays this
    /// world's own: who wrote the recordings is somebody else.
    ///
    /// # Errors
    /// [`LoadError`] for an unreadable folder, a file that is no recording, or a folder with nothing to serve.
    pub fn from_recorded(dir: &Path, config: Config) -> Result<Self, LoadError> {
        let shown = dir.display().to_string();
        let unreadable = |path: &Path, e: std::io::Error| LoadError::Unreadable {
            path: path.display().to_string(),
            reason: e.to_string(),
        };
        let mut files = Vec::new();
        for entry in std::fs::read_dir(dir).map_err(|e| unreadable(dir, e))? {
            let path = entry.map_err(|e| unreadable(dir, e))?.path();
            if path.extension().is_some_and(|e| e == "json") {
                files.push(path);
            }
        }
        files.sort();
        let mut found = Found::default();
        for path in &files {
            let text = std::fs::read_to_string(path).map_err(|e| unreadable(path, e))?;
            let not_one = |reason: String| LoadError::NotARecording { path: path.display().to_string(), reason };
            let recording: Json = serde_json::from_str(&text).map_err(|e| not_one(e.to_string()))?;
            let Some(response) = recording.get("response") else {
                return Err(not_one("it has no \"response\"".into()));
            };
            if recording["status"].as_u64().is_some_and(|s| s < 300) {
                found.gather(response);
                found.gather_items(recording["path"].as_str().unwrap_or_default(), response);
            }
        }
        let mut standin = Self::new(config);
        standin.settle(&found);
        if standin.world.sources.is_empty() {
            return Err(LoadError::Empty { path: shown, files: files.len() });
        }
        Ok(standin)
    }

    fn settle(&mut self, found: &Found) {
        let born = self.config.born;
        for (id, user) in found.of("user").filter(|(_, user)| user.get("type").is_some()) {
            let mut user = user.clone();
            if let Some(fields) = user.as_object_mut() {
                fields.remove("request_id");
            }
            self.world.users.insert(id.clone(), user);
        }
        for (id, object) in found.of("data_source") {
            let source = self.recorded_source(object, born);
            self.world.sources.insert(id.clone(), source);
        }
        for (id, object) in found.of("page") {
            if let Some(source) = object["parent"]["data_source_id"].as_str() {
                self.recorded_page(id, source, object, found);
            }
        }
        let sources: Vec<(String, String)> =
            self.world.sources.iter().map(|(id, source)| (id.clone(), source.database.clone())).collect();
        for (id, object) in found.of("database") {
            let database = recorded_database(object, born);
            self.world.databases.insert(id.clone(), database);
        }
        for (source, database) in sources {
            let title = self.world.sources.get(&source).map_or(json!([]), |s| s.title.clone());
            let held = self.world.databases.entry(database).or_insert_with(|| Database {
                title,
                ..recorded_database(&json!({ "parent": { "type": "workspace", "workspace": true } }), born)
            });
            if !held.sources.contains(&source) {
                held.sources.push(source);
            }
        }
    }

    fn recorded_source(&self, object: &Json, born: Timestamp) -> Source {
        let mut schema = Schema::new();
        for (name, column) in object["properties"].as_object().into_iter().flatten() {
            let kind = word(&column["type"]);
            let property = Property {
                id: word(&column["id"]),
                name: name.clone(),
                description: column["description"].as_str().map(str::to_owned),
                config: column[kind.as_str()].clone(),
                kind,
            };
            schema.insert(property.id.clone(), property);
        }
        let author = |key: &str| object[key]["id"].as_str().unwrap_or(&self.world.bot).to_owned();
        let rich = |key: &str| if object[key].is_array() { object[key].clone() } else { json!([]) };
        Source {
            title: rich("title"),
            description: rich("description"),
            database: word(&object["parent"]["database_id"]),
            schema,
            icon: object["icon"].clone(),
            cover: object["cover"].clone(),
            in_trash: object["in_trash"].as_bool().unwrap_or(false),
            is_inline: object["is_inline"].as_bool().unwrap_or(false),
            created: time_of(object, "created_time").unwrap_or(born),
            edited: time_of(object, "last_edited_time").unwrap_or(born),
            created_by: author("created_by"),
            edited_by: author("last_edited_by"),
            next_number: 1,
        }
    }

    fn recorded_page(&mut self, id: &str, source_id: &str, object: &Json, found: &Found) {
        let born = self.config.born;
        if !self.world.sources.contains_key(source_id) {
            // Only referenced: a title from its id, a database from the page, columns from the pages.
            let stub = json!({ "parent": object["parent"], "title": text::rich(&format!("Recorded {source_id}")) });
            let source = self.recorded_source(&stub, born);
            self.world.sources.insert(source_id.to_owned(), source);
        }
        let Some(source) = self.world.sources.get_mut(source_id) else { return };
        let (mut values, mut cut) = (BTreeMap::new(), BTreeSet::new());
        for (name, shown) in object["properties"].as_object().into_iter().flatten() {
            let (kind, column) = (word(&shown["type"]), word(&shown["id"]));
            let mut value = shown[kind.as_str()].clone();
            if shown["has_more"] == true {
                // A page shows 25 at most; the rest is known where the property endpoint was recorded too.
                match found.relations.get(&(id.to_owned(), decoded(&column))) {
                    Some(all) if all.len() > SHOWN => value = all.iter().map(|id| json!({ "id": id })).collect(),
                    _ => drop(cut.insert(column.clone())),
                }
            }
            if find(&source.schema, &column).is_none() {
                let config = inferred(&kind, source_id, &source.database);
                let property = Property {
                    id: column.clone(),
                    name: free_name(&source.schema, name),
                    description: None,
                    kind: kind.clone(),
                    config,
                };
                source.schema.insert(column.clone(), property);
            }
            let Some(property) = source.schema.get_mut(&column).filter(|p| p.kind == kind) else { continue };
            add_options(property, &value);
            if let Some(number) = value["number"].as_i64().filter(|_| kind == "unique_id") {
                source.next_number = source.next_number.max(number + 1);
            }
            if !matches!(kind.as_str(), "created_time" | "last_edited_time") && value != plain::empty(&kind) {
                values.insert(column, value);
            }
        }
        let author = |key: &str| object[key]["id"].as_str().unwrap_or(&self.world.bot).to_owned();
        let page = Page {
            parent: Parent::Source(source_id.to_owned()),
            values,
            in_trash: object["in_trash"].as_bool().unwrap_or(false),
            is_archived: object["is_archived"].as_bool().unwrap_or(false),
            is_locked: object["is_locked"].as_bool().unwrap_or(false),
            icon: object["icon"].clone(),
            cover: object["cover"].clone(),
            created: time_of(object, "created_time").unwrap_or(born),
            edited: time_of(object, "last_edited_time").unwrap_or(born),
            created_by: author("created_by"),
            edited_by: author("last_edited_by"),
            url: object["url"].as_str().map(str::to_owned),
            cut,
            left: BTreeMap::new(),
            shown: Default::default(),
        };
        self.world.pages.insert(id.to_owned(), page);
        self.world.rows.entry(source_id.to_owned()).or_default().insert(id.to_owned());
    }
}

fn recorded_database(object: &Json, born: Timestamp) -> Database {
    let rich = |key: &str| if object[key].is_array() { object[key].clone() } else { json!([]) };
    Database {
        title: rich("title"),
        description: rich("description"),
        parent: object["parent"].clone(),
        is_inline: object["is_inline"].as_bool().unwrap_or(false),
        in_trash: object["in_trash"].as_bool().unwrap_or(false),
        icon: object["icon"].clone(),
        cover: object["cover"].clone(),
        created: time_of(object, "created_time").unwrap_or(born),
        edited: time_of(object, "last_edited_time").unwrap_or(born),
        sources: Vec::new(),
    }
}

/// A column's name that no other column has: a renamed column can leave an older page with a name taken since.
fn free_name(schema: &Schema, name: &str) -> String {
    let mut free = name.to_owned();
    while schema.values().any(|p| p.name == free) {
        free.push('\'');
    }
    free
}

/// The configuration of a column that was only seen on a page. A relation's target cannot be seen there; its own data
/// source stands in for it.
fn inferred(kind: &str, source: &str, database: &str) -> Json {
    match kind {
        "number" => json!({ "format": "number" }),
        "select" | "multi_select" => json!({ "options": [] }),
        "status" => json!({ "options": [], "groups": [] }),
        "relation" => json!({
            "database_id": database, "data_source_id": source, "type": "single_property", "single_property": {},
        }),
        "unique_id" => json!({ "prefix": null }),
        "formula" => json!({ "expression": "" }),
        _ => json!({}),
    }
}

/// Options that a page shows and its column does not know.
fn add_options(property: &mut Property, value: &Json) {
    if !matches!(property.kind.as_str(), "select" | "multi_select" | "status") {
        return;
    }
    let one = std::slice::from_ref(value);
    let chosen = value.as_array().map_or(one, Vec::as_slice);
    let Some(all) = property.config["options"].as_array_mut() else { return };
    for option in chosen.iter().filter(|option| option["id"].is_string()) {
        if !all.iter().any(|known| known["id"] == option["id"]) {
            let mut option = option.clone();
            option["description"] = Json::Null;
            all.push(option);
        }
    }
}
