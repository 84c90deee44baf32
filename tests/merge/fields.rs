//! Laws of the merge of one field.

use crosstie::mapping::{Direction, Policy};
use crosstie::model::{MarkKind, Shown, Side, Value, Verdict, Why};
use crosstie::plan::{FieldCase, Seen, merge};
use proptest::prelude::*;

use crate::world::{Field, any_field, cases, set_field, text, text_field, writes};

/// What a merge is called with when a side is not simply known.
fn merged(field: &Field, crm: Seen, notion: Seen, decision: Option<(&Verdict, &Shown)>) -> crosstie::plan::FieldPlan {
    merge(&FieldCase {
        direction: field.direction,
        policy: field.policy,
        mergeable: field.mergeable,
        base: field.base.clone(),
        late: None,
        rebaselined: false,
        moved: (false, false),
        crm,
        notion,
        came: field.came,
        same: &|left, right| left == right,
        decision: decision.map(|(verdict, shown)| (verdict, shown, "anna")),
        marks: Vec::new(),
    })
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn after_two_rounds_both_sides_agree_or_the_field_is_held(field in any_field()) {
        let once = field.carried_out(&field.plan());
        let twice = once.carried_out(&once.plan());
        let plan = twice.plan();
        prop_assert!(plan.writes.is_empty() && plan.agree.is_none(), "{plan:?}");
        if plan.hold.is_none() && field.direction == Direction::Both {
            prop_assert_eq!(&twice.crm, &twice.notion);
            prop_assert_eq!(twice.base, Some((twice.crm.clone(), twice.notion)));
        }
    }

    #[test]
    fn what_was_carried_out_is_not_planned_again(field in any_field()) {
        let plan = field.plan();
        let again = field.carried_out(&plan).plan();
        prop_assert!(again.writes.is_empty(), "{again:?} after {plan:?}");
        prop_assert_eq!(plan.hold, again.hold);
    }

    #[test]
    fn the_sides_are_alike(field in any_field()) {
        let (plan, mirror) = (field.plan(), field.mirrored().plan());
        prop_assert_eq!(writes(&plan, false), writes(&mirror, true));
        prop_assert_eq!(plan.hold.is_some(), mirror.hold.is_some());
        prop_assert_eq!(plan.settled.len(), mirror.settled.len());
    }

    #[test]
    fn no_element_vanishes_that_nobody_removed_and_none_appears_that_nobody_added(field in set_field()) {
        prop_assume!(field.base.is_some());
        let field = Field { direction: Direction::Both, ..field };
        let after = field.carried_out(&field.plan());
        let of = |value: &Value| value.elements().unwrap();
        let (crm, notion, base) = (of(&field.crm), of(&field.notion), of(field.base_on(Side::Crm).unwrap()));
        for element in crm.union(&notion) {
            let removed = base.contains(element) && !(crm.contains(element) && notion.contains(element));
            for side in Side::BOTH {
                prop_assert_eq!(of(after.on(side)).contains(element), !removed, "{} on {}", element, side);
            }
        }
        prop_assert!(of(&after.crm).is_subset(&crm.union(&notion).cloned().collect()));
    }

    #[test]
    fn a_value_that_loses_is_always_named(field in text_field()) {
        let plan = field.plan();
        for write in &plan.writes {
            let lost = field.on(write.side);
            let known = field.base_on(write.side) == Some(lost);
            let named = plan.settled.iter().any(|settled| settled.side == write.side && settled.value == *lost);
            prop_assert!(known || named || lost.is_empty(), "{lost:?} is gone without a line");
        }
    }

    #[test]
    fn a_held_field_is_never_written(field in any_field(), sent in text()) {
        let mark = MarkKind::Refused { side: Side::Notion, sent: sent.clone(), reason: "no".into() };
        let plan = field.plan_with(None, vec![&mark]);
        prop_assert!(plan.writes.iter().all(|write| write.side != Side::Notion || write.value != sent));
        for plan in [plan, field.plan(), field.plan_with(None, vec![&MarkKind::Fighting { side: Side::Crm }])] {
            prop_assert!(plan.hold.is_none() || plan.writes.is_empty(), "{plan:?}");
            prop_assert!(plan.hold.is_none() || plan.agree.is_none(), "{plan:?}");
        }
    }

    #[test]
    fn first_contact_never_overwrites_where_both_ways_are_open(field in any_field()) {
        let field = Field { base: None, direction: Direction::Both, ..field };
        for write in &field.plan().writes {
            prop_assert!(field.on(write.side).is_empty());
        }
    }

    #[test]
    fn the_side_that_only_receives_never_decides(field in any_field()) {
        let from = match field.direction {
            Direction::Both => return Ok(()),
            Direction::CrmToNotion => Side::Crm,
            Direction::NotionToCrm => Side::Notion,
        };
        for write in &field.plan().writes {
            prop_assert_eq!(write.side, from.other());
            prop_assert_eq!(&write.value, field.on(from));
        }
    }

    #[test]
    fn policies_decide_conflicts_and_nothing_else(field in text_field()) {
        let field = Field { direction: Direction::Both, ..field };
        let with = |policy: Policy| Field { policy, ..field.clone() }.plan();
        let (held, crm, notion) = (with(Policy::Hold), with(Policy::Crm), with(Policy::Notion));
        if matches!(held.hold, Some(Why::Conflict { base: Some(_), .. })) {
            prop_assert_eq!(writes(&crm, false), [(Side::Notion, field.crm.clone())].into());
            prop_assert_eq!(writes(&notion, false), [(Side::Crm, field.notion.clone())].into());
            prop_assert_eq!(&crm.settled[0].value, &field.notion);
        } else {
            prop_assert_eq!(&held, &crm);
            prop_assert_eq!(&held, &notion);
        }
    }

    #[test]
    fn the_newest_wins_only_where_the_intervals_tell_them_apart(field in text_field()) {
        let field = Field { policy: Policy::Newest, direction: Direction::Both, ..field };
        let plan = field.plan();
        let conflict = Field { policy: Policy::Hold, ..field.clone() }.plan().hold.is_some();
        prop_assume!(conflict);
        for write in &plan.writes {
            let (loser, winner) = match write.side {
                Side::Crm => (field.came.0, field.came.1),
                Side::Notion => (field.came.1, field.came.0),
            };
            let (Some((_, lost_by)), Some((Some(won_after), _))) = (loser, winner) else {
                return Err(TestCaseError::fail("a winner without intervals"));
            };
            prop_assert!(lost_by <= won_after);
        }
        prop_assert!(plan.hold.is_some() || !plan.writes.is_empty());
    }

    #[test]
    fn an_unknown_value_is_neither_written_nor_overwritten(field in any_field(), cycles in 0_u32..6, crm in any::<bool>()) {
        let unknown = Seen::Unknown("cut off".into(), cycles);
        let plan = if crm {
            merged(&field, unknown, Seen::Known(field.notion.clone()), None)
        } else {
            merged(&field, Seen::Known(field.crm.clone()), unknown, None)
        };
        prop_assert!(plan.writes.is_empty() && plan.agree.is_none() && !plan.lapsed && !plan.spent);
        prop_assert!(plan.hold.is_none() || cycles >= 3);
    }

    #[test]
    fn a_decision_is_carried_out_to_its_end_and_then_spent(field in text_field(), verdict in 0..3) {
        prop_assume!(field.crm != field.notion);
        let field = Field { direction: Direction::Both, ..field };
        let (verdict, wanted) = match verdict {
            0 => (Verdict::Force { side: Side::Crm }, field.crm.clone()),
            1 => (Verdict::Force { side: Side::Notion }, field.notion.clone()),
            _ => (Verdict::Set { value: Value::text("new") }, Value::text("new")),
        };
        let shown = Shown::of(&field.crm, &field.notion);
        let plan = field.plan_with(Some((&verdict, &shown)), Vec::new());
        prop_assert!(!plan.lapsed && plan.hold.is_none());
        // One write after the other, as the engine sends them.
        let mut now = field.clone();
        for _ in 0..2 {
            let mut plan = now.plan_with(Some((&verdict, &shown)), Vec::new());
            prop_assert!(!plan.lapsed);
            plan.writes.truncate(1);
            now = now.carried_out(&plan);
        }
        prop_assert_eq!((&now.crm, &now.notion), (&wanted, &wanted));
        let end = now.plan_with(Some((&verdict, &shown)), Vec::new());
        prop_assert!(end.spent || end.agree.is_some(), "{end:?}");
    }

    #[test]
    fn a_decision_never_overwrites_what_its_operator_did_not_see(field in text_field(), seen in text(), side in 0..2) {
        prop_assume!(seen != field.notion);
        let field = Field { direction: Direction::Both, ..field };
        let side = Side::BOTH[usize::try_from(side).unwrap()];
        let verdict = Verdict::Force { side };
        let shown = Shown::of(&field.crm, &seen);
        let plan = field.plan_with(Some((&verdict, &shown)), Vec::new());
        prop_assert!(plan.lapsed || field.crm == field.notion, "{plan:?}");
        if plan.lapsed {
            let plain = field.plan();
            prop_assert_eq!(plan.writes, plain.writes);
            prop_assert_eq!(plan.hold, plain.hold);
        }
    }
}

