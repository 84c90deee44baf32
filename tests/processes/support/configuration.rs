//! Configurations for the pretend office.

use std::path::PathBuf;

use super::program::Home;
use super::worlds::Worlds;

/// Everything quicker than in earnest, so that a test sees the end of it. The sweep finds what was edited in Notion's
/// current minute.
pub const QUICK: &str = r#"
[timing]
notion_poll = "1s"
crm_poll = "1s"
sweep_every = "3s"
quiet_text = "1s"
quiet_new_page = "1s"
max_deferral = "5s"
hot_lag = "1s"
probe_schedule = ["1s", "2s", "4s"]
settle_unknown_update = "2s"
"#;

/// The two pairs of the pretend office, with every field that both sides have.
const PAIRS: &str = r#"
[[pair]]
name = "contacts"
crm = "contact"
data_source = "{contacts}"
match_by = ["EMAIL"]
create = "both"

[[pair.field]]
crm = "FULL_NAME"
notion = "Name"

[[pair.field]]
crm = "EMAIL"
notion = "Email"

[[pair.field]]
crm = "PHONE"
notion = "Phone"

[[pair]]
name = "deals"
crm = "deal"
data_source = "{projects}"
match_by = ["TITLE"]
create = "both"

[[pair.field]]
crm = "TITLE"
notion = "Name"

[[pair.field]]
crm = "STAGE_ID"
notion = "Status"
values = { NEW = "New", PREPARATION = "Documents prepared", PREPAYMENT_INVOICE = "Prepayment", EXECUTING = "In progress", FINAL_INVOICE = "Final invoice", WON = "Won", LOSE = "Lost" }

[[pair.field]]
crm = "OPPORTUNITY"
notion = "Amount"

[[pair.field]]
crm = "ASSIGNED_BY_ID"
notion = "Responsible"

[[pair.field]]
crm = "COMPANY_ID.TITLE"
notion = "Company"
direction = "crm-to-notion"

[[pair.field]]
crm = "DATE_CREATE"
notion = "Creation Date"
direction = "crm-to-notion"

[[pair.field]]
crm = "UF_CRM_DEADLINE"
notion = "Deadline"

[[pair.field]]
crm = "CONTACT_IDS"
notion = "Contacts"
relation = "contacts"

[[pair.field]]
crm = "COMMENTS"
notion = "Notes"
"#;

/// Both connections, with the secrets in the usual variables.
pub fn connections(worlds: &Worlds) -> String {
    let notion = worlds.notion.said("base_url");
    format!(
        r#"state_dir = "state"

[crm]
system = "bitrix24"
webhook = {{ env = "CROSSTIE_BITRIX24_WEBHOOK" }}
plan = "enterprise"

[notion]
token = {{ env = "CROSSTIE_NOTION_TOKEN" }}
plan = "business"
base_url = "{notion}"
"#
    )
}

/// The id of one of the office's data sources.
pub fn data_source(worlds: &Worlds, title: &str) -> String {
    worlds.notion.hello["data_sources"][title].as_str().unwrap().to_owned()
}

/// The pretend office's whole configuration.
pub fn office(worlds: &Worlds) -> String {
    let pairs = PAIRS.replace("{contacts}", &data_source(worlds, "Contacts"));
    let pairs = pairs.replace("{projects}", &data_source(worlds, "Projects"));
    format!("{}{QUICK}{pairs}", connections(worlds))
}

/// Writes it to where the program looks for it.
pub fn write(home: &Home, text: &str) -> PathBuf {
    home.write("crosstie.toml", text)
}

/// A configuration of an application that `installed` names, in place of the webhook's.
pub fn as_application(home: &mut Home, worlds: &Worlds, installed: &serde_json::Value, text: &str) -> String {
    let said = |key: &str| installed[key].as_str().unwrap().to_owned();
    let application = format!(
        "oauth = {{ client_id = \"{}\", client_secret = {{ env = \"CROSSTIE_BITRIX24_CLIENT_SECRET\" }}, portal = \
         \"crosstie.bitrix24.com\" }}\nbase_url = \"{}\"",
        said("client_id"),
        worlds.crm.said("base_url")
    );
    home.env.remove("CROSSTIE_BITRIX24_WEBHOOK");
    home.env.insert("CROSSTIE_BITRIX24_CLIENT_SECRET".into(), said("client_secret"));
    home.secrets.extend(["client_secret", "application_token"].map(said));
    let changed = text.replace("webhook = { env = \"CROSSTIE_BITRIX24_WEBHOOK\" }", &application);
    assert!(changed.contains("oauth"), "{changed}");
    changed
}
