//! Relations as an operator sees and changes them: owners, the roles that a record can have for one, and who has which.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::control::{LinkRole, Near, OwnerRow, Query, RELATED, RelationRow, Reply, Rows, Window};
use crate::mapping::{FieldMap, PairMap};
use crate::model::{
    Decision, FieldKey, Happening, HoldId, Intent, Purpose, RecordId, Shown, Side, TieId, Value, Verdict,
};
use crate::plan::Seen;

use super::commands::{done, moved, refused};
use super::core::Core;
use super::memory::{PairMemory, TitlesInUse, Txn};
use super::snapshot::count;
use super::views::{cut, slice};

/// An edge that is to be there, or not.
pub(super) struct Edge<'a> {
    pub(super) owner: &'a TieId,
    pub(super) field: &'a FieldKey,
    pub(super) target: &'a TieId,
    pub(super) linked: bool,
    /// Whose place it takes, where there is room for one.
    pub(super) instead_of: Option<&'a TieId>,
    /// What whoever asks has seen of the owner's edges in this role.
    pub(super) shown: Option<&'a Shown>,
}

/// Whether one side has room for one record only.
fn is_single(field: &FieldMap) -> bool {
    !(field.crm.multiple && field.notion.multiple)
}

/// The role out of which this one is chosen, where that is mapped too.
fn within<'m>(map: &'m PairMap, field: &FieldMap) -> Option<&'m FieldMap> {
    let chosen = |side: Side| {
        let name = field.info(side).within.as_ref()?;
        map.fields.iter().find(|it| it.spec.relation.is_some() && it.name_on(side) == name)
    };
    Side::BOTH.into_iter().find_map(chosen)
}

fn relations(map: &PairMap) -> impl Iterator<Item = &FieldMap> {
    map.fields.iter().filter(|field| field.spec.relation.is_some())
}

impl Core {
    /// The roles that records of other pairs can have for one of this pair.
    pub(super) fn roles(&self, pair: &PairMemory) -> Vec<LinkRole> {
        let Some(map) = &pair.map else { return Vec::new() };
        let role = |field: &FieldMap| {
            Some(LinkRole {
                field: field.spec.key.clone(),
                label: field.spec.notion.0.clone(),
                leads: field.spec.relation.clone()?,
                single: is_single(field),
                within: within(map, field).map(|it| it.spec.key.clone()),
                only_in: Side::BOTH.into_iter().find(|side| !field.writes(*side)).map(Side::other),
            })
        };
        relations(map).filter_map(role).collect()
    }

    /// The pairs whose records others can be linked to.
    pub(super) fn owning(&self) -> Vec<&PairMemory> {
        let owning = |name| {
            let pair: &PairMemory = self.memory.pair(name)?;
            relations(pair.map.as_ref()?).next().map(|_| pair)
        };
        self.memory.order.iter().filter_map(owning).collect()
    }

    /// Records that others can be linked to: pair by pair, by title; what fits a search best first.
    pub(super) fn owner_window(&self, query: &Query) -> Window {
        let pairs = self.owning();
        let mut names: Vec<TitlesInUse<'_>> = pairs.iter().map(|pair| pair.titles()).collect();
        let near = match &query.near {
            Some(Near::Owner(tie)) => pairs
                .iter()
                .position(|pair| pair.spec.name == tie.pair)
                .and_then(|at| Some((at, names.get(at)?.place(&tie.crm)?))),
            _ => None,
        };
        let writes = |it: &&Decision| matches!(it.verdict, Verdict::Set { .. } | Verdict::Force { .. });
        let decided = self.memory.decisions.values().filter(writes).filter_map(|it| it.hold.as_ref());
        let decided: BTreeSet<&HoldId> = decided.collect();
        if query.filter.trim().is_empty() {
            let before = |at: usize| names.iter().take(at).map(TitlesInUse::len).sum::<usize>();
            let query = Query { offset: query.first_for(near.map(|(at, place)| before(at) + place)), ..query.clone() };
            let total = count(before(names.len()));
            let (skip, take) = super::views::extent(&query);
            let mut left = skip;
            let mut rows = Vec::new();
            for (at, known) in names.iter().enumerate() {
                let places = left.min(known.len())..known.len();
                left -= left.min(known.len());
                let ids = places.take(take - rows.len()).filter_map(|place| Some((pairs.get(at)?, known.id(place)?)));
                rows.extend(ids.map(|(pair, crm)| self.owner_row(pair, crm, &decided)));
            }
            return Window::of(total, query.offset, Rows::Owners(rows));
        }
        let mut found: Vec<(Reverse<u32>, usize, usize)> = Vec::new();
        for (at, known) in names.iter_mut().enumerate() {
            found.extend(known.search(&query.filter).iter().map(|fit| (Reverse(fit.score), at, fit.place)));
        }
        // One pair's are in order already.
        if pairs.len() > 1 {
            found.sort_unstable();
        }
        let place = near.and_then(|near| found.iter().position(|(_, at, place)| (*at, *place) == near));
        let query = Query { offset: query.first_for(place), ..query.clone() };
        let row = |(at, place): (usize, usize)| {
            let (pair, crm) = (pairs.get(at)?, names.get(at)?.id(place)?);
            Some(self.owner_row(pair, crm, &decided))
        };
        let wrap = |rows: Vec<Option<OwnerRow>>| Rows::Owners(rows.into_iter().flatten().collect());
        slice(&query, found, |(_, at, place)| row((at, place)), wrap)
    }

