//! The two columns of the Relations page: who is linked to whom, and in which role.

use crosstie::control::{Candidate, Command, LinkRole, List, Near, OwnerRow, Query, RelationRow, Reply};
use crosstie::model::{Side, TieId};
use crosstie::tui::model::{Effect, PopupBody};

use crate::fixture::{Rig, World, full};

fn tie(pair: &str, id: &str) -> TieId {
    TieId { pair: pair.into(), crm: id.into() }
}

fn on_relations(world: World) -> Rig {
    Rig::opened((120, 40), world, "4")
}

fn relate(owner: &str, field: &str, target: &str, linked: bool, instead_of: Option<&str>) -> Command {
    let instead_of = instead_of.map(|id| tie("contacts", id));
    let (owner, target) = (tie("deals", owner), tie("contacts", target));
    let rows = full().relations;
    let shown =
        rows.iter().find(|row| row.owner == owner && row.field.as_str() == field).and_then(|row| row.shown.clone());
    Command::Relate { owner, field: field.into(), target, linked, instead_of, shown }
}

/// The owner and the link that the cursors are on.
fn cursors(rig: &Rig) -> (String, String) {
    let owner = rig.model.owners.current().map(|row| row.title.clone()).unwrap_or_default();
    let link = rig.model.relations.current().map(|row| format!("{} {}", row.label, row.target_title));
    (owner, link.unwrap_or_default())
}

/// The queries that left since the last look.
fn queries(rig: &mut Rig) -> Vec<Query> {
    let effects = std::mem::take(&mut rig.effects);
    effects.into_iter().filter_map(|it| if let Effect::Query { query, .. } = it { Some(query) } else { None }).collect()
}

/// A world with many owners, each with one contact.
fn crowd(count: usize) -> World {
    let mut world = full();
    let edge = world.relations[1].clone();
    let row = |n: usize| RelationRow {
        owner: tie("deals", &n.to_string()),
        owner_title: format!("Project {n:03}"),
        ..edge.clone()
    };
    world.relations = (0..count).map(row).collect();
    world
}

#[test]
fn the_links_follow_the_owner_under_the_cursor_each_with_its_role_and_its_sides() {
    let mut rig = on_relations(full());
    rig.shows(&["Project Mercury", "Primary contact", "Ada Lovelace", "Grace Hopper", "(nothing: l links)"]);
    assert_eq!(cursors(&rig), ("Project Mercury".into(), "Primary contact Ada Lovelace".into()));
    rig.keys("j");
    assert_eq!(cursors(&rig), ("Project Venus".into(), "Primary contact ".into()));
    assert!(!rig.screen().contains("Ada Lovelace"), "{}", rig.screen());
    for size in [(60, 16), (80, 24), (99, 30), (200, 60)] {
        let mut rig = Rig::new(size, full());
        rig.keys("4 right down");
        assert_eq!(cursors(&rig).1, "Contacts Ada Lovelace", "{size:?}");
        rig.shows(&["Project Venus", "Project Mercury", "Ada Lovelace"]);
    }
}

#[test]
fn keys_go_from_one_column_to_the_other_and_back() {
    let mut rig = on_relations(full());
    for (there, back) in [("right", "left"), ("enter", "enter"), ("right", "esc")] {
        rig.keys(there);
        rig.keys("j");
        assert_eq!(cursors(&rig), ("Project Mercury".into(), "Contacts Ada Lovelace".into()), "{there}");
        rig.keys(back);
        rig.keys("j");
        assert_eq!(cursors(&rig).0, "Project Venus", "{back}");
        rig.keys("k");
    }
}

#[test]
fn both_cursors_stay_on_their_records_when_rows_come_and_go() {
    let mut rig = on_relations(full());
    rig.keys("right j j");
    assert_eq!(cursors(&rig), ("Project Mercury".into(), "Contacts Grace Hopper".into()));
    let row = |owner: &str, title: &str, target: &str| RelationRow {
        owner: tie("deals", owner),
        owner_title: title.into(),
        target: Some(tie("contacts", target)),
        target_title: format!("Person {target}"),
        ..rig.world.relations[1].clone()
    };
    let (before, more) = (row("0", "Project Apollo", "7"), row("1", "Project Mercury", "8"));
    rig.world.relations.insert(1, more);
    rig.world.relations.insert(0, before);
    rig.refresh();
    assert_eq!(cursors(&rig), ("Project Mercury".into(), "Contacts Grace Hopper".into()));
    // The owner goes: what was on screen of it is no place to type into any more.
    rig.world.relations.retain(|row| row.owner_title != "Project Mercury");
    rig.refresh();
    rig.keys("x");
    assert!(rig.model.popups.is_empty() && !rig.model.on_links, "{}", rig.screen());
    assert_eq!(cursors(&rig).0, "Project Venus");
}

