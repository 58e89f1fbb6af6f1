//! Noise and frames without a socket: who gets a channel, who gets silence, and what a channel carries.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use klatch_feed::{FeedId, NetId, SecretKey};
use klatch_gossip::noise::frame::{FrameError, Inbox, MESSAGE_BYTES_MAX, Outbox};
use klatch_gossip::noise::{
    Channel, FIRST_BYTES, HandshakeError, Initiator, Local, Network, PLAINTEXT_BYTES_MAX, REKEY_FRAMES,
    Responder, Side, Undecryptable,
};
use proptest::prelude::*;
use serde_json::{Value, json};

pub(crate) fn network() -> Network {
    Network::public(NetId::of_name("test"))
}

pub(crate) fn local(seed: u8) -> Local {
    Local::new(network(), SecretKey::from_seed(&[seed; 32])).unwrap()
}

/// Both ends of a fresh channel between feeds 1 (initiator) and 2 (responder).
pub(crate) fn channels() -> (Channel, Channel) {
    let (ana, ben) = (local(1), local(2));
    let (initiator, first) = Initiator::start(&ana, ben.feed()).unwrap();
    let (responder, second) = Responder::answer(&ben, &first).unwrap();
    let (anas, third) = initiator.finish(&ana, &second).unwrap();
    (anas, responder.finish(&ben, &third).unwrap())
}

/// One frame's plaintext carried from one end to the other.
fn carry(from: &mut Channel, to: &mut Channel, plaintext: &[u8]) -> Result<Vec<u8>, Undecryptable> {
    let (mut wire, mut plain) = (Vec::new(), Vec::new());
    from.seal(plaintext, &mut wire);
    to.open(&wire[2..], &mut plain)?;
    Ok(plain)
}

#[test]
fn both_ends_learn_each_others_feed_and_share_one_name_for_the_connection() {
    let (mut anas, mut bens) = channels();
    assert_eq!((anas.peer(), bens.peer()), (local(2).feed(), local(1).feed()));
    assert_eq!((anas.side(), bens.side()), (Side::Initiator, Side::Responder));
    assert_eq!(anas.handshake_hash(), bens.handshake_hash());
    assert_ne!(anas.peer_static(), bens.peer_static());
    assert_eq!(carry(&mut anas, &mut bens, b"there").unwrap(), b"there");
    assert_eq!(carry(&mut bens, &mut anas, b"and back").unwrap(), b"and back");
}

#[test]
fn a_caller_with_the_wrong_network_key_or_feed_gets_no_answer() {
    let ben = local(2);
    let me = || SecretKey::from_seed(&[1; 32]);
    let of = |network| Local::new(network, me()).unwrap();
    let id = network().id;
    let cases = [
        ("another network key", of(Network::new(id, [7; 32])), ben.feed()),
        ("another network, its public key", of(Network::public(NetId::of_name("other"))), ben.feed()),
        ("looks for a third feed", local(1), local(3).feed()),
    ];
    for (name, caller, expected) in cases {
        let (_, first) = Initiator::start(&caller, expected).unwrap();
        assert_eq!(Responder::answer(&ben, &first).unwrap_err(), HandshakeError::NotForMe, "{name}");
    }
    // The prologue alone differs: mac1 passes, then Noise refuses, still without an answer.
    let other_name = Local::new(
        Network::new(
            NetId::of_name("other"),
            *b"one key for two networks, 32 byte"[..32].first_chunk().unwrap(),
        ),
        me(),
    );
    let ben = Local::new(
        Network::new(id, *b"one key for two networks, 32 byte"[..32].first_chunk().unwrap()),
        SecretKey::from_seed(&[2; 32]),
    );
    let ben = ben.unwrap();
    let (_, first) = Initiator::start(&other_name.unwrap(), ben.feed()).unwrap();
    assert_eq!(Responder::answer(&ben, &first).unwrap_err(), HandshakeError::Undecryptable { message: 1 });
}

#[test]
fn a_first_message_is_answered_once() {
    let ben = local(2);
    let (_, first) = Initiator::start(&local(1), ben.feed()).unwrap();
    assert!(Responder::answer(&ben, &first).is_ok());
    assert_eq!(Responder::answer(&ben, &first).unwrap_err(), HandshakeError::Replay);
}

