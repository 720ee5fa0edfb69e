//! A device behind its driver. The libraries are looked for when the first device is opened; a program on a machine
//! without them never calls one.
#![expect(unsafe_code, reason = "the driver is a C library, and its memory is addresses")]

use super::compile;
use super::launcher::{Argument, Gemm, Grid, Launcher};
use cudarc::cublas::{result as blas, sys as blas_sys};
use cudarc::driver::{result, sys};
use std::collections::HashMap;
use std::ffi::{CString, c_int, c_uint, c_void};
use std::sync::{Mutex, PoisonError};

/// The oldest devices with products of bfloat16 tiles, by compute capability: 80 for 8.0.
pub const OLDEST: usize = 80;
/// The stream of all that is asked for: the one that is there.
const STREAM: sys::CUstream = std::ptr::null_mut();

/// A device, its kernels and its library of products.
pub struct Driver {
    module: sys::CUmodule,
    functions: Mutex<HashMap<String, Function>>,
    blas: blas_sys::cublasHandle_t,
    /// Let go of last.
    context: Context,
}

/// A device's context, which is the thread's from its making on.
struct Context {
    device: sys::CUdevice,
    context: sys::CUcontext,
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: it was retained when this was made. A device that has gone away says so, and there is nobody to tell.
        let _ = unsafe { result::primary_ctx::release(self.device) };
    }
}

#[derive(Clone, Copy)]
struct Function(sys::CUfunction);

// SAFETY: the handles are the driver's, which may be called from any thread; which context a thread calls it in is said
// before each call.
unsafe impl Send for Driver {}
// SAFETY: as above.
unsafe impl Sync for Driver {}
// SAFETY: as above.
unsafe impl Send for Function {}

/// What a machine has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The device's name.
    pub name: String,
    /// Its compute capability: 90 for 9.0.
    pub capability: usize,
    /// Bytes of its memory that are free.
    pub free: usize,
    /// Bytes of its memory.
    pub total: usize,
}

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// The version of CUDA that the driver knows, 13000 for 13.0.
///
/// # Errors
/// Why there is no driver to ask.
pub fn version() -> Result<usize, String> {
    // SAFETY: looks for a library and lets go of it.
    if !unsafe { sys::is_culib_present() } {
        return Err("libcuda, which comes with Nvidia's driver, was not found".to_owned());
    }
    result::init().map_err(told)?;
    let mut version: c_int = 0;
    // SAFETY: the driver writes one number.
    unsafe { sys::cuDriverGetVersion(&raw mut version) }
        .result()
        .map_err(told)?;
    Ok(version as usize)
}

/// Whether the library of products is there.
pub fn has_blas() -> bool {
    // SAFETY: as above.
    unsafe { blas_sys::is_culib_present() }
}

/// The first device.
fn first() -> Result<Context, String> {
    version()?;
    if result::device::get_count().map_err(told)? == 0 {
        return Err("there is no device (CUDA_VISIBLE_DEVICES says which may be seen)".to_owned());
    }
    let device = result::device::get(0).map_err(told)?;
    // SAFETY: the device was just got.
    let context = unsafe { result::primary_ctx::retain(device) }.map_err(told)?;
    let context = Context { device, context };
    context.enter()?;
    Ok(context)
}

impl Context {
    /// What follows on this thread is in it.
    fn enter(&self) -> Result<(), String> {
        // SAFETY: the context is retained as long as this lives.
        unsafe { result::ctx::set_current(self.context) }.map_err(told)
    }
}