#[test]
fn a_filter_narrows_the_column_that_it_is_typed_in() {
    let mut rig = on_relations(full());
    rig.keys("/ V e n enter");
    assert_eq!(cursors(&rig).0, "Project Venus");
    rig.shows(&["/Ven"]);
    rig.keys("esc");
    assert_eq!((cursors(&rig).0.as_str(), rig.model.owners.total), ("Project Venus", Some(2)), "where it was found");
    rig.keys("k right / g r a c e enter");
    assert_eq!(cursors(&rig), ("Project Mercury".into(), "Contacts Grace Hopper".into()));
    assert_eq!((rig.model.relations.total, rig.model.owners.total), (Some(1), Some(2)));
    rig.keys("esc");
    assert_eq!((rig.model.relations.total, rig.model.on_links), (Some(4), true));
}

#[test]
fn owners_are_asked_for_by_windows_and_links_once_for_each_owner() {
    let mut rig = Rig::new((80, 24), crowd(1_000));
    queries(&mut rig);
    rig.keys("4");
    let asked = queries(&mut rig);
    let owners: Vec<_> = asked.iter().filter(|query| query.list == List::Owners).collect();
    assert_eq!((owners.len(), asked.len()), (1, 2), "{asked:?}");
    assert!(owners[0].limit < 100 && rig.model.owners.rows.len() < 100, "{asked:?}");
    // Nothing has changed.
    rig.settle();
    assert!(queries(&mut rig).is_empty());
    rig.keys("j j j");
    let asked = queries(&mut rig);
    let edges = |id: &str| List::Edges { owner: tie("deals", id) };
    assert_eq!(asked.iter().map(|it| it.list.clone()).collect::<Vec<_>>(), [edges("1"), edges("2"), edges("3")]);
    rig.keys("G");
    let asked = queries(&mut rig);
    assert_eq!(asked.len(), 2, "a window, then the links: {asked:?}");
    assert_eq!(cursors(&rig).0, "Project 999");
    rig.refresh();
    let asked = queries(&mut rig);
    assert_eq!(asked[0].near, Some(Near::Owner(tie("deals", "999"))));
    assert_eq!(asked.len(), 2, "{asked:?}");
}

#[test]
fn links_are_asked_for_one_at_a_time_however_fast_the_cursor_goes() {
    use crosstie::tui::keymap::key::parse_sequence;
    use crosstie::tui::model::Msg;
    use crosstie::tui::update::update;
    let mut rig = Rig::new((80, 24), crowd(50));
    rig.keys("4");
    let mut out = Vec::new();
    for key in parse_sequence("j j j j j").unwrap() {
        out.extend(update(&mut rig.model, Msg::Key(key)));
    }
    let [Effect::Query { tag, query }] = out.as_slice() else { panic!("{out:?}") };
    let result = Ok(rig.world.answer(query));
    let next = update(&mut rig.model, Msg::Answer { tag: *tag, result, took: 0 });
    assert!(rig.model.relations.rows.is_empty(), "the links of an owner that the cursor has left");
    let [Effect::Query { query, tag }] = next.as_slice() else { panic!("{next:?}") };
    assert_eq!(query.list, List::Edges { owner: tie("deals", "5") });
    let result = Ok(rig.world.answer(query));
    assert!(update(&mut rig.model, Msg::Answer { tag: *tag, result, took: 0 }).is_empty());
    assert_eq!(rig.model.relations.rows[0].owner, tie("deals", "5"));
}

#[test]
fn an_idle_page_is_silent_with_links_and_without_any() {
    for world in [full(), World { relations: Vec::new(), ..full() }] {
        let rig = on_relations(world);
        let mut model = rig.model;
        model.toasts.clear();
        assert!(!crosstie::tui::update::is_hurried(&model), "it would wake ten times a second");
    }
}

