//! The strip at the top of every page, and the line of pages below it.

use ratatui::layout::Rect;

use super::{Pen, Span, age, line, shifted};
use crate::control::{Connection, Headroom, Link, Mode, Snapshot};
use crate::model::Side;
use crate::tui::action::Action;
use crate::tui::model::{Model, Page};
use crate::tui::theme::Role;

/// Columns of a workspace's name.
const WORKSPACE: usize = 20;

/// Draws the strip: three lines, or two where there is room for both systems on one.
pub fn header(pen: &mut Pen<'_>, model: &Model, area: Rect) {
    let first = line(area, 0);
    let stale = age::stale(model);
    let mut spans = badge(model);
    spans.extend(marks(model));
    if let Some(stale) = &stale {
        spans.push((Role::Bad, format!(" ! {stale}")));
    }
    let marked: usize = spans.iter().map(|(_, text)| super::width(text)).sum();
    let mut figures = match &model.snapshot {
        None => vec![(Role::Dim, "  waiting for the engine's first look".to_owned())],
        Some(snapshot) => totals(model, snapshot, usize::from(area.width).saturating_sub(marked)),
    };
    fade(&mut figures, stale.is_some());
    spans.extend(figures);
    pen.spans(first, &spans);
    let Some(snapshot) = &model.snapshot else { return };
    let mut crm = side(model, snapshot, Side::Crm);
    let mut notion = side(model, snapshot, Side::Notion);
    fade(&mut crm, stale.is_some());
    fade(&mut notion, stale.is_some());
    if area.height == 2 {
        let half = area.width / 2;
        tight(pen, Rect { width: half.saturating_sub(1), ..line(area, 1) }, &crm);
        tight(pen, shifted(line(area, 1), half), &notion);
    } else {
        tight(pen, line(area, 1), &crm);
        tight(pen, line(area, 2), &notion);
    }
}

/// Writes pieces with less room between them if they do not fit otherwise.
fn tight(pen: &mut Pen<'_>, area: Rect, spans: &[Span]) {
    let wide: usize = spans.iter().map(|(_, text)| super::width(text)).sum();
    if wide <= usize::from(area.width) {
        pen.spans(area, spans);
        return;
    }
    let squeeze = |(role, text): &Span| (*role, format!(" {}", text.trim().trim_start_matches("written ")));
    pen.spans(area, &spans.iter().map(squeeze).collect::<Vec<_>>());
}

/// Figures that are no longer news look so, whatever they say.
fn fade(spans: &mut [Span], stale: bool) {
    if stale {
        spans.iter_mut().for_each(|(role, _)| *role = Role::Dim);
    }
}

/// What is special about this dashboard right now.
fn marks(model: &Model) -> Vec<Span> {
    let mut spans = Vec::new();
    if model.read_only {
        spans.extend([(Role::Text, " ".to_owned()), (Role::Badge, " READ-ONLY ".to_owned())]);
    }
    if let Some(frozen) = &model.frozen {
        let text = format!(" STANDS STILL since {} ", age::clock(model, frozen.since));
        spans.extend([(Role::Text, " ".to_owned()), (Role::Badge, text)]);
    }
    spans
}

fn badge(model: &Model) -> Vec<Span> {
    match model.snapshot.as_ref().map(|snapshot| (snapshot.mode, snapshot.workspace.as_str())) {
        Some((Mode::Demo, _)) => vec![(Role::Badge, " DEMO ".to_owned())],
        Some((Mode::Live, "")) => vec![(Role::Strong, " live ".to_owned())],
        Some((Mode::Live, name)) => {
            let name = super::fit(name, WORKSPACE, model.theme.glyphs.ellipsis);
            vec![(Role::Strong, format!(" live {} ", name.trim_end()))]
        }
        None => vec![(Role::Strong, " crosstie ".to_owned())],
    }
}

/// What waits for people, as far as it fits: what matters less goes first where there is no room.
fn totals(model: &Model, snapshot: &Snapshot, room: usize) -> Vec<Span> {
    let dot = format!(" {} ", model.theme.glyphs.dot);
    let quarantined = snapshot.quarantined.min(snapshot.holds);
    let drift: u64 = snapshot.pairs.iter().map(|pair| pair.drift).sum();
    let counts = [
        (snapshot.conflicts, "conflict", "conflicts"),
        (snapshot.holds - quarantined, "other hold", "other holds"),
        (snapshot.orphans, "orphan", "orphans"),
        (quarantined, "quarantined", "quarantined"),
        (drift, "drift", "drift"),
    ];
    let words = |(count, one, many): &(u64, &str, &str)| format!("{count} {}", if *count == 1 { one } else { many });
    let all: usize = counts.iter().map(|count| super::width(&words(count)) + 3).sum();
    let mut spans = Vec::new();
    for count in counts.iter().filter(|(count, ..)| *count > 0 || all <= room) {
        let role = if count.0 == 0 { Role::Dim } else { Role::Warn };
        spans.push((Role::Dim, if spans.is_empty() { "  ".to_owned() } else { dot.clone() }));
        spans.push((role, words(count)));
    }
    let windows = snapshot.windows;
    let p50 = if windows.count == 0 { "not measured".to_owned() } else { format!("{} ms", windows.p50) };
    let mut used: usize = spans.iter().map(|(_, text)| super::width(text)).sum();
    for text in [format!("{dot}{}", model.who), format!("{dot}window p50 {p50}")] {
        used += super::width(&text);
        if used <= room {
            spans.push((Role::Dim, text));
        }
    }
    spans
}

