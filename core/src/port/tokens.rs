//! Counting tokens. One counter cuts every corpus, so that the ids of chunks do not depend on the embedder.

/// Counts the tokens of a text.
pub trait TokenCounter: Send + Sync {
    /// Tokens of the whole text.
    fn count(&self, text: &str) -> usize;
}

impl<T: TokenCounter + ?Sized> TokenCounter for &T {
    fn count(&self, text: &str) -> usize {
        (**self).count(text)
    }
}