#[test]
fn a_link_asks_for_its_role_only_where_there_are_several() {
    let mut rig = on_relations(full());
    rig.keys("j l enter");
    let Some(PopupBody::Roles(roles)) = rig.model.top() else { panic!("{}", rig.screen()) };
    assert_eq!(roles.shown().count(), 3);
    rig.keys("d e c enter");
    rig.shows(&["as `Decision maker`"]);
    rig.keys("y");
    assert_eq!(rig.told(), [relate("2", "DECIDES", "31", true, None)]);
    let mut world = full();
    world.snapshot.pairs[1].roles.truncate(2);
    world.snapshot.pairs[1].roles.remove(0);
    let mut rig = on_relations(world);
    rig.keys("j l enter");
    rig.shows(&["as `Contacts`"]);
    rig.keys("y");
    assert_eq!(rig.told(), [relate("2", "CONTACTS", "31", true, None)]);
}

#[test]
fn the_role_under_the_cursor_is_offered_first() {
    let mut rig = on_relations(full());
    rig.keys("right j j j l enter");
    let Some(PopupBody::Roles(roles)) = rig.model.top() else { panic!("{}", rig.screen()) };
    assert_eq!(roles.current().map(|role| role.label.as_str()), Some("Decision maker"));
}

#[test]
fn a_place_for_one_that_is_taken_says_whose_it_is_and_what_becomes_of_them() {
    let mut rig = on_relations(full());
    rig.keys("l enter enter");
    rig.shows(&[
        "as `Primary contact`",
        "puts it among `Contacts` too",
        "the place of Ada Lovelace, which stays among",
    ]);
    rig.keys("y");
    assert_eq!(rig.told(), [relate("1", "PRIMARY", "31", true, Some("9"))]);
}

#[test]
fn who_has_the_role_already_is_not_linked_again() {
    let mut world = full();
    world.candidates = vec![Candidate { id: "10".into(), title: "Grace Hopper".into(), ..world.candidates[0].clone() }];
    let mut rig = on_relations(world);
    rig.keys("l enter down enter");
    rig.shows(&["Grace Hopper is `Contacts` of Project Mercury already"]);
    assert!(rig.told().is_empty());
}

#[test]
fn another_role_is_given_before_the_old_one_is_taken_in_one_confirmation() {
    let mut rig = on_relations(full());
    rig.keys("right j j c");
    let Some(PopupBody::Roles(roles)) = rig.model.top() else { panic!("{}", rig.screen()) };
    assert_eq!(
        roles.shown().map(|role| role.label.as_str()).collect::<Vec<_>>(),
        ["Primary contact", "Decision maker"]
    );
    rig.keys("down enter");
    rig.shows(&["from `Contacts` to `Decision maker`"]);
    assert!(rig.told().is_empty());
    rig.keys("y");
    assert_eq!(rig.told(), [relate("1", "DECIDES", "10", true, None), relate("1", "CONTACTS", "10", false, None)]);
    assert!(rig.model.popups.is_empty());
}

#[test]
fn what_was_refused_leaves_the_old_role_as_it_was() {
    let mut rig = on_relations(full());
    rig.keys("right j j c down enter");
    rig.world.says = Some(Reply::Refused { why: "this relation is just being written".into() });
    rig.keys("y");
    assert_eq!(rig.told(), [relate("1", "DECIDES", "10", true, None)], "the second waits for the first");
    rig.shows(&["just being written", "Nothing else that was confirmed with it was done either"]);
}

#[test]
fn a_role_chosen_out_of_another_keeps_both_and_cannot_be_given_back() {
    let mut rig = on_relations(full());
    rig.keys("right j j c enter");
    rig.shows(&["from `Contacts` to `Primary contact`", "It stays among `Contacts`", "the place of Ada Lovelace"]);
    rig.keys("y");
    assert_eq!(rig.told(), [relate("1", "PRIMARY", "10", true, Some("9"))]);
    // Ada is the primary contact: somebody always is.
    let mut rig = on_relations(full());
    rig.keys("right c down enter");
    rig.shows(&["one of `Contacts` is always `Primary contact`"]);
    rig.keys("esc x");
    rig.shows(&["one of `Contacts` is always `Primary contact`"]);
    assert!(rig.told().is_empty() && rig.model.popups.is_empty());
    // Whoever goes from among them loses that too.
    rig.keys("j x");
    rig.shows(&["no longer as `Contacts`", "It is `Primary contact` no more either"]);
}

#[test]
fn a_role_that_is_on_its_way_or_goes_one_way_is_left_alone() {
    let mut world = full();
    world.relations[0].pending = true;
    let mut rig = on_relations(world);
    rig.keys("l enter enter");
    rig.shows(&["a change of `Primary contact` is on its way"]);
    let mut world = full();
    world.snapshot.pairs[1].roles[1].only_in = Some(Side::Crm);
    let mut rig = on_relations(world);
    rig.keys("j l enter down enter");
    rig.shows(&["`Contacts` goes one way only: change it in"]);
    assert!(rig.told().is_empty());
}

