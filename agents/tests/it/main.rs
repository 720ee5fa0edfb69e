//! The driver against fakes: what a team does, what survives a crash, what a cancellation leaves.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod approve;
mod cache;
mod cancel;
mod child;
mod crash;
mod doubt;
mod fixture;
mod gates;
mod hostile;
mod limits;
mod presented;
mod suspend;
mod team;
mod turns;
mod words;
