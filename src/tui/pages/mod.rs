//! One file a page. Each draws a model into the area it is given; none knows any other.

mod conflict;
mod conflicts;
mod figures;
mod health;
mod journal;
mod orphans;
mod overview;
mod pairs;
mod quarantine;
mod queue;
mod relations;

use ratatui::layout::Rect;

use super::layout;
use super::model::{Model, Page, text};
use super::theme::Role;
use super::widgets::{Pen, Span, below, line};

/// Draws the page.
pub fn draw(pen: &mut Pen<'_>, model: &Model, body: Rect) {
    let (list, detail) = layout::split(model.page, body, model.expanded);
    match model.page {
        Page::Overview => overview::draw(pen, model, body),
        Page::Conflicts => conflicts::draw(pen, model, list, detail),
        Page::Orphans => orphans::draw(pen, model, list, detail),
        Page::Relations => relations::draw(pen, model, body),
        Page::Queue => queue::draw(pen, model, list, detail),
        Page::Journal => journal::draw(pen, model, list, detail),
        Page::Quarantine => quarantine::draw(pen, model, list, detail),
        Page::Pairs => pairs::draw(pen, model, list, detail),
        Page::Health => health::draw(pen, model, body),
    }
    match model.page {
        _ if model.snapshot.is_none() => {}
        // It says how old it is in lines of its own.
        Page::Overview => pen.fade(below(body, overview::lines_of_age(model, body.width))),
        _ => {
            pen.fade(body);
            pen.age(line(body, 0));
        }
    }
}

/// The first key of an action, for a sentence.
fn key(model: &Model, action: super::action::Action) -> String {
    model.keymap.keys_of(action).into_iter().next().unwrap_or_else(|| "(no key)".to_owned())
}

/// Draws the detail under a list: a rule with a heading, then lines that can be scrolled.
fn detail(pen: &mut Pen<'_>, model: &Model, area: Rect, title: &str, lines: &[Span]) {
    let lines: Vec<Vec<Span>> = lines.iter().map(|span| vec![span.clone()]).collect();
    rich(pen, model, area, title, &lines);
}

/// The same, with lines of several pieces.
fn rich(pen: &mut Pen<'_>, model: &Model, area: Rect, title: &str, lines: &[Vec<Span>]) {
    if area.is_empty() {
        return;
    }
    let body = below(area, 1);
    let most = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_sub(body.height);
    let top = model.detail_top.min(most);
    let more = if most > top {
        use super::action::Action::{DetailDown, Open};
        format!(" {} more: {}, or {} ", most - top, key(model, DetailDown), key(model, Open))
    } else {
        String::new()
    };
    headed(pen, model, line(area, 0), title, &more);
    for (row, spans) in (0..body.height).zip(lines.iter().skip(usize::from(top))) {
        pen.spans(line(body, row), spans);
    }
}

/// A rule with a heading, and a hint at its end that the heading makes room for.
fn headed(pen: &mut Pen<'_>, model: &Model, area: Rect, title: &str, hint: &str) {
    let room = usize::from(area.width).saturating_sub(text::width(hint) + 6);
    pen.rule(area, &text::fit(title, room, model.theme.glyphs.ellipsis));
    pen.right(area, &[(Role::Dim, hint.to_owned())]);
}

/// A line with room behind it up to a column.
fn pad(line: &mut Vec<Span>, to: usize) {
    let used: usize = line.iter().map(|(_, text)| text::width(text)).sum();
    line.push((Role::Text, " ".repeat(to.saturating_sub(used))));
}

/// Lines beside others, which begin at the column `at`; those on the left must end before it.
fn beside(left: Vec<Vec<Span>>, right: Vec<Vec<Span>>, at: u16) -> Vec<Vec<Span>> {
    let rows = left.len().max(right.len());
    let mut lines = left;
    lines.resize(rows, Vec::new());
    for (line, more) in lines.iter_mut().zip(right) {
        pad(line, usize::from(at));
        line.extend(more);
    }
    lines
}

/// A stranger's text in lines of `room` cells: all but the first stand behind a gutter.
fn strange(model: &Model, role: Role, indent: &str, value: &str, room: u16) -> Vec<Span> {
    strange_in(model, role, indent, value, room, 400)
}

/// The same in so many lines at most.
fn strange_in(model: &Model, role: Role, indent: &str, value: &str, room: u16, most: usize) -> Vec<Span> {
    let room = usize::from(room).saturating_sub(text::width(indent));
    let lines = text::guttered(value, room, most, (model.theme.glyphs.gutter, model.theme.glyphs.ellipsis));
    lines.into_iter().map(|line| (role, format!("{indent}{line}"))).collect()
}

/// Text in lines of `room` cells, with an indent.
fn wrapped(model: &Model, role: Role, indent: &str, value: &str, room: u16) -> Vec<Span> {
    let room = usize::from(room).saturating_sub(text::width(indent));
    let lines = text::wrap(&text::sanitise(value), room, 400, model.theme.glyphs.ellipsis);
    lines.into_iter().map(|line| (role, format!("{indent}{line}"))).collect()
}
