//! A deal on its whole way: stages, another pipeline, people, a company, an option; and phone numbers of its contacts.
//! From either side, ending equal, with the requests counted.

use std::collections::BTreeMap;

use crosstie::mapping::{Create, FieldSpec, PairSpec};
use crosstie::model::Side;
use crosstie::standin::bitrix24::{Entity, UserFieldType};
use crosstie::standin::office::{Office, Options};
use serde_json::{Value as Json, json};

use crate::harness::{Bench, Plan};

/// Stages by code and by the name that both sides show.
const STAGES: [(&str, &str); 7] = [
    ("NEW", "New"),
    ("PREPARATION", "Documents prepared"),
    ("EXECUTING", "In progress"),
    ("WON", "Won"),
    ("LOSE", "Lost"),
    ("C1:OPEN", "Ticket open"),
    ("C1:SOLVED", "Ticket solved"),
];

struct Moved {
    bench: Bench,
    deal: String,
    page: String,
    /// Contacts of the CRM with their pages.
    people: Vec<(String, String)>,
    company: (String, String),
    urgent: String,
}

/// An office whose deals have pipelines, companies and an option of their own, all of it mapped.
async fn ready() -> Moved {
    let options =
        Options { contacts: 3, deals: 1, on_both: 3, crm_per_minute: 0, notion_per_minute: 0, ..Options::default() };
    let office = Office::new(11, Options { only_notion: 0, ..options }).unwrap();
    let urgent = {
        let crm = office.crm();
        let mut crm = crm.lock().unwrap();
        crm.add_pipeline("Support", &[("OPEN", "Ticket open", 'P'), ("SOLVED", "Ticket solved", 'S')]);
        crm.add_user_field(Entity::Deal, "UF_CRM_URGENCY", UserFieldType::Enumeration, &["Calm", "Urgent"]);
        crm.options(Entity::Deal, "UF_CRM_URGENCY")[1].0.clone()
    };
    let companies = json!({ "Name": { "title": {} }, "CRM ID": { "rich_text": {} } });
    let companies = office.notion().lock().unwrap().add_data_source("Companies", &companies).unwrap();
    let mut bench = Bench::furnished(&office, Plan::default());
    let select = |names: &[&str]| {
        let options: Vec<Json> = names.iter().map(|name| json!({ "name": name })).collect();
        json!({ "select": { "options": options } })
    };
    bench.reshape(
        "deals",
        &json!({
            "Stage": select(&STAGES.map(|(_, name)| name)), "Pipeline": select(&["General", "Support"]),
            "Urgency": select(&["Calm", "Urgent"]),
            "Client": { "relation": { "data_source_id": companies, "type": "single_property", "single_property": {} } },
        }),
    );
    let deals = bench.specs.iter_mut().find(|spec| spec.name.as_str() == "deals").unwrap();
    let pattern = deals.fields[0].clone();
    let field = |crm: &str, notion: &str, relation: Option<&str>| FieldSpec {
        key: crm.into(),
        crm: crm.into(),
        notion: notion.into(),
        values: Default::default(),
        relation: relation.map(Into::into),
        ..pattern.clone()
    };
    deals.fields.retain(|field| field.crm.as_str() != "STAGE_ID");
    deals.fields.extend([
        field("STAGE_ID", "Stage", None),
        field("CATEGORY_ID", "Pipeline", None),
        field("UF_CRM_URGENCY", "Urgency", None),
        field("COMPANY_ID", "Client", Some("companies")),
    ]);
    let pair = PairSpec {
        name: "companies".into(),
        crm: "company".into(),
        data_source: companies,
        match_by: vec!["TITLE".into()],
        create: Create::Both,
        fields: vec![field("TITLE", "Name", None)],
        ..deals.clone()
    };
    bench.specs.push(pair);
    bench.start().await;
    bench.until("everything is tied and written", 900, async || bench.is_quiet().await).await;
    bench.pass(300).await;
    let (deal, page) = bench.deal().await;
    let mut people = Vec::new();
    for contact in bench.ids(Entity::Contact) {
        let page = bench.page_of("contacts", &contact).await.unwrap();
        people.push((contact, page));
    }
    let held = bench.deal_field(&deal, "COMPANY_ID");
    let other = bench.ids(Entity::Company).into_iter().find(|id| json!([id]) != held).unwrap();
    let company = (other.clone(), bench.page_of("companies", &other).await.unwrap());
    bench.forget_calls();
    Moved { bench, deal, page, people, company, urgent }
}

