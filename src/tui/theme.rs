//! How things look, by role. Sixteen colours of the operator's own palette, true colours where the terminal offers them,
//! two sets for eyes that tell fewer colours apart, or none at all; never colour alone: every state has a sign or a word too.
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
    Changed,
}

/// Characters for things. All are one cell wide everywhere and no emoji.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Glyphs {
    pub ellipsis: &'static str,
    pub newline: &'static str,
    pub gutter: &'static str,
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
    gutter: "┊",
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
    gutter: ":",
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

/// A set of colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Name {
    /// The sixteen colours of the operator's own palette.
    #[default]
    Ansi,
    /// Softer ones of our own.
    Vivid,
    /// Blue and orange: for eyes that do not tell red from green.
    Deuteranopia,
    /// Teal and red: for eyes that do not tell blue from green.
    Tritanopia,
    /// None: bold, underlined and reversed text alone.
    Mono,
}

impl Name {
    /// All of them.
    pub const ALL: [Name; 5] = [Name::Ansi, Name::Vivid, Name::Deuteranopia, Name::Tritanopia, Name::Mono];

    /// As it is written in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Name::Ansi => "ansi",
            Name::Vivid => "vivid",
            Name::Deuteranopia => "deuteranopia",
            Name::Tritanopia => "tritanopia",
            Name::Mono => "mono",
        }
    }

    /// The set of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == name)
    }

    /// Its colours, each as true colour and as the nearest of the sixteen.
    fn palette(self) -> Palette {
        let c = |r, g, b, near| (Color::Rgb(r, g, b), near);
        match self {
            // Two sides, three states and one accent: nothing else has a colour.
            Name::Ansi | Name::Mono => Palette {
                dim: (Color::DarkGray, Color::DarkGray),
                accent: (Color::Cyan, Color::Cyan),
                good: (Color::Green, Color::Green),
                warn: (Color::Yellow, Color::Yellow),
                bad: (Color::Red, Color::Red),
                crm: (Color::Blue, Color::Blue),
                notion: (Color::Magenta, Color::Magenta),
            },
            Name::Vivid => Palette {
                dim: c(128, 136, 150, Color::DarkGray),
                accent: c(86, 182, 194, Color::Cyan),
                good: c(126, 190, 104, Color::Green),
                warn: c(224, 175, 90, Color::Yellow),
                bad: c(232, 98, 104, Color::Red),
                crm: c(97, 162, 240, Color::LightBlue),
                notion: c(200, 130, 222, Color::Magenta),
            },
            // After Okabe and Ito.
            Name::Deuteranopia => Palette {
                dim: c(140, 140, 140, Color::DarkGray),
                accent: c(204, 121, 167, Color::LightMagenta),
                good: c(86, 180, 233, Color::LightCyan),
                warn: c(230, 159, 0, Color::Yellow),
                bad: c(240, 228, 66, Color::LightYellow),
                crm: c(60, 140, 214, Color::LightBlue),
                notion: c(213, 94, 0, Color::LightRed),
            },
            Name::Tritanopia => Palette {
                dim: c(140, 140, 140, Color::DarkGray),
                accent: c(255, 255, 255, Color::White),
                good: c(0, 179, 179, Color::Cyan),
                warn: c(255, 154, 162, Color::LightRed),
                bad: c(227, 40, 40, Color::Red),
                crm: c(0, 150, 160, Color::LightCyan),
                notion: c(255, 111, 145, Color::LightMagenta),
            },
        }
    }
}

/// A colour, and the nearest of the sixteen.
type Paint = (Color, Color);

struct Palette {
    dim: Paint,
    accent: Paint,
    good: Paint,
    warn: Paint,
    bad: Paint,
    crm: Paint,
    notion: Paint,
}

/// Styles and characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    name: Name,
    /// Whether the terminal offers true colours.
    rich: bool,
    /// Whether only ASCII may be drawn by us.
    pub ascii: bool,
    /// The characters.
    pub glyphs: Glyphs,
}

/// What the environment says about colours and characters: the values of `NO_COLOR`, of the first non-empty one of
/// `LC_ALL`, `LC_CTYPE`, `LANG`, of `TERM`, and of `COLORTERM`.
#[derive(Debug, Clone, Copy, Default)]
#[allow(missing_docs)]
pub struct Surroundings<'e> {
    pub no_color: Option<&'e str>,
    pub locale: Option<&'e str>,
    pub term: Option<&'e str>,
    pub colorterm: Option<&'e str>,
}

impl Theme {
    /// A theme: without colours if `mono`, of plain characters if `ascii`.
    pub fn new(mono: bool, ascii: bool) -> Self {
        Self::named(if mono { Name::Mono } else { Name::Ansi }, false, ascii)
    }

    /// A set of colours, as true ones if `rich`, of plain characters if `ascii`.
    pub fn named(name: Name, rich: bool, ascii: bool) -> Self {
        Self { name, rich, ascii, glyphs: if ascii { ASCII } else { UNICODE } }
    }

