//! A list as rows and columns. Only what is visible is looked at; widths come from the room, never from the rows.

use ratatui::layout::Rect;

use super::{Pen, Span, below, line, shifted};
use crate::tui::model::{Listing, Row, text, text::wrap};
use crate::tui::theme::Role;

/// How wide a column is.
#[derive(Debug, Clone, Copy)]
pub enum Wide {
    /// So many cells.
    Cells(u16),
    /// A share of what is left.
    Share(u16),
}

/// A column: its heading and its width.
pub type Column = (&'static str, Wide);

/// Where columns start and how wide they are: one cell between them.
pub fn columns(area: Rect, columns: &[Column]) -> Vec<Rect> {
    let gaps = u16::try_from(columns.len().saturating_sub(1)).unwrap_or(0);
    let fixed: u16 = columns.iter().map(|(_, wide)| if let Wide::Cells(cells) = wide { *cells } else { 0 }).sum();
    let shares: u16 = columns.iter().map(|(_, wide)| if let Wide::Share(share) = wide { *share } else { 0 }).sum();
    let room = area.width.saturating_sub(fixed + gaps);
    let divided: u16 = columns
        .iter()
        .map(|(_, wide)| if let Wide::Share(share) = wide { room * share / shares.max(1) } else { 0 })
        .sum();
    // What is left over goes cell by cell to the first ones.
    let mut over = if shares > 0 { room - divided } else { 0 };
    let mut at = 0;
    let mut rects = Vec::with_capacity(columns.len());
    for (_, wide) in columns {
        let cells = match wide {
            Wide::Cells(cells) => *cells,
            Wide::Share(share) => {
                let more = over.min(1);
                over -= more;
                room * share / shares.max(1) + more
            }
        };
        let rest = shifted(area, at);
        rects.push(Rect { width: cells.min(rest.width), ..rest });
        at = at.saturating_add(cells + 1);
    }
    rects
}

/// What a list is called and what it says when it is empty.
pub struct Words<'a> {
    /// What its rows are: `conflicts`.
    pub rows: &'a str,
    /// What it means that there are none, and what to do next.
    pub empty: &'a [String],
    /// The filter is on screen already, as the text of a search.
    pub searched: bool,
}

/// Draws a list: a line of headings, then the visible rows.
pub fn table<R: Row>(
    pen: &mut Pen<'_>,
    area: Rect,
    list: &Listing<R>,
    heads: &[Column],
    words: &Words<'_>,
    cells: impl Fn(&R) -> Vec<Span>,
) {
    column(pen, area, list, heads, words, true, cells);
}

/// The same, as one of several on a page: keys go to the active one, and the other only shows where its cursor is.
pub fn column<R: Row>(
    pen: &mut Pen<'_>,
    area: Rect,
    list: &Listing<R>,
    heads: &[Column],
    words: &Words<'_>,
    active: bool,
    cells: impl Fn(&R) -> Vec<Span>,
) {
    if area.is_empty() {
        return;
    }
    let body = below(area, 1);
    let inner = shifted(area, 3);
    let rects = columns(inner, heads);
    let total = list.total.unwrap_or(0);
    let place = if total == 0 { String::new() } else { format!(" {}/{total} ", list.at + 1) };
    let filter = list.filter.text();
    let shown = if filter.is_empty() || words.searched { String::new() } else { format!(" /{filter} ") };
    let failed = if list.failed.is_some() { " ! not up to date " } else { "" };
    let marked = if list.marks.is_empty() { String::new() } else { format!(" {} marked ", list.marks.len()) };
    let order = list.ordered.words();
    let order = if order.is_empty() { String::new() } else { format!(" {order} ") };
    let mut spans = vec![
        (Role::Bad, failed.to_owned()),
        (Role::Mark, marked),
        (Role::Accent, shown),
        (Role::Accent, order),
        (Role::Dim, place),
    ];
    if area.right() == pen.buf.area.right() {
        spans.push(pen.room_for_age());
    }
    let taken = pen.right(line(area, 0), &spans);
    // A heading of which only a piece would be left says nothing.
    let end = area.right().saturating_sub(taken);
    for (rect, (title, _)) in rects.iter().zip(heads) {
        if usize::from(rect.x) + text::width(title) <= usize::from(end) {
            pen.put(line(*rect, 0), Role::Dim, title);
        }
    }
    if total == 0 {
        empty(pen, body, list, words, &filter);
        return;
    }
    for row in 0..body.height {
        let place = list.top + u64::from(row);
        if place >= total {
            break;
        }
        let at = line(body, row);
        let here = place == list.at;
        if here {
            pen.put(at, if active { Role::Strong } else { Role::Dim }, pen.theme.glyphs.cursor);
        }
        match list.row(place) {
            None => {
                pen.put(shifted(at, 3), Role::Dim, "...");
            }
            Some(item) => {
                if list.marks.contains_key(&item.id()) {
                    pen.put(shifted(at, 1), Role::Mark, pen.theme.glyphs.mark);
                } else if list.in_range(place) {
                    pen.put(shifted(at, 1), Role::Mark, "+");
                }
                for (rect, (role, text)) in rects.iter().zip(cells(item)) {
                    pen.put(Rect { y: at.y, height: 1, ..*rect }, role, &text);
                }
            }
        }
        if here && active {
            pen.tint(at, Role::Cursor);
        }
    }
}

fn empty<R: Row>(pen: &mut Pen<'_>, area: Rect, list: &Listing<R>, words: &Words<'_>, filter: &str) {
    let mut lines: Vec<Span> = vec![(Role::Text, String::new())];
    let (room, ellipsis) = (usize::from(area.width).saturating_sub(3), pen.theme.glyphs.ellipsis);
    let told = |text: &str| wrap(text, room, 5, ellipsis).into_iter().map(|line| (Role::Text, format!("   {line}")));
    if let Some(why) = &list.failed {
        let why = format!("The {} cannot be shown: {why}", words.rows);
        let wrapped = wrap(&why, usize::from(area.width).saturating_sub(4), 5, pen.theme.glyphs.ellipsis);
        lines.extend(wrapped.into_iter().map(|line| (Role::Bad, format!("   {line}"))));
    } else if list.total.is_none() {
        lines.push((Role::Dim, format!("   Asking the engine for its {}...", words.rows)));
    } else if !filter.is_empty() && !words.searched {
        lines.extend(told(&format!("No {} contain this text. Escape clears the filter.", words.rows)));
    } else {
        lines.extend(words.empty.iter().flat_map(|text| told(text)));
    }
    pen.lines(area, &lines, 0);
}
