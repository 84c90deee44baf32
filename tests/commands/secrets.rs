//! `secret`: tokens that are sealed on the host, from the first one to a new key, and what is never shown of them.

use std::os::unix::fs::PermissionsExt;

use crate::support::configuration::{office, write};
use crate::support::program::Home;
use crate::support::worlds::Worlds;

/// Both systems without records, and a configuration that names sealed secrets which nobody has kept yet. No output may
/// show either of them, nor the passphrases.
fn ready() -> (Home, Worlds, String, String) {
    let mut home = Home::new();
    let worlds = Worlds::open(&mut home, &["--empty"], &["--empty"]);
    let text = office(&worlds)
        .replace("{ env = \"CROSSTIE_BITRIX24_WEBHOOK\" }", "{ secret = \"bitrix24\" }")
        .replace("{ env = \"CROSSTIE_NOTION_TOKEN\" }", "{ secret = \"notion\" }");
    write(&home, &text);
    let (token, webhook) = (home.env["CROSSTIE_NOTION_TOKEN"].clone(), home.env["CROSSTIE_BITRIX24_WEBHOOK"].clone());
    home.env.clear();
    home.secrets.extend(["correct horse".to_owned(), "battery staple".to_owned()]);
    (home, worlds, token, webhook)
}

fn keep_both(home: &Home, token: &str, webhook: &str) {
    home.ask_saying(&["secret", "set", "notion"], &format!("{token}\n")).ends_with(0);
    home.ask_saying(&["secret", "set", "bitrix24"], webhook).ends_with(0);
}

/// Nothing in the state folder holds a secret in the clear, or can be read by others.
fn assert_sealed(home: &Home) {
    for entry in std::fs::read_dir(home.path().join("state")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            home.assert_silent(&path.display().to_string(), &text);
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o077, 0, "{}", path.display());
        }
    }
}

#[test]
fn secrets_that_are_kept_are_what_check_uses_and_what_is_missing_is_told_with_the_command() {
    let (home, _worlds, token, webhook) = ready();
    let said = home.ask(&["check"]).ends_with(2);
    assert!(said.stderr.contains("crosstie secret set bitrix24"), "{}", said.stderr);
    let said = home.ask(&["secret", "list"]).ends_with(0);
    assert!(said.stdout.contains("No secrets"), "{}", said.stdout);

    home.ask_saying(&["secret", "set", "notion"], &format!("{token}\n")).ends_with(0);
    let said = home.ask(&["secret", "list"]).ends_with(0);
    assert!(said.stdout.contains("[notion] token"), "{}", said.stdout);
    assert!(said.stdout.contains("[crm] webhook names `bitrix24`, which is not there"), "{}", said.stdout);

    let said = home.ask_saying(&["secret", "set", "bitrix24"], &webhook).ends_with(0);
    assert!(said.stdout.contains("for [crm] webhook"), "{}", said.stdout);
    home.ask_saying(&["secret", "set", "spare"], "unused\n").ends_with(0);
    home.ask(&["check"]).ends_with(0);
    assert_sealed(&home);

    let listed = home.ask(&["secret", "list", "--json"]).ends_with(0).json();
    let rows = listed["rows"].as_array().unwrap();
    let told: Vec<_> = rows.iter().map(|row| (row["name"].as_str().unwrap(), row["used"].to_string())).collect();
    let used = |text: &str| format!("[\"{text}\"]");
    assert_eq!(told, [("bitrix24", used("[crm] webhook")), ("notion", used("[notion] token")), ("spare", "[]".into())]);
    assert!(rows.iter().all(|row| row["set"].as_str().is_some_and(|at| at.contains('T'))), "{listed}");

    home.ask(&["secret", "forget", "spare"]).ends_with(0);
    home.ask(&["secret", "forget", "spare"]).ends_with(8);
    let said = home.ask(&["secret", "forget", "notion"]).ends_with(8);
    assert!(said.stderr.contains("[notion] token") && said.stderr.contains("--yes"), "{}", said.stderr);
    home.ask(&["check"]).ends_with(0);
    home.ask(&["secret", "forget", "notion", "--yes"]).ends_with(0);
    home.ask(&["check"]).ends_with(2);
}

#[test]
fn a_value_is_never_an_argument_and_what_looks_like_one_is_not_repeated() {
    let (mut home, _worlds, token, _) = ready();
    home.secrets.push("UPPER-MADE-UP".into());
    home.ask(&["secret", "set", "UPPER-MADE-UP"]).ends_with(2);
    home.ask_saying(&["secret", "set", &token], "x").ends_with(2);
    let said = home.ask(&["secret", "set", "notion", "a-value"]).ends_with(2);
    assert!(said.stderr.contains("unexpected argument"), "{}", said.stderr);
    // Nothing on standard input is no secret.
    let said = home.ask(&["secret", "set", "notion"]).ends_with(2);
    assert!(said.stderr.contains("empty"), "{}", said.stderr);
    assert!(!home.path().join("state/secrets.bin").exists());
}

#[test]
fn a_new_key_opens_what_the_old_one_did_and_a_copy_of_the_old_one_nothing() {
    let (home, _worlds, token, webhook) = ready();
    keep_both(&home, &token, &webhook);
    let key = home.path().join("state/secrets.key");
    let old = std::fs::read(&key).unwrap();
    let said = home.ask(&["secret", "rotate"]).ends_with(0);
    assert!(said.stdout.contains("new key"), "{}", said.stdout);
    let new = std::fs::read(&key).unwrap();
    assert_ne!(old, new);
    home.ask(&["check"]).ends_with(0);
    assert_sealed(&home);
    std::fs::write(&key, &old).unwrap();
    let said = home.ask(&["check"]).ends_with(2);
    assert!(said.stderr.contains("another key"), "{}", said.stderr);
}

