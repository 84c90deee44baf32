//! The overview's figures: headroom, throughput and queues over time, how long things take, and what waits.

use ratatui::layout::Rect;

use crate::control::{Headroom, Link, STEPS, Sample, Snapshot, WindowFigures};
use crate::model::Side;
use crate::tui::action::Action;
use crate::tui::model::{Model, text};
use crate::tui::theme::Role;
use crate::tui::widgets::{Pen, Span, age, below, graph, header, line, shifted};

/// Cells of a row's name, and of its figure at the end.
const ENDS: (u16, u16) = (16, 13);

/// From this width on, the quarter of an hour and the day stand side by side.
const BOTH: u16 = 90;

/// Whether lines are dear.
pub(super) fn is_low(model: &Model) -> bool {
    model.size.1 < 30
}

/// Whether there is room for the most important alone.
fn is_tiny(model: &Model) -> bool {
    model.size.1 < 20
}

/// Headroom, throughput, queue. Returns the area below.
pub(super) fn figures(pen: &mut Pen<'_>, model: &Model, snapshot: &Snapshot, area: Rect) -> Rect {
    if is_tiny(model) {
        // The header tells the headroom; what is left of a very small screen belongs to the pairs.
        return area;
    }
    let mut rest = area;
    // Both bars are equally long, so that they can be compared.
    let texts = Side::BOTH.map(|side| headroom_text(model, &snapshot.sides.get(side).headroom));
    let widest = texts.iter().map(|text| text::width(text)).max().unwrap_or(0).max(20);
    let bar = area.width.saturating_sub(16 + u16::try_from(widest).unwrap_or(u16::MAX)).clamp(8, 40);
    for (side, text) in Side::BOTH.into_iter().zip(&texts) {
        headroom(pen, snapshot, side, line(rest, 0), bar, text);
        rest = below(rest, 1);
    }
    if !is_low(model) {
        rest = below(rest, spans(pen, model, line(rest, 0)));
    }
    let high = height(area);
    for side in Side::BOTH {
        let role = if side == Side::Crm { Role::Crm } else { Role::Notion };
        for (what, written) in [("seen", false), ("written", true)] {
            let pick = |s: &Sample| *if written { &s.written } else { &s.seen }.get(side);
            let minute = format!("{}/min ", header::per_minute(snapshot, side, written));
            let row = Rect { height: high.min(rest.height), ..rest };
            graphs(pen, model, snapshot, row, role, &format!(" {side} {what}"), (&pick, true), &minute);
            rest = below(rest, high);
        }
    }
    for side in Side::BOTH {
        let pick = |s: &Sample| *s.queue.get(side);
        let now = format!("{} ", snapshot.queue.get(side).total());
        let row = Rect { height: high.min(rest.height), ..rest };
        graphs(pen, model, snapshot, row, Role::Text, &format!(" {side} queue"), (&pick, false), &now);
        rest = below(rest, high);
    }
    if high > 1 {
        axis(pen, model, snapshot, line(rest, 0));
        rest = below(rest, 1);
    }
    rest
}

/// Lines of one graph: what is left of a tall screen when everything else has its place.
fn height(area: Rect) -> u16 {
    let others = if area.width >= BOTH && area.height >= 40 { 18 } else { 32 };
    (area.height.saturating_sub(others) / 6).clamp(1, 6)
}

/// Clock times under tall graphs: where they begin, and now.
fn axis(pen: &mut Pen<'_>, model: &Model, snapshot: &Snapshot, area: Rect) {
    let room = Rect { width: area.width.saturating_sub(ENDS.0 + ENDS.1), ..shifted(area, ENDS.0) };
    let mut times = |room: Rect, samples: usize, step: u32| {
        if samples == 0 {
            return;
        }
        let seconds = i64::try_from(samples).unwrap_or(0) * i64::from(step);
        let Ok(from) = snapshot.at.checked_sub(jiff::SignedDuration::from_secs(seconds)) else { return };
        // As far as the graph goes back: it stands at the right. While it is short, only now has its room.
        let cells = usize::from(room.width).max(1);
        let used = samples.div_ceil(samples.div_ceil(cells).max(1)).min(cells);
        let (from, now) = (age::minute(model, from), age::minute(model, snapshot.at));
        if text::width(&from) + 1 + text::width(&now) <= used {
            pen.put(shifted(room, u16::try_from(cells - used).unwrap_or(0)), Role::Dim, &from);
        }
        pen.right(room, &[(Role::Dim, now)]);
    };
    if area.width >= BOTH {
        let (day, quarter) = halves(room);
        times(day, snapshot.day.len(), STEPS.1);
        times(quarter, snapshot.quarter.len(), STEPS.0);
    } else if model.day {
        times(room, snapshot.day.len(), STEPS.1);
    } else {
        times(room, snapshot.quarter.len(), STEPS.0);
    }
}