/// How a connection is, by sign and word.
pub fn link(link: &Link) -> (Role, &'static str) {
    match link {
        Link::Starting => (Role::Dim, ". starting"),
        Link::Up => (Role::Good, "+ up"),
        Link::Troubled { .. } => (Role::Warn, "~ troubled"),
        Link::Down { .. } => (Role::Bad, "x down"),
    }
}

/// Headroom in its own shape: `112 of 180, next 14:03:20`, `38 of 50, 2/s`.
pub fn headroom(model: &Model, headroom: &Headroom) -> String {
    let Some((left, of)) = headroom.left_of() else { return "headroom unknown".to_owned() };
    let then = match (age::gate(model, headroom), headroom) {
        (Some(until), _) => format!(", gated until {}", age::clock(model, until)),
        (None, Headroom::Window { next_release: Some(at), .. }) => format!(", next {}", age::clock(model, *at)),
        (None, Headroom::Bucket { refill_hundredths, .. }) => format!(", {}/s", hundredths(*refill_hundredths)),
        _ => String::new(),
    };
    format!("{left} of {of}{then}")
}

/// `2`, `2.5`, `0.33`.
fn hundredths(hundredths: u32) -> String {
    let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn side(model: &Model, snapshot: &Snapshot, side: Side) -> Vec<Span> {
    let connection: &Connection = snapshot.sides.get(side);
    let name = if connection.name.is_empty() { side.to_string() } else { connection.name.clone() };
    let role = if side == Side::Crm { Role::Crm } else { Role::Notion };
    let (link_role, link) = link(&connection.link);
    let name = super::fit(&name, 14, model.theme.glyphs.ellipsis);
    let mut spans = vec![(role, format!(" {name:<9}")), (link_role, format!(" {link}"))];
    let heard = match connection.last_answer {
        None => (Role::Dim, "  no answer yet".to_owned()),
        Some(last) if age::is_silent(model, side) => (Role::Warn, format!("  ! {}", age::ago(model.now, last))),
        Some(last) => (Role::Text, format!("  {}", age::ago(model.now, last))),
    };
    spans.push(heard);
    let left = connection.headroom.left_of().map_or(0, |(left, _)| left);
    spans.push((
        if left == 0 { Role::Warn } else { Role::Text },
        format!("  {}", headroom(model, &connection.headroom)),
    ));
    let depth = snapshot.queue.get(side);
    spans.push((Role::Text, format!("  queue {}", depth.total())));
    if depth.unknown > 0 {
        spans.push((Role::Warn, format!(" ({} unknown)", depth.unknown)));
    }
    spans.push((Role::Text, format!("  written {}/min", per_minute(snapshot, side, true))));
    spans
}

/// Fields written (or else seen) on a side in the last minute.
pub fn per_minute(snapshot: &Snapshot, side: Side, written: bool) -> u64 {
    let samples = snapshot.series.iter().rev().take(60);
    samples.map(|sample| u64::from(*if written { sample.written } else { sample.seen }.get(side))).sum()
}

/// Draws the line of pages: with whole names where there is room, else with short ones, else without gaps.
pub fn tabs(pen: &mut Pen<'_>, model: &Model, area: Rect) {
    let tabs = |letters: usize, gap: &'static str| -> Vec<(Page, [Span; 4])> {
        let letters = |page| if page == model.page { letters.max(10) } else { letters };
        Page::ALL.into_iter().map(|page| (page, tab(model, page, letters(page), gap))).collect()
    };
    let wide = |tabs: &[(Page, [Span; 4])]| -> usize {
        tabs.iter().flat_map(|(_, spans)| spans).map(|(_, text)| super::width(text)).sum()
    };
    let all = [tabs(usize::MAX, " "), tabs(4, " "), tabs(4, ""), tabs(2, "")];
    let fits = all.iter().find(|tabs| wide(tabs) <= usize::from(area.width)).or(all.last());
    let mut used = 0;
    for (page, spans) in fits.into_iter().flatten() {
        let from = used;
        used += pen.spans(shifted(area, used), spans);
        if *page == model.page {
            pen.tint(Rect { width: used - from, ..shifted(area, from) }, Role::Cursor);
        }
    }
}

fn tab(model: &Model, page: Page, letters: usize, gap: &str) -> [Span; 4] {
    let key = model.keymap.keys_of(opens(page)).into_iter().next().unwrap_or_default();
    let count = model.snapshot.as_ref().and_then(|snapshot| count(snapshot, page)).filter(|count| *count > 0);
    let count = count.map(|count| format!(":{count}")).unwrap_or_default();
    let title: String = page.title().chars().take(letters).collect();
    let role = if page == model.page { Role::Strong } else { Role::Text };
    [(Role::Key, format!(" {key}")), (role, format!(" {title}")), (Role::Warn, count), (Role::Text, gap.to_owned())]
}

/// The action that opens a page.
pub fn opens(page: Page) -> Action {
    match page {
        Page::Overview => Action::PageOverview,
        Page::Conflicts => Action::PageConflicts,
        Page::Orphans => Action::PageOrphans,
        Page::Relations => Action::PageRelations,
        Page::Queue => Action::PageQueue,
        Page::Journal => Action::PageJournal,
        Page::Quarantine => Action::PageQuarantine,
        Page::Pairs => Action::PagePairs,
        Page::Health => Action::PageHealth,
    }
}

fn count(snapshot: &Snapshot, page: Page) -> Option<u64> {
    match page {
        Page::Conflicts => Some(snapshot.conflicts + snapshot.holds),
        Page::Orphans => Some(snapshot.orphans),
        Page::Queue => Some(snapshot.queue.crm.total() + snapshot.queue.notion.total()),
        Page::Quarantine => Some(snapshot.quarantined),
        Page::Overview | Page::Relations | Page::Journal | Page::Pairs | Page::Health => None,
    }
}
