//! Filters, orders and pages of list methods.

use std::cmp::Ordering;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::Value as Json;

use super::answer::ApiError;
use super::input::Input;
use super::schema::{Entity, Field, Kind};
use super::world::{Item, World};

/// Every list method gives so many rows a page.
pub(super) const PAGE: usize = 50;

/// How a family names fields in filters and orders, and what it says to a name it does not know.
pub(super) struct Names<'a> {
    /// The field of a key, if it may be filtered by.
    pub find: &'a dyn Fn(&str) -> Option<&'a Field>,
    /// `crm.item.*` refuses unknown names and knows OR groups; the older methods ignore both.
    pub strict: bool,
}

enum Test<'a> {
    All(Vec<Test<'a>>),
    Any(Vec<Test<'a>>),
    One { field: &'a Field, op: &'static str, wanted: Vec<Wanted> },
}

/// A value that is looked for: as sent, and as the field's column would hold it, if it can.
struct Wanted {
    text: String,
    key: Option<Key>,
}

/// A value as its column compares it. Text is in lower case: MySQL's usual collation knows no case.
#[derive(Debug, PartialEq, PartialOrd)]
enum Key {
    Number(Decimal),
    Moment(Timestamp),
    Text(String),
}

/// One page of a list.
pub(super) struct Page<T> {
    pub rows: Vec<T>,
    pub total: u64,
    pub next: Option<u64>,
}

/// Runs `filter`, `order` and `start` of a list method.
pub(super) fn list<'a>(
    world: &'a World,
    entity: Entity,
    now: Timestamp,
    params: &Input,
    names: &Names<'a>,
) -> Result<Page<&'a Item>, ApiError> {
    let nothing = Input::empty();
    let filter = params.get_any(&["filter", "FILTER"]).unwrap_or(&nothing);
    let test = group(world, filter, names)?;
    let order = order(params.get_any(&["order", "ORDER"]).unwrap_or(&nothing), names)?;
    let found = world.listed(entity, now).into_iter().filter(|item| test.passes(world, item));
    let with_keys = found.map(|item| {
        let keys = order.iter().map(|(field, _)| keys(world, item, field).into_iter().next());
        (keys.collect::<Vec<_>>(), item)
    });
    let mut rows: Vec<(Vec<Option<Key>>, &Item)> = with_keys.collect();
    rows.sort_by(|(a, a_item), (b, b_item)| {
        for (index, (_, down)) in order.iter().enumerate() {
            let found = a[index].partial_cmp(&b[index]).unwrap_or(Ordering::Equal);
            if found.is_ne() {
                return if *down { found.reverse() } else { found };
            }
        }
        a_item.id.cmp(&b_item.id)
    });
    Ok(page(rows.into_iter().map(|(_, item)| item).collect(), params))
}

/// Cuts a page out. A negative `start` is the fast mode: no count, no next page.
pub(super) fn page<T>(rows: Vec<T>, params: &Input) -> Page<T> {
    let start = params.get_any(&["start", "START"]).and_then(Input::int).unwrap_or(0);
    let Ok(from) = usize::try_from(start) else {
        return Page { rows: rows.into_iter().take(PAGE).collect(), total: 0, next: None };
    };
    let total = rows.len();
    let next = (from + PAGE < total).then_some((from + PAGE) as u64);
    Page { rows: rows.into_iter().skip(from).take(PAGE).collect(), total: total as u64, next }
}

fn order<'a>(order: &Input, names: &Names<'a>) -> Result<Vec<(&'a Field, bool)>, ApiError> {
    let mut found = Vec::new();
    for (key, direction) in order.entries() {
        // Upper-case ID passes where `id` is meant: published clients, Bitrix24's own for Python among them, page through
        // `crm.item.list` that way. No other upper-case name is known to (inferred from those clients).
        let key = if names.strict && key == "ID" { "id" } else { key };
        match (names.find)(key) {
            Some(field) => {
                found.push((field, direction.text().is_some_and(|d| d.eq_ignore_ascii_case("desc"))));
            }
            None if names.strict => {
                let text = format!("Invalid order: field '{key}' is not allowed in order");
                return Err(ApiError::bad("INVALID_ARG_VALUE", text));
            }
            None => {}
        }
    }
    Ok(found)
}

fn group<'a>(world: &World, filter: &Input, names: &Names<'a>) -> Result<Test<'a>, ApiError> {
    let mut tests = Vec::new();
    let mut any = false;
    for (key, value) in filter.entries() {
        let numbered = !key.is_empty() && key.chars().all(|c| c.is_ascii_digit());
        if names.strict && key.eq_ignore_ascii_case("logic") {
            any = value.text().is_some_and(|logic| logic.eq_ignore_ascii_case("or"));
        } else if names.strict && numbered && value.is_map() {
            tests.push(group(world, value, names)?);
        } else {
            let (op, name) = split(key);
            match (names.find)(name) {
                Some(field) if world.unfiltered.as_ref() == Some(&field.name) => {}
                Some(field) => {
                    let wanted = wanted(world, field, value);
                    tests.push(Test::One { field, op, wanted });
                }
                None if names.strict => {
                    let text = format!("Invalid filter: field '{name}' is not allowed in filter");
                    return Err(ApiError::bad("INVALID_ARG_VALUE", text));
                }
                None => {}
            }
        }
    }
    Ok(if any { Test::Any(tests) } else { Test::All(tests) })
}

