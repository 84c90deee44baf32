//! Gauges and sparklines: never without their figures in text.

use ratatui::layout::Rect;

use super::{Pen, line, shifted};
use crate::tui::theme::Role;

/// Draws samples, oldest first, into one line: several seconds share a cell if they must; the newest stands right.
pub fn spark(pen: &mut Pen<'_>, area: Rect, role: Role, samples: &[u64], sums: bool) {
    let cells = usize::from(area.width);
    if cells == 0 || samples.is_empty() {
        return;
    }
    bars(pen, Rect { height: area.height.min(1), ..area }, role, samples, sums);
}

/// A value for each cell, the newest first: chunks are counted from there, so that a cell keeps its seconds while it moves
/// left.
fn chunked(samples: &[u64], cells: usize, sums: bool) -> Vec<u64> {
    let per = samples.len().div_ceil(cells.max(1)).max(1);
    let chunk = |chunk: &[u64]| if sums { chunk.iter().sum() } else { chunk.iter().copied().max().unwrap_or(0) };
    samples.rchunks(per).map(chunk).collect()
}

/// How high a value stands, in eighths of a line. By the square root: the first matching writes a hundred times as much as a
/// quiet minute, which would otherwise look like nothing. Something is never drawn as nothing.
fn eighths(value: u64, most: u64, lines: u64) -> u64 {
    let full = 8 * lines;
    if value == 0 { 0 } else { (value * full * full / most).isqrt().clamp(1, full) }
}

/// Draws samples as [`spark`] does, over several lines. Returns the most that one cell stands for.
pub fn bars(pen: &mut Pen<'_>, area: Rect, role: Role, samples: &[u64], sums: bool) -> u64 {
    let (cells, height) = (usize::from(area.width), u64::from(area.height));
    if cells == 0 || height == 0 || samples.is_empty() {
        return 0;
    }
    let values = chunked(samples, cells, sums);
    let most = values.iter().copied().max().unwrap_or(0);
    let glyphs = pen.theme.glyphs.bars;
    let from = u16::try_from(cells - values.len().min(cells)).unwrap_or(0);
    for row in 0..area.height {
        let under = 8 * u64::from(area.height - 1 - row);
        let text: String = values
            .iter()
            .rev()
            .map(|value| {
                let part = eighths(*value, most.max(1), height).saturating_sub(under).min(8);
                glyphs[usize::try_from(part).unwrap_or(0)]
            })
            .collect();
        pen.put(shifted(line(area, row), from), role, &text);
    }
    most
}

/// Draws how much of something is left.
pub fn gauge(pen: &mut Pen<'_>, area: Rect, left: u32, of: u32) {
    let cells = u64::from(area.width);
    let full = (u64::from(left) * cells).checked_div(u64::from(of)).unwrap_or(0).min(cells);
    let role = match u64::from(left) * 100 / u64::from(of.max(1)) {
        0..10 => Role::Bad,
        10..30 => Role::Warn,
        _ => Role::Good,
    };
    let (bar, rest) = (pen.theme.glyphs.full, pen.theme.glyphs.empty);
    let full = usize::try_from(full).unwrap_or(0);
    let used = pen.put(line(area, 0), role, &bar.repeat(full));
    pen.put(shifted(line(area, 0), used), Role::Dim, &rest.repeat(usize::from(area.width) - full));
}
