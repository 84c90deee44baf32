//! What the engine says about one edit, and whether that fits: the right thing, the right value, not before the edit.

use jiff::{SignedDuration, Timestamp};

use crate::mapping::{PairSpec, Policy};
use crate::model::{Event, Happening, Hold, IntentState, OrphanWhy, RecordId, RecordRef, Side, Value, Verdict, Why};

use super::Claims;
use super::past::Touch;
use super::plain::Plain;
use super::terms::Terms;
use super::wish::Wish;

/// One edit, as far as a claim can be about it.
pub(super) struct Matter<'a> {
    pub claims: &'a Claims,
    /// What the journal has about this tie.
    pub events: Vec<&'a Event>,
    pub terms: &'a Terms<'a>,
    pub pair: &'a PairSpec,
    /// Positions of the pair and the field.
    pub place: (usize, usize),
    pub side: Side,
    /// The record's id on each side, as far as it has or had one.
    pub crm: Option<&'a str>,
    pub notion: Option<&'a str>,
    /// Whether the tie lasts.
    pub tied: bool,
    pub at: Timestamp,
    pub wish: &'a Wish,
    /// What its own side holds now; `None` when the record is gone.
    pub own: Option<&'a Plain>,
    /// Whether a person edited the field on the other side later.
    pub contested: bool,
}

