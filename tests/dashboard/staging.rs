//! Picks, marks and what leaves: fast, local, undoable, and never without having been shown.

use crosstie::control::{Command, Reply, Resolution};
use crosstie::model::Side;
use crosstie::tui::model::{Msg, PopupBody};

use crate::fixture::{Rig, World, full, hold};

fn on(page: &str) -> Rig {
    let mut rig = Rig::new((80, 24), full());
    rig.keys(page);
    rig
}

/// Conflicts of two fields: `stage` in the first sixty, `notes` in the other forty.
fn hundred() -> World {
    let mut world = full();
    let row = |n: usize| {
        let field = if n < 60 { "STAGE" } else { "NOTES" };
        hold(&n.to_string(), field, &format!("crm {n}"), &format!("notion {n}"))
    };
    world.holds = (0..100).map(row).collect();
    world
}

fn committed(rig: &Rig) -> Vec<Resolution> {
    let told = rig.told().into_iter();
    told.flat_map(|command| if let Command::Resolve { items } = command { items } else { Vec::new() }).collect()
}

#[test]
fn a_pick_is_local_advances_and_is_taken_back_and_again() {
    let mut rig = on("2");
    rig.keys("c o b");
    assert!(rig.screen().contains("3 staged: 1 CRM, 1 Notion, 1 base"), "{}", rig.screen());
    assert_eq!(rig.model.holds.at, 3, "each pick goes on to the next");
    rig.keys("u u");
    assert!(rig.screen().contains("1 staged: 1 CRM"), "{}", rig.screen());
    rig.keys("ctrl-r");
    assert!(rig.screen().contains("2 staged: 1 CRM, 1 Notion"), "{}", rig.screen());
    assert!(rig.told().is_empty());
    rig.keys("w y");
    assert_eq!(committed(&rig).len(), 2);
    assert!(rig.model.staged.is_empty() && !rig.model.staged.can(false), "what was committed is no pick any more");
}

#[test]
fn the_base_wins_over_both_and_needs_to_be_there() {
    let mut world = full();
    world.holds[1].base = None;
    let mut rig = Rig::new((80, 24), world);
    rig.keys("2 b b");
    assert!(rig.screen().contains("there is no base"), "{}", rig.screen());
    assert_eq!(rig.model.staged.len(), 1);
    rig.keys("w");
    assert!(rig.screen().contains("base (both sides get it): what it was"), "{}", rig.screen());
    rig.keys("y");
    assert!(matches!(&committed(&rig)[..], [Resolution::Base { .. }]));
}

#[test]
fn a_rule_is_about_one_field_in_all_marked_rows() {
    let mut rig = Rig::new((100, 30), hundred());
    rig.keys("2 *");
    assert_eq!(rig.model.holds.marks.len(), 100);
    rig.keys("m n");
    assert!(
        rig.screen().contains("60 staged: 60 Notion") || rig.screen().contains("40 marked rows"),
        "{}",
        rig.screen()
    );
    assert_eq!((rig.model.staged.len(), rig.model.holds.marks.len()), (60, 40));
    let of_field = |pick: &crosstie::tui::model::Pick| pick.item.row.label == "stage";
    assert!(rig.model.staged.picks().all(of_field));
}

#[test]
fn more_than_twenty_at_once_want_their_count_typed() {
    let mut rig = Rig::new((100, 30), hundred());
    rig.keys("2 * m c w y");
    assert!(rig.told().is_empty() && rig.screen().contains("type 60 first"), "{}", rig.screen());
    rig.keys("6 1 y");
    assert!(rig.told().is_empty(), "another count is no yes");
    rig.keys("backspace 0 y");
    assert_eq!(committed(&rig).len(), 60);
}

/// 60 the same way by rule, 30 by looking, 10 by editing. Typed text does not count, and neither does the count.
#[test]
fn a_hundred_mixed_conflicts_take_at_most_120_keystrokes() {
    let mut rig = Rig::new((100, 30), hundred());
    let mut strokes = 0;
    let mut press = |rig: &mut Rig, keys: &str| {
        strokes += keys.split(' ').count();
        rig.keys(keys);
    };
    press(&mut rig, "2 *");
    press(&mut rig, "m c");
    press(&mut rig, "U");
    for n in 0..30 {
        press(&mut rig, if n % 3 == 0 { "o" } else { "c" });
    }
    for n in 0..10 {
        press(&mut rig, "e");
        rig.send(Msg::Paste(format!(" and {n}")));
        press(&mut rig, "ctrl-o");
    }
    press(&mut rig, "w");
    rig.keys("1 0 0");
    press(&mut rig, "y");
    let items = committed(&rig);
    assert_eq!(items.len(), 100);
    let count = |is: fn(&Resolution) -> bool| items.iter().filter(|item| is(item)).count();
    assert_eq!(count(|it| matches!(it, Resolution::Set { .. })), 10);
    assert_eq!(count(|it| matches!(it, Resolution::Force { side: Side::Notion, .. })), 10);
    assert_eq!(count(|it| matches!(it, Resolution::Force { side: Side::Crm, .. })), 80);
    let ids: std::collections::BTreeSet<_> = items.iter().map(Resolution::id).collect();
    assert_eq!(ids.len(), 100, "each of them once");
    assert!(strokes <= 120, "{strokes} keystrokes");
    assert_eq!(strokes, 57, "the README tells this figure");
}

