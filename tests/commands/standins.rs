//! The stand-ins as anybody starts them to reproduce a report: faults by switches, the back door, and both described.

use crosstie::standin::{bitrix24, notion};
use serde_json::json;

use crate::support::program::Home;
use crate::support::worlds::Worlds;

/// What is described is what there is, in the help of each stand-in and in the README.
#[test]
fn every_fault_and_every_door_is_in_the_help_and_every_fault_in_the_readme() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    for (system, faults, doors) in
        [("notion", notion::FAULTS, notion::DOORS), ("bitrix24", bitrix24::FAULTS, bitrix24::DOORS)]
    {
        let help = Home::new().ask(&["standin", system, "--help"]).ends_with(0).stdout;
        // Long lines are broken where the terminal ends.
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        for fault in faults {
            assert!(help.contains(&fault.written()) && help.contains(fault.what), "{system} {}", fault.name);
            assert!(readme.contains(&format!("`{}`", fault.written())), "{system} {}", fault.name);
        }
        for (door, what) in doors {
            assert!(help.contains(door) && help.contains(what), "{system} {door}");
        }
        assert!(help.contains("--fault <NAME[=VALUE]>"), "{help}");
    }
}

#[test]
fn a_fault_on_the_command_line_is_felt_from_the_first_request_on() {
    let mut home = Home::new();
    let notion = ["--empty", "--fault", "refuse=service_unavailable*1000", "--fault", "result-cap=3"];
    let portal = ["--empty", "--fault", "refuse=OVERLOAD_LIMIT*1000"];
    let worlds = Worlds::open(&mut home, &notion, &portal);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let status = |request: reqwest::RequestBuilder| runtime.block_on(async { request.send().await.unwrap().status() });
    let me = http
        .get(format!("{}/v1/users/me", worlds.notion.said("base_url")))
        .bearer_auth(worlds.notion.said("token"))
        .header("notion-version", "2026-03-11");
    assert_eq!(status(me).as_u16(), 503);
    assert_eq!(status(http.post(format!("{}profile", worlds.crm.said("webhook")))).as_u16(), 503);
    // The back door knows no faults, and takes the same words.
    let made = worlds.create_record("deal", &json!({"TITLE": "Roof"}));
    worlds.crm_door("fault", &json!({"fault": "index-lag=5..9"}));
    assert!(worlds.crm_world()["items"]["deal"][made.as_str()].is_object());
}

#[test]
fn a_fault_that_does_not_exist_is_refused_with_the_list_of_all() {
    for (system, known) in [("notion", "short-pages"), ("bitrix24", "events-doubled")] {
        let said = Home::new().ask(&["standin", system, "--fault", "gremlins"]).ends_with(2);
        assert!(said.stderr.contains("gremlins") && said.stderr.contains(known), "{}", said.stderr);
        assert_eq!(said.stdout, "");
    }
}

#[test]
fn whom_a_webhook_is_to_call_is_written_whole() {
    let said = Home::new().ask(&["standin", "notion", "--webhook", "127.0.0.1:8787"]).ends_with(2);
    assert!(
        said.stderr.contains("--webhook 127.0.0.1:8787") && said.stderr.contains("write it whole"),
        "{}",
        said.stderr
    );
}
