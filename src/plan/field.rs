//! The three-way merge of one field.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::mapping::{Direction, Policy};
use crate::model::{MarkKind, Shown, Side, Value, Verdict, Why};

/// A set that is larger cannot be written in one request (Notion takes 100 elements), so it is held and never cut.
pub const SET_LIMIT: usize = 100;

/// How many cycles in a row a field may be Unknown while the other side changed before a person is told.
pub const UNKNOWN_CYCLES: u32 = 3;

/// What a side was seen to hold.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    /// A value, common dialect.
    Known(Value),
    /// A value without a form in common: native dialect, what is missing and how to mend it.
    Unmapped(Value, String),
    /// Not read, why not, and for how many cycles in a row.
    Unknown(String, u32),
}

/// When a value came: the last reading that showed the one before, and the first that showed it.
pub type Interval = (Option<Timestamp>, Timestamp);

/// Everything the merge of one field depends on.
pub struct FieldCase<'a> {
    /// Which way it goes.
    pub direction: Direction,
    /// Who wins a conflict.
    pub policy: Policy,
    /// Whether both sides hold sets of any size, so that they merge by element.
    pub mergeable: bool,
    /// What each side last agreed to (CRM, Notion); `None` on first contact.
    pub base: Option<(Value, Value)>,
    /// Elements of the base that a side has put in since, by itself.
    pub late: Option<&'a BTreeMap<Side, BTreeSet<String>>>,
    /// There is no base because what the two agreed on was agreed under another mapping of this field. Then nothing is written
    /// that nobody decided: what is equal is adopted, what differs is held, in every direction and where one is empty.
    pub rebaselined: bool,
    /// Whether each side (CRM, Notion) was seen to move since the base was agreed. A side that is back at the base's value
    /// after that was edited all the same: somebody wants that value.
    pub moved: (bool, bool),
    /// What the CRM holds.
    pub crm: Seen,
    /// What Notion holds.
    pub notion: Seen,
    /// When each side's value came, where that is known.
    pub came: (Option<Interval>, Option<Interval>),
    /// Equality in the coarsest precision that both sides can hold.
    pub same: &'a dyn Fn(&Value, &Value) -> bool,
    /// A standing decision and what its operator saw.
    pub decision: Option<(&'a Verdict, &'a Shown, &'a str)>,
    /// What must not be repeated.
    pub marks: Vec<&'a MarkKind>,
}

/// One field to be written on one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldWrite {
    /// The side to write.
    pub side: Side,
    /// The value it gets.
    pub value: Value,
    /// What the other side holds now; when the write is acknowledged and the two are the same, they are the base.
    pub agreed: Value,
    /// Why, for the journal.
    pub cause: String,
}

/// A value of a person that loses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The side that held it.
    pub side: Side,
    /// The value.
    pub value: Value,
    /// By what it lost: `direction`, `policy crm`, `forced by anna`.
    pub by: String,
}

/// What is to be done about one field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FieldPlan {
    /// Writes, one a side at most.
    pub writes: Vec<FieldWrite>,
    /// Both sides hold the same (CRM's form, Notion's form): the base moves there without a write.
    pub agree: Option<(Value, Value)>,
    /// It waits for a person.
    pub hold: Option<Why>,
    /// What loses when the writes are done.
    pub settled: Vec<Settled>,
    /// The decision no longer fits: it is to be forgotten and the field shown again.
    pub lapsed: bool,
    /// The decision has done its work.
    pub spent: bool,
    /// An operator said to leave the two as they are.
    pub kept: bool,
    /// A side could not be read: nothing is known that would end a hold.
    pub unread: bool,
    /// This side could not be read while the other moved on: it is read again in the next cycle.
    pub behind: Option<Side>,
}

/// Merges one field.
pub fn merge(case: &FieldCase<'_>) -> FieldPlan {
    let mut plan = match (&case.crm, &case.notion) {
        (Seen::Unknown(why, cycles), other) => unread(case, Side::Crm, why, *cycles, other),
        (other, Seen::Unknown(why, cycles)) => unread(case, Side::Notion, why, *cycles, other),
        (crm, notion) => match decided(case, crm, notion) {
            Some(plan) => plan,
            None => FieldPlan { lapsed: case.decision.is_some(), ..undecided(case) },
        },
    };
    respect_marks(case, &mut plan);
    plan
}

