//! How a handler learns who looks and asks the daemon, and how what it refuses becomes a page.

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, FromRequest, FromRequestParts, Request as HttpRequest};
use axum::http::header::{ACCEPT_LANGUAGE, LOCATION};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response as Answer};
use chrono_tz::Tz;
use serde::de::DeserializeOwned;

use super::App;
use super::frame::{Frame, Page, Scheme, Tab};
use super::guard::cookies;
use super::words::{Arg, Words};
use crate::daemon::{Among, Handle, Refusal, Request, Response, Sentence};

/// How somebody wants to be shown a page, and what was just done.
#[derive(Clone, Debug)]
pub(super) struct Look {
    pub(super) words: Words,
    pub(super) scheme: Scheme,
    /// The zone in which they read times.
    pub(super) zone: Tz,
    /// The address of the page they look at; `None` where a form was sent, whose address is no page's.
    pub(super) here: Option<String>,
    /// The key of what was just done, if it is one.
    pub(super) did: Option<String>,
}

impl Look {
    pub(super) fn of(method: &Method, headers: &HeaderMap, uri: &Uri, zone: Tz) -> Self {
        let cookie =
            |wanted: &str| cookies(headers).find(|(name, _)| *name == wanted).map(|(_, value)| value);
        let accepted =
            || headers.get(ACCEPT_LANGUAGE).and_then(|said| Words::of_accepted(said.to_str().ok()?));
        let words = cookie("lang").and_then(Words::of_tag).or_else(accepted).unwrap_or_default();
        let did = uri.query().and_then(|query| query.split('&').find_map(|pair| pair.strip_prefix("did=")));
        let is_word = |text: &&str| text.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        Self {
            words,
            scheme: cookie("scheme").map_or_else(Scheme::default, Scheme::of_word),
            zone,
            here: method.is_safe().then(|| address(uri)),
            did: did.filter(is_word).map(|did| format!("did-{did}")),
        }
    }
}

/// The address of a page, without what was just done.
fn address(uri: &Uri) -> String {
    let said = uri.query().unwrap_or_default().split('&');
    let kept: Vec<&str> = said.filter(|pair| !pair.is_empty() && !pair.starts_with("did=")).collect();
    let joint = if kept.is_empty() { "" } else { "?" };
    format!("{}{joint}{}", uri.path(), kept.join("&"))
}

/// A visit to a node that runs. As the argument of a handler it sends whoever comes before there is an identity
/// to the first run.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    pub(super) look: Look,
    pub(super) handle: Handle,
}

impl FromRequestParts<App> for Visit {
    type Rejection = Answer;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Answer> {
        let look = Look::of(&parts.method, &parts.headers, &parts.uri, app.zone());
        let handle = app.handle().ok_or_else(|| see_other("/start"))?;
        Ok(Self { look, handle })
    }
}

impl Visit {
    pub(super) fn words(&self) -> Words {
        self.look.words
    }

    /// Asks the daemon, on a thread that may wait.
    pub(super) async fn ask(&self, request: Request) -> Result<Response, Refusal> {
        let handle = self.handle.clone();
        let asked = tokio::task::spawn_blocking(move || handle.call(request));
        asked.await.unwrap_or(Err(Refusal::Stopping)) // A panic in there was reported by the hook.
    }

    /// What stands around a page.
    pub(super) async fn frame(&self, tab: Tab) -> Result<Frame, Problem> {
        let me = take!(self, Request::Id, Me)?;
        Ok(Frame::new(&self.look, tab, Some(me)))
    }

    /// What stands around a page that forms show again: `here` is its address then.
    pub(super) async fn frame_at(&self, tab: Tab, here: String) -> Result<Frame, Problem> {
        let frame = self.frame(tab).await?;
        Ok(if self.look.here.is_none() { frame.at(here) } else { frame })
    }

    /// See [`done`].
    pub(super) fn done(&self, path: &str, did: &str) -> Answer {
        done(path, did)
    }

    /// The page for what was refused.
    pub(super) fn problem(&self, refusal: &Refusal) -> Problem {
        let wrong = Wrong::of(self.words(), refusal);
        let (look, status) = (self.look.clone(), status(refusal));
        Problem { look, status, text: wrong.text.into(), detail: wrong.detail, typed: Box::default() }
    }

