//! Application messages in encrypted frames.
//!
//! A frame on the wire is `u16 length || ciphertext`. The plaintexts of one direction, one after another,
//! are a stream of `u32 length || message`; a message may span frames and a frame may hold many. All
//! lengths are big-endian. Source: spec/gossip.md, "frames".

use thiserror::Error;

use super::{Channel, PLAINTEXT_BYTES_MAX, TAG_BYTES, Undecryptable};

/// Longest application message.
pub const MESSAGE_BYTES_MAX: usize = 1 << 20;

const FRAME_PREFIX: usize = 2;
const MESSAGE_PREFIX: usize = 4;

/// Why bytes that came are no frames: end the connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Error)]
pub enum FrameError {
    /// A frame too short to hold one byte and its tag.
    #[error("a frame of {0} bytes holds nothing")]
    Empty(usize),
    /// Not sealed by the peer, or not in this place.
    #[error(transparent)]
    Undecryptable(#[from] Undecryptable),
    /// A message that says it is longer than any may be; refused by that alone.
    #[error("a message of {0} bytes, where {MESSAGE_BYTES_MAX} is the most")]
    TooLong(u32),
}

/// Messages on their way out: a queue of plaintext, sealed as late as possible so that small ones share a frame.
#[derive(Debug, Default)]
pub struct Outbox {
    plain: Vec<u8>,
    taken: usize,
}

impl Outbox {
    /// Queues one message.
    ///
    /// # Panics
    ///
    /// If it is longer than [`MESSAGE_BYTES_MAX`].
    pub fn push(&mut self, message: &[u8]) {
        assert!(message.len() <= MESSAGE_BYTES_MAX, "a message is at most 1 MiB");
        let prefix = u32::try_from(message.len()).expect("at most 1 MiB");
        self.plain.extend_from_slice(&prefix.to_be_bytes());
        self.plain.extend_from_slice(message);
    }

    /// Plaintext bytes not sealed yet.
    pub fn len(&self) -> usize {
        self.plain.len() - self.taken
    }

    /// Whether all is sealed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Seals the next frame, as full as it can be, onto `wire`; false if there was nothing to seal.
    pub fn seal(&mut self, channel: &mut Channel, wire: &mut Vec<u8>) -> bool {
        let size = self.len().min(PLAINTEXT_BYTES_MAX);
        if size == 0 {
            return false;
        }
        channel.seal(&self.plain[self.taken..self.taken + size], wire);
        self.taken += size;
        give_back(&mut self.plain, &mut self.taken);
        true
    }
}

/// Bytes on their way in: frames as they came, and messages as far as they are whole.
#[derive(Debug, Default)]
pub struct Inbox {
    wire: Vec<u8>,
    wire_taken: usize,
    plain: Vec<u8>,
    plain_taken: usize,
}

impl Inbox {
    /// Where to read from the socket into: append, then call [`Self::unseal`].
    pub fn wire(&mut self) -> &mut Vec<u8> {
        &mut self.wire
    }

    /// Decrypted bytes that [`Self::next_message`] has not given out.
    pub fn buffered(&self) -> usize {
        self.plain.len() - self.plain_taken
    }

    /// Whether the next message has begun and is not whole.
    pub fn is_part(&self) -> bool {
        let rest = &self.plain[self.plain_taken..];
        match rest.split_first_chunk::<MESSAGE_PREFIX>() {
            Some((prefix, rest)) => rest.len() < u32::from_be_bytes(*prefix) as usize,
            None => !rest.is_empty(),
        }
    }

    /// Decrypts every frame that has come whole; how many those were.
    ///
    /// # Errors
    ///
    /// [`FrameError::Empty`] and [`FrameError::Undecryptable`].
    pub fn unseal(&mut self, channel: &mut Channel) -> Result<usize, FrameError> {
        let mut frames = 0;
        while let Some((prefix, rest)) = self.wire[self.wire_taken..].split_first_chunk::<FRAME_PREFIX>() {
            let size = usize::from(u16::from_be_bytes(*prefix));
            if size <= TAG_BYTES {
                return Err(FrameError::Empty(size));
            }
            let Some(frame) = rest.get(..size) else { break };
            channel.open(frame, &mut self.plain)?;
            self.wire_taken += FRAME_PREFIX + size;
            frames += 1;
        }
        give_back(&mut self.wire, &mut self.wire_taken);
        Ok(frames)
    }

    /// The next whole message; `None` until more comes.
    ///
    /// # Errors
    ///
    /// [`FrameError::TooLong`], as soon as the length has come: what was never sent takes no memory.
    pub fn next_message(&mut self) -> Result<Option<Vec<u8>>, FrameError> {
        let rest = &self.plain[self.plain_taken..];
        let Some((prefix, rest)) = rest.split_first_chunk::<MESSAGE_PREFIX>() else {
            return Ok(None);
        };
        let claimed = u32::from_be_bytes(*prefix);
        let size = claimed as usize;
        if size > MESSAGE_BYTES_MAX {
            return Err(FrameError::TooLong(claimed));
        }
        let Some(message) = rest.get(..size) else { return Ok(None) };
        let message = message.to_vec();
        self.plain_taken += MESSAGE_PREFIX + size;
        give_back(&mut self.plain, &mut self.plain_taken);
        Ok(Some(message))
    }
}

/// Drops the bytes before `taken`, seldom enough that each byte moves about once. An empty buffer keeps no
/// memory: a pub holds thousands of idle links.
fn give_back(buffer: &mut Vec<u8>, taken: &mut usize) {
    if *taken == buffer.len() {
        *buffer = Vec::new();
    } else if *taken > buffer.len() / 2 {
        buffer.drain(..*taken);
    } else {
        return;
    }
    *taken = 0;
}
