//! The command line's way to a running node: a Unix socket in the home.
//!
//! One request a connection: one line of JSON, then lines of JSON back, of which the last is the answer.
//! Who may connect is the file system's business (the folder is 0700, the socket 0600), so the limits
//! here guard against mistakes, not against enemies.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream as Stream;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;

use super::{Handle, Progress, Refusal, Request, Response};

/// Longest request, in bytes: a chunk of 1 MiB in hex, and room around it.
pub const REQUEST_BYTES_MAX: u64 = 3 * 1024 * 1024;
/// Longest answer, in bytes: an event with some 100,000 answers.
pub const ANSWER_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// How long the command line waits for a sign of life.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// One line back.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Progress(u64, u64),
    Done(Result<Response, Refusal>),
}

/// Why a running node gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Nobody listens there.
    #[error("no node listens at the socket")]
    Nobody,
    /// It does not answer.
    #[error("a node runs but does not answer: {0}")]
    NoAnswer(io::Error),
    /// It answers something else: probably another version of Klatch.
    #[error("a node runs but answers in another way, perhaps of another version: {0}")]
    Form(serde_json::Error),
    /// The request itself is too long.
    #[error("the request has {0} bytes, and at most {REQUEST_BYTES_MAX} are taken")]
    TooLong(u64),
}

/// Asks the node that listens at `path`.
pub fn ask(
    path: &Path,
    request: &Request,
    progress: Progress<'_>,
) -> Result<Result<Response, Refusal>, AskError> {
    let mut stream = Stream::connect(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => AskError::Nobody,
        _ => AskError::NoAnswer(error),
    })?;
    stream.set_read_timeout(Some(ANSWER_WITHIN)).map_err(AskError::NoAnswer)?;
    let mut line = serde_json::to_vec(request).map_err(AskError::Form)?;
    line.push(b'\n');
    if line.len() as u64 > REQUEST_BYTES_MAX {
        return Err(AskError::TooLong(line.len() as u64));
    }
    stream.write_all(&line).map_err(AskError::NoAnswer)?;
    let mut lines = BufReader::new(stream.take(ANSWER_BYTES_MAX));
    loop {
        line.clear();
        match lines.read_until(b'\n', &mut line) {
            Ok(0) => return Err(AskError::NoAnswer(io::ErrorKind::UnexpectedEof.into())),
            Ok(_) => {}
            Err(error) => return Err(AskError::NoAnswer(error)),
        }
        match serde_json::from_slice(&line).map_err(AskError::Form)? {
            Line::Progress(done, total) => progress(done, total),
            Line::Done(answer) => return Ok(answer),
        }
    }
}

/// Listens at `path`, replacing what a killed node left there. Call with the home's lock held.
pub fn listen(path: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Answers the command line until dropped.
pub async fn serve(listener: UnixListener, handle: Handle) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(answer(stream, handle.clone()))),
            Err(error) => {
                // Out of open files, say: others may close some.
                tracing::warn!(%error, "the control socket takes nobody");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn answer(stream: UnixStream, handle: Handle) {
    if let Err(error) = converse(stream, handle).await {
        tracing::debug!(%error, "a command went away");
    }
}

async fn converse(stream: UnixStream, handle: Handle) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    tokio::io::BufReader::new(read.take(REQUEST_BYTES_MAX)).read_line(&mut line).await?;
    let request = match line.strip_suffix('\n').map(serde_json::from_str) {
        Some(Ok(request)) => request,
        other => {
            let too_long = || format!("not one line of at most {REQUEST_BYTES_MAX} bytes");
            let problem = other.and_then(Result::err).map_or_else(too_long, |error| error.to_string());
            let refusal = Refusal::Field { field: "request".to_owned(), problem: problem.into() };
            return say(&mut write, &Line::Done(Err(refusal))).await;
        }
    };
    let (told, mut tell) = mpsc::channel(16);
    let work = tokio::task::spawn_blocking(move || {
        handle.call_with(request, &mut |done, total| {
            let _ = told.try_send((done, total)); // Who reads slowly sees fewer steps.
        })
    });
    while let Some((done, total)) = tell.recv().await {
        say(&mut write, &Line::Progress(done, total)).await?;
    }
    // A panic in there was reported by the hook; the command hears that the node is in trouble.
    say(&mut write, &Line::Done(work.await.unwrap_or(Err(Refusal::Stopping)))).await
}

async fn say(to: &mut (impl AsyncWriteExt + Unpin), line: &Line) -> io::Result<()> {
    let mut bytes = serde_json::to_vec(line).map_err(io::Error::other)?;
    bytes.push(b'\n');
    to.write_all(&bytes).await
}
