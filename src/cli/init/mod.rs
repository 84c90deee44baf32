//! `init`: from nothing to a configuration. Asks for both connections, looks at what there is on both sides, proposes pairs
//! and fields, and writes a file that compiles. Nothing is written to a record of either side.

mod access;
mod choose;
mod found;
mod text;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::config::{Config, FILE_NAME};
use crate::mapping::propose;
use crate::mapping::{Create, PairMap};
use crate::model::Side;
use crate::seam::Secrets;
use crate::store;

use super::failure::Failure;
use super::{host, keyring, prompt, say, warn, wiring};
use access::{Access, Plans};
use choose::Chosen;
use found::Found;

/// The arguments of `init`.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Args {
    /// The file to write; otherwise the one that `--config` names, or ./crosstie.toml.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace the file if it is there already.
    #[arg(long)]
    force: bool,
    /// Take every proposal without asking: pairs, fields, and the marker property where a data source lacks it.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    access: access::Flags,
    /// A pair: a kind of CRM record (deal, contact, company, lead, task) and a data source by id or title. May be given
    /// several times; then nothing else is proposed.
    #[arg(long = "pair", value_name = "ENTITY=SOURCE")]
    pairs: Vec<String>,
    /// Where records without a counterpart get one.
    #[arg(long, value_parser = ["both", "crm-to-notion", "notion-to-crm", "none"])]
    create: Option<String>,
    /// Where the store and sealed secrets shall lie, otherwise the XDG state folder.
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
}

const HELP: &str = "At a terminal everything that is not given is asked for, and secrets are not shown while they are typed; \
they are kept sealed on this host (see `crosstie secret`), and the file only names them. For scripts:

    crosstie init --yes --notion-token-env NOTION --bitrix24-webhook-env HOOK --pair deal=Projects

    crosstie init --yes --notion-token-env NOTION --bitrix24-client-id local.… --bitrix24-portal example.bitrix24.com \
--bitrix24-client-secret-env SECRET --bitrix24-code CODE

Before: in Notion, make an internal connection and add it to the databases; in Bitrix24, make an inbound webhook, or a local \
application that uses only the API, with the scopes crm and user (and task for tasks). After: crosstie check, plan, apply, run.";

/// Writes a configuration.
///
/// # Errors
/// [`Failure`]: a connection, an answer, or the file.
pub async fn run(explicit: Option<&Path>, args: Args) -> Result<ExitCode, Failure> {
    let path = args.output.clone().or_else(|| explicit.map(Path::to_owned)).unwrap_or_else(|| FILE_NAME.into());
    if path.exists() && !args.force {
        return Err(Failure::configuration(format!(
            "{} is there already and stays as it is; name another file by `--output`, or replace it by `--force`",
            path.display()
        )));
    }
    if !args.yes && !prompt::can_ask() {
        return Err(Failure::configuration(
            "there is no terminal to ask at; give what is needed as flags and take the proposals by `--yes` \
             (`crosstie init --help` shows how)"
                .to_owned(),
        ));
    }
    let wished = args.pairs.iter().map(|pair| choose::wish(pair)).collect::<Result<Vec<_>, Failure>>()?;
    let state = args.state_dir.as_deref().map(whole).transpose()?;
    let home = state.clone().map_or_else(wiring::default_state_dir, Ok)?;
    // Before anything is asked, and before a code that is good for seconds is used.
    let folder = whole(path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new(".")))?;
    for (folder, flag) in [(&folder, "--output"), (&home, "--state-dir")] {
        host::folder(folder, &format!("name another place by `{flag}`")).map_err(Failure::running)?;
    }
    let plans = Plans::of(&args.access);

    let notion = access::notion(&args.access, &home, &plans).await?;
    let crm = access::crm(&args.access, &home, &plans).await?;
    let found = Found::look(&crm.system, &notion.system, &wished).await?;
    say(&found.told());
    let chosen = choose::pairs(&found, &wished, args.create.as_deref(), args.yes)?;
    let chosen = markers(chosen, &notion, args.yes).await?;

    let (state, application) = (state.as_deref(), crm.application.as_ref());
    let written = text::Written { state, plans: &plans, crm: &crm.secret, application, notion: &notion.secret };
    let toml = text::write(&written, &chosen);
    verified(&toml, &path, &chosen)?;
    keep(&home, [&notion, &crm])?;
    save(&path, &folder, &toml, args.force)?;
    if store::is_there(&home) {
        warn(&format!(
            "{} holds a store already. If it is of these two systems, it goes on from there; a set-up of others wants a folder of \
             its own: `--state-dir`, or `state_dir` in {} before the first start",
            home.display(),
            path.display()
        ));
    }
    say(&next_steps(&path, explicit));
    Ok(ExitCode::SUCCESS)
}

