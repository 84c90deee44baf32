//! The documentation's table of lossy pairs is the code's.

use std::collections::BTreeSet;

use crosstie::mapping::{Direction, fit::fit};
use crosstie::model::Kind;

use crate::world::mapped;

type Row = (String, String, String, String);

fn documented() -> BTreeSet<Row> {
    let source = include_str!("../../src/mapping/fit.rs");
    let lines = source.lines().filter_map(|line| line.strip_prefix("//! |")).skip(2);
    let mut rows = BTreeSet::new();
    for line in lines {
        let cells: Vec<&str> = line.trim_end_matches('|').split('|').map(str::trim).collect();
        let [crm, notion, direction, lost] = cells.as_slice() else { panic!("a row of four cells: {line}") };
        for crm in crm.split(", ") {
            for notion in notion.split(", ") {
                let row = (crm.to_owned(), notion.to_owned(), (*direction).to_owned(), (*lost).to_owned());
                assert!(rows.insert(row), "twice in the table: {crm} | {notion}");
            }
        }
    }
    rows
}

#[test]
fn the_table_of_lossy_pairs_is_complete_and_true() {
    let mut coded = BTreeSet::new();
    for (crm, notion) in Kind::ALL.into_iter().flat_map(|crm| Kind::ALL.map(|notion| (crm, notion))) {
        if let Some((fit, lost)) = fit(crm, notion).and_then(|fit| fit.lossy.map(|lost| (fit, lost))) {
            let direction = fit.only.map_or("both", Direction::as_str);
            coded.insert((crm.as_str().into(), notion.as_str().into(), direction.into(), lost.into()));
        }
    }
    assert_eq!(documented(), coded);
}

#[test]
fn a_field_says_what_it_loses() {
    assert_eq!(mapped(Kind::Number, Kind::Number).unwrap().lossy(), None);
    assert!(mapped(Kind::DateTime, Kind::DateTime).unwrap().lossy().unwrap().contains("seconds"));
    assert!(mapped(Kind::Text, Kind::Text).unwrap().lossy().unwrap().contains("formatting"));
    assert!(mapped(Kind::People, Kind::Text).unwrap().lossy().unwrap().contains("not read back"));
}
