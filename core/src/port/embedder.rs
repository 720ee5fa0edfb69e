//! Text to vectors.

use super::Error;

/// Turns sentences into unit vectors. Pure computation: callers choose the thread.
pub trait Embedder: Send + Sync {
    /// The name stored in an index and compared when it is opened.
    fn name(&self) -> &str;

    /// Length of every vector.
    fn dimension(&self) -> usize;

    /// One L2-normalised vector of [`Embedder::dimension`] numbers for each text, in order.
    /// A text with no known token becomes the zero vector.
    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, Error>;

    /// Tokens of a text, by the embedder's own tokenizer.
    fn count_tokens(&self, text: &str) -> usize;
}

impl<T: Embedder + ?Sized> Embedder for &T {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn dimension(&self) -> usize {
        (**self).dimension()
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, Error> {
        (**self).embed(texts)
    }

    fn count_tokens(&self, text: &str) -> usize {
        (**self).count_tokens(text)
    }
}