/// The time that the graphs are about, over them. Returns the lines it took.
fn spans(pen: &mut Pen<'_>, model: &Model, area: Rect) -> u16 {
    let key = model.keymap.keys_of(Action::Span).into_iter().next().unwrap_or_default();
    let room = Rect { width: area.width.saturating_sub(ENDS.0 + ENDS.1), ..shifted(area, ENDS.0) };
    if area.width >= BOTH {
        let (day, quarter) = halves(room);
        pen.put(day, Role::Dim, "24 hours");
        pen.put(quarter, Role::Dim, "15 minutes");
    } else {
        pen.spans(room, &span(model, &key));
    }
    1
}

/// Which span the graphs are about, and the key for the other.
fn span(model: &Model, key: &str) -> [Span; 3] {
    let (what, other) = if model.day { ("24 hours", "15 minutes") } else { ("15 minutes", "24 hours") };
    [(Role::Dim, format!(" {what}; ")), (Role::Key, key.to_owned()), (Role::Dim, format!(" {other} "))]
}

/// Where lines are dear, the span of the graphs stands in the rule below them.
pub(super) fn span_in_rule(pen: &mut Pen<'_>, model: &Model, rule: Rect) {
    if is_low(model) && !is_tiny(model) && rule.width < BOTH {
        let key = model.keymap.keys_of(Action::Span).into_iter().next().unwrap_or_default();
        pen.right(rule, &span(model, &key));
    }
}

fn halves(room: Rect) -> (Rect, Rect) {
    let half = room.width.saturating_sub(2) / 2;
    (Rect { width: half, ..room }, Rect { width: half, ..shifted(room, half + 2) })
}

/// A figure of every sample, and whether samples that share a cell are added up.
type Pick<'p> = (&'p dyn Fn(&Sample) -> u32, bool);

