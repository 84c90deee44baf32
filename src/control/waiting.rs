//! What a planned operation waits for. One word each, so that the figures of the overview and the rows of the queue say
//! the same.

use serde::{Deserialize, Serialize};

/// What an operation that is not sent yet, or whose answer is out, waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wait {
    /// Its answer is out, or the reading before it.
    Answer,
    /// Its outcome is unknown, and it is looked for.
    Probe,
    /// A free request.
    Request,
    /// Somebody may be typing there.
    Quiet,
    /// It failed, or somebody saved at the same moment: it is tried again.
    Retry,
    /// The side to be written was in trouble a moment ago, and is left alone for a while.
    Side,
    /// Its pair was paused by somebody.
    Paused,
    /// A guard has stopped its pair.
    Guard,
    /// Its pair cannot run.
    Stopped,
    /// Both sides of its pair are looked at first.
    Look,
    /// Nobody has approved its pair's first matching.
    Approval,
    /// It is not in the plan that is being carried out.
    Plan,
    /// It failed too often: it waits until the record changes, or somebody tries again.
    SetAside,
    /// Somebody held it back.
    HeldBack,
    /// Whoever told of it is older than this word, or newer.
    #[default]
    #[serde(other)]
    Unsaid,
}

impl Wait {
    /// What it waits for, as a figure's words: `6 another try`.
    pub fn words(self) -> &'static str {
        match self {
            Wait::Answer => "an answer",
            Wait::Probe => "a probe",
            Wait::Request => "a free request",
            Wait::Quiet => "the quiet period",
            Wait::Retry => "another try",
            Wait::Side => "its side to answer",
            Wait::Paused => "a paused pair",
            Wait::Guard => "its pair's guard",
            Wait::Stopped => "a stopped pair",
            Wait::Look => "a look at its pair",
            Wait::Approval => "its pair's approval",
            Wait::Plan => "another plan",
            Wait::SetAside => "quarantined",
            Wait::HeldBack => "parked",
            Wait::Unsaid => "something",
        }
    }

    /// Whether it goes on by itself.
    pub fn passes(self) -> bool {
        !matches!(
            self,
            Wait::Paused | Wait::Guard | Wait::Stopped | Wait::Approval | Wait::Plan | Wait::SetAside | Wait::HeldBack
        )
    }
}