fn undecided(case: &FieldCase<'_>) -> FieldPlan {
    match (&case.crm, &case.notion) {
        (Seen::Known(crm), Seen::Known(notion)) => known(case, crm, notion),
        (Seen::Unmapped(native, reason), Seen::Known(notion)) => unmapped(case, Side::Crm, native, reason, notion),
        (Seen::Known(crm), Seen::Unmapped(native, reason)) => unmapped(case, Side::Notion, native, reason, crm),
        (Seen::Unmapped(native, reason), Seen::Unmapped(..)) => {
            held(Why::Unmappable { side: Side::Crm, value: native.clone(), reason: reason.clone() })
        }
        (Seen::Unknown(..), _) | (_, Seen::Unknown(..)) => FieldPlan::default(),
    }
}

fn held(why: Why) -> FieldPlan {
    FieldPlan { hold: Some(why), ..FieldPlan::default() }
}

/// Any Unknown: skip; and tell a person when it lasts while the other side moves on.
fn unread(case: &FieldCase<'_>, side: Side, why: &str, cycles: u32, other: &Seen) -> FieldPlan {
    let moved = match (other, &case.base) {
        (Seen::Known(value), Some((crm, notion))) => value != if side == Side::Crm { notion } else { crm },
        (Seen::Known(value), None) => !value.is_empty(),
        _ => false,
    };
    if cycles >= UNKNOWN_CYCLES && moved {
        return held(Why::Unreadable { side, reason: why.to_owned() });
    }
    let behind = (moved && (1..UNKNOWN_CYCLES).contains(&cycles)).then_some(side);
    FieldPlan { unread: true, behind, ..FieldPlan::default() }
}

/// One side's value has no form on the other. Where that side only receives, it is overwritten like any other value.
fn unmapped(case: &FieldCase<'_>, side: Side, native: &Value, reason: &str, other: &Value) -> FieldPlan {
    if case.direction.from(side) || case.rebaselined {
        return held(Why::Unmappable { side, value: native.clone(), reason: reason.to_owned() });
    }
    let by = "direction".to_owned();
    FieldPlan {
        writes: vec![FieldWrite { side, value: other.clone(), agreed: other.clone(), cause: by.clone() }],
        settled: vec![Settled { side, value: native.clone(), by }],
        ..FieldPlan::default()
    }
}

/// What a person sees of a side: its value, or the native one where that has no form in common.
fn shown(seen: &Seen) -> Option<&Value> {
    match seen {
        Seen::Known(value) | Seen::Unmapped(value, _) => Some(value),
        Seen::Unknown(..) => None,
    }
}

/// A decision holds while every side shows what the operator saw, or already what they decided.
fn decided(case: &FieldCase<'_>, crm: &Seen, notion: &Seen) -> Option<FieldPlan> {
    let (verdict, saw, who) = case.decision?;
    let (crm_shown, notion_shown) = (shown(crm)?, shown(notion)?);
    let target = match (verdict, crm, notion) {
        (Verdict::Force { side: Side::Crm }, Seen::Known(value), _) => value,
        (Verdict::Force { side: Side::Notion }, _, Seen::Known(value)) => value,
        (Verdict::Set { value }, ..) => value,
        (Verdict::Keep, ..) => {
            let fits = *saw == Shown::of(crm_shown, notion_shown);
            return fits.then(|| FieldPlan { kept: true, ..FieldPlan::default() });
        }
        _ => return None,
    };
    let same = |seen: &Seen| matches!(seen, Seen::Known(value) if (case.same)(value, target));
    let fits = |seen: &Seen, value: &Value, digest: &str| value.digest() == digest || same(seen);
    let winner_moved = match verdict {
        Verdict::Force { side: Side::Crm } => crm_shown.digest() != saw.crm,
        Verdict::Force { side: Side::Notion } => notion_shown.digest() != saw.notion,
        _ => false,
    };
    if winner_moved || !fits(crm, crm_shown, &saw.crm) || !fits(notion, notion_shown, &saw.notion) {
        return None;
    }
    let cause = match verdict {
        Verdict::Force { side } => format!("{side} forced by {who}"),
        _ => format!("set by {who}"),
    };
    let mut plan = FieldPlan::default();
    let sides = [(Side::Crm, crm, crm_shown, notion_shown), (Side::Notion, notion, notion_shown, crm_shown)];
    for (side, seen, value, other) in sides {
        if !same(seen) {
            let write = FieldWrite { side, value: target.clone(), agreed: other.clone(), cause: cause.clone() };
            plan.writes.push(write);
            plan.settled.push(Settled { side, value: value.clone(), by: cause.clone() });
        }
    }
    if plan.writes.is_empty() {
        plan.agree = Some((crm_shown.clone(), notion_shown.clone()));
        plan.spent = true;
    }
    Some(plan)
}