/// A responder that knows which feed is looked for and holds another key: mac1 is keyed by the feed looked for, so
/// this one computes it for that feed and then signs as itself.
#[test]
fn a_wrong_peer_is_named_before_the_third_message() {
    let (ana, expected) = (local(1), local(2).feed());
    let (initiator, first) = Initiator::start(&ana, expected).unwrap();
    let impostor = SecretKey::from_seed(&[9; 32]);
    let second = second_message_of(&impostor, impostor.feed(), &first);
    assert_eq!(
        initiator.finish(&ana, &second).unwrap_err(),
        HandshakeError::WrongPeer { expected, found: impostor.feed() }
    );
    // Claiming the expected feed without its key is no better.
    let (initiator, first) = Initiator::start(&ana, expected).unwrap();
    let second = second_message_of(&impostor, expected, &first);
    let error = initiator.finish(&ana, &second).unwrap_err();
    assert_eq!(error, HandshakeError::Signature { feed: expected });
    // Nor is a key of small order, under which anything verifies somewhere.
    let (initiator, first) = Initiator::start(&ana, expected).unwrap();
    let mut identity = [0; 32];
    identity[0] = 1;
    let second = second_message_of(&impostor, FeedId::new(identity), &first);
    assert!(matches!(initiator.finish(&ana, &second).unwrap_err(), HandshakeError::Key { .. }));
}

/// The second message of somebody who speaks Noise but is not `Responder`: signs with `key`, claims `claimed`.
fn second_message_of(key: &SecretKey, claimed: FeedId, first: &[u8]) -> Vec<u8> {
    let id = network().id;
    let psk = sha256(&[b"klatch/psk/1\0", id.as_bytes()]);
    let prologue = [b"klatch/1\0", &id.as_bytes()[..]].concat();
    let builder = snow::Builder::new("Noise_XXpsk0_25519_ChaChaPoly_SHA256".parse().unwrap());
    let pair = builder.generate_keypair().unwrap();
    let mut noise = builder
        .local_private_key(&pair.private)
        .and_then(|b| b.psk(0, &psk))
        .and_then(|b| b.prologue(&prologue))
        .and_then(snow::Builder::build_responder)
        .unwrap();
    noise.read_message(&first[..FIRST_BYTES - 16], &mut []).unwrap();
    let signature =
        key.sign(&[b"klatch/hs/1\0", b"R", id.as_bytes(), &pair.public, noise.get_handshake_hash()]);
    let mut second = vec![0; 192];
    let proof = [&claimed.as_bytes()[..], &signature].concat();
    assert_eq!(noise.write_message(&proof, &mut second).unwrap(), second.len());
    second
}

fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    use sha2::Digest;
    sha2::Sha256::digest(parts.concat()).into()
}

#[test]
fn every_changed_byte_of_every_message_ends_the_handshake() {
    let (ana, ben) = (local(1), local(2));
    let (_, first) = Initiator::start(&ana, ben.feed()).unwrap();
    for at in 0..first.len() {
        let mut changed = first;
        changed[at] ^= 0x80;
        assert!(Responder::answer(&ben, &changed).is_err(), "message 1, byte {at}");
    }
    for at in 0..192 {
        let (initiator, first) = Initiator::start(&ana, ben.feed()).unwrap();
        let (_, mut second) = Responder::answer(&ben, &first).unwrap();
        second[at] ^= 0x80;
        let error = initiator.finish(&ana, &second).unwrap_err();
        assert_eq!(error, HandshakeError::Undecryptable { message: 2 }, "message 2, byte {at}");
    }
    for at in 0..160 {
        let (initiator, first) = Initiator::start(&ana, ben.feed()).unwrap();
        let (responder, second) = Responder::answer(&ben, &first).unwrap();
        let (_, mut third) = initiator.finish(&ana, &second).unwrap();
        third[at] ^= 0x80;
        let error = responder.finish(&ben, &third).unwrap_err();
        assert_eq!(error, HandshakeError::Undecryptable { message: 3 }, "message 3, byte {at}");
    }
}