#[test]
fn a_range_and_all_that_a_filter_shows_are_marked_by_record() {
    let mut rig = Rig::new((80, 24), hundred());
    rig.keys("2 j v j j v");
    let marks: Vec<String> = rig.model.holds.marks.values().map(|item| item.row.title.clone()).collect();
    assert_eq!(marks, ["Deal 1", "Deal 2", "Deal 3"]);
    rig.keys("U / n o t e s enter *");
    assert_eq!(rig.model.holds.marks.len(), 40);
    rig.world.holds.rotate_left(50);
    rig.refresh();
    assert!(rig.model.holds.marks.values().all(|item| item.row.label == "notes"), "marks follow records");
}

#[test]
fn matches_are_gone_through_with_and_without_the_filter() {
    let mut rig = Rig::new((80, 24), hundred());
    rig.keys("2 / 9 9 enter");
    assert_eq!(rig.model.holds.total, Some(1));
    rig.keys("esc / n o t e s enter n");
    assert_eq!(rig.model.holds.current().unwrap().row.title, "Deal 60", "from Deal 99 round the end");
    rig.keys("N N");
    assert_eq!(rig.model.holds.current().unwrap().row.title, "Deal 98");
    rig.keys("esc g g n");
    assert_eq!(rig.model.holds.total, Some(40), "nothing near the cursor has it: the filter comes back");
    rig.keys("esc G g g / 1 7 enter esc g g n");
    assert_eq!(
        rig.model.holds.current().unwrap().row.title,
        "Deal 17",
        "the last filter's text is sought among the rows"
    );
}

#[test]
fn a_pick_whose_value_moved_is_shown_again_and_no_longer_picked() {
    let mut rig = on("2");
    rig.keys("c c c");
    rig.world.holds[1].notion.digest = "moved".into();
    rig.world.holds[1].notion.text = "a newer text".into();
    rig.refresh();
    assert_eq!(rig.model.staged.len(), 2);
    assert!(rig.screen().contains("changed since you looked: Deal 2 / budget"), "{}", rig.screen());
    let row = rig.screen().lines().find(|line| line.contains("Deal 2")).map(str::to_owned).unwrap();
    assert!(row.contains('!'), "{row}");
}

#[test]
fn one_that_has_moved_is_shown_again_and_the_rest_of_what_was_confirmed_goes_on() {
    let mut rig = on("2");
    rig.keys("c c c");
    let id = rig.world.holds[1].id.clone();
    rig.world.says = Some(Reply::Changed { ids: vec![id.clone()], note: "changed since you looked".into() });
    rig.keys("w y");
    assert_eq!(rig.model.holds.current().unwrap().row.id, id);
    let told = rig.told();
    assert_eq!(told.len(), 2, "all three, and then the other two without being asked again");
    let Command::Resolve { items } = &told[1] else { panic!("{told:?}") };
    assert!(items.len() == 2 && items.iter().all(|item| *item.id() != id), "{items:?}");
    assert!(rig.model.staged.is_empty());
    // An engine that says of all of them that they moved, or does not say which, is not asked again.
    for (moved, left) in [(2, 0), (0, 2)] {
        let mut rig = on("2");
        rig.keys("c c");
        let ids: Vec<_> = rig.world.holds[..moved].iter().map(|row| row.id.clone()).collect();
        rig.world.says = Some(Reply::Changed { ids, note: "changed since you looked".into() });
        rig.keys("w y");
        assert_eq!((rig.told().len(), rig.model.staged.len()), (1, left));
    }
}

