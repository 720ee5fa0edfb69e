//! The driver against fakes: what a team does, what survives a crash, what a cancellation leaves.

mod crash;
mod fixture;
mod team;
