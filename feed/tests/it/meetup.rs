//! The rules of the meetup as tables, one test a rule. They stand here and not beside the fold, since they
//! share their people with the laws and the vectors. Source: spec/meetup.md.

mod attendance;
mod door;
mod events;
mod groups;
mod hosts;
mod persons;
mod roles;
mod seats;
mod series;
mod why;
