//! Processes of the program, which end with the test.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a command may take that has nothing to wait for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a test's programs live: home, working folder, outputs, and the variables that they all get.
pub struct Home {
    dir: tempfile::TempDir,
    pub env: BTreeMap<String, String>,
    /// What no output may ever show.
    pub secrets: Vec<String>,
}

impl Home {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), env: BTreeMap::new(), secrets: Vec::new() }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, text).unwrap();
        // Some of them are secrets.
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        path
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crosstie"));
        // Nothing of the machine that runs the test may decide: no proxy, no configuration, no name.
        command.args(args).env_clear().current_dir(self.path()).stdin(Stdio::null());
        command.env("HOME", self.path()).env("USER", "anna").env("RUST_BACKTRACE", "1").envs(&self.env);
        command
    }

    /// Runs a command to its end.
    pub fn ask(&self, args: &[&str]) -> Said {
        self.ask_within(PATIENCE, args)
    }

    /// The same with something typed.
    pub fn ask_saying(&self, args: &[&str], typed: &str) -> Said {
        let mut command = self.command(args);
        command.stdin(File::open(self.write("typed.in", typed)).unwrap());
        self.run(PATIENCE, args, command)
    }

    /// The same with a file on standard input, which may lie elsewhere.
    pub fn ask_reading(&self, args: &[&str], file: &Path) -> Said {
        let mut command = self.command(args);
        command.stdin(File::open(file).unwrap());
        self.run(PATIENCE, args, command)
    }

    /// How the sync does; the exit code tells whether something waits for a person.
    #[track_caller]
    pub fn status(&self) -> serde_json::Value {
        let said = self.ask(&["status", "--json"]);
        let code = if said.json()["waiting"] == true { 7 } else { 0 };
        said.ends_with(code).json()
    }

    pub fn ask_within(&self, limit: Duration, args: &[&str]) -> Said {
        self.run(limit, args, self.command(args))
    }

    fn run(&self, limit: Duration, args: &[&str], mut command: Command) -> Said {
        let (out, err) = (self.path().join("asked.out"), self.path().join("asked.err"));
        command.stdout(File::create(&out).unwrap()).stderr(File::create(&err).unwrap());
        let mut running = Running { child: command.spawn().unwrap(), hello: None };
        let code = running.ended_within(limit);
        let said = Said {
            code: code.unwrap_or_else(|| panic!("{args:?} did not end within {limit:?}")),
            stdout: fs::read_to_string(&out).unwrap(),
            stderr: fs::read_to_string(&err).unwrap(),
        };
        self.assert_silent(&format!("{args:?}"), &said.stdout);
        self.assert_silent(&format!("{args:?}"), &said.stderr);
        said
    }

    /// No output may show a token or the secret of a webhook.
    pub fn assert_silent(&self, what: &str, text: &str) {
        for secret in &self.secrets {
            assert!(!text.contains(secret.as_str()), "{what} shows a secret:\n{}", text.replace(secret.as_str(), "█"));
        }
    }

    /// Starts a program that says one line and then serves.
    pub fn serve(&self, name: &str, args: &[&str]) -> (Running, String) {
        let mut command = self.command(args);
        command.stdout(Stdio::piped()).stderr(self.log(name));
        let mut child = command.spawn().unwrap();
        let mut hello = BufReader::new(child.stdout.take().unwrap());
        let running = |hello| Running { child, hello: Some(hello) };
        let mut line = String::new();
        let read = hello.read_line(&mut line);
        let running = running(hello);
        assert!(read.is_ok() && !line.is_empty(), "{args:?} said nothing: {}", self.logged(name));
        (running, line)
    }

    /// Starts a program whose outputs are added to `<name>.log`.
    pub fn start(&self, name: &str, args: &[&str]) -> Running {
        let mut command = self.command(args);
        command.stdout(self.log(name)).stderr(self.log(name));
        Running { child: command.spawn().unwrap(), hello: None }
    }

    /// As [`Home::start`], on a disk that [`Running::fill_disk`] can fill, or that is full behind so many half kilobytes
    /// of every file already. The signal that a file limit sends is not heard: what cannot be written is an error.
    pub fn start_on_a_disk_of(&self, blocks: &str, name: &str, args: &[&str]) -> Running {
        let program = self.command(args);
        let mut command = Command::new("/bin/sh");
        let shell = format!("trap '' XFSZ; ulimit -S -f {blocks}; exec \"$@\"");
        command.args(["-c", &shell, "sh"]).arg(program.get_program()).args(program.get_args());
        command.env_clear().current_dir(self.path()).stdin(Stdio::null());
        command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.stdout(self.log(name)).stderr(self.log(name));
        Running { child: command.spawn().unwrap(), hello: None }
    }

    /// As [`Home::start`], in a mount namespace of its own in which a folder is mounted read-only: its disk, as far as the
    /// program can see. Ends with 99 where this host lets nobody do that.
    pub fn start_read_only(&self, name: &str, dir: &Path, args: &[&str]) -> Running {
        let program = self.command(args);
        let mut command = Command::new("/bin/sh");
        // Root needs no user namespace, and may be denied one.
        let shell = "inner='mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\" && ! touch \"$0/.probe\" 2>/dev/null \
                     || exit 99; exec \"$@\"'; command -v unshare >/dev/null || exit 99; dir=$1; shift; \
                     if [ \"$(id -u)\" = 0 ] && unshare -m true 2>/dev/null; then way=-m; else way=-Urm; fi; \
                     unshare $way true 2>/dev/null || exit 99; exec unshare $way /bin/sh -c \"$inner\" \"$dir\" \"$@\"";
        command.args(["-c", shell, "sh"]).arg(dir).arg(program.get_program()).args(program.get_args());
        command.env_clear().current_dir(self.path()).stdin(Stdio::null()).env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.stdout(self.log(name)).stderr(self.log(name));
        Running { child: command.spawn().unwrap(), hello: None }
    }

    /// One or the other.
    pub fn start_read_only_if(&self, mounted: bool, name: &str, dir: &Path, args: &[&str]) -> Running {
        if mounted { self.start_read_only(name, dir, args) } else { self.start(name, args) }
    }

    fn log(&self, name: &str) -> File {
        OpenOptions::new().create(true).append(true).open(self.path().join(format!("{name}.log"))).unwrap()
    }

    /// What a started program wrote so far, over all its starts.
    pub fn logged(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(format!("{name}.log"))).unwrap_or_default()
    }
}

