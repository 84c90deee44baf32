//! Every refusal, with its line, what it says and how it says to mend it.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::{CRM, NOTION, pair, parse, with};
use crosstie::config::{Config, ConfigError, ConfigErrors, EXAMPLE};

fn errors<T: std::fmt::Debug>(result: Result<T, ConfigErrors>) -> Vec<ConfigError> {
    result.unwrap_err().0
}

/// Exactly one problem, in this line.
fn refuses(rest: &str, line: usize, what: &str, mend: &str) {
    let errors = errors(with(rest));
    let all = || errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    let [error] = errors.as_slice() else { panic!("one problem, not {}:\n{}", errors.len(), all()) };
    assert_eq!(error.line, line, "{error}");
    assert!(error.what.contains(what), "{error}");
    assert!(error.mend.contains(mend), "{error}");
}

/// A pair whose field continues in line 13.
fn field(more: &str) -> String {
    format!("{}{more}", pair("deals", "deal", 1))
}

#[test]
fn a_problem_shows_the_line_with_a_caret() {
    let error = with(&field("polcy = \"crm\"\n")).unwrap_err().to_string();
    let expected = "\
/etc/crosstie/crosstie.toml:13:1: a field has no key `polcy`; did you mean `policy`?
 13 | polcy = \"crm\"
    | ^^^^^
    = use `crm`, `notion`, `direction`, `policy`, `values`, `create_options`, `fallback` or `relation`, or remove it";
    assert_eq!(error, expected);
}

#[test]
fn unknown_keys_are_refused_everywhere() {
    let one = pair("deals", "deal", 1);
    refuses(&format!("tmp = 1\n{one}"), 6, "[notion] has no key `tmp`", "or remove it");
    refuses(&format!("[timing]\nsweep = \"1h\"\n{one}"), 7, "[timing] has no key `sweep`", "`sweep_every`");
    refuses(&format!("[timming]\n{one}"), 6, "has no key `timming`; did you mean `timing`?", "`timing`");
    refuses(&one.replace("crm = \"deal\"", "crm = \"deal\"\nmarkr = \"x\""), 9, "did you mean `marker`?", "");
}

/// One problem with a template of this content, in the line that names it.
fn refuses_template(content: std::io::Result<Vec<u8>>, what: &str) {
    let page = "match_by = [\"TITLE\"]\n[pair.page]\ntemplate = \"pages/deal.md\"\n[[pair.field]]";
    let text = format!("{CRM}{NOTION}{}", pair("deals", "deal", 1).replacen("[[pair.field]]", page, 1));
    let content = std::cell::RefCell::new(Some(content));
    let files = |_: &std::path::Path| content.borrow_mut().take().unwrap();
    let errors = errors(Config::parse_with(&text, std::path::Path::new("/etc/crosstie/crosstie.toml"), &files));
    let [error] = errors.as_slice() else { panic!("{errors:?}") };
    assert_eq!(error.line, 12, "{error}");
    assert!(error.what.contains("/etc/crosstie/pages/deal.md") && error.what.contains(what), "{error}");
    assert!(!error.mend.is_empty(), "{error}");
}

#[test]
fn a_template_that_cannot_be_one_is_refused_where_it_is_named() {
    refuses_template(Err(std::io::ErrorKind::NotFound.into()), "cannot be read: ");
    refuses_template(Ok(vec![b'x'; crosstie::config::FILE_ENOUGH]), "larger than 100 KB");
    refuses_template(Ok(b"caf\xe9".to_vec()), "no text in UTF-8");
    refuses_template(Ok(b" \n\n".to_vec()), "says nothing");
    refuses_template(Ok("- a\n".repeat(2_001).into_bytes()), "has 2001 blocks, and 2000 are the most");
    let one = pair("deals", "deal", 1).replacen("[[pair.field]]", "[pair.page]\n[[pair.field]]", 1);
    refuses(&one, 10, "the pair's page has no `template`", "template = ");
}

#[test]
fn all_problems_are_told_at_once_and_in_order() {
    let text = format!("keymap = \"vi\"\n{CRM}plan = \"big\"\n[notion]\n[timing]\ncrm_poll = 5\n");
    let errors = errors(parse(&text));
    let told: Vec<(usize, &str)> = errors.iter().map(|error| (error.line, error.what.as_str())).collect();
    let expected = [
        (1, "there are no pairs, so there is nothing to keep in step"),
        (1, "there is no keymap `vi`; did you mean `vim`?"),
        (5, "`big` is no `plan`"),
        (6, "[notion] has no `token`"),
        (8, "`crm_poll`: `5` has no unit"),
    ];
    assert_eq!(told, expected);
}

#[test]
fn broken_toml_is_told_with_its_line() {
    let errors = errors(parse(&format!("{CRM}plan = standard\n{NOTION}")));
    assert_eq!(errors[0].line, 4);
    assert!(errors[0].what.starts_with("this is no TOML: "), "{}", errors[0]);
    let twice = self::errors(parse(&format!("{CRM}system = \"bitrix24\"\n")));
    assert_eq!(twice[0].line, 4, "{}", twice[0]);
}

