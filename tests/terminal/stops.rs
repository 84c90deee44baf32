//! Stopped and let go on: by the operator, by their shell, by anybody else.

use rustix::process::{Pid, Signal, kill_process};

use crate::screen::{Start, Term, home};
use crate::worlds::wait;

/// A dashboard that a shell started, with the terminal in its hands.
fn started(home: &std::path::Path) -> (Term, Pid) {
    let term = Term::start_job(&Start::new(home, &["demo"]));
    term.wait("1 Overview");
    term.assert_taken();
    let dashboard = term.front();
    (term, dashboard)
}

/// The shell has the terminal, for the `nth` time.
fn stopped(term: &Term, nth: usize) {
    term.wait(&format!("it has stopped {nth}"));
}

/// The shell lets it go on, and it has the terminal again.
fn goes_on(term: &mut Term) {
    goes_on_after(term, "");
}

/// The same after something else.
fn goes_on_after(term: &mut Term, line: &str) {
    term.keys(&format!("{line}\n"));
    term.wait_gone("it has stopped");
    term.wait("1 Over");
    term.assert_taken();
}

fn quits(term: &mut Term) {
    term.keys("q");
    term.wait("it ended with 0");
    term.assert_as_found();
}

/// Waits until the footer ends at the end of the last row.
fn whole(term: &Term, (width, height): (u16, u16)) {
    term.until(&format!("a whole screen of {width}x{height}"), |screen| {
        let last = screen.lines().nth(usize::from(height) - 1).map(str::trim_end);
        last.is_some_and(|line| line.ends_with("? help") && line.chars().count() == usize::from(width) - 1)
    });
}

/// What a process does, as `ps` says it: `S` it waits, `T` it was stopped, `Z` it has ended; `None` if there is none.
fn state(process: Pid) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.as_raw_pid())).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

#[test]
fn who_stops_it_by_a_key_gets_the_terminal_as_it_was_found_and_can_do_so_again() {
    let home = home();
    let (mut term, _) = started(home.path());
    for (nth, (page, heading)) in [("2", "since"), ("6", "what        on")].into_iter().enumerate() {
        term.keys("\x1a");
        stopped(&term, nth + 1);
        term.assert_as_found();
        goes_on(&mut term);
        term.step(page, heading);
    }
    quits(&mut term);
}

#[test]
fn sigtstp_from_anywhere_stops_it_as_its_key_does() {
    let home = home();
    let (mut term, dashboard) = started(home.path());
    kill_process(dashboard, Signal::TSTP).unwrap();
    stopped(&term, 1);
    term.assert_as_found();
    goes_on(&mut term);
    quits(&mut term);
}

#[test]
fn sigtstp_where_no_shell_would_bring_it_back_stops_nothing_and_says_so() {
    let home = home();
    let mut term = Term::start(&Start::new(home.path(), &["demo"]));
    term.wait("1 Overview");
    term.signal(Signal::TSTP);
    term.wait("no shell would bring the dashboard back here");
    term.keys("q");
    assert_eq!(term.end(), 0);
    term.assert_restored();
}

/// Nothing can be given back then: what is written meanwhile lies on the dashboard's screen, and a shell sets the line up for
/// itself.
#[test]
fn a_stop_that_nobody_can_catch_leaves_no_trace_on_the_screen_that_goes_on() {
    let home = home();
    let (mut term, dashboard) = started(home.path());
    kill_process(dashboard, Signal::STOP).unwrap();
    stopped(&term, 1);
    goes_on_after(&mut term, r#"stty "$found""#);
    quits(&mut term);
}

#[test]
fn a_size_that_changed_while_it_was_stopped_is_seen_when_it_goes_on() {
    let home = home();
    let (mut term, dashboard) = started(home.path());
    let stops = [(Signal::TSTP, (120, 40)), (Signal::STOP, (70, 20)), (Signal::TSTP, (80, 24))];
    for (nth, (signal, size)) in stops.into_iter().enumerate() {
        kill_process(dashboard, signal).unwrap();
        stopped(&term, nth + 1);
        term.resize(size);
        term.keys("\n");
        whole(&term, size);
        term.assert_taken();
    }
    quits(&mut term);
}

#[test]
fn without_a_shell_it_can_be_stopped_and_let_go_on_from_outside_and_follows_the_size() {
    let home = home();
    let mut term = Term::start(&Start::new(home.path(), &["demo"]));
    term.wait("1 Overview");
    for size in [(120, 40), (66, 18)] {
        term.signal(Signal::STOP);
        term.resize(size);
        term.signal(Signal::CONT);
        whole(&term, size);
    }
    term.step("?", "closes");
    term.keys("\x03");
    assert_eq!(term.end(), 0);
    term.assert_restored();
}

#[test]
fn let_go_on_behind_the_shells_back_it_waits_until_it_has_the_terminal() {
    let home = home();
    let (mut term, dashboard) = started(home.path());
    term.keys("\x1a");
    stopped(&term, 1);
    let before = term.raw().len();
    kill_process(dashboard, Signal::CONT).unwrap();
    // It wants the terminal, which is the shell's: so the system stops it again, by another signal.
    wait("a second stop", || (state(dashboard) == Some('T')).then_some(()));
    assert_eq!(term.raw().len(), before, "nothing was written over the shell");
    term.assert_as_found();
    goes_on(&mut term);
    quits(&mut term);
}

#[test]
fn who_is_told_to_end_while_stopped_ends_when_let_go_on_and_gives_the_terminal_back() {
    let home = home();
    let (mut term, dashboard) = started(home.path());
    term.keys("\x1a");
    stopped(&term, 1);
    kill_process(dashboard, Signal::TERM).unwrap();
    term.keys("\n");
    term.wait("it ended with 143");
    term.assert_as_found();
}

#[test]
fn a_terminal_that_vanishes_from_a_stopped_dashboard_ends_it() {
    let home = home();
    let (mut term, dashboard) = started(home.path());
    term.keys("\x1a");
    stopped(&term, 1);
    // The line echoes what is typed.
    term.vanish();
    wait("its end", || state(dashboard).is_none_or(|state| state == 'Z').then_some(()));
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

/// A dashboard that ctrl-z has stopped, and the shell that has the terminal.
fn laid_aside(home: &std::path::Path) -> Term {
    let program = env!("CARGO_BIN_EXE_crosstie");
    let mut term = Term::start_shell(&Start::new(home, &[]));
    term.keys("PS1='> '\n");
    term.wait("> ");
    term.keys(&format!("{program} demo\n"));
    term.wait("1 Overview");
    term.keys("\u{1a}");
    term.wait_gone("1 Overview");
    term
}

#[test]
fn ctrl_z_gives_the_shell_and_fg_brings_the_dashboard_back() {
    let home = home();
    let mut term = laid_aside(home.path());
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
    let mut term = laid_aside(home.path());
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
