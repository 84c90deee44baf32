//! How alike an untied record and a record of the other side are, with the reasons, best first: what a person would look at.

use std::collections::BTreeSet;

use crate::control::Candidate;
use crate::model::{OrphanWhy, RecordId, RecordRef, Side};

use super::core::Core;
use super::memory::PairMemory;

/// Weights of the reasons; a sum over 100 is 100.
const SAME_KEY: u32 = 60;
const SAME_TITLE: u32 = 40;
const LIKE_TITLE: u32 = 30;
const SAME_FIELD: u32 = 6;

/// Titles this much alike, in percent, are worth a word.
const ALIKE: u32 = 50;

/// How much of two texts is the same, in percent, by their pairs of letters.
fn alike(one: &str, other: &str) -> u32 {
    let pairs = |text: &str| -> BTreeSet<(char, char)> {
        let letters: Vec<char> = text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
        letters.windows(2).filter_map(|pair| Some((*pair.first()?, *pair.get(1)?))).collect()
    };
    let (one, other) = (pairs(one), pairs(other));
    let all = u32::try_from(one.len() + other.len()).unwrap_or(u32::MAX);
    let both = u32::try_from(one.intersection(&other).count()).unwrap_or(0);
    (200 * both).checked_div(all).unwrap_or(0)
}

/// What is compared of one record, made once.
struct Face {
    title: String,
    /// Per mapped field: what it is matched by, or its text; empty where there is none.
    fields: Vec<(bool, String, String)>,
}

impl Core {
    fn face(&self, pair: &PairMemory, side: Side, id: &RecordId) -> Face {
        let map = pair.map.as_ref();
        let title = pair.observation(side, id).and_then(|it| super::core::title_of(pair, side, it)).unwrap_or_default();
        let field = |field: &crate::mapping::FieldMap| {
            let key = pair.spec.match_by.contains(&field.spec.key);
            let is_title = map.and_then(|map| map.title.as_ref()) == Some(&field.spec.key);
            let native = pair.observation(side, id).and_then(|it| it.known(field.name_on(side)));
            let common = native.map(|native| self.common(field, side, native)).filter(|_| !is_title || key);
            let text = common.map(|common| match key {
                true => field.match_key(&common).unwrap_or_default(),
                // A box that is ticked on both sides says nothing about who it is.
                false if matches!(common, crate::model::Value::Flag(_)) => String::new(),
                false => common.show(),
            });
            (key, field.spec.notion.0.clone(), text.unwrap_or_default())
        };
        Face { title, fields: map.map(|map| map.fields.iter().map(field).collect()).unwrap_or_default() }
    }

    /// Records of the other side that are like this one, best first, with the reasons. Tied ones are none, unless the planner
    /// itself named them.
    pub(super) fn suggestions(&self, of: &RecordRef) -> Vec<(u32, String, RecordId)> {
        let Some(pair) = self.memory.pair(&of.pair) else { return Vec::new() };
        let named: Vec<&RecordId> = match pair.orphans.get(&(of.side, of.id.clone())).map(|orphan| &orphan.why) {
            Some(OrphanWhy::Ambiguous { candidates }) => candidates.iter().collect(),
            _ => Vec::new(),
        };
        let other = of.side.other();
        let own = self.face(pair, of.side, &of.id);
        let there = pair.observations.get(other).present();
        let mut found: Vec<(u32, String, RecordId)> = there
            .filter(|id| named.contains(id) || !pair.is_tied(other, id))
            .filter_map(|id| {
                let (mut score, mut reason) = likeness(&own, &self.face(pair, other, id));
                if named.contains(&id) && score < SAME_KEY {
                    (score, reason) = (SAME_KEY, "matched by its key".to_owned());
                }
                (score > 0).then(|| (score, reason, id.clone()))
            })
            .collect();
        // What is tied to another already cannot be linked, and comes last.
        found.sort_by_cached_key(|(score, _, id)| {
            (pair.tie_of(other, id).is_some(), std::cmp::Reverse(*score), id.clone())
        });
        found
    }

    /// A suggestion as a row.
    pub(super) fn suggested(&self, pair: &PairMemory, other: Side, found: &(u32, String, RecordId)) -> Candidate {
        let (score, reason, id) = found;
        let taken = pair.tie_of(other, id).is_some();
        Candidate { score: *score, reason: reason.clone(), taken, ..self.candidate(pair, other, id) }
    }
}

fn likeness(one: &Face, other: &Face) -> (u32, String) {
    let (mut score, mut reasons) = (0, Vec::new());
    let mut fields = 0;
    for ((key, label, text), (_, _, theirs)) in one.fields.iter().zip(&other.fields) {
        if text.is_empty() || text != theirs {
            continue;
        }
        if *key {
            score += SAME_KEY;
            reasons.insert(0, format!("same {label}"));
        } else if fields < 3 {
            fields += 1;
            score += SAME_FIELD;
            reasons.push(format!("same {label}"));
        }
    }
    let percent = alike(&one.title, &other.title);
    if !one.title.is_empty() && one.title.to_lowercase() == other.title.to_lowercase() {
        score += SAME_TITLE;
        reasons.insert(0, "same name".to_owned());
    } else if percent >= ALIKE {
        score += LIKE_TITLE * percent / 100;
        reasons.insert(0, format!("name {percent} % alike"));
    } else if score <= 3 * SAME_FIELD && reasons.iter().all(|_| score < SAME_KEY) {
        // An equal city or stage alone makes nobody the same.
        return (0, String::new());
    }
    (score.min(100), reasons.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(title: &str, mail: &str, city: &str) -> Face {
        let field = |key, label: &str, text: &str| (key, label.to_owned(), text.to_owned());
        Face { title: title.to_owned(), fields: vec![field(true, "E-mail", mail), field(false, "City", city)] }
    }

    #[test]
    fn a_key_outweighs_a_name_and_a_name_outweighs_a_city() {
        let own = face("Ada Lovelace", "ada@example.org", "London");
        let (key, why) = likeness(&own, &face("A. King", "ada@example.org", "Ockham"));
        assert_eq!((key, why.as_str()), (60, "same E-mail"));
        let (name, why) = likeness(&own, &face("ada lovelace", "", "London"));
        assert_eq!((name, why.as_str()), (46, "same name, same City"));
        let (near, why) = likeness(&own, &face("Ada Lovelacce", "", ""));
        assert!(near > 20 && near < name && why.starts_with("name "), "{near} {why}");
        assert_eq!(likeness(&own, &face("Grace Hopper", "", "London")), (0, String::new()));
        assert_eq!(likeness(&own, &face("Ada Lovelace", "ada@example.org", "London")).0, 100);
    }

    #[test]
    fn empty_texts_are_like_nothing() {
        assert_eq!(likeness(&face("", "", ""), &face("", "", "")), (0, String::new()));
        assert_eq!(alike("", ""), 0);
    }
}
