//! Every type of property: what is read of it, how it is written and emptied, how much fits, and what is lost.
//!
//! `schema`, `decode`, `encode` and `filter` look types up here; a type that is not here is carried as unreadable.

use super::text::PIECE;
use super::{ADDRESS_LIMIT, OPTION_LIMIT, URL_LIMIT, WRITE_LIMIT};
use crate::model::Kind;
use crate::remote::support::Fidelity::{Lossless, Lossy, ReadOnly, Unsupported};
use crate::remote::support::{Limit, TypeRow};

/// The row of a type, if it is one that we know.
pub fn of(kind: &str) -> Option<&'static TypeRow> {
    TYPES.iter().find(|row| row.native == kind)
}

const COMPUTED: &str = "Notion computes it";
const STAMPED: &str = "Notion keeps it";
const FORMATTING: &str = "a new text replaces the old one without its formatting; an unchanged text is not sent";
const TEXT: &[Limit] = &[Limit::Runs(WRITE_LIMIT, PIECE)];
const ADDRESS: &[Limit] = &[Limit::Units(ADDRESS_LIMIT)];
const LIST: &[Limit] = &[Limit::Elements(WRITE_LIMIT)];

/// Every type that Notion's API names, in the order of its reference.
pub const TYPES: &[TypeRow] = &[
    TypeRow {
        native: "title",
        reads: "the plain text of all runs",
        kinds: &[Kind::Title, Kind::Text],
        writes: Some("one run of plain text for each 2,000 characters"),
        clears: Some("`[]`"),
        limits: TEXT,
        fidelity: Lossy(FORMATTING),
    },
    TypeRow {
        native: "rich_text",
        reads: "the plain text of all runs",
        kinds: &[Kind::Text],
        writes: Some("one run of plain text for each 2,000 characters"),
        clears: Some("`[]`"),
        limits: TEXT,
        fidelity: Lossy(FORMATTING),
    },
    TypeRow {
        native: "number",
        reads: "the decimal that its digits say",
        kinds: &[Kind::Number],
        writes: Some("a JSON number"),
        clears: Some("`null`"),
        limits: &[Limit::Double],
        fidelity: Lossless,
    },
    TypeRow {
        native: "select",
        reads: "the option's name",
        kinds: &[Kind::Select],
        writes: Some("the option's name; a new one only with `create_options`"),
        clears: Some("`null`"),
        limits: &[Limit::OptionUnits(OPTION_LIMIT)],
        fidelity: Lossless,
    },
    TypeRow {
        native: "multi_select",
        reads: "the options' names, as a set",
        kinds: &[Kind::MultiSelect],
        writes: Some("the whole list in its old order; new options only with `create_options`"),
        clears: Some("`[]`"),
        limits: &[Limit::Elements(WRITE_LIMIT), Limit::OptionUnits(OPTION_LIMIT)],
        fidelity: Lossless,
    },
    TypeRow {
        native: "status",
        reads: "the option's name",
        kinds: &[Kind::Status],
        writes: Some("the name of an option that exists; never a new one"),
        clears: Some("`null`, which Notion turns into the default option"),
        limits: &[Limit::OptionUnits(OPTION_LIMIT)],
        fidelity: Lossless,
    },
    TypeRow {
        native: "date",
        reads: "a day, or an instant with any offset",
        kinds: &[Kind::DateTime, Kind::Date],
        writes: Some("a day, or an instant in UTC"),
        clears: Some("`null`"),
        limits: &[Limit::Years],
        fidelity: Lossy("Notion drops seconds; a date with an end is shown as unreadable and never overwritten"),
    },
    TypeRow {
        native: "people",
        reads: "user ids, as a set; e-mail addresses from the list of users",
        kinds: &[Kind::People],
        writes: Some("the whole list; bots, groups and people without an e-mail address stay in it"),
        clears: Some("`[]`"),
        limits: LIST,
        fidelity: Lossless,
    },
    TypeRow {
        native: "files",
        reads: "a line a file: the address of an external one, the name of one that Notion keeps",
        kinds: &[Kind::Text],
        writes: None,
        clears: None,
        limits: &[],
        fidelity: ReadOnly("addresses of files that Notion keeps expire, and a write would replace the files"),
    },
    TypeRow {
        native: "checkbox",
        reads: "yes or no",
        kinds: &[Kind::Checkbox],
        writes: Some("`true` or `false`"),
        clears: Some("`false`: a checkbox is never empty"),
        limits: &[],
        fidelity: Lossless,
    },
    TypeRow {
        native: "url",
        reads: "the address",
        kinds: &[Kind::Url],
        writes: Some("the address"),
        clears: Some("`null`"),
        limits: &[Limit::Units(URL_LIMIT)],
        fidelity: Lossless,
    },
    TypeRow {
        native: "email",
        reads: "the address",
        kinds: &[Kind::Email],
        writes: Some("the address"),
        clears: Some("`null`"),
        limits: ADDRESS,
        fidelity: Lossless,
    },
    TypeRow {
        native: "phone_number",
        reads: "the number as typed",
        kinds: &[Kind::Phone],
        writes: Some("the number as typed"),
        clears: Some("`null`"),
        limits: ADDRESS,
        fidelity: Lossless,
    },
    TypeRow {
        native: "formula",
        reads: "its result by the result's own type: text, number, yes or no, date",
        kinds: &[Kind::Text, Kind::Number, Kind::Checkbox, Kind::DateTime],
        writes: None,
        clears: None,
        limits: &[],
        fidelity: ReadOnly(COMPUTED),
    },
    TypeRow {
        native: "rollup",
        reads: "a number or a date; of several values their options or people as a set, of others a text",
        kinds: &[Kind::Text, Kind::Number, Kind::Checkbox, Kind::DateTime, Kind::MultiSelect, Kind::People],
        writes: None,
        clears: None,
        limits: &[],
        fidelity: ReadOnly(COMPUTED),
    },
    TypeRow {
        native: "relation",
        reads: "page ids, as a set, all of them; which record each is, by its tie",
        kinds: &[Kind::Relation],
        writes: Some("the whole list; pages without a tie stay in it"),
        clears: Some("`[]`"),
        limits: LIST,
        fidelity: Lossless,
    },
    TypeRow {
        native: "created_time",
        reads: "an instant, to the minute",
        kinds: &[Kind::DateTime],
        writes: None,
        clears: None,
        limits: &[],
        fidelity: ReadOnly(STAMPED),
    },
    TypeRow {
        native: "created_by",
        reads: "a user id; the e-mail address from the list of users",
        kinds: &[Kind::People],
        writes: None,
        clears: None,
        limits: &[],
        fidelity: ReadOnly(STAMPED),
    },
    TypeRow {
        native: "last_edited_time",
        reads: "an instant, to the minute",
        kinds: &[Kind::DateTime],
        writes: None,
        clears: None,
        limits: &[],
        fidelity: ReadOnly(STAMPED),
    },
    TypeRow {
        native: "last_edited_by",
        reads: "a user id; the e-mail address from the list of users",
        kinds: &[Kind::People],
        writes: None,
        clears: None,
        limits: &[],
        fidelity: ReadOnly(STAMPED),
    },
    TypeRow {
        native: "unique_id",
        reads: "the number with its prefix: `DEAL-7`",
        kinds: &[Kind::Text],
        writes: None,
        clears: None,
        limits: &[],
        fidelity: ReadOnly("Notion counts it"),
    },
    TypeRow {
        native: "verification",
        reads: "`verified`, `unverified` or `expired`",
        kinds: &[Kind::Select],
        writes: None,
        clears: None,
        limits: &[],
        fidelity: ReadOnly("a person vouches for a page, not a program; who and until when is not read"),
    },
    TypeRow {
        native: "place",
        reads: "the address, else the name, else the coordinates",
        kinds: &[Kind::Text],
        writes: None,
        clears: None,
        limits: &[],
        fidelity: ReadOnly("a place needs coordinates, which an address does not tell"),
    },
    TypeRow {
        native: "button",
        reads: "nothing",
        kinds: &[],
        writes: None,
        clears: None,
        limits: &[],
        fidelity: Unsupported("there is no value in a button"),
    },
    TypeRow {
        native: "location",
        reads: "nothing",
        kinds: &[],
        writes: None,
        clears: None,
        limits: &[],
        fidelity: Unsupported("Notion's API shows no value of it"),
    },
    TypeRow {
        native: "last_visited_time",
        reads: "nothing",
        kinds: &[],
        writes: None,
        clears: None,
        limits: &[],
        fidelity: Unsupported("Notion's API shows no value of it"),
    },
];