#[test]
fn a_message_of_another_length_is_refused() {
    let (ana, ben) = (local(1), local(2));
    let (_, first) = Initiator::start(&ana, ben.feed()).unwrap();
    let longer = [&first[..], &[0]].concat();
    for (found, bytes) in [(63, &first[..63]), (65, &longer[..]), (0, &[][..])] {
        let error = Responder::answer(&ben, bytes).unwrap_err();
        assert_eq!(error, HandshakeError::Length { message: 1, expected: 64, found });
    }
    let (initiator, first) = Initiator::start(&ana, ben.feed()).unwrap();
    let (responder, second) = Responder::answer(&ben, &first).unwrap();
    let error = initiator.finish(&ana, &second[..191]).unwrap_err();
    assert_eq!(error, HandshakeError::Length { message: 2, expected: 192, found: 191 });
    let error = responder.finish(&ben, &[0; 161]).unwrap_err();
    assert_eq!(error, HandshakeError::Length { message: 3, expected: 160, found: 161 });
}

#[test]
fn a_frame_opens_once_in_its_place_and_unchanged() {
    let (mut anas, mut bens) = channels();
    let (mut one, mut two, mut plain) = (Vec::new(), Vec::new(), Vec::new());
    anas.seal(b"one", &mut one);
    anas.seal(b"two", &mut two);
    assert_eq!(bens.open(&two[2..], &mut plain), Err(Undecryptable), "out of order");
    assert_eq!(bens.open(&one[2..], &mut plain), Ok(()));
    assert_eq!(bens.open(&one[2..], &mut plain), Err(Undecryptable), "a second time");
    two[5] ^= 1;
    assert_eq!(bens.open(&two[2..], &mut plain), Err(Undecryptable), "changed");
    assert_eq!(plain, b"one", "what failed left nothing");
    let (mut others, _) = channels();
    let mut foreign = Vec::new();
    others.seal(b"one", &mut foreign);
    assert_eq!(bens.open(&foreign[2..], &mut plain), Err(Undecryptable), "of another connection");
}

#[test]
fn both_directions_change_their_key_after_65_536_frames_each_by_itself() {
    let (mut anas, mut bens) = channels();
    for n in 0..2 * REKEY_FRAMES + 2 {
        let sent = n.to_be_bytes();
        assert_eq!(carry(&mut anas, &mut bens, &sent).unwrap(), sent, "frame {n}");
        if n % 1000 == 0 {
            assert_eq!(carry(&mut bens, &mut anas, &sent).unwrap(), sent, "frame {n}, answered");
        }
    }
}

/// What makes the test above mean something: a receiver that does not rekey is lost after frame 65,536.
#[test]
fn the_key_really_changes() {
    let (ana, ben) = (local(1), local(2));
    let (initiator, first) = Initiator::start(&ana, ben.feed()).unwrap();
    let psk = sha256(&[b"klatch/psk/1\0", network().id.as_bytes()]);
    let prologue = [b"klatch/1\0", &network().id.as_bytes()[..]].concat();
    let builder = snow::Builder::new("Noise_XXpsk0_25519_ChaChaPoly_SHA256".parse().unwrap());
    let pair = builder.generate_keypair().unwrap();
    let mut noise = builder
        .local_private_key(&pair.private)
        .and_then(|b| b.psk(0, &psk))
        .and_then(|b| b.prologue(&prologue))
        .and_then(snow::Builder::build_responder)
        .unwrap();
    noise.read_message(&first[..48], &mut []).unwrap();
    let key = SecretKey::from_seed(&[2; 32]);
    let h1 = noise.get_handshake_hash().to_vec();
    let signature = key.sign(&[b"klatch/hs/1\0", b"R", network().id.as_bytes(), &pair.public, &h1]);
    let proof = [&key.feed().as_bytes()[..], &signature].concat();
    let mut second = [0; 192];
    noise.write_message(&proof, &mut second).unwrap();
    let (mut anas, third) = initiator.finish(&ana, &second).unwrap();
    noise.read_message(&third, &mut [0; 96]).unwrap();
    let mut never_rekeys = noise.into_transport_mode().unwrap();

    let mut plain = [0; 32];
    let mut wire = Vec::new();
    for n in 1..=REKEY_FRAMES {
        wire.clear();
        anas.seal(b"x", &mut wire);
        assert!(never_rekeys.read_message(&wire[2..], &mut plain).is_ok(), "frame {n}");
    }
    wire.clear();
    anas.seal(b"x", &mut wire);
    assert!(never_rekeys.read_message(&wire[2..], &mut plain).is_err(), "frame 65,537 has another key");
    never_rekeys.rekey_incoming();
    assert!(never_rekeys.read_message(&wire[2..], &mut plain).is_ok(), "Noise's own rekey, nonce unchanged");
}