/// What a command said, and how it ended.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Said {
    #[track_caller]
    pub fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// The one JSON object on standard output.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        assert_eq!(self.stdout.lines().count(), 1, "one line expected:\n{}\n{}", self.stdout, self.stderr);
        serde_json::from_str(&self.stdout).unwrap()
    }
}

/// A process that is killed when the test is done with it.
pub struct Running {
    child: Child,
    /// Kept open: a program whose reader has gone might end.
    hello: Option<BufReader<ChildStdout>>,
}

impl Running {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL: no chance to finish anything.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM.
    pub fn terminate(&self) {
        self.signal(rustix::process::Signal::TERM);
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// No file may grow beyond so many bytes, and nothing be written behind them: as if the disk were full.
    pub fn fill_disk(&self, bytes: u64) {
        let pid = rustix::process::Pid::from_child(&self.child);
        let limit = rustix::process::Rlimit { current: Some(bytes), maximum: None };
        rustix::process::prlimit(Some(pid), rustix::process::Resource::Fsize, limit).unwrap();
    }

    /// How it ended, if it does within the limit; -1 for a signal.
    pub fn ended_within(&mut self, limit: Duration) -> Option<i32> {
        until(limit, || self.child.try_wait().unwrap().map(|status| status.code().unwrap_or(-1)))
    }

    /// Whoever read what it says is gone.
    pub fn read_no_more(&mut self) {
        self.hello = None;
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Looks again and again until there is something to see.
pub fn until<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let began = Instant::now();
    loop {
        if let Some(seen) = look() {
            return Some(seen);
        }
        if began.elapsed() > limit {
            return None;
        }
        sleep(Duration::from_millis(20));
    }
}

/// Looks without a pause in between: for what must be met within a millisecond.
pub fn until_at_once(limit: Duration, mut look: impl FnMut() -> bool) -> bool {
    let began = Instant::now();
    while !look() {
        if began.elapsed() > limit {
            return false;
        }
    }
    true
}
