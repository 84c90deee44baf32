//! Slack's incoming webhooks: one message a second, and no more once Slack has said that this one is dead.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::service::Board;
use super::{Notice, Topic};
use crate::seam::{Method, Request, Response, Transport};

/// Between two messages.
const PACE: Duration = Duration::from_secs(1);
/// Notices in one message.
const TOGETHER: usize = 20;
/// The longest text of one notice, in characters.
const LONGEST: usize = 500;
/// How often a message is tried that Slack could not take.
const TRIES: u32 = 6;
/// The longest wait that Slack may ask for before we call it trouble; it is waited for all the same.
const LONG_WAIT: u64 = 60;

/// What Slack says of a webhook that will never work again.
const DEAD: [&str; 7] = [
    "no_service",
    "no_team",
    "no_active_hooks",
    "channel_not_found",
    "channel_is_archived",
    "action_prohibited",
    "invalid_token",
];

/// What an answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Taken.
    Taken,
    /// Not now: wait at least so many seconds.
    Wait(u64),
    /// Slack is unwell: to be tried again.
    Again(String),
    /// This message will never be taken.
    Never(String),
    /// This webhook will never work again.
    Dead(String),
}

/// What an answer of Slack means.
pub fn verdict(answer: &Response) -> Verdict {
    let text = String::from_utf8_lossy(&answer.body);
    // One of Slack's own words; anything else may be a proxy's page.
    let word = text.trim();
    let word = if !word.is_empty() && word.bytes().all(|it| it.is_ascii_lowercase() || it == b'_') { word } else { "" };
    match answer.status {
        200..=299 => Verdict::Taken,
        429 => {
            Verdict::Wait(answer.get_header("retry-after").and_then(|it| it.trim().parse().ok()).unwrap_or(1).max(1))
        }
        _ if DEAD.contains(&word) => Verdict::Dead(word.to_owned()),
        // Whatever stands in the body: nothing is there, or nothing any more.
        status @ (404 | 410) => Verdict::Dead(format!("HTTP {status} {word}").trim_end().to_owned()),
        status @ 500..=599 => Verdict::Again(format!("HTTP {status} {word}").trim_end().to_owned()),
        status => Verdict::Never(format!("HTTP {status} {word}").trim_end().to_owned()),
    }
}

/// A text from outside as Slack shows it: none of its own marks, on one line, and not too long.
pub fn escaped(text: &str) -> String {
    let line = text.chars().map(|it| if it.is_control() { ' ' } else { it });
    let mut out = String::new();
    for (at, letter) in line.enumerate() {
        if at == LONGEST {
            out.push('…');
            break;
        }
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // Slack would make bold, code or strokes of them.
            '*' | '_' | '~' | '`' => {
                out.push('\u{200b}');
                out.push(letter);
            }
            letter => out.push(letter),
        }
    }
    out
}

/// One message for several notices.
fn message(notices: &[Notice]) -> serde_json::Value {
    let sign = |topic: Topic| match topic {
        Topic::Stopped | Topic::Connection => ":octagonal_sign:",
        Topic::Conflict | Topic::Hold | Topic::Quarantine => ":warning:",
        Topic::Drift => ":mag:",
        Topic::Daily => ":memo:",
    };
    let lines: Vec<String> = notices
        .iter()
        .map(|notice| format!("{} {}\n>{}", sign(notice.topic), escaped(&notice.text), escaped(&notice.next)))
        .collect();
    json!({ "text": lines.join("\n") })
}

/// A webhook.
pub struct Slack {
    /// Carries requests to the webhook's own address, which is a secret and known to nobody else.
    pub transport: Arc<dyn Transport>,
}

impl Slack {
    /// Sends what comes until nothing more comes, or Slack says that the webhook is dead.
    pub(super) async fn run(self, mut mail: mpsc::Receiver<Notice>, board: Board) {
        while let Some(first) = mail.recv().await {
            let mut notices = vec![first];
            while notices.len() < TOGETHER
                && let Ok(next) = mail.try_recv()
            {
                notices.push(next);
            }
            let count = u64::try_from(notices.len()).unwrap_or(u64::MAX);
            match self.send(&message(&notices), &board).await {
                Ok(()) => board.sent(count),
                Err(Verdict::Dead(word)) => {
                    mail.close();
                    let mut left = count;
                    while mail.try_recv().is_ok() {
                        left += 1;
                    }
                    return board.off(
                        left,
                        format!(
                            "Slack says `{word}`: this webhook is of no use any more. Make a new one, keep it \
                         (`crosstie secret set NAME`), and restart crosstie"
                        ),
                    );
                }
                Err(verdict) => {
                    let why = match verdict {
                        Verdict::Never(why) => format!("Slack refused a message: {why}"),
                        Verdict::Again(why) => format!("Slack did not take a message in {TRIES} tries: {why}"),
                        _ => "a message was not taken".to_owned(),
                    };
                    board.dropped(count, why);
                }
            }
            sleep(PACE).await;
        }
    }

    async fn send(&self, message: &serde_json::Value, board: &Board) -> Result<(), Verdict> {
        let mut tried = 0;
        loop {
            tried += 1;
            let said = match self.transport.send(Request::new(Method::Post, "").json(message)).await {
                Ok(answer) => verdict(&answer),
                Err(failure) => Verdict::Again(failure.to_string()),
            };
            match said {
                Verdict::Taken => return Ok(()),
                // Never shortened, and no try: Slack is well.
                Verdict::Wait(seconds) => {
                    tried -= 1;
                    if seconds > LONG_WAIT {
                        board.waiting(format!("Slack asks to wait for {seconds} s"));
                    }
                    sleep(Duration::from_secs(seconds)).await;
                }
                Verdict::Again(why) if tried >= TRIES => return Err(Verdict::Again(why)),
                Verdict::Again(_) => sleep(Duration::from_secs(1 << tried.min(6))).await,
                verdict => return Err(verdict),
            }
        }
    }
}
