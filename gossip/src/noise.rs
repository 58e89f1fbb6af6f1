//! Who the peer is, and a channel to it that nobody else reads: bytes in, bytes out.
//!
//! `Noise_XXpsk0_25519_ChaChaPoly_SHA256`. The X25519 statics live as long as the process; what a peer *is*
//! is its feed key, which signs the hash of the handshake so far. Three messages:
//!
//! ```text
//! Initiator::start ──first──► Responder::answer ──second──► Initiator::finish ──third──► Responder::finish
//! ```
//!
//! Absent on purpose: sockets, timeouts and limits on who may try ([`crate::link`], [`crate::peers`]).
//! Ephemeral and static keys are drawn inside snow, from the system. Source: spec/gossip.md, "handshake".

mod channel;
pub mod frame;

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::sync::Mutex;

use hmac::{Hmac, KeyInit, Mac};
use klatch_feed::key::KeyError;
use klatch_feed::{FeedId, NetId, PublicKey, SecretKey};
use sha2::{Digest, Sha256};
use snow::{Builder, HandshakeState};
use thiserror::Error;
use zeroize::Zeroizing;

pub use channel::{Channel, PLAINTEXT_BYTES_MAX, REKEY_FRAMES, Undecryptable};

const PROTOCOL: &str = "Noise_XXpsk0_25519_ChaChaPoly_SHA256";
const TAG_BYTES: usize = 16;
const MAC_BYTES: usize = 16;
/// A feed key and its signature: the payload of the second and third message.
const PROOF_BYTES: usize = 32 + 64;

/// Bytes of the first handshake message: ephemeral key, tag, mac1.
pub const FIRST_BYTES: usize = 32 + TAG_BYTES + MAC_BYTES;
/// Bytes of the second: ephemeral key, sealed static key, sealed proof.
pub const SECOND_BYTES: usize = 32 + (32 + TAG_BYTES) + (PROOF_BYTES + TAG_BYTES);
/// Bytes of the third: sealed static key, sealed proof.
pub const THIRD_BYTES: usize = (32 + TAG_BYTES) + (PROOF_BYTES + TAG_BYTES);

/// First messages a responder remembers, to be silent on a repeat.
pub const REPLAYS_MAX: usize = 65_536;

/// A network: its permanent public name, and the key that lets one in.
#[derive(Clone)]
pub struct Network {
    /// In every signature, for ever.
    pub id: NetId,
    key: Zeroizing<[u8; 32]>,
}

impl Network {
    /// The network `id` behind `key`, which may be secret and may change.
    pub fn new(id: NetId, key: [u8; 32]) -> Self {
        Self { id, key: Zeroizing::new(key) }
    }

    /// The network `id` that everybody may enter: its key follows from its name.
    pub fn public(id: NetId) -> Self {
        Self::new(id, hash(&[b"klatch/psk/1\0", id.as_bytes()]))
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Network({:02x?}, key withheld)", &self.id.as_bytes()[..4])
    }
}

/// This process on the wire: network, feed key, and an X25519 static key that is never written down.
///
/// One a process, shared by all its links.
pub struct Local {
    network: Network,
    me: SecretKey,
    static_private: Zeroizing<[u8; 32]>,
    static_public: [u8; 32],
    replays: Mutex<Replays>,
}

impl Local {
    /// Draws a fresh static key.
    ///
    /// # Errors
    ///
    /// [`HandshakeError::Randomness`] if the system has none to give.
    pub fn new(network: Network, me: SecretKey) -> Result<Self, HandshakeError> {
        let pair = builder().generate_keypair().map_err(|_| HandshakeError::Randomness)?;
        let private = Zeroizing::new(pair.private);
        Ok(Self {
            network,
            me,
            static_private: Zeroizing::new(key32(&private)),
            static_public: key32(&pair.public),
            replays: Mutex::default(),
        })
    }

    /// With a given static key, for transcripts that must come out the same.
    #[cfg(feature = "sim")]
    pub fn with_static(network: Network, me: SecretKey, static_private: [u8; 32]) -> Self {
        use snow::resolvers::{CryptoResolver, DefaultResolver};

        let mut dh =
            DefaultResolver.resolve_dh(&snow::params::DHChoice::Curve25519).expect("snow has X25519");
        dh.set(&static_private);
        let static_public = key32(dh.pubkey());
        let static_private = Zeroizing::new(static_private);
        Self { network, me, static_private, static_public, replays: Mutex::default() }
    }