fn members(list: &Json) -> Vec<String> {
    let mut ids: Vec<String> =
        list.as_array().into_iter().flatten().map(|it| it.as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

impl Moved {
    /// Both sides show the same, and what was meant.
    fn assert_equal(&self, stage: &str, pipeline: &str, contacts: usize, phones: [Json; 2]) {
        let bench = &self.bench;
        let (code, name) = STAGES.into_iter().find(|(_, name)| *name == stage).unwrap();
        assert_eq!(
            (bench.deal_field(&self.deal, "STAGE_ID"), bench.cell(&self.page, "Stage")),
            (json!(code), json!(name))
        );
        let number = if pipeline == "Support" { "1" } else { "0" };
        assert_eq!(bench.deal_field(&self.deal, "CATEGORY_ID"), json!(number));
        assert_eq!(bench.cell(&self.page, "Pipeline"), json!(pipeline));
        assert_eq!(bench.deal_field(&self.deal, "UF_CRM_URGENCY"), json!(self.urgent));
        assert_eq!(bench.cell(&self.page, "Urgency"), json!("Urgent"));
        assert_eq!(bench.deal_field(&self.deal, "COMPANY_ID"), json!([self.company.0]));
        assert_eq!(bench.cell(&self.page, "Client"), json!([self.company.1]));
        let linked = members(&bench.deal_field(&self.deal, "CONTACT_IDS"));
        let mut pages: Vec<String> =
            linked.iter().map(|id| self.people.iter().find(|(it, _)| it == id).unwrap().1.clone()).collect();
        pages.sort();
        assert_eq!((linked.len(), members(&bench.cell(&self.page, "Contacts"))), (contacts, pages));
        for ((contact, page), phone) in self.people.iter().zip(phones) {
            assert_eq!(bench.held(Entity::Contact, contact, "PHONE"), phone);
            assert_eq!(bench.cell(page, "Phone"), phone);
        }
    }

    /// Few enough requests for what was done; prints how many of each, and fails with all of them.
    fn assert_thrifty(&self, what: &str, crm_writes: usize, notion_writes: usize, others: usize) {
        let calls = self.bench.calls();
        let count = |side: Side| calls.iter().filter(|call| call.side == side && call.is_write()).count();
        let beside = calls.iter().filter(|call| !call.is_write() && !call.is_listing()).count();
        let mut each: BTreeMap<String, usize> = BTreeMap::new();
        for call in &calls {
            // An id says nothing of the kind of request.
            let named: Vec<&str> =
                call.path.split(['/', '?']).map(|part| if part.len() == 36 { "ID" } else { part }).collect();
            let kind = if call.is_listing() {
                "listing"
            } else if call.is_write() {
                "write"
            } else {
                "read"
            };
            *each.entry(format!("{} {kind} {:?} {}", call.side, call.method, named.join("/"))).or_default() += 1;
        }
        let figures: Vec<String> = each.iter().map(|(kind, count)| format!("  {count:>4}  {kind}")).collect();
        println!(
            "{what}: {} writes to the CRM, {} to Notion, {beside} other requests, {} listings\n{}",
            count(Side::Crm),
            count(Side::Notion),
            calls.iter().filter(|call| call.is_listing()).count(),
            figures.join("\n")
        );
        let bodies = || {
            calls
                .iter()
                .filter(|call| !call.is_listing())
                .map(|call| format!("{} {} {}", call.side, call.path, call.body))
        };
        let few = count(Side::Crm) <= crm_writes && count(Side::Notion) <= notion_writes && beside <= others;
        assert!(few, "{:#?}", bodies().collect::<Vec<_>>());
    }

    /// All contacts that the deal has, and one that it has not.
    fn one_more(&self) -> Vec<usize> {
        let linked = members(&self.bench.deal_field(&self.deal, "CONTACT_IDS"));
        let has = |at: &usize| linked.contains(&self.people[*at].0);
        let mut all: Vec<usize> = (0..self.people.len()).filter(has).collect();
        all.extend((0..self.people.len()).find(|at| !has(at)));
        assert_eq!(all.len(), linked.len() + 1);
        all
    }
}

#[tokio::test(start_paused = true)]
async fn everything_that_happens_to_a_deal_in_the_crm_is_in_notion() {
    let moved = ready().await;
    let (bench, deal) = (&moved.bench, &moved.deal);
    for stage in ["EXECUTING", "LOSE", "WON"] {
        bench.edit_deal(deal, "STAGE_ID", stage);
        bench.pass(30).await;
    }
    bench.edit_deal(deal, "CATEGORY_ID", "1");
    bench.pass(30).await;
    let people = moved.one_more();
    let contacts: Vec<&String> = people.iter().map(|at| &moved.people[*at].0).collect();
    bench.edit_deal(deal, "CONTACT_IDS", json!(contacts));
    bench.edit_deal(deal, "COMPANY_ID", json!([moved.company.0]));
    bench.edit_deal(deal, "UF_CRM_URGENCY", moved.urgent.as_str());
    bench.edit_crm(Entity::Contact, &moved.people[0].0, &[("PHONE", json!("+49 30 5550123"))]);
    bench.edit_crm(Entity::Contact, &moved.people[1].0, &[("PHONE", Json::Null)]);
    bench.settle().await;
    moved.assert_equal("Ticket open", "Support", people.len(), [json!("+49 30 5550123"), Json::Null]);
    assert!(bench.claims().await.holds.is_empty());
    // Four moves, the deal's own fields, its company when that tie is known, two phones; each write after one look.
    moved.assert_thrifty("all of it from the CRM", 0, 8, 10);
}

#[tokio::test(start_paused = true)]
async fn everything_that_happens_to_a_deal_in_notion_is_in_the_crm() {
    let moved = ready().await;
    let (bench, page) = (&moved.bench, &moved.page);
    for stage in ["In progress", "Lost", "Won"] {
        bench.edit_notion(page, "Stage", stage);
        bench.pass(90).await;
    }
    bench.edit_notion(page, "Pipeline", "Support");
    bench.pass(90).await;
    let people = moved.one_more();
    let contacts: Vec<&String> = people.iter().map(|at| &moved.people[*at].1).collect();
    bench.edit_notion(page, "Contacts", json!(contacts));
    bench.edit_notion(page, "Client", json!([moved.company.1]));
    bench.edit_notion(page, "Urgency", "Urgent");
    bench.edit_notion(&moved.people[0].1, "Phone", "+49 30 5550123");
    bench.edit_notion(&moved.people[1].1, "Phone", Json::Null);
    bench.settle().await;
    moved.assert_equal("Ticket open", "Support", people.len(), [json!("+49 30 5550123"), Json::Null]);
    assert!(bench.claims().await.holds.is_empty());
    // Two of Notion's are the portal's answers: the first stage of the pipeline, and the company's name.
    moved.assert_thrifty("all of it from Notion", 8, 2, 16);
}

#[tokio::test(start_paused = true)]
async fn a_stage_of_another_pipeline_chosen_in_notion_takes_the_deal_there_and_back() {
    let moved = ready().await;
    let (bench, deal, page) = (&moved.bench, &moved.deal, &moved.page);
    for (stage, code, pipeline, number) in
        [("Ticket solved", "C1:SOLVED", "Support", "1"), ("Lost", "LOSE", "General", "0")]
    {
        bench.edit_notion(page, "Stage", stage);
        bench.settle().await;
        assert_eq!((bench.deal_field(deal, "STAGE_ID"), bench.cell(page, "Stage")), (json!(code), json!(stage)));
        assert_eq!(
            (bench.deal_field(deal, "CATEGORY_ID"), bench.cell(page, "Pipeline")),
            (json!(number), json!(pipeline))
        );
    }
    assert!(bench.claims().await.holds.is_empty());
    // Notion is told the pipeline that came with the stage.
    moved.assert_thrifty("there and back", 2, 2, 5);
}