    fn owner_row(&self, pair: &PairMemory, crm: &RecordId, decided: &BTreeSet<&HoldId>) -> OwnerRow {
        let owner = TieId { pair: pair.spec.name.clone(), crm: crm.clone() };
        let fields = || pair.map.iter().flat_map(relations);
        let links = |field: &FieldMap| {
            let (crm, notion) = self.last_links(&owner, &field.spec.key);
            crm.elements().unwrap_or_default().union(&notion.elements().unwrap_or_default()).count()
        };
        OwnerRow {
            title: self.tie_title(pair, crm),
            links: count(fields().map(links).sum()),
            pending: fields().any(|field| decided.contains(&HoldId::field(&owner, &field.spec.key))),
            owner,
        }
    }

    /// Who has which role for one owner: roles in the order of the configuration, each with its records by title; a role
    /// that nobody has is one row without a target.
    pub(super) fn edges_of(&self, query: &Query, owner: &TieId) -> Window {
        let mut rows = Vec::new();
        if let Some(pair) = self.memory.pair(&owner.pair).filter(|pair| pair.ties.contains_key(&owner.crm)) {
            for field in pair.map.iter().flat_map(relations) {
                let from = rows.len();
                self.edges(pair, owner, field, &mut rows);
                if let Some(own) = rows.get_mut(from..) {
                    own.sort_by_key(|row: &RelationRow| (row.target_title.to_lowercase(), row.target.clone()));
                }
            }
        }
        cut(query, rows, |row| format!("{} {}", row.target_title, row.label), Rows::Relations)
    }

