//! Every row of the tables of types, proven through the real clients against the stand-ins: what it says is read is read,
//! what it says is written comes back, and what it says is refused does not leave.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
#![allow(dead_code, reason = "the offices have more rooms than are visited here")]

mod bitrix24;
mod notion;
#[path = "../notion_client/office.rs"]
mod office;
#[path = "../bitrix24_client/support.rs"]
mod portal;

use crosstie::model::{Kind, Value};
use crosstie::remote::WriteError;
use crosstie::remote::support::{Fidelity, TypeRow};

/// Whether a value is one of these kinds.
fn is_one_of(value: &Value, kinds: &[Kind]) -> bool {
    use Kind::{
        Checkbox, Date, DateTime, Email, MultiSelect, Number, People, Phone, Relation, Select, Status, Text, Title, Url,
    };
    let of: &[Kind] = match value {
        Value::Empty => return true,
        Value::Text(_) => &[Title, Text, Email, Phone, Url],
        Value::Number(_) => &[Number],
        Value::Flag(_) => &[Checkbox],
        Value::Date(_) => &[Date, DateTime],
        Value::DateTime(_) => &[DateTime],
        Value::Choice(_) => &[Select, Status],
        Value::Choices(_) => &[MultiSelect],
        Value::People(_) => &[People],
        Value::Links(_) => &[Relation],
    };
    of.iter().any(|kind| kinds.contains(kind))
}

/// The reason of a write that did not leave.
fn reason<T: std::fmt::Debug>(result: Result<T, WriteError>) -> String {
    match result {
        Err(WriteError::NotDone(error)) => error.message,
        other => panic!("it was not refused: {other:?}"),
    }
}

/// A row is proven by a test that is named after it and after what it promises.
fn every_row_has_its_test<'a>(system: &str, rows: impl Iterator<Item = &'a TypeRow>, tests: &str) {
    for row in rows {
        let words: Vec<String> = row
            .native
            .to_lowercase()
            .split(|letter: char| !letter.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect();
        let promise = match row.fidelity {
            Fidelity::Lossless | Fidelity::Lossy(_) => "round_trips",
            Fidelity::ReadOnly(_) => "is_read_and_never_written",
            Fidelity::Unsupported(_) => "is_explained_and_never_written",
        };
        let name = format!("async fn {system}_{}_{promise}()", words.join("_"));
        assert!(tests.contains(&name), "there is no `{name}`");
    }
}
