//! What the terminal sends, read by a thread of our own.
//!
//! crossterm 0.29 reads a terminal that has gone for ever, and after a change of size it leaves the next key unread until another
//! comes: it waits for edges, and gives one back unused. So the bytes are ours from the start.

use std::io;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use futures_util::{Stream, stream};
use rustix::event::{PollFd, PollFlags, poll};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::input::Arrival;
use super::session::Session;
use super::watch::GONE;

/// How often it is looked whether the terminal is ours again.
const AWAY: Duration = Duration::from_millis(5);

/// The most that is read at once.
const PIECE: usize = 4096;

/// What is typed and pasted, and new sizes. Ends with an error when the terminal has gone. When it is dropped, nobody reads what
/// is typed any more: it belongs to the shell.
///
/// # Errors
/// If the system grants no thread, socket or signal.
pub fn arrivals() -> io::Result<impl Stream<Item = io::Result<Arrival>> + Unpin> {
    let (leash, held) = UnixStream::pair()?;
    let (tell, told) = mpsc::unbounded_channel();
    let resized = signal(SignalKind::window_change())?;
    std::thread::Builder::new().name("crosstie-keys".to_owned()).spawn(move || {
        if let Err(error) = read(&held, &tell) {
            let _ = tell.send(Err(error));
        }
    })?;
    Ok(Box::pin(stream::unfold((told, resized, leash), |(mut told, mut resized, leash)| async move {
        let arrival = tokio::select! {
            biased;
            typed = told.recv() => typed?,
            Some(()) = resized.recv() => {
                crossterm::terminal::size().map(|(columns, rows)| Arrival::Resize(columns, rows))
            }
        };
        Some((arrival, (told, resized, leash)))
    })))
}

/// Reads until the leash is let go or the terminal goes.
fn read(leash: &UnixStream, tell: &mpsc::UnboundedSender<io::Result<Arrival>>) -> io::Result<()> {
    let input = rustix::stdio::stdin();
    let mut piece = vec![0; PIECE];
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
        // While a shell has the terminal, what is typed is the shell's.
        if !Session::is_active() {
            std::thread::sleep(AWAY);
            continue;
        }
        let bytes = match rustix::io::read(input, &mut piece) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => piece.get(..read).unwrap_or_default().to_vec(),
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => continue,
            Err(error) => return Err(error.into()),
        };
        if tell.send(Ok(Arrival::Bytes(bytes))).is_err() {
            return Ok(());
        }
    }
}
