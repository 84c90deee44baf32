//! The fields every portal has, entity by entity.

use super::schema::{Entity, Field, Kind, camel};

/// The fields every portal has.
pub(super) fn system_fields(entity: Entity) -> Vec<Field> {
    let own: &[(&str, Kind, &str)] = match entity {
        Entity::Deal => DEAL,
        Entity::Contact => CONTACT,
        Entity::Company => COMPANY,
        Entity::Lead => LEAD,
    };
    let mut fields: Vec<Field> = own.iter().map(|row| system(row, false)).collect();
    fields.extend(COMMON.iter().map(|row| system(row, false)));
    fields.extend(READ_ONLY.iter().map(|row| system(row, true)));
    if entity == Entity::Deal {
        fields.extend(DEAL_READ_ONLY.iter().map(|row| system(row, true)));
    } else {
        if entity == Entity::Lead {
            fields.extend(LEAD_READ_ONLY.iter().map(|row| system(row, true)));
        }
        fields.extend(COMM_FLAGS.iter().map(|row| system(row, true)));
        fields.extend(COMMS.iter().map(|row| system(row, false)));
    }
    fields
}

fn system((name, kind, title): &(&str, Kind, &str), read_only: bool) -> Field {
    Field {
        name: (*name).to_owned(),
        camel: camel(name),
        title: (*title).to_owned(),
        kind: *kind,
        read_only,
        multiple: matches!(kind, Kind::Contacts | Kind::Companies | Kind::Comm),
        user_field: 0,
        options: Vec::new(),
    }
}

const DEAL: &[(&str, Kind, &str)] = &[
    ("TITLE", Kind::Text, "Name"),
    ("TYPE_ID", Kind::Status("DEAL_TYPE"), "Type"),
    ("CATEGORY_ID", Kind::Category, "Pipeline"),
    ("STAGE_ID", Kind::Stage, "Stage"),
    ("PROBABILITY", Kind::Integer, "Probability"),
    ("CURRENCY_ID", Kind::Currency, "Currency"),
    ("OPPORTUNITY", Kind::Double, "Amount"),
    ("IS_MANUAL_OPPORTUNITY", Kind::Flag, "Manual amount"),
    ("COMPANY_ID", Kind::Company, "Company"),
    ("CONTACT_ID", Kind::Contact, "Contact"),
    ("CONTACT_IDS", Kind::Contacts, "Contacts"),
    ("BEGINDATE", Kind::Date, "Start date"),
    ("CLOSEDATE", Kind::Date, "End date"),
    ("ADDITIONAL_INFO", Kind::Text, "Additional information"),
    ("UTM_SOURCE", Kind::Text, "Ad system"),
];
const DEAL_READ_ONLY: &[(&str, Kind, &str)] = &[
    ("STAGE_SEMANTIC_ID", Kind::Text, "Stage semantics"),
    ("CLOSED", Kind::Flag, "Closed"),
    ("MOVED_BY_ID", Kind::User, "Moved by"),
    ("MOVED_TIME", Kind::DateTime, "Moved on"),
];
const CONTACT: &[(&str, Kind, &str)] = &[
    ("HONORIFIC", Kind::Status("HONORIFIC"), "Salutation"),
    ("NAME", Kind::Text, "First name"),
    ("SECOND_NAME", Kind::Text, "Middle name"),
    ("LAST_NAME", Kind::Text, "Last name"),
    ("BIRTHDATE", Kind::Date, "Birthdate"),
    ("POST", Kind::Text, "Position"),
    ("TYPE_ID", Kind::Status("CONTACT_TYPE"), "Contact type"),
    ("COMPANY_ID", Kind::Company, "Company"),
    ("COMPANY_IDS", Kind::Companies, "Companies"),
    ("EXPORT", Kind::Flag, "Included in export"),
    ("ORIGIN_VERSION", Kind::Text, "Original version"),
];
const COMPANY: &[(&str, Kind, &str)] = &[
    ("TITLE", Kind::Text, "Company name"),
    ("COMPANY_TYPE", Kind::Status("COMPANY_TYPE"), "Company type"),
    ("INDUSTRY", Kind::Status("INDUSTRY"), "Industry"),
    ("EMPLOYEES", Kind::Status("EMPLOYEES"), "Employees"),
    ("CURRENCY_ID", Kind::Currency, "Currency"),
    ("REVENUE", Kind::Double, "Annual revenue"),
    ("ORIGIN_VERSION", Kind::Text, "Original version"),
];
const LEAD: &[(&str, Kind, &str)] = &[
    ("TITLE", Kind::Text, "Lead name"),
    ("HONORIFIC", Kind::Status("HONORIFIC"), "Salutation"),
    ("NAME", Kind::Text, "First name"),
    ("SECOND_NAME", Kind::Text, "Middle name"),
    ("LAST_NAME", Kind::Text, "Last name"),
    ("BIRTHDATE", Kind::Date, "Birthdate"),
    ("COMPANY_TITLE", Kind::Text, "Company Name"),
    ("POST", Kind::Text, "Position"),
    ("STATUS_ID", Kind::Status("STATUS"), "Stage"),
    ("STATUS_DESCRIPTION", Kind::Text, "Stage Description"),
    ("CURRENCY_ID", Kind::Currency, "Currency"),
    ("OPPORTUNITY", Kind::Double, "Total"),
    ("IS_MANUAL_OPPORTUNITY", Kind::Flag, "Manual amount"),
    ("COMPANY_ID", Kind::Company, "Company"),
    ("CONTACT_ID", Kind::Contact, "Contact"),
    ("CONTACT_IDS", Kind::Contacts, "Contacts"),
];
const LEAD_READ_ONLY: &[(&str, Kind, &str)] = &[("STATUS_SEMANTIC_ID", Kind::Text, "Stage semantics")];
const COMMON: &[(&str, Kind, &str)] = &[
    ("OPENED", Kind::Flag, "Available to everyone"),
    ("COMMENTS", Kind::Text, "Comment"),
    ("ASSIGNED_BY_ID", Kind::User, "Responsible person"),
    ("SOURCE_ID", Kind::Status("SOURCE"), "Source"),
    ("SOURCE_DESCRIPTION", Kind::Text, "Source information"),
    ("ORIGINATOR_ID", Kind::Text, "External source"),
    ("ORIGIN_ID", Kind::Text, "Item ID in data source"),
];
const READ_ONLY: &[(&str, Kind, &str)] = &[
    ("ID", Kind::Integer, "ID"),
    ("CREATED_BY_ID", Kind::User, "Created by"),
    ("MODIFY_BY_ID", Kind::User, "Modified by"),
    ("DATE_CREATE", Kind::DateTime, "Created on"),
    ("DATE_MODIFY", Kind::DateTime, "Modified on"),
    ("LAST_ACTIVITY_BY", Kind::User, "Last timeline activity by"),
    ("LAST_ACTIVITY_TIME", Kind::DateTime, "Last activity"),
];
const COMM_FLAGS: &[(&str, Kind, &str)] =
    &[("HAS_PHONE", Kind::Flag, "Has phone"), ("HAS_EMAIL", Kind::Flag, "Has e-mail")];
const COMMS: &[(&str, Kind, &str)] = &[
    ("PHONE", Kind::Comm, "Phone"),
    ("EMAIL", Kind::Comm, "E-mail"),
    ("WEB", Kind::Comm, "Website"),
    ("IM", Kind::Comm, "Messenger"),
];
