//! Everything that happened in a run: as a digest, and line by line.

use sha2::{Digest, Sha256};

use super::audit::Claims;
use super::site::faults::Faults;
use crate::standin::StandIn;
use crate::standin::bitrix24::BitrixStandIn;
use crate::standin::notion::NotionStandIn;

/// Whoever can tell what happened.
pub(super) struct Story<'a> {
    pub crm: &'a BitrixStandIn,
    pub notion: &'a NotionStandIn,
    pub claims: &'a Claims,
    pub faults: &'a Faults,
    /// What happened in the worlds beside, each with its moment before it.
    pub told: &'a [String],
}

impl Story<'_> {
    /// The digest of the worlds' logs and of everything that the engine remembers, in hexadecimal.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        let mut add = |text: Result<String, serde_json::Error>| hash.update(text.unwrap_or_default().as_bytes());
        for entry in self.crm.log().iter().chain(self.notion.log()) {
            add(serde_json::to_string(entry));
        }
        for event in &self.claims.journal {
            add(serde_json::to_string(event));
        }
        add(serde_json::to_string(&self.claims.ties));
        add(serde_json::to_string(&self.claims.holds));
        add(serde_json::to_string(&self.claims.orphans));
        add(serde_json::to_string(&self.claims.tombstones));
        hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    /// What happened, in order: changes of the worlds, faults, and the journal.
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<(jiff::Timestamp, String)> = Vec::new();
        for (world, log) in [("crm", self.crm.log()), ("notion", self.notion.log())] {
            lines.extend(log.iter().map(|entry| {
                let text = serde_json::to_string(entry).unwrap_or_default();
                (entry.at, format!("{world:7} {text}"))
            }));
        }
        let journal = self.claims.journal.iter();
        lines.extend(
            journal.map(|event| (event.at, format!("engine  {}", serde_json::to_string(event).unwrap_or_default()))),
        );
        let told = self.faults.told.iter().flatten();
        lines.extend(told.map(|(at, text)| (*at, format!("fault   {text}"))));
        for text in self.told {
            if let Some((at, text)) = text.split_once(' ')
                && let Ok(at) = at.parse()
            {
                lines.push((at, format!("world   {text}")));
            }
        }
        lines.sort_by_key(|(at, _)| *at);
        lines.into_iter().map(|(at, text)| format!("{at} {text}")).collect()
    }
}
