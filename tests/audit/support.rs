//! Two small worlds, a hand that writes through the API as an engine would, and claims to go with it.

use std::collections::BTreeMap;

use crosstie::mapping::{Create, Delete, Direction, FieldSpec, PairSpec, Policy};
use crosstie::model::{
    Event, FieldKey, FieldName, Happening, Hold, HoldId, PairName, RecordId, Side, Tie, TieId, Value, Why,
};
use crosstie::seam::{Method, Request};
use crosstie::sim::audit::{Case, Claims, Outcome, Outcomes, Report, audit};
use crosstie::standin::StandIn;
use crosstie::standin::bitrix24::{self, BitrixStandIn, Entity};
use crosstie::standin::notion::{self, NotionStandIn};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

pub const ANNA: &str = "Anna Weber";
pub const BORIS: &str = "Boris Klein";

/// So many milliseconds after the work began.
pub fn at(ms: i64) -> Timestamp {
    "2026-03-02T09:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_millis(ms)
}

pub struct Bench {
    pub crm: BitrixStandIn,
    pub notion: NotionStandIn,
    pub pairs: Vec<PairSpec>,
    pub claims: Claims,
    pub remember_gone: SignedDuration,
    pub leaps: Vec<(Timestamp, SignedDuration)>,
    pub downs: Vec<(Timestamp, Timestamp)>,
}

fn field(crm: &str, notion: &str) -> FieldSpec {
    FieldSpec {
        key: FieldKey::from(crm),
        crm: FieldName::from(crm),
        notion: FieldName::from(notion),
        direction: Direction::Both,
        policy: Policy::Hold,
        values: BTreeMap::new(),
        relation: None,
        create_options: false,
        fallback: None,
        unmatched: false,
        zone: None,
    }
}

fn pair(name: &str, crm: &str, source: &str, match_by: &str, fields: Vec<FieldSpec>) -> PairSpec {
    PairSpec {
        name: PairName::from(name),
        crm: crm.into(),
        data_source: source.into(),
        marker: FieldName::from("CRM ID"),
        match_by: vec![FieldKey::from(match_by)],
        create: Create::Both,
        delete: Delete::Untie,
        template: None,
        filters: Default::default(),
        fields,
    }
}

impl Bench {
    pub fn new() -> Self {
        let mut notion = NotionStandIn::new(notion::Config::default());
        notion.add_person(ANNA, "anna@example.com");
        notion.add_person(BORIS, "boris@example.com");
        let contacts = json!({ "Name": { "title": {} }, "Email": { "email": {} }, "CRM ID": { "rich_text": {} } });
        let contacts = notion.add_data_source("Contacts", &contacts).unwrap();
        let projects = json!({
            "Name": { "title": {} }, "Amount": { "number": {} }, "Next call": { "date": {} },
            "Stage": { "select": { "options": [{ "name": "Fresh" }, { "name": "Won" }] } },
            "Responsible": { "people": {} }, "Company": { "rich_text": {} }, "CRM ID": { "rich_text": {} },
            "Remark": { "rich_text": {} },
            "Contacts": { "relation": { "data_source_id": contacts, "type": "single_property", "single_property": {} } },
        });
        let projects = notion.add_data_source("Projects", &projects).unwrap();
        let mut stage = field("STAGE_ID", "Stage");
        stage.values.insert("NEW".into(), "Fresh".into());
        let mut links = field("CONTACT_IDS", "Contacts");
        links.relation = Some(PairName::from("contacts"));
        let deals = vec![
            field("TITLE", "Name"),
            field("OPPORTUNITY", "Amount"),
            field("ASSIGNED_BY_ID", "Responsible"),
            field("UF_CRM_NEXT_CALL", "Next call"),
            field("COMPANY_ID.TITLE", "Company"),
            stage,
            links,
        ];
        let people = vec![field("FULL_NAME", "Name"), field("EMAIL", "Email")];
        let pairs = vec![
            pair("contacts", "contact", &contacts, "EMAIL", people),
            pair("deals", "deal", &projects, "TITLE", deals),
        ];
        Self {
            crm: BitrixStandIn::new(bitrix24::Config::default()),
            notion,
            pairs,
            claims: Claims::default(),
            remember_gone: SignedDuration::MAX,
            leaps: Vec::new(),
            downs: Vec::new(),
        }
    }

