//! The tokens of one application in this process: kept, renewed, and never used before they are durable.
//!
//! A refresh token is good once, so at most one refresh is under way: in this process by a lock that all requests wait at
//! and whose holder's outcome counts for them all, among processes by [`Secrets::claim`]. A refresh runs in a task of its
//! own: whoever asked may be dropped, and what the server gave must not be dropped with him; a process that ends waits for
//! it ([`settled`]). The server is asked only while what is kept can be written; new tokens that cannot be kept all the same
//! are not used, and are tried to be kept again before anything else, unless others were kept meanwhile.

use std::any::Any;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::{AuthorizationServer, Grant, Refused, Tokens};
use crate::model::Revealed;
use crate::seam::{Secrets, SecretsError, WallClock};

/// The name under which the tokens are kept.
pub const SECRET_NAME: &str = "bitrix24.tokens";

/// Sooner than this a move is not followed by another: something else is wrong. So it is where the portal calls a token
/// expired that was given just now ([`Tokens::is_young`]), and Bitrix24 blocks applications that refresh without need.
const AT_ONCE: SignedDuration = SignedDuration::from_secs(60);

/// How long another process may exchange tokens until it is taken to hang, and how often it is looked whether it still does. A
/// request to the authorization server takes 65 s at most.
const CLAIMED: (Duration, Duration) = (Duration::from_secs(75), Duration::from_millis(50));

/// What sessions of this process do with tokens.
static UNDER_WAY: LazyLock<TaskTracker> = LazyLock::new(TaskTracker::new);

/// Waits until no session of this process exchanges or keeps tokens. A process that ended amid that would have spent a
/// refresh token, and lost what it got for it.
pub async fn settled() {
    UNDER_WAY.close();
    UNDER_WAY.wait().await;
}

/// The tokens of one application; clones share them.
#[derive(Clone)]
pub struct Session {
    inner: Arc<Inner>,
}

struct Inner {
    server: AuthorizationServer,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn WallClock>,
    /// How many attempts at tokens have ended.
    attempts: AtomicU64,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    tokens: Option<Arc<Tokens>>,
    /// New tokens that are not durable yet.
    unkept: Option<Unkept>,
    /// How the last attempt failed, if it did.
    failed: Option<Refused>,
    /// The refresh token that the server refused for good.
    refused: Option<Revealed>,
    moved: Option<Timestamp>,
}

/// Tokens that could not be kept.
struct Unkept {
    tokens: Tokens,
    /// The refresh token that was kept when they came. Where it is another by now, others were kept that are newer.
    beside: Option<Revealed>,
}

/// Nothing of the tokens.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session")
    }
}

/// What a request found wrong with the tokens it was sent with.
#[derive(Debug, Clone)]
enum Wrong {
    /// Nothing; there may be none yet.
    Nothing,
    /// They have expired.
    Expired(Arc<Tokens>),
    /// They open nothing. Others may have been kept by another process.
    Void(Arc<Tokens>),
}

impl Session {
    /// The session of an application; its tokens are read when they are needed first.
    pub fn new(server: AuthorizationServer, secrets: Arc<dyn Secrets>, clock: Arc<dyn WallClock>) -> Self {
        let inner = Inner { server, secrets, clock, attempts: AtomicU64::new(0), held: Mutex::default() };
        Self { inner: Arc::new(inner) }
    }

    pub(super) fn server(&self) -> &AuthorizationServer {
        &self.inner.server
    }

