//! The pair's own filter: checked against the portal's fields, and put beside what a list asks by itself. Pure.
//!
//! Checked here and not there: some builds answer a wrongly written name with wrong rows and no error.

use serde_json::{Map, Value as Json, json};

use super::catalogue::{Catalogue, Field, Shape};
use super::decode::entries;
use crate::model::Entity;
use crate::remote::connection::error;
use crate::remote::{RemoteError, RemoteErrorKind};

/// What may stand before a name; longer ones first.
const OPERATORS: [&str; 15] = ["!=%", "!%=", "!@", "!%", "!=", ">=", "<=", "=%", "%=", "!", ">", "<", "=", "@", "%"];
/// What tasks document.
const FOR_TASKS: [&str; 5] = ["!", ">=", "<=", ">", "<"];

/// Whose filter it is: names differ, and tasks know less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    Items,
    Tasks,
}

/// The pair's filter in the words of its list method; empty where there is none.
///
/// # Errors
/// [`RemoteErrorKind::Invalid`], with what the portal would not take.
pub(super) fn resolved(entity: &Entity, catalogue: &Catalogue, whose: Whose) -> Result<Map<String, Json>, RemoteError> {
    let Some(filter) = &entity.filter else { return Ok(Map::new()) };
    group(filter, catalogue, whose)
}

fn group(filter: &Json, catalogue: &Catalogue, whose: Whose) -> Result<Map<String, Json>, RemoteError> {
    let conditions = filter.as_object().ok_or_else(|| refuse("it is a table of conditions"))?;
    if conditions.is_empty() {
        return Err(refuse("it is empty"));
    }
    let mut out = Map::new();
    for (key, wanted) in conditions {
        let numbered = key.bytes().all(|byte| byte.is_ascii_digit());
        if whose == Whose::Items && (numbered || key == "logic") {
            let word = wanted.as_str().is_some_and(|word| matches!(word, "OR" | "AND"));
            match (key.as_str(), wanted) {
                ("logic", _) if word => drop(out.insert(key.clone(), wanted.clone())),
                ("logic", _) => return Err(refuse("`logic` is \"OR\" or \"AND\"")),
                _ => drop(out.insert(key.clone(), Json::Object(group(wanted, catalogue, whose)?))),
            }
            continue;
        }
        let (operator, name) = split(key);
        let (known, field) = named(catalogue, name)
            .ok_or_else(|| refuse(&format!("the portal has no field {name:?}; groups are numbered, \"0\"")))?;
        if whose == Whose::Tasks && !operator.is_empty() && !FOR_TASKS.contains(&operator) {
            return Err(refuse(&format!("tasks are not filtered by `{operator}`")));
        }
        if matches!(known, "ID" | "DATE_MODIFY" | "CHANGED_DATE") {
            return Err(refuse(&format!("crosstie goes from page to page by `{known}` itself")));
        }
        if field.key.is_empty() || matches!(field.shape, Shape::Binding(_)) {
            return Err(refuse(&format!("the portal does not filter by `{known}`")));
        }
        let name = match (whose, known) {
            // `STATUS` itself finds overdue and unseen ones too, which are no statuses that a task is given.
            (Whose::Tasks, "STATUS") => "REAL_STATUS",
            (Whose::Tasks, known) => known,
            (Whose::Items, _) => &field.key,
        };
        out.insert(format!("{operator}{name}"), value(known, field, wanted)?);
    }
    Ok(out)
}

fn value(name: &str, field: &Field, wanted: &Json) -> Result<Json, RemoteError> {
    Ok(match wanted {
        Json::Array(list) => {
            Json::Array(list.iter().map(|wanted| value(name, field, wanted)).collect::<Result<_, _>>()?)
        }
        Json::Object(_) => return Err(refuse(&format!("`{name}` is compared with a value or a list of values"))),
        // User fields of this type are filtered by 1 and 0 alone.
        _ if field.shape == Shape::Flag => match (wanted.as_bool(), wanted.as_str(), name.starts_with("UF_")) {
            (Some(true), _, true) | (_, Some("Y"), true) => json!(1),
            (Some(false), _, true) | (_, Some("N"), true) => json!(0),
            (Some(flag), ..) => json!(if flag { "Y" } else { "N" }),
            _ => wanted.clone(),
        },
        _ => wanted.clone(),
    })
}

