//! The strip at the top of every page, and the line of pages below it.

use ratatui::layout::Rect;

use super::parts::{Part, fitted};
use super::{Pen, Span, age, line, shifted, width};
use crate::control::{Breaker, Connection, Headroom, Link, Mode, Snapshot};
use crate::model::Side;
use crate::tui::action::Action;
use crate::tui::model::{Model, Page};
use crate::tui::theme::Role;

/// Columns of a workspace's name.
const WORKSPACE: usize = 20;

/// Draws the strip: three lines, or two where there is room for both systems on one.
pub fn header(pen: &mut Pen<'_>, model: &Model, area: Rect) {
    let stale = age::is_stale(model);
    let mut parts = marks(model, area.width);
    match &model.snapshot {
        None => parts.push(Part::new(5, Role::Dim, "  waiting for the engine's first look").or("  waiting")),
        Some(snapshot) => parts.extend(totals(model, snapshot).into_iter().map(|part| faded(part, stale))),
    }
    let dot = format!(" {} ", model.theme.glyphs.dot);
    pen.spans(line(area, 0), &fitted(&parts, usize::from(area.width), ("  ", &dot)));
    let Some(snapshot) = &model.snapshot else { return };
    let mut one = |side: Side, area: Rect| {
        let room = usize::from(area.width);
        // With some room between the parts, if all of them fit so.
        let wide: Vec<Span> = parts_of(model, snapshot, side, "  ").into_iter().flat_map(longest).collect();
        let mut spans = if wide.iter().map(|(_, text)| width(text)).sum::<usize>() <= room {
            wide
        } else {
            fitted(&parts_of(model, snapshot, side, " "), room, ("", ""))
        };
        if stale {
            spans.iter_mut().for_each(|(role, _)| *role = Role::Dim);
        }
        pen.spans(area, &spans);
    };
    if area.height == 2 {
        let half = area.width / 2;
        one(Side::Crm, Rect { width: half.saturating_sub(1), ..line(area, 1) });
        one(Side::Notion, shifted(line(area, 1), half));
    } else {
        one(Side::Crm, line(area, 1));
        one(Side::Notion, line(area, 2));
    }
}

fn longest(part: Part) -> Vec<Span> {
    part.forms.into_iter().next().unwrap_or_default()
}

/// Figures that are no longer news look so, whatever they say.
fn faded(mut part: Part, stale: bool) -> Part {
    if stale {
        part.forms.iter_mut().flatten().for_each(|(role, _)| *role = Role::Dim);
    }
    part
}

/// What is watched, what is special about this dashboard right now, and whether what it shows can be believed.
fn marks(model: &Model, width: u16) -> Vec<Part> {
    let mut parts = vec![badge(model)];
    let mut mark = |texts: &[String]| {
        let form = |text: &String| vec![(Role::Text, " ".to_owned()), (Role::Badge, text.clone())];
        let forms = texts.iter().map(form).collect();
        parts.push(Part { forms, rank: 1, joined: false, extra: false });
    };
    if model.read_only {
        mark(&[" READ-ONLY ".to_owned()]);
    }
    if let Some(frozen) = &model.frozen {
        let since = age::clock(model, frozen.since);
        mark(&[format!(" STANDS STILL since {since} "), " STANDS STILL ".to_owned(), " STILL ".to_owned()]);
    }
    if let Some(why) = age::stale(model) {
        // A reason can do without its later clauses, and a short one matters more than figures that are old.
        let word = age::old(model).unwrap_or_default();
        let ends = why.match_indices([';', ':']).map(|(at, _)| at).filter(|at| *at > word.len());
        let clauses: Vec<&str> = ends.filter_map(|at| why.get(..at)).collect();
        let mut part = Part::new(0, Role::Bad, format!(" ! {why}"));
        for clause in clauses.iter().rev() {
            part = part.or(format!(" ! {clause}"));
        }
        if super::width(clauses.first().unwrap_or(&why.as_str())) * 2 > usize::from(width) {
            part = part.or(format!(" ! {word}"));
        }
        parts.push(part);
    }
    parts
}

fn badge(model: &Model) -> Part {
    match model.snapshot.as_ref().map(|snapshot| (snapshot.mode, snapshot.workspace.as_str())) {
        Some((Mode::Demo, _)) => Part::new(0, Role::Badge, " DEMO "),
        Some((Mode::Live, name)) => {
            let name = super::fit(name, WORKSPACE, model.theme.glyphs.ellipsis);
            let word = if model.gone.is_some() { "crosstie" } else { "live" };
            Part::new(0, Role::Strong, format!(" {} ", format!("{word} {}", name.trim_end()).trim_end()))
        }
        None => Part::new(0, Role::Strong, " crosstie "),
    }
}

