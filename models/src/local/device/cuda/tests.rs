//! The device without one: the kernels as the machine's C++ compiler compiles them, run by fibers, beside the
//! processor's. The sources, the arguments and the order are what runs on a device; the driver, its library of products and
//! the assembly of `numbers.cuh` are not.

mod compiled;
mod emulator;
mod products;

use super::{Cuda, Driver};
use crate::local::device::conformance;
use emulator::Emulator;

/// Where this is set, the tests run on the machine's device instead.
const ON_DEVICE: &str = "TROUPE_TEST_CUDA";

/// An emulated device; none, and the reason on the screen, where there is no compiler.
fn emulated(dimension: usize) -> Option<Cuda> {
    if std::env::var_os(ON_DEVICE).is_some() {
        let driver = Driver::open(dimension).expect("a device");
        return Some(Cuda::new(Box::new(driver), dimension));
    }
    Emulator::new(dimension).map(|emulator| Cuda::new(Box::new(emulator), dimension))
}

#[test]
fn attention_is_the_processors_whatever_shares_what() {
    // Queries, keys, values, weights and what comes out have eight bits each.
    conformance::attention_is_the_processors(emulated, 8e-3);
}

/// With eight bits for every number that a product reads, a model of 32 numbers a row loses up to 3.4 parts in a hundred.
const LOST: f32 = 0.04;

#[test]
fn every_family_is_the_reference() {
    conformance::every_family_is_the_reference(emulated, LOST);
}

#[test]
fn vectors_of_every_layer_are_the_processors() {
    conformance::vectors_of_every_layer_are_the_processors(emulated, LOST);
}

#[test]
fn branches_of_a_prompt_share_its_blocks_and_write_the_same() {
    conformance::branches_of_a_prompt_share_its_blocks_and_write_the_same(emulated);
}
