//! `check` between two pretend systems.

use crate::support::configuration::{office, write};
use crate::support::program::{Home, Said};
use crate::support::worlds::Worlds;

/// Both systems without records, and a configuration that fits.
fn ready() -> (Home, Worlds, String) {
    let mut home = Home::new();
    let worlds = Worlds::open(&mut home, &["--empty"], &["--empty"]);
    let text = office(&worlds);
    write(&home, &text);
    (home, worlds, text)
}

/// The lines that begin with this word, without it.
fn marked<'a>(said: &'a Said, word: &str) -> Vec<&'a str> {
    let lines = said.stdout.lines().filter_map(|line| line.strip_prefix(word));
    lines.map(str::trim_start).collect()
}

/// The line of a text on which this part stands first, from 1.
fn line_of(text: &str, part: &str) -> usize {
    text.lines().position(|line| line.contains(part)).unwrap() + 1
}

#[test]
fn what_fits_is_shown_in_a_table_and_writes_nothing() {
    let (home, worlds, _) = ready();
    let said = home.ask(&["check"]).ends_with(0);
    assert_eq!(said.stderr, "");
    let good = marked(&said, "ok");
    for part in ["configuration", "Bitrix24", "Notion", "contacts", "deals"] {
        assert!(good.iter().any(|line| line.starts_with(part)), "{part}: {}", said.stdout);
    }
    for part in ["Contacts ↔ Contacts: 3 fields fit", "Deals ↔ Projects: 9 fields fit", "Crosstie demo"] {
        assert!(said.stdout.contains(part), "{part}: {}", said.stdout);
    }
    assert!(marked(&said, "MEND").is_empty(), "{}", said.stdout);
    assert_eq!(worlds.changes_by_the_sync(), 0);
    assert!(!home.path().join("state").exists(), "a check opens no store");
}

#[test]
fn what_a_daemon_or_a_dashboard_would_miss_on_this_host_is_found_before_they_start() {
    let (home, worlds, text) = ready();
    let somebody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let busy = somebody.local_addr().unwrap();
    home.write("a-file", "");
    let text = text.replace("state_dir = \"state\"", "state_dir = \"a-file/state\"\nkeymap = \"nope.toml\"");
    let more = format!(
        "\n[log]\ndir = \"a-file\"\n\n[inlet]\nlisten = \"{busy}\"\n\n[notices]\nslack = {{ env = \"NO_SLACK\" }}\ncommand = \
         [\"/no/such/tell\"]\n"
    );
    write(&home, &text.replacen("\n[crm]", &format!("{more}\n[crm]"), 1));
    let said = home.ask(&["check"]).ends_with(3);
    let mend = marked(&said, "MEND");
    for (what, told) in [
        ("state folder", "`state_dir`"),
        ("log", "`dir` under [log]"),
        ("keymap", "nope.toml cannot be read"),
        ("notices", "NO_SLACK"),
        ("notices", "/no/such/tell cannot be started"),
        ("inlet", "`listen` under [inlet]"),
    ] {
        assert!(mend.iter().any(|line| line.starts_with(what) && line.contains(told)), "{what}: {}", said.stdout);
    }
    assert!(marked(&said, "ok").iter().any(|line| line.starts_with("deals")), "the rest is checked: {}", said.stdout);
    assert_eq!(worlds.changes_by_the_sync(), 0);
}

#[test]
fn a_state_folder_that_is_too_far_from_the_root_for_a_socket_is_told_before_anything_starts() {
    let (home, worlds, text) = ready();
    let deep = "a-folder-with-a-long-name/".repeat(5);
    write(&home, &text.replace("state_dir = \"state\"", &format!("state_dir = \"{deep}\"")));
    let said = home.ask(&["check"]).ends_with(3);
    let mend = marked(&said, "MEND");
    assert!(mend.iter().any(|line| line.starts_with("state folder") && line.contains("107")), "{}", said.stdout);
    let said = home.ask(&["run"]).ends_with(2);
    assert!(said.stderr.contains("`state_dir`") && said.stderr.contains("107"), "{}", said.stderr);
    assert!(!home.path().join("a-folder-with-a-long-name").exists());
    assert_eq!(worlds.changes_by_the_sync(), 0);
}

#[test]
fn a_kind_of_record_that_there_is_not_is_told_with_its_line() {
    let (home, _worlds, text) = ready();
    let text = text.replacen("= \"deal\"", "= \"dael\"", 1);
    write(&home, &text);
    let said = home.ask(&["check"]);
    let place = format!("deals (line {})", line_of(&text, "name = \"deals\"") - 1);
    let mend = marked(&said, "MEND");
    let told = mend.iter().find(|line| line.starts_with(&place));
    assert!(told.is_some_and(|line| line.contains("dael") && line.contains("there are deal")), "{}", said.stdout);
}

