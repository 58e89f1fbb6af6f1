//! Invites: redeeming one at a pub, and answering who redeems one here. Source: spec/pub.md, "joining".

use std::collections::BTreeMap;
use std::sync::Arc;

use klatch_feed::FeedId;
use klatch_gossip::link::LinkId;
use klatch_gossip::peers::roster;
use klatch_gossip::sync::{Input, Millis, Redeemed};

use super::dial::{self, DialError};
use super::hub::{Event, Hub, Reply};
use super::links::Met;
use super::report::{Joined, NetResponse};
use crate::clock;
use crate::daemon::{Local, Refusal, Sentence, Spaces};
use crate::pub_server::invite::{InviteLine, Secret};
use crate::pub_server::members::{self, Code};

/// How long joining may take, from dialling to the pub's answer.
const JOIN_MAX: Millis = 20_000;
/// How often a pub is dialled for one joining: two connections that meet may close each other.
const DIALS_MAX: u32 = 3;

/// Pubs that are being joined.
#[derive(Debug, Default)]
pub(super) struct Joins(BTreeMap<FeedId, Join>);

#[derive(Debug)]
struct Join {
    line: InviteLine,
    until: Millis,
    dials: u32,
    /// The connection on which the invite was shown.
    asked: Option<LinkId>,
    reply: Reply,
}

impl Joins {
    pub(super) fn next_at(&self) -> Option<Millis> {
        self.0.values().map(|join| join.until).min()
    }
}

fn refused(key: &'static str, problem: impl Into<String>) -> Refusal {
    Refusal::Net { problem: Sentence::said(key, "", problem) }
}

/// What a page says of a pub's answer.
fn said(code: Code) -> &'static str {
    match code {
        Code::Welcome | Code::Other(_) => "refused-pub-other",
        Code::Unknown => "refused-pub-unknown",
        Code::UsedUp => "refused-pub-used",
        Code::Expired => "refused-pub-expired",
        Code::Full => "refused-pub-full",
        Code::Removed => "refused-pub-removed",
        Code::NoPub => "refused-pub-none",
        Code::NotWritten => "refused-pub-not-written",
    }
}

impl Hub {
    /// Dials exactly the pub that an invite names, and shows it the secret.
    pub(super) fn join(&mut self, line: &str, reply: Reply) {
        let line: InviteLine = match line.parse() {
            Ok(line) => line,
            Err(error) => {
                let field = Refusal::Field {
                    field: "invite".to_owned(),
                    problem: Sentence::said("refused-invite", "", error.to_string()),
                };
                return drop(reply.send(Err(field)));
            }
        };
        let feed = line.feed;
        if feed == self.handle.me() {
            return drop(
                reply.send(Err(refused(
                    "refused-pub-own",
                    "this is your own pub's invite: give it to others",
                ))),
            );
        }
        if self.joins.0.contains_key(&feed) {
            return drop(reply.send(Err(refused("refused-pub-joining", "this pub is being joined already"))));
        }
        let until = self.now() + JOIN_MAX;
        self.joins.0.insert(feed, Join { line, until, dials: 0, asked: None, reply });
        match self.roster.link(&feed) {
            Some(link) => self.show_invite(feed, link),
            None => self.join_dial(feed),
        }
    }

    fn join_dial(&mut self, feed: FeedId) {
        let Some(join) = self.joins.0.get_mut(&feed) else { return };
        join.dials += 1;
        let address = join.line.address.to_string();
        let (local, events) = (Arc::clone(&self.local), self.events.clone());
        self.tasks.spawn(async move {
            let met = match dial::resolve(&address).await {
                Ok(addrs) => dial::dial(&local, feed, &addrs).await,
                Err(error) => Err(error),
            };
            let _ = events.send(Event::Joining(feed, met)).await; // The hub is gone: so is who asked.
        });
    }

