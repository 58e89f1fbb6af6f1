//! A backup that becomes the home again: a file that the browser sends, or one that is on this machine by its path.

use std::fs::File;
use std::io::{Seek, Write};
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::multipart::{Field, Multipart, MultipartRejection};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::{Newcomer, unmade};
use crate::daemon::create::CreateError;
use crate::foreign;
use crate::web::ask::{Typed, Wrong, see_other};
use crate::web::frame::{Frame, Page};

/// Where a file is sent.
pub(in crate::web) const UPLOAD: &str = "/start/restore/file";
/// Longest file that is taken so, in bytes; a longer one is named by its path.
const UPLOAD_BYTES_MAX: u64 = 16 << 30;
/// How long the next part of it may take to come.
const PART_WITHIN: Duration = Duration::from_secs(30);

#[derive(askama::Template)]
#[template(path = "restore.html")]
struct RestorePage {
    frame: Frame,
    path: String,
    wrong: Option<Wrong>,
}

/// Why a file was not taken as it came: a key of the catalogues.
type Key = &'static str;

pub(super) async fn show(newcomer: Newcomer) -> Response {
    page(&newcomer, StatusCode::OK, String::new(), None)
}

fn page(newcomer: &Newcomer, status: StatusCode, path: String, wrong: Option<Wrong>) -> Response {
    let frame = newcomer.frame("/start/restore");
    (status, Page(RestorePage { frame, path, wrong })).into_response()
}

fn refused(newcomer: &Newcomer, path: String, wrong: Wrong) -> Response {
    page(newcomer, StatusCode::UNPROCESSABLE_ENTITY, path, Some(wrong))
}

#[derive(Debug, Deserialize)]
pub(super) struct PathForm {
    #[serde(default)]
    path: String,
}

/// Takes one that is on this machine.
pub(super) async fn of_path(newcomer: Newcomer, Typed(form): Typed<PathForm>) -> Response {
    let typed = form.path.trim().to_owned();
    let path = PathBuf::from(&typed);
    if !path.is_absolute() {
        let wrong = Wrong::said(newcomer.words(), "start-restore-root");
        return refused(&newcomer, typed, wrong);
    }
    match bring_back(&newcomer, Backup::At(path)).await {
        Ok(response) => response,
        Err(wrong) => refused(&newcomer, typed, wrong),
    }
}

/// Takes one that the browser sends. It lies in the home without a name, so nothing is left of it if this ends.
pub(super) async fn of_upload(
    newcomer: Newcomer,
    multipart: Result<Multipart, MultipartRejection>,
) -> Response {
    let (file, name) = match upload(&newcomer, multipart).await {
        Ok(sent) => sent,
        Err(key) => return refused(&newcomer, String::new(), Wrong::said(newcomer.words(), key)),
    };
    let sent = Backup::Sent(file);
    let path = sent.path();
    match bring_back(&newcomer, sent).await {
        Ok(response) => response,
        Err(mut wrong) => {
            // They know it by its own name.
            wrong.detail = wrong.detail.map(|text| text.replace(&*path.to_string_lossy(), &name));
            refused(&newcomer, String::new(), wrong)
        }
    }
}

async fn upload(
    newcomer: &Newcomer,
    multipart: Result<Multipart, MultipartRejection>,
) -> Result<(File, String), Key> {
    let mut multipart = multipart.map_err(|_| "problem-form")?;
    let mut field = first(&mut multipart).await?;
    let name = foreign::line(field.file_name().unwrap_or_default());
    let file = newcomer.app.home().incoming().map_err(|_| "start-restore-disk")?;
    let mut kept = Kept { file, left: UPLOAD_BYTES_MAX };
    while let Some(part) = timely(field.chunk()).await?.map_err(|_| "start-restore-cut")? {
        kept.take(&part)?;
    }
    Ok((kept.finish()?, name))
}

/// The file: nothing else is in that form, so what comes before one is not read to its end.
async fn first(multipart: &mut Multipart) -> Result<Field<'_>, Key> {
    let field = timely(multipart.next_field()).await?.map_err(|_| "problem-form")?;
    field.filter(|field| field.name() == Some("file")).ok_or("start-restore-none")
}

