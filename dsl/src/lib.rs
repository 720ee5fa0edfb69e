//! troupe-dsl