    /// Exchanges a code for the first tokens, and keeps them.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn authorise(&self, code: Revealed, server: Option<String>) -> Result<Arc<Tokens>, Refused> {
        let inner = Arc::clone(&self.inner);
        detached(async move {
            let mut held = inner.held.lock().await;
            let _claim = inner.claim().await?;
            let beside = inner.kept_refresh().await?;
            let tokens = inner.server.tokens(Grant::Code(&code), server.as_deref(), inner.clock.now()).await?;
            inner.keep(&mut held, tokens, beside).await
        })
        .await
    }

    /// Keeps tokens that an installation sent.
    ///
    /// # Errors
    /// [`Refused`]: they are for another portal, or cannot be kept.
    pub async fn install(&self, tokens: Tokens) -> Result<Arc<Tokens>, Refused> {
        if self.inner.server.hosts().rest(&tokens.endpoint).is_none() {
            return Err(Refused::Never(
                "the installation's tokens are for another portal than `[crm] oauth` names".into(),
            ));
        }
        let inner = Arc::clone(&self.inner);
        detached(async move {
            let mut held = inner.held.lock().await;
            let _claim = inner.claim().await?;
            let beside = inner.kept_refresh().await?;
            inner.keep(&mut held, tokens, beside).await
        })
        .await
    }

    /// Takes the tokens of an installation that nobody can vouch for: they are kept if the authorization server renews them
    /// for us, which it does for our own application's alone, and if they are the same portal's as those that there are.
    ///
    /// # Errors
    /// [`Refused`]: they are for another portal or another application, or they cannot be kept.
    pub async fn installed(&self, tokens: Tokens) -> Result<Arc<Tokens>, Refused> {
        if self.inner.server.hosts().rest(&tokens.endpoint).is_none() {
            return Err(Refused::Never("they are for another portal than `[crm] oauth` names".into()));
        }
        let inner = Arc::clone(&self.inner);
        detached(async move {
            let mut held = inner.held.lock().await;
            let _claim = inner.claim().await?;
            let kept = match inner.read().await {
                Ok(kept) => Some(kept),
                Err(Refused::Authorise(_)) => None,
                Err(other) => return Err(other),
            };
            let another = || {
                let why = "they are another portal's than the tokens that there are; if the portal is another one now, run \
                           `crosstie authorize bitrix24`";
                Refused::Never(why.into())
            };
            // Before the server is asked: whoever does not know the portal makes us ask for nothing.
            if kept.as_ref().is_some_and(|kept| !inner.is_told_of(&tokens, kept)) {
                return Err(another());
            }
            if let Some(kept) = &kept {
                inner.can_keep(kept).await?;
            }
            let now = inner.clock.now();
            let proven = inner.server.tokens(Grant::Refresh(&tokens.refresh), tokens.server.as_deref(), now).await?;
            if !tokens.member.is_empty() && !proven.member.is_empty() && proven.member != tokens.member {
                return Err(Refused::Never("they are another portal's than the call says".into()));
            }
            if kept.as_ref().is_some_and(|kept| !inner.is_same_portal(&proven, kept)) {
                return Err(another());
            }
            inner.keep(&mut held, proven, kept.map(|kept| kept.refresh)).await
        })
        .await
    }

    /// Tokens to send a request with, renewed if they have expired.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn tokens(&self) -> Result<Arc<Tokens>, Refused> {
        self.mended(Wrong::Nothing).await
    }

    /// Tokens in place of those that the portal calls expired; the same ones if they are too young for that.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn renewed(&self, expired: &Arc<Tokens>) -> Result<Arc<Tokens>, Refused> {
        self.mended(Wrong::Expired(Arc::clone(expired))).await
    }

    /// Tokens in place of those that open nothing; the same ones if no others were kept.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn replaced(&self, void: &Arc<Tokens>) -> Result<Arc<Tokens>, Refused> {
        self.mended(Wrong::Void(Arc::clone(void))).await
    }

    /// Remembers that the portal has moved; `false` if tokens may not follow it there, or if it has moved just now.
    pub async fn moved(&self, to: &str) -> bool {
        let Some(base) = self.inner.server.hosts().rest(to) else { return false };
        let inner = Arc::clone(&self.inner);
        let to = to.to_owned();
        let done = detached(async move {
            let mut held = inner.held.lock().await;
            let Some(now_held) = held.tokens.clone() else { return Ok(false) };
            let here = inner.server.hosts().rest(&now_held.endpoint);
            if here.as_deref() == Some(base.as_str()) {
                // Another request has followed it already.
                return Ok(true);
            }
            let now = inner.clock.now();
            if held.moved.is_some_and(|at| (SignedDuration::ZERO..AT_ONCE).contains(&now.duration_since(at))) {
                return Ok(false);
            }
            // Another process may have newer tokens than we do: those are told the new address.
            let _claim = inner.claim().await?;
            let tokens = Tokens { endpoint: to, ..inner.read().await? };
            let beside = Some(tokens.refresh.clone());
            inner.keep(&mut held, tokens, beside).await?;
            held.moved = Some(now);
            Ok(true)
        });
        done.await.unwrap_or(false)
    }

    async fn mended(&self, wrong: Wrong) -> Result<Arc<Tokens>, Refused> {
        let inner = Arc::clone(&self.inner);
        // An attempt that ends while this one waits for its turn has its outcome for both.
        let before = inner.attempts.load(Ordering::Acquire);
        detached(async move {
            let mut held = inner.held.lock().await;
            if inner.attempts.load(Ordering::Acquire) != before
                && let Some(failed) = &held.failed
            {
                return Err(failed.clone());
            }
            let outcome = inner.attempt(&mut held, &wrong).await;
            held.failed = outcome.as_ref().err().cloned();
            if held.failed.is_some() {
                inner.attempts.fetch_add(1, Ordering::Release);
            }
            outcome
        })
        .await
    }
}

