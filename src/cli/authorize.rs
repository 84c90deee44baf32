//! `authorize`: a person lets crosstie into the CRM, once.

use std::process::ExitCode;

use crate::config::{Config, Revealed};
use crate::remote::bitrix24::oauth::{Hosts, Refused, Session, authorize_address, server};
use crate::store;

use super::failure::Failure;
use super::{application, say, wiring};

/// The arguments of `authorize`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The system to be let into.
    #[arg(value_parser = ["bitrix24"])]
    system: String,
    /// The code, or the whole address that the browser was sent to; otherwise it is asked for. Other users of this
    /// machine may see it, for the half minute that it is good for.
    #[arg(long, value_name = "CODE|URL")]
    code: Option<String>,
}

/// Exchanges a code for tokens and keeps them.
///
/// # Errors
/// [`Failure`]: no application is configured, what was pasted is no code, or the server refuses it.
pub async fn run(config: &Config, args: Args) -> Result<ExitCode, Failure> {
    let Some(known) = application::configured(config) else {
        return Err(Failure::configuration(
            "the configuration opens the CRM by a webhook, which needs no authorising; write `oauth = { client_id = \
             \"local.…\", client_secret = { env = \"…\" }, portal = \"…\" }` under [crm] in place of `webhook`"
                .into(),
        ));
    };
    let session = application::session(config, known)?;
    let hosts = application::hosts(known, config.crm.base_url.as_deref());
    let_in(&session, &hosts, &known.client_id, args.code.map(Revealed::new)).await?;
    say(&format!(
        "Bitrix24 lets crosstie in. The tokens are sealed in {}; `crosstie check` tests what they open.",
        wiring::state_dir(config)?.join("secrets.bin").display()
    ));
    Ok(ExitCode::SUCCESS)
}

/// Exchanges a code, which is asked for if nobody gave it, for tokens that are kept.
///
/// # Errors
/// [`Failure`]: what was pasted is no code, or the server refuses it.
pub async fn let_in(session: &Session, hosts: &Hosts, client_id: &str, code: Option<Revealed>) -> Result<(), Failure> {
    let (text, asked) = match code {
        Some(text) => (text, None),
        None => {
            let state = store::vault::word().map_err(|error| Failure::running(error.to_string()))?;
            let address = authorize_address(hosts, client_id, &state);
            say(&format!(
                "Open this address in a browser, signed in to Bitrix24 as the account that crosstie shall act for:\n\n  \
                 {address}\n\nIt leads to the application's own address. Paste that address here, or the code in it, \
                 within 30 seconds:"
            ));
            (line().await?, Some(state))
        }
    };
    let pasted = server::pasted(text.expose(), wiring::clock().now()).map_err(Failure::configuration)?;
    let done = match pasted {
        server::Pasted::Tokens(tokens) => session.install(tokens).await,
        server::Pasted::Code { state: Some(state), .. } if asked.as_ref().is_some_and(|asked| *asked != state) => {
            return Err(Failure::running(
                "this address answers another question than the one just asked (its `state` differs); run the command \
                 again and paste where its own address leads"
                    .into(),
            ));
        }
        server::Pasted::Code { code, server, .. } => session.authorise(code, server).await,
    };
    let tokens = done.map_err(|refused| match refused {
        Refused::Authorise(why) => Failure::unreachable(format!(
            "{why}; a code is good for 30 seconds and for one use: run the same command again"
        )),
        other => Failure::unreachable(other.to_string()),
    })?;
    drop(tokens);
    Ok(())
}

/// One line from the terminal.
async fn line() -> Result<Revealed, Failure> {
    let read = tokio::task::spawn_blocking(|| {
        let mut text = String::new();
        std::io::stdin().read_line(&mut text).map(|_| Revealed::new(text))
    });
    match read.await {
        Ok(Ok(text)) => Ok(text),
        _ => Err(Failure::running("nothing could be read from the terminal; give the code by `--code`".into())),
    }
}
