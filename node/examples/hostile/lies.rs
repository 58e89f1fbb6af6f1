//! What a hostile peer does, one behaviour a name, each with how it must end.

use std::io;
use std::ops::ControlFlow;

use clap::ValueEnum;
use klatch_feed::{EntryId, FeedId, ForkProof, SecretKey};
use klatch_gossip::noise::{Initiator, Local};
use klatch_gossip::sync::message::{Get, Message, Mode, Part, Row, Side};
use klatch_gossip::sync::{Challenge, DoorAnswer, Redeemed};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::liar::{Author, End, Hand, Target, compact, resume, wants};

/// One way to be hostile.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Lie {
    /// A chunk whose last signature does not hold
    BadSignature,
    /// A chunk with bad signatures inside and a good one at its end: no fault, and of no use to anybody
    BadInterior,
    /// Entries announced and never sent, of its own feed and of an honest one
    WithheldTail,
    /// A search for a fork that never ends
    EndlessSearch,
    /// A chunk that nobody asked for
    Chunk,
    /// A scope that nobody asked for
    Scope,
    /// Bodies that nobody asked for
    Bodies,
    /// Ids that nobody asked for
    Ids,
    /// Hints about what nobody asked
    Hints,
    /// A pub's answer without a question
    Redeemed,
    /// A door's verdict without an answer
    Verdict,
    /// Fingerprints of a list that nobody compares
    Prints,
    /// An answer to fingerprints that nobody sent
    PrintsAnswer,
    /// A mode for a place past its own list
    PlaceMode,
    /// A length for a place past the target's list
    PlaceHave,
    /// A token for a list that the target does not call so
    StrangeToken,
    /// Reserved numbers and those of later versions, by the thousand
    Reserved,
    /// A number that is none
    Unknown,
    /// A request for a place past its own list
    PlaceGet,
    /// A row for a place past the target's list
    PlaceRow,
    /// A push for a place past the target's list
    PlacePush,
    /// The same entries twice
    PushTwice,
    /// The same feed wanted twice
    WantTwice,
    /// More feeds wanted than a session may
    FloodWants,
    /// More objects asked about than a session may
    FloodAbout,
    /// More hints than a session may, all of them invented
    FloodHints,
    /// Everything asked for, again and again
    FloodGets,
    /// Ids asked for, again and again
    FloodIds,
    /// Pings
    FloodPings,
    /// Tokens for the list that the target announced, one after the other
    FloodTokens,
    /// Challenges of a door
    FloodDoors,
    /// Answers to a door
    FloodAnswers,
    /// Secrets to redeem
    FloodRedeems,
    /// A message that says it is a byte too long
    HugeMessage,
    /// A message of a mebibyte that is nested all the way
    HugeNesting,
    /// A delta of a row too many
    HugeDelta,
    /// Bytes that are no frame
    RandomFrame,
    /// A frame that holds no message
    RandomMessage,
    /// Something else before the first message
    Early,
    /// Two first messages
    SecondResume,
    /// A version that is not this one
    OtherVersion,
    /// The first handshake message of another connection
    Replay,
    /// Chunks of the target's own feed, past its end
    OwnFeed,
    /// "I hold a thousand entries of your feed"
    Echo,
    /// A proof of a fork with a signature that does not hold
    ForgedProof,
    /// A proof of its own fork, said to be an honest feed's
    StolenProof,
    /// Two branches of its own feed, and the proof of it
    Equivocate,
}

impl Lie {
    /// Who tells it: one key for each, so that what one did to its feed is not another's.
    pub(crate) fn secret(self) -> SecretKey {
        let mut seed = [0xe0; 32];
        seed[0] = self as u8;
        SecretKey::from_seed(&seed)
    }

