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

    /// A file, which goes with its folder once it was read or nobody reads on; then it is the turn of the next.
    pub(super) fn of_file(mut file: std::fs::File, folder: TempDir, turn: OwnedSemaphorePermit) -> Self {
        let (send, parts) = mpsc::channel(4);
        tokio::task::spawn_blocking(move || {
            let (_turn, _folder) = (turn, folder); // The folder goes first.
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test]
    async fn a_file_has_its_turn_until_it_was_read_or_nobody_reads_on() {
        let turns = Arc::new(Semaphore::new(1));
        let send = async || {
            let turn = Arc::clone(&turns).acquire_owned().await.unwrap();
            let folder = tempfile::tempdir().unwrap();
            let (path, file) = (folder.path().to_owned(), folder.path().join("long"));
            std::fs::write(&file, vec![b'x'; 20 * PART_BYTES]).unwrap();
            (path, Stream::of_file(std::fs::File::open(file).unwrap(), folder, turn))
        };
        for is_read in [true, false] {
            let (folder, stream) = send().await;
            assert!(folder.exists() && turns.try_acquire().is_err(), "more is left than waits to be read");
            if is_read {
                let whole = axum::body::to_bytes(axum::body::Body::new(stream), usize::MAX).await.unwrap();
                assert_eq!(whole.len(), 20 * PART_BYTES);
            } else {
                drop(stream);
            }
            // The folder goes first, then it is the turn of the next.
            drop(turns.acquire().await.unwrap());
            assert!(!folder.exists(), "the copy is gone");
        }
    }
}
