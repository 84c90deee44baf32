//! Laws of whole trees: a base, changed twice by different people, and everything planned carried out in any order, each
//! write planned anew right before it is sent, as the engine does it.

use std::collections::BTreeSet;

use crosstie::mapping::{Direction, Policy};
use crosstie::model::{Side, Value};
use crosstie::plan::{FieldCase, FieldPlan, Seen, Settled, merge};
use fastrand::Rng;
use proptest::prelude::*;

use crate::world::{Field, any_field, cases, normalised, same, set, text};

/// A field, and the side of it that cannot be read, for so many readings by now.
#[derive(Debug, Clone, PartialEq)]
struct Cell {
    field: Field,
    unread: Option<(Side, u32)>,
    /// Whether each side was seen to move since the base was agreed, be it back to the base.
    moved: (bool, bool),
}

/// Records with their fields, flat: what is planned for one never depends on another.
#[derive(Debug, Clone, PartialEq)]
struct Tree {
    cells: Vec<Cell>,
}

/// Somebody's edit of one field while the plan is being carried out: after so many writes.
#[derive(Debug, Clone)]
struct LateEdit {
    after: usize,
    cell: prop::sample::Index,
    side: Side,
    text: Value,
    set: Value,
}

/// What happened until nothing was left to do.
struct Run {
    end: Tree,
    rounds: u32,
    settled: Vec<(usize, Settled)>,
    edited: BTreeSet<usize>,
}

impl Cell {
    fn plan(&self) -> FieldPlan {
        let seen = |side: Side| match &self.unread {
            Some((unread, cycles)) if *unread == side => Seen::Unknown("cut off".into(), *cycles),
            _ => Seen::Known(self.field.on(side).clone()),
        };
        merge(&FieldCase {
            direction: self.field.direction,
            policy: self.field.policy,
            mergeable: self.field.mergeable,
            base: self.field.base.clone(),
            late: None,
            rebaselined: false,
            moved: self.moved,
            crm: seen(Side::Crm),
            notion: seen(Side::Notion),
            came: self.field.came,
            same: &same,
            decision: None,
            marks: Vec::new(),
        })
    }

    fn mirrored(&self) -> Self {
        Self {
            field: self.field.mirrored(),
            unread: self.unread.map(|(side, cycles)| (side.other(), cycles)),
            moved: (self.moved.1, self.moved.0),
        }
    }

    /// Whether somebody edited this side since both agreed.
    fn edited(&self, side: Side) -> bool {
        let moved = if side == Side::Crm { self.moved.0 } else { self.moved.1 };
        moved || self.field.base_on(side) != Some(self.field.on(side))
    }

    /// The plan is carried out; where the base is agreed anew, nobody has moved since.
    fn carry_out(&mut self, plan: &FieldPlan) {
        let agreed = plan.agree.is_some() || plan.writes.iter().any(|write| same(&write.value, &write.agreed));
        self.field = self.field.carried_out(plan);
        if agreed {
            self.moved = (false, false);
        }
    }

    /// The elements that somebody took away since both sides agreed.
    fn removed(&self) -> BTreeSet<String> {
        let of = |value: &Value| value.elements().unwrap_or_default();
        let side = |side: Side| {
            let base = self.field.base_on(side).map(of).unwrap_or_default();
            base.difference(&of(self.field.on(side))).cloned().collect::<BTreeSet<_>>()
        };
        side(Side::Crm).union(&side(Side::Notion)).cloned().collect()
    }
}

impl Tree {
    /// Every write that is planned now.
    fn writes(&self) -> Vec<(usize, Side)> {
        let plans = self.cells.iter().map(Cell::plan).enumerate();
        plans.flat_map(|(at, plan)| plan.writes.into_iter().map(move |write| (at, write.side))).collect()
    }

    /// Carries out one write, if it is still wanted, and gives back what it settled.
    fn send(&mut self, at: usize, side: Side) -> Result<Vec<Settled>, TestCaseError> {
        let cell = &mut self.cells[at];
        let mut plan = cell.plan();
        plan.writes.retain(|write| write.side == side);
        let Some(write) = plan.writes.first() else { return Ok(Vec::new()) };
        prop_assert!(plan.hold.is_none() && cell.unread.is_none(), "{write:?} of a field that is held or not read");
        let lost = cell.field.on(side);
        let named = plan.settled.iter().any(|settled| settled.side == side && settled.value == *lost);
        let unedited = !cell.edited(side);
        if let (Some(mine), Some(new), true) = (lost.elements(), write.value.elements(), cell.field.mergeable) {
            let removed = cell.removed();
            let kept = mine.difference(&new).all(|element| removed.contains(element));
            prop_assert!(kept || named, "{:?} loses more than {:?}: {:?}", mine, removed, write);
        }
        prop_assert!(unedited || named || lost.is_empty() || cell.field.mergeable, "{lost:?} is gone without a line");
        plan.settled.retain(|settled| settled.side == side);
        cell.carry_out(&plan);
        Ok(plan.settled)
    }

