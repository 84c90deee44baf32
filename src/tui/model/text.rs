//! Text from outside, made harmless: records are written by strangers, and a terminal obeys what it is sent.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Whether each byte is a letter of one cell, as most texts are: then nothing has to be looked up.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Cells a text takes.
pub fn width(text: &str) -> usize {
    if is_plain(text) {
        return text.len();
    }
    text.graphemes(true).map(UnicodeWidthStr::width).sum()
}

/// Directional controls reorder what is around them, and zero-width characters hide in it.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

/// Controls become visible (`^[` for escape), tabs spaces, line ends of all kinds `\n`; invisible and directional
/// characters go. Doing it twice changes nothing.
pub fn sanitise(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut column = 0;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                out.push('\n');
                column = 0;
                continue;
            }
            '\t' => {
                let spaces = 4 - column % 4;
                out.extend(std::iter::repeat_n(' ', spaces));
                column += spaces;
                continue;
            }
            c if (c as u32) < 0x20 || c == '\u{7f}' => {
                out.push('^');
                out.push(char::from((c as u8) ^ 0x40));
            }
            c if c.is_control() => out.push_str(&format!("<{:x}>", c as u32)),
            c if is_invisible(c) => continue,
            c => out.push(c),
        }
        column += 1;
    }
    out
}

/// What an operator may edit and send: as it is, but without controls (line ends and tabs stay) and invisible
/// characters, so that what they see is what will be written.
pub fn editable(text: &str) -> String {
    text.replace("\r\n", "\n")
        .chars()
        .map(|c| if c == '\r' { '\n' } else { c })
        .filter(|c| matches!(c, '\n' | '\t') || !(c.is_control() || is_invisible(*c)))
        .collect()
}

/// For a cell of one line: sanitised, line ends shown as `mark`.
pub fn one_line<'t>(text: &'t str, mark: &str) -> Cow<'t, str> {
    if !is_plain(text)
        && text.chars().any(|c| c.is_control() || is_invisible(c) || matches!(c, '\u{2028}' | '\u{2029}'))
    {
        Cow::Owned(sanitise(text).replace('\n', mark))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text in at most `room` cells, with `ellipsis` at the end if something was cut. Never cuts a grapheme.
pub fn fit(text: &str, room: usize, ellipsis: &str) -> String {
    if is_plain(text) {
        return match room.checked_sub(width(ellipsis)) {
            _ if text.len() <= room => text.to_owned(),
            Some(kept) => format!("{}{ellipsis}", &text[..kept]),
            None => String::new(),
        };
    }
    fit_any(text, room, ellipsis)
}

fn fit_any(text: &str, room: usize, ellipsis: &str) -> String {
    let mut out = String::new();
    let mut used = 0;
    // Where the text has to be cut if it turns out too long.
    let (mut cut, ellipsis_width) = (0, width(ellipsis));
    for grapheme in text.graphemes(true) {
        let wide = grapheme.width();
        if used + wide > room {
            out.truncate(cut);
            if ellipsis_width <= room {
                out.push_str(ellipsis);
            }
            return out;
        }
        // A letter under a heap of accents is a few hundred bytes in one cell.
        if grapheme.len() > 32 {
            out.extend(grapheme.chars().take(1))
        } else {
            out.push_str(grapheme)
        }
        used += wide;
        if used + ellipsis_width <= room {
            cut = out.len();
        }
    }
    out
}

/// Of two texts so many bytes before and after the place from which on they differ.
fn around<'t>(one: &'t str, other: &'t str, reach: usize) -> (&'t str, &'t str) {
    let same = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let cut = |text: &'t str| {
        let from = text.floor_char_boundary(same.saturating_sub(reach));
        &text[from..text.floor_char_boundary(same + reach)]
    };
    (cut(one), cut(other))
}

/// Two texts that would look the same when cut to `room` cells begin, after an ellipsis, shortly before they differ.
pub fn apart(one: &str, other: &str, room: usize, ellipsis: &str) -> (String, String) {
    let (one, other) = around(one, other, 8 * room + 64);
    if one == other || fit(one, room, ellipsis) != fit(other, room, ellipsis) {
        return (one.to_owned(), other.to_owned());
    }
    let same = one.graphemes(true).zip(other.graphemes(true)).take_while(|(a, b)| a == b);
    let same: usize = same.map(|(a, _)| a.len()).sum();
    // A word or two of what comes before, if there is room for it.
    let before: Vec<usize> = one[..same].grapheme_indices(true).map(|(at, _)| at).collect();
    let from = before.len().checked_sub(room / 4).and_then(|at| before.get(at)).copied().unwrap_or(same);
    let from = one[from..same].find(' ').map_or(from, |space| from + space + 1);
    let tail = |text: &str| format!("{ellipsis}{}", text.get(from..).unwrap_or_default());
    (tail(one), tail(other))
}

