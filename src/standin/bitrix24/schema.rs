//! Which fields there are, under which names, of which kinds.

use serde_json::{Value as Json, json};

use super::answer::php_array;

/// The kinds of CRM object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Entity {
    /// A deal: a project. Type id 2.
    Deal,
    /// A contact: a person outside. Type id 3.
    Contact,
    /// A company. Type id 4.
    Company,
    /// A lead: a request that nobody has looked into yet. Type id 1.
    Lead,
}

impl Entity {
    /// All of them.
    pub const ALL: [Entity; 4] = [Entity::Deal, Entity::Contact, Entity::Company, Entity::Lead];

    /// `deal`, `contact`, `company` or `lead`, as the log and the back door say.
    pub fn name(self) -> &'static str {
        match self {
            Entity::Deal => "deal",
            Entity::Contact => "contact",
            Entity::Company => "company",
            Entity::Lead => "lead",
        }
    }

    /// The entity of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|entity| entity.name() == name)
    }

    /// The `entityTypeId`.
    pub fn type_id(self) -> i64 {
        match self {
            Entity::Deal => 2,
            Entity::Contact => 3,
            Entity::Company => 4,
            Entity::Lead => 1,
        }
    }

    /// The entity of that `entityTypeId`.
    pub fn from_type_id(id: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|entity| entity.type_id() == id)
    }

    /// How the portal calls one without a title.
    pub(super) fn label(self) -> &'static str {
        match self {
            Entity::Deal => "Deal",
            Entity::Contact => "Contact",
            Entity::Company => "Company",
            Entity::Lead => "Lead",
        }
    }
}

