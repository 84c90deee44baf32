//! `secret`: what an operator keeps sealed on this host.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::config::{Config, Secret, is_secret_name};
use crate::seam::{Secrets, SecretsError};
use crate::store::{KeySource, Vault};

use super::failure::Failure;
use super::scripts::{SHAPE, line};
use super::table::Table;
use super::{keyring, prompt, say, wiring};

/// The arguments of `secret`.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

impl Args {
    /// Whether its answer is one JSON object.
    pub fn as_json(&self) -> bool {
        matches!(self.action, Action::List { json: true })
    }
}

const HELP: &str = "The configuration names a secret where it needs one:

    [notion]
    token = { secret = \"notion\" }

Secrets lie in secrets.bin in the state folder, sealed with XChaCha20-Poly1305. What opens them, first found first:

    CROSSTIE_PASSPHRASE_FILE, CROSSTIE_PASSPHRASE     a passphrase (Argon2id)
    CROSSTIE_KEY_FILE                                 a key file, mode 0600
    crosstie.key, crosstie.passphrase                 credentials that systemd hands over ($CREDENTIALS_DIRECTORY)
    secrets.key in the state folder                   made with the first secret

Secrets under a passphrase that nobody gave ask for it at a terminal.";

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Keep a secret under a name, in place of what was there. It is asked for without being shown, or read from standard
    /// input; never from the command line, which others on this machine can see.
    Set {
        /// What the configuration calls it: lower-case letters, digits, `-` and `_`.
        name: String,
    },
    /// Print the names of all secrets, when they were set and where the configuration uses them. Never a value.
    List {
        /// As one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Take a secret away.
    Forget {
        /// Its name.
        name: String,
        /// Even if the configuration uses it.
        #[arg(long)]
        yes: bool,
    },
    /// Make a new key and seal everything anew; a daemon may run meanwhile. A death in between loses nothing. Going over to
    /// another kind of key wants the daemon ended.
    Rotate {
        /// Seal under the key in this file from now on (made if missing); set CROSSTIE_KEY_FILE, or hand it over.
        #[arg(long, value_name = "FILE", conflicts_with_all = ["to_passphrase", "to_passphrase_file"])]
        to_key_file: Option<PathBuf>,
        /// Seal under a passphrase from now on, which is asked for.
        #[arg(long, conflicts_with = "to_passphrase_file")]
        to_passphrase: bool,
        /// Seal under the passphrase in this file from now on.
        #[arg(long, value_name = "FILE")]
        to_passphrase_file: Option<PathBuf>,
    },
}

/// Does what was asked.
///
/// # Errors
/// [`Failure`]: the configuration, the secrets, or what was typed.
pub async fn run(explicit: Option<&Path>, args: Args) -> Result<ExitCode, Failure> {
    // Secrets can be kept before there is a configuration that names them.
    let config = wiring::find_config(explicit)?;
    let done = tokio::task::spawn_blocking(move || act(config.as_ref(), args.action)).await;
    done.map_err(|error| Failure::running(format!("the command broke: {error}")))?
}

fn failed(error: SecretsError) -> Failure {
    Failure::running(error.to_string())
}

fn act(config: Option<&Config>, action: Action) -> Result<ExitCode, Failure> {
    let home = config.map_or_else(wiring::default_state_dir, wiring::state_dir)?;
    let vault = keyring::vault(&home)?;
    match action {
        Action::Set { name } => set(&vault, &home, &name, config)?,
        Action::List { json } => say(&list(&vault, &home, config, json)?),
        Action::Forget { name, yes } => {
            own(&name)?;
            let used = config.map(|config| uses(config, &name)).unwrap_or_default();
            if !used.is_empty() && !yes {
                return Err(Failure::refused(format!(
                    "`{name}` is in use, for {}, and nothing else can bring it back: `--yes` forgets it all the same. Nothing was \
                     changed",
                    used.join(", ")
                )));
            }
            if !vault.forget(&name).map_err(failed)? {
                return Err(Failure::refused(format!(
                    "there is no secret `{name}`; `crosstie secret list` names them"
                )));
            }
            say(&format!("`{name}` is forgotten."));
        }
        Action::Rotate { to_key_file, to_passphrase, to_passphrase_file } => {
            let to = match (to_key_file, to_passphrase, to_passphrase_file) {
                (Some(path), ..) => Some(KeySource::File(path)),
                (None, true, _) => Some(KeySource::Passphrase(new_passphrase()?)),
                (None, false, Some(path)) => Some(KeySource::Passphrase(keyring::passphrase_of(&path)?)),
                (None, false, None) => match keyring::source(&home)? {
                    KeySource::Passphrase(_) => Some(KeySource::Passphrase(new_passphrase()?)),
                    _ if vault.wants_passphrase().map_err(failed)? => Some(KeySource::Passphrase(new_passphrase()?)),
                    _ => None,
                },
            };
            // It would go on with what it was given, and could not keep what it is given next.
            if to.is_some() && std::os::unix::net::UnixStream::connect(home.join("desk.sock")).is_ok() {
                return Err(Failure::refused(
                    "a daemon runs, and it would not know the new key; end it first. Nothing was changed".to_owned(),
                ));
            }
            vault.rotate(to.as_ref()).map_err(failed)?;
            say(&rotated(&home, to.as_ref())?);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn rotated(home: &Path, to: Option<&KeySource>) -> Result<String, Failure> {
    let secrets = home.join("secrets.bin");
    Ok(match to {
        None => {
            let KeySource::File(path) = keyring::source(home)? else { return Ok("Sealed anew.".to_owned()) };
            format!(
                "A new key is in {}, and {} is sealed anew with it. Copies of the old key open only copies of the old secrets.",
                path.display(),
                secrets.display()
            )
        }
        Some(KeySource::File(path) | KeySource::Handed(path)) => format!(
            "{} is sealed under the key in {1} now. Let {2} name that file, or hand it over as the credential crosstie.key, \
             and restart the daemon; the old key is of no use any more.",
            secrets.display(),
            path.display(),
            keyring::KEY_FILE
        ),
        Some(KeySource::Passphrase(_)) => format!(
            "{} is sealed under the new passphrase now. Give it by {} or as the credential crosstie.passphrase, and restart \
             the daemon; an old key file is of no use any more.",
            secrets.display(),
            keyring::PASSPHRASE_FILE
        ),
    })
}

fn new_passphrase() -> Result<crate::model::Revealed, Failure> {
    if !prompt::can_ask() {
        return Err(Failure::configuration(
            "there is no terminal to ask for the new passphrase at; give it by `--to-passphrase-file FILE`".to_owned(),
        ));
    }
    let word = prompt::hidden("New passphrase: ")?;
    if !prompt::hidden("Once more: ")?.is(word.expose()) {
        return Err(Failure::refused("the two differ; nothing was changed".to_owned()));
    }
    Ok(word)
}

/// A name that an operator may use.
fn own(name: &str) -> Result<(), Failure> {
    if is_secret_name(name) {
        return Ok(());
    }
    // Not repeated: it may be the secret itself.
    Err(Failure::configuration(
        "this is no name for a secret: lower-case letters, digits, `-` and `_`, 64 at most. The secret itself is asked for, or \
         read from standard input; if you gave it here, have a new one issued"
            .to_owned(),
    ))
}

fn set(vault: &Vault, home: &Path, name: &str, config: Option<&Config>) -> Result<(), Failure> {
    own(name)?;
    let secret = if prompt::can_ask() { prompt::hidden(&format!("Value of `{name}`: "))? } else { prompt::piped()? };
    vault.put(name, &secret).map_err(failed)?;
    let kept = home.join("secrets.bin");
    let used = config.map(|config| uses(config, name)).unwrap_or_default();
    say(&match used.as_slice() {
        [] => {
            format!("`{name}` is sealed in {}. Name it in the configuration: {{ secret = \"{name}\" }}", kept.display())
        }
        places => format!(
            "`{name}` is sealed in {}, for {}. A daemon that runs reads it at its next start.",
            kept.display(),
            places.join(", ")
        ),
    });
    Ok(())
}

/// Where a configuration uses a secret.
fn uses(config: &Config, name: &str) -> Vec<&'static str> {
    let is_it = |secret: &Secret| matches!(secret, Secret::Sealed(used) if used == name);
    config.secrets().into_iter().filter(|(_, secret)| is_it(secret)).map(|(key, _)| key).collect()
}

fn list(vault: &Vault, home: &Path, config: Option<&Config>, json: bool) -> Result<String, Failure> {
    let listed = vault.listed().map_err(failed)?;
    let used = |name: &str| -> Vec<String> {
        if !is_secret_name(name) {
            return vec!["kept by crosstie itself".to_owned()];
        }
        config.map(|config| uses(config, name)).unwrap_or_default().into_iter().map(str::to_owned).collect()
    };
    if json {
        let rows: Vec<serde_json::Value> = listed
            .iter()
            .map(|it| serde_json::json!({ "name": it.name, "set": it.set, "used": used(&it.name) }))
            .collect();
        return Ok(line(&serde_json::json!({ "shape": SHAPE, "total": rows.len(), "rows": rows })));
    }
    if listed.is_empty() {
        return Ok(format!("No secrets are kept in {}. `crosstie secret set NAME` keeps one.", home.display()));
    }
    let mut table = Table::new(&["name", "set", "used"]);
    for it in &listed {
        let set = it.set.map_or_else(|| "not known".to_owned(), |at| format!("{at:.0}"));
        let used = used(&it.name);
        let used = if used.is_empty() { "nowhere".to_owned() } else { used.join(", ") };
        table.row([it.name.clone(), set, used]);
    }
    let mut text = table.to_string();
    let missing = config.map(|config| config.secrets()).unwrap_or_default();
    for (key, secret) in missing {
        if let Secret::Sealed(name) = secret
            && !listed.iter().any(|it| it.name == *name)
        {
            text.push_str(&format!("\n{key} names `{name}`, which is not there: `crosstie secret set {name}`"));
        }
    }
    Ok(text)
}
