//! The hostile side of one connection, by hand: the real handshake and frames, and whatever it wants in them.

use std::io;
use std::net::SocketAddr;

use klatch_feed::{Draft, EntryId, FeedId, Head, Kind, NetId, SecretKey, Seq, Unverified, chunk};
use klatch_gossip::link;
use klatch_gossip::noise::frame::{Inbox, Outbox};
use klatch_gossip::noise::{Channel, Local, Network};
use klatch_gossip::sync::message::{Get, Id8, Message, Named, Row, Side, Tag8};
use klatch_gossip::sync::tag_in;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// What the liar's sockets hold each way.
const BUFFER_BYTES: u32 = 64 * 1024;

/// Whom to lie to.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) feed: FeedId,
    pub(crate) network: Network,
    /// Somebody whose feed the target wants, and who lies to nobody.
    pub(crate) honest: FeedId,
}

/// How a connection ended, as the liar saw it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum End {
    /// The target said why.
    Code(u16),
    /// It closed the connection without a word.
    Closed,
    /// It went on and answered what was asked after the lie.
    Stands,
}

/// A connection on which a liar lies.
pub(crate) struct Hand {
    pub(crate) stream: TcpStream,
    channel: Channel,
    outbox: Outbox,
    inbox: Inbox,
    /// What the target wants, in the order of its list.
    pub(crate) wanted: Vec<Tag8>,
    /// What it calls that list.
    pub(crate) root: Option<[u8; 16]>,
    /// What it asks about.
    pub(crate) objects: Vec<EntryId>,
    /// Bytes that came since the handshake.
    pub(crate) received: u64,
}

fn gone(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::other(error)
}

impl Hand {
    /// Connects and shakes hands as `secret`.
    pub(crate) async fn meet(target: &Target, secret: SecretKey) -> io::Result<Self> {
        let socket = match target.address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        // Little waits in this machine's own buffers: what is not read burdens the target at once.
        socket.set_recv_buffer_size(BUFFER_BYTES)?;
        socket.set_send_buffer_size(BUFFER_BYTES)?;
        let mut stream = socket.connect(target.address).await?;
        stream.set_nodelay(true)?;
        let local = Local::new(target.network.clone(), secret).map_err(gone)?;
        let channel = link::initiate(&mut stream, &local, target.feed).await.map_err(gone)?;
        let (outbox, inbox, wanted, objects) = Default::default();
        Ok(Self { stream, channel, outbox, inbox, wanted, root: None, objects, received: 0 })
    }

    /// Meets, greets, and states `claims` of what the target wants: how much, and which entry is the last.
    pub(crate) async fn greet(
        target: &Target,
        secret: SecretKey,
        claims: &[(FeedId, Seq, Id8)],
    ) -> io::Result<Self> {
        let mut hand = Self::meet(target, secret).await?;
        hand.say(&resume(None)).await?;
        hand.state(claims).await?;
        Ok(hand)
    }

    /// Hears what is wanted, and states what it claims to hold of that.
    pub(crate) async fn state(&mut self, claims: &[(FeedId, Seq, Id8)]) -> io::Result<()> {
        while self.wanted.is_empty() {
            if let Err(end) = self.hear().await? {
                return Err(io::Error::other(format!("ended before anything was said: {end:?}")));
            }
        }
        let count = self.wanted.len();
        let mut bitmap = vec![0; count.div_ceil(8)];
        let mut rows = Vec::new();
        for (feed, len, tip8) in claims {
            let idx = self.place(feed)?;
            bitmap[idx as usize / 8] |= 1 << (idx % 8);
            rows.push(Row { idx, len: *len, tip8: Some(*tip8), cap: None });
        }
        rows.sort_unstable_by_key(|row| row.idx);
        self.say(&Message::Scope(Some(bitmap))).await?;
        self.say(&Message::Delta { more: false, side: Side::Yours, rows }).await
    }

    /// Where the target's list has a feed.
    pub(crate) fn place(&self, feed: &FeedId) -> io::Result<u32> {
        let tag = tag_in(self.channel.handshake_hash(), feed);
        let place = self.wanted.iter().position(|wanted| *wanted == tag);
        let unwanted = || io::Error::other(format!("the target does not want {feed}"));
        place.and_then(|place| u32::try_from(place).ok()).ok_or_else(unwanted)
    }

    pub(crate) async fn say(&mut self, message: &Message) -> io::Result<()> {
        self.say_bytes(&message.encode()).await
    }

    /// One application message of any bytes.
    pub(crate) async fn say_bytes(&mut self, message: &[u8]) -> io::Result<()> {
        self.outbox.push(message);
        self.flush().await
    }

