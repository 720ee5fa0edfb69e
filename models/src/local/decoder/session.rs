//! A decoder as an engine has it, whatever its device.

use super::{Architecture, Batch, Decoder, Made};
use crate::local::device::Device;
use std::sync::Arc;

/// A model whose weights are loaded.
pub trait Model: Send + Sync {
    /// Tokens that it knows.
    fn vocabulary(&self) -> usize;
    /// Its numbers.
    fn architecture(&self) -> &Architecture;
    /// What its device is called in settings.
    fn device(&self) -> &'static str;
    /// Bytes a second that its device's memory reads and writes, measured; none for the processor.
    ///
    /// # Errors
    /// Of the device.
    fn bandwidth(&self) -> Result<Option<f64>, String>;
    /// Gives it memory for so many blocks of keys and values.
    ///
    /// # Errors
    /// When the device has not as much.
    fn session(self: Arc<Self>, blocks: usize) -> Result<Box<dyn Session>, String>;
}

/// A model with memory for the keys and values of its sequences.
pub trait Session: Send {
    /// Tokens that it knows.
    fn vocabulary(&self) -> usize;
    /// Its numbers.
    fn architecture(&self) -> &Architecture;
    /// One step: see [`Decoder::step`].
    ///
    /// # Errors
    /// A trouble of the device, which is over with this session.
    fn step(&mut self, batch: &Batch) -> Result<Made, String>;
}

struct Open<D: Device> {
    decoder: Arc<Decoder<D>>,
    cache: D::Cache,
}

impl<D: Device> Model for Decoder<D> {
    fn vocabulary(&self) -> usize {
        self.vocabulary
    }

    fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    fn device(&self) -> &'static str {
        D::NAME
    }

    fn bandwidth(&self) -> Result<Option<f64>, String> {
        self.device.bandwidth()
    }

    fn session(self: Arc<Self>, blocks: usize) -> Result<Box<dyn Session>, String> {
        let cache = self.cache(blocks)?;
        Ok(Box::new(Open { decoder: self, cache }))
    }
}

impl<D: Device> Session for Open<D> {
    fn vocabulary(&self) -> usize {
        self.decoder.vocabulary
    }

    fn architecture(&self) -> &Architecture {
        &self.decoder.architecture
    }

    fn step(&mut self, batch: &Batch) -> Result<Made, String> {
        self.decoder.step(&mut self.cache, batch)
    }
}
