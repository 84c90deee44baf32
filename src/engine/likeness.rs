//! How alike an untied record and a record of the other side are, with the reasons, best first: what a person would look at.

use crate::control::Candidate;
use crate::model::{OrphanWhy, Presence, RecordId, RecordRef, Side};

use super::core::Core;
use super::memory::PairMemory;

/// Weights of the reasons; a sum over 100 is 100.
const SAME_KEY: u32 = 60;
const SAME_TITLE: u32 = 40;
const LIKE_TITLE: u32 = 30;
const SAME_FIELD: u32 = 6;

/// Titles this much alike, in percent, are worth a word.
const ALIKE: u32 = 50;

/// A text's pairs of letters, in order, each once.
type Letters = Vec<(char, char)>;

fn letters(text: &str) -> Letters {
    let letters: Vec<char> = text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    let mut pairs: Letters = letters.windows(2).filter_map(|pair| Some((*pair.first()?, *pair.get(1)?))).collect();
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

/// How much of two texts is the same, in percent, by their pairs of letters.
fn alike(one: &Letters, other: &Letters) -> u32 {
    let (mut both, mut left, mut right) = (0_usize, one.iter().peekable(), other.iter().peekable());
    while let (Some(one), Some(other)) = (left.peek(), right.peek()) {
        match one.cmp(other) {
            std::cmp::Ordering::Less => drop(left.next()),
            std::cmp::Ordering::Greater => drop(right.next()),
            std::cmp::Ordering::Equal => {
                both += 1;
                left.next();
                right.next();
            }
        }
    }
    let all = one.len() + other.len();
    u32::try_from((200 * both).checked_div(all).unwrap_or(0)).unwrap_or(0)
}

/// A record that is like another, how much, and why.
#[derive(Debug, Clone)]
pub struct Like {
    /// From 1 to 100.
    pub score: u32,
    /// The reasons.
    pub reason: String,
    /// Which.
    pub id: RecordId,
}

/// What is compared of one record, made once.
pub struct Face {
    title: String,
    letters: Letters,
    /// Per mapped field: what it is matched by, or its text; empty where there is none.
    fields: Vec<(bool, String, String)>,
}

impl Core {
    fn face(&self, pair: &PairMemory, side: Side, id: &RecordId) -> Face {
        let map = pair.map.as_ref();
        let seen = pair.observations.get(side).read(id);
        let title = seen.as_ref().and_then(|it| super::core::title_of(pair, side, it)).unwrap_or_default();
        let field = |field: &crate::mapping::FieldMap| {
            let key = pair.spec.match_by.contains(&field.spec.key);
            let is_title = map.and_then(|map| map.title.as_ref()) == Some(&field.spec.key);
            let native = seen.as_ref().and_then(|it| it.known(field.name_on(side)));
            let common = native.map(|native| self.common(field, side, native)).filter(|_| !is_title || key);
            let text = common.map(|common| match key {
                true => field.match_key(&common).unwrap_or_default(),
                // A box that is ticked on both sides says nothing about who it is.
                false if matches!(common, crate::model::Value::Flag(_)) => String::new(),
                false => common.show(),
            });
            (key, field.spec.notion.0.clone(), text.unwrap_or_default())
        };
        Face {
            letters: letters(&title),
            title: title.to_lowercase(),
            fields: map.map(|map| map.fields.iter().map(field).collect()).unwrap_or_default(),
        }
    }

    /// Records that the planner itself took for counterparts.
    fn meant_for(&self, pair: &PairMemory, of: &RecordRef) -> Vec<RecordId> {
        match pair.orphans.get(&(of.side, of.id.clone())).map(|orphan| &orphan.why) {
            Some(OrphanWhy::Ambiguous { candidates }) => candidates.clone(),
            _ => Vec::new(),
        }
    }

    /// The untied records of one side, made to be compared with several of the other; none if there are more than that.
    pub(super) fn faces(&self, pair: &PairMemory, side: Side, most: usize) -> Option<Faces> {
        let present = |id: &&RecordId| pair.observations.get(side).presence(id) == Some(Presence::Present);
        let ids: Vec<&RecordId> = pair.untied(side).filter(present).take(most.saturating_add(1)).collect();
        let made = |ids: Vec<&RecordId>| ids.into_iter().map(|id| (id.clone(), self.face(pair, side, id))).collect();
        (ids.len() <= most).then(|| made(ids))
    }

    /// Those that are like a record, best first, with the reasons. Tied ones are none, unless the planner itself named them.
    pub(super) fn like_among(&self, pair: &PairMemory, of: &RecordRef, faces: &Faces) -> Vec<Like> {
        let (other, own, named) = (of.side.other(), self.face(pair, of.side, &of.id), self.meant_for(pair, of));
        let untied = faces.iter().filter(|(id, _)| !named.contains(id));
        let mut found: Vec<Like> = untied
            .filter_map(|(id, face)| {
                let (score, reason) = likeness(&own, face);
                (score > 0).then(|| Like { score, reason, id: id.clone() })
            })
            .collect();
        found.extend(named.iter().filter_map(|id| self.like(of, id)));
        // What is tied to another already cannot be linked, and comes last.
        let key = |like: &Like| (pair.is_tied(other, &like.id), std::cmp::Reverse(like.score));
        found.sort_by(|one, two| key(one).cmp(&key(two)).then_with(|| one.id.cmp(&two.id)));
        found
    }

    /// Records of the other side that are like this one, best first, with the reasons.
    pub(super) fn suggestions(&self, of: &RecordRef) -> Vec<Like> {
        let Some(pair) = self.memory.pair(&of.pair) else { return Vec::new() };
        let faces = self.faces(pair, of.side.other(), usize::MAX - 1).unwrap_or_default();
        self.like_among(pair, of, &faces)
    }

    /// How one record of the other side is like this one, if it is: a tied one is none, unless the planner named it.
    pub(super) fn like(&self, of: &RecordRef, id: &RecordId) -> Option<Like> {
        let pair = self.memory.pair(&of.pair)?;
        let other = of.side.other();
        let named = self.meant_for(pair, of).contains(id);
        let present = pair.observations.get(other).presence(id) == Some(Presence::Present);
        if !present || (!named && pair.is_tied(other, id)) {
            return None;
        }
        let own = self.face(pair, of.side, &of.id);
        let (mut score, mut reason) = likeness(&own, &self.face(pair, other, id));
        if named && score < SAME_KEY {
            (score, reason) = (SAME_KEY, "matched by its key".to_owned());
        }
        (score > 0).then(|| Like { score, reason, id: id.clone() })
    }

    /// A suggestion as a row.
    pub(super) fn suggested(&self, pair: &PairMemory, other: Side, like: &Like) -> Candidate {
        let taken = pair.is_tied(other, &like.id);
        let (score, reason) = (like.score, like.reason.clone());
        Candidate { score, reason, taken, ..self.candidate(pair, other, &like.id) }
    }
}

/// Records to be compared, made once.
pub type Faces = Vec<(RecordId, Face)>;

fn likeness(one: &Face, other: &Face) -> (u32, String) {
    let (mut score, mut reasons) = (0, Vec::new());
    let mut fields = 0;
    let same_title = !one.title.is_empty() && one.title == other.title;
    // A field that says the title once more is told with it: each thing is said once.
    let mut say = |label: &str, text: &str, first: bool| {
        if !(same_title && text.to_lowercase() == one.title) {
            reasons.insert(if first { 0 } else { reasons.len() }, format!("same {label}"));
        }
    };
    for ((key, label, text), (_, _, theirs)) in one.fields.iter().zip(&other.fields) {
        if text.is_empty() || text != theirs {
            continue;
        }
        if *key {
            score += SAME_KEY;
            say(label, text, true);
        } else if fields < 3 {
            fields += 1;
            score += SAME_FIELD;
            say(label, text, false);
        }
    }
    let percent = alike(&one.letters, &other.letters);
    if same_title {
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
        Face {
            title: title.to_lowercase(),
            letters: letters(title),
            fields: vec![field(true, "E-mail", mail), field(false, "City", city)],
        }
    }

    #[test]
    fn a_reason_says_each_thing_once() {
        let face = |name: &str, mail: &str| Face {
            fields: vec![(true, "E-mail".into(), mail.into()), (true, "Name".into(), name.to_lowercase())],
            ..face(name, "", "")
        };
        let own = face("Ada Lovelace", "ada@example.org");
        assert_eq!(likeness(&own, &own).1, "same name, same E-mail");
        assert_eq!(likeness(&own, &face("Ada Lovelace", "")).1, "same name");
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
        assert_eq!(alike(&letters(""), &letters("")), 0);
        assert_eq!(alike(&letters("night"), &letters("nacht")), 25, "one of four and four");
    }
}