#[allow(clippy::too_many_arguments, reason = "one row of a page, from left to right")]
fn graphs(
    pen: &mut Pen<'_>,
    model: &Model,
    snapshot: &Snapshot,
    row: Rect,
    role: Role,
    name: &str,
    (pick, sums): Pick<'_>,
    figure: &str,
) {
    let series = |samples: &[Sample]| -> Vec<u64> { samples.iter().map(|s| u64::from(pick(s))).collect() };
    pen.put(Rect { width: ENDS.0.min(row.width), height: row.height.min(1), ..row }, role, name);
    let room = Rect { width: row.width.saturating_sub(ENDS.0 + ENDS.1), ..shifted(row, ENDS.0) };
    let mut most = Vec::new();
    if row.width >= BOTH {
        let (day, quarter) = halves(room);
        most.push(graph::bars(pen, day, role, &series(&snapshot.day), sums));
        most.push(graph::bars(pen, quarter, role, &series(&snapshot.quarter), sums));
    } else {
        let samples = if model.day { &snapshot.day } else { &snapshot.quarter };
        most.push(graph::bars(pen, room, role, &series(samples), sums));
    }
    pen.right(line(row, 0), &[(Role::Text, figure.to_owned())]);
    if row.height > 1 {
        let most: Vec<String> = most.iter().map(u64::to_string).collect();
        pen.right(line(row, 1), &[(Role::Dim, format!(" max {} ", most.join(", ")))]);
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

/// Headroom in its own shape, with the ceiling where a lower one than the plan's was learned.
fn headroom_text(model: &Model, headroom: &Headroom) -> String {
    let mut text = format!(" {}", header::headroom(model, headroom));
    if let (Some(most), Some((_, of))) = (headroom.plan_allows(), headroom.left_of()) {
        // The ceiling that was learned is what counts; the plan's says how much was lost.
        text = text.replacen(&format!("of {of}"), &format!("of {of} (plan {most})"), 1);
    }
    if let Headroom::Bucket { operating: Some((method, seconds)), .. } = headroom {
        text.push_str(&format!(", {method}: {seconds} s left"));
    }
    text.push(' ');
    text
}

/// `340 ms`, `1.9 s`.
pub(super) fn lasting(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        _ => format!("{} m {} s", ms / 60_000, ms % 60_000 / 1_000),
    }
}

fn percentiles(name: &str, figures: WindowFigures) -> String {
    if figures.count == 0 {
        return format!("{name}: none measured yet");
    }
    format!("{name}: p50 {}, p95 {}", lasting(figures.p50), lasting(figures.p95))
}

/// How long things take, and what waits for what. Returns the area below.
pub(super) fn waits(pen: &mut Pen<'_>, model: &Model, snapshot: &Snapshot, area: Rect) -> Rect {
    let dot = format!(" {} ", model.theme.glyphs.dot);
    let times = [percentiles("to the other side", snapshot.latency), percentiles("windows", snapshot.windows)];
    let mut rest = area;
    let whole = times.join(&dot);
    // Where there is one line for both and no room, how long changes take is what people ask about.
    let text = if is_tiny(model) && text::width(&whole) + 1 > usize::from(area.width) { &times[0] } else { &whole };
    for text in super::wrapped(model, Role::Dim, " ", text, area.width).into_iter().take(2) {
        pen.put(line(rest, 0), text.0, &text.1);
        rest = below(rest, 1);
    }
    if snapshot.waits.is_empty() {
        return rest;
    }
    // What waits for a person is told above; here is what goes on by itself too.
    let told = |(what, count): &(String, u64)| match what.as_str() {
        // The words are those of a row; only this one is counted.
        "conflict" if *count != 1 => format!("{count} conflicts"),
        what => format!("{count} {what}"),
    };
    let waits: Vec<String> = snapshot.waits.iter().map(told).collect();
    let text = format!("{}waiting: {}", drained(model, snapshot), waits.join(", "));
    for text in
        super::wrapped(model, Role::Dim, " ", &text, area.width).into_iter().take(if is_low(model) { 1 } else { 3 })
    {
        pen.put(line(rest, 0), text.0, &text.1);
        rest = below(rest, 1);
    }
    rest
}

/// Until when writing goes on at the pace so far, where that is longer than a minute.
fn drained(model: &Model, snapshot: &Snapshot) -> String {
    let until = |side: Side| {
        let at = (*snapshot.drained.get(side)).filter(|at| at.as_second() - snapshot.at.as_second() >= 60)?;
        Some(format!("{side} until about {}", age::minute(model, at)))
    };
    let told: Vec<String> = Side::BOTH.into_iter().filter_map(until).collect();
    if told.is_empty() { String::new() } else { format!("writing: {}; ", told.join(", ")) }
}

/// Both connections in words. Returns the area below.
pub(super) fn connections(pen: &mut Pen<'_>, model: &Model, snapshot: &Snapshot, area: Rect) -> Rect {
    let mut rest = area;
    for side in Side::BOTH {
        let connection = snapshot.sides.get(side);
        let (role, word) = header::link(&connection.link);
        let (records, sent, throttled) = (connection.records, connection.requests, connection.throttled);
        let text = format!(": {records} records, {sent} requests, {throttled} refused for pace");
        let breaker = header::breaker(model, connection.breaker);
        let breaker = breaker.unwrap_or_else(|| (Role::Text, "breaker closed".to_owned()));
        let spans: [Span; 5] = [
            (Role::Text, format!(" {} ", connection.name)),
            (role, word.to_owned()),
            (Role::Text, ", ".to_owned()),
            breaker,
            (Role::Text, text),
        ];
        pen.spans(line(rest, 0), &spans);
        rest = below(rest, 1);
        if let Link::Troubled { why } | Link::Down { why } = &connection.link {
            for span in super::strange(model, Role::Warn, "   ", why, rest.width).iter().take(3) {
                pen.put(line(rest, 0), span.0, &span.1);
                rest = below(rest, 1);
            }
        }
    }
    let (ties, relations, hot) = (snapshot.ties, snapshot.relations, snapshot.hot);
    let overwritten = snapshot.possibly_overwritten;
    let text = format!(
        " {ties} ties, {relations} relations, {hot} records still settling, {overwritten} edits possibly overwritten"
    );
    pen.put(line(rest, 0), Role::Dim, &text);
    below(rest, 1)
}

// The words over the graphs are what the wire carries.
const _: () = assert!(STEPS.0 * 90 == 15 * 60 && STEPS.1 * 96 == 24 * 3_600);
