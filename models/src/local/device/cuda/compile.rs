//! The kernels compiled for a device by Nvidia's run-time compiler.
#![expect(unsafe_code, reason = "the compiler is a C library")]

use super::source::KERNELS;
use cudarc::nvrtc::{result, sys};
use std::ffi::{CString, c_char, c_int};

/// Whether the compiler is there: without it the bindings would end the program.
pub fn is_there() -> bool {
    // SAFETY: looks for a library and lets go of it.
    unsafe { sys::is_culib_present() }
}

/// An image of the kernels that a driver loads, for heads of `dimension` numbers on devices of a compute capability,
/// 90 for 9.0: machine code, or where the compiler does not know the device PTX for the newest one before it.
///
/// # Errors
/// No compiler, one that knows no such device, or what it says of the kernels.
pub fn compiled(capability: usize, dimension: usize) -> Result<Vec<u8>, String> {
    if !is_there() {
        return Err("libnvrtc, which compiles kernels, was not found".to_owned());
    }
    let known = capabilities()?;
    let newest = known.iter().filter(|known| **known <= capability).max();
    let Some(newest) = newest else {
        return Err(format!("libnvrtc compiles for none of the devices up to {capability}"));
    };
    let is_exact = *newest == capability;
    let target = format!(
        "--gpu-architecture={}_{newest}",
        if is_exact { "sm" } else { "compute" }
    );
    let options = [target, format!("-DDIMENSION={dimension}"), "--std=c++17".to_owned()];
    let source = CString::new(KERNELS).map_err(|error| error.to_string())?;
    let program = result::create_program(&source, Some(c"kernels.cu")).map_err(|error| error.to_string())?;
    // SAFETY: the program was made above and is destroyed below.
    let image = unsafe {
        let compiled = result::compile_program(program, &options).map_err(|error| {
            let log = result::get_program_log(program).unwrap_or_default();
            format!("{error}: {}", text(&log))
        });
        compiled.and_then(|()| image(program, is_exact))
    };
    // SAFETY: as above.
    let destroyed = unsafe { result::destroy_program(program) };
    destroyed.map_err(|error| error.to_string())?;
    image
}

/// # Safety
/// The program was compiled.
unsafe fn image(program: sys::nvrtcProgram, is_exact: bool) -> Result<Vec<u8>, String> {
    if !is_exact {
        // SAFETY: promised by the caller.
        let text = unsafe { result::get_ptx(program) };
        return text.map(|text| bytes(&text)).map_err(|error| error.to_string());
    }
    let mut size = 0;
    // SAFETY: promised by the caller; the image is as long as the compiler says.
    unsafe {
        let told = sys::nvrtcGetCUBINSize(program, &raw mut size).result();
        told.map_err(|error| error.to_string())?;
        let mut image: Vec<c_char> = vec![0; size];
        let told = sys::nvrtcGetCUBIN(program, image.as_mut_ptr()).result();
        told.map_err(|error| error.to_string())?;
        Ok(bytes(&image))
    }
}

/// The compute capabilities that the compiler knows.
fn capabilities() -> Result<Vec<usize>, String> {
    let mut count: c_int = 0;
    // SAFETY: the list is as long as the compiler says.
    let known = unsafe {
        let told = sys::nvrtcGetNumSupportedArchs(&raw mut count).result();
        told.map_err(|error| error.to_string())?;
        let mut known: Vec<c_int> = vec![0; count as usize];
        let told = sys::nvrtcGetSupportedArchs(known.as_mut_ptr()).result();
        told.map_err(|error| error.to_string())?;
        known
    };
    Ok(known.into_iter().map(|known| known as usize).collect())
}

fn bytes(characters: &[c_char]) -> Vec<u8> {
    characters.iter().map(|character| *character as u8).collect()
}

fn text(characters: &[c_char]) -> String {
    String::from_utf8_lossy(&bytes(characters))
        .trim_end_matches('\0')
        .to_owned()
}