#[test]
fn a_set_above_the_limit_is_held_and_never_cut() {
    let many = |from: u32, to: u32| Value::links((from..to).map(|n| format!("{n:04}")));
    let field = Field {
        direction: Direction::Both,
        policy: Policy::Hold,
        mergeable: true,
        base: Some((many(0, 10), many(0, 10))),
        crm: many(0, 70),
        notion: [many(0, 10), many(100, 150)].iter().fold(Value::Empty, |all, more| {
            Value::links(all.elements().unwrap().union(&more.elements().unwrap()).cloned().collect::<Vec<_>>())
        }),
        came: (None, None),
    };
    let plan = field.plan();
    assert!(plan.writes.is_empty() && plan.hold.is_some(), "{plan:?}");
}

/// A value typed by an operator for a field that one side cannot translate. The dashboard offers it, the command takes it.
#[test]
fn a_value_set_over_one_without_a_form_is_written_on_both_sides() {
    let native = Value::Choice("Gone".into());
    let crm = Value::text("kept");
    let field = Field {
        direction: Direction::Both,
        policy: Policy::Hold,
        mergeable: false,
        base: Some((crm.clone(), crm.clone())),
        crm: crm.clone(),
        notion: Value::Empty,
        came: (None, None),
    };
    let verdict = Verdict::Set { value: Value::text("typed") };
    let shown = Shown::of(&crm, &native);
    let unmapped = Seen::Unmapped(native, "no such option".into());
    let plan = merged(&field, Seen::Known(crm), unmapped, Some((&verdict, &shown)));
    assert!(!plan.lapsed, "the operator saw exactly these values");
    let typed = Value::text("typed");
    assert_eq!(writes(&plan, false), [(Side::Crm, typed.clone()), (Side::Notion, typed)].into());
}

