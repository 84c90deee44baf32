//! How things look, by role. Sixteen colours of the operator's own palette, or none at all; never colour alone.
//! What the environment says comes in as arguments: nothing here reads it.

use ratatui::style::{Color, Modifier, Style};

/// What a piece of screen is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Role {
    Text,
    Dim,
    Strong,
    Accent,
    Good,
    Warn,
    Bad,
    Crm,
    Notion,
    Key,
    Cursor,
    Badge,
    Border,
    Mark,
}

/// Characters for things. All are one cell wide everywhere and no emoji.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Glyphs {
    pub ellipsis: &'static str,
    pub newline: &'static str,
    pub cursor: &'static str,
    pub mark: &'static str,
    pub horizontal: &'static str,
    pub vertical: &'static str,
    pub corners: [&'static str; 4],
    pub bars: [&'static str; 9],
    pub full: &'static str,
    pub empty: &'static str,
    pub arrow: &'static str,
    pub dot: &'static str,
}

const UNICODE: Glyphs = Glyphs {
    ellipsis: "…",
    newline: "⏎",
    cursor: "▸",
    mark: "*",
    horizontal: "─",
    vertical: "│",
    corners: ["┌", "┐", "└", "┘"],
    bars: [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    full: "█",
    empty: "░",
    arrow: "→",
    dot: "·",
};

const ASCII: Glyphs = Glyphs {
    ellipsis: "~",
    newline: "\\n",
    cursor: ">",
    mark: "*",
    horizontal: "-",
    vertical: "|",
    corners: ["+", "+", "+", "+"],
    bars: [" ", ".", ".", ":", ":", "=", "=", "#", "#"],
    full: "#",
    empty: ".",
    arrow: "->",
    dot: "-",
};

/// Styles and characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    mono: bool,
    /// Whether only ASCII may be drawn by us.
    pub ascii: bool,
    /// The characters.
    pub glyphs: Glyphs,
}

impl Theme {
    /// A theme: without colours if `mono`, of plain characters if `ascii`.
    pub fn new(mono: bool, ascii: bool) -> Self {
        Self { mono, ascii, glyphs: if ascii { ASCII } else { UNICODE } }
    }

    /// What the environment asks for: `NO_COLOR` set to anything, a locale without UTF-8, the Linux console. The
    /// arguments are the values of `NO_COLOR`, of the first non-empty one of `LC_ALL`, `LC_CTYPE`, `LANG`, and `TERM`.
    pub fn detect(no_color: Option<&str>, locale: Option<&str>, term: Option<&str>) -> (bool, bool) {
        let mono = no_color.is_some_and(|value| !value.is_empty()) || term == Some("dumb");
        let utf8 = locale.is_some_and(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
        (mono, !utf8 || term == Some("linux"))
    }

    /// Whether there are no colours.
    pub fn mono(&self) -> bool {
        self.mono
    }

    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        if self.mono {
            // Under NO_COLOR crossterm 0.29 turns each colour into a reset that also ends bold and reverse: so no
            // style here may name a colour.
            return match role {
                Role::Text | Role::Border | Role::Good | Role::Crm | Role::Notion => plain,
                Role::Dim => plain.add_modifier(Modifier::DIM),
                Role::Strong | Role::Accent | Role::Key | Role::Mark | Role::Warn => bold,
                Role::Bad => bold.add_modifier(Modifier::UNDERLINED),
                Role::Cursor | Role::Badge => plain.add_modifier(Modifier::REVERSED),
            };
        }
        match role {
            Role::Text => plain,
            Role::Dim | Role::Border => plain.fg(Color::DarkGray),
            Role::Strong => bold,
            Role::Accent => bold.fg(Color::Cyan),
            Role::Good => plain.fg(Color::Green),
            Role::Warn => plain.fg(Color::Yellow),
            Role::Bad => bold.fg(Color::Red),
            Role::Crm => plain.fg(Color::Blue),
            Role::Notion => plain.fg(Color::Magenta),
            Role::Key => bold.fg(Color::Cyan),
            Role::Cursor => plain.add_modifier(Modifier::REVERSED),
            Role::Badge => Style::new().fg(Color::Black).bg(Color::Yellow).add_modifier(Modifier::BOLD),
            Role::Mark => bold.fg(Color::Yellow),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    const ROLES: [Role; 14] = [
        Role::Text,
        Role::Dim,
        Role::Strong,
        Role::Accent,
        Role::Good,
        Role::Warn,
        Role::Bad,
        Role::Crm,
        Role::Notion,
        Role::Key,
        Role::Cursor,
        Role::Badge,
        Role::Border,
        Role::Mark,
    ];

    #[test]
    fn a_theme_without_colours_names_none() {
        for role in ROLES {
            let style = Theme::new(true, false).style(role);
            assert_eq!((style.fg, style.bg), (None, None), "{role:?}");
        }
    }

    #[test]
    fn ascii_glyphs_are_ascii() {
        let glyphs = Theme::new(false, true).glyphs;
        let all = [glyphs.ellipsis, glyphs.newline, glyphs.cursor, glyphs.full, glyphs.empty, glyphs.arrow];
        assert!(all.iter().chain(&glyphs.corners).chain(&glyphs.bars).all(|glyph| glyph.is_ascii()));
    }

    #[test]
    fn the_environment_is_read_as_people_mean_it() {
        assert_eq!(Theme::detect(None, Some("en_GB.UTF-8"), Some("xterm")), (false, false));
        assert_eq!(Theme::detect(Some(""), Some("C"), None), (false, true));
        assert_eq!(Theme::detect(Some("1"), Some("C.utf8"), Some("linux")), (true, true));
    }
}
