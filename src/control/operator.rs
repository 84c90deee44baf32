//! Who decides: the user that the system knows, and from where they came.
//!
//! Everything that an operator decides is journalled with such a name, `anna (uid 1000) from 10.0.0.7`: the number is the
//! system's own word, the login is what the system calls that number, and the address is what SSH told the operator's
//! program.

use std::net::IpAddr;

/// The longest login that is shown.
const LONGEST: usize = 64;

/// The name of a user of this host: their login, or what they call themselves where the host has none for the number, and
/// the address of their SSH client. Brackets and what does not print are taken out of it, so that nobody can put another's
/// number into a name.
pub fn name(said: &str, uid: u32, from: Option<&str>) -> String {
    let said = said.split(" (uid ").next().unwrap_or_default();
    let login = login_of(uid).unwrap_or_else(|| said.to_owned());
    let plain: String = login.chars().filter(|c| !c.is_control() && !matches!(c, '(' | ')')).take(LONGEST).collect();
    let mut name = match plain.trim() {
        "" => format!("uid {uid}"),
        plain => format!("{plain} (uid {uid})"),
    };
    if let Some(address) = from.and_then(address) {
        name.push_str(&format!(" from {address}"));
    }
    name
}

/// Whoever uses this process.
pub fn here() -> String {
    let said = ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok().filter(|it| !it.is_empty()));
    name(&said.unwrap_or_default(), rustix::process::getuid().as_raw(), ssh_client().as_deref())
}

/// The address of the SSH client that this process was started from, if it was.
pub fn ssh_client() -> Option<String> {
    let connection = std::env::var("SSH_CONNECTION").ok()?;
    connection.split_whitespace().next().map(str::to_owned)
}

/// An address, and nothing that only looks like one; a link-local one keeps no zone.
fn address(text: &str) -> Option<IpAddr> {
    text.split('%').next()?.parse().ok()
}

/// What this host calls a user, by its own list. Users of a directory service are not in it.
fn login_of(uid: u32) -> Option<String> {
    login_in(&std::fs::read_to_string("/etc/passwd").ok()?, uid)
}

fn login_in(list: &str, uid: u32) -> Option<String> {
    let wanted = uid.to_string();
    list.lines().find_map(|line| {
        let mut parts = line.split(':');
        let login = parts.next().filter(|login| !login.is_empty())?;
        (parts.nth(1) == Some(wanted.as_str())).then(|| login.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A number that no host has a login for.
    const NOBODY: u32 = 4_000_000_000;

    #[test]
    fn a_name_carries_the_number_the_system_knows_and_no_other() {
        assert_eq!(name("anna", NOBODY, None), format!("anna (uid {NOBODY})"));
        assert_eq!(name(" \u{1b}\n ", NOBODY, None), format!("uid {NOBODY}"));
        assert_eq!(name("root (uid 0)", NOBODY, None), format!("root (uid {NOBODY})"));
        assert_eq!(name("root(uid 0)", NOBODY, None), format!("rootuid 0 (uid {NOBODY})"));
        assert_eq!(name(&"x".repeat(500), NOBODY, None).len(), LONGEST + format!(" (uid {NOBODY})").len());
    }

    #[test]
    fn the_systems_login_outweighs_what_somebody_calls_themselves() {
        assert_eq!(name("anna", 0, None), "root (uid 0)");
    }

    #[test]
    fn an_address_is_shown_and_whatever_else_was_said_is_not() {
        let from = |text| name("anna", NOBODY, Some(text)).replace(&format!("anna (uid {NOBODY})"), "");
        assert_eq!(from("10.0.0.7"), " from 10.0.0.7");
        assert_eq!(from("fe80::1%eth0"), " from fe80::1");
        assert_eq!(from("10.0.0.7 (uid 0)"), "");
        assert_eq!(from(""), "");
    }

    #[test]
    fn logins_are_found_by_their_whole_number() {
        let list = "root:x:0:0::/root:/bin/sh\n:x:5:5::/:\nanna:x:1000:1000:Anna:/home/anna:/bin/sh\nbroken\n";
        assert_eq!(login_in(list, 1000).as_deref(), Some("anna"));
        assert_eq!(login_in(list, 100), None);
        assert_eq!(login_in(list, 5), None);
    }
}
