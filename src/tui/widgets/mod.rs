//! Pieces that several pages draw. Everything goes through [`Pen`], which cuts every text to its room and sanitises it
//! once more: no other code here touches a buffer's cells.

pub mod age;
pub mod footer;
pub mod graph;
pub mod header;
pub mod parts;
pub mod table;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use super::model::text::{fit, one_line, width};
use super::theme::{Role, Theme};

/// A piece of text with its role.
pub type Span = (Role, String);

/// Draws into a buffer, inside the given areas only.
pub struct Pen<'a> {
    /// The buffer.
    pub buf: &'a mut Buffer,
    /// How things look.
    pub theme: &'a Theme,
    /// How old what is drawn is, if it is no news any more: `OLD 3 m`, `NOT LIVE`.
    pub old: Option<String>,
}

/// Cells of a sign of age, with the room around it.
fn sign_of(old: &str) -> String {
    format!(" ! {old} ")
}

impl Pen<'_> {
    /// Writes one line of text at the start of `area`; returns the cells used.
    pub fn put(&mut self, area: Rect, role: Role, text: &str) -> u16 {
        self.styled(area, self.theme.style(role), text)
    }

    fn styled(&mut self, area: Rect, style: Style, text: &str) -> u16 {
        let area = area.intersection(self.buf.area);
        if area.is_empty() {
            return 0;
        }
        let text = one_line(text, self.theme.glyphs.newline);
        let text = fit(&text, usize::from(area.width), self.theme.glyphs.ellipsis);
        let used = u16::try_from(width(&text)).unwrap_or(area.width);
        // A heading is written over its rule, and a style that names no colour would keep the rule's.
        let style = Style::reset().patch(style);
        self.buf.set_stringn(area.x, area.y, text, usize::from(area.width), style);
        used
    }

    /// Writes pieces one after the other on one line; returns the cells used.
    pub fn spans(&mut self, area: Rect, spans: &[Span]) -> u16 {
        let mut used = 0;
        for (role, text) in spans {
            used += self.put(shifted(area, used), *role, text);
        }
        used
    }

    /// Writes pieces at the right end of one line; returns the cells used.
    pub fn right(&mut self, area: Rect, spans: &[Span]) -> u16 {
        let wide: usize = spans.iter().map(|(_, text)| width(text)).sum();
        let wide = u16::try_from(wide).unwrap_or(u16::MAX).min(area.width);
        self.spans(shifted(area, area.width - wide), spans)
    }

    /// Lines from the top of `area`, from the `top`th on.
    pub fn lines(&mut self, area: Rect, lines: &[Span], top: u16) {
        for (row, (role, text)) in (0..area.height).zip(lines.iter().skip(usize::from(top))) {
            self.put(line(area, row), *role, text);
        }
    }

    /// Lays a style over what is there.
    pub fn tint(&mut self, area: Rect, role: Role) {
        let style = self.theme.style(role);
        self.buf.set_style(area.intersection(self.buf.area), style);
    }

    /// What stands at the end of a line leaves so much room for the sign of age.
    pub fn room_for_age(&self) -> Span {
        let wide = self.old.as_ref().map_or(0, |old| width(&sign_of(old)));
        (Role::Text, " ".repeat(wide))
    }

    /// The sign of age at the end of a line.
    pub fn age(&mut self, area: Rect) {
        if let Some(old) = &self.old {
            let sign = sign_of(old);
            self.right(area, &[(Role::Bad, sign)]);
        }
    }

    /// Lets an area look like old news, if it is: nothing in it has a colour of its own any more. What is reversed or underlined
    /// stays so.
    pub fn fade(&mut self, area: Rect) {
        if self.old.is_none() {
            return;
        }
        let dim = self.theme.style(Role::Dim);
        let area = area.intersection(self.buf.area);
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                if let Some(cell) = self.buf.cell_mut((x, y)).filter(|cell| cell.bg == Color::Reset) {
                    let kept = cell.modifier & (Modifier::REVERSED | Modifier::UNDERLINED);
                    cell.fg = dim.fg.unwrap_or(Color::Reset);
                    cell.modifier = kept | dim.add_modifier;
                }
            }
        }
    }

    /// Empties an area.
    pub fn wipe(&mut self, area: Rect) {
        let area = area.intersection(self.buf.area);
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                if let Some(cell) = self.buf.cell_mut((x, y)) {
                    cell.reset();
                }
            }
        }
    }

    /// A line across, with a heading in it.
    pub fn rule(&mut self, area: Rect, title: &str) {
        let horizontal = self.theme.glyphs.horizontal.repeat(usize::from(area.width));
        self.put(area, Role::Border, &horizontal);
        if !title.is_empty() {
            self.put(
                Rect { width: area.width.saturating_sub(4), ..shifted(area, 2) },
                Role::Accent,
                &format!(" {title} "),
            );
        }
    }

    /// An empty box with a heading; returns its inside.
    pub fn frame(&mut self, area: Rect, title: &str) -> Rect {
        self.wipe(area);
        if area.width < 2 || area.height < 2 {
            return Rect { width: 0, height: 0, ..area };
        }
        let glyphs = self.theme.glyphs.clone();
        let across = glyphs.horizontal.repeat(usize::from(area.width) - 2);
        let [top_left, top_right, bottom_left, bottom_right] = glyphs.corners;
        self.put(line(area, 0), Role::Border, &format!("{top_left}{across}{top_right}"));
        self.put(line(area, area.height - 1), Role::Border, &format!("{bottom_left}{across}{bottom_right}"));
        for row in 1..area.height - 1 {
            self.put(line(area, row), Role::Border, glyphs.vertical);
            self.put(shifted(line(area, row), area.width - 1), Role::Border, glyphs.vertical);
        }
        self.put(
            Rect { width: area.width.saturating_sub(4), ..shifted(line(area, 0), 2) },
            Role::Strong,
            &format!(" {title} "),
        );
        Rect { x: area.x + 1, y: area.y + 1, width: area.width - 2, height: area.height - 2 }
    }
}

/// The rest of an area after its first cells.
pub fn shifted(area: Rect, by: u16) -> Rect {
    let by = by.min(area.width);
    Rect { x: area.x + by, width: area.width - by, ..area }
}

/// One line of an area; empty if there is none.
pub fn line(area: Rect, row: u16) -> Rect {
    let height = u16::from(row < area.height);
    Rect { y: area.y.saturating_add(row.min(area.height)), height, ..area }
}

/// The rest of an area below its first lines.
pub fn below(area: Rect, rows: u16) -> Rect {
    let rows = rows.min(area.height);
    Rect { y: area.y + rows, height: area.height - rows, ..area }
}
