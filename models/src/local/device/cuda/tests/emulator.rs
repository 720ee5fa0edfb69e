//! A device that is a shared library of the kernels, and this process's memory.
#![expect(
    unsafe_code,
    reason = "the memory of an emulated device is addresses, as that of a real one"
)]

use crate::local::device::cuda::launcher::{Argument, Gemm, Grid, Launcher};
use crate::local::device::cuda::source::KERNELS;
use half::bf16;
use std::collections::HashMap;
use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

type Emulate = unsafe extern "C" fn(*const c_char, c_uint, c_uint, c_uint, *mut *mut c_void) -> c_int;

unsafe extern "C" {
    fn dlopen(path: *const c_char, flags: c_int) -> *mut c_void;
    fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
    fn dlerror() -> *const c_char;
}

/// `RTLD_NOW`.
const NOW: c_int = 2;
/// Bytes on both sides of a piece of memory that nothing may write to.
const GUARD: usize = 64;
/// As a driver aligns its pieces.
const ALIGNED: usize = 256;
const GUARDED: u8 = 0xa5;
/// What memory holds that nobody wrote: no number.
const UNWRITTEN: u8 = 0xff;

/// The kernels for each size of heads that was asked for: they are compiled once, and run one at a time.
static LIBRARIES: Mutex<Option<HashMap<usize, Emulate>>> = Mutex::new(None);

/// See the module.
pub struct Emulator {
    emulate: Emulate,
    /// The pieces of memory by their address, with their guards.
    pieces: Mutex<HashMap<u64, Box<[u8]>>>,
}

impl Emulator {
    /// With kernels for heads of `dimension` numbers.
    pub fn new(dimension: usize) -> Option<Self> {
        let mut libraries = LIBRARIES.lock().unwrap_or_else(PoisonError::into_inner);
        let libraries = libraries.get_or_insert_default();
        let known = libraries.get(&dimension).copied();
        let emulate = known.or_else(|| compiled(dimension))?;
        libraries.insert(dimension, emulate);
        Some(Self {
            emulate,
            pieces: Mutex::default(),
        })
    }

    /// That all of it is memory that was asked for.
    fn check(&self, address: u64, bytes: usize) {
        let pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
        let holds = |begin: &u64| {
            let piece = &pieces[begin];
            let end = begin + (piece.len() - 2 * GUARD - ALIGNED) as u64;
            *begin <= address && address + bytes as u64 <= end
        };
        assert!(pieces.keys().any(holds), "{bytes} bytes at {address} are nobody's");
    }
}

fn compiled(dimension: usize) -> Option<Emulate> {
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    if Command::new(&compiler).arg("--version").output().is_err() {
        eprintln!("not run: there is no C++ compiler `{compiler}` to emulate a device with");
        return None;
    }
    let place = tempfile::tempdir().expect("a folder");
    let (source, library) = (place.path().join("kernels.cpp"), place.path().join("kernels.so"));
    let text = format!(
        "#define DIMENSION {dimension}\n{}{KERNELS}{}",
        include_str!("../emulator/before.h"),
        include_str!("../emulator/after.h")
    );
    std::fs::write(&source, text).expect("a file");
    let said = Command::new(&compiler)
        .args(["-std=c++17", "-O1", "-w", "-fPIC", "-shared", "-U_FORTIFY_SOURCE", "-o"])
        .args([&library, &source])
        .output()
        .expect("a compiler");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let path = CString::new(library.to_str().expect("a path")).expect("a path");
    // SAFETY: the library is ours, and is never unloaded.
    unsafe {
        let opened = dlopen(path.as_ptr(), NOW);
        assert!(!opened.is_null(), "{}", CStr::from_ptr(dlerror()).to_string_lossy());
        let symbol = dlsym(opened, c"emulate".as_ptr());
        assert!(!symbol.is_null(), "the emulator has its function");
        Some(std::mem::transmute::<*mut c_void, Emulate>(symbol))
    }
}

