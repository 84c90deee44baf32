//! Notion's own description of its requests.

use std::path::PathBuf;

use jsonschema::Validator;
use serde_json::{Value as Json, json};

/// Judges the bodies of one endpoint.
pub struct Judge(Validator);

impl Judge {
    /// The judge of a file's endpoint, or `None` if `CROSSTIE_OPENAPI` names no folder.
    pub fn of(file: &str, path: &str, method: &str) -> Option<Self> {
        let folder = PathBuf::from(std::env::var_os("CROSSTIE_OPENAPI")?);
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        let document: Json = serde_norway::from_str(&text).unwrap();
        let mut schema =
            document["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"].clone();
        assert!(schema.is_object(), "{file} has no body for {method} {path}");
        schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
        schema["components"] = document["components"].clone();
        Some(Self(jsonschema::validator_for(&schema).unwrap()))
    }

    /// Fails with what is wrong, if anything is.
    pub fn accepts(&self, body: &Json) {
        if let Err(error) = self.0.validate(body) {
            panic!("Notion's OpenAPI refuses {body}\nat {}: {error}", error.instance_path);
        }
    }

    /// Whether the body is refused.
    pub fn refuses(&self, body: &Json) -> bool {
        !self.0.is_valid(body)
    }
}
