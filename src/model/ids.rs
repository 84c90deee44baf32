//! Names of things. Ids of remote systems are opaque text.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One of the two systems that are kept in step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The CRM.
    Crm,
    /// The Notion workspace.
    Notion,
}

impl Side {
    /// Both sides, CRM first: the order in which everything is done.
    pub const BOTH: [Side; 2] = [Side::Crm, Side::Notion];

    /// The opposite side.
    pub fn other(self) -> Self {
        match self {
            Side::Crm => Side::Notion,
            Side::Notion => Side::Crm,
        }
    }

    /// The lower-case name, as in configuration and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Side::Crm => "crm",
            Side::Notion => "notion",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Side::Crm => "CRM",
            Side::Notion => "Notion",
        })
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The text inside.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

text_id! {
    /// The name of a pair in the configuration: `contacts`, `deals`.
    PairName
}
text_id! {
    /// The id of a record in its own system: a Notion page id (dashed, lower case) or a CRM id (`412`).
    RecordId
}
text_id! {
    /// The name of a field in its own system: a Notion property's name or a CRM field's upper-case name.
    FieldName
}
text_id! {
    /// The name of a field mapping within its pair: the CRM field's name, which is unique there.
    FieldKey
}

/// One record of one side of one pair.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RecordRef {
    /// The pair.
    pub pair: PairName,
    /// The side.
    pub side: Side,
    /// The id there.
    pub id: RecordId,
}

/// A tie is named by its pair and its CRM record, which can be tied once at most.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TieId {
    /// The pair.
    pub pair: PairName,
    /// The CRM record of the tie.
    pub crm: RecordId,
}

impl fmt::Display for TieId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.pair, self.crm)
    }
}