    /// A page that is not there.
    pub(super) fn nothing(&self) -> Problem {
        Problem::new(self.look.clone(), StatusCode::NOT_FOUND, "problem-nothing")
    }

    /// The daemon answered something else than was asked.
    pub(super) fn odd(&self) -> Problem {
        Problem::new(self.look.clone(), StatusCode::INTERNAL_SERVER_ERROR, "problem-odd")
    }
}

/// See [`Visit::odd`], where a refusal is handed on.
pub(super) fn something_else() -> Refusal {
    Refusal::Net { problem: "the node answered something else".into() }
}

/// Asks for the one kind of answer that a request has; a refusal becomes a page.
macro_rules! take {
    ($visit:expr, $request:expr, $kind:ident) => {
        match $visit.ask($request).await {
            Ok($crate::daemon::Response::$kind(value)) => Ok(value),
            Ok(_) => Err($visit.odd()),
            Err(refusal) => Err($visit.problem(&refusal)),
        }
    };
}
pub(super) use take;

/// After something was done: back to a page that says so. `did` is a key that starts with `did-`.
pub(super) fn done(path: &str, did: &str) -> Answer {
    let joint = if path.contains('?') { '&' } else { '?' };
    see_other(&format!("{path}{joint}did={}", did.trim_start_matches("did-")))
}

/// 303: a form was taken, and what comes next is a page to look at.
pub(super) fn see_other(path: &str) -> Answer {
    (StatusCode::SEE_OTHER, [(LOCATION, path)]).into_response()
}

/// What a refusal is in HTTP.
pub(super) fn status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::Unknown { .. } | Refusal::NotHeld { .. } => StatusCode::NOT_FOUND,
        Refusal::Right { .. } => StatusCode::FORBIDDEN,
        Refusal::NoEffect { .. } | Refusal::Held { .. } => StatusCode::CONFLICT,
        Refusal::Ambiguous { .. } | Refusal::Mistyped { .. } | Refusal::Field { .. } => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Refusal::Stopping | Refusal::NoNode | Refusal::NoPage | Refusal::Net { .. } => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        Refusal::Backup { .. } | Refusal::Disk { .. } => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// What was wrong with what was asked, for a page that keeps what was typed.
#[derive(Clone, Debug)]
pub(super) struct Wrong {
    /// The field of the post it is about, as spec/posts.md names it.
    field: Option<String>,
    /// In the reader's language.
    pub(super) text: String,
    /// What the node says of it, in English as everywhere.
    pub(super) detail: Option<String>,
}

impl Wrong {
    /// Whether it is about this field.
    pub(super) fn is_at(&self, field: &str) -> bool {
        self.field.as_deref() == Some(field)
    }

    /// What a page says of itself, about no one field.
    pub(super) fn said(words: Words, key: &str) -> Self {
        Self { field: None, text: words.say(key), detail: None }
    }

    /// The same, and what the system says of it.
    pub(super) fn detailed(words: Words, key: &str, problem: &str) -> Self {
        Self { detail: Some(crate::foreign::line(problem)), ..Self::said(words, key) }
    }

    /// The same in words that are there already.
    pub(super) fn told(text: String) -> Self {
        Self { field: None, text, detail: None }
    }