    /// Plans, shuffles, sends and moves the bases, until nothing is planned any more.
    fn carried_out(&self, seed: u64, late: Option<&LateEdit>) -> Result<Run, TestCaseError> {
        let mut rng = Rng::with_seed(seed);
        let mut run = Run { end: self.clone(), rounds: 0, settled: Vec::new(), edited: BTreeSet::new() };
        let mut late = late.filter(|_| !self.cells.is_empty());
        let mut sent = 0;
        loop {
            let mut writes = run.end.writes();
            rng.shuffle(&mut writes);
            let idle = writes.is_empty();
            for (at, side) in writes {
                if let Some(edit) = late.take_if(|edit| edit.after == sent) {
                    run.edited.insert(run.end.edit(edit));
                }
                run.settled.extend(run.end.send(at, side)?.into_iter().map(|settled| (at, settled)));
                sent += 1;
            }
            let mut agreed = false;
            for cell in &mut run.end.cells {
                let plan = cell.plan();
                agreed |= plan.agree.is_some();
                cell.carry_out(&FieldPlan { writes: Vec::new(), ..plan });
            }
            if idle && !agreed {
                return Ok(run);
            }
            run.rounds += 1;
            prop_assert!(run.rounds < 9, "no end");
        }
    }

    /// Makes the edit, and tells of which field.
    fn edit(&mut self, edit: &LateEdit) -> usize {
        let at = edit.cell.index(self.cells.len());
        let cell = &mut self.cells[at];
        let value = if cell.field.mergeable { &edit.set } else { &edit.text };
        let (held, moved) = match edit.side {
            Side::Crm => (&mut cell.field.crm, &mut cell.moved.0),
            Side::Notion => (&mut cell.field.notion, &mut cell.moved.1),
        };
        *moved |= cell.field.base.is_some() && held != value;
        *held = value.clone();
        at
    }

    fn mirrored(&self) -> Self {
        Self { cells: self.cells.iter().map(Cell::mirrored).collect() }
    }

    fn all_read(&self) -> Self {
        Self { cells: self.cells.iter().map(|cell| Cell { unread: None, ..cell.clone() }).collect() }
    }
}

fn side() -> impl Strategy<Value = Side> {
    prop::sample::select(Side::BOTH.to_vec())
}

/// A field as its base has it, and what both sides made of that: mostly nothing.
fn cell() -> impl Strategy<Value = Cell> {
    let changed = prop::array::uniform2(prop::bool::weighted(0.4));
    let unread = prop::option::weighted(0.15, (side(), 0_u32..5));
    let moved = prop::array::uniform2(prop::bool::weighted(0.2));
    // Each side's base in the form that it returned.
    let forms = prop::array::uniform2(prop::bool::weighted(0.3));
    let all = (any_field(), changed, unread, moved, forms);
    all.prop_map(|(mut field, [crm, notion], unread, [crm_moved, notion_moved], forms)| {
        let mut moved = (false, false);
        if let Some((base_crm, base_notion)) = &mut field.base {
            for (base, is_normalised) in [&mut *base_crm, &mut *base_notion].into_iter().zip(forms) {
                *base = if is_normalised { normalised(base) } else { base.clone() };
            }
            moved = (crm_moved, notion_moved);
            field.crm = if crm { field.crm } else { base_crm.clone() };
            field.notion = if notion { field.notion } else { base_notion.clone() };
        }
        Cell { field, unread, moved }
    })
}

fn tree() -> impl Strategy<Value = Tree> {
    prop::collection::vec(cell(), 0..12).prop_map(|cells| Tree { cells })
}

