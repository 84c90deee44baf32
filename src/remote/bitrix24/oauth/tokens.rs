//! One pair of tokens, and what was said with it.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::model::Revealed;

/// How long before its end a token counts as expired at most: a request takes a while.
const EARLY: SignedDuration = SignedDuration::from_secs(30);
/// How long a token counts as just given at most.
const YOUNG: SignedDuration = SignedDuration::from_secs(60);
/// How long a token lives, where nothing else is told.
const LIFE: i64 = 3600;

/// A pair of tokens with the addresses it is for.
#[derive(Clone, PartialEq, Eq)]
pub struct Tokens {
    /// Opens calls, for an hour.
    pub access: Revealed,
    /// Gets the next pair, once.
    pub refresh: Revealed,
    /// When we got them, by our own clock.
    pub obtained: Timestamp,
    /// When the access token ends, by our own clock.
    pub expires: Timestamp,
    /// The portal's REST as the grant, or a redirection since, named it.
    pub endpoint: String,
    /// The authorization server's address as the grant named it.
    pub server: Option<String>,
    /// The portal's lasting key; empty where it was not told.
    pub member: String,
}

/// The tokens stay out.
impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("expires", &self.expires)
            .field("endpoint", &self.endpoint)
            .field("member", &self.member)
            .finish_non_exhaustive()
    }
}

/// How they are kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    access: String,
    refresh: String,
    obtained: Timestamp,
    expires: Timestamp,
    endpoint: String,
    server: Option<String>,
    member: String,
}

impl Tokens {
    /// The tokens of a grant: members of the authorization server's answer or of an installation's `auth`, in which every
    /// number may be text. `None` where one of the two tokens or the portal's address is missing.
    pub fn granted(said: &Json, now: Timestamp) -> Option<Self> {
        let text = |key: &str| said[key].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let number = |key: &str| number(said, key);
        // What is left counts, and not the moment: the two clocks may differ.
        let left =
            number("expires_in").or_else(|| Some(number("expires")?.saturating_sub(now.as_second()))).unwrap_or(LIFE);
        let left = SignedDuration::from_secs(left.clamp(0, 24 * 3600));
        Some(Self {
            access: Revealed::new(text("access_token")?),
            refresh: Revealed::new(text("refresh_token")?),
            obtained: now,
            expires: now.checked_add(left).unwrap_or(now),
            endpoint: text("client_endpoint")?,
            server: text("server_endpoint"),
            member: text("member_id").unwrap_or_default(),
        })
    }

    /// The same of tokens that did not come as an answer: nobody knows how long they lay somewhere. So the moment at which
    /// they end counts too, and whichever is sooner.
    pub fn installed(said: &Json, now: Timestamp) -> Option<Self> {
        let mut tokens = Self::granted(said, now)?;
        let life = tokens.expires.duration_since(now);
        if let Some(ends) = number(said, "expires").and_then(|ends| Timestamp::from_second(ends).ok()) {
            tokens.expires = tokens.expires.min(ends);
        }
        tokens.obtained = tokens.expires.checked_sub(life).unwrap_or(now).min(now);
        Some(tokens)
    }

    /// Whether the access token has ended, or is about to. Of a short life a tenth is enough to be early.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires.duration_since(now) <= EARLY.min(self.life() / 10)
    }

    /// Whether they were given just now: a quarter of their life ago at most. Where the clock was set back since, nobody knows,
    /// and they count as old.
    pub fn is_young(&self, now: Timestamp) -> bool {
        let age = now.duration_since(self.obtained);
        age >= SignedDuration::ZERO && age < YOUNG.min(self.life() / 4)
    }

    fn life(&self) -> SignedDuration {
        self.expires.duration_since(self.obtained).max(SignedDuration::ZERO)
    }

    /// As one secret to be kept.
    pub fn kept(&self) -> Option<Revealed> {
        let kept = Kept {
            access: self.access.expose().to_owned(),
            refresh: self.refresh.expose().to_owned(),
            obtained: self.obtained,
            expires: self.expires,
            endpoint: self.endpoint.clone(),
            server: self.server.clone(),
            member: self.member.clone(),
        };
        let text = serde_json::to_string(&kept).ok().map(Revealed::new);
        drop((zeroize::Zeroizing::new(kept.access), zeroize::Zeroizing::new(kept.refresh)));
        text
    }

    /// What was kept; `None` where that is something else.
    pub fn read(kept: &Revealed) -> Option<Self> {
        let Kept { access, refresh, obtained, expires, endpoint, server, member } =
            serde_json::from_str(kept.expose()).ok()?;
        let (access, refresh) = (Revealed::new(access), Revealed::new(refresh));
        Some(Self { access, refresh, obtained, expires, endpoint, server, member })
    }
}

