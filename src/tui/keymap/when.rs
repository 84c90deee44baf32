//! When a binding counts: `staged && !marked`. A few facts about the dashboard, and what follows from them; nothing else can
//! be asked, so that a keymap never becomes a program.

/// What a condition can ask for, each true or false.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub struct Facts {
    pub staged: bool,
    pub marked: bool,
    pub filtered: bool,
    pub expanded: bool,
    pub read_only: bool,
    pub frozen: bool,
}

/// The facts by name.
pub const NAMES: [&str; 6] = ["staged", "marked", "filtered", "expanded", "read_only", "frozen"];

impl Facts {
    /// Every way that things can be.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        (0_u32..1 << NAMES.len()).map(|bits| {
            let is = |place: u32| bits & (1 << place) != 0;
            Self { staged: is(0), marked: is(1), filtered: is(2), expanded: is(3), read_only: is(4), frozen: is(5) }
        })
    }

    fn get(&self, name: &str) -> bool {
        match name {
            "staged" => self.staged,
            "marked" => self.marked,
            "filtered" => self.filtered,
            "expanded" => self.expanded,
            "read_only" => self.read_only,
            "frozen" => self.frozen,
            _ => false,
        }
    }
}

/// A condition: one of several groups holds, and of a group everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct When(Vec<Vec<(bool, &'static str)>>);

impl When {
    /// Reads `a && !b || c`: `!` before `&&` before `||`, without brackets.
    ///
    /// # Errors
    /// What is wrong with it, for a person.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fact = |word: &str| {
            let word = word.trim();
            let (wanted, name) = word.strip_prefix('!').map_or((true, word), |name| (false, name.trim()));
            let known = NAMES.iter().find(|known| **known == name);
            known.map(|known| (wanted, *known)).ok_or_else(|| format!("`{name}` is no condition"))
        };
        let group = |group: &str| group.split("&&").map(fact).collect::<Result<Vec<_>, String>>();
        text.split("||").map(group).collect::<Result<Vec<_>, String>>().map(Self)
    }

    /// Whether it holds.
    pub fn holds(&self, facts: &Facts) -> bool {
        self.0.iter().any(|group| group.iter().all(|(wanted, name)| facts.get(name) == *wanted))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_read_as_it_is_written() {
        let facts = Facts { staged: true, filtered: true, ..Facts::default() };
        for (text, holds) in [
            ("staged", true),
            ("!staged", false),
            ("staged && !marked", true),
            ("marked || filtered", true),
            ("staged && marked || frozen", false),
            ("! marked", true),
        ] {
            assert_eq!(When::parse(text).unwrap().holds(&facts), holds, "{text}");
        }
        for text in ["", "stagd", "staged &&", "(staged)", "staged & marked"] {
            assert!(When::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn every_name_is_a_fact_of_its_own() {
        for name in NAMES {
            let all =
                Facts { staged: true, marked: true, filtered: true, expanded: true, read_only: true, frozen: true };
            assert!(all.get(name) && !Facts::default().get(name), "{name}");
        }
    }
}
