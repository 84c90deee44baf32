//! What a door's calls are proven with: learned from the system's first call, brought by an installation, noted when it has
//! stood its test.
//!
//! The drawer may take its time (a passphrase is meant to cost something), and anybody can make us open it: so it is asked
//! seldom, where nobody waits for it, and never with the door's state held. Whoever called may hang up meanwhile: what was
//! begun goes on to its end.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Response as HttpResponse, StatusCode};
use tokio::time::Instant;

use super::door::{Inside, Open, Outcome};
use super::kept::{Drawer, Kept};
use super::listen::plain;
use crate::control::{Delivery, Told};
use crate::model::Revealed;
use crate::remote::webhook::Installs;
use crate::seam::Request;

/// Why a secret is not taken in place of one that works.
const ANOTHER: &str =
    "another verification token came, and the one we have works; if it is wanted, `crosstie inlet forget` first";

/// What a call needs.
pub(super) enum Next {
    /// Nothing more than this answer.
    Answer(HttpResponse<Body>),
    /// That it is noted first that the secret has stood its test.
    Note(HttpResponse<Body>),
    /// That this secret is taken, or not.
    Learn(Revealed),
    /// That the installation is looked at.
    Install,
}

/// Whether a door has anything to prove calls with.
#[derive(Clone)]
pub struct Proof(pub(super) Arc<Open>);

impl Proof {
    /// Whether it has now.
    pub fn is_there(&self) -> bool {
        self.0.state().secret.is_some()
    }
}

impl Open {
    /// Takes the secret that a system sends first. Anybody can send one, so the one that has stood its test stays until an
    /// operator takes it away.
    pub async fn learn(self: &Arc<Self>, secret: Revealed) -> HttpResponse<Body> {
        if let Some(answer) = self.known_already(&secret) {
            return answer;
        }
        let door = Arc::clone(self);
        to_its_end(async move {
            let ended = match &door.drawer {
                Some(drawer) => door.settle(drawer, secret).await,
                None => {
                    door.refuse(&mut door.state(), "a secret came, and its own is configured", StatusCode::UNAUTHORIZED)
                }
            };
            door.ended(&mut door.state(), ended)
        })
        .await
    }

    /// What is answered without looking into the drawer, if anything is.
    fn known_already(&self, secret: &Revealed) -> Option<HttpResponse<Body>> {
        let mut state = self.state();
        let known = state.secret.as_ref().map(|kept| (kept.proven, kept.secret == *secret));
        let ended = match known {
            _ if self.drawer.is_none() => return None,
            Some((false, true)) => ("secret", plain(StatusCode::OK, "known already\n")),
            _ if state.learned.another(Instant::now()) => return None,
            Some((true, false)) => self.refuse(&mut state, ANOTHER, StatusCode::UNAUTHORIZED),
            _ => ("refused", plain(StatusCode::SERVICE_UNAVAILABLE, "too many tokens; try again later\n")),
        };
        Some(self.ended(&mut state, ended))
    }

    /// Keeps a secret, unless there is one that works.
    async fn settle(&self, drawer: &Drawer, secret: Revealed) -> Outcome {
        let _alone = self.drawing.lock().await;
        let known = self.state().secret.clone();
        if let Some(known) = known.filter(|kept| kept.proven) {
            // Perhaps it was taken away meanwhile.
            match drawer.load_aside().await {
                // That it works may not be noted there yet.
                Ok(Some(kept)) if kept.secret == known.secret => {}
                Ok(kept) => self.state().secret = kept,
                Err(error) => tracing::warn!("the webhook's secret cannot be read: {error}"),
            }
        }
        let kept = Kept { secret, proven: false };
        if let Some(ended) = self.stands(&mut self.state(), &kept.secret) {
            return ended;
        }
        if let Err(error) = drawer.keep_aside(&kept).await {
            tracing::warn!("the webhook's secret could not be kept, so its sender is told to try again: {error}");
            return ("failed", plain(StatusCode::INTERNAL_SERVER_ERROR, "not kept; try again later\n"));
        }
        let mut state = self.state();
        // The one before it has stood its test meanwhile, and whoever notes that puts it back.
        if let Some(ended) = self.stands(&mut state, &kept.secret) {
            return ended;
        }
        state.secret = Some(kept);
        let told = Told::Secret;
        if self.queue.put(Delivery { side: self.side, event: String::new(), attempt: 1, told }).is_err() {
            tracing::info!("a verification token has come: `crosstie inlet token` shows it");
        }
        ("secret", plain(StatusCode::OK, "kept\n"))
    }

