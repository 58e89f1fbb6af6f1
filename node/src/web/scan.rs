//! QR codes read with a camera: a picture comes in a form, is read on this machine and kept nowhere, and the page it
//! was taken for comes back with the code filled in. A script that looks through a camera sends frame after frame
//! here, and is answered with the code alone. Source: spec/page.md, "codes in pictures".

mod picture;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use axum::Router;
use axum::extract::multipart::{Multipart, MultipartRejection};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{ACCEPT, HeaderName};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::App;
use super::ask::{Problem, Visit, Wrong};
use super::{checkin, door, people};
pub use picture::{PIXELS_MAX, PictureError, codes};

/// Where pictures go.
pub const PATH: &str = "/scan";
/// Longest body of a form with a picture in it, in bytes.
pub const PICTURE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How long a picture is looked at.
pub const READ_WITHIN: Duration = Duration::from_secs(10);

pub(super) fn routes() -> Router<App> {
    let most = DefaultBodyLimit::max(PICTURE_BYTES_MAX);
    Router::new().route(PATH, post(scan)).layer(most).layer(axum::middleware::map_response(with_camera))
}

/// Lets a page use the camera of whoever looks at it.
pub(super) async fn with_camera(mut response: Response) -> Response {
    let policy = HeaderValue::from_static("camera=(self), microphone=(), geolocation=()");
    response.headers_mut().insert(PERMISSIONS_POLICY, policy);
    response
}

/// What a page may use of its browser.
pub(super) const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// For which page a picture was taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    Door,
    Checkin,
    People,
}

impl Place {
    fn named(word: &str) -> Option<Self> {
        [("door", Self::Door), ("checkin", Self::Checkin), ("people", Self::People)]
            .into_iter()
            .find(|(name, _)| *name == word)
            .map(|(_, place)| place)
    }

    /// Whether this is a code that the page asks for.
    fn asks_for(self, code: &str) -> bool {
        match self {
            Self::Door => code.starts_with("klatch:guest/1/"),
            Self::Checkin => code.starts_with("klatch:door/1/"),
            Self::People => code.starts_with("klatch:") || code.starts_with("feed1"),
        }
    }
}

/// A form with a picture.
#[derive(Debug, Default)]
struct Sent {
    place: String,
    event: String,
    on: Option<String>,
    picture: Vec<u8>,
}

impl Sent {
    /// `None` where it is no such form.
    async fn of(multipart: Result<Multipart, MultipartRejection>) -> Option<Self> {
        let (mut multipart, mut sent) = (multipart.ok()?, Self::default());
        while let Some(field) = multipart.next_field().await.ok()? {
            match field.name().unwrap_or_default() {
                "picture" => sent.picture = field.bytes().await.ok()?.to_vec(),
                "for" => sent.place = field.text().await.ok()?,
                "event" => sent.event = field.text().await.ok()?,
                "on" => sent.on = Some(field.text().await.ok()?).filter(|on| !on.is_empty()),
                _ => {}
            }
        }
        Some(sent)
    }
}

/// The codes in it, read by `klatch scan` in a process of its own, which may break or be ended: what somebody holds
/// before a camera takes nothing from this node.
async fn read(picture: &[u8], home: &Path) -> Result<Vec<String>, PictureError> {
    let program = match cfg!(target_os = "linux") {
        true => PathBuf::from("/proc/self/exe"), // This very program, should there be another in its place by now.
        false => std::env::current_exe().map_err(|_| PictureError::Broken)?,
    };
    let mut command = Command::new(program);
    command.args(["scan", "-", "--for-page", "--home"]).arg(home).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let ran = async {
        let mut child = command.spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(picture).await?;
        }
        child.wait_with_output().await
    };
    match tokio::time::timeout(READ_WITHIN, ran).await {
        // It says nothing where it was ended: there is none that can be read in time.
        Ok(Ok(output)) => serde_json::from_slice(&output.stdout).unwrap_or(Ok(Vec::new())),
        Err(_) => Ok(Vec::new()),
        Ok(Err(error)) => {
            tracing::warn!(%error, "a picture cannot be read");
            Err(PictureError::Broken)
        }
    }
}

async fn scan(
    State(app): State<App>,
    visit: Visit,
    headers: HeaderMap,
    multipart: Result<Multipart, MultipartRejection>,
) -> Response {
    let unreadable = || Problem::new(visit.look.clone(), StatusCode::BAD_REQUEST, "problem-form");
    let Some(sent) = Sent::of(multipart).await else { return unreadable().into_response() };
    let Some(place) = Place::named(&sent.place) else { return visit.nothing().into_response() };
    let found = match read(&sent.picture, app.home().dir()).await {
        Ok(codes) if codes.is_empty() => Err("scan-nothing"),
        Ok(codes) => codes.into_iter().find(|code| place.asks_for(code)).ok_or("scan-other"),
        Err(PictureError::Pixels { .. }) => Err("scan-pixels"),
        Err(PictureError::Cut) => Err("scan-cut"),
        Err(PictureError::Kind | PictureError::Broken | PictureError::Bytes) => Err("scan-kind"),
    };
    if headers.get(ACCEPT).is_some_and(|accept| accept == "text/plain") {
        return match found {
            Ok(code) => code.into_response(),
            Err("scan-nothing") => StatusCode::NO_CONTENT.into_response(),
            Err(key) => (StatusCode::UNPROCESSABLE_ENTITY, visit.words().say(key)).into_response(),
        };
    }
    let code = found.map_err(|key| Wrong::said(visit.words(), key));
    match place {
        Place::Door => door::filled(&visit, &sent.event, sent.on, code).await,
        Place::Checkin => checkin::filled(&visit, sent.event, sent.on, code).await,
        Place::People => people::filled(&visit, code).await,
    }
}
