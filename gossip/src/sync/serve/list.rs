//! The peer's list of wants: taken up again or announced, compared, and remembered under tokens.
//! Source: spec/gossip.md, "meeting again", "comparing" and "tags".

use std::collections::VecDeque;
use std::ops::Range;

use klatch_feed::FeedId;

use super::{Has, Serve, send_rows};
use crate::sync::compare::{Compare, bits, tag};
use crate::sync::frontier::WantList;
use crate::sync::memory::{Name, Served, TOKENS_MAX};
use crate::sync::message::{Mark16, Message, Named, Row, Side};
use crate::sync::{Breach, Desk, FeedState, Millis, Others, Output, Shelf};

/// Of so many feeds held out of those that one `Wants` added, all are stated at once.
pub(in crate::sync) const ROWS_AT_ONCE_MAX: usize = 16;
/// At least as long lies between two tokens.
pub const TOKEN_AFTER: Millis = 60_000;
/// So often in a session tags are compared with all that is held; further ones are known as their feeds change.
pub const TAG_TABLES_MAX: u8 = 16;

/// Where the peer's list stands.
#[derive(Debug)]
pub(super) struct List {
    root: Option<Mark16>,
    salt: Option<[u8; 32]>,
    tokens: Vec<(Mark16, u64)>,
    answers: VecDeque<Answer>,
    comparing: Option<Compare>,
    tables: u8,
    /// Something was said, or the list changed, since the last token.
    is_stale: bool,
    token_at: Millis,
}

/// What is owed to the peer about its list.
#[derive(Debug)]
enum Answer {
    /// It names a list that is not known here.
    Unknown,
    /// It showed a token: since then these changed.
    Changed(Vec<u32>),
    /// It named a list, and showed no token that is known: all of it is compared.
    Compare,
    /// It added these places.
    Added(Range<u32>),
}

impl List {
    pub(super) const fn new() -> Self {
        Self {
            root: None,
            salt: None,
            tokens: Vec::new(),
            answers: VecDeque::new(),
            comparing: None,
            tables: 0,
            is_stale: false,
            token_at: 0,
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.answers.is_empty() && self.comparing.is_none()
    }

    pub(super) const fn is_comparing(&self) -> bool {
        self.comparing.is_some()
    }

    /// Something was said that the peer is to keep.
    pub(super) const fn said(&mut self) {
        self.is_stale = true;
    }

    /// When the next token may be given, if that is later than now.
    pub(super) fn token_at(&self, now: Millis) -> Option<Millis> {
        (self.is_stale && self.root.is_some() && self.token_at > now).then_some(self.token_at)
    }
}

impl Serve {
    /// The log as it is when the exchange begins: later changes will be told of.
    pub(in crate::sync) fn begin(&mut self, shelf: &dyn Shelf) {
        (self.seen, self.told_at, self.level_at) = (shelf.clock(), shelf.clock(), shelf.clock());
    }

    /// The peer's first message names a list and shows a token.
    pub(in crate::sync) fn resumed(
        &mut self,
        token: Option<Mark16>,
        root: Option<Mark16>,
        memory: Option<Served>,
        desk: &mut Desk<'_>,
    ) {
        let Some(root) = root else { return };
        let Some(served) = memory.filter(|served| served.root == root) else {
            self.list.answers.push_back(Answer::Unknown);
            return;
        };
        self.wants = WantList::of(served.list);
        (self.list.root, self.list.salt) = (Some(root), served.salt);
        let since = token.and_then(|token| served.tokens.iter().find(|(known, _)| *known == token));
        let answer = match since {
            Some((_, clock)) => {
                let changed = self.changed_since(*clock, desk);
                let places: Vec<u32> = self.wants.places().collect();
                places.into_iter().for_each(|idx| self.set(idx, Has::Level));
                changed.iter().for_each(|idx| self.set(*idx, Has::Unknown));
                self.list.tokens = served.tokens;
                Answer::Changed(changed)
            }
            None => {
                self.list.said();
                self.resolve(desk);
                Answer::Compare
            }
        };
        self.list.answers.push_back(answer);
        let add: Vec<FeedId> = self.feeds(desk.shelf).collect();
        self.listen(add, Vec::new(), desk);
    }