#[test]
fn what_of_a_template_has_no_block_is_told_with_its_line() {
    let (home, worlds, text) = ready();
    let page = "match_by = [\"TITLE\"]\n\n[pair.page]\ntemplate = \"deal.md\"\n";
    write(&home, &text.replace("match_by = [\"TITLE\"]\ncreate = \"both\"", &format!("create = \"both\"\n{page}")));
    let said = home.ask(&["check"]).ends_with(2);
    assert!(said.stderr.contains("deal.md cannot be read"), "{}", said.stderr);
    home.write("deal.md", "# Deal\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```klingon\nx\n```\n");
    let said = home.ask(&["check"]).ends_with(0);
    assert!(said.stdout.contains("new pages get the 4 blocks of deal.md"), "{}", said.stdout);
    let notes = marked(&said, "note");
    assert!(notes.iter().any(|note| note.contains("deal.md line 3: a table becomes plain text")), "{}", said.stdout);
    assert!(notes.iter().any(|note| note.contains("knows no language `klingon`")), "{}", said.stdout);
    assert_eq!(worlds.changes_by_the_sync(), 0);
}

#[test]
fn a_refused_secret_ends_with_5_and_names_the_system() {
    let (mut home, worlds, _) = ready();
    let right = home.env.clone();
    home.env.insert("CROSSTIE_NOTION_TOKEN".into(), "ntn_wrongwrongwrong".into());
    home.secrets.push("ntn_wrongwrongwrong".into());
    let said = home.ask(&["check"]).ends_with(5);
    let bad = marked(&said, "MEND");
    assert!(bad.len() == 1 && bad[0].starts_with("Notion"), "{}", said.stdout);
    assert!(bad[0].contains("token"), "{}", said.stdout);
    assert!(marked(&said, "ok").iter().any(|line| line.starts_with("Bitrix24")), "the other side is looked at");
    let said = home.ask(&["status"]).ends_with(5);
    assert!(said.stdout.contains("DOWN"), "{}", said.stdout);

    home.env.clone_from(&right);
    let wrong = worlds.crm.said("webhook").replace(worlds.crm.said("token"), "wrongwebhooksecret");
    home.env.insert("CROSSTIE_BITRIX24_WEBHOOK".into(), wrong);
    home.secrets.push("wrongwebhooksecret".into());
    let said = home.ask(&["check"]).ends_with(5);
    let bad = marked(&said, "MEND");
    assert!(bad.len() == 1 && bad[0].starts_with("Bitrix24"), "{}", said.stdout);
}

#[test]
fn a_system_where_nobody_listens_ends_every_command_with_5_and_is_named() {
    let (home, worlds, text) = ready();
    // The discard port: nobody listens there.
    write(&home, &text.replace(worlds.notion.said("base_url"), "http://127.0.0.1:9"));
    let said = home.ask(&["check"]).ends_with(5);
    let bad = marked(&said, "MEND");
    assert!(bad.len() == 1 && bad[0].starts_with("Notion") && bad[0].contains("network"), "{}", said.stdout);
    // Of what is not seen nothing can be planned, and a monitor hears of it as of a system that does not answer.
    let said = home.ask(&["plan", "--out", "first.plan"]).ends_with(5);
    assert!(said.stderr.contains("crosstie check") && !home.path().join("first.plan").exists(), "{}", said.stderr);
    home.ask(&["status"]).ends_with(5);
}

#[test]
fn a_missing_marker_ends_with_3_and_is_mended_on_request() {
    let (home, worlds, text) = ready();
    let text = text.replace("match_by = [\"EMAIL\"]", "match_by = [\"EMAIL\"]\nmarker = \"Sync key\"");
    write(&home, &text);
    let said = home.ask(&["check"]).ends_with(3);
    let place = format!("contacts (line {})", line_of(&text, "[[pair]]"));
    let bad = marked(&said, "MEND");
    assert!(bad.len() == 1 && bad[0].starts_with(&place) && bad[0].contains("Sync key"), "{}", said.stdout);

    let said = home.ask(&["check", "--create-properties"]).ends_with(0);
    assert!(said.stdout.contains("the marker property Sync key is there"), "{}", said.stdout);
    let world = worlds.notion_world();
    let sources = world["data_sources"].as_array().unwrap();
    let contacts = sources.iter().find(|source| source["title"] == "Contacts").unwrap();
    assert_eq!(contacts["schema"]["Sync key"]["type"], "rich_text");
    let before = contacts["schema"].clone();
    // Once more changes nothing, and a plain check is content now.
    home.ask(&["check", "--create-properties"]).ends_with(0);
    home.ask(&["check"]).ends_with(0);
    let world = worlds.notion_world();
    let contacts = world["data_sources"].as_array().unwrap().iter().find(|source| source["title"] == "Contacts");
    assert_eq!(contacts.unwrap()["schema"], before);
}

