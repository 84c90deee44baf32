//! What the terminal sends, read by a thread of our own.
//!
//! crossterm 0.29 reads a terminal that has gone for ever, and after a change of size it leaves the next key unread until another
//! comes: it waits for edges, and gives one back unused. So the bytes are ours from the start.

use std::io;
use std::os::fd::BorrowedFd;
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
        if let Err(error) = read(rustix::stdio::stdin(), &held, &tell, Session::is_active) {
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

/// Reads until the leash is let go or the terminal goes; only while the terminal is ours.
fn read(
    input: BorrowedFd<'_>,
    leash: &UnixStream,
    tell: &mpsc::UnboundedSender<io::Result<Arrival>>,
    is_ours: impl Fn() -> bool,
) -> io::Result<()> {
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
        if !is_ours() {
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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use std::io::{Read, Write};
    use std::os::fd::AsFd;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use super::*;

    fn bytes(told: &mut mpsc::UnboundedReceiver<io::Result<Arrival>>) -> Vec<u8> {
        match told.blocking_recv() {
            Some(Ok(Arrival::Bytes(bytes))) => bytes,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_typed_while_another_program_has_the_terminal_is_left_to_it() {
        let (mut keyboard, mut terminal) = UnixStream::pair().unwrap();
        let (leash, held) = UnixStream::pair().unwrap();
        let (ours, asked) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicUsize::new(0)));
        let (tell, mut told) = mpsc::unbounded_channel();
        let reader = {
            let (terminal, ours, asked) = (terminal.try_clone().unwrap(), Arc::clone(&ours), Arc::clone(&asked));
            std::thread::spawn(move || {
                read(terminal.as_fd(), &held, &tell, || {
                    asked.fetch_add(1, Ordering::SeqCst);
                    ours.load(Ordering::SeqCst)
                })
            })
        };
        keyboard.write_all(b"2").unwrap();
        assert_eq!(bytes(&mut told), b"2");
        ours.store(false, Ordering::SeqCst);
        let before = asked.load(Ordering::SeqCst);
        keyboard.write_all(b"ls\n").unwrap();
        // It has looked at what lies there, more than once, and let it lie.
        while asked.load(Ordering::SeqCst) < before + 3 {
            assert!(told.try_recv().is_err(), "the shell's keys were taken");
            std::thread::yield_now();
        }
        let mut line = [0; 3];
        terminal.read_exact(&mut line).unwrap();
        assert_eq!((&line, told.try_recv().is_err()), (b"ls\n", true));
        // And it goes on when the terminal is ours again.
        ours.store(true, Ordering::SeqCst);
        keyboard.write_all(b"3").unwrap();
        assert_eq!(bytes(&mut told), b"3");
        drop(leash);
        reader.join().unwrap().unwrap();
    }
}
