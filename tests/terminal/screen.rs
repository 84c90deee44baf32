//! A pseudo-terminal with the program in it. Nothing here sleeps for a fixed time and hopes: everything waits, within
//! bounds, for what must come.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use vt100::Parser;

/// How long anything may take to come.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// How soon a program that was told to end must have ended.
const SOON: Duration = Duration::from_secs(10);

/// A shell that stays behind its program: it says when that has stopped, does what a line says, lets it go on, and says how it
/// ended. Without a prompt it changes nothing about the terminal itself; where `sh` is bash, `fg` puts the settings that it
/// found back when the program ends, so that only the first stop, and an end without one, show what we did.
const STAYS: &str = r#"set -m
found=$(stty -g); stops=0
"$@"; code=$?
while [ $code -ge 147 ] && [ $code -le 150 ]; do
  stops=$((stops + 1)); printf '\r\nit has stopped %s\r\n' "$stops"
  read -r line; eval "$line"; fg >/dev/null; code=$?
done
echo "it ended with $code"; read -r line"#;

/// A home of its own for one program: nothing of the tester's machine is read or written.
pub fn home() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// The environment of a program in that home.
pub fn environment(home: &Path) -> Vec<(&'static str, String)> {
    let under = |name: &str| home.join(name).display().to_string();
    vec![
        ("HOME", home.display().to_string()),
        ("XDG_CONFIG_HOME", under(".config")),
        ("XDG_STATE_HOME", under(".state")),
        ("XDG_DATA_HOME", under(".data")),
        ("TMPDIR", home.display().to_string()),
        ("PATH", std::env::var("PATH").unwrap_or_default()),
        ("USER", "olga".to_owned()),
        ("LANG", "C.UTF-8".to_owned()),
        ("TERM", "xterm-256color".to_owned()),
    ]
}

/// What has arrived.
struct Shown {
    parser: Parser,
    raw: Vec<u8>,
    closed: bool,
}

/// How a program is started.
pub struct Start<'a> {
    pub args: &'a [&'a str],
    pub home: &'a Path,
    pub size: (u16, u16),
    pub env: &'a [(&'a str, &'a str)],
    /// Without this the system sends no SIGHUP when the terminal goes, as in a killed tmux pane.
    pub controlling: bool,
}

impl<'a> Start<'a> {
    pub fn new(home: &'a Path, args: &'a [&'a str]) -> Self {
        Self { args, home, size: (80, 24), env: &[], controlling: true }
    }
}

/// A program in a terminal.
pub struct Term {
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    child: Box<dyn Child + Send + Sync>,
    shown: Arc<(Mutex<Shown>, Condvar)>,
    let_go: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
    /// How the line was set when nobody had it yet.
    found: String,
}

/// How the line is set: echo, whole lines, keys that send signals, and everything else that `stty` shows.
fn settings(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().expect("the terminal has settings"))
}

fn nonzero(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).expect("a screen has cells")
}

impl Term {
    /// Starts the program.
    pub fn start(start: &Start<'_>) -> Self {
        Self::launch(start, env!("CARGO_BIN_EXE_crosstie"))
    }

    /// Starts a shell with job control.
    pub fn start_shell(start: &Start<'_>) -> Self {
        Self::launch(&Start { args: &["--norc", "--noprofile", "-i"], ..*start }, "bash")
    }

    /// Starts the program from a shell with job control that is left when it stops or ends.
    pub fn start_job(start: &Start<'_>) -> Self {
        let shell = ["-c", STAYS, "shell", env!("CARGO_BIN_EXE_crosstie")];
        Self::launch(&Start { args: &[&shell[..], start.args].concat(), ..*start }, "sh")
    }

