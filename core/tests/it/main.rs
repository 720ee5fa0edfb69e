//! The engine from outside: seeded lives, and the contracts of its machines.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod artifacts;
mod doubt;
mod estimate;
mod folds;
mod life;
mod limits;
mod simulation;
mod steps;
mod stop;
mod trace;
mod travel;
