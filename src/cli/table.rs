//! Plain tables for standard output.

use std::fmt;

use unicode_width::UnicodeWidthStr;

use crate::tui::model::text::fit;

/// What could steer a terminal or turn its text around.
pub fn steers(it: char) -> bool {
    it.is_control()
        || matches!(it, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// So many of them, in words.
pub fn so_many(count: u64, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

/// Text from outside, harmless to a terminal and on one line.
pub fn plain(text: &str) -> String {
    text.chars().map(|it| if steers(it) { ' ' } else { it }).collect()
}

/// The same with its line breaks shown, so that texts that differ only there look different.
pub fn flat(text: &str) -> String {
    plain(&text.replace("\r\n", BREAK).replace(['\n', '\r', '\u{2028}', '\u{2029}'], BREAK))
}

/// Where a line ended.
const BREAK: &str = "⏎";

/// The most cells that a column is made wide by one of its cells.
const WIDEST: usize = 48;

/// Rows in columns as wide as their widest cell.
pub struct Table {
    rows: Vec<Vec<String>>,
    /// Cells that a column but the first is made wide at most; what is longer pushes the rest of its line.
    widest: usize,
    /// Per column, whether what is longer is cut instead.
    cut: Vec<bool>,
}

impl Table {
    /// A table with these headings.
    pub fn new(headings: &[&str]) -> Self {
        let rows = vec![headings.iter().map(|heading| (*heading).to_owned()).collect()];
        Self { rows, widest: usize::MAX, cut: Vec::new() }
    }

    /// The same where cells can be long. The first, which names a row, makes its column as wide as it is; another no wider than
    /// a person reads at a glance, and in the columns that are `cut` it ends there.
    pub fn of_texts(headings: &[&str], cut: impl Fn(&str) -> bool) -> Self {
        Self { widest: WIDEST, cut: headings.iter().map(|heading| cut(heading)).collect(), ..Self::new(headings) }
    }

    /// Adds a row. Control characters of outside text do not reach the terminal.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let told = |(place, cell): (usize, String)| {
            let cell = flat(&cell);
            if self.cut.get(place) == Some(&true) { fit(&cell, self.widest, "…") } else { cell }
        };
        let row = cells.into_iter().enumerate().map(told).collect();
        self.rows.push(row);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let widest = self.rows.iter().filter_map(|row| row.get(column)).map(|it| it.width()).max().unwrap_or(0);
            if column == 0 { widest } else { widest.min(self.widest) }
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(cell);
                line.push_str(&" ".repeat(width + 2 - cell.width().min(*width)));
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_for_a_person_and_whole_for_a_pipe() {
        let long = "word ".repeat(50);
        let table = |terminal: bool| {
            let mut table = Table::of_texts(&["id", "title", "since"], |heading| terminal && heading == "title");
            table.row([long.clone(), "short".to_owned(), "now".to_owned()]);
            table.row(["deals/1/x".to_owned(), long.clone(), "now".to_owned()]);
            table.to_string()
        };
        let (person, pipe) = (table(true), table(false));
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let (person, pipe) = (lines(&person), lines(&pipe));
        assert!(person[1].starts_with(&long), "what names a row is never cut: {person:#?}");
        assert!(person[2].contains('…') && person[2].ends_with("  now"), "{person:#?}");
        assert!(person.iter().all(|line| line.width() <= long.len() + 2 + WIDEST + 2 + 5), "{person:#?}");
        assert!(pipe[2].contains(&long), "{pipe:#?}");
        assert_eq!(pipe[1], person[1], "one long text makes no other row longer");
    }

    #[test]
    fn texts_that_differ_in_a_line_break_look_different() {
        assert_eq!(flat("a b\nc\r\nd\u{2028}e\rf"), "a b⏎c⏎d⏎e⏎f");
        assert_ne!(flat("a\nb"), flat("a b"));
        assert!(!flat("a\u{1b}[2J\n\u{202e}").chars().any(steers));
    }
}
