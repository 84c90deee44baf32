//! How objects look in responses.

use std::borrow::Cow;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value as Json, json};

use super::kept::Rendering;
use super::objects::{Page, Parent};
use super::schema::{Property, shown};
use super::time::{database_time, page_time};
use super::world::World;

/// Entries of a relation that a page shows; the rest only comes from the property endpoint.
pub(super) const SHOWN: usize = 25;

fn partial(user: &str) -> Json {
    json!({ "object": "user", "id": user })
}

fn url(title: &str, id: &str) -> String {
    let slug: String = title.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect();
    let slug = slug.split('-').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-");
    let joint = if slug.is_empty() { "" } else { "-" };
    format!("https://www.notion.so/{slug}{joint}{}", id.replace('-', ""))
}

/// A page as responses show it; `only` holds the ids of the properties asked for, all for `None`.
struct View<'a> {
    world: &'a World,
    id: &'a str,
    page: &'a Page,
    only: Option<&'a [String]>,
}

impl Serialize for View<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (world, page) = (self.world, self.page);
        let parent = match &page.parent {
            Parent::Source(source) => json!({
                "type": "data_source_id",
                "data_source_id": source,
                "database_id": world.sources.get(source).map(|s| s.database.as_str()),
            }),
            Parent::Page(parent) => json!({ "type": "page_id", "page_id": parent }),
            Parent::Workspace => json!({ "type": "workspace", "workspace": true }),
        };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("object", "page")?;
        map.serialize_entry("id", self.id)?;
        map.serialize_entry("created_time", &page_time(page.created))?;
        map.serialize_entry("last_edited_time", &page_time(page.edited))?;
        map.serialize_entry("created_by", &partial(&page.created_by))?;
        map.serialize_entry("last_edited_by", &partial(&page.edited_by))?;
        map.serialize_entry("cover", &page.cover)?;
        map.serialize_entry("icon", &page.icon)?;
        map.serialize_entry("parent", &parent)?;
        map.serialize_entry("in_trash", &page.in_trash)?;
        map.serialize_entry("is_archived", &page.is_archived)?;
        map.serialize_entry("is_locked", &page.is_locked)?;
        map.serialize_entry("properties", &Properties(self))?;
        map.serialize_entry("url", &page.url.clone().unwrap_or_else(|| url(&world.title(page), self.id)))?;
        map.serialize_entry("public_url", &Json::Null)?;
        map.end()
    }
}

struct Properties<'a>(&'a View<'a>);

impl Serialize for Properties<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let view = self.0;
        let mut map = serializer.serialize_map(None)?;
        for column in view.world.schema_of(&view.page.parent).values() {
            if view.only.is_none_or(|only| only.contains(&column.id)) {
                map.serialize_entry(&column.name, &Cell { view, column })?;
            }
        }
        map.end()
    }
}

/// One property as a page shows it, cut where Notion cuts.
struct Cell<'a> {
    view: &'a View<'a>,
    column: &'a Property,
}

impl Serialize for Cell<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (column, page) = (self.column, self.view.page);
        let mut value = self.view.world.value(page, column);
        let mut more = None;
        if column.kind == "relation" {
            let cut = page.cut.contains(&column.id);
            value = self.view.world.visible_relation(column, value);
            let length = value.as_array().map_or(0, Vec::len);
            more = Some(length > SHOWN || (cut && length > 0));
        }
        if matches!(column.kind.as_str(), "relation" | "people") && value.as_array().is_some_and(|l| l.len() > SHOWN) {
            value = Cow::Owned(value.as_array().into_iter().flatten().take(SHOWN).cloned().collect());
        }
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &column.id)?;
        map.serialize_entry("type", &column.kind)?;
        map.serialize_entry(&column.kind, &*value)?;
        if let Some(more) = more {
            map.serialize_entry("has_more", &more)?;
        }
        map.end()
    }
}

/// A page. `only` holds the ids of the properties asked for; all for `None`.
pub(super) fn page(world: &World, id: &str, page: &Page, only: Option<&[String]>) -> Json {
    serde_json::to_value(View { world, id, page, only }).unwrap_or_default()
}

/// Ways of asking for a page's properties that are remembered per page: by id and in lists.
const RENDERINGS: usize = 2;

/// The same as text, rendered anew only when it may look different.
pub(super) fn page_text(world: &World, id: &str, page: &Page, only: Option<&[String]>) -> Arc<str> {
    let around = world.around();
    let mut known = page.shown.borrow_mut();
    known.retain(|shown| shown.around == around);
    if let Some(shown) = known.iter().find(|shown| shown.only.as_deref() == only) {
        return Arc::clone(&shown.text);
    }
    let text: Arc<str> = serde_json::to_string(&View { world, id, page, only }).unwrap_or_default().into();
    if known.len() == RENDERINGS {
        known.remove(0);
    }
    known.push(Rendering { around, only: only.map(<[String]>::to_vec), text: Arc::clone(&text) });
    text
}

/// A data source. Columns that relate to what is not shared are missing.
pub(super) fn source(world: &World, id: &str) -> Json {
    let Some(source) = world.sources.get(id) else { return Json::Null };
    let visible = source.schema.values().filter(|column| {
        column.kind != "relation" || column.config["data_source_id"].as_str().is_none_or(|target| world.shared(target))
    });
    let database_parent = world.databases.get(&source.database).map_or(Json::Null, |d| d.parent.clone());
    json!({
        "object": "data_source",
        "id": id,
        "cover": source.cover,
        "icon": source.icon,
        "created_time": page_time(source.created),
        "created_by": partial(&source.created_by),
        "last_edited_by": partial(&source.edited_by),
        "last_edited_time": page_time(source.edited),
        "title": source.title,
        "description": source.description,
        "is_inline": source.is_inline,
        "properties": shown(visible),
        "parent": { "type": "database_id", "database_id": source.database },
        "database_parent": database_parent,
        "url": url("", &source.database),
        "public_url": null,
        "in_trash": source.in_trash,
    })
}

/// A database: a container that names its data sources and has no properties.
pub(super) fn database(world: &World, id: &str) -> Json {
    let Some(database) = world.databases.get(id) else { return Json::Null };
    let sources: Vec<Json> = database
        .sources
        .iter()
        .filter_map(|source| {
            let held = world.sources.get(source)?;
            world.shared(source).then(|| json!({ "id": source, "name": super::text::plain(&held.title) }))
        })
        .collect();
    json!({
        "object": "database",
        "id": id,
        "title": database.title,
        "description": database.description,
        "parent": database.parent,
        "is_inline": database.is_inline,
        "in_trash": database.in_trash,
        "is_locked": false,
        "created_time": database_time(database.created),
        "last_edited_time": database_time(database.edited),
        "data_sources": sources,
        "icon": database.icon,
        "cover": database.cover,
        "url": url("", id),
        "public_url": null,
    })
}

/// Adds `archived` beside every object's `in_trash`, as version 2025-09-03 answers.
pub(super) fn with_archived(body: &mut Json) {
    let mut add = |object: &mut Json| {
        if let Some(in_trash) = object.get("in_trash").cloned() {
            object["archived"] = in_trash;
        }
    };
    add(body);
    body.get_mut("results").and_then(Json::as_array_mut).into_iter().flatten().for_each(&mut add);
}
