//! Where a model's weights go, and for how many tokens there is room beside them.

use crate::local::decoder::{self, Model, Source};
use crate::local::device::{Choice, Processor};
use crate::local::machine;
use crate::local::memory::{Load, Plan};
use crate::local::shape::Shape;
use std::sync::Arc;
use troupe_core::port::{Error, ErrorKind};

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
const STEP_TOKENS: usize = 256;
/// The same on a device of its own, which takes as long for many as for few up to about here.
#[cfg(feature = "cuda")]
const DEVICE_STEP_TOKENS: usize = 512;
/// Fewer tokens than this are no room to work in.
const TOKENS_MIN: usize = 512;
/// The share of the free memory that keys and values may take: tools run on the same machine, and other models.
const CACHE_SHARE: u64 = 2;
/// Queries that one head of keys may have on a device: as many as a tile of its attention takes (`cuda/spans.rs`).
#[cfg(feature = "cuda")]
const SHARING_MAX: usize = 64;
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
    /// `Invalid` when it fits nowhere, with what would, when the device that was asked for is not there, or when one is
    /// there and something that it takes is not: that is no reason to compute elsewhere without a word.
    pub fn new(shape: &Shape, choice: Choice) -> Result<Self, Error> {
        let told = |why: String| Error::new(ErrorKind::Invalid, format!("cuda: {why}"));
        match choice {
            Choice::Cpu => Self::processor(shape),
            Choice::Cuda => Self::cuda(shape).map_err(|unfit| told(unfit.why())),
            Choice::Auto => match Self::cuda(shape) {
                Ok(place) => Ok(place),
                Err(Unfit::Absent(_)) => Self::processor(shape),
                Err(Unfit::Unable(why)) => {
                    let both = |error: Error| {
                        Error::new(error.kind, format!("cuda: {why}; on the processor: {}", error.message))
                    };
                    Self::processor(shape).map_err(both)
                }
                Err(Unfit::Broken(why)) => Err(told(format!("{why}; `--device cpu` computes on the processor"))),
            },
        }
    }

    /// Brings the weights into it.
    ///
    /// # Errors
    /// What is wrong with them, or of the device.
    pub fn load(self, source: &Source) -> candle_core::Result<Arc<dyn Model>> {
        source.fetch();
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
    fn cuda(shape: &Shape) -> Result<Self, Unfit> {
        use crate::local::device::cuda::{Cuda, Driver};
        let available = device_memory().map_err(Unfit::Absent)?;
        let sharing = shape.heads / shape.kv_heads.max(1);
        if sharing > SHARING_MAX {
            let why = format!("{sharing} heads share one of keys, and {SHARING_MAX} is the most there");
            return Err(Unfit::Unable(why));
        }
        let least = Plan::on_cuda(shape, LEAST);
        least.fits(available).map_err(|error| Unfit::Unable(error.message))?;
        let driver = Driver::open(shape.head_dimension).map_err(Unfit::Broken)?;
        Ok(Self {
            tokens: room(shape, &least, (available - least.total()) / CACHE_SHARE),
            device: Device::Cuda(Cuda::new(Box::new(driver), shape.head_dimension)),
            step_tokens: DEVICE_STEP_TOKENS,
        })
    }

    #[cfg(not(feature = "cuda"))]
    fn cuda(_: &Shape) -> Result<Self, Unfit> {
        let why = "this program was built for the processor alone; build it with `--features cuda`";
        Err(Unfit::Absent(why.to_owned()))
    }
}

/// Why a model is not put on a device.
enum Unfit {
    /// There is none that could be used.
    Absent(String),
    /// There is one, and not for this model.
    #[cfg_attr(not(feature = "cuda"), expect(dead_code, reason = "there is no device"))]
    Unable(String),
    /// There is one that would do, and something that it takes is not there or does not work.
    #[cfg_attr(not(feature = "cuda"), expect(dead_code, reason = "there is no device"))]
    Broken(String),
}

