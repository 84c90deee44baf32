//! `service`: a systemd unit for this configuration, with as few rights as the sync needs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::config::{Config, Secret};

use super::apart::Workspace;
use super::failure::Failure;
use super::{say, wiring};

/// The arguments of `service`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// For a user's own manager (`systemctl --user`), without an account of its own.
    #[arg(long)]
    user: bool,
}

/// Prints the unit.
///
/// # Errors
/// [`Failure`] when a path cannot be made out.
pub fn run(workspaces: &[Workspace], args: &Args) -> Result<ExitCode, Failure> {
    let whole = |path: &Path| {
        std::path::absolute(path)
            .map_err(|error| Failure::running(format!("{} cannot be made out: {error}", path.display())))
    };
    let program = std::env::current_exe()
        .map_err(|error| Failure::running(format!("this program's own place is not known: {error}")))?;
    let mut places = Places { program, ..Places::default() };
    let mut names = BTreeSet::new();
    let mut sealed = false;
    for Workspace { path, config } in workspaces {
        places.configs.push(whole(path)?);
        places.states.push(match (&config.state_dir, args.user) {
            (Some(dir), _) => Some(whole(dir)?),
            // The manager runs as whoever prints this.
            (None, true) => Some(whole(&wiring::default_state_dir()?)?),
            // Whoever prints this is not whom it will run as.
            (None, false) => None,
        });
        if config.state_dir.is_none() && !args.user {
            places.until_now = Some(whole(&wiring::default_state_dir()?)?);
        }
        places.logs.extend(config.log.dir.as_deref().map(whole).transpose()?);
        names.extend(variables(config));
        sealed |= is_sealed(config);
    }
    say(&unit(&places, &names.into_iter().collect::<Vec<_>>(), sealed, args.user));
    Ok(ExitCode::SUCCESS)
}

#[derive(Debug, Default)]
struct Places {
    program: PathBuf,
    configs: Vec<PathBuf>,
    /// Where state lies; `None` for where the service manager makes a place for it.
    states: Vec<Option<PathBuf>>,
    logs: Vec<PathBuf>,
    /// Where whoever prints this keeps the state of a configuration that names no folder, if the service will keep it elsewhere.
    until_now: Option<PathBuf>,
}

/// Where a system's service manager keeps what services remember, and what they log; it makes folders there for an account of
/// its own.
const STATES: &str = "/var/lib";
const LOGS: &str = "/var/log";
/// The folder of a service that names none.
const OWN: &str = "crosstie";

/// What a unit says of the folders that are written to.
struct Folders {
    /// Lines of the unit.
    lines: Vec<String>,
    /// What is to be made by hand.
    by_hand: Vec<String>,
    /// Where the first workspace's state lies.
    state: PathBuf,
    /// What to do with the state that was kept before there was a service; empty if it stays where it is.
    kept: String,
}

fn folders(places: &Places, user: bool) -> Folders {
    let (mut lines, mut by_hand) = (Vec::new(), Vec::new());
    let (mut states, mut logs, mut written) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let below = |path: &Path, root: &str| {
        let rest = path.strip_prefix(root).ok().filter(|rest| rest.components().count() > 0)?;
        // These two take lists of words, and know no quotes that would make one of several.
        rest.to_str().filter(|rest| !rest.contains(char::is_whitespace)).map(|rest| rest.replace('%', "%%"))
    };
    for state in &places.states {
        match state {
            None => drop(states.insert(OWN.to_owned())),
            Some(path) => match below(path, STATES).filter(|_| !user) {
                Some(rest) => drop(states.insert(rest)),
                None => drop(written.insert(path)),
            },
        }
    }
    for log in &places.logs {
        match below(log, LOGS).filter(|_| !user) {
            Some(rest) => drop(logs.insert(rest)),
            None => drop(written.insert(log)),
        }
    }
    let words = |words: BTreeSet<String>| words.into_iter().collect::<Vec<_>>().join(" ");
    if !states.is_empty() {
        lines.push(format!("StateDirectory={}", words(states)));
        lines.push("StateDirectoryMode=0700".to_owned());
    }
    if places.states.contains(&None) {
        lines.push(format!("Environment=XDG_STATE_HOME={STATES}"));
    }
    if !logs.is_empty() {
        lines.push(format!("LogsDirectory={}", words(logs)));
        lines.push("LogsDirectoryMode=0700".to_owned());
    }
    for path in written {
        if !user {
            lines.push(format!("ReadWritePaths={}", quoted(path)));
        }
        by_hand.push(quoted(path));
    }
    let own = || Path::new(STATES).join(OWN);
    let state = places.states.first().cloned().flatten().unwrap_or_else(own);
    let kept = places.until_now.as_ref().map(|path| {
        format!(
            "# What was kept until now, sealed secrets among it, goes along once, while nothing runs:\n\
             #   install -d -m 700 {state} && cp -a {}/. {state}/ && chown -R crosstie:crosstie {state}\n",
            quoted(path),
            state = quoted(&state)
        )
    });
    Folders { lines, by_hand, state, kept: kept.unwrap_or_default() }
}

/// The variables that the configuration takes secrets from.
fn variables(config: &Config) -> Vec<String> {
    let variable = |secret: &Secret| if let Secret::Env(name) = secret { Some(name.clone()) } else { None };
    config.secrets().into_iter().filter_map(|(_, secret)| variable(secret)).collect()
}