    pub(super) fn join_dialled(&mut self, feed: FeedId, dialled: Result<Met, DialError>) {
        match dialled.map(|met| self.meet(met)) {
            // Another connection to it stands, or this one does: the invite was shown when it came up.
            Ok(Ok(_) | Err(roster::Refusal::Duplicate)) => {}
            Ok(Err(roster::Refusal::Blocked)) => {
                self.join_failed(
                    feed,
                    refused("refused-pub-blocked", "you block this pub: `klatch follow` it to end that"),
                );
            }
            Ok(Err(refusal)) => self.join_failed(feed, refused("refused-pub-far", refusal.to_string())),
            Err(error) => {
                let text = format!("the pub cannot be reached: {error}");
                self.join_failed(feed, refused("refused-pub-far", text));
            }
        }
    }

    /// A connection stands: perhaps with a pub that is being joined.
    pub(super) fn join_link_up(&mut self, link: LinkId) {
        if let Some(feed) = self.links.get(&link).map(|link| link.peer) {
            self.show_invite(feed, link);
        }
    }

    fn show_invite(&mut self, feed: FeedId, link: LinkId) {
        if let Some(join) = self.joins.0.get_mut(&feed) {
            join.asked = Some(link);
            let secret = join.line.secret.bytes();
            self.tell(link, Input::Redeem(secret));
        }
    }

    fn join_failed(&mut self, feed: FeedId, refusal: Refusal) {
        if let Some(join) = self.joins.0.remove(&feed) {
            let _ = join.reply.send(Err(refusal)); // Who asked has gone.
        }
    }

    /// The pub's answer.
    pub(super) fn redeemed(&mut self, link: LinkId, answer: &Redeemed) {
        let Some(feed) = self.links.get(&link).map(|link| link.peer) else { return };
        let code = Code::of(answer.code);
        if let Some(refusal) = code.refusal() {
            return self.join_failed(feed, refused(said(code), refusal));
        }
        let Some(Join { line, reply, .. }) = self.joins.0.remove(&feed) else { return };
        let (name, quota) = (answer.name.clone(), answer.quota);
        let joined = Joined { feed, name, address: line.address.to_string(), quota };
        let handle = self.handle.clone();
        self.tasks.spawn(async move {
            let value = serde_json::to_vec(&joined).expect("strings and a number are JSON");
            let noted = handle.set_local(vec![Local::of_feed(Spaces::PUB, &feed, Some(value))]).await;
            let _ = reply.send(noted.map(|()| NetResponse::Joined(joined)));
        });
    }

    pub(super) fn join_tick(&mut self) {
        let now = self.now();
        let late: Vec<_> =
            self.joins.0.iter().filter(|(_, join)| join.until <= now).map(|(feed, _)| *feed).collect();
        for feed in late {
            self.join_failed(feed, refused("refused-pub-silent", "the pub does not answer: try again later"));
        }
    }

    pub(super) fn join_link_down(&mut self, link: LinkId) {
        let cut = self.joins.0.iter_mut().find(|(_, join)| join.asked == Some(link));
        let Some((feed, dials)) = cut.map(|(feed, join)| {
            join.asked = None;
            (*feed, join.dials)
        }) else {
            return;
        };
        if self.roster.link(&feed).is_some_and(|other| other != link) {
            return; // Replaced: the invite is shown on the newer one.
        }
        match dials < DIALS_MAX {
            true => self.join_dial(feed),
            false => self.join_failed(
                feed,
                refused("refused-pub-closes", "the pub closes every connection: ask its operator why"),
            ),
        }
    }

    /// Somebody shows a secret: the answer leaves once what follows from it is durable.
    pub(super) fn redeem(&mut self, link: LinkId, secret: [u8; 16]) {
        let Some(feed) = self.links.get(&link).map(|link| link.peer) else { return };
        let (handle, events, me) = (self.handle.clone(), self.events.clone(), self.handle.me());
        let digest = Secret::new(secret).digest();
        self.tasks.spawn(async move {
            let decide =
                move |snapshot: &_| Ok(members::redeem(snapshot, me, feed, &digest, clock::now_ms())?);
            let answer = handle.update(decide).await.unwrap_or_else(|error| {
                tracing::error!(%error, "a member could not be written down");
                Redeemed { code: Code::NotWritten.number(), name: String::new(), quota: 0 }
            });
            let _ = events.send(Event::Tell(link, Input::RedeemAnswer(answer))).await;
        });
    }
}
