//! What a keymap must not say.

use super::file::Places;
use super::{Key, Keymap, Problem, key};
use crate::tui::action::{Action, Risk, Scope};

/// Why these keys may not be bound to this, and how to mend it.
pub(super) fn forbidden(scope: Scope, keys: &[Key], action: Action) -> Option<(String, String)> {
    let shown = key::show_sequence(keys);
    if keys.contains(&Key::HARD_EXIT) {
        return Some((
            format!("`{shown}` uses ctrl-c, which always leaves the dashboard"),
            "choose another key".to_owned(),
        ));
    }
    if scope.takes_text() && keys.iter().any(|key| key.typed().is_some()) {
        let what = format!("`{shown}` could then not be typed into the text");
        return Some((what, "use a key with ctrl or alt, or a function key".to_owned()));
    }
    // A slow connection tears `ESC [ A` apart, and terminals libraries then report three keys.
    if action.spec().risk > Risk::Free && keys.iter().all(|key| key.is_treacherous()) {
        let what =
            format!("`{shown}` can be the rest of a torn arrow key, and `{}` decides something", action.spec().id);
        return Some((what, "use a key that is none of [ O A B C D H F P Q R S or a digit".to_owned()));
    }
    None
}

/// Finds bindings that can never be reached, because a shorter one in the same place is taken first.
pub(super) fn unreachable(keymap: &Keymap, places: &Places, problems: &mut Vec<Problem>) {
    for stack in Scope::STACKS {
        for (short_scope, long_scope) in stack.iter().flat_map(|a| stack.iter().map(move |b| (*a, *b))) {
            for (short, action) in keymap.bindings(short_scope) {
                for (long, _) in keymap.bindings(long_scope) {
                    if long.len() > short.len() && long.starts_with(short) {
                        let line = |scope, keys: &[Key]| places.get(&(scope, keys.to_vec())).map_or((1, false), |p| *p);
                        let (near, far) = (line(short_scope, short), line(long_scope, long));
                        // Blame the line that the person wrote.
                        let at = if far.1 || !near.1 { far.0 } else { near.0 };
                        let (short, long) = (key::show_sequence(short), key::show_sequence(long));
                        let problem = Problem {
                            line: at,
                            what: format!(
                                "`{long}` in [{long_scope}] can never be typed: `{short}` in [{short_scope}] is `{}`",
                                action.spec().id
                            ),
                            mend: format!("unbind one of them, `{short}` or `{long}`"),
                        };
                        if !problems.contains(&problem) {
                            problems.push(problem);
                        }
                    }
                }
            }
        }
    }
}

/// How many letters must change to make one text the other.
pub(super) fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = i;
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
        for (j, y) in b.iter().enumerate() {
            let cost = (corner + usize::from(x != *y)).min(row[j] + 1).min(row[j + 1] + 1);
            corner = row[j + 1];
            row[j + 1] = cost;
        }
    }
    row.last().copied().unwrap_or_default()
}