fn known(case: &FieldCase<'_>, crm: &Value, notion: &Value) -> FieldPlan {
    if (case.same)(crm, notion) {
        let agreed = (crm.clone(), notion.clone());
        let news = case.base.as_ref() != Some(&agreed) || case.moved.0 || case.moved.1;
        return FieldPlan { agree: news.then_some(agreed), ..FieldPlan::default() };
    }
    if case.rebaselined {
        return held(Why::Conflict { base: None, crm: crm.clone(), notion: notion.clone() });
    }
    let (crm_moved, notion_moved) = match &case.base {
        Some((base_crm, base_notion)) => (crm != base_crm || case.moved.0, notion != base_notion || case.moved.1),
        None => (true, true),
    };
    let write = |side: Side, cause: &str| {
        let (value, agreed) = if side == Side::Notion { (crm, crm) } else { (notion, notion) };
        FieldWrite { side, value: value.clone(), agreed: agreed.clone(), cause: cause.to_owned() }
    };
    let loses = |side: Side, by: &str| Settled {
        side,
        value: if side == Side::Crm { crm.clone() } else { notion.clone() },
        by: by.to_owned(),
    };
    let one = |write: FieldWrite| FieldPlan { writes: vec![write], ..FieldPlan::default() };

    if case.direction != Direction::Both {
        let (from, to) = if case.direction == Direction::CrmToNotion {
            (Side::Crm, Side::Notion)
        } else {
            (Side::Notion, Side::Crm)
        };
        let (receiver_moved, receiver) = if to == Side::Crm { (crm_moved, crm) } else { (notion_moved, notion) };
        if !crm_moved && !notion_moved {
            return FieldPlan::default();
        }
        let owner = if from == Side::Crm { crm } else { notion };
        if case.base.is_none() && owner.is_empty() {
            // Nothing is known to have been agreed, and the owner has nothing: that is no reason to wipe the other out.
            return held(Why::Conflict { base: None, crm: crm.clone(), notion: notion.clone() });
        }
        let mut plan = one(write(to, &format!("{from} owns it")));
        if receiver_moved && (case.base.is_some() || !receiver.is_empty()) {
            plan.settled.push(loses(to, "direction"));
        }
        return plan;
    }
    match (crm_moved, notion_moved) {
        (false, false) => FieldPlan::default(),
        (true, false) => one(write(Side::Notion, "CRM changed")),
        (false, true) => one(write(Side::Crm, "Notion changed")),
        // First contact with nothing on one side: filled. Had somebody cleared it, the journal tells.
        (true, true) if case.base.is_none() && (crm.is_empty() || notion.is_empty()) => {
            let empty = if crm.is_empty() { Side::Crm } else { Side::Notion };
            let mut plan = one(write(empty, &format!("empty in {empty} on first contact")));
            plan.settled.push(loses(empty, "first contact"));
            plan
        }
        (true, true) => {
            let conflict = || Why::Conflict {
                base: case.base.as_ref().map(|(base, _)| base.clone()),
                crm: crm.clone(),
                notion: notion.clone(),
            };
            if let (true, Some((base_crm, base_notion))) = (case.mergeable, &case.base)
                && !parted(case, crm, notion)
                && !(case.moved.0 && crm == base_crm && lacks_some(base_notion, notion) && !refused(case, Side::Crm))
                && !(case.moved.1 && notion == base_notion && lacks_some(base_crm, crm) && !refused(case, Side::Notion))
                && let Some(merged) = merge_sets(base_crm, base_notion, crm, notion)
            {
                return merged_plan(case, crm, notion, merged).unwrap_or_else(|| held(conflict()));
            }
            // No last writer wins on first contact, whatever the policy.
            let winner = case.base.as_ref().and_then(|_| winner(case));
            match winner {
                None => held(conflict()),
                Some(winner) => {
                    let by = format!("policy {}", policy_name(case.policy));
                    let mut plan = one(write(winner.other(), &by));
                    plan.settled.push(loses(winner.other(), &by));
                    plan
                }
            }
        }
    }
}

