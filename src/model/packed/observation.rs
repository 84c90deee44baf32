//! Observations in their short form.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::bytes::{FIXED, Reader, ValueBytes, Writer, fixed};
use super::word::WordBytes;
use super::{Names, Packed};
use crate::model::{Editor, FieldName, FieldState, Observation, Presence, Unread};

// What is told of the record.
const CREATED: u8 = 1;
const EDITED: u8 = 2;
const MARKED: u8 = 4;
const RETURNED: u8 = 8;
const EDITOR: u8 = 16;
const EDITOR_NAMED: u8 = 32;

// What is told of a field.
const KNOWN: u8 = 1;
const UNKNOWN: u8 = 2;
const UNREAD: u8 = 4;
const UNREAD_LAST: u8 = 8;
const CHANGED: u8 = 16;
const CHANGED_LAST: u8 = 32;

const PRESENCES: [Presence; 5] =
    [Presence::Present, Presence::Trashed, Presence::Missing, Presence::Moved, Presence::Outside];

fn presence_byte(presence: Presence) -> u8 {
    match presence {
        Presence::Present => 0,
        Presence::Trashed => 1,
        Presence::Missing => 2,
        Presence::Moved => 3,
        Presence::Outside => 4,
    }
}

impl Packed for Observation {
    const KIND: u8 = b'o';

    fn names(&self) -> Vec<&str> {
        let names = self.fields.keys().chain(self.unread.keys()).chain(self.changed_between.keys());
        names.map(FieldName::as_str).collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn write(&self, names: &[&str], out: &mut Writer<'_>) {
        // Presence and the moment of the reading lie where they can be asked for, and the latter be moved, by themselves.
        out.byte(presence_byte(self.presence));
        out.fixed(self.seen_at);
        let flag = |is: bool, flag: u8| if is { flag } else { 0 };
        let named = self.edited_by.as_ref().and_then(|editor| editor.name.as_ref());
        out.byte(
            flag(self.created_at.is_some(), CREATED)
                | flag(self.edited_at.is_some(), EDITED)
                | flag(self.marker.is_some(), MARKED)
                | flag(self.returned_at.is_some(), RETURNED)
                | flag(self.edited_by.is_some(), EDITOR)
                | flag(named.is_some(), EDITOR_NAMED),
        );
        self.marker.iter().for_each(|marker| out.word(marker));
        self.edited_by.iter().for_each(|editor| out.word(&editor.id));
        named.iter().for_each(|name| out.word(name));
        out.moment(self.settled_since);
        let moments = [self.created_at, self.edited_at, self.returned_at];
        moments.into_iter().flatten().for_each(|at| out.moment(at));
        for name in names {
            let (state, unread) = (self.fields.get(*name), self.unread.get(*name));
            let (changed, last) = (self.changed_between.get(*name), unread.and_then(|unread| unread.last.as_ref()));
            out.byte(
                match state {
                    Some(FieldState::Known(_)) => KNOWN,
                    Some(FieldState::Unknown(_)) => UNKNOWN,
                    None => 0,
                } | flag(unread.is_some(), UNREAD)
                    | flag(last.is_some(), UNREAD_LAST)
                    | flag(changed.is_some(), CHANGED)
                    | flag(changed.is_some_and(|(last, _)| last.is_some()), CHANGED_LAST),
            );
            match state {
                Some(FieldState::Known(value)) => out.value(value),
                Some(FieldState::Unknown(why)) => out.word(why),
                None => {}
            }
            if let Some((last, came)) = changed {
                out.moment(*came);
                last.iter().for_each(|last| out.moment(*last));
            }
            if let Some(unread) = unread {
                out.number(unread.cycles.into());
                out.moment(unread.counted);
            }
            if let Some((value, at)) = last {
                out.value(value);
                out.moment(*at);
            }
        }
    }

    fn read(names: &Names, bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let presence = *PRESENCES.get(usize::from(reader.byte()?))?;
        let seen_at = reader.fixed()?;
        let flags = reader.byte()?;
        let marker = if flags & MARKED == 0 { None } else { Some(reader.word()?) };
        let mut word = |flag: u8| if flags & flag == 0 { Some(None) } else { reader.word().map(Some) };
        let (editor, name) = (word(EDITOR)?, word(EDITOR_NAMED)?);
        let settled_since = reader.moment()?;
        let mut moment = |flag: u8| if flags & flag == 0 { Some(None) } else { reader.moment().map(Some) };
        let (created_at, edited_at, returned_at) = (moment(CREATED)?, moment(EDITED)?, moment(RETURNED)?);
        let (mut fields, mut unread, mut changed) = (Vec::with_capacity(names.len()), Vec::new(), Vec::new());
        for name in names.iter() {
            let flags = reader.byte()?;
            match flags & (KNOWN | UNKNOWN) {
                0 => {}
                KNOWN => fields.push((FieldName::from(name), FieldState::Known(reader.value()?))),
                _ => fields.push((FieldName::from(name), FieldState::Unknown(reader.word()?))),
            }
            if flags & CHANGED != 0 {
                let came = reader.moment()?;
                let last = if flags & CHANGED_LAST == 0 { None } else { Some(reader.moment()?) };
                changed.push((FieldName::from(name), (last, came)));
            }
            if flags & UNREAD != 0 {
                let (cycles, counted) = (u32::try_from(reader.number()?).ok()?, reader.moment()?);
                let last = if flags & UNREAD_LAST == 0 { None } else { Some((reader.value()?, reader.moment()?)) };
                unread.push((FieldName::from(name), Unread { cycles, counted, last }));
            }
        }
        let observation = Observation {
            fields: BTreeMap::from_iter(fields),
            presence,
            created_at,
            edited_at,
            edited_by: editor.map(|id| Editor { id: id.into(), name: name.map(Into::into) }),
            marker,
            seen_at,
            settled_since,
            returned_at,
            unread: BTreeMap::from_iter(unread),
            changed_between: BTreeMap::from_iter(changed),
        };
        reader.is_done().then_some(observation)
    }

    /// One, if its record is there to be read and written.
    fn counts_for(bytes: &[u8]) -> usize {
        usize::from(ObservationBytes(bytes).presence() == Some(Presence::Present))
    }
}

/// The short form of an observation without its table, as far as it can be asked by itself.
#[derive(Debug, Clone, Copy)]
pub struct ObservationBytes<'a>(pub &'a [u8]);

