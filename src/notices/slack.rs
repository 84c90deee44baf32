//! Slack's incoming webhooks: one message a second, and no more once Slack has said that this one is dead.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use super::Topic;
use super::mail::{Batch, Letter, Mail};
use super::service::Board;
use crate::seam::{Method, Request, Response, Transport};

/// Between two messages.
const PACE: Duration = Duration::from_secs(1);
/// Notices in one message.
const TOGETHER: usize = 20;
/// The longest text of one notice, in characters.
const LONGEST: usize = 500;
/// How often a message that Slack could not take is tried before that is told. It is tried for as long as it takes: what it
/// tells of is not told again while it stands.
const TRIES: u32 = 6;
/// The longest pause between two tries is two to this power, in seconds.
const LONGEST_PAUSE: u32 = 6;
/// What has waited for longer than this says when it was seen.
const LATE: Duration = Duration::from_secs(60);
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
fn message(batch: &Batch) -> serde_json::Value {
    let sign = |topic: Topic| match topic {
        Topic::Stopped | Topic::Connection => ":octagonal_sign:",
        Topic::Conflict | Topic::Hold | Topic::Quarantine => ":warning:",
        Topic::Drift => ":mag:",
        Topic::Daily => ":memo:",
    };
    let line = |Letter { notice, since }: &Letter| {
        let seen =
            (since.elapsed() > LATE).then(|| notice.at.strftime(" (told late: seen %Y-%m-%d %H:%M UTC)").to_string());
        let (text, next) = (escaped(&notice.text), escaped(&notice.next));
        format!("{} {text}{}\n>{next}", sign(notice.topic), seen.unwrap_or_default())
    };
    let missing = (batch.left_out > 0).then(|| {
        format!(
            ":warning: {} notices before these were left out: more waited than there is room for\n>`crosstie` shows \
             everything that stands",
            batch.left_out
        )
    });
    let lines: Vec<String> = missing.into_iter().chain(batch.letters.iter().map(line)).collect();
    json!({ "text": lines.join("\n") })
}

/// A webhook.
pub struct Slack {
    /// Carries requests to the webhook's own address, which is a secret and known to nobody else.
    pub transport: Arc<dyn Transport>,
}

impl Slack {
    /// Sends what comes until nothing more comes, or Slack says that the webhook is dead.
    pub(super) async fn run(self, mut mail: Mail, board: Board) {
        let whole = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        while let Some(batch) = mail.next(TOGETHER).await {
            let count = batch.letters.len();
            match self.send(&batch, &board).await {
                Ok(()) => board.sent(whole(count)),
                Err(Verdict::Dead(word)) => {
                    return board.off(
                        whole(count + mail.shut()),
                        format!(
                            "Slack says `{word}`: this webhook is of no use any more. Make a new one, keep it \
                         (`crosstie secret set NAME`), and restart crosstie"
                        ),
                    );
                }
                Err(Verdict::Never(why)) => board.dropped(whole(count), format!("Slack refused a message: {why}")),
                Err(_) => board.dropped(whole(count), "a message was not taken".to_owned()),
            }
            sleep(PACE).await;
        }
    }

    /// Sends one message, for as long as that may succeed.
    async fn send(&self, batch: &Batch, board: &Board) -> Result<(), Verdict> {
        let mut tried: u32 = 0;
        loop {
            let said = match self.transport.send(Request::new(Method::Post, "").json(&message(batch))).await {
                Ok(answer) => verdict(&answer),
                Err(failure) => Verdict::Again(failure.to_string()),
            };
            match said {
                Verdict::Taken => return Ok(()),
                // Never shortened, and no try: Slack is well.
                Verdict::Wait(seconds) => {
                    if seconds > LONG_WAIT {
                        board.waiting(format!("Slack asks to wait for {seconds} s"));
                    }
                    sleep(Duration::from_secs(seconds)).await;
                }
                Verdict::Again(why) => {
                    tried = tried.saturating_add(1);
                    if tried == TRIES {
                        board.waiting(format!("Slack took no message in {TRIES} tries, and is tried again: {why}"));
                    }
                    sleep(Duration::from_secs(1 << tried.min(LONGEST_PAUSE))).await;
                }
                verdict => return Err(verdict),
            }
        }
    }
}
