//! Somebody who listens as Slack does, on a real socket.
#![allow(dead_code, reason = "two test programs share this, and neither uses all of it")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value as Json;

/// How long anything may take to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// What came, and when.
pub struct Came {
    pub at: Instant,
    pub path: String,
    pub body: Json,
}

impl Came {
    pub fn text(&self) -> &str {
        self.body["text"].as_str().unwrap()
    }
}

/// Listens, and answers with what was scripted; with `ok` when nothing is.
pub struct Listener {
    pub url: String,
    came: Arc<Mutex<Vec<Came>>>,
}

/// Status, a header or nothing, and a body.
pub type Answer = (u16, &'static str, &'static str);

impl Listener {
    pub fn open(answers: &[Answer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/services/T0/B0/madeupslacksecret", listener.local_addr().unwrap());
        let came: Arc<Mutex<Vec<Came>>> = Arc::default();
        let (kept, answers) = (Arc::clone(&came), answers.to_vec());
        // Ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { continue };
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut first = String::new();
                if reader.read_line(&mut first).unwrap_or(0) == 0 {
                    continue;
                }
                let mut length = 0;
                loop {
                    let mut line = String::new();
                    reader.read_line(&mut line).unwrap();
                    if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    if line.trim().is_empty() {
                        break;
                    }
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
                let number = {
                    let mut kept = kept.lock().unwrap();
                    kept.push(Came { at: Instant::now(), path, body: serde_json::from_slice(&body).unwrap() });
                    kept.len() - 1
                };
                let (status, header, text) = answers.get(number).copied().unwrap_or((200, "", "ok"));
                let header = if header.is_empty() { String::new() } else { format!("{header}\r\n") };
                let answer = format!(
                    "HTTP/1.1 {status} x\r\n{header}content-length: {}\r\nconnection: close\r\n\r\n{text}",
                    text.len()
                );
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Self { url, came }
    }

    /// Waits until so many messages came, and looks at them.
    pub fn came<T>(&self, count: usize, look: impl FnOnce(&[Came]) -> T) -> T {
        let began = Instant::now();
        loop {
            let came = self.came.lock().unwrap();
            if came.len() >= count {
                return look(&came);
            }
            assert!(began.elapsed() < PATIENCE, "only {} of {count} messages came", came.len());
            drop(came);
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn count(&self) -> usize {
        self.came.lock().unwrap().len()
    }
}
