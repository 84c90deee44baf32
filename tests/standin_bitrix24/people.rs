//! What people do to whole objects: merging, restoring, moving, taking options away.

use crosstie::standin::StandIn;
use crosstie::standin::bitrix24::{Config, Entity, Refused};
use crosstie::standin::log::{Actor, Entry, Kind};
use serde_json::{Value, json};

use crate::support::Portal;

const ANNA: &str = "Anna Weber";

fn contact(portal: &mut Portal, set: &[(&str, Value)]) -> String {
    portal.it.person_create(portal.now, ANNA, Entity::Contact, set).unwrap()
}

fn plain(portal: &Portal, entity: Entity, id: &str, field: &str) -> Value {
    portal.it.plain(entity, id).unwrap().get(field).cloned().unwrap_or_default()
}

#[test]
fn a_merge_leaves_one_contact_with_the_deals_and_values_of_both() {
    let mut portal = Portal::new();
    let keep = contact(&mut portal, &[("NAME", json!("Ada")), ("PHONE", json!("+49 30 1"))]);
    let lose = contact(
        &mut portal,
        &[("NAME", json!("A.")), ("POST", json!("CEO")), ("PHONE", json!("+49301")), ("EMAIL", json!("a@example.com"))],
    );
    let other = contact(&mut portal, &[("NAME", json!("Other"))]);
    let deal = |portal: &mut Portal, contacts: Value| {
        portal.it.person_create(portal.now, ANNA, Entity::Deal, &[("CONTACT_IDS", contacts)]).unwrap()
    };
    let (both, one) = (deal(&mut portal, json!([lose, keep])), deal(&mut portal, json!([other, lose])));
    let touched = plain(&portal, Entity::Deal, &one, "DATE_MODIFY");
    let before = portal.it.log().len();
    portal.wait(60);
    portal.it.merge_contacts(portal.now, "Boris Klein", &keep, &lose).unwrap();
    assert_eq!(portal.it.plain(Entity::Contact, &lose), None);
    assert_eq!(plain(&portal, Entity::Deal, &both, "CONTACT_IDS"), json!([keep]));
    assert_eq!(plain(&portal, Entity::Deal, &one, "CONTACT_IDS"), json!([keep, other]));
    assert_eq!(plain(&portal, Entity::Deal, &one, "CONTACT_ID"), json!([other]), "the primary one stays");
    assert_eq!(plain(&portal, Entity::Deal, &one, "DATE_MODIFY"), touched);
    let fields = ["NAME", "POST", "EMAIL"].map(|field| plain(&portal, Entity::Contact, &keep, field));
    assert_eq!(fields, [json!("Ada"), json!("CEO"), json!("a@example.com")]);
    let id: i64 = keep.parse().unwrap();
    assert_eq!(portal.item(3, id)["fm"].as_array().unwrap().len(), 2, "the same phone is not added twice");
    let told: Vec<&Entry> = portal.it.log()[before..].iter().collect();
    assert!(told.iter().all(|entry| entry.actor == Actor::Person("Boris Klein".into()) && entry.at == portal.now));
    assert!(told.iter().any(|entry| entry.kind == Kind::Deleted && entry.object == lose));
    assert!(told.iter().any(|entry| entry.entity == "deal" && entry.object == one && entry.field == "CONTACT_IDS"));
    assert!(portal.it.merge_contacts(portal.now, ANNA, &keep, &keep).is_err());
}