    /// Asks the owner to tell of changes of these feeds, and no longer of those.
    fn listen(&self, add: Vec<FeedId>, del: Vec<FeedId>, desk: &mut Desk<'_>) {
        let others = match (self.wants.has_tags(), self.list.tables >= TAG_TABLES_MAX) {
            (false, _) => Others::None,
            (true, false) => Others::New,
            (true, true) => Others::Any, // Some that are held may not have been compared.
        };
        desk.listen(Output::Listens { add, del, others });
    }

    /// Places of feeds that changed since a position of the change log.
    pub(super) fn changed_since(&mut self, clock: u64, desk: &mut Desk<'_>) -> Vec<u32> {
        let shelf = desk.shelf;
        match shelf.changed_since(clock, self.wants.live_len()) {
            Some(feeds) => {
                let place = |feed| self.wants.find(&feed, shelf).or_else(|| self.untag(feed, desk));
                feeds.into_iter().filter_map(place).collect()
            }
            None => {
                self.resolve(desk);
                let feeds = self.wants.feeds(shelf);
                feeds.filter(|(feed, _)| shelf.changed(feed) > clock).map(|(_, idx)| idx).collect()
            }
        }
    }

    /// The place of a feed that the list has by its tag alone.
    pub(super) fn untag(&mut self, feed: FeedId, desk: &mut Desk<'_>) -> Option<u32> {
        let salt = self.list.salt.filter(|_| self.wants.has_tags())?;
        let tag = tag(&salt, &feed);
        let idx =
            self.wants.has_tag(&tag).then(|| self.wants.resolve(&[(tag, feed)], desk.shelf).pop())??;
        self.listen(vec![feed], Vec::new(), desk);
        Some(idx)
    }

    /// Finds out which of the feeds held here the tags in the list stand for.
    fn resolve(&mut self, desk: &mut Desk<'_>) {
        let Some(salt) = self.list.salt.filter(|_| self.wants.has_tags()) else { return };
        if self.list.tables >= TAG_TABLES_MAX {
            return;
        }
        self.list.tables += 1;
        let mut found: Vec<_> = desk.shelf.held().into_iter().map(|feed| (tag(&salt, &feed), feed)).collect();
        let is_new = |feed: &FeedId| self.wants.find(feed, desk.shelf).is_none();
        found.retain(|(tag, feed)| self.wants.has_tag(tag) && is_new(feed));
        self.wants.resolve(&found, desk.shelf);
    }

