//! The outcome of one edit: the first of the proofs that holds.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use crate::model::{Happening, Side};

use super::bonds::Bonds;
use super::past::{Past, Spot, Touch, Turn, current};
use super::plain::Plain;
use super::report::{Latency, Outcome, Report, TroubleKind};
use super::shelf::Shelf;
use super::terms::Terms;
use super::wish::Wish;
use super::witness::Matter;
use super::{Case, PairSpec};

/// How far apart two people may do the same thing on two sides without one having seen the other's.
const CONCURRENT: SignedDuration = SignedDuration::from_hours(2);

/// Everything a judgement needs.
pub(super) struct Court<'a> {
    pub case: &'a Case<'a>,
    pub past: &'a Past,
    pub bonds: &'a Bonds,
    pub terms: &'a Terms<'a>,
    pub shelf: &'a Shelf<'a>,
}

/// One edit on trial.
struct Trial<'a> {
    pair: &'a PairSpec,
    spot: &'a Spot,
    edit: &'a Touch,
    /// What happened to the field before, on its own side.
    earlier: &'a [Touch],
    /// What happened to the field afterwards, on its own side.
    later: &'a [Touch],
    /// The same field of the counterpart there is, or was last.
    far: Option<Spot>,
    /// The same field of every counterpart that there is or was.
    fars: Vec<Spot>,
    /// What both sides hold now; `other` only while the records are tied.
    own: Option<Plain>,
    other: Option<Plain>,
}

impl<'a> Court<'a> {
    /// Judges all edits, in the order of the logs.
    pub(super) fn judge_all(&self, report: &mut Report) {
        let mut edits: Vec<(&Spot, usize, &Touch)> = Vec::new();
        for (spot, touches) in &self.past.touches {
            // What people do to a record in the trash, by what else they do, is nobody's edit.
            let life = self.past.lives.get(&(spot.pair, spot.side, spot.record.clone()));
            let lived = |touch: &Touch| life.is_none_or(|life| life.lived_at(touch.seq));
            let ours = |touch: &Touch| {
                touch.person.is_some() && touch.at >= self.case.began && lived(touch) && !self.moved_along(spot, touch)
            };
            edits.extend(touches.iter().enumerate().filter(|(_, t)| ours(t)).map(|(at, touch)| (spot, at, touch)));
        }
        edits.sort_by_key(|(spot, at, touch)| (spot.side, touch.seq, spot.pair, spot.field, *at));
        let mut crossed = Vec::new();
        for (spot, at, edit) in edits {
            let Some(pair) = self.case.pairs.get(spot.pair) else { continue };
            let touches = self.past.at(spot);
            let (earlier, later) = (touches.get(..at).unwrap_or_default(), touches.get(at + 1..).unwrap_or_default());
            let far = self.far(spot);
            let other = self.bonds.now(&pair.name, spot.side, &spot.record).and(far.as_ref());
            let other = other.and_then(|far| self.now(far));
            let fars = self.bonds.all(&pair.name, spot.side, &spot.record);
            let fars = fars.map(|far| Spot { side: spot.side.other(), record: far.to_owned(), ..spot.clone() });
            let fars = fars.collect();
            let trial = Trial { pair, spot, edit, earlier, later, far, fars, own: self.now(spot), other };
            let outcome = self.judge(&trial);
            report.edits.get_mut(spot.side).count(outcome);
            match outcome {
                Outcome::Present => crossed.extend(self.latency(&trial)),
                Outcome::Exposed => {
                    let longest = self.matter(&trial, &self.wish(&trial)).exposed(trial.later);
                    report.exposed_longest_ms = report.exposed_longest_ms.max(longest.unwrap_or(0));
                    let window = longest.unwrap_or(0);
                    report.exposed.push(format!("{}; window of {window} ms", self.sentence(&trial, outcome)));
                }
                Outcome::Lost => {
                    report.tell(TroubleKind::Lost, spot.side, vec![edit.seq], self.sentence(&trial, outcome))
                }
                Outcome::Unsettled => {
                    report.tell(TroubleKind::Unsettled, spot.side, vec![edit.seq], self.sentence(&trial, outcome));
                }
                _ => {}
            }
        }
        report.latency_ms = Latency::of(crossed);
    }

