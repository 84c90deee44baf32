//! Secrets stay out of the file, and out of every message.

use std::io;
use std::path::Path;

use crosstie::config::{Revealed, Secret};

use crate::{CRM, NOTION, pair, parse};

const MADE_UP: &str = "ntn_0123456789madeup";

fn told(crm: &str, notion: &str) -> String {
    parse(&format!("{crm}{notion}{}", pair("deals", "deal", 1))).unwrap_err().to_string()
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_repeated() {
    let message = told(CRM, &format!("[notion]\ntoken = \"{MADE_UP}\"\n"));
    assert!(message.starts_with("/etc/crosstie/crosstie.toml:5:9: `token` stands in the file itself"), "{message}");
    assert!(message.contains(" 5 | token = …"), "{message}");
    assert!(message.contains("{ env = \"CROSSTIE_NOTION_TOKEN\" }") && message.contains("new secret"), "{message}");
    assert!(!message.contains("madeup"), "{message}");
    let message = told("[crm]\nsystem = \"bitrix24\"\nwebhook = \"https://x.example/rest/1/madeup/\"\n", NOTION);
    assert!(message.contains(":3:11: `webhook` stands in the file itself") && !message.contains("madeup"), "{message}");
}

#[test]
fn no_message_shows_what_may_be_a_secret() {
    for line in [
        "token = madeup",
        "tokn = \"madeup\"",
        "Token = \"madeup\"",
        "password = \"madeup\"",
        "token = { env = \"made-up madeup\" }",
        "token = { env = \"ntn_0123456789012345madeup\" }",
        "token = { envv = \"ntn_madeup\" }",
        "token = \"environment madeup\"",
        "base_url = \"https://portal.example/rest/1/madeup/\"",
        "base_url = \"https://me:madeup@portal.example\"",
        "whatever = \"ntn_madeup\"",
    ] {
        let message = told(CRM, &format!("[notion]\n{line}\n"));
        assert!(message.contains(":5:"), "{line}: {message}");
        assert!(!message.contains("madeup"), "{line}: {message}");
    }
    let inline = told(CRM, "notion = { token = \"madeup\", plan = \"x\" }\n");
    assert!(!inline.contains("madeup"), "{inline}");
    let broken = parse("notion = { plan = 1 1, token = \"madeup\" }\n").unwrap_err().to_string();
    assert!(!broken.contains("madeup"), "{broken}");
}

#[test]
fn a_reference_names_exactly_one_place() {
    let both = told(CRM, "[notion]\ntoken = { env = \"A\", file = \"b\" }\n");
    assert!(both.contains(":5:9: `token` has more than one of `env`, `file` and `secret`"), "{both}");
    let both = told(CRM, "[notion]\ntoken = { secret = \"a\", file = \"b\" }\n");
    assert!(both.contains("more than one"), "{both}");
    let none = told(CRM, "[notion]\ntoken = {}\n");
    assert!(none.contains("does not say where the secret is"), "{none}");
    let name = told(CRM, "[notion]\ntoken = { env = \"A B\" }\n");
    assert!(name.contains("takes the name of an environment variable"), "{name}");
}

#[test]
fn a_secret_is_read_where_it_is_and_never_shown() {
    let no_file = |_: &Path| Err::<String, _>(io::Error::from(io::ErrorKind::NotFound));
    let none = |_: &str| Ok::<Option<Revealed>, String>(None);
    let env = |name: &str| (name == "TOKEN").then(|| " madeup\n".to_owned());
    let secret = Secret::Env("TOKEN".into()).resolve(env, no_file, none).unwrap();
    assert_eq!(secret.expose(), "madeup");
    assert!(!format!("{secret:?}").contains("madeup"));
    assert_eq!(secret, Revealed::new("madeup"));
    let missing = Secret::Env("OTHER".into()).resolve(env, no_file, none).unwrap_err();
    assert!(missing.contains("OTHER is not set"), "{missing}");
    let file = Secret::File("/run/token".into());
    assert!(file.resolve(env, no_file, none).unwrap_err().contains("/run/token cannot be read"));
    assert!(file.resolve(env, |_| Ok(" \n".into()), none).unwrap_err().contains("is empty"));
    assert_eq!(file.resolve(env, |_| Ok("madeup\n".into()), none).unwrap().expose(), "madeup");
}

#[test]
fn a_sealed_secret_is_named_and_a_missing_one_says_how_to_keep_it() {
    let config = parse(&format!("{CRM}[notion]\ntoken = {{ secret = \"notion-2\" }}\n{}", pair("deals", "deal", 1)));
    let config = config.unwrap();
    assert_eq!(config.notion.token, Secret::Sealed("notion-2".into()));
    assert_eq!(config.secrets().len(), 2);
    let no_file = |_: &Path| Err::<String, _>(io::Error::from(io::ErrorKind::NotFound));
    let kept = |name: &str| {
        Ok(["notion-2", "empty"].contains(&name).then(|| Revealed::new(if name == "empty" { "" } else { "madeup" })))
    };
    let secret = |name: &str| Secret::Sealed(name.into()).resolve(|_| None, no_file, kept);
    assert_eq!(secret("notion-2").unwrap().expose(), "madeup");
    assert!(secret("other").unwrap_err().contains("crosstie secret set other"));
    assert!(secret("empty").unwrap_err().contains("is empty"));
    let failed = Secret::Sealed("a".into()).resolve(|_| None, no_file, |_| Err("the key is missing".into()));
    assert_eq!(failed.unwrap_err(), "the key is missing");
    for name in ["ntn_0123456789012345madeup", "secret_0123456789012madeup", "A", "a b", "https://x/rest/1/madeup/"] {
        let message = told(CRM, &format!("[notion]\ntoken = {{ secret = \"{name}\" }}\n"));
        assert!(message.contains("takes the name of a sealed secret"), "{name}: {message}");
        assert!(!message.contains("madeup"), "{message}");
    }
}