/// Whether the configuration names sealed secrets.
fn is_sealed(config: &Config) -> bool {
    config.secrets().iter().any(|(_, secret)| matches!(secret, Secret::Sealed(_)))
}

/// A path as a unit has it: whole, with `%` doubled, in quotes where there are spaces or quotes in it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string().replace('%', "%%");
    if text.chars().any(|it| it.is_whitespace() || matches!(it, '"' | '\'' | '\\' | '$' | ';')) {
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "$$"))
    } else {
        text
    }
}

/// What keeps a process from more than it needs without any right of its own: a user's manager can do this much.
const LEAST: &str = "\
NoNewPrivileges=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
";

/// What takes rights to take away: capabilities, or a view of the system of the process's own. A user's manager has none of
/// them, and a service that asks for it does not start (218/CAPABILITIES, 226/NAMESPACE).
const MORE: &str = "\
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
ProtectProc=invisible
RemoveIPC=yes
";

fn unit(places: &Places, variables: &[String], sealed: bool, user: bool) -> String {
    let folders = folders(places, user);
    let (program, state) = (quoted(&places.program), quoted(&folders.state));
    let configs: Vec<String> = places.configs.iter().map(|path| quoted(path)).collect();
    let start = configs.iter().map(|config| format!(" --config {config}")).collect::<String>();
    let listed = |paths: &[String]| paths.iter().map(|path| format!("#   {path}\n")).collect::<String>();
    let (how, account, target) = if user {
        (
            "~/.config/systemd/user/crosstie.service, then\n#   systemctl --user daemon-reload\n#   systemctl --user enable --now crosstie\n# and `loginctl enable-linger`, so that it goes on while nobody is logged in.\n".to_owned(),
            String::new(),
            "default.target",
        )
    } else {
        let made = match folders.by_hand.as_slice() {
            [] => String::new(),
            paths => format!(
                "# These folders have to be there and to be its own (`install -d -m 700 -o crosstie -g crosstie FOLDER`):\n{}",
                listed(paths)
            ),
        };
        (
            format!(
                "/etc/systemd/system/crosstie.service, then\n\
                 #   useradd --system --user-group crosstie\n\
                 #   systemctl daemon-reload\n\
                 #   systemctl enable --now crosstie\n\
                 # The account has to be able to read its configuration. `crosstie init` writes it for its caller alone, and nobody's\n\
                 # home is a place for it: move it to /etc/crosstie, say so in ExecStart, and make it the account's\n\
                 # (`chown crosstie:crosstie FILE`, mode 0600), with every file that it names:\n{}{kept}{made}",
                listed(&configs),
                kept = folders.kept,
            ),
            "# An account of its own.\nUser=crosstie\nGroup=crosstie\n".to_owned(),
            "multi-user.target",
        )
    };
    let names = variables.join(", ");
    let secrets = match (variables.is_empty(), user) {
        (true, _) => String::new(),
        (false, true) => format!(
            "# A file, mode 0600, with a line NAME=value for each of: {names}\nEnvironmentFile=%h/.config/crosstie/secrets.env\n"
        ),
        (false, false) => format!(
            "# A file, mode 0600, with a line NAME=value for each of: {names}\nEnvironmentFile=/etc/crosstie/secrets.env\n"
        ),
    };
    // The key need not lie in the folder of what it opens.
    let mark = if sealed { "" } else { "# " };
    let credential = if user {
        String::new()
    } else {
        format!(
            "# The key of the sealed secrets, from the service manager and not from the state folder. Move it there once:\n\
             #   systemd-creds encrypt --name=crosstie.key {state}/secrets.key /etc/credstore.encrypted/crosstie.key\n\
             # then remove {state}/secrets.key. Without such a file the key beside the secrets is used.\n\
             {mark}LoadCredentialEncrypted=crosstie.key\n"
        )
    };
    let written = folders.lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let more = if user { "" } else { MORE };
    format!(
        "# Save this as {how}\
         [Unit]\n\
         Description=crosstie keeps a Notion workspace and a CRM in step\n\
         Wants=network-online.target\n\
         After=network-online.target\n\
         # A wrong configuration or a store in use is not mended by starting again and again.\n\
         StartLimitIntervalSec=600\n\
         StartLimitBurst=5\n\
         \n\
         [Service]\n\
         Type=notify\n\
         NotifyAccess=main\n\
         ExecStart={program}{start} run\n\
         {account}{secrets}{credential}\
         Restart=on-failure\n\
         RestartSec=10\n\
         RestartPreventExitStatus=2 4\n\
         # What is in flight is finished, or known to be under way, within this time.\n\
         TimeoutStopSec=30\n\
         WatchdogSec=120\n\
         UMask=0077\n\
         {written}\
         \n\
         {LEAST}{more}\
         \n\
         [Install]\n\
         WantedBy={target}"
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_one_word_and_no_specifier() {
        assert_eq!(quoted(Path::new("/usr/bin/crosstie")), "/usr/bin/crosstie");
        assert_eq!(quoted(Path::new("/srv/100%/a")), "/srv/100%%/a");
        assert_eq!(quoted(Path::new("/srv/my sync/a")), "\"/srv/my sync/a\"");
        assert_eq!(quoted(Path::new("/srv/\"$HOME\"")), "\"/srv/\\\"$$HOME\\\"\"");
    }
}
