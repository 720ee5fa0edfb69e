//! The runtime: one driver per run, the performers of its effects, prompts, cancellation.
//!
//! [`start`] and [`resume`] take a compiled workflow and its [`Ports`] and give a [`Handle`]. Inside,
//! one task owns the state: it takes what arrived, decides, makes the facts durable, and only then
//! performs what is wanted. Effects run beside it and come back as inputs.

mod branches;
mod cache;
mod child;
mod concealed;
mod decision;
mod driver;
mod error;
mod gate;
mod handle;
mod holds;
mod perform;
mod ports;
mod prompt;
mod reads;
mod secrets;
mod spans;
mod times;

pub use child::questions;
pub use decision::decided;
pub use error::Error;
pub use gate::Gates;
pub use handle::{Handle, Outcome, Remote, Run, cancel, fork, raise, resume, start};
pub use ports::{Clock, Nobody, Observer, Ports, Silent, SystemClock};
pub use prompt::delegation_spec;
pub use secrets::Secrets;