impl Inner {
    async fn attempt(&self, held: &mut Held, wrong: &Wrong) -> Result<Arc<Tokens>, Refused> {
        self.keep_late(held).await?;
        let now = self.clock.now();
        if let Some(tokens) = held.tokens.as_ref().filter(|tokens| self.will_do(tokens, wrong, now)) {
            return Ok(Arc::clone(tokens));
        }
        // Another process may have got newer ones, or be about to.
        let claim = self.claim().await?;
        let kept = self.read().await?;
        let tokens = match &held.tokens {
            Some(held) if held.access == kept.access => Arc::clone(held),
            _ => Arc::new(kept),
        };
        held.tokens = Some(Arc::clone(&tokens));
        if self.will_do(&tokens, wrong, now) || matches!(wrong, Wrong::Void(_)) {
            return Ok(tokens);
        }
        if held.refused.as_ref() == Some(&tokens.refresh) {
            return Err(Refused::Authorise(
                "Bitrix24 no longer lets crosstie in: it refused to renew its tokens".into(),
            ));
        }
        self.can_keep(&tokens).await?;
        let renewed = self.server.tokens(Grant::Refresh(&tokens.refresh), tokens.server.as_deref(), now).await;
        let renewed = match renewed {
            Ok(renewed) => renewed,
            Err(refused) => {
                if matches!(refused, Refused::Authorise(_)) {
                    held.refused = Some(tokens.refresh.clone());
                }
                return Err(refused);
            }
        };
        if !tokens.member.is_empty() && !renewed.member.is_empty() && renewed.member != tokens.member {
            return Err(Refused::Never(
                "the renewed tokens are another portal's than before; check `[crm] oauth`".into(),
            ));
        }
        // A move is remembered for as long as the server does not name the new host itself.
        let renewed =
            if held.moved.is_some() { Tokens { endpoint: tokens.endpoint.clone(), ..renewed } } else { renewed };
        let renewed = self.keep(held, renewed, Some(tokens.refresh.clone())).await;
        drop(claim);
        renewed
    }

    /// Whether an installation tells of the portal whose tokens are kept, by its lasting key where that is known.
    fn is_told_of(&self, told: &Tokens, kept: &Tokens) -> bool {
        if kept.member.is_empty() { self.is_same_place(told, kept) } else { told.member == kept.member }
    }

    /// Whether the server's tokens are for the portal whose tokens are kept; by its address where no key is told.
    fn is_same_portal(&self, proven: &Tokens, kept: &Tokens) -> bool {
        if proven.member.is_empty() { self.is_same_place(proven, kept) } else { self.is_told_of(proven, kept) }
    }

    fn is_same_place(&self, one: &Tokens, other: &Tokens) -> bool {
        let hosts = self.server.hosts();
        hosts.rest(&one.endpoint) == hosts.rest(&other.endpoint)
    }

    /// Whether a request can be sent with these.
    fn will_do(&self, tokens: &Arc<Tokens>, wrong: &Wrong, now: Timestamp) -> bool {
        match wrong {
            Wrong::Nothing => !tokens.has_expired(now),
            Wrong::Expired(old) if old.access == tokens.access => tokens.is_young(now),
            Wrong::Void(old) if old.access == tokens.access => false,
            Wrong::Expired(_) | Wrong::Void(_) => !tokens.has_expired(now),
        }
    }

