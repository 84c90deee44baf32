//! How a bench is set up: the office, how often it is looked at, and the pairs.

use std::time::Duration;

use crosstie::config::Timing;
use crosstie::mapping::PairSpec;

/// No review, and looks every half minute: most of a test is waiting, and every look costs the same.
pub fn calm() -> Timing {
    let look = Duration::from_secs(30);
    Timing { review: false, crm_poll: look, notion_poll: look, ..Timing::default() }
}

/// How a bench is set up.
pub struct Plan {
    /// Contacts of the CRM, deals of the CRM, how many of each have their page, and how many are in Notion alone.
    pub office: (usize, usize, usize, usize),
    pub timing: Timing,
    /// Changes the pairs before the start.
    pub pairs: fn(&mut Vec<PairSpec>),
}

impl Default for Plan {
    fn default() -> Self {
        Self { office: (3, 2, 2, 0), timing: calm(), pairs: |_| {} }
    }
}

impl Plan {
    /// Looks as often as the program does by itself, for tests of what happens within seconds.
    pub fn prompt() -> Self {
        Self { timing: Timing { review: false, ..Timing::default() }, ..Self::default() }
    }
}
