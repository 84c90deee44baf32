//! The auditor's own equivalences, and sets element by element.

use crosstie::model::{Happening, Orphan, OrphanWhy, PairName, RecordId, RecordRef, Side, Value, Why};
use crosstie::sim::audit::{Outcome, TroubleKind};
use crosstie::standin::bitrix24::Entity;
use serde_json::json;

use super::support::*;

#[test]
fn stages_correspond_by_the_configured_values_and_else_by_name() {
    let (mut bench, deal, page) = Bench::tied_deal();
    bench.notion_edit(1_000, &page, "Stage", "Fresh");
    assert_eq!(bench.only(), Outcome::Present, "NEW is called Fresh in this configuration");
    let (mut bench, deal_too, page) = Bench::tied_deal();
    assert_eq!(deal, deal_too);
    bench.crm_edit(1_000, &deal, "STAGE_ID", "WON");
    bench.api_notion(2_000, &page, "Stage", json!({ "select": { "name": "Won" } }));
    assert_eq!(bench.only(), Outcome::Present);
    bench.api_notion(3_000, &page, "Stage", json!({ "select": { "name": "Fresh" } }));
    assert_eq!(bench.only(), Outcome::Unsettled);
}

#[test]
fn amounts_compare_as_decimals_and_nought_is_no_amount() {
    let (mut bench, deal, page) = Bench::tied_deal();
    bench.crm_edit(1_000, &deal, "OPPORTUNITY", "1250.50");
    bench.api_notion(2_000, &page, "Amount", json!({ "number": 1250.5 }));
    assert_eq!(bench.only(), Outcome::Present);
    let (mut bench, deal, page) = Bench::tied_deal();
    bench.notion_edit(-500, &page, "Amount", "40");
    bench.notion_edit(1_000, &page, "Amount", json!(null));
    assert_eq!(bench.only(), Outcome::Present);
    bench.api_crm(2_000, &deal, "OPPORTUNITY", "40");
    assert_eq!(bench.only(), Outcome::Unsettled);
}

#[test]
fn moments_compare_by_the_minute() {
    let (mut bench, deal, page) = Bench::tied_deal();
    bench.crm_edit(1_000, &deal, "UF_CRM_NEXT_CALL", "2026-04-01T12:00:42+03:00");
    bench.api_notion(2_000, &page, "Next call", json!({ "date": { "start": "2026-04-01T09:00:00Z" } }));
    assert_eq!(bench.only(), Outcome::Present);
    bench.api_notion(3_000, &page, "Next call", json!({ "date": { "start": "2026-04-01T09:01:00Z" } }));
    assert_eq!(bench.only(), Outcome::Unsettled);
}

#[test]
fn people_correspond_by_their_address() {
    let (mut bench, deal, page) = Bench::tied_deal();
    let user = |bench: &Bench, name: &str| {
        bench.crm.people().iter().find(|person| person.name == name).unwrap().id.to_string()
    };
    bench.notion_edit(-500, &page, "Responsible", json!([ANNA]));
    bench.notion_edit(1_000, &page, "Responsible", json!([BORIS]));
    assert_eq!(bench.only(), Outcome::Unsettled);
    let boris = user(&bench, BORIS);
    bench.api_crm(2_000, &deal, "ASSIGNED_BY_ID", boris);
    assert_eq!(bench.only(), Outcome::Present);
    let anna = user(&bench, ANNA);
    bench.api_crm(3_000, &deal, "ASSIGNED_BY_ID", anna);
    assert_eq!(bench.only(), Outcome::Unsettled);
}

#[test]
fn a_name_in_two_fields_is_one_edit_of_one_title() {
    let mut bench = Bench::new();
    let contact = bench.contact(-9_000, &[("NAME", json!("Mia")), ("LAST_NAME", json!("Costa"))]);
    let page = bench.contact_page(-8_000, &[("Name", json!("Mia Costa"))]);
    bench.tie("contacts", &contact, &page);
    let set = [("NAME", json!("Maria")), ("LAST_NAME", json!("Rossi"))];
    bench.crm.person_edit(at(1_000), ANNA, Entity::Contact, &contact, &set).unwrap();
    assert_eq!(bench.only(), Outcome::Unsettled);
    bench.api_title(2_000, &page, "Maria Rossi");
    assert_eq!(bench.only(), Outcome::Present);
    bench.api_title(3_000, &page, "Maria Costa");
    assert_eq!(bench.only(), Outcome::Unsettled);
}

