//! Both connections: where their secrets are, and whether they open anything.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::ValueEnum;

use crate::config::{
    AUTHORIZATION_SERVER, CrmApplication, CrmPlan, NotionPlan, Revealed, Secret, is_secret_name, is_variable,
    plain_host,
};
use crate::remote::{RemoteErrorKind, System};
use crate::seam::Secrets;

use super::super::failure::Failure;
use super::super::{authorize, keyring, prompt, say, wiring};

/// How often a mistyped secret may be typed again.
const TRIES: usize = 3;
/// What is typed in place of a webhook's address by whoever has an application.
const APPLICATION: &str = "app";

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
    /// In place of the webhook: the client id of a local application (local.…).
    #[arg(long, help_heading = "Bitrix24", value_name = "ID", requires = "bitrix24_portal",
        conflicts_with_all = ["bitrix24_webhook_env", "bitrix24_webhook_file", "bitrix24_webhook_secret"])]
    bitrix24_client_id: Option<String>,
    /// The portal of that application.
    #[arg(long, help_heading = "Bitrix24", value_name = "HOST", requires = "bitrix24_client_id")]
    bitrix24_portal: Option<String>,
    /// The environment variable with that application's client secret.
    #[arg(long, help_heading = "Bitrix24", value_name = "VARIABLE", requires = "bitrix24_client_id",
        conflicts_with_all = ["bitrix24_client_secret_file", "bitrix24_client_secret_secret"])]
    bitrix24_client_secret_env: Option<String>,
    /// A file with that client secret.
    #[arg(
        long,
        help_heading = "Bitrix24",
        value_name = "FILE",
        requires = "bitrix24_client_id",
        conflicts_with = "bitrix24_client_secret_secret"
    )]
    bitrix24_client_secret_file: Option<PathBuf>,
    /// The name of that client secret among the sealed secrets.
    #[arg(long, help_heading = "Bitrix24", value_name = "NAME", requires = "bitrix24_client_id")]
    bitrix24_client_secret_secret: Option<String>,
    /// The code that lets the application in, or the whole address that the browser was sent to; otherwise it is asked for,
    /// unless tokens are sealed already. Other users of this machine may see it, for the half minute that it is good for.
    #[arg(long, help_heading = "Bitrix24", value_name = "CODE|URL", requires = "bitrix24_client_id")]
    bitrix24_code: Option<String>,
    /// In place of scheme, host and port of the portal: a stand-in, a proxy.
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
    /// The application that the secret is of, if it is one's.
    pub application: Option<Known>,
    /// The system behind it.
    pub system: Arc<dyn System>,
}

/// An application of a portal.
pub struct Known {
    /// Its client id.
    pub client_id: String,
    /// The portal's host.
    pub portal: String,
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
    /// The word that is typed in its place by whoever has another way in.
    other: Option<&'static str>,
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
        other: None,
    };
    let base = plans.notion_base.as_deref().unwrap_or(wiring::NOTION);
    let access = connected(&wanted, home, |token| wiring::notion(base, token, plans.notion.per_minute())).await?;
    access.ok_or_else(nobody)
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
        question: "URL of the Bitrix24 inbound webhook (https://…/rest/1/…/), not shown, or `app` for an application: ",
        other: Some(APPLICATION),
    };
    if flags.bitrix24_client_id.is_some() {
        return application(flags, home, plans).await;
    }
    let access = connected(&wanted, home, |webhook| {
        let webhook = wiring::rebased(webhook, plans.crm_base.as_deref());
        wiring::bitrix24(&webhook, wiring::crm_pace(plans.crm)).map(|it| it as Arc<dyn System>)
    });
    match access.await? {
        Some(access) => Ok(access),
        None => application(flags, home, plans).await,
    }
}

