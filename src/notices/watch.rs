//! What is to be told, derived from what a dashboard would show. Pure.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{Memory, Notice, Topic};
use crate::control::{HoldRow, Link, PairState, Snapshot};
use crate::model::Side;

/// A connection that is tried again by itself is told of when it has been in trouble for so long.
const TROUBLED: SignedDuration = SignedDuration::from_secs(60);
/// More new ones of a topic and pair at once than this are told as one.
const MANY: usize = 5;
/// Topics that are about single holds.
const HELD: [Topic; 3] = [Topic::Conflict, Topic::Hold, Topic::Quarantine];
/// How many of those are named.
const NAMED: usize = 3;

/// What is looked at.
pub struct Seen<'a> {
    /// The whole.
    pub snapshot: &'a Snapshot,
    /// Holds, those set aside among them.
    pub holds: &'a [HoldRow],
    /// There are more holds than these, and those that are missing may be there still.
    pub partial: bool,
}

/// Where what is held is decided.
const HOLDS: &str = "`crosstie conflicts list --all`, or page 2 of the dashboard";

/// Derives notices.
#[derive(Debug)]
pub struct Watcher {
    /// What is told.
    topics: BTreeSet<Topic>,
    /// How long something that went away and came back is not told again.
    quiet: SignedDuration,
    /// When the summary is due, in UTC.
    daily: Option<Time>,
    memory: Memory,
    /// Since when a connection is in trouble.
    troubled: BTreeMap<Side, Timestamp>,
}

impl Watcher {
    /// A watcher that goes on from what was told.
    pub fn new(topics: BTreeSet<Topic>, quiet: SignedDuration, daily: Option<Time>, memory: Memory) -> Self {
        Self { topics, quiet, daily, memory, troubled: BTreeMap::new() }
    }

    /// What was told, to be kept.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// What is new: everything that stands and was not told, most urgent first.
    pub fn look(&mut self, seen: &Seen<'_>) -> Vec<Notice> {
        let now = seen.snapshot.at;
        let mut standing: BTreeMap<String, Notice> = BTreeMap::new();
        for notice in self.pairs(seen).into_iter().chain(self.connections(seen)).chain(self.records(seen)) {
            if self.topics.contains(&notice.topic) {
                standing.entry(notice.key.clone()).or_insert(notice);
            }
        }
        let quiet = self.quiet;
        // After a start a pair is listed first, and what stopped it shows only then.
        let begins = seen.snapshot.pairs.iter().any(|pair| pair.state == PairState::Listing);
        // Nor has a hold ended that was not looked at.
        let unseen = |key: &str| seen.partial && HELD.iter().any(|topic| key.starts_with(topic.as_str()));
        self.memory
            .told
            .retain(|key, at| begins || unseen(key) || standing.contains_key(key) || now.duration_since(*at) < quiet);
        let mut fresh: Vec<Notice> = Vec::new();
        for (key, notice) in standing {
            if let Entry::Vacant(place) = self.memory.told.entry(key) {
                place.insert(now);
                fresh.push(notice);
            }
        }
        fresh.sort_by(|a, b| (a.topic, &a.key).cmp(&(b.topic, &b.key)));
        let mut told = gathered(fresh, now);
        told.extend(self.summary(seen.snapshot));
        told
    }

    fn pairs(&self, seen: &Seen<'_>) -> Vec<Notice> {
        let at = seen.snapshot.at;
        let mut found = Vec::new();
        for pair in &seen.snapshot.pairs {
            let name = pair.name.to_string();
            let notice = |topic, key: String, text: String, next: &str| Notice {
                topic,
                key,
                at,
                pair: Some(name.clone()),
                record: None,
                text,
                next: next.to_owned(),
            };
            match &pair.state {
                PairState::Guarded { what, plan, .. } => found.push(notice(
                    Topic::Stopped,
                    format!("stopped/{name}/{plan}"),
                    format!("The pair {name} is stopped by a guard: {what}"),
                    "look, then let it happen or mend the cause: `crosstie guard list`, or `o` in the dashboard",
                )),
                PairState::Stopped { why } => found.push(notice(
                    Topic::Stopped,
                    format!("stopped/{name}"),
                    format!("The pair {name} stands still: {why}"),
                    "`crosstie check` names what to mend",
                )),
                PairState::Review { .. } => found.push(notice(
                    Topic::Stopped,
                    format!("stopped/{name}/review"),
                    format!(
                        "The pair {name} waits for its first approval: {}",
                        pair.state.counts().unwrap_or_default()
                    ),
                    "approve it in the dashboard (`a`)",
                )),
                PairState::Listing | PairState::Running => {}
            }
            if pair.drift > 0 {
                found.push(notice(
                    Topic::Drift,
                    format!("drift/{name}"),
                    format!("The last sweep of {name} found {} changes that the increments had missed", pair.drift),
                    "nothing is lost: they are in step now; should it go on, please report it",
                ));
            }
        }
        found
    }

    fn connections(&mut self, seen: &Seen<'_>) -> Vec<Notice> {
        let at = seen.snapshot.at;
        let mut found = Vec::new();
        for side in Side::BOTH {
            let connection = seen.snapshot.sides.get(side);
            // That a person is needed is more than that it is tried again, and is told after that too.
            let (why, next, kind) = match &connection.link {
                Link::Starting | Link::Up => {
                    self.troubled.remove(&side);
                    continue;
                }
                Link::Down { why } => (why, "it needs a person: a token, a right, access", "/down"),
                Link::Troubled { why } => {
                    let since = *self.troubled.entry(side).or_insert(at);
                    if at.duration_since(since) < TROUBLED {
                        continue;
                    }
                    (why, "it is tried again by itself", "")
                }
            };
            found.push(Notice {
                topic: Topic::Connection,
                key: format!("connection/{}{kind}", side.as_str()),
                at,
                pair: None,
                record: None,
                text: format!("{} does not answer as it should: {why}", connection.name),
                next: next.to_owned(),
            });
        }
        found
    }