#[test]
fn a_passphrase_or_a_credential_opens_them_in_place_of_the_key_beside_them() {
    let (mut home, _worlds, token, webhook) = ready();
    keep_both(&home, &token, &webhook);
    home.write("word", "correct horse\n");
    let said = home.ask(&["secret", "rotate", "--to-passphrase-file", "word"]).ends_with(0);
    assert!(said.stdout.contains("CROSSTIE_PASSPHRASE_FILE"), "{}", said.stdout);
    let said = home.ask(&["check"]).ends_with(2);
    assert!(said.stderr.contains("sealed under a passphrase"), "{}", said.stderr);
    home.env.insert("CROSSTIE_PASSPHRASE_FILE".into(), "word".into());
    home.ask(&["check"]).ends_with(0);
    home.env.remove("CROSSTIE_PASSPHRASE_FILE");
    home.env.insert("CROSSTIE_PASSPHRASE".into(), "battery staple".into());
    let said = home.ask(&["check"]).ends_with(2);
    assert!(said.stderr.contains("not the passphrase"), "{}", said.stderr);
    home.env.insert("CROSSTIE_PASSPHRASE".into(), "correct horse".into());
    // Without a terminal nobody can be asked for another passphrase.
    let said = home.ask(&["secret", "rotate"]).ends_with(2);
    assert!(said.stderr.contains("--to-passphrase-file"), "{}", said.stderr);

    // As a service manager hands a key over.
    let credentials = home.path().join("credentials");
    std::fs::create_dir(&credentials).unwrap();
    home.ask(&["secret", "rotate", "--to-key-file", "credentials/crosstie.key"]).ends_with(0);
    home.env.clear();
    std::fs::remove_file(home.path().join("state/secrets.key")).unwrap();
    let said = home.ask(&["check"]).ends_with(2);
    assert!(said.stderr.contains("is missing"), "{}", said.stderr);
    home.env.insert("CREDENTIALS_DIRECTORY".into(), credentials.display().to_string());
    home.ask(&["check"]).ends_with(0);
    let said = home.ask(&["secret", "rotate"]).ends_with(1);
    assert!(said.stderr.contains("--to-key-file"), "{}", said.stderr);
    let said = home.ask(&["service"]).ends_with(0);
    assert!(said.stdout.contains("\nLoadCredentialEncrypted=crosstie.key\n"), "{}", said.stdout);
    assert!(said.stdout.contains("systemd-creds encrypt --name=crosstie.key"), "{}", said.stdout);
    assert_sealed(&home);
}

#[test]
fn a_secret_in_a_file_that_others_may_read_is_refused_and_check_tells_of_those_in_the_clear() {
    let (mut home, worlds, token, webhook) = ready();
    let text = office(&worlds)
        .replace("{ env = \"CROSSTIE_BITRIX24_WEBHOOK\" }", "{ env = \"HOOK\" }")
        .replace("{ env = \"CROSSTIE_NOTION_TOKEN\" }", "{ file = \"token\" }");
    write(&home, &text);
    home.env.insert("HOOK".into(), webhook.clone());
    let mode = |path: &std::path::Path, mode: u32| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let file = home.write("token", &token);
    for open in [0o644, 0o640, 0o604] {
        mode(&file, open);
        let said = home.ask(&["check"]).ends_with(2);
        assert!(said.stderr.contains("others may read it") && said.stderr.contains("chmod 600"), "{}", said.stderr);
    }
    mode(&file, 0o600);
    let said = home.ask(&["check"]).ends_with(0);
    for told in
        ["[notion] token stands in the clear in ", "[crm] webhook stands in the clear wherever the variable HOOK"]
    {
        assert!(said.stdout.contains(told), "{}", said.stdout);
    }
    // Sealed, nothing is told.
    let text = text.replace("{ env = \"HOOK\" }", "{ secret = \"bitrix24\" }");
    write(&home, &text.replace("{ file = \"token\" }", "{ secret = \"notion\" }"));
    keep_both(&home, &token, &webhook);
    assert!(!home.ask(&["check"]).ends_with(0).stdout.contains("in the clear"));

    // So it is with a passphrase.
    let word = home.write("word", "correct horse\n");
    mode(&word, 0o644);
    let said = home.ask(&["secret", "rotate", "--to-passphrase-file", "word"]).ends_with(2);
    assert!(said.stderr.contains("others may read it"), "{}", said.stderr);
    home.env.insert("CROSSTIE_PASSPHRASE_FILE".into(), "word".into());
    let said = home.ask(&["secret", "list"]).ends_with(2);
    assert!(said.stderr.contains("others may read it"), "{}", said.stderr);
}

#[test]
fn a_rotation_to_the_key_that_is_used_already_is_refused() {
    let (home, _worlds, token, webhook) = ready();
    keep_both(&home, &token, &webhook);
    let (key, sealed) = (home.path().join("state/secrets.key"), home.path().join("state/secrets.bin"));
    let before = std::fs::read(&sealed).unwrap();
    // By whatever path, and in a copy.
    std::os::unix::fs::symlink(&key, home.path().join("link")).unwrap();
    std::fs::copy(&key, home.path().join("copy")).unwrap();
    for path in ["state/secrets.key", "link", "copy"] {
        let said = home.ask(&["secret", "rotate", "--to-key-file", path]).ends_with(1);
        assert!(said.stderr.contains("opens the secrets already"), "{}", said.stderr);
        assert_eq!(std::fs::read(&sealed).unwrap(), before, "{path}");
    }
    home.ask(&["secret", "rotate", "--to-key-file", "fresh"]).ends_with(0);
    assert_ne!(std::fs::read(&sealed).unwrap(), before);
}
