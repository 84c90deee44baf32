//! Every way out gives the terminal back and ends the process.

use rustix::process::Signal;

use crate::screen::{Start, Term, home};

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
