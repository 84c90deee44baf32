//! What a caller sent, as PHP sees it: an ordered map is the only compound, a list is a map with keys 0, 1, 2.
//!
//! Order matters on this API (`order`, `cmd`, `fm`), so maps are never sorted.

use percent_encoding::percent_decode_str;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value as Json};

use super::answer::ApiError;
use crate::seam::{Method, Request};

/// One value of a request, whatever its encoding was.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Input {
    /// JSON null.
    Null,
    /// JSON true or false.
    Bool(bool),
    /// A JSON number.
    Number(Number),
    /// Text; everything in a form or query is text.
    Text(String),
    /// A list or map, in sending order.
    Map(Vec<(String, Input)>),
}

impl Input {
    /// A map without entries.
    pub(super) fn empty() -> Self {
        Input::Map(Vec::new())
    }

    /// The entry of that key.
    pub(super) fn get(&self, key: &str) -> Option<&Input> {
        self.entries().iter().find(|(k, _)| k == key).map(|(_, v)| v)
    }

    /// The last entry whose key is one of these spellings: of `FILTER` and `filter` in one request the later one counts
    /// (measured by others on a portal).
    pub(super) fn get_any(&self, keys: &[&str]) -> Option<&Input> {
        self.entries().iter().rev().find(|(key, _)| keys.contains(&key.as_str())).map(|(_, value)| value)
    }

    /// The entries of a map; nothing for a scalar.
    pub(super) fn entries(&self) -> &[(String, Input)] {
        match self {
            Input::Map(entries) => entries,
            _ => &[],
        }
    }

    /// Whether this is a list or map.
    pub(super) fn is_map(&self) -> bool {
        matches!(self, Input::Map(_))
    }

    /// A scalar as PHP turns it into text (`true` is "1", `false` and null are ""); none for a map.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Input::Null | Input::Bool(false) => Some(String::new()),
            Input::Bool(true) => Some("1".into()),
            Input::Number(number) => Some(number.to_string()),
            Input::Text(text) => Some(text.clone()),
            Input::Map(_) => None,
        }
    }

    /// The texts of a list, or of one scalar; empty scalars are left out.
    pub(super) fn texts(&self) -> Vec<String> {
        match self {
            Input::Map(entries) => entries.iter().filter_map(|(_, v)| v.text()).filter(|t| !t.is_empty()).collect(),
            scalar => scalar.text().into_iter().filter(|t| !t.is_empty()).collect(),
        }
    }

    /// The value as JSON; a map with the keys 0, 1, 2 is a list.
    pub(super) fn json(&self) -> Json {
        match self {
            Input::Null => Json::Null,
            Input::Bool(flag) => Json::Bool(*flag),
            Input::Number(number) => Json::Number(number.clone()),
            Input::Text(text) => Json::String(text.clone()),
            Input::Map(entries) if entries.iter().enumerate().all(|(at, (key, _))| *key == at.to_string()) => {
                entries.iter().map(|(_, value)| value.json()).collect()
            }
            Input::Map(entries) => entries.iter().map(|(key, value)| (key.clone(), value.json())).collect(),
        }
    }

    /// An integer, from a number or its text.
    pub(super) fn int(&self) -> Option<i64> {
        self.text()?.trim().parse().ok()
    }

    /// A positive id, from a number or its text.
    pub(super) fn id(&self) -> Option<u64> {
        self.text()?.trim().parse().ok().filter(|id| *id > 0)
    }

    /// Takes all entries of another map, which win over what is here.
    pub(super) fn merge(&mut self, other: Input) {
        let (Input::Map(mine), Input::Map(theirs)) = (self, other) else { return };
        if mine.is_empty() {
            *mine = theirs;
            return;
        }
        for (key, value) in theirs {
            match mine.iter_mut().find(|(k, _)| *k == key) {
                Some(slot) => slot.1 = value,
                None => mine.push((key, value)),
            }
        }
    }
}

