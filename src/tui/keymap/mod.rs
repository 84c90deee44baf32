//! Which key does what. Three presets are compiled in from `keymaps/*.toml`; a person's own file names one of them and
//! changes what it likes. Sequences (`g g`) have no time-out, which would be poison over SSH; after a prefix the
//! dashboard shows what can follow.
//!
//! `Keymap` is only ever whole: a file with a problem is refused with every problem in it, never half used.

mod check;
mod file;
pub mod key;
pub mod when;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::action::{Action, REGISTRY, Scope};
pub use key::{Code, Key};
pub use when::{Facts, When};

/// The presets' names and texts.
pub const PRESETS: [(&str, &str); 3] = [
    ("default", include_str!("../../../keymaps/default.toml")),
    ("vim", include_str!("../../../keymaps/vim.toml")),
    ("emacs", include_str!("../../../keymaps/emacs.toml")),
];

/// What one scope binds, by sequence. Small enough that an ordered map serves as the trie.
type Bindings = BTreeMap<Vec<Key>, Action>;

/// What one scope binds under conditions, by sequence; the first whose condition holds counts.
type Conditional = BTreeMap<Vec<Key>, Vec<(When, Action)>>;

/// What keys mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    scopes: BTreeMap<Scope, Bindings>,
    conditional: BTreeMap<Scope, Conditional>,
}

/// What a sequence typed so far means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// An action.
    Action(Action),
    /// More keys must follow.
    Prefix,
    /// Nothing.
    Nothing,
}

/// One thing that is wrong with a keymap file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// How to mend it.
    pub mend: String,
}

/// A keymap file that cannot be used, with everything that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct KeymapError {
    /// The file's name.
    pub origin: String,
    /// The problems, by line.
    pub problems: Vec<Problem>,
}

impl fmt::Display for KeymapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, problem) in self.problems.iter().enumerate() {
            if place > 0 {
                writeln!(f)?;
            }
            write!(f, "{}:{}: {}; {}", self.origin, problem.line, problem.what, problem.mend)?;
        }
        Ok(())
    }
}

/// One line of [`listing`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where the keys work.
    pub scope: Scope,
    /// All keys, separated by `, `; empty if it is not bound.
    pub keys: String,
    /// The action's id.
    pub action: &'static str,
    /// Two or three words.
    pub title: &'static str,
    /// One sentence.
    pub doc: &'static str,
}

impl Keymap {
    /// A preset by name.
    ///
    /// # Errors
    /// If there is none of that name.
    pub fn preset(name: &str) -> Result<Self, KeymapError> {
        match PRESETS.iter().find(|(preset, _)| *preset == name) {
            Some((name, text)) => file::load(text, &format!("keymaps/{name}.toml"), false),
            None => Err(KeymapError {
                origin: "keymap".to_owned(),
                problems: vec![Problem {
                    line: 1,
                    what: format!("there is no preset `{name}`"),
                    mend: format!("use one of {}", preset_names()),
                }],
            }),
        }
    }

    /// A person's own file, layered over the preset it names (`default` if it names none). `origin` is its name, for
    /// messages.
    ///
    /// # Errors
    /// Everything that is wrong with it, with line numbers.
    pub fn load(text: &str, origin: &str) -> Result<Self, KeymapError> {
        file::load(text, origin, true)
    }

    fn empty() -> Self {
        Self { scopes: BTreeMap::new(), conditional: BTreeMap::new() }
    }

    fn bindings(&self, scope: Scope) -> impl Iterator<Item = (&[Key], Action)> {
        self.scopes.get(&scope).into_iter().flatten().map(|(keys, action)| (keys.as_slice(), *action))
    }

    /// What `keys` mean in these scopes, innermost first, where nothing that a condition asks for is true.
    pub fn lookup(&self, scopes: &[Scope], keys: &[Key]) -> Found {
        self.lookup_when(scopes, keys, &Facts::default())
    }

    /// What `keys` mean in these scopes, innermost first.
    pub fn lookup_when(&self, scopes: &[Scope], keys: &[Key], facts: &Facts) -> Found {
        match self.taken(scopes, keys, facts) {
            Some((_, action)) => Found::Action(action),
            None if self.following(scopes, keys, facts).is_empty() => Found::Nothing,
            None => Found::Prefix,
        }
    }

