//! A new identity: words, key, store and the first two entries.

use klatch_feed::{FeedId, Post, RecoveryWords};
use klatch_store::{AppendError, OpenError, Store};

use crate::clock;
use crate::home::{Home, HomeError};
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
        Post::Genesis { recovery: words.commitment(0) },
        Post::Profile { name: name.to_owned(), about: String::new() },
    ];
    let drafts = posts.iter().map(|post| post.draft(clock::now_ms(), clock::random()));
    let drafts = drafts.collect::<Result<Vec<_>, _>>()?;

    let lock = home.lock()?;
    let secret = words.feed_key(0);
    home.begin(&lock, &secret, network)?;
    let mut store = Store::create(home.dir(), network.id(), secret.feed())?;
    store.append(&secret, drafts)?;
    drop(store);
    show(secret.feed(), &words.words()).map_err(CreateError::Show)?;
    home.finish(&lock)?;
    Ok(secret.feed())
}
