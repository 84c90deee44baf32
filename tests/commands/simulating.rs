//! `simulate`, as a person calls it.

use std::time::Duration;

use crate::support::program::Home;

#[test]
fn a_planted_bug_without_seeds_is_looked_for_where_it_was_first_found() {
    let home = Home::new();
    let simulate = ["simulate", "--plant", "refused-as-base", "--hours", "0.5", "--json"];
    let said = home.ask_within(Duration::from_secs(120), &simulate).ends_with(1);
    let report = said.json();
    assert_eq!(report["seeds"], 1, "{report}");
    assert!(report["violations"].as_array().is_some_and(|found| !found.is_empty()), "{report}");
}
