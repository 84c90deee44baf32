//! What a command says when it cannot, and with which exit code.

use std::fmt;
use std::process::ExitCode;

/// Exit codes, part of the interface.
pub mod code {
    /// Done.
    pub const OK: u8 = 0;
    /// It failed while running.
    pub const FAILED: u8 = 1;
    /// The command line or the configuration is wrong.
    pub const CONFIGURATION: u8 = 2;
    /// `check` found something that must be mended on one of the sides.
    pub const CHECK: u8 = 3;
    /// The store is in use, or cannot be opened.
    pub const STORE: u8 = 4;
    /// A system cannot be reached, or refuses us.
    pub const UNREACHABLE: u8 = 5;
    /// `demo --headless` ended with lost or unsettled edits, duplicates or loops.
    pub const BROKEN_PROMISE: u8 = 6;
    /// `status`: both sides answer, and something waits for a person.
    pub const WAITING: u8 = 7;
    /// What was asked for was refused, or has moved since it was shown; nothing was done.
    pub const REFUSED: u8 = 8;
}

/// Why a command did not do what it was asked: what happened, why, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    code: u8,
    text: String,
    in_use: bool,
}

impl Failure {
    /// It failed while running.
    pub fn running(text: String) -> Self {
        Self { code: code::FAILED, text, in_use: false }
    }

    /// The command line or the configuration is wrong.
    pub fn configuration(text: String) -> Self {
        Self { code: code::CONFIGURATION, text, in_use: false }
    }

    /// The store is in use, or cannot be opened.
    pub fn store(text: String) -> Self {
        Self { code: code::STORE, text, in_use: false }
    }

    /// Another process has the store.
    pub fn in_use(text: String) -> Self {
        Self { code: code::STORE, text, in_use: true }
    }

    /// A system cannot be reached, or refuses us.
    pub fn unreachable(text: String) -> Self {
        Self { code: code::UNREACHABLE, text, in_use: false }
    }

    /// It was refused, or has moved since it was shown; nothing was done.
    pub fn refused(text: String) -> Self {
        Self { code: code::REFUSED, text, in_use: false }
    }

    /// Whether trying again is of no use before a person has done something.
    pub fn needs_a_person(&self) -> bool {
        self.code == code::CONFIGURATION
    }

    /// Whether another process has the store, and may give it back.
    pub fn is_in_use(&self) -> bool {
        self.in_use
    }

    /// Why a workspace does not run, for those who may not know more.
    pub fn in_short(&self) -> &'static str {
        match self.code {
            code::CONFIGURATION => "its configuration needs a person; the log says why",
            code::STORE => "its store is in use, or cannot be opened; the log says why",
            _ => "it does not run; the log says why",
        }
    }

    /// The code to exit with.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
