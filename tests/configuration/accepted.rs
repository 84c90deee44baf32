//! What a configuration means.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crosstie::config::{
    Config, CrmAccess, CrmPlan, EXAMPLE, EXAMPLE_TEMPLATE, Keymap, LogForm, LogSettings, NotionPlan, Secret, Timing,
    locate, parse_duration, show_duration,
};
use crosstie::mapping::{Create, Delete, Direction, PairMap, Policy, Problem};
use crosstie::model::{Block, BlockKind, FieldInfo, Kind, OptionInfo, Schema};

use crate::{CRM, NOTION, pair, parse, with};

#[test]
fn the_example_is_a_configuration() {
    let config = parse(EXAMPLE).unwrap_or_else(|errors| panic!("{errors}"));
    let [contacts, deals] = config.pairs.as_slice() else { panic!("two pairs") };
    assert_eq!(contacts.match_by, ["EMAIL".into(), "FULL_NAME".into()]);
    let table: Vec<(&str, &str)> =
        deals.fields.iter().map(|field| (field.crm.as_str(), field.notion.as_str())).collect();
    let expected = [
        ("TITLE", "Name"),
        ("STAGE_ID", "Status"),
        ("OPPORTUNITY", "Amount"),
        ("ASSIGNED_BY_ID", "Responsible"),
        ("COMPANY_ID.TITLE", "Company"),
        ("DATE_CREATE", "Creation Date"),
        ("CONTACT_IDS", "Contacts"),
    ];
    assert_eq!(table, expected);
    assert_eq!(deals.fields[1].values["LOSE"], "Lost");
    assert_eq!(deals.fields[4].direction, Direction::CrmToNotion);
    assert_eq!(deals.fields[6].relation, Some("contacts".into()));
    assert_eq!((contacts.create, deals.create), (Create::Both, Create::CrmToNotion));
}

#[test]
fn what_the_example_comments_out_is_valid_and_shows_the_defaults() {
    let uncommented: Vec<&str> = EXAMPLE
        .lines()
        .map(|line| match line.strip_prefix("# ").map(str::trim_start) {
            // Several forms of a secret at once would be refused, rightly.
            Some(rest) if ["{ file", "bitrix24\" }", "notion\" }"].iter().any(|form| rest.contains(form)) => line,
            Some(rest) if rest.starts_with('[') || (rest.contains(" = ") && is_key(rest)) => rest,
            _ => line,
        })
        .collect();
    let beside = |path: &Path| {
        assert_eq!(path, Path::new("/etc/crosstie/deal.md"), "it counts from the configuration");
        Ok(EXAMPLE_TEMPLATE.as_bytes().to_vec())
    };
    let text = uncommented.join("\n");
    let config = Config::parse_with(&text, Path::new("/etc/crosstie/crosstie.toml"), &beside);
    let config = config.unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(config.timing, Timing::default());
    let log = LogSettings { dir: Some("/etc/crosstie/log".into()), ..LogSettings::default() };
    assert_eq!(config.log, log);
    let (told, least) =
        (config.notices.unwrap(), with(&format!("[notices]\ncommand = [\"x\"]\n{}", pair("deals", "deal", 1))));
    let least = least.unwrap().notices.unwrap();
    assert_eq!((told.quiet, told.daily, told.command_timeout), (least.quiet, least.daily, least.command_timeout));
    assert_eq!((told.on, told.slack), (least.on, Some(Secret::Sealed("slack".into()))));
    let template = config.pairs[1].template.as_ref().unwrap();
    assert_eq!((template.name.as_str(), template.notes.len()), ("deal.md", 0));
    let headings = template.blocks.iter().filter(|block| matches!(block.kind, BlockKind::Heading(2)));
    let headings: Vec<String> = headings.map(Block::plain).collect();
    assert_eq!(headings, ["Requirements", "Deadlines", "Contacts"]);
    assert_eq!(config.pairs[0].template, None);
    assert_eq!(config.keymap, Keymap::default());
    assert_eq!((config.crm.plan, config.notion.plan), (CrmPlan::Standard, NotionPlan::Standard));
    assert_eq!(config.pairs[1].fields.len(), 11, "people with a fallback are two mappings");
    assert!(config.pairs[1].fields.iter().all(|field| !field.create_options));
    assert_eq!(config.pairs[1].fields[0].policy, Policy::Hold);
    let tasks = &config.pairs[2];
    assert_eq!((tasks.crm.as_str(), tasks.fields.len()), ("task", 5));
    assert_eq!(tasks.fields[4].relation, Some("deals".into()));
}