    /// A deal and its page, tied, made before the work began: both called "Shop".
    pub fn tied_deal() -> (Self, String, String) {
        let mut bench = Self::new();
        let deal = bench.deal(-9_000, &[("TITLE", json!("Shop"))]);
        let page = bench.project(-8_000, &[("Name", json!("Shop"))]);
        bench.tie("deals", &deal, &page);
        (bench, deal, page)
    }

    pub fn deal(&mut self, ms: i64, set: &[(&str, Json)]) -> String {
        self.crm.person_create(at(ms), ANNA, Entity::Deal, set).unwrap()
    }

    pub fn contact(&mut self, ms: i64, set: &[(&str, Json)]) -> String {
        self.crm.person_create(at(ms), ANNA, Entity::Contact, set).unwrap()
    }

    pub fn project(&mut self, ms: i64, set: &[(&str, Json)]) -> String {
        let source = self.pairs[1].data_source.clone();
        self.notion.person_create(at(ms), BORIS, &source, set).unwrap()
    }

    pub fn contact_page(&mut self, ms: i64, set: &[(&str, Json)]) -> String {
        let source = self.pairs[0].data_source.clone();
        self.notion.person_create(at(ms), BORIS, &source, set).unwrap()
    }

    pub fn crm_edit(&mut self, ms: i64, deal: &str, field: &str, value: impl Into<Json>) {
        assert!(self.crm.person_edit(at(ms), ANNA, Entity::Deal, deal, &[(field, value.into())]).unwrap());
    }

    pub fn notion_edit(&mut self, ms: i64, page: &str, property: &str, value: impl Into<Json>) {
        self.notion.person_edit(at(ms), BORIS, page, &[(property, value.into())]).unwrap();
    }

    fn post(&mut self, ms: i64, method: &str, body: &Json) -> Json {
        let path = format!("{}{method}", self.crm.webhook_path());
        let answer = self.crm.handle(&Request::new(Method::Post, path).json(body), at(ms));
        assert_eq!(answer.status, 200, "{method}: {:?}", answer.body);
        serde_json::from_slice(&answer.body).unwrap()
    }

