//! Edits that crossed, that people overtook, that stayed behind, that vanished.

use crosstie::model::{Happening, PairName, RecordId, Side, Tombstone};
use crosstie::sim::audit::{Outcome, TroubleKind};
use crosstie::standin::bitrix24::Entity;
use serde_json::json;

use super::support::*;

#[test]
fn an_edit_on_both_sides_of_a_tie_is_present_and_timed() {
    let (mut bench, deal, page) = Bench::tied_deal();
    bench.crm_edit(1_000, &deal, "TITLE", "Big shop");
    bench.api_title(4_250, &page, "Big shop");
    assert_eq!(bench.only(), Outcome::Present);
    let report = bench.report();
    assert_eq!((report.latency_ms.crossed, report.latency_ms.p50, report.latency_ms.p95), (1, 3_250, 3_250));
    assert!(report.is_clean());
}

#[test]
fn equal_values_of_untied_records_are_not_present() {
    let (mut bench, deal, page) = Bench::tied_deal();
    bench.crm_edit(1_000, &deal, "TITLE", "Big shop");
    bench.api_title(4_250, &page, "Big shop");
    bench.claims.ties.clear();
    assert_eq!(bench.only(), Outcome::Unsettled);
}

#[test]
fn an_edit_that_was_held_on_its_way_does_not_count_as_slow() {
    let (mut bench, deal, page) = Bench::tied_deal();
    bench.crm_edit(1_000, &deal, "TITLE", "Big shop");
    bench.journal(2_000, Happening::Held, Side::Crm, &deal, "TITLE");
    bench.api_title(90_000, &page, "Big shop");
    assert_eq!((bench.only(), bench.report().latency_ms.crossed), (Outcome::Present, 0));
}

#[test]
fn an_edit_that_did_not_cross_is_unsettled_and_told_with_its_entry() {
    let (mut bench, deal, _) = Bench::tied_deal();
    bench.crm_edit(1_000, &deal, "TITLE", "Big shop");
    assert_eq!(bench.only(), Outcome::Unsettled);
    let report = bench.report();
    let told = &report.troubles[0];
    assert_eq!((told.kind, told.side, told.seqs.len()), (TroubleKind::Unsettled, Side::Crm, 1));
    assert!(told.text.contains("Big shop") && told.text.contains(ANNA) && told.text.contains("Shop"), "{}", told.text);
}

#[test]
fn an_edit_that_the_api_wrote_over_is_lost() {
    let (mut bench, _, page) = Bench::tied_deal();
    bench.notion_edit(1_000, &page, "Name", "Big shop");
    bench.api_title(2_000, &page, "Shop");
    assert_eq!(bench.only(), Outcome::Lost);
    assert_eq!(bench.report().troubles[0].kind, TroubleKind::Lost);
}

#[test]
fn typing_on_supersedes_what_was_half_typed() {
    let (mut bench, deal, page) = Bench::tied_deal();
    for (ms, half) in [(1_000, "Webs"), (2_000, "Website re"), (3_000, "Website redesign")] {
        bench.notion_edit(ms, &page, "Name", half);
    }
    bench.api_crm(9_000, &deal, "TITLE", "Website redesign");
    let notion = bench.report().edits.notion;
    assert_eq!((notion.superseded, notion.present, notion.total()), (2, 1, 3));
}

#[test]
fn whoever_saw_a_value_on_the_other_side_supersedes_it() {
    let (mut bench, deal, page) = Bench::tied_deal();
    bench.crm_edit(1_000, &deal, "TITLE", "Big shop");
    bench.api_title(3_000, &page, "Big shop");
    bench.notion_edit(5_000, &page, "Name", "Huge shop");
    bench.api_crm(7_000, &deal, "TITLE", "Huge shop");
    let report = bench.report();
    assert_eq!((report.edits.crm.superseded, report.edits.notion.present), (1, 1));
    assert!(report.is_clean());
}

#[test]
fn whoever_did_not_see_a_value_does_not_supersede_it() {
    let (mut bench, deal, page) = Bench::tied_deal();
    bench.crm_edit(1_000, &deal, "TITLE", "Big shop");
    bench.notion_edit(5_000, &page, "Name", "Huge shop");
    bench.api_crm(7_000, &deal, "TITLE", "Huge shop");
    let report = bench.report();
    assert_eq!((report.edits.crm.lost, report.edits.notion.present), (1, 1));
}

#[test]
fn an_api_write_supersedes_nothing() {
    let (mut bench, deal, _) = Bench::tied_deal();
    bench.crm_edit(1_000, &deal, "TITLE", "Big shop");
    bench.api_crm(2_000, &deal, "TITLE", "Small shop");
    bench.api_crm(3_000, &deal, "TITLE", "Middle shop");
    assert_eq!(bench.only(), Outcome::Lost);
}

