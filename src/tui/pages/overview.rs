//! How it all is, and what waits for the operator.

use ratatui::layout::Rect;

use super::{journal, key};
use crate::control::{Headroom, PairState, PairStatus, Sample, Snapshot};
use crate::model::Side;
use crate::tui::action::Action;
use crate::tui::layout::TWO_COLUMNS;
use crate::tui::model::{Model, text};
use crate::tui::theme::Role;
use crate::tui::widgets::table::{Wide, columns};
use crate::tui::widgets::{Pen, Span, age, below, graph, header, line, shifted};

pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, area: Rect) {
    let Some(snapshot) = model.snapshot.clone() else {
        waiting(pen, model, area);
        return;
    };
    let mut top = area;
    for spans in advice(model, &snapshot) {
        pen.spans(line(top, 0), &spans);
        top = below(top, 1);
    }
    if area.width >= TWO_COLUMNS {
        let half = area.width / 2;
        let left = Rect { width: half - 2, ..top };
        let rest = figures(pen, model, &snapshot, left);
        connections(pen, model, &snapshot, rest);
        let rest = pairs(pen, model, &snapshot, shifted(top, half));
        latest(pen, model, &snapshot, rest);
    } else {
        let mut below_figures = figures(pen, model, &snapshot, top);
        if !is_low(model) {
            below_figures = below(connections(pen, model, &snapshot, below_figures), 1);
        }
        let rest = pairs(pen, model, &snapshot, below_figures);
        if is_low(model) {
            pen.right(line(below_figures, 0), &[(Role::Dim, windows(&snapshot).replace(" of our writes", ""))]);
        }
        latest(pen, model, &snapshot, rest);
    }
}

fn waiting(pen: &mut Pen<'_>, model: &Model, area: Rect) {
    let help = key(model, Action::Help);
    let mut lines = vec![
        (Role::Text, String::new()),
        (Role::Strong, "  crosstie keeps a CRM and a Notion workspace in step, field by field.".to_owned()),
        (Role::Text, "  Waiting for the engine's first look at both sides...".to_owned()),
        (Role::Text, String::new()),
        (Role::Dim, format!("  {help} shows the keys. {} leaves.", key(model, Action::Quit))),
    ];
    if let Some(why) = &model.gone {
        lines.insert(2, (Role::Bad, format!("  ! {why}")));
    }
    if !model.note.is_empty() {
        lines.push((Role::Accent, format!("  {}", model.note)));
    }
    pen.lines(area, &lines, 0);
}

/// What waits for the operator and how to get there, in a few lines.
fn advice(model: &Model, snapshot: &Snapshot) -> Vec<Vec<Span>> {
    let mut rows: Vec<Vec<Span>> = Vec::new();
    let mut say = |count: u64, one: &str, many: &str, action: Action| {
        if count > 0 {
            let what = if count == 1 { one.to_owned() } else { format!("{count} {many}") };
            rows.push(vec![(Role::Warn, format!(" ! {what}: press ")), (Role::Key, key(model, action))]);
        }
    };
    let reviews = snapshot.pairs.iter().filter(|pair| matches!(pair.state, PairState::Review { .. })).count() as u64;
    let guarded = snapshot.pairs.iter().filter(|pair| matches!(pair.state, PairState::Guarded { .. })).count() as u64;
    say(snapshot.conflicts, "1 conflict waits for you", "conflicts wait for you", Action::PageConflicts);
    if snapshot.conflicts == 0 {
        say(snapshot.holds, "1 hold waits for you", "holds wait for you", Action::PageConflicts);
    }
    say(snapshot.orphans, "1 orphan waits for you", "orphans wait for you", Action::PageOrphans);
    say(reviews, "1 pair waits for approval", "pairs wait for approval", Action::Approve);
    say(guarded, "1 pair stopped by a guard", "pairs stopped by a guard", Action::Override);
    if is_low(model) {
        // As many to a line as fit.
        let mut packed: Vec<Vec<Span>> = Vec::new();
        for row in rows {
            match packed.last_mut() {
                Some(line) if wide(line) + wide(&row) < usize::from(model.size.0) => {
                    line.push((Role::Text, " ".to_owned()));
                    line.extend(row);
                }
                _ => packed.push(row),
            }
        }
        rows = packed;
    }
    if rows.is_empty() {
        rows.push(vec![(Role::Good, " + Nothing waits for you.".to_owned())]);
    }
    if model.gone.is_some() {
        let quit = key(model, Action::Quit);
        let text =
            format!(" x Nothing here changes any more: {quit} leaves, and a new start looks for the engine again.");
        rows = vec![vec![(Role::Bad, text)]];
    }
    for text in [&model.note, &snapshot.store_note] {
        if !text.is_empty() {
            let lines = super::wrapped(model, Role::Accent, " ", text, model.size.0);
            rows.extend(lines.into_iter().take(2).map(|span| vec![span]));
        }
    }
    rows
}