    /// The peer wants other feeds; those of them that are known here. `claimed` is what it said of one when I asked.
    pub(in crate::sync) fn wanted(
        &mut self,
        (root, add, del): (Option<Mark16>, Named, &[u32]),
        claimed: impl Fn(&FeedId) -> Option<u32>,
        desk: &mut Desk<'_>,
    ) -> Result<Vec<FeedId>, Breach> {
        let gone: Vec<FeedId> = del.iter().filter_map(|idx| self.wants.feed(*idx, desk.shelf)).collect();
        if !self.wants.remove(del, desk.shelf) {
            return Err(Breach::Unsolicited("the removal of a feed"));
        }
        for idx in del {
            self.gets.remove(idx);
            self.told.remove(idx);
            self.fresh.remove(idx);
            self.haves.remove(idx);
        }
        if self.wants.len() + add.len() > desk.places_max {
            return Err(Breach::Limit("feeds wanted"));
        }
        let start = self.wants.len();
        let is_known = match &add {
            Named::Keys(keys) => keys.iter().any(|feed| self.wants.find(feed, desk.shelf).is_some()),
            Named::Tags(tags) => tags.iter().any(|tag| self.wants.has_tag(tag)),
        };
        if is_known {
            return Err(Breach::Repeated);
        }
        match add {
            Named::Keys(keys) => {
                let name = |feed: &FeedId| (Name::of(*feed, desk.shelf), Default::default());
                self.wants.extend(keys.iter().map(name).collect());
            }
            Named::Tags(tags) if !tags.is_empty() => {
                self.list.salt.get_or_insert(desk.keys.salt);
                self.wants.extend(tags.iter().map(|tag| (Name::Tag(*tag), Default::default())).collect());
                self.resolve(desk);
            }
            Named::Tags(_) => {}
        }
        let place = |at: usize| u32::try_from(at).expect("at most 1,048,576 places");
        let added = place(start)..place(self.wants.len());
        let mut new = Vec::new();
        for idx in added.clone() {
            let Some(feed) = self.wants.feed(idx, desk.shelf) else { continue };
            let echo = self.echo.filter(|(me, _)| *me == feed).map(|(_, len)| len);
            if let Some(len) = claimed(&feed).max(echo) {
                self.set(idx, Has::At(len));
            }
            new.push(feed);
        }
        if !added.is_empty() {
            self.list.answers.push_back(Answer::Added(added));
        }
        (self.list.root, self.list.is_stale) = (root, true);
        self.list.tokens.clear();
        self.listen(new.clone(), gone, desk);
        Ok(new)
    }

    /// Gives one answer about the list, if one is owed and no comparison is under way.
    pub(super) fn answer(&mut self, desk: &mut Desk<'_>) -> bool {
        if self.list.is_comparing() {
            return false;
        }
        match self.list.answers.pop_front() {
            None => return false,
            Some(Answer::Unknown) => desk.out.send(&Message::Scope(None)),
            Some(Answer::Changed(places)) => self.state_all(places, desk),
            Some(Answer::Compare) => self.compare(self.wants.places().collect(), desk),
            Some(Answer::Added(places)) => {
                let is_held: Vec<bool> = places.clone().map(|idx| self.state(idx, desk.shelf).1).collect();
                let held = places.zip(&is_held).filter(|(_, held)| **held).map(|(idx, _)| idx);
                let held: Vec<u32> = held.collect();
                desk.out.send(&Message::Scope(Some(bits(&is_held))));
                match held.len() {
                    0..=ROWS_AT_ONCE_MAX => self.state_all(held, desk),
                    _ => self.compare(held, desk),
                }
            }
        }
        true
    }

    /// What I hold of the feed at a place, and whether that is anything.
    fn state(&self, idx: u32, shelf: &dyn Shelf) -> (FeedState, bool) {
        let held = self.wants.feed(idx, shelf).and_then(|feed| shelf.state(&feed));
        let is_held = held.is_some_and(|state| state.len > 0 || state.cap.is_some());
        (held.unwrap_or(FeedState { len: 0, tip: None, cap: None }), is_held)
    }

    /// Ends an answer: states what I hold at these places.
    fn state_all(&mut self, places: Vec<u32>, desk: &mut Desk<'_>) {
        let state = |idx| self.tell(idx, self.state(idx, desk.shelf).0);
        let rows: Vec<Row> = places.into_iter().filter_map(state).collect();
        send_rows(Side::Yours, rows, true, desk);
    }

    fn compare(&mut self, places: Vec<u32>, desk: &mut Desk<'_>) {
        if places.is_empty() {
            return self.state_all(places, desk);
        }
        let compare = Compare::new(places);
        let prints = compare.first(&desk.keys, &mut |idx| self.state(idx, desk.shelf).0);
        desk.out.send(&Message::Prints { side: Side::Yours, open: Vec::new(), prints });
        self.list.comparing = Some(compare);
    }

