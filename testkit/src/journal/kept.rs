//! Blobs and cached answers in memory.

use super::{MemoryJournal, unpoisoned};
use async_trait::async_trait;
use troupe_core::port::blob::{Blobs, Digest};
use troupe_core::port::cache::Cache;
use troupe_core::port::{Error, ErrorKind};

#[async_trait]
impl Blobs for MemoryJournal {
    async fn put(&self, content: &[u8]) -> Result<Digest, Error> {
        let name = Digest(*blake3::hash(content).as_bytes());
        unpoisoned(&self.blobs).insert(name, content.to_vec());
        Ok(name)
    }

    async fn get(&self, name: &Digest) -> Result<Vec<u8>, Error> {
        let content = unpoisoned(&self.blobs).get(name).cloned();
        content.ok_or_else(|| Error::new(ErrorKind::Missing, format!("there is no blob {name}")))
    }
}

#[async_trait]
impl Cache for MemoryJournal {
    async fn recall(&self, question: &Digest, not_before_ms: u64) -> Result<Option<Vec<u8>>, Error> {
        let answers = unpoisoned(&self.answers);
        let fresh = answers.get(question).filter(|(at_ms, _)| *at_ms >= not_before_ms);
        Ok(fresh.map(|(_, answer)| answer.clone()))
    }

    async fn keep(&self, question: &Digest, at_ms: u64, answer: &[u8]) -> Result<(), Error> {
        unpoisoned(&self.answers).insert(*question, (at_ms, answer.to_vec()));
        Ok(())
    }
}