fn wide(spans: &[Span]) -> usize {
    spans.iter().map(|(_, text)| text::width(text)).sum()
}

/// Headroom, throughput, queue, windows. Returns the area below.
fn figures(pen: &mut Pen<'_>, model: &Model, snapshot: &Snapshot, area: Rect) -> Rect {
    let mut rest = area;
    // Both bars are equally long, so that they can be compared.
    let texts = Side::BOTH.map(|side| headroom_text(model, snapshot, side));
    let widest = texts.iter().map(|text| text::width(text)).max().unwrap_or(0).max(20);
    let bar = area.width.saturating_sub(16 + u16::try_from(widest).unwrap_or(u16::MAX)).clamp(8, 40);
    for (side, text) in Side::BOTH.into_iter().zip(&texts) {
        headroom(pen, snapshot, side, line(rest, 0), bar, text);
        rest = below(rest, 1);
    }
    let series =
        |pick: &dyn Fn(&Sample) -> u32| -> Vec<u64> { snapshot.series.iter().map(|s| u64::from(pick(s))).collect() };
    for side in Side::BOTH {
        let role = if side == Side::Crm { Role::Crm } else { Role::Notion };
        let rows = [
            ("seen", series(&|s| *s.seen.get(side)), header::per_minute(snapshot, side, false)),
            ("written", series(&|s| *s.written.get(side)), header::per_minute(snapshot, side, true)),
        ];
        for (what, samples, minute) in rows {
            let row = line(rest, 0);
            pen.put(Rect { width: 16.min(row.width), ..row }, role, &format!(" {side} {what}"));
            graph::spark(pen, Rect { width: row.width.saturating_sub(29), ..shifted(row, 16) }, role, &samples, true);
            pen.right(row, &[(Role::Text, format!("{minute}/min "))]);
            rest = below(rest, 1);
        }
    }
    for side in Side::BOTH {
        let row = line(rest, 0);
        let samples = series(&|s| *s.queue.get(side));
        pen.put(Rect { width: 16.min(row.width), ..row }, Role::Text, &format!(" {side} queue"));
        graph::spark(
            pen,
            Rect { width: row.width.saturating_sub(29), ..shifted(row, 16) },
            Role::Text,
            &samples,
            false,
        );
        pen.right(row, &[(Role::Text, format!("{} ", snapshot.queue.get(side).total()))]);
        rest = below(rest, 1);
    }
    if is_low(model) && model.size.0 < TWO_COLUMNS {
        return rest;
    }
    pen.put(line(rest, 0), Role::Dim, &windows(snapshot));
    below(rest, 1)
}

/// Whether lines are dear.
fn is_low(model: &Model) -> bool {
    model.size.1 < 30
}

fn windows(snapshot: &Snapshot) -> String {
    let windows = snapshot.windows;
    if windows.count == 0 {
        " windows of our writes: none measured yet ".to_owned()
    } else {
        format!(" windows of our writes: p50 {} ms, p95 {} ms, of {} ", windows.p50, windows.p95, windows.count)
    }
}

fn headroom(pen: &mut Pen<'_>, snapshot: &Snapshot, side: Side, area: Rect, bar: u16, text: &str) {
    let role = if side == Side::Crm { Role::Crm } else { Role::Notion };
    pen.put(Rect { width: 16.min(area.width), ..area }, role, &format!(" {side} left"));
    let Some((left, of)) = snapshot.sides.get(side).headroom.left_of() else {
        pen.put(shifted(area, 16), Role::Dim, text);
        return;
    };
    graph::gauge(pen, Rect { width: bar, ..shifted(area, 16) }, left, of);
    pen.put(shifted(area, 16 + bar), Role::Text, text);
}

fn headroom_text(model: &Model, snapshot: &Snapshot, side: Side) -> String {
    let connection = snapshot.sides.get(side);
    let Some((left, of)) = connection.headroom.left_of() else { return "not known yet".to_owned() };
    let resets = match (age::gate(model, &connection.headroom), &connection.headroom) {
        (Some(until), _) => format!(", gated until {}", age::clock(model, until)),
        (None, Headroom::Window { next_release: Some(at), .. }) => format!(", resets {}", age::clock(model, *at)),
        (None, Headroom::Bucket { refill_hundredths, operating, .. }) => {
            let operating = operating.as_ref().map(|(method, s)| format!(", {method}: {s} s left")).unwrap_or_default();
            format!(", +{}.{:02}/s{operating}", refill_hundredths / 100, refill_hundredths % 100)
        }
        _ => String::new(),
    };
    format!(" {left}/{of}{resets} ")
}

