//! What happens in the worlds themselves: pages move, access is lost, columns and options are renamed, contacts are merged,
//! robots and other tools write too, and indexes lag.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::chance::Dice;
use super::site::{Worlds, locked};
use crate::model::{Event, FieldKey, RecordId, Side};
use crate::standin::StandIn;
use crate::standin::bitrix24::{Entity, Robot};
use crate::standin::notion::Automation;
use crate::standin::office::{Facts, STAGES};

/// The kinds of mischief.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Kind {
    PageMoved,
    PageUnshared,
    SourceUnshared,
    PropertyRenamed,
    OptionRenamed,
    ColumnAdded,
    ContactsMerged,
    Robot,
    Automation,
    RequiredField,
    FieldLocked,
    PhoneForm,
    ThirdTool,
    NotionIndexLag,
    CrmIndexLag,
    ShortPages,
    MassDeletion,
    MassClearing,
    Restored,
    ContactTrashed,
    PageRestored,
}

impl Kind {
    /// Every kind and its name.
    pub const ALL: [(Kind, &'static str); 21] = [
        (Kind::PageMoved, "page-moved"),
        (Kind::PageUnshared, "page-unshared"),
        (Kind::SourceUnshared, "source-unshared"),
        (Kind::PropertyRenamed, "property-renamed"),
        (Kind::OptionRenamed, "option-renamed"),
        (Kind::ColumnAdded, "column-added"),
        (Kind::ContactsMerged, "contacts-merged"),
        (Kind::Robot, "robot"),
        (Kind::Automation, "automation"),
        (Kind::RequiredField, "required-field"),
        (Kind::FieldLocked, "field-locked"),
        (Kind::PhoneForm, "phone-form"),
        (Kind::ThirdTool, "third-tool"),
        (Kind::NotionIndexLag, "notion-index-lag"),
        (Kind::CrmIndexLag, "crm-index-lag"),
        (Kind::ShortPages, "short-pages"),
        (Kind::MassDeletion, "mass-deletion"),
        (Kind::MassClearing, "mass-clearing"),
        (Kind::Restored, "restored"),
        (Kind::ContactTrashed, "contact-trashed"),
        (Kind::PageRestored, "page-restored"),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("mischief", |(_, name)| name)
    }
}

/// One thing that happens.
#[derive(Debug, Clone)]
pub struct Mischief {
    /// Its name.
    pub name: String,
    /// What.
    pub kind: Kind,
    /// When it begins.
    pub at: Timestamp,
    /// How long it lasts, where it ends at all.
    pub lasting: SignedDuration,
    /// Its chance.
    pub dice: Dice,
}

/// What has to be done when it ends.
#[derive(Debug, Clone)]
pub enum Mend {
    /// A page goes back to its data source.
    MoveBack(String, String),
    /// A page or data source is shared again.
    Share(String),
    /// A property gets its old name again: data source, now, then.
    Property(String, &'static str, &'static str),
    /// An option gets its old name again: data source, property, now, then.
    Option(String, &'static str, String, &'static str),
    /// Robots are switched off.
    Robots,
    /// Automations are switched off.
    Automations,
    /// The index is up to date again.
    NotionIndex,
    /// The portal's lists are up to date again.
    CrmIndex,
    /// Pages are full again.
    FullPages,
    /// The API's user may edit a field again.
    Unlock(&'static str),
    /// Phones are kept as typed again.
    Phones,
    /// Once more, so many times: another tool insists.
    Insist(Side, String, u32),
}

/// How often another tool looks.
const INSISTS: SignedDuration = SignedDuration::from_secs(25);

/// A data source that no pair knows.
pub const ARCHIVE: &str = "Archive";

/// Properties of deals that get another name, and which.
const RENAMED: [(&str, &str); 5] = [
    ("Notes", "Remarks"),
    ("Name", "Project"),
    ("Amount", "Budget"),
    ("Contacts", "People outside"),
    (crate::standin::office::MARKER, "Number in the CRM"),
];

/// The one who does it all.
const WHO: &str = "Clara Novak";

impl Mischief {
    /// It begins; what has to be done later, and when. `None` where there was nothing to do it to.
    pub fn begin(&mut self, worlds: &Worlds, facts: &Facts, now: Timestamp) -> Option<Option<(Timestamp, Mend)>> {
        let end = now + self.lasting;
        let dice = &mut self.dice;
        let (contacts, deals) = (&facts.contacts.data_source, &facts.deals.data_source);
        let mut notion = locked(&worlds.notion);
        let mut crm = locked(&worlds.crm);
        let table = if dice.one_in(3) { contacts } else { deals };
        let mend = match self.kind {
            Kind::PageMoved => {
                let page = dice.pick(&notion.live_pages(table))?.clone();
                let other = if table == contacts { deals } else { contacts };
                let archive = || notion.data_sources().into_iter().find(|it| it.1 == ARCHIVE).map(|it| it.0);
                let to = if dice.one_in(2) { archive()? } else { other.clone() };
                notion.person_move(now, WHO, &page, &to).ok()?;
                Mend::MoveBack(page, table.clone())
            }
            Kind::PageUnshared => {
                let page = dice.pick(&notion.live_pages(table))?.clone();
                notion.unshare(&page);
                Mend::Share(page)
            }
            Kind::SourceUnshared => {
                notion.unshare(table);
                Mend::Share(table.clone())
            }
            Kind::PropertyRenamed => {
                let (name, other) = *dice.pick(&RENAMED)?;
                notion.rename_property(now, WHO, deals, name, other).ok()?;
                Mend::Property(deals.clone(), other, name)
            }
            Kind::OptionRenamed => {
                let (_, name) = *dice.pick(STAGES)?;
                let to = format!("{name} ({})", dice.word());
                notion.rename_option(now, WHO, deals, "Status", name, &to).ok()?;
                Mend::Option(deals.clone(), "Status", to, name)
            }
            Kind::ColumnAdded => {
                let name = format!("Column {}", dice.word());
                notion.add_property(now, WHO, table, &name, &json!({ "rich_text": {} })).ok()?;
                return Some(None);
            }
            Kind::ContactsMerged => {
                let all = crm.live_ids(Entity::Contact);
                let (keep, lose) = (dice.pick(&all)?.clone(), dice.pick(&all)?.clone());
                if keep != lose {
                    crm.merge_contacts(now, WHO, &keep, &lose).ok()?;
                }
                return Some(None);
            }
            Kind::Robot => {
                let (code, _) = *dice.pick(STAGES)?;
                let kind = dice.between(0, 4);
                if kind > 1 {
                    // Whoever leaves the first stage is sent back to it within the same save.
                    for (stage, _) in STAGES.iter().skip(1) {
                        let (field, value) = ("STAGE_ID".to_owned(), json!(STAGES[0].0));
                        let robot =
                            Robot { stage: (*stage).to_owned(), field, value, delay_secs: 0, by: "robot".to_owned() };
                        crm.add_robot(robot).ok()?;
                    }
                    return Some(Some((end, Mend::Robots)));
                }
                let (field, value) = match kind {
                    0 => ("OPPORTUNITY", json!(dice.between(100, 900).to_string())),
                    _ => ("COMMENTS", json!(format!("Set by a robot ({})", dice.word()))),
                };
                let delay_secs = if dice.one_in(2) { 0 } else { dice.between(1, 90) as u32 };
                let by = "robot".to_owned();
                crm.add_robot(Robot { stage: code.to_owned(), field: field.to_owned(), value, delay_secs, by }).ok()?;
                Mend::Robots
            }
            Kind::Automation => {
                let (_, name) = *dice.pick(STAGES)?;
                let set = ("Notes".to_owned(), json!(format!("Set by an automation ({})", dice.word())));
                let delay_secs = if dice.one_in(2) { 0 } else { dice.between(1, 90) as u32 };
                let when = ("Status".to_owned(), json!(name));
                let automation =
                    Automation { data_source: deals.clone(), when, set, delay_secs, by: "automation".to_owned() };
                notion.set_automation(automation).ok()?;
                Mend::Automations
            }
            Kind::RequiredField => {
                let (code, _) = *dice.pick(STAGES)?;
                crm.require_in_stage(code, "UF_CRM_DEADLINE").ok()?;
                return Some(None);
            }
            Kind::FieldLocked => {
                let field = *dice.pick(&["COMMENTS", "OPPORTUNITY", "UF_CRM_DEADLINE"])?;
                crm.lock_field(field, true).ok()?;
                Mend::Unlock(field)
            }
            Kind::PhoneForm => {
                crm.set_phone_form(true);
                Mend::Phones
            }
            Kind::ThirdTool => {
                let times = dice.between(2, 12) as u32;
                if dice.one_in(2) {
                    Mend::Insist(Side::Notion, dice.pick(&notion.live_pages(deals))?.clone(), times)
                } else {
                    Mend::Insist(Side::Crm, dice.pick(&crm.live_ids(Entity::Deal))?.clone(), times)
                }
            }
            Kind::NotionIndexLag => {
                notion.set_index_lag(0..dice.between(1, 30) as u32);
                Mend::NotionIndex
            }
            Kind::CrmIndexLag => {
                crm.set_index_lag(0..dice.between(1, 30) as u32);
                Mend::CrmIndex
            }
            Kind::ShortPages => {
                notion.set_short_pages(true);
                Mend::FullPages
            }
            Kind::MassDeletion => {
                let all = crm.live_ids(Entity::Deal);
                for id in all.iter().take(12) {
                    crm.person_delete(now, WHO, Entity::Deal, id).ok()?;
                }
                return Some(None);
            }
            Kind::MassClearing => {
                let column = *dice.pick(&["Notes", "Deadline", "Amount"])?;
                for page in notion.live_pages(deals) {
                    notion.person_edit(now, WHO, &page, &[(column, Json::Null)]).ok()?;
                }
                return Some(None);
            }
            Kind::Restored => {
                let gone =
                    crm.log().iter().rfind(|it| it.kind == crate::standin::log::Kind::Deleted && it.entity == "deal");
                let gone = gone.map(|it| it.object.clone())?;
                crm.person_restore(now, WHO, Entity::Deal, &gone).ok()?;
                return Some(None);
            }
            Kind::ContactTrashed => {
                if dice.one_in(2) {
                    let page = dice.pick(&notion.live_pages(contacts))?.clone();
                    notion.person_trash(now, WHO, &page).ok()?;
                } else {
                    let contact = dice.pick(&crm.live_ids(Entity::Contact))?.clone();
                    crm.person_delete(now, WHO, Entity::Contact, &contact).ok()?;
                }
                return Some(None);
            }
            Kind::PageRestored => {
                let gone = notion.log().iter().rfind(|it| it.kind == crate::standin::log::Kind::Deleted)?;
                let gone = gone.object.clone();
                notion.person_restore(now, WHO, &gone).ok()?;
                return Some(None);
            }
        };
        let due = if let Mend::Insist(..) = mend { now + INSISTS } else { end };
        Some(Some((due, mend)))
    }
}

/// A colleague edits the very field that an operator is giving its old value back right now; whether they could.
pub fn meddle(worlds: &Worlds, undone: &Event, word: &str, now: Timestamp) -> bool {
    let said = json!(format!("No, {word}"));
    let page = undone.notion.as_ref().map(RecordId::as_str);
    let record = undone.crm.as_ref().map(RecordId::as_str);
    match (undone.field.as_ref().map(FieldKey::as_str), undone.side) {
        (Some("COMMENTS"), Some(Side::Crm)) => record.is_some_and(|id| {
            locked(&worlds.crm).person_edit(now, WHO, Entity::Deal, id, &[("COMMENTS", said)]).is_ok()
        }),
        (Some("COMMENTS"), Some(Side::Notion)) => {
            page.is_some_and(|id| locked(&worlds.notion).person_edit(now, WHO, id, &[("Notes", said)]).is_ok())
        }
        _ => false,
    }
}

impl Mend {
    /// It ends; or goes on later.
    pub fn mend(self, worlds: &Worlds, now: Timestamp) -> Option<(Timestamp, Mend)> {
        let mut notion = locked(&worlds.notion);
        let mut crm = locked(&worlds.crm);
        // Whatever cannot be put back was changed by somebody meanwhile, and stays so.
        match self {
            Mend::MoveBack(page, to) => drop(notion.person_move(now, WHO, &page, &to)),
            Mend::Share(id) => notion.share(&id),
            Mend::Property(source, from, to) => drop(notion.rename_property(now, WHO, &source, from, to)),
            Mend::Option(source, property, from, to) => {
                drop(notion.rename_option(now, WHO, &source, property, &from, to));
            }
            Mend::Robots => crm.clear_robots(),
            Mend::Automations => notion.clear_automations(),
            Mend::NotionIndex => notion.set_index_lag(0..0),
            Mend::CrmIndex => crm.set_index_lag(0..0),
            Mend::FullPages => notion.set_short_pages(false),
            Mend::Unlock(field) => drop(crm.lock_field(field, false)),
            Mend::Phones => crm.set_phone_form(false),
            Mend::Insist(side, id, times) => {
                let said = json!("This is what the other tool says");
                match side {
                    Side::Crm => {
                        drop(crm.person_edit(now, "third tool", Entity::Deal, &id, &[("COMMENTS", said)]));
                    }
                    Side::Notion => drop(notion.person_edit(now, "third tool", &id, &[("Notes", said)])),
                }
                if times > 1 {
                    return Some((now + INSISTS, Mend::Insist(side, id, times - 1)));
                }
            }
        }
        None
    }
}
