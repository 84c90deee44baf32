//! The pairs of the pretend office.

use crate::mapping::{Create, Delete, Direction, FieldSpec, PairSpec, Policy};
use crate::standin::office::{Facts, FieldFact, TableFacts};

/// The pairs of the pretend workspace, as an operator would write them.
pub fn pairs(facts: &Facts) -> Vec<PairSpec> {
    [&facts.contacts, &facts.deals].map(|table| pair(table, facts)).to_vec()
}

fn pair(table: &TableFacts, facts: &Facts) -> PairSpec {
    let field = |fact: &FieldFact| FieldSpec {
        key: fact.crm.into(),
        crm: fact.crm.into(),
        notion: fact.notion.into(),
        direction: if fact.crm_only { Direction::CrmToNotion } else { Direction::Both },
        policy: Policy::Hold,
        values: if fact.crm == "STAGE_ID" {
            facts.stages.iter().map(|(code, name)| ((*code).to_owned(), (*name).to_owned())).collect()
        } else {
            Default::default()
        },
        relation: fact.relation.map(Into::into),
    };
    PairSpec {
        name: table.name.into(),
        crm: table.crm.to_owned(),
        data_source: table.data_source.clone(),
        marker: table.marker.into(),
        match_by: vec![table.match_by.into()],
        create: Create::Both,
        delete: Delete::Untie,
        fields: table.fields.iter().map(field).collect(),
    }
}
