//! The workspace as it is on the first morning.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::facts::{DEADLINE, Facts, STAGES};
use super::view::{View, members};
use super::words::{self, COLLEAGUES, COMPANIES, Outsider};
use super::{Options, Unfurnished};
use crate::standin::bitrix24::{self, BitrixStandIn, Entity, UserFieldType};
use crate::standin::notion::{self, NotionStandIn};

/// Builds both worlds. `people` and `projects` count what was named so far.
pub(super) fn furnish(
    rng: &mut Rng,
    seed: u64,
    options: &Options,
    people: &mut usize,
    projects: &mut usize,
) -> Result<View, Unfurnished> {
    let mut crm = BitrixStandIn::new(bitrix24::Config { seed, ..options.bitrix.clone() });
    let mut notion = NotionStandIn::new(notion::Config { seed, ..options.workspace.clone() });
    for (name, email) in COLLEAGUES {
        if !crm.people().iter().any(|person| person.email == email) {
            crm.add_person(name, email);
        }
        notion.add_person(name, email);
    }
    crm.add_user_field(Entity::Deal, DEADLINE, UserFieldType::Date, &[]);
    let facts = data_sources(&mut notion)?;
    let mut house = House {
        crm,
        notion,
        facts,
        at: options.start,
        companies: Vec::new(),
        shared: BTreeMap::new(),
        paired: vec![],
        contacts: vec![],
    };
    for (title, _) in COMPANIES {
        let company = house.make(rng, Entity::Company, &[("TITLE", json!(title))])?;
        house.companies.push(company);
    }
    for number in 0..options.contacts {
        let outsider = words::outsider(rng, next(people));
        house.contact(rng, &outsider, number < options.on_both)?;
    }
    house.paired = house.shared.keys().cloned().collect();
    for number in 0..options.deals {
        house.deal(rng, next(projects), number < options.on_both)?;
    }
    for _ in 0..options.only_notion {
        let outsider = words::outsider(rng, next(people));
        house.contact_page(rng, &outsider)?;
        house.project_page_alone(rng, next(projects))?;
    }
    for _ in 0..options.couples {
        let mut one = words::outsider(rng, next(people));
        // The address of both is of neither's first name.
        one.email = one.email.split_once('.').map_or(one.email.clone(), |(_, family)| family.to_owned());
        for partner in [words::partner(rng, &one), one] {
            house.contact(rng, &partner, true)?;
        }
    }
    let House { crm, notion, facts, .. } = house;
    Ok(View {
        crm: Arc::new(Mutex::new(crm)),
        notion: Arc::new(Mutex::new(notion)),
        facts,
        copies: std::collections::BTreeSet::new(),
    })
}

fn next(count: &mut usize) -> usize {
    *count += 1;
    *count - 1
}

fn data_sources(notion: &mut NotionStandIn) -> Result<Facts, Unfurnished> {
    let contacts = notion.add_data_source(
        "Contacts",
        &json!({ "Name": { "title": {} }, "Email": { "email": {} }, "Phone": { "phone_number": {} },
            "CRM ID": { "rich_text": {} } }),
    );
    let contacts = contacts.map_err(|refused| Unfurnished(refused.message))?;
    let group = |code: &str| match code {
        "NEW" => "To-do",
        "WON" | "LOSE" => "Complete",
        _ => "In progress",
    };
    let options: Vec<Json> = STAGES.iter().map(|(code, name)| json!({ "name": name, "group": group(code) })).collect();
    let related = json!({ "data_source_id": contacts, "type": "dual_property",
        "dual_property": { "synced_property_name": "Projects" } });
    let projects = notion.add_data_source(
        "Projects",
        &json!({
            "Name": { "title": {} }, "Status": { "status": { "options": options } }, "Amount": { "number": {} },
            "Responsible": { "people": {} }, "Company": { "rich_text": {} }, "Creation Date": { "date": {} },
            "Deadline": { "date": {} }, "Contacts": { "relation": related }, "Notes": { "rich_text": {} },
            "CRM ID": { "rich_text": {} },
        }),
    );
    Ok(Facts::of(&contacts, &projects.map_err(|refused| Unfurnished(refused.message))?))
}

struct House {
    crm: BitrixStandIn,
    notion: NotionStandIn,
    facts: Facts,
    at: Timestamp,
    companies: Vec<String>,
    contacts: Vec<String>,
    /// Pages of those contacts of the CRM that have one, by the contact's id.
    shared: BTreeMap<String, String>,
    /// The contacts among them, once all are there.
    paired: Vec<String>,
}

impl House {
    /// Things were made one after the other.
    fn tick(&mut self) -> Timestamp {
        self.at += SignedDuration::from_secs(97);
        self.at
    }

