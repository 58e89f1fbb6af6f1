//! The program from outside: real processes, homes and sockets.

#![allow(clippy::unwrap_used, reason = "what the tests share may fail them")]

mod bad_input;
mod browser;
mod calendars;
mod cli;
mod crowd;
mod demo;
mod door;
mod exports;
mod fresh;
mod groups;
mod hidden;
mod hostile;
mod inbox;
mod kill;
mod namespaces;
mod owner;
mod person;
mod pub_server;
mod recovery;
mod reference;
mod resume;
mod sealed;
mod seats;
mod series;
mod socket;
mod succession;
mod talk;
mod texts;
mod tidy;
mod two_doors;
mod two_nodes;
mod web;
mod web_pages;
