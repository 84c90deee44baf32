//! One field mapping, checked against both schemas: what its values mean, and when two of them are the same.

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

use super::choices::Choices;
use super::fit::{Fit, is_text};
use super::{Direction, FieldSpec};
use crate::model::{FieldInfo, FieldName, Kind, Side, Value};

/// Raised whenever a conversion changes its meaning: every field then is a first contact.
const CONVERSION_VERSION: u32 = 1;

/// One field mapping with everything that translation needs. Made by [`super::PairMap::compile`].
#[derive(Debug, Clone, PartialEq)]
pub struct FieldMap {
    /// What the operator wrote.
    pub spec: FieldSpec,
    /// The CRM's field.
    pub crm: FieldInfo,
    /// Notion's property.
    pub notion: FieldInfo,
    /// The kind of the common values.
    pub kind: Kind,
    /// The kind that the CRM's field was taken as, among those it can hold.
    pub crm_kind: Kind,
    /// The kind that Notion's property was taken as.
    pub notion_kind: Kind,
    /// What a base is bound to: property ids, types, values map, conversion, and how often either end was lost. The direction
    /// is no part of it.
    pub hash: String,
    pub(super) fit: Fit,
    pub(super) choices: Choices,
}

impl FieldMap {
    pub(super) fn new(
        spec: &FieldSpec,
        crm: &FieldInfo,
        notion: &FieldInfo,
        taken: (Kind, Kind, Fit),
        choices: Choices,
        lost: u32,
    ) -> Self {
        let (crm_kind, notion_kind, fit) = taken;
        let identity = (
            CONVERSION_VERSION,
            (&crm.id, &crm.native_type, crm_kind, crm.multiple),
            (&notion.id, &notion.native_type, notion_kind, notion.multiple),
            &spec.values,
            &spec.relation,
        );
        // What was agreed on before it was lost says nothing of what is there since. With a fallback people mean others.
        // In another time zone days and moments mean others.
        let dated = matches!(fit.kind, Kind::Date | Kind::DateTime);
        let zone = spec.zone.as_ref().filter(|_| dated).map(|zone| zone.iana_name().unwrap_or("UTC"));
        let json = match (lost, spec.fallback.is_some() || spec.unmatched, zone) {
            (lost, _, Some(zone)) => serde_json::to_vec(&(identity, lost, "zone", zone)),
            (0, false, None) => serde_json::to_vec(&identity),
            (lost, false, None) => serde_json::to_vec(&(identity, lost)),
            (lost, true, None) => serde_json::to_vec(&(identity, lost, "fallback")),
        };
        let mut json = json.unwrap_or_default();
        // Who stands in for nobody is nobody's edit when it is somebody else: what was agreed on says nothing any more.
        for stand_in in [&crm.empty_is, &notion.empty_is].into_iter().flatten() {
            json.extend(serde_json::to_vec(&("nobody", stand_in)).unwrap_or_default());
        }
        Self {
            spec: spec.clone(),
            crm: crm.clone(),
            notion: notion.clone(),
            kind: fit.kind,
            crm_kind,
            notion_kind,
            hash: crate::model::value::hex16(&Sha256::digest(json)),
            fit,
            choices,
        }
    }

    /// The field's description on one side.
    pub fn info(&self, side: Side) -> &FieldInfo {
        match side {
            Side::Crm => &self.crm,
            Side::Notion => &self.notion,
        }
    }

    /// The kind that one side's field was taken as.
    pub fn kind_on(&self, side: Side) -> Kind {
        match side {
            Side::Crm => self.crm_kind,
            Side::Notion => self.notion_kind,
        }
    }

    /// The field's name on one side.
    pub fn name_on(&self, side: Side) -> &FieldName {
        match side {
            Side::Crm => &self.spec.crm,
            Side::Notion => &self.spec.notion,
        }
    }

    /// Whether we may write this field on that side: the direction leads there.
    pub fn writes(&self, side: Side) -> bool {
        self.spec.direction.from(side.other())
    }

