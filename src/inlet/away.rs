//! In the place of a workspace that does not run: whoever asks how it is is told so, and whoever calls may come again.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::http::{Response as HttpResponse, StatusCode};
use axum::routing::get;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::Limits;
use super::health;
use super::listen::{self, OpenError, Served, json as json_answer, plain};

/// Listens until `closing`. `why` is shown to whoever asks: nothing of it may be a secret. The address is the
/// one that the inlet has when it runs, and as public as that.
///
/// # Errors
/// [`OpenError::Socket`].
pub async fn away(listen: SocketAddr, why: &'static str, closing: CancellationToken) -> Result<Served, OpenError> {
    let app = Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(async move || not_ready(why)))
        .fallback(async || plain(StatusCode::SERVICE_UNAVAILABLE, "this workspace does not run; try again later\n"));
    listen::only(listen, app, Limits::default(), closing).await
}

fn not_ready(why: &str) -> HttpResponse<Body> {
    let missing = json!([{"what": "engine", "why": why}]);
    json_answer(StatusCode::SERVICE_UNAVAILABLE, &json!({"ready": false, "missing": missing}))
}