    /// What is asked for, as far as the surroundings can show it. `NO_COLOR` set to anything outweighs what is asked for.
    pub fn detect(asked: Option<Name>, env: Surroundings<'_>) -> Self {
        let mono = env.no_color.is_some_and(|value| !value.is_empty()) || env.term == Some("dumb");
        let utf8 = env.locale.is_some_and(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
        let rich = env.colorterm.is_some_and(|value| matches!(value, "truecolor" | "24bit"));
        let name = if mono { Name::Mono } else { asked.unwrap_or_default() };
        Self::named(name, rich, !utf8 || env.term == Some("linux"))
    }

    /// The set of colours.
    pub fn name(&self) -> Name {
        self.name
    }

    /// The next set of colours, with the same characters.
    pub fn next(&self) -> Self {
        let at = Name::ALL.iter().position(|name| *name == self.name).map_or(0, |at| at + 1);
        Self::named(Name::ALL[at % Name::ALL.len()], self.rich, self.ascii)
    }

    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        if self.name == Name::Mono {
            // Under NO_COLOR crossterm 0.29 turns each colour into a reset that also ends bold and reverse: so no
            // style here may name a colour.
            return match role {
                Role::Text | Role::Border | Role::Good | Role::Crm | Role::Notion => plain,
                Role::Dim => plain.add_modifier(Modifier::DIM),
                Role::Strong | Role::Accent | Role::Key | Role::Mark | Role::Warn => bold,
                Role::Bad | Role::Changed => bold.add_modifier(Modifier::UNDERLINED),
                Role::Cursor | Role::Badge => plain.add_modifier(Modifier::REVERSED),
            };
        }
        let palette = self.name.palette();
        let of = |(true_one, near): Paint| if self.rich { true_one } else { near };
        match role {
            Role::Text => plain,
            Role::Dim | Role::Border => plain.fg(of(palette.dim)),
            Role::Strong => bold,
            Role::Accent | Role::Key => bold.fg(of(palette.accent)),
            Role::Good => plain.fg(of(palette.good)),
            Role::Warn => plain.fg(of(palette.warn)),
            Role::Bad => bold.fg(of(palette.bad)),
            Role::Crm => plain.fg(of(palette.crm)),
            Role::Notion => plain.fg(of(palette.notion)),
            Role::Cursor => plain.add_modifier(Modifier::REVERSED),
            Role::Badge => Style::new().fg(Color::Black).bg(of(palette.warn)).add_modifier(Modifier::BOLD),
            Role::Mark => bold.fg(of(palette.warn)),
            Role::Changed => bold.add_modifier(Modifier::UNDERLINED),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    const ROLES: [Role; 15] = [
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
        Role::Changed,
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
        let all =
            [glyphs.ellipsis, glyphs.newline, glyphs.gutter, glyphs.cursor, glyphs.full, glyphs.empty, glyphs.arrow];
        assert!(all.iter().chain(&glyphs.corners).chain(&glyphs.bars).all(|glyph| glyph.is_ascii()));
    }

    #[test]
    fn the_environment_is_read_as_people_mean_it() {
        let english = Surroundings { locale: Some("en_GB.UTF-8"), term: Some("xterm"), ..Surroundings::default() };
        assert_eq!(Theme::detect(None, english), Theme::new(false, false));
        let empty = Surroundings { no_color: Some(""), locale: Some("C"), ..Surroundings::default() };
        assert_eq!(Theme::detect(None, empty), Theme::new(false, true));
        let console =
            Surroundings { no_color: Some("1"), locale: Some("C.utf8"), term: Some("linux"), colorterm: None };
        assert_eq!(Theme::detect(Some(Name::Vivid), console), Theme::new(true, true), "NO_COLOR outweighs a theme");
        let rich = Surroundings { colorterm: Some("truecolor"), ..english };
        assert_eq!(Theme::detect(Some(Name::Vivid), rich), Theme::named(Name::Vivid, true, false));
    }

    #[test]
    fn what_a_theme_tells_apart_by_colour_has_different_colours() {
        for name in Name::ALL.into_iter().filter(|name| *name != Name::Mono) {
            for rich in [false, true] {
                let theme = Theme::named(name, rich, false);
                let colours = [Role::Good, Role::Warn, Role::Bad, Role::Crm, Role::Notion, Role::Accent];
                let colours: Vec<_> = colours.iter().filter_map(|role| theme.style(*role).fg).collect();
                let distinct: std::collections::BTreeSet<String> = colours.iter().map(|c| format!("{c:?}")).collect();
                assert_eq!(distinct.len(), 6, "{} {rich}: {colours:?}", name.as_str());
            }
            assert_eq!(Name::parse(name.as_str()), Some(name));
        }
    }

    #[test]
    fn themes_follow_each_other_round() {
        let mut theme = Theme::new(false, true);
        for _ in Name::ALL {
            theme = theme.next();
            assert!(theme.ascii, "the characters stay");
        }
        assert_eq!(theme, Theme::new(false, true));
    }
}