/// What waits for people.
fn totals(model: &Model, snapshot: &Snapshot) -> Vec<Part> {
    let drift: u64 = snapshot.pairs.iter().map(|pair| pair.drift).sum();
    // Their places, and how much each matters: a decision that is missing before a record that lies aside.
    let counts = [
        (2, snapshot.conflicts, "conflict", "conflicts", ""),
        (3, snapshot.other_holds(), "other hold", "other holds", "hold"),
        (4, snapshot.orphans, "orphan", "orphans", ""),
        (5, snapshot.quarantined, "quarantined", "quarantined", "aside"),
        (6, drift, "drift", "drift", ""),
    ];
    let mut parts: Vec<Part> = counts
        .into_iter()
        .map(|(rank, count, one, many, short)| {
            let word = if count == 1 { one } else { many };
            let role = if count == 0 { Role::Dim } else { Role::Warn };
            let part = Part::new(rank, role, format!("{count} {word}")).joined();
            let part = if short.is_empty() {
                part
            } else {
                let end = if count == 1 || short == "aside" { "" } else { "s" };
                part.or(format!("{count} {short}{end}"))
            };
            // That there is none of something is told where there is room.
            if count == 0 { part.extra() } else { part }
        })
        .collect();
    let windows = snapshot.windows;
    let p50 = if windows.count == 0 { "not measured".to_owned() } else { format!("{} ms", windows.p50) };
    parts.push(Part::new(7, Role::Dim, model.who.clone()).joined().extra());
    parts.push(Part::new(8, Role::Dim, format!("window p50 {p50}")).joined().extra());
    parts
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

/// Whether a connection lets requests through, where it does not: when one tries it next.
pub fn breaker(model: &Model, breaker: Breaker) -> Option<(Role, String)> {
    match breaker {
        Breaker::Closed => None,
        Breaker::Open { until } => Some((Role::Bad, format!("breaker open until {}", age::clock(model, until)))),
        Breaker::HalfOpen => Some((Role::Warn, "breaker half open".to_owned())),
    }
}

/// What is told of a connection, each part behind so much room: how it is comes first and goes last.
fn parts_of(model: &Model, snapshot: &Snapshot, side: Side, gap: &str) -> Vec<Part> {
    let connection: &Connection = snapshot.sides.get(side);
    let name = if connection.name.is_empty() { side.to_string() } else { connection.name.clone() };
    let role = if side == Side::Crm { Role::Crm } else { Role::Notion };
    let (link_role, link) = link(&connection.link);
    // Of what is no news nobody knows whether it is so still.
    let link = match model.gone {
        Some(_) => format!("? was {}", link.get(2..).unwrap_or_default()),
        None => link.to_owned(),
    };
    let name = super::fit(&name, 14, model.theme.glyphs.ellipsis);
    let loose = gap.len() > 1;
    let mut parts = vec![
        Part::new(0, role, if loose { format!(" {name:<9}") } else { format!(" {name}") }),
        Part::new(0, link_role, format!(" {link}")),
    ];
    if let Some((role, text)) = breaker(model, connection.breaker) {
        parts.push(
            Part::new(1, role, format!("{gap}{text}"))
                .or(format!("{gap}{}", text.replace(" until", "")))
                .or(format!("{gap}{}", text.split(" until").next().unwrap_or_default())),
        );
    }
    parts.extend(match connection.last_answer {
        // What has just been so is no news for all that.
        _ if model.gone.is_some() => None,
        None => Some(Part::new(6, Role::Dim, format!("{gap}no answer yet"))),
        Some(last) if age::is_silent(model, side) => {
            Some(Part::new(2, Role::Warn, format!("{gap}! {}", age::ago(model.now, last))))
        }
        Some(last) => Some(Part::new(6, Role::Text, format!("{gap}{}", age::ago(model.now, last)))),
    });
    let left = connection.headroom.left_of().map_or(0, |(left, _)| left);
    let role = if left == 0 { Role::Warn } else { Role::Text };
    let room = headroom(model, &connection.headroom);
    let mut part = Part::new(5, role, format!("{gap}{room}"));
    if age::gate(model, &connection.headroom).is_some() {
        part = part.or(format!("{gap}{}", room.replace(" until", "")));
    }
    parts.push(part.or(format!("{gap}{}", room.split(',').next().unwrap_or_default())));
    let depth = snapshot.queue.get(side);
    let queue = (Role::Text, format!("{gap}queue {}", depth.total()));
    let mut part = Part { forms: vec![vec![queue]], rank: 4, joined: false, extra: false };
    if depth.unknown > 0 {
        part.rank = 3;
        part.forms.iter_mut().for_each(|form| form.push((Role::Warn, format!(" ({} unknown)", depth.unknown))));
        part.forms.push(vec![(Role::Warn, format!("{gap}{} unknown", depth.unknown))]);
    }
    parts.push(part);
    let written = per_minute(snapshot, side, true);
    parts.push(Part::new(7, Role::Text, format!("{gap}{}{written}/min", if loose { "written " } else { "" })));
    parts
}

/// Fields written (or else seen) on a side in the last minute.
pub fn per_minute(snapshot: &Snapshot, side: Side, written: bool) -> u64 {
    let samples = snapshot.series.iter().rev().take(60);
    samples.map(|sample| u64::from(*if written { sample.written } else { sample.seen }.get(side))).sum()
}

/// Draws the line of pages: with whole names where there is room, else with short ones, else only with the names of this page
/// and of those on which something waits.
pub fn tabs(pen: &mut Pen<'_>, model: &Model, area: Rect) {
    let tabs = |letters: usize, gap: &'static str| -> Vec<[Span; 4]> {
        let letters = |page| if page == model.page { letters.max(10) } else { letters };
        Page::ALL.into_iter().map(|page| tab(model, page, letters(page), gap)).collect()
    };
    let wide = |tab: &[Span; 4]| -> usize { tab.iter().map(|(_, text)| width(text)).sum() };
    let all = [tabs(usize::MAX, " "), tabs(4, " "), tabs(4, "")];
    let room = usize::from(area.width);
    let drawn = match all.into_iter().find(|tabs| tabs.iter().map(wide).sum::<usize>() <= room) {
        Some(tabs) => tabs,
        None => sparse(model, room),
    };
    let mut used = 0;
    for (page, spans) in Page::ALL.into_iter().zip(drawn) {
        let from = used;
        used += pen.spans(shifted(area, used), &spans);
        if page == model.page {
            pen.tint(Rect { width: used - from, ..shifted(area, from) }, Role::Cursor);
        }
    }
}

