//! A new identity: words, key, store and the first two entries.

use std::path::Path;

use klatch_feed::{FeedId, Post, RecoveryWords, SecretKey, Seq};
use klatch_store::{AppendError, BackupError, DiskError, Held, OpenError, Progress, Restored, Store};
use zeroize::Zeroizing;

use crate::clock;
use crate::home::{Home, HomeError, KEY_PART, NETWORK_PART};
use crate::network::Network;

/// Why there is no new identity.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each message says it")]
pub enum CreateError {
    #[error(transparent)]
    Home(#[from] HomeError),
    #[error(transparent)]
    Post(#[from] klatch_feed::post::PostError),
    #[error(transparent)]
    Store(#[from] OpenError),
    #[error("the first entries: {0}")]
    Append(#[from] AppendError),
    #[error(transparent)]
    Backup(#[from] BackupError),
    #[error("{0} holds no key and network that belong to its log: use another backup")]
    Parts(std::path::PathBuf),
    #[error(transparent)]
    Disk(#[from] DiskError),
    #[error("the recovery words could not be shown, so nothing was kept: {0}")]
    Show(std::io::Error),
}

/// Makes an identity called `name` in `home`, and gives its recovery words to `show`, once.
///
/// A home counts only once the words have been shown. Whoever is cut off before that, at any point, finds
/// a home that this function makes again from the start: nothing signed there has left the machine.
pub fn create(
    home: &Home,
    network: &Network,
    name: &str,
    show: impl FnOnce(FeedId, &str) -> std::io::Result<()>,
) -> Result<FeedId, CreateError> {
    let words = RecoveryWords::from_entropy(&clock::random());
    let posts = [
        Post::Genesis { recovery: words.commitment(None), succeeds: None },
        Post::Profile { name: name.to_owned(), about: String::new(), links: vec![] },
    ];
    let drafts = posts.iter().map(|post| post.draft(clock::now_ms(), clock::random()));
    let drafts = drafts.collect::<Result<Vec<_>, _>>()?;

    let lock = home.lock()?;
    let secret = words.feed_key(None);
    home.begin(&lock, &secret, network)?;
    let mut store = Store::create(home.dir(), network.id(), secret.feed())?;
    store.append(&secret, drafts)?;
    drop(store);
    show(secret.feed(), &words.words()).map_err(CreateError::Show)?;
    home.finish(&lock)?;
    Ok(secret.feed())
}

/// Makes `home` out of the backup `file`. It is recovering: nothing is posted before peers have said how far
/// the log went since. Returns whose it is, and how many own entries came.
///
/// Whoever is cut off at any point finds either no home, or an unfinished one that this function makes again.
pub fn restore(home: &Home, file: &Path, progress: Progress<'_>) -> Result<(FeedId, Seq), CreateError> {
    let lock = home.lock()?;
    home.check_free()?;
    let mut restored = Restored::unpack(home.dir(), file, progress)?;
    let parts = std::mem::take(&mut restored.parts).into_iter();
    let parts: Vec<_> = parts.map(|(name, bytes)| (name, Zeroizing::new(bytes))).collect();
    let part = |wanted: &str| parts.iter().find(|(name, _)| name == wanted).map(|(_, bytes)| &bytes[..]);
    let secret = part(KEY_PART).and_then(|seed| seed.try_into().ok()).map(SecretKey::from_seed);
    let network = part(NETWORK_PART).and_then(|text| std::str::from_utf8(text).ok());
    let network = network.and_then(|text| Network::parse(text).ok());
    let (Some(secret), Some(network)) = (secret.filter(|secret| secret.feed() == restored.owner), network)
    else {
        return Err(CreateError::Parts(file.to_owned()));
    };
    let own = restored.own;
    home.begin(&lock, &secret, &network)?;
    restored.publish()?;
    drop(Store::open(home.dir(), network.id(), secret.feed())?); // It is this network's, or not finished.
    home.finish(&lock)?;
    Ok((secret.feed(), own))
}

/// Makes `home` from recovery words alone: an empty log that is recovering, and takes what its owner posted
/// from whoever holds it. The words are not kept.
pub fn recover(home: &Home, network: &Network, words: &RecoveryWords) -> Result<FeedId, CreateError> {
    let lock = home.lock()?;
    let secret = words.feed_key(None);
    home.begin(&lock, &secret, network)?;
    let mut store = Store::create(home.dir(), network.id(), secret.feed())?;
    store.recover(&Held::Words)?;
    drop(store);
    home.finish(&lock)?;
    Ok(secret.feed())
}
