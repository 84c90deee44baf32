//! Draws a model. Changes nothing, asks nobody.

use ratatui::{buffer::Buffer, layout::Rect};

use super::layout;
use super::model::{Model, PopupBody};
use super::pages;
use super::popup::{confirm, edit, help, palette, picker, roles, which};
use super::theme::Role;
use super::widgets::{Pen, age, footer, header, line, shifted};

/// Draws everything into `buf`, which is as large as the model's size says or smaller. Returns where the terminal's own
/// caret belongs, if a text of one line is being typed.
pub fn view(model: &Model, buf: &mut Buffer) -> Option<(u16, u16)> {
    let area = buf.area;
    let pen = &mut Pen { buf, theme: &model.theme, old: age::old(model) };
    pen.wipe(area);
    let size = (model.size.0.min(area.width), model.size.1.min(area.height));
    let Some(areas) = layout::areas(size) else {
        too_small(pen, area);
        return None;
    };
    header::header(pen, model, areas.header);
    header::tabs(pen, model, areas.tabs);
    pages::draw(pen, model, areas.body);
    let mut caret = footer::status(pen, model, areas.status);
    footer::keys(pen, model, areas.keys);
    for popup in &model.popups {
        // Only the innermost of them matters; the others would shine through its edges.
        if !std::ptr::eq(popup, model.popups.last().unwrap_or(popup)) {
            continue;
        }
        match &popup.body {
            PopupBody::Confirm(body) => confirm::draw(pen, model, &areas, body, popup.armed(model.ms)),
            PopupBody::Edit(body) => edit::draw(pen, model, &areas, body),
            PopupBody::Picker(body) => caret = picker::draw(pen, model, &areas, body),
            PopupBody::Roles(body) => caret = roles::draw(pen, model, &areas, body),
            PopupBody::Palette(body) => caret = palette::draw(pen, model, &areas, body),
            PopupBody::Help(text) => help::help(pen, model, &areas, text),
            PopupBody::Notice(text) => help::notice(pen, model, &areas, text),
        }
    }
    if !model.prefix.is_empty() {
        which::draw(pen, model, &areas);
    }
    caret
}

fn too_small(pen: &mut Pen<'_>, area: Rect) {
    let text = format!("now {}x{}, need {}x{}", area.width, area.height, layout::LEAST.0, layout::LEAST.1);
    let wide = u16::try_from(text.len()).unwrap_or(area.width).min(area.width);
    pen.put(shifted(line(area, area.height / 2), (area.width - wide) / 2), Role::Text, &text);
}