/// The type of a user field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserFieldType {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// A number, kept to four decimals.
    Double,
    /// Y or N.
    Boolean,
    /// A day.
    Date,
    /// A moment, to the second.
    DateTime,
    /// One of the options; the value is the option's id.
    Enumeration,
    /// Several of the options.
    EnumerationMultiple,
    /// `1000|USD`.
    Money,
    /// An address on the web.
    Url,
    /// A user of the portal.
    Employee,
    /// Several of them.
    EmployeeMultiple,
    /// A row of that dictionary.
    Status(&'static str),
    /// Several rows.
    StatusMultiple(&'static str),
    /// A link to records of one entity: ids without a prefix.
    Link(Entity),
    /// Several of them.
    LinkMultiple(Entity),
    /// Several texts.
    StringMultiple,
    /// A type of that name, whose values are kept as they are given.
    Other(&'static str),
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Integer,
    Text,
    Double,
    /// A system yes or no (`char`).
    Flag,
    /// A user field's yes or no.
    Boolean,
    Date,
    DateTime,
    User,
    Company,
    /// A deal's primary contact, an older window onto `Contacts`.
    Contact,
    Contacts,
    /// The companies of a contact, the primary one among them.
    Companies,
    /// A row of that dictionary.
    Status(&'static str),
    Stage,
    Category,
    Currency,
    Enumeration,
    Money,
    Url,
    /// A user field's user, who may be nobody.
    Employee,
    /// A user field's link to records of one entity.
    Link(Entity),
    /// Whatever else there is.
    Other(&'static str),
    /// PHONE, EMAIL, WEB, IM.
    Comm,
}

impl Kind {
    fn wire(self) -> &'static str {
        match self {
            Kind::Integer => "integer",
            Kind::Text => "string",
            Kind::Double => "double",
            Kind::Flag => "char",
            Kind::Boolean => "boolean",
            Kind::Date => "date",
            Kind::DateTime => "datetime",
            Kind::User => "user",
            Kind::Company | Kind::Companies => "crm_company",
            Kind::Contact | Kind::Contacts => "crm_contact",
            Kind::Status(_) | Kind::Stage => "crm_status",
            Kind::Category => "crm_category",
            Kind::Currency => "crm_currency",
            Kind::Enumeration => "enumeration",
            Kind::Money => "money",
            Kind::Url => "url",
            Kind::Employee => "employee",
            Kind::Link(_) => "crm",
            Kind::Other(wire) => wire,
            Kind::Comm => "crm_multifield",
        }
    }
}

/// One choice of an enumeration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EnumOption {
    pub id: u64,
    pub value: String,
}

/// One field of one entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    /// The upper-case name, which the older methods, the log and the back door use.
    pub name: String,
    /// The name in `crm.item.*`.
    pub camel: String,
    /// What people see.
    pub title: String,
    pub kind: Kind,
    pub read_only: bool,
    pub multiple: bool,
    /// Zero for a system field, else the user field's own id.
    pub user_field: u64,
    pub options: Vec<EnumOption>,
}

impl Field {
    /// Whether this is a `UF_CRM_*`.
    pub(super) fn is_user_field(&self) -> bool {
        self.user_field != 0
    }

    /// The key in `crm.item.*`.
    pub(super) fn item_key(&self, original_names: bool) -> &str {
        if original_names && self.is_user_field() { &self.name } else { &self.camel }
    }

    /// The metadata entry of `*.fields`.
    pub(super) fn describe(&self, upper_name: bool) -> Json {
        let mut entry = json!({
            "type": self.kind.wire(), "isRequired": false, "isReadOnly": self.read_only,
            "isImmutable": self.kind == Kind::Category && upper_name, "isMultiple": self.multiple,
            "isDynamic": self.is_user_field(), "title": self.title,
        });
        if upper_name {
            entry["upperName"] = json!(self.name);
        }
        match self.kind {
            Kind::Status(dictionary) if self.is_user_field() => entry["settings"] = json!({"ENTITY_TYPE": dictionary}),
            Kind::Status(dictionary) => entry["statusType"] = json!(dictionary),
            Kind::Link(of) => {
                let allowed = |entity: Entity| json!(if entity == of { "Y" } else { "N" });
                entry["settings"] = json!({
                    "LEAD": allowed(Entity::Lead), "DEAL": allowed(Entity::Deal), "CONTACT": allowed(Entity::Contact),
                    "COMPANY": allowed(Entity::Company),
                });
            }
            Kind::Stage => entry["statusType"] = json!("DEAL_STAGE"),
            Kind::Enumeration => entry["items"] = self.options_json(false),
            _ => {}
        }
        if self.is_user_field() && !upper_name {
            // The older methods put the code where the title belongs and the title into the labels.
            entry["title"] = json!(self.name);
            for label in ["listLabel", "formLabel", "filterLabel"] {
                entry[label] = json!(self.title);
            }
        }
        entry
    }

    /// The options, as in `items` (short) or in `LIST` of a user field.
    pub(super) fn options_json(&self, long: bool) -> Json {
        let row = |(index, option): (usize, &EnumOption)| {
            let id = option.id.to_string();
            if !long {
                return json!({"ID": id, "VALUE": option.value});
            }
            let (sort, xml) = (((index + 1) * 10).to_string(), format!("opt{id}"));
            json!({"ID": id, "SORT": sort, "VALUE": option.value, "DEF": "N", "XML_ID": xml})
        };
        Json::Array(self.options.iter().enumerate().map(row).collect())
    }

    /// The row of `crm.*.userfield.list`; labels come only when a language is asked for.
    pub(super) fn user_field_row(&self, entity: Entity, labels: bool) -> Json {
        let mut row = json!({
            "ID": self.user_field.to_string(), "ENTITY_ID": format!("CRM_{}", entity.name().to_uppercase()),
            "FIELD_NAME": self.name, "USER_TYPE_ID": self.kind.wire(), "XML_ID": null,
            "SORT": (self.user_field * 10).to_string(), "MULTIPLE": if self.multiple { "Y" } else { "N" },
            "MANDATORY": "N", "SHOW_FILTER": "E", "SHOW_IN_LIST": "Y", "EDIT_IN_LIST": "Y", "IS_SEARCHABLE": "N",
            "SETTINGS": php_array(vec![]),
        });
        if self.kind == Kind::Enumeration {
            row["LIST"] = self.options_json(true);
        }
        if labels {
            for label in ["EDIT_FORM_LABEL", "LIST_COLUMN_LABEL", "LIST_FILTER_LABEL"] {
                row[label] = json!(self.title);
            }
        }
        row
    }
}

/// `OPPORTUNITY` → `opportunity`, `COMPANY_ID` → `companyId`, and the few names that are different words.
pub(super) fn camel(name: &str) -> String {
    match name {
        "DATE_CREATE" => "createdTime".into(),
        "DATE_MODIFY" => "updatedTime".into(),
        "CREATED_BY_ID" => "createdBy".into(),
        "MODIFY_BY_ID" => "updatedBy".into(),
        "MOVED_BY_ID" => "movedBy".into(),
        "COMPANY_TYPE" => "typeId".into(),
        // A lead's.
        "STATUS_ID" => "stageId".into(),
        "STATUS_SEMANTIC_ID" => "stageSemanticId".into(),
        _ => {
            let mut out = String::new();
            for (index, word) in name.split('_').enumerate() {
                let word = word.to_lowercase();
                match word.chars().next() {
                    Some(first) if index > 0 => {
                        out.extend(first.to_uppercase());
                        out.push_str(&word[first.len_utf8()..]);
                    }
                    _ => out.push_str(&word),
                }
            }
            out
        }
    }
}

/// Only-digits or only-letters after an object number is turned wholly into camel case; else only the prefix changes.
pub(super) fn camel_user_field(name: &str) -> String {
    let Some(rest) = name.strip_prefix("UF_CRM_") else { return name.to_owned() };
    if let Some((number, code)) = rest.split_once('_') {
        let digits = |t: &str| !t.is_empty() && t.chars().all(|c| c.is_ascii_digit());
        let letters = !code.is_empty() && code.chars().all(|c| c.is_ascii_alphabetic());
        if digits(number) && (digits(code) || letters) {
            return camel(name);
        }
    }
    format!("ufCrm_{rest}")
}

/// A user field; its options have already got their ids.
pub(super) fn user_field(id: u64, name: &str, of: UserFieldType, options: Vec<EnumOption>) -> Field {
    let words = name.trim_start_matches("UF_CRM_").to_lowercase().replace('_', " ");
    let mut letters = words.chars();
    let title = letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default();
    let kind = match of {
        UserFieldType::String => Kind::Text,
        UserFieldType::Integer => Kind::Integer,
        UserFieldType::Double => Kind::Double,
        UserFieldType::Boolean => Kind::Boolean,
        UserFieldType::Date => Kind::Date,
        UserFieldType::DateTime => Kind::DateTime,
        UserFieldType::Enumeration | UserFieldType::EnumerationMultiple => Kind::Enumeration,
        UserFieldType::Money => Kind::Money,
        UserFieldType::Url => Kind::Url,
        UserFieldType::Employee | UserFieldType::EmployeeMultiple => Kind::Employee,
        UserFieldType::Status(of) | UserFieldType::StatusMultiple(of) => Kind::Status(of),
        UserFieldType::Link(of) | UserFieldType::LinkMultiple(of) => Kind::Link(of),
        UserFieldType::StringMultiple => Kind::Text,
        UserFieldType::Other(wire) => Kind::Other(wire),
    };
    Field {
        name: name.to_owned(),
        camel: camel_user_field(name),
        title,
        kind,
        read_only: false,
        multiple: matches!(
            of,
            UserFieldType::EnumerationMultiple
                | UserFieldType::EmployeeMultiple
                | UserFieldType::StatusMultiple(_)
                | UserFieldType::LinkMultiple(_)
                | UserFieldType::StringMultiple
        ),
        user_field: id,
        options,
    }
}
