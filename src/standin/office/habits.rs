//! What people do all day, and how often.

use std::collections::BTreeMap;

use fastrand::Rng;

/// One thing that somebody does. Each has a side on which it begins; some go on at the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Habit {
    /// A project gets another title, saved several times within seconds.
    Title,
    /// A remark about a project, saved several times within seconds.
    Notes,
    /// Another amount.
    Amount,
    /// Another stage.
    Stage,
    /// Somebody else is responsible.
    Responsible,
    /// Another deadline.
    Deadline,
    /// A contact's telephone number.
    Phone,
    /// A contact's name.
    ContactName,
    /// A contact is linked with a project.
    Link,
    /// A contact is no longer linked with a project.
    Unlink,
    /// A deal goes to another company (CRM only).
    Company,
    /// A new project: saved whole in the CRM, typed field by field in Notion.
    NewProject,
    /// A new contact, likewise.
    NewContact,
    /// The same person is added on both sides within seconds.
    SamePerson,
    /// The same field of the same thing is edited on both sides within a second, to different values.
    Conflict,
    /// A page is duplicated with everything in it (Notion only).
    Duplicate,
    /// A project is deleted in the CRM, or its page put into the trash.
    Delete,
}

/// How many cards of each habit lie in a side's deck. A deck is dealt to the end before it is shuffled anew, so that
/// even rare habits come. A default deck is dealt within about 40 seconds at the default rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mix {
    /// In the CRM.
    pub crm: BTreeMap<Habit, u32>,
    /// In Notion.
    pub notion: BTreeMap<Habit, u32>,
}

impl Default for Mix {
    fn default() -> Self {
        use Habit::*;
        let shared = [
            (Title, 3),
            (Notes, 3),
            (Amount, 8),
            (Stage, 9),
            (Responsible, 4),
            (Deadline, 4),
            (Phone, 4),
            (ContactName, 2),
            (Link, 3),
            (Unlink, 2),
            (NewContact, 1),
            (Conflict, 2),
            (Delete, 1),
        ];
        let mut crm = BTreeMap::from(shared);
        crm.extend([(Company, 2), (NewProject, 2), (SamePerson, 1)]);
        let mut notion = BTreeMap::from(shared);
        notion.extend([(Duplicate, 1), (NewProject, 1)]);
        Self { crm, notion }
    }
}

/// A shuffled deck.
#[derive(Debug, Clone)]
pub(super) struct Deck {
    cards: BTreeMap<Habit, u32>,
    left: Vec<Habit>,
}

impl Deck {
    pub(super) fn new(cards: BTreeMap<Habit, u32>) -> Self {
        Self { cards, left: Vec::new() }
    }

    /// The next card; `None` for a deck without any.
    pub(super) fn deal(&mut self, rng: &mut Rng) -> Option<Habit> {
        if self.left.is_empty() {
            self.left = self.cards.iter().flat_map(|(habit, n)| std::iter::repeat_n(*habit, *n as usize)).collect();
            rng.shuffle(&mut self.left);
        }
        self.left.pop()
    }
}