    /// The action that exactly these keys do, and the scope that says so.
    fn taken(&self, scopes: &[Scope], keys: &[Key], facts: &Facts) -> Option<(Scope, Action)> {
        scopes.iter().find_map(|scope| self.bound(*scope, keys, facts).map(|action| (*scope, action)))
    }

    /// The action that one scope binds to exactly these keys.
    fn bound(&self, scope: Scope, keys: &[Key], facts: &Facts) -> Option<Action> {
        let rules = self.conditional.get(&scope).and_then(|bindings| bindings.get(keys));
        let rule = rules.into_iter().flatten().find(|(when, _)| when.holds(facts)).map(|(_, action)| *action);
        rule.or_else(|| self.scopes.get(&scope)?.get(keys).copied())
    }

    /// All sequences that a scope binds, whatever their conditions.
    fn sequences(&self, scope: Scope) -> BTreeSet<&[Key]> {
        let rules = self.conditional.get(&scope).into_iter().flat_map(BTreeMap::keys);
        let plain = self.scopes.get(&scope).into_iter().flat_map(BTreeMap::keys);
        plain.chain(rules).map(Vec::as_slice).collect()
    }

    /// What can follow a prefix: the rest of the sequence and the action, by key. What its condition does not allow now, and
    /// what a shorter sequence would be taken for, cannot.
    pub fn following(&self, scopes: &[Scope], prefix: &[Key], facts: &Facts) -> Vec<(String, Action)> {
        let longer = |keys: &&[Key]| keys.len() > prefix.len() && keys.starts_with(prefix);
        let all: BTreeSet<&[Key]> = scopes.iter().flat_map(|scope| self.sequences(*scope)).filter(longer).collect();
        let reached = |keys: &[Key]| {
            (prefix.len() + 1..keys.len()).all(|length| self.taken(scopes, &keys[..length], facts).is_none())
        };
        let does = |keys: &[Key]| self.taken(scopes, keys, facts).filter(|_| reached(keys)).map(|(_, action)| action);
        let rest = |keys: &[Key]| key::show_sequence(&keys[prefix.len()..]);
        all.into_iter().filter_map(|keys| Some((rest(keys), does(keys)?))).collect()
    }

    /// The keys of an action, shortest first.
    pub fn keys_of(&self, action: Action) -> Vec<String> {
        let mut keys: Vec<&[Key]> =
            self.bindings(action.spec().scope).filter(|(_, bound)| *bound == action).map(|(keys, _)| keys).collect();
        if keys.is_empty() {
            let rules = self.conditional.get(&action.spec().scope).into_iter().flatten();
            let rules = rules.filter(|(_, rules)| rules.iter().any(|(_, bound)| *bound == action));
            keys = rules.map(|(keys, _)| keys.as_slice()).collect();
        }
        // A letter before a named key, which the footer has less room for.
        keys.sort_by_key(|keys| (keys.len(), keys[0].typed().is_none(), key::show_sequence(keys).len()));
        keys.into_iter().map(key::show_sequence).collect()
    }
}

/// Every action with its keys, by scope: what `crosstie keys` prints and the help shows.
pub fn listing(keymap: &Keymap) -> Vec<Entry> {
    Scope::ALL
        .into_iter()
        .flat_map(|scope| REGISTRY.iter().filter(move |spec| spec.scope == scope))
        .map(|spec| Entry {
            scope: spec.scope,
            keys: keymap.keys_of(spec.action).join(", "),
            action: spec.id,
            title: spec.title,
            doc: spec.doc,
        })
        .collect()
}

/// The same as Markdown: what the README shows.
pub fn markdown(keymap: &Keymap) -> String {
    let mut out = String::new();
    let mut scope = None;
    for entry in listing(keymap) {
        if scope != Some(entry.scope) {
            scope = Some(entry.scope);
            out.push_str(&format!("\n**{}**\n\n| keys | action | what it does |\n|---|---|---|\n", entry.scope));
        }
        // A bar would end its cell.
        let keys = entry.keys.split(", ").filter(|keys| !keys.is_empty()).map(|keys| format!("`{keys}`"));
        let keys = keys.collect::<Vec<_>>().join(", ").replace('|', "\\|");
        out.push_str(&format!("| {keys} | `{}` | {} |\n", entry.action, entry.doc));
    }
    out
}

fn preset_names() -> String {
    PRESETS.map(|(name, _)| format!("`{name}`")).join(", ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;