/// Seals all that waits, in as few frames as it takes.
fn flush(outbox: &mut Outbox, channel: &mut Channel) -> (Vec<u8>, usize) {
    let (mut wire, mut frames) = (Vec::new(), 0);
    while outbox.seal(channel, &mut wire) {
        frames += 1;
    }
    (wire, frames)
}

#[test]
fn many_small_messages_share_a_frame_and_a_large_one_spans_several() {
    let (mut anas, mut bens) = channels();
    let (mut outbox, mut inbox) = (Outbox::default(), Inbox::default());
    for n in 0..1000_u16 {
        outbox.push(&n.to_be_bytes());
    }
    let (wire, frames) = flush(&mut outbox, &mut anas);
    assert_eq!((wire.len(), frames), (2 + 1000 * 6 + 16, 1));
    inbox.wire().extend_from_slice(&wire);
    let largest = vec![7; MESSAGE_BYTES_MAX];
    outbox.push(&largest);
    let (wire, frames) = flush(&mut outbox, &mut anas);
    assert_eq!(frames, (MESSAGE_BYTES_MAX + 4).div_ceil(PLAINTEXT_BYTES_MAX));
    inbox.wire().extend_from_slice(&wire);
    inbox.unseal(&mut bens).unwrap();
    for n in 0..1000_u16 {
        assert_eq!(inbox.next_message(), Ok(Some(n.to_be_bytes().to_vec())));
    }
    assert_eq!(inbox.next_message(), Ok(Some(largest)));
    assert_eq!(inbox.next_message(), Ok(None));
}

#[test]
fn a_length_past_the_limit_is_refused_by_the_prefix_alone() {
    for claimed in [MESSAGE_BYTES_MAX as u32 + 1, u32::MAX] {
        let (mut anas, mut bens) = channels();
        let mut inbox = Inbox::default();
        anas.seal(&claimed.to_be_bytes(), inbox.wire());
        inbox.unseal(&mut bens).unwrap();
        assert_eq!(inbox.next_message(), Err(FrameError::TooLong(claimed)));
        assert!(inbox.buffered() <= 4, "nothing was set aside for {claimed} bytes");
    }
    let (mut anas, mut bens) = channels();
    let mut inbox = Inbox::default();
    anas.seal(&(MESSAGE_BYTES_MAX as u32).to_be_bytes(), inbox.wire());
    inbox.unseal(&mut bens).unwrap();
    assert_eq!(inbox.next_message(), Ok(None), "the limit itself is waited for");
}

#[test]
fn a_frame_that_holds_nothing_ends_the_connection() {
    for size in 0..=16_u16 {
        let (_, mut bens) = channels();
        let mut inbox = Inbox::default();
        inbox.wire().extend_from_slice(&size.to_be_bytes());
        assert_eq!(inbox.unseal(&mut bens), Err(FrameError::Empty(size.into())), "{size}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// However the stream is cut, the same messages come out.
    #[test]
    fn messages_arrive_whole_however_the_stream_is_cut(
        messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3000), 0..40),
        cuts in prop::collection::vec(1_usize..5000, 1..60),
    ) {
        let (mut anas, mut bens) = channels();
        let (mut outbox, mut inbox) = (Outbox::default(), Inbox::default());
        let mut wire = Vec::new();
        for (n, message) in messages.iter().enumerate() {
            outbox.push(message);
            if n % 3 == 0 {
                outbox.seal(&mut anas, &mut wire);
            }
        }
        wire.extend(flush(&mut outbox, &mut anas).0);
        let mut got = Vec::new();
        let (mut rest, mut cuts) = (&wire[..], cuts.iter().cycle());
        while !rest.is_empty() {
            let (piece, later) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
            inbox.wire().extend_from_slice(piece);
            inbox.unseal(&mut bens).unwrap();
            while let Some(message) = inbox.next_message().unwrap() {
                got.push(message);
            }
            rest = later;
        }
        prop_assert_eq!(got, messages);
    }

    #[test]
    fn random_bytes_never_make_a_channel_or_a_message(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let (ana, ben) = (local(1), local(2));
        prop_assert!(Responder::answer(&ben, &bytes).is_err());
        let (initiator, _) = Initiator::start(&ana, ben.feed()).unwrap();
        prop_assert!(initiator.finish(&ana, &bytes).is_err());
        let (_, mut bens) = channels();
        let mut inbox = Inbox::default();
        inbox.wire().extend_from_slice(&bytes);
        let _ = inbox.unseal(&mut bens);
        prop_assert_eq!(inbox.next_message(), Ok(None));
    }
}

