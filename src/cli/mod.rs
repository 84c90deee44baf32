//! The command line: one file a command, and the wiring that puts the parts together.
//!
//! Everything that touches the outside by name lives here: which system stands behind a side, which file is read, which
//! clock is right. No decision about anybody's data is made in this room.

mod apart;
mod application;
mod asked;
mod authorize;
mod care;
mod carrier;
mod check;
mod daemon;
mod dashboard;
mod demo;
mod failure;
mod headless;
mod honoured;
mod host;
mod init;
mod inlet;
mod keyring;
mod keys;
mod live;
mod log;
mod logged;
mod manager;
mod notices;
mod panics;
mod plan;
mod prompt;
mod scratch;
mod scripts;
mod secret;
mod service;
mod simulate;
mod standin;
mod status;
mod support;
mod table;
mod together;
mod unsealed;
mod watch;
mod wiring;
mod world;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory, Parser, Subcommand};

use failure::Failure;

/// Conflict-safe two-way sync between a Notion workspace and a CRM, with an operator's dashboard.
///
/// Without a command the dashboard opens: on the configured workspace, attached to a running daemon if there is one, or
/// on the built-in demo if nothing is configured.
#[derive(Debug, Parser)]
#[command(name = "crosstie", version, after_help = EXIT_CODES)]
struct Cli {
    /// The configuration; otherwise ./crosstie.toml, then crosstie/crosstie.toml in the XDG configuration folder. `run` takes
    /// several, one workspace each.
    #[arg(long, global = true, value_name = "FILE")]
    config: Vec<PathBuf>,
    #[command(flatten)]
    look: dashboard::Look,
    #[command(subcommand)]
    command: Option<Command>,
}

const EXIT_CODES: &str = "Exit codes: 0 done; 1 failed while running; 2 wrong command line or configuration; \
3 check found something to mend; 4 the store is in use or cannot be opened; 5 a system cannot be reached or refuses us; \
6 the headless demo broke a promise; 7 status: something waits for a person; 8 refused, or moved since it was shown.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Begin: ask for both connections, look at what there is, propose pairs and fields, and write a configuration.
    Init(Box<init::Args>),
    /// Sync without a screen, and serve dashboards over a Unix socket; with several `--config`, several workspaces at once.
    Run {
        /// Approve the counts of the first matching without waiting for an operator.
        #[arg(long)]
        yes: bool,
    },
    /// Open the dashboard on pretend systems with pretend people, or measure what becomes of their edits.
    Demo(demo::Args),
    /// Serve a pretend system on a loopback address, with a back door to read its world and to edit as a person.
    Standin(standin::Args),
    /// Let the engine meet everything that can go wrong, in virtual time, and account for every edit.
    Simulate(simulate::Args),
    /// Test configuration, tokens, access and schemas, and print a table.
    Check {
        /// Add the sync-owned marker property to data sources that lack it.
        #[arg(long)]
        create_properties: bool,
    },
    /// Let crosstie into the CRM as an application: print the address to open, and take the code that comes of it.
    Authorize(authorize::Args),
    /// Print how the sync does.
    Status {
        /// As one JSON object.
        #[arg(long)]
        json: bool,
        /// Go on: one line for everything that changes, until interrupted. For logs and screen readers.
        #[arg(long)]
        watch: bool,
        /// One line a figure, without tables: for screen readers.
        #[arg(long, conflicts_with = "json")]
        plain: bool,
    },
    /// Print everything that would be written, held and left alone, and write nothing at all.
    Plan(plan::PlanArgs),
    /// Carry out a plan, as far as both sides still hold what they held when it was made.
    Apply(plan::ApplyArgs),
    #[command(flatten)]
    Care(care::Care),
    #[command(flatten)]
    Script(scripts::Script),
    /// Keep tokens and webhooks sealed on this host, by name, instead of in variables or plain files.
    Secret(secret::Args),
    /// Print a systemd unit for this configuration, with as few rights as the sync needs.
    Service(service::Args),
    /// See or forget the token that verifies Notion's webhook.
    Inlet {
        #[command(subcommand)]
        action: inlet::Action,
    },
    /// List every type of both systems: what is read, written and emptied, how much fits, and what is lost.
    Support(support::Args),
    /// List what every key of the dashboard does.
    Keys {
        /// A preset (default, vim, emacs) or the path of a keymap file; otherwise the configured one.
        #[arg(long, value_name = "NAME|FILE")]
        keymap: Option<String>,
        /// As Markdown: the README's table.
        #[arg(long)]
        markdown: bool,
    },
    /// Print a complete, commented configuration.
    Example {
        /// The template of a page instead, which the configuration can name.
        #[arg(long)]
        template: bool,
    },
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// Runs the command line.
pub fn main() -> ExitCode {
    panics::guard();
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return tell(&Failure::running(format!("no threads to run on: {error}"))),
    };
    let as_json = cli.command.as_ref().is_some_and(Command::as_json);
    let outcome = runtime.block_on(run(cli));
    // A thread that blocks in the terminal's driver must not keep the process from ending.
    runtime.shutdown_timeout(Duration::from_millis(500));
    outcome.unwrap_or_else(|failure| {
        if as_json {
            scripts::failed(&failure);
        }
        tell(&failure)
    })
}

