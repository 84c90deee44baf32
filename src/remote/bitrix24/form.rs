//! Forms as the portal posts them: `event=…&data[FIELDS][ID]=12`. Pure.

use std::collections::BTreeMap;

use percent_encoding::percent_decode;

/// Fields that are read at most; an event has about twenty.
const MOST: usize = 256;

/// The fields of a form, by their whole names (`data[FIELDS][ID]`). The first of a name counts. Bytes that are no text become
/// replacement characters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Form(BTreeMap<String, String>);

impl Form {
    /// Reads a form; whatever it is given, it reads something.
    pub fn read(body: &[u8]) -> Self {
        let mut fields = BTreeMap::new();
        for part in body.split(|byte| *byte == b'&').filter(|part| !part.is_empty()).take(MOST) {
            let at = part.iter().position(|byte| *byte == b'=').unwrap_or(part.len());
            let value = part.get(at + 1..).unwrap_or_default();
            fields.entry(text(&part[..at])).or_insert_with(|| text(value));
        }
        Self(fields)
    }

    /// The field of this whole name; none where it is empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Every field.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

fn text(encoded: &[u8]) -> String {
    let spaced: Vec<u8> = encoded.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&spaced).decode_utf8_lossy().into_owned()
}
