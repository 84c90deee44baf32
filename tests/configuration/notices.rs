//! Who is told what waits.

use std::time::Duration;

use crosstie::config::{Secret, TOPICS};

use crate::{pair, with};

fn told(section: &str) -> String {
    with(&format!("[notices]\n{section}\n{}", pair("deals", "deal", 1))).unwrap_err().to_string()
}

#[test]
fn notices_have_defaults_and_every_key_is_read() {
    let plain = with(&format!("[notices]\nslack = {{ secret = \"slack\" }}\n{}", pair("deals", "deal", 1))).unwrap();
    let settings = plain.notices.clone().unwrap();
    assert_eq!(settings.slack, Some(Secret::Sealed("slack".into())));
    assert_eq!((settings.on.len(), settings.daily, settings.command.len()), (TOPICS.len(), Some((8, 0)), 0));
    assert!(plain.secrets().iter().any(|(key, _)| *key == "[notices] slack"), "it is listed with the other secrets");
    let text = "command = [\"tell\", \"a b\"]\ncommand_timeout = \"3s\"\non = [\"drift\"]\nquiet = \"0s\"\ndaily = \"never\"\n";
    let settings = with(&format!("[notices]\n{text}{}", pair("deals", "deal", 1))).unwrap().notices.unwrap();
    assert_eq!(settings.command, ["tell", "a b"]);
    assert_eq!(
        (settings.command_timeout, settings.quiet, settings.daily),
        (Duration::from_secs(3), Duration::ZERO, None)
    );
    assert_eq!(settings.on.into_iter().collect::<Vec<_>>(), ["drift"]);
    assert_eq!(with(&pair("deals", "deal", 1)).unwrap().notices, None);
}

#[test]
fn what_makes_no_sense_is_refused_with_its_line_and_no_address_is_repeated() {
    for (section, part) in [
        ("", "says nobody to tell"),
        ("command = []", "names no program"),
        ("command = [\"\"]", "says nobody to tell"),
        ("command = [\"x\"]\non = [\"conflicts\"]", "did you mean `conflict`?"),
        ("command = [\"x\"]\ndaily = \"8:00\"", "no time of day"),
        ("command = [\"x\"]\ndaily = \"24:00\"", "no time of day"),
        ("command = [\"x\"]\ncommand_timeout = \"10m\"", "choose between 1s and 5m"),
        ("command = [\"x\"]\nquiet = 5", "no time"),
        ("command = [\"x\"]\nslak = { env = \"A\" }", "did you mean `slack`?"),
        ("slack = \"https://hooks.slack.com/services/T0/B0/madeup\"", "`slack` stands in the file itself"),
        ("slack = { secret = \"https://hooks.slack.com/services/T0/B0/madeup\" }", "takes the name of a sealed secret"),
    ] {
        let message = told(section);
        assert!(message.contains(part) && !message.contains("madeup"), "{section}: {message}");
    }
}