    /// A value in common terms, as records were tied at a moment.
    pub(super) fn plain(&self, spot: &Spot, value: &Json, at: Timestamp) -> Plain {
        self.terms.plain(spot.pair, spot.field, spot.side, value, at)
    }

    /// The same field of the counterpart.
    pub(super) fn far(&self, spot: &Spot) -> Option<Spot> {
        let pair = self.case.pairs.get(spot.pair)?;
        let record = self.bonds.ever(&pair.name, spot.side, &spot.record)?.to_owned();
        Some(Spot { side: spot.side.other(), record, ..spot.clone() })
    }

    fn now(&self, spot: &Spot) -> Option<Plain> {
        let pair = self.case.pairs.get(spot.pair)?;
        let value = current(self.case, pair, spot.side, &spot.record, spot.field)?;
        Some(self.plain(spot, &value, Timestamp::MAX))
    }

    /// Whether a relation changed only because a related page was moved away or came back.
    fn moved_along(&self, spot: &Spot, touch: &Touch) -> bool {
        let Some(related) = self.terms.related(spot.pair, spot.field).filter(|_| spot.side == Side::Notion) else {
            return false;
        };
        let (before, after) =
            (self.plain(spot, &touch.before, touch.at).members(), self.plain(spot, &touch.after, touch.at).members());
        let moves = self.case.notion.moves().iter().filter(|moved| moved.at == touch.at);
        let moved: BTreeSet<String> = moves.map(|moved| self.terms.link(related, &moved.page, touch.at)).collect();
        !moved.is_empty() && before.symmetric_difference(&after).all(|member| moved.contains(member))
    }

    fn wish(&self, trial: &Trial<'_>) -> Wish {
        let (before, after) = (
            self.plain(trial.spot, &trial.edit.before, trial.edit.at),
            self.plain(trial.spot, &trial.edit.after, trial.edit.at),
        );
        Wish::of(&before, &after)
    }

    fn judge(&self, trial: &Trial<'_>) -> Outcome {
        let mut wish = self.wish(trial);
        let on_both = |wish: &Wish| {
            let met = |side: &Option<Plain>| side.as_ref().is_some_and(|value| wish.met_by(value));
            met(&trial.own) && met(&trial.other)
        };
        if on_both(&wish) {
            return Outcome::Present;
        }
        if self.taken_back(trial)
            || self.superseded(trial, &mut wish)
            || matches!(wish, Wish::Members { .. }) && on_both(&wish)
        {
            return Outcome::Superseded;
        }
        let matter = self.matter(trial, &wish);
        let related = self.terms.related(trial.spot.pair, trial.spot.field).and_then(|at| self.case.pairs.get(at));
        if matter.settled() || matter.left_alone() {
            Outcome::Settled
        } else if matter.held(related) || related.is_some_and(|pair| matter.members_wait(pair, trial.other.as_ref())) {
            Outcome::Held
        } else if matter.quarantined() {
            Outcome::Quarantined
        } else if matter.possibly_overwritten() {
            Outcome::PossiblyOverwritten
        } else if matter.exposed(trial.later).is_some() {
            Outcome::Exposed
        } else if trial.own.as_ref().is_some_and(|own| wish.met_by(own)) {
            Outcome::Unsettled
        } else {
            Outcome::Lost
        }
    }

    fn matter<'t>(&'t self, trial: &'t Trial<'_>, wish: &'t Wish) -> Matter<'t> {
        let far = trial.far.as_ref().map(|far| far.record.as_str());
        let (crm, notion) = match trial.spot.side {
            Side::Crm => (Some(trial.spot.record.as_str()), far),
            Side::Notion => (far, Some(trial.spot.record.as_str())),
        };
        Matter {
            claims: self.case.claims,
            events: self.shelf.events(&trial.pair.name, crm, notion),
            terms: self.terms,
            pair: trial.pair,
            place: (trial.spot.pair, trial.spot.field),
            side: trial.spot.side,
            crm,
            notion,
            tied: self.bonds.now(&trial.pair.name, trial.spot.side, &trial.spot.record).is_some(),
            at: trial.edit.at,
            wish,
            own: trial.own.as_ref(),
            contested: trial
                .fars
                .iter()
                .any(|far| self.past.at(far).iter().any(|touch| touch.person.is_some() && touch.at >= trial.edit.at)),
        }
    }