    fn records(&self, seen: &Seen<'_>) -> Vec<Notice> {
        let mut found = Vec::new();
        for hold in seen.holds {
            let (topic, what, next) = match hold.why.as_str() {
                "conflict" => (
                    Topic::Conflict,
                    "is held: both sides changed it",
                    "`crosstie conflicts list`, or page 2 of the dashboard",
                ),
                "quarantined" => (
                    Topic::Quarantine,
                    "failed too often and is set aside",
                    "`crosstie quarantine list`, or page 7 of the dashboard",
                ),
                "refused" => (Topic::Hold, "is held: a side refused the value", HOLDS),
                "unmappable" => (Topic::Hold, "is held: its value has no form on the other side", HOLDS),
                "unreadable" => (Topic::Hold, "is held: one side's value cannot be read", HOLDS),
                "deleted" => (Topic::Hold, "is held: it was deleted on one side and edited on the other", HOLDS),
                "misfit" => (Topic::Hold, "no longer fits and is set aside; the other fields go on", HOLDS),
                "fighting" => (Topic::Hold, "is held: something else keeps rewriting it", HOLDS),
                "duplicates" => (Topic::Hold, "is held: several records carry its marker", HOLDS),
                // A guard stops its pair, which is told; what a person held or took back is known to them.
                _ => continue,
            };
            let pair = hold.id.pair.to_string();
            let record = hold.id.crm.as_ref().map(ToString::to_string);
            let title = if hold.title.is_empty() { record.clone().unwrap_or_default() } else { hold.title.clone() };
            found.push(Notice {
                topic,
                // The first held field of a record, not each; of a pair as a whole each.
                key: match (&record, &hold.id.field) {
                    (None, Some(field)) => format!("{}/{pair}//{field}", topic.as_str()),
                    _ => format!("{}/{pair}/{}", topic.as_str(), record.as_deref().unwrap_or_default()),
                },
                at: seen.snapshot.at,
                text: match hold.label.as_str() {
                    "" => format!("{title} ({pair}) {what}"),
                    label => format!("{label} of {title} ({pair}) {what}"),
                },
                pair: Some(pair),
                record,
                next: next.to_owned(),
            });
        }
        found
    }

    /// The summary, once a day and only if something waits. What was due before the first start is not made up for.
    fn summary(&mut self, snapshot: &Snapshot) -> Option<Notice> {
        let due = self.daily?;
        let now = snapshot.at.to_zoned(TimeZone::UTC);
        if !self.topics.contains(&Topic::Daily) {
            return None;
        }
        let (today, is_due) = (now.date(), now.time() >= due);
        let Some(last) = self.memory.summary else {
            self.memory.summary = Some(if is_due { today } else { today.yesterday().unwrap_or(today) });
            return None;
        };
        // One of a day that has not come was told by a clock that was ahead.
        if !is_due || last == today {
            return None;
        }
        self.memory.summary = Some(today);
        let stands = |state: &PairState| !matches!(state, PairState::Running | PairState::Listing);
        let counts = [
            (snapshot.conflicts, "conflict"),
            (snapshot.other_holds(), "other hold"),
            (snapshot.quarantined, "quarantined record"),
            (snapshot.orphans, "orphan"),
            (count(snapshot.pairs.iter().filter(|pair| stands(&pair.state)).count()), "stopped pair"),
            (count(snapshot.pairs.iter().filter(|pair| pair.paused.is_some()).count()), "paused pair"),
        ];
        let told = |(count, what): &(u64, &str)| format!("{count} {what}{}", if *count == 1 { "" } else { "s" });
        let waits: Vec<String> = counts.iter().filter(|(count, _)| *count > 0).map(told).collect();
        (!waits.is_empty()).then(|| Notice {
            topic: Topic::Daily,
            key: format!("daily/{today}"),
            at: snapshot.at,
            pair: None,
            record: None,
            text: format!("What waits for you: {}", waits.join(", ")),
            next: "`crosstie` opens the dashboard".to_owned(),
        })
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// Many of one topic and pair become one.
fn gathered(fresh: Vec<Notice>, at: Timestamp) -> Vec<Notice> {
    let mut groups: BTreeMap<(Topic, Option<String>), Vec<Notice>> = BTreeMap::new();
    for notice in fresh {
        groups.entry((notice.topic, notice.pair.clone())).or_default().push(notice);
    }
    let mut told = Vec::new();
    for ((topic, pair), group) in groups {
        if group.len() <= MANY {
            told.extend(group);
            continue;
        }
        let first: Vec<&str> = group.iter().take(NAMED).map(|notice| notice.text.as_str()).collect();
        let more = group.len() - first.len();
        told.push(Notice {
            topic,
            key: format!("{}/many", topic.as_str()),
            at,
            record: None,
            text: format!("{}; and {more} more of {}", first.join("; "), pair.as_deref().unwrap_or("them")),
            pair,
            next: group.first().map(|notice| notice.next.clone()).unwrap_or_default(),
        });
    }
    told
}
