//! Apple's device, which shares the machine's memory.

use super::{Loading, Operations, loading};
use crate::local::device::tensors::{Tensors, metal, metal_memory};
use crate::local::memory::Plan;
use crate::local::shape::Shape;

pub const OPERATIONS: Operations = Operations {
    memory: metal_memory,
    suits: |_| Ok(()),
    plan: Plan::on_metal,
    open,
};

fn open(_: &Shape) -> Result<Loading, String> {
    metal().map(|device| loading(Tensors::new(device)))
}
