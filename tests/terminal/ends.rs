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

#[test]
fn a_storm_of_sizes_most_of_them_too_small_for_anything_ends_in_a_whole_screen_too() {
    let home = home();
    let mut term = Term::start(&Start::new(home.path(), &["demo"]));
    term.wait("1 Overview");
    for step in 0..200_u16 {
        term.resize((1 + step * 7 % 80, 1 + step * 3 % 24));
    }
    term.resize((20, 9));
    term.wait("now 20x9, need");
    term.resize((100, 30));
    term.until("the footer in the last row", |screen| {
        screen.lines().nth(29).is_some_and(|line| line.trim_end().ends_with("? help"))
    });
    term.step("?", "closes");
    term.keys("\x03");
    assert_eq!(term.end(), 0);
    term.assert_restored();
}