fn policy_name(policy: Policy) -> &'static str {
    match policy {
        Policy::Hold => "hold",
        Policy::Crm => "crm",
        Policy::Notion => "notion",
        Policy::Newest => "newest",
    }
}

fn winner(case: &FieldCase<'_>) -> Option<Side> {
    /// A listing may show what was true so long before: neither system promises that its index is up to date.
    const BEHIND: SignedDuration = SignedDuration::from_secs(60);
    match case.policy {
        Policy::Hold => None,
        Policy::Crm => Some(Side::Crm),
        Policy::Notion => Some(Side::Notion),
        // The edit lies somewhere between the last reading with the old value and the first with the new one.
        Policy::Newest => match case.came {
            (Some((_, crm_new)), Some((Some(notion_old), _))) if crm_new + BEHIND <= notion_old => Some(Side::Notion),
            (Some((Some(crm_old), _)), Some((_, notion_new))) if notion_new + BEHIND <= crm_old => Some(Side::Crm),
            _ => None,
        },
    }
}

/// Whether a side keeps its value because it refused ours: nobody put it back.
fn refused(case: &FieldCase<'_>, on: Side) -> bool {
    case.marks.iter().any(|mark| matches!(mark, MarkKind::Refused { side, .. } if *side == on))
}

/// Whether a side has taken elements out. Where the other was edited back to what both agreed on, it may just have put them
/// in: nobody can say which of the two is wanted.
fn lacks_some(base: &Value, value: &Value) -> bool {
    let left = value.elements().unwrap_or_default();
    base.elements().unwrap_or_default().iter().any(|element| !left.contains(element))
}

/// Whether one side lacks what the other has put in since: it may have been taken out before that, or after.
fn parted(case: &FieldCase<'_>, crm: &Value, notion: &Value) -> bool {
    let (crm, notion) = (crm.elements().unwrap_or_default(), notion.elements().unwrap_or_default());
    case.late.into_iter().flatten().any(|(side, late)| {
        let (own, other) = if *side == Side::Crm { (&crm, &notion) } else { (&notion, &crm) };
        late.iter().any(|element| own.contains(element) && !other.contains(element))
    })
}

/// Keeps what nobody removed and adds what anybody added.
fn merge_sets(base_crm: &Value, base_notion: &Value, crm: &Value, notion: &Value) -> Option<BTreeSet<String>> {
    let (base_crm, base_notion) = (base_crm.elements()?, base_notion.elements()?);
    let (crm, notion) = (crm.elements()?, notion.elements()?);
    let removed: BTreeSet<String> = base_crm.difference(&crm).chain(base_notion.difference(&notion)).cloned().collect();
    Some(crm.union(&notion).filter(|element| !removed.contains(*element)).cloned().collect())
}

fn merged_plan(case: &FieldCase<'_>, crm: &Value, notion: &Value, merged: BTreeSet<String>) -> Option<FieldPlan> {
    if merged.len() > SET_LIMIT {
        return None;
    }
    let value = Value::set_like(crm, notion, merged);
    let mut plan = FieldPlan::default();
    for (side, own, other) in [(Side::Crm, crm, notion), (Side::Notion, notion, crm)] {
        if !(case.same)(own, &value) {
            plan.writes.push(FieldWrite {
                side,
                value: value.clone(),
                agreed: other.clone(),
                cause: "both changed, merged by element".to_owned(),
            });
        }
    }
    Some(plan)
}

/// A write that was refused is not repeated while it would be the same; a field that something else rewrites is held.
fn respect_marks(case: &FieldCase<'_>, plan: &mut FieldPlan) {
    for mark in &case.marks {
        match mark {
            MarkKind::Refused { side, sent, reason } => {
                let same = |write: &FieldWrite| write.side == *side && write.value == *sent;
                if plan.writes.iter().any(same) {
                    // A held field is not written anywhere, not even on the other side.
                    plan.writes.clear();
                    plan.settled.clear();
                    plan.hold = Some(Why::Refused { side: *side, sent: sent.clone(), reason: reason.clone() });
                }
            }
            MarkKind::Fighting { side } if !plan.writes.is_empty() && case.decision.is_none() => {
                plan.writes.clear();
                plan.settled.clear();
                plan.hold = Some(Why::Fighting { side: *side });
            }
            _ => {}
        }
    }
}
