//! The program: one owner of the log, a command line, and what joins the disk with the wire.
//!
//! Everything is a library, so that benches and tests reach it; the binary parses, runs, and turns an
//! error into an exit code. Layers: [`cli`] and the network ask the [`daemon`] with typed requests;
//! the daemon's owner thread alone writes the store. [`clock`] alone reads time and randomness,
//! [`home`] alone knows the files of a home.

pub mod calendar;
pub mod cli;
pub mod clock;
pub mod config;
pub mod daemon;
pub mod demo;
pub mod desktop;
pub mod door;
pub mod foreign;
pub mod guests;
pub mod home;
pub mod names;
pub mod net;
pub mod network;
pub mod pub_server;
pub mod published;
pub mod repeat;
pub mod running;
pub mod share;
pub mod web;