fn wanted(world: &World, field: &Field, value: &Input) -> Vec<Wanted> {
    let texts: Vec<String> = match value {
        Input::Map(entries) => entries.iter().filter_map(|(_, v)| v.text()).collect(),
        scalar => scalar.text().into_iter().collect(),
    };
    texts.into_iter().map(|text| Wanted { key: key(world, field, &text), text }).collect()
}

fn split(key: &str) -> (&'static str, &str) {
    const OPS: [&str; 15] = ["!=%", "!%=", "!@", "!%", "!=", ">=", "<=", "=%", "%=", "!", ">", "<", "=", "@", "%"];
    OPS.into_iter().find_map(|op| key.strip_prefix(op).map(|name| (op, name))).unwrap_or(("", key))
}

impl Test<'_> {
    fn passes(&self, world: &World, item: &Item) -> bool {
        match self {
            Test::All(tests) => tests.iter().all(|test| test.passes(world, item)),
            Test::Any(tests) => tests.iter().any(|test| test.passes(world, item)),
            Test::One { field, op, wanted } => match *op {
                "" | "=" | "@" => equal(world, item, field, wanted),
                "!" | "!=" | "!@" => !equal(world, item, field, wanted),
                "%" => like(world, item, field, wanted, true),
                "=%" | "%=" => like(world, item, field, wanted, false),
                "!%" => !like(world, item, field, wanted, true),
                "!=%" | "!%=" => !like(world, item, field, wanted, false),
                op => {
                    let bounds: Vec<&Key> = wanted.iter().filter_map(|wanted| wanted.key.as_ref()).collect();
                    keys(world, item, field).iter().any(|key| bounds.iter().any(|bound| ranks(op, key, bound)))
                }
            },
        }
    }
}

fn ranks(op: &str, key: &Key, bound: &Key) -> bool {
    match op {
        ">" => key > bound,
        ">=" => key >= bound,
        "<" => key < bound,
        _ => key <= bound,
    }
}

fn equal(world: &World, item: &Item, field: &Field, wanted: &[Wanted]) -> bool {
    let keys = keys(world, item, field);
    let link = matches!(field.kind, Kind::Company | Kind::Companies | Kind::Contact | Kind::Contacts);
    wanted.iter().any(|wanted| {
        if wanted.text.is_empty() || (link && wanted.text == "0") {
            return keys.is_empty();
        }
        wanted.key.as_ref().is_some_and(|wanted| keys.contains(wanted))
    })
}

fn like(world: &World, item: &Item, field: &Field, wanted: &[Wanted], substring: bool) -> bool {
    if matches!(
        field.kind,
        Kind::Status(_) | Kind::Stage | Kind::Contact | Kind::Contacts | Kind::Company | Kind::Companies
    ) {
        return false;
    }
    let cells: Vec<String> = cells(world, item, field).into_iter().map(|cell| cell.to_lowercase()).collect();
    wanted.iter().any(|wanted| {
        let wanted = wanted.text.to_lowercase();
        cells.iter().any(|cell| if substring { cell.contains(&wanted) } else { matches_pattern(cell, &wanted) })
    })
}

/// SQL's LIKE with `%` alone: the parts between the signs, in order, anchored at both ends.
fn matches_pattern(text: &str, pattern: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('%') else { return text == pattern };
    let Some(mut left) = text.strip_prefix(head) else { return false };
    let (middle, tail) = rest.rsplit_once('%').unwrap_or(("", rest));
    for part in middle.split('%').filter(|part| !part.is_empty()) {
        let Some(at) = left.find(part) else { return false };
        left = &left[at + part.len()..];
    }
    left.ends_with(tail)
}

/// What a filter sees of a field: nothing, one value or several.
fn cells(world: &World, item: &Item, field: &Field) -> Vec<String> {
    if field.kind == Kind::Comm {
        return item.comms_of(&field.name).map(|comm| comm.value.clone()).collect();
    }
    let texts = match world.plain(item, field) {
        Json::Array(list) => list.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        Json::String(text) => vec![text],
        _ => Vec::new(),
    };
    if field.kind == Kind::Boolean {
        // A user field's yes or no is filtered by 1 or 0 alone; Y and N find nothing.
        return texts.into_iter().map(|text| if text == "Y" { "1".into() } else { "0".into() }).collect();
    }
    texts
}

/// The same, ready to be compared. Ids and times skip the way over text: every poll asks for them.
fn keys(world: &World, item: &Item, field: &Field) -> Vec<Key> {
    match field.name.as_str() {
        "ID" => vec![Key::Number(item.id.into())],
        "DATE_MODIFY" => vec![Key::Moment(item.updated)],
        "DATE_CREATE" => vec![Key::Moment(item.created)],
        _ => cells(world, item, field).iter().filter_map(|cell| key(world, field, cell)).collect(),
    }
}

/// A text as the field's column would hold it; none if it cannot.
fn key(world: &World, field: &Field, text: &str) -> Option<Key> {
    match field.kind {
        Kind::Integer
        | Kind::Double
        | Kind::User
        | Kind::Company
        | Kind::Companies
        | Kind::Contact
        | Kind::Contacts
        | Kind::Category
        | Kind::Enumeration => text.trim().parse().ok().map(Key::Number),
        Kind::Date => world.clock.read_day(text).map(Key::Text),
        Kind::DateTime => world.clock.read(text).map(Key::Moment),
        _ => Some(Key::Text(text.to_lowercase())),
    }
}
