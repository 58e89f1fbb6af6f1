//! Frames: what was sealed arrives, whole or cut anywhere; what was not sealed there ends the connection.

use arbitrary::{Arbitrary, Unstructured};
use klatch_feed::{NetId, SecretKey};
use klatch_gossip::noise::frame::{FrameError, Inbox, MESSAGE_BYTES_MAX, Outbox};
use klatch_gossip::noise::{Channel, Initiator, Local, Network, Responder};

/// How the bytes of the wire are made and handed over.
#[derive(Arbitrary, Debug)]
struct Input {
    wire: Wire,
    /// Sizes of the pieces in which they come, over and over.
    pieces: Vec<u8>,
}

#[derive(Arbitrary, Debug)]
enum Wire {
    /// Nobody sealed them.
    Raw(Vec<u8>),
    /// Messages, sealed as a peer does.
    Messages(Vec<Vec<u8>>),
    /// The peer sealed plaintexts that are no messages.
    Plain(Vec<Vec<u8>>),
    /// Messages, with one bit of the wire another.
    Flipped(Vec<Vec<u8>>, u16, u8),
}

/// What came of it: the messages, and the error that ended it.
type Heard = (Vec<Vec<u8>>, Option<FrameError>);

/// Input: the above, as `arbitrary` draws it.
pub fn check(bytes: &[u8]) {
    let Ok(Input { wire, pieces }) = Input::arbitrary_take_rest(Unstructured::new(bytes)) else { return };
    let (mut out, mut channel) = channels();
    match wire {
        Wire::Raw(bytes) => {
            let (messages, error) = hear(&mut channel, &bytes, &pieces);
            assert!(messages.is_empty(), "nobody sealed {messages:?}");
            let is_whole =
                |bytes: &[u8]| bytes.len() >= 2 + usize::from(u16::from_be_bytes([bytes[0], bytes[1]]));
            let is_short = bytes.len() >= 2 && u16::from_be_bytes([bytes[0], bytes[1]]) <= 16;
            assert_eq!(error.is_some(), is_short || (bytes.len() >= 2 && is_whole(&bytes)), "{error:?}");
        }
        Wire::Messages(messages) => {
            let wire = seal(&mut out, &messages);
            assert_eq!(hear(&mut channel, &wire, &pieces), (messages, None));
        }
        Wire::Plain(plaintexts) => {
            let mut wire = Vec::new();
            let plaintexts: Vec<_> = plaintexts.into_iter().filter(|plain| !plain.is_empty()).collect();
            plaintexts.iter().for_each(|plain| out.seal(plain, &mut wire));
            assert_eq!(hear(&mut channel, &wire, &pieces), reference(&plaintexts.concat()));
        }
        Wire::Flipped(messages, at, bit) => {
            let mut wire = seal(&mut out, &messages);
            if wire.is_empty() {
                return;
            }
            let at = usize::from(at) % wire.len();
            wire[at] ^= 1 << (bit % 8);
            let (heard, error) = hear(&mut channel, &wire, &pieces);
            assert!(messages.starts_with(&heard), "{heard:?} is what was sent");
            assert!(heard.len() < messages.len(), "the frame that was damaged is not taken");
            let claims_more = at < 2; // Then it waits for a frame that is longer than it is.
            assert!(error.is_some() || claims_more, "damage at {at}");
        }
    }
}

/// spec/gossip.md, "frames": `u32be(length) || message`, one after another.
fn reference(mut plain: &[u8]) -> Heard {
    let mut messages = Vec::new();
    while let Some((size, rest)) = plain.split_first_chunk() {
        let size = u32::from_be_bytes(*size);
        if size > 1_048_576 {
            return (messages, Some(FrameError::TooLong(size)));
        }
        let Some((message, rest)) = rest.split_at_checked(size as usize) else { break };
        messages.push(message.to_vec());
        plain = rest;
    }
    (messages, None)
}

fn seal(channel: &mut Channel, messages: &[Vec<u8>]) -> Vec<u8> {
    let (mut outbox, mut wire) = (Outbox::default(), Vec::new());
    messages.iter().for_each(|message| outbox.push(message));
    while outbox.seal(channel, &mut wire) {}
    assert!(outbox.is_empty());
    wire
}

/// Hands the wire over piece by piece, and takes every message as soon as it is there.
fn hear(channel: &mut Channel, mut wire: &[u8], pieces: &[u8]) -> Heard {
    let (mut inbox, mut messages) = (Inbox::default(), Vec::new());
    let mut sizes = pieces.iter().map(|size| usize::from(*size) + 1).cycle();
    let mut given = 0;
    while !wire.is_empty() {
        let size = sizes.next().unwrap_or(wire.len()).min(wire.len());
        let (piece, rest) = wire.split_at(size);
        wire = rest;
        given += size;
        inbox.wire().extend_from_slice(piece);
        if let Err(error) = inbox.unseal(channel) {
            return (messages, Some(error));
        }
        loop {
            match inbox.next_message() {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(error) => return (messages, Some(error)),
            }
        }
        // Memory is taken for what came, never for what was announced.
        assert!(inbox.buffered() <= given.min(MESSAGE_BYTES_MAX + 4 + u16::MAX as usize));
        assert!(inbox.wire().capacity() <= 4 * given + 8192);
    }
    (messages, None)
}

/// Both ends after a handshake whose keys are always the same.
fn channels() -> (Channel, Channel) {
    let local = |seed: u8| {
        let network = Network::public(NetId::of_name("fuzz"));
        Local::with_static(network, SecretKey::from_seed(&[seed; 32]), [seed + 10; 32])
    };
    let [us, them] = [local(1), local(2)];
    let (initiator, first) = Initiator::start_fixed(&them, us.feed(), &[3; 32]).expect("fixed keys");
    let (responder, second) = Responder::answer_fixed(&us, &first, &[4; 32]).expect("a good first message");
    let (theirs, third) = initiator.finish(&them, &second).expect("a good second message");
    (theirs, responder.finish(&us, &third).expect("a good third message"))
}
