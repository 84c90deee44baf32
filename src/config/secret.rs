//! Where a secret is, and how it is read without ever being shown.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::DeValue;
use zeroize::Zeroizing;

use super::read::{Reader, Section};
use crate::model::Revealed;

/// Where a secret is. The secret itself is never part of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    /// In an environment variable of this name.
    Env(String),
    /// In a file, alone; white space around it does not count.
    File(PathBuf),
    /// Among the sealed secrets, under this name: `crosstie secret set NAME`.
    Sealed(String),
}

impl Secret {
    /// Reads the secret by means of the caller: `env` reads a variable, `file` a file, `sealed` a sealed secret.
    ///
    /// # Errors
    /// One sentence that says what is missing and how to mend it, without the secret.
    pub fn resolve(
        &self,
        env: impl Fn(&str) -> Option<String>,
        file: impl Fn(&Path) -> io::Result<String>,
        sealed: impl Fn(&str) -> Result<Option<Revealed>, String>,
    ) -> Result<Revealed, String> {
        let raw = Zeroizing::new(match self {
            Secret::Env(name) => env(name)
                .ok_or_else(|| format!("the environment variable {name} is not set; export it, or use `file`"))?,
            Secret::File(path) => {
                file(path).map_err(|error| format!("the secret's file {} cannot be read: {error}", path.display()))?
            }
            Secret::Sealed(name) => sealed(name)?
                .map(|secret| secret.expose().to_owned())
                .ok_or_else(|| format!("there is no sealed secret `{name}`; `crosstie secret set {name}` keeps one"))?,
        });
        match raw.trim() {
            "" => Err(match self {
                Secret::Env(name) => format!("the environment variable {name} is empty; set it"),
                Secret::File(path) => format!("the secret's file {} is empty; fill it", path.display()),
                Secret::Sealed(name) => {
                    format!("the sealed secret `{name}` is empty; `crosstie secret set {name}` sets it")
                }
            }),
            secret => Ok(Revealed::new(secret.to_owned())),
        }
    }
}

/// A secret under a key, which must be there.
pub(super) fn read(
    reader: &mut Reader<'_>,
    section: &mut Section<'_>,
    key: &'static str,
    example: &str,
) -> Option<Secret> {
    let Some(found) = reader.any(section, key) else {
        reader.missing(section, key, example);
        return None;
    };
    match found.get_ref() {
        DeValue::Table(table) => {
            let mut inner = reader.section("a secret", table, found.span());
            let env = reader.text(&mut inner, "env");
            let file = reader.text(&mut inner, "file").map(|(path, _)| reader.beside(&path));
            let sealed = reader.text(&mut inner, "secret");
            reader.done(inner);
            match (env, file, sealed) {
                (Some((name, span)), None, None) => variable(reader, name, span),
                (None, Some(path), None) => Some(Secret::File(path)),
                (None, None, Some((name, span))) => named(reader, name, span),
                (None, None, None) => {
                    reader.refuse(
                        found.span(),
                        format!("`{key}` does not say where the secret is"),
                        format!("write `{example}`"),
                    );
                    None
                }
                _ => {
                    reader.refuse(
                        found.span(),
                        format!("`{key}` has more than one of `env`, `file` and `secret`"),
                        "keep one of them",
                    );
                    None
                }
            }
        }
        _ => {
            reader.refuse_secret(
                found.span(),
                format!("`{key}` stands in the file itself; a configuration is copied, committed and shown, so a secret in it leaks"),
                format!(
                    "write `{example}`, `{key} = {{ file = \"...\" }}` or, after `crosstie secret set NAME`, `{key} = {{ secret = \"NAME\" }}`, and issue a new secret if this file was ever shared"
                ),
            );
            None
        }
    }
}

/// Whether this can be the name of an environment variable, and does not look like the secret that belongs into one.
pub fn is_variable(name: &str) -> bool {
    let good =
        name.chars().enumerate().all(|(at, c)| c == '_' || c.is_ascii_alphabetic() || (at > 0 && c.is_ascii_digit()));
    let looks_secret = ["ntn_", "secret_"].iter().any(|mark| name.to_lowercase().starts_with(mark)) && name.len() > 20;
    good && !looks_secret
}

fn variable(reader: &mut Reader<'_>, name: String, span: Range<usize>) -> Option<Secret> {
    if is_variable(&name) {
        return Some(Secret::Env(name));
    }
    // The name is not repeated: it may be the secret itself.
    reader.refuse_secret(
        span,
        "`env` takes the name of an environment variable, and this looks like something else",
        "put the secret into a variable and its name here: letters, digits and underscores",
    );
    None
}

fn named(reader: &mut Reader<'_>, name: String, span: Range<usize>) -> Option<Secret> {
    if is_secret_name(&name) {
        return Some(Secret::Sealed(name));
    }
    // The name is not repeated: it may be the secret itself.
    reader.refuse_secret(
        span,
        "`secret` takes the name of a sealed secret, and this looks like something else",
        "keep the secret by `crosstie secret set NAME` and write the name here: lower-case letters, digits, `-` and `_`",
    );
    None
}

/// Whether an operator may give a sealed secret this name. What crosstie keeps for itself has names with spaces.
pub fn is_secret_name(name: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    let looks_secret = ["ntn_", "secret_"].iter().any(|mark| name.starts_with(mark)) && name.len() > 20;
    !name.is_empty() && name.len() <= 64 && name.bytes().all(good) && !looks_secret
}