    fn launch(start: &Start<'_>, program: &str) -> Self {
        let (cols, rows) = start.size;
        let size = PtySize { rows, cols, ..PtySize::default() };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let found = settings(&*pair.master);
        let mut command = CommandBuilder::new(program);
        command.args(start.args);
        command.cwd(start.home);
        command.env_clear();
        for (name, value) in environment(start.home) {
            command.env(name, value);
        }
        for (name, value) in start.env {
            command.env(name, value);
        }
        command.set_controlling_tty(start.controlling);
        let child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);
        let parser = Parser::new(nonzero(rows), nonzero(cols), 0);
        let shown = Arc::new((Mutex::new(Shown { parser, raw: Vec::new(), closed: false }), Condvar::new()));
        let let_go = Arc::new(AtomicBool::new(false));
        let source = pair.master.try_clone_reader().expect("the terminal can be read");
        let reader = {
            let (shown, let_go) = (Arc::clone(&shown), Arc::clone(&let_go));
            std::thread::spawn(move || read(source, &shown, &let_go))
        };
        let writer = Some(pair.master.take_writer().expect("the terminal can be written"));
        Self { master: Some(pair.master), writer, child, shown, let_go, reader: Some(reader), found }
    }

    /// Types keys as they are: `"\x1b[A"` is an arrow.
    pub fn keys(&mut self, keys: &str) {
        self.bytes(keys.as_bytes());
    }

    /// Types bytes, which need be no whole characters.
    pub fn bytes(&mut self, bytes: &[u8]) {
        let writer = self.writer.as_mut().expect("the terminal is open");
        writer.write_all(bytes).and_then(|()| writer.flush()).expect("the terminal takes keys");
    }

    /// Types bytes as a piece of their own: waits until the thread that reads keys has taken them, so that what is typed next
    /// cannot arrive together with them.
    pub fn piece(&mut self, bytes: &[u8]) {
        let taken = self.taken();
        self.bytes(bytes);
        let deadline = Instant::now() + PATIENCE;
        while self.taken() < taken + bytes.len() {
            assert!(Instant::now() < deadline, "the program reads no keys");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Bytes that the thread that reads keys has read so far.
    fn taken(&self) -> usize {
        let tasks = format!("/proc/{}/task", self.pid().as_raw_pid());
        let tasks = std::fs::read_dir(tasks).expect("the program runs").flatten().map(|task| task.path());
        let of = |task: &Path, file: &str| std::fs::read_to_string(task.join(file)).unwrap_or_default();
        let keys = tasks.into_iter().find(|task| of(task, "comm").trim() == "crosstie-keys").expect("it reads keys");
        let read = of(&keys, "io").lines().find_map(|line| line.strip_prefix("rchar: ")?.parse().ok());
        read.expect("the system counts what is read")
    }

    /// Types keys one by one, each only when the screen has settled on what the one before it led to.
    pub fn step(&mut self, keys: &str, shows: &str) -> String {
        self.keys(keys);
        self.wait(shows)
    }

    /// Waits until the screen is as wanted; returns it.
    pub fn until(&self, wanted: &str, is: impl Fn(&str) -> bool) -> String {
        self.watch(wanted, |screen| Some(screen.contents()).filter(|contents| is(contents)))
    }

    fn watch<T>(&self, wanted: &str, look: impl Fn(&vt100::Screen) -> Option<T>) -> T {
        let (shown, news) = &*self.shown;
        let deadline = Instant::now() + PATIENCE;
        let mut shown = shown.lock().expect("the reader lives");
        loop {
            let screen = shown.parser.screen();
            if let Some(found) = look(screen) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero() && !shown.closed, "waited for {wanted}; the screen shows:\n{}", screen.contents());
            shown = news.wait_timeout(shown, left).expect("the reader lives").0;
        }
    }

    /// Waits until the screen shows a text.
    pub fn wait(&self, text: &str) -> String {
        self.until(&format!("{text:?}"), |screen| screen.contains(text))
    }

    /// Waits until the screen does not show a text.
    pub fn wait_gone(&self, text: &str) -> String {
        self.until(&format!("no {text:?}"), |screen| !screen.contains(text))
    }

    /// Waits until the question on screen takes answers: in its first moment it takes none, so that what was typed
    /// before it came does not answer it. Then its key for yes is drawn bold.
    pub fn armed(&self) {
        self.watch("a question that takes answers", |screen| {
            let cols = screen.size().1.get();
            let (row, text) = (0_u16..).zip(screen.rows(0, cols)).find(|(_, row)| row.contains("[ Cancel ]"))?;
            let after = text.chars().position(|c| c == ']')?;
            let key = after + text.chars().skip(after).position(|c| c == 'y')?;
            screen.cell(row, u16::try_from(key).ok()?)?.bold().then_some(())
        });
    }

    /// Answers the question on screen with yes.
    pub fn confirm(&mut self) {
        self.armed();
        self.keys("y");
        self.wait_gone("Cancel");
    }

    /// Everything the program has sent.
    pub fn raw(&self) -> Vec<u8> {
        self.shown.0.lock().expect("the reader lives").raw.clone()
    }

    /// Looks at the terminal itself.
    pub fn with<T>(&self, look: impl FnOnce(&vt100::Screen) -> T) -> T {
        look(self.shown.0.lock().expect("the reader lives").parser.screen())
    }

    /// Gives the terminal another size.
    pub fn resize(&mut self, (cols, rows): (u16, u16)) {
        self.shown.0.lock().expect("the reader lives").parser.screen_mut().set_size(nonzero(rows), nonzero(cols));
        let master = self.master.as_ref().expect("the terminal is open");
        master.resize(PtySize { rows, cols, ..PtySize::default() }).expect("the terminal takes a size");
    }

    fn pid(&self) -> Pid {
        let pid = self.child.process_id().and_then(|pid| i32::try_from(pid).ok());
        pid.and_then(Pid::from_raw).expect("the program runs")
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("the program takes signals");
    }

    /// The process that has the terminal in the foreground, which need not be the one that was started.
    pub fn front(&self) -> Pid {
        let group = self.master.as_ref().expect("the terminal is open").process_group_leader();
        group.and_then(Pid::from_raw).expect("somebody has the terminal")
    }

    /// The line takes nothing any more, and nobody says that it is gone.
    pub fn stall(&mut self) {
        let master = self.master.as_ref().expect("the terminal is open");
        let name = master.tty_name().expect("the terminal has a name");
        let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY;
        let line = rustix::fs::open(name, flags, rustix::fs::Mode::empty()).expect("its other end can be opened");
        rustix::termios::tcflow(line, rustix::termios::Action::OOff).expect("it can be stopped");
    }

    /// The terminal vanishes: nobody holds its other end any more.
    pub fn vanish(&mut self) {
        self.let_go.store(true, Ordering::SeqCst);
        // The reader hangs in a read: anything the program says wakes it, and the program answers a key.
        self.keys("?");
        let reader = self.reader.take().expect("the terminal is open");
        let deadline = Instant::now() + PATIENCE;
        while !reader.is_finished() {
            assert!(Instant::now() < deadline, "the program says nothing");
            std::thread::sleep(Duration::from_millis(5));
        }
        drop((self.writer.take(), self.master.take()));
    }

    /// Waits for the end; returns the exit code.
    pub fn end(&mut self) -> u32 {
        let deadline = Instant::now() + SOON;
        loop {
            if let Some(status) = self.child.try_wait().expect("the program can be waited for") {
                if let Some(reader) = self.reader.take() {
                    reader.join().expect("the reader ends with the terminal");
                }
                assert_eq!(status.signal(), None, "it ends by itself");
                return status.exit_code();
            }
            assert!(Instant::now() < deadline, "it did not end; the screen shows:\n{}", self.with(|s| s.contents()));
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// What a terminal must be after any end: as it was found. Of its line's settings see [`Term::assert_as_found`].
    pub fn assert_restored(&self) {
        self.with(|screen| {
            assert!(!screen.alternate_screen(), "the alternate screen was left");
            assert!(!screen.hide_cursor(), "the caret is shown");
            assert!(!screen.bracketed_paste(), "bracketed paste is off");
            assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None, "the mouse is the terminal's");
            assert!(!screen.application_keypad() && !screen.application_cursor(), "keys send what they always sent");
            assert_eq!(screen.attributes_formatted(), "\x1b[m", "no colour is left on");
        });
        let raw = self.raw();
        let sent = |what: &[u8]| raw.windows(what.len()).filter(|bytes| *bytes == what).count();
        assert!(sent(b"\x1b[?1049h") > 0, "it had been taken over at all");
        assert!(sent(b"\x1b[?2026l") >= sent(b"\x1b[?2026h"), "every frame has its end");
    }

    /// The terminal is the dashboard's. When it goes on after a stop, a new size may be drawn before the line is raw again.
    pub fn assert_taken(&self) {
        self.with(|screen| assert!(screen.alternate_screen() && screen.bracketed_paste(), "it has the terminal"));
        let line = || settings(&**self.master.as_ref().expect("the terminal is open"));
        let deadline = Instant::now() + PATIENCE;
        while line() == self.found {
            assert!(Instant::now() < deadline, "the line is not raw: {:?}", self.found);
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The terminal is as it was found, its line's settings too. When the leader of a terminal's session ends, the system
    /// itself sets the line anew: so this is worth something only where a shell stays, as after [`Term::start_job`].
    pub fn assert_as_found(&self) {
        self.assert_restored();
        assert_eq!(settings(&**self.master.as_ref().expect("the terminal is open")), self.found, "the line's settings");
    }
}

impl Drop for Term {
    fn drop(&mut self) {
        // A failed test must leave no process behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(mut source: Box<dyn Read + Send>, shown: &(Mutex<Shown>, Condvar), let_go: &AtomicBool) {
    let mut buffer = [0; 16_384];
    loop {
        let count = source.read(&mut buffer).unwrap_or(0);
        let Ok(mut state) = shown.0.lock() else { return };
        state.closed = count == 0;
        state.raw.extend_from_slice(&buffer[..count]);
        // A frame counts when it is whole.
        state.parser.process(&buffer[..count]);
        shown.1.notify_all();
        if count == 0 || let_go.load(Ordering::SeqCst) {
            return;
        }
    }
}