/// For each condition, by its field's name: it and its contrary together, which no record passes.
pub(super) fn contradictions(filter: &Json) -> Vec<(String, Json)> {
    let mut found = Vec::new();
    for (key, wanted) in filter.as_object().into_iter().flatten() {
        let (operator, name) = split(key);
        if wanted.is_object() {
            found.extend(contradictions(wanted));
        } else if let Some(contrary) = contrary(operator).filter(|_| key != "logic") {
            found.push((name.to_owned(), json!({(key): wanted, (format!("{contrary}{name}")): wanted})));
        }
    }
    found
}

fn contrary(operator: &str) -> Option<&'static str> {
    const CONTRARIES: [(&str, &str); 8] =
        [("", "!"), ("=", "!="), ("@", "!@"), ("%", "!%"), ("=%", "!=%"), ("%=", "!%="), (">", "<="), ("<", ">=")];
    CONTRARIES.into_iter().find_map(|(one, other)| match operator {
        it if it == one => Some(other),
        it if it == other => Some(one),
        _ => None,
    })
}

fn split(key: &str) -> (&'static str, &str) {
    let found = OPERATORS.into_iter().find_map(|op| key.strip_prefix(op).map(|name| (op, name)));
    found.unwrap_or(("", key))
}

/// A field by our name of it (`CATEGORY_ID`) or by the portal's (`categoryId`).
fn named<'a>(catalogue: &'a Catalogue, name: &str) -> Option<(&'a str, &'a Field)> {
    let found = catalogue.fields.get_key_value(name);
    let found = found.or_else(|| catalogue.fields.iter().find(|(_, field)| !name.is_empty() && field.key == name));
    found.map(|(name, field)| (name.as_str(), field))
}

/// The pair's filter and what is asked besides, all of which must hold. Where both speak of the same, the second goes into
/// a group of its own.
pub(super) fn all_of(mut filter: Map<String, Json>, asked: &Json) -> Json {
    for (key, wanted) in entries(asked) {
        let numbered = key.bytes().all(|byte| byte.is_ascii_digit());
        if !numbered && !filter.contains_key(&key) {
            filter.insert(key, wanted.clone());
            continue;
        }
        let taken = filter.keys().filter_map(|key| key.parse::<u64>().ok()).max();
        let free = taken.map_or(0, |taken| taken + 1).to_string();
        let group = if numbered { wanted.clone() } else { json!({"logic": "OR", "0": {(key): wanted}}) };
        filter.insert(free, group);
    }
    Json::Object(filter)
}

