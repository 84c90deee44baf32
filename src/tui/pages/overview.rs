//! How it all is, and what waits for the operator: advice first, then the figures, the pairs, and what happened last.

use ratatui::layout::Rect;

use super::figures::{connections, figures, is_low, span_in_rule, waits};
use super::{journal, key, pairs};
use crate::control::{Link, PairState, Snapshot};
use crate::model::Side;
use crate::tui::action::Action;
use crate::tui::layout::TWO_COLUMNS;
use crate::tui::model::{Model, text};
use crate::tui::theme::Role;
use crate::tui::widgets::table::columns;
use crate::tui::widgets::{Pen, Span, age, below, line, shifted};

pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, area: Rect) {
    let Some(snapshot) = model.snapshot.clone() else {
        waiting(pen, model, area);
        return;
    };
    let mut top = area;
    for (role, text) in old_news(model, area.width) {
        pen.put(line(top, 0), role, &text);
        top = below(top, 1);
    }
    for spans in advice(model, &snapshot) {
        pen.spans(line(top, 0), &spans);
        top = below(top, 1);
    }
    if area.width >= TWO_COLUMNS {
        let half = area.width / 2;
        let left = Rect { width: half - 2, ..top };
        let rest = figures(pen, model, &snapshot, left);
        let rest = below(waits(pen, model, &snapshot, rest), 1);
        connections(pen, model, &snapshot, rest);
        let rest = pairs::summary(pen, model, &snapshot, shifted(top, half));
        latest(pen, model, &snapshot, rest);
    } else {
        let mut rest = figures(pen, model, &snapshot, top);
        rest = waits(pen, model, &snapshot, rest);
        if !is_low(model) {
            rest = below(connections(pen, model, &snapshot, below(rest, 1)), 1);
        }
        let rule = line(rest, 0);
        let rest = pairs::summary(pen, model, &snapshot, rest);
        span_in_rule(pen, model, rule);
        latest(pen, model, &snapshot, rest);
    }
}

/// That what stands below is no news any more, and what to do then.
fn old_news(model: &Model, width: u16) -> Vec<Span> {
    let Some(old) = age::old(model) else { return Vec::new() };
    let (quit, look) = (key(model, Action::Quit), key(model, Action::Refresh));
    let text = match (&model.gone, model.returns) {
        (Some(_), true) => {
            format!("Nothing here changes until the engine is back, and it is looked for: {quit} leaves.")
        }
        (Some(_), false) => {
            format!("Nothing here changes any more: {quit} leaves, and a new start looks for the engine again.")
        }
        (None, _) => {
            format!("These figures are no news: the engine has said nothing since. {look} asks it to look now.")
        }
    };
    let mut lines = super::wrapped(model, Role::Bad, " ", &format!("x {old}. {text}"), width);
    // The header has no room for all of it on a small screen.
    lines.extend(model.gone.iter().flat_map(|why| super::wrapped(model, Role::Bad, "   ", why, width)));
    lines
}

