//! Whether both worlds hold the same, as somebody sees it who looks at both screens. It knows the pretend office and
//! nothing of the program.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use crate::support::configuration::data_source;
use crate::support::worlds::{Worlds, pages, records};

const MARKER: &str = "CRM ID";
const STAGES: [(&str, &str); 7] = [
    ("NEW", "New"),
    ("PREPARATION", "Documents prepared"),
    ("PREPAYMENT_INVOICE", "Prepayment"),
    ("EXECUTING", "In progress"),
    ("FINAL_INVOICE", "Final invoice"),
    ("WON", "Won"),
    ("LOSE", "Lost"),
];

/// One table of the office on both sides.
pub struct Table {
    pub entity: &'static str,
    pub pages: BTreeMap<String, Json>,
    pub records: BTreeMap<String, Json>,
    /// The live pages that carry each CRM id.
    pub marked: BTreeMap<String, BTreeSet<String>>,
}

/// Both worlds at one moment, nearly.
pub struct Office {
    pub contacts: Table,
    pub deals: Table,
    companies: BTreeMap<String, Json>,
    /// E-mail addresses by each side's user id.
    emails: BTreeMap<String, String>,
}

impl Office {
    pub fn look(worlds: &Worlds) -> Self {
        let (notion, crm) = (worlds.notion_world(), worlds.crm_world());
        let table = |entity, title| {
            let pages = pages(&notion, &data_source(worlds, title));
            let mut marked: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
            for (page, values) in &pages {
                if let Some(id) = values[MARKER].as_str() {
                    marked.entry(id.to_owned()).or_default().insert(page.clone());
                }
            }
            Table { entity, pages, records: records(&crm, entity), marked }
        };
        let users = notion["users"].as_array().unwrap().iter().map(|user| (user, &user["person"]["email"]));
        let users = users.chain(crm["users"].as_array().unwrap().iter().map(|user| (user, &user["email"])));
        let emails = users.filter_map(|(user, email)| Some((user["id"].as_str()?.into(), email.as_str()?.into())));
        Self {
            contacts: table("contact", "Contacts"),
            deals: table("deal", "Projects"),
            companies: records(&crm, "company"),
            emails: emails.collect(),
        }
    }

    /// Everything in which the two sides differ, or which should not be; empty if they agree.
    pub fn disagreements(&self) -> Vec<String> {
        let mut found = Vec::new();
        for table in [&self.contacts, &self.deals] {
            table.ties(&mut found);
            for (id, record) in &table.records {
                let Some(page) = table.page_of(id) else { continue };
                let (crm, notion) = self.fields(table.entity, record, &table.pages[page]);
                for (field, value) in &crm {
                    if *value != notion[field] {
                        found.push(format!(
                            "{} {id}, {field}: {value} in the CRM, {} in Notion",
                            table.entity, notion[field]
                        ));
                    }
                }
            }
        }
        found
    }

    /// Every mapped field in common words, as the CRM and as Notion hold it.
    fn fields(
        &self,
        entity: &str,
        record: &Json,
        page: &Json,
    ) -> (BTreeMap<&'static str, Json>, BTreeMap<&'static str, Json>) {
        if entity == "contact" {
            let names = ["NAME", "LAST_NAME"].map(|part| record[part].as_str().unwrap_or_default());
            let crm = [
                ("name", json!(names.join(" ").trim())),
                ("email", record["EMAIL"].clone()),
                ("phone", record["PHONE"].clone()),
            ];
            let notion =
                [("name", page["Name"].clone()), ("email", page["Email"].clone()), ("phone", page["Phone"].clone())];
            return (crm.into(), notion.into());
        }
        let stage = STAGES.iter().find(|(code, _)| record["STAGE_ID"] == *code).map(|(_, name)| *name);
        let company = strings(&record["COMPANY_ID"]).first().map(|id| self.companies[id]["TITLE"].clone());
        let email = |ids: &Json| strings(ids).iter().map(|id| self.emails[id].clone()).collect::<BTreeSet<_>>();
        let linked = strings(&record["CONTACT_IDS"]);
        let linked: BTreeSet<&String> = linked.iter().filter_map(|id| self.contacts.page_of(id)).collect();
        let related = strings(&page["Contacts"]);
        let crm = [
            ("name", record["TITLE"].clone()),
            ("stage", json!(stage)),
            ("amount", number(&record["OPPORTUNITY"])),
            ("responsible", json!(email(&record["ASSIGNED_BY_ID"]))),
            ("company", json!(company)),
            ("created", minute(&record["DATE_CREATE"])),
            ("deadline", record["UF_CRM_DEADLINE"].clone()),
            ("contacts", json!(linked)),
            ("notes", record["COMMENTS"].clone()),
        ];
        let notion = [
            ("name", page["Name"].clone()),
            ("stage", page["Status"].clone()),
            ("amount", number(&page["Amount"])),
            ("responsible", json!(email(&page["Responsible"]))),
            ("company", page["Company"].clone()),
            ("created", minute(&page["Creation Date"])),
            ("deadline", page["Deadline"].clone()),
            ("contacts", json!(related.iter().collect::<BTreeSet<_>>())),
            ("notes", page["Notes"].clone()),
        ];
        (crm.into(), notion.into())
    }
}

