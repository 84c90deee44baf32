//! Questions at a terminal: secrets are typed without being shown, and every way out of a question gives the terminal back.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::json;

use crate::screen::{Start, Term, home};
use crate::worlds::Workspace;

/// Room for everything that is said, so that nothing scrolls away.
const TALL: (u16, u16) = (200, 200);

fn said(term: &Term, count: usize, what: &str) {
    term.until(&format!("{count} times {what:?}"), |screen| screen.matches(what).count() >= count);
}

fn assert_unseen(term: &Term, secret: &str) {
    let raw = String::from_utf8_lossy(&term.raw()).into_owned();
    assert!(!raw.contains(secret), "the terminal showed a secret");
}

fn assert_sealed(folder: &Path, secret: &str) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
        let bytes = std::fs::read(entry.path()).unwrap();
        let name = entry.file_name();
        assert!(!String::from_utf8_lossy(&bytes).contains(secret), "{}", name.display());
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o077, 0, "{}", name.display());
    }
}

#[test]
fn init_asks_for_both_secrets_seals_them_and_writes_what_was_agreed_on() {
    let place = Workspace::new();
    let hello = |standin: &crate::worlds::StandIn, key: &str| standin.hello[key].as_str().unwrap().to_owned();
    let (token, webhook) = (hello(&place.notion, "token"), hello(&place.crm, "webhook"));
    let base = hello(&place.notion, "base_url");
    let args = ["init", "--output", "fresh.toml", "--state-dir", "fresh", "--notion-base-url", &base];
    let mut term = Term::start(&Start { size: TALL, ..Start::new(place.home.path(), &args) });
    term.wait("Token of the Notion connection");
    // A slip is taken back, and a wrong token may be typed again.
    term.keys("ntn_wrongx\x7f\r");
    term.wait("Notion refuses this secret; copy it as a whole");
    said(&term, 2, "Token of the Notion connection");
    term.keys(&format!("{token}\r"));
    term.wait("Notion lets us in");
    term.wait("URL of the Bitrix24 inbound webhook");
    term.keys(&format!("{webhook}\r"));
    term.wait("Bitrix24 lets us in");
    said(&term, 1, "in step? [Y/n]");
    term.keys("\r");
    said(&term, 2, "in step? [Y/n]");
    term.keys("maybe\r");
    term.wait("Please answer y or n");
    term.keys("y\r");
    term.wait("Another pair, such as");
    term.keys("invoice=1\r");
    term.wait("there is no CRM entity `invoice`");
    said(&term, 2, "Another pair, such as");
    term.keys("\r");
    said(&term, 1, "Leave some out?");
    term.keys("99\r");
    term.wait("Numbers from 1 to");
    said(&term, 2, "Leave some out?");
    term.keys("1\r");
    said(&term, 3, "Leave some out?");
    term.keys("\r");
    term.wait("Where do records without a counterpart");
    term.until("the end of the questions", |screen| screen.matches("Where do records").count() >= 1);
    term.keys("none\r");
    // The pair whose title was left out creates nothing, and is not asked about.
    let end = term.end();
    let screen = term.with(|screen| screen.contents());
    assert_eq!(end, 0, "{screen}");
    assert!(screen.contains("fresh.toml is written"), "{screen}");
    for secret in [&token, webhook.rsplit('/').find(|part| !part.is_empty()).unwrap(), "ntn_wrong"] {
        assert_unseen(&term, secret);
        assert_sealed(&place.home.path().join("fresh"), secret);
    }
    let text = std::fs::read_to_string(place.home.path().join("fresh.toml")).unwrap();
    assert!(text.contains("token = { secret = \"notion\" }"), "{text}");
    assert!(text.contains("webhook = { secret = \"bitrix24\" }") && !text.contains(&token), "{text}");
    assert_eq!(text.matches("create = \"none\"").count(), 2, "{text}");
    let mut check =
        Term::start(&Start { size: TALL, ..Start::new(place.home.path(), &["--config", "fresh.toml", "check"]) });
    assert_eq!(check.end(), 0, "{}", check.with(|screen| screen.contents()));

    // What is kept may have been withdrawn since: then another one is asked for, and kept in its place.
    let config = ["--config", "fresh.toml"];
    let set = [&config[..], &["secret", "set", "notion"]].concat();
    let mut term = Term::start(&Start::new(place.home.path(), &set));
    term.wait("Value of `notion`:");
    term.keys("ntn_withdrawn\r");
    assert_eq!(term.end(), 0);
    let args = ["init", "--output", "again.toml", "--state-dir", "fresh", "--notion-base-url", &base];
    let mut term = Term::start(&Start { size: TALL, ..Start::new(place.home.path(), &args) });
    term.wait("The secret `notion` that is kept here opens nothing any more");
    term.wait("Token of the Notion connection");
    term.keys(&format!("{token}\r"));
    term.wait("Notion lets us in");
    term.wait("Bitrix24 lets us in");
    term.wait("in step? [Y/n]");
}

