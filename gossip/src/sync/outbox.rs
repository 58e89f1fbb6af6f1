//! What is to be done, in order, and how much of it waits for the socket.

use std::collections::VecDeque;

use super::message::Message;
use super::{Millis, Output};

/// Bulk is made until this much has been handed out since there was room.
const ROOM_BYTES: usize = 256 * 1024;

/// Outputs in order.
#[derive(Debug)]
pub(super) struct Outbox {
    queue: VecDeque<Output>,
    unsent: usize,
    /// When something was last sent.
    pub(super) spoke: Millis,
    /// The time, for `spoke`.
    pub(super) now: Millis,
}

impl Outbox {
    pub(super) const fn new(now: Millis) -> Self {
        Self { queue: VecDeque::new(), unsent: 0, spoke: now, now }
    }

    pub(super) fn send(&mut self, message: &Message) {
        let bytes = message.encode();
        self.unsent += bytes.len();
        self.spoke = self.now;
        self.queue.push_back(Output::Send(bytes));
    }

    pub(super) fn push(&mut self, output: Output) {
        self.queue.push_back(output);
    }

    pub(super) fn pop(&mut self) -> Option<Output> {
        let next = self.queue.pop_front();
        if self.queue.is_empty() {
            self.queue = VecDeque::new(); // A pub holds thousands of idle exchanges.
        }
        next
    }

    /// Whether more bulk may be made.
    pub(super) const fn has_room(&self) -> bool {
        self.unsent < ROOM_BYTES
    }

    /// All that was handed out has left.
    pub(super) const fn emptied(&mut self) {
        self.unsent = 0;
    }

    #[cfg(feature = "sim")]
    pub(super) fn kept(&self) -> usize {
        self.queue.len()
    }
}