#[test]
fn what_the_engine_would_refuse_is_shown_first_with_the_reason_and_stops_nothing_else() {
    let mut rig = Rig::new((100, 40), hundred());
    let id = rig.world.holds[7].id.clone();
    rig.world.refuses.insert(id.clone(), "the field goes one way only; Notion cannot be written".into());
    rig.keys("2 * m c w");
    let screen = rig.screen();
    let told = screen.find("1 cannot be written, and stays picked").unwrap();
    let (heading, why) = (screen.find("Deal 7 / stage").unwrap(), screen.find("goes one way only").unwrap());
    let others = screen.find("CRM (wins)").unwrap();
    assert!(told < heading && heading < why && why < others && screen.contains("59 fields: 59 CRM"), "{screen}");
    rig.keys("5 9 y");
    assert_eq!(committed(&rig).len(), 59, "{:?}", rig.told());
    assert!(committed(&rig).iter().all(|item| *item.id() != id));
    let left: Vec<_> = rig.model.staged.picks().map(|pick| pick.item.row.id.clone()).collect();
    assert_eq!(left, [id], "it stays picked");
}

#[test]
fn a_dry_run_of_what_the_engine_refuses_altogether_offers_nothing_to_commit() {
    let mut rig = on("2");
    rig.world.refuses.insert(rig.world.holds[0].id.clone(), "no such option in Notion".into());
    rig.keys("c w");
    let screen = rig.screen();
    assert!(matches!(rig.model.top(), Some(PopupBody::Notice(_))) && screen.contains("no such option"), "{screen}");
    rig.keys("y esc");
    assert!(rig.told().is_empty() && rig.model.staged.len() == 1);
}

#[test]
fn a_dry_run_says_what_is_written_where_and_what_it_waits_for() {
    let mut rig = Rig::new((100, 40), full());
    rig.world.waits = "until deals is resumed, paused by berta".into();
    rig.keys("2 c e ctrl-o w");
    let screen = rig.screen();
    assert!(screen.contains("Notion (will be overwritten): 150 EUR"), "{screen}");
    assert!(screen.contains("CRM (stays): 200 EUR"), "the text that was not edited is the CRM's already: {screen}");
    assert!(screen.contains("it waits until deals is resumed, paused by berta"), "{screen}");
}

#[test]
fn a_dry_run_takes_no_answer_before_the_engine_has_said_everything() {
    use crosstie::control::DeskError;
    use crosstie::tui::model::Effect;
    use crosstie::tui::update::update;
    let mut rig = Rig::new((100, 40), hundred());
    rig.keys("2 c c");
    let effects = update(&mut rig.model, Msg::Key(crosstie::tui::keymap::Key::char('w')));
    let Some(Effect::Query { tag, query }) = effects.first().cloned() else { panic!("{effects:?}") };
    rig.settle();
    rig.keys("y tab enter");
    assert!(rig.told().is_empty() && rig.screen().contains("asking the engine"), "{}", rig.screen());
    let answer = rig.world.answer(&query);
    update(&mut rig.model, Msg::Answer { tag, result: Ok(answer) });
    rig.send(Msg::Key(crosstie::tui::keymap::Key::char('y')));
    assert!(rig.told().is_empty(), "what it says was not on screen yet");
    rig.settle();
    rig.keys("y");
    assert_eq!(committed(&rig).len(), 2);
    // An engine that cannot be asked beforehand is told all the same, and the operator knows.
    rig.keys("c");
    let effects = update(&mut rig.model, Msg::Key(crosstie::tui::keymap::Key::char('w')));
    let Some(Effect::Query { tag, .. }) = effects.first().cloned() else { panic!("{effects:?}") };
    let error = DeskError::Protocol("unknown variant `preview`".into());
    update(&mut rig.model, Msg::Answer { tag, result: Err(error) });
    rig.settle();
    assert!(rig.screen().contains("did not say beforehand"), "{}", rig.screen());
    rig.keys("y");
    assert_eq!(committed(&rig).len(), 3);
}

#[test]
fn a_pick_that_moved_is_found_by_the_dry_run_and_shown_again() {
    let mut rig = on("2");
    rig.keys("c c c");
    rig.world.holds[1].notion.digest = "moved".into();
    rig.keys("w");
    let screen = rig.screen();
    assert!(screen.contains("1 changed since you looked") && screen.contains("2 fields: 2 CRM"), "{screen}");
    rig.keys("y");
    assert_eq!(committed(&rig).len(), 2);
    assert!(rig.model.staged.is_empty() && rig.model.moved == [rig.world.holds[1].id.clone()]);
}

