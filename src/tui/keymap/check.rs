//! What a keymap must not say.

use std::collections::{BTreeMap, BTreeSet};

use super::file::Places;
use super::{Facts, Key, Keymap, Problem, key};
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

/// Finds bindings that can never be reached, however things are: a shorter one in the same place is taken first, or a
/// condition before it leaves nothing over.
pub(super) fn unreachable(keymap: &Keymap, places: &Places, ruled: &Places, problems: &mut Vec<Problem>) {
    // Without conditions things are as they are.
    let cases: Vec<Facts> = if keymap.conditional.values().all(BTreeMap::is_empty) {
        vec![Facts::default()]
    } else {
        Facts::all().collect()
    };
    let mut say = |problem: Problem| {
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    };
    let line = |scope: Scope, keys: &[Key]| {
        let at = (scope, keys.to_vec());
        let found = places.get(&at).into_iter().chain(ruled.get(&at));
        found.copied().max_by_key(|(_, own)| *own).unwrap_or((1, false))
    };
    for stack in Scope::STACKS {
        for scope in stack {
            for long in keymap.sequences(*scope).into_iter().filter(|keys| keys.len() > 1) {
                // The cases in which it means something here, and what is typed before it could end in each of them.
                let meant = cases.iter().filter(|facts| keymap.bound(*scope, long, facts).is_some());
                let ends = |facts: &Facts| {
                    let mut shorter = (1..long.len()).map(|length| &long[..length]);
                    shorter
                        .find_map(|short| keymap.taken(stack, short, facts).map(|(scope, does)| (scope, short, does)))
                };
                let ends: Vec<_> = meant.map(ends).collect();
                let Some(Some((near_scope, short, action))) = ends.first().copied() else { continue };
                if ends.iter().any(Option::is_none) {
                    continue;
                }
                let (near, far) = (line(near_scope, short), line(*scope, long));
                // Blame the line that the person wrote.
                let at = if far.1 || !near.1 { far.0 } else { near.0 };
                let (short, long) = (key::show_sequence(short), key::show_sequence(long));
                say(Problem {
                    line: at,
                    what: format!(
                        "`{long}` in [{scope}] can never be typed: `{short}` in [{near_scope}] is `{}`",
                        action.spec().id
                    ),
                    mend: format!("unbind one of them, `{short}` or `{long}`"),
                });
            }
        }
    }
    for (scope, bindings) in &keymap.conditional {
        for (keys, rules) in bindings {
            let first = |facts: &Facts| rules.iter().position(|(when, _)| when.holds(facts));
            let counting: BTreeSet<Option<usize>> = cases.iter().map(first).collect();
            let unused = (0..rules.len()).filter(|place| !counting.contains(&Some(*place)));
            let unused = unused.filter_map(|place| rules.get(place)).map(|(_, action)| *action);
            // What a person writes after conditions is for when none of them holds; what their preset binds there need not be.
            let own = places.get(&(*scope, keys.clone())).is_some_and(|(_, own)| *own);
            let plain = keymap.scopes.get(scope).and_then(|plain| plain.get(keys)).copied();
            let plain = plain.filter(|_| own && !counting.contains(&None));
            for action in unused.chain(plain) {
                say(Problem {
                    line: line(*scope, keys).0,
                    what: format!(
                        "`{}` in [{scope}] never does `{}`: what stands before it always counts, or its own condition never holds",
                        key::show_sequence(keys),
                        action.spec().id
                    ),
                    mend: "take it out, or change a condition".to_owned(),
                });
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
