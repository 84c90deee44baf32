//! Raw mode, the alternate screen and bracketed paste: entered once, left by one routine on every way out. A line that takes
//! nothing any more, as of a connection that is lost and not yet given up, keeps nobody from leaving.

use std::io;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Signal;

static ACTIVE: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

/// The title laid aside, alternate screen, bracketed paste, caret hidden.
const ENTER: &[u8] = b"\x1b[22;2t\x1b[?1049h\x1b[?2004h\x1b[?25l";

/// Everything that may be on: a frame half sent, a style, bracketed paste, the alternate screen, a hidden caret, our title.
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[0m\x1b[?2004l\x1b[?1049l\x1b[?25h\x1b[23;2t";

/// How long a terminal may take to take the farewell.
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 500_000_000 };

/// The terminal is ours as long as this lives.
#[derive(Debug)]
pub struct Session(());

impl Session {
    /// Takes the terminal over. A panic anywhere gives it back before it is told.
    ///
    /// # Errors
    /// If the terminal cannot be switched to raw mode or written to.
    pub fn enter() -> io::Result<Self> {
        HOOK.call_once(|| {
            let previous = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                leave();
                previous(panic);
            }));
        });
        ACTIVE.store(true, Ordering::SeqCst);
        let session = Self(());
        enable_raw_mode()?;
        write_all(ENTER)?;
        Ok(session)
    }

    /// Lets the shell have the terminal and stops this process and its group, as ctrl-z does where nobody took the key away;
    /// comes back when it is told to go on. Returns the terminal's size then, for everything must be drawn anew.
    ///
    /// # Errors
    /// [`io::ErrorKind::Unsupported`] where no shell would bring us back; nothing was stopped then.
    pub fn suspend() -> io::Result<(u16, u16)> {
        if !Self::is_active() || !has_job_control() {
            return Err(io::ErrorKind::Unsupported.into());
        }
        leave();
        // The whole group: whoever started us in it, `cargo run` or a pipe, has to stop too or the shell stays away.
        let stopped = rustix::process::kill_current_process_group(Signal::STOP);
        let size = Self::resume()?;
        stopped.map_err(io::Error::from)?;
        Ok(size)
    }

    /// Takes the terminal over again: a shell that had it meanwhile has set it up for itself.
    ///
    /// # Errors
    /// If the terminal cannot be switched to raw mode or written to.
    pub fn resume() -> io::Result<(u16, u16)> {
        // crossterm would remember the mode it found, which may be our own.
        let _ = disable_raw_mode();
        ACTIVE.store(true, Ordering::SeqCst);
        enable_raw_mode()?;
        write_all(ENTER)?;
        crossterm::terminal::size()
    }

    /// Whether the terminal is still ours: a panic anywhere, even in another task, has given it back.
    pub fn is_active() -> bool {
        ACTIVE.load(Ordering::SeqCst)
    }
}

/// Whether a shell with job control started us: our parent is in our session, which we do not lead, and the terminal is ours.
/// Where sshd or a terminal starts us by itself, nobody could bring us back.
///
/// Asked through `nix`: a process outside our container has the number 0 here, which `rustix` takes for a broken promise of the
/// kernel's and panics on.
fn has_job_control() -> bool {
    use nix::unistd::{getpgrp, getppid, getsid, tcgetpgrp};
    let (group, session) = (getpgrp(), getsid(None).ok());
    let front = tcgetpgrp(std::io::stdin()).ok();
    // To ask about the process 0 is to ask about ourselves.
    let parent = Some(getppid()).filter(|parent| parent.as_raw() > 0).and_then(|parent| getsid(Some(parent)).ok());
    front == Some(group)
        && session != Some(group)
        && parent == session
        && session.is_some_and(|session| session.as_raw() > 0)
}

impl Drop for Session {
    fn drop(&mut self) {
        leave();
    }
}

/// Gives the terminal back, once; a terminal that is gone cannot complain. Normal exit, panic and signals all end here.
pub fn leave() {
    if ACTIVE.swap(false, Ordering::SeqCst) {
        if takes_bytes() {
            let _ = write_all(LEAVE);
        }
        let _ = disable_raw_mode();
    }
}

/// Whether a write would not wait for ever. What cannot be asked is written to.
fn takes_bytes() -> bool {
    let out = rustix::stdio::stdout();
    let mut asked = [PollFd::new(&out, PollFlags::OUT)];
    poll(&mut asked, Some(&PATIENCE)).map_or(true, |ready| ready > 0)
}

/// Writes past std's line-buffered stdout, which tears a frame into pieces.
fn write_all(mut bytes: &[u8]) -> io::Result<()> {
    let out = rustix::stdio::stdout();
    while !bytes.is_empty() {
        match rustix::io::write(out, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