#[test]
fn who_deletes_a_record_decides_about_its_edits() {
    let (mut bench, deal, _) = Bench::tied_deal();
    bench.crm_edit(1_000, &deal, "TITLE", "Big shop");
    bench.crm.person_delete(at(2_000), ANNA, Entity::Deal, &deal).unwrap();
    assert_eq!(bench.only(), Outcome::Superseded);
}

#[test]
fn a_deleted_counterpart_excuses_only_what_had_arrived_there() {
    for (arrived, outcome) in [(true, Outcome::Superseded), (false, Outcome::Unsettled)] {
        let (mut bench, deal, page) = Bench::tied_deal();
        bench.crm_edit(1_000, &deal, "TITLE", "Big shop");
        if arrived {
            bench.api_title(2_000, &page, "Big shop");
        }
        bench.notion.person_trash(at(3_000), BORIS, &page).unwrap();
        bench.claims.ties.clear();
        bench.claims.tombstones.push(Tombstone {
            pair: PairName::from("deals"),
            crm: RecordId::from(deal.as_str()),
            notion: RecordId::from(page.as_str()),
            gone: Some(Side::Notion),
            since: at(4_000),
        });
        assert_eq!(bench.only(), outcome, "arrived: {arrived}");
    }
}

#[test]
fn a_page_that_came_back_from_the_trash_excuses_nothing() {
    let (mut bench, deal, page) = Bench::tied_deal();
    bench.notion_edit(1_000, &page, "Name", "Big shop");
    bench.notion.person_trash(at(2_000), BORIS, &page).unwrap();
    bench.notion.person_restore(at(3_000), BORIS, &page).unwrap();
    assert_eq!(bench.only(), Outcome::Unsettled);
    bench.api_crm(4_000, &deal, "TITLE", "Big shop");
    assert_eq!(bench.only(), Outcome::Present);
}

#[test]
fn only_edits_of_people_to_mapped_fields_since_the_beginning_count() {
    let (mut bench, deal, page) = Bench::tied_deal();
    bench.crm_edit(-1_000, &deal, "TITLE", "Set-up");
    bench.crm_edit(1_000, &deal, "COMMENTS", "not mapped");
    bench.notion_edit(1_000, &page, "Remark", "not mapped");
    bench.notion_edit(1_000, &page, "CRM ID", "the sync's own");
    bench.api_crm(2_000, &deal, "TITLE", "by the API");
    assert_eq!(bench.report().total(), 0);
}

#[test]
fn a_new_record_counts_by_its_fields() {
    let mut bench = Bench::new();
    let page = bench.contact_page(1_000, &[]);
    bench.notion.person_edit(at(1_500), BORIS, &page, &[("Name", json!("Mia Costa"))]).unwrap();
    bench.notion.person_edit(at(2_000), BORIS, &page, &[("Email", json!("mia@kestrel.example"))]).unwrap();
    assert_eq!(bench.report().edits.notion.unsettled, 2);
    let contact = bench.contact(
        3_000,
        &[("NAME", json!("Mia")), ("LAST_NAME", json!("Costa")), ("EMAIL", json!("Mia@kestrel.example"))],
    );
    bench.tie("contacts", &contact, &page);
    let report = bench.report();
    assert_eq!((report.edits.notion.present, report.edits.crm.present, report.total()), (2, 2, 4), "{report:#?}");
}

#[test]
fn a_record_that_the_api_deleted_takes_its_edits_with_it() {
    let (mut bench, deal, _) = Bench::tied_deal();
    bench.crm_edit(1_000, &deal, "TITLE", "Big shop");
    bench.api_delete(2_000, &deal);
    assert_eq!(bench.only(), Outcome::Lost);
}

#[test]
fn equal_values_of_records_that_were_tied_once_are_not_present() {
    let (mut bench, deal, page) = Bench::tied_deal();
    bench.crm_edit(1_000, &deal, "TITLE", "Big shop");
    bench.api_title(2_000, &page, "Big shop");
    bench.claims.ties.clear();
    bench.claims.tombstones.push(Tombstone {
        pair: PairName::from("deals"),
        crm: RecordId::from(deal.as_str()),
        notion: RecordId::from(page.as_str()),
        gone: Some(Side::Notion),
        since: at(4_000),
    });
    assert_eq!(bench.only(), Outcome::Unsettled);
}

#[test]
fn a_value_that_came_again_later_does_not_make_the_first_edit_slow() {
    let (mut bench, deal, page) = Bench::tied_deal();
    bench.crm_edit(1_000, &deal, "TITLE", "Big shop");
    bench.crm_edit(2_000, &deal, "TITLE", "Small shop");
    bench.crm_edit(60_000, &deal, "TITLE", "Big shop");
    bench.api_title(61_000, &page, "Big shop");
    let report = bench.report();
    assert_eq!((report.edits.crm.present, report.edits.crm.superseded), (2, 1));
    assert_eq!((report.latency_ms.crossed, report.latency_ms.p95), (1, 1_000));
}
