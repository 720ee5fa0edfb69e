//! troupe-testkit