    /// The feed that this process writes.
    pub fn feed(&self) -> FeedId {
        self.me.feed()
    }

    /// The network it is in.
    pub fn network(&self) -> NetId {
        self.network.id
    }

    /// The public half of this process's static key: a peer that shows it is this very process.
    pub fn static_key(&self) -> &[u8; 32] {
        &self.static_public
    }

    fn begin(&self, side: Side, ephemeral: Option<&[u8; 32]>) -> HandshakeState {
        let prologue = [b"klatch/1\0", &self.network.id.as_bytes()[..]].concat();
        let built = builder()
            .local_private_key(&self.static_private[..])
            .and_then(|b| b.prologue(&prologue))
            .and_then(|b| b.psk(0, &self.network.key))
            .map(|b| match ephemeral {
                Some(key) => b.fixed_ephemeral_key_for_testing_only(key),
                None => b,
            })
            .and_then(|b| match side {
                Side::Initiator => b.build_initiator(),
                Side::Responder => b.build_responder(),
            });
        built.expect("the pattern has its static key, prologue and psk, each set once")
    }

    fn mac1(&self, responder: &FeedId, noise: &[u8]) -> Hmac<Sha256> {
        let key = hash(&[b"klatch/mac1\0", &self.network.key[..], responder.as_bytes()]);
        Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes keys of any length").chain_update(noise)
    }

    /// My feed key, and its signature over the handshake so far.
    fn proof(&self, side: Side, so_far: &[u8]) -> [u8; PROOF_BYTES] {
        let signature =
            self.me.sign(&[DOMAIN, side.letter(), self.network.id.as_bytes(), &self.static_public, so_far]);
        let mut proof = [0; PROOF_BYTES];
        proof[..32].copy_from_slice(self.feed().as_bytes());
        proof[32..].copy_from_slice(&signature);
        proof
    }

    /// Whose proof it is, if `side` made it over this handshake with that static key.
    fn prover(
        &self,
        side: Side,
        so_far: &[u8],
        static_key: &[u8; 32],
        proof: &[u8; PROOF_BYTES],
    ) -> Result<FeedId, HandshakeError> {
        let feed = FeedId::new(key32(&proof[..32]));
        let key = PublicKey::parse(&feed).map_err(|cause| HandshakeError::Key { feed, cause })?;
        let signature = proof[32..].try_into().expect("a proof is 96 bytes");
        let signed = [DOMAIN, side.letter(), self.network.id.as_bytes(), static_key, so_far];
        if key.verify(&signed, signature) { Ok(feed) } else { Err(HandshakeError::Signature { feed }) }
    }
}

impl fmt::Debug for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Local({}, keys withheld)", self.feed())
    }
}

const DOMAIN: &[u8] = b"klatch/hs/1\0";

/// Who opened the connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Side {
    /// It dialled.
    Initiator,
    /// It answered.
    Responder,
}

impl Side {
    fn letter(self) -> &'static [u8] {
        match self {
            Self::Initiator => b"I",
            Self::Responder => b"R",
        }
    }
}

/// Why there is no channel. Source: spec/gossip.md, "handshake".
///
/// A responder says nothing to the other end, whatever the reason: it closes.
#[derive(Clone, Debug, Eq, PartialEq, Error)]
pub enum HandshakeError {
    /// A handshake message of another length than it always has.
    #[error("handshake message {message} is {found} bytes long, not {expected}")]
    Length {
        /// 1, 2 or 3.
        message: u8,
        /// Bytes it should have.
        expected: usize,
        /// Bytes it has.
        found: usize,
    },
    /// It looks for another feed, or is in another network.
    #[error("the caller looks for another feed, or is in another network")]
    NotForMe,
    /// A first message that was seen before.
    #[error("the caller repeats an earlier first message")]
    Replay,
    /// A message that this handshake cannot have led to.
    #[error("handshake message {message} does not decrypt")]
    Undecryptable {
        /// 1, 2 or 3.
        message: u8,
    },
    /// The peer's feed key is none.
    #[error("the peer's feed key is unusable: {cause}")]
    Key {
        /// The bytes it gave.
        feed: FeedId,
        /// What is wrong with them.
        cause: KeyError,
    },
    /// The peer claims a feed key that did not sign this handshake.
    #[error("the peer claims to be {feed} and does not prove it")]
    Signature {
        /// The feed it claimed.
        feed: FeedId,
    },
    /// Somebody else answered. Nothing about this node was shown to them.
    #[error("{found} answered where {expected} was expected")]
    WrongPeer {
        /// Whom was looked for.
        expected: FeedId,
        /// Who answered.
        found: FeedId,
    },
    /// The system gave no random bytes.
    #[error("the system gives no random bytes")]
    Randomness,
}