    /// How the target must end it.
    pub(crate) fn ends(self) -> End {
        match self {
            Self::BadInterior
            | Self::WithheldTail
            | Self::EndlessSearch
            | Self::Reserved
            | Self::StrangeToken
            | Self::FloodGets
            | Self::FloodIds
            | Self::FloodPings
            | Self::FloodTokens
            | Self::Echo
            | Self::Equivocate => End::Stands,
            Self::Replay | Self::HugeMessage | Self::RandomFrame => End::Closed,
            Self::RandomMessage
            | Self::HugeNesting
            | Self::Unknown
            | Self::ForgedProof
            | Self::StolenProof => End::Code(1),
            Self::OtherVersion => End::Code(2),
            Self::FloodWants
            | Self::FloodAbout
            | Self::FloodHints
            | Self::FloodDoors
            | Self::FloodAnswers
            | Self::FloodRedeems
            | Self::HugeDelta => End::Code(3),
            Self::PushTwice | Self::WantTwice => End::Code(5),
            Self::BadSignature | Self::OwnFeed => End::Code(6),
            _ => End::Code(4),
        }
    }

    /// Meets the target, lies once, and says how that ended and how many bytes it was sent for it.
    pub(crate) async fn tell(self, target: &Target) -> io::Result<(End, u64)> {
        if self == Self::Replay {
            return Ok((replay(target, self.secret()).await?, 0));
        }
        let (mut hand, done) = self.open(target).await?;
        let end = match done {
            ControlFlow::Break(end) => end,
            // The target may hang up in the middle of a lie: then its word is still to be read.
            ControlFlow::Continue(()) => match self.go_on(&mut hand, target).await {
                Ok(ControlFlow::Break(end)) => end,
                Ok(ControlFlow::Continue(())) | Err(_) => hand.verdict().await?,
            },
        };
        Ok((end, hand.received))
    }

    /// Lies that are in what is said first.
    async fn open(self, target: &Target) -> io::Result<(Hand, ControlFlow<End>)> {
        let secret = self.secret();
        let (mine, net) = (secret.feed(), target.network.id);
        let first = match self {
            Self::Early => Some(Message::Ping),
            Self::OtherVersion => {
                Some(Message::Resume { proto: 2, token: None, root: None, want_n: 0, yours: None })
            }
            Self::Echo => Some(resume(Some((1000, [0xec; 8])))),
            _ => None,
        };
        if let Some(first) = first {
            let mut hand = Hand::meet(target, secret).await?;
            hand.say(&first).await?;
            if self == Self::Echo {
                hand.state(&[(target.feed, 1000, [0xec; 8])]).await?;
            }
            return Ok((hand, ControlFlow::Continue(())));
        }
        let tip8 = Author::at(net, self.secret(), 0, None).write("1").id().tip8();
        let claims = match self {
            Self::BadSignature | Self::BadInterior => vec![(mine, 3, [7; 8])],
            Self::WithheldTail => vec![(mine, 1_000_000, [7; 8]), (target.honest, 1_000_000, [7; 8])],
            Self::EndlessSearch => vec![(target.honest, 1, [7; 8])],
            Self::OwnFeed => vec![(target.feed, 1_000, [7; 8])],
            Self::Equivocate => vec![(mine, 1, tip8)],
            _ => vec![],
        };
        Ok((Hand::greet(target, secret, &claims).await?, ControlFlow::Continue(())))
    }