#[test]
fn one_pick_is_taken_out_and_the_others_stay() {
    let mut rig = on("2");
    rig.keys("c c c k k x");
    assert_eq!(rig.model.staged.len(), 2);
    assert!(rig.model.staged.get(&rig.world.holds[1].id).is_none(), "the one under the cursor");
    rig.keys("x");
    assert!(rig.screen().contains("nothing is picked for this row"), "{}", rig.screen());
    rig.keys("u");
    assert_eq!(rig.model.staged.len(), 3, "the last step was to take it out");
    rig.keys("g g space space x");
    assert_eq!(rig.model.staged.len(), 1, "those of all marked rows");
}

#[test]
fn the_row_before_that_waits_for_a_pick_has_a_key_too() {
    let mut rig = Rig::new((80, 24), hundred());
    rig.keys("2 j j j c c S");
    assert_eq!(rig.model.holds.current().unwrap().row.title, "Deal 2", "over the two that are picked");
    rig.keys("S S S");
    let last = rig.model.holds.rows.last().unwrap().row.id.clone();
    assert_eq!(rig.model.holds.current().unwrap().row.id, last, "round the beginning, to the last that is here");
    let mut world = hundred();
    world.holds = (0..5_000).map(|n| hold(&n.to_string(), "F", "a", "b")).collect();
    let mut rig = Rig::new((80, 24), world);
    rig.keys("2 G c");
    let at = rig.model.holds.at;
    let first = rig.model.holds.offset;
    for _ in 0..(at - first + 20) {
        rig.keys("S");
    }
    assert!(rig.model.holds.at < first, "rows that were not here are asked for");
    assert!(rig.model.holds.current().is_some());
}

#[test]
fn a_rule_keeps_pairs_apart_that_call_a_field_the_same() {
    let mut world = hundred();
    for row in &mut world.holds[..10] {
        row.id.pair = "projects".into();
    }
    for row in &mut world.holds[10..20] {
        row.id.field = Some("OTHER_STAGE".into());
    }
    let mut rig = Rig::new((80, 24), world);
    rig.keys("2 * m n");
    assert_eq!(rig.model.staged.len(), 10, "the other fifty are of another pair or another field called `stage`");
}

#[test]
fn sentences_name_the_keys_that_are_bound() {
    use crosstie::tui::keymap::Keymap;
    let text = "[global]\nunbind = [\"1\", \"4\", \"7\"]\n\"f7\" = \"page.relations\"\n\"f6\" = \"page.overview\"\n\"f8\" = \"page.quarantine\"\n\
                [list]\nunbind = [\"/\"]\n\"f10\" = \"list.filter\"\n";
    let mut world = full();
    world.holds[0].kind = Some(crosstie::model::Kind::Relation);
    world.holds[1].id.crm = None;
    let mut rig = Rig::new((120, 40), world);
    rig.model.keymap = std::sync::Arc::new(Keymap::load(text, "my.toml").unwrap());
    for (keys, says) in [
        ("2 e", "on the Relations page, f7"),
        ("j a c", "see the overview, f6"),
        ("n", "f10 begins one"),
        ("8 f10", "choose one with 2 to f8"),
    ] {
        rig.keys(keys);
        assert!(rig.screen().contains(says), "{keys}: {}", rig.screen());
    }
}

#[test]
fn a_screen_that_is_too_small_can_be_painted_again_and_left_for_the_shell() {
    use crosstie::tui::model::Effect;
    let mut rig = Rig::new((40, 10), full());
    rig.keys("ctrl-l ctrl-z");
    let seen: Vec<&Effect> = rig.effects.iter().filter(|it| matches!(it, Effect::Redraw | Effect::Suspend)).collect();
    assert_eq!(seen, [&Effect::Redraw, &Effect::Suspend]);
    rig.keys("2 c w y");
    assert!(rig.told().is_empty() && rig.model.staged.is_empty(), "nothing else, for nothing can be seen");
}

#[test]
fn what_another_operator_decided_meanwhile_is_no_longer_picked() {
    let mut rig = on("2");
    rig.keys("c o");
    rig.world.holds[0].decided = Some("Notion forced by berta".into());
    rig.refresh();
    assert_eq!(rig.model.staged.len(), 1);
    rig.keys("w y");
    assert!(matches!(&committed(&rig)[..], [Resolution::Force { side: Side::Notion, .. }]));
}

#[test]
fn leaving_with_picks_asks_and_ctrl_c_does_not() {
    let mut rig = on("2");
    rig.keys("c q");
    assert!(!rig.quit && rig.screen().contains("not committed"), "{}", rig.screen());
    rig.keys("n");
    assert!(!rig.quit && rig.model.staged.len() == 1);
    rig.keys("q y");
    assert!(rig.quit && rig.told().is_empty());
    let mut rig = on("2");
    rig.keys("c ctrl-c");
    assert!(rig.quit);
}

