//! The first run: a name, the recovery words shown and confirmed, or the words of somebody who was here before.
//! Then the process becomes the node, and leads on to finding people.
//!
//! The words are in no address, no log and no page that a browser keeps. Here they are wiped as soon as they were
//! confirmed; an identity that was not confirmed is made again from the start.

mod restore;

use std::io::ErrorKind;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use klatch_feed::RecoveryWords;
use klatch_store::{AppendError, BackupError, DiskError, OpenError};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::App;
use super::ask::{Look, Typed, Wrong, done, see_other};
use super::frame::{Frame, Page, Tab};
use super::words::{Arg, Words};
use crate::clock;
use crate::daemon::create::{CreateError, create, recover};
use crate::home::{Home, HomeError};
use crate::network::Network;

pub(super) use restore::UPLOAD;

/// How many words are asked for.
const ASKED: usize = 3;
/// How long the node may take to start after its identity is there.
const START_WITHIN: Duration = Duration::from_secs(60);

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/start", get(start))
        .route("/start/name", post(name))
        .route("/start/words", get(words).post(confirm))
        .route("/start/again", post(again))
        .route("/start/back", get(back).post(come_back))
        .route("/start/restore", get(restore::show).post(restore::of_path))
        .route(restore::UPLOAD, post(restore::of_upload).layer(DefaultBodyLimit::disable()))
}

/// Where a first run stands. Shared between the pages and the thread that waits for an identity.
#[derive(Debug, Default)]
pub(super) struct Setup {
    stage: Mutex<Stage>,
    changed: Condvar,
}

#[derive(Default)]
enum Stage {
    /// There is an identity, or none is asked for.
    #[default]
    Off,
    /// Nothing was said yet.
    Empty(Arc<Place>),
    /// An identity is being made there. Whoever asks for another meanwhile, a second click of the same button say,
    /// waits for what comes of it.
    Making,
    /// Somebody is named, and is shown their words.
    Shown(Shown),
    /// There is an identity; where to go on, and what is said there.
    Made(&'static str, &'static str),
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Off => "Off",
            Self::Empty(_) => "Empty",
            Self::Making => "Making",
            Self::Shown(_) => "Shown",
            Self::Made(..) => "Made",
        })
    }
}

/// Where an identity is to be made.
#[derive(Debug)]
pub(super) struct Place {
    home: Home,
    network: Network,
}

struct Shown {
    words: Zeroizing<String>,
    /// Which words are asked for, from 0.
    asked: [usize; ASKED],
    /// Takes whether they were confirmed.
    confirmed: Sender<bool>,
}

