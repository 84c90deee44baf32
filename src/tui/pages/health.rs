//! Both sides side by side, pair by pair: what each holds, what is tied, and what does not add up.

use ratatui::layout::Rect;

use crate::control::{PairStatus, Snapshot};
use crate::model::Side;
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::widgets::table::{Wide, columns};
use crate::tui::widgets::{Pen, Span, age, below, header, line};

/// One row: what is compared, both sides, and how it is meant.
type Row = (String, Span, Span, Span);

pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, area: Rect) {
    let Some(snapshot) = model.snapshot.clone() else {
        pen.put(line(area, 1), Role::Dim, "   Waiting for the engine's first look...");
        return;
    };
    let heads = [("", Wide::Cells(20)), ("CRM", Wide::Cells(11)), ("Notion", Wide::Cells(11)), ("", Wide::Share(1))];
    let rects = columns(area, &heads);
    pen.rule(line(area, 0), "");
    for (rect, (title, _)) in rects.iter().zip(&heads) {
        let title = if title.is_empty() { String::new() } else { format!("{title} ") };
        pen.put(line(*rect, 0), Role::Dim, &title);
    }
    let mut rows = connections(model, &snapshot);
    for pair in &snapshot.pairs {
        rows.extend(compared(model, pair));
    }
    // The pair under the cursor is on screen whatever stands above it.
    let here = model.pair().map(|pair| pair.name.to_string()).unwrap_or_default();
    let at = rows.iter().position(|(name, ..)| *name == here).unwrap_or(0);
    let height = usize::from(area.height.saturating_sub(1));
    let block = model.pair().map_or(0, |pair| compared(model, pair).len());
    let top = (at + block).saturating_sub(height).min(at);
    let body = below(area, 1);
    for (row, (name, crm, notion, said)) in (0..body.height).zip(rows.iter().skip(top)) {
        let title = !name.starts_with(' ');
        let first = (if title { Role::Strong } else { Role::Text }, name.clone());
        for (rect, (role, text)) in rects.iter().zip([first, crm.clone(), notion.clone(), said.clone()]) {
            pen.put(Rect { y: body.y + row, height: 1, ..*rect }, role, &text);
        }
        if title && *name == here {
            pen.tint(Rect { width: rects.first().map_or(0, |rect| rect.width), ..line(body, row) }, Role::Cursor);
        }
    }
}

fn connections(model: &Model, snapshot: &Snapshot) -> Vec<Row> {
    let of = |side: Side| header::link(&snapshot.sides.get(side).link);
    let word = |side: Side| (of(side).0, of(side).1.to_owned());
    let heard = |side: Side| {
        let last = snapshot.sides.get(side).last_answer;
        (Role::Text, last.map_or_else(|| "never".to_owned(), |last| age::ago(model.now, last)))
    };
    let count = |side: Side, pick: fn(&crate::control::Connection) -> u64| {
        (Role::Text, pick(snapshot.sides.get(side)).to_string())
    };
    let none = || (Role::Dim, String::new());
    let mut rows = vec![
        ("connections".to_owned(), word(Side::Crm), word(Side::Notion), none()),
        ("  last answer".to_owned(), heard(Side::Crm), heard(Side::Notion), none()),
        ("  requests".to_owned(), count(Side::Crm, |c| c.requests), count(Side::Notion, |c| c.requests), none()),
        (
            "  refused for pace".to_owned(),
            count(Side::Crm, |c| c.throttled),
            count(Side::Notion, |c| c.throttled),
            none(),
        ),
    ];
    if !snapshot.sinks.is_empty() {
        rows.push(("notices".to_owned(), none(), none(), none()));
    }
    rows.extend(snapshot.sinks.iter().map(|sink| {
        let said = match (sink.trouble.as_str(), sink.off) {
            ("", _) => (Role::Good, format!("+ {} went out", sink.sent)),
            (why, true) => (Role::Bad, format!("x off: {why}")),
            (why, false) => (Role::Warn, format!("! {why}")),
        };
        (format!("  {}", sink.name), none(), none(), said)
    }));
    rows
}

fn compared(model: &Model, pair: &PairStatus) -> Vec<Row> {
    let number = |count: u64| (Role::Text, count.to_string());
    let none = || (Role::Dim, String::new());
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
    let as_meant = match apart {
        0 => "as many on both".to_owned(),
        apart => format!("{apart} apart, by its rules"),
    };
    vec![
        (pair.name.to_string(), none(), none(), super::pairs::state(model, pair)),
        (
            "  records".to_owned(),
            number(pair.records.crm),
            number(pair.records.notion),
            verdict(lacking > 0, &as_meant, format!("{lacking} have no counterpart yet")),
        ),
        ("  tied".to_owned(), number(pair.ties), number(pair.ties), none()),
        (
            "  untied".to_owned(),
            number(untied(Side::Crm)),
            number(untied(Side::Notion)),
            verdict(orphans > 0, "none waits for you", format!("{orphans} wait for you as orphans")),
        ),
        ("  orphans".to_owned(), number(pair.orphans.crm), number(pair.orphans.notion), none()),
        (
            "  held".to_owned(),
            none(),
            none(),
            verdict(pair.held > 0, "nothing is held", format!("{} fields, records or plans are held", pair.held)),
        ),
        (
            "  drift".to_owned(),
            none(),
            none(),
            verdict(pair.drift > 0, &format!("none at {swept}"), format!("{} missed until {swept}", pair.drift)),
        ),
    ]
}