    pub(super) fn relate(&mut self, txn: &mut Txn, who: &str, edge: &Edge<'_>) -> Reply {
        let Edge { owner, field: key, target, linked, .. } = *edge;
        let map = self.memory.pair(&owner.pair).and_then(|pair| pair.map.as_ref());
        let Some(field) = map.and_then(|map| map.field(key)).cloned() else {
            let roles: Vec<String> =
                map.into_iter().flat_map(relations).map(|it| format!("`{}`", it.spec.notion)).collect();
            let roles = if roles.is_empty() { "none".to_owned() } else { roles.join(", ") };
            return refused(format!("pair {} has no relation {key}; the roles it has: {roles}", owner.pair));
        };
        if map.is_some() && self.memory.pair(&owner.pair).is_some_and(|pair| !pair.ties.contains_key(&owner.crm)) {
            return refused(format!("{owner} is not tied; link or create its counterpart first"));
        }
        let Some((crm, notion)) = self.links(owner, key) else {
            return refused("the relation cannot be read on both sides right now; try again in a moment");
        };
        let above = map.and_then(|map| within(map, &field)).map(|it| (it.spec.key.clone(), it.spec.notion.clone()));
        let label = field.spec.notion.clone();
        if field.spec.relation.as_ref() != Some(&target.pair) {
            return refused(format!("{key} does not lead to {}", target.pair));
        }
        if let Some(side) = Side::BOTH.into_iter().find(|side| !field.writes(*side)) {
            return refused(format!(
                "`{label}` goes one way only and is never written in {side}; change it in {}",
                side.other()
            ));
        }
        let Some(related) = self.memory.pair(&target.pair).filter(|pair| pair.ties.contains_key(&target.crm)) else {
            return refused(format!("{target} is not tied; link or create its counterpart first"));
        };
        let with = |value: &Value| {
            let mut links = value.elements().unwrap_or_default();
            if linked {
                links.insert(target.crm.0.clone())
            } else {
                links.remove(target.crm.as_str())
            };
            links
        };
        let id = HoldId::field(owner, key);
        let shown = Shown::of(&crm, &notion);
        let differs = !field.same(&crm, &notion);
        // Where this one link is all that they differ in, it is what decides.
        if differs && with(&crm) != with(&notion) {
            let kept = self.memory.decision_on(&id).filter(|it| it.shown.as_ref() == Some(&shown));
            return refused(match kept.map(|it| &it.verdict) {
                Some(Verdict::Keep) => {
                    "the two sides were left as they are, and differ in more than this link: change one of them in its own \
                     system, and both are shown to be decided again"
                }
                _ => "the two sides hold different relations there; decide that first, or wait for the sync",
            });
        }
        let ends = self.ends(owner);
        let on_its_way = |it: &Intent| {
            let Purpose::Update { record } = &it.purpose else { return false };
            it.common.contains_key(key) && ends.as_ref().is_some_and(|ends| ends.get(it.side).id == *record)
        };
        // Its answer will move a side, and what was decided about the value before would lapse.
        if self.memory.intents.values().any(on_its_way) {
            return refused("this relation is just being written; try again in a moment");
        }
        if edge.shown.is_some_and(|seen| *seen != shown) {
            return moved("its links are others by now");
        }
        // What was decided a moment ago and is not written yet stays decided.
        let decided = self.memory.decision_on(&id).filter(|it| it.shown.as_ref() == Some(&shown));
        let has = |value: &Value| value.elements().unwrap_or_default().contains(target.crm.as_str());
        let from = match decided.map(|it| &it.verdict) {
            Some(Verdict::Set { value }) => value.clone(),
            _ if differs && has(&crm) == linked => notion,
            _ => crm,
        };
        let mut links = from.elements().unwrap_or_default();
        let there = links.contains(target.crm.as_str());
        if there == linked {
            return done(if linked { "they are linked already" } else { "they are not linked" });
        }
        if linked {
            // Nobody loses a place that whoever decided did not see them have.
            let taken = links.iter().find(|_| is_single(&field)).map(|crm| RecordId::from(crm.as_str()));
            let given = edge.instead_of.map(|it| &it.crm);
            if taken.as_ref() != given {
                let title = |crm: &RecordId| self.tie_title(related, crm);
                return refused(match (&taken, given) {
                    (Some(taken), None) => format!(
                        "`{label}` has room for one, and that is {:?} ({}/{taken}); unlink it first, or say that this one takes \
                         its place",
                        title(taken),
                        target.pair
                    ),
                    (Some(taken), Some(_)) => {
                        format!("changed since you looked: `{label}` is {:?} by now", title(taken))
                    }
                    (None, _) => format!("changed since you looked: `{label}` has no such place any more"),
                });
            }
            if let Some(taken) = taken {
                links.remove(taken.as_str());
            }
            links.insert(target.crm.0.clone());
        } else {
            // A system that singles one out of several does so as long as there are any.
            let others = above.as_ref().and_then(|(key, label)| Some((label, self.links(owner, key)?.0)));
            if let Some((others, _)) = others.filter(|(_, value)| !value.is_empty()) {
                return refused(format!(
                    "whoever has `{others}` has one of them as `{label}`: link another one in its place, or unlink this one \
                     from `{others}`"
                ));
            }
            links.remove(target.crm.as_str());
        }
        let mut event = self.hold_event(Happening::Decided, &id, if linked { "linked" } else { "unlinked" });
        event.who = who.to_owned();
        event.before = Some(from);
        event.after = Some(Value::links(links.clone()));
        txn.events.push(event);
        self.decide(txn, who, Some((id, shown)), Verdict::Set { value: Value::links(links) });
        let [made, removed] = RELATED;
        done(if linked { made } else { removed })
    }

