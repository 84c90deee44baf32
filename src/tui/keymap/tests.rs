use super::*;
use crate::tui::action::Risk;

#[test]
fn every_preset_loads_and_binds_every_action() {
    for (name, _) in PRESETS {
        let keymap = Keymap::preset(name).unwrap_or_else(|error| panic!("{error}"));
        for entry in listing(&keymap) {
            assert!(!entry.keys.is_empty(), "{name}: {} has no key", entry.action);
        }
    }
}

#[test]
fn presets_leave_alone_what_multiplexers_and_flow_control_use() {
    for (name, _) in PRESETS {
        let keymap = Keymap::preset(name).unwrap();
        for (scope, bindings) in &keymap.scopes {
            for keys in bindings.keys() {
                for c in "absqhjklzc".chars() {
                    let taken = Key { code: Code::Char(c), ctrl: true, alt: false, shift: false };
                    // Every terminal program paints again on ctrl-l; it is never the only key for it.
                    let paints = c == 'l' && bindings.get(keys) == Some(&Action::Redraw);
                    // And gives the shell back on ctrl-z, unless something else takes it.
                    let paints = paints || c == 'z' && bindings.get(keys) == Some(&Action::Suspend);
                    assert!(paints || !keys.contains(&taken), "{name} [{scope}] {taken}");
                }
            }
        }
    }
}

#[test]
fn nothing_that_decides_hangs_on_a_key_that_a_torn_arrow_leaves_behind() {
    for (name, _) in PRESETS {
        let keymap = Keymap::preset(name).unwrap();
        for bindings in keymap.scopes.values() {
            for (keys, action) in bindings {
                let decides = action.spec().risk > Risk::Free;
                assert!(!decides || !keys.iter().all(|key| key.is_treacherous()), "{name}: {}", action.spec().id);
            }
        }
    }
    let error = Keymap::load("[conflicts]\n\"[ A\" = \"conflicts.force_crm\"\n", "my.toml").unwrap_err();
    assert!(error.to_string().starts_with("my.toml:2: `[ A` can be the rest of a torn arrow key"), "{error}");
}

#[test]
fn a_persons_file_changes_the_preset_and_leaves_the_rest() {
    let text = "preset = \"vim\"\n[list]\n\"z t\" = \"list.top\"\nunbind = [\"g g\"]\n";
    let keymap = Keymap::load(text, "my.toml").unwrap();
    let keys = |text: &str| key::parse_sequence(text).unwrap();
    assert_eq!(keymap.lookup(&[Scope::List], &keys("z t")), Found::Action(Action::Top));
    assert_eq!(keymap.lookup(&[Scope::List], &keys("z")), Found::Prefix);
    assert_eq!(keymap.lookup(&[Scope::List], &keys("g g")), Found::Nothing);
    assert_eq!(keymap.lookup(&[Scope::List], &keys("j")), Found::Action(Action::Down));
}

#[test]
fn a_persons_binding_moves_the_presets_out_of_its_way() {
    let keymap = Keymap::load("[list]\n\"g\" = \"list.bottom\"\n[global]\nunbind = [\"g r\"]\n", "my.toml").unwrap();
    assert_eq!(keymap.lookup(&[Scope::List], &[Key::char('g')]), Found::Action(Action::Bottom));
}

#[test]
fn every_problem_is_told_with_its_line_and_how_to_mend_it() {
    let cases = [
        ("[list]\n\"j\" = \"list.dwon\"\n", 2, "unknown action `list.dwon`", "list.down"),
        ("[list]\n\n\"hyper-j\" = \"list.down\"\n", 3, "`hyper-j` is no key", "write keys like"),
        ("[lists]\n", 1, "there is no scope `lists`", "use one of global"),
        ("[list]\n\"x\" = \"conflicts.keep\"\n", 2, "means nothing in [list]", "[conflicts]"),
        ("[list]\n\"ctrl-x\" = \"list.down\"\n\"CTRL-X\" = \"list.up\"\n", 3, "bound twice", "line 2"),
        ("[list]\n\"x\" = \"list.down\"\n\"x y\" = \"list.up\"\n", 3, "can never be typed", "unbind"),
        ("[global]\n\"f\" = \"app.help\"\n", 2, "can never be typed", "unbind"),
        ("[global]\n\"ctrl-c\" = \"app.help\"\n", 2, "always leaves", "another key"),
        ("[edit]\n\"x\" = \"edit.use\"\n", 2, "not be typed into the text", "ctrl or alt"),
        ("[list]\nunbind = [\"f9\"]\n", 2, "not bound", "remove it"),
        ("preset = \"nano\"\n", 1, "no such preset", "`emacs`"),
        ("[conflicts]\n\"w\" = { do = \"conflicts.commit\" }\n", 2, "has `do` and `when`", "staged && !marked"),
        (
            "[conflicts]\n\"w\" = { do = \"conflicts.commit\", when = \"stagd\" }\n",
            2,
            "`stagd` is no condition",
            "staged",
        ),
        ("[list]\ng g = \"list.top\"\n", 2, "", "mend the TOML"),
    ];
    for (text, line, what, mend) in cases {
        let error = Keymap::load(text, "my.toml").unwrap_err();
        let shown = error.to_string();
        assert_eq!(error.problems[0].line, line, "{text}: {shown}");
        assert!(shown.contains(what) && shown.contains(mend) && shown.starts_with("my.toml:"), "{text}: {shown}");
    }
    let error = Keymap::load("[list]\n\"j\" = \"x\"\n\"k\" = \"y\"\n", "my.toml").unwrap_err();
    assert_eq!(error.problems.len(), 2, "all problems are told at once");
}

