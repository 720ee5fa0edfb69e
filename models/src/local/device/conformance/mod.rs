//! What every device is held to, beside the processor and the reference: attention, whole decoders, the scheduler above.

mod attention;
mod decoders;

pub use attention::attention_is_the_processors;
pub use decoders::{
    branches_of_a_prompt_share_its_blocks_and_write_the_same, every_family_is_the_reference,
    vectors_of_every_layer_are_the_processors,
};

/// Numbers between -0.5 and 0.5, the same for each seed.
pub fn noise(seed: u32, count: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32 - 0.5
    };
    std::iter::repeat_with(next).take(count).collect()
}

/// The root of the mean square of the differences, over that of the numbers.
pub fn distance(got: &[f32], right: &[f32]) -> f32 {
    assert_eq!(got.len(), right.len());
    let square = |numbers: &mut dyn Iterator<Item = f32>| numbers.map(|number| number * number).sum::<f32>();
    let differences = square(&mut got.iter().zip(right).map(|(got, right)| got - right));
    (differences / square(&mut right.iter().copied())).sqrt()
}
