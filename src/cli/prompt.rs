//! Questions at the terminal, one line each. Without a terminal nothing is asked, and whoever would have to ask says what to
//! give on the command line instead.

use std::io::{IsTerminal, Read, Write};

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use zeroize::{Zeroize, Zeroizing};

use crate::model::Revealed;

use super::failure::Failure;

/// The most that is read as one secret.
const MOST: u64 = 64 << 10;

/// Whether there is somebody to ask.
pub fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

fn failed(error: &std::io::Error) -> Failure {
    Failure::running(format!("nothing could be read from the terminal: {error}"))
}

/// Questions go to standard error: standard output may be a file.
fn ask(question: &str) -> Result<(), Failure> {
    let mut out = std::io::stderr().lock();
    write!(out, "{question}").and_then(|()| out.flush()).map_err(|error| failed(&error))
}

/// One line; what is between brackets in the question is taken if the line is empty.
///
/// # Errors
/// [`Failure`] when the terminal has gone, or ends the input.
pub fn line(question: &str) -> Result<String, Failure> {
    ask(question)?;
    let mut text = String::new();
    match std::io::stdin().read_line(&mut text) {
        Ok(0) => Err(Failure::running("the input ended before the question was answered; nothing was done".to_owned())),
        Ok(_) => Ok(text.trim().to_owned()),
        Err(error) => Err(failed(&error)),
    }
}

/// Yes or no.
///
/// # Errors
/// As [`line()`].
pub fn agreed(question: &str, default: bool) -> Result<bool, Failure> {
    let choice = if default { "[Y/n]" } else { "[y/N]" };
    loop {
        match line(&format!("{question} {choice} "))?.to_lowercase().as_str() {
            "" => return Ok(default),
            "y" | "yes" => return Ok(true),
            "n" | "no" => return Ok(false),
            _ => ask("Please answer y or n.\n")?,
        }
    }
}

/// Puts the terminal back, whatever happens.
struct Raw;

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = disable_raw_mode();
        let _ = ask("\r\n");
    }
}

/// A secret that is typed or pasted without being shown.
///
/// # Errors
/// [`Failure`] when there is no terminal, or whoever sits there gives up.
pub fn hidden(question: &str) -> Result<Revealed, Failure> {
    // Room for any secret: what grows leaves copies of itself behind.
    let mut typed = Zeroizing::new(Vec::with_capacity(usize::try_from(MOST).unwrap_or(1024)));
    {
        // Before the question, which would be answered with the terminal still showing what is typed.
        enable_raw_mode().map_err(|error| failed(&error))?;
        let _raw = Raw;
        ask(question)?;
        let mut bytes = std::io::stdin().lock().bytes();
        let mut escape = Escape::No;
        loop {
            let byte = match bytes.next() {
                None => return Err(Failure::running("the terminal has gone; nothing was done".to_owned())),
                Some(byte) => byte.map_err(|error| failed(&error))?,
            };
            escape = match (escape, byte) {
                (_, 0x1b) => Escape::Begun,
                (Escape::Begun, b'[' | b'O') | (Escape::Inside, b' '..=b'?') => Escape::Inside,
                // The end of an arrow key, or of another that types nothing.
                (Escape::Inside, b'@'..=b'~') => Escape::No,
                (_, b'\r' | b'\n') => break,
                // ctrl-c, ctrl-d
                (_, 0x03 | 0x04) => return Err(Failure::running("given up; nothing was done".to_owned())),
                (_, b'\0'..=b'\x1f' | 0x7f) => {
                    edit(&mut typed, byte);
                    Escape::No
                }
                (_, byte) => {
                    if typed.len() < typed.capacity() {
                        typed.push(byte);
                    }
                    Escape::No
                }
            };
        }
    }
    let text = std::str::from_utf8(&typed)
        .map_err(|_| Failure::configuration("what was typed is no text; nothing was kept".to_owned()))?;
    given(text)
}

/// Where in an escape sequence the input is.
#[derive(Clone, Copy)]
enum Escape {
    No,
    Begun,
    Inside,
}

/// What ctrl-u and backspace do; other control keys do nothing.
fn edit(typed: &mut Vec<u8>, byte: u8) {
    match byte {
        0x15 => {
            typed.as_mut_slice().zeroize();
            typed.clear();
        }
        0x08 | 0x7f => {
            // A character may be several bytes.
            while typed.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
        }
        _ => {}
    }
}

/// A secret from standard input, which is not a terminal.
///
/// # Errors
/// [`Failure`] when nothing comes, or too much.
pub fn piped() -> Result<Revealed, Failure> {
    let mut text = Zeroizing::new(String::with_capacity(1024));
    let read = std::io::stdin().lock().take(MOST + 1).read_to_string(&mut text);
    read.map_err(|error| Failure::running(format!("standard input cannot be read as text: {error}")))?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > MOST {
        return Err(Failure::configuration(format!("a secret is {} KiB at most", MOST >> 10)));
    }
    given(&text)
}

fn given(text: &str) -> Result<Revealed, Failure> {
    match text.trim() {
        "" => Err(Failure::configuration("the secret is empty; nothing was kept".to_owned())),
        secret => Ok(Revealed::new(secret)),
    }
}
