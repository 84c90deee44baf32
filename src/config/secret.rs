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
}

impl Secret {
    /// Reads the secret by means of the caller: `env` reads a variable, `file` a file.
    ///
    /// # Errors
    /// One sentence that says what is missing and how to mend it, without the secret.
    pub fn resolve(
        &self,
        env: impl Fn(&str) -> Option<String>,
        file: impl Fn(&Path) -> io::Result<String>,
    ) -> Result<Revealed, String> {
        let raw = Zeroizing::new(match self {
            Secret::Env(name) => env(name)
                .ok_or_else(|| format!("the environment variable {name} is not set; export it, or use `file`"))?,
            Secret::File(path) => {
                file(path).map_err(|error| format!("the secret's file {} cannot be read: {error}", path.display()))?
            }
        });
        match raw.trim() {
            "" => Err(match self {
                Secret::Env(name) => format!("the environment variable {name} is empty; set it"),
                Secret::File(path) => format!("the secret's file {} is empty; fill it", path.display()),
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
            reader.done(inner);
            match (env, file) {
                (Some((name, span)), None) => variable(reader, name, span),
                (None, Some(path)) => Some(Secret::File(path)),
                (Some(_), Some(_)) => {
                    reader.refuse(found.span(), format!("`{key}` has both `env` and `file`"), "keep one of them");
                    None
                }
                (None, None) => {
                    reader.refuse(
                        found.span(),
                        format!("`{key}` does not say where the secret is"),
                        format!("write `{example}`"),
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
                    "write `{example}` or `{key} = {{ file = \"...\" }}`, and issue a new secret if this file was ever shared"
                ),
            );
            None
        }
    }
}

fn variable(reader: &mut Reader<'_>, name: String, span: Range<usize>) -> Option<Secret> {
    let good =
        name.chars().enumerate().all(|(at, c)| c == '_' || c.is_ascii_alphabetic() || (at > 0 && c.is_ascii_digit()));
    let looks_secret = ["ntn_", "secret_"].iter().any(|mark| name.to_lowercase().starts_with(mark)) && name.len() > 20;
    if good && !looks_secret {
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