    /// The peer answers my fingerprints of its list.
    pub(in crate::sync) fn prints(
        &mut self,
        open: &[u8],
        prints: &[u8],
        desk: &mut Desk<'_>,
    ) -> Result<(), Breach> {
        let unsolicited = Breach::Unsolicited("fingerprints");
        let mut compare = self.list.comparing.take().ok_or(unsolicited)?;
        let opened = compare.opened(open)?;
        self.are_level(&opened.equal, desk.shelf);
        if prints.is_empty() {
            let mut differ = opened.differ;
            differ.extend(compare.rest());
            self.state_all(differ, desk);
            return Ok(());
        }
        let mut states = |idx| self.state(idx, desk.shelf).0;
        let found = compare.hear(&desk.keys, prints, &mut states)?;
        self.are_level(&found.equal, desk.shelf);
        if found.prints.is_empty() {
            self.state_all(found.differ, desk);
            return Ok(());
        }
        self.list.comparing = Some(compare);
        desk.out.send(&Message::Prints { side: Side::Yours, open: found.open, prints: found.prints });
        Ok(())
    }

    /// The peer holds the same of these as I do; but for those that have changed here since.
    fn are_level(&mut self, places: &[u32], shelf: &dyn Shelf) {
        for idx in places {
            let is_due = self.turns.contains(*idx) || self.haves.contains(idx);
            // A change that was compared already, and is yet to be taken in, would be sent once more.
            let is_ahead = self.wants.feed(*idx, shelf).is_some_and(|feed| shelf.changed(&feed) > self.seen);
            if let Some(row) = self.wants.row(*idx).filter(|_| !is_due && !is_ahead) {
                row.note(Has::Level);
                self.told.remove(idx);
            }
        }
    }

    /// Forgets what is level by now, and gives a token where one is due: once all was said. Looks only at places
    /// of which something is new: what a peer was told and does not fetch costs nothing here.
    pub(in crate::sync) fn settle(&mut self, now: Millis, desk: &mut Desk<'_>) {
        if !self.is_idle() || !desk.awaited.is_empty() {
            return;
        }
        for idx in std::mem::take(&mut self.fresh) {
            let (Some(told), Some(feed)) = (self.told.get(&idx).copied(), self.wants.feed(idx, desk.shelf))
            else {
                continue;
            };
            if desk.shelf.changed(&feed) > self.seen {
                self.fresh.insert(idx); // What the log holds of it beyond what was taken in is not said yet.
                continue;
            }
            let (state, _) = self.state(idx, desk.shelf);
            let has = self.wants.peek(idx).map(|row| row.has());
            if has == Some(Has::At(state.len)) && state.cap == told.1 {
                self.told.remove(&idx);
                self.set(idx, Has::Level);
            }
        }
        self.level_at = self.seen;
        if let Some(root) = self.list.root
            && self.list.is_stale
            && now >= self.list.token_at
        {
            let token = desk.marks.draw(b"token");
            self.list.tokens.push((token, self.seen));
            let spare = self.list.tokens.len().saturating_sub(TOKENS_MAX);
            self.list.tokens.drain(..spare);
            (self.list.is_stale, self.list.token_at) = (false, now + TOKEN_AFTER);
            desk.out.send(&Message::Token { token, root });
            let (salt, list) = (self.list.salt, self.wants.names());
            let tokens = self.list.tokens.clone();
            desk.out.push(Output::Remember(Served { root, salt, list, tokens }));
        }
    }
}

#[cfg(feature = "sim")]
impl Serve {
    pub(in crate::sync) fn feed(&self, idx: u32, shelf: &dyn Shelf) -> Option<FeedId> {
        self.wants.feed(idx, shelf)
    }

    pub(in crate::sync) fn kept(&self) -> usize {
        let due = self.turns.len() + self.haves.len() + self.gets.len() + self.ids.len();
        self.wants.len()
            + self.told.len()
            + self.fresh.len()
            + due
            + self.list.answers.len()
            + self.list.tokens.len()
    }
}
