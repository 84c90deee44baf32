//! Filters, orders and pages of list methods.

use std::cmp::Ordering;

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
    pub find: &'a dyn Fn(&str) -> Option<Field>,
    /// `crm.item.*` refuses unknown names and knows OR groups; the older methods ignore both.
    pub strict: bool,
}

enum Test {
    All(Vec<Test>),
    Any(Vec<Test>),
    One { field: Box<Field>, op: &'static str, wanted: Vec<String> },
}

/// One page of a list.
pub(super) struct Page {
    pub ids: Vec<u64>,
    pub total: u64,
    pub next: Option<u64>,
}

/// Runs `filter`, `order` and `start` of a list method.
pub(super) fn list(world: &World, entity: Entity, params: &Input, names: &Names<'_>) -> Result<Page, ApiError> {
    let nothing = Input::empty();
    let filter = params.get_any(&["filter", "FILTER"]).unwrap_or(&nothing);
    let test = group(filter, names)?;
    let order = order(params.get_any(&["order", "ORDER"]).unwrap_or(&nothing), names)?;
    let mut rows: Vec<&Item> = world.all(entity).filter(|item| test.passes(world, item)).collect();
    rows.sort_by(|a, b| {
        let by = |(field, down): &(Field, bool)| {
            let found = sort_cells(world, field, a, b);
            if *down { found.reverse() } else { found }
        };
        order.iter().map(by).find(|found| found.is_ne()).unwrap_or_else(|| a.id.cmp(&b.id))
    });
    let ids: Vec<u64> = rows.into_iter().map(|item| item.id).collect();
    Ok(page(ids, params))
}

/// Cuts a page out. A negative `start` is the fast mode: no count, no next page.
pub(super) fn page(ids: Vec<u64>, params: &Input) -> Page {
    let start = params.get_any(&["start", "START"]).and_then(Input::int).unwrap_or(0);
    let Ok(from) = usize::try_from(start) else {
        return Page { ids: ids.into_iter().take(PAGE).collect(), total: 0, next: None };
    };
    let total = ids.len();
    let next = (from + PAGE < total).then_some((from + PAGE) as u64);
    Page { ids: ids.into_iter().skip(from).take(PAGE).collect(), total: total as u64, next }
}

fn order(order: &Input, names: &Names<'_>) -> Result<Vec<(Field, bool)>, ApiError> {
    let mut found = Vec::new();
    for (key, direction) in order.entries() {
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

fn group(filter: &Input, names: &Names<'_>) -> Result<Test, ApiError> {
    let mut tests = Vec::new();
    let mut any = false;
    for (key, value) in filter.entries() {
        let numbered = !key.is_empty() && key.chars().all(|c| c.is_ascii_digit());
        if names.strict && key.eq_ignore_ascii_case("logic") {
            any = value.text().is_some_and(|logic| logic.eq_ignore_ascii_case("or"));
        } else if names.strict && numbered && value.is_map() {
            tests.push(group(value, names)?);
        } else {
            let (op, name) = split(key);
            match (names.find)(name) {
                Some(field) => tests.push(Test::One { field: Box::new(field), op, wanted: wanted(value) }),
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

fn wanted(value: &Input) -> Vec<String> {
    match value {
        Input::Map(entries) => entries.iter().filter_map(|(_, v)| v.text()).collect(),
        scalar => scalar.text().into_iter().collect(),
    }
}

fn split(key: &str) -> (&'static str, &str) {
    const OPS: [&str; 15] = ["!=%", "!%=", "!@", "!%", "!=", ">=", "<=", "=%", "%=", "!", ">", "<", "=", "@", "%"];
    OPS.into_iter().find_map(|op| key.strip_prefix(op).map(|name| (op, name))).unwrap_or(("", key))
}

impl Test {
    fn passes(&self, world: &World, item: &Item) -> bool {
        match self {
            Test::All(tests) => tests.iter().all(|test| test.passes(world, item)),
            Test::Any(tests) => tests.iter().any(|test| test.passes(world, item)),
            Test::One { field, op, wanted } => {
                let cells = cells(world, item, field);
                match *op {
                    "" | "=" | "@" => equal(world, field, &cells, wanted),
                    "!" | "!=" | "!@" => !equal(world, field, &cells, wanted),
                    "%" => like(field, &cells, wanted, true),
                    "=%" | "%=" => like(field, &cells, wanted, false),
                    "!%" => !like(field, &cells, wanted, true),
                    "!=%" | "!%=" => !like(field, &cells, wanted, false),
                    op => cells.iter().any(|cell| wanted.iter().any(|w| ranks(world, field, op, cell, w))),
                }
            }
        }
    }
}

fn ranks(world: &World, field: &Field, op: &str, cell: &str, wanted: &str) -> bool {
    compare(world, field, cell, wanted).is_some_and(|found| match op {
        ">" => found.is_gt(),
        ">=" => found.is_ge(),
        "<" => found.is_lt(),
        _ => found.is_le(),
    })
}

fn equal(world: &World, field: &Field, cells: &[String], wanted: &[String]) -> bool {
    wanted.iter().any(|wanted| {
        let link = matches!(field.kind, Kind::Company | Kind::Contact | Kind::Contacts);
        if wanted.is_empty() || (link && wanted == "0") {
            return cells.is_empty();
        }
        cells.iter().any(|cell| compare(world, field, cell, wanted).is_some_and(Ordering::is_eq))
    })
}

fn like(field: &Field, cells: &[String], wanted: &[String], substring: bool) -> bool {
    if matches!(field.kind, Kind::Status(_) | Kind::Stage | Kind::Contact | Kind::Contacts | Kind::Company) {
        return false;
    }
    wanted.iter().any(|wanted| {
        let wanted = wanted.to_lowercase();
        cells.iter().any(|cell| {
            let cell = cell.to_lowercase();
            if substring { cell.contains(&wanted) } else { matches_pattern(&cell, &wanted) }
        })
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

fn sort_cells(world: &World, field: &Field, a: &Item, b: &Item) -> Ordering {
    let (a, b) = (cells(world, a, field), cells(world, b, field));
    match (a.first(), b.first()) {
        (Some(a), Some(b)) => compare(world, field, a, b).unwrap_or(Ordering::Equal),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

/// Compares as the field's column does; text without regard to case, as MySQL's usual collation. None: not comparable.
fn compare(world: &World, field: &Field, cell: &str, wanted: &str) -> Option<Ordering> {
    match field.kind {
        Kind::Integer
        | Kind::Double
        | Kind::User
        | Kind::Company
        | Kind::Contact
        | Kind::Contacts
        | Kind::Category
        | Kind::Enumeration => Some(cell.parse::<Decimal>().ok()?.cmp(&wanted.trim().parse::<Decimal>().ok()?)),
        Kind::Date => Some(cell.cmp(world.clock.read_day(wanted)?.as_str())),
        Kind::DateTime => Some(world.clock.read(cell)?.cmp(&world.clock.read(wanted)?)),
        _ => Some(cell.to_lowercase().cmp(&wanted.to_lowercase())),
    }
}
