//! `POST /v1/data_sources/{id}/query`.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::NotionStandIn;
use super::call::Call;
use super::faults;
use super::filter::{self, Scope};
use super::lists::{Key, Place, compare, envelope, page_size};
use super::objects::{Page, Parent};
use super::refusal::Refused;
use super::render;
use super::schema::{Property, Schema, find};
use super::text::{ARRAY_LIMIT, kind_of};
use super::time::floor_minute;
use super::world::World;
use crate::standin::lag::Seen;

enum By {
    Created,
    Edited,
    Column(Property),
}

impl NotionStandIn {
    /// One page of rows. The list is computed anew for every page and goes on after the last row given: a row edited
    /// meanwhile moves to where it then belongs, so a scan may see it twice or, descending, not at all.
    pub(super) fn query_text(&mut self, call: &Call<'_>, source: &str) -> Result<String, Refused> {
        call.only(&["filter", "sorts", "start_cursor", "page_size", "in_trash", "archived", "result_type"])?;
        let source = self.world.path_id("data_source_id", source)?;
        let held = self.world.source(&source)?;
        if !self.world.shared(&source) {
            return Err(Refused::not_found("data_source", &source, &self.world.bot));
        }
        let size = page_size("body.page_size", call.body.get("page_size"))?;
        let trashed = call.body["in_trash"].as_bool().or(call.body["archived"].as_bool()).unwrap_or(false);
        let only = call.filter_properties(&held.schema)?;
        let sorts = sorts(&held.schema, &call.body["sorts"])?;
        let directions: Vec<bool> = sorts.iter().map(|(_, up)| *up).collect();
        let exact = self.config.exact_edit_filter;
        let scope = Scope { world: &self.world, schema: &held.schema, now: call.now, exact };
        let filter = call.body.get("filter").filter(|f| !f.is_null());
        let test = filter.map(|filter| filter::compile(&scope, filter, 0)).transpose()?;
        // Only what is longer than one page needs to be known again.
        let question = || {
            json!([source, call.body.get("filter"), call.body.get("sorts"), trashed, call.body.get("result_type")])
                .to_string()
        };
        let from = match call.body["start_cursor"].as_str() {
            Some(cursor) => self.cursors.find(&question(), Some(cursor))?,
            None => None,
        };

        let mut places: Vec<(Place, &Page)> = Vec::new();
        let wiki_only = call.body["result_type"] == "data_source";
        let open = !self.world.unshared.is_empty();
        for (id, page) in self.world.indexed(&source, call.now).filter(|_| !wiki_only) {
            // Whether `in_trash: true` answers trashed rows only is not established; here it does.
            if page.in_trash != trashed
                || (open && self.world.unshared.contains(id))
                || test.as_ref().is_some_and(|test| !test.passes(&scope, page))
            {
                continue;
            }
            let keys = sorts.iter().map(|(by, _)| key(&scope, page, by)).collect();
            let place = (keys, id.clone());
            let after = from.as_ref().and_then(|mark| mark.after.as_ref());
            if after.is_none_or(|after| compare(&directions, after, &place).is_lt()) {
                places.push((place, page));
            }
        }
        let order = |a: &(Place, &Page), b: &(Place, &Page)| compare(&directions, &a.0, &b.0);
        if places.len() > size + 1 {
            places.select_nth_unstable_by(size, order);
            places.truncate(size + 1);
        }
        places.sort_by(order);

        let given_before = from.as_ref().map_or(0, |mark| mark.given);
        let room = self.config.result_cap.saturating_sub(given_before);
        let mut take = size.min(room);
        if take < room && !places.is_empty() {
            take = take.min(faults::shortened(self.short_pages, &mut self.request_ids, take.min(places.len())));
        }
        let capped = places.len() > take && take == room;
        let mut results = String::new();
        for ((_, id), page) in places.iter().take(take) {
            if !results.is_empty() {
                results.push(',');
            }
            results.push_str(&render::page_text(&self.world, id, page, only.as_deref()));
        }
        let next = places.get(take).filter(|_| !capped).map(|((_, next), _)| next.clone());
        let last = take.checked_sub(1).and_then(|last| places.get(last)).map(|(place, _)| place.clone());
        drop(places);
        let next = next.map(|next| {
            let after = last.or_else(|| from.as_ref().and_then(|mark| mark.after.clone()));
            self.cursors.next(&question(), from.as_ref(), after, given_before + take, &next)
        });
        let mut rest = envelope("page_or_data_source", Vec::new(), next);
        if capped {
            rest["request_status"] = json!({ "type": "incomplete", "incomplete_reason": "query_result_limit_reached" });
        }
        let mut text = rest.to_string();
        if let Some(at) = text.find("\"results\":[") {
            text.insert_str(at + "\"results\":[".len(), &results);
        }
        Ok(text)
    }

