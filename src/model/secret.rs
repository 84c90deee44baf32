//! A secret on its way from where it is kept to the one place that sends it.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A secret, wiped from memory when dropped, that does not show itself.
#[derive(Clone)]
pub struct Revealed(Zeroizing<String>);

impl Revealed {
    /// A secret that came from elsewhere.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(Zeroizing::new(secret.into()))
    }

    /// The secret itself, for the one place that sends, keeps or compares it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether somebody else told the same; takes the same time wherever the first difference is.
    pub fn is(&self, told: &str) -> bool {
        self.0.as_bytes().ct_eq(told.as_bytes()).into()
    }
}

impl PartialEq for Revealed {
    fn eq(&self, other: &Self) -> bool {
        self.is(other.expose())
    }
}

impl Eq for Revealed {}

impl fmt::Debug for Revealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Revealed(…)")
    }
}
