//! Rich text: the arrays of runs that titles and text properties hold.

use serde_json::{Map, Value as Json, json};

use super::refusal::Refused;

/// UTF-16 units that one run may hold in a request; Notion counts as JavaScript does.
const RUN_LIMIT: usize = 2000;
/// Elements that any array in a request may hold.
pub(super) const ARRAY_LIMIT: usize = 100;
/// Characters that a link may hold.
pub(super) const URL_LIMIT: usize = 2000;

/// Length as Notion counts it.
pub(super) fn utf16(text: &str) -> usize {
    text.encode_utf16().count()
}

/// One run of plain text as a response shows it.
pub(super) fn run(content: &str) -> Json {
    json!({
        "type": "text",
        "text": { "content": content, "link": null },
        "annotations": annotations(None),
        "plain_text": content,
        "href": null,
    })
}

/// A whole rich text of one run, or none for an empty text.
pub(super) fn rich(content: &str) -> Json {
    if content.is_empty() { json!([]) } else { json!([run(content)]) }
}

/// What a person reads in a rich text.
pub(super) fn plain(rich: &Json) -> String {
    rich.as_array().into_iter().flatten().filter_map(|run| run["plain_text"].as_str()).collect()
}

fn annotations(given: Option<&Json>) -> Json {
    let mut all = json!({
        "bold": false, "italic": false, "strikethrough": false, "underline": false, "code": false, "color": "default",
    });
    if let (Some(all), Some(given)) = (all.as_object_mut(), given.and_then(Json::as_object)) {
        for (name, value) in given {
            if all.contains_key(name) {
                all.insert(name.clone(), value.clone());
            }
        }
    }
    all
}

/// A rich text as a request sends it, turned into the form that responses show. `limits` is off for people, whose
/// typing the API's limits do not bind. Runs without content vanish (inferred).
pub(super) fn write(path: &str, given: &Json, limits: bool) -> Result<Json, Refused> {
    let Some(runs) = given.as_array() else {
        return Err(Refused::body(path, "an array", &kind_of(given)));
    };
    if limits && runs.len() > ARRAY_LIMIT {
        return Err(Refused::too_long(path, ARRAY_LIMIT, runs.len()));
    }
    let mut kept = Vec::new();
    for (i, given) in runs.iter().enumerate() {
        let path = format!("{path}[{i}]");
        let fields = given.as_object().ok_or_else(|| Refused::body(&path, "an object", &kind_of(given)))?;
        if let Some(run) = write_run(&path, fields, limits)? {
            kept.push(run);
        }
    }
    Ok(Json::Array(kept))
}

fn write_run(path: &str, given: &Map<String, Json>, limits: bool) -> Result<Option<Json>, Refused> {
    let styled = annotations(given.get("annotations"));
    if let Some(mention) = given.get("mention") {
        let shown = given.get("plain_text").and_then(Json::as_str).unwrap_or("Untitled");
        return Ok(Some(
            json!({ "type": "mention", "mention": mention, "annotations": styled, "plain_text": shown, "href": null }),
        ));
    }
    if let Some(equation) = given.get("equation") {
        let shown = equation["expression"].as_str().unwrap_or_default();
        if limits && utf16(shown) > 1000 {
            return Err(Refused::too_long(&format!("{path}.equation.expression"), 1000, utf16(shown)));
        }
        return Ok(Some(json!({
            "type": "equation", "equation": { "expression": shown }, "annotations": styled, "plain_text": shown,
            "href": null,
        })));
    }
    let Some(content) = given.get("text").and_then(|t| t["content"].as_str()) else {
        return Err(Refused::body(&format!("{path}.text"), "defined", "undefined"));
    };
    if limits && utf16(content) > RUN_LIMIT {
        return Err(Refused::too_long(&format!("{path}.text.content"), RUN_LIMIT, utf16(content)));
    }
    let link = given.get("text").and_then(|t| t["link"]["url"].as_str());
    if let Some(url) = link
        && limits
        && utf16(url) > URL_LIMIT
    {
        return Err(Refused::too_long(&format!("{path}.text.link.url"), URL_LIMIT, utf16(url)));
    }
    if content.is_empty() {
        return Ok(None);
    }
    Ok(Some(json!({
        "type": "text",
        "text": { "content": content, "link": link.map(|url| json!({ "url": url })) },
        "annotations": styled,
        "plain_text": content,
        "href": link,
    })))
}

/// How a message names a value that is not what it should be.
pub(super) fn kind_of(value: &Json) -> String {
    match value {
        Json::Null => "null".into(),
        Json::Object(_) => "an object".into(),
        other => other.to_string(),
    }
}
