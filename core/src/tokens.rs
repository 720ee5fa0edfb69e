//! A token count that needs no tokenizer: an estimate, the same on every machine.

/// Estimates the tokens of `text` as one per four bytes, rounded up.
///
/// English prose measures 4.0 to 4.7 bytes a token with the tokenizers of current models, so the
/// estimate errs on the safe side. Exact counts come from the model's own usage report.
pub fn estimate(text: &str) -> u64 {
    (text.len() as u64).div_ceil(4)
}
