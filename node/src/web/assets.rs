//! The page's style, scripts and icon: in the binary, each under a path that its content names, so that a
//! browser keeps it for good and still gets the next version at once.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sha2::{Digest, Sha256};

use super::App;
use crate::network::hex;

struct Asset {
    path: String,
    kind: &'static str,
    text: &'static str,
}

impl Asset {
    fn new(name: &str, ending: &str, kind: &'static str, text: &'static str) -> Self {
        let hash = hex(&Sha256::digest(text.as_bytes())[..8]);
        Self { path: format!("/assets/{name}-{hash}.{ending}"), kind, text }
    }
}

static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("style", "css", "text/css; charset=utf-8", include_str!("assets/style.css")));
static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("live", "js", "text/javascript; charset=utf-8", include_str!("assets/live.js"))
});
static SCAN: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("scan", "js", "text/javascript; charset=utf-8", include_str!("assets/scan.js"))
});
static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon", "svg", "image/svg+xml", include_str!("assets/icon.svg")));

pub(super) fn style() -> &'static str {
    &STYLE.path
}
pub(super) fn script() -> &'static str {
    &SCRIPT.path
}
pub(super) fn scan() -> &'static str {
    &SCAN.path
}
pub(super) fn icon() -> &'static str {
    &ICON.path
}

pub(super) fn routes() -> Router<App> {
    Router::new().route("/assets/{name}", get(asset))
}

/// Names are compared and never looked up on a disk.
pub(super) async fn asset(Path(name): Path<String>) -> Response {
    let path = format!("/assets/{name}");
    match [&*STYLE, &*SCRIPT, &*SCAN, &*ICON].into_iter().find(|asset| asset.path == path) {
        Some(Asset { kind, text, .. }) => {
            let headers = [(CONTENT_TYPE, *kind), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
            (headers, *text).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