fn late_edit() -> impl Strategy<Value = LateEdit> {
    (0_usize..6, any::<prop::sample::Index>(), side(), text(), set())
        .prop_map(|(after, cell, side, text, set)| LateEdit { after, cell, side, text, set })
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn one_round_does_it_all_and_a_second_finds_nothing(tree in tree(), order in any::<u64>()) {
        let run = tree.carried_out(order, None)?;
        prop_assert!(run.rounds <= 1, "{} rounds", run.rounds);
        for (before, cell) in tree.cells.iter().zip(&run.end.cells) {
            let plan = cell.plan();
            prop_assert!(plan.writes.is_empty() && plan.agree.is_none(), "{plan:?}");
            if plan.hold.is_some() || cell.unread.is_some() {
                prop_assert_eq!(before, cell, "a held or unread field was written, or its base moved");
            } else if cell.field.direction == Direction::Both {
                prop_assert!(same(&cell.field.crm, &cell.field.notion), "{cell:?}");
                prop_assert_eq!(&cell.field.base, &Some((cell.field.crm.clone(), cell.field.notion.clone())));
            }
        }
    }

    #[test]
    fn the_order_of_the_writes_does_not_matter(tree in tree(), one in any::<u64>(), other in any::<u64>()) {
        prop_assert_eq!(tree.carried_out(one, None)?.end, tree.carried_out(other, None)?.end);
    }

    #[test]
    fn the_sides_are_alike_to_the_end(tree in tree(), order in any::<u64>()) {
        let (run, mirror) = (tree.carried_out(order, None)?, tree.mirrored().carried_out(order, None)?);
        prop_assert_eq!(run.end.mirrored(), mirror.end);
        prop_assert_eq!(run.settled.len(), mirror.settled.len());
    }

    #[test]
    fn every_value_at_the_start_is_there_at_the_end_or_named_or_replaced_by_a_person(
        tree in tree(),
        order in any::<u64>(),
    ) {
        let run = tree.carried_out(order, None)?;
        for (at, (before, after)) in tree.cells.iter().zip(&run.end.cells).enumerate() {
            let merged = before.field.mergeable && before.field.direction == Direction::Both;
            let settled = after.unread.is_none() && after.plan().hold.is_none();
            for side in Side::BOTH {
                // What one side put back, and the other took out, is for the policy to decide.
                let certain = before.moved == (false, false) || before.field.policy == Policy::Hold;
                if merged && settled && certain {
                    let left = after.field.on(side).elements().unwrap();
                    prop_assert!(left.is_disjoint(&before.removed()), "{left:?} came back, of {before:?}");
                }
                let value = before.field.on(side);
                let named = run.settled.iter().any(|(cell, it)| *cell == at && it.side == side && it.value == *value);
                if before.field.mergeable {
                    let (left, removed) = (after.field.on(side).elements().unwrap(), before.removed());
                    for element in value.elements().unwrap() {
                        let is_there = left.contains(&element);
                        prop_assert!(is_there || named || removed.contains(&element), "{element} of {before:?}");
                    }
                } else {
                    // An unedited value gives way to what somebody wrote on the other side, and to nothing else.
                    let replaced = !before.edited(side)
                        && after.field.on(side) == before.field.on(side.other());
                    let is_there = after.field.on(side) == value;
                    prop_assert!(is_there || named || replaced || value.is_empty(), "{value:?} of {before:?}");
                }
            }
        }
    }

    #[test]
    fn an_edit_that_comes_between_plan_and_write_is_merged_and_not_run_over(
        tree in tree(),
        order in any::<u64>(),
        late in late_edit(),
    ) {
        // That nothing is lost unnamed is looked at with every write that is sent.
        let run = tree.carried_out(order, Some(&late))?;
        prop_assert!(run.rounds <= 2, "{} rounds", run.rounds);
        let quiet = tree.carried_out(order, None)?;
        for (at, (with, without)) in run.end.cells.iter().zip(&quiet.end.cells).enumerate() {
            if !run.edited.contains(&at) {
                prop_assert_eq!(with, without, "an edit of another field changed this one");
            } else if with.field.direction == Direction::Both && with.plan().hold.is_none() && with.unread.is_none() {
                prop_assert!(same(&with.field.crm, &with.field.notion), "{with:?}");
            }
        }
    }

    #[test]
    fn a_field_that_could_not_be_read_ends_where_it_would_have_ended(tree in tree(), order in any::<u64>()) {
        let late = tree.carried_out(order, None)?.end.all_read().carried_out(order, None)?;
        let soon = tree.all_read().carried_out(order, None)?;
        prop_assert_eq!(late.end, soon.end);
    }

    #[test]
    fn no_policy_decides_where_there_is_no_base(tree in tree(), order in any::<u64>()) {
        let strangers = |policy: Policy| Tree {
            cells: tree
                .cells
                .iter()
                .map(|cell| Cell { field: Field { base: None, policy, ..cell.field.clone() }, moved: (false, false), ..cell.clone() })
                .collect(),
        };
        let held = strangers(Policy::Hold).carried_out(order, None)?.end;
        for policy in [Policy::Crm, Policy::Notion, Policy::Newest] {
            for (left, right) in held.cells.iter().zip(strangers(policy).carried_out(order, None)?.end.cells) {
                prop_assert_eq!((&left.field.crm, &left.field.notion), (&right.field.crm, &right.field.notion));
            }
        }
    }
}
