//! What the kernels are run by: a device behind its driver, or an emulated one in tests.

/// An argument of a kernel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Argument {
    /// A place in the device's memory; 0 is none.
    Address(u64),
    /// An `int`.
    Integer(i32),
    /// A `float`.
    Real(f32),
}

impl Argument {
    /// The bytes that it is passed as, from the lowest on.
    pub fn word(self) -> u64 {
        match self {
            Self::Address(address) => address,
            Self::Integer(number) => u64::from(number as u32),
            Self::Real(number) => u64::from(number.to_bits()),
        }
    }
}

/// How many blocks of threads a kernel is run with, and threads in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// `gridDim.x`.
    pub across: usize,
    /// `gridDim.y`, at most 65,535.
    pub down: usize,
    /// Whole warps, at most 1,024 threads.
    pub threads: usize,
}

impl Grid {
    /// A block for each of so many rows; a thread for every number up to 256.
    pub fn rows(count: usize, width: usize) -> Self {
        Self {
            across: count,
            down: 1,
            threads: width.next_multiple_of(32).min(256),
        }
    }
}

/// Many rows times a matrix of bfloat16.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gemm {
    /// Outputs × inputs, bfloat16.
    pub weights: u64,
    /// Count × inputs, bfloat16.
    pub rows: u64,
    /// Count rows of `outputs` numbers of f32, `stride` apart.
    pub out: u64,
    /// Rows.
    pub count: usize,
    /// Numbers of a row that goes in.
    pub inputs: usize,
    /// Numbers of a row that comes out.
    pub outputs: usize,
    /// From one row that comes out to the next.
    pub stride: usize,
    /// Whether the product is added to what is there.
    pub adds: bool,
}

/// The operations of a device. They are done in their order; what is wrong with one may be told by a later one.
pub trait Launcher: Send + Sync {
    /// So many bytes of memory; what they hold is not said.
    ///
    /// # Errors
    /// When there are not as many.
    fn allocate(&self, bytes: usize) -> Result<u64, String>;
    /// Gives memory back.
    fn release(&self, address: u64);
    /// Fills memory with zeros.
    ///
    /// # Errors
    /// Of the device.
    fn clear(&self, address: u64, bytes: usize) -> Result<(), String>;
    /// Puts bytes into memory.
    ///
    /// # Errors
    /// Of the device.
    fn upload(&self, address: u64, bytes: &[u8]) -> Result<(), String>;
    /// Waits for all that was asked for, and takes numbers out of memory.
    ///
    /// # Errors
    /// Of the device: of anything that went before, too.
    fn download(&self, address: u64, numbers: &mut [f32]) -> Result<(), String>;
    /// Copies within memory; the two places do not overlap.
    ///
    /// # Errors
    /// Of the device.
    fn copy(&self, from: u64, to: u64, bytes: usize) -> Result<(), String>;
    /// Runs a kernel.
    ///
    /// # Errors
    /// One that does not exist, or of the device.
    fn launch(&self, kernel: &str, grid: Grid, arguments: &[Argument]) -> Result<(), String>;
    /// Runs a product of many rows.
    ///
    /// # Errors
    /// Of the device.
    fn multiply(&self, product: &Gemm) -> Result<(), String>;
}
