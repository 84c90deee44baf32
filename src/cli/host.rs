//! What `run` and the dashboard need of this host, looked at without changing anything: folders that can be written, an address
//! that is free, secrets and programs that are there.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use crate::config::Config;

use super::failure::Failure;
use super::{dashboard, notices, wiring};

/// What was looked at, and what is wrong with it, if anything is.
pub(super) type Found = (&'static str, Result<String, String>);

/// Looks at everything. A daemon of this configuration that runs has shown already that it can.
pub(super) async fn look(config: &Config) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let state = wiring::socket(config).and_then(|_| wiring::state_dir(config)).map_err(told);
    found.push(("state folder", state.and_then(|dir| folder(&dir, "name another one as `state_dir`"))));
    if let Some(dir) = &config.log.dir {
        found.push(("log", folder(dir, "name another one as `dir` under [log]")));
    }
    found.push(("keymap", dashboard::keymap(config).map(|_| "as the dashboard reads it".to_owned()).map_err(told)));
    if let Some(settings) = &config.notices {
        found.push(("notices", notices::prepare(config).map(|_| "ready".to_owned()).map_err(told)));
        if let Some(name) = settings.command.first() {
            found.push(("notices", program(name)));
        }
    }
    if let Some(inlet) = &config.inlet {
        let runs = match wiring::socket(config) {
            Ok(socket) => dashboard::attach(&socket).await.is_ok_and(|desk| desk.is_some()),
            Err(_) => false,
        };
        let heard = match TcpListener::bind(inlet.listen) {
            _ if runs => Ok(format!("a daemon runs, and listens on {}", inlet.listen)),
            Ok(_) => Ok(format!("{} is free", inlet.listen)),
            Err(error) => Err(format!(
                "{}: {error}; name another address as `listen` under [inlet], or end who has it",
                inlet.listen
            )),
        };
        found.push(("inlet", heard));
    }
    found
}

fn told(failure: Failure) -> String {
    failure.to_string()
}

/// Whether a folder is there or can be made, and can be written into.
pub(super) fn folder(dir: &Path, mend: &str) -> Result<String, String> {
    let there = dir.ancestors().find(|it| it.exists()).unwrap_or(Path::new("/"));
    let wrong = |why: &str| Err(format!("{}: {why}; give us the right to write there, or {mend}", there.display()));
    if !there.is_dir() {
        return wrong("it is no folder");
    }
    match access(there, Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) if there == dir => Ok(dir.display().to_string()),
        Ok(()) => Ok(format!("{}, which will be made", dir.display())),
        Err(error) => wrong(&std::io::Error::from(error).to_string()),
    }
}

/// Whether a program can be started.
fn program(name: &str) -> Result<String, String> {
    let can = |path: &PathBuf| path.is_file() && access(path, Access::EXEC_OK).is_ok();
    let found = if name.contains('/') {
        Some(PathBuf::from(name)).filter(can)
    } else {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).map(|dir| dir.join(name)).find(can)
    };
    let missing = || format!("{name} cannot be started: there is no such program; correct `command` under [notices]");
    found.map(|path| format!("{} is started", path.display())).ok_or_else(missing)
}
