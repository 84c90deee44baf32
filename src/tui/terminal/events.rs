//! What the terminal sends, read by a thread of our own.
//!
//! crossterm 0.29 reads a terminal that has gone for ever, in whatever thread asks it: `EventStream` asks in its own
//! thread and, with a time-out of zero, in the task that polls it. There it would take the dashboard along, so only
//! this thread asks; and it looks first whether there is a terminal.

use std::io;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crossterm::event::{self, Event};
use futures_util::{Stream, stream};
use rustix::event::{PollFd, PollFlags, poll};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::watch::GONE;

/// How long crossterm may wait for the rest of what has begun to arrive.
const GLANCE: Duration = Duration::from_millis(20);

/// Keys, pasted text and sizes. Ends with an error when the terminal has gone. When it is dropped, nobody reads what
/// is typed any more: it belongs to the shell.
///
/// # Errors
/// If the system grants no thread, socket or signal.
pub fn events() -> io::Result<impl Stream<Item = io::Result<Event>> + Unpin> {
    let (leash, held) = UnixStream::pair()?;
    let (tell, told) = mpsc::unbounded_channel();
    // Before the thread: crossterm tells of a new size with the next key only, for the thread looks at keys alone.
    let resized = signal(SignalKind::window_change())?;
    std::thread::Builder::new().name("crosstie-keys".to_owned()).spawn(move || {
        if let Err(error) = read(&held, &tell) {
            let _ = tell.send(Err(error));
        }
    })?;
    Ok(Box::pin(stream::unfold((told, resized, leash), |(mut told, mut resized, leash)| async move {
        let event = tokio::select! {
            biased;
            event = told.recv() => event?,
            Some(()) = resized.recv() => crossterm::terminal::size().map(|(columns, rows)| Event::Resize(columns, rows)),
        };
        Some((event, (told, resized, leash)))
    })))
}

/// Reads until the leash is let go or the terminal goes.
#[allow(clippy::disallowed_methods, reason = "the one thread that may ask, and nothing waits for it")]
fn read(leash: &UnixStream, tell: &mpsc::UnboundedSender<io::Result<Event>>) -> io::Result<()> {
    let input = rustix::stdio::stdin();
    loop {
        let mut fds = [PollFd::new(&input, PollFlags::IN), PollFd::new(leash, PollFlags::IN)];
        match poll(&mut fds, None) {
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
            Ok(_) => {}
        }
        if !fds[1].revents().is_empty() {
            return Ok(());
        }
        if fds[0].revents().intersects(GONE) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut wait = GLANCE;
        while event::poll(wait)? {
            if tell.send(event::read()).is_err() {
                return Ok(());
            }
            wait = Duration::ZERO;
        }
    }
}
