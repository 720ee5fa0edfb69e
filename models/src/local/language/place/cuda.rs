//! The first of Nvidia's devices.

use super::{Loading, Operations, loading};
use crate::local::device::cuda::{Cuda, Driver, OLDEST, found};
use crate::local::memory::Plan;
use crate::local::shape::Shape;

pub const OPERATIONS: Operations = Operations {
    memory,
    suits,
    plan: Plan::on_cuda,
    open,
};

/// Queries that one head of keys may have: as many as a tile of attention takes (`cuda/spans.rs`).
const SHARING_MAX: usize = 64;
/// Of its memory a twentieth stays free: other programs draw on it too.
const SPARED: u64 = 20;

fn memory() -> Result<u64, String> {
    let found = found()?;
    if found.capability < OLDEST {
        let number = |capability: usize| format!("{}.{}", capability / 10, capability % 10);
        let (own, oldest) = (number(found.capability), number(OLDEST));
        return Err(format!(
            "{} has compute capability {own}, and {oldest} is the oldest that is followed",
            found.name
        ));
    }
    let free = found.free as u64;
    Ok(free - free / SPARED)
}

fn suits(shape: &Shape) -> Result<(), String> {
    let sharing = shape.heads / shape.kv_heads.max(1);
    if sharing <= SHARING_MAX {
        return Ok(());
    }
    Err(format!(
        "{sharing} heads share one of keys, and {SHARING_MAX} is the most there"
    ))
}

fn open(shape: &Shape) -> Result<Loading, String> {
    let driver = Driver::open(shape.head_dimension)?;
    Ok(loading(Cuda::new(Box::new(driver), shape.head_dimension)))
}
