//! What untied records are: counterparts of each other, orphans, or to be created on the other side.
//!
//! Every untied record is matched, always, before anything is created for it: by marker first, then by key.

use std::collections::{BTreeMap, BTreeSet};

use crate::mapping::Create;
use crate::model::{OrphanWhy, RecordId, Side, Value};

/// One untied record.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Untied {
    /// Our marker on it: on a page a CRM id, on a CRM record a page id.
    pub marker: Option<String>,
    /// Its values of the pair's match keys, best first, common dialect; `Empty` matches nothing.
    pub keys: Vec<Value>,
    /// The counterpart it lost, if it is a survivor.
    pub survivor_of: Option<RecordId>,
    /// What an operator said it is not the same thing as: it waits for a person, and matches nothing by itself.
    pub parted_from: Option<RecordId>,
    /// Title and a key are there, and two readings a quiet time apart agree.
    pub ready: bool,
    /// Title or key are missing, and two readings a quiet time apart agree.
    pub incomplete: bool,
    /// An operator asked for its counterpart to be created, whatever the policy.
    pub ordered: bool,
    /// Its counterpart is just being created: it has no fate of its own, and whoever looks like it waits.
    pub claimed: bool,
    /// An operator said that it is nobody's business: it has no fate, but whoever looks like it is not created unasked.
    pub ignored: bool,
}

/// What is known about the pair as a whole.
#[derive(Debug, Default)]
pub struct Facts {
    /// Untied records that are present, CRM.
    pub crm: BTreeMap<RecordId, Untied>,
    /// Untied records that are present, Notion.
    pub notion: BTreeMap<RecordId, Untied>,
    /// Tied CRM records and their pages.
    pub ties: BTreeMap<RecordId, RecordId>,
    /// The match keys of tied records, like [`Untied::keys`].
    pub tied_keys: BTreeMap<(Side, RecordId), Vec<Value>>,
}

/// What one untied record is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// The counterpart of this record of the other side.
    Match(RecordId),
    /// Alone, and waits for a person.
    Orphan(OrphanWhy),
    /// To get a counterpart now.
    Create,
    /// To get a counterpart once it is whole and quiet.
    Wait,
}

/// What all untied records of a pair are.
#[derive(Debug, Default)]
pub struct Matching {
    /// CRM records.
    pub crm: BTreeMap<RecordId, Fate>,
    /// Pages.
    pub notion: BTreeMap<RecordId, Fate>,
}

impl Matching {
    /// Of one side.
    pub fn of(&self, side: Side) -> &BTreeMap<RecordId, Fate> {
        if side == Side::Crm { &self.crm } else { &self.notion }
    }
}

impl Facts {
    fn of(&self, side: Side) -> &BTreeMap<RecordId, Untied> {
        if side == Side::Crm { &self.crm } else { &self.notion }
    }
}

/// Matches the untied records of a pair.
pub fn match_untied(facts: &Facts, create: Create) -> Matching {
    let mut matching = Matching::default();
    by_marker(facts, &mut matching);
    by_key(facts, &mut matching);
    for side in Side::BOTH {
        for (id, record) in facts.of(side).iter().filter(|(_, record)| !record.claimed && !record.ignored) {
            let fates = if side == Side::Crm { &mut matching.crm } else { &mut matching.notion };
            if record.ordered && !matches!(fates.get(id), Some(Fate::Match(_))) {
                // The operator saw why it was alone and said so all the same.
                fates.insert(id.clone(), Fate::Create);
                continue;
            }
            fates.entry(id.clone()).or_insert_with(|| {
                if let Some(from) = &record.parted_from {
                    Fate::Orphan(OrphanWhy::Parted { from: from.clone() })
                } else if let Some(gone) = &record.survivor_of {
                    Fate::Orphan(OrphanWhy::Survivor { gone: gone.clone() })
                } else if !create.from(side) {
                    Fate::Orphan(OrphanWhy::CreationOff)
                } else if record.incomplete {
                    Fate::Orphan(OrphanWhy::Incomplete)
                } else if record.ready {
                    Fate::Create
                } else {
                    Fate::Wait
                }
            });
        }
    }
    matching
}

