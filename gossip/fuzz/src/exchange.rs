//! A series of inputs to one exchange: a peer that says anything at any time, and an owner who does what
//! owners do. The log is the simulator's; its chains are few and signed once.

mod heirs;
mod node;
mod peer;

use arbitrary::{Arbitrary, Unstructured};
use klatch_feed::EntryId;
use klatch_gossip::sync::{Challenge, DoorAnswer, Input, Redeemed};

use node::Node;
use peer::{Authored, Said};

/// What happens next.
#[derive(Arbitrary, Debug)]
enum Step {
    /// The peer says this.
    Hear(Said),
    /// ... or sends bytes.
    HearBytes(Vec<u8>),
    /// The owner wants these feeds, by number.
    Want(Vec<u8>),
    /// The owner asks about these objects.
    Ask(Vec<u8>),
    /// The owner writes so many entries.
    Write(u8),
    /// Entries of others come from elsewhere.
    Come(Authored),
    /// What was handed over is accepted or refused now.
    Commit,
    /// From here on that is done at once, or not.
    CommitAtOnce(bool),
    /// All that was sent has left.
    Room,
    /// So many seconds pass.
    Elapse(u8),
    Redeem(u8),
    RedeemAnswer(u16),
    Challenge(u8),
    DoorAnswer(u8),
    DoorVerdict(u8, bool),
}

/// Input: steps, as `arbitrary` draws them.
pub fn check(bytes: &[u8]) {
    let mut input = Unstructured::new(bytes);
    let mut node = Node::new();
    while !input.is_empty()
        && let Ok(step) = Step::arbitrary(&mut input)
    {
        take(&mut node, step);
    }
    node.give(Input::Room);
}

fn take(node: &mut Node, step: Step) {
    match step {
        Step::Hear(said) => said.messages(&node.places()).into_iter().for_each(|message| node.hear(message)),
        Step::HearBytes(bytes) => node.give(Input::Message(bytes)),
        Step::Want(feeds) => node.give(Input::wants(feeds.iter().map(|number| peer::feed(*number)))),
        Step::Ask(objects) => {
            node.give(Input::Objects(objects.iter().map(|number| object(*number)).collect()))
        }
        Step::Write(count) => node.write(count % 4 + 1),
        Step::Come(authored) => node.come(&authored),
        Step::Commit => node.commit(),
        Step::CommitAtOnce(is_on) => node.commits_at_once = is_on,
        Step::Room => node.give(Input::Room),
        Step::Elapse(seconds) => node.elapse(u64::from(seconds) * 1_000),
        Step::Redeem(secret) => node.give(Input::Redeem([secret; 16])),
        Step::RedeemAnswer(code) => {
            node.give(Input::RedeemAnswer(Redeemed { code, name: "pub".into(), quota: 1 }));
        }
        Step::Challenge(event) => node.give(Input::Challenge(challenge(event))),
        Step::DoorAnswer(event) => node.give(Input::DoorAnswer(answer(event))),
        Step::DoorVerdict(event, is_good) => {
            let refusal = (!is_good).then(|| "no".to_owned());
            node.give(Input::DoorVerdict(object(event), refusal));
        }
    }
}

/// One of a few objects that entries may be about.
fn object(number: u8) -> EntryId {
    EntryId::new([number % 4; 32])
}

fn challenge(event: u8) -> Challenge {
    Challenge { event: object(event), occ: None, nonce: [1; 16] }
}

fn answer(event: u8) -> DoorAnswer {
    DoorAnswer { challenge: challenge(event), rsvp: None, signature: [2; 64] }
}
