//! How an operator finds a key: help, palette, prefixes, sentences, and what is written down about them.

use crosstie::tui::action::{REGISTRY, Scope};
use crosstie::tui::keymap::{Keymap, PRESETS, listing};
use crosstie::tui::model::{Msg, PopupBody};

use crate::fixture::{Rig, full, holds_all, on};

#[test]
fn help_comes_from_the_registry_and_the_live_keymap() {
    for (preset, _) in PRESETS {
        let mut rig = Rig::new((80, 24), full());
        rig.model.keymap = std::sync::Arc::new(Keymap::preset(preset).unwrap());
        rig.keys("2 ?");
        let Some(PopupBody::Help(help)) = rig.model.top() else { panic!() };
        let all: String = help.lines().iter().map(|(_, line)| format!("{line}\n")).collect();
        for entry in listing(&rig.model.keymap) {
            assert!(all.contains(entry.doc) && all.contains(&entry.keys), "{preset}: {}", entry.action);
        }
    }
    let map = "[conflicts]\n\"z c\" = \"conflicts.force_crm\"\nunbind = [\"f c\", \"c\"]\n";
    let mut rig = Rig::new((80, 24), full());
    rig.model.keymap = std::sync::Arc::new(Keymap::load(map, "my.toml").unwrap());
    rig.keys("2");
    assert!(rig.screen().contains("z c take CRM"), "{}", rig.screen());
}

#[test]
fn the_help_is_searched_by_name_by_key_and_by_what_an_action_does() {
    let shown = |rig: &Rig| -> Vec<String> {
        let Some(PopupBody::Help(help)) = rig.model.top() else { panic!("no help") };
        help.lines().into_iter().map(|(_, line)| line).filter(|line| line.starts_with("  ")).collect()
    };
    for (search, wanted) in [
        ("c o m m i t", "w"),
        ("c t r l - r", "ctrl-r"),
        ("R E D O", "ctrl-r"),
        ("z z z", ""),
        ("n e v e r space q u i t s", "esc"),
    ] {
        let mut rig = Rig::new((80, 24), full());
        rig.keys("2 ?");
        let all = shown(&rig).len();
        rig.keys("/");
        rig.keys(search);
        let found = shown(&rig);
        assert!(found.len() < all / 4, "{search}: {found:?}");
        match wanted {
            "" => assert!(rig.screen().contains("No action is called so"), "{}", rig.screen()),
            key => assert!(found.iter().any(|line| line.trim_start().starts_with(key)), "{search}: {found:?}"),
        }
    }
}

#[test]
fn a_search_in_the_help_is_kept_changed_and_taken_back() {
    let mut rig = Rig::new((80, 24), full());
    rig.keys("2 ?");
    rig.shows(&["/ searches", "? closes"]);
    rig.keys("/ q u i t");
    rig.shows(&["search: quit_", "enter keeps it, esc takes it back", "Leaves the dashboard"]);
    assert!(!rig.quit && !rig.screen().contains("Opens the overview"), "{}", rig.screen());
    rig.keys("enter");
    rig.shows(&["search: quit", "/ changes it", "Leaves the dashboard"]);
    rig.keys("/ z");
    rig.shows(&["search: quitz_", "0 actions"]);
    rig.keys("esc");
    assert!(rig.screen().contains("/ searches") && rig.screen().contains("Picks the CRM's value"), "{}", rig.screen());
    rig.keys("esc");
    assert!(rig.model.popups.is_empty());
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
fn a_prefix_shows_what_can_follow() {
    let mut rig = Rig::new((80, 24), full());
    rig.keys("2 f");
    let screen: String = rig.screen().split_whitespace().collect::<Vec<_>>().join(" ");
    holds_all(&screen, &["c take CRM", "n take Notion", "k keep both"]);
    rig.shows(&["f ..."]);
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
fn the_listing_has_every_action_once() {
    let rows = listing(&Keymap::preset("default").unwrap());
    assert_eq!(rows.len(), REGISTRY.len());
    assert_eq!(rows[0].scope, Scope::Global);
    assert!(rows.iter().any(|row| row.action == "conflicts.force_crm" && row.keys == "c, f c"));
}

#[test]
fn the_readme_lists_every_key_as_it_is() {
    let readme = include_str!("../../../README.md");
    let table = crosstie::tui::markdown(&Keymap::preset("default").unwrap());
    assert!(
        readme.contains(table.trim()),
        "`crosstie keys --keymap default --markdown` prints what the README must show"
    );
}

#[test]
fn the_configuration_knows_every_theme_and_every_keymap() {
    let themes = crosstie::tui::theme::Name::ALL.map(crosstie::tui::theme::Name::as_str);
    assert_eq!(crosstie::config::THEMES, themes);
    assert_eq!(crosstie::config::KEYMAPS, PRESETS.map(|(name, _)| name));
}
