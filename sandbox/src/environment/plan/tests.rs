//! Repositories of a few files in, plans out.
