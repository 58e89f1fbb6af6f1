//! What a stranger may cost: over streams in memory, with tokio's clock standing still until nothing else can happen.

use std::time::Duration;

use klatch_gossip::link::{HANDSHAKE_MAX, OpenError, initiate, respond};
use klatch_gossip::noise::{FIRST_BYTES, HandshakeError, Initiator};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::{Instant, sleep};

use crate::handshake::{local, network};

/// What `respond` makes of a caller who does this, and what the caller hears before the end.
async fn answer_to<F>(caller: impl FnOnce(DuplexStream) -> F) -> (OpenError, Vec<u8>, Duration)
where
    F: Future<Output = DuplexStream>,
{
    let (theirs, mut ours) = duplex(1024);
    let started = Instant::now();
    let respond = async {
        let error = respond(&mut ours, &local(2)).await.unwrap_err();
        let took = started.elapsed();
        drop(ours);
        (error, took)
    };
    let heard = async {
        let mut stream = caller(theirs).await;
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).await.unwrap();
        heard
    };
    let ((error, took), heard) = tokio::join!(respond, heard);
    (error, heard, took)
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_says_nothing_or_a_byte_a_second_has_five_seconds() {
    let (error, heard, took) = answer_to(|stream| async { stream }).await;
    assert!(matches!(error, OpenError::TooSlow), "{error}");
    assert_eq!((heard.len(), took), (0, HANDSHAKE_MAX));

    let (error, heard, took) = answer_to(|mut stream| async {
        let (_, first) = Initiator::start(&local(1), local(2).feed()).unwrap();
        stream.write_all(&(FIRST_BYTES as u16).to_be_bytes()).await.unwrap();
        for byte in first {
            sleep(Duration::from_secs(1)).await;
            if stream.write_all(&[byte]).await.is_err() {
                break;
            }
        }
        stream
    })
    .await;
    assert!(matches!(error, OpenError::TooSlow), "{error}");
    assert_eq!((heard.len(), took), (0, HANDSHAKE_MAX));
}

#[tokio::test(start_paused = true)]
async fn the_five_seconds_are_for_all_three_messages_together() {
    let (error, heard, took) = answer_to(|mut stream| async {
        let (_, first) = Initiator::start(&local(1), local(2).feed()).unwrap();
        sleep(Duration::from_secs(4)).await;
        stream.write_all(&(FIRST_BYTES as u16).to_be_bytes()).await.unwrap();
        stream.write_all(&first).await.unwrap();
        stream
    })
    .await;
    assert!(matches!(error, OpenError::TooSlow), "{error}");
    assert_eq!((heard.len(), took), (2 + 192, HANDSHAKE_MAX), "answered, then waited one second more");
}

#[tokio::test(start_paused = true)]
async fn a_dialler_waits_five_seconds_for_an_answer() {
    let (mut ours, _silent) = duplex(1024);
    let started = Instant::now();
    let error = initiate(&mut ours, &local(1), local(2).feed()).await.unwrap_err();
    assert!(matches!(error, OpenError::TooSlow), "{error}");
    assert_eq!(started.elapsed(), HANDSHAKE_MAX);
}

#[tokio::test(start_paused = true)]
async fn a_prefix_that_is_none_closes_at_once_and_in_silence() {
    for found in [0_u16, 1, 63, 65, 256, 257, u16::MAX] {
        let (error, heard, took) = answer_to(|mut stream| async move {
            stream.write_all(&found.to_be_bytes()).await.unwrap();
            stream
        })
        .await;
        let expected = HandshakeError::Length { message: 1, expected: FIRST_BYTES, found: found.into() };
        assert!(matches!(&error, OpenError::Handshake(length) if *length == expected), "{found}: {error}");
        assert_eq!((heard.len(), took), (0, Duration::ZERO));
    }
}

#[tokio::test(start_paused = true)]
async fn bytes_of_another_protocol_get_no_answer() {
    for words in [&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], b"SSH-2.0-OpenSSH_9.2\r\n", &[0x16, 3, 1, 2, 0]]
    {
        let (error, heard, took) = answer_to(|mut stream| async move {
            stream.write_all(words).await.unwrap();
            stream
        })
        .await;
        assert!(matches!(error, OpenError::Handshake(HandshakeError::Length { .. })), "{error}");
        assert_eq!((heard.len(), took), (0, Duration::ZERO));
    }
    let (error, heard, _) = answer_to(|mut stream| async {
        stream
            .write_all(&[&(FIRST_BYTES as u16).to_be_bytes()[..], &[0xa5; FIRST_BYTES]].concat())
            .await
            .unwrap();
        stream
    })
    .await;
    assert!(matches!(error, OpenError::Handshake(HandshakeError::NotForMe)), "{error}");
    assert_eq!(heard.len(), 0, "the right length is no better");
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_hangs_up_in_the_middle_is_told_apart_from_one_who_is_slow() {
    for cut in [0, 1, 2, 30, 65] {
        let (mut theirs, mut ours) = duplex(1024);
        let (_, first) = Initiator::start(&local(1), local(2).feed()).unwrap();
        let whole = [&(FIRST_BYTES as u16).to_be_bytes()[..], &first].concat();
        theirs.write_all(&whole[..cut]).await.unwrap();
        drop(theirs);
        let error = respond(&mut ours, &local(2)).await.unwrap_err();
        assert!(matches!(error, OpenError::Hangup), "cut at {cut}: {error}");
    }
}

/// The two mistakes that people make look alike from outside, so the message names both.
#[tokio::test(start_paused = true)]
async fn a_wrong_network_key_and_a_wrong_expected_feed_are_no_answer() {
    let secret = || klatch_feed::SecretKey::from_seed(&[1; 32]);
    let other = klatch_gossip::noise::Network::new(network().id, [7; 32]);
    let wrong_key = klatch_gossip::noise::Local::new(other, secret()).unwrap();
    for (caller, expected) in [(wrong_key, local(2).feed()), (local(1), local(3).feed())] {
        let (mut theirs, mut ours) = duplex(1024);
        let respond = async {
            let error = respond(&mut ours, &local(2)).await.unwrap_err();
            drop(ours);
            error
        };
        let (called, answered) = tokio::join!(initiate(&mut theirs, &caller, expected), respond);
        assert!(matches!(answered, OpenError::Handshake(HandshakeError::NotForMe)), "{answered}");
        let said = called.unwrap_err().to_string();
        assert_eq!(said, format!("no answer: nobody there is {expected} in this network"));
    }
}
