//! What a portal offers to choose from: people, pipelines, stages, statuses, currencies.

/// A user of the portal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The user id.
    pub id: u64,
    /// First and last name, with a space between.
    pub name: String,
    /// The e-mail.
    pub email: String,
    /// False when dismissed.
    pub active: bool,
}

/// A stage of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// `NEW`, or `C5:NEW` outside pipeline 0.
    pub id: String,
    /// What people see.
    pub name: String,
    /// `P` in progress, `S` success, `F` failure.
    pub semantics: char,
}

/// A pipeline ("category") of deals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// The category id; 0 is the default one.
    pub id: u64,
    /// What people see.
    pub name: String,
    /// Its stages in order; the first is where deals begin.
    pub stages: Vec<Stage>,
}

impl Pipeline {
    /// Whether the pipeline has that stage.
    pub(super) fn has(&self, stage: &str) -> bool {
        self.stages.iter().any(|s| s.id == stage)
    }
}

/// The dictionaries of the default portal: dictionary, code, what people see.
pub(super) const STATUSES: &[(&str, &str, &str)] = &[
    ("SOURCE", "CALL", "Call"),
    ("SOURCE", "EMAIL", "E-Mail"),
    ("SOURCE", "WEB", "Website"),
    ("SOURCE", "ADVERTISING", "Advertising"),
    ("SOURCE", "RECOMMENDATION", "By recommendation"),
    ("SOURCE", "OTHER", "Other"),
    ("DEAL_TYPE", "SALE", "Sales"),
    ("DEAL_TYPE", "SERVICE", "Service"),
    ("CONTACT_TYPE", "CLIENT", "Clients"),
    ("CONTACT_TYPE", "SUPPLIER", "Suppliers"),
    ("CONTACT_TYPE", "PARTNER", "Partners"),
    ("COMPANY_TYPE", "CUSTOMER", "Client"),
    ("COMPANY_TYPE", "SUPPLIER", "Supplier"),
    ("INDUSTRY", "IT", "Information Technology"),
    ("INDUSTRY", "CONSULTING", "Consulting"),
    ("EMPLOYEES", "EMPLOYEES_1", "less than 50"),
    ("EMPLOYEES", "EMPLOYEES_2", "50-250"),
    ("HONORIFIC", "HNR_EN_1", "Mr."),
    ("HONORIFIC", "HNR_EN_2", "Ms."),
    ("STATUS", "NEW", "Unassigned"),
    ("STATUS", "IN_PROCESS", "In progress"),
    ("STATUS", "PROCESSED", "Processed"),
    ("STATUS", "CONVERTED", "Good lead"),
    ("STATUS", "JUNK", "Junk lead"),
];

/// The currencies of the default portal: code, name, rate, base.
pub(super) const CURRENCIES: &[(&str, &str, &str, &str)] =
    &[("EUR", "Euro", "1.0000", "Y"), ("USD", "US Dollar", "0.9200", "N")];

/// The default pipeline.
pub(super) fn general() -> Pipeline {
    let stages = [
        ("NEW", "New", 'P'),
        ("PREPARATION", "Documents prepared", 'P'),
        ("PREPAYMENT_INVOICE", "Prepayment", 'P'),
        ("EXECUTING", "In progress", 'P'),
        ("FINAL_INVOICE", "Final invoice", 'P'),
        ("WON", "Won", 'S'),
        ("LOSE", "Lost", 'F'),
    ];
    let stage = |(id, name, semantics): (&str, &str, char)| Stage { id: id.into(), name: name.into(), semantics };
    Pipeline { id: 0, name: "General".into(), stages: stages.into_iter().map(stage).collect() }
}