fn refuse(what: &str) -> RemoteError {
    error(RemoteErrorKind::Invalid, "", format!("the pair's `crm_filter` cannot be used: {what}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::{Whose, all_of, resolved};
    use crate::model::Entity;
    use crate::remote::bitrix24::Family;
    use crate::remote::bitrix24::catalogue::{Catalogue, catalogue};

    fn deals() -> Catalogue {
        catalogue(
            Family::Deal,
            &json!({
                "id": {"type": "integer", "title": "ID"},
                "updatedTime": {"type": "datetime", "title": "Modified"},
                "categoryId": {"type": "crm_category", "title": "Pipeline", "upperName": "CATEGORY_ID"},
                "stageId": {"type": "crm_status", "title": "Stage", "upperName": "STAGE_ID"},
                "companyId": {"type": "crm_company", "title": "Company", "upperName": "COMPANY_ID"},
                "UF_CRM_1": {"type": "boolean", "title": "Key account", "upperName": "UF_CRM_1"},
            }),
        )
    }

    fn filter(filter: Json) -> Result<Json, String> {
        let entity = Entity { name: "deal".into(), fields: Vec::new(), marker: None, filter: Some(filter) };
        resolved(&entity, &deals(), Whose::Items).map(Json::Object).map_err(|error| error.message)
    }

    #[test]
    fn a_filter_speaks_the_names_of_mappings_or_of_the_portal() {
        assert_eq!(filter(json!({"CATEGORY_ID": 0})).unwrap(), json!({"categoryId": 0}));
        assert_eq!(filter(json!({"!@stageId": ["WON", "LOSE"]})).unwrap(), json!({"!@stageId": ["WON", "LOSE"]}));
        let either = json!({"0": {"logic": "OR", "0": {"CATEGORY_ID": 0}, "1": {"=UF_CRM_1": true}}});
        let there = json!({"0": {"logic": "OR", "0": {"categoryId": 0}, "1": {"=UF_CRM_1": 1}}});
        assert_eq!(filter(either).unwrap(), there);
    }

    #[test]
    fn what_the_portal_might_answer_with_wrong_rows_is_not_even_sent() {
        for (wrong, says) in [
            (json!({"categoryID": 0}), "no field \"categoryID\""),
            (json!({">ID": 7}), "from page to page"),
            (json!({"updatedTime": "2026"}), "from page to page"),
            (json!({"COMPANY_ID.TITLE": "x"}), "does not filter by"),
            (json!({"CATEGORY_ID": {"a": 1}}), "a value or a list"),
            (json!({"0": {"logic": "XOR"}}), "`logic`"),
            (json!({}), "empty"),
            (json!(7), "a table"),
        ] {
            let refused = filter(wrong.clone()).unwrap_err();
            assert!(refused.contains(says), "{wrong}: {refused}");
        }
    }

    #[test]
    fn each_condition_has_a_contrary_that_nothing_passes_together_with_it() {
        let filter = json!({"CATEGORY_ID": 0, ">=OPPORTUNITY": 5, "0": {"logic": "OR", "0": {"!@STAGE_ID": ["WON"]}}});
        let found = super::contradictions(&filter);
        assert_eq!(found.len(), 3, "{found:?}");
        for (name, both) in [
            ("CATEGORY_ID", json!({"CATEGORY_ID": 0, "!CATEGORY_ID": 0})),
            ("OPPORTUNITY", json!({">=OPPORTUNITY": 5, "<OPPORTUNITY": 5})),
            ("STAGE_ID", json!({"!@STAGE_ID": ["WON"], "@STAGE_ID": ["WON"]})),
        ] {
            assert!(found.contains(&(name.to_owned(), both)), "{name}: {found:?}");
        }
    }

    #[test]
    fn a_tasks_status_is_the_one_that_it_was_given() {
        let fields =
            json!({"STATUS": {"type": "enum", "title": "Status"}, "GROUP_ID": {"type": "integer", "title": "Group"}});
        let filter = Some(json!({"!STATUS": 5, "GROUP_ID": [3, 4]}));
        let entity = Entity { name: "task".into(), fields: Vec::new(), marker: None, filter };
        let catalogue = crate::remote::bitrix24::tasks::fields::catalogue(&fields);
        let resolved = Json::Object(resolved(&entity, &catalogue, Whose::Tasks).unwrap());
        assert_eq!(resolved, json!({"!REAL_STATUS": 5, "GROUP_ID": [3, 4]}));
    }

    #[test]
    fn two_conditions_on_the_same_both_hold() {
        let pair = json!({"categoryId": 0, "0": {"logic": "OR", "0": {"stageId": "NEW"}}}).as_object().unwrap().clone();
        assert_eq!(
            all_of(pair, &json!({"categoryId": 1, ">id": 7, "0": {"logic": "OR"}})),
            json!({
                "categoryId": 0, ">id": 7, "0": {"logic": "OR", "0": {"stageId": "NEW"}},
                "1": {"logic": "OR"}, "2": {"logic": "OR", "0": {"categoryId": 1}},
            })
        );
    }
}
