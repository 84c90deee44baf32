//! `service`: a systemd unit for this configuration, with as few rights as the sync needs.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::config::{Config, Secret};

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
pub fn run(config: &Config, path: &Path, args: &Args) -> Result<ExitCode, Failure> {
    let whole = |path: &Path| {
        std::path::absolute(path)
            .map_err(|error| Failure::running(format!("{} cannot be made out: {error}", path.display())))
    };
    let program = std::env::current_exe()
        .map_err(|error| Failure::running(format!("this program's own place is not known: {error}")))?;
    let state = whole(&wiring::state_dir(config)?)?;
    say(&unit(&Places { program, config: whole(path)?, state }, &variables(config), is_sealed(config), args.user));
    Ok(ExitCode::SUCCESS)
}

struct Places {
    program: PathBuf,
    config: PathBuf,
    state: PathBuf,
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

fn unit(places: &Places, variables: &[String], sealed: bool, user: bool) -> String {
    let (program, config, state) = (quoted(&places.program), quoted(&places.config), quoted(&places.state));
    let (how, account, target) = if user {
        (
            "~/.config/systemd/user/crosstie.service, then\n#   systemctl --user daemon-reload\n#   systemctl --user enable --now crosstie\n# and `loginctl enable-linger`, so that it goes on while nobody is logged in.",
            String::new(),
            "default.target",
        )
    } else {
        (
            "/etc/systemd/system/crosstie.service, then\n#   systemctl daemon-reload\n#   systemctl enable --now crosstie",
            "# An account of its own; it has to own the state folder.\nUser=crosstie\nGroup=crosstie\n".to_owned(),
            "multi-user.target",
        )
    };
    let names = variables.join(", ");
    let secrets = if variables.is_empty() {
        String::new()
    } else {
        format!(
            "# A file, mode 0600, with a line NAME=value for each of: {names}\nEnvironmentFile=/etc/crosstie/secrets.env\n"
        )
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
    format!(
        "# Save this as {how}\n\
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
         ExecStart={program} --config {config} run\n\
         {account}{secrets}{credential}\
         Restart=on-failure\n\
         RestartSec=10\n\
         RestartPreventExitStatus=2 4\n\
         # What is in flight is finished, or known to be under way, within this time.\n\
         TimeoutStopSec=30\n\
         WatchdogSec=120\n\
         UMask=0077\n\
         ReadWritePaths={state}\n\
         \n\
         NoNewPrivileges=yes\n\
         CapabilityBoundingSet=\n\
         AmbientCapabilities=\n\
         ProtectSystem=strict\n\
         ProtectHome=read-only\n\
         PrivateTmp=yes\n\
         PrivateDevices=yes\n\
         ProtectKernelTunables=yes\n\
         ProtectKernelModules=yes\n\
         ProtectKernelLogs=yes\n\
         ProtectControlGroups=yes\n\
         ProtectClock=yes\n\
         ProtectHostname=yes\n\
         ProtectProc=invisible\n\
         RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6\n\
         RestrictNamespaces=yes\n\
         RestrictRealtime=yes\n\
         RestrictSUIDSGID=yes\n\
         LockPersonality=yes\n\
         MemoryDenyWriteExecute=yes\n\
         RemoveIPC=yes\n\
         SystemCallArchitectures=native\n\
         SystemCallFilter=@system-service\n\
         SystemCallFilter=~@privileged @resources\n\
         SystemCallErrorNumber=EPERM\n\
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
