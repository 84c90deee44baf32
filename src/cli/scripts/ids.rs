//! Ids as scripts write them.

use crate::model::{HoldId, RecordId, RecordRef, Shown, Side, TieId};

/// `pair/crm id/field`, `pair/crm id` or `pair`.
pub fn hold(text: &str) -> Result<HoldId, String> {
    let mut parts = text.splitn(3, '/');
    let pair = parts.next().filter(|it| !it.is_empty()).ok_or("a hold's id is pair/crm id/field")?;
    let (crm, field) = (parts.next(), parts.next());
    if crm == Some("") || field == Some("") {
        return Err("a hold's id is pair/crm id/field, with none of them empty".to_owned());
    }
    Ok(HoldId { pair: pair.into(), crm: crm.map(Into::into), field: field.map(Into::into) })
}

/// `pair/side/id`.
pub fn record(text: &str) -> Result<RecordRef, String> {
    let wrong = || "a record's id is pair/side/id, with crm or notion as its side".to_owned();
    let mut parts = text.splitn(3, '/');
    let (Some(pair), Some(side), Some(id)) = (parts.next(), parts.next(), parts.next()) else { return Err(wrong()) };
    let side = Side::BOTH.into_iter().find(|it| it.as_str() == side).ok_or_else(wrong)?;
    if pair.is_empty() || id.is_empty() {
        return Err(wrong());
    }
    Ok(RecordRef { pair: pair.into(), side, id: RecordId::from(id) })
}

/// The record on the other side of one: its id alone, or `pair/side/id`.
pub fn counterpart(of: &RecordRef, text: &str) -> Result<RecordId, String> {
    match record(text) {
        Err(_) => Ok(RecordId::from(text)),
        Ok(at) if at.pair == of.pair && at.side == of.side.other() => Ok(at.id),
        Ok(_) => Err(format!(
            "{} can be linked to a record of {}/{} only, and {text} is none",
            of_record(of),
            of.pair,
            of.side.other().as_str()
        )),
    }
}

/// The text of a record's id.
pub fn of_record(at: &RecordRef) -> String {
    format!("{}/{}/{}", at.pair, at.side.as_str(), at.id)
}

/// `pair/crm id`.
pub fn tie(text: &str) -> Result<TieId, String> {
    match text.split_once('/') {
        Some((pair, crm)) if !pair.is_empty() && !crm.is_empty() => Ok(TieId { pair: pair.into(), crm: crm.into() }),
        _ => Err("a tie's id is pair/crm id".to_owned()),
    }
}

/// What somebody saw, as `conflicts list` says it: the digests of both values.
pub fn shown(text: &str) -> Result<Shown, String> {
    match text.split_once('.') {
        Some((crm, notion)) if !crm.is_empty() && !notion.is_empty() => {
            Ok(Shown { crm: crm.to_owned(), notion: notion.to_owned() })
        }
        _ => Err("copy it from the member `shown` of `crosstie conflicts list --json`".to_owned()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_as_it_was_told() {
        let whole = hold("deals/412/COMPANY_ID.TITLE").unwrap();
        assert_eq!(whole.to_string(), "deals/412/COMPANY_ID.TITLE");
        assert_eq!(hold("deals").unwrap().to_string(), "deals");
        assert_eq!(hold("deals/412/a/b").unwrap().to_string(), "deals/412/a/b");
        assert_eq!(of_record(&record("deals/notion/a-b").unwrap()), "deals/notion/a-b");
        let deal = record("deals/crm/412").unwrap();
        for text in ["a-b", "deals/notion/a-b"] {
            assert_eq!(counterpart(&deal, text).unwrap().as_str(), "a-b");
        }
        assert!(counterpart(&deal, "contacts/notion/a-b").is_err() && counterpart(&deal, "deals/crm/1").is_err());
        assert_eq!(tie("deals/412").unwrap().to_string(), "deals/412");
        for wrong in ["", "/412", "deals//X", "deals/412/"] {
            assert!(hold(wrong).is_err(), "{wrong}");
        }
        for wrong in ["deals/412", "deals/both/412", "deals/crm/", "/crm/1"] {
            assert!(record(wrong).is_err(), "{wrong}");
        }
        assert!(tie("deals").is_err() && shown("abc").is_err() && shown(".").is_err());
    }
}
