//! Configurations that cannot be used: refused before anything is asked or opened, with what to do about it.

use crate::support::program::Home;

fn example(home: &Home) -> String {
    home.ask(&["example"]).ends_with(0).stdout
}

#[test]
fn the_example_is_read_and_misses_its_secrets_by_name() {
    let mut home = Home::new();
    let text = example(&home);
    home.write("crosstie.toml", &text);
    // Shaped like the real ones.
    let webhook = "https://example.bitrix24.com/rest/1/q7w8e9r0t1y2u3i4/";
    home.secrets.extend(["q7w8e9r0t1y2u3i4".to_owned(), "ntn_503918Zz".to_owned()]);

    let said = home.ask(&["check"]).ends_with(2);
    assert!(said.stderr.contains("CROSSTIE_BITRIX24_WEBHOOK"), "{}", said.stderr);
    home.env.insert("CROSSTIE_BITRIX24_WEBHOOK".into(), webhook.into());
    let said = home.ask(&["check"]).ends_with(2);
    assert!(said.stderr.contains("CROSSTIE_NOTION_TOKEN"), "{}", said.stderr);

    home.env.remove("CROSSTIE_BITRIX24_WEBHOOK");
    home.env.insert("CROSSTIE_NOTION_TOKEN".into(), "ntn_503918Zz".into());
    for command in ["check", "run", "status"] {
        let said = home.ask(&[command]).ends_with(2);
        assert!(said.stderr.contains("CROSSTIE_BITRIX24_WEBHOOK"), "{command}: {}", said.stderr);
        assert_eq!(said.stdout, "", "{command}");
    }
}

#[test]
fn an_empty_variable_is_as_good_as_none() {
    let mut home = Home::new();
    let text = example(&home);
    home.write("crosstie.toml", &text);
    home.env.insert("CROSSTIE_BITRIX24_WEBHOOK".into(), " ".into());
    let said = home.ask(&["check"]).ends_with(2);
    assert!(said.stderr.contains("CROSSTIE_BITRIX24_WEBHOOK is empty"), "{}", said.stderr);
}

#[test]
fn a_broken_configuration_is_refused_with_file_line_what_and_how_to_mend() {
    let home = Home::new();
    let text = example(&home);
    let line_of = |part: &str| text.lines().position(|line| line.starts_with(part)).unwrap() + 1;
    for (right, wrong, what, mend) in [
        ("crm = \"STAGE_ID\"", "crn = \"STAGE_ID\"", "a field has no key `crn`", "did you mean `crm`?"),
        ("policy = \"crm\"", "policy = \"crmm\"", "`crmm` is no `policy`", "use `hold`, `crm`, `notion` or `newest`"),
        ("relation = \"contacts\"", "relation = \"contact\"", "there is no pair `contact`", "did you mean `contacts`?"),
        ("name = \"contacts\"", "name = contacts", "this is no TOML", ""),
    ] {
        assert!(text.contains(right));
        let file = home.write("broken.toml", &text.replacen(right, wrong, 1));
        for command in ["check", "run", "status"] {
            let said = home.ask(&["--config", "broken.toml", command]).ends_with(2);
            let place = format!("{}:{}:", file.display(), line_of(right));
            for part in [place.as_str(), what, mend, "^"] {
                assert!(said.stderr.contains(part), "{wrong} does not show {part:?}:\n{}", said.stderr);
            }
            assert_eq!(said.stdout, "");
        }
    }
    assert!(!home.path().join("state").exists(), "nothing is opened for a configuration that cannot be used");
}

#[test]
fn all_problems_are_told_at_once_and_a_secret_in_the_file_is_not_repeated() {
    let mut home = Home::new();
    home.secrets.push("ntn_90412abcdefQWERTY".to_owned());
    let text = example(&home)
        .replacen("token = { env = \"CROSSTIE_NOTION_TOKEN\" }", "token = \"ntn_90412abcdefQWERTY\"", 1)
        .replacen("policy = \"crm\"", "policy = \"crmm\"", 1);
    home.write("crosstie.toml", &text);
    let said = home.ask(&["check"]).ends_with(2);
    assert!(said.stderr.contains("stands in the file itself"), "{}", said.stderr);
    assert!(said.stderr.contains("`crmm` is no `policy`"), "{}", said.stderr);
}