#[test]
fn both_connections_must_be_there() {
    let one = pair("deals", "deal", 1);
    let told = errors(parse(&format!("{NOTION}{one}")));
    assert_eq!(told[0].what, "the configuration has no `crm`");
    let told = errors(parse(&format!("{CRM}{one}")));
    assert_eq!(told[0].what, "the configuration has no `notion`");
    assert_eq!(errors(parse("")).len(), 3);
}

#[test]
fn an_unknown_crm_is_refused() {
    let text = format!("{}{NOTION}{}", CRM.replace("bitrix24", "bitrix42"), pair("deals", "deal", 1));
    let errors = errors(parse(&text));
    assert_eq!((errors.len(), errors[0].line), (1, 2));
    assert!(errors[0].what.contains("did you mean `bitrix24`?"), "{}", errors[0]);
}

#[test]
fn an_address_needs_its_scheme() {
    let one = pair("deals", "deal", 1);
    refuses(&format!("base_url = \"localhost:80\"\n{one}"), 6, "no address", "scheme");
    refuses(&format!("base_url = \"https://\"\n{one}"), 6, "no address", "scheme");
}

#[test]
fn two_mappings_onto_one_property_or_field_are_refused() {
    let more = |crm: &str, notion: &str| field(&format!("[[pair.field]]\ncrm = \"{crm}\"\nnotion = \"{notion}\"\n"));
    refuses(&more("OTHER", "Name"), 15, "the property `Name` is mapped in line 12 already", "overwrite each other");
    refuses(&more("TITLE", "Other"), 14, "the CRM field `TITLE` is mapped in line 11 already", "one counterpart");
    refuses(&more("OTHER", "CRM ID"), 15, "the pair's marker", "another property");
}

#[test]
fn pairs_do_not_share_what_must_be_their_own() {
    let both = |second: String| format!("{}{second}", pair("contacts", "contact", 1));
    refuses(&both(pair("deals", "deal", 1)), 16, "is the pair `contacts`'s already, in line 9", "all fields into it");
    refuses(&both(pair("contacts", "deal", 2)), 14, "the pair `contacts` is the pair", "name of its own");
    refuses(&both(pair("deals", "contact", 2)), 15, "the CRM entity `contact`", "marked with one page");
}

#[test]
fn a_relation_names_a_pair() {
    let relation = field("[[pair.field]]\ncrm = \"CONTACT_IDS\"\nnotion = \"Contacts\"\nrelation = \"deal\"\n");
    refuses(&relation, 16, "there is no pair `deal`; did you mean `deals`?", "of this file");
    // The order of pairs in the file does not matter.
    assert!(
        with(&format!(
            "{}{}",
            relation.replace("\"deal\"\n", "\"contacts\"\n").replace("crm = \"contacts\"", "crm = \"deal\""),
            pair("contacts", "contact", 2)
        ))
        .is_ok()
    );
}

#[test]
fn match_by_names_mapped_fields() {
    let matched =
        |key: &str| pair("deals", "deal", 1).replace("[[pair.f", &format!("match_by = [\"{key}\"]\n[[pair.f"));
    assert!(with(&matched("TITLE")).is_ok());
    refuses(&matched("TITEL"), 10, "`TITEL`, which is no mapped CRM field of this pair; did you mean `TITLE`?", "name");
    refuses(&matched("Name"), 10, "it is the property of `TITLE`", "CRM field");
}

#[test]
fn a_data_source_is_an_id() {
    let with_id = |id: &str| pair("deals", "deal", 1).replace("00000000-0000-4000-8000-000000000001", id);
    refuses(&with_id("deals"), 9, "no data source id", "Copy data source ID");
    refuses(&with_id("https://www.notion.so/abc"), 9, "names a database, not its data source", "Manage data sources");
}

#[test]
fn times_have_units_and_bounds() {
    let timing = |line: &str| format!("[timing]\n{line}\n{}", pair("deals", "deal", 1));
    // An update may be executed for as long as the systems work on a request.
    refuses(&timing("settle_unknown_update = \"60s\""), 7, "`settle_unknown_update` is 1m", "between 1m 1s and");
    refuses(&timing("quiet_text = 20"), 7, "`20` has no unit", "`20s`");
    refuses(&timing("quiet_text = \"20 sec\""), 7, "unknown unit `sec`", "`20s`");
    refuses(&timing("notion_poll = \"0s\""), 7, "`notion_poll` is 0s", "between 1s and 31d");
    refuses(&timing("sweep_every = \"40d\""), 7, "`sweep_every` is 40d", "31d");
    refuses(&timing("probe_schedule = []"), 6, "never be found", "at least one");
    refuses(&timing("probe_schedule = [\"1m\", \"5s\"]"), 7, "does not ascend", "in order");
    refuses(&timing("probe_schedule = [\"soon\"]"), 7, "`soon` is no time", "like");
    refuses(&timing("review = \"no\""), 7, "`review` is `true` or `false`", "write");
    assert!(with(&timing("quiet_text = \"0s\"")).is_ok());
}