impl Table {
    /// The one page that carries a record's id.
    pub fn page_of(&self, record: &str) -> Option<&String> {
        self.marked.get(record).and_then(|pages| pages.first())
    }

    /// The record whose id a page carries.
    pub fn record_of(&self, page: &str) -> Option<&str> {
        self.pages[page][MARKER].as_str()
    }

    /// Records and pages without exactly one counterpart, in both markers, and what was made twice.
    fn ties(&self, found: &mut Vec<String>) {
        let entity = self.entity;
        let mut origins: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
        for (id, record) in &self.records {
            if let Some(origin) = record["ORIGIN_ID"].as_str() {
                origins.entry(origin).or_default().push(id);
                if self.page_of(id).is_some_and(|page| page != origin) {
                    found.push(format!(
                        "{entity} {id} is marked with the page {origin}, but another page carries its id"
                    ));
                }
            }
            if self.page_of(id).is_none() {
                found.push(format!("{entity} {id} has no page"));
            }
        }
        for (origin, ids) in origins.iter().filter(|(_, ids)| ids.len() > 1) {
            found.push(format!("{entity} {ids:?} are all marked with the page {origin}"));
        }
        for (id, pages) in self.marked.iter().filter(|(_, pages)| pages.len() > 1) {
            found.push(format!("{entity} {id} has the pages {pages:?}"));
        }
        for page in self.pages.keys() {
            match self.record_of(page) {
                None => found.push(format!("the page {page} of {entity} carries no id")),
                Some(id) if !self.records.contains_key(id) => {
                    found.push(format!("the page {page} carries {id}, which is no {entity}"));
                }
                Some(_) => {}
            }
        }
        let names = |name: &str, values: &BTreeMap<String, Json>| {
            let mut seen: BTreeMap<String, usize> = BTreeMap::new();
            for value in values.values() {
                *seen.entry(value[name].to_string()).or_default() += 1;
            }
            seen.into_iter().filter(|(_, times)| *times > 1).collect::<Vec<_>>()
        };
        let key = if entity == "contact" { ["EMAIL", "Email"] } else { ["TITLE", "Name"] };
        for twice in [names(key[0], &self.records), names(key[1], &self.pages)] {
            found.extend(twice.into_iter().map(|(name, times)| format!("{entity} {name} is there {times} times")));
        }
    }
}

fn strings(list: &Json) -> Vec<String> {
    list.as_array().into_iter().flatten().map(|one| one.as_str().unwrap().to_owned()).collect()
}

/// Amounts as decimals: the CRM shows 0 where nobody gave one.
fn number(shown: &Json) -> Json {
    let decimal = shown.as_str().and_then(|digits| digits.parse::<rust_decimal::Decimal>().ok()).unwrap_or_default();
    json!(decimal.normalize().to_string())
}

/// A moment without its seconds, which Notion does not keep.
fn minute(shown: &Json) -> Json {
    let at = shown.as_str().and_then(|at| at.parse::<jiff::Timestamp>().ok());
    json!(at.map(|at| at.as_second().div_euclid(60)))
}
