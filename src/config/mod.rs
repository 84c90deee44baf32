//! What the operator configures: one TOML file with two connections, the timing, the inlet, the notices, the log and the pairs.
//!
//! Parsing only: text in, [`Config`] or every problem found out. Nothing here opens a file, reads an environment variable
//! or asks a remote system; `cli` does that and hands the contents in ([`locate()`] looks whether a file is there, no
//! more). Secrets are never in the file: it names where they are, and neither a message nor a `Debug` ever shows one.

mod connections;
mod error;
mod inlet;
mod locate;
mod log;
mod notices;
mod pairs;
mod read;
mod secret;
mod timing;

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

pub use connections::{
    AUTHORIZATION_SERVER, CrmAccess, CrmApplication, CrmConnection, CrmPlan, NotionConnection, NotionPlan, SYSTEMS,
    plain_host,
};
pub use error::{ConfigError, ConfigErrors};
pub use inlet::InletSettings;
pub use locate::{FILE_NAME, locate};
pub use log::{LogForm, LogSettings};
pub use notices::{NoticeSettings, TOPICS};
pub use pairs::data_source_id;
pub use secret::{Secret, is_secret_name, is_variable};
pub use timing::{Timing, parse_duration, show_duration};

use crate::mapping::PairSpec;
pub use crate::model::Revealed;
use crate::model::{FieldKey, PairName};
use read::Reader;

/// A complete, commented configuration.
pub const EXAMPLE: &str = include_str!("example.toml");

/// The template that the example speaks of: the sections of a deal's page.
pub const EXAMPLE_TEMPLATE: &str = include_str!("deal.md");

/// How much of a file that the configuration names has to be read to know that it is too large.
pub const FILE_ENOUGH: usize = pairs::TEMPLATE_BYTES + 1;

/// Reads the beginning of a file that the configuration names, [`FILE_ENOUGH`] of it.
pub type Files<'a> = &'a dyn Fn(&Path) -> io::Result<Vec<u8>>;

/// The name of a workspace whose file is called as every file is, which tells nothing.
const PLAIN: &str = "crosstie";

/// Letters of a workspace's name at most: it stands in a line of the dashboard beside the figures.
const NAME_LETTERS: usize = 32;

/// Which keys the dashboard listens to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keymap {
    /// One that is compiled in: `default`, `vim` or `emacs`.
    Preset(String),
    /// A file of the operator's own.
    File(PathBuf),
}

/// The keymaps that are compiled in.
pub const KEYMAPS: [&str; 3] = ["default", "vim", "emacs"];

/// The dashboard's sets of colours.
pub const THEMES: [&str; 5] = ["ansi", "vivid", "deuteranopia", "tritanopia", "mono"];

impl Default for Keymap {
    fn default() -> Self {
        Keymap::Preset("default".into())
    }
}

/// The configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// What the workspace is called: as the file says, or as the file itself is called.
    pub name: String,
    /// How to reach the CRM.
    pub crm: CrmConnection,
    /// How to reach Notion.
    pub notion: NotionConnection,
    /// The pairs, in the order of the file; never empty.
    pub pairs: Vec<PairSpec>,
    /// How often and how patiently.
    pub timing: Timing,
    /// Where the store and the journal lie; `None` for the platform's place. Relative paths count from the file.
    pub state_dir: Option<PathBuf>,
    /// The dashboard's keys.
    pub keymap: Keymap,
    /// The dashboard's colours, by name.
    pub theme: Option<String>,
    /// What comes in by HTTP; `None` for nothing.
    pub inlet: Option<InletSettings>,
    /// Who is told what waits; `None` for nobody.
    pub notices: Option<NoticeSettings>,
    /// Where the daemon's log goes.
    pub log: LogSettings,
    lines: BTreeMap<(PairName, Option<FieldKey>), usize>,
    places: BTreeMap<&'static str, usize>,
}