#[test]
fn a_company_is_known_by_its_title_and_renaming_it_is_an_edit_of_its_deals() {
    let (mut bench, deal, page) = Bench::tied_deal();
    let company = bench.crm.person_create(at(-500), ANNA, Entity::Company, &[("TITLE", json!("Kestrel"))]).unwrap();
    bench.crm_edit(1_000, &deal, "COMPANY_ID", company.clone());
    let write = |name: &str| json!({ "rich_text": [{ "text": { "content": name } }] });
    bench.api_notion(2_000, &page, "Company", write("Kestrel"));
    assert_eq!(bench.only(), Outcome::Present);
    let renamed = [("TITLE", json!("Kestrel Robotics"))];
    bench.crm.person_edit(at(3_000), ANNA, Entity::Company, &company, &renamed).unwrap();
    let crm = bench.report().edits.crm;
    assert_eq!((crm.superseded, crm.unsettled), (1, 1));
    bench.api_notion(4_000, &page, "Company", write("Kestrel Robotics"));
    assert_eq!(bench.report().edits.crm.present, 1);
}

/// A deal and its page with two tied contacts, linked with neither.
fn linked() -> (Bench, String, String, [(String, String); 2]) {
    let (mut bench, deal, page) = Bench::tied_deal();
    let mut one = |name: &str| {
        let contact = bench.contact(-7_000, &[("NAME", json!(name))]);
        let page = bench.contact_page(-6_000, &[("Name", json!(name))]);
        bench.tie("contacts", &contact, &page);
        (contact, page)
    };
    let contacts = [one("Mia"), one("Noah")];
    (bench, deal, page, contacts)
}

fn relation(pages: &[&String]) -> serde_json::Value {
    json!({ "relation": pages.iter().map(|page| json!({ "id": page })).collect::<Vec<_>>() })
}

#[test]
fn links_correspond_by_ties_and_merge_by_element() {
    let (mut bench, deal, page, [mia, noah]) = linked();
    bench.crm_edit(1_000, &deal, "CONTACT_IDS", json!([mia.0]));
    bench.notion_edit(1_200, &page, "Contacts", json!([noah.1]));
    assert_eq!(bench.report().edits.crm.unsettled + bench.report().edits.notion.unsettled, 2);
    bench.api_crm(2_000, &deal, "CONTACT_IDS", json!([mia.0, noah.0]));
    bench.api_notion(2_100, &page, "Contacts", relation(&[&mia.1, &noah.1]));
    let report = bench.report();
    assert_eq!((report.edits.crm.present, report.edits.notion.present), (1, 1), "{report:#?}");
}

#[test]
fn a_link_that_vanished_is_lost_even_if_another_was_made_later() {
    let (mut bench, deal, page, [mia, noah]) = linked();
    bench.crm_edit(1_000, &deal, "CONTACT_IDS", json!([mia.0]));
    bench.api_crm(2_000, &deal, "CONTACT_IDS", json!([]));
    bench.crm_edit(3_000, &deal, "CONTACT_IDS", json!([noah.0]));
    bench.api_notion(4_000, &page, "Contacts", relation(&[&noah.1]));
    let crm = bench.report().edits.crm;
    assert_eq!((crm.lost, crm.present), (1, 1));
}

#[test]
fn who_takes_a_link_away_again_supersedes_it_on_either_side() {
    let (mut bench, deal, page, [mia, _]) = linked();
    bench.crm_edit(1_000, &deal, "CONTACT_IDS", json!([mia.0]));
    bench.api_notion(2_000, &page, "Contacts", relation(&[&mia.1]));
    bench.notion_edit(3_000, &page, "Contacts", json!([]));
    bench.api_crm(4_000, &deal, "CONTACT_IDS", json!([]));
    let report = bench.report();
    assert_eq!((report.edits.crm.superseded, report.edits.notion.present), (1, 1), "{report:#?}");
}

#[test]
fn a_link_that_was_taken_away_and_came_back_is_not_present() {
    let (mut bench, deal, page, [mia, _]) = linked();
    bench.crm_edit(-500, &deal, "CONTACT_IDS", json!([mia.0]));
    bench.api_notion(-400, &page, "Contacts", relation(&[&mia.1]));
    bench.notion_edit(1_000, &page, "Contacts", json!([]));
    assert_eq!(bench.only(), Outcome::Unsettled);
    bench.api_notion(2_000, &page, "Contacts", relation(&[&mia.1]));
    assert_eq!(bench.only(), Outcome::Lost);
}

