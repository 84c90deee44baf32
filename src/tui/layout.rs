//! Where things lie, from the terminal's size alone: both the drawing and the size of the windows that are asked for
//! follow it.

use ratatui::layout::Rect;

use super::model::{Model, Page};

/// The least size that everything fits into.
pub const LEAST: (u16, u16) = (60, 16);

/// From this width on, what stood one above the other stands side by side.
pub const WIDE: u16 = 100;

/// From this width on, the Relations page has its columns side by side.
pub const LINKER: u16 = 76;

/// From this width on, the overview has two columns.
pub const TWO_COLUMNS: u16 = 150;

/// From this size on, a conflict's detail shows its whole record without being given the page.
pub const ROOMY: (u16, u16) = (TWO_COLUMNS, 40);

/// Whether there is room for more than what was asked for.
pub fn is_roomy((width, height): (u16, u16)) -> bool {
    width >= ROOMY.0 && height >= ROOMY.1
}

/// From this width on, the header takes two lines instead of three.
pub const VERY_WIDE: u16 = 160;

/// The parts of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Areas {
    pub header: Rect,
    pub tabs: Rect,
    pub body: Rect,
    pub status: Rect,
    pub keys: Rect,
}

/// The parts of a screen of this size; `None` if it is too small for them.
pub fn areas((width, height): (u16, u16)) -> Option<Areas> {
    if width < LEAST.0 || height < LEAST.1 {
        return None;
    }
    let header = if width >= VERY_WIDE { 2 } else { 3 };
    let line = |y| Rect::new(0, y, width, 1);
    Some(Areas {
        header: Rect::new(0, 0, width, header),
        tabs: line(header),
        body: Rect::new(0, header + 1, width, height - header - 3),
        status: line(height - 2),
        keys: line(height - 1),
    })
}

/// A page's list, its heading included, and the detail below it.
pub fn split(page: Page, body: Rect, expanded: bool) -> (Rect, Rect) {
    let detail = match page {
        Page::Overview | Page::Relations | Page::Health => 0,
        _ if expanded => body.height.saturating_sub(3),
        // What is shown of a record there is short: the list has the more of a large screen.
        Page::Conflicts if body.width >= ROOMY.0 && body.height >= ROOMY.1 - 5 => (body.height / 3).max(16),
        Page::Conflicts => (body.height * 2 / 5).max(7),
        Page::Orphans | Page::Quarantine => body.height / 2,
        Page::Pairs => (body.height * 3 / 5).max(7),
        Page::Queue | Page::Journal => 5.min(body.height / 3),
    };
    let list = Rect { height: body.height - detail, ..body };
    (list, Rect { y: body.y + list.height, height: detail, ..body })
}

/// The Relations page's owners, and the links of one of them: side by side with a line between, or one above the other.
pub fn columns(body: Rect) -> (Rect, Rect) {
    if body.width >= LINKER {
        let left = (body.width * 2 / 5).min(70);
        let right = Rect { x: body.x + left + 1, width: body.width - left - 1, ..body };
        return (Rect { width: left, ..body }, right);
    }
    let top = body.height / 2;
    let below = top + 1;
    (
        Rect { height: top, ..body },
        Rect { y: body.y + below.min(body.height), height: body.height.saturating_sub(below), ..body },
    )
}

/// How many rows of either are visible.
pub fn column_rows(model: &Model) -> (u64, u64) {
    let rows = |area: Rect| u64::from(area.height.saturating_sub(1)).max(1);
    areas(model.size).map_or((1, 1), |areas| {
        let (owners, links) = columns(areas.body);
        (rows(owners), rows(links))
    })
}

/// How many rows of the page's list are visible.
pub fn rows(model: &Model) -> u64 {
    if model.page == Page::Relations {
        let (owners, links) = column_rows(model);
        return if model.on_links { links } else { owners };
    }
    areas(model.size).map_or(1, |areas| {
        let (list, _) = split(model.page, areas.body, model.expanded);
        u64::from(list.height.saturating_sub(1)).max(1)
    })
}

/// A box of at most this size in the middle of the body.
pub fn middle(areas: &Areas, width: u16, height: u16) -> Rect {
    let body = Rect { y: areas.tabs.y, height: areas.body.height + 1, ..areas.body };
    // A strip of a few cells of the page beside a box would read as a part of the box.
    let width = if width + 16 > body.width { body.width } else { width };
    let height = height.min(body.height);
    Rect::new(body.x + (body.width - width) / 2, body.y + (body.height - height) / 2, width, height)
}
