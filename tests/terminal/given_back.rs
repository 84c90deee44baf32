//! After every way out a shell that stays finds its terminal as it was: the line's settings, the screen, paste, mouse, caret.

use rustix::process::{Signal, kill_process};

use crate::screen::{Start, Term, home};

/// Starts a dashboard from a shell, leaves it by a way, and looks at what the shell finds.
fn leaves(args: &[&str], way: impl FnOnce(&mut Term), code: u32) {
    let home = home();
    let mut term = Term::start_job(&Start::new(home.path(), args));
    term.wait("1 Overview");
    term.assert_taken();
    way(&mut term);
    term.wait(&format!("it ended with {code}"));
    term.assert_as_found();
}

fn told(signal: Signal) -> impl FnOnce(&mut Term) {
    move |term| kill_process(term.front(), signal).unwrap()
}

#[test]
fn by_its_key() {
    leaves(&["demo"], |term| term.keys("q"), 0);
}

#[test]
fn by_ctrl_c_from_under_a_box_and_from_a_text() {
    leaves(&["demo"], |term| term.keys("\x03"), 0);
    let from_a_box = |term: &mut Term| {
        term.step("?", "closes");
        term.keys("\x03");
    };
    leaves(&["demo"], from_a_box, 0);
    let from_a_text = |term: &mut Term| {
        term.step("2", "since");
        term.step("/", "filter:");
        term.keys("\x03");
    };
    leaves(&["demo"], from_a_text, 0);
}

#[test]
fn by_sigterm_and_sighup() {
    leaves(&["demo"], told(Signal::TERM), 143);
    leaves(&["demo"], told(Signal::HUP), 129);
}

#[test]
fn by_sigint_and_sigquit() {
    leaves(&["demo"], told(Signal::INT), 130);
    leaves(&["demo"], told(Signal::QUIT), 131);
}

#[test]
fn by_two_signals_at_once() {
    let home = home();
    let term = Term::start_job(&Start::new(home.path(), &["demo"]));
    term.wait("1 Overview");
    let dashboard = term.front();
    kill_process(dashboard, Signal::HUP).unwrap();
    // It may have ended by the first.
    let _ = kill_process(dashboard, Signal::TERM);
    let either = |screen: &str| ["129", "143"].iter().any(|code| screen.contains(&format!("it ended with {code}")));
    term.until("an end by either", either);
    term.assert_as_found();
}

#[test]
fn by_a_panic() {
    let home = home();
    let term = Term::start_job(&Start::new(home.path(), &["--panic", "demo"]));
    let screen = term.wait("it ended with 1");
    assert!(screen.contains("as was asked for"), "{screen}");
    term.assert_as_found();
}
