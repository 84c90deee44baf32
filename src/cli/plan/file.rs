//! The plan file: one JSON object, with a checksum over everything else in it, so that a plan is carried out as it was made
//! or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::control::Step;

use super::preview::{PairPlan, Preview};

/// The version of the format.
const FORMAT: u32 = 1;
/// The longest file that is read.
pub const LONGEST: u64 = 256 << 20;

/// What tells a plan from other files.
#[derive(Deserialize)]
struct Head {
    #[serde(rename = "crosstie_plan")]
    _format: u32,
}

/// A plan as it lies in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanFile {
    crosstie_plan: u32,
    /// When it was made.
    pub made: Timestamp,
    /// The counts, pair by pair.
    pub pairs: Vec<PairPlan>,
    /// The operations.
    pub steps: Vec<Step>,
    /// SHA-256 of all that, hexadecimal.
    sum: String,
}

impl PlanFile {
    /// The operations of a plan.
    pub fn of(preview: &Preview, made: Timestamp) -> Self {
        let (pairs, steps) = (preview.pairs.clone(), preview.steps.clone());
        let mut file = Self { crosstie_plan: FORMAT, made, pairs, steps, sum: String::new() };
        file.sum = file.summed();
        file
    }

    fn summed(&self) -> String {
        let text = serde_json::to_string(&(self.crosstie_plan, self.made, &self.pairs, &self.steps));
        let digest = Sha256::digest(text.unwrap_or_default().as_bytes());
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Writes it, readable by its owner alone.
    ///
    /// # Errors
    /// What the system says.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let text = serde_json::to_string_pretty(self).map_err(io::Error::other)?;
        let no_file = || io::Error::other("that is no file: name one");
        // What is no file may have no end.
        if path.exists() && !path.is_file() {
            return Err(no_file());
        }
        if let Ok(there) = File::open(path) {
            let mut text = Vec::new();
            there.take(LONGEST).read_to_end(&mut text)?;
            if !text.is_empty() && serde_json::from_slice::<Head>(&text).is_err() {
                return Err(io::Error::other(
                    "there is a file that is no plan, which is left as it is: name another one",
                ));
            }
        }
        // Beside it, so that there is the one plan or the other, whole.
        let name = path.file_name().ok_or_else(no_file)?;
        let whole = path.with_file_name(format!(".{}.tmp", name.to_string_lossy()));
        // What a killed process left, or somebody else put there, is not written through.
        let _ = fs::remove_file(&whole);
        let written = || {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&whole)?;
            writeln!(file, "{text}")?;
            file.sync_all()?;
            fs::rename(&whole, path)
        };
        written().inspect_err(|_| drop(fs::remove_file(&whole)))
    }

    /// Reads one.
    ///
    /// # Errors
    /// Why it is no plan, or not the one that was made.
    pub fn parse(text: &str) -> Result<Self, String> {
        let head: serde_json::Value =
            serde_json::from_str(text).map_err(|error| format!("this is not a plan of crosstie: {error}"))?;
        match head.get("crosstie_plan").and_then(serde_json::Value::as_u64) {
            Some(format) if format == u64::from(FORMAT) => {}
            Some(format) => return Err(format!("this plan has format {format}, and this crosstie knows {FORMAT}")),
            None => return Err("this is not a plan of crosstie".to_owned()),
        }
        let plan: Self =
            serde_json::from_value(head).map_err(|error| format!("this is not a whole plan of crosstie: {error}"))?;
        if plan.sum != plan.summed() {
            return Err("this plan is not as it was made: its checksum differs".to_owned());
        }
        Ok(plan)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::control::outline::Change;
    use crate::model::Side;
    use proptest::prelude::*;

    fn sample() -> PlanFile {
        let change =
            Change { field: "TITLE".into(), label: "Name".into(), before: "a".into(), after: "b \u{1b}\"\\".into() };
        let step = Step {
            pair: "deals".into(),
            side: Side::Notion,
            op: "update".into(),
            record: "7".into(),
            title: "Œuvre".into(),
            changes: vec![change],
            digest: "d".into(),
        };
        let preview = Preview { pairs: Vec::new(), steps: vec![step], holds: Vec::new(), orphans: Vec::new() };
        PlanFile::of(&preview, "2026-11-20T10:00:00Z".parse().unwrap())
    }

    #[test]
    fn what_was_written_is_read_again() {
        let plan = sample();
        assert_eq!(PlanFile::parse(&serde_json::to_string_pretty(&plan).unwrap()), Ok(plan));
    }

    #[test]
    fn a_newer_format_is_called_newer() {
        let text = serde_json::to_string(&sample()).unwrap().replace("\"crosstie_plan\":1", "\"crosstie_plan\":2");
        assert!(PlanFile::parse(&text).unwrap_err().contains("format 2"));
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in ".{0,300}") {
            prop_assert!(PlanFile::parse(&text).is_err());
        }

        #[test]
        fn a_plan_that_was_changed_is_refused_or_says_the_same(at in 0usize..2000, byte in 32u8..127) {
            let plan = sample();
            let mut bytes = serde_json::to_string(&plan).unwrap().into_bytes();
            let at = at % bytes.len();
            bytes[at] = byte;
            if let Ok(Ok(read)) = String::from_utf8(bytes).map(|text| PlanFile::parse(&text)) {
                prop_assert_eq!(read, plan);
            }
        }

        #[test]
        fn a_plan_that_was_cut_is_refused(cut in 1usize..2000) {
            let text = serde_json::to_string(&sample()).unwrap();
            let cut = text.len() - 1 - cut % (text.len() - 1);
            if let Some(part) = text.get(..cut) {
                prop_assert!(PlanFile::parse(part).is_err());
            }
        }
    }
}
