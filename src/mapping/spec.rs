//! A pair and its field mappings as the operator wrote them.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::template::Template;
use crate::model::{Entity, FieldKey, FieldName, PairName, Side};

/// Which way a field goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Both ways.
    #[default]
    Both,
    /// From the CRM only; an edit in Notion is settled against, with its value journalled.
    CrmToNotion,
    /// From Notion only.
    NotionToCrm,
}

impl Direction {
    /// The name in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::Both => "both",
            Direction::CrmToNotion => "crm-to-notion",
            Direction::NotionToCrm => "notion-to-crm",
        }
    }

    /// Whether values go from this side to the other.
    pub fn from(self, side: Side) -> bool {
        match self {
            Direction::Both => true,
            Direction::CrmToNotion => side == Side::Crm,
            Direction::NotionToCrm => side == Side::Notion,
        }
    }
}

/// Who wins where both sides changed a field differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// Nobody, until an operator decides.
    #[default]
    Hold,
    /// The CRM.
    Crm,
    /// Notion.
    Notion,
    /// The later edit, by intervals of observation; overlapping intervals hold.
    Newest,
}

/// Where records without a counterpart get one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Create {
    /// On both sides.
    Both,
    /// Pages for CRM records.
    CrmToNotion,
    /// CRM records for pages.
    NotionToCrm,
    /// Nowhere: every untied record is an orphan.
    #[default]
    None,
}

impl Create {
    /// Whether a record of this side gets a counterpart on the other.
    pub fn from(self, side: Side) -> bool {
        match self {
            Create::Both => true,
            Create::CrmToNotion => side == Side::Crm,
            Create::NotionToCrm => side == Side::Notion,
            Create::None => false,
        }
    }
}

/// What happens to a counterpart whose record went away unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Delete {
    /// It stays, untied, and is shown as an orphan.
    #[default]
    Untie,
    /// It is put into its system's trash too.
    Propagate,
}

/// One field mapping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldSpec {
    /// Its name within the pair: the CRM field's name.
    pub key: FieldKey,
    /// The CRM field, upper-case: `TITLE`, `OPPORTUNITY`, `UF_CRM_1700000000`, `COMPANY_ID.TITLE` (read only).
    pub crm: FieldName,
    /// The Notion property's name.
    pub notion: FieldName,
    /// Which way.
    pub direction: Direction,
    /// Who wins a conflict.
    pub policy: Policy,
    /// CRM option or stage (id or label) to Notion option. Options that are not here correspond by equal labels.
    pub values: BTreeMap<String, String>,
    /// For a relation: the pair at its other end.
    pub relation: Option<PairName>,
    /// Whether a write to a Notion select or multi-select may create an option that is not there yet. A status never may.
    #[serde(default)]
    pub create_options: bool,
    /// For people of the CRM: the text property that names, by e-mail address, those whom nobody in Notion corresponds to. They
    /// are left out of the people then, instead of being refused.
    #[serde(default)]
    pub fallback: Option<FieldName>,
    /// Of people, only those whom nobody in Notion corresponds to: the mapping onto a [`FieldSpec::fallback`].
    #[serde(default)]
    pub unmatched: bool,
    /// In which time zone a moment falls on a day, and a day begins: the pair's `time_zone`. Without one the two are not taken
    /// for each other.
    #[serde(default, with = "jiff::fmt::serde::tz::optional", skip_serializing_if = "Option::is_none")]
    pub zone: Option<TimeZone>,
}

impl FieldSpec {
    /// The mapping that keeps the text of a fallback: from the CRM alone, and read by nobody.
    pub fn of_unmatched(&self) -> Option<Self> {
        let notion = self.fallback.clone()?;
        let key = FieldKey::from(format!("{}{UNMATCHED}", self.key));
        Some(Self { key, notion, direction: Direction::CrmToNotion, fallback: None, unmatched: true, ..self.clone() })
    }
}

/// What the name of such a mapping ends with.
const UNMATCHED: &str = ".unmatched";

/// The pair's own filters, each as its system writes filters (JSON). Names are checked against the schemas by the remotes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Filters {
    /// As `crm.item.list` takes it, `{"=CATEGORY_ID": 0}`; fields by the names of the mappings or of `crm.item.*`.
    pub crm: Option<serde_json::Value>,
    /// As a query of a data source takes it, `{"property": "Kind", "select": {"equals": "Client"}}`; by name or id.
    pub notion: Option<serde_json::Value>,
}

/// One pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairSpec {
    /// Its name.
    pub name: PairName,
    /// The CRM entity: `deal`, `contact`, `company`.
    pub crm: String,
    /// The Notion data source id.
    pub data_source: String,
    /// The sync-owned text property that holds the CRM record's id.
    pub marker: FieldName,
    /// Field mappings by which an untied record is matched, best first; an empty value matches nothing.
    pub match_by: Vec<FieldKey>,
    /// Where counterparts are created.
    pub create: Create,
    /// What a deletion does.
    pub delete: Delete,
    /// What a page says below its properties when it was made for a CRM record.
    #[serde(default)]
    pub template: Option<Template>,
    /// Which records of each side are in the pair; all where there is none.
    #[serde(default)]
    pub filters: Filters,
    /// The field mappings, in the order of the configuration.
    pub fields: Vec<FieldSpec>,
}

impl PairSpec {
    /// What to read and write on one side.
    pub fn entity(&self, side: Side) -> Entity {
        let name = |field: &FieldSpec| match side {
            Side::Crm => field.crm.clone(),
            Side::Notion => field.notion.clone(),
        };
        Entity {
            name: match side {
                Side::Crm => self.crm.clone(),
                Side::Notion => self.data_source.clone(),
            },
            // People with a fallback are read once.
            fields: self.fields.iter().filter(|field| !(side == Side::Crm && field.unmatched)).map(name).collect(),
            marker: (side == Side::Notion).then(|| self.marker.clone()),
            filter: match side {
                Side::Crm => self.filters.crm.clone(),
                Side::Notion => self.filters.notion.clone(),
            },
        }
    }
}