    /// Whether the edit only took back, before anybody looked, what people on its own side had done to a value that both
    /// sides held: together they changed nothing, and whoever compares values sees nothing. Had the engine seen what was
    /// between, it would have to know better.
    fn taken_back(&self, trial: &Trial<'_>) -> bool {
        let after = self.plain(trial.spot, &trial.edit.after, trial.edit.at);
        let by_people = trial.earlier.iter().rev().take_while(|touch| touch.person.is_some());
        let mut begun =
            by_people.enumerate().filter(|(_, touch)| self.plain(trial.spot, &touch.before, touch.at) == after);
        begun.any(|(back, begun)| self.unnoticed(trial, &after, back, begun))
    }

    /// Whether nobody looked since people on this side left that value, so many edits ago.
    fn unnoticed(&self, trial: &Trial<'_>, after: &Plain, back: usize, begun: &Touch) -> bool {
        let Some(far) = &trial.far else { return false };
        // Both sides had agreed on it before people began, on whichever side they began.
        let far_now = self.plain(far, &self.past.value_at(far, begun.at), begun.at) == *after;
        let far_before = self.past.at(far).iter().rev().skip_while(|touch| touch.at >= begun.at);
        let mut far_before = far_before.take_while(|touch| touch.person.is_some());
        if !far_now && !far_before.any(|touch| self.plain(far, &touch.before, touch.at) == *after) {
            return false;
        }
        // A value between that reached the other side was seen.
        let between =
            trial.earlier.iter().rev().take(back + 1).map(|touch| self.plain(trial.spot, &touch.after, touch.at));
        let between: Vec<Plain> = between.collect();
        let arrived = |touch: &Touch| {
            let value = self.plain(far, &touch.after, touch.at);
            // Somebody may have set the same value again later.
            let later = trial.later.iter().take_while(|it| it.at <= touch.at);
            let mut again = later.filter(|it| self.plain(trial.spot, &it.after, it.at) == value);
            touch.person.is_none() && between.contains(&value) && again.next().is_none()
        };
        if self.past.at(far).iter().any(|touch| touch.at >= begun.at && arrived(touch)) {
            return false;
        }
        let (crm, notion) = match trial.spot.side {
            Side::Crm => (trial.spot.record.as_str(), far.record.as_str()),
            Side::Notion => (far.record.as_str(), trial.spot.record.as_str()),
        };
        let field = trial.pair.fields.get(trial.spot.field).map(|field| &field.key);
        let while_there = begun.at..=trial.edit.at;
        let events = self.shelf.events(&trial.pair.name, Some(crm), Some(notion));
        !events.iter().any(|event| {
            event.what == Happening::Seen
                && event.side == Some(trial.spot.side)
                && event.field.as_ref() == field
                && while_there.contains(&event.at)
        })
    }