/// The side that dialled, waiting for the second message.
#[derive(Debug)]
pub struct Initiator {
    noise: HandshakeState,
    expected: FeedId,
}

impl Initiator {
    /// Opens a handshake with `expected`; the bytes are the first message.
    ///
    /// # Errors
    ///
    /// [`HandshakeError::Randomness`].
    pub fn start(local: &Local, expected: FeedId) -> Result<(Self, [u8; FIRST_BYTES]), HandshakeError> {
        Self::start_from(local, expected, local.begin(Side::Initiator, None))
    }

    /// As [`Self::start`], with a given ephemeral key.
    #[cfg(feature = "sim")]
    pub fn start_fixed(
        local: &Local,
        expected: FeedId,
        ephemeral: &[u8; 32],
    ) -> Result<(Self, [u8; FIRST_BYTES]), HandshakeError> {
        Self::start_from(local, expected, local.begin(Side::Initiator, Some(ephemeral)))
    }

    fn start_from(
        local: &Local,
        expected: FeedId,
        mut noise: HandshakeState,
    ) -> Result<(Self, [u8; FIRST_BYTES]), HandshakeError> {
        let mut first = [0; FIRST_BYTES];
        let (message, mac) = first.split_at_mut(FIRST_BYTES - MAC_BYTES);
        write(&mut noise, &[], message)?;
        mac.copy_from_slice(&local.mac1(&expected, message).finalize().into_bytes()[..MAC_BYTES]);
        Ok((Self { noise, expected }, first))
    }

    /// Reads the second message; the bytes are the third.
    ///
    /// # Errors
    ///
    /// Any [`HandshakeError`] about message 2. Unless the expected peer proved itself, no third message
    /// exists, so a wrong responder learns nothing of who called.
    pub fn finish(
        mut self,
        local: &Local,
        second: &[u8],
    ) -> Result<(Channel, [u8; THIRD_BYTES]), HandshakeError> {
        let so_far = hash_so_far(&self.noise);
        let proof = read_proof(&mut self.noise, 2, SECOND_BYTES, second)?;
        let theirs = remote_static(&self.noise);
        let found = local.prover(Side::Responder, &so_far, &theirs, &proof)?;
        if found != self.expected {
            return Err(HandshakeError::WrongPeer { expected: self.expected, found });
        }
        let mut third = [0; THIRD_BYTES];
        let proof = local.proof(Side::Initiator, &hash_so_far(&self.noise));
        write(&mut self.noise, &proof, &mut third)?;
        Ok((Channel::new(self.noise, found, Side::Initiator), third))
    }
}

/// The side that answered, waiting for the third message.
#[derive(Debug)]
pub struct Responder {
    noise: HandshakeState,
}

impl Responder {
    /// Answers a first message; the bytes are the second.
    ///
    /// One HMAC is all that a caller gets who does not know this feed and network.
    ///
    /// # Errors
    ///
    /// Any [`HandshakeError`] about message 1: say nothing, close.
    pub fn answer(local: &Local, first: &[u8]) -> Result<(Self, [u8; SECOND_BYTES]), HandshakeError> {
        Self::answer_from(local, first, local.begin(Side::Responder, None))
    }

    /// As [`Self::answer`], with a given ephemeral key.
    #[cfg(feature = "sim")]
    pub fn answer_fixed(
        local: &Local,
        first: &[u8],
        ephemeral: &[u8; 32],
    ) -> Result<(Self, [u8; SECOND_BYTES]), HandshakeError> {
        Self::answer_from(local, first, local.begin(Side::Responder, Some(ephemeral)))
    }

