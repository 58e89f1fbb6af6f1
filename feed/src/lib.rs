//! The log: keys, entries, chains, posts, and the fold of posts into meetups.
//!
//! Everything here is a pure function of its arguments: no I/O, no clock, no thread, no async, no
//! randomness. Invariants of a chain, each kept by a type:
//!
//! - an [`Unverified`] entry is well-formed; a [`Verified`] one was accepted under the anchor rule;
//! - a feed grows only by [`Head::accept`] (and by [`Head::sign`], for one's own);
//! - signed bytes are hashed as received: what was decoded was compared with its re-encoding first;
//! - [`PublicKey::verify`] is the one signature predicate.
//!
//! The rules are in `spec/feed.md`, `spec/posts.md` and `spec/meetup.md`.

pub mod chain;
pub mod chunk;
pub mod codec;
pub mod entry;
pub mod fork;
pub mod id;
pub mod key;
pub mod meetup;
pub mod post;
pub mod sealed;
pub mod succession;

pub use chain::{AcceptError, Accepted, Head, K};
pub use entry::{Draft, EntryError, Header, Kind, Unverified, Verified};
pub use fork::{ForkError, ForkProof};
pub use id::{EntryId, FeedId, NetId, Seq};
pub use key::{PublicKey, RecoveryWords, SALT_BYTES, SecretKey};
pub use meetup::{EventState, Fact, Facts, GroupState};
pub use post::Post;
pub use succession::{Lineage, Succeeds, Succession, Successor};
