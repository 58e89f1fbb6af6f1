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
pub const ENDORSE: Kind = Kind(7);
pub const SEAT: Kind = Kind(8);
pub const RELEASE: Kind = Kind(9);
pub const CLOSE: Kind = Kind(10);
pub const TOMBSTONE: Kind = Kind(11);
pub const SKIP: Kind = Kind(12);
pub const ACCEPT: Kind = Kind(13);
pub const SILENT: Kind = Kind(14);
pub const PRESENT: Kind = Kind(15);
pub const RSVP: Kind = Kind(64);
pub const UPDATE: Kind = Kind(65);
pub const ARRIVE: Kind = Kind(66);
pub const CHECKIN: Kind = Kind(67);
pub const CANCEL: Kind = Kind(68);
pub const CONFIRM: Kind = Kind(69);
pub const HIDE: Kind = Kind(70);
pub const STAMP: Kind = Kind(71);
pub const HERE: Kind = Kind(72);
pub const PUBLIC: Kind = Kind(73);
pub const PROFILE: Kind = Kind(256);
pub const FOLLOW: Kind = Kind(257);
pub const COMMENT: Kind = Kind(258);
pub const POLL: Kind = Kind(259);
pub const VOTE: Kind = Kind(260);
pub const SETTLED: Kind = Kind(261);
pub const SEALED: Kind = Kind(262);