/// The CRM as a local application, which is let in if it was not before.
async fn application(flags: &Flags, home: &Path, plans: &Plans) -> Result<Access, Failure> {
    let asked = |flag: &Option<String>, question: &str| match flag {
        Some(text) => Ok(text.trim().to_owned()),
        None => prompt::line(question),
    };
    let client_id = asked(&flags.bitrix24_client_id, "Client id of the local application (local.…): ")?;
    let portal = asked(&flags.bitrix24_portal, "Its portal (example.bitrix24.com): ")?;
    let portal = plain_host(&portal).filter(|_| !client_id.is_empty()).ok_or_else(|| {
        Failure::configuration(
            "an application has a client id and a portal: `--bitrix24-client-id local.…`, `--bitrix24-portal \
             example.bitrix24.com`"
                .to_owned(),
        )
    })?;
    let wanted = Wanted {
        env: &flags.bitrix24_client_secret_env,
        file: &flags.bitrix24_client_secret_file,
        sealed: &flags.bitrix24_client_secret_secret,
        usual: "CROSSTIE_BITRIX24_CLIENT_SECRET",
        name: "bitrix24-client",
        flag: "--bitrix24-client-secret-env VARIABLE",
        question: "Its client secret, not shown: ",
        other: None,
    };
    let Given { secret, value, .. } = given(&wanted, home, false)?;
    let typed = secret.is_none().then(|| (wanted.name.to_owned(), value.clone()));
    let secret = secret.unwrap_or(Secret::Sealed(wanted.name.into()));
    let known = CrmApplication {
        client_id: client_id.clone(),
        client_secret: secret.clone(),
        portal: portal.clone(),
        hosts: Vec::new(),
        server: AUTHORIZATION_SERVER.to_owned(),
    };
    let base = plans.crm_base.as_deref();
    let session = super::super::application::open(&known, value, base, keyring::vault(home)?);
    let system = wiring::by_application(session.clone(), wiring::crm_pace(plans.crm));
    let code = flags.bitrix24_code.clone().map(Revealed::new);
    // An earlier run, or the portal's own call, may have let it in.
    let is_in = code.is_none() && system.identity().await.is_ok();
    if !is_in {
        if code.is_none() && !prompt::can_ask() {
            return Err(Failure::configuration(
                "nobody has let the application in yet: give the code by `--bitrix24-code`, or run this at a terminal, which \
                 prints the address to open"
                    .to_owned(),
            ));
        }
        let hosts = super::super::application::hosts(&known, base);
        authorize::let_in(&session, &hosts, &client_id, code).await?;
    }
    let who = system.identity().await.map_err(|error| Failure::unreachable(format!("Bitrix24: {error}")))?;
    say(&format!("Bitrix24 lets us in as an application: we are {}.", super::super::table::plain(&who.name)));
    Ok(Access { secret, typed, application: Some(Known { client_id, portal }), system: Arc::new(system) })
}

/// The connection with the first secret that opens it; none where another way in was typed.
async fn connected(
    wanted: &Wanted<'_>,
    home: &Path,
    system: impl Fn(&str) -> Result<Arc<dyn System>, Failure>,
) -> Result<Option<Access>, Failure> {
    // What an earlier run has kept may have been withdrawn since: then another one is asked for.
    let mut past_kept = false;
    for tried in 1.. {
        let Given { secret, value, is_kept } = given(wanted, home, past_kept)?;
        let is_typed = secret.is_none();
        if is_typed && wanted.other.is_some_and(|word| value.is(word)) {
            return Ok(None);
        }
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
                let secret = secret.unwrap_or(Secret::Sealed(wanted.name.into()));
                return Ok(Some(Access { secret, typed, application: None, system }));
            }
            // Where it is configured or sealed, the error says what to do there; here it was typed.
            Err(error) if again && is_typed && error.kind == RemoteErrorKind::Unauthorized => {
                let name = system.capabilities().name;
                once_more(format!("{name} refuses this secret; copy it as a whole from where {name} shows it"));
            }
            Err(error) if again && error.kind != RemoteErrorKind::Unavailable => once_more(error.to_string()),
            Err(error) => {
                let name = system.capabilities().name;
                let mend = match error.kind {
                    RemoteErrorKind::Unavailable => "check address and network".to_owned(),
                    _ => format!("give the right secret ({})", wanted.flag),
                };
                let with = if is_kept { format!(", with the sealed secret `{}`", wanted.name) } else { String::new() };
                return Err(Failure::unreachable(format!("{name}{with}: {error}; {mend}")));
            }
        }
    }
    Err(nobody())
}

fn nobody() -> Failure {
    Failure::running("nobody could be let in".to_owned())
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
        // It is not repeated: it may be the secret itself.
        (Some(name), ..) if !is_variable(name) => {
            return Err(Failure::configuration(format!(
                "`{}` takes the name of a variable, and this looks like something else: put the secret into a variable, and give \
                 its name",
                wanted.flag
            )));
        }
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
    let value = value.map_err(|error| {
        Failure::configuration(format!("{error}; {} names a variable, and `--help` tells the other ways", wanted.flag))
    })?;
    Ok(Given { secret: Some(secret), value, is_kept })
}
