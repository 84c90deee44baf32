//! What a configuration has to know about the pretend workspace. Names only: no secrets.

/// One field that both sides have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldFact {
    /// The CRM field's upper-case name.
    pub crm: &'static str,
    /// The Notion property's name.
    pub notion: &'static str,
    /// Whether it can only go from the CRM to Notion.
    pub crm_only: bool,
    /// For a relation: the table at its other end.
    pub relation: Option<&'static str>,
}

/// One entity of the CRM and the data source that holds the same things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableFacts {
    /// `contacts` or `deals`.
    pub name: &'static str,
    /// The CRM entity.
    pub crm: &'static str,
    /// The data source's id.
    pub data_source: String,
    /// The property that belongs to the sync.
    pub marker: &'static str,
    /// The CRM field by which records of both sides are known to be the same.
    pub match_by: &'static str,
    /// The fields.
    pub fields: &'static [FieldFact],
}

/// The pretend workspace, as a configuration sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// People outside.
    pub contacts: TableFacts,
    /// Projects.
    pub deals: TableFacts,
    /// Stages of deals by code, and the status that means the same; all but the last have the stage's own name.
    pub stages: &'static [(&'static str, &'static str)],
}

/// The sync-owned property of both data sources.
pub const MARKER: &str = "CRM ID";

/// The stages of deals and the statuses of projects.
pub const STAGES: &[(&str, &str)] = &[
    ("NEW", "New"),
    ("PREPARATION", "Documents prepared"),
    ("PREPAYMENT_INVOICE", "Prepayment"),
    ("EXECUTING", "In progress"),
    ("FINAL_INVOICE", "Final invoice"),
    ("WON", "Won"),
    ("LOSE", "Lost"),
];

const fn both(crm: &'static str, notion: &'static str) -> FieldFact {
    FieldFact { crm, notion, crm_only: false, relation: None }
}

/// Fields of contacts. `FULL_NAME` stands for `NAME` and `LAST_NAME` with a space between.
pub(super) const CONTACT_FIELDS: &[FieldFact] =
    &[both("FULL_NAME", "Name"), both("EMAIL", "Email"), both("PHONE", "Phone")];

/// Fields of deals.
pub(super) const DEAL_FIELDS: &[FieldFact] = &[
    both("TITLE", "Name"),
    both("STAGE_ID", "Status"),
    both("OPPORTUNITY", "Amount"),
    both("ASSIGNED_BY_ID", "Responsible"),
    FieldFact { crm: "COMPANY_ID.TITLE", notion: "Company", crm_only: true, relation: None },
    FieldFact { crm: "DATE_CREATE", notion: "Creation Date", crm_only: true, relation: None },
    both(DEADLINE, "Deadline"),
    FieldFact { crm: "CONTACT_IDS", notion: "Contacts", crm_only: false, relation: Some("contacts") },
    both("COMMENTS", "Notes"),
];

/// The user field for the day on which a deal is due.
pub(super) const DEADLINE: &str = "UF_CRM_DEADLINE";

impl Facts {
    pub(super) fn of(contacts: &str, projects: &str) -> Self {
        Self {
            contacts: TableFacts {
                name: "contacts",
                crm: "contact",
                data_source: contacts.to_owned(),
                marker: MARKER,
                match_by: "EMAIL",
                fields: CONTACT_FIELDS,
            },
            deals: TableFacts {
                name: "deals",
                crm: "deal",
                data_source: projects.to_owned(),
                marker: MARKER,
                match_by: "TITLE",
                fields: DEAL_FIELDS,
            },
            stages: STAGES,
        }
    }
}
