//! An answer that comes in parts: events as they happen, and files.

use std::convert::Infallible;
use std::io::Read;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame};
use tempfile::TempDir;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

/// Bytes of a file that are read at once.
const PART_BYTES: usize = 64 * 1024;

/// The body of an answer that comes in parts.
pub(super) struct Stream {
    parts: mpsc::Receiver<Bytes>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Stream {
    pub(super) fn new(parts: mpsc::Receiver<Bytes>, permit: OwnedSemaphorePermit) -> Self {
        Self { parts, _permit: Some(permit) }
    }

    /// A file, which goes with its folder once it was read or nobody reads on.
    pub(super) fn of_file(mut file: std::fs::File, folder: TempDir) -> Self {
        let (send, parts) = mpsc::channel(4);
        tokio::task::spawn_blocking(move || {
            let _folder = folder;
            loop {
                let mut part = vec![0; PART_BYTES];
                match file.read(&mut part) {
                    Ok(read) if read > 0 => part.truncate(read),
                    // A download that is cut off is shorter than its length said.
                    _ => return,
                }
                if send.blocking_send(Bytes::from(part)).is_err() {
                    return;
                }
            }
        });
        Self { parts, _permit: None }
    }
}

impl Body for Stream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.parts.poll_recv(context).map(|part| part.map(|part| Ok(Frame::data(part))))
    }
}