    /// The same as an object.
    pub(super) fn query(&mut self, call: &Call<'_>, source: &str) -> Result<Json, Refused> {
        let text = self.query_text(call, source)?;
        Ok(serde_json::from_str(&text).unwrap_or_default())
    }
}

impl World {
    /// The rows of a data source as its index sees them now.
    fn indexed(&self, source: &str, now: Timestamp) -> impl Iterator<Item = (&String, &Page)> {
        let rows = self.rows.get(source);
        let seen = move |id: &String| match self.lag.seen(id, now) {
            Seen::Now => self.pages.get_key_value(id),
            Seen::Then(page) => self.pages.get_key_value(id).map(|(id, _)| (id, page)),
            Seen::Absent => None,
        };
        // Pages that were moved away lately may still be found here.
        let away = self.lag.changed().filter(move |id| rows.is_none_or(|rows| !rows.contains(*id)));
        let here = move |(_, page): &(&String, &Page)| matches!(&page.parent, Parent::Source(of) if of == source);
        rows.into_iter().flatten().chain(away).filter_map(seen).filter(here).collect::<Vec<_>>().into_iter()
    }
}

fn sorts(schema: &Schema, given: &Json) -> Result<Vec<(By, bool)>, Refused> {
    let Some(given) = given.as_array() else {
        return if given.is_null() {
            Ok(Vec::new())
        } else {
            Err(Refused::body("body.sorts", "an array", &kind_of(given)))
        };
    };
    if given.len() > ARRAY_LIMIT {
        return Err(Refused::too_long("body.sorts", ARRAY_LIMIT, given.len()));
    }
    let one = |(i, sort): (usize, &Json)| {
        let up = match sort["direction"].as_str() {
            Some("ascending") => true,
            Some("descending") => false,
            _ => {
                return Err(Refused::body(
                    &format!("body.sorts[{i}].direction"),
                    "`\"ascending\"` or `\"descending\"`",
                    "unknown",
                ));
            }
        };
        let by = match (sort["timestamp"].as_str(), sort["property"].as_str()) {
            (Some("created_time"), None) => By::Created,
            (Some("last_edited_time"), None) => By::Edited,
            (None, Some(key)) => By::Column(
                find(schema, key)
                    .cloned()
                    .ok_or_else(|| Refused::invalid(format!("Could not find sort property with name or id: {key}")))?,
            ),
            _ => return Err(Refused::body(&format!("body.sorts[{i}].property"), "defined", "undefined")),
        };
        Ok((by, up))
    };
    given.iter().enumerate().map(one).collect()
}

#[allow(clippy::cast_precision_loss)] // Milliseconds of any date a person uses fit a double.
fn instant(at: Timestamp) -> Key {
    Key::Number(at.as_millisecond() as f64)
}

fn key(scope: &Scope<'_>, page: &Page, by: &By) -> Key {
    let stamp = |at: Timestamp| instant(if scope.exact { at } else { floor_minute(at) });
    let column = match by {
        By::Created => return stamp(page.created),
        By::Edited => return stamp(page.edited),
        By::Column(column) => column,
    };
    let value = scope.world.value(page, column);
    let value = &*value;
    let number = match column.kind.as_str() {
        "created_time" => return stamp(page.created),
        "last_edited_time" => return stamp(page.edited),
        "number" => value.as_f64(),
        "unique_id" => value["number"].as_f64(),
        "checkbox" => value.as_bool().map(|on| if on { 1.0 } else { 0.0 }),
        "date" => return value["start"].as_str().and_then(super::time::moment).map_or(Key::Empty, instant),
        "select" | "status" => {
            // Options sort in the order in which the schema holds them.
            let at =
                column.config["options"].as_array().and_then(|all| all.iter().position(|o| o["id"] == value["id"]));
            return at.and_then(|at| u32::try_from(at).ok()).map_or(Key::Empty, |at| Key::Number(f64::from(at)));
        }
        kind => {
            return match super::plain::of(kind, value) {
                Json::Null => Key::Empty,
                Json::String(text) => Key::Text(text.to_lowercase()),
                other => Key::Text(other.to_string()),
            };
        }
    };
    number.map_or(Key::Empty, Key::Number)
}
