//! Bugs that can be planted, to see whether they are found.

/// A bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Plant {
    TwiceTheBudget,
}

impl Plant {
    /// Every bug.
    pub const ALL: [Plant; 1] = [Plant::TwiceTheBudget];

    /// The bug of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|plant| plant.name() == name)
    }

    fn row(self) -> (&'static str, u64, &'static str) {
        match self {
            Plant::TwiceTheBudget => ("twice-the-budget", 0, "sends as if twice as many requests were allowed"),
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// The first seed that finds it in six hours.
    pub fn seed(self) -> u64 {
        self.row().1
    }

    /// What it does.
    pub fn what(self) -> &'static str {
        self.row().2
    }
}
