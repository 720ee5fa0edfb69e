//! A second look at what a search found: query and text are read together.

use super::Error;

/// Scores texts against a query. Blocks for as long as that takes: callers choose the thread.
pub trait Reranker: Send + Sync {
    /// Names the model and its weights; part of what decides a search's answers.
    fn name(&self) -> &str;

    /// One finite score for each text, in order: the higher, the more it answers the query. Scores of two
    /// queries do not compare.
    fn score(&self, query: &str, texts: &[&str]) -> Result<Vec<f32>, Error>;
}

impl<T: Reranker + ?Sized> Reranker for &T {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn score(&self, query: &str, texts: &[&str]) -> Result<Vec<f32>, Error> {
        (**self).score(query, texts)
    }
}
