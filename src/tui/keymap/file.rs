//! Reads a keymap file, with the line of everything in it.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Key, Keymap, KeymapError, PRESETS, Problem, When, check, key, preset_names};
use crate::tui::action::{Action, REGISTRY, Scope};

/// Where a binding was written: its line, and whether in the person's own file.
pub(super) type Places = BTreeMap<(Scope, Vec<Key>), (usize, bool)>;

/// What a key does whatever is the case, and what it does under conditions.
type Meant = (Option<Action>, Vec<(When, Action)>);

struct Reader<'t> {
    text: &'t str,
    own: bool,
    problems: Vec<Problem>,
    /// Where bindings with conditions were written.
    ruled: Places,
}

/// Reads `text`. A file that is `layered` goes over a preset; a preset goes over nothing.
pub(super) fn load(text: &str, origin: &str, layered: bool) -> Result<Keymap, KeymapError> {
    let mut reader = Reader { text, own: layered, problems: Vec::new(), ruled: Places::new() };
    let mut places = Places::new();
    let keymap = reader.read(&mut places);
    reader.problems.sort_by_key(|problem| problem.line);
    match keymap {
        Some(keymap) if reader.problems.is_empty() => Ok(keymap),
        _ => Err(KeymapError { origin: origin.to_owned(), problems: reader.problems }),
    }
}