impl From<&Json> for Input {
    fn from(json: &Json) -> Self {
        match json {
            Json::Null => Input::Null,
            Json::Bool(b) => Input::Bool(*b),
            Json::Number(n) => Input::Number(n.clone()),
            Json::String(s) => Input::Text(s.clone()),
            Json::Array(list) => {
                Input::Map(list.iter().enumerate().map(|(i, v)| (i.to_string(), Input::from(v))).collect())
            }
            Json::Object(map) => Input::Map(map.iter().map(|(k, v)| (k.clone(), Input::from(v))).collect()),
        }
    }
}

impl<'de> Deserialize<'de> for Input {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(InputVisitor)
    }
}

struct InputVisitor;

impl<'de> Visitor<'de> for InputVisitor {
    type Value = Input;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("any JSON value")
    }
    fn visit_unit<E>(self) -> Result<Input, E> {
        Ok(Input::Null)
    }
    fn visit_bool<E>(self, v: bool) -> Result<Input, E> {
        Ok(Input::Bool(v))
    }
    fn visit_i64<E>(self, v: i64) -> Result<Input, E> {
        Ok(Input::Number(v.into()))
    }
    fn visit_u64<E>(self, v: u64) -> Result<Input, E> {
        Ok(Input::Number(v.into()))
    }
    fn visit_f64<E>(self, v: f64) -> Result<Input, E> {
        Ok(Number::from_f64(v).map_or(Input::Null, Input::Number))
    }
    fn visit_str<E>(self, v: &str) -> Result<Input, E> {
        Ok(Input::Text(v.to_owned()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Input, A::Error> {
        let mut entries = Vec::new();
        while let Some(value) = seq.next_element::<Input>()? {
            entries.push((entries.len().to_string(), value));
        }
        Ok(Input::Map(entries))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Input, A::Error> {
        let mut found: Vec<(String, Input)> = Vec::new();
        while let Some((key, value)) = map.next_entry::<String, Input>()? {
            match found.iter_mut().find(|(k, _)| *k == key) {
                Some(slot) => slot.1 = value,
                None => found.push((key, value)),
            }
        }
        Ok(Input::Map(found))
    }
}

/// A query or form with PHP brackets: `fields[PHONE][0][VALUE]=1&select[]=ID`.
pub(super) fn parse_form(form: &str) -> Input {
    let mut root = Input::empty();
    for pair in form.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let key = decode(key);
        let (head, rest) = key.split_at(key.find('[').unwrap_or(key.len()));
        let mut path = vec![head];
        path.extend(rest.split(']').filter_map(|part| part.strip_prefix('[')));
        insert(&mut root, &path, decode(value));
    }
    root
}

fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

fn insert(at: &mut Input, path: &[&str], value: String) {
    let Some((head, rest)) = path.split_first() else {
        *at = Input::Text(value);
        return;
    };
    if !at.is_map() {
        *at = Input::empty();
    }
    let Input::Map(entries) = at else { return };
    let key = if head.is_empty() {
        let used = entries.iter().filter_map(|(k, _)| k.parse::<u64>().ok()).max();
        used.map_or(0, |last| last + 1).to_string()
    } else {
        (*head).to_owned()
    };
    let index = entries.iter().position(|(k, _)| *k == key).unwrap_or_else(|| {
        entries.push((key, Input::empty()));
        entries.len() - 1
    });
    insert(&mut entries[index].1, rest, value);
}

/// Parameters from the query and from a JSON or form body; the body wins.
pub(super) fn parameters(request: &Request) -> Result<Input, ApiError> {
    let mut params = parse_form(request.target.split_once('?').map(|(_, query)| query).unwrap_or_default());
    if request.method == Method::Get || request.body.is_empty() {
        return Ok(params);
    }
    let of = request.get_header("content-type").unwrap_or_default().to_lowercase();
    if of.starts_with("application/json") {
        let body: Input = serde_json::from_slice(&request.body)
            .map_err(|_| ApiError::bad("INVALID_REQUEST", "The body is not valid JSON"))?;
        params.merge(body);
    } else if of.is_empty() || of.starts_with("application/x-www-form-urlencoded") {
        params.merge(parse_form(&String::from_utf8_lossy(&request.body)));
    } else {
        return Err(ApiError::bad("INVALID_REQUEST", "This pretend portal reads JSON and urlencoded forms"));
    }
    Ok(params)
}