fn capability(device: sys::CUdevice) -> Result<usize, String> {
    let number = |attribute| {
        // SAFETY: the device was got from the driver.
        let number = unsafe { result::device::get_attribute(device, attribute) };
        number.map(|number| number as usize).map_err(told)
    };
    let major = number(sys::CUdevice_attribute_enum::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?;
    let minor = number(sys::CUdevice_attribute_enum::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?;
    Ok(10 * major + minor)
}

/// Looks at the first device.
///
/// # Errors
/// Why there is none.
pub fn found() -> Result<Found, String> {
    let context = first()?;
    let (free, total) = result::mem_get_info().map_err(told)?;
    Ok(Found {
        name: result::device::get_name(context.device).map_err(told)?,
        capability: capability(context.device)?,
        free,
        total,
    })
}

/// The libraries besides the driver's that are not found.
pub fn missing() -> Vec<&'static str> {
    let libraries = [(compile::is_there(), "libnvrtc"), (has_blas(), "libcublas")];
    let missing = libraries.into_iter().filter(|(is_there, _)| !is_there);
    missing.map(|(_, name)| name).collect()
}

impl Driver {
    /// Opens the first device, with kernels for heads of `dimension` numbers.
    ///
    /// # Errors
    /// Which of driver, device, compiler and library is not there, or what one of them says.
    pub fn open(dimension: usize) -> Result<Self, String> {
        version()?;
        let missing = missing();
        if !missing.is_empty() {
            return Err(format!(
                "{} not found: LD_LIBRARY_PATH says where CUDA's libraries are",
                missing.join(" and ")
            ));
        }
        let context = first()?;
        let capability = capability(context.device)?;
        let image = compile::compiled(capability, dimension)?;
        // SAFETY: the image is whole, and ends with a zero where it is a text.
        let module = unsafe { result::module::load_data(image.as_ptr().cast()) }.map_err(told)?;
        let blas = blas::create_handle().map_err(|error| {
            // SAFETY: it was just loaded, and nothing else has it.
            let _ = unsafe { result::module::unload(module) };
            told(error)
        })?;
        Ok(Self {
            module,
            functions: Mutex::default(),
            blas,
            context,
        })
    }

    fn enter(&self) -> Result<(), String> {
        self.context.enter()
    }

    fn function(&self, kernel: &str) -> Result<sys::CUfunction, String> {
        let mut functions = self.functions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = functions.get(kernel) {
            return Ok(known.0);
        }
        let name = CString::new(kernel).map_err(told)?;
        // SAFETY: the module is loaded as long as this lives.
        let function = unsafe { result::module::get_function(self.module, name) };
        let function = function.map_err(|error| format!("the kernel `{kernel}`: {error}"))?;
        functions.insert(kernel.to_owned(), Function(function));
        Ok(function)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if self.enter().is_err() {
            return;
        }
        // SAFETY: nothing else has these handles. A device that has gone away says so, and there is nobody to tell.
        unsafe {
            let _ = blas::destroy_handle(self.blas);
            let _ = result::module::unload(self.module);
        }
    }
}

impl Launcher for Driver {
    fn allocate(&self, bytes: usize) -> Result<u64, String> {
        self.enter()?;
        // SAFETY: what it holds is written before it is read.
        let address = unsafe { result::malloc_sync(bytes) };
        address.map_err(|error| format!("no memory for {bytes} bytes: {error}"))
    }

    fn release(&self, address: u64) {
        if self.enter().is_ok() {
            // SAFETY: it was allocated above. On a device that has gone away there is nothing to give back.
            let _ = unsafe { result::free_sync(address) };
        }
    }

    fn clear(&self, address: u64, bytes: usize) -> Result<(), String> {
        self.enter()?;
        // SAFETY: the caller's memory.
        unsafe { result::memset_d8_async(address, 0, bytes, STREAM) }.map_err(told)
    }

    fn upload(&self, address: u64, bytes: &[u8]) -> Result<(), String> {
        self.enter()?;
        // SAFETY: the caller's memory; the bytes are read before this returns.
        unsafe { result::memcpy_htod_sync(address, bytes) }.map_err(told)
    }

    fn download(&self, address: u64, numbers: &mut [f32]) -> Result<(), String> {
        self.enter()?;
        // SAFETY: the caller's memory; the numbers are written before this returns.
        unsafe { result::memcpy_dtoh_sync(numbers, address) }.map_err(told)
    }

    fn copy(&self, from: u64, to: u64, bytes: usize) -> Result<(), String> {
        self.enter()?;
        // SAFETY: the caller's memory.
        unsafe { result::memcpy_dtod_async(to, from, bytes, STREAM) }.map_err(told)
    }

    fn launch(&self, kernel: &str, grid: Grid, arguments: &[Argument]) -> Result<(), String> {
        self.enter()?;
        let function = self.function(kernel)?;
        let mut words: Vec<u64> = arguments.iter().map(|argument| argument.word()).collect();
        let mut places: Vec<*mut c_void> = words.iter_mut().map(|word| std::ptr::from_mut(word).cast()).collect();
        let blocks = (grid.across as c_uint, grid.down as c_uint, 1);
        let threads = (grid.threads as c_uint, 1, 1);
        // SAFETY: the arguments are those of the kernel: the same call runs on an emulated device in tests.
        let launched = unsafe { result::launch_kernel(function, blocks, threads, 0, STREAM, &mut places) };
        launched.map_err(|error| format!("the kernel `{kernel}`: {error}"))
    }

    fn multiply(&self, product: &Gemm) -> Result<(), String> {
        self.enter()?;
        let (one, before) = (1.0f32, if product.adds { 1.0f32 } else { 0.0 });
        let size = |number: usize| number as c_int;
        // Columns lie together there: what comes out is the matrix, turned, times the rows as columns.
        // SAFETY: the caller's memory, of the sizes that the product says.
        let multiplied = unsafe {
            blas::gemm_ex(
                self.blas,
                blas_sys::cublasOperation_t::CUBLAS_OP_T,
                blas_sys::cublasOperation_t::CUBLAS_OP_N,
                size(product.outputs),
                size(product.count),
                size(product.inputs),
                (&raw const one).cast(),
                product.weights as *const c_void,
                blas_sys::cudaDataType_t::CUDA_R_16BF,
                size(product.inputs),
                product.rows as *const c_void,
                blas_sys::cudaDataType_t::CUDA_R_16BF,
                size(product.inputs),
                (&raw const before).cast(),
                product.out as *mut c_void,
                blas_sys::cudaDataType_t::CUDA_R_32F,
                size(product.stride),
                blas_sys::cublasComputeType_t::CUBLAS_COMPUTE_32F,
                blas_sys::cublasGemmAlgo_t::CUBLAS_GEMM_DEFAULT_TENSOR_OP,
            )
        };
        multiplied.map_err(|error| format!("a product by cuBLAS: {error:?}"))
    }
}
