//! Where a model's weights go, and for how many tokens there is room beside them.

use crate::local::decoder::{self, Model, Source};
use crate::local::device::{Choice, Processor};
use crate::local::machine;
use crate::local::memory::{Load, Plan};
use crate::local::shape::Shape;
use std::sync::Arc;
use troupe_core::port::Error;

/// A device with room for a model.
pub struct Place {
    device: Device,
    /// Tokens that all sequences together may have in its memory.
    pub tokens: usize,
    /// Most tokens of a step.
    pub step_tokens: usize,
}

enum Device {
    Processor,
    #[cfg(feature = "cuda")]
    Cuda(crate::local::device::cuda::Cuda),
}

/// Most sequences at once; more wait.
pub const SEQUENCES: usize = 64;
/// Most tokens of a step: those who write wait no longer than this takes.
pub const STEP_TOKENS: usize = 256;
/// The same on a device of its own, which takes as long for many as for few up to about here.
#[cfg(feature = "cuda")]
const DEVICE_STEP_TOKENS: usize = 512;
/// Fewer tokens than this are no room to work in.
const TOKENS_MIN: usize = 512;
/// The share of the free memory that keys and values may take: tools run on the same machine.
const CACHE_SHARE: u64 = 2;
/// Of a device's memory a twentieth stays free: other programs draw on it too.
#[cfg(feature = "cuda")]
const DEVICE_SPARED: u64 = 20;

const LEAST: Load = Load {
    context: TOKENS_MIN,
    parallel: 1,
};

impl Place {
    /// For a model of a shape, as was chosen.
    ///
    /// # Errors
    /// `Invalid` when it fits nowhere, with what would, or when the device that was asked for is not there.
    pub fn new(shape: &Shape, choice: Choice) -> Result<Self, Error> {
        match choice {
            Choice::Cpu => Self::processor(shape),
            Choice::Cuda => Self::cuda(shape),
            Choice::Auto => Self::cuda(shape).or_else(|_| Self::processor(shape)),
        }
    }

    /// Reads the weights into it.
    ///
    /// # Errors
    /// What is wrong with them, or of the device.
    pub fn load(self, source: &Source) -> candle_core::Result<Arc<dyn Model>> {
        match self.device {
            Device::Processor => Ok(Arc::new(decoder::load(Processor, source)?)),
            #[cfg(feature = "cuda")]
            Device::Cuda(cuda) => Ok(Arc::new(decoder::load(cuda, source)?)),
        }
    }

    fn processor(shape: &Shape) -> Result<Self, Error> {
        let least = Plan::new(shape, LEAST);
        let tokens = match machine::available_memory() {
            None => shape.context,
            Some(available) => {
                least.fits(available)?;
                room(shape, &least, (available - least.total()) / CACHE_SHARE)
            }
        };
        Ok(Self {
            device: Device::Processor,
            tokens,
            step_tokens: STEP_TOKENS,
        })
    }

    #[cfg(feature = "cuda")]
    fn cuda(shape: &Shape) -> Result<Self, Error> {
        use crate::local::device::cuda::{Cuda, Driver};
        let told = |trouble: String| Error::new(troupe_core::port::ErrorKind::Invalid, format!("cuda: {trouble}"));
        let driver = Driver::open(shape.head_dimension).map_err(told)?;
        let free = driver.free().map_err(told)? as u64;
        let available = free - free / DEVICE_SPARED;
        let least = Plan::on_cuda(shape, LEAST);
        least.fits(available)?;
        Ok(Self {
            tokens: room(shape, &least, available - least.total()),
            device: Device::Cuda(Cuda::new(Box::new(driver), shape.head_dimension)),
            step_tokens: DEVICE_STEP_TOKENS,
        })
    }

    #[cfg(not(feature = "cuda"))]
    fn cuda(_: &Shape) -> Result<Self, Error> {
        let message = "cuda: this program was built for the processor alone; build it with `--features cuda`";
        Err(Error::new(troupe_core::port::ErrorKind::Invalid, message))
    }
}

/// Tokens that there is room for: a full context for each sequence, or what `spare` bytes hold.
fn room(shape: &Shape, least: &Plan, spare: u64) -> usize {
    let token = (least.cache / TOKENS_MIN as u64).max(1);
    let most = shape.context.saturating_mul(SEQUENCES);
    (TOKENS_MIN + (spare / token) as usize).min(most)
}

#[cfg(all(test, not(feature = "cuda")))]
mod tests {
    use super::*;
    use crate::local::shelf;

    #[test]
    fn a_device_that_is_not_compiled_in_is_told() {
        let place = concat!(env!("CARGO_MANIFEST_DIR"), "/src/local/fixtures");
        let files = shelf::find("talker", &[place.into()]).expect("a fixture");
        let shape = Shape::of(&files).expect("a shape");
        let told = Place::new(&shape, Choice::Cuda).err().map(|error| error.message);
        insta::assert_snapshot!(told.unwrap_or_default(), @"cuda: this program was built for the processor alone; build it with `--features cuda`");
        assert!(Place::new(&shape, Choice::Auto).is_ok(), "the processor is there");
    }
}
