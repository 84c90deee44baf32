//! Parts of one line that make room for each other: whole parts give way, the least important first, and no word is cut.

use super::{Span, width};
use crate::tui::theme::Role;

/// A part of a line.
#[derive(Debug, Clone)]
pub struct Part {
    /// Its forms, the longest first. An empty list is no part at all.
    pub forms: Vec<Vec<Span>>,
    /// What matters more has the smaller number; 0 never gives way, but for its shortest form.
    pub rank: u8,
    /// It belongs to the part before it, if that belongs to others too: a mark stands between them.
    pub joined: bool,
    /// Nothing else is shortened for it.
    pub extra: bool,
}

impl Part {
    /// A part with one form.
    pub fn new(rank: u8, role: Role, text: impl Into<String>) -> Self {
        Self { forms: vec![vec![(role, text.into())]], rank, joined: false, extra: false }
    }

    /// The same, and a shorter form of it.
    pub fn or(mut self, text: impl Into<String>) -> Self {
        let role = self.forms.first().and_then(|form| form.last()).map_or(Role::Text, |(role, _)| *role);
        self.forms.push(vec![(role, text.into())]);
        self
    }

    /// The same, joined to its neighbours of the kind.
    pub fn joined(self) -> Self {
        Self { joined: true, ..self }
    }

    /// The same, where there is room left.
    pub fn extra(self) -> Self {
        Self { extra: true, ..self }
    }
}

/// What stands before a joined part: at the beginning of its row, and after another one.
pub type Joints<'j> = (&'j str, &'j str);

fn line(parts: &[Part], chosen: &[Option<usize>], joints: Joints<'_>) -> Vec<Span> {
    let (mut spans, mut in_row) = (Vec::new(), false);
    for (part, form) in parts.iter().zip(chosen) {
        let Some(form) = form.and_then(|form| part.forms.get(form)) else { continue };
        if part.joined {
            spans.push((Role::Dim, if in_row { joints.1 } else { joints.0 }.to_owned()));
        }
        in_row = part.joined;
        spans.extend(form.iter().cloned());
    }
    spans
}

/// Parts in their order, as they fit into so many cells. What matters more is there before what matters less, and in a longer
/// form; what is `extra` comes where there is room left.
pub fn fitted(parts: &[Part], room: usize, joints: Joints<'_>) -> Vec<Span> {
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|at| parts[*at].rank);
    let shortest = |part: &Part| part.forms.len().checked_sub(1);
    let mut chosen: Vec<Option<usize>> = parts.iter().map(|part| shortest(part).filter(|_| part.rank == 0)).collect();
    let fits = |chosen: &[Option<usize>]| {
        line(parts, chosen, joints).iter().map(|(_, text)| width(text)).sum::<usize>() <= room
    };
    // Takes a form if that fits.
    let take = |chosen: &mut Vec<Option<usize>>, at: usize, form: Option<usize>| {
        let before = std::mem::replace(&mut chosen[at], form);
        let kept = fits(chosen);
        if !kept {
            chosen[at] = before;
        }
        kept
    };
    let mut whole = true;
    for extra in [false, true] {
        // Nor does what only fills a line.
        if extra && !whole {
            break;
        }
        let of_kind: Vec<usize> = order.iter().copied().filter(|at| parts[*at].extra == extra).collect();
        for at in of_kind.iter().copied().filter(|at| parts[*at].rank > 0) {
            // What matters less does not stand where what matters more had no room.
            if !take(&mut chosen, at, shortest(&parts[at])) && !extra {
                whole = false;
                break;
            }
        }
        for at in of_kind {
            if chosen[at].is_some() {
                // The longest that fits.
                let _ = (0..parts[at].forms.len()).find(|form| take(&mut chosen, at, Some(*form)));
            }
        }
    }
    line(parts, &chosen, joints)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(parts: &[Part], room: usize) -> String {
        fitted(parts, room, ("  ", ", ")).into_iter().map(|(_, text)| text).collect()
    }

    fn parts() -> Vec<Part> {
        vec![
            Part::new(0, Role::Text, "live"),
            Part::new(1, Role::Text, "41 conflicts").joined(),
            Part::new(3, Role::Text, "1 quarantined").or("1 aside").joined(),
            Part::new(2, Role::Text, "3 orphans").joined(),
            Part::new(9, Role::Text, "0 drift").joined().extra(),
        ]
    }

    #[test]
    fn what_matters_least_is_left_out_first_then_shortened_and_then_gone() {
        let cases = [
            (60, "live  41 conflicts, 1 quarantined, 3 orphans, 0 drift"),
            (52, "live  41 conflicts, 1 quarantined, 3 orphans"),
            (43, "live  41 conflicts, 1 aside, 3 orphans"),
            (37, "live  41 conflicts, 3 orphans"),
            (28, "live  41 conflicts"),
            (17, "live"),
            (3, "live"),
        ];
        for (room, expected) in cases {
            assert_eq!(text(&parts(), room), expected, "{room}");
        }
    }

    #[test]
    fn no_word_is_cut_at_any_width() {
        let whole = text(&parts(), 100);
        let words: Vec<&str> = whole.split([' ', ',']).chain(["aside"]).collect();
        for room in 4..80 {
            let fits = text(&parts(), room);
            assert!(width(&fits) <= room, "{room}: {fits}");
            assert!(fits.split([' ', ',']).all(|word| words.contains(&word)), "{room}: {fits}");
        }
    }
}
