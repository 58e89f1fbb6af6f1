//! What a handshake leads to: frames sealed and opened in order. Source: spec/gossip.md, "frames".

use klatch_feed::FeedId;
use snow::{HandshakeState, TransportState};
use thiserror::Error;

use super::{Side, TAG_BYTES, hash_so_far, remote_static};

/// Longest plaintext of one frame.
pub const PLAINTEXT_BYTES_MAX: usize = u16::MAX as usize - TAG_BYTES;
/// Frames of one direction under one key; then that direction rekeys.
pub const REKEY_FRAMES: u64 = 1 << 16;
/// An authenticated, encrypted channel to one peer.
///
/// Frames must be opened in the order they were sealed. Both directions change their key after every
/// [`REKEY_FRAMES`] frames, without a message.
#[derive(Debug)]
pub struct Channel {
    peer: FeedId,
    peer_static: [u8; 32],
    handshake_hash: [u8; 32],
    side: Side,
    noise: TransportState,
    sealed: u64,
    opened: u64,
}

/// A frame that the peer did not seal, or not here in this order: end the connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Error)]
#[error("a frame does not decrypt")]
pub struct Undecryptable;

impl Channel {
    pub(super) fn new(noise: HandshakeState, peer: FeedId, side: Side) -> Self {
        let handshake_hash = hash_so_far(&noise);
        let peer_static = remote_static(&noise);
        let noise = noise.into_transport_mode().expect("all three messages have passed");
        Self { peer, peer_static, handshake_hash, side, noise, sealed: 0, opened: 0 }
    }

    /// The feed whose key the other end holds.
    pub fn peer(&self) -> FeedId {
        self.peer
    }

    /// The other process's static key.
    pub fn peer_static(&self) -> &[u8; 32] {
        &self.peer_static
    }

    /// Which side this end is.
    pub fn side(&self) -> Side {
        self.side
    }

    /// Names this connection: both ends hold the same 32 bytes, no other connection does.
    pub fn handshake_hash(&self) -> &[u8; 32] {
        &self.handshake_hash
    }

    /// Appends one frame, length first, to `wire`.
    ///
    /// # Panics
    ///
    /// If `plaintext` is empty or longer than [`PLAINTEXT_BYTES_MAX`].
    pub fn seal(&mut self, plaintext: &[u8], wire: &mut Vec<u8>) {
        assert!((1..=PLAINTEXT_BYTES_MAX).contains(&plaintext.len()), "a frame holds 1 to 65519 bytes");
        let sealed_len = plaintext.len() + TAG_BYTES;
        let prefix = u16::try_from(sealed_len).expect("at most 65519 + 16");
        wire.extend_from_slice(&prefix.to_be_bytes());
        let start = wire.len();
        wire.resize(start + sealed_len, 0);
        let written = self.noise.write_message(plaintext, &mut wire[start..]);
        assert_eq!(written, Ok(sealed_len), "there is room, and nonces last for 2^64 frames");
        self.sealed += 1;
        if self.sealed.is_multiple_of(REKEY_FRAMES) {
            self.noise.rekey_outgoing();
        }
    }

    /// Opens what follows a frame's length and appends the plaintext to `plain`.
    ///
    /// # Errors
    ///
    /// [`Undecryptable`], after which the channel is of no more use; `plain` is as it was.
    pub fn open(&mut self, frame: &[u8], plain: &mut Vec<u8>) -> Result<(), Undecryptable> {
        let start = plain.len();
        // Room for the tag too: then it is opened in place, without a copy of its own.
        plain.resize(start + frame.len(), 0);
        let opened = self.noise.read_message(frame, &mut plain[start..]);
        plain.truncate(start + *opened.as_ref().unwrap_or(&0));
        opened.map_err(|_| Undecryptable)?;
        self.opened += 1;
        if self.opened.is_multiple_of(REKEY_FRAMES) {
            self.noise.rekey_incoming();
        }
        Ok(())
    }
}
