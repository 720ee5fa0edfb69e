//! The one device of an Apple machine.

use candle_core::Device;

/// The device.
///
/// # Errors
/// Why there is none.
pub fn metal() -> Result<Device, String> {
    Device::new_metal(0).map_err(|error| error.to_string())
}

/// Bytes that this process may still take of the machine's memory for it: what Metal recommends as the most, less what
/// is taken.
///
/// # Errors
/// Why there is no device.
pub fn metal_memory() -> Result<u64, String> {
    let device = metal()?;
    let device = device.as_metal_device().map_err(|error| error.to_string())?.device();
    let most = device.recommended_max_working_set_size();
    Ok(most.saturating_sub(device.current_allocated_size()) as u64)
}