fn is_key(line: &str) -> bool {
    line.split(" = ").next().is_some_and(|key| key.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
}

#[test]
fn the_defaults_are_the_designs() {
    let config = with(&pair("deals", "deal", 1)).unwrap();
    let timing = &config.timing;
    let seconds = |values: &[u64]| values.iter().map(|s| Duration::from_secs(*s)).collect::<Vec<_>>();
    assert_eq!(timing.probe_schedule, seconds(&[5, 15, 45, 120, 300, 600]));
    let rest = vec![timing.quiet_text, timing.quiet_new_page, timing.max_deferral, timing.settle_unknown_update];
    assert_eq!(rest, seconds(&[20, 60, 300, 65]));
    assert!(timing.review && timing.sweep_every <= Duration::from_secs(3600));
    let pair = &config.pairs[0];
    assert_eq!((pair.create, pair.delete, pair.marker.as_str()), (Create::None, Delete::Untie, "CRM ID"));
    assert!(!pair.fields[0].create_options, "options are created where an operator says so");
    assert_eq!(config.notion.plan.per_minute(), 180);
    assert_eq!((config.state_dir, config.keymap), (None, Keymap::Preset("default".into())));
}

#[test]
fn a_workspace_is_called_as_it_says_or_as_its_file_and_tells_where_its_places_are_named() {
    let rest = format!("[inlet]\nlisten = \"127.0.0.1:1\"\n{}", pair("deals", "deal", 1));
    let named = parse(&format!("name = \"Acme No. 1\"\nstate_dir = \"s\"\n{CRM}{NOTION}{rest}")).unwrap();
    assert_eq!((named.name.as_str(), named.own_name()), ("Acme No. 1", "Acme No. 1"));
    assert_eq!(["name", "state_dir", "listen"].map(|key| named.line_of_key(key)), [Some(1), Some(2), Some(9)]);
    let text = format!("{CRM}{NOTION}{rest}");
    let by_file = |path: &str| Config::parse(&text, Path::new(path)).unwrap();
    assert_eq!(by_file("/etc/crosstie/hall.toml").name, "hall");
    let plain = by_file("/etc/crosstie/crosstie.toml");
    assert_eq!((plain.name.as_str(), plain.own_name()), ("crosstie", ""), "its file's usual name tells nothing");
    assert_eq!(plain.line_of_key("state_dir"), None);
}

#[test]
fn everything_can_be_said() {
    let text = r#"
        state_dir = "state"
        keymap = "keys/mine.toml"
        [crm]
        system = "bitrix24"
        webhook = { file = "hook" }
        base_url = "http://127.0.0.1:9/"
        plan = "enterprise"
        [notion]
        token = { file = "/run/token" }
        plan = "business"
        [timing]
        notion_poll = "1m 30s"
        probe_schedule = ["1s", "1m"]
        review = false
        [inlet]
        listen = "[::1]:9000"
        admin_token = { file = "admin" }
        crm_token = { env = "CRM" }
        offline_events = true
        public_url = "https://sync.example:8443/"
        [log]
        form = "json"
        dir = "log"
        keep_days = 30
        [[pair]]
        name = "deals"
        crm = "deal"
        data_source = "0000000000004000800000000000ABCD"
        marker = "Key"
        create = "notion-to-crm"
        delete = "propagate"
        [[pair.field]]
        crm = "TITLE"
        notion = "Name"
        policy = "newest"
        direction = "notion-to-crm"
        create_options = true
    "#;
    let config = parse(text).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(config.state_dir, Some(PathBuf::from("/etc/crosstie/state")));
    assert_eq!(config.keymap, Keymap::File("/etc/crosstie/keys/mine.toml".into()));
    assert_eq!(config.crm.access, CrmAccess::Webhook(Secret::File("/etc/crosstie/hook".into())));
    assert_eq!(config.notion.token, Secret::File("/run/token".into()));
    assert_eq!(config.crm.base_url.as_deref(), Some("http://127.0.0.1:9"));
    assert_eq!((config.crm.plan, config.notion.plan.per_minute()), (CrmPlan::Enterprise, 600));
    assert_eq!(config.timing.notion_poll, Duration::from_secs(90));
    assert_eq!(config.timing.probe_schedule, [Duration::from_secs(1), Duration::from_secs(60)]);
    assert!(!config.timing.review);
    let log = LogSettings { form: LogForm::Json, dir: Some("/etc/crosstie/log".into()), keep: 30 };
    assert_eq!(config.log, log);
    let inlet = config.inlet.clone().unwrap();
    assert_eq!((inlet.listen.to_string().as_str(), inlet.offline_events), ("[::1]:9000", true));
    assert_eq!(inlet.public_url.as_deref(), Some("https://sync.example:8443"));
    assert_eq!(inlet.admin_token, Some(Secret::File("/etc/crosstie/admin".into())));
    assert_eq!(inlet.crm_token, Some(Secret::Env("CRM".into())));
    let pair = config.pair(&"deals".into()).unwrap();
    assert_eq!(pair.data_source, "00000000-0000-4000-8000-00000000abcd");
    assert_eq!((pair.marker.as_str(), pair.create, pair.delete), ("Key", Create::NotionToCrm, Delete::Propagate));
    assert!(pair.fields[0].create_options);
    assert_eq!((pair.fields[0].policy, pair.fields[0].direction), (Policy::Newest, Direction::NotionToCrm));
}

#[test]
fn nothing_listens_unless_it_is_asked_for_and_then_on_this_host() {
    let pairs = pair("deals", "deal", 1);
    assert_eq!(with(&pairs).unwrap().inlet, None);
    let inlet = with(&format!("[inlet]\n{pairs}")).unwrap().inlet.unwrap();
    assert_eq!(
        (inlet.listen.to_string().as_str(), inlet.allow_public, inlet.offline_events),
        ("127.0.0.1:8787", false, false)
    );
    let public =
        with(&format!("[inlet]\nallow_public = true\nlisten = \"0.0.0.0:80\"\n{pairs}")).unwrap().inlet.unwrap();
    assert!(public.allow_public && public.listen.to_string() == "0.0.0.0:80");
    for wrong in
        ["http://sync.example", "sync.example", "https://", "https://a.example/path", "https://me:key@a.example"]
    {
        let refused = with(&format!("[inlet]\npublic_url = \"{wrong}\"\n{pairs}")).unwrap_err().to_string();
        assert!(refused.contains("no address that a portal could call"), "{wrong}: {refused}");
    }
}

#[test]
fn a_problem_found_later_still_finds_its_line() {
    let config = with(&format!("{}\n{}", pair("contacts", "contact", 1), pair("deals", "deal", 2))).unwrap();
    assert_eq!(config.line_of(&"contacts".into(), None), Some(6));
    assert_eq!(config.line_of(&"contacts".into(), Some(&"TITLE".into())), Some(10));
    assert_eq!(config.line_of(&"deals".into(), Some(&"TITLE".into())), Some(18));
    assert_eq!(config.line_of(&"deals".into(), Some(&"OTHER".into())), None);
}

#[test]
fn durations_are_read_as_they_are_shown() {
    for text in ["0s", "500ms", "20s", "2m", "1m 30s", "1h", "2d 3h 4m 5s 6ms"] {
        assert_eq!(show_duration(parse_duration(text).unwrap()), text);
    }
    assert_eq!(parse_duration("1m30s").unwrap(), Duration::from_secs(90));
    assert_eq!(parse_duration("90 s").unwrap(), Duration::from_secs(90));
    for text in
        ["", "20", "s", "1.5s", "-1s", "1s 1m", "1m 1m", "99999999999999999999s", "18446744073709551615d", "1 h2"]
    {
        assert!(parse_duration(text).is_err(), "{text}");
    }
}

#[test]
fn the_file_is_found_in_the_working_folder_then_in_the_users() {
    let (cwd, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let find = |explicit: Option<&str>| locate(explicit.map(Path::new), cwd.path(), home.path());
    assert_eq!(find(None), None);
    let users = home.path().join("crosstie/crosstie.toml");
    std::fs::create_dir(home.path().join("crosstie")).unwrap();
    std::fs::write(&users, "").unwrap();
    assert_eq!(find(None), Some(users));
    let local = cwd.path().join("crosstie.toml");
    std::fs::write(&local, "").unwrap();
    assert_eq!(find(None), Some(local));
    // One that was named is never replaced by another, even if it is missing.
    assert_eq!(find(Some("other.toml")), Some(cwd.path().join("other.toml")));
    assert_eq!(find(Some("/a.toml")), Some("/a.toml".into()));
}

#[test]
fn a_configuration_shows_where_secrets_are_and_no_more() {
    let config: Config = with(&pair("deals", "deal", 1)).unwrap();
    assert!(format!("{config:?}").contains("Env(\"TOKEN\")"));
}

fn info(kind: Kind, writable: bool, options: &[&str], target: Option<&str>) -> FieldInfo {
    FieldInfo {
        id: "id".into(),
        label: "label".into(),
        native_type: kind.as_str().into(),
        kinds: if kind == Kind::DateTime { vec![Kind::DateTime, Kind::Date] } else { vec![kind] },
        writable,
        multiple: kind == Kind::Relation,
        options: options.iter().map(|id| OptionInfo { id: (*id).into(), label: (*id).into(), stable: None }).collect(),
        empty_is: None,
        target: target.map(Into::into),
        far_end: None,
        within: None,
    }
}

/// The deal table as Bitrix24 and a Notion database have it.
fn compile_deals(config: &Config) -> Result<PairMap, Vec<Problem>> {
    let schema = |fields: Vec<(&str, FieldInfo)>| Schema {
        title: "Deals".into(),
        fields: fields.into_iter().map(|(name, info)| (name.into(), info)).collect(),
        ours: Default::default(),
    };
    let stages = ["NEW", "PREPARATION", "PREPAYMENT_INVOICE", "EXECUTING", "FINAL_INVOICE", "WON", "LOSE"];
    let statuses = ["New", "Qualified", "Invoice", "In progress", "Final invoice", "Won", "Lost"];
    let crm = schema(vec![
        ("TITLE", info(Kind::Text, true, &[], None)),
        ("STAGE_ID", info(Kind::Status, true, &stages, None)),
        ("OPPORTUNITY", info(Kind::Number, true, &[], None)),
        ("ASSIGNED_BY_ID", info(Kind::People, true, &[], None)),
        ("COMPANY_ID.TITLE", info(Kind::Text, false, &[], None)),
        ("DATE_CREATE", info(Kind::DateTime, false, &[], None)),
        ("CONTACT_IDS", info(Kind::Relation, true, &[], Some("contact"))),
    ]);
    let contacts = config.pairs[0].data_source.as_str();
    let notion = schema(vec![
        ("Name", info(Kind::Title, true, &[], None)),
        ("Status", info(Kind::Status, true, &statuses, None)),
        ("Amount", info(Kind::Number, true, &[], None)),
        ("Responsible", info(Kind::People, true, &[], None)),
        ("Company", info(Kind::Text, true, &[], None)),
        ("Creation Date", info(Kind::DateTime, true, &[], None)),
        ("Contacts", info(Kind::Relation, true, &[], Some(contacts))),
        ("CRM ID", info(Kind::Text, true, &[], None)),
    ]);
    PairMap::compile(&config.pairs[1], &crm, &notion, &config.pairs)
}

#[test]
fn the_examples_deal_table_works_as_shipped() {
    let config = parse(EXAMPLE).unwrap();
    let map = compile_deals(&config).unwrap();
    assert_eq!((map.fields.len(), map.title), (7, Some("TITLE".into())));
    // And a problem that only the schemas show can be told with its line.
    let mut wrong = config.clone();
    wrong.pairs[1].fields[5].direction = Direction::Both;
    let problems = compile_deals(&wrong).unwrap_err();
    let line = config.line_of(&"deals".into(), problems[0].field.as_ref()).unwrap();
    let text: Vec<&str> = EXAMPLE.lines().collect();
    assert_eq!((text[line - 1], text[line]), ("[[pair.field]]", "crm = \"DATE_CREATE\""));
}

#[test]
fn a_pair_has_filters_in_its_systems_own_forms() {
    let filters = "crm_filter = { CATEGORY_ID = 0, \"!@STAGE_ID\" = [\"WON\", \"LOSE\"] }\n\
                   notion_filter = '{\"property\": \"Kind\", \"select\": {\"equals\": \"Client\"}}'\n";
    let text = pair("deals", "deal", 1).replace("[[pair.field]]", &format!("{filters}[[pair.field]]"));
    let config = with(&text).unwrap();
    let filters = &config.pairs[0].filters;
    assert_eq!(filters.crm, Some(serde_json::json!({"CATEGORY_ID": 0, "!@STAGE_ID": ["WON", "LOSE"]})));
    assert_eq!(filters.notion, Some(serde_json::json!({"property": "Kind", "select": {"equals": "Client"}})));
    assert_eq!(config.pairs[0].entity(crosstie::model::Side::Notion).filter, filters.notion);
    for (wrong, says) in [
        ("crm_filter = 7", "no table of conditions"),
        ("notion_filter = \"{\"", "no JSON"),
        ("crm_filter = {}", "no table"),
    ] {
        let text = pair("deals", "deal", 1).replace("[[pair.field]]", &format!("{wrong}\n[[pair.field]]"));
        let refused = with(&text).unwrap_err().to_string();
        assert!(refused.contains(says), "{refused}");
    }
}

#[test]
fn a_pair_names_its_time_zone_by_its_place() {
    let zone = |name: &str| {
        let line = format!("time_zone = \"{name}\"\n[[pair.field]]");
        with(&pair("deals", "deal", 1).replace("[[pair.field]]", &line))
    };
    let config = zone("America/New_York").unwrap();
    let zones = config.pairs[0].fields.iter().map(|field| field.zone.as_ref()?.iana_name());
    assert!(zones.into_iter().all(|zone| zone == Some("America/New_York")));
    assert_eq!(with(&pair("deals", "deal", 1)).unwrap().pairs[0].fields[0].zone, None, "none is guessed");
    let refused = zone("Berlin").unwrap_err().to_string();
    assert!(refused.contains("there is no time zone `Berlin`") && refused.contains("Europe/Berlin"), "{refused}");
}

#[test]
fn a_people_field_has_a_text_for_whom_nobody_corresponds_to() {
    let people = "[[pair.field]]\ncrm = \"ASSIGNED_BY_ID\"\nnotion = \"Who\"\n";
    let with_fallback =
        |name: &str, more: &str| with(&format!("{}{people}fallback = \"{name}\"\n{more}", pair("deals", "deal", 1)));
    let config = with_fallback("Who else", "").unwrap();
    let [_, who, else_] = &config.pairs[0].fields[..] else { panic!("three mappings") };
    assert_eq!((who.fallback.as_ref().unwrap().as_str(), who.unmatched), ("Who else", false));
    assert_eq!((else_.crm.as_str(), else_.notion.as_str(), else_.unmatched), ("ASSIGNED_BY_ID", "Who else", true));
    assert_eq!(else_.direction, Direction::CrmToNotion);
    assert_eq!(config.pairs[0].entity(crosstie::model::Side::Crm).fields.len(), 2, "read once");
    assert!(config.line_of(&"deals".into(), Some(&else_.key)).is_some());
    for (name, more, says) in [
        ("Who", "", "is mapped in line"),
        ("CRM ID", "", "the pair's marker"),
        ("Who else", "direction = \"notion-to-crm\"\n", "nothing of them goes"),
    ] {
        let refused = with_fallback(name, more).unwrap_err().to_string();
        assert!(refused.contains(says), "{refused}");
    }
    let twice = "[[pair.field]]\ncrm = \"TITLE2\"\nnotion = \"Who else\"\n";
    assert!(with_fallback("Who else", twice).unwrap_err().to_string().contains("is mapped in line"));
}