/// Every page by its key, and as many whole names as fit: this page's, then those of pages with a count, then the others.
fn sparse(model: &Model, room: usize) -> Vec<[Span; 4]> {
    let bare = |page| tab(model, page, 0, "");
    let named = |page| tab(model, page, usize::MAX, "");
    let mut drawn: Vec<[Span; 4]> = Page::ALL.into_iter().map(bare).collect();
    let mut order: Vec<(usize, Page)> = Page::ALL.into_iter().enumerate().collect();
    let counted = |page| model.snapshot.as_ref().and_then(|it| count(it, page)).is_some_and(|count| count > 0);
    order.sort_by_key(|(_, page)| (*page != model.page, !counted(*page)));
    let wide = |tabs: &[[Span; 4]]| -> usize { tabs.iter().flatten().map(|(_, text)| width(text)).sum() };
    for (at, page) in order {
        let bare = std::mem::replace(&mut drawn[at], named(page));
        if wide(&drawn) > room {
            drawn[at] = bare;
        }
    }
    drawn
}

/// A page's key, its name or so many letters of it, and how much waits there.
fn tab(model: &Model, page: Page, letters: usize, gap: &str) -> [Span; 4] {
    let key = model.keymap.keys_of(opens(page)).into_iter().next().unwrap_or_default();
    let count = model.snapshot.as_ref().and_then(|snapshot| count(snapshot, page)).filter(|count| *count > 0);
    let count = count.map(|count| format!(":{count}")).unwrap_or_default();
    let title: String = page.title().chars().take(letters).collect();
    let title = if title.is_empty() { title } else { format!(" {title}") };
    let role = if page == model.page { Role::Strong } else { Role::Text };
    let counts = if age::is_stale(model) { Role::Dim } else { Role::Warn };
    [(Role::Key, format!(" {key}")), (role, title), (counts, count), (Role::Text, gap.to_owned())]
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