#[test]
fn what_comes_out_of_the_recycle_bin_is_linked_again_under_a_new_id_or_its_own() {
    for keeps_id in [false, true] {
        let mut portal = Portal::with(Config { restore_keeps_id: keeps_id, ..Config::default() });
        let (first, second) = (contact(&mut portal, &[("NAME", json!("A"))]), contact(&mut portal, &[]));
        let set = [("CONTACT_IDS", json!([first, second])), ("TITLE", json!("D"))];
        let deal = portal.it.person_create(portal.now, ANNA, Entity::Deal, &set).unwrap();
        portal.it.person_delete(portal.now, ANNA, Entity::Contact, &first).unwrap();
        assert_eq!(plain(&portal, Entity::Deal, &deal, "CONTACT_IDS"), json!([second]));
        portal.wait(86_400);
        let back = portal.it.person_restore(portal.now, ANNA, Entity::Contact, &first).unwrap();
        assert_eq!(back == first, keeps_id);
        assert_eq!(plain(&portal, Entity::Contact, &back, "NAME"), "A");
        assert_eq!(plain(&portal, Entity::Deal, &deal, "CONTACT_ID"), json!([back]));
        let kind = if keeps_id { Kind::Restored } else { Kind::Created };
        let told = portal.it.log().iter().rfind(|entry| entry.object == back && entry.field.is_empty()).unwrap();
        assert_eq!((told.kind, told.at), (kind, portal.now));
        let again = portal.it.person_restore(portal.now, ANNA, Entity::Contact, &first);
        assert_eq!(again, Err(Refused::NoSuchObject("contact", first.clone())));

        // A deal comes back without what was deleted meanwhile.
        portal.it.person_delete(portal.now, ANNA, Entity::Deal, &deal).unwrap();
        portal.it.person_delete(portal.now, ANNA, Entity::Contact, &second).unwrap();
        let deal = portal.it.person_restore(portal.now, ANNA, Entity::Deal, &deal).unwrap();
        assert_eq!(plain(&portal, Entity::Deal, &deal, "CONTACT_IDS"), json!([back]));
        assert_eq!(plain(&portal, Entity::Deal, &deal, "TITLE"), "D");
        portal.it.person_delete(portal.now, ANNA, Entity::Deal, &deal).unwrap();
        portal.wait(31 * 86_400);
        assert!(portal.it.person_restore(portal.now, ANNA, Entity::Deal, &deal).is_err(), "the bin is emptied");
    }
}

#[test]
fn a_deleted_company_leaves_its_members_and_a_restored_one_has_them_again() {
    let mut portal = Portal::new();
    let company = portal.it.add_company("Acme");
    let member = contact(&mut portal, &[("COMPANY_ID", json!([company]))]);
    portal.it.person_delete(portal.now, ANNA, Entity::Company, &company).unwrap();
    assert_eq!(plain(&portal, Entity::Contact, &member, "COMPANY_ID"), Value::Null);
    let back = portal.it.person_restore(portal.now, ANNA, Entity::Company, &company).unwrap();
    assert_eq!(plain(&portal, Entity::Contact, &member, "COMPANY_ID"), json!([back]));
    assert_eq!(plain(&portal, Entity::Company, &back, "TITLE"), "Acme");
}

#[test]
fn an_option_taken_away_leaves_its_objects_and_writing_it_is_ignored_in_silence() {
    let mut portal = Portal::new();
    let option = portal.it.options(Entity::Deal, "UF_CRM_PRIORITY")[0].0.clone();
    let several = portal.it.options(Entity::Deal, "UF_CRM_SERVICES");
    let ids = [several[0].0.clone(), several[1].0.clone()];
    let deal = portal.make(2, json!({"UF_CRM_PRIORITY": option, "UF_CRM_SERVICES": ids}));
    let before = portal.item(2, deal);
    portal.wait(60);
    portal.it.delete_option(portal.now, ANNA, Entity::Deal, "UF_CRM_PRIORITY", &option).unwrap();
    portal.it.delete_option(portal.now, ANNA, Entity::Deal, "UF_CRM_SERVICES", &ids[0]).unwrap();
    let item = portal.item(2, deal);
    assert_eq!((&item["UF_CRM_PRIORITY"], &item["updatedTime"]), (&Value::Null, &before["updatedTime"]));
    assert_eq!(item["UF_CRM_SERVICES"], json!([ids[1].parse::<i64>().unwrap()]));
    let last = portal.it.log().last().unwrap();
    assert_eq!((&last.actor, last.field.as_str()), (&Actor::Person(ANNA.into()), "UF_CRM_SERVICES"));
    let update =
        json!({"entityTypeId": 2, "id": deal, "fields": {"UF_CRM_PRIORITY": option}, "useOriginalUfNames": "Y"});
    assert_eq!(portal.ok("crm.item.update", update)["item"]["UF_CRM_PRIORITY"], Value::Null);
    assert!(portal.it.delete_option(portal.now, ANNA, Entity::Deal, "UF_CRM_PRIORITY", &option).is_err());
}

#[test]
fn a_person_moves_a_deal_to_another_pipeline_and_it_leaves_that_filter() {
    let mut portal = Portal::new();
    let pipeline = portal.it.add_pipeline("Partners", &[("NEW", "New", 'P'), ("WON", "Won", 'S')]);
    let deal = portal.make(2, json!({"title": "D"}));
    assert_eq!(portal.found(2, json!({"categoryId": 0})), [deal]);
    let set = [("CATEGORY_ID", json!(pipeline.to_string()))];
    portal.it.person_edit(portal.now, ANNA, Entity::Deal, &deal.to_string(), &set).unwrap();
    assert!(portal.found(2, json!({"categoryId": 0})).is_empty());
    assert_eq!(portal.item(2, deal)["stageId"], format!("C{pipeline}:NEW"));
}