#[test]
fn where_there_is_one_role_only_it_cannot_be_changed() {
    let mut world = full();
    world.snapshot.pairs[1].roles.truncate(2);
    world.snapshot.pairs[1].roles.remove(0);
    let mut rig = on_relations(world);
    rig.keys("right j c");
    rig.shows(&["there is one role only"]);
    assert!(rig.model.popups.is_empty());
}

#[test]
fn an_edge_is_decided_on_in_its_own_column_only() {
    let mut rig = on_relations(full());
    for key in ["x", "c"] {
        rig.keys(key);
        assert!(rig.model.popups.is_empty(), "{}", rig.screen());
        rig.shows(&["right goes to the links"]);
    }
}

#[test]
fn a_read_only_page_shows_everything_and_emits_nothing() {
    let mut rig = on_relations(full());
    rig.keys("L right j");
    rig.shows(&["Ada Lovelace", "Contacts"]);
    for keys in ["x y", "l enter enter y", "c enter y", "+ enter enter enter y", "esc esc"] {
        rig.keys(keys);
    }
    assert!(rig.told().is_empty() && rig.model.popups.is_empty(), "{}", rig.screen());
    assert!(!rig.effects.iter().any(|effect| matches!(effect, Effect::Command { .. })));
}

#[test]
fn a_new_link_shows_the_owner_that_was_chosen() {
    let mut rig = Rig::new((80, 24), crowd(1_000));
    rig.keys("4 + 7 7 7 enter");
    assert_eq!(cursors(&rig).0, "Project 777", "the page has gone to it");
    rig.keys("enter down enter");
    rig.shows(&["Project 777", "as `Contacts`"]);
    rig.keys("y");
    let told = rig.told();
    let [Command::Relate { owner, field, target, linked: true, instead_of: None, shown: Some(_) }] = &told[..] else {
        panic!("{told:?}")
    };
    assert_eq!((owner, field.as_str(), target), (&tie("deals", "777"), "CONTACTS", &tie("contacts", "31")));
}

#[test]
fn what_older_daemons_leave_out_reads_as_nothing() {
    let command = serde_json::json!({
        "command": "relate", "owner": {"pair": "deals", "crm": "1"}, "field": "CONTACTS",
        "target": {"pair": "contacts", "crm": "9"}, "linked": true,
    });
    let read: Command = serde_json::from_value(command.clone()).unwrap();
    let (owner, target) = (tie("deals", "1"), tie("contacts", "9"));
    let field = "CONTACTS".into();
    assert_eq!(read, Command::Relate { owner, field, target, linked: true, instead_of: None, shown: None });
    assert_eq!(serde_json::to_value(&read).unwrap(), command);
    let row = OwnerRow { owner: tie("deals", "1"), title: "Mercury".into(), links: 2, pending: false };
    assert_eq!(serde_json::from_str::<OwnerRow>(&serde_json::to_string(&row).unwrap()).unwrap(), row);
    let role: LinkRole = serde_json::from_value(serde_json::json!({
        "field": "CONTACTS", "label": "Contacts", "leads": "contacts", "single": false,
    }))
    .unwrap();
    assert_eq!((role.within, role.only_in), (None, None));
}

#[test]
fn whoever_links_before_the_roles_are_known_gets_the_records_when_they_are() {
    let mut world = full();
    let known = world.snapshot.clone();
    world.snapshot.pairs.iter_mut().for_each(|pair| pair.roles.clear());
    let mut rig = on_relations(world);
    rig.keys("l");
    assert!(rig.screen().contains("Asking the engine"), "{}", rig.screen());
    rig.world.snapshot = known;
    rig.refresh();
    rig.shows(&["Link Project Mercury to which of contacts?", "Ada Lovelace"]);

    // Whoever has typed enter as well means what is found then.
    let mut world = full();
    world.snapshot.pairs.iter_mut().for_each(|pair| pair.roles.clear());
    let mut rig = on_relations(world);
    rig.keys("l A d a enter");
    rig.world.snapshot = full().snapshot;
    rig.refresh();
    rig.shows(&["As what is Ada Lovelace linked to Project Mercury?"]);
}

#[test]
fn where_a_filter_finds_no_owner_nothing_is_said_to_be_asked_for() {
    let mut rig = on_relations(full());
    rig.keys("/ q q q q enter");
    let screen = rig.screen();
    assert!(screen.contains("No owners contain this text") && !screen.contains("Asking the engine"), "{screen}");
}