#[test]
fn a_write_is_undone_from_its_line_of_the_journal_with_a_preview() {
    let mut rig = on("6");
    rig.keys("u");
    let screen = rig.screen();
    assert!(screen.contains("Notion: new → old") && screen.contains("CRM: stays as it is"), "{screen}");
    rig.keys("y");
    assert_eq!(rig.told(), [Command::Undo { event: 1, both: false }]);
    rig.keys("j b");
    assert!(rig.screen().contains("CRM: ends with old too"), "{}", rig.screen());
    rig.keys("y");
    assert_eq!(rig.told()[1], Command::Undo { event: 2, both: true });
    rig.world.journal[2].undoable = false;
    rig.world.journal[2].not_undoable = "Notion shows another value by now".into();
    rig.refresh();
    rig.keys("j u");
    assert!(rig.model.popups.is_empty() && rig.screen().contains("another value by now"), "{}", rig.screen());
}

#[test]
fn nothing_leaves_a_read_only_dashboard_and_it_says_so_on_every_page() {
    let mut rig = on("2");
    rig.keys("c L w");
    assert!(rig.model.popups.is_empty() && rig.screen().contains("read-only"), "{}", rig.screen());
    for keys in ["3 +", "3 l", "3 i", "4 x", "6 u", "1 a", "1 o", "2 G t"] {
        rig.keys(keys);
        assert!(rig.screen().contains(" READ-ONLY "), "{keys}");
        assert!(rig.model.popups.is_empty(), "{keys}: {}", rig.screen());
    }
    assert!(rig.told().is_empty());
    rig.keys("L 2 w y");
    assert_eq!(committed(&rig).len(), 1, "the lock was taken off");
    let mut rig = on("2");
    (rig.model.read_only, rig.model.locked) = (true, true);
    rig.keys("L c w");
    assert!(rig.model.read_only && rig.model.popups.is_empty(), "what was started read-only stays so");
}

#[test]
fn a_question_that_was_open_when_the_lock_came_on_does_nothing() {
    let mut rig = on("2");
    rig.keys("c w");
    rig.model.read_only = true;
    rig.keys("y");
    assert!(rig.told().is_empty());
}

#[test]
fn a_display_that_stands_still_shows_no_news_until_it_follows_again() {
    let mut rig = on("2");
    rig.keys("p");
    rig.world.snapshot.conflicts = 7;
    rig.world.holds.truncate(7);
    rig.refresh();
    assert!(rig.screen().contains("STANDS STILL") && rig.screen().contains("41 conflicts"), "{}", rig.screen());
    rig.keys("p");
    assert!(rig.screen().contains("7 conflicts") && rig.screen().contains("1/7"), "{}", rig.screen());
}

#[test]
fn the_palette_finds_every_action_and_does_it_as_its_key_would() {
    let mut rig = on("2");
    rig.keys(": t a k e space n o t i");
    let Some(PopupBody::Palette(palette)) = rig.model.top() else { panic!() };
    assert_eq!(palette.rows[0].spec().id, "conflicts.force_notion");
    rig.keys("enter");
    assert!(rig.screen().contains("1 staged: 1 Notion"), "{}", rig.screen());
    rig.keys(": u n l i n k");
    assert!(rig.screen().contains("not now: on the page relations only"), "{}", rig.screen());
    rig.keys("enter");
    assert!(rig.told().is_empty() && rig.model.popups.is_empty());
    for spec in crosstie::tui::action::REGISTRY.iter().filter(|spec| !spec.scope.is_of_popups()) {
        rig.keys(":");
        rig.send(Msg::Paste(spec.id.into()));
        let Some(PopupBody::Palette(palette)) = rig.model.top() else { panic!() };
        assert!(palette.rows.contains(&spec.action), "{}", spec.id);
        rig.keys("esc");
    }
}

#[test]
fn the_cursor_stays_on_its_record_however_far_it_moves() {
    let mut world = hundred();
    world.holds = (0..5_000).map(|n| hold(&n.to_string(), "F", "a", "b")).collect();
    let mut rig = Rig::new((80, 24), world);
    rig.keys("2 j j");
    let id = rig.model.holds.current().unwrap().row.id.clone();
    rig.world.holds.rotate_left(2_000);
    rig.refresh();
    assert_eq!((rig.model.holds.at, rig.model.holds.current().unwrap().row.id.clone()), (3_002, id));
}