#[test]
fn choices_are_words_that_exist() {
    refuses(&field("direction = \"crm-to-noton\"\n"), 13, "did you mean `crm-to-notion`?", "`notion-to-crm`");
    refuses(&field("policy = \"latest\"\n"), 13, "`latest` is no `policy`", "`newest`");
    refuses(&field("policy = true\n"), 13, "`policy` is text in quotes, and this is a TOML boolean", "quotes");
    refuses(&field("values = \"x\"\n"), 13, "`values` is a table", "{ NEW");
    refuses(&field("values = { NEW = 1 }\n"), 13, "`NEW` is text", "quotes");
}

#[test]
fn empty_pairs_are_refused() {
    let nothing = errors(with(""));
    assert!(nothing[0].what.contains("no pairs"), "{}", nothing[0]);
    let bare = pair("deals", "deal", 1);
    let bare = &bare[..bare.find("[[pair.field]]").unwrap()];
    refuses(bare, 6, "the pair `deals` has no fields", "[[pair.field]]");
    let told = errors(with("[[pair]]\n"));
    assert_eq!(told.len(), 4, "name, crm, data source, fields");
    assert!(told.iter().all(|error| error.line == 6));
    refuses(&field("").replace("notion = \"Name\"\n", ""), 10, "a field has no `notion`", "add `notion = \"Name\"`");
    refuses(&pair("Deals!", "deal", 1), 7, "`Deals!` is no name for a pair", "lower-case");
}

#[test]
fn a_workspaces_name_fits_into_a_line_and_steers_no_terminal() {
    let long = "x".repeat(33);
    for name in ["a\\u001b[2J", "one/two", "a\\nb", long.as_str()] {
        let text = format!("name = \"{name}\"\n{CRM}{NOTION}{}", pair("deals", "deal", 1));
        let told = errors(parse(&text));
        assert!(told.len() == 1 && told[0].line == 1 && told[0].what.contains("no name for a workspace"), "{told:?}");
    }
}

#[test]
fn one_bracket_for_a_pair_is_explained() {
    let text = pair("deals", "deal", 1).replace("[[pair]]", "[pair]").replace("[[pair.field]]", "[pair.field]");
    let told = errors(with(&text));
    assert!(told.iter().any(|error| error.what.contains("`pair` is a list of tables")), "{told:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_sound_file_that_was_changed_anywhere_is_read_or_refused_with_a_line_of_it(
        at in any::<prop::sample::Index>(), cut in 0usize..40, put in "\\PC{0,12}|\n|\\[|\"|= 9{1,25}|\\{ env = ",
    ) {
        let text: Vec<char> = EXAMPLE.chars().collect();
        let at = at.index(text.len());
        let end = (at + cut).min(text.len());
        let text: String = text[..at].iter().copied().chain(put.chars()).chain(text[end..].iter().copied()).collect();
        if let Err(errors) = parse(&text) {
            prop_assert!(!errors.0.is_empty());
            for error in &errors.0 {
                prop_assert!(error.line >= 1 && error.line <= text.lines().count() + 1, "{errors}");
            }
        }
    }

    #[test]
    fn no_text_breaks_the_reader_and_every_problem_is_in_a_line_of_it(
        lines in prop::collection::vec(
            "(\\[(crm|notion|timing|inlet|log|x)\\]|\\[\\[pair(\\.field)?\\]\\]|[a-z_]{1,12} = (\"\\PC{0,12}\"|[0-9]{1,20}|true|\\{ env = \"X\" \\})|(dir|keep_days|form|listen|journal_mib|probe_schedule) = (\"\"|-1|\\[\\]|\"\\PC{0,6}\")|\\PC{0,30})",
            0..14,
        ),
    ) {
        let text = lines.join("\n");
        let Err(errors) = parse(&text) else { return Err(TestCaseError::fail("both connections are missing")) };
        prop_assert!(!errors.0.is_empty());
        for error in &errors.0 {
            prop_assert!(error.line >= 1 && error.line <= text.lines().count() + 1, "{errors}");
        }
    }

    #[test]
    fn a_damaged_file_is_told_within_its_lines(
        from in 0..EXAMPLE.len(), cut in 0usize..200, put in "[\\[\\]{}=\"'#é\r\n\ta-z0-9]{0,6}"
    ) {
        let mut text = EXAMPLE.to_owned();
        text.replace_range(from..(from + cut).min(EXAMPLE.len()), &put);
        if let Err(errors) = parse(&text) {
            prop_assert!(!errors.0.is_empty());
            for error in &errors.0 {
                prop_assert!(error.line >= 1 && error.line <= text.lines().count() + 1);
                prop_assert!(error.to_string().contains('^'));
            }
        }
    }
}