    pub(super) fn of(words: Words, refusal: &Refusal) -> Self {
        let plain = |key: &str, problem: &str| Self::detailed(words, key, problem);
        let sentence = |key: &str, problem: &Sentence| match told(words, problem) {
            Some(text) => Self { field: None, text, detail: None },
            None => plain(key, problem),
        };
        match refusal {
            Refusal::Unknown { text, among } if text.is_empty() => match among {
                Among::People => Self::said(words, "problem-unknown-nobody"),
                _ => Self::said(words, "problem-unknown-nothing"),
            },
            Refusal::Unknown { text, among } => {
                let key = match among {
                    Among::People => "problem-unknown-person",
                    Among::Groups => "problem-unknown-group",
                    Among::Events => "problem-unknown-event",
                    Among::GroupsAndEvents | Among::Own | Among::Entries => "problem-unknown",
                };
                Self { field: None, text: words.of(key, text), detail: None }
            }
            Refusal::Ambiguous { text, candidates } => Self {
                field: None,
                text: words.of("problem-ambiguous", text),
                detail: Some(crate::foreign::line(&candidates.join(", "))),
            },
            Refusal::Mistyped { text, problem } => {
                let what = words.of("problem-mistyped", text);
                match told(words, problem) {
                    Some(why) => Self { field: None, text: format!("{what} {why}"), detail: None },
                    None => Self { field: None, text: what, detail: Some(crate::foreign::line(problem)) },
                }
            }
            Refusal::Field { field, problem } => {
                let name = label(words, field);
                let (text, detail) = match told(words, problem) {
                    Some(why) => {
                        let args = [("field", Arg::Own(&name)), ("why", Arg::Own(&why))];
                        (words.with("problem-field-why", &args), None)
                    }
                    None => {
                        let line = crate::foreign::line(problem);
                        (words.with("problem-field", &[("field", Arg::Own(&name))]), Some(line))
                    }
                };
                Self { field: Some(field.clone()), text, detail }
            }
            Refusal::NotHeld { who } => {
                Self { field: None, text: words.of("problem-not-held", who), detail: None }
            }
            Refusal::Right { object, least: Some(least), .. } => {
                let role = super::event::role(words, *least);
                let args = [("who", Arg::Foreign(&words.title(object))), ("role", Arg::Own(&role))];
                Self { field: None, text: words.with("problem-right-role", &args), detail: None }
            }
            Refusal::Right { wanted, .. } => match told(words, wanted) {
                Some(text) => Self::told(text),
                None => plain("problem-right", &refusal.to_string()),
            },
            Refusal::NoEffect { problem } => sentence("problem-no-effect", problem),
            // Why is said where something can be done about it.
            Refusal::Held { .. } => Self::said(words, "problem-held"),
            Refusal::Backup { problem } => sentence("problem-backup", problem),
            Refusal::Disk { problem } => sentence("problem-disk", problem),
            Refusal::Net { problem } => sentence("problem-net", problem),
            Refusal::NoNode | Refusal::NoPage | Refusal::Stopping => {
                Self { field: None, text: words.say("problem-stopping"), detail: None }
            }
        }
    }
}

/// Something that is no number.
pub(super) fn no_number(field: &str) -> Refusal {
    let problem = Sentence::said("refused-number", "", "write a whole number");
    Refusal::Field { field: field.to_owned(), problem }
}

/// What a sentence of the node is in the reader's language, if the page has words for it.
pub(super) fn told(words: Words, sentence: &Sentence) -> Option<String> {
    let said = sentence.page()?;
    let numbers = said.numbers.iter().map(|(name, number)| (*name, Arg::Number(*number)));
    let who = words.title(&said.who);
    let args: Vec<_> = [("who", Arg::Foreign(&who))].into_iter().chain(numbers).collect();
    Some(words.with(said.key, &args))
}

/// The same where the page shows the English if it has none.
pub(super) fn said(words: Words, sentence: &Sentence) -> String {
    told(words, sentence).unwrap_or_else(|| crate::foreign::line(sentence))
}

/// What a form calls the field of a post.
pub(super) fn label(words: Words, field: &str) -> String {
    let key = match field {
        "title" | "question" => "schedule-what",
        "group" => "schedule-group",
        "start" => "schedule-date",
        "zone" => "schedule-zone",
        "minutes" => "schedule-hours",
        "place" => "schedule-place",
        "about" => "schedule-about",
        "address" | "box" => "schedule-address",
        "access" => "schedule-access",
        "online" => "schedule-online",
        "cost" => "schedule-cost",
        "tags" => "schedule-tags",
        "questions" => "schedule-questions",
        "capacity" => "schedule-capacity",
        "party_max" => "schedule-guests",
        "policy" => "schedule-policy",
        "repeat" => "schedule-repeat",
        "opens" => "schedule-opens",
        "closes" => "schedule-closes",
        "confirm_by" => "schedule-confirm-by",
        "cancel_by" => "schedule-cancel-by",
        "party" => "event-guests",
        "note" => "event-note",
        "text" => "event-comment",
        "all_day" => "schedule-all-day",
        "extra" | "except" => "event-dates",
        "silence" => "silence-head",
        "uses" => "pub-uses",
        "expires" => "pub-days",
        "owner" => "silence-owner",
        "heir" => "silence-heir",
        "reason" => "change-reason",
        "quota" => "seats-quota",
        "option" | "options" => "polls-date",
        "petname" => "people-petname",
        "name" => "problem-name",
        "link" | "links" => "settings-links",
        "calendar" => "schedule-paste",
        "code" => "checkin-code",
        _ => return field.to_owned(),
    };
    words.say(key)
}

