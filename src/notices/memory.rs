//! What was told already, over restarts: keys and times, no values.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// What was told already.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Memory {
    /// When a notice was told, by its key: as long as it stands, and a quiet period longer.
    #[serde(default)]
    pub told: BTreeMap<String, Timestamp>,
    /// The day of the last summary.
    #[serde(default)]
    pub summary: Option<Date>,
}

impl Memory {
    /// Reads it; nothing was told where there is none, or none that can be read: then something is told twice.
    pub fn load(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Writes it, its owner's alone, all of it or nothing.
    ///
    /// # Errors
    /// What the system says.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        let fresh = path.with_extension("new");
        let text = serde_json::to_string(self).map_err(io::Error::other)?;
        let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
        file.write_all(text.as_bytes())?;
        std::fs::rename(&fresh, path)
    }
}
