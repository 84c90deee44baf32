//! A secret on its way from where it is kept to the one place that sends it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, TryLockError, Weak};

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A secret, wiped from memory when the last that holds it is dropped, that does not show itself.
#[derive(Clone)]
pub struct Revealed(Arc<Zeroizing<String>>);

/// Every secret that somebody holds: what a mistake of ours says must show none of them, whoever made the text.
static HELD: Mutex<Vec<Weak<Zeroizing<String>>>> = Mutex::new(Vec::new());

/// Shorter texts are no secrets: taken out, they would leave holes in everything.
const SHORTEST: usize = 6;
/// Parts of a secret that are as long are taken out by themselves: of a webhook's address, of tokens that lie together.
const PART: usize = 10;

impl Revealed {
    /// A secret that came from elsewhere.
    pub fn new(secret: impl Into<String>) -> Self {
        let secret = Arc::new(Zeroizing::new(secret.into()));
        let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|it| it.strong_count() > 0);
        held.push(Arc::downgrade(&secret));
        Self(secret)
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

/// A text without any secret that is held now, whole or in its long parts.
pub fn hidden(text: &str) -> String {
    let held = match HELD.try_lock() {
        Ok(held) => held,
        Err(TryLockError::Poisoned(held)) => held.into_inner(),
        // Whoever broke may have had it.
        Err(TryLockError::WouldBlock) => return "(left out, for it may show a secret)".to_owned(),
    };
    let held: Vec<_> = held.iter().filter_map(Weak::upgrade).collect();
    let whole = held.iter().map(|it| it.as_str()).filter(|it| it.len() >= SHORTEST);
    let inside = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    let parts = held.iter().flat_map(|it| it.split(move |letter| !inside(letter))).filter(|it| it.len() >= PART);
    let mut secrets: Vec<&str> = whole.chain(parts).collect();
    // One that holds another goes first.
    secrets.sort_by_key(|it| std::cmp::Reverse(it.len()));
    secrets.into_iter().fold(text.to_owned(), |text, secret| text.replace(secret, "…"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_taken_out_of_a_text_and_what_was_let_go_is_not() {
        let hook = Revealed::new("https://portal.example/rest/1/q9w8e7r6t5y4/");
        let (short, word) = (Revealed::new("cat"), Revealed::new("correct horse"));
        let text = "the cat asked /rest/1/q9w8e7r6t5y4/crm.item.list with correct horse";
        assert_eq!(hidden(text), "the cat asked /rest/1/…/crm.item.list with …");
        let whole = hook.expose().to_owned();
        assert_eq!(hidden(&format!("{whole}!")), "…!");
        let copy = hook.clone();
        drop((hook, word, short));
        assert_eq!(hidden("q9w8e7r6t5y4 correct horse"), "… correct horse");
        drop(copy);
        assert_eq!(hidden("q9w8e7r6t5y4"), "q9w8e7r6t5y4");
    }
}