    async fn go_on(self, hand: &mut Hand, target: &Target) -> io::Result<ControlFlow<End>> {
        let mine = self.secret().feed();
        let mut author = Author::at(target.network.id, self.secret(), 0, None);
        let event = EntryId::new([0xee; 32]);
        match self {
            Self::BadSignature | Self::BadInterior => {
                let Ok(Get { idx, .. }) = hand.asked_for(&mine).await? else {
                    return Ok(ControlFlow::Continue(()));
                };
                let mut entries = vec![author.write("1"), author.write_unsigned("2")];
                if self == Self::BadInterior {
                    entries.push(author.write("3"));
                }
                hand.say(&Message::Chunk { idx, base8: None, chunk: Some(compact(&entries)) }).await?;
                if self == Self::BadSignature {
                    return hear_end(hand).await; // The verdict on signatures comes from the log's owner, later.
                }
            }
            Self::WithheldTail => drop(hand.asked_for(&target.honest).await?),
            Self::EndlessSearch => return endless_search(hand, target).await,
            Self::OwnFeed => {
                if let Ok(Get { idx, from, base8, .. }) = hand.asked_for(&target.feed).await? {
                    let mut forger =
                        Author::at(target.network.id, self.secret(), from - 1, Some(EntryId::new([9; 32])));
                    let chunk = Some(compact(&[forger.write("yours"), forger.write("truly")]));
                    hand.say(&Message::Chunk { idx, base8, chunk }).await?;
                }
                return hear_end(hand).await;
            }
            Self::Equivocate => {
                let Ok(Get { idx, .. }) = hand.asked_for(&mine).await? else {
                    return Ok(ControlFlow::Continue(()));
                };
                let one = vec![author.write("1")];
                hand.say(&Message::Chunk { idx, base8: None, chunk: Some(compact(&one)) }).await?;
                hand.say(&proof(self, target, &one)).await?;
            }
            Self::ForgedProof => {
                let Message::Fork(mut bytes) = proof(self, target, &[author.write("1")]) else {
                    unreachable!("it is one")
                };
                let last = bytes.len() - 1;
                bytes[last] ^= 1;
                hand.say(&Message::Fork(bytes)).await?;
            }
            Self::StolenProof => {
                let Message::Fork(bytes) = proof(self, target, &[author.write("1")]) else {
                    unreachable!("it is one")
                };
                hand.say(&Message::Fork(replaced(&bytes, &mine, &target.honest))).await?;
            }
            Self::PushTwice => {
                let push = Message::Push {
                    idx: hand.place(&mine)?,
                    base8: None,
                    chunk: compact(&[author.write("1")]),
                };
                hand.say_all(&[push.clone(), push]).await?;
            }
            Self::FloodDoors => {
                let door = Message::Door(Challenge { event, occ: None, nonce: [3; 16] });
                hand.say_all(&vec![door; 17]).await?;
            }
            Self::FloodAnswers => {
                let challenge = Challenge { event, occ: None, nonce: [3; 16] };
                let answer = Message::DoorAnswer(DoorAnswer { challenge, rsvp: None, signature: [4; 64] });
                hand.say_all(&[answer.clone(), answer]).await?;
            }
            Self::FloodRedeems => hand.say_all(&[Message::Redeem([1; 16]), Message::Redeem([2; 16])]).await?,
            _ if self.is_flood() => flood(self, hand, target, self.times()).await?,
            _ => self.say_once(hand).await?,
        }
        Ok(ControlFlow::Continue(()))
    }

    /// How many messages pass its limit by one; of floods that no limit ends, enough to be noticed. What is said
    /// after the end would only drown the target's last word.
    fn times(self) -> usize {
        match self {
            Self::FloodWants => 7,
            Self::FloodHints => 17,
            Self::FloodAbout => 4_097,
            _ => 2_000,
        }
    }

    /// Whether it may be repeated for ever, or until a limit is passed.
    pub(crate) fn is_flood(self) -> bool {
        use Lie::{
            FloodAbout, FloodGets, FloodHints, FloodIds, FloodPings, FloodTokens, FloodWants, Reserved,
        };
        matches!(
            self,
            FloodWants | FloodAbout | FloodHints | FloodGets | FloodIds | FloodPings | FloodTokens | Reserved
        )
    }