#[test]
fn a_secret_is_typed_unseen_and_given_up_with_nothing_done() {
    let home = home();
    let set = ["secret", "set", "notion"];
    let mut term = Term::start(&Start::new(home.path(), &set));
    term.wait("Value of `notion`:");
    term.keys("made-up-and-long");
    term.keys("\x03");
    assert_eq!(term.end(), 1);
    assert!(term.with(|screen| screen.contents()).contains("given up"), "{}", term.with(|screen| screen.contents()));
    let folder = home.path().join(".state/crosstie");
    assert!(!folder.join("secrets.bin").exists());

    let mut term = Term::start(&Start::new(home.path(), &set));
    term.wait("Value of `notion`:");
    term.keys("gone\x15made-up-and-long\r");
    assert_eq!(term.end(), 0);
    assert_unseen(&term, "made-up");
    assert_sealed(&folder, "made-up");

    // Under a passphrase it is asked for, once.
    let mut term = Term::start(&Start::new(home.path(), &["secret", "rotate", "--to-passphrase"]));
    term.wait("New passphrase:");
    term.keys("correct horse\r");
    term.wait("Once more:");
    term.keys("correct horse\r");
    assert_eq!(term.end(), 0, "{}", term.with(|screen| screen.contents()));
    let mut term = Term::start(&Start::new(home.path(), &["secret", "list"]));
    term.wait("Passphrase of the sealed secrets:");
    term.keys("correct horse\r");
    assert_eq!(term.end(), 0);
    term.wait_gone("no such thing");
    assert!(term.with(|screen| screen.contents()).contains("nowhere"), "{}", term.with(|screen| screen.contents()));
    assert_unseen(&term, "horse");
}

#[test]
fn init_lets_an_application_in_and_seals_what_it_was_given() {
    let place = Workspace::new();
    let said = place.crm.door("POST", "install", &json!({}));
    let said = |key: &str| said[key].as_str().unwrap().to_owned();
    let hello = |standin: &crate::worlds::StandIn, key: &str| standin.hello[key].as_str().unwrap().to_owned();
    let (token, secret) = (hello(&place.notion, "token"), said("client_secret"));
    let (base, portal) = (hello(&place.notion, "base_url"), hello(&place.crm, "base_url"));
    let args = [
        &["init", "--yes", "--output", "fresh.toml", "--state-dir", "fresh"][..],
        &["--notion-base-url", &base, "--bitrix24-base-url", &portal, "--pair", "deal=Projects"],
    ];
    let args = args.concat();
    let mut term = Term::start(&Start { size: TALL, ..Start::new(place.home.path(), &args) });
    term.wait("Token of the Notion connection");
    term.keys(&format!("{token}\r"));
    term.wait("or `app` for an application");
    term.keys("app\r");
    term.wait("Client id of the local application");
    term.keys(&format!("{}\r", said("client_id")));
    term.wait("Its portal");
    term.keys("https://crosstie.bitrix24.com/\r");
    term.wait("Its client secret, not shown");
    term.keys(&format!("{secret}\r"));
    term.wait("within 30 seconds");
    let code = place.crm.door("POST", "authorize", &json!({}))["code"].as_str().unwrap().to_owned();
    term.keys(&format!("{code}\r"));
    term.wait("Bitrix24 lets us in as an application");
    let end = term.end();
    let screen = term.with(|screen| screen.contents());
    assert_eq!(end, 0, "{screen}");
    for secret in [&token, &secret] {
        assert_unseen(&term, secret);
        assert_sealed(&place.home.path().join("fresh"), secret);
    }
    let text = std::fs::read_to_string(place.home.path().join("fresh.toml")).unwrap();
    assert!(text.contains("client_secret = { secret = \"bitrix24-client\" }"), "{text}");
    assert!(text.contains("portal = \"crosstie.bitrix24.com\"") && !text.contains(&secret), "{text}");
}
