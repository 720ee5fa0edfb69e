//! troupe-models