impl Command {
    /// Whether its answer is one JSON object, so that a failure is one too.
    fn as_json(&self) -> bool {
        match self {
            Command::Status { json, watch: false, .. } | Command::Care(care::Care::Verify { json, .. }) => *json,
            Command::Plan(args) => args.json,
            Command::Apply(args) => args.json,
            Command::Secret(args) => args.as_json(),
            Command::Script(script) => script.as_json(),
            _ => false,
        }
    }
}

async fn run(cli: Cli) -> Result<ExitCode, Failure> {
    let explicit = cli.config.first().map(PathBuf::as_path);
    let several = cli.config.len() > 1;
    if several && !matches!(cli.command, Some(Command::Run { .. } | Command::Service(_))) {
        return Err(Failure::configuration(
            "only `run` and `service` take several configurations: ask each workspace by its own `--config`".to_owned(),
        ));
    }
    if cli.look != dashboard::Look::default() && !matches!(cli.command, None | Some(Command::Demo(_))) {
        return Err(Failure::configuration(
            "--read-only and --theme are about the dashboard: leave them out, or leave the command out".to_owned(),
        ));
    }
    match cli.command {
        None => match wiring::find_config(explicit)? {
            Some(config) => dashboard::configured(&config, cli.look).await,
            None => dashboard::demo(&demo::Options::default(), cli.look).await,
        },
        Some(Command::Init(args)) => init::run(explicit, *args).await,
        Some(Command::Run { yes }) if several => together::run(&cli.config, yes).await,
        Some(Command::Run { yes }) => daemon::run(&wiring::need_config(explicit)?, yes).await,
        Some(Command::Demo(args)) => demo::command(&args, cli.look).await,
        Some(Command::Simulate(args)) => {
            // It brings runtimes of its own, one a thread.
            tokio::task::spawn_blocking(move || simulate::command(&args))
                .await
                .map_err(|error| Failure::running(format!("the simulation broke: {error}")))?
        }
        Some(Command::Standin(args)) => standin::run(args).await,
        Some(Command::Check { create_properties }) => {
            check::run(&wiring::need_config(explicit)?, create_properties).await
        }
        Some(Command::Authorize(args)) => authorize::run(&wiring::need_config(explicit)?, args).await,
        Some(Command::Status { json, watch: false, plain }) => {
            status::run(&wiring::need_config(explicit)?, json, plain).await
        }
        Some(Command::Status { json, .. }) => watch::run(&wiring::need_config(explicit)?, json).await,
        Some(Command::Plan(args)) => plan::plan(&wiring::need_config(explicit)?, args).await,
        Some(Command::Apply(args)) => plan::apply(&wiring::need_config(explicit)?, args).await,
        Some(Command::Care(care)) => care::run(&wiring::need_config(explicit)?, care).await,
        Some(Command::Script(script)) => scripts::run(&wiring::need_config(explicit)?, script).await,
        Some(Command::Secret(args)) => secret::run(explicit, args).await,
        Some(Command::Service(args)) => {
            if several {
                return service::run(&apart::read(&cli.config)?, &args);
            }
            let config = wiring::need_config(explicit)?;
            let path = wiring::config_path(explicit)?.unwrap_or_default();
            service::run(&[apart::Workspace { path, config }], &args)
        }
        Some(Command::Inlet { action }) => inlet::command(&wiring::need_config(explicit)?, action),
        Some(Command::Keys { keymap, markdown }) => keys::run(keymap.as_deref(), explicit, markdown),
        Some(Command::Support(args)) => {
            say(&support::told(&args));
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Example { template }) => {
            say(if template { crate::config::EXAMPLE_TEMPLATE } else { crate::config::EXAMPLE });
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Completions { shell }) => {
            clap_complete::generate(shell, &mut Cli::command(), "crosstie", &mut std::io::stdout());
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn tell(failure: &Failure) -> ExitCode {
    use std::io::Write;
    // What the systems say stands in it.
    let told: Vec<String> = failure.to_string().lines().map(table::plain).collect();
    let _ = writeln!(std::io::stderr(), "crosstie: {}", told.join("\n"));
    failure.exit_code()
}

/// Prints to standard error.
fn warn(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Prints to standard output; a reader that has gone is no failure.
fn say(text: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{}", text.trim_end());
    let _ = out.flush();
}

/// Whether whoever read our standard output has gone: a pipe without a reader. For what would go on for ever.
fn unheard() -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let out = rustix::stdio::stdout();
    let mut fds = [PollFd::new(&out, PollFlags::empty())];
    let polled = poll(&mut fds, Some(&Timespec::default()));
    polled.is_ok() && fds.iter().any(|fd| fd.revents().contains(PollFlags::ERR))
}
