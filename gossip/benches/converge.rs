//! What replication costs: rounds and bytes until both sides agree, beside the least that could do.
//!
//! `cargo bench -p klatch-gossip --bench converge`. Two exchanges over memory, so the figures are exact
//! and the same everywhere; a round is one way there and one back. Entries are comments with a
//! body of 194 bytes; what no protocol can do without is 258 bytes an entry (body and signature).
//! Reports, and fails on nothing.

use klatch_feed::{FeedId, NetId, Unverified, chunk};
use klatch_gossip::sim::author::Author;
use klatch_gossip::sim::shelf::Memory;
use klatch_gossip::sync::message::Message;
use klatch_gossip::sync::{Exchange, Input, Output, Setup, Shelf as _};

const BODY_BYTES: usize = 194;
const ENTRY_BYTES_LEAST: usize = BODY_BYTES + 64;

struct Side {
    shelf: Memory,
    exchange: Exchange,
    bytes: usize,
    entries: usize,
}

impl Side {
    fn new(net: NetId, shelf: Memory, me: FeedId, peer: FeedId) -> Self {
        Self {
            shelf,
            exchange: Exchange::new(Setup { is_open: true, ..Setup::new(net, me, peer, [7; 32]) }, 0),
            bytes: 0,
            entries: 0,
        }
    }

    fn give(&mut self, input: Input) {
        self.exchange.handle(0, input, &self.shelf);
    }

    fn work(&mut self) -> Vec<Vec<u8>> {
        let mut messages = Vec::new();
        while let Some(output) = self.exchange.poll_output() {
            match output {
                Output::Send(bytes) => {
                    self.bytes += bytes.len();
                    self.entries += entries_in(&bytes);
                    messages.push(bytes);
                }
                Output::Ingest(ingest) => {
                    let (outcome, change) = self.shelf.ingest(ingest.feed, ingest.base8, &ingest.chunk);
                    self.give(Input::Changed(change.into_iter().collect()));
                    self.give(Input::Ingested(ingest.ticket, outcome));
                }
                Output::Listens { .. } => self.give(Input::Listening(self.shelf.clock())),
                _ => {}
            }
        }
        messages
    }
}

fn entries_in(bytes: &[u8]) -> usize {
    match Message::decode(bytes) {
        Ok(Message::Chunk { chunk: Some(chunk), .. } | Message::Push { chunk, .. }) => {
            chunk::span(&chunk).map_or(0, |(_, count)| count as usize)
        }
        _ => 0,
    }
}

/// Runs both until neither has anything to say; how many rounds that took.
fn settle(a: &mut Side, b: &mut Side) -> usize {
    for round in 0_usize.. {
        for side in [&mut *a, &mut *b] {
            side.give(Input::Room);
        }
        let (from_a, from_b) = (a.work(), b.work());
        if from_a.is_empty() && from_b.is_empty() {
            return round.div_ceil(2);
        }
        from_a.into_iter().for_each(|message| b.give(Input::Message(message)));
        from_b.into_iter().for_each(|message| a.give(Input::Message(message)));
    }
    unreachable!("they fall silent")
}

/// Logs of `feeds` authors with `each` entries, and `extra` more for the first `changed` of them.
fn logs(net: NetId, feeds: u64, each: usize, changed: u64, extra: usize) -> Vec<Vec<Unverified>> {
    let log = |number: u64| {
        let mut author = Author::new(net, 1_000 + number);
        let count = each + if number < changed { extra } else { 0 };
        (0..count).map(|_| author.write(Vec::new(), BODY_BYTES)).collect()
    };
    (0..feeds).map(log).collect()
}

fn report(name: &str, feeds: u64, each: usize, changed: u64, extra: usize) {
    let net = NetId::of_name("bench");
    let (me, peer) = (Author::new(net, 1).feed(), Author::new(net, 2).feed());
    let (mut short, mut full) = (Memory::new(net, me), Memory::new(net, peer));
    let mut wants = Vec::new();
    for log in logs(net, feeds, each, changed, extra) {
        wants.push(log[0].header().author);
        for entry in &log {
            if entry.header().seq as usize <= each {
                short.append(entry.clone());
            }
            full.append(entry.clone());
        }
    }
    let (mut a, mut b) = (Side::new(net, short, me, peer), Side::new(net, full, peer, me));
    a.give(Input::wants(wants.clone()));
    b.give(Input::wants(wants));
    let rounds = settle(&mut a, &mut b);
    let (bytes, entries) = (a.bytes + b.bytes, a.entries + b.entries);
    let besides = bytes.saturating_sub(entries * ENTRY_BYTES_LEAST);
    println!(
        "{name:<44} {rounds:>3} rounds {bytes:>10} B {entries:>7} entries {:>7.1} B an entry, {besides:>8} B besides bodies and signatures, {:>6.1} B a feed",
        if entries == 0 { 0.0 } else { bytes as f64 / entries as f64 },
        besides as f64 / feeds as f64,
    );
}

fn main() {
    println!("the least an entry could take: {ENTRY_BYTES_LEAST} B");
    report("an empty node gets 10 feeds of 1,000 entries", 10, 0, 10, 1_000);
    report("1,000 feeds of one entry, all level", 1_000, 1, 0, 0);
    report("1,000 feeds, 10 with one entry more", 1_000, 1, 10, 1);
    report("10,000 feeds, 10 with one entry more", 10_000, 1, 10, 1);
}
