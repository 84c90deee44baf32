//! How objects look in responses.

use serde_json::{Map, Value as Json, json};

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

/// One property as a page shows it, cut where Notion cuts.
fn property(world: &World, page: &Page, property: &Property) -> Json {
    let mut value = world.value(page, property);
    let mut more = false;
    if property.kind == "relation" {
        // An unshared related data source reads as an empty relation, not as an error.
        let hidden = property.config["data_source_id"].as_str().is_some_and(|target| !world.shared(target));
        if let Some(list) = value.as_array_mut() {
            if hidden {
                list.clear();
            }
            more = !hidden && (list.len() > SHOWN || page.cut.contains(&property.id));
            list.truncate(SHOWN);
        }
    }
    if property.kind == "people"
        && let Some(list) = value.as_array_mut()
    {
        list.truncate(SHOWN);
    }
    let mut entry = json!({ "id": property.id, "type": property.kind, property.kind.as_str(): value });
    if property.kind == "relation" {
        entry["has_more"] = json!(more);
    }
    entry
}

/// A page. `only` holds the ids of the properties asked for; all for `None`.
pub(super) fn page(world: &World, id: &str, page: &Page, only: Option<&[String]>) -> Json {
    let parent = match &page.parent {
        Parent::Source(source) => json!({
            "type": "data_source_id",
            "data_source_id": source,
            "database_id": world.sources.get(source).map(|s| s.database.as_str()),
        }),
        Parent::Page(parent) => json!({ "type": "page_id", "page_id": parent }),
        Parent::Workspace => json!({ "type": "workspace", "workspace": true }),
    };
    let mut properties = Map::new();
    let mut add = |column: &Property| {
        if only.is_none_or(|only| only.contains(&column.id)) {
            properties.insert(column.name.clone(), property(world, page, column));
        }
    };
    match &page.parent {
        Parent::Source(source) => {
            world.sources.get(source).into_iter().flat_map(|s| s.schema.values()).for_each(&mut add);
        }
        _ => add(&super::schema::title_column("title")),
    }
    json!({
        "object": "page",
        "id": id,
        "created_time": page_time(page.created),
        "last_edited_time": page_time(page.edited),
        "created_by": partial(&page.created_by),
        "last_edited_by": partial(&page.edited_by),
        "cover": page.cover,
        "icon": page.icon,
        "parent": parent,
        "in_trash": page.in_trash,
        "is_archived": page.is_archived,
        "is_locked": page.is_locked,
        "properties": properties,
        "url": page.url.clone().unwrap_or_else(|| url(&world.title(page), id)),
        "public_url": null,
    })
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