#[test]
fn a_link_with_an_orphan_waits_with_it() {
    let (mut bench, _, page, _) = linked();
    let alone = bench.contact_page(-300, &[("Name", json!("Oscar"))]);
    bench.notion_edit(1_000, &page, "Contacts", json!([alone]));
    assert_eq!(bench.only(), Outcome::Unsettled);
    let record = RecordRef { pair: PairName::from("contacts"), side: Side::Notion, id: RecordId::from(alone.as_str()) };
    bench.claims.orphans.push(Orphan { record, why: OrphanWhy::CreationOff, since: at(2_000) });
    assert_eq!(bench.only(), Outcome::Held);
}

#[test]
fn a_link_beside_one_with_an_orphan_is_held_by_a_hold_that_cannot_name_the_orphan() {
    let (mut bench, deal, page, [mia, noah]) = linked();
    let alone = bench.contact_page(-300, &[("Name", json!("Oscar"))]);
    bench.notion_edit(1_000, &page, "Contacts", json!([mia.1, alone]));
    let record = RecordRef { pair: PairName::from("contacts"), side: Side::Notion, id: RecordId::from(alone.as_str()) };
    bench.claims.orphans.push(Orphan { record, why: OrphanWhy::CreationOff, since: at(2_000) });
    let conflict = |named: &str| Why::Conflict {
        base: None,
        crm: Value::links([noah.0.clone()]),
        notion: Value::links([named.to_owned()]),
    };
    bench.hold(&deal, Some("CONTACT_IDS"), conflict(&noah.0));
    assert_eq!(bench.only(), Outcome::Unsettled, "the hold is about another");
    bench.hold(&deal, Some("CONTACT_IDS"), conflict(&mia.0));
    assert_eq!(bench.only(), Outcome::Held);
}

#[test]
fn a_link_to_a_page_hidden_from_us_is_no_loss_of_ours_only_while_nobody_could_see_it() {
    for (hidden_at_the_edit, hidden_at_the_write) in [(true, true), (true, false), (false, true), (false, false)] {
        let (mut bench, _, page, [mia, noah]) = linked();
        if hidden_at_the_edit {
            bench.notion.unshare(&mia.1);
        }
        bench.notion_edit(1_000, &page, "Contacts", json!([mia.1]));
        // Another entry of the log, so that the two moments differ.
        bench.notion_edit(1_500, &page, "Remark", "worked on");
        match hidden_at_the_write {
            true => bench.notion.unshare(&mia.1),
            false => bench.notion.share(&mia.1),
        }
        bench.notion_edit(1_700, &page, "Remark", "worked on again");
        bench.api_notion(2_000, &page, "Contacts", relation(&[&noah.1]));
        let unseen = hidden_at_the_edit && hidden_at_the_write;
        assert_eq!(bench.report().edits.notion.lost, u64::from(!unseen), "{hidden_at_the_edit} {hidden_at_the_write}");
    }
}

#[test]
fn a_link_that_was_hidden_before_the_next_process_looked_is_no_loss_of_ours() {
    for (started, unseen) in [(1_600, true), (1_200, false)] {
        let (mut bench, _, page, [mia, noah]) = linked();
        bench.notion_edit(1_000, &page, "Contacts", json!([mia.1]));
        bench.notion_edit(1_300, &page, "Remark", "worked on");
        bench.notion.unshare(&mia.1);
        bench.notion_edit(1_500, &page, "Remark", "worked on again");
        bench.downs = vec![(at(900), at(started))];
        bench.api_notion(2_000, &page, "Contacts", relation(&[&noah.1]));
        assert_eq!(bench.report().edits.notion.lost, u64::from(!unseen), "started at {started}");
    }
}

