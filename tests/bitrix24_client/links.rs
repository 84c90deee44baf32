//! Who is linked, and who of them is the primary one.

use crosstie::model::Value;
use crosstie::remote::System;
use crosstie::standin::bitrix24::Entity as Of;
use serde_json::{Value as Json, json};

use crate::support::{Office, entity, known, links, set, text};
use crate::writes::by_hand;

/// The plain value of one field as the portal holds it.
fn held(office: &Office, of: Of, id: &str, field: &str) -> Json {
    office.portal().plain(of, id).unwrap().remove(field).unwrap_or_default()
}

fn people(office: &Office) -> Vec<String> {
    (0..4).map(|number| office.person_makes(Of::Contact, &[("NAME", json!(format!("C{number}")))])).collect()
}

/// The primary one and all, as the portal holds them.
fn linked(office: &Office, of: Of, id: &str, names: [&str; 2]) -> (Json, Json) {
    (held(office, of, id, names[0]), held(office, of, id, names[1]))
}

#[tokio::test(start_paused = true)]
async fn where_all_are_mapped_too_another_primary_contact_takes_nobodys_link_away() {
    let office = Office::new();
    let deal = entity("deal", &["CONTACT_ID", "CONTACT_IDS"]);
    let p = people(&office);
    let id = office.person_makes(Of::Deal, &[("TITLE", json!("D")), ("CONTACT_IDS", json!([p[0], p[1], p[2]]))]);
    let shown = || linked(&office, Of::Deal, &id, ["CONTACT_ID", "CONTACT_IDS"]);
    for (given, primary, all) in [
        // One of them, somebody new, both fields at once, and somebody who is in one of them alone.
        (vec![("CONTACT_ID", links(&[&p[2]]))], &p[2], vec![&p[0], &p[1], &p[2]]),
        (vec![("CONTACT_ID", links(&[&p[3]]))], &p[3], vec![&p[0], &p[1], &p[2], &p[3]]),
        (vec![("CONTACT_ID", links(&[&p[1]])), ("CONTACT_IDS", links(&[&p[0], &p[1]]))], &p[1], vec![&p[0], &p[1]]),
        (vec![("CONTACT_ID", links(&[&p[2]])), ("CONTACT_IDS", links(&[&p[0]]))], &p[2], vec![&p[0], &p[2]]),
        // Whoever was the primary one goes: the next in the portal's order follows.
        (vec![("CONTACT_IDS", links(&[&p[0], &p[3]]))], &p[0], vec![&p[0], &p[3]]),
        (vec![("CONTACT_IDS", links(&[&p[0], &p[1], &p[3]]))], &p[0], vec![&p[0], &p[1], &p[3]]),
        (vec![("CONTACT_IDS", links(&[&p[1], &p[3]]))], &p[3], vec![&p[1], &p[3]]),
    ] {
        let before = office.read(&deal, &id).await;
        let after = office.client.update(&deal, &before, &set(&given), None).await.unwrap().unwrap();
        assert_eq!(shown(), (json!([primary]), json!(all)), "{given:?}");
        assert_eq!(known(&after, "CONTACT_ID"), &links(&[primary]));
    }
    let before = office.read(&deal, &id).await;
    let refused = office.client.update(&deal, &before, &set(&[("CONTACT_ID", Value::Empty)]), None).await.unwrap_err();
    assert!(refused.to_string().contains("a primary one; choose another"), "{refused}");
    let nobody = set(&[("CONTACT_ID", Value::Empty), ("CONTACT_IDS", Value::Empty)]);
    office.client.update(&deal, &before, &nobody, None).await.unwrap();
    assert_eq!(shown(), (Json::Null, Json::Null));
    // A new deal has who was chosen first.
    let new = set(&[("TITLE", text("N")), ("CONTACT_ID", links(&[&p[3]])), ("CONTACT_IDS", links(&[&p[0], &p[3]]))]);
    let made = office.client.create(&deal, "page", &new).await.unwrap();
    assert_eq!(held(&office, Of::Deal, made.id.as_str(), "CONTACT_ID"), json!([p[3]]));
}

#[tokio::test(start_paused = true)]
async fn all_companies_of_a_contact_are_read_and_none_is_lost_by_another_primary_one() {
    let office = Office::new();
    let ids: Vec<String> =
        ["Acme", "Bmce", "Cmce"].map(|title| office.person_makes(Of::Company, &[("TITLE", json!(title))])).into();
    let all = entity("contact", &["COMPANY_IDS"]);
    let id = office.person_makes(Of::Contact, &[("NAME", json!("Ada")), ("COMPANY_IDS", json!([ids[1], ids[0]]))]);
    let shown = || linked(&office, Of::Contact, &id, ["COMPANY_ID", "COMPANY_IDS"]);
    let before = office.read(&all, &id).await;
    assert_eq!(known(&before, "COMPANY_IDS"), &links(&[&ids[0], &ids[1]]));
    let given = set(&[("COMPANY_IDS", links(&[&ids[0], &ids[1], &ids[2]]))]);
    let after = office.client.update(&all, &before, &given, None).await.unwrap().unwrap();
    assert_eq!(known(&after, "COMPANY_IDS"), &links(&[&ids[0], &ids[1], &ids[2]]));
    assert_eq!(shown(), (json!([ids[1]]), json!(ids)), "who was first stays first");
    // Who maps the primary one alone changes that, and the others stay.
    let one = entity("contact", &["COMPANY_ID"]);
    let before = office.read(&one, &id).await;
    office.client.update(&one, &before, &set(&[("COMPANY_ID", links(&[&ids[2]]))]), None).await.unwrap();
    assert_eq!(shown(), (json!([ids[2]]), json!([ids[0], ids[2]])));
    // A company that is deleted is nobody's any more.
    by_hand(&office, "crm.item.delete", json!({"entityTypeId": 4, "id": ids[2]}));
    assert_eq!(shown(), (json!([ids[0]]), json!([ids[0]])));
}