fn number(said: &Json, key: &str) -> Option<i64> {
    said[key].as_i64().or_else(|| said[key].as_str()?.parse().ok())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said() -> Json {
        json!({
            "access_token": "a-secret", "refresh_token": "r-secret", "expires_in": 3600, "expires": 1,
            "client_endpoint": "https://x.bitrix24.com/rest/", "server_endpoint": "https://oauth.bitrix.info/rest/",
            "member_id": "m",
        })
    }

    #[test]
    fn what_is_kept_is_read_again_and_nothing_shows_the_tokens() {
        let now: Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
        let tokens = Tokens::granted(&said(), now).unwrap();
        assert_eq!(Tokens::read(&tokens.kept().unwrap()).unwrap(), tokens);
        assert!(!format!("{tokens:?}").contains("secret"));
        assert!(!tokens.has_expired(now + SignedDuration::from_secs(3500)));
        assert!(tokens.has_expired(now + SignedDuration::from_secs(3571)), "the other clock does not count");
        assert_eq!(Tokens::read(&Revealed::new("{}")), None);
    }

    #[test]
    fn numbers_may_be_text_and_the_moment_will_do() {
        let now = Timestamp::from_second(1_000).unwrap();
        let mut told = said();
        told["expires_in"] = json!("60");
        assert_eq!(Tokens::granted(&told, now).unwrap().expires.as_second(), 1_060);
        told.as_object_mut().unwrap().remove("expires_in");
        told["expires"] = json!(1_200);
        assert_eq!(Tokens::granted(&told, now).unwrap().expires.as_second(), 1_200);
        for missing in ["access_token", "refresh_token", "client_endpoint"] {
            let mut told = said();
            told[missing] = json!("");
            assert_eq!(Tokens::granted(&told, now), None, "{missing}");
        }
    }

    #[test]
    fn tokens_that_lay_somewhere_end_when_they_say_and_not_an_hour_after_they_were_pasted() {
        let now = Timestamp::from_second(10_000).unwrap();
        let mut told = said();
        told["expires"] = json!("10600");
        let tokens = Tokens::installed(&told, now).unwrap();
        assert_eq!((tokens.expires.as_second(), tokens.obtained.as_second()), (10_600, 7_000));
        assert!(!tokens.is_young(now), "they are fifty minutes old");
        told["expires"] = json!(99_999);
        assert_eq!(Tokens::installed(&told, now).unwrap().expires.as_second(), 13_600, "the other clock is ahead");
        told["expires"] = json!(9_000);
        assert!(Tokens::installed(&told, now).unwrap().has_expired(now));
    }

    #[test]
    fn a_clock_that_was_set_back_makes_tokens_old_and_a_short_life_has_short_margins() {
        let now = Timestamp::from_second(10_000).unwrap();
        let tokens = Tokens::granted(&said(), now).unwrap();
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        assert!(tokens.is_young(at(10_059)) && !tokens.is_young(at(10_060)) && !tokens.is_young(at(9_000)));
        let mut told = said();
        told["expires_in"] = json!(40);
        let short = Tokens::granted(&told, now).unwrap();
        assert!(!short.has_expired(at(10_035)) && short.has_expired(at(10_036)));
        assert!(short.is_young(at(10_009)) && !short.is_young(at(10_010)));
    }
}
