//! `crosstie support`, and the README that shows the same.

use serde_json::Value as Json;

use crate::support::program::Home;

const BEGIN: &str = "<!-- crosstie support --markdown: begin -->";
const END: &str = "<!-- crosstie support --markdown: end -->";

#[test]
fn the_readme_shows_the_table_that_the_code_makes() {
    let made = Home::new().ask(&["support", "--markdown"]).ends_with(0).stdout;
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once(BEGIN).expect("the README has a place for the table");
    let (shown, _) = rest.split_once(END).expect("and it ends");
    assert_eq!(shown.trim(), made.trim(), "put what `crosstie support --markdown` prints into the README");
}

#[test]
fn every_form_names_every_type_of_both_systems() {
    let home = Home::new();
    let json: Json = serde_json::from_str(&home.ask(&["support", "--json"]).ends_with(0).stdout).unwrap();
    let (plain, markdown) = (home.ask(&["support"]).ends_with(0).stdout, home.ask(&["support", "--markdown"]).stdout);
    for (system, least) in [("notion", 26), ("bitrix24", 30)] {
        let rows = json[system].as_array().unwrap();
        assert!(rows.len() >= least, "{system}: {}", rows.len());
        for row in rows {
            let name = row["type"].as_str().unwrap();
            assert!(plain.lines().any(|line| line.starts_with(name)), "{name}");
            assert!(markdown.contains(&format!("| `{name}` |")), "{name}");
            let readable = !row["kinds"].as_array().unwrap().is_empty();
            assert_eq!(readable, row["fidelity"] != "not supported", "{name}");
            assert_eq!(
                row["write"].is_null(),
                ["read-only", "not supported"].contains(&row["fidelity"].as_str().unwrap())
            );
            assert!(row["fidelity"] == "lossless" || !row["why"].as_str().unwrap().is_empty(), "{name} says why");
        }
    }
    for (system, least) in [("notion_errors", 18), ("bitrix24_errors", 30)] {
        let rows = json[system].as_array().unwrap();
        assert!(rows.len() >= least, "{system}: {}", rows.len());
        for row in rows {
            let code = row["code"].as_str().unwrap();
            assert!(plain.lines().any(|line| line.starts_with(code)), "{code}");
            assert!(markdown.contains(&format!("| `{code}` |")), "{code}");
            assert!(!row["means"].as_str().unwrap().is_empty() && !row["then"].as_str().unwrap().is_empty(), "{code}");
        }
    }
    home.ask(&["support", "--json", "--markdown"]).ends_with(2);
}