/// Markers: a page says which CRM record it was made for, a CRM record which page.
fn by_marker(facts: &Facts, matching: &mut Matching) {
    // Pages by the CRM record that their marker names.
    let mut claims: BTreeMap<RecordId, BTreeSet<RecordId>> = BTreeMap::new();
    let free = |record: &Untied| !record.claimed && !record.ignored && record.parted_from.is_none();
    for (page, record) in facts.notion.iter().filter(|(_, record)| free(record)) {
        let Some(marker) = record.marker.as_deref().filter(|marker| !marker.is_empty()) else { continue };
        let crm = RecordId::from(marker);
        if let Some(tied) = facts.ties.get(&crm) {
            // The marker belongs to the tied page: a person duplicated it. A copy is an orphan, never a match.
            matching.notion.insert(page.clone(), Fate::Orphan(OrphanWhy::Copy { of: tied.clone() }));
        } else if facts.crm.get(&crm).is_some_and(free) {
            claims.entry(crm).or_default().insert(page.clone());
        }
    }
    for (crm, record) in facts.crm.iter().filter(|(_, record)| free(record)) {
        let Some(marker) = record.marker.as_deref().filter(|marker| !marker.is_empty()) else { continue };
        let page = RecordId::from(marker);
        if facts.notion.get(&page).is_some_and(free) {
            claims.entry(crm.clone()).or_default().insert(page);
        }
    }
    let mut claimed_by: BTreeMap<RecordId, BTreeSet<RecordId>> = BTreeMap::new();
    for (crm, pages) in &claims {
        for page in pages {
            claimed_by.entry(page.clone()).or_default().insert(crm.clone());
        }
    }
    for (crm, pages) in &claims {
        let mut pages_iter = pages.iter();
        if let (Some(page), None) = (pages_iter.next(), pages_iter.next())
            && claimed_by.get(page).is_some_and(|claimants| claimants.len() == 1)
        {
            matching.crm.insert(crm.clone(), Fate::Match(page.clone()));
            matching.notion.insert(page.clone(), Fate::Match(crm.clone()));
            continue;
        }
        ambiguous(matching, Side::Crm, crm, pages.iter().cloned());
        for page in pages {
            ambiguous(matching, Side::Notion, page, claimed_by.get(page).into_iter().flatten().cloned());
        }
    }
}

fn ambiguous(matching: &mut Matching, side: Side, id: &RecordId, candidates: impl Iterator<Item = RecordId>) {
    let fates = if side == Side::Crm { &mut matching.crm } else { &mut matching.notion };
    let mut all: BTreeSet<RecordId> = candidates.collect();
    if let Some(Fate::Orphan(OrphanWhy::Ambiguous { candidates })) = fates.get(id) {
        all.extend(candidates.iter().cloned());
    }
    fates.insert(id.clone(), Fate::Orphan(OrphanWhy::Ambiguous { candidates: all.into_iter().collect() }));
}

/// Keys, best first. Two records are candidates for each other when they share a key and no better key tells them apart
/// (the same name with two different e-mail addresses is two people). One candidate each, both free, is a match; anything
/// else is ambiguous and is never created anew.
fn by_key(facts: &Facts, matching: &mut Matching) {
    let keys = facts.crm.values().chain(facts.notion.values()).map(|record| record.keys.len()).max().unwrap_or(0);
    for index in 0..keys {
        let groups = groups(facts, matching, index);
        let candidates = |side: Side, id: &RecordId, keys: &[Value]| -> Vec<Candidate<'_>> {
            let Some(value) = keys.get(index).filter(|value| !value.is_empty()) else { return Vec::new() };
            let others = groups.get(&(side.other(), value)).map(Vec::as_slice).unwrap_or_default();
            others.iter().filter(|other| other.id != id && !told_apart(keys, other.keys, index)).copied().collect()
        };
        let mut found: Vec<(Side, RecordId, Fate)> = Vec::new();
        for ((side, _), members) in &groups {
            for member in members.iter().filter(|member| member.free) {
                let mine = candidates(*side, member.id, member.keys);
                let fate = match mine.as_slice() {
                    [] => continue,
                    several if several.iter().any(|candidate| candidate.claimed) => Fate::Wait,
                    [only] if only.free && candidates(side.other(), only.id, only.keys).len() == 1 => {
                        Fate::Match(only.id.clone())
                    }
                    several => Fate::Orphan(OrphanWhy::Ambiguous {
                        candidates: several.iter().map(|candidate| candidate.id.clone()).collect(),
                    }),
                };
                found.push((*side, member.id.clone(), fate));
            }
        }
        for (side, id, fate) in found {
            let fates = if side == Side::Crm { &mut matching.crm } else { &mut matching.notion };
            fates.insert(id, fate);
        }
    }
}