fn connections(pen: &mut Pen<'_>, model: &Model, snapshot: &Snapshot, area: Rect) -> Rect {
    let mut rest = below(area, 1);
    for side in Side::BOTH {
        let connection = snapshot.sides.get(side);
        let (role, word) = header::link(&connection.link);
        let (records, sent, throttled) = (connection.records, connection.requests, connection.throttled);
        let text = format!(": {records} records, {sent} requests, {throttled} refused for pace");
        pen.spans(
            line(rest, 0),
            &[(Role::Text, format!(" {} ", connection.name)), (role, word.to_owned()), (Role::Text, text)],
        );
        rest = below(rest, 1);
        if let crate::control::Link::Troubled { why } | crate::control::Link::Down { why } = &connection.link {
            for span in super::wrapped(model, Role::Warn, "   ", why, rest.width).iter().take(3) {
                pen.put(line(rest, 0), span.0, &span.1);
                rest = below(rest, 1);
            }
        }
    }
    let (ties, relations, hot) = (snapshot.ties, snapshot.relations, snapshot.hot);
    let text = format!(" {ties} ties, {relations} relations, {hot} records still settling");
    pen.put(line(rest, 0), Role::Dim, &text);
    below(rest, 1)
}

fn state(pair: &PairStatus) -> (Role, String) {
    match &pair.state {
        PairState::Listing => (Role::Dim, ". reading everything once".to_owned()),
        PairState::Review { sure, ambiguous, crm_only, notion_only } => (
            Role::Warn,
            format!("! approve? {sure} sure, {ambiguous} ambiguous, {crm_only} CRM only, {notion_only} Notion only"),
        ),
        PairState::Running => (Role::Good, "+ running".to_owned()),
        PairState::Guarded { what, .. } => (Role::Bad, format!("! stopped by a guard: {what}")),
        PairState::Stopped { why } => (Role::Bad, format!("x stopped: {why}")),
    }
}

fn pairs(pen: &mut Pen<'_>, model: &Model, snapshot: &Snapshot, area: Rect) -> Rect {
    let heads = [
        ("pair", Wide::Cells(12)),
        ("ties", Wide::Cells(6)),
        ("drift", Wide::Cells(6)),
        ("looked", Wide::Cells(11)),
        ("", Wide::Share(1)),
    ];
    let rects = columns(shifted(area, 1), &heads);
    pen.rule(line(area, 0), "");
    for (rect, (title, _)) in rects.iter().zip(&heads) {
        let title = if title.is_empty() { String::new() } else { format!("{title} ") };
        pen.put(line(*rect, 0), Role::Dim, &title);
    }
    let mut rest = below(area, 1);
    let most = usize::from((area.height / 2).max(1));
    let at =
        snapshot.pairs.iter().position(|pair| model.pair().is_some_and(|here| here.name == pair.name)).unwrap_or(0);
    let skip = (at + 1).saturating_sub(most);
    for (place, pair) in snapshot.pairs.iter().enumerate().skip(skip).take(most) {
        let row = line(rest, 0);
        if place == at {
            pen.put(row, Role::Strong, model.theme.glyphs.cursor);
        }
        let (role, text) = state(pair);
        let looked = pair.last_cycle.map(|at| age::moment(model, at)).unwrap_or_else(|| "-".to_owned());
        let drift = (if pair.drift > 0 { Role::Warn } else { Role::Dim }, pair.drift.to_string());
        let cells = [
            (Role::Strong, pair.name.to_string()),
            (Role::Text, pair.ties.to_string()),
            drift,
            (Role::Dim, looked),
            (role, text),
        ];
        for (rect, (role, text)) in rects.iter().zip(cells) {
            pen.put(Rect { y: row.y, height: row.height, ..*rect }, role, &text);
        }
        if place == at && snapshot.pairs.len() > 1 {
            pen.tint(Rect { width: 14.min(row.width), ..row }, Role::Cursor);
        }
        rest = below(rest, 1);
        // What the operator has to judge must not be cut.
        let said = state(pair).1;
        let cut = rects.last().is_none_or(|rect| text::width(&said) > usize::from(rect.width));
        if place == at && cut {
            for (role, text) in super::wrapped(model, role, "   ", &said, rest.width).iter().take(3) {
                pen.put(line(rest, 0), *role, text);
                rest = below(rest, 1);
            }
        }
    }
    if snapshot.pairs.is_empty() {
        pen.put(line(rest, 0), Role::Dim, " no pair is configured");
        rest = below(rest, 1);
    }
    rest
}

fn latest(pen: &mut Pen<'_>, model: &Model, snapshot: &Snapshot, area: Rect) {
    pen.rule(line(area, 0), "latest");
    pen.right(line(area, 0), &[(Role::Dim, format!(" {} all ", key(model, Action::PageJournal)))]);
    let mut rest = below(area, 1);
    if snapshot.latest.is_empty() {
        pen.put(line(rest, 0), Role::Dim, " nothing has happened yet");
    }
    let rects = columns(shifted(area, 1), &journal::COLUMNS);
    for row in snapshot.latest.iter().take(usize::from(rest.height)) {
        let at = line(rest, 0);
        for (rect, (role, text)) in rects.iter().zip(journal::cells(model, row)) {
            pen.put(Rect { y: at.y, height: at.height, ..*rect }, role, &text);
        }
        rest = below(rest, 1);
    }
}
