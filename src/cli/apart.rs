//! Several configurations for one process, each with a place of its own: what two of them share is refused before anything runs.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::config::Config;

use super::failure::Failure;
use super::wiring;

/// A configuration, and where it comes from.
pub struct Workspace {
    /// The file.
    pub path: PathBuf,
    /// What it says.
    pub config: Config,
}

impl Workspace {
    /// Where something is said: `acme.toml:3`.
    fn place(&self, key: &str) -> String {
        let path = self.path.display();
        match self.config.line_of_key(key) {
            Some(line) => format!("{path}:{line}"),
            None => format!("{path} (without `{key}`)"),
        }
    }
}

/// Reads them all.
///
/// # Errors
/// [`Failure`] with every problem of every file, and with what two of them share.
pub fn read(paths: &[PathBuf]) -> Result<Vec<Workspace>, Failure> {
    let mut workspaces = Vec::new();
    let mut problems = Vec::new();
    for path in paths {
        match wiring::need_config(Some(path)) {
            Ok(config) => workspaces.push(Workspace { path: path.clone(), config }),
            Err(failure) => problems.push(failure.to_string()),
        }
    }
    for (at, one) in workspaces.iter().enumerate() {
        for other in workspaces.iter().skip(at + 1) {
            problems.extend(shared(one, other)?);
        }
    }
    if problems.is_empty() { Ok(workspaces) } else { Err(Failure::configuration(problems.join("\n"))) }
}

/// What two of them may not share.
fn shared(one: &Workspace, other: &Workspace) -> Result<Vec<String>, Failure> {
    let both = |key: &str| format!("{} and {}", one.place(key), other.place(key));
    let mut found = Vec::new();
    let (state, theirs) = (real(&wiring::state_dir(&one.config)?), real(&wiring::state_dir(&other.config)?));
    if state == theirs {
        found.push(format!(
            "{}: both keep their state in {}; give each workspace a `state_dir` of its own",
            both("state_dir"),
            state.display()
        ));
    }
    if one.config.name == other.config.name {
        found.push(format!(
            "{}: both workspaces are called `{}`; give each a `name` of its own",
            both("name"),
            one.config.name
        ));
    }
    if let (Some(inlet), Some(theirs)) = (&one.config.inlet, &other.config.inlet)
        && meet(inlet.listen, theirs.listen)
    {
        found.push(format!(
            "{}: both inlets listen on {}; give each an address of its own by `listen`",
            both("listen"),
            inlet.listen
        ));
    }
    Ok(found)
}

/// Whether two addresses cannot both be listened on.
fn meet(one: SocketAddr, other: SocketAddr) -> bool {
    let everywhere = one.ip().is_unspecified() || other.ip().is_unspecified();
    // The system gives each a port of its own for 0.
    one.port() != 0 && one.port() == other.port() && (one.ip() == other.ip() || everywhere)
}

/// A path without links on its way, as far as it exists.
fn real(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for there in path.ancestors() {
        if let (Ok(real), Ok(rest)) = (there.canonicalize(), path.strip_prefix(there)) {
            return real.join(rest);
        }
    }
    path
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn two_addresses_meet_where_only_one_can_be_listened_on() {
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        assert!(meet(at("127.0.0.1:80"), at("127.0.0.1:80")) && meet(at("0.0.0.0:80"), at("127.0.0.1:80")));
        assert!(!meet(at("127.0.0.1:80"), at("127.0.0.1:81")) && !meet(at("127.0.0.1:80"), at("127.0.0.2:80")));
        assert!(!meet(at("127.0.0.1:0"), at("127.0.0.1:0")), "any port is another one");
    }

    #[test]
    fn a_folder_is_the_same_by_any_way_to_it() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("a")).unwrap();
        std::os::unix::fs::symlink(home.path().join("a"), home.path().join("b")).unwrap();
        assert_eq!(real(&home.path().join("b/../b/state")), real(&home.path().join("a/state")));
    }
}
