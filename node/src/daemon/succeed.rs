//! Going on under another key, with the recovery words: the home becomes the successor's, with everything in it.

use klatch_feed::post::Person;
use klatch_feed::succession::LINKS_MAX;
use klatch_feed::{FeedId, Post, RecoveryWords, SecretKey, Seq, Succeeds};
use klatch_store::{DiskError, HandOverError, Held, OpenError, Snapshot, Store};

use super::create::CreateError;
use super::read;
use super::read::person::Profile;
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
         {last}); {}. To keep the other copy's branch, do this on that machine, and not on this one",
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
    let me = secret.feed();
    let keys: Vec<FeedId> = (0..=LINKS_MAX as u32).map(|n| words.feed_key(n).feed()).collect();
    let n = keys.iter().position(|feed| *feed == me).ok_or(SucceedError::OtherWords)?;
    let snapshot = store.reader().snapshot()?;
    let latest = latest(&snapshot, me, &keys)?;
    if latest != n {
        let next = words.feed_key(latest as u32);
        move_home(home, store, &next, Vec::new())?;
        return Ok(Went::Along { feed: next.feed() });
    }
    let next = n as u32 + 1;
    if next as usize > LINKS_MAX {
        return Err(SucceedError::TooMany);
    }
    let (new, commitment) = (words.feed_key(next), words.commitment(next));
    let held = store.held().filter(Held::is_recovering);
    let (old, keep) = kept(&snapshot, me, &words.commitment(n as u32), (held, n), keep)?;
    let statement =
        Succeeds::sign(&network.id(), &words.recovery_key(n as u32), old, keep, &new.feed(), &commitment);
    let mut posts = vec![Post::Genesis { recovery: commitment, succeeds: Some(Box::new(statement)) }];
    if let Some(Profile { name, about, links }) = read::person::profile(&snapshot, &me)? {
        posts.push(Post::Profile { name, about, links });
    }
    drop(snapshot);
    move_home(home, store, &new, posts)?;
    Ok(Went::On { feed: new.feed(), keep: keep.0 })
}

/// The place in `keys` of the feed that the owner of `me` went on as.
fn latest(snapshot: &Snapshot, me: FeedId, keys: &[FeedId]) -> Result<usize, DiskError> {
    let mut at = keys.iter().position(|feed| *feed == me).unwrap_or_default();
    for _ in 0..LINKS_MAX {
        // Only who has the recovery key of the one before names a key of these words, or somebody who knows
        // nothing and lies: then the log under that key stays empty, and these words lead further.
        let next = snapshot.successors(&keys[at])?.into_iter().map(|kept| kept.succession.new.feed);
        let Some(further) =
            next.filter_map(|feed| keys.iter().position(|key| *key == feed)).find(|new| *new > at)
        else {
            break;
        };
        at = further;
    }
    Ok(at)
}

/// Who is succeeded, as the key of number `n`, and the last entry to keep. While nobody knows that all is here, what is here is not given up
/// for all without a word: it is as a fork is, where the rest is with somebody else. Nor is a key of which there are few.
fn kept(
    snapshot: &Snapshot,
    me: FeedId,
    commitment: &[u8; 32],
    (held, n): (Option<Held>, usize),
    keep: Option<Seq>,
) -> Result<(Person, (Seq, klatch_feed::EntryId)), SucceedError> {
    let first = snapshot.stored_entry(&me, 1)?.ok_or(SucceedError::Nothing)?;
    let header = first.header();
    match Post::read(header.kind, &header.refs, first.body()) {
        Some(Post::Genesis { recovery, .. }) if recovery == *commitment => {}
        _ => return Err(SucceedError::Uncommitted),
    }
    if n > 0
        && keep.is_none()
        && held.is_none()
        && snapshot.state(&me)?.is_some_and(|state| state.cap.is_none())
    {
        let here = snapshot.stored_len(&me)?;
        let last = snapshot.stored_entry(&me, here)?.map(|entry| read::what(&entry)).unwrap_or_default();
        return Err(SucceedError::Again { keys: n + 1, here, last });
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
) -> Result<(Seq, klatch_feed::EntryId), SucceedError> {
    let here = snapshot.stored_len(&me)?;
    if here == 0 {
        return Err(SucceedError::Nothing);
    }
    let cap = snapshot.state(&me)?.and_then(|state| state.cap);
    let last =
        || Ok::<_, DiskError>(snapshot.stored_entry(&me, here)?.map(|e| read::what(&e)).unwrap_or_default());
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
    Ok((seq, entry.id()))
}

/// The home's key and store become the new feed's.
fn move_home(home: &Home, store: Store, next: &SecretKey, posts: Vec<Post>) -> Result<(), SucceedError> {
    let drafts = posts.iter().map(|post| post.draft(clock::now_ms(), clock::random()));
    let drafts = drafts.collect::<Result<Vec<_>, _>>()?;
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
