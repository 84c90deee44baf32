//! One id for an edit, from where it was seen to where it stands on both sides: the number of the journal's line that
//! saw it. Two edits of a field that contradict each other are one story and have the first one's id.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::control::Sides;
use crate::model::{Event, FieldKey, Happening, Hold, PairName, RecordId, Side};

/// Places that are remembered; those that moved longest ago are forgotten first.
const MOST: usize = 20_000;

/// A field of a record, or the record as a whole, by either of its ids.
type Place = (PairName, Side, RecordId, Option<FieldKey>);

#[derive(Debug, Clone, Copy)]
struct Edit {
    id: u64,
    /// Both sides had it, or somebody's value had lost: the next one that is seen is another story.
    ended: bool,
    /// What we wrote last on each side, as [`mark`] tells it: seen there afterwards, it is nobody's edit.
    wrote: Sides<Option<u64>>,
}

/// What a line says that a side shows now, short enough to be kept for many.
fn mark(event: &Event) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    event.after.as_ref()?.show().hash(&mut hasher);
    Some(hasher.finish())
}

impl Edit {
    fn note_written(&mut self, event: &Event) {
        if let (Happening::Wrote, Some(side)) = (event.what, event.side) {
            *self.wrote.get_mut(side) = mark(event);
        }
    }

    fn is_echoed_by(&self, event: &Event) -> bool {
        event.side.is_some_and(|side| self.wrote.get(side).is_some() && *self.wrote.get(side) == mark(event))
    }
}

/// Which edit each line belongs to, told line by line, oldest first.
#[derive(Debug, Default)]
pub struct Edits {
    open: BTreeMap<Place, Edit>,
}

impl Edits {
    /// An edit that is under way, as it was told before: by a line of the journal, or by a hold.
    pub fn recall(&mut self, event: &Event) {
        if let Some(id) = event.edit {
            let places = places(event);
            let known = places.iter().filter_map(|place| self.open.get(place)).find(|known| known.id == id);
            let wrote = known.map(|known| known.wrote).unwrap_or_default();
            let mut edit = Edit { id, ended: ends(event.what), wrote };
            edit.note_written(event);
            self.keep(places, edit);
        }
    }

    /// As [`Edits::recall`], by a hold: whatever it waits for, its edit has not ended.
    pub fn recall_hold(&mut self, hold: &Hold) {
        if let (Some(id), Some(crm)) = (hold.edit, &hold.id.crm) {
            let place = (hold.id.pair.clone(), Side::Crm, crm.clone(), hold.id.field.clone());
            self.keep(vec![place], Edit { id, ended: false, wrote: Sides::default() });
        }
    }

    /// The edit that this line is about, if it is about one.
    pub fn of(&mut self, event: &Event) -> Option<u64> {
        let places = places(event);
        let known = places.iter().filter_map(|place| self.open.get(place)).max_by_key(|edit| edit.id).copied();
        let begins = match event.field {
            Some(_) => event.what == Happening::Seen && !known.is_some_and(|edit| edit.is_echoed_by(event)),
            // The tie that a creation made was told just before it, and is the same story.
            None => event.what != Happening::Created || known.is_none(),
        };
        let mut edit = match known {
            Some(edit) if !(edit.ended && begins) => edit,
            _ if begins => Edit { id: event.seq, ended: false, wrote: Sides::default() },
            _ => return None,
        };
        edit.note_written(event);
        edit.ended |= ends(event.what);
        self.keep(places, edit);
        Some(edit.id)
    }

    fn keep(&mut self, places: Vec<Place>, edit: Edit) {
        for place in places {
            self.open.insert(place, edit);
        }
        if self.open.len() > MOST {
            let mut ids: Vec<u64> = self.open.values().map(|edit| edit.id).collect();
            ids.sort_unstable();
            let oldest = ids.get(MOST / 2).copied().unwrap_or(0);
            self.open.retain(|_, edit| edit.id >= oldest);
        }
    }
}

