//! troupe-sandbox
