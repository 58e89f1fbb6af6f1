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
use crate::daemon::{Local, Refusal, Spaces};
use crate::pub_server::invite::{InviteLine, Secret};
use crate::pub_server::members::{self, Code};

/// How long joining may take, from dialling to the pub's answer.
const JOIN_MAX: Millis = 20_000;

/// Pubs that are being joined.
#[derive(Debug, Default)]
pub(super) struct Joins(BTreeMap<FeedId, Join>);

#[derive(Debug)]
struct Join {
    line: InviteLine,
    until: Millis,
    /// The connection on which the invite was shown.
    asked: Option<LinkId>,
    reply: Reply,
}

impl Joins {
    pub(super) fn next_at(&self) -> Option<Millis> {
        self.0.values().map(|join| join.until).min()
    }
}

fn refused(problem: impl ToString) -> Refusal {
    Refusal::Net { problem: problem.to_string() }
}

impl Hub {
    /// Dials exactly the pub that an invite names, and shows it the secret.
    pub(super) fn join(&mut self, line: &str, reply: Reply) {
        let line: InviteLine = match line.parse() {
            Ok(line) => line,
            Err(error) => {
                let field = Refusal::Field { field: "invite".to_owned(), problem: format!("{error}") };
                return drop(reply.send(Err(field)));
            }
        };
        let feed = line.feed;
        if feed == self.handle.me() {
            return drop(reply.send(Err(refused("this is your own pub's invite: give it to others"))));
        }
        if self.joins.0.contains_key(&feed) {
            return drop(reply.send(Err(refused("this pub is being joined already"))));
        }
        let address = line.address.to_string();
        self.joins.0.insert(feed, Join { line, until: self.now() + JOIN_MAX, asked: None, reply });
        if let Some(link) = self.roster.link(&feed) {
            return self.show_invite(feed, link);
        }
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
        let link = match dialled.map(|met| self.meet(met)) {
            Ok(Ok(link)) => Ok(link),
            // It dialled us meanwhile: that connection does as well.
            Ok(Err(roster::Refusal::Duplicate)) => {
                self.roster.link(&feed).ok_or_else(|| refused("try again"))
            }
            Ok(Err(roster::Refusal::Blocked)) => {
                Err(refused("you block this pub: `klatch follow` it to end that"))
            }
            Ok(Err(refusal)) => Err(refused(refusal)),
            Err(error) => Err(refused(format!("the pub cannot be reached: {error}"))),
        };
        match link {
            Ok(link) => self.show_invite(feed, link),
            Err(refusal) => self.join_failed(feed, refusal),
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
        if let Some(refusal) = Code::of(answer.code).refusal() {
            return self.join_failed(feed, refused(refusal));
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
            self.join_failed(feed, refused("the pub does not answer: try again later"));
        }
    }

    pub(super) fn join_link_down(&mut self, link: LinkId) {
        let cut = self.joins.0.iter().find(|(_, join)| join.asked == Some(link)).map(|(feed, _)| *feed);
        if let Some(feed) = cut {
            self.join_failed(feed, refused("the connection to the pub broke off: try again"));
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
