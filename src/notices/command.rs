//! A command of the operator's own: its arguments as they are, without a shell, the notice as one line of JSON on its standard
//! input, and so much time.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::Notice;
use super::mail::Mail;
use super::service::Board;

/// What of our environment the command gets. The rest may hold tokens.
const PASSED_ON: [&str; 6] = ["PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ"];
/// Between two of them.
const PACE: Duration = Duration::from_millis(200);

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// How long it may take.
    pub timeout: Duration,
}

impl Hook {
    /// Runs it for whatever comes, one after the other, and once for each: what it did before it failed is its own affair.
    pub(super) async fn run(self, mut mail: Mail, board: Board) {
        while let Some(batch) = mail.next(1).await {
            for letter in batch.letters {
                match self.tell(&letter.notice).await {
                    Ok(()) => board.sent(1),
                    Err(why) => board.dropped(1, why),
                }
                tokio::time::sleep(PACE).await;
            }
        }
    }

    /// Runs it once.
    async fn tell(&self, notice: &Notice) -> Result<(), String> {
        let mut line = serde_json::to_string(notice).map_err(|error| error.to_string())?;
        line.push('\n');
        let mut command = Command::new(&self.program);
        command.args(&self.args).env_clear().kill_on_drop(true).process_group(0);
        command.envs(PASSED_ON.into_iter().filter_map(|name| std::env::var_os(name).map(|value| (name, value))));
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(|error| format!("the command cannot be started: {error}"))?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
        let mut group = Group(group);
        let input = child.stdin.take();
        let run = async {
            if let Some(mut input) = input {
                // Whoever does not want to read it need not.
                let _ = input.write_all(line.as_bytes()).await;
            }
            child.wait().await
        };
        match tokio::time::timeout(self.timeout, run).await {
            Ok(Ok(status)) => {
                // What it left behind it meant to leave behind.
                group.0 = None;
                if status.success() { Ok(()) } else { Err(format!("the command ended with {status}")) }
            }
            Ok(Err(error)) => Err(format!("the command cannot be waited for: {error}")),
            Err(_) => {
                drop(group);
                let _ = child.wait().await;
                Err(format!("the command did not end within {} s, and was killed", self.timeout.as_secs_f32()))
            }
        }
    }
}

/// The processes of a command that has not ended. They are killed with whatever they started when nobody waits for them any
/// more: when their time is over, and when the sync ends.
struct Group(Option<rustix::process::Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}