/// A field of one value that nobody decided about, and that was not seen to move.
fn case(base: Option<Value>, crm: Value, notion: Value) -> FieldCase<'static> {
    FieldCase {
        direction: Direction::Both,
        policy: Policy::Hold,
        mergeable: false,
        base: base.map(|base| (base.clone(), base)),
        late: None,
        rebaselined: false,
        moved: (false, false),
        crm: Seen::Known(crm),
        notion: Seen::Known(notion),
        came: (None, None),
        same: &|left, right| left == right,
        decision: None,
        marks: Vec::new(),
    }
}

#[test]
fn a_side_that_was_edited_back_to_the_base_was_edited_all_the_same() {
    let (base, other) = (Value::text("base"), Value::text("other"));
    let plan = |moved| merge(&FieldCase { moved, ..case(Some(base.clone()), other.clone(), base.clone()) });
    assert_eq!(plan((true, false)).writes.len(), 1);
    assert!(matches!(plan((true, true)).hold, Some(Why::Conflict { .. })));
}

#[test]
fn an_element_put_back_on_one_side_and_taken_out_on_the_other_is_held() {
    let links = |ids: &[&str]| Value::links(ids.iter().map(|id| (*id).to_owned()));
    let (one, none, both) = (links(&["1"]), Value::Empty, links(&["1", "2"]));
    let plan = |moved, notion: &Value| {
        merge(&FieldCase { mergeable: true, moved, ..case(Some(one.clone()), one.clone(), notion.clone()) })
    };
    assert!(matches!(plan((true, true), &none).hold, Some(Why::Conflict { .. })), "it may just have been put back");
    assert_eq!(plan((false, true), &none).writes.len(), 1, "nobody touched it in the CRM");
    assert_eq!(plan((true, true), &both).writes.len(), 1, "what is only added contradicts nobody");
}

#[test]
fn an_element_put_in_on_one_side_after_the_other_was_read_is_not_taken_out_by_a_removal_that_may_be_older() {
    let links = |ids: &[&str]| Value::links(ids.iter().map(|id| (*id).to_owned()));
    let late = [(Side::Notion, ["1".to_owned()].into())].into();
    let plan = |crm: &[&str], notion: &[&str], late| {
        merge(&FieldCase {
            mergeable: true,
            moved: (true, true),
            late,
            ..case(Some(links(&["1"])), links(crm), links(notion))
        })
    };
    assert!(matches!(plan(&["5"], &["1", "2"], Some(&late)).hold, Some(Why::Conflict { .. })));
    assert_eq!(plan(&["1", "5"], &["1", "2"], Some(&late)).writes.len(), 2, "nobody took it out");
    assert_eq!(plan(&["5"], &["1", "2"], None).hold, None, "both had seen it");
}

#[test]
fn under_a_changed_mapping_nothing_is_written_that_nobody_decided() {
    let cases = [("told", "another"), ("told", ""), ("", "another")];
    for direction in [Direction::Both, Direction::CrmToNotion, Direction::NotionToCrm] {
        for (crm, notion) in cases.map(|(crm, notion)| (Value::text(crm), Value::text(notion))) {
            let mut case = FieldCase {
                direction,
                policy: Policy::Crm,
                rebaselined: true,
                ..case(None, crm.clone(), notion.clone())
            };
            let plan = merge(&case);
            assert!(plan.writes.is_empty(), "{direction:?}: {plan:?}");
            assert!(matches!(plan.hold, Some(Why::Conflict { base: None, .. })), "{direction:?}: {plan:?}");
            for side in Side::BOTH {
                let native = Seen::Unmapped(Value::text("C9"), "no such option".into());
                let seen = [case.crm.clone(), case.notion.clone()];
                *if side == Side::Crm { &mut case.crm } else { &mut case.notion } = native;
                let plan = merge(&case);
                assert!(plan.writes.is_empty() && plan.hold.is_some(), "{direction:?}, {side}: {plan:?}");
                [case.crm, case.notion] = seen;
            }
            case.notion = Seen::Known(crm.clone());
            let plan = merge(&case);
            assert_eq!((plan.agree, plan.hold), (Some((crm.clone(), crm)), None), "what is equal is adopted");
        }
    }
}
