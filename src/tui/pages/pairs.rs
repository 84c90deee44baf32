//! The pairs: their state on the overview, and a page with what each maps, what guards it and how far its listings are.

use ratatui::layout::Rect;

use super::{detail, key, strange, wrapped};
use crate::control::{PairState, PairStatus, Progress, Snapshot};
use crate::model::Side;
use crate::tui::action::Action;
use crate::tui::model::{Model, text};
use crate::tui::theme::Role;
use crate::tui::widgets::table::{Wide, columns};
use crate::tui::widgets::{Pen, Span, age, below, line, shifted};

/// How a pair is, by sign and words.
pub(super) fn state(model: &Model, pair: &PairStatus) -> (Role, String) {
    if let Some(paused) = &pair.paused {
        return (Role::Warn, format!("= paused {paused}"));
    }
    match &pair.state {
        PairState::Listing => {
            let told: Vec<String> = Side::BOTH.iter().filter_map(|side| reading(model, pair, *side)).collect();
            let told = if told.is_empty() { String::new() } else { format!(": {}", told.join(", ")) };
            (Role::Dim, format!(". reading everything once{told}"))
        }
        PairState::Review { .. } => (Role::Warn, format!("! approve? {}", pair.state.counts().unwrap_or_default())),
        PairState::Running => {
            let told: Vec<String> = Side::BOTH.iter().filter_map(|side| reading(model, pair, *side)).collect();
            let told = if told.is_empty() { String::new() } else { format!("; sweep: {}", told.join(", ")) };
            (Role::Good, format!("+ running{told}"))
        }
        PairState::Guarded { what, .. } => (Role::Bad, format!("! stopped by a guard: {what}")),
        PairState::Stopped { why } => (Role::Bad, format!("x stopped: {why}")),
    }
}

/// The same in lines: what a guard found, a side said or somebody wrote wears a gutter where it goes on, and figures do not.
fn told(model: &Model, pair: &PairStatus, indent: &str, room: u16) -> Vec<Span> {
    let (role, said) = state(model, pair);
    let outside = pair.paused.is_some() || matches!(pair.state, PairState::Guarded { .. } | PairState::Stopped { .. });
    if outside { strange(model, role, indent, &said, room) } else { wrapped(model, role, indent, &said, room) }
}

/// How far a listing is: `CRM 1200 of 4000, until 12:03:20`.
fn reading(model: &Model, pair: &PairStatus, side: Side) -> Option<String> {
    let progress: &Progress = pair.sweeping.get(side).as_ref()?;
    let about = if progress.about { "about " } else { "" };
    let of = progress.of.map(|of| format!(" of {about}{of}")).unwrap_or_default();
    let snapshot = model.snapshot.as_ref()?;
    let ends =
        progress.ends(snapshot.at).map(|at| format!(", until {about}{}", age::clock(model, at))).unwrap_or_default();
    Some(format!("{side} {}{of}{ends}", progress.read))
}

/// The pairs as a part of the overview. Returns the area below.
pub(super) fn summary(pen: &mut Pen<'_>, model: &Model, snapshot: &Snapshot, area: Rect) -> Rect {
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
        let (role, said) = state(model, pair);
        let looked = pair.last_cycle.map(|at| age::moment(model, at)).unwrap_or_else(|| "-".to_owned());
        let drift = (if pair.drift > 0 { Role::Warn } else { Role::Dim }, pair.drift.to_string());
        let cells = [
            (Role::Strong, pair.name.to_string()),
            (Role::Text, pair.ties.to_string()),
            drift,
            (Role::Dim, looked),
            (role, said.clone()),
        ];
        for (rect, (role, text)) in rects.iter().zip(cells) {
            pen.put(Rect { y: row.y, height: row.height, ..*rect }, role, &text);
        }
        if place == at && snapshot.pairs.len() > 1 {
            pen.tint(Rect { width: 14.min(row.width), ..row }, Role::Cursor);
        }
        rest = below(rest, 1);
        // What the operator has to judge must not be cut.
        let cut = rects.last().is_none_or(|rect| text::width(&said) > usize::from(rect.width));
        if place == at && cut {
            for (role, text) in told(model, pair, "   ", rest.width).iter().take(3) {
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

/// The page of the pairs: one row each, the cursor's in detail.
pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, list: Rect, below_list: Rect) {
    let Some(snapshot) = model.snapshot.clone() else {
        pen.put(line(list, 1), Role::Dim, "   Waiting for the engine's first look...");
        return;
    };
    summary(pen, model, &snapshot, list);
    let Some(pair) = model.pair() else {
        detail(pen, model, below_list, "", &[]);
        return;
    };
    let mut lines: Vec<Span> = told(model, pair, "", below_list.width);
    let (pause, resume) = (key(model, Action::Pause), key(model, Action::Resume));
    lines.push((
        Role::Accent,
        if pair.paused.is_some() {
            format!("{resume} lets it be written again")
        } else {
            format!("{pause} stops its writes")
        },
    ));
    let swept = pair.last_sweep.map_or_else(|| "never".to_owned(), |at| age::moment(model, at));
    lines.push((
        Role::Dim,
        format!("{} ties; last complete listing {swept}, which found {} missed", pair.ties, pair.drift),
    ));
    let mapping = model.mapping.as_ref().filter(|mapping| mapping.pair == pair.name);
    if let Some(view) = mapping.and_then(|mapping| mapping.view.as_ref()) {
        for (label, text) in &view.facts {
            // How far a guard is from stopping the pair is told in our words and in figures; a name is in the others.
            let tell = if label.starts_with("guard: ") { wrapped } else { strange };
            lines.extend(tell(model, Role::Text, "", &format!("{label}: {text}"), below_list.width));
        }
        lines.push((Role::Text, String::new()));
        let wide = view.fields.iter().map(|field| text::width(&field.crm)).max().unwrap_or(0).clamp(4, 30);
        for field in &view.fields {
            let crm = text::fit(&field.crm, wide, model.theme.glyphs.ellipsis);
            let line =
                format!("{crm:<wide$}  {:<3}  {}  ({}, {})", field.direction, field.notion, field.kind, field.policy);
            lines.push((Role::Dim, line));
        }
    }
    detail(pen, model, below_list, &pair.name.0, &lines);
}
