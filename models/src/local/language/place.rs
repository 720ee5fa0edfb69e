//! Where a model's weights go, and for how many tokens there is room beside them.

#[cfg(feature = "cuda")]
mod cuda;
#[cfg(feature = "metal")]
mod metal;

use crate::local::decoder::{self, Model, Source};
use crate::local::device::{Choice, Device, Processor};
use crate::local::machine;
use crate::local::memory::{Load, Plan};
use crate::local::shape::Shape;
use std::sync::Arc;
use troupe_core::port::{Error, ErrorKind};

/// A device with room for a model.
pub struct Place {
    load: Loading,
    /// Tokens that all sequences together may have in its memory.
    pub tokens: usize,
    /// Most tokens of a step.
    pub step_tokens: usize,
}

/// Reads the weights into the memory of a device.
type Loading = Box<dyn FnOnce(&Source) -> candle_core::Result<Arc<dyn Model>>>;

/// Most sequences at once; more wait.
pub const SEQUENCES: usize = 64;
/// Most tokens of a step: those who write wait no longer than this takes.
const STEP_TOKENS: usize = 256;
/// The same on a device of its own, which takes as long for many as for few up to about here.
const DEVICE_STEP_TOKENS: usize = 512;
/// Fewer tokens than this are no room to work in.
const TOKENS_MIN: usize = 512;
/// The share of the free memory that keys and values may take: tools run on the same machine, and other models.
const CACHE_SHARE: u64 = 2;

const LEAST: Load = Load {
    context: TOKENS_MIN,
    parallel: 1,
};

/// A kind of devices beside the processor.
struct Kind {
    choice: Choice,
    /// None where this program was built without them.
    operations: Option<Operations>,
}

/// What there is to know and to do about a kind of devices. Errors say why not.
struct Operations {
    /// Bytes that a model may take of the first one's memory, where there is one that can be used.
    memory: fn() -> Result<u64, String>,
    /// Whether it computes models of a shape.
    suits: fn(&Shape) -> Result<(), String>,
    /// What a model takes there.
    plan: fn(&Shape, Load) -> Plan,
    /// Makes it ready.
    open: fn(&Shape) -> Result<Loading, String>,
}

/// Those that are looked for, in this order.
const KINDS: [Kind; 2] = [
    Kind {
        choice: Choice::Cuda,
        #[cfg(feature = "cuda")]
        operations: Some(cuda::OPERATIONS),
        #[cfg(not(feature = "cuda"))]
        operations: None,
    },
    Kind {
        choice: Choice::Metal,
        #[cfg(feature = "metal")]
        operations: Some(metal::OPERATIONS),
        #[cfg(not(feature = "metal"))]
        operations: None,
    },
];

/// Why a model is not put on a device.
enum Unfit {
    /// There is none that could be used.
    Absent(String),
    /// There is one, and not for this model.
    Unable(String),
    /// There is one that would do, and something that it takes is not there or does not work.
    Broken(String),
}

impl Unfit {
    fn why(self) -> String {
        let (Self::Absent(why) | Self::Unable(why) | Self::Broken(why)) = self;
        why
    }
}

impl Kind {
    fn operations(&self) -> Result<&Operations, String> {
        let word = self.choice.word();
        let missing = || format!("this program was built without it; build it with `--features {word}`");
        self.operations.as_ref().ok_or_else(missing)
    }

    fn told(&self, why: &str) -> Error {
        Error::new(ErrorKind::Invalid, format!("{}: {why}", self.choice.word()))
    }

    fn place(&self, shape: &Shape) -> Result<Place, Unfit> {
        let operations = self.operations().map_err(Unfit::Absent)?;
        let available = (operations.memory)().map_err(Unfit::Absent)?;
        (operations.suits)(shape).map_err(Unfit::Unable)?;
        let least = (operations.plan)(shape, LEAST);
        least.fits(available).map_err(|error| Unfit::Unable(error.message))?;
        Ok(Place {
            load: (operations.open)(shape).map_err(Unfit::Broken)?,
            tokens: room(shape, &least, (available - least.total()) / CACHE_SHARE),
            step_tokens: DEVICE_STEP_TOKENS,
        })
    }
}

impl Place {
    /// For a model of a shape, as was chosen.
    ///
    /// # Errors
    /// `Invalid` when it fits nowhere, with what would, when the device that was asked for is not there, or when one is
    /// there and something that it takes is not: that is no reason to compute elsewhere without a word.
    pub fn new(shape: &Shape, choice: Choice) -> Result<Self, Error> {
        let mut unable = Vec::new();
        for kind in KINDS
            .iter()
            .filter(|kind| choice == Choice::Auto || choice == kind.choice)
        {
            match kind.place(shape) {
                Ok(place) => return Ok(place),
                Err(unfit) if choice == kind.choice => return Err(kind.told(&unfit.why())),
                Err(Unfit::Absent(_)) => {}
                Err(Unfit::Unable(why)) => unable.push(kind.told(&why).message),
                Err(Unfit::Broken(why)) => {
                    return Err(kind.told(&format!("{why}; `--device cpu` computes on the processor")));
                }
            }
        }
        Self::processor(shape).map_err(|mut error| {
            if !unable.is_empty() {
                error.message = format!("{}; on the processor: {}", unable.join("; "), error.message);
            }
            error
        })
    }

    /// Brings the weights into it.
    ///
    /// # Errors
    /// What is wrong with them, or of the device.
    pub fn load(self, source: &Source) -> candle_core::Result<Arc<dyn Model>> {
        source.fetch();
        (self.load)(source)
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
            load: loading(Processor),
            tokens,
            step_tokens: STEP_TOKENS,
        })
    }
}

fn loading<D: Device>(device: D) -> Loading {
    Box::new(move |source| Ok(Arc::new(decoder::load(device, source)?)))
}

/// What a model takes under a load where it would compute, and what is there.
pub struct Planned {
    /// As it is written in settings.
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
    let looked_for = |kind: &&Kind| choice == kind.choice || choice == Choice::Auto && shape.family.is_decoder();
    for kind in KINDS.iter().filter(looked_for) {
        let measured = kind
            .operations()
            .and_then(|operations| Ok((operations, (operations.memory)()?)));
        let (operations, available) = match measured {
            Err(why) if choice == kind.choice => return Err(kind.told(&why)),
            Err(_) => continue,
            Ok(measured) => measured,
        };
        let plan = (operations.plan)(shape, load);
        if choice == kind.choice || plan.fits(available).is_ok() {
            return Ok(Planned {
                device: kind.choice.word(),
                plan,
                available: Some(available),
            });
        }
    }
    Ok(Planned {
        device: Choice::Cpu.word(),
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
        for kind in KINDS {
            let word = kind.choice.word();
            for told in [
                Place::new(&shape, kind.choice).map(drop),
                plan(&shape, load, kind.choice).map(drop),
            ] {
                match (told, &kind.operations) {
                    (Ok(()), built) => assert!(built.is_some(), "only such a program has a device"),
                    (Err(error), Some(_)) => assert!(error.message.starts_with(&format!("{word}: ")), "{error}"),
                    (Err(error), None) => assert_eq!(
                        error.message,
                        format!("{word}: this program was built without it; build it with `--features {word}`")
                    ),
                }
            }
        }
        assert_eq!(plan(&shape, load, Choice::Cpu).expect("a plan").device, "cpu");
    }
}
