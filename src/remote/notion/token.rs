//! The secret.

use std::fmt;

use crate::model::Revealed;

/// An integration token. Printing it prints nothing of it; its memory is wiped when it goes.
#[derive(Clone)]
pub struct Token(Revealed);

impl Token {
    /// A token as the operator gave it, without the white space that copying brings along.
    pub fn new(secret: &str) -> Self {
        Self(Revealed::new(secret.trim()))
    }

    /// The value of the `authorization` header.
    pub(super) fn bearer(&self) -> String {
        format!("Bearer {}", self.0.expose())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::Token;

    #[test]
    fn a_token_never_shows_in_debug() {
        let token = Token::new(" ntn_secret\n");
        assert_eq!(token.bearer(), "Bearer ntn_secret");
        assert!(!format!("{token:?}").contains("secret"));
    }
}
