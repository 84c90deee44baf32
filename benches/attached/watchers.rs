//! Whoever watches the daemon: dashboards in terminals of their own, and a client that never reads.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crosstie::control::socket;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::office::program::CROSSTIE;

/// A dashboard in a terminal.
pub struct Dashboard {
    master: Option<Box<dyn MasterPty + Send>>,
    keys: Option<Box<dyn Write + Send>>,
    child: Box<dyn Child + Send + Sync>,
    gone: Arc<AtomicBool>,
}

impl Dashboard {
    /// Opens one and waits until it has drawn.
    pub fn open(home: &Path) -> Self {
        let pair = native_pty_system().openpty(PtySize { rows: 60, cols: 200, ..PtySize::default() }).unwrap();
        let mut command = CommandBuilder::new(CROSSTIE);
        command.cwd(home);
        command.env_clear();
        for (name, value) in [("HOME", home.to_str().unwrap()), ("USER", "bench"), ("TERM", "xterm-256color")] {
            command.env(name, value);
        }
        command.env("CROSSTIE_NOTION_TOKEN", "unused");
        command.env("CROSSTIE_BITRIX24_WEBHOOK", "https://unused.example/rest/1/unused/");
        let child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (drawn, has_drawn) = std::sync::mpsc::channel();
        let (shown, gone) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (screen, is_gone) = (Arc::clone(&shown), Arc::clone(&gone));
        std::thread::spawn(move || {
            let (mut bytes, mut drawn) = ([0; 65_536], Some(drawn));
            // It holds the terminal too: that goes when neither this nor anybody else does.
            while !is_gone.load(Ordering::Relaxed)
                && let Ok(count @ 1..) = reader.read(&mut bytes)
            {
                let mut seen = screen.lock().unwrap();
                if let Some(waiting) = &drawn {
                    seen.extend_from_slice(&bytes[..count]);
                    if seen.windows(8).any(|text| text == b"attached") {
                        let _ = waiting.send(());
                        drawn = None;
                    }
                }
            }
        });
        if has_drawn.recv_timeout(std::time::Duration::from_secs(30)).is_err() {
            panic!("it does not attach: {}", String::from_utf8_lossy(&shown.lock().unwrap()).escape_debug());
        }
        let keys = Some(pair.master.take_writer().unwrap());
        Self { master: Some(pair.master), keys, child, gone }
    }

    /// Types.
    pub fn keys(&mut self, keys: &str) {
        self.keys.as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
    }

    /// Leaves as an operator does.
    pub fn leave(mut self) {
        self.keys("\x03");
        self.child.wait().unwrap();
    }

    /// The terminal goes, as when a connection drops.
    pub fn vanish(&mut self) {
        self.gone.store(true, Ordering::Relaxed);
        (self.keys, self.master) = (None, None);
    }
}

impl Drop for Dashboard {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client that shakes hands, asks for the journal again and again, and never reads an answer.
pub fn stalled(home: &Path) -> UnixStream {
    let mut stream = UnixStream::connect(home.join("state/desk.sock")).unwrap();
    let hello = format!("{{\"hello\":\"crosstie\",\"version\":{},\"pid\":{}}}\n", socket::VERSION, std::process::id());
    stream.write_all(hello.as_bytes()).unwrap();
    stream.set_nonblocking(true).unwrap();
    let ask = b"{\"id\":1,\"ask\":{\"query\":{\"list\":\"journal\",\"filter\":\"\",\"offset\":0,\"limit\":200}}}\n";
    while stream.write(ask).is_ok_and(|count| count == ask.len()) {}
    stream
}