fn vector_path() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../spec/vectors/gossip/handshake.json"))
}

/// The transcript, made from the keys in it alone.
fn transcript() -> Value {
    let name = "klatch test network";
    let key: [u8; 32] = std::array::from_fn(|n| n as u8);
    let network = Network::new(NetId::of_name(name), key);
    let seeds = [[0x11; 32], [0x22; 32]];
    let statics = [[0x33; 32], [0x44; 32]];
    let ephemerals = [[0x55; 32], [0x66; 32]];
    let [ana, ben] =
        [0, 1].map(|n| Local::with_static(network.clone(), SecretKey::from_seed(&seeds[n]), statics[n]));
    let (initiator, first) = Initiator::start_fixed(&ana, ben.feed(), &ephemerals[0]).unwrap();
    let (responder, second) = Responder::answer_fixed(&ben, &first, &ephemerals[1]).unwrap();
    let (mut anas, third) = initiator.finish(&ana, &second).unwrap();
    let mut bens = responder.finish(&ben, &third).unwrap();
    let messages = [&b"from the initiator"[..], &b"from the responder"[..]];
    let frame = |channel: &mut Channel, message: &[u8]| {
        let (mut outbox, mut wire) = (Outbox::default(), Vec::new());
        outbox.push(message);
        outbox.seal(channel, &mut wire);
        hex(&wire)
    };
    let frames = [frame(&mut anas, messages[0]), frame(&mut bens, messages[1])];
    for _ in 1..REKEY_FRAMES {
        anas.seal(b"x", &mut Vec::new());
    }
    let after_rekey = b"from the initiator, under its second key";
    let side = |n: usize, local: &Local| {
        json!({
            "feed_seed": hex(&seeds[n]),
            "feed": hex(local.feed().as_bytes()),
            "static_private": hex(&statics[n]),
            "static_public": hex(local.static_key()),
            "ephemeral_private": hex(&ephemerals[n]),
        })
    };
    json!({
        "why": "A whole handshake, the first frame each way, and the initiator's frame 65,537. All values but name and protocol are hex; handshake messages stand without their length.",
        "protocol": "Noise_XXpsk0_25519_ChaChaPoly_SHA256",
        "network_name": name,
        "net_id": hex(network.id.as_bytes()),
        "network_key": hex(&key),
        "initiator": side(0, &ana),
        "responder": side(1, &ben),
        "message_1": hex(&first),
        "message_2": hex(&second),
        "message_3": hex(&third),
        "handshake_hash": hex(anas.handshake_hash()),
        "initiator_says": hex(messages[0]),
        "initiator_frame": frames[0],
        "responder_says": hex(messages[1]),
        "responder_frame": frames[1],
        "initiator_says_after_rekey": hex(after_rekey),
        "initiator_frame_65537": frame(&mut anas, after_rekey),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_transcript_in_the_spec_is_ours() {
    let ours = transcript();
    if std::env::var_os("UPDATE").is_some() {
        let text = serde_json::to_string_pretty(&ours).unwrap() + "\n";
        std::fs::write(vector_path(), text).unwrap();
    }
    let text = std::fs::read_to_string(vector_path()).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), ours);
}

/// `noise_peer.py` derives every value anew from the keys in the transcript.
#[test]
fn an_independent_noise_implementation_makes_the_same_transcript() {
    let python = std::env::var("KLATCH_PYTHON").unwrap_or_else(|_| "python3".into());
    let ready = Command::new(&python).args(["-c", "import noise.connection"]).output();
    if !ready.is_ok_and(|output| output.status.success()) {
        let absent = format!("{python} with the package noiseprotocol is not here");
        assert!(std::env::var_os("KLATCH_REQUIRE").is_none(), "{absent}");
        // Not `eprintln`: what that prints is hidden where a test passes.
        let _ = writeln!(std::io::stderr(), "SKIPPED: the handshake beside another implementation: {absent}");
        return;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/noise_peer.py");
    let run = Command::new(&python).arg(script).arg(vector_path()).output().unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{said}\n{}", String::from_utf8_lossy(&run.stderr));
    assert!(said.contains("12 values agree, 0 do not"), "{said}");
}
