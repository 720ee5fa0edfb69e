//! Answers of earlier calls, by all that was asked.

use super::Error;
use super::blob::Digest;
use async_trait::async_trait;

/// Remembers answers across runs. Losing one costs a call and nothing else.
#[async_trait]
pub trait Cache: Send + Sync {
    /// The newest answer to this question, unless it was kept before `not_before_ms` (since the Unix epoch).
    async fn recall(&self, question: &Digest, not_before_ms: u64) -> Result<Option<Vec<u8>>, Error>;

    /// Keeps the answer to a question, in place of an older one; `at_ms` is since the Unix epoch.
    async fn keep(&self, question: &Digest, at_ms: u64, answer: &[u8]) -> Result<(), Error>;
}
