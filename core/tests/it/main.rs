//! The engine from outside: seeded lives, and the contracts of its machines.

mod estimate;
mod simulation;