impl Setup {
    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, stage: Stage) {
        *self.stage() = stage;
        self.changed.notify_all();
    }

    /// Serves a first run from here on.
    pub(super) fn open(&self, home: &Home, network: Network) {
        self.set(Stage::Empty(Arc::new(Place { home: home.clone(), network })));
    }

    /// Waits until there is an identity.
    pub(super) fn wait(&self) {
        let mut stage = self.stage();
        while !matches!(*stage, Stage::Made(..)) {
            stage = self.changed.wait(stage).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The place, for whoever is to make an identity there: nobody else gets it before the stage is another. `None`
    /// where there is one by now, or words are shown.
    fn take(&self) -> Option<Arc<Place>> {
        let mut stage = self.stage();
        while matches!(*stage, Stage::Making) {
            stage = self.changed.wait(stage).unwrap_or_else(PoisonError::into_inner);
        }
        let Stage::Empty(place) = &*stage else { return None };
        let place = Arc::clone(place);
        *stage = Stage::Making;
        Some(place)
    }

    /// Makes an identity called `name`, see `make`; `None` where somebody else was faster.
    fn name(self: &Arc<Self>, name: String) -> Option<Result<(), CreateError>> {
        Some(self.make(self.take()?, name))
    }

    /// Makes the home of whoever has these words; `None` where somebody else was faster.
    fn come_back(&self, words: &RecoveryWords) -> Option<Result<(), CreateError>> {
        let place = self.take()?;
        let made = recover(&place.home, &place.network, words);
        self.set(match made {
            Ok(_) => Stage::Made("/network", "did-back"),
            Err(_) => Stage::Empty(place),
        });
        Some(made.map(drop))
    }

    /// Makes an identity on a thread of its own, which waits for the words to be confirmed. Returns once they
    /// are to be shown, or what was wrong.
    fn make(self: &Arc<Self>, place: Arc<Place>, name: String) -> Result<(), CreateError> {
        let (told, heard) = channel();
        let (setup, same) = (Arc::clone(self), Arc::clone(&place));
        std::thread::spawn(move || {
            let show = |_, words: &str| {
                let (confirmed, wait) = channel();
                let shown = Shown { words: Zeroizing::new(words.to_owned()), asked: draw(), confirmed };
                setup.set(Stage::Shown(shown));
                let _ = told.send(Ok(())); // Whoever asked may have gone.
                match wait.recv() {
                    Ok(true) => Ok(()),
                    _ => Err(std::io::Error::other("they were not confirmed")),
                }
            };
            match create(&place.home, &place.network, &name, show) {
                Ok(_) => setup.set(Stage::Made("/people", "did-welcome")),
                Err(error) => {
                    setup.set(Stage::Empty(Arc::clone(&place)));
                    let _ = told.send(Err(error));
                }
            }
        });
        heard.recv().unwrap_or_else(|_| {
            self.set(Stage::Empty(same));
            Err(CreateError::Show(std::io::Error::other("no thread is left")))
        })
    }

    /// Waits until there is an identity, or there is to be none.
    fn settled(&self) {
        let mut stage = self.stage();
        while matches!(*stage, Stage::Shown(_)) {
            stage = self.changed.wait(stage).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Why there is no home now; `else_said` where pages have no words for it but the system's.
fn unmade(words: Words, error: &CreateError, else_said: &str) -> Wrong {
    let (key, is_all) = match error {
        CreateError::Post(_) => ("start-name-wrong", true),
        CreateError::Backup(BackupError::NotWhole { .. }) | CreateError::Parts(_) => {
            ("start-restore-not-whole", true)
        }
        CreateError::Backup(BackupError::Newer(_)) => ("start-restore-newer", true),
        CreateError::Backup(BackupError::File { source, .. }) => match source.kind() {
            ErrorKind::NotFound => ("start-restore-missing", true),
            ErrorKind::PermissionDenied => ("start-restore-denied", true),
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => ("refused-disk-full", true),
            _ => ("start-restore-unread", false),
        },
        CreateError::Home(HomeError::Io { source, .. })
            if matches!(source.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) =>
        {
            ("refused-disk-full", true)
        }
        CreateError::Disk(DiskError::Full)
        | CreateError::Append(AppendError::Disk(DiskError::Full))
        | CreateError::Store(OpenError::Disk(DiskError::Full))
        | CreateError::Backup(BackupError::Disk(DiskError::Full)) => ("refused-disk-full", true),
        _ => (else_said, false),
    };
    match is_all {
        true => Wrong::said(words, key),
        false => Wrong::detailed(words, key, &error.to_string()),
    }
}

/// Three places among the words, in order.
fn draw() -> [usize; ASKED] {
    let mut places: Vec<usize> = (0..24).collect();
    let bytes = clock::random::<ASKED>();
    let mut asked = bytes.map(|byte| places.remove(usize::from(byte) % places.len()));
    asked.sort_unstable();
    asked
}

/// How somebody without an identity is shown a page. Who has one is led to it.
struct Newcomer {
    look: Look,
    app: App,
}

impl axum::extract::FromRequestParts<App> for Newcomer {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        match app.handle() {
            Some(_) => Err(see_other("/")),
            None => Ok(Self {
                look: Look::of(&parts.method, &parts.headers, &parts.uri, app.zone()),
                app: app.clone(),
            }),
        }
    }
}

impl Newcomer {
    /// What stands around the page of this address.
    fn frame(&self, here: &str) -> Frame {
        Frame::new(&self.look, Tab::None, None).at(here)
    }
    fn words(&self) -> Words {
        self.look.words
    }
    fn setup(&self) -> &Arc<Setup> {
        self.app.setup()
    }

    /// Waits until this process is the node, then leads on.
    async fn go_on(&self) -> Response {
        let next = match *self.setup().stage() {
            Stage::Made(path, did) => done(path, did),
            _ => see_other("/start"),
        };
        let started = clock::Stopwatch::start();
        while self.app.handle().is_none() && started.elapsed() < START_WITHIN {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        next
    }
}

#[derive(askama::Template)]
#[template(path = "start.html")]
struct StartPage {
    frame: Frame,
    name: String,
    wrong: Option<Wrong>,
}

async fn start(newcomer: Newcomer) -> Response {
    let (is_shown, is_made) = match *newcomer.setup().stage() {
        Stage::Shown(_) => (true, false),
        Stage::Made(..) => (false, true),
        Stage::Off | Stage::Empty(_) | Stage::Making => (false, false),
    };
    if is_shown {
        return see_other("/start/words");
    }
    if is_made {
        return newcomer.go_on().await;
    }
    Page(StartPage { frame: newcomer.frame("/start"), name: String::new(), wrong: None }).into_response()
}

#[derive(Debug, Deserialize)]
struct NameForm {
    #[serde(default)]
    name: String,
}

async fn name(newcomer: Newcomer, Typed(form): Typed<NameForm>) -> Response {
    let (setup, name) = (Arc::clone(newcomer.setup()), form.name.trim().to_owned());
    match tokio::task::spawn_blocking(move || setup.name(name)).await {
        Ok(Some(Ok(()))) => see_other("/start/words"),
        Ok(Some(Err(error))) => {
            let wrong = unmade(newcomer.words(), &error, "start-not");
            let page = StartPage { frame: newcomer.frame("/start"), name: form.name, wrong: Some(wrong) };
            (StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response()
        }
        Ok(None) | Err(_) => see_other("/start"),
    }
}

#[derive(askama::Template)]
#[template(path = "words.html")]
struct WordsPage {
    frame: Frame,
    /// Number and word.
    sheet: Vec<(usize, Zeroizing<String>)>,
    /// Numbers of those that are asked for, and what was typed for them.
    asked: Vec<(usize, Zeroizing<String>)>,
    wrong: Option<String>,
}

impl WordsPage {
    fn of(newcomer: &Newcomer, wrong: Option<String>, typed: &[(String, Zeroizing<String>)]) -> Option<Self> {
        let said = |number: usize| {
            let said = typed.iter().find(|(name, _)| *name == format!("word{number}"));
            said.map(|(_, word)| word.clone()).unwrap_or_default()
        };
        let stage = newcomer.setup().stage();
        let Stage::Shown(shown) = &*stage else { return None };
        let words = shown.words.split(' ').enumerate();
        Some(Self {
            frame: newcomer.frame("/start/words"),
            sheet: words.map(|(at, word)| (at + 1, Zeroizing::new(word.to_owned()))).collect(),
            asked: shown.asked.iter().map(|at| (at + 1, said(at + 1))).collect(),
            wrong,
        })
    }
}

async fn words(newcomer: Newcomer) -> Response {
    match WordsPage::of(&newcomer, None, &[]) {
        Some(page) => Page(page).into_response(),
        None => see_other("/start"),
    }
}

async fn confirm(newcomer: Newcomer, Typed(fields): Typed<Vec<(String, String)>>) -> Response {
    let fields: Vec<_> = fields.into_iter().map(|(name, said)| (name, Zeroizing::new(said))).collect();
    {
        let stage = newcomer.setup().stage();
        let Stage::Shown(shown) = &*stage else { return see_other("/start") };
        let words: Vec<&str> = shown.words.split(' ').collect();
        let said = |at: usize| fields.iter().find(|(name, _)| *name == format!("word{}", at + 1));
        let is_right = |at: &usize| {
            said(*at).is_some_and(|(_, said)| said.trim().eq_ignore_ascii_case(words.get(*at).unwrap_or(&"")))
        };
        if !shown.asked.iter().all(is_right) {
            drop(stage);
            let wrong = newcomer.words().say("start-words-wrong");
            return match WordsPage::of(&newcomer, Some(wrong), &fields) {
                Some(page) => (StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response(),
                None => see_other("/start"),
            };
        }
        let _ = shown.confirmed.send(true); // The thread that made them waits for it.
    }
    let setup = Arc::clone(newcomer.setup());
    let _ = tokio::task::spawn_blocking(move || setup.settled()).await;
    newcomer.go_on().await
}

/// Drops what was not confirmed: other words will be drawn.
async fn again(newcomer: Newcomer) -> Response {
    if let Stage::Shown(shown) = &*newcomer.setup().stage() {
        let _ = shown.confirmed.send(false);
    }
    let setup = Arc::clone(newcomer.setup());
    let _ = tokio::task::spawn_blocking(move || setup.settled()).await;
    see_other("/start")
}

#[derive(askama::Template)]
#[template(path = "back.html")]
struct BackPage {
    frame: Frame,
    wrong: Option<Wrong>,
}

async fn back(newcomer: Newcomer) -> Page<BackPage> {
    Page(BackPage { frame: newcomer.frame("/start/back"), wrong: None })
}

#[derive(Deserialize)]
struct BackForm {
    #[serde(default)]
    words: String,
}

/// Makes the home of whoever has these words.
async fn come_back(newcomer: Newcomer, Typed(form): Typed<BackForm>) -> Response {
    let said = Zeroizing::new(form.words);
    let refused = |wrong: Wrong| {
        // The words are not shown again: whoever mistyped one has the paper before them.
        let page = BackPage { frame: newcomer.frame("/start/back"), wrong: Some(wrong) };
        (StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response()
    };
    let count = said.split_whitespace().count();
    if count != 24 {
        let args = [("count", Arg::Number(u64::try_from(count).unwrap_or(0)))];
        return refused(Wrong::told(newcomer.words().with("start-back-count", &args)));
    }
    let Ok(words) = RecoveryWords::parse(&said.to_lowercase()) else {
        return refused(Wrong::said(newcomer.words(), "start-back-wrong"));
    };
    let setup = Arc::clone(newcomer.setup());
    match tokio::task::spawn_blocking(move || setup.come_back(&words)).await {
        Ok(Some(Ok(()))) => newcomer.go_on().await,
        Ok(Some(Err(error))) => refused(unmade(newcomer.words(), &error, "start-back-not")),
        Ok(None) | Err(_) => see_other("/start"),
    }
}