/// Lines at the top that say how old everything else is.
pub(super) fn lines_of_age(model: &Model, width: u16) -> u16 {
    u16::try_from(old_news(model, width).len()).unwrap_or(0)
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

/// What stops a connection or a pair, with the reason: nothing else matters as long as it stands.
fn stops(model: &Model, snapshot: &Snapshot) -> Vec<Vec<Span>> {
    let mut rows: Vec<Vec<Span>> = Vec::new();
    let most = if is_low(model) { 2 } else { 3 };
    let mut say = |text: &str, key: Option<String>| {
        // Whatever is cut, what the key does is told whole.
        let then = key.map(|key| [(Role::Key, format!("  {key}")), (Role::Warn, " allows it".to_owned())]);
        let wide = model.size.0.saturating_sub(u16::try_from(then.as_ref().map_or(0, |then| wide(then))).unwrap_or(0));
        let lines = super::strange_in(model, Role::Bad, " ", text, wide, most);
        rows.extend(lines.into_iter().map(|span| vec![span]));
        if let (Some(then), Some(last)) = (then, rows.last_mut()) {
            last.extend(then);
        }
    };
    for side in Side::BOTH {
        let connection = snapshot.sides.get(side);
        if let Link::Down { why } = &connection.link {
            say(&format!("x {} is down: {why}", connection.name), None);
        }
    }
    for pair in &snapshot.pairs {
        if let PairState::Stopped { why } = &pair.state {
            say(&format!("x {} is stopped: {why}", pair.name), None);
        }
    }
    for pair in &snapshot.pairs {
        if let PairState::Guarded { what, .. } = &pair.state {
            say(&format!("! {} is stopped by a guard: {what}", pair.name), Some(key(model, Action::Override)));
        }
    }
    rows
}

/// What waits for the operator and how to get there, in a few lines: what stops most comes first.
fn advice(model: &Model, snapshot: &Snapshot) -> Vec<Vec<Span>> {
    let mut rows: Vec<Vec<Span>> = Vec::new();
    let mut say = |count: u64, one: &str, many: &str, action: Action| {
        if count > 0 {
            let what = if count == 1 { one.to_owned() } else { format!("{count} {many}") };
            rows.push(vec![(Role::Warn, format!(" ! {what}: press ")), (Role::Key, key(model, action))]);
        }
    };
    let reviews = snapshot.pairs.iter().filter(|pair| matches!(pair.state, PairState::Review { .. })).count() as u64;
    let paused = snapshot.pairs.iter().filter(|pair| pair.paused.is_some()).count() as u64;
    let guarded = snapshot.pairs.iter().filter(|pair| matches!(pair.state, PairState::Guarded { .. })).count() as u64;
    // What is set aside has a page of its own. As many others as in the header, unless all of them are told above: what guards hold.
    let (quarantined, others) = (snapshot.quarantined, snapshot.other_holds());
    let holds = if others <= guarded { 0 } else { others };
    say(reviews, "1 pair waits for approval", "pairs wait for approval", Action::Approve);
    say(quarantined, "1 record is set aside", "records are set aside", Action::PageQuarantine);
    say(snapshot.conflicts, "1 conflict waits for you", "conflicts wait for you", Action::PageConflicts);
    say(holds, "1 other hold waits for you", "other holds wait for you", Action::PageConflicts);
    say(snapshot.orphans, "1 orphan waits for you", "orphans wait for you", Action::PageOrphans);
    let overwritten = snapshot.possibly_overwritten;
    say(overwritten, "1 edit was possibly overwritten", "edits were possibly overwritten", Action::PageJournal);
    say(paused, "1 pair is paused", "pairs are paused", Action::PagePairs);
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
    let mut first = stops(model, snapshot);
    first.append(&mut rows);
    let mut rows = first;
    if rows.is_empty() {
        rows.push(vec![(Role::Good, " + Nothing waits for you.".to_owned())]);
    }
    if model.gone.is_some() {
        // Nothing can be done about any of it from here.
        rows.clear();
    }
    // Whoever relies on notices must hear of it here that none come.
    let unsent = snapshot.sinks.iter().filter(|sink| !sink.trouble.is_empty());
    let unsent: Vec<String> = unsent.map(|sink| format!("notices by {}: {}", sink.name, sink.trouble)).collect();
    let mut lines: Vec<Vec<Span>> = Vec::new();
    if !model.note.is_empty() {
        lines.push(super::wrapped(model, Role::Accent, " ", &model.note, model.size.0));
    }
    for text in [&snapshot.store_note].into_iter().chain(&unsent).filter(|text| !text.is_empty()) {
        lines.push(super::strange(model, Role::Accent, " ", text, model.size.0));
    }
    rows.extend(lines.into_iter().flat_map(|lines| lines.into_iter().take(2)).map(|span| vec![span]));
    rows
}

fn wide(spans: &[Span]) -> usize {
    spans.iter().map(|(_, text)| text::width(text)).sum()
}

fn latest(pen: &mut Pen<'_>, model: &Model, snapshot: &Snapshot, area: Rect) {
    if area.height < 2 {
        return;
    }
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