    /// Whether people overtook the edit. Of an edited set only those members remain in `wish` about which nobody decided
    /// anything later.
    fn superseded(&self, trial: &Trial<'_>, wish: &mut Wish) -> bool {
        if self.deleted_later(trial, wish) {
            return true;
        }
        let far_touches: Vec<(&Spot, &[Touch])> = trial.fars.iter().map(|far| (far, self.past.at(far))).collect();
        let people = |touch: &&Touch| touch.person.is_some();
        match wish {
            Wish::Value(value) => {
                // Whoever edits the other side has seen this value if theirs was equal to it.
                let saw = |(far, touches): &(&Spot, &[Touch])| {
                    let mut after = touches.iter().filter(people).filter(|touch| touch.at >= trial.edit.at);
                    after.any(|touch| self.plain(far, &touch.before, touch.at) == *value)
                };
                // Whoever comes after the API has overwritten it saw what the API wrote, and did not decide about this.
                let mut stands = true;
                let overtaken = trial.later.iter().any(|touch| {
                    let by_person = people(&touch);
                    // Who edits on decides about their own edit, whatever came between.
                    let overtaken = by_person && (stands || touch.person == trial.edit.person);
                    stands &= by_person || self.plain(trial.spot, &touch.after, touch.at) == *value;
                    overtaken
                });
                overtaken || far_touches.iter().any(saw)
            }
            Wish::Members { .. } => {
                let change = |spot: &Spot, touch: &Touch| {
                    Wish::of(&self.plain(spot, &touch.before, touch.at), &self.plain(spot, &touch.after, touch.at))
                };
                for touch in trial.later.iter().filter(people) {
                    wish.after(&change(trial.spot, touch));
                }
                for (far, touches) in far_touches {
                    for touch in touches.iter().filter(people).filter(|touch| touch.at >= trial.edit.at) {
                        wish.after(&change(far, touch));
                    }
                }
                if let Some(related) = self.terms.related(trial.spot.pair, trial.spot.field) {
                    // What links a page that nobody here may see cannot be told from what links nothing.
                    wish.without_added(|member| self.written_unseen(trial.spot, trial.edit, trial.later, member));
                    wish.without(|member| {
                        self.is_gone(related, member) || self.is_another(related, member, trial.edit.at)
                    });
                    // What people of both sides put in by themselves stays, though one of them took it out again.
                    wish.without_removed(|member| self.put_in_on_both(trial, member));
                    // What was put in and taken out again before anybody looked changed nothing.
                    let unseen = |member: &str, put_in: bool| self.unseen_turn(trial, member, put_in);
                    wish.without_turns(|member| unseen(member, true), |member| unseen(member, false));
                    // What has no counterpart is carried, not kept in step.
                    let name = self.case.pairs.get(related).map(|pair| &pair.name);
                    let tied = |member: &str| name.is_some_and(|name| self.bonds.tied_at(name, member, trial.edit.at));
                    wish.without_removed(|member| !tied(member));
                }
                wish.is_void() || self.deleted_later(trial, wish)
            }
        }
    }

    /// Whether the edit took back what people on its own side had done to a member since the engine last looked.
    fn unseen_turn(&self, trial: &Trial<'_>, member: &str, put_in: bool) -> bool {
        let has = |value: &Json, at: Timestamp| self.plain(trial.spot, value, at).members().contains(member);
        let by_people = trial.earlier.iter().rev().take_while(|touch| touch.person.is_some());
        let mut turns = by_people.filter(|touch| has(&touch.before, touch.at) != has(&touch.after, touch.at));
        let Some(turn) = turns.next().filter(|touch| has(&touch.after, touch.at) == put_in) else { return false };
        let (crm, notion) = match trial.spot.side {
            Side::Crm => (Some(trial.spot.record.as_str()), None),
            Side::Notion => (None, Some(trial.spot.record.as_str())),
        };
        let field = trial.pair.fields.get(trial.spot.field).map(|field| &field.key);
        let between = turn.at..=trial.edit.at;
        let events = self.shelf.events(&trial.pair.name, crm, notion);
        !events.iter().any(|event| {
            event.what == Happening::Seen
                && event.side == Some(trial.spot.side)
                && event.field.as_ref() == field
                && between.contains(&event.at)
        })
    }

    /// Whether people put a member in on both sides, each for themselves, before it was taken out here.
    fn put_in_on_both(&self, trial: &Trial<'_>, member: &str) -> bool {
        let has = |spot: &Spot, value: &Json, at: Timestamp| self.plain(spot, value, at).members().contains(member);
        let adds = |spot: &Spot, touch: &Touch| {
            touch.person.is_some() && !has(spot, &touch.before, touch.at) && has(spot, &touch.after, touch.at)
        };
        let Some(own) = trial.earlier.iter().rfind(|touch| adds(trial.spot, touch)) else { return false };
        trial.fars.iter().any(|far| {
            let mut touches = self.past.at(far).iter();
            let carried = |touch: &Touch| touch.person.is_none() && (own.at..=trial.edit.at).contains(&touch.at);
            let by_us = self.past.at(far).iter().chain(trial.earlier).filter(|touch| carried(touch)).any(|touch| {
                has(far, &touch.before, touch.at) != has(far, &touch.after, touch.at)
                    || has(trial.spot, &touch.before, touch.at) != has(trial.spot, &touch.after, touch.at)
            });
            !by_us && touches.any(|touch| adds(far, touch) && touch.at >= own.at - CONCURRENT)
        })
    }