impl Config {
    /// Reads a configuration. `path` is where the text comes from: for messages, and for relative paths in it.
    ///
    /// # Errors
    /// Every problem that was found, in the order of the file.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigErrors> {
        Self::parse_with(text, path, &|_| Err(io::Error::other("no file is read here")))
    }

    /// The same with the files that the configuration names: the templates of pages.
    ///
    /// # Errors
    /// Every problem that was found, in the order of the file.
    pub fn parse_with(text: &str, path: &Path, files: Files<'_>) -> Result<Self, ConfigErrors> {
        let (root, broken) = toml::de::DeTable::parse_recoverable(text);
        let mut reader = Reader::new(text, path, files);
        for error in &broken {
            reader.refuse(error.span().unwrap_or(0..0), format!("this is no TOML: {}", error.message()), "");
        }
        if !broken.is_empty() {
            return Err(reader.finish());
        }
        let mut top = reader.section("the configuration", root.get_ref(), 0..0);
        let crm = connections::crm(&mut reader, &mut top);
        let notion = connections::notion(&mut reader, &mut top);
        // A webhook's address is a secret that is not read here; whose Notion is a pretend one has a pretend portal too.
        let pretend = notion.as_ref().and_then(|it| it.base_url.as_deref()).is_some_and(connections::is_on_this_host);
        let timing = timing::read(&mut reader, &mut top, pretend);
        let (pairs, lines) = pairs::read(&mut reader, &mut top);
        let mut places = BTreeMap::new();
        let said = reader.text(&mut top, "name");
        if let Some((_, span)) = &said {
            places.insert("name", reader.line(span));
        }
        let name = name(&mut reader, said, path);
        let state_dir = reader.text(&mut top, "state_dir").map(|(dir, span)| {
            places.insert("state_dir", reader.line(&span));
            reader.beside(&dir)
        });
        let keymap = keymap(&mut reader, &mut top);
        let theme = theme(&mut reader, &mut top);
        let inlet = inlet::read(&mut reader, &mut top).map(|(settings, line)| {
            places.insert("listen", line);
            settings
        });
        let notices = notices::read(&mut reader, &mut top);
        let log = log::read(&mut reader, &mut top);
        reader.done(top);
        let errors = reader.finish();
        match (crm, notion) {
            (Some(crm), Some(notion)) if errors.is_empty() => Ok(Self {
                name,
                crm,
                notion,
                pairs,
                timing,
                state_dir,
                keymap,
                theme,
                inlet,
                notices,
                log,
                lines,
                places,
            }),
            _ => Err(errors),
        }
    }

    /// The line, from 1, on which a pair, or one of its fields, begins: for problems that only the schemas show.
    pub fn line_of(&self, pair: &PairName, field: Option<&FieldKey>) -> Option<usize> {
        self.lines.get(&(pair.clone(), field.cloned())).copied()
    }

    /// The line on which something of the whole workspace is said: `state_dir`, or the inlet's `listen`.
    pub fn line_of_key(&self, key: &str) -> Option<usize> {
        self.places.get(key).copied()
    }

    /// The name, where it tells more than that this is crosstie.
    pub fn own_name(&self) -> &str {
        if self.name == PLAIN { "" } else { &self.name }
    }

    /// Every secret that it names, with the key under which it does.
    pub fn secrets(&self) -> Vec<(&'static str, &Secret)> {
        let mut named = vec![("[notion] token", &self.notion.token)];
        named.push(match &self.crm.access {
            CrmAccess::Webhook(webhook) => ("[crm] webhook", webhook),
            CrmAccess::Application(application) => ("[crm] oauth client_secret", &application.client_secret),
        });
        if let Some(inlet) = &self.inlet {
            let more = [("[inlet] admin_token", &inlet.admin_token), ("[inlet] crm_token", &inlet.crm_token)];
            named.extend(more.into_iter().filter_map(|(key, secret)| secret.as_ref().map(|secret| (key, secret))));
        }
        named.extend(self.notices.iter().filter_map(|it| Some(("[notices] slack", it.slack.as_ref()?))));
        named
    }

    /// A pair by its name.
    pub fn pair(&self, name: &PairName) -> Option<&PairSpec> {
        self.pairs.iter().find(|pair| pair.name == *name)
    }
}

fn name(reader: &mut Reader<'_>, said: Option<(String, Range<usize>)>, path: &Path) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.' | ' ');
    let Some((name, span)) = said else {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let name: String = stem.chars().filter(|letter| plain(*letter)).take(NAME_LETTERS).collect();
        return if name.trim().is_empty() { PLAIN.to_owned() } else { name.trim().to_owned() };
    };
    if !name.chars().all(plain) || name.chars().count() > NAME_LETTERS {
        let mend = format!("use letters, digits, spaces and `-_.`, {NAME_LETTERS} at most");
        reader.refuse(span, "`name` is no name for a workspace", mend);
    }
    name.trim().to_owned()
}

fn keymap(reader: &mut Reader<'_>, top: &mut read::Section<'_>) -> Keymap {
    let Some((name, span)) = reader.text(top, "keymap") else { return Keymap::default() };
    if name.ends_with(".toml") || name.contains('/') {
        return Keymap::File(reader.beside(&name));
    }
    if !KEYMAPS.contains(&name.as_str()) {
        let hint = crate::mapping::near::hint(&name, KEYMAPS);
        reader.refuse(
            span,
            format!("there is no keymap `{name}`{hint}"),
            format!("use {}, or the path of a file that ends in .toml", read::one_of(&KEYMAPS)),
        );
    }
    Keymap::Preset(name)
}

fn theme(reader: &mut Reader<'_>, top: &mut read::Section<'_>) -> Option<String> {
    let (name, span) = reader.text(top, "theme")?;
    if !THEMES.contains(&name.as_str()) {
        let hint = crate::mapping::near::hint(&name, THEMES);
        reader.refuse(span, format!("there is no theme `{name}`{hint}"), format!("use {}", read::one_of(&THEMES)));
    }
    Some(name)
}
