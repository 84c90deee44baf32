//! Both sides side by side, pair by pair: what each holds, what is tied, and what does not add up.

use ratatui::layout::Rect;

use crate::control::{Breaker, Connection, PairStatus, Snapshot};
use crate::model::Side;
use crate::tui::layout::TWO_COLUMNS;
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::widgets::table::{Wide, columns};
use crate::tui::widgets::{Pen, Span, age, below, header, line, shifted};

/// One row: what is compared, both sides, and how it is meant.
type Row = (String, Span, Span, Span);

/// Cells of what is compared.
const NAME: u16 = 20;

/// Cells of a side's figure: one of a pair, and one of a connection where there is room for more than a number.
const SIDE: (u16, u16) = (11, 34);

/// From this width on, two pairs stand side by side, each with room for what is said of it.
const TWO_PAIRS: u16 = TWO_COLUMNS;

pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, area: Rect) {
    let Some(snapshot) = model.snapshot.clone() else {
        pen.put(line(area, 1), Role::Dim, "   Waiting for the engine's first look...");
        return;
    };
    let wide = area.width >= TWO_PAIRS;
    let connections = connections(model, &snapshot, wide);
    let pairs: Vec<Vec<Row>> = snapshot.pairs.iter().map(|pair| compared(model, pair, wide)).collect();
    let at = model.pair().and_then(|here| snapshot.pairs.iter().position(|pair| pair.name == here.name)).unwrap_or(0);
    heads(pen, area, if wide { SIDE.1 } else { SIDE.0 });
    let body = below(area, 1);
    let height = usize::from(body.height);
    if !wide {
        let rows: Vec<(Option<usize>, Row)> = connections
            .into_iter()
            .map(|row| (None, row))
            .chain(
                pairs
                    .into_iter()
                    .enumerate()
                    .flat_map(|(place, rows)| rows.into_iter().map(move |row| (Some(place), row))),
            )
            .collect();
        // The pair under the cursor is on screen whatever stands above it.
        let first = rows.iter().position(|(place, _)| *place == Some(at)).unwrap_or(0);
        let block = rows.iter().filter(|(place, _)| *place == Some(at)).count();
        let top = (first + block).saturating_sub(height).min(first);
        let rows: Vec<(bool, Row)> = rows.into_iter().skip(top).map(|(place, row)| (place == Some(at), row)).collect();
        return table(pen, body, SIDE.0, &rows);
    }
    table(pen, body, SIDE.1, &connections.iter().map(|row| (false, row.clone())).collect::<Vec<_>>());
    let rest = below(body, u16::try_from(connections.len() + 1).unwrap_or(u16::MAX));
    // Two beside each other, as many lines of them as fit; that of the pair under the cursor is among them.
    let tall = pairs.iter().map(Vec::len).max().unwrap_or(0) + 1;
    let lines = ((usize::from(rest.height) + 1) / tall).max(1);
    let skipped = (at / 2 + 1).saturating_sub(lines);
    let half = rest.width / 2;
    for (place, rows) in pairs.into_iter().enumerate().skip(skipped * 2).take(lines * 2) {
        let down = u16::try_from((place / 2 - skipped) * tall).unwrap_or(u16::MAX);
        let column = if place % 2 == 0 { Rect { width: half - 1, ..rest } } else { shifted(rest, half) };
        let rows: Vec<(bool, Row)> = rows.into_iter().map(|row| (place == at, row)).collect();
        table(pen, below(column, down), SIDE.0, &rows);
    }
}

fn rects(area: Rect, side: u16) -> Vec<Rect> {
    columns(
        area,
        &[("", Wide::Cells(NAME)), ("CRM", Wide::Cells(side)), ("Notion", Wide::Cells(side)), ("", Wide::Share(1))],
    )
}

fn heads(pen: &mut Pen<'_>, area: Rect, side: u16) {
    pen.rule(line(area, 0), "");
    for (rect, title) in rects(area, side).iter().skip(1).zip(["CRM ", "Notion "]) {
        pen.put(line(*rect, 0), Role::Dim, title);
    }
}

/// Rows from the top of an area, each with whether its pair is the one under the cursor.
fn table(pen: &mut Pen<'_>, area: Rect, side: u16, rows: &[(bool, Row)]) {
    let rects = rects(area, side);
    for (row, (here, (name, crm, notion, said))) in (0..area.height).zip(rows) {
        let title = !name.starts_with(' ');
        let first = (if title { Role::Strong } else { Role::Text }, name.clone());
        for (rect, (role, text)) in rects.iter().zip([first, crm.clone(), notion.clone(), said.clone()]) {
            pen.put(Rect { y: area.y + row, height: 1, ..*rect }, role, &text);
        }
        if title && *here {
            pen.tint(Rect { width: rects.first().map_or(0, |rect| rect.width), ..line(area, row) }, Role::Cursor);
        }
    }
}