    /// Waits until no other process exchanges tokens; one that has stopped amid it is not waited for without end.
    async fn claim(&self) -> Result<Box<dyn Any + Send>, Refused> {
        let until = Instant::now() + CLAIMED.0;
        loop {
            let secrets = Arc::clone(&self.secrets);
            let claim = spawn_blocking(move || secrets.claim()).await.map_err(|_| broken())?.map_err(unusable)?;
            match claim {
                Some(claim) => return Ok(claim),
                None if Instant::now() < until => tokio::time::sleep(CLAIMED.1).await,
                None => {
                    return Err(Refused::Later(format!(
                        "another crosstie on this host has been exchanging tokens for more than {} s: end it, or let it go on",
                        CLAIMED.0.as_secs()
                    )));
                }
            }
        }
    }

    async fn read(&self) -> Result<Tokens, Refused> {
        let secrets = Arc::clone(&self.secrets);
        let kept = spawn_blocking(move || secrets.get(SECRET_NAME)).await.map_err(|_| broken())?.map_err(unusable)?;
        let nobody = || Refused::Authorise("nobody has let crosstie into the portal yet".into());
        let kept = kept.ok_or_else(nobody)?;
        Tokens::read(&kept).ok_or_else(|| Refused::Authorise("the kept tokens are not understood".into()))
    }

    /// The refresh token that is kept, if tokens are.
    async fn kept_refresh(&self) -> Result<Option<Revealed>, Refused> {
        match self.read().await {
            Ok(kept) => Ok(Some(kept.refresh)),
            Err(Refused::Authorise(_)) => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// Whether what is kept can be kept once more, as new tokens will have to be. Once the server has been asked, the old ones
    /// are spent.
    async fn can_keep(&self, kept: &Tokens) -> Result<(), Refused> {
        let is_full =
            |error: String| Refused::Later(format!("tokens are not renewed while new ones could not be kept: {error}"));
        self.put(kept).await?.map_err(|error| is_full(error.to_string()))
    }

    /// Keeps what could not be kept, unless others were kept meanwhile: somebody has let crosstie in anew.
    async fn keep_late(&self, held: &mut Held) -> Result<(), Refused> {
        if held.unkept.is_none() {
            return Ok(());
        }
        let _claim = self.claim().await?;
        let kept = self.kept_refresh().await?;
        match held.unkept.take() {
            Some(Unkept { tokens, beside }) if beside == kept => self.keep(held, tokens, beside).await.map(drop),
            _ => Ok(()),
        }
    }

    /// Makes tokens durable, and only then holds them for requests.
    async fn keep(&self, held: &mut Held, tokens: Tokens, beside: Option<Revealed>) -> Result<Arc<Tokens>, Refused> {
        let why = match self.put(&tokens).await {
            Ok(Ok(())) => {
                let tokens = Arc::new(tokens);
                held.tokens = Some(Arc::clone(&tokens));
                (held.refused, held.unkept) = (None, None);
                return Ok(tokens);
            }
            Ok(Err(error)) => {
                Refused::Later(format!("new tokens are there and are not used before they are kept: {error}"))
            }
            Err(refused) => refused,
        };
        held.unkept = Some(Unkept { tokens, beside });
        Err(why)
    }

    async fn put(&self, tokens: &Tokens) -> Result<Result<(), SecretsError>, Refused> {
        let secrets = Arc::clone(&self.secrets);
        let kept = tokens.kept().ok_or_else(broken)?;
        spawn_blocking(move || secrets.put(SECRET_NAME, &kept)).await.map_err(|_| broken())
    }
}

/// Runs to its end whether or not anybody still waits for it.
async fn detached<T: Send + 'static>(
    work: impl Future<Output = Result<T, Refused>> + Send + 'static,
) -> Result<T, Refused> {
    UNDER_WAY.spawn(work).await.unwrap_or_else(|_| Err(broken()))
}

/// What a disk does may pass; a key that does not fit does not.
fn unusable(error: SecretsError) -> Refused {
    match error {
        SecretsError::Failed { .. } => Refused::Later(error.to_string()),
        other => Refused::Never(other.to_string()),
    }
}

fn broken() -> Refused {
    Refused::Later("the program is ending".into())
}
