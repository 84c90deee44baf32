//! `demo --headless`: a short run that accounts for every edit.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value as Json;

use crate::support::program::Home;

/// What can become of an edit.
const ENDS: [&str; 9] =
    ["present", "superseded", "settled", "held", "quarantined", "possibly_overwritten", "exposed", "unsettled", "lost"];

fn keys(object: &Json) -> BTreeSet<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn a_headless_demo_prints_one_object_that_accounts_for_every_edit() {
    let home = Home::new();
    let limit = Duration::from_secs(120);
    let said = home.ask_within(limit, &["demo", "--headless", "--for", "3s", "--seed", "1", "--json"]).ends_with(0);
    let report = said.json();
    let mut edits = 0;
    for side in ["crm", "notion"] {
        let expected: BTreeSet<&str> = ENDS.into_iter().chain(["made"]).collect();
        assert_eq!(keys(&report["edits"][side]), expected, "{side}");
        let count = |what: &str| report["edits"][side][what].as_u64().unwrap();
        let made = count("made");
        assert_eq!(made, ENDS.iter().map(|end| count(end)).sum::<u64>(), "every edit ends as exactly one: {report}");
        edits += made;
        assert_eq!((count("lost"), count("unsettled")), (0, 0), "{report}");
        assert!(count("present") > 0, "{report}");
        assert!(report["requests"][side].as_u64().unwrap() > 0, "{report}");
        assert!(report["throttled"][side].is_u64(), "{report}");
    }
    assert!(edits >= 6, "people did nothing: {report}");
    assert_eq!((&report["duplicates"], &report["loops"]), (&Json::from(0), &Json::from(0)));
    let (half, most) = (&report["latency_ms"]["p50"], &report["latency_ms"]["p95"]);
    assert!(half.as_u64().unwrap() > 0 && most.as_u64() >= half.as_u64(), "{report}");
    assert_eq!(report["seed"], 1);
    assert_eq!(report["edit_seconds"], 3.0);
    assert!(report["drain_seconds"].as_f64().unwrap() > 0.0, "{report}");
    assert_eq!(said.stderr, "", "nothing was wrong, so nothing is said about it");
}