impl Unfit {
    fn why(self) -> String {
        let (Self::Absent(why) | Self::Unable(why) | Self::Broken(why)) = self;
        why
    }
}

/// Bytes of the first device's memory that a model may take.
#[cfg(feature = "cuda")]
fn device_memory() -> Result<u64, String> {
    use crate::local::device::cuda;
    let found = cuda::found()?;
    if found.capability < cuda::OLDEST {
        let number = |capability: usize| format!("{}.{}", capability / 10, capability % 10);
        let (own, oldest) = (number(found.capability), number(cuda::OLDEST));
        return Err(format!(
            "{} has compute capability {own}, and {oldest} is the oldest that is followed",
            found.name
        ));
    }
    let free = found.free as u64;
    Ok(free - free / DEVICE_SPARED)
}

/// What a model takes under a load where it would compute, and what is there.
pub struct Planned {
    /// `cpu` or `cuda`.
    pub device: &'static str,
    /// What it takes.
    pub plan: Plan,
    /// Bytes that are there, as far as the system says.
    pub available: Option<u64>,
}

/// Plans a load as was chosen: on a device where one can be used and, where none was asked for, the load fits.
///
/// # Errors
/// When a device was asked for and none can be used.
pub fn plan(shape: &Shape, load: Load, choice: Choice) -> Result<Planned, Error> {
    #[cfg(feature = "cuda")]
    if choice != Choice::Cpu && shape.family.is_decoder() {
        let plan = Plan::on_cuda(shape, load);
        match device_memory() {
            Ok(available) if choice == Choice::Cuda || plan.fits(available).is_ok() => {
                let (device, available) = ("cuda", Some(available));
                return Ok(Planned {
                    device,
                    plan,
                    available,
                });
            }
            Err(why) if choice == Choice::Cuda => return Err(Error::new(ErrorKind::Invalid, format!("cuda: {why}"))),
            _ => {}
        }
    }
    #[cfg(not(feature = "cuda"))]
    if choice == Choice::Cuda
        && let Err(unfit) = Place::cuda(shape)
    {
        return Err(Error::new(ErrorKind::Invalid, format!("cuda: {}", unfit.why())));
    }
    Ok(Planned {
        device: "cpu",
        plan: Plan::new(shape, load),
        available: machine::available_memory(),
    })
}

/// Tokens that there is room for: a full context for each sequence, or what `spare` bytes hold.
fn room(shape: &Shape, least: &Plan, spare: u64) -> usize {
    let token = (least.cache / TOKENS_MIN as u64).max(1);
    let most = shape.context.saturating_mul(SEQUENCES);
    (TOKENS_MIN + (spare / token) as usize).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::shelf;

    #[test]
    fn a_device_that_cannot_be_had_is_told_and_is_no_hindrance() {
        let place = concat!(env!("CARGO_MANIFEST_DIR"), "/src/local/fixtures");
        let files = shelf::find("talker", &[place.into()]).expect("a fixture");
        let shape = Shape::of(&files).expect("a shape");
        assert!(Place::new(&shape, Choice::Auto).is_ok(), "the processor is there");
        let load = Load {
            context: 512,
            parallel: 1,
        };
        for told in [
            Place::new(&shape, Choice::Cuda).map(drop),
            plan(&shape, load, Choice::Cuda).map(drop),
        ] {
            match told {
                Ok(()) => assert!(cfg!(feature = "cuda"), "only such a program has a device"),
                Err(error) if cfg!(feature = "cuda") => assert!(error.message.starts_with("cuda: "), "{error}"),
                Err(error) => insta::allow_duplicates! {
                    insta::assert_snapshot!(error.message, @"cuda: this program was built for the processor alone; build it with `--features cuda`");
                },
            }
        }
        assert_eq!(plan(&shape, load, Choice::Cpu).expect("a plan").device, "cpu");
    }
}