#[derive(Clone, Copy)]
struct Candidate<'a> {
    id: &'a RecordId,
    keys: &'a [Value],
    free: bool,
    claimed: bool,
}

/// Records by side and value of one key: the free ones, and those that can only make others ambiguous: tied ones, survivors,
/// copies, what was taken apart, what is ignored, and what is just being tied by a better sign.
fn groups<'a>(facts: &'a Facts, matching: &Matching, index: usize) -> BTreeMap<(Side, &'a Value), Vec<Candidate<'a>>> {
    let mut groups: BTreeMap<(Side, &Value), Vec<Candidate<'_>>> = BTreeMap::new();
    for side in Side::BOTH {
        let untied = facts.of(side).iter().map(|(id, record)| {
            let apart = record.survivor_of.is_some() || record.parted_from.is_some();
            let taken = record.claimed || record.ignored || record.ordered || apart;
            let free = !taken && !matching.of(side).contains_key(id);
            Candidate { id, keys: &record.keys, free, claimed: record.claimed }
        });
        let tied = facts.tied_keys.iter().filter(|((at, _), _)| *at == side);
        let tied = tied.map(|((_, id), keys)| Candidate { id, keys, free: false, claimed: false });
        for candidate in untied.chain(tied) {
            if let Some(value) = candidate.keys.get(index).filter(|value| !value.is_empty()) {
                groups.entry((side, value)).or_default().push(candidate);
            }
        }
    }
    groups
}

fn told_apart(left: &[Value], right: &[Value], index: usize) -> bool {
    left.iter().zip(right).take(index).any(|(left, right)| !left.is_empty() && !right.is_empty() && left != right)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(keys: &[&str]) -> Untied {
        Untied { keys: keys.iter().map(Value::text).collect(), ready: true, ..Untied::default() }
    }

    fn facts(crm: &[(&str, &[&str])], notion: &[(&str, &[&str])]) -> Facts {
        let make = |records: &[(&str, &[&str])]| {
            records.iter().map(|(id, keys)| (RecordId::from(*id), record(keys))).collect()
        };
        Facts { crm: make(crm), notion: make(notion), ..Facts::default() }
    }

    fn fate<'a>(matching: &'a Matching, side: Side, id: &str) -> &'a Fate {
        &matching.of(side)[&RecordId::from(id)]
    }

    #[test]
    fn the_same_person_added_on_both_sides_is_matched_and_not_created() {
        let matching = match_untied(&facts(&[("1", &["a@x", "Ann"])], &[("p", &["a@x", "Ann B"])]), Create::Both);
        assert_eq!(*fate(&matching, Side::Crm, "1"), Fate::Match("p".into()));
        assert_eq!(*fate(&matching, Side::Notion, "p"), Fate::Match("1".into()));
    }

    #[test]
    fn what_a_person_took_apart_is_never_matched_again_by_itself_nor_created() {
        let mut facts = facts(&[("1", &["a@x"])], &[("p", &["a@x"]), ("q", &["a@x"])]);
        facts.crm.get_mut(&RecordId::from("1")).unwrap().parted_from = Some("p".into());
        let page = facts.notion.get_mut(&RecordId::from("p")).unwrap();
        (page.parted_from, page.marker) = (Some("1".into()), Some("1".into()));
        let matching = match_untied(&facts, Create::Both);
        assert_eq!(*fate(&matching, Side::Crm, "1"), Fate::Orphan(OrphanWhy::Parted { from: "p".into() }));
        assert_eq!(*fate(&matching, Side::Notion, "p"), Fate::Orphan(OrphanWhy::Parted { from: "1".into() }));
        assert!(
            matches!(fate(&matching, Side::Notion, "q"), Fate::Orphan(OrphanWhy::Ambiguous { .. })),
            "a person decides"
        );
        facts.crm.get_mut(&RecordId::from("1")).unwrap().ordered = true;
        assert_eq!(*fate(&match_untied(&facts, Create::Both), Side::Crm, "1"), Fate::Create);
    }

    #[test]
    fn two_people_with_one_name_and_two_addresses_are_two_people() {
        let matching = match_untied(&facts(&[("1", &["a@x", "Ann"])], &[("p", &["b@x", "Ann"])]), Create::Both);
        assert_eq!(*fate(&matching, Side::Crm, "1"), Fate::Create);
        assert_eq!(*fate(&matching, Side::Notion, "p"), Fate::Create);
    }

    #[test]
    fn a_shared_match_is_ambiguous_on_every_side_and_creates_nothing() {
        let matching = match_untied(&facts(&[("1", &["a@x"])], &[("p", &["a@x"]), ("q", &["a@x"])]), Create::Both);
        for (side, id) in [(Side::Crm, "1"), (Side::Notion, "p"), (Side::Notion, "q")] {
            assert!(matches!(fate(&matching, side, id), Fate::Orphan(OrphanWhy::Ambiguous { .. })), "{side} {id}");
        }
    }

    #[test]
    fn a_record_whose_key_a_tied_one_has_is_never_created() {
        let mut facts = facts(&[], &[("p", &["a@x"])]);
        facts.ties.insert("1".into(), "q".into());
        facts.tied_keys.insert((Side::Crm, "1".into()), vec![Value::text("a@x")]);
        let matching = match_untied(&facts, Create::Both);
        let why = OrphanWhy::Ambiguous { candidates: vec!["1".into()] };
        assert_eq!(*fate(&matching, Side::Notion, "p"), Fate::Orphan(why));
    }

    #[test]
    fn a_copy_of_a_tied_page_is_an_orphan_and_never_a_match() {
        let mut facts = facts(&[], &[("copy", &["a@x"])]);
        facts.ties.insert("1".into(), "page".into());
        facts.notion.values_mut().for_each(|record| record.marker = Some("1".into()));
        let matching = match_untied(&facts, Create::Both);
        assert_eq!(*fate(&matching, Side::Notion, "copy"), Fate::Orphan(OrphanWhy::Copy { of: "page".into() }));
    }

    #[test]
    fn a_marker_beats_a_key() {
        let mut facts = facts(&[("1", &["a@x"]), ("2", &["b@x"])], &[("p", &["a@x"])]);
        facts.notion.values_mut().for_each(|record| record.marker = Some("2".into()));
        let matching = match_untied(&facts, Create::Both);
        assert_eq!(*fate(&matching, Side::Notion, "p"), Fate::Match("2".into()));
        let why = OrphanWhy::Ambiguous { candidates: vec!["p".into()] };
        assert_eq!(
            *fate(&matching, Side::Crm, "1"),
            Fate::Orphan(why),
            "it looks like the one that is just being tied"
        );
    }

    #[test]
    fn who_looks_like_a_record_that_is_just_being_tied_by_its_marker_is_not_created() {
        let mut facts = facts(&[("8", &["c@x"])], &[("moved", &["n@x"]), ("new", &["c@x"])]);
        facts.notion.get_mut(&RecordId::from("moved")).unwrap().marker = Some("8".into());
        let matching = match_untied(&facts, Create::Both);
        assert_eq!(*fate(&matching, Side::Notion, "moved"), Fate::Match("8".into()));
        let why = OrphanWhy::Ambiguous { candidates: vec!["8".into()] };
        assert_eq!(*fate(&matching, Side::Notion, "new"), Fate::Orphan(why));
    }

    #[test]
    fn a_record_left_without_a_title_is_shown_and_not_created() {
        let mut facts = facts(&[], &[("p", &[])]);
        facts.notion.values_mut().for_each(|record| (record.ready, record.incomplete) = (false, true));
        let matching = match_untied(&facts, Create::Both);
        assert_eq!(*fate(&matching, Side::Notion, "p"), Fate::Orphan(OrphanWhy::Incomplete));
    }

    #[test]
    fn a_survivor_is_shown_and_created_only_when_an_operator_says_so() {
        let mut facts = facts(&[("1", &["a@x"])], &[]);
        facts.crm.values_mut().for_each(|record| record.survivor_of = Some("gone".into()));
        let why = OrphanWhy::Survivor { gone: "gone".into() };
        assert_eq!(*fate(&match_untied(&facts, Create::Both), Side::Crm, "1"), Fate::Orphan(why));
        facts.crm.values_mut().for_each(|record| record.ordered = true);
        assert_eq!(*fate(&match_untied(&facts, Create::None), Side::Crm, "1"), Fate::Create);
    }
}
