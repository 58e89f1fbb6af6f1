//! Connections: how many, from whom, and how long each may take. What is said on them is none of this file's business.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpListener;
use tokio::time::{Sleep, sleep};

use super::public::rates::site;

/// What a server takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Most connections at once.
    pub(super) connections: usize,
    /// Most of one address, see [`site`]. Not over loopback: that is a proxy, which speaks for many.
    pub(super) of_one: usize,
    /// How long the head of a request may take, and the wait for the next.
    pub(super) head_within: Duration,
    pub(super) head_bytes: usize,
    /// How long the other end may take nothing of an answer.
    pub(super) taken_within: Duration,
}

/// Serves each connection what is made for its other end.
pub(super) async fn serve(listener: TcpListener, limits: Limits, of_peer: impl Fn(SocketAddr) -> Router) {
    let places = Places::default();
    loop {
        match listener.accept().await {
            // One too many is closed at once: a browser tries again.
            Ok((stream, peer)) => {
                if let Some(place) = places.take(peer.ip(), limits) {
                    let _ = stream.set_nodelay(true); // Only a matter of speed.
                    let router = of_peer(peer);
                    tokio::spawn(async move {
                        let _place = place;
                        converse(stream, limits, router).await;
                    });
                }
            }
            Err(error) => {
                // Out of open files, say: others may close some.
                tracing::warn!(%error, "the page takes nobody");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Who is connected.
#[derive(Clone, Debug, Default)]
struct Places(Arc<Mutex<Held>>);

#[derive(Debug, Default)]
struct Held {
    all: usize,
    /// Of each address that has any, but those of this machine.
    of_each: HashMap<IpAddr, usize>,
}

/// The place of one connection, free again when dropped.
#[derive(Debug)]
struct Place {
    places: Places,
    from: IpAddr,
}

impl Places {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for who comes from there; `None` where there is none left for them.
    fn take(&self, from: IpAddr, limits: Limits) -> Option<Place> {
        let (mut held, from) = (self.held(), site(from));
        if held.all >= limits.connections {
            return None;
        }
        if !from.is_loopback() {
            let count = held.of_each.entry(from).or_default();
            if *count >= limits.of_one {
                return None;
            }
            *count += 1;
        }
        held.all += 1;
        Some(Place { places: self.clone(), from })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.places.held();
        held.all -= 1;
        if let Some(count) = held.of_each.get_mut(&self.from) {
            *count -= 1;
            if *count == 0 {
                held.of_each.remove(&self.from);
            }
        }
    }
}

async fn converse<S>(stream: S, limits: Limits, router: Router)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let timely = Timely { stream, within: limits.taken_within, waits: None };
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_within)
        .max_buf_size(limits.head_bytes)
        .serve_connection(TokioIo::new(timely), TowerToHyperService::new(router))
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a browser went away");
    }
}

/// A stream whose other end has to take something of what is written from time to time.
struct Timely<S> {
    stream: S,
    within: Duration,
    /// Since it took nothing.
    waits: Option<Pin<Box<Sleep>>>,
}

impl<S> Timely<S> {
    /// What came of writing, or that it took too long.
    fn in_time<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waits = None;
            return written;
        }
        let within = self.within;
        ready!(self.waits.get_or_insert_with(|| Box::pin(sleep(within))).as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Timely<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Timely<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.in_time(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.in_time(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
    use tokio::time::Instant;

    use super::*;
    use crate::web::{LIMITS, public};

    /// A timer rings a little late, and never early.
    const LATE: Duration = Duration::from_millis(10);

    /// So much is on its way to who reads nothing.
    const PIPE_BYTES: usize = 64 * 1024;
    const LONG_BYTES: usize = 4 * PIPE_BYTES;

    /// The other end of a connection that is served.
    fn connect(limits: Limits) -> DuplexStream {
        let (near, far) = tokio::io::duplex(PIPE_BYTES);
        let long = async || vec![b'x'; LONG_BYTES];
        let router = Router::new().route("/", get(async || "here")).route("/long", get(long));
        tokio::spawn(converse(far, limits, router));
        near
    }

    async fn answered(stream: &mut DuplexStream) -> String {
        let mut said = [0; 1024];
        let read = stream.read(&mut said).await.unwrap();
        String::from_utf8_lossy(&said[..read]).into_owned()
    }

    /// How long it takes from now until the other end closes; it says nothing more before.
    async fn closes(stream: &mut DuplexStream) -> Duration {
        let begun = Instant::now();
        let mut rest = String::new();
        stream.read_to_string(&mut rest).await.unwrap();
        assert_eq!(rest, "");
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_is_waited_for_as_long_as_it_may_take_the_first_and_the_next() {
        for limits in [LIMITS, public::LIMITS] {
            let within = limits.head_within;
            for begin in ["", "GET / HTTP/1.1\r\nhost: x\r\n"] {
                let mut slow = connect(limits);
                slow.write_all(begin.as_bytes()).await.unwrap();
                let waited = closes(&mut slow).await;
                assert!((within..within + LATE).contains(&waited), "{begin:?}: {waited:?} of {within:?}");
            }
            let mut timely = connect(limits);
            for _ in 0..2 {
                timely.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
                sleep(within - LATE).await;
                timely.write_all(b"host: x\r\n\r\n").await.unwrap();
                assert!(answered(&mut timely).await.starts_with("HTTP/1.1 200 "));
            }
            let waited = closes(&mut timely).await;
            assert!((within..within + LATE).contains(&waited), "the next: {waited:?} of {within:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_of_an_answer_for_too_long_is_left() {
        for limits in [LIMITS, public::LIMITS] {
            let within = limits.taken_within;
            let ask = async || {
                let mut stream = connect(limits);
                stream
                    .write_all(b"GET /long HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
                    .await
                    .unwrap();
                stream
            };
            let mut slow = ask().await;
            let mut said = vec![0; LONG_BYTES];
            for _ in 0..4 {
                sleep(within - LATE).await;
                slow.read_exact(&mut said[..PIPE_BYTES / 2]).await.unwrap();
            }
            sleep(within + LATE).await;
            let rest = slow.read_to_end(&mut said).await.unwrap();
            assert_eq!(rest, PIPE_BYTES, "no more comes than was on its way");
            let mut timely = ask().await;
            sleep(within - LATE).await;
            let mut whole = Vec::new();
            timely.read_to_end(&mut whole).await.unwrap();
            assert!(whole.len() > LONG_BYTES, "{}", whole.len());
        }
    }

    #[test]
    fn one_connection_past_those_of_an_address_is_closed_and_a_proxy_s_are_not_counted() {
        let limits = public::LIMITS;
        let places = Places::default();
        let take = |from: &str| places.take(from.parse().unwrap(), limits);
        let mut held: Vec<_> = (0..public::OF_ONE_MAX).map(|_| take("192.0.2.1").unwrap()).collect();
        assert!(take("192.0.2.1").is_none(), "one past");
        assert!(take("::ffff:192.0.2.1").is_none(), "the same in another form");
        held.push(take("192.0.2.2").unwrap());
        held.remove(0);
        held.push(take("192.0.2.1").unwrap());
        assert!(take("192.0.2.1").is_none());
        let near = ["2001:db8::1", "2001:db8::2"];
        held.extend((0..public::OF_ONE_MAX).map(|n| take(near[n % 2]).unwrap()));
        assert!(take(near[0]).is_none() && take(near[1]).is_none(), "one network is one");
        let left = public::CONNECTIONS_MAX - held.len();
        let proxy = ["127.0.0.1", "::1", "::ffff:127.0.0.1"];
        held.extend((0..left).map(|n| take(proxy[n % 3]).unwrap()));
        assert!(take(proxy[0]).is_none() && take("192.0.2.9").is_none(), "there is no place left at all");
        drop(held);
        let left = places.held();
        assert_eq!((left.all, left.of_each.len()), (0, 0), "nobody is remembered who left");
    }
}