    /// Lies of one message.
    async fn say_once(self, hand: &mut Hand) -> io::Result<()> {
        let (object, feed) = (EntryId::new([0xee; 32]), FeedId::new([0x0e; 32]));
        let past = u32::try_from(hand.wanted.len()).unwrap_or(u32::MAX);
        let idx = 0;
        let message = match self {
            Self::Chunk => Message::Chunk { idx, base8: None, chunk: None },
            Self::Scope => Message::Scope(Some(vec![0])),
            Self::Prints => Message::Prints { side: Side::Yours, open: vec![], prints: vec![0; 8] },
            Self::PrintsAnswer => Message::Prints { side: Side::Mine, open: vec![1], prints: vec![] },
            Self::PlaceMode => Message::Mode(vec![(7, Mode::Lazy, 1)]),
            Self::PlaceHave => Message::Have(vec![(past, 1)]),
            Self::StrangeToken => Message::Token { token: [7; 16], root: [8; 16] },
            Self::Bodies => Message::Bodies { idx, from: 1, bodies: vec![None] },
            Self::Ids => Message::Ids { feed, ids: vec![None] },
            Self::Hints => Message::Hints { object, rows: vec![(feed, 1)] },
            Self::Redeemed => Message::Redeemed(Redeemed { code: 0, name: "a pub".to_owned(), quota: 1 }),
            Self::Verdict => Message::DoorVerdict(object, None),
            Self::PlaceGet => Message::Get(Get { idx, from: 1, to: 1, part: Part::Entries, base8: None }),
            Self::PlaceRow => {
                let row = Row { idx: past, len: 1, tip8: Some([1; 8]), cap: None };
                Message::Delta { more: false, side: Side::Yours, rows: vec![row] }
            }
            Self::PlacePush => {
                let chunk = compact(&[
                    Author::at(klatch_feed::NetId::of_name("x"), self.secret(), 0, None).write("1")
                ]);
                Message::Push { idx: past, base8: None, chunk }
            }
            Self::WantTwice => return hand.say_all(&[wants(vec![feed]), wants(vec![feed])]).await,
            Self::SecondResume => resume(None),
            Self::HugeDelta => {
                let row = |idx| Row { idx, len: 1, tip8: Some([1; 8]), cap: None };
                Message::Delta { more: false, side: Side::Yours, rows: (0..16_385).map(row).collect() }
            }
            Self::Unknown => return hand.say_bytes(&[0x81, 0x18, 40]).await,
            Self::HugeMessage => return hand.say_plain(&1_048_577_u32.to_be_bytes()).await,
            Self::HugeNesting => {
                return hand.say_bytes(&[vec![0x84, 7, 0, 0xf6], vec![0x81; 1_000_000]].concat()).await;
            }
            Self::RandomFrame => {
                return hand.stream.write_all(&[[1, 0].as_slice(), &[0xa5; 256]].concat()).await;
            }
            Self::RandomMessage => return hand.say_bytes(b"GET / HTTP/1.1").await,
            _ => return Ok(()), // It was in what was said first.
        };
        hand.say(&message).await
    }
}

/// Hears to the end, and asks nothing.
async fn hear_end(hand: &mut Hand) -> io::Result<ControlFlow<End>> {
    loop {
        if let Err(end) = hand.hear().await? {
            return Ok(ControlFlow::Break(end));
        }
    }
}

/// Says the same again and again, and reads what comes back; ends early if the connection does.
pub(crate) async fn flood(lie: Lie, hand: &mut Hand, target: &Target, times: usize) -> io::Result<()> {
    if lie == Lie::FloodGets {
        hand.say(&wants(vec![target.honest, target.feed])).await?;
    }
    if lie == Lie::FloodHints && hand.verdict().await? != End::Stands {
        return Ok(()); // Else it has said by now what it asks about.
    }
    for number in 0..u32::try_from(times).unwrap_or(u32::MAX) {
        let name = |at: u32| {
            let mut bytes = [lie as u8; 32];
            bytes[..8].copy_from_slice(&(u64::from(number) << 32 | u64::from(at)).to_be_bytes());
            bytes
        };
        match lie {
            Lie::FloodWants => {
                hand.say(&wants((0..16_384).map(|at| FeedId::new(name(at))).collect())).await?
            }
            Lie::FloodTokens => {
                let token = *name(0).first_chunk().expect("32 bytes");
                let root = hand.root.ok_or_else(|| io::Error::other("the target named no list"))?;
                hand.say(&Message::Token { token, root }).await?;
            }
            Lie::FloodAbout => hand.say(&Message::About(EntryId::new(name(0)))).await?,
            Lie::FloodHints => {
                let rows = (0..4_096).map(|at| (FeedId::new(name(at)), 1)).collect();
                let object = hand.objects[number as usize % hand.objects.len()];
                hand.say(&Message::Hints { object, rows }).await?;
            }
            Lie::FloodGets => {
                let get =
                    |idx| Message::Get(Get { idx, from: 1, to: u32::MAX, part: Part::Entries, base8: None });
                hand.say_all(&[get(0), get(1)]).await?;
                let mut open = 2;
                while open > 0 {
                    match hand.hear().await? {
                        Ok(Message::Chunk { chunk: None, .. }) => open -= 1,
                        Ok(_) => {}
                        Err(_) => return Ok(()),
                    }
                }
            }
            Lie::FloodIds => {
                let seqs: Vec<_> = (1..=64).collect();
                hand.say(&Message::IdAt { feed: target.honest, seqs }).await?;
                while !matches!(hand.hear().await?, Ok(Message::Ids { .. }) | Err(_)) {}
            }
            Lie::Reserved => {
                let number = [12, 17, 18][number as usize % 3];
                for bytes in [&[0x82, number, 0xff][..], &[0x81, 0x18, 200]] {
                    hand.say_bytes(bytes).await?;
                }
            }
            _ => hand.say_all(&vec![Message::Ping; 8]).await?,
        }
    }
    Ok(())
}

