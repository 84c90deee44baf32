//! What is sent shows what was drawn, cell by cell with its style, whatever was there before.

use crosstie::tui::terminal::writer::Screen;
use crosstie::tui::theme::{Name, Theme};
use ratatui::style::{Color, Modifier};

use crate::fixture::{Rig, World, full};

/// Texts with letters of two cells, of different lengths, many spaces, and line ends.
fn mixed() -> World {
    let mut world = full();
    let texts =
        ["日本語 text", "a b c d e f g", "one  two   three", "日 本 語", "x", "wants 100 EUR by Friday, 日本 too"];
    for (place, row) in world.holds.iter_mut().enumerate() {
        row.title = format!("{} {place}", texts[place % texts.len()]);
        row.crm.text = texts[(place + 1) % texts.len()].into();
        row.notion.text = format!("{}\n{}", texts[(place + 2) % texts.len()], texts[(place * 5 + 3) % texts.len()]);
    }
    for (place, row) in world.journal.iter_mut().enumerate() {
        row.title = texts[place % texts.len()].into();
        (row.before, row.after) =
            (Some(texts[(place + 1) % texts.len()].into()), Some(texts[(place + 3) % texts.len()].into()));
    }
    world
}

const KEYS: &str = "2 j j c o space v j v G g g enter j esc / 日 enter esc M esc ? j j esc : esc 6 j j G u esc p p L L 3 j 4 right \
                    5 7 8 9 j 1 h 2 e f7 esc f9 2 w esc 6 1";

#[test]
fn a_terminal_shows_every_cell_as_it_was_drawn() {
    for (size, theme) in [
        ((60, 16), Theme::new(false, false)),
        ((80, 24), Theme::new(true, false)),
        ((120, 40), Theme::named(Name::Vivid, false, false)),
        ((200, 60), Theme::new(false, false)),
    ] {
        let mut rig = Rig::themed(size, mixed(), theme);
        let mut screen = Screen::new(size).unwrap();
        let mut parser = vt100::Parser::new(size.1.try_into().unwrap(), size.0.try_into().unwrap(), 0);
        for key in KEYS.split_whitespace() {
            rig.keys(key);
            parser.process(&screen.frame(&rig.model).unwrap().unwrap_or_default());
            let buffer = rig.buffer();
            let mut hidden = false;
            for y in 0..size.1 {
                for x in 0..size.0 {
                    // What lies behind a letter of two cells is no cell of its own.
                    if std::mem::take(&mut hidden) {
                        continue;
                    }
                    let (drawn, shown) = (&buffer[(x, y)], parser.screen().cell(y, x).unwrap());
                    hidden = shown.is_wide();
                    let symbol = if shown.contents().is_empty() { " " } else { shown.contents() };
                    let at = || format!("`{key}` at {size:?}, cell {x},{y}:\n{}", rig.screen());
                    assert_eq!(symbol, drawn.symbol(), "{}", at());
                    let styles = [
                        (shown.bold(), Modifier::BOLD),
                        (shown.underline(), Modifier::UNDERLINED),
                        (shown.inverse(), Modifier::REVERSED),
                    ];
                    // On a blank nobody sees whether it is bold, or which colour a letter would have.
                    let blank = symbol == " ";
                    for (is, modifier) in styles.into_iter().skip(usize::from(blank)) {
                        assert_eq!(is, drawn.modifier.contains(modifier), "{modifier:?} {}", at());
                    }
                    let plain = |colour: vt100::Color| colour == vt100::Color::Default;
                    assert!(blank || plain(shown.fgcolor()) == (drawn.fg == Color::Reset), "{}", at());
                    assert_eq!(plain(shown.bgcolor()), drawn.bg == Color::Reset, "{}", at());
                }
            }
        }
    }
}
