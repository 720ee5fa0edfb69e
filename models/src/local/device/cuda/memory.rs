//! A device's memory in pieces that give themselves back.

use super::launcher::Launcher;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The memory of a device, and what works on it.
pub struct Memory {
    /// What works on it.
    pub launcher: Box<dyn Launcher>,
    /// Pieces that steps work in and nobody uses now, by their bytes: a step takes those of the one before, and the
    /// driver is not asked. What was asked for before is done before, so that nothing is waited for.
    idle: Mutex<HashMap<usize, Vec<u64>>>,
}

/// A piece of it.
pub struct Buffer {
    memory: Arc<Memory>,
    /// Where it begins.
    pub address: u64,
    /// Its bytes, where it goes back to those that are idle.
    idles: Option<usize>,
}

/// Pieces to work in come in powers of two from this one on.
const LEAST: usize = 256;

impl Memory {
    /// Of what a launcher works on.
    pub fn new(launcher: Box<dyn Launcher>) -> Arc<Self> {
        Arc::new(Self {
            launcher,
            idle: Mutex::default(),
        })
    }

    /// A piece that is had for long, filled with bytes.
    ///
    /// # Errors
    /// When there is not as much, or of the device.
    pub fn holding(self: &Arc<Self>, bytes: &[u8]) -> Result<Buffer, String> {
        let buffer = self.lasting(bytes.len())?;
        self.launcher.upload(buffer.address, bytes)?;
        Ok(buffer)
    }

    /// A piece that is had for long.
    ///
    /// # Errors
    /// When there is not as much.
    pub fn lasting(self: &Arc<Self>, bytes: usize) -> Result<Buffer, String> {
        Ok(Buffer {
            address: self.launcher.allocate(bytes.max(LEAST))?,
            memory: Arc::clone(self),
            idles: None,
        })
    }

    /// A piece to work in.
    ///
    /// # Errors
    /// When there is not as much.
    pub fn working(self: &Arc<Self>, bytes: usize) -> Result<Buffer, String> {
        let size = bytes.max(LEAST).next_power_of_two();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let address = match idle.get_mut(&size).and_then(Vec::pop) {
            Some(address) => address,
            None => match self.launcher.allocate(size) {
                Ok(address) => address,
                // What idles may be of other sizes, and is worth more as one piece.
                Err(_) => {
                    let others = std::mem::take(&mut *idle);
                    others
                        .into_values()
                        .flatten()
                        .for_each(|address| self.launcher.release(address));
                    self.launcher.allocate(size)?
                }
            },
        };
        Ok(Buffer {
            address,
            memory: Arc::clone(self),
            idles: Some(size),
        })
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        match self.idles {
            Some(size) => {
                let mut idle = self.memory.idle.lock().unwrap_or_else(PoisonError::into_inner);
                idle.entry(size).or_default().push(self.address);
            }
            None => self.memory.launcher.release(self.address),
        }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        let idle = std::mem::take(self.idle.get_mut().unwrap_or_else(PoisonError::into_inner));
        for address in idle.into_values().flatten() {
            self.launcher.release(address);
        }
    }
}
