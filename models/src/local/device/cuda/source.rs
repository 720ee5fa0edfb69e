//! The kernels, as they are compiled on the machine that runs them.

/// All of them; the size of a head is to be defined as `DIMENSION`.
pub const KERNELS: &str = concat!(
    include_str!("kernels/numbers.cuh"),
    include_str!("kernels/formats.cu"),
    include_str!("kernels/products.cu"),
    include_str!("kernels/rows.cu"),
    include_str!("kernels/attention.cu"),
);
