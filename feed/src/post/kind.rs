//! Kind numbers. Source: spec/posts.md, "kinds".
#![allow(missing_docs)] // They are the names of `Post`'s variants.

use crate::Kind;

pub const GENESIS: Kind = Kind(0);
pub const GROUP: Kind = Kind(1);
pub const EVENT: Kind = Kind(2);
pub const JOIN: Kind = Kind(3);
pub const LEAVE: Kind = Kind(4);
pub const GRANT: Kind = Kind(5);
pub const REVOKE: Kind = Kind(6);
// 7 endorse, 9 release, 10 close, 12 hide: reserved.
pub const SEAT: Kind = Kind(8);
pub const TOMBSTONE: Kind = Kind(11);
pub const RSVP: Kind = Kind(64);
pub const UPDATE: Kind = Kind(65);
pub const ARRIVE: Kind = Kind(66);
pub const CHECKIN: Kind = Kind(67);
pub const CANCEL: Kind = Kind(68);
pub const PROFILE: Kind = Kind(256);
pub const FOLLOW: Kind = Kind(257);
pub const COMMENT: Kind = Kind(258);