    /// Several, in as few frames as hold them.
    pub(crate) async fn say_all(&mut self, messages: &[Message]) -> io::Result<()> {
        messages.iter().for_each(|message| self.outbox.push(&message.encode()));
        self.flush().await
    }

    async fn flush(&mut self) -> io::Result<()> {
        let mut wire = Vec::new();
        while self.outbox.seal(&mut self.channel, &mut wire) {}
        self.stream.write_all(&wire).await
    }

    /// One frame that holds these bytes of a stream of messages.
    pub(crate) async fn say_plain(&mut self, plaintext: &[u8]) -> io::Result<()> {
        let mut wire = Vec::new();
        self.channel.seal(plaintext, &mut wire);
        self.stream.write_all(&wire).await
    }

    /// The next message, or how it ended. Keeps what the target says it wants.
    pub(crate) async fn hear(&mut self) -> io::Result<Result<Message, End>> {
        loop {
            if let Some(bytes) = self.inbox.next_message().map_err(gone)? {
                let message = Message::decode(&bytes).map_err(gone)?;
                match &message {
                    Message::Error(code) => return Ok(Err(End::Code(*code))),
                    Message::Wants { root, add: Named::Tags(tags), .. } => {
                        self.root = *root;
                        self.wanted.extend(tags);
                    }
                    Message::Resume { root: Some(_), .. } => {
                        // It knows the liar from before, who has forgotten all.
                        self.outbox.push(&Message::Scope(None).encode());
                        self.flush().await?;
                    }
                    Message::About(object) => self.objects.push(*object),
                    _ => {}
                }
                return Ok(Ok(message));
            }
            match self.stream.read_buf(self.inbox.wire()).await {
                Ok(0) | Err(_) => return Ok(Err(End::Closed)), // Reset: it closed with bytes unread.
                Ok(size) => self.received += size as u64,
            }
            self.inbox.unseal(&mut self.channel).map_err(gone)?;
        }
    }

    /// Hears until the target asks for entries of a feed.
    pub(crate) async fn asked_for(&mut self, feed: &FeedId) -> io::Result<Result<Get, End>> {
        loop {
            match self.hear().await? {
                Ok(Message::Get(get)) if self.place(feed)? == get.idx => return Ok(Ok(get)),
                Ok(_) => {}
                Err(end) => return Ok(Err(end)),
            }
        }
    }

    /// Asks something innocent: the answer proves that all before it was worked off, and forgiven.
    pub(crate) async fn verdict(&mut self) -> io::Result<End> {
        let nobody = FeedId::new([0x0d; 32]);
        // It may have hung up already; then what it still said is read below.
        let _ = self.say(&Message::IdAt { feed: nobody, seqs: vec![1] }).await;
        loop {
            match self.hear().await? {
                Ok(Message::Ids { feed, .. }) if feed == nobody => return Ok(End::Stands),
                Ok(_) => {}
                Err(end) => return Ok(end),
            }
        }
    }
}

/// The first message.
pub(crate) fn resume(yours: Option<(Seq, Id8)>) -> Message {
    Message::Resume { proto: 1, token: None, root: None, want_n: 0, yours }
}

/// A wish for more feeds.
pub(crate) fn wants(mut add: Vec<FeedId>) -> Message {
    add.sort_unstable();
    Message::Wants { root: None, add: add.into(), del: vec![] }
}

/// One who signs whatever is wanted.
pub(crate) struct Author {
    net: NetId,
    secret: SecretKey,
    head: Head,
}

impl Author {
    /// Goes on from a place and an id that need not be its own.
    pub(crate) fn at(net: NetId, secret: SecretKey, len: Seq, tip: Option<EntryId>) -> Self {
        let head = Head { feed: secret.feed(), len, tip };
        Self { net, secret, head }
    }

    pub(crate) fn write(&mut self, text: &str) -> Unverified {
        let body = format!("{text:.<40}").into_bytes();
        let draft = Draft { kind: Kind(258), refs: Vec::new(), body, time_ms: 1_790_000_000_000 };
        let (entry, head) = self.head.sign(&self.net, &self.secret, draft).expect("within all limits");
        self.head = head;
        (*entry).clone()
    }

    /// An entry whose own signature does not hold.
    pub(crate) fn write_unsigned(&mut self, text: &str) -> Unverified {
        let good = self.write(text);
        let mut signature = *good.signature();
        signature[40] ^= 1;
        let bad = Unverified::new(good.header().clone(), signature, good.body().map(<[u8]>::to_vec));
        let bad = bad.expect("only the signature is another");
        self.head.tip = Some(bad.id());
        bad
    }
}

/// The compact form.
pub(crate) fn compact(entries: &[Unverified]) -> Vec<u8> {
    chunk::encode(&entries.iter().collect::<Vec<_>>(), |_| true)
}
