//! What tests share: fakes for every port, conformance suites, hand-built workflows, the simulation.

pub mod artifacts;
pub mod conformance;
pub mod journal;
pub mod model;
pub mod process;
pub mod random;
pub mod room;
pub mod simulation;
pub mod tool;
pub mod workflow;
