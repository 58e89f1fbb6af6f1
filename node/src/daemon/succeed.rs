//! Going on under another key, with the recovery words: the home becomes the successor's, with everything in it.

use klatch_feed::post::Person;
use klatch_feed::succession::{LINKS_MAX, heir};
use klatch_feed::{
    Draft, FeedId, Post, RecoveryWords, SALT_BYTES, SecretKey, Seq, Succeeds, Unverified, Verified,
};
use klatch_store::{DiskError, HandOverError, Held, OpenError, Snapshot, Store};

use super::create::CreateError;
use super::read;
use crate::clock;
use crate::home::Home;
use crate::network::Network;

/// Why nobody goes on under another key.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each message says it")]
pub enum SucceedError {
    #[error("these words belong to another identity than the one in this home")]
    OtherWords,
    #[error(
        "nothing of your log is here yet, so nothing says what you go on from: run `klatch up` where people can be met \
         who hold it"
    )]
    Nothing,
    #[error(
        "your log is forked: say which branch is yours. `--keep {here}` keeps all {here} entries of this copy (its last: \
         {last}); {}. To keep the other copy's branch, do this on that machine",
        in_common(.common)
    )]
    Choose { here: Seq, common: Seq, last: String },
    #[error(
        "nobody can say yet that the entries here are all that you posted ({why}). {known}What is missing here would \
         no longer count: `klatch up` first, where people can be met who hold your log. If nobody is left who holds \
         more, `--keep {here}` goes on from the {here} that are here (the last: {last})"
    )]
    Fewer { why: String, known: String, here: Seq, last: String },
    #[error(
        "this home went on under a new key before: the one it has is number {keys} of at most {}. If this one is to be \
         given up as well, say so: `--keep {here}` goes on from the {here} entries that are here (the last: {last})",
        LINKS_MAX + 1
    )]
    Again { keys: usize, here: Seq, last: String },
    #[error("this copy holds entries 1 to {here} of yours: keep one of these")]
    Beyond { here: Seq },
    #[error(
        "entry 1 of this log was made with other recovery words, or without any: they cannot speak for it"
    )]
    Uncommitted,
    #[error("there have been {LINKS_MAX} successors already, and nobody follows further")]
    TooMany,
    #[error(transparent)]
    HandOver(#[from] HandOverError),
    #[error(transparent)]
    Post(#[from] klatch_feed::post::PostError),
    #[error(transparent)]
    Disk(#[from] DiskError),
    #[error(transparent)]
    Create(#[from] CreateError),
}

/// What there is to choose besides the own branch.
fn in_common(common: &Seq) -> String {
    match common {
        0 => "the copies differ from their first entry on, so who follows the other branch does not follow you on from \
              this one"
            .to_owned(),
        common => format!("`--keep {common}` keeps only what both copies have in common"),
    }
}

/// What became of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Went {
    /// The feed goes on as this one, and keeps that many entries.
    On {
        /// Under which key.
        feed: FeedId,
        /// The last entry that is kept.
        keep: Seq,
    },
    /// It went on before, elsewhere: this home takes that key now, and its log from others.
    Along {
        /// Under which key.
        feed: FeedId,
    },
}

/// Opens the store of `home` with the key it belongs to; finishes or takes back a change of key that was cut off.
/// Call with the lock held.
///
/// # Errors
///
/// As of home and store.
pub fn open(home: &Home, network: &Network) -> Result<(SecretKey, Store), OpenHomeError> {
    if let Some(next) = home.next_secret()? {
        match Store::open(home.dir(), network.id(), next.feed()) {
            Ok(store) => {
                home.take_next_secret()?;
                return Ok((next, store));
            }
            Err(OpenError::OtherOwner { .. }) => home.drop_next_secret()?,
            Err(error) => return Err(error.into()),
        }
    }
    let secret = home.secret()?;
    let store = Store::open(home.dir(), network.id(), secret.feed())?;
    Ok((secret, store))
}

/// Why a home's store cannot be opened.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each message says it")]
pub enum OpenHomeError {
    #[error(transparent)]
    Home(#[from] crate::home::HomeError),
    #[error(transparent)]
    Store(#[from] OpenError),
}

impl From<OpenHomeError> for CreateError {
    fn from(error: OpenHomeError) -> Self {
        match error {
            OpenHomeError::Home(error) => Self::Home(error),
            OpenHomeError::Store(error) => Self::Store(error),
        }
    }
}

/// Whether [`succeed`] could go on from here, as far as that can be known without the words, so that they are not
/// typed for nothing.
///
/// # Errors
///
/// [`SucceedError`], as [`succeed`] would say.
pub fn look(home: &Home, keep: Option<Seq>) -> Result<(), SucceedError> {
    home.check().map_err(CreateError::from)?;
    let _lock = home.lock().map_err(CreateError::from)?;
    let network = home.network().map_err(CreateError::from)?;
    let (secret, store) = open(home, &network).map_err(CreateError::from)?;
    let (me, snapshot) = (secret.feed(), store.reader().snapshot()?);
    if snapshot.successors(&me)?.is_empty() {
        chosen(&snapshot, me, store.held().filter(Held::is_recovering), keep)?;
    }
    Ok(())
}

/// Makes `home` that of the successor of its feed. `keep` is the last entry to keep: all that is here, where it is
/// not said and nothing is forked. The words are used and not kept. Nothing else may use the home meanwhile.
///
/// Cut off at any point, the home is the old feed's as before, or the new one's.
///
/// # Errors
///
/// [`SucceedError`]; the home is as before then.
pub fn succeed(home: &Home, words: &RecoveryWords, keep: Option<Seq>) -> Result<Went, SucceedError> {
    home.check().map_err(CreateError::from)?;
    let _lock = home.lock().map_err(CreateError::from)?;
    let network = home.network().map_err(CreateError::from)?;
    let (secret, store) = open(home, &network).map_err(CreateError::from)?;
    let (me, snapshot) = (secret.feed(), store.reader().snapshot()?);
    let old_salt = match origin(&snapshot, words, me)? {
        Some((_, salt)) => Some(salt),
        None if words.feed_key(None).feed() == me => None,
        None => return Err(SucceedError::OtherWords),
    };
    if let Some(salt) = latest(&snapshot, words, me)? {
        let next = words.feed_key(Some(salt));
        move_home(home, store, &next, Vec::new())?;
        return Ok(Went::Along { feed: next.feed() });
    }
    let keys = snapshot.lineage()?.line(me).len();
    if keys > LINKS_MAX {
        return Err(SucceedError::TooMany);
    }
    let held = store.held().filter(Held::is_recovering);
    let (old, last) = kept(&snapshot, me, &words.commitment(old_salt), (held, keys), keep)?;
    let keep = last.header().seq;
    // Another copy that keeps the same makes another key, of which one counts.
    let (new, first) =
        heir(&network.id(), words, (old, old_salt), (keep, last.id()), clock::random::<SALT_BYTES>());
    let says = [Some(first), profile(&snapshot, &me, keep)?].into_iter().flatten();
    let drafts = says.map(|post| post.draft(clock::now_ms(), clock::random())).collect::<Result<_, _>>()?;
    drop(snapshot);
    move_home(home, store, &new, drafts)?;
    Ok(Went::On { feed: new.feed(), keep })
}

/// What a feed with a key of these words goes on from, and the salt that the key was drawn from besides. The first of
/// them goes on from nothing.
fn origin(
    snapshot: &Snapshot,
    words: &RecoveryWords,
    feed: FeedId,
) -> Result<Option<(FeedId, [u8; SALT_BYTES])>, DiskError> {
    // Its entry 1 says so; where that is not here yet, the statement that led to it does.
    let said = snapshot.stored_entry(&feed, 1)?.and_then(|first| Succeeds::said_in(&first));
    let kept = snapshot.all_successors()?.into_iter().filter(|kept| kept.succession.new.feed == feed);
    let kept = kept.filter_map(|kept| Succeeds::in_body(&kept.body));
    let all = said.into_iter().chain(kept).map(|said| (said.old().feed, said.salt()));
    Ok(all.into_iter().find(|(_, salt)| words.feed_key(Some(*salt)).feed() == feed))
}

/// Where the owner of `me` went on under another key of these words: the salt of that. From their first key on, as far
/// as statements lead.
fn latest(
    snapshot: &Snapshot,
    words: &RecoveryWords,
    me: FeedId,
) -> Result<Option<[u8; SALT_BYTES]>, DiskError> {
    let mut line = vec![me];
    let mut at = me;
    while let Some((old, _)) = origin(snapshot, words, at)?.filter(|_| line.len() <= LINKS_MAX) {
        line.push(old);
        at = old;
    }
    let mut salt = None;
    for _ in 0..LINKS_MAX {
        // Only who has the words makes the key that a salt gives: what anybody else says is passed over.
        let kept = snapshot.successors(&at)?.into_iter();
        let salted = kept.filter_map(|kept| Some((Succeeds::in_body(&kept.body)?.salt(), kept)));
        let mut mine: Vec<_> = salted
            .filter(|(salt, kept)| words.feed_key(Some(*salt)).feed() == kept.succession.new.feed)
            .collect();
        mine.sort_by_key(|(_, kept)| !kept.counts); // Then the best.
        let Some((next, kept)) = mine.first() else { break };
        (at, salt) = (kept.succession.new.feed, Some(*next));
    }
    Ok(salt.filter(|_| !line.contains(&at)))
}

/// What the log says of its owner up to entry `keep`, be that in quarantine.
fn profile(snapshot: &Snapshot, me: &FeedId, keep: Seq) -> Result<Option<Post>, DiskError> {
    let post = |entry: Verified| {
        let header = entry.header();
        Post::read(header.kind, &header.refs, entry.body())
            .filter(|post| matches!(post, Post::Profile { .. }))
    };
    let accepted = snapshot.state(me)?.map_or(0, |state| state.len);
    for seq in (accepted.saturating_add(1)..=keep).rev() {
        if let Some(profile) = snapshot.stored_entry(me, seq)?.and_then(post) {
            return Ok(Some(profile));
        }
    }
    Ok(snapshot.profile_entry(me, keep)?.and_then(post))
}

/// Who is succeeded, by how many keys until today, and the last entry to keep. While nobody knows that all is here, what is here is not given up
/// for all without a word: it is as a fork is, where the rest is with somebody else. Nor is a key of which there are few.
fn kept(
    snapshot: &Snapshot,
    me: FeedId,
    commitment: &[u8; 32],
    (held, keys): (Option<Held>, usize),
    keep: Option<Seq>,
) -> Result<(Person, Unverified), SucceedError> {
    let first = snapshot.stored_entry(&me, 1)?.ok_or(SucceedError::Nothing)?;
    let header = first.header();
    match Post::read(header.kind, &header.refs, first.body()) {
        Some(Post::Genesis { recovery, .. }) if recovery == *commitment => {}
        _ => return Err(SucceedError::Uncommitted),
    }
    if keys > 1
        && keep.is_none()
        && held.is_none()
        && snapshot.state(&me)?.is_some_and(|state| state.cap.is_none())
    {
        let here = snapshot.stored_len(&me)?;
        let last =
            snapshot.stored_entry(&me, here)?.map(|entry| read::what(&entry).to_string()).unwrap_or_default();
        return Err(SucceedError::Again { keys, here, last });
    }
    let keep = chosen(snapshot, me, held, keep)?;
    Ok((Person { feed: me, genesis: first.id() }, keep))
}

/// The last entry to keep.
fn chosen(
    snapshot: &Snapshot,
    me: FeedId,
    held: Option<Held>,
    keep: Option<Seq>,
) -> Result<Unverified, SucceedError> {
    let here = snapshot.stored_len(&me)?;
    if here == 0 {
        return Err(SucceedError::Nothing);
    }
    let cap = snapshot.state(&me)?.and_then(|state| state.cap);
    let last = || {
        Ok::<_, DiskError>(
            snapshot.stored_entry(&me, here)?.map(|e| read::what(&e).to_string()).unwrap_or_default(),
        )
    };
    let seq = match (keep, cap, held) {
        (Some(seq), ..) => seq,
        (None, Some(common), _) => return Err(SucceedError::Choose { here, common, last: last()? }),
        (None, None, Some(held)) => {
            let known = match held.least() {
                least if least > here => format!("{least} are known to exist, and {here} are here. "),
                _ => String::new(),
            };
            return Err(SucceedError::Fewer { why: held.to_string(), known, here, last: last()? });
        }
        (None, None, None) => here,
    };
    let entry = snapshot.stored_entry(&me, seq)?.ok_or(SucceedError::Beyond { here })?;
    Ok(Unverified::clone(&entry))
}

/// The home's key and store become the new feed's.
fn move_home(home: &Home, store: Store, next: &SecretKey, drafts: Vec<Draft>) -> Result<(), SucceedError> {
    home.write_next_secret(next).map_err(CreateError::from)?;
    match store.hand_over(next, drafts) {
        Ok(store) => drop(store),
        Err(error) => {
            // An opening finds out whose it is by now.
            return Err(error.into());
        }
    }
    home.take_next_secret().map_err(CreateError::from)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use klatch_feed::{Head, Kind, NetId, Successor, chunk};

    use super::*;

    fn words() -> RecoveryWords {
        RecoveryWords::from_entropy(&[7; 32])
    }

    fn genesis(recovery: [u8; 32]) -> Draft {
        Post::Genesis { recovery, succeeds: None }.draft(1, [0; 16]).unwrap()
    }

    fn note(text: &str) -> Draft {
        Draft { kind: Kind(400), refs: Vec::new(), body: text.as_bytes().to_vec(), time_ms: 2 }
    }

    fn store_in(folder: &std::path::Path, first: Draft) -> (NetId, Store) {
        let (net, secret) = (NetId::of_name("succeed"), words().feed_key(None));
        let mut store = Store::create(folder, net, secret.feed()).unwrap();
        store.append(&secret, vec![first, note("both have this"), note("here")]).unwrap();
        (net, store)
    }

    #[test]
    fn a_home_goes_along_with_a_better_successor_once_its_chain_is_held() {
        let folder = tempfile::tempdir().unwrap();
        let (words, me) = (words(), words().feed_key(None));
        let (net, store) = store_in(folder.path(), genesis(words.commitment(None)));
        let log = store.reader().snapshot().unwrap().entries(&me.feed(), 1, 9).unwrap();
        let old = Person { feed: me.feed(), genesis: log[0].id() };
        let (mine, first) = heir(&net, &words, (old, None), (3, log[2].id()), [1; 16]);
        let draft = |first: Post| first.draft(1, [0; 16]).unwrap();
        let mut store = store.hand_over(&mine, vec![draft(first)]).unwrap();
        // The other copy kept more.
        let (mut head, mut there) = (Head { feed: me.feed(), len: 2, tip: Some(log[1].id()) }, Vec::new());
        for text in ["there", "and there"] {
            let (entry, after) = head.sign(&net, &me, note(text)).unwrap();
            there.push(Unverified::clone(&entry));
            head = after;
        }
        let (other, first) = heir(&net, &words, (old, None), (4, there[1].id()), [2; 16]);
        let (first, _) = Head::empty(other.feed()).sign(&net, &other, draft(first)).unwrap();
        store.succeed(&Successor::check(&net, Unverified::clone(&first)).unwrap()).unwrap();
        let goes = |store: &Store| latest(&store.reader().snapshot().unwrap(), &words, mine.feed()).unwrap();
        assert_eq!(goes(&store), None, "as long as its own counts");
        let rest = chunk::encode(&there.iter().collect::<Vec<_>>(), |_| true);
        assert!(store.replace(&me.feed(), &[rest]).unwrap().0);
        assert_eq!(goes(&store), Some([2; 16]));
    }

    #[test]
    fn words_speak_for_a_log_whose_first_entry_committed_to_them_alone() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path());
        let lock = home.lock().unwrap();
        let network = Network::new("succeed", [9; 32]).unwrap();
        home.begin(&lock, &words().feed_key(None), &network).unwrap();
        let (net, store) = store_in(folder.path(), genesis([9; 32]));
        assert_eq!(network.id(), net);
        drop(store);
        home.finish(&lock).unwrap();
        drop(lock);
        let refused = succeed(&home, &words(), Some(3));
        assert!(matches!(refused, Err(SucceedError::Uncommitted)), "{refused:?}");
    }
}