#[test]
fn an_inner_scope_wins_and_a_prefix_shows_what_can_follow() {
    let keymap = Keymap::preset("default").unwrap();
    let stack = Scope::STACKS[1];
    assert_eq!(keymap.lookup(stack, &[Key::char('f')]), Found::Prefix);
    let rows = keymap.following(stack, &[Key::char('f')], &Facts::default());
    assert!(rows.contains(&("c".to_owned(), Action::ForceCrm)), "{rows:?}");
    assert!(rows.contains(&("n".to_owned(), Action::ForceNotion)));
}

proptest::proptest! {
    #[test]
    fn no_text_breaks_the_reader_and_every_problem_names_a_line_of_it(
        lines in proptest::collection::vec(
            "(preset = \"(vim|x)\"|\\[(list|global|confirm|x)\\]|\"(g|g g|ctrl-c|f13| |é x)\" = \"(list.top|app.quit|x)\"|unbind = \\[\"(j|zz)\"\\]|\\PC{0,20})",
            0..8,
        )
    ) {
        let text = lines.join("\n");
        if let Err(error) = Keymap::load(&text, "my.toml") {
            proptest::prop_assert!(!error.problems.is_empty());
            for problem in &error.problems {
                proptest::prop_assert!((1..=lines.len().max(1)).contains(&problem.line), "{}", error);
            }
        }
    }
}

#[test]
fn a_file_without_bindings_is_the_default_preset() {
    assert_eq!(Keymap::load("", "my.toml").unwrap(), Keymap::preset("default").unwrap());
}

#[test]
fn a_binding_counts_when_its_condition_holds_and_else_the_next_one() {
    let text = "[conflicts]\n\"w\" = [{ do = \"conflicts.skip\", when = \"!staged\" }, \"conflicts.commit\"]\n\
                \"s\" = { do = \"conflicts.edit\", when = \"marked\" }\n";
    let keymap = Keymap::load(text, "my.toml").unwrap();
    let found = |key: char, facts: Facts| keymap.lookup_when(Scope::STACKS[1], &[Key::char(key)], &facts);
    assert_eq!(found('w', Facts::default()), Found::Action(Action::Skip));
    assert_eq!(found('w', Facts { staged: true, ..Facts::default() }), Found::Action(Action::Commit));
    assert_eq!(found('s', Facts { marked: true, ..Facts::default() }), Found::Action(Action::Edit));
    assert_eq!(found('s', Facts::default()), Found::Action(Action::Skip), "the preset's binding is still there");
}

fn problems(text: &str) -> Vec<(usize, String)> {
    let error = Keymap::load(text, "my.toml").expect_err(text);
    error.problems.into_iter().map(|problem| (problem.line, problem.what)).collect()
}

#[test]
fn what_a_condition_leaves_no_room_for_is_told() {
    // Longer than a key that is always taken.
    let found = problems("[conflicts]\n\"c c\" = { do = \"conflicts.edit\", when = \"staged\" }\n");
    assert!(matches!(&found[..], [(2, what)] if what.contains("can never be typed")), "{found:?}");
    // Longer than a key that is taken whenever it would count.
    let text = "[conflicts]\nunbind = [\"f c\", \"f n\", \"f b\", \"f k\"]\n\
                \"f\" = { do = \"conflicts.skip\", when = \"staged\" }\n\
                \"f x\" = { do = \"conflicts.edit\", when = \"staged && marked\" }\n";
    let found = problems(text);
    assert!(matches!(&found[..], [(4, what)] if what.contains("`f x`")), "{found:?}");
    assert!(
        Keymap::load(&text.replace("staged && marked", "marked"), "my.toml").is_ok(),
        "it counts where nothing is staged"
    );
    // The second condition holds only where the first does.
    let text = "[conflicts]\n\"w\" = [{ do = \"conflicts.skip\", when = \"staged\" }, \
                { do = \"conflicts.edit\", when = \"staged && marked\" }]\n";
    let found = problems(text);
    assert!(matches!(&found[..], [(2, what)] if what.contains("never does `conflicts.edit`")), "{found:?}");
    // Nothing is left for what stands last.
    let text =
        "[conflicts]\n\"w\" = [{ do = \"conflicts.skip\", when = \"staged || !staged\" }, \"conflicts.commit\"]\n";
    assert!(problems(text)[0].1.contains("never does `conflicts.commit`"));
}

#[test]
fn a_key_that_is_bound_twice_is_told_whether_it_has_a_condition_or_not() {
    let text = "[list]\n\"g  x\" = { do = \"list.top\", when = \"staged\" }\n\"g x\" = \"list.bottom\"\n";
    let found = problems(text);
    assert!(matches!(&found[..], [(3, what)] if what.contains("bound twice")), "{found:?}");
}

#[test]
fn what_can_follow_is_what_its_condition_allows_now() {
    let keymap =
        Keymap::load("[conflicts]\n\"z x\" = { do = \"conflicts.edit\", when = \"staged\" }\n", "my.toml").unwrap();
    let staged = Facts { staged: true, ..Facts::default() };
    let rows = |facts: &Facts| keymap.following(Scope::STACKS[1], &[Key::char('z')], facts);
    assert_eq!(rows(&staged), [("x".to_owned(), Action::Edit)]);
    assert_eq!(rows(&Facts::default()), []);
    let found = |facts: &Facts| keymap.lookup_when(Scope::STACKS[1], &[Key::char('z')], facts);
    assert_eq!((found(&staged), found(&Facts::default())), (Found::Prefix, Found::Nothing), "no box without a way on");
}
