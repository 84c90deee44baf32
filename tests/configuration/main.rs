//! The configuration: what it means, and what it is refused for, with its line and its text.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod accepted;
mod application;
mod notices;
mod refused;
mod secrets;

use std::path::Path;

use crosstie::config::{Config, ConfigErrors};

/// A CRM connection in three lines.
pub const CRM: &str = "[crm]\nsystem = \"bitrix24\"\nwebhook = { env = \"HOOK\" }\n";
/// A Notion connection in two lines.
pub const NOTION: &str = "[notion]\ntoken = { env = \"TOKEN\" }\n";

/// A pair with a title field, in the lines after its `[[pair]]`.
pub fn pair(name: &str, crm: &str, number: u8) -> String {
    format!(
        "[[pair]]\nname = \"{name}\"\ncrm = \"{crm}\"\ndata_source = \"00000000-0000-4000-8000-0000000000{number:02}\"\n\
         [[pair.field]]\ncrm = \"TITLE\"\nnotion = \"Name\"\n"
    )
}

/// Reads a text as the file `/etc/crosstie/crosstie.toml`.
pub fn parse(text: &str) -> Result<Config, ConfigErrors> {
    Config::parse(text, Path::new("/etc/crosstie/crosstie.toml"))
}

/// Both connections, then a rest; the rest begins in line 6.
pub fn with(rest: &str) -> Result<Config, ConfigErrors> {
    parse(&format!("{CRM}{NOTION}{rest}"))
}