/// What comes within the time that a part may take.
async fn timely<T>(part: impl Future<Output = T>) -> Result<T, Key> {
    tokio::time::timeout(PART_WITHIN, part).await.map_err(|_| "problem-slow")
}

/// What came of a file.
struct Kept {
    file: File,
    /// Bytes that it may have still.
    left: u64,
}

impl Kept {
    fn take(&mut self, part: &[u8]) -> Result<(), Key> {
        let bytes = u64::try_from(part.len()).unwrap_or(u64::MAX);
        self.left = self.left.checked_sub(bytes).ok_or("start-restore-long")?;
        self.file.write_all(part).map_err(|_| "start-restore-disk")
    }

    fn finish(mut self) -> Result<File, Key> {
        if self.left == UPLOAD_BYTES_MAX {
            return Err("start-restore-none");
        }
        self.file.rewind().map_err(|_| "start-restore-disk")?;
        Ok(self.file)
    }
}

/// What is read. A file that was sent is open as long as this is: whoever reads it owns it, also where nobody waits for
/// the answer any more, or its number would be another file's.
enum Backup {
    At(PathBuf),
    Sent(File),
}

impl Backup {
    fn path(&self) -> PathBuf {
        match self {
            Self::At(path) => path.clone(),
            Self::Sent(file) => PathBuf::from(format!("/dev/fd/{}", file.as_raw_fd())),
        }
    }
}

/// Makes it the home, and leads on.
async fn bring_back(newcomer: &Newcomer, backup: Backup) -> Result<Response, Wrong> {
    let setup = Arc::clone(newcomer.setup());
    let words = newcomer.words();
    match tokio::task::spawn_blocking(move || setup.restore(&backup)).await {
        Ok(Some(Ok(()))) => Ok(newcomer.go_on().await),
        Ok(Some(Err(error))) => Err(unmade(words, &error, "start-restore-not")),
        Ok(None) | Err(_) => Ok(see_other("/start")),
    }
}

impl super::Setup {
    /// Makes the home out of a backup; `None` where somebody else was faster.
    fn restore(&self, backup: &Backup) -> Option<Result<(), CreateError>> {
        let place = self.take()?;
        let made = crate::daemon::create::restore(&place.home, &backup.path(), &mut |_, _| {});
        self.set(match made {
            Ok(_) => super::Stage::Made("/network", "did-restore"),
            Err(_) => super::Stage::Empty(place),
        });
        Some(made.map(drop))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::body::Body;
    use axum::extract::FromRequest;
    use axum::http::Request;
    use hyper::body::Bytes;
    use tokio::sync::{Semaphore, mpsc};
    use tokio::time::Instant;

    use super::*;
    use crate::web::stream::Stream;

    #[tokio::test(start_paused = true)]
    async fn a_file_that_does_not_begin_is_waited_for_no_longer_than_for_a_part() {
        let (parts, body) = mpsc::channel(1);
        let permit = Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap();
        parts.send(Bytes::from_static(b"--x\r\n")).await.unwrap();
        let request = Request::post("/").header("content-type", "multipart/form-data; boundary=x");
        let request = request.body(Body::new(Stream::new(body, permit))).unwrap();
        let mut multipart = Multipart::from_request(request, &()).await.unwrap();
        let begun = Instant::now();
        assert_eq!(first(&mut multipart).await.err(), Some("problem-slow"));
        assert_eq!(begun.elapsed(), PART_WITHIN);
        drop(parts);
    }

    #[test]
    fn one_byte_past_the_longest_file_is_refused() {
        let mut kept = Kept { file: tempfile::tempfile().unwrap(), left: 4 };
        assert_eq!(kept.take(b"ab"), Ok(()));
        assert_eq!(kept.take(b"cd"), Ok(()));
        assert_eq!(kept.take(b"e"), Err("start-restore-long"));
        let empty = Kept { file: tempfile::tempfile().unwrap(), left: UPLOAD_BYTES_MAX };
        assert_eq!(empty.finish().err(), Some("start-restore-none"));
    }
}