    /// Whether a member, or the page that stood for it, was tied anew since: nobody can say which of them was meant.
    fn is_another(&self, pair: usize, member: &str, since: Timestamp) -> bool {
        let Some(pair) = self.case.pairs.get(pair) else { return false };
        let mut pages = self.bonds.all(&pair.name, Side::Crm, member);
        self.bonds.tied_anew(&pair.name, Side::Crm, member, since)
            || pages.any(|page| self.bonds.tied_anew(&pair.name, Side::Notion, page, since))
    }

    /// Whether the record a member stands for is gone, on either side: a person took it away, or the API followed one who did.
    pub(super) fn is_gone(&self, pair: usize, member: &str) -> bool {
        let taken = |side: Side, record: &str| {
            let life = self.past.lives.get(&(pair, side, record.to_owned()));
            life.and_then(|life| life.gone()).is_some_and(|turn| turn.by_person || !turn.moved)
        };
        let page = self.case.pairs.get(pair).and_then(|pair| self.bonds.ever(&pair.name, Side::Crm, member));
        taken(Side::Crm, member) || taken(Side::Notion, page.unwrap_or(member))
    }

    /// Whether a person deleted the record later, or its counterpart after the value had arrived there.
    fn deleted_later(&self, trial: &Trial<'_>, wish: &Wish) -> bool {
        let life = |spot: &Spot| self.past.lives.get(&(spot.pair, spot.side, spot.record.clone()));
        let own = life(trial.spot).and_then(|life| life.gone());
        if own.is_some_and(|turn| turn.by_person && turn.at >= trial.edit.at) {
            return true;
        }
        let arrived =
            |far: &Spot, turn: &Turn| wish.met_by(&self.plain(far, &self.past.value_before(far, turn.seq), turn.at));
        trial.fars.iter().any(|far| {
            let turns = life(far).map_or(&[][..], |life| life.turns.as_slice());
            turns.iter().enumerate().any(|(index, turn)| {
                // Whoever takes a counterpart back finds this record gone, if it has followed.
                let lasts = index + 1 == turns.len() || own.is_some();
                lasts && turn.gone && turn.by_person && turn.at >= trial.edit.at && arrived(far, turn)
            })
        })
    }

    /// Milliseconds until the API put the value on the other side, where nobody edited or held it meanwhile.
    fn latency(&self, trial: &Trial<'_>) -> Option<u64> {
        let (wish, far) = (self.wish(trial), trial.far.as_ref()?);
        let arrival = self.past.at(far).iter().find(|touch| {
            touch.person.is_none() && touch.at >= trial.edit.at && wish.met_by(&self.plain(far, &touch.after, touch.at))
        })?;
        let edited = |touch: &Touch| touch.person.is_some() && touch.at <= arrival.at;
        if trial.later.iter().any(edited) || self.matter(trial, &wish).was_held_until(arrival.at) {
            return None;
        }
        u64::try_from(arrival.at.as_millisecond() - trial.edit.at.as_millisecond()).ok()
    }

    fn sentence(&self, trial: &Trial<'_>, outcome: Outcome) -> String {
        let (spot, edit) = (trial.spot, trial.edit);
        let show = |value: &Option<Plain>| value.as_ref().map_or_else(|| "no record".to_owned(), Plain::show);
        let field = trial.pair.fields.get(spot.field).map_or("?", |field| field.key.as_str());
        let far = trial.far.as_ref().map_or("nothing".to_owned(), |far| far.record.clone());
        let wish = self.wish(trial);
        let pending = self.matter(trial, &wish).pending().map(|text| format!("; {text}")).unwrap_or_default();
        format!(
            "{}: {} set {field} of {}/{} in {} from {} to {} at {} (entry {}); tied to {far}; there now: {}, on the other \
             side: {}{pending}",
            match outcome {
                Outcome::Lost => "lost",
                Outcome::Exposed => "exposed",
                _ => "unsettled",
            },
            edit.person.as_deref().unwrap_or("somebody"),
            trial.pair.name,
            spot.record,
            spot.side,
            self.plain(spot, &edit.before, edit.at).show(),
            self.plain(spot, &edit.after, edit.at).show(),
            edit.at,
            edit.seq,
            show(&trial.own),
            show(&trial.other),
        )
    }
}
