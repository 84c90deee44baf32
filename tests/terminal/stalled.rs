//! A line that takes nothing any more, as of a connection that is lost and not yet given up.

use rustix::process::Signal;

use crate::screen::{Start, Term, home};

fn stalled(home: &std::path::Path) -> Term {
    let mut term = Term::start(&Start::new(home, &["demo"]));
    term.wait("1 Overview");
    term.stall();
    // Its frame is out, and never arrives.
    term.keys("2");
    term
}

#[test]
fn ctrl_c_leaves_a_terminal_that_takes_nothing_any_more() {
    let home = home();
    let mut term = stalled(home.path());
    term.keys("\x03");
    assert_eq!(term.end(), 0);
}

#[test]
fn sigterm_ends_a_dashboard_whose_terminal_takes_nothing_any_more() {
    let home = home();
    let mut term = stalled(home.path());
    term.signal(Signal::TERM);
    assert_eq!(term.end(), 143);
}
