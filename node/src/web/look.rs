//! Which language, light or dark: kept by the browser alone.

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::routing::post;
use serde::Deserialize;

use super::App;
use super::ask::Typed;
use super::frame::Scheme;
use super::words::Words;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/look", post(look))
}

#[derive(Debug, Deserialize)]
struct LookForm {
    lang: Option<String>,
    scheme: Option<String>,
    #[serde(default)]
    back: String,
}

async fn look(Typed(form): Typed<LookForm>) -> Response {
    let kept = |name: &str, value: &str| {
        format!("{name}={value}; HttpOnly; SameSite=Strict; Path=/; Max-Age=31536000")
    };
    let lang = form.lang.as_deref().and_then(Words::of_tag).map(|words| kept("lang", words.tag()));
    let scheme = form.scheme.as_deref().map(|word| kept("scheme", Scheme::of_word(word).word()));
    let cookies: Vec<_> = lang.into_iter().chain(scheme).map(|cookie| (SET_COOKIE, cookie)).collect();
    let back = if is_path(&form.back) { form.back } else { "/".to_owned() };
    (StatusCode::SEE_OTHER, AppendHeaders(cookies), [(LOCATION, back)]).into_response()
}

/// Whether a text leads to a page here and nowhere else.
fn is_path(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_".contains(&byte);
    let asked = |byte: u8| plain(byte) || b"=&%.~:+".contains(&byte);
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    path.starts_with('/') && !path.starts_with("//") && path.bytes().all(plain) && query.bytes().all(asked)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_way_back_stays_here() {
        for good in ["/", "/settings", "/event/entry1q?on=2037-12-01T18:30", "/?q=a%20b+c&skip=40"] {
            assert!(super::is_path(good), "{good}");
        }
        for bad in [
            "",
            "settings",
            "//evil.example",
            "/\\evil.example",
            "/a?//\\b",
            "/a?b\r\nc",
            "https://evil.example",
            "/a\r\nb",
        ] {
            assert!(!super::is_path(bad), "{bad}");
        }
    }
}