    fn answer_from(
        local: &Local,
        first: &[u8],
        mut noise: HandshakeState,
    ) -> Result<(Self, [u8; SECOND_BYTES]), HandshakeError> {
        if first.len() != FIRST_BYTES {
            let found = first.len();
            return Err(HandshakeError::Length { message: 1, expected: FIRST_BYTES, found });
        }
        let (message, mac) = first.split_at(FIRST_BYTES - MAC_BYTES);
        let mac1 = local.mac1(&local.feed(), message);
        mac1.verify_truncated_left(mac).map_err(|_| HandshakeError::NotForMe)?;
        noise.read_message(message, &mut []).map_err(|_| HandshakeError::Undecryptable { message: 1 })?;
        // A panic elsewhere cannot leave the memory of first messages half changed.
        let mut replays = local.replays.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if !replays.first_time(hash(&[message])) {
            return Err(HandshakeError::Replay);
        }
        drop(replays);
        let proof = local.proof(Side::Responder, &hash_so_far(&noise));
        let mut second = [0; SECOND_BYTES];
        write(&mut noise, &proof, &mut second)?;
        Ok((Self { noise }, second))
    }

    /// Reads the third message.
    ///
    /// # Errors
    ///
    /// Any [`HandshakeError`] about message 3: say nothing, close.
    pub fn finish(mut self, local: &Local, third: &[u8]) -> Result<Channel, HandshakeError> {
        let so_far = hash_so_far(&self.noise);
        let proof = read_proof(&mut self.noise, 3, THIRD_BYTES, third)?;
        let theirs = remote_static(&self.noise);
        let peer = local.prover(Side::Initiator, &so_far, &theirs, &proof)?;
        Ok(Channel::new(self.noise, peer, Side::Responder))
    }
}

/// The last [`REPLAYS_MAX`] first messages.
#[derive(Default)]
struct Replays {
    known: HashSet<[u8; 32]>,
    oldest_first: VecDeque<[u8; 32]>,
}

impl Replays {
    fn first_time(&mut self, message: [u8; 32]) -> bool {
        if !self.known.insert(message) {
            return false;
        }
        self.oldest_first.push_back(message);
        if self.oldest_first.len() > REPLAYS_MAX
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

fn builder<'a>() -> Builder<'a> {
    Builder::new(PROTOCOL.parse().expect("snow knows the pattern"))
}

fn hash(parts: &[&[u8]]) -> [u8; 32] {
    parts.iter().fold(Sha256::new(), |hasher, part| hasher.chain_update(part)).finalize().into()
}

fn key32(bytes: &[u8]) -> [u8; 32] {
    bytes.try_into().expect("X25519 and Ed25519 keys and SHA-256 hashes are 32 bytes")
}

fn hash_so_far(noise: &HandshakeState) -> [u8; 32] {
    key32(noise.get_handshake_hash())
}

fn remote_static(noise: &HandshakeState) -> [u8; 32] {
    key32(noise.get_remote_static().expect("XX has shown it by now"))
}

fn write(noise: &mut HandshakeState, payload: &[u8], message: &mut [u8]) -> Result<(), HandshakeError> {
    match noise.write_message(payload, message) {
        Ok(written) => {
            debug_assert_eq!(written, message.len());
            Ok(())
        }
        Err(snow::Error::Rng) => Err(HandshakeError::Randomness),
        Err(other) => unreachable!("our turn, our keys, room for all of it: {other}"),
    }
}

fn read_proof(
    noise: &mut HandshakeState,
    message: u8,
    expected: usize,
    bytes: &[u8],
) -> Result<[u8; PROOF_BYTES], HandshakeError> {
    if bytes.len() != expected {
        return Err(HandshakeError::Length { message, expected, found: bytes.len() });
    }
    let mut proof = [0; PROOF_BYTES];
    match noise.read_message(bytes, &mut proof) {
        Ok(PROOF_BYTES) => Ok(proof),
        _ => Err(HandshakeError::Undecryptable { message }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_first_message_is_forgotten_and_no_other() {
        let name = |n: usize| hash(&[&n.to_be_bytes()]);
        let mut replays = Replays::default();
        for n in 0..=REPLAYS_MAX {
            assert!(replays.first_time(name(n)));
        }
        assert!(!replays.first_time(name(1)), "the second of 65,537 is still known");
        assert!(!replays.first_time(name(REPLAYS_MAX)));
        assert!(replays.first_time(name(0)), "the first made room");
        assert_eq!(replays.known.len(), REPLAYS_MAX);
        assert_eq!(replays.oldest_first.len(), REPLAYS_MAX);
    }
}
