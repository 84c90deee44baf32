//! Which kinds go together, what a pair of kinds means in the common dialect, and what is lost on the way.
//!
//! Pairs of kinds that lose something (a test keeps this table equal to [`fit`]; every other pair in [`fit`] is exact):
//!
//! | CRM | Notion | direction | what is lost |
//! |---|---|---|---|
//! | title, text | title, text | both | a change from the CRM replaces the text without its formatting in Notion |
//! | e-mail, phone, URL | title, text | both | a change from the CRM replaces the text without its formatting in Notion |
//! | date-time | date-time | both | Notion drops seconds: times within one minute are the same |
//! | date-time | date | crm-to-notion | the time of day is dropped; the day is the one in the time zone that the pair names |
//! | date | date-time | notion-to-crm | the time of day is dropped; the day is the one in the time zone that the pair names |
//! | number, checkbox, date, date-time | title, text | crm-to-notion | it becomes text, which is not read back |
//! | select, status, multi-select, people | title, text | crm-to-notion | it becomes text, which is not read back |
//! | people | e-mail | crm-to-notion | it becomes text, which is not read back |
//! | title, text | number, checkbox, date, date-time | notion-to-crm | it becomes text, which is not read back |
//! | title, text | select, status, multi-select, people | notion-to-crm | it becomes text, which is not read back |
//! | e-mail | people | notion-to-crm | it becomes text, which is not read back |

use super::Direction;
use crate::model::Kind;

const FORMATTING: &str = "a change from the CRM replaces the text without its formatting in Notion";
const MINUTES: &str = "Notion drops seconds: times within one minute are the same";
const TIME_OF_DAY: &str = "the time of day is dropped; the day is the one in the time zone that the pair names";
const AS_TEXT: &str = "it becomes text, which is not read back";

/// How a pair of kinds goes together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fit {
    /// The kind of the common values.
    pub kind: Kind,
    /// The only direction possible; `None` if both are.
    pub only: Option<Direction>,
    /// What is lost.
    pub lossy: Option<&'static str>,
}

impl Fit {
    fn both(kind: Kind, lossy: Option<&'static str>) -> Option<Self> {
        Some(Self { kind, only: None, lossy })
    }

    fn one_way(kind: Kind, only: Direction, lossy: &'static str) -> Option<Self> {
        Some(Self { kind, only: Some(only), lossy: Some(lossy) })
    }
}

/// Whether values of this kind are [`crate::model::Value::Text`].
pub fn is_text(kind: Kind) -> bool {
    matches!(kind, Kind::Title | Kind::Text | Kind::Email | Kind::Phone | Kind::Url)
}

/// Whether values of this kind are one option.
pub fn is_choice(kind: Kind) -> bool {
    matches!(kind, Kind::Select | Kind::Status)
}

fn is_plain(kind: Kind) -> bool {
    matches!(kind, Kind::Title | Kind::Text)
}

/// What can be written out as text for people to read.
fn can_be_told(kind: Kind) -> bool {
    !is_text(kind) && kind != Kind::Relation
}

/// How a CRM field of one kind and a Notion property of another go together; `None` if they do not.
pub fn fit(crm: Kind, notion: Kind) -> Option<Fit> {
    use Kind::{Date, DateTime, Email, MultiSelect, People, Title};
    match (crm, notion) {
        (a, b) if is_text(a) && is_text(b) => {
            let kind = match (a, b) {
                (a, b) if a == b => a,
                (a, b) if is_plain(a) && is_plain(b) => Title,
                (a, b) if is_plain(a) => b,
                (a, b) if is_plain(b) => a,
                _ => return None,
            };
            Fit::both(kind, is_plain(b).then_some(FORMATTING))
        }
        (DateTime, DateTime) => Fit::both(DateTime, Some(MINUTES)),
        (a, b) if a == b => Fit::both(a, None),
        (a, b) if is_choice(a) && is_choice(b) => Fit::both(b, None),
        (a, MultiSelect) | (MultiSelect, a) if is_choice(a) => Fit::both(MultiSelect, None),
        (DateTime, Date) => Fit::one_way(Date, Direction::CrmToNotion, TIME_OF_DAY),
        (Date, DateTime) => Fit::one_way(Date, Direction::NotionToCrm, TIME_OF_DAY),
        (a, b) if can_be_told(a) && is_plain(b) => Fit::one_way(b, Direction::CrmToNotion, AS_TEXT),
        (a, b) if is_plain(a) && can_be_told(b) => Fit::one_way(a, Direction::NotionToCrm, AS_TEXT),
        (People, Email) => Fit::one_way(Email, Direction::CrmToNotion, AS_TEXT),
        (Email, People) => Fit::one_way(Email, Direction::NotionToCrm, AS_TEXT),
        _ => None,
    }
}

/// The best pair of kinds for two fields: exact before lossy, both ways before one way. With only one-way pairs, one
/// that suits the direction wins; if none does, the first is returned all the same, for the caller to refuse.
pub(super) fn best(crm: &[Kind], notion: &[Kind], direction: Direction) -> Option<(Kind, Kind, Fit)> {
    let pairs = crm.iter().flat_map(|c| notion.iter().map(move |n| (*c, *n)));
    pairs.filter_map(|(c, n)| fit(c, n).map(|fit| (c, n, fit))).min_by_key(|(_, _, fit)| match fit.only {
        None => u8::from(fit.lossy.is_some()),
        Some(only) if only == direction => 2,
        Some(_) => 3,
    })
}
