//! The device without one: the kernels as the machine's C++ compiler compiles them, run by fibers, beside the
//! processor's. The sources, the arguments and the order are what runs on a device; the driver, its library of products and
//! the assembly of `numbers.cuh` are not.

mod attention;
mod compiled;
mod decoders;
mod emulator;
mod products;

use super::{Cuda, Driver};
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

/// Numbers between -0.5 and 0.5, the same for each seed.
fn noise(seed: u32, count: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32 - 0.5
    };
    std::iter::repeat_with(next).take(count).collect()
}

/// The root of the mean square of the differences, over that of the numbers.
fn distance(got: &[f32], right: &[f32]) -> f32 {
    assert_eq!(got.len(), right.len());
    let square = |numbers: &mut dyn Iterator<Item = f32>| numbers.map(|number| number * number).sum::<f32>();
    let differences = square(&mut got.iter().zip(right).map(|(got, right)| got - right));
    (differences / square(&mut right.iter().copied())).sqrt()
}