impl Launcher for Emulator {
    fn allocate(&self, bytes: usize) -> Result<u64, String> {
        // As aligned as a driver's pieces are, within what is allocated.
        let mut piece = vec![GUARDED; bytes + 2 * GUARD + ALIGNED].into_boxed_slice();
        let begin = (piece.as_ptr() as usize + GUARD).next_multiple_of(ALIGNED);
        let first = begin - GUARD - piece.as_ptr() as usize;
        piece[first + GUARD..][..bytes].fill(UNWRITTEN);
        let mut pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
        pieces.insert(begin as u64, piece);
        Ok(begin as u64)
    }

    fn release(&self, address: u64) {
        let mut pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
        let piece = pieces.remove(&address).expect("what was allocated");
        let first = address as usize - piece.as_ptr() as usize;
        let after = first + piece.len() - 2 * GUARD - ALIGNED;
        let guards = piece[..first].iter().chain(&piece[after..]);
        if !std::thread::panicking() {
            assert!(
                guards.into_iter().all(|byte| *byte == GUARDED),
                "written beyond a piece"
            );
        }
    }

    fn clear(&self, address: u64, bytes: usize) -> Result<(), String> {
        self.upload(address, &vec![0; bytes])
    }

    fn upload(&self, address: u64, bytes: &[u8]) -> Result<(), String> {
        self.check(address, bytes.len());
        // SAFETY: the place is ours, as was checked.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), address as *mut u8, bytes.len()) };
        Ok(())
    }

    fn download(&self, address: u64, numbers: &mut [f32]) -> Result<(), String> {
        self.check(address, 4 * numbers.len());
        // SAFETY: as above.
        unsafe { std::ptr::copy_nonoverlapping(address as *const f32, numbers.as_mut_ptr(), numbers.len()) };
        Ok(())
    }

    fn copy(&self, from: u64, to: u64, bytes: usize) -> Result<(), String> {
        self.check(from, bytes);
        self.check(to, bytes);
        // SAFETY: as above.
        unsafe { std::ptr::copy_nonoverlapping(from as *const u8, to as *mut u8, bytes) };
        Ok(())
    }

    fn launch(&self, kernel: &str, grid: Grid, arguments: &[Argument]) -> Result<(), String> {
        let mut words: Vec<u64> = arguments.iter().map(|argument| argument.word()).collect();
        let mut places: Vec<*mut c_void> = words.iter_mut().map(|word| std::ptr::from_mut(word).cast()).collect();
        let name = CString::new(kernel).expect("a name");
        let size = |number: usize| number as c_uint;
        let _one = LIBRARIES.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the arguments are as many as the kernel has, as with a driver; it writes where they say.
        let status = unsafe {
            (self.emulate)(
                name.as_ptr(),
                size(grid.across),
                size(grid.down),
                size(grid.threads),
                places.as_mut_ptr(),
            )
        };
        match status {
            0 => Ok(()),
            1 => panic!("there is no kernel `{kernel}`"),
            _ => panic!("no device runs `{kernel}` with {grid:?}"),
        }
    }

    fn multiply(&self, product: &Gemm) -> Result<(), String> {
        let Gemm {
            count,
            inputs,
            outputs,
            stride,
            ..
        } = *product;
        self.check(product.weights, 2 * outputs * inputs);
        self.check(product.rows, 2 * count * inputs);
        self.check(product.out, 4 * ((count - 1) * stride + outputs));
        // SAFETY: as above; the matrices do not overlap.
        let (weights, rows, out) = unsafe {
            (
                std::slice::from_raw_parts(product.weights as *const bf16, outputs * inputs),
                std::slice::from_raw_parts(product.rows as *const bf16, count * inputs),
                std::slice::from_raw_parts_mut(product.out as *mut f32, (count - 1) * stride + outputs),
            )
        };
        for (row, out) in rows.chunks_exact(inputs).zip(out.chunks_mut(stride)) {
            for (weights, out) in weights.chunks_exact(inputs).zip(&mut *out) {
                let products = weights.iter().zip(row).map(|(a, b)| a.to_f32() * b.to_f32());
                let sum: f32 = products.sum();
                *out = if product.adds { *out + sum } else { sum };
            }
        }
        Ok(())
    }
}