#[test]
fn fields_and_options_that_do_not_fit_are_named_with_their_line_and_end_with_3() {
    let (home, _worlds, text) = ready();
    let text = text
        .replace("WON = \"Won\"", "WON = \"Triumph\"")
        .replace("LOSE = \"Lost\"", "LOOSE = \"Lost\"")
        .replace("notion = \"Deadline\"", "notion = \"Dead line\"")
        .replace("crm = \"PHONE\"", "crm = \"PHONES\"")
        // An amount has no place in a relation, nor a day in a number.
        .replace("notion = \"Amount\"", "notion = \"Company \"")
        .replace("notion = \"Company\"", "notion = \"Amount\"");
    write(&home, &text);
    let said = home.ask(&["check"]).ends_with(3);
    let bad = marked(&said, "MEND");
    for (pair, field, parts) in [
        ("contacts", "crm = \"PHONES\"", &["PHONES", "did you mean `PHONE`?"][..]),
        ("deals", "crm = \"STAGE_ID\"", &["`Status`", "no option `Triumph`", "add the option to the status in Notion"]),
        ("deals", "crm = \"STAGE_ID\"", &["no option `LOOSE`", "did you mean `LOSE`?"]),
        ("deals", "notion = \"Dead line\"", &["no property `Dead line`", "did you mean `Deadline`?"]),
        ("deals", "crm = \"COMPANY_ID.TITLE\"", &["COMPANY_ID.TITLE", "number"]),
    ] {
        // A field begins one line above its first key.
        let begins = text.lines().collect::<Vec<_>>()[..line_of(&text, field)]
            .iter()
            .rposition(|line| *line == "[[pair.field]]")
            .unwrap()
            + 1;
        let place = format!("{pair} (line {begins})");
        let told = |line: &&&str| line.starts_with(&place) && parts.iter().all(|part| line.contains(part));
        assert!(bad.iter().any(|line| told(&line)), "{place} {parts:?}:\n{}", said.stdout);
    }
}

#[test]
fn a_data_source_that_is_not_shared_ends_with_3_and_says_so() {
    let (home, worlds, text) = ready();
    let contacts = worlds.notion.hello["data_sources"]["Contacts"].as_str().unwrap();
    write(&home, &text.replace(contacts, "00000000-0000-4000-8000-00000000c001"));
    let said = home.ask(&["check"]).ends_with(3);
    let bad = marked(&said, "MEND");
    // The deals' relation leads to that pair, so it does not fit either.
    let (missing, rest): (Vec<&str>, Vec<&str>) = bad.iter().partition(|line| line.starts_with("contacts"));
    assert!(missing.len() == 1 && rest.iter().all(|line| line.contains("CONTACT_IDS")), "{}", said.stdout);
    assert!(missing[0].contains("00000000-0000-4000-8000-00000000c001"), "{}", said.stdout);
    assert!(missing[0].contains("share"), "{}", said.stdout);
}

#[test]
fn a_portal_that_passes_over_a_condition_in_silence_is_told_with_its_field() {
    let checked = |fault: &[&str], filters: &str| {
        let mut home = Home::new();
        let worlds = Worlds::open(&mut home, &[], fault);
        let text = office(&worlds);
        write(&home, &text.replace("match_by = [\"TITLE\"]", &format!("match_by = [\"TITLE\"]\n{filters}")));
        home.ask(&["check"])
    };
    let filters = "crm_filter = { \"!CATEGORY_ID\" = 1, \"<OPPORTUNITY\" = 900000 }\n\
                   notion_filter = { property = \"Amount\", number = { less_than = 900000 } }\n";
    let said = checked(&[], filters).ends_with(0);
    assert!(marked(&said, "MEND").is_empty(), "{}", said.stdout);
    let good = marked(&said, "ok");
    for (what, tried) in
        [("deals: CRM filters", "3 tried"), ("deals: Notion filters", "2 tried"), ("contacts: CRM", "1 tried")]
    {
        assert!(good.iter().any(|line| line.starts_with(what) && line.contains(tried)), "{what}: {}", said.stdout);
    }
    let said = checked(&["--fault", "filter-ignores=OPPORTUNITY"], filters).ends_with(3);
    let bad = marked(&said, "MEND");
    assert!(bad.len() == 1 && bad[0].starts_with("deals: CRM filters"), "{}", said.stdout);
    assert!(bad[0].contains("the condition on `OPPORTUNITY` in `crm_filter` in silence"), "{}", said.stdout);
    // The time of the last edit is what increments rely on.
    let said = checked(&["--fault", "filter-ignores=DATE_MODIFY"], "").ends_with(3);
    let bad = marked(&said, "MEND");
    assert!(
        bad.len() == 2 && bad.iter().all(|line| line.contains("every look would read everything")),
        "{}",
        said.stdout
    );
    // A filter that nothing passes is worth a word, and no mistake.
    let said = checked(&[], "crm_filter = { CATEGORY_ID = 77 }\n").ends_with(0);
    assert!(marked(&said, "note").iter().any(|line| line.contains("no record passes `crm_filter`")), "{}", said.stdout);
}
