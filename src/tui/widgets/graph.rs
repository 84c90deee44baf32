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
    let per = samples.len().div_ceil(cells);
    // Chunks are counted from the newest, so that a cell keeps its seconds while it moves left.
    let chunk = |chunk: &[u64]| if sums { chunk.iter().sum() } else { chunk.iter().copied().max().unwrap_or(0) };
    let values: Vec<u64> = samples.rchunks(per).map(chunk).collect();
    let most = values.iter().copied().max().unwrap_or(0).max(1);
    let bars = pen.theme.glyphs.bars;
    let text: String = values
        .iter()
        .rev()
        .map(|value| {
            // By the square root: the first matching writes a hundred times as much as a quiet minute, which would
            // otherwise look like nothing. Something is never drawn as nothing.
            let eighths = if *value == 0 { 0 } else { (*value * 64 / most).isqrt().clamp(1, 8) };
            bars[usize::try_from(eighths).unwrap_or(0)]
        })
        .collect();
    let from = cells - values.len().min(cells);
    pen.put(shifted(line(area, 0), u16::try_from(from).unwrap_or(0)), role, &text);
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