/// A page that says what went wrong.
#[derive(Debug)]
pub(super) struct Problem {
    look: Look,
    status: StatusCode,
    text: Box<str>,
    detail: Option<String>,
    /// What was typed into a form whose page cannot be shown again, each under the words of its field.
    typed: Box<[(String, String)]>,
}

impl Problem {
    pub(super) fn new(look: Look, status: StatusCode, key: &str) -> Self {
        let text = look.words.say(key).into();
        Self { look, status, text, detail: None, typed: Box::default() }
    }

    /// The same with what was typed, so that nobody has to think of it again; by the keys of its fields' words.
    pub(super) fn keeping<'a>(mut self, typed: impl IntoIterator<Item = (&'static str, &'a str)>) -> Self {
        let typed = typed.into_iter().filter(|(_, text)| !text.is_empty());
        self.typed = typed.map(|(key, text)| (self.look.words.say(key), text.to_owned())).collect();
        self
    }
}

#[derive(askama::Template)]
#[template(path = "problem.html")]
struct ProblemPage {
    frame: Frame,
    text: String,
    detail: Option<String>,
    typed: Vec<(String, String)>,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Answer {
        let frame = Frame::new(&self.look, Tab::None, None);
        let page =
            ProblemPage { frame, text: self.text.into(), detail: self.detail, typed: self.typed.into() };
        (self.status, Page(page)).into_response()
    }
}

/// A form as it was typed; one that cannot be read becomes a page.
pub(super) struct Typed<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<App> for Typed<T> {
    type Rejection = Problem;

    async fn from_request(request: HttpRequest, app: &App) -> Result<Self, Problem> {
        let look = Look::of(request.method(), request.headers(), request.uri(), app.zone());
        let read: Result<Form<T>, FormRejection> = Form::from_request(request, app).await;
        match read {
            Ok(Form(value)) => Ok(Self(value)),
            Err(rejection) => {
                tracing::debug!(error = %rejection.body_text(), "a form cannot be read");
                Err(Problem::new(look, rejection.status(), "problem-form"))
            }
        }
    }
}

/// A word as it stands in the query of an address.
pub(super) fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte);
    let write = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(write).collect()
}

#[cfg(test)]
mod tests {
    use klatch_feed::post::Role;
    use klatch_store::{BackupError, DiskError};

    use super::*;
    use crate::daemon::{HIDDEN_TITLE, below};

    #[test]
    fn a_title_is_said_as_it_is_or_that_it_is_hidden() {
        let title = "Say \"hi\" \u{1f469}\u{200d}\u{1f4bb}";
        let refusal = below(title, None, Role::Host);
        assert!(Wrong::of(Words::German, &refusal).text.contains(title), "{refusal:?}");
        assert_eq!(
            below("Say \"hi\"", None, Role::Host).to_string(),
            r#"you have no role in "Say \"hi\"", and this takes a host"#
        );
        let problem = Sentence::said("refused-cancelled", HIDDEN_TITLE, "\"(hidden)\" is cancelled");
        for refusal in [below(HIDDEN_TITLE, None, Role::Host), Refusal::NoEffect { problem }] {
            let text = Wrong::of(Words::German, &refusal).text;
            assert!(text.contains("(der Titel ist verborgen)"), "{text}");
        }
    }

    #[test]
    fn a_disk_that_is_full_or_fails_is_spoken_of_in_the_reader_s_language() {
        let cases = [
            (DiskError::Full, "Die Platte ist voll"),
            (DiskError::Closed, "Die Platte versagte"),
            (DiskError::Panicked { said: "x".into() }, "ist beschädigt"),
        ];
        for (error, text) in cases {
            let wrong = Wrong::of(Words::German, &error.into());
            assert!(wrong.text.contains(text) && wrong.detail.is_none(), "{wrong:?}");
        }
        let wrong = Wrong::of(Words::German, &BackupError::Disk(DiskError::Full).into());
        assert!(wrong.text.contains("Die Platte ist voll") && wrong.detail.is_none(), "{wrong:?}");
    }
}