    /// The related ties that each side shows, common dialect.
    pub(super) fn links(&self, owner: &TieId, key: &FieldKey) -> Option<(Value, Value)> {
        let pair = self.memory.pair(&owner.pair)?;
        let field = pair.map.as_ref()?.field(key)?;
        let tie = pair.ties.get(&owner.crm)?;
        let lookup = self.translator();
        let on = |side: Side| match self.seen(field, side, pair.observation(side, tie.on(side))?, &lookup) {
            Seen::Known(value) => Some(value),
            _ => None,
        };
        Some((on(Side::Crm)?, on(Side::Notion)?))
    }

    /// The same for people to look at: what cannot be read right now, as while a system does not answer, is as it was agreed on.
    fn last_links(&self, owner: &TieId, key: &FieldKey) -> (Value, Value) {
        let last = || {
            let pair = self.memory.pair(&owner.pair)?;
            let field = pair.map.as_ref()?.field(key)?;
            let tie = pair.ties.get(&owner.crm)?;
            let lookup = self.translator();
            let on = |side: Side| {
                let seen = pair.observation(side, tie.on(side)).map(|seen| self.seen(field, side, seen, &lookup));
                match seen {
                    Some(Seen::Known(value)) => value,
                    _ => tie.base.get(key).map(|base| base.of(side).clone()).unwrap_or_default(),
                }
            };
            Some((on(Side::Crm), on(Side::Notion)))
        };
        self.links(owner, key).or_else(last).unwrap_or_default()
    }

    /// Every edge of every relation, one row each; an owner without edges has one row without a target.
    pub(super) fn relation_rows(&self) -> Vec<RelationRow> {
        let mut rows = Vec::new();
        for pair in self.memory.order.iter().filter_map(|name| self.memory.pair(name)) {
            let Some(map) = &pair.map else { continue };
            for field in map.fields.iter().filter(|field| field.spec.relation.is_some()) {
                for crm in pair.ties.keys() {
                    self.edges(pair, &TieId { pair: pair.spec.name.clone(), crm: crm.clone() }, field, &mut rows);
                }
            }
        }
        rows.sort_by_key(|row| (row.owner_title.to_lowercase(), row.owner.clone(), row.target_title.to_lowercase()));
        rows
    }

    fn edges(&self, pair: &PairMemory, owner: &TieId, field: &crate::mapping::FieldMap, rows: &mut Vec<RelationRow>) {
        let key = &field.spec.key;
        let links = self.links(owner, key);
        let shown = links.as_ref().map(|(crm, notion)| Shown::of(crm, notion));
        let (crm, notion) = links.unwrap_or_else(|| self.last_links(owner, key));
        let (crm, notion) = (crm.elements().unwrap_or_default(), notion.elements().unwrap_or_default());
        let decided = match self.memory.decision_on(&HoldId::field(owner, key)).map(|it| &it.verdict) {
            Some(Verdict::Set { value }) => Some(value.elements().unwrap_or_default()),
            Some(Verdict::Force { side }) => Some(if *side == Side::Crm { crm.clone() } else { notion.clone() }),
            _ => None,
        };
        let related = field.spec.relation.as_ref().and_then(|name| self.memory.pair(name));
        let row = |target: Option<&String>| RelationRow {
            owner: owner.clone(),
            owner_title: self.tie_title(pair, &owner.crm),
            field: key.clone(),
            label: field.spec.notion.0.clone(),
            target: target
                .zip(related)
                .map(|(id, related)| TieId { pair: related.spec.name.clone(), crm: RecordId::from(id.as_str()) }),
            target_title: target
                .zip(related)
                .map(|(id, related)| self.tie_title(related, &RecordId::from(id.as_str())))
                .unwrap_or_default(),
            on_crm: target.is_some_and(|id| crm.contains(id)),
            on_notion: target.is_some_and(|id| notion.contains(id)),
            pending: target.zip(decided.as_ref()).is_some_and(|(id, decided)| {
                [&crm, &notion].into_iter().any(|side| side.contains(id) != decided.contains(id))
            }),
            shown: shown.clone(),
        };
        // What was decided a moment ago is on its way already.
        let all: BTreeSet<&String> = crm.iter().chain(&notion).chain(decided.iter().flatten()).collect();
        if all.is_empty() {
            rows.push(row(None));
        }
        rows.extend(all.into_iter().map(|id| row(Some(id))));
    }

    /// Edges that both sides agree on.
    pub(super) fn edges_agreed(&self) -> u64 {
        super::snapshot::count(self.memory.pairs.values().map(|pair| pair.ties.links()).sum())
    }
}
