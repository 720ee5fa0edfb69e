//! The binary as people and scripts use it: arguments in, stdout, stderr and exit code out.

mod bad_input;
mod commands;
mod contracts;
mod crash;
mod examples;
mod fixture;