/// Both connections; with more of them where there is room for more than a word.
fn connections(model: &Model, snapshot: &Snapshot, wide: bool) -> Vec<Row> {
    let none = || (Role::Dim, String::new());
    let both = |name: &str, tell: &dyn Fn(Side, &Connection) -> Span| {
        let of = |side: Side| tell(side, snapshot.sides.get(side));
        (name.to_owned(), of(Side::Crm), of(Side::Notion), none())
    };
    let count = |count: u64| (Role::Text, count.to_string());
    let mut rows = vec![both("connections", &|_, connection| {
        let (role, word) = header::link(&connection.link);
        let text = if wide { format!("{word}: {}", connection.name) } else { word.to_owned() };
        (role, text)
    })];
    rows.push(both("  breaker", &|_, connection| match (connection.breaker, wide) {
        (Breaker::Closed, _) => (Role::Good, "+ closed".to_owned()),
        (Breaker::Open { until }, true) => (Role::Bad, format!("x open, tries again at {}", age::clock(model, until))),
        (Breaker::Open { .. }, false) => (Role::Bad, "x open".to_owned()),
        (Breaker::HalfOpen, _) => (Role::Warn, "~ half open".to_owned()),
    }));
    rows.push(both("  last answer", &|_, connection| {
        let told = connection.last_answer.map_or_else(|| "never".to_owned(), |last| age::ago(model.now, last));
        (Role::Text, told)
    }));
    if wide {
        rows.push(both("  requests left", &|_, connection| {
            let left = connection.headroom.left_of().map_or(0, |(left, _)| left);
            (if left == 0 { Role::Warn } else { Role::Text }, header::headroom(model, &connection.headroom))
        }));
        rows.push(both("  queue", &|side, _| {
            let depth = snapshot.queue.get(side);
            let unknown =
                if depth.unknown > 0 { format!(", {} of them unknown", depth.unknown) } else { String::new() };
            (if depth.unknown > 0 { Role::Warn } else { Role::Text }, format!("{}{unknown}", depth.total()))
        }));
        rows.push(both("  records", &|_, connection| count(connection.records)));
        rows.push(both("  fields written", &|side, _| count(*snapshot.written.get(side))));
    }
    rows.push(both("  requests", &|_, connection| count(connection.requests)));
    rows.push(both("  refused for pace", &|_, connection| count(connection.throttled)));
    if !snapshot.sinks.is_empty() {
        rows.push(("notices".to_owned(), none(), none(), none()));
    }
    rows.extend(snapshot.sinks.iter().map(|sink| {
        let said = match (sink.trouble.as_str(), sink.off) {
            ("", _) => (Role::Good, format!("+ {} went out", sink.sent)),
            (why, true) => (Role::Bad, format!("x off: {why}")),
            (why, false) => (Role::Warn, format!("! {why}")),
        };
        let (role, text) = said;
        (format!("  {}", sink.name), none(), none(), (role, format!("{text}{}", sink.not_taken())))
    }));
    rows
}

/// A pair; with the sides named over its figures where it does not stand below the heading.
fn compared(model: &Model, pair: &PairStatus, named: bool) -> Vec<Row> {
    let number = |count: u64| (Role::Text, count.to_string());
    let none = || (Role::Dim, String::new());
    let side = |side: Side| (Role::Dim, if named { side.to_string() } else { String::new() });
    let untied = |side: Side| pair.records.get(side).saturating_sub(pair.ties);
    let verdict = |bad: bool, good: &str, text: String| {
        if bad { (Role::Warn, format!("! {text}")) } else { (Role::Good, format!("+ {good}")) }
    };
    let orphans = pair.orphans.crm + pair.orphans.notion;
    let swept = pair.last_sweep.map_or_else(|| "never".to_owned(), |at| age::moment(model, at));
    // Untied records that the pair's rules would have given a counterpart; those that wait for a person are told of below.
    let lacking =
        |side: Side| if *pair.creates.get(side) { untied(side).saturating_sub(*pair.orphans.get(side)) } else { 0 };
    let lacking = lacking(Side::Crm) + lacking(Side::Notion);
    let apart = pair.records.crm.abs_diff(pair.records.notion);
    // What waits as an orphan is no rule's doing.
    let waiting = |side: Side| *pair.orphans.get(side);
    let by_rules = |side: Side| untied(side).saturating_sub(waiting(side));
    let as_meant = match apart {
        0 => "as many on both".to_owned(),
        apart if orphans > 0 && by_rules(Side::Crm) == by_rules(Side::Notion) => {
            format!("{apart} apart, {}", if apart == 1 { "an orphan that waits" } else { "orphans that wait" })
        }
        apart if waiting(Side::Crm) != waiting(Side::Notion) => format!("{apart} apart, by its rules and orphans"),
        apart => format!("{apart} apart, by its rules"),
    };
    vec![
        (pair.name.to_string(), side(Side::Crm), side(Side::Notion), super::pairs::state(model, pair)),
        (
            "  records".to_owned(),
            number(pair.records.crm),
            number(pair.records.notion),
            verdict(lacking > 0, &as_meant, few(lacking, "has", "have", "no counterpart yet")),
        ),
        ("  tied".to_owned(), number(pair.ties), number(pair.ties), none()),
        (
            "  untied".to_owned(),
            number(untied(Side::Crm)),
            number(untied(Side::Notion)),
            verdict(orphans > 0, "none waits for you", few(orphans, "waits", "wait", "for you as orphans")),
        ),
        ("  orphans".to_owned(), number(pair.orphans.crm), number(pair.orphans.notion), none()),
        (
            "  held".to_owned(),
            none(),
            none(),
            verdict(
                pair.held > 0,
                "nothing is held",
                few(pair.held, "field, record or plan is", "fields, records or plans are", "held"),
            ),
        ),
        (
            "  drift".to_owned(),
            none(),
            none(),
            verdict(pair.drift > 0, &format!("none at {swept}"), format!("{} missed until {swept}", pair.drift)),
        ),
    ]
}

/// A number of things and what is so of them.
fn few(count: u64, one: &str, several: &str, rest: &str) -> String {
    format!("{count} {} {rest}", if count == 1 { one } else { several })
}