#[test]
fn a_page_that_was_taken_out_of_a_relation_is_out_though_its_copy_stays_and_is_tied_later() {
    for taken_out in [true, false] {
        let (mut bench, deal, page) = Bench::tied_deal();
        let mia = bench.contact(-7_000, &[("NAME", json!("Mia"))]);
        let [own, copy] = [-6_000, -5_500].map(|made| bench.contact_page(made, &[("Name", json!("Mia"))]));
        bench.tie("contacts", &mia, &copy);
        for (ms, what, with) in [(-5_000, "tied", &own), (3_000, "untied", &own), (3_100, "tied", &copy)] {
            let seq = bench.claims.journal.len() + 1;
            let told =
                json!({ "seq": seq, "at": at(ms), "what": what, "pair": "contacts", "crm": mia, "notion": with });
            bench.claims.journal.push(serde_json::from_value(told).unwrap());
        }
        bench.crm_edit(500, &deal, "CONTACT_IDS", json!([mia]));
        bench.notion_edit(600, &page, "Contacts", json!([own, copy]));
        if taken_out {
            bench.notion_edit(1_000, &page, "Contacts", json!([copy]));
        }
        bench.api_crm(2_000, &deal, "CONTACT_IDS", json!([]));
        let report = bench.report();
        let told = report.troubles.iter().filter(|trouble| trouble.kind == TroubleKind::Element).count();
        assert_eq!(told, usize::from(!taken_out), "{:#?}", report.troubles);
    }
}

#[test]
fn a_link_with_a_page_that_another_has_taken_the_place_of_is_not_one_with_its_record() {
    let (mut bench, deal, page, [mia, _]) = linked();
    let other = bench.contact_page(-5_500, &[("Name", json!("Mia"))]);
    bench.crm_edit(-500, &deal, "CONTACT_IDS", json!([mia.0]));
    bench.notion_edit(-400, &page, "Contacts", json!([mia.1, other]));
    let turns = [(-5_000, Happening::Tied, &mia.1), (-300, Happening::Untied, &mia.1), (-200, Happening::Tied, &other)];
    for (ms, what, with) in turns {
        let event = bench.journal(ms, what, Side::Notion, &mia.0, "");
        (event.pair, event.notion, event.field) = (Some("contacts".into()), Some(with.as_str().into()), None);
    }
    bench.claims.ties.retain(|tie| tie.notion.as_str() != mia.1);
    bench.tie("contacts", &mia.0, &other);
    bench.notion_edit(1_000, &page, "Contacts", json!([mia.1]));
    bench.api_crm(2_000, &deal, "CONTACT_IDS", json!([]));
    assert_eq!(bench.only(), Outcome::Present, "the page that is left stands for nobody");
}

#[test]
fn a_link_with_somebody_whom_a_person_deleted_is_superseded() {
    let (mut bench, _, page, [mia, _]) = linked();
    bench.notion_edit(1_000, &page, "Contacts", json!([mia.1]));
    assert_eq!(bench.only(), Outcome::Unsettled);
    bench.crm.person_delete(at(2_000), ANNA, Entity::Contact, &mia.0).unwrap();
    assert_eq!(bench.only(), Outcome::Superseded);
}

#[test]
fn of_two_links_one_may_be_overtaken_while_the_other_stands() {
    let (mut bench, deal, page, [mia, noah]) = linked();
    bench.crm_edit(1_000, &deal, "CONTACT_IDS", json!([mia.0, noah.0]));
    bench.crm_edit(2_000, &deal, "CONTACT_IDS", json!([noah.0]));
    let unsettled = bench.report().edits.crm.unsettled;
    assert_eq!(unsettled, 1, "Noah has not crossed; that Mia was taken away again is true on both sides");
    bench.api_notion(3_000, &page, "Contacts", relation(&[&noah.1]));
    let crm = bench.report().edits.crm;
    assert_eq!((crm.superseded, crm.present), (1, 1));
}

#[test]
fn an_edit_taken_back_before_anybody_looked_changed_nothing() {
    let day = |seen: bool| {
        let (mut bench, deal, page) = Bench::tied_deal();
        bench.crm_edit(-600, &deal, "OPPORTUNITY", "40");
        bench.notion_edit(-500, &page, "Amount", "40");
        bench.notion_edit(1_000, &page, "Amount", "50");
        bench.crm_edit(1_500, &deal, "OPPORTUNITY", "60");
        bench.notion_edit(2_000, &page, "Amount", "40");
        bench.api_notion(3_000, &page, "Amount", json!({ "number": 60 }));
        if seen {
            bench.journal(1_200, Happening::Seen, Side::Notion, &deal, "OPPORTUNITY");
        }
        let edits = bench.report().edits;
        (edits.notion.superseded, edits.notion.lost, edits.crm.present)
    };
    assert_eq!(day(false), (2, 0, 1));
    assert_eq!(day(true), (1, 1, 1), "whoever saw the value between knows that somebody chose this one again");
}