fn places(event: &Event) -> Vec<Place> {
    let Some(pair) = &event.pair else { return Vec::new() };
    let ends = [(Side::Crm, &event.crm), (Side::Notion, &event.notion)];
    let place = |(side, id): (Side, &Option<RecordId>)| Some((pair.clone(), side, id.clone()?, event.field.clone()));
    ends.into_iter().filter_map(place).collect()
}

fn ends(what: Happening) -> bool {
    use Happening::{Adopted, Agreed, Created, Tied, Untied, Wrote};
    matches!(what, Wrote | Agreed | Created | Adopted | Tied | Untied)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    use crate::model::Value;

    fn line(seq: u64, what: Happening, crm: &str, field: &str) -> Event {
        Event {
            seq,
            at: Timestamp::UNIX_EPOCH,
            what,
            pair: Some("deals".into()),
            side: None,
            crm: Some(crm.into()),
            notion: None,
            field: Some(field.into()),
            before: None,
            after: None,
            window: None,
            who: String::new(),
            note: String::new(),
            edit: None,
        }
    }

    #[test]
    fn an_edit_keeps_its_id_until_both_sides_have_it_and_the_next_gets_another() {
        let mut edits = Edits::default();
        let mut of = |seq, what, crm, field| edits.of(&line(seq, what, crm, field));
        assert_eq!(of(1, Happening::Seen, "7", "TITLE"), Some(1));
        assert_eq!(of(2, Happening::Seen, "8", "TITLE"), Some(2), "another record");
        assert_eq!(of(3, Happening::Seen, "7", "AMOUNT"), Some(3), "another field");
        assert_eq!(of(4, Happening::Seen, "7", "TITLE"), Some(1), "the other side contradicts");
        assert_eq!(of(5, Happening::Held, "7", "TITLE"), Some(1));
        assert_eq!(of(6, Happening::Wrote, "7", "TITLE"), Some(1));
        assert_eq!(of(7, Happening::Released, "7", "TITLE"), Some(1));
        assert_eq!(of(8, Happening::Seen, "7", "TITLE"), Some(8));
        assert_eq!(of(9, Happening::Decided, "9", "TITLE"), None, "nothing was seen of it");
    }

    #[test]
    fn what_we_wrote_on_one_side_and_see_there_belongs_to_the_edit_that_the_other_side_still_waits_for() {
        let mut edits = Edits::default();
        let mut of = |seq, what, side, after: &str| {
            let after = Some(Value::text(after));
            edits.of(&Event { side: Some(side), after, ..line(seq, what, "7", "TITLE") })
        };
        assert_eq!(of(1, Happening::Seen, Side::Crm, "his"), Some(1));
        assert_eq!(of(2, Happening::Seen, Side::Notion, "hers"), Some(1));
        // Somebody decided for a third value, which both sides get.
        assert_eq!(of(3, Happening::Wrote, Side::Crm, "theirs"), Some(1));
        assert_eq!(of(4, Happening::Seen, Side::Crm, "theirs"), Some(1));
        assert_eq!(of(5, Happening::Wrote, Side::Notion, "theirs"), Some(1));
        assert_eq!(of(6, Happening::Seen, Side::Notion, "theirs"), Some(1));
        assert_eq!(of(7, Happening::Seen, Side::Crm, "another"), Some(7));
        assert_eq!(of(8, Happening::Wrote, Side::Notion, "another"), Some(7));
        assert_eq!(of(9, Happening::Seen, Side::Crm, "theirs"), Some(9), "back to what we wrote, by hand");
    }

    #[test]
    fn a_creation_belongs_to_the_story_of_the_record_it_was_made_for() {
        let mut edits = Edits::default();
        let mut of = |seq, what| edits.of(&Event { field: None, ..line(seq, what, "7", "") });
        let told = [(1, Happening::Seen), (2, Happening::Tied), (3, Happening::Created)];
        assert_eq!(told.map(|(seq, what)| of(seq, what)), [Some(1); 3]);
        assert_eq!(of(4, Happening::Untied), Some(4));
    }
}
