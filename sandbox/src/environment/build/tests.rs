//! The loop, on a scripted engine and on a real one.
