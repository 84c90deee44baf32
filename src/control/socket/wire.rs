//! The lines of the protocol.

use std::io;

use bytes::BytesMut;
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncRead;
use tokio_util::codec::{Decoder, FramedRead, LinesCodec, LinesCodecError};

use crate::control::{Command, DeskError, Mode, Query, Reply, Snapshot, Window, operator};

use super::{LONGEST_LINE, VERSION};

/// What every `hello` says.
pub const NAME: &str = "crosstie";

/// The first line of either end: `{"hello":"crosstie","version":2,"pid":4711,"mode":"live"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Always [`NAME`].
    pub hello: String,
    /// The version of the protocol it speaks.
    pub version: u32,
    /// Its process.
    pub pid: u32,
    /// What the daemon works on; a client says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// The address of the SSH client that the operator sits at, where there is one; a daemon says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Whether the engine runs inside somebody's dashboard, and ends with it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inside: bool,
}

impl Hello {
    /// This process's.
    pub fn ours(mode: Option<Mode>) -> Self {
        Self { hello: NAME.to_owned(), version: VERSION, pid: std::process::id(), mode, from: None, inside: false }
    }

    /// This process's, as a client.
    pub fn client() -> Self {
        Self { from: operator::ssh_client(), ..Self::ours(None) }
    }
}

/// A line of the client: `{"id":1,"ask":{"query":{…}}}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Comes back with the answer.
    pub id: u64,
    /// What is wanted.
    pub ask: Ask,
}

/// What a client can ask for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// A window of a list.
    Query(Query),
    /// A command.
    Command {
        /// The operator's name, as the operator's program knows it.
        who: String,
        /// The command.
        command: Command,
    },
}

/// A line of the daemon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Push {
    /// The latest snapshot.
    Snapshot(Box<Snapshot>),
    /// There will be no more snapshots: the engine has stopped.
    Ended,
    /// An answer.
    Answer {
        /// The request's.
        id: u64,
        /// The answer.
        answer: Answer,
    },
    /// A line was not understood, or the connection is refused.
    Error {
        /// The request's, if it could be made out.
        id: Option<u64>,
        /// What is wrong.
        text: String,
    },
}

/// What a request is answered with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// To a query.
    Window(Window),
    /// To a command.
    Reply(Reply),
    /// The engine has gone.
    Gone(String),
    /// The request makes no sense.
    Protocol(String),
}

impl From<DeskError> for Answer {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::Gone(why) => Answer::Gone(why),
            DeskError::Protocol(why) => Answer::Protocol(why),
            version @ DeskError::Version { .. } => Answer::Protocol(version.to_string()),
        }
    }
}

/// A line, ready to be sent.
///
/// # Errors
/// Why it cannot be one: too long, or not JSON.
pub(super) fn line<T: Serialize>(value: &T) -> Result<String, String> {
    let text = serde_json::to_string(value).map_err(|error| error.to_string())?;
    if text.len() > LONGEST_LINE {
        return Err(format!("{} bytes are more than a line may have ({LONGEST_LINE}); ask for fewer rows", text.len()));
    }
    Ok(text)
}

/// What came in.
pub(super) enum Incoming {
    Line(String),
    /// A line that is no line; the next one may be well.
    Bad(String),
    End,
}

/// A codec that no line makes stumble: after an error the reader would wait for more bytes before it looked at lines that have
/// come already.
struct Lenient(LinesCodec);

impl Lenient {
    fn told(read: Result<Option<String>, LinesCodecError>) -> io::Result<Option<Incoming>> {
        match read {
            Ok(line) => Ok(line.map(Incoming::Line)),
            Err(LinesCodecError::MaxLineLengthExceeded) => {
                Ok(Some(Incoming::Bad(format!("the line is longer than {LONGEST_LINE} bytes"))))
            }
            Err(LinesCodecError::Io(error)) if error.kind() == io::ErrorKind::InvalidData => {
                Ok(Some(Incoming::Bad("the line is not UTF-8".to_owned())))
            }
            Err(LinesCodecError::Io(error)) => Err(error),
        }
    }
}

impl Decoder for Lenient {
    type Item = Incoming;
    type Error = io::Error;

    fn decode(&mut self, bytes: &mut BytesMut) -> io::Result<Option<Incoming>> {
        Self::told(self.0.decode(bytes))
    }

    fn decode_eof(&mut self, bytes: &mut BytesMut) -> io::Result<Option<Incoming>> {
        Self::told(self.0.decode_eof(bytes))
    }
}

/// Lines as they come in.
pub(super) struct Lines<R> {
    framed: FramedRead<R, Lenient>,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(read: R) -> Self {
        Self { framed: FramedRead::new(read, Lenient(LinesCodec::new_with_max_length(LONGEST_LINE))) }
    }

    /// The next line. Safe to be given up and asked again.
    pub(super) async fn next(&mut self) -> Incoming {
        match self.framed.next().await {
            Some(Ok(incoming)) => incoming,
            Some(Err(_)) | None => Incoming::End,
        }
    }

    /// The next line, as what it should be.
    pub(super) async fn expect<T: DeserializeOwned>(&mut self) -> Result<T, String> {
        match self.next().await {
            Incoming::Line(line) => serde_json::from_str(&line).map_err(|error| error.to_string()),
            Incoming::Bad(why) => Err(why),
            Incoming::End => Err("the other end closed the connection".to_owned()),
        }
    }
}