fn whole(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| Failure::running(format!("{}: {error}", path.display())))
}

/// Adds the marker property where a data source lacks it.
async fn markers(chosen: Vec<Chosen>, notion: &Access, yes: bool) -> Result<Vec<Chosen>, Failure> {
    for one in &chosen {
        let spec = &one.proposal.spec;
        if propose::has_marker(spec, &one.notion) {
            continue;
        }
        if let Some(other) = one.notion.fields.get(&spec.marker) {
            return Err(Failure::refused(format!(
                "`{}` in {} is a {}, and crosstie needs a text property of that name for its marker; rename it in Notion, \
                 then run `crosstie init` again",
                spec.marker, one.notion.title, other.native_type
            )));
        }
        let question =
            format!("{} has no text property `{}` for crosstie's marker. Add it?", one.notion.title, spec.marker);
        if !yes && !prompt::agreed(&super::table::plain(&question), true)? {
            say(&format!(
                "`crosstie check --create-properties` adds `{}` to {} later; nothing runs before.",
                spec.marker,
                super::table::plain(&one.notion.title)
            ));
            continue;
        }
        let added = notion.system.add_marker(&spec.entity(Side::Notion)).await;
        added.map_err(|error| {
            Failure::unreachable(format!("the property `{}` cannot be added: {error}", spec.marker))
        })?;
        say(&format!("Added the text property `{}` to {}.", spec.marker, super::table::plain(&one.notion.title)));
    }
    Ok(chosen)
}

/// Reads what is to be written as every command would, and compiles it: a file that does not is never left behind.
fn verified(toml: &str, path: &Path, chosen: &[Chosen]) -> Result<(), Failure> {
    let bug = |why: String| {
        Failure::running(format!("{why}\nNothing was written; this is a bug in crosstie, please report it"))
    };
    let config = Config::parse(toml, path).map_err(|errors| bug(errors.to_string()))?;
    for (spec, one) in config.pairs.iter().zip(chosen) {
        if *spec != one.proposal.spec {
            return Err(bug(format!("the pair `{}` would be read as another one", spec.name)));
        }
        let told = |problems: Vec<crate::mapping::Problem>| {
            problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        };
        if propose::has_marker(spec, &one.notion) {
            PairMap::compile(spec, &one.crm, &one.notion, &config.pairs).map_err(told).map_err(bug)?;
        } else {
            propose::compiles(spec, &one.crm, &one.notion, &config.pairs).map_err(told).map_err(bug)?;
        }
    }
    Ok(())
}

/// Seals what was typed.
fn keep(home: &Path, both: [&Access; 2]) -> Result<(), Failure> {
    for access in both {
        if let Some((name, value)) = &access.typed {
            keyring::vault(home)?.put(name, value).map_err(|error| Failure::running(error.to_string()))?;
            say(&format!("`{name}` is sealed in {}.", home.join("secrets.bin").display()));
        }
    }
    Ok(())
}

/// Writes the file, its owner's alone, all of it or nothing.
fn save(path: &Path, folder: &Path, toml: &str, force: bool) -> Result<(), Failure> {
    use std::io::Write;
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
    let failed = |error: std::io::Error| {
        Failure::running(match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                format!("{} has just been made by somebody else, and stays", path.display())
            }
            _ => format!("{} cannot be written: {error}", path.display()),
        })
    };
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let fresh = PathBuf::from(name);
    // What a death left of an earlier one.
    let _ = std::fs::remove_file(&fresh);
    let write = || {
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
        file.write_all(toml.as_bytes())?;
        file.sync_all()?;
        if force {
            return std::fs::rename(&fresh, path);
        }
        // Unlike a rename, a link never takes the place of what is there.
        let linked = std::fs::hard_link(&fresh, path);
        let _ = std::fs::remove_file(&fresh);
        linked
    };
    write().map_err(failed)
}

fn next_steps(path: &Path, explicit: Option<&Path>) -> String {
    let named = explicit.is_none() && path != Path::new(FILE_NAME);
    let command = match explicit {
        Some(path) => format!("crosstie --config {}", path.display()),
        None if named => format!("crosstie --config {}", path.display()),
        None => "crosstie".to_owned(),
    };
    format!(
        "\n{} is written. Next:\n  {command} check                    # tests it, and writes nothing\n  {command} plan --out first.plan    # tells \
         what would be written, and changes nothing\n  {command} apply first.plan         # does that and nothing else\n  {command} run                      \
         # keeps both sides in step; `{command}` alone opens the dashboard",
        path.display()
    )
}

/// The word of the configuration.
fn created(word: &str) -> Create {
    match word {
        "crm-to-notion" => Create::CrmToNotion,
        "notion-to-crm" => Create::NotionToCrm,
        "none" => Create::None,
        _ => Create::Both,
    }
}