impl Reader<'_> {
    fn problem(&mut self, span: &Range<usize>, what: impl Into<String>, mend: impl Into<String>) {
        let line = self.line(span.start);
        self.problems.push(Problem { line, what: what.into(), mend: mend.into() });
    }

    fn line(&self, at: usize) -> usize {
        1 + self.text.bytes().take(at).filter(|byte| *byte == b'\n').count()
    }

    fn read(&mut self, places: &mut Places) -> Option<Keymap> {
        let text = self.text;
        let table = match DeTable::parse(text) {
            Ok(table) => table.into_inner(),
            Err(error) => {
                let span = error.span().unwrap_or(0..0);
                self.problem(
                    &span,
                    error.message().replace('\n', " "),
                    "mend the TOML, a key with spaces needs quotes",
                );
                return None;
            }
        };
        let mut keymap = if self.own { self.preset(&table, places)? } else { Keymap::empty() };
        for (name, value) in table.iter() {
            if self.own && name.get_ref() == "preset" {
                continue;
            }
            let Some(scope) = Scope::parse(name.get_ref()) else {
                let scopes = Scope::ALL.map(Scope::as_str);
                let mend = format!("use one of {}", scopes.join(", "));
                self.problem(&name.span(), format!("there is no scope `{}`", name.get_ref()), mend);
                continue;
            };
            match value.get_ref().as_table() {
                Some(bindings) => self.scope(scope, bindings, &mut keymap, places),
                None => self.problem(&name.span(), format!("`{scope}` is no table"), format!("write `[{scope}]`")),
            }
        }
        check::unreachable(&keymap, places, &self.ruled, &mut self.problems);
        Some(keymap)
    }

    fn preset(&mut self, table: &DeTable<'_>, places: &mut Places) -> Option<Keymap> {
        let wanted = table.iter().find(|(name, _)| name.get_ref() == "preset");
        let name = match wanted {
            None => "default",
            Some((_, value)) => match value.get_ref().as_str() {
                Some(name) if PRESETS.iter().any(|(preset, _)| *preset == name) => name,
                _ => {
                    self.problem(&value.span(), "there is no such preset", format!("use one of {}", preset_names()));
                    return None;
                }
            },
        };
        let keymap = Keymap::preset(name).ok()?;
        for (scope, bindings) in &keymap.scopes {
            for keys in bindings.keys() {
                places.insert((*scope, keys.clone()), (1, false));
            }
        }
        Some(keymap)
    }

    fn scope(&mut self, scope: Scope, table: &DeTable<'_>, keymap: &mut Keymap, places: &mut Places) {
        // First what is taken away, wherever it stands in the table.
        if let Some((_, value)) = table.iter().find(|(name, _)| name.get_ref() == "unbind") {
            self.unbind(scope, value, keymap, places);
        }
        // A table is ordered by name; problems are told in the order of the file.
        let mut entries: Vec<_> = table.iter().filter(|(name, _)| name.get_ref() != "unbind").collect();
        entries.sort_by_key(|(name, _)| name.span().start);
        for (name, value) in entries {
            let keys = match key::parse_sequence(name.get_ref()) {
                Ok(keys) => keys,
                Err(why) => {
                    self.problem(&name.span(), why, "write keys like `g`, `ctrl-d`, `shift-tab` or `g g`");
                    continue;
                }
            };
            let Some((action, rules)) = self.meant(scope, value) else { continue };
            let actions = action.into_iter().chain(rules.iter().map(|(_, action)| *action));
            let forbidden: Vec<_> = actions.filter_map(|action| check::forbidden(scope, &keys, action)).collect();
            if !forbidden.is_empty() {
                forbidden.into_iter().for_each(|(what, mend)| self.problem(&name.span(), what, mend));
                continue;
            }
            let line = self.line(name.span().start);
            let written = (scope, keys.clone());
            let mut before = places.get(&written).into_iter().chain(self.ruled.get(&written));
            if let Some((first, _)) = before.find(|(_, own)| *own == self.own).copied() {
                let what =
                    format!("`{}` is bound twice in [{scope}], first in line {first}", key::show_sequence(&keys));
                self.problem(&name.span(), what, "keep one of them");
                continue;
            }
            if !rules.is_empty() {
                self.ruled.insert(written, (line, self.own));
                keymap.conditional.entry(scope).or_default().insert(keys.clone(), rules);
            }
            // Conditions alone leave what the preset binds for when none holds.
            let Some(action) = action else { continue };
            let bindings = keymap.scopes.entry(scope).or_default();
            if self.own {
                // A person's binding moves the preset's out of its way, within the same scope.
                bindings.retain(|bound, _| {
                    let stays = places.get(&(scope, bound.clone())).is_some_and(|(_, own)| *own)
                        || !(bound.starts_with(&keys) || keys.starts_with(bound));
                    if !stays {
                        places.remove(&(scope, bound.clone()));
                    }
                    stays
                });
            }
            bindings.insert(keys.clone(), action);
            places.insert((scope, keys), (line, self.own));
        }
    }

    fn unbind(&mut self, scope: Scope, value: &Spanned<DeValue<'_>>, keymap: &mut Keymap, places: &mut Places) {
        let Some(entries) = value.get_ref().as_array() else {
            self.problem(&value.span(), "`unbind` is no list", "write `unbind = [\"ctrl-d\", \"g g\"]`");
            return;
        };
        for entry in entries.iter() {
            let keys = entry.get_ref().as_str().ok_or_else(|| "not a text".to_owned()).and_then(key::parse_sequence);
            match keys {
                Ok(keys) => {
                    let gone = keymap.scopes.get_mut(&scope).and_then(|bindings| bindings.remove(&keys));
                    places.remove(&(scope, keys.clone()));
                    if gone.is_none() {
                        let what = format!("`{}` is not bound in [{scope}]", key::show_sequence(&keys));
                        self.problem(&entry.span(), what, "remove it from `unbind`, or name its scope");
                    }
                }
                Err(why) => self.problem(&entry.span(), why, "write keys like `g`, `ctrl-d`, `shift-tab` or `g g`"),
            }
        }
    }

    /// What a key is bound to: an action, an action with a condition, or a list of these, of which the first counts whose
    /// condition holds.
    fn meant(&mut self, scope: Scope, value: &Spanned<DeValue<'_>>) -> Option<Meant> {
        let entries: Vec<&Spanned<DeValue<'_>>> = match value.get_ref().as_array() {
            Some(list) => list.iter().collect(),
            None => vec![value],
        };
        let (mut plain, mut rules) = (None, Vec::new());
        for entry in entries {
            let Some(table) = entry.get_ref().as_table() else {
                plain = Some(self.action(scope, entry)?);
                continue;
            };
            let get = |wanted: &str| table.iter().find(|(name, _)| name.get_ref() == wanted).map(|(_, value)| value);
            let (Some(does), Some(when)) = (get("do"), get("when").and_then(|when| when.get_ref().as_str())) else {
                let mend = "write it like `{ do = \"conflicts.commit\", when = \"staged && !marked\" }`";
                self.problem(&entry.span(), "a binding with a condition has `do` and `when`", mend);
                return None;
            };
            let action = self.action(scope, does)?;
            match When::parse(when) {
                Ok(when) => rules.push((when, action)),
                Err(why) => {
                    self.problem(&entry.span(), why, format!("use {}, with ! && ||", super::when::NAMES.join(", ")));
                    return None;
                }
            }
        }
        Some((plain, rules))
    }

    fn action(&mut self, scope: Scope, value: &Spanned<DeValue<'_>>) -> Option<Action> {
        let Some(id) = value.get_ref().as_str() else {
            self.problem(&value.span(), "an action is a text", "write it like `\"list.top\"`");
            return None;
        };
        match Action::parse(id) {
            Some(action) if action.spec().scope == scope => Some(action),
            Some(action) => {
                let home = action.spec().scope;
                self.problem(
                    &value.span(),
                    format!("`{id}` means nothing in [{scope}]"),
                    format!("put it under [{home}]"),
                );
                None
            }
            None => {
                let near = REGISTRY.iter().min_by_key(|spec| check::distance(spec.id, id)).map_or("", |spec| spec.id);
                let mend = format!("did you mean `{near}`? `crosstie keys` lists all");
                self.problem(&value.span(), format!("unknown action `{id}`"), mend);
                None
            }
        }
    }
}