    fn ask(&mut self, ms: i64, method: Method, path: String, body: &Json) -> Json {
        let request = Request::new(method, path)
            .json(body)
            .header("authorization", format!("Bearer {}", self.notion.token()))
            .header("notion-version", "2026-03-11");
        let answer = self.notion.handle(&request, at(ms));
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// The engine writes a deal.
    pub fn api_crm(&mut self, ms: i64, deal: &str, field: &str, value: impl Into<Json>) {
        let fields = json!({ "id": deal, "fields": { field: value.into() } });
        self.post(ms, "crm.deal.update", &fields);
    }

    /// The engine deletes a deal.
    pub fn api_delete(&mut self, ms: i64, deal: &str) {
        self.post(ms, "crm.deal.delete", &json!({ "id": deal }));
    }

    /// The engine makes a contact for a page.
    pub fn api_contact(&mut self, ms: i64, email: &str, source: &str) -> String {
        let fields =
            json!({ "NAME": "Mia", "EMAIL": [{ "VALUE": email }], "ORIGINATOR_ID": "crosstie", "ORIGIN_ID": source });
        self.post(ms, "crm.contact.add", &json!({ "fields": fields }))["result"].to_string()
    }

    /// The engine writes a page: property JSON.
    pub fn api_notion(&mut self, ms: i64, page: &str, property: &str, value: Json) {
        let body = json!({ "properties": { property: value } });
        self.ask(ms, Method::Patch, format!("/v1/pages/{page}"), &body);
    }

    pub fn api_title(&mut self, ms: i64, page: &str, title: &str) {
        self.api_notion(ms, page, "Name", json!({ "title": [{ "text": { "content": title } }] }));
    }

    /// The engine makes a page in the pair of that position for a CRM record.
    pub fn api_page(&mut self, ms: i64, pair: usize, title: &str, source: &str, email: Option<&str>) -> String {
        let mut properties = json!({
            "Name": { "title": [{ "text": { "content": title } }] },
            "CRM ID": { "rich_text": [{ "text": { "content": source } }] },
        });
        if let Some(email) = email {
            properties["Email"] = json!({ "email": email });
        }
        let parent = json!({ "type": "data_source_id", "data_source_id": self.pairs[pair].data_source });
        let body = json!({ "parent": parent, "properties": properties });
        self.ask(ms, Method::Post, "/v1/pages".into(), &body)["id"].as_str().unwrap().to_owned()
    }

    pub fn tie(&mut self, pair: &str, crm: &str, notion: &str) {
        self.claims.ties.push(Tie {
            pair: PairName::from(pair),
            crm: RecordId::from(crm),
            notion: RecordId::from(notion),
            base: BTreeMap::new(),
            since: at(-5_000),
        });
    }

    /// A line of the journal about a field of a deal.
    pub fn journal(&mut self, ms: i64, what: Happening, side: Side, deal: &str, field: &str) -> &mut Event {
        self.claims.journal.push(Event {
            seq: self.claims.journal.len() as u64 + 1,
            at: at(ms),
            what,
            pair: Some(PairName::from("deals")),
            side: Some(side),
            crm: Some(RecordId::from(deal)),
            notion: None,
            field: Some(FieldKey::from(field)),
            before: None,
            after: None,
            window: None,
            who: String::new(),
            note: String::new(),
            edit: None,
        });
        self.claims.journal.last_mut().unwrap()
    }

    pub fn hold(&mut self, deal: &str, field: Option<&str>, why: Why) {
        let tie = TieId { pair: PairName::from("deals"), crm: RecordId::from(deal) };
        let id = field.map_or_else(|| HoldId::tie(&tie), |field| HoldId::field(&tie, &FieldKey::from(field)));
        self.claims.holds.push(Hold { id, why, since: at(0), edit: None });
    }

    pub fn report(&self) -> Report {
        let case = Case {
            pairs: &self.pairs,
            crm: &self.crm,
            notion: &self.notion,
            claims: &self.claims,
            began: at(0),
            index_lag: Default::default(),
            remember_gone: self.remember_gone,
            leaps: &self.leaps,
            downs: &self.downs,
        };
        audit(&case)
    }

    /// What became of the only edit there is.
    pub fn only(&self) -> Outcome {
        let report = self.report();
        assert_eq!(report.total(), 1, "{report:#?}");
        one(&report.edits.crm).or_else(|| one(&report.edits.notion)).unwrap()
    }
}

pub fn text(text: &str) -> Value {
    Value::text(text)
}

fn one(outcomes: &Outcomes) -> Option<Outcome> {
    let all = [
        (outcomes.present, Outcome::Present),
        (outcomes.superseded, Outcome::Superseded),
        (outcomes.settled, Outcome::Settled),
        (outcomes.held, Outcome::Held),
        (outcomes.quarantined, Outcome::Quarantined),
        (outcomes.possibly_overwritten, Outcome::PossiblyOverwritten),
        (outcomes.exposed, Outcome::Exposed),
        (outcomes.unsettled, Outcome::Unsettled),
        (outcomes.lost, Outcome::Lost),
    ];
    all.into_iter().find(|(count, _)| *count > 0).map(|(_, outcome)| outcome)
}
