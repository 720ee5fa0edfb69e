//! The kernels as Nvidia's compiler takes them, and what a machine without a device says.

use crate::local::device::cuda::{compile, driver};

#[test]
fn the_kernels_compile_for_every_generation() {
    if !compile::is_there() {
        eprintln!("not run: libnvrtc is not there (LD_LIBRARY_PATH says where it is looked for)");
        return;
    }
    for (capability, dimension) in [(80, 64), (90, 128)] {
        let image = compile::compiled(capability, dimension).expect("kernels");
        assert_eq!(image[..4], *b"\x7fELF", "machine code for {capability}");
    }
    // One that does not exist gets what the newest one before it can be given.
    let text = compile::compiled(91, 64).expect("kernels");
    assert!(String::from_utf8_lossy(&text).contains(".target sm_90"));
    assert_eq!(text.last(), Some(&0), "a driver reads it to its end");
}

#[test]
fn a_machine_without_a_device_says_why() {
    match driver::found() {
        Ok(found) => assert!(found.total >= found.free && found.capability > 0),
        Err(why) => assert!(!why.is_empty() && driver::Driver::open(64).is_err()),
    }
}
