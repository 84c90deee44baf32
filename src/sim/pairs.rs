//! The pairs of the pretend office, and a pace at which one can watch them.

use std::time::Duration;

use crate::config::Timing;
use crate::mapping::{Create, Delete, Direction, FieldSpec, PairSpec, Policy};
use crate::standin::office::{Facts, FieldFact, TableFacts};

/// The pairs of the pretend workspace, as an operator would write them.
pub fn pairs(facts: &Facts) -> Vec<PairSpec> {
    [&facts.contacts, &facts.deals].map(|table| pair(table, facts)).to_vec()
}

/// Everything quicker than in earnest, so that a whole office can be watched for a minute; nothing waits for a review.
pub fn brisk() -> Timing {
    let seconds = Duration::from_secs;
    Timing {
        notion_poll: seconds(2),
        crm_poll: seconds(2),
        sweep_every: seconds(20),
        quiet_text: seconds(3),
        quiet_new_page: seconds(6),
        max_deferral: seconds(30),
        hot_lag: seconds(2),
        review: false,
        ..Timing::default()
    }
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
        create_options: false,
        fallback: None,
        unmatched: false,
        zone: None,
    };
    PairSpec {
        name: table.name.into(),
        crm: table.crm.to_owned(),
        data_source: table.data_source.clone(),
        marker: table.marker.into(),
        match_by: vec![table.match_by.into()],
        create: Create::Both,
        delete: Delete::Untie,
        template: None,
        filters: Default::default(),
        fields: table.fields.iter().map(field).collect(),
    }
}