    /// Why this pair of types is lossy, for `check` and the documentation; `None` if it is exact.
    pub fn lossy(&self) -> Option<&'static str> {
        match self.spec.direction {
            // Formatting is lost on a write to Notion only.
            Direction::NotionToCrm if is_text(self.crm_kind) && is_text(self.notion_kind) => None,
            _ => self.fit.lossy,
        }
    }

    /// Options that values of the CRM would need and Notion does not have, where this field writes there and may not
    /// create any: values with one of them are held.
    pub fn missing_options(&self) -> Vec<&str> {
        let wanted = self.writes(Side::Notion) && !self.spec.create_options && !is_text(self.notion_kind);
        let mut names: Vec<&str> = if wanted { self.choices.missing().collect() } else { Vec::new() };
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Whether two common values are equal in the coarsest precision both sides can hold: date-times by the minute, an
    /// unchecked box and none, a field's zero and nothing where a side cannot tell them apart
    /// ([`FieldInfo::empty_is`]). An equivalence.
    pub fn same(&self, a: &Value, b: &Value) -> bool {
        a == b || self.coarse(a) == self.coarse(b)
    }

    fn coarse(&self, value: &Value) -> Value {
        match value {
            Value::DateTime(instant) => Value::DateTime(floor_to_minute(*instant)),
            Value::Flag(false) => Value::Empty,
            Value::Number(_) if Side::BOTH.iter().any(|side| self.info(*side).empty_is.as_ref() == Some(value)) => {
                Value::Empty
            }
            Value::Text(text) => Value::text(canonical_text(text)),
            other => other.clone(),
        }
    }

    /// Whether a side took a value: what it returned is what we sent, or that under a declared normalisation: a phone's
    /// digits, an e-mail's case, a date-time's minute, white space at the end of a text, and what the side holds in
    /// place of nothing. Common dialect.
    pub fn accepts(&self, side: Side, sent: &Value, got: &Value) -> bool {
        if self.same(sent, got) {
            return true;
        }
        match (sent, got) {
            (Value::Text(sent), Value::Empty) => sent.trim_end().is_empty(),
            (Value::Text(sent), Value::Text(got)) => {
                let (sent, got) = (canonical_text(sent), canonical_text(got));
                let (sent, got) = (sent.trim_end(), got.trim_end());
                match self.kind {
                    Kind::Email => sent.trim().to_lowercase() == got.trim().to_lowercase(),
                    Kind::Phone => sent == got || (!digits(sent).is_empty() && digits(sent) == digits(got)),
                    _ => sent == got,
                }
            }
            (Value::Empty, got) => self.info(side).empty_is.as_ref().is_some_and(|empty| match (empty, got) {
                (Value::Choice(id), Value::Choice(name)) if side == Side::Crm => self.choices.told(id) == *name,
                (empty, got) => empty == got,
            }),
            _ => false,
        }
    }

    /// The form of a common value by which untied records are matched; `None` for an empty value, which matches
    /// nothing. E-mail addresses without case, phones by digits, text without case and with single spaces.
    pub fn match_key(&self, common: &Value) -> Option<String> {
        let key = match (self.kind, common) {
            (_, Value::Empty) => return None,
            (Kind::Phone, Value::Text(text)) => digits(text),
            (_, Value::Text(text)) => {
                let text = canonical_text(text).to_lowercase();
                text.split_whitespace().collect::<Vec<_>>().join(" ")
            }
            (_, other) => self.coarse(other).show(),
        };
        (!key.is_empty()).then_some(key)
    }
}

/// Text as it is compared: NFC, line endings `\n`. Nothing is trimmed.
pub(super) fn canonical_text(text: &str) -> String {
    // Most text is plain, and so is compared as it stands.
    if text.is_ascii() && !text.contains('\r') {
        return text.to_owned();
    }
    text.replace("\r\n", "\n").replace('\r', "\n").nfc().collect()
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// Notion keeps date-times to the minute.
pub(super) fn floor_to_minute(instant: Timestamp) -> Timestamp {
    let second = instant.as_second() - i64::from(instant.subsec_nanosecond() < 0);
    Timestamp::from_second(second.div_euclid(60) * 60).unwrap_or(instant)
}