    fn make(&mut self, rng: &mut Rng, entity: Entity, set: &[(&str, Json)]) -> Result<String, Unfurnished> {
        let at = self.tick();
        let (who, _) = COLLEAGUES[rng.usize(..COLLEAGUES.len())];
        self.crm.person_create(at, who, entity, set).map_err(|refused| Unfurnished(refused.to_string()))
    }

    fn page(&mut self, rng: &mut Rng, source: &str, set: &[(&str, Json)]) -> Result<String, Unfurnished> {
        let at = self.tick();
        let (who, _) = COLLEAGUES[rng.usize(..COLLEAGUES.len())];
        self.notion.person_create(at, who, source, set).map_err(|refused| Unfurnished(refused.message))
    }

    fn contact(&mut self, rng: &mut Rng, outsider: &Outsider, on_both: bool) -> Result<(), Unfurnished> {
        let company = self.companies[self.contacts.len() % self.companies.len()].clone();
        let id = self.make(
            rng,
            Entity::Contact,
            &[
                ("NAME", json!(outsider.first)),
                ("LAST_NAME", json!(outsider.last)),
                ("EMAIL", json!(outsider.email)),
                ("PHONE", json!(outsider.phone)),
                ("COMPANY_ID", json!(company)),
            ],
        )?;
        if on_both {
            let page = self.contact_page(rng, outsider)?;
            self.shared.insert(id.clone(), page);
        }
        self.contacts.push(id);
        Ok(())
    }

    fn contact_page(&mut self, rng: &mut Rng, outsider: &Outsider) -> Result<String, Unfurnished> {
        let source = self.facts.contacts.data_source.clone();
        let cells =
            [("Name", json!(outsider.name())), ("Email", json!(outsider.email)), ("Phone", json!(outsider.phone))];
        self.page(rng, &source, &cells)
    }

    fn deal(&mut self, rng: &mut Rng, number: usize, on_both: bool) -> Result<(), Unfurnished> {
        // A deal that has a page already is linked with contacts that have one, so that both hold the same.
        let choice = if on_both { &self.paired } else { &self.contacts };
        let mut linked: Vec<String> =
            (0..1 + rng.usize(..3)).filter_map(|_| choice.get(rng.usize(..choice.len().max(1))).cloned()).collect();
        linked.sort();
        linked.dedup();
        let owner = rng.usize(..COLLEAGUES.len());
        let (_, email) = COLLEAGUES[owner];
        let user = self.crm.people().iter().find(|person| person.email == email).map(|person| person.id.to_string());
        let company = rng.usize(..self.companies.len());
        let (stage, status) = STAGES[rng.usize(..STAGES.len())];
        let (title, amount, note) = (words::title(rng, number), words::amount(rng), words::note(rng, number));
        let deadline = words::day(rng);
        let id = self.make(
            rng,
            Entity::Deal,
            &[
                ("TITLE", json!(title)),
                ("STAGE_ID", json!(stage)),
                ("OPPORTUNITY", json!(amount)),
                ("ASSIGNED_BY_ID", json!(user)),
                ("COMPANY_ID", json!(self.companies[company])),
                ("CONTACT_IDS", json!(linked)),
                (DEADLINE, json!(deadline)),
                ("COMMENTS", json!(note)),
            ],
        )?;
        if on_both {
            let held = self.crm.plain(Entity::Deal, &id).unwrap_or_default();
            let related = members(held.get("CONTACT_IDS").unwrap_or(&Json::Null));
            let pages: Vec<&String> = related.iter().filter_map(|id| self.shared.get(id)).collect();
            let cells = [
                ("Name", json!(title)),
                ("Status", json!(status)),
                ("Amount", json!(amount)),
                ("Responsible", json!([email])),
                ("Company", json!(COMPANIES[company].0)),
                ("Creation Date", held.get("DATE_CREATE").cloned().unwrap_or_default()),
                ("Deadline", json!(deadline)),
                ("Contacts", json!(pages)),
                ("Notes", json!(note)),
            ];
            let source = self.facts.deals.data_source.clone();
            self.page(rng, &source, &cells)?;
        }
        Ok(())
    }

    fn project_page_alone(&mut self, rng: &mut Rng, number: usize) -> Result<(), Unfurnished> {
        let (_, status) = STAGES[rng.usize(..3)];
        let (_, email) = COLLEAGUES[rng.usize(..COLLEAGUES.len())];
        let cells = [
            ("Name", json!(words::title(rng, number))),
            ("Status", json!(status)),
            ("Amount", json!(words::amount(rng))),
            ("Responsible", json!([email])),
            ("Deadline", json!(words::day(rng))),
            ("Notes", json!(words::note(rng, number))),
        ];
        let source = self.facts.deals.data_source.clone();
        self.page(rng, &source, &cells).map(drop)
    }
}