impl Matter<'_> {
    fn record(&self) -> Option<&str> {
        if self.side == Side::Crm { self.crm } else { self.notion }
    }

    /// Whether its own side still shows it. What waits must still be there to be looked at.
    fn stands(&self) -> bool {
        self.own.is_some_and(|own| self.wish.met_by(own))
    }

    fn carries(&self, side: Side, value: Option<&Value>) -> bool {
        value.is_some_and(|value| self.carried(self.wish, side, value))
    }

    fn carried(&self, wish: &Wish, side: Side, value: &Value) -> bool {
        let (pair, field) = self.place;
        self.terms.claimed(pair, field, side, value).iter().any(|reading| wish.met_by(reading))
    }

    /// Whether an event of this tie is about this field; with `whole`, it may be about the tie as a whole.
    fn concerns(&self, event: &Event, whole: bool) -> bool {
        let key = self.pair.fields.get(self.place.1).map(|field| &field.key);
        event.field.as_ref() == key || whole && event.field.is_none()
    }

    /// Events of one kind about this field, from the edit on.
    fn since(&self, what: Happening) -> impl Iterator<Item = &Event> {
        let fits = move |event: &&Event| event.what == what && event.at >= self.at && self.concerns(event, false);
        self.events.iter().copied().filter(fits)
    }

    /// The journal says that this very value lost, or an operator decided about it.
    pub(super) fn settled(&self) -> bool {
        let lost = |event: &Event| {
            event.side.is_none_or(|side| side == self.side) && self.carries(self.side, event.before.as_ref())
        };
        // An operator took back the write that had carried it to the other side, or that had crossed with it and said the same:
        // either way they were shown this value and took it back.
        let taken_back = |event: &Event| self.carries(self.side, event.before.as_ref());
        self.since(Happening::Settled).any(|event| lost(event) && self.may_settle(event))
            || self.since(Happening::Undone).any(taken_back)
            || self.since(Happening::Decided).any(|event| {
                // A decision *for* a value does not excuse that it is gone.
                lost(event) || self.carries(self.side, event.after.as_ref()) && self.stands()
            })
    }

    /// Whether the pair's own rules let a value of this side lose so. What an operator said is looked for elsewhere.
    fn may_settle(&self, event: &Event) -> bool {
        let Some(field) = self.pair.fields.get(self.place.1) else { return false };
        match event.note.strip_prefix("policy ") {
            Some("crm") => field.policy == Policy::Crm && self.side == Side::Notion,
            Some("notion") => field.policy == Policy::Notion && self.side == Side::Crm,
            Some("newest") => field.policy == Policy::Newest && self.contested,
            Some(_) => false,
            None if event.note.ends_with("owns it") => !field.direction.from(self.side),
            None => true,
        }
    }

    /// An operator said to leave both sides as they are, or that the record is nobody's business; it still stands, and so
    /// does the value.
    pub(super) fn left_alone(&self) -> bool {
        let key = self.pair.fields.get(self.place.1).map(|field| &field.key);
        let stands = self.claims.decisions.iter().any(|decision| match (&decision.verdict, &decision.hold) {
            (Verdict::Keep, Some(hold)) => {
                hold.pair == self.pair.name
                    && hold.field.as_ref() == key
                    && hold.crm.as_ref().map(RecordId::as_str) == self.crm
            }
            (Verdict::Ignore { record }, _) => {
                !self.tied
                    && record.pair == self.pair.name
                    && record.side == self.side
                    && Some(record.id.as_str()) == self.record()
            }
            _ => false,
        });
        stands && self.stands()
    }

    /// Open holds on this field, its tie or its pair.
    fn holds(&self) -> impl Iterator<Item = &Hold> {
        self.claims.holds.iter().filter(|hold| {
            let key = self.pair.fields.get(self.place.1).map(|field| &field.key);
            hold.id.pair == self.pair.name
                && match (&hold.id.crm, &hold.id.field) {
                    (None, field) => field.is_none() || field.as_ref() == key,
                    (Some(crm), field) => Some(crm.as_str()) == self.crm && (field.is_none() || field.as_ref() == key),
                }
        })
    }

    /// It waits for a person, who can see its value.
    pub(super) fn held(&self, related: Option<&PairSpec>) -> bool {
        // A member that itself waits has no name that the two could be compared by.
        let mut rest = self.wish.clone();
        if let Some(related) = related.filter(|_| self.stands()) {
            rest.without_added(|member| self.member_waits(related, member));
        }
        let carries = |value: &Value| !rest.is_void() && self.carried(&rest, self.side, value);
        let on_hold = self.holds().any(|hold| match &hold.why {
            Why::Conflict { crm, notion, .. } => carries(if self.side == Side::Crm { crm } else { notion }),
            Why::Refused { side, sent, .. } if *side != self.side => carries(sent),
            Why::Unmappable { side, value, .. } if *side == self.side => carries(value),
            Why::Quarantined { .. } => false,
            _ => self.stands(),
        });
        // A tied record is no orphan, whatever is claimed.
        on_hold || !self.tied && self.stands() && self.record().is_some_and(|record| self.waits(self.side, record))
    }

    /// Whether a record is an orphan, a candidate of an ambiguous match, or one of several with the same marker.
    fn waits(&self, side: Side, record: &str) -> bool {
        let mut orphans = self.claims.orphans.iter().filter(|orphan| orphan.record.pair == self.pair.name);
        let mut holds = self.claims.holds.iter().filter(|hold| hold.id.pair == self.pair.name);
        orphans.any(|orphan| match &orphan.why {
            _ if orphan.record.side == side => orphan.record.id.as_str() == record,
            OrphanWhy::Ambiguous { candidates } => candidates.iter().any(|id| id.as_str() == record),
            _ => false,
        }) || holds.any(|hold| match &hold.why {
            Why::DuplicateSet { side: of, records } => *of == side && records.iter().any(|id| id.as_str() == record),
            _ => false,
        })
    }

    /// Every member that the other side lacks is a record that itself waits for a person.
    pub(super) fn members_wait(&self, related: &PairSpec, other: Option<&Plain>) -> bool {
        let Wish::Members { added, .. } = self.wish else { return false };
        let there = other.map(Plain::members).unwrap_or_default();
        let mut missing = added.difference(&there).peekable();
        self.stands() && missing.peek().is_some() && missing.all(|member| self.member_waits(related, member))
    }

    fn member_waits(&self, related: &PairSpec, member: &str) -> bool {
        let is = |record: &RecordRef| {
            record.pair == related.name && record.side == self.side && record.id.as_str() == member
        };
        // One that an operator has ignored waits no more, and nothing follows from it.
        let mut decisions = self.claims.decisions.iter();
        self.claims.orphans.iter().any(|orphan| is(&orphan.record))
            || decisions.any(|it| matches!(&it.verdict, Verdict::Ignore { record } if is(record)))
    }

    /// Its record was set aside, and the value is still to be seen there.
    pub(super) fn quarantined(&self) -> bool {
        if !self.stands() {
            return false;
        }
        let released = |from: Timestamp| {
            let mut after = self.events.iter().filter(|event| event.at > from);
            after.any(|event| event.what == Happening::Released && self.concerns(event, true))
        };
        self.holds().any(|hold| matches!(hold.why, Why::Quarantined { .. }))
            || self.events.iter().any(|event| {
                event.what == Happening::Quarantined
                    && event.at >= self.at
                    && self.concerns(event, true)
                    && !released(event.at)
            })
    }

    /// The journal lists this value as one that a write may have taken.
    pub(super) fn possibly_overwritten(&self) -> bool {
        // Where nobody could see the value, the entry names the field and the window.
        let inside = |event: &Event| {
            let slack = SignedDuration::from_secs(2);
            event.before.is_none()
                && event.window.is_some_and(|(from, to)| (from - slack..=to + slack).contains(&self.at))
        };
        self.events.iter().any(|event| {
            event.what == Happening::PossiblyOverwritten
                && self.concerns(event, true)
                && event.side.is_none_or(|side| side == self.side)
                && (inside(event) || event.at >= self.at && self.carries(self.side, event.before.as_ref()))
        })
    }

    /// It was overwritten inside a journalled window on this very field, so many milliseconds long. What still stands was
    /// not overwritten.
    pub(super) fn exposed(&self, later: &[Touch]) -> Option<u64> {
        let inside = |event: &&Event| -> Option<u64> {
            let (from, to) = event.window.filter(|(from, to)| (*from..=*to).contains(&self.at))?;
            let taken = later.iter().any(|touch| touch.person.is_none() && touch.at <= to);
            let wrote = event.what == Happening::Wrote && self.concerns(event, false) && taken;
            // A record that followed its counterpart into the trash took everything with it. A write of unknown outcome may have
            // come at any moment.
            let unknown = matches!(event.what, Happening::Adopted | Happening::NotApplied) && taken;
            let whole = event.what == Happening::Gone || unknown;
            let ours = event.side == Some(self.side) && (wrote || whole && event.field.is_none());
            ours.then(|| u64::try_from(to.duration_since(from).as_millis()).unwrap_or(0))
        };
        if self.stands() {
            return None;
        }
        self.events.iter().filter_map(inside).max()
    }

    /// Whether it was held for a while on its way.
    pub(super) fn was_held_until(&self, until: Timestamp) -> bool {
        let held = |event: &Event| event.what == Happening::Held && (self.at..=until).contains(&event.at);
        self.events.iter().any(|event| held(event) && self.concerns(event, true))
    }

    /// A write of this value whose outcome is not known, for the sentence about a trouble.
    pub(super) fn pending(&self) -> Option<String> {
        let key = self.pair.fields.get(self.place.1).map(|field| &field.key)?;
        let intent = self.claims.intents.iter().find(|intent| {
            intent.pair == self.pair.name
                && intent.side != self.side
                && intent.common.get(key).is_some_and(|value| self.carries(self.side, Some(value)))
        })?;
        let state = match intent.state {
            IntentState::Sent { .. } => "sent",
            IntentState::Unknown { .. } => "of unknown outcome",
        };
        Some(format!("intent {} is {state}", intent.seq))
    }
}
