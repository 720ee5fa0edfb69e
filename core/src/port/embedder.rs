//! Text to vectors.

use super::Error;
use serde::{Deserialize, Serialize};

/// What a text is embedded for: some models were trained with other words before a question than
/// before a passage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// What is looked for.
    Query,
    /// What is looked through.
    Passage,
}

/// How the vector of a text is made of the vectors of its tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pooling {
    /// The mean over all tokens.
    Mean,
    /// The first token's.
    First,
    /// The last token's.
    Last,
    /// By whoever serves the model.
    Served,
}

/// All that decides which vector a text gets. Stored in an index and compared when it is opened:
/// vectors of two recipes do not compare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipe {
    /// Names the model and its weights: other weights have another name.
    pub name: String,
    /// Length of every vector.
    pub dimension: usize,
    /// How tokens become one vector.
    pub pooling: Pooling,
    /// What is put before a text of [`Role::Query`].
    #[serde(default)]
    pub query_prefix: String,
    /// What is put before a text of [`Role::Passage`].
    #[serde(default)]
    pub passage_prefix: String,
}

impl Recipe {
    /// What is put before a text of `role`.
    pub fn prefix(&self, role: Role) -> &str {
        match role {
            Role::Query => &self.query_prefix,
            Role::Passage => &self.passage_prefix,
        }
    }
}

/// Turns sentences into unit vectors. Blocks for as long as that takes: callers choose the thread.
pub trait Embedder: Send + Sync {
    /// How its vectors are made.
    fn recipe(&self) -> &Recipe;

    /// One L2-normalised vector of [`Recipe::dimension`] numbers for each text, in order. A text with no
    /// known token becomes the zero vector. Prefixes are added here, not by the caller.
    fn embed(&self, role: Role, texts: &[&str]) -> Result<Vec<Vec<f32>>, Error>;

    /// Texts that are best given at once.
    fn batch(&self) -> usize {
        256
    }
}

impl<T: Embedder + ?Sized> Embedder for &T {
    fn recipe(&self) -> &Recipe {
        (**self).recipe()
    }

    fn embed(&self, role: Role, texts: &[&str]) -> Result<Vec<Vec<f32>>, Error> {
        (**self).embed(role, texts)
    }

    fn batch(&self) -> usize {
        (**self).batch()
    }
}
