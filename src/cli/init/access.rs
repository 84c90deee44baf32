//! Both connections: where their secrets are, and whether they open anything.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::ValueEnum;

use crate::config::{CrmPlan, NotionPlan, Revealed, Secret, is_secret_name};
use crate::remote::{RemoteErrorKind, System};
use crate::seam::Secrets;

use super::super::failure::Failure;
use super::super::{keyring, prompt, say, wiring};

/// How often a mistyped secret may be typed again.
const TRIES: usize = 3;

/// The flags about connections.
#[derive(Debug, clap::Args)]
pub struct Flags {
    /// The environment variable with the Notion connection's token.
    #[arg(long, value_name = "VARIABLE", conflicts_with_all = ["notion_token_file", "notion_token_secret"])]
    notion_token_env: Option<String>,
    /// A file with that token.
    #[arg(long, help_heading = "Notion", value_name = "FILE", conflicts_with = "notion_token_secret")]
    notion_token_file: Option<PathBuf>,
    /// The name of that token among the sealed secrets (`crosstie secret set NAME`).
    #[arg(long, help_heading = "Notion", value_name = "NAME")]
    notion_token_secret: Option<String>,
    /// In place of Notion's own address: a stand-in, a proxy.
    #[arg(long, help_heading = "Notion", value_name = "URL")]
    notion_base_url: Option<String>,
    /// The workspace's plan, which decides the pace.
    #[arg(long, help_heading = "Notion", value_name = "PLAN", value_enum, default_value_t)]
    notion_plan: Notion,
    /// The environment variable with the URL of Bitrix24's inbound webhook.
    #[arg(long, value_name = "VARIABLE", conflicts_with_all = ["bitrix24_webhook_file", "bitrix24_webhook_secret"])]
    bitrix24_webhook_env: Option<String>,
    /// A file with that URL.
    #[arg(long, help_heading = "Bitrix24", value_name = "FILE", conflicts_with = "bitrix24_webhook_secret")]
    bitrix24_webhook_file: Option<PathBuf>,
    /// The name of that URL among the sealed secrets (`crosstie secret set NAME`).
    #[arg(long, help_heading = "Bitrix24", value_name = "NAME")]
    bitrix24_webhook_secret: Option<String>,
    /// In place of scheme, host and port of the webhook: a stand-in, a proxy.
    #[arg(long, help_heading = "Bitrix24", value_name = "URL")]
    bitrix24_base_url: Option<String>,
    /// The portal's tariff, which decides the pace.
    #[arg(long, help_heading = "Bitrix24", value_name = "PLAN", value_enum, default_value_t)]
    bitrix24_plan: Bitrix24,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Notion {
    /// Every plan but the following.
    #[default]
    Standard,
    /// Business and Enterprise.
    Business,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Bitrix24 {
    /// Every tariff but the largest.
    #[default]
    Standard,
    /// The largest.
    Enterprise,
}

/// What of the connections is no secret.
pub struct Plans {
    /// Notion's.
    pub notion: NotionPlan,
    /// The CRM's.
    pub crm: CrmPlan,
    /// In place of Notion's own address.
    pub notion_base: Option<String>,
    /// In place of the webhook's.
    pub crm_base: Option<String>,
}

impl Plans {
    /// What the flags say.
    pub fn of(flags: &Flags) -> Self {
        let base = |url: &Option<String>| url.as_ref().map(|url| url.trim_end_matches('/').to_owned());
        Self {
            notion: match flags.notion_plan {
                Notion::Standard => NotionPlan::Standard,
                Notion::Business => NotionPlan::Business,
            },
            crm: match flags.bitrix24_plan {
                Bitrix24::Standard => CrmPlan::Standard,
                Bitrix24::Enterprise => CrmPlan::Enterprise,
            },
            notion_base: base(&flags.notion_base_url),
            crm_base: base(&flags.bitrix24_base_url),
        }
    }
}

/// A connection that works.
pub struct Access {
    /// Where its secret will be.
    pub secret: Secret,
    /// The secret under its name, where it was typed and is still to be sealed.
    pub typed: Option<(String, Revealed)>,
    /// The system behind it.
    pub system: Arc<dyn System>,
}

/// What is asked for, and where else it may be.
struct Wanted<'a> {
    env: &'a Option<String>,
    file: &'a Option<PathBuf>,
    sealed: &'a Option<String>,
    /// The variable that is looked at when nothing is said.
    usual: &'static str,
    /// The sealed secret's name, if it is typed.
    name: &'static str,
    flag: &'static str,
    question: &'static str,
}

/// The connection to Notion.
///
/// # Errors
/// [`Failure`]: no secret, or none that opens anything.
pub async fn notion(flags: &Flags, home: &Path, plans: &Plans) -> Result<Access, Failure> {
    let wanted = Wanted {
        env: &flags.notion_token_env,
        file: &flags.notion_token_file,
        sealed: &flags.notion_token_secret,
        usual: "CROSSTIE_NOTION_TOKEN",
        name: "notion",
        flag: "--notion-token-env VARIABLE",
        question: "Token of the Notion connection (notion.so/profile/integrations), not shown: ",
    };
    let base = plans.notion_base.as_deref().unwrap_or(wiring::NOTION);
    connected(&wanted, home, |token| wiring::notion(base, token, plans.notion.per_minute())).await
}

/// The connection to the CRM.
///
/// # Errors
/// As [`notion`].
pub async fn crm(flags: &Flags, home: &Path, plans: &Plans) -> Result<Access, Failure> {
    let wanted = Wanted {
        env: &flags.bitrix24_webhook_env,
        file: &flags.bitrix24_webhook_file,
        sealed: &flags.bitrix24_webhook_secret,
        usual: "CROSSTIE_BITRIX24_WEBHOOK",
        name: "bitrix24",
        flag: "--bitrix24-webhook-env VARIABLE",
        question: "URL of the Bitrix24 inbound webhook (https://…/rest/1/…/), not shown: ",
    };
    connected(&wanted, home, |webhook| {
        let webhook = wiring::rebased(webhook, plans.crm_base.as_deref());
        wiring::bitrix24(&webhook, wiring::crm_pace(plans.crm)).map(|it| it as Arc<dyn System>)
    })
    .await
}

async fn connected(
    wanted: &Wanted<'_>,
    home: &Path,
    system: impl Fn(&str) -> Result<Arc<dyn System>, Failure>,
) -> Result<Access, Failure> {
    // What an earlier run has kept may have been withdrawn since: then another one is asked for.
    let mut past_kept = false;
    for tried in 1.. {
        let Given { secret, value, is_kept } = given(wanted, home, past_kept)?;
        let is_typed = secret.is_none();
        let stale = is_kept && prompt::can_ask();
        let again = stale || (is_typed && tried < TRIES);
        let mut once_more = |why: String| {
            past_kept |= stale;
            match stale {
                true => say(&format!("The secret `{}` that is kept here opens nothing any more: {why}", wanted.name)),
                false => say(&format!("{why}. Once more:")),
            }
        };
        let system = match system(value.expose()) {
            Ok(system) => system,
            Err(failure) if again => {
                once_more(failure.to_string());
                continue;
            }
            Err(failure) => return Err(failure),
        };
        match system.identity().await {
            Ok(who) => {
                let name = system.capabilities().name;
                say(&format!("{name} lets us in: we are {}.", super::super::table::plain(&who.name)));
                let typed = is_typed.then(|| (wanted.name.to_owned(), value));
                return Ok(Access { secret: secret.unwrap_or(Secret::Sealed(wanted.name.into())), typed, system });
            }
            Err(error) if again && error.kind != RemoteErrorKind::Unavailable => once_more(error.to_string()),
            Err(error) => {
                let name = system.capabilities().name;
                return Err(Failure::unreachable(format!(
                    "{name}: {error}; give the right secret ({}), and check address and network",
                    wanted.flag
                )));
            }
        }
    }
    Err(Failure::running("nobody could be let in".to_owned()))
}

/// A secret, and where it is; nowhere where it was typed.
struct Given {
    secret: Option<Secret>,
    value: Revealed,
    /// Nobody named it: it was there from an earlier run.
    is_kept: bool,
}

/// The secret; one that is kept is left out of account where it was found to open nothing.
fn given(wanted: &Wanted<'_>, home: &Path, past_kept: bool) -> Result<Given, Failure> {
    let usual = std::env::var_os(wanted.usual).is_some_and(|value| !value.is_empty());
    let sealed = |name: &str| {
        let vault = keyring::vault(home).map_err(|error| error.to_string())?;
        vault.get(name).map_err(|error| error.to_string())
    };
    // Sealed by an earlier run, or by hand.
    let kept = || !past_kept && home.join("secrets.bin").is_file() && matches!(sealed(wanted.name), Ok(Some(_)));
    let mut is_kept = false;
    let secret = match (wanted.env, wanted.file, wanted.sealed) {
        (Some(name), ..) => Secret::Env(name.clone()),
        (_, Some(path), _) => Secret::File(super::whole(path)?),
        (_, _, Some(name)) if !is_secret_name(name) => {
            return Err(Failure::configuration("this is no name for a sealed secret".to_owned()));
        }
        (_, _, Some(name)) => Secret::Sealed(name.clone()),
        _ if usual => Secret::Env(wanted.usual.to_owned()),
        _ if kept() => {
            is_kept = true;
            Secret::Sealed(wanted.name.to_owned())
        }
        _ if prompt::can_ask() => {
            return Ok(Given { secret: None, value: prompt::hidden(wanted.question)?, is_kept });
        }
        _ => {
            return Err(Failure::configuration(format!(
                "nothing says where the secret is; put it into a variable and give `{}`, or set {}",
                wanted.flag, wanted.usual
            )));
        }
    };
    let value = secret.resolve(|name| std::env::var(name).ok(), keyring::private_text, sealed);
    let value = value.map_err(|error| Failure::configuration(format!("{}: {error}", wanted.flag)))?;
    Ok(Given { secret: Some(secret), value, is_kept })
}
