//! Why the dashboard must end although nobody pressed a key.

use std::io;
use std::time::Duration;

use super::session::Session;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What ended it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A signal, by name.
    Signal(&'static str),
    /// The terminal has gone, or was given back by a panic.
    TerminalGone,
}

/// The signals that end the dashboard, and the watch over the terminal.
#[derive(Debug)]
pub struct Watch {
    term: Signal,
    hangup: Signal,
    interrupt: Signal,
    quit: Signal,
}

impl Watch {
    /// Listens for SIGTERM, SIGHUP, SIGINT and SIGQUIT from now on.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
        })
    }

    /// Comes back when it is time to end.
    pub async fn ended(mut self) -> Cause {
        loop {
            tokio::select! {
                biased;
                _ = self.term.recv() => return Cause::Signal("SIGTERM"),
                _ = self.hangup.recv() => return Cause::Signal("SIGHUP"),
                _ = self.interrupt.recv() => return Cause::Signal("SIGINT"),
                _ = self.quit.recv() => return Cause::Signal("SIGQUIT"),
                () = tokio::time::sleep(Duration::from_secs(1)) => {
                    if is_gone() || !Session::is_active() {
                        return Cause::TerminalGone;
                    }
                }
            }
        }
    }
}

/// The signals by which a shell stops the dashboard and lets it go on.
#[derive(Debug)]
pub struct Jobs {
    stop: Signal,
    go_on: Signal,
}

/// What a shell wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// Give the terminal back and stop.
    Stop,
    /// We were stopped and go on: the terminal may look like anything.
    GoOn,
}

impl Jobs {
    /// Listens for SIGTSTP and SIGCONT from now on.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn new() -> io::Result<Self> {
        let kind = |signal: rustix::process::Signal| SignalKind::from_raw(signal.as_raw());
        Ok(Self {
            stop: signal(kind(rustix::process::Signal::TSTP))?,
            go_on: signal(kind(rustix::process::Signal::CONT))?,
        })
    }

    /// The next of them. Safe to drop and call again.
    pub async fn next(&mut self) -> Job {
        tokio::select! {
            biased;
            _ = self.go_on.recv() => Job::GoOn,
            _ = self.stop.recv() => Job::Stop,
        }
    }
}

/// What the system says of a terminal that is no more.
pub const GONE: PollFlags = PollFlags::HUP.union(PollFlags::ERR).union(PollFlags::NVAL);

/// Whether the terminal behind standard input has hung up. crossterm 0.29 never says so: without a SIGHUP (a killed
/// tmux pane) its reader spins for ever on the dead terminal instead.
pub fn is_gone() -> bool {
    let input = rustix::stdio::stdin();
    let mut fds = [PollFd::new(&input, PollFlags::empty())];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    match poll(&mut fds, Some(&now)) {
        Ok(0) | Err(_) => false,
        Ok(_) => fds[0].revents().intersects(GONE),
    }
}
