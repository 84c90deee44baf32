//! Where things lie, from the terminal's size alone: both the drawing and the size of the windows that are asked for
//! follow it.

use ratatui::layout::Rect;

use super::model::{Model, Page};

/// The least size that everything fits into.
pub const LEAST: (u16, u16) = (60, 16);

/// From this width on, what stood one above the other stands side by side.
pub const WIDE: u16 = 100;

/// From this width on, the overview has two columns.
pub const TWO_COLUMNS: u16 = 150;

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
        Page::Conflicts => (body.height * 2 / 5).max(7),
        Page::Orphans | Page::Quarantine => body.height / 2,
        Page::Pairs => (body.height * 3 / 5).max(7),
        Page::Queue | Page::Journal => 5.min(body.height / 3),
    };
    let list = Rect { height: body.height - detail, ..body };
    (list, Rect { y: body.y + list.height, height: detail, ..body })
}

/// How many rows of the page's list are visible.
pub fn rows(model: &Model) -> u64 {
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