/// One field of an observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenField<'a> {
    /// Its value, if it was read.
    pub known: Option<ValueBytes<'a>>,
    /// When its value had come, if another was seen before it, in nanoseconds.
    pub moved: Option<i128>,
}

impl<'a> ObservationBytes<'a> {
    /// Whether it tells who edited the record last, which the first of these short forms could not.
    pub fn tells_editor(&self) -> bool {
        self.0.get(1 + FIXED).is_some_and(|flags| flags & (EDITOR | EDITOR_NAMED) != 0)
    }

    /// Where the record stands.
    pub fn presence(&self) -> Option<Presence> {
        PRESENCES.get(usize::from(*self.0.first()?)).copied()
    }

    /// When it was read.
    pub fn seen_at(&self) -> Option<Timestamp> {
        Reader::new(self.0.get(1..)?).fixed()
    }

    /// The same, read at another moment.
    pub fn move_seen(bytes: &mut [u8], at: Timestamp) {
        if let Some(place) = bytes.get_mut(1..=FIXED) {
            place.copy_from_slice(&fixed(at));
        }
    }

    /// Our marker on it, and its fields in the order of the table. `None` where one of them cannot be told in short.
    pub fn fields(&self, names: usize, mut each: impl FnMut(usize, SeenField<'a>)) -> Option<Option<WordBytes<'a>>> {
        let mut reader = Reader::new(self.0.get(1 + FIXED..)?);
        let flags = reader.byte()?;
        let marker = if flags & MARKED == 0 { None } else { Some(reader.word_bytes()?) };
        for _ in 0..(flags & (EDITOR | EDITOR_NAMED)).count_ones() {
            reader.skip_word()?;
        }
        reader.nanos()?;
        for _ in 0..(flags & (CREATED | EDITED | RETURNED)).count_ones() {
            reader.nanos()?;
        }
        for at in 0..names {
            let flags = reader.byte()?;
            if flags & (UNKNOWN | UNREAD) != 0 {
                return None;
            }
            let known = if flags & KNOWN == 0 { None } else { Some(reader.value_bytes()?) };
            let mut moved = None;
            if flags & CHANGED != 0 {
                let came = reader.nanos()?;
                if flags & CHANGED_LAST != 0 {
                    reader.nanos()?;
                    moved = Some(came);
                }
            }
            each(at, SeenField { known, moved });
        }
        Some(marker)
    }
}
