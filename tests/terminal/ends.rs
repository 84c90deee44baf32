//! Every way out gives the terminal back and ends the process.

use rustix::process::Signal;

use crate::screen::{Start, Term, home};
use crate::worlds::Workspace;

#[test]
fn without_a_configuration_the_demo_opens_and_says_so_and_q_gives_the_terminal_back() {
    let home = home();
    let mut term = Term::start(&Start::new(home.path(), &[]));
    let screen = term.wait("a demo:");
    assert!(screen.contains("DEMO"), "the badge is on every page:\n{screen}");
    assert!(screen.contains("1 Overview"), "{screen}");
    term.with(|screen| assert!(screen.alternate_screen() && screen.bracketed_paste()));
    term.keys("q");
    assert_eq!(term.end(), 0);
    term.assert_restored();
    let left: Vec<_> = std::fs::read_dir(home.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert!(left.is_empty(), "the demo's store is thrown away: {left:?}");
}

fn ends_on(signal: Signal, code: u32) {
    let home = home();
    let mut term = Term::start(&Start::new(home.path(), &["demo"]));
    term.wait("1 Overview");
    term.signal(signal);
    assert_eq!(term.end(), code);
    term.assert_restored();
}

#[test]
fn sigterm_gives_the_terminal_back() {
    ends_on(Signal::TERM, 143);
}

#[test]
fn sighup_gives_the_terminal_back() {
    ends_on(Signal::HUP, 129);
}

#[test]
fn ctrl_c_always_leaves() {
    let home = home();
    let mut term = Term::start(&Start::new(home.path(), &["demo"]));
    term.wait("1 Overview");
    term.step("?", "closes");
    term.keys("\x03");
    assert_eq!(term.end(), 0);
    term.assert_restored();
}

#[test]
fn a_terminal_that_hangs_up_ends_the_process() {
    let home = home();
    let mut term = Term::start(&Start::new(home.path(), &["demo"]));
    term.wait("1 Overview");
    term.vanish();
    assert_eq!(term.end(), 129);
}

#[test]
fn a_terminal_that_vanishes_without_a_signal_ends_the_process() {
    let home = home();
    let mut term = Term::start(&Start { controlling: false, ..Start::new(home.path(), &["demo"]) });
    term.wait("1 Overview");
    term.vanish();
    assert_eq!(term.end(), 129);
}

#[test]
fn sigint_and_sigquit_give_the_terminal_back() {
    ends_on(Signal::INT, 130);
    ends_on(Signal::QUIT, 131);
}

#[test]
fn a_panic_gives_the_terminal_back_before_it_is_told() {
    let home = home();
    let mut term = Term::start(&Start::new(home.path(), &["--panic", "demo"]));
    term.wait("1 Overview");
    assert_eq!(term.end(), 1);
    term.assert_restored();
    let raw = String::from_utf8_lossy(&term.raw()).into_owned();
    let (left, told) = (raw.rfind("\u{1b}[?1049l").unwrap(), raw.rfind("as was asked for").unwrap());
    assert!(left < told, "the message is on the screen of the shell");
}

#[test]
fn a_panic_of_a_dashboard_that_runs_the_sync_itself_shows_no_secret() {
    let place = Workspace::new();
    let mut term = Term::start(&Start { size: (200, 60), ..Start::new(place.home.path(), &["--panic"]) });
    term.wait("1 Overview");
    assert_eq!(term.end(), 1);
    term.assert_restored();
    let raw = String::from_utf8_lossy(&term.raw()).into_owned();
    assert!(
        raw.contains("crosstie broke at") && raw.contains("as was asked for") && raw.contains("report it"),
        "{raw}"
    );
    let secrets = [place.notion.hello["token"].as_str().unwrap(), place.crm.hello["token"].as_str().unwrap()];
    assert!(secrets.iter().all(|secret| !secret.is_empty() && !raw.contains(secret)), "the panic shows a secret");
}

#[test]
fn where_no_shell_would_bring_it_back_ctrl_z_says_so_and_stops_nothing() {
    let home = home();
    let mut term = Term::start(&Start::new(home.path(), &["demo"]));
    term.wait("1 Overview");
    term.step("\u{1a}", "no shell would bring the dashboard back here");
    term.keys("q");
    assert_eq!(term.end(), 0);
}

#[test]
fn ctrl_z_gives_the_shell_and_fg_brings_the_dashboard_back() {
    let home = home();
    let program = env!("CARGO_BIN_EXE_crosstie");
    let mut term = Term::start_shell(&Start::new(home.path(), &[]));
    term.keys("PS1='> '\n");
    term.wait("> ");
    term.keys(&format!("{program} demo\n"));
    term.wait("1 Overview");
    term.keys("\u{1a}");
    term.wait_gone("1 Overview");
    // The shell turns bracketed paste on for itself, so only the screen tells.
    term.with(|screen| assert!(!screen.alternate_screen()));
    term.step("echo shell-is-here\n", "\nshell-is-here");
    term.keys("fg\n");
    term.wait("1 Overview");
    term.step("?", "closes");
    term.keys("\u{3}");
    term.wait_gone("closes");
    term.keys("exit\n");
    assert_eq!(term.end(), 0);
}

#[test]
fn what_is_typed_while_a_suspended_dashboard_waits_goes_to_the_other_program_and_to_it_alone() {
    let home = home();
    let program = env!("CARGO_BIN_EXE_crosstie");
    let mut term = Term::start_shell(&Start::new(home.path(), &[]));
    term.keys("PS1='> '\n");
    term.wait("> ");
    term.keys(&format!("{program} demo\n"));
    term.wait("1 Overview");
    term.keys("\u{1a}");
    term.wait_gone("1 Overview");
    // Keys that each mean something to the dashboard: a page, a decision, the way out.
    term.step("sh -c 'echo listens; cat > typed'\n", "\nlistens");
    term.keys("2\nc w y\nq\n\u{4}");
    term.step("echo it-has-ended\n", "\nit-has-ended");
    assert_eq!(std::fs::read_to_string(home.path().join("typed")).unwrap(), "2\nc w y\nq\n");
    term.keys("fg\n");
    term.wait("1 Overview");
    let screen = term.step("?", "closes");
    assert!(screen.contains("Keys on Overview"), "it stands where it was left:\n{screen}");
    // What is typed now is its own again, from the first key on.
    term.keys("q");
    term.wait_gone("closes");
    term.step("2", "since");
    term.keys("\u{3}");
    term.wait_gone("since");
    term.keys("exit\n");
    assert_eq!(term.end(), 0);
}

#[test]
fn a_storm_of_sizes_ends_in_a_whole_screen() {
    let home = home();
    let mut term = Term::start(&Start::new(home.path(), &["demo"]));
    term.wait("1 Overview");
    for step in 0..200_u16 {
        term.resize((60 + step % 90, 16 + step % 40));
    }
    term.resize((100, 30));
    term.until("the footer in the last row", |screen| {
        screen.lines().nth(29).is_some_and(|line| line.trim_end().ends_with("? help"))
    });
    term.keys("q");
    assert_eq!(term.end(), 0);
    term.assert_restored();
}
