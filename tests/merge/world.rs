//! One field between two sides, and a machine that carries plans out as the engine does.

use std::collections::BTreeSet;

use crosstie::mapping::{Direction, Policy};
use crosstie::model::{MarkKind, Shown, Side, Value, Verdict};
use crosstie::plan::{FieldCase, FieldPlan, Interval, Seen, merge};
use proptest::prelude::*;

/// So many cases a law, or as many as `PROPTEST_CASES` says.
pub fn cases(count: u32) -> ProptestConfig {
    let standard = ProptestConfig::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { standard.cases } else { count };
    ProptestConfig { cases, failure_persistence: None, ..standard }
}

/// Equality under a declared normalisation: text without case.
pub fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) => left.eq_ignore_ascii_case(right),
        _ => left == right,
    }
}

/// A value in the form that the other side returns for it.
pub fn normalised(value: &Value) -> Value {
    match value {
        Value::Text(text) => Value::text(text.to_uppercase()),
        other => other.clone(),
    }
}

/// A field as both sides hold it.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    pub direction: Direction,
    pub policy: Policy,
    pub mergeable: bool,
    pub base: Option<(Value, Value)>,
    pub crm: Value,
    pub notion: Value,
    pub came: (Option<Interval>, Option<Interval>),
}

impl Field {
    pub fn on(&self, side: Side) -> &Value {
        if side == Side::Crm { &self.crm } else { &self.notion }
    }

    pub fn base_on(&self, side: Side) -> Option<&Value> {
        self.base.as_ref().map(|(crm, notion)| if side == Side::Crm { crm } else { notion })
    }

    pub fn plan(&self) -> FieldPlan {
        self.plan_with(None, Vec::new())
    }

    pub fn plan_with(&self, decision: Option<(&Verdict, &Shown)>, marks: Vec<&MarkKind>) -> FieldPlan {
        merge(&FieldCase {
            direction: self.direction,
            policy: self.policy,
            mergeable: self.mergeable,
            base: self.base.clone(),
            late: None,
            rebaselined: false,
            moved: (false, false),
            crm: Seen::Known(self.crm.clone()),
            notion: Seen::Known(self.notion.clone()),
            came: self.came,
            same: &same,
            decision: decision.map(|(verdict, shown)| (verdict, shown, "anna")),
            marks,
        })
    }

    /// What the worlds and the base are when every write of a plan was taken as sent.
    pub fn carried_out(&self, plan: &FieldPlan) -> Self {
        let mut after = self.clone();
        for write in &plan.writes {
            let (own, other) = match write.side {
                Side::Crm => (&mut after.crm, &write.agreed),
                Side::Notion => (&mut after.notion, &write.agreed),
            };
            *own = write.value.clone();
            if same(&write.value, other) {
                let (own, other) = (write.value.clone(), other.clone());
                after.base = Some(if write.side == Side::Crm { (own, other) } else { (other, own) });
            }
        }
        if let Some(agreed) = &plan.agree {
            after.base = Some(agreed.clone());
        }
        after
    }

    /// The same with both sides' names swapped.
    pub fn mirrored(&self) -> Self {
        Self {
            direction: match self.direction {
                Direction::Both => Direction::Both,
                Direction::CrmToNotion => Direction::NotionToCrm,
                Direction::NotionToCrm => Direction::CrmToNotion,
            },
            policy: match self.policy {
                Policy::Crm => Policy::Notion,
                Policy::Notion => Policy::Crm,
                other => other,
            },
            mergeable: self.mergeable,
            base: self.base.clone().map(|(crm, notion)| (notion, crm)),
            crm: self.notion.clone(),
            notion: self.crm.clone(),
            came: (self.came.1, self.came.0),
        }
    }
}

/// A plan's writes, as (side, value), with sides swapped if asked.
pub fn writes(plan: &FieldPlan, swap: bool) -> BTreeSet<(Side, Value)> {
    let side = |side: Side| if swap { side.other() } else { side };
    plan.writes.iter().map(|write| (side(write.side), write.value.clone())).collect()
}

fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![3 => Just(Direction::Both), 1 => Just(Direction::CrmToNotion), 1 => Just(Direction::NotionToCrm)]
}

fn policy() -> impl Strategy<Value = Policy> {
    prop_oneof![Just(Policy::Hold), Just(Policy::Crm), Just(Policy::Notion), Just(Policy::Newest)]
}

fn interval() -> impl Strategy<Value = Option<Interval>> {
    let moment = |second: i64| jiff::Timestamp::from_second(second).unwrap();
    proptest::option::of(
        (0_i64..50, 1_i64..50, any::<bool>())
            .prop_map(move |(from, long, known)| (known.then(|| moment(from)), moment(from + long))),
    )
}

pub fn text() -> impl Strategy<Value = Value> {
    prop_oneof![1 => Just(Value::Empty), 4 => prop::sample::select(vec!["a", "b", "c"]).prop_map(Value::text)]
}

pub fn set() -> impl Strategy<Value = Value> {
    proptest::collection::btree_set(prop::sample::select(vec!["p", "q", "r", "s", "t"]), 0..5)
        .prop_map(|elements| Value::links(elements.into_iter().map(str::to_owned)))
}

fn of(values: BoxedStrategy<Value>, mergeable: bool) -> impl Strategy<Value = Field> {
    let base = proptest::option::weighted(0.8, values.clone().prop_map(|value| (value.clone(), value)));
    let rest = (direction(), policy(), interval(), interval());
    (base, values.clone(), values, rest).prop_map(move |(base, crm, notion, (direction, policy, first, second))| {
        Field { direction, policy, mergeable, base, crm, notion, came: (first, second) }
    })
}

/// A field that holds one text.
pub fn text_field() -> impl Strategy<Value = Field> {
    of(text().boxed(), false)
}

/// A field that holds a set on both sides.
pub fn set_field() -> impl Strategy<Value = Field> {
    of(set().boxed(), true)
}

pub fn any_field() -> impl Strategy<Value = Field> {
    prop_oneof![text_field(), set_field()]
}