/// The text in lines of at most `room` cells, broken at spaces where that can be; at most `most` lines, the last
/// marked with `ellipsis` if there were more.
pub fn wrap(text: &str, room: usize, most: usize, ellipsis: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    if room == 0 || most == 0 {
        return lines;
    }
    'all: for paragraph in text.split('\n') {
        let (mut line, mut used) = (String::new(), 0);
        for word in paragraph.split_inclusive(' ') {
            let wide = width(word.trim_end());
            if used > 0 && used + wide > room {
                lines.push(std::mem::take(&mut line).trim_end().to_owned());
                used = 0;
            }
            for grapheme in word.graphemes(true) {
                let wide = grapheme.width();
                if used + wide > room {
                    if grapheme == " " {
                        continue;
                    }
                    lines.push(std::mem::take(&mut line));
                    used = 0;
                }
                if wide <= room {
                    line.push_str(if grapheme.len() > 32 { "?" } else { grapheme });
                    used += wide;
                }
            }
            if lines.len() > most {
                break 'all;
            }
        }
        lines.push(line.trim_end().to_owned());
        if lines.len() > most {
            break;
        }
    }
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            let mut cut = fit(last, room.saturating_sub(width(ellipsis)), "");
            cut.push_str(ellipsis);
            *last = cut;
        }
    }
    lines
}

/// The same for a text of a stranger: whatever does not stand on its first line stands behind `gutter`, so that no part
/// of it can pass for a line of ours, however it breaks lines or pads them.
pub fn guttered(text: &str, room: usize, most: usize, (gutter, ellipsis): (&str, &str)) -> Vec<String> {
    let lines = wrap(&sanitise(text), room.saturating_sub(width(gutter) + 1), most, ellipsis);
    let behind = |(place, line): (usize, String)| if place == 0 { line } else { format!("{gutter} {line}") };
    lines.into_iter().enumerate().map(behind).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn controls_become_visible_and_direction_marks_go() {
        assert_eq!(sanitise("\u{1b}[31mred\u{7}\u{9b}2J"), "^[[31mred^G<9b>2J");
        assert_eq!(sanitise("abc\u{202e}cba\u{2066}\u{200b}"), "abccba");
        assert_eq!(sanitise("a\tb\r\nc\rd\u{2028}e"), "a   b\nc\nd\ne");
        assert_eq!(one_line("two\nlines", "⏎"), "two⏎lines");
        assert_eq!(editable("a\tb\r\nc\u{1b}[2J\u{202e}"), "a\tb\nc[2J");
    }

    #[test]
    fn a_text_is_cut_between_graphemes() {
        assert_eq!(fit("日本語", 5, "…"), "日本…");
        assert_eq!(fit("日本語", 6, "…"), "日本語");
        assert_eq!(fit("abc", 0, "…"), "");
        assert_eq!(fit("abc", 2, "..."), "");
        assert_eq!(wrap("one two three", 7, 5, "…"), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh", 3, 2, "…"), ["abc", "de…"]);
    }

    #[test]
    fn texts_that_differ_look_different_where_they_are_cut() {
        let (one, other) =
            ("Newsletter launch Atelier Moreau - phase 2", "Newsletter launch Atelier Moreau - pilot 51");
        let (a, b) = apart(one, other, 16, "…");
        assert_eq!((fit(&a, 16, "…"), fit(&b, 16, "…")), ("…- phase 2".to_owned(), "…- pilot 51".to_owned()));
        assert_eq!(apart("a", "b", 1, "…"), ("a".to_owned(), "b".to_owned()));
        assert_eq!(apart("same", "same", 2, "…"), ("same".to_owned(), "same".to_owned()));
        let (a, b) = apart("日本語日本語日本語", "日本語日本語日本誤", 8, "…");
        assert_ne!(fit(&a, 8, "…"), fit(&b, 8, "…"));
    }

    proptest! {
        #[test]
        fn a_text_of_plain_letters_is_cut_as_any_other(text in "[ -~]{0,12}", room in 0_usize..14, dots in "…|\\.\\.\\.|日") {
            prop_assert_eq!(width(&text), text.graphemes(true).map(UnicodeWidthStr::width).sum::<usize>());
            prop_assert_eq!(fit(&text, room, &dots), fit_any(&text, room, &dots));
        }

        #[test]
        fn no_text_takes_more_cells_than_it_was_given(text in "\\PC{0,40}|[\u{0}-\u{ffff}]{0,40}", room in 0_usize..30) {
            let clean = sanitise(&text);
            prop_assert_eq!(sanitise(&clean), clean.clone());
            prop_assert!(!clean.chars().any(|c| c != '\n' && (c.is_control() || is_invisible(c))));
            prop_assert!(width(&fit(&one_line(&text, "⏎"), room, "…")) <= room);
            for (place, line) in guttered(&text, room, 4, ("|", "…")).into_iter().enumerate() {
                prop_assert!(width(&line) <= room && (place == 0 || line.starts_with("| ")), "{:?}", line);
            }
            for line in wrap(&clean, room, 4, "…") {
                prop_assert!(width(&line) <= room);
            }
            prop_assert!(wrap(&clean, room, 4, "…").len() <= 4);
        }
    }
}