    /// What is answered because of the secret that is there, if it stays.
    fn stands(&self, state: &mut Inside, secret: &Revealed) -> Option<Outcome> {
        let known = state.secret.as_ref()?;
        if known.secret == *secret {
            return Some(("secret", plain(StatusCode::OK, "known already\n")));
        }
        known.proven.then(|| self.refuse(state, ANOTHER, StatusCode::UNAUTHORIZED))
    }

    /// Whether this is the first that was signed with a secret that we learned; from now on that one has stood its test.
    pub fn is_first(&self, state: &mut Inside) -> bool {
        let (Some(_), Some(kept)) = (&self.drawer, &mut state.secret) else { return false };
        !std::mem::replace(&mut kept.proven, true)
    }

    /// Notes that the secret has stood its test, and then answers.
    pub async fn note(self: &Arc<Self>, answer: HttpResponse<Body>) -> HttpResponse<Body> {
        let door = Arc::clone(self);
        to_its_end(async move {
            let _alone = door.drawing.lock().await;
            let kept = door.state().secret.clone().filter(|kept| kept.proven);
            if let (Some(drawer), Some(kept)) = (&door.drawer, kept)
                && let Err(error) = drawer.keep_aside(&kept).await
            {
                tracing::warn!("it could not be noted that the webhook's secret works: {error}");
            }
            answer
        })
        .await
    }

    /// An installation: anybody can send one, so it is proven by asking back, seldom and one at a time.
    pub async fn install(self: &Arc<Self>, call: Request) -> HttpResponse<Body> {
        let alone = Arc::clone(&self.installing).try_lock_owned().ok();
        let alone = alone.filter(|_| self.state().learned.another(Instant::now()));
        let (Some(alone), Some(installs)) = (alone, self.installs.clone()) else {
            return plain(StatusCode::SERVICE_UNAVAILABLE, "too many installations; try again later\n");
        };
        let door = Arc::clone(self);
        to_its_end(async move {
            let answer = door.installed(&*installs, &call).await;
            drop(alone);
            answer
        })
        .await
    }

    async fn installed(&self, installs: &dyn Installs, call: &Request) -> HttpResponse<Body> {
        let secret = match installs.install(call).await {
            Ok(secret) => secret,
            Err(why) => {
                tracing::warn!(side = self.side.as_str(), "{why}");
                let mut state = self.state();
                let why = "an installation came and was not taken; the log says why";
                let ended = self.refuse(&mut state, why, StatusCode::UNAUTHORIZED);
                return self.ended(&mut state, ended);
            }
        };
        let kept = Kept { secret, proven: true };
        if let Some(drawer) = &self.drawer {
            let _alone = self.drawing.lock().await;
            if let Err(error) = drawer.keep_aside(&kept).await {
                tracing::warn!("what proves the application's calls could not be kept: {error}");
            }
            self.state().secret = Some(kept);
        }
        tracing::info!(side = self.side.as_str(), "the application was installed, and its tokens are sealed");
        installs.installed();
        let mut state = self.state();
        let event = "ONAPPINSTALL".to_owned();
        let ended = self.take(&mut state, None, Delivery { side: self.side, event, attempt: 1, told: Told::Nothing });
        self.ended(&mut state, ended)
    }
}

/// Runs to its end whether or not the caller hangs up.
async fn to_its_end(work: impl Future<Output = HttpResponse<Body>> + Send + 'static) -> HttpResponse<Body> {
    let ending = |_| plain(StatusCode::SERVICE_UNAVAILABLE, "the program is ending\n");
    tokio::spawn(work).await.unwrap_or_else(ending)
}
