//! troupe-tui
