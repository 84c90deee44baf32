//! Filters of a query: which rows a data source answers with.

use jiff::{SignedDuration, Timestamp, ToSpan, tz::TimeZone};
use serde_json::{Map, Value as Json, json};

use super::objects::Page;
use super::plain;
use super::refusal::Refused;
use super::schema::{Property, Schema, find};
use super::text::{ARRAY_LIMIT, kind_of};
use super::time::{floor_minute, range};
use super::world::World;

/// What a filter needs besides the row.
pub(super) struct Scope<'a> {
    pub world: &'a World,
    pub schema: &'a Schema,
    pub now: Timestamp,
    /// Whether `last_edited_time` is compared as kept (to the microsecond) and not as shown (floored to the minute).
    /// The reference leaves open which Notion does.
    pub exact: bool,
}

/// A filter that was checked. Nearly every query asks for pages edited since a moment, so that is read once.
pub(super) enum Test<'a> {
    All(Vec<Test<'a>>),
    Any(Vec<Test<'a>>),
    /// The page's `created_time` or `last_edited_time` is not before this moment.
    Since {
        which: &'a str,
        from: Timestamp,
    },
    /// Any other condition.
    Leaf(&'a Map<String, Json>),
}

/// Refuses a filter that Notion would refuse: over two levels of nesting, over 100 members, unknown columns.
pub(super) fn compile<'a>(scope: &Scope<'_>, filter: &'a Json, depth: usize) -> Result<Test<'a>, Refused> {
    let fields = filter.as_object().ok_or_else(|| Refused::body("body.filter", "an object", &kind_of(filter)))?;
    for joint in ["and", "or"] {
        let Some(members) = fields.get(joint) else { continue };
        let path = format!("body.filter.{joint}");
        let members = members.as_array().ok_or_else(|| Refused::body(&path, "an array", &kind_of(members)))?;
        if depth >= 2 {
            return Err(Refused::body(&path, "not present", "a third level of nesting"));
        }
        if members.len() > ARRAY_LIMIT {
            return Err(Refused::too_long(&path, ARRAY_LIMIT, members.len()));
        }
        let tests = members.iter().map(|member| compile(scope, member, depth + 1)).collect::<Result<_, _>>()?;
        return Ok(if joint == "and" { Test::All(tests) } else { Test::Any(tests) });
    }
    // Trying it on no row at all finds unknown columns, kinds and operators.
    leaf(scope, fields, None)?;
    let since = || {
        let which = fields.get("timestamp")?.as_str()?;
        let text = fields.get(which)?.get("on_or_after")?.as_str()?;
        let (from, _) = range(text, SignedDuration::from_millis(1))?;
        Some(Test::Since { which, from })
    };
    Ok(since().unwrap_or(Test::Leaf(fields)))
}

impl Test<'_> {
    /// Whether a row passes.
    pub(super) fn passes(&self, scope: &Scope<'_>, page: &Page) -> bool {
        match self {
            Test::All(tests) => tests.iter().all(|test| test.passes(scope, page)),
            Test::Any(tests) => tests.iter().any(|test| test.passes(scope, page)),
            Test::Since { which, from } => stamp(scope, page, which) >= *from,
            Test::Leaf(fields) => leaf(scope, fields, Some(page)).unwrap_or(false),
        }
    }
}

fn leaf(scope: &Scope<'_>, fields: &Map<String, Json>, page: Option<&Page>) -> Result<bool, Refused> {
    if let Some(which) = fields.get("timestamp").and_then(Json::as_str) {
        let (Some(test), true) = (fields.get(which), matches!(which, "created_time" | "last_edited_time")) else {
            return Err(Refused::body(&format!("body.filter.{which}"), "defined", "undefined"));
        };
        return one(test, |op, want| time_test(scope, page.map(|p| stamp(scope, p, which)), op, want));
    }
    let Some(key) = fields.get("property").and_then(Json::as_str) else {
        return Err(Refused::invalid(
            "body failed validation. Fix one:\nbody.filter.or should be defined, instead was `undefined`.\n\
             body.filter.and should be defined, instead was `undefined`.\n\
             body.filter.property should be defined, instead was `undefined`.",
        ));
    };
    let column = find(scope.schema, key)
        .ok_or_else(|| Refused::invalid(format!("Could not find property with name or id: {key}")))?;
    let Some(test) = fields.get(column.kind.as_str()) else {
        let asked = fields.keys().find(|k| !matches!(k.as_str(), "property" | "type")).map_or("", String::as_str);
        return Err(Refused::invalid(format!("database property {} does not match filter {asked}", column.kind)));
    };
    if let ("created_time" | "last_edited_time", kind) = (column.kind.as_str(), column.kind.as_str()) {
        return one(test, |op, want| time_test(scope, page.map(|p| stamp(scope, p, kind)), op, want));
    }
    let value = page.map(|p| scope.world.value(p, column));
    tested(scope, column, test, value.as_deref())
}

fn stamp(scope: &Scope<'_>, page: &Page, which: &str) -> Timestamp {
    let at = if which == "created_time" { page.created } else { page.edited };
    if scope.exact { at } else { floor_minute(at) }
}

/// Runs the one operator of a test.
fn one(test: &Json, run: impl Fn(&str, &Json) -> Result<bool, Refused>) -> Result<bool, Refused> {
    let fields = test.as_object().ok_or_else(|| Refused::body("body.filter", "an object", &kind_of(test)))?;
    match fields.iter().next() {
        Some((op, want)) if fields.len() == 1 => run(op, want),
        _ => Err(Refused::body("body.filter", "exactly one condition", &fields.len().to_string())),
    }
}

fn unknown(op: &str) -> Refused {
    Refused::body(&format!("body.filter.{op}"), "not present", op)
}

fn tested(scope: &Scope<'_>, column: &Property, test: &Json, value: Option<&Json>) -> Result<bool, Refused> {
    let kind = column.kind.as_str();
    if matches!(kind, "formula" | "rollup") {
        return computed(scope, test, value);
    }
    one(test, |op, want| {
        let absent = Json::Null;
        let value = value.unwrap_or(&absent);
        let shown = plain::of(kind, value);
        let empty = shown.is_null() || shown == "";
        match op {
            "is_empty" => return Ok(empty),
            "is_not_empty" => return Ok(!empty),
            _ => {}
        }
        match kind {
            "title" | "rich_text" | "url" | "email" | "phone_number" => text_test(shown.as_str(), op, want),
            "number" => number_test(value.as_f64(), op, want),
            "unique_id" => number_test(value["number"].as_f64(), op, want),
            "checkbox" => equality(op, value.as_bool().unwrap_or(false) == want.as_bool().unwrap_or(false)),
            "select" | "status" => equality(op, wanted(want).contains(&shown)),
            "multi_select" => {
                membership(op, shown.as_array().is_some_and(|a| wanted(want).iter().any(|w| a.contains(w))))
            }
            "people" | "relation" => {
                let want = if want == "me" { &json!(scope.world.bot) } else { want };
                // The whole relation is searched, not only what a page shows.
                membership(op, shown.as_array().is_some_and(|a| a.iter().any(|id| same_id(id, want))))
            }
            "created_by" | "last_edited_by" => {
                let want = if want == "me" { &json!(scope.world.bot) } else { want };
                membership(op, same_id(&value["id"], want))
            }
            "date" => {
                let at = value["start"].as_str().and_then(super::time::moment);
                date_test(scope, at, op, want, SignedDuration::from_mins(1))
            }
            "verification" => match op {
                "status" => Ok(verified(value) == *want),
                "does_not_equal" => Ok(verified(value) != *want),
                _ => Err(unknown(op)),
            },
            _ => Err(unknown(op)),
        }
    })
}

/// Formulas and rollups hold a typed value; the test names the type.
fn computed(scope: &Scope<'_>, test: &Json, value: Option<&Json>) -> Result<bool, Refused> {
    one(test, |kind, test| {
        let absent = Json::Null;
        let value = value.unwrap_or(&absent);
        let typed = Property {
            id: String::new(),
            name: String::new(),
            description: None,
            kind: match kind {
                "string" => "rich_text".into(),
                other => other.to_owned(),
            },
            config: Json::Null,
        };
        match kind {
            "string" => {
                let shown = super::text::rich(value["string"].as_str().unwrap_or_default());
                tested(scope, &typed, test, Some(&shown))
            }
            "number" | "date" => tested(scope, &typed, test, value.get(kind)),
            "checkbox" => tested(scope, &typed, test, value.get("boolean")),
            "any" | "none" | "every" => {
                let members = value["array"].as_array().map_or(&[][..], Vec::as_slice);
                let mut hits = 0;
                for member in members {
                    hits += usize::from(element(scope, test, member)?);
                }
                Ok(match kind {
                    "any" => hits > 0,
                    "none" => hits == 0,
                    _ => hits == members.len(),
                })
            }
            other => Err(unknown(other)),
        }
    })
}

/// One element of a rollup against a test like `{"rich_text": {"contains": "x"}}`.
fn element(scope: &Scope<'_>, test: &Json, member: &Json) -> Result<bool, Refused> {
    one(test, |kind, test| {
        let column = Property {
            id: String::new(),
            name: String::new(),
            description: None,
            kind: kind.to_owned(),
            config: Json::Null,
        };
        // A title in a rollup is tested as text.
        let value = member.get(kind).or_else(|| member.get("title"));
        tested(scope, &column, test, value)
    })
}

fn verified(value: &Json) -> Json {
    match value["state"].as_str() {
        Some("unverified") | None => json!("none"),
        Some(state) => json!(state),
    }
}

fn wanted(want: &Json) -> Vec<Json> {
    want.as_array().cloned().unwrap_or_else(|| vec![want.clone()])
}

fn same_id(id: &Json, want: &Json) -> bool {
    id.is_string() && want.as_str().and_then(super::ids::uuid).as_deref() == id.as_str()
}

fn equality(op: &str, equal: bool) -> Result<bool, Refused> {
    match op {
        "equals" => Ok(equal),
        "does_not_equal" => Ok(!equal),
        _ => Err(unknown(op)),
    }
}

fn membership(op: &str, inside: bool) -> Result<bool, Refused> {
    match op {
        "contains" => Ok(inside),
        "does_not_contain" => Ok(!inside),
        _ => Err(unknown(op)),
    }
}

/// Parts of texts are found whatever their case (inferred); whole texts are compared exactly.
fn text_test(value: Option<&str>, op: &str, want: &Json) -> Result<bool, Refused> {
    let want = want.as_str().ok_or_else(|| Refused::body("body.filter", "a string", &kind_of(want)))?;
    let value = value.unwrap_or_default();
    let (low, low_want) = (value.to_lowercase(), want.to_lowercase());
    Ok(match op {
        "equals" => value == want,
        "does_not_equal" => value != want,
        "contains" => low.contains(&low_want),
        "does_not_contain" => !low.contains(&low_want),
        "starts_with" => low.starts_with(&low_want),
        "ends_with" => low.ends_with(&low_want),
        _ => return Err(unknown(op)),
    })
}

#[allow(clippy::float_cmp)] // Notion's numbers are doubles and `equals` means the same double.
fn number_test(value: Option<f64>, op: &str, want: &Json) -> Result<bool, Refused> {
    let want = want.as_f64().ok_or_else(|| Refused::body("body.filter", "a number", &kind_of(want)))?;
    let holds = |test: fn(f64, f64) -> bool| value.is_some_and(|value| test(value, want));
    Ok(match op {
        "equals" => holds(|a, b| a == b),
        "does_not_equal" => !holds(|a, b| a == b),
        "greater_than" => holds(|a, b| a > b),
        "less_than" => holds(|a, b| a < b),
        "greater_than_or_equal_to" => holds(|a, b| a >= b),
        "less_than_or_equal_to" => holds(|a, b| a <= b),
        _ => return Err(unknown(op)),
    })
}

fn time_test(scope: &Scope<'_>, at: Option<Timestamp>, op: &str, want: &Json) -> Result<bool, Refused> {
    match op {
        "is_empty" => Ok(false),
        "is_not_empty" => Ok(true),
        // Date-time comparisons are documented as millisecond precision.
        _ => date_test(scope, at, op, want, SignedDuration::from_millis(1)),
    }
}

/// A date against a moment, a day or a span. A date property is kept to the minute, and so is the wanted moment:
/// `equals 18:01:15.377824+01:00` was recorded as finding `18:01:00.000+01:00`.
fn date_test(
    scope: &Scope<'_>,
    at: Option<Timestamp>,
    op: &str,
    want: &Json,
    grain: SignedDuration,
) -> Result<bool, Refused> {
    if let Some((from, to)) = span(scope.now, op) {
        return Ok(at.is_some_and(|at| from <= at && at < to));
    }
    let text =
        want.as_str().ok_or_else(|| Refused::body("body.filter", "a valid ISO 8601 date string", &kind_of(want)))?;
    let day = relative(scope.now, text);
    let Some((from, to)) = range(day.as_deref().unwrap_or(text), grain) else {
        return Err(Refused::body("body.filter", "a valid ISO 8601 date string", &format!("\"{text}\"")));
    };
    let test: fn(Timestamp, Timestamp, Timestamp) -> bool = match op {
        "equals" => |at, from, to| from <= at && at < to,
        "before" => |at, from, _| at < from,
        "after" => |at, _, to| at >= to,
        "on_or_before" => |at, _, to| at < to,
        "on_or_after" => |at, from, _| at >= from,
        _ => return Err(unknown(op)),
    };
    Ok(at.is_some_and(|at| test(at, from, to)))
}

/// Words for a day, counted in UTC.
fn relative(now: Timestamp, word: &str) -> Option<String> {
    let today = now.to_zoned(TimeZone::UTC).date();
    let days = match word {
        "today" => 0.days(),
        "tomorrow" => 1.day(),
        "yesterday" => (-1).days(),
        "one_week_ago" => (-7).days(),
        "one_week_from_now" => 7.days(),
        "one_month_ago" => (-1).months(),
        "one_month_from_now" => 1.month(),
        _ => return None,
    };
    today.checked_add(days).ok().map(|day| day.to_string())
}

/// Spans around now. Weeks begin on Monday here; in Notion that is a setting.
fn span(now: Timestamp, op: &str) -> Option<(Timestamp, Timestamp)> {
    let today = now.to_zoned(TimeZone::UTC).date();
    let weekday = i64::from(today.weekday().to_monday_zero_offset());
    let (from, to) = match op {
        "this_week" => ((-weekday).days(), (7 - weekday).days()),
        "past_week" => ((-7).days(), 1.day()),
        "past_month" => ((-1).months(), 1.day()),
        "past_year" => ((-1).years(), 1.day()),
        "next_week" => (0.days(), 8.days()),
        "next_month" => (0.days(), 1.month()),
        "next_year" => (0.days(), 1.year()),
        _ => return None,
    };
    let at = |step: jiff::Span| {
        let day = today.checked_add(step).ok()?;
        day.to_zoned(TimeZone::UTC).ok().map(|z| z.timestamp())
    };
    Some((at(from)?, at(to)?))
}
