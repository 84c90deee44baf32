//! Every type of field: what is read of it, how it is written and emptied, and what is lost.
//!
//! `catalogue` finds the row of each field of a portal here, and with it the shape that `decode` and `encode` go by; the
//! schema's kinds, and whether a field can be written or emptied, are the row's too.

use super::catalogue::Shape;
use crate::model::Kind;
use crate::remote::support::Fidelity::{Lossless, Lossy, ReadOnly, Unsupported};
use crate::remote::support::{Limit, TypeRow};

/// A row, and how its values stand on the wire.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub shape: Shape,
    pub row: TypeRow,
}

/// A type that is written as it is read.
const fn both(native: &'static str, shape: Shape, kinds: &'static [Kind], words: [&'static str; 2]) -> Row {
    let [reads, clears] = words;
    let row = TypeRow {
        native,
        reads,
        kinds,
        writes: Some("the same"),
        clears: Some(clears),
        limits: &[],
        fidelity: Lossless,
    };
    Row { shape, row }
}

impl Row {
    const fn lossy(mut self, what: &'static str) -> Self {
        self.row.fidelity = Lossy(what);
        self
    }

    const fn written(mut self, how: &'static str) -> Self {
        self.row.writes = Some(how);
        self
    }

    const fn never_empty(mut self) -> Self {
        self.row.clears = None;
        self
    }

    const fn within(mut self, limits: &'static [Limit]) -> Self {
        self.row.limits = limits;
        self
    }
}

const fn read_only(
    native: &'static str,
    shape: Shape,
    kinds: &'static [Kind],
    reads: &'static str,
    why: &'static str,
) -> Row {
    let row = TypeRow { native, reads, kinds, writes: None, clears: None, limits: &[], fidelity: ReadOnly(why) };
    Row { shape, row }
}

const fn unsupported(native: &'static str, why: &'static str) -> Row {
    let row = TypeRow {
        native,
        reads: "nothing",
        kinds: &[],
        writes: None,
        clears: None,
        limits: &[],
        fidelity: Unsupported(why),
    };
    Row { shape: Shape::Opaque, row }
}

const TEXTS: &[Kind] = &[Kind::Text, Kind::Title, Kind::Url, Kind::Email, Kind::Phone];
const TITLES: &[Kind] = &[Kind::Title, Kind::Text];
const ONE_OPTION: &[Kind] = &[Kind::Select, Kind::Status];
const NO_NAME: &str = "its number has no name that a webhook for the CRM may see";

/// The type of whatever no other row describes.
pub(super) const OTHER: &str = "any other";

/// All of them. A field's own row comes before the one of its type.
pub(super) const ROWS: &[Row] = &[
    both("string", Shape::Text, TEXTS, ["the text", "`\"\"`"]),
    both("string: COMMENTS", Shape::Text, TEXTS, ["the text, in BB code", "`\"\"`"])
        .lossy("the portal may change line breaks and lists of its BB code, and what comes back is compared"),
    both(
        "string: TITLE",
        Shape::Text,
        TITLES,
        ["the text", "`\"\"`, which the portal turns into a name like `Deal #7`"],
    ),
    both("string: NAME, LAST_NAME", Shape::Text, TITLES, ["the text", "`\"\"`"]),
    both(
        "string: FULL_NAME",
        Shape::FullName,
        TITLES,
        ["first and last name with a space between", "both halves `\"\"`"],
    )
    .written("both halves, divided where they were; of a new name the last word is the last name")
    .lossy("white space around the halves; where a name of three words divides is the CRM's to know"),
    read_only(
        "string: COMPANY_ID.TITLE",
        Shape::CompanyTitle,
        &[Kind::Text, Kind::Title],
        "the name of the company that is linked",
        "it is another record's name; write `COMPANY_ID`",
    ),
    both("url", Shape::Url, &[Kind::Url, Kind::Text], ["the address", "`\"\"`"]),
    both("integer", Shape::Integer, &[Kind::Number], ["the decimal", "`\"\"`"]).within(&[Limit::Whole]),
    both("double", Shape::Number, &[Kind::Number], ["the decimal", "`\"\"`"])
        .lossy("the portal rounds to the field's own precision, and what comes back is compared"),
    both(
        "double: OPPORTUNITY, REVENUE",
        Shape::Amount,
        &[Kind::Number],
        ["the decimal", "`0`: an amount is never empty"],
    )
    .written("the same, and for a deal the mark that its amount is not computed")
    .lossy("the portal rounds to cents; nothing and 0 are the same"),
    both("money", Shape::Money, &[Kind::Number], ["the amount", "`\"\"`"])
        .written("the amount in the currency that was there, else in the portal's own")
        .lossy("the currency stays in the CRM"),
    both("boolean", Shape::Flag, &[Kind::Checkbox], ["yes or no", "`N`: it is never empty"]),
    both("char", Shape::Flag, &[Kind::Checkbox], ["yes or no", "`N`: it is never empty"]),
    both("date", Shape::Date, &[Kind::Date], ["the day, whatever the server's offset", "`\"\"`"]),
    both("datetime", Shape::DateTime, &[Kind::DateTime], ["the instant", "`\"\"`"])
        .written("the instant in UTC")
        .lossy("fractions of a second"),
    both("enumeration", Shape::Enumeration, ONE_OPTION, ["the option's id", "`\"\"`"]),
    both(
        "enumeration: several",
        Shape::Enumeration,
        &[Kind::MultiSelect],
        ["the options' ids, as a set", "`[]`, by the older method"],
    ),
    both("crm_status", Shape::Status, ONE_OPTION, ["the code in its dictionary", "`\"\"`"]),
    both(
        "crm_status: several",
        Shape::Status,
        &[Kind::MultiSelect],
        ["the codes, as a set", "`[]`, by the older method"],
    ),
    both("crm_status: STAGE_ID", Shape::Status, &[Kind::Status, Kind::Select], ["the stage's code", ""]).never_empty(),
    both("crm_category", Shape::Status, ONE_OPTION, ["the pipeline's number", ""])
        .never_empty()
        .lossy("another pipeline puts the deal into that pipeline's first stage"),
    both("crm_currency", Shape::Status, ONE_OPTION, ["the currency's code", ""]).never_empty(),
    both(
        "user",
        Shape::User,
        &[Kind::People],
        ["the user's id", "the webhook's own user: somebody is always responsible"],
    ),
    both("employee", Shape::User, &[Kind::People], ["the user's id", "`\"\"`"]),
    both("employee: several", Shape::User, &[Kind::People], ["the users' ids, as a set", "`[]`, by the older method"]),
    both("crm_company", Shape::Company, &[Kind::Relation], ["the company's id", "`0`"]),
    both("crm_company: COMPANY_IDS", Shape::Company, &[Kind::Relation], ["the companies' ids, as a set", "`[]`"])
        .written("the whole list; who was first stays first"),
    both("crm_contact", Shape::Contact, &[Kind::Relation], ["the contact's id", "that one goes, and the next of the list follows"])
        .written("the whole list, with this one first; it takes the place of who was first, unless `CONTACT_IDS` is mapped too"),
    both("crm_contact: CONTACT_IDS", Shape::Contact, &[Kind::Relation], ["the contacts' ids, as a set", "`[]`"])
        .written("the whole list; who was first stays first"),
    both(
        "crm: one kind of record",
        Shape::Link,
        &[Kind::Relation],
        ["the record's id, with or without its prefix", "`\"\"`"],
    )
    .written("the id without a prefix"),
    both(
        "crm: one kind of record, several",
        Shape::Link,
        &[Kind::Relation],
        ["the records' ids, as a set", "`[]`, by the older method"],
    )
    .written("ids without a prefix"),
    both(
        "crm_multifield: EMAIL",
        Shape::Comm("EMAIL"),
        &[Kind::Email, Kind::Text],
        ["the first one for work, else the first", "that entry goes"],
    )
    .lossy("other entries stay and are not synced"),
    both(
        "crm_multifield: PHONE",
        Shape::Comm("PHONE"),
        &[Kind::Phone, Kind::Text],
        ["the first one for work, else the first", "that entry goes"],
    )
    .lossy("other entries stay and are not synced"),
    both(
        "crm_multifield: WEB",
        Shape::Comm("WEB"),
        &[Kind::Url, Kind::Text],
        ["the first one for work, else the first", "that entry goes"],
    )
    .lossy("other entries stay and are not synced"),
    both(
        "crm_multifield: IM",
        Shape::Comm("IM"),
        &[Kind::Text],
        ["the first one for work, else the first", "that entry goes"],
    )
    .lossy("other entries stay and are not synced; a new one is of the type `OTHER`"),
    both("string: TITLE of a task", Shape::Text, TITLES, ["the text", ""]).never_empty(),
    both("string: DESCRIPTION of a task", Shape::Text, TEXTS, ["the text, in BB code", "`\"\"`"])
        .lossy("the portal may change line breaks and lists of its BB code, and what comes back is compared"),
    both("enum: STATUS, PRIORITY of a task", Shape::Status, &[Kind::Status, Kind::Select], ["its number", ""])
        .never_empty(),
    both("integer: RESPONSIBLE_ID of a task", Shape::User, &[Kind::People], ["the user's id", ""]).never_empty(),
    read_only(
        "integer: CREATED_BY of a task",
        Shape::User,
        &[Kind::People],
        "the user's id; likewise of who changed or closed it",
        "it tells in whose name the task was given",
    ),
    both("array: ACCOMPLICES, AUDITORS of a task", Shape::User, &[Kind::People], ["the users' ids, as a set", "`[]`"]),
    read_only(
        "datetime: START_DATE_PLAN, END_DATE_PLAN of a task",
        Shape::DateTime,
        &[Kind::DateTime],
        "the instant",
        "the portal takes the two only together",
    ),
    both(
        "crm: UF_CRM_TASK of a task",
        Shape::Binding("D"),
        &[Kind::Relation],
        ["the ids of the records of one kind that it is bound to: `UF_CRM_TASK.DEAL`, `.CONTACT`, `.COMPANY`, `.LEAD`", "`[]`"],
    )
    .written("the whole list; bindings of other kinds stay in it"),
    read_only(
        "address",
        Shape::Address,
        &[Kind::Text],
        "the address as text",
        "a text alone would take its coordinates away",
    ),
    read_only(
        "several texts, numbers, dates or amounts",
        Shape::Several,
        &[Kind::Text],
        "a line a value",
        "lines do not tell where a value ends",
    ),
    unsupported("crm: several kinds of records", "its links lead to records of several pairs"),
    unsupported("crm_company: own company", "an own company is no record of a pair"),
    unsupported("crm_entity", "no pair keeps records of that kind"),
    unsupported("file", "a file's address needs a login or carries a secret"),
    unsupported("iblock_element", NO_NAME),
    unsupported("iblock_section", NO_NAME),
    unsupported("hlblock", NO_NAME),
    unsupported("resourcebooking", "a booking is more than a value"),
    unsupported(OTHER, "this version of crosstie does not know it"),
];

/// The row of that name; what has none is [`OTHER`].
pub(super) fn named(native: &str) -> &'static Row {
    let last = &ROWS[ROWS.len() - 1];
    ROWS.iter().find(|row| row.row.native == native).unwrap_or(last)
}

/// The table, without what only the codec needs.
pub fn types() -> impl Iterator<Item = &'static TypeRow> {
    ROWS.iter().map(|row| &row.row)
}
