//! `authorize` and what comes after it, against the pretend portal.

use serde_json::{Value as Json, json};

use crate::support::configuration::{as_application, office, write};
use crate::support::program::Home;
use crate::support::worlds::Worlds;

/// Both systems without records, the CRM by an application that nobody has let in yet.
fn ready() -> (Home, Worlds) {
    let mut home = Home::new();
    let worlds = Worlds::open(&mut home, &["--empty"], &["--empty"]);
    let installed = worlds.crm_door("install", &json!({}));
    // Whoever installed it never told us, and let somebody else in.
    worlds.crm_door("revoke", &json!({}));
    let said = |key: &str| installed[key].as_str().unwrap().to_owned();
    let text = as_application(&mut home, &worlds, &installed, &office(&worlds));
    write(&home, &text);
    home.secrets.extend(["access_token", "refresh_token"].map(said));
    (home, worlds)
}

fn code(home: &mut Home, worlds: &Worlds) -> String {
    let answer: Json = worlds.crm_door("authorize", &json!({}));
    let code = answer["code"].as_str().unwrap().to_owned();
    home.secrets.push(code.clone());
    code
}

#[test]
fn an_application_is_let_in_once_and_check_and_sync_go_on_from_there() {
    let (mut home, worlds) = ready();
    let said = home.ask(&["check"]).ends_with(5);
    assert!(said.stdout.contains("crosstie authorize bitrix24"), "{}", said.stdout);

    let code = code(&mut home, &worlds);
    let said = home.ask(&["authorize", "bitrix24", "--code", &code]).ends_with(0);
    assert!(said.stdout.contains("secrets.bin"), "{}", said.stdout);
    let state = home.path().join("state");
    for name in ["secrets.bin", "secrets.key"] {
        assert!(state.join(name).is_file(), "{name}");
    }
    home.ask(&["check"]).ends_with(0);
    // A code that was used is worth nothing.
    let again = home.ask(&["authorize", "bitrix24", "--code", &code]).ends_with(5);
    assert!(again.stderr.contains("good for 30 seconds"), "{}", again.stderr);
}

#[test]
fn the_address_to_open_is_printed_and_the_address_it_leads_to_is_read_from_the_terminal() {
    let (mut home, worlds) = ready();
    let code = code(&mut home, &worlds);
    let pasted =
        format!("https://app.example.com/?code={code}&domain=crosstie.bitrix24.com&server_domain=oauth.bitrix.info\n");
    let said = home.ask_saying(&["authorize", "bitrix24"], &pasted).ends_with(0);
    let address = format!("{}/oauth/authorize/?client_id=local%2E", worlds.crm.said("base_url"));
    assert!(said.stdout.contains(&address), "{}", said.stdout);
    home.ask(&["check"]).ends_with(0);

    let foreign = home.ask_saying(&["authorize", "bitrix24"], "https://app.example.com/?code=abc&state=other\n");
    let foreign = foreign.ends_with(1);
    assert!(foreign.stderr.contains("`state` differs"), "{}", foreign.stderr);
    home.ask_saying(&["authorize", "bitrix24"], "\n").ends_with(2);
}

#[test]
fn a_webhook_needs_no_authorising_and_a_lost_key_is_told() {
    let (mut home, worlds) = ready();
    let code = code(&mut home, &worlds);
    home.env.insert("CROSSTIE_KEY_FILE".into(), home.path().join("elsewhere.key").to_str().unwrap().into());
    home.ask(&["authorize", "bitrix24", "--code", &code]).ends_with(0);
    assert!(!home.path().join("state/secrets.key").exists());
    home.ask(&["check"]).ends_with(0);
    home.env.remove("CROSSTIE_KEY_FILE");
    let said = home.ask(&["check"]).ends_with(5);
    assert!(said.stdout.contains("is missing"), "{}", said.stdout);

    write(&home, &office(&worlds));
    let said = home.ask(&["authorize", "bitrix24", "--code", "x"]).ends_with(2);
    assert!(said.stderr.contains("needs no authorising"), "{}", said.stderr);
}