/// Answers every question about ids by ids that nobody has, and states the feed anew for more of them.
async fn endless_search(hand: &mut Hand, target: &Target) -> io::Result<ControlFlow<End>> {
    let idx = hand.place(&target.honest)?;
    for round in 0..200_u8 {
        let row = Row { idx, len: 1, tip8: Some([round; 8]), cap: None };
        hand.say(&Message::Delta { more: false, side: Side::Yours, rows: vec![row] }).await?;
        hand.say(&Message::IdAt { feed: FeedId::new([round; 32]), seqs: vec![1] }).await?;
        loop {
            match hand.hear().await? {
                Ok(Message::Ids { .. }) => break, // It has worked off what was said.
                Ok(Message::IdAt { feed, seqs }) => {
                    let ids = vec![Some([0xab; 8]); seqs.len()];
                    hand.say(&Message::Ids { feed, ids }).await?;
                }
                Ok(Message::Get(get)) => {
                    hand.say(&Message::Chunk { idx: get.idx, base8: get.base8, chunk: None }).await?;
                }
                Ok(_) => {}
                Err(end) => return Ok(ControlFlow::Break(end)),
            }
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// A proof that the liar has signed two histories.
fn proof(lie: Lie, target: &Target, one: &[klatch_feed::Unverified]) -> Message {
    let other = Author::at(target.network.id, lie.secret(), 0, None).write("another");
    let proof = ForkProof::build(&target.network.id, one, &[other]).expect("two entries of one place");
    Message::Fork(proof.encode())
}

fn replaced(bytes: &[u8], old: &FeedId, new: &FeedId) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let places: Vec<_> =
        bytes.windows(32).enumerate().filter(|(_, w)| *w == old.as_bytes()).map(|(at, _)| at).collect();
    places.into_iter().for_each(|at| bytes[at..at + 32].copy_from_slice(new.as_bytes()));
    bytes
}

/// Says a first handshake message twice, on two connections: the second is met with silence.
async fn replay(target: &Target, secret: SecretKey) -> io::Result<End> {
    let local = Local::new(target.network.clone(), secret).map_err(io::Error::other)?;
    let (_, first) = Initiator::start(&local, target.feed).map_err(io::Error::other)?;
    let prefix = u16::try_from(first.len()).expect("64 bytes").to_be_bytes();
    let said = [&prefix[..], &first].concat();
    let mut fresh = TcpStream::connect(target.address).await?;
    fresh.write_all(&said).await?;
    fresh.read_u8().await?; // It answers the first time.
    let mut again = TcpStream::connect(target.address).await?;
    again.write_all(&said).await?;
    Ok(match again.read_u8().await {
        Ok(_) => End::Stands,
        Err(_) => End::Closed,
    })
}
