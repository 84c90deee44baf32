//! What works without a configuration and without a network.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use crosstie::tui::action::REGISTRY;

use crate::support::program::Home;

#[test]
fn the_version_is_the_packages() {
    let said = Home::new().ask(&["--version"]).ends_with(0);
    assert_eq!(said.stdout, format!("crosstie {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(said.stderr, "");
}

#[test]
fn the_help_names_every_command_and_every_exit_code() {
    let help = Home::new().ask(&["--help"]).ends_with(0).stdout;
    for command in ["run", "demo", "standin", "check", "status", "keys", "example", "completions"] {
        assert!(help.lines().any(|line| line.trim_start().starts_with(command)), "{command}: {help}");
        Home::new().ask(&[command, "--help"]).ends_with(0);
    }
    let codes = help.split_once("Exit codes:").expect("a part about exit codes").1;
    for code in 0..=6 {
        assert!(codes.contains(&format!("{code} ")), "{code}: {codes}");
    }
}

#[test]
fn a_mistyped_command_is_refused_with_the_usage() {
    let said = Home::new().ask(&["stats"]).ends_with(2);
    assert!(said.stderr.contains("stats") && said.stderr.contains("status"), "{}", said.stderr);
    assert_eq!(said.stdout, "");
}

#[test]
fn every_action_is_listed_with_a_key_in_every_preset() {
    let home = Home::new();
    let all: BTreeSet<&str> = REGISTRY.iter().map(|action| action.id).collect();
    assert!(all.len() > 40, "{all:?}");
    for preset in ["default", "vim", "emacs"] {
        let listed = home.ask(&["keys", "--keymap", preset]).ends_with(0).stdout;
        let mut lines = listed.lines();
        let headings = lines.next().unwrap();
        let at = headings.find("action").unwrap();
        let keys = headings.find("keys").unwrap();
        // The first three columns hold ASCII only, so that a column begins at the same byte in every line.
        let ids: BTreeSet<&str> = lines.clone().map(|line| line[at..].split(' ').next().unwrap()).collect();
        assert_eq!(ids, all, "{preset}");
        for line in lines {
            assert!(!line[keys..at].trim().is_empty(), "{preset}: no key in {line:?}");
            assert!(line.ends_with('.'), "{preset}: no sentence in {line:?}");
        }
    }
    let presets = ["default", "vim", "emacs"].map(|name| home.ask(&["keys", "--keymap", name]).stdout);
    assert!(presets[0] != presets[1] && presets[1] != presets[2] && presets[0] != presets[2]);
}

#[test]
fn a_preset_that_is_not_there_is_refused_with_those_that_are() {
    let said = Home::new().ask(&["keys", "--keymap", "nano"]).ends_with(2);
    for word in ["nano", "default", "vim", "emacs"] {
        assert!(said.stderr.contains(word), "{word}: {}", said.stderr);
    }
}

#[test]
fn completions_for_bash_complete() {
    let home = Home::new();
    let script = home.ask(&["completions", "bash"]).ends_with(0).stdout;
    let file = home.write("completions.bash", &script);
    // What bash itself offers after `crosstie ` and `crosstie check --`.
    let ask = |words: &str, at: usize| {
        let asked = format!(
            "source {}; COMP_WORDS=({words}); COMP_CWORD={at}; _crosstie crosstie \"${{COMP_WORDS[{at}]}}\" \
             \"${{COMP_WORDS[{at}-1]}}\"; echo \"${{COMPREPLY[@]}}\"",
            file.display()
        );
        let said = Command::new("bash").args(["--norc", "-c", &asked]).stdin(Stdio::null()).output().unwrap();
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        String::from_utf8(said.stdout).unwrap()
    };
    let commands = ask("crosstie ''", 1);
    for command in ["run", "demo", "standin", "check", "status", "keys", "example", "completions"] {
        assert!(commands.split_whitespace().any(|word| word == command), "{command}: {commands}");
    }
    assert!(ask("crosstie check --cr", 2).contains("--create-properties"));
    for shell in ["zsh", "fish"] {
        assert!(home.ask(&["completions", shell]).ends_with(0).stdout.contains("crosstie"), "{shell}");
    }
}

#[test]
fn without_a_configuration_it_says_how_to_begin() {
    let home = Home::new();
    for command in ["run", "check", "status"] {
        let said = home.ask(&[command]).ends_with(2);
        for word in ["crosstie.toml", "crosstie example", "crosstie demo"] {
            assert!(said.stderr.contains(word), "{command}: {}", said.stderr);
        }
        assert_eq!(said.stdout, "", "{command}");
    }
    let said = home.ask(&["--config", "elsewhere.toml", "check"]).ends_with(2);
    assert!(said.stderr.contains("elsewhere.toml"), "{}", said.stderr);
}

#[test]
fn the_dashboard_without_a_terminal_points_to_the_command_for_scripts() {
    let said = Home::new().ask(&["demo"]).ends_with(1);
    assert!(said.stderr.contains("terminal") && said.stderr.contains("crosstie status"), "{}", said.stderr);
    assert!(!said.stdout.contains('\u{1b}'), "control sequences went into a file: {:?}", said.stdout);
}

#[test]
fn a_stand_in_is_not_served_to_the_network() {
    for system in ["notion", "bitrix24"] {
        let said = Home::new().ask(&["standin", system, "--listen", "0.0.0.0:0"]).ends_with(2);
        assert!(said.stderr.contains("0.0.0.0:0") && said.stderr.contains("127.0.0.1"), "{}", said.stderr);
        assert_eq!(said.stdout, "");
    }
}
