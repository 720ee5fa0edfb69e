//! Functions without a call or a branch, so that loops over them become vector code.

/// e^x to seven digits.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    /// Adding this rounds to an integer: f32 has no bits left for a fraction.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let power = shifted - ROUND;
    // ln 2 in two parts, the first exact in its product with a small integer.
    let r = x - power * 0.693_359_4 + power * 2.121_944_4e-4;
    let series =
        1.0 + r * (1.0 + r * (0.5 + r * (0.166_666_66 + r * (0.041_666_67 + r * (0.008_333_33 + r * 0.001_388_89)))));
    // The integer is in the low bits of `shifted`; an exponent is an integer plus 127, 23 bits up.
    series * f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23))
}

/// The natural logarithm of a positive number that is not denormal, to seven digits.
#[inline(always)]
pub fn ln(x: f32) -> f32 {
    // x = 2^power × m with m between √½ and √2, and ln m = 2 artanh((m − 1) / (m + 1)).
    let bits = x.to_bits();
    let power = (bits.wrapping_sub(0x3f35_04f3) as i32) >> 23;
    let m = f32::from_bits(bits.wrapping_sub((power << 23) as u32));
    let r = (m - 1.0) / (m + 1.0);
    let square = r * r;
    let series = 2.0 + square * (0.666_666_7 + square * (0.4 + square * (0.285_714_3 + square * 0.222_222_2)));
    power as f32 * std::f32::consts::LN_2 + r * series
}

/// x Φ(x) (Hendrycks and Gimpel 2016), with the error function of Abramowitz and Stegun 7.1.26 (absolute error 1.5e-7).
#[inline(always)]
pub fn gelu(x: f32) -> f32 {
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let polynomial = ((((1.061_405_4 * t - 1.453_152) * t + 1.421_413_7) * t - 0.284_496_74) * t + 0.254_829_6) * t;
    let tail = 0.5 * polynomial * exp(-z * z);
    let share = if x >= 0.0 { 1.0 - tail } else { tail };
    x * share
}

/// x σ(x).
#[inline(always)]
pub fn silu(x: f32) -> f32 {
    x / (1.0 + exp(-x))
}

/// Numbers that are summed side by side.
const LANES: usize = 32;

/// The sum of products.
#[inline(always)]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; LANES];
    let (a_parts, a_rest) = a.as_chunks::<LANES>();
    let (b_parts, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a_parts.iter().zip(b_parts) {
        for lane in 0..LANES {
            sums[lane] = a[lane].mul_add(b[lane], sums[lane]);
        }
    }
    let mut sum = total(&sums);
    for (a, b) in a_rest.iter().zip(b_rest) {
        sum += a * b;
    }
    sum
}

/// The sum of numbers.
#[inline(always)]
pub fn sum(numbers: &[f32]) -> f32 {
    let mut sums = [0.0f32; LANES];
    let (parts, rest) = numbers.as_chunks::<LANES>();
    for part in parts {
        for lane in 0..LANES {
            sums[lane] += part[lane];
        }
    }
    let mut sum = total(&sums);
    for number in rest {
        sum += number;
    }
    sum
}

/// The greatest of numbers.
#[inline(always)]
pub fn greatest(numbers: &[f32]) -> f32 {
    let mut most = [f32::MIN; LANES];
    let (parts, rest) = numbers.as_chunks::<LANES>();
    for part in parts {
        for lane in 0..LANES {
            most[lane] = if part[lane] > most[lane] {
                part[lane]
            } else {
                most[lane]
            };
        }
    }
    let mut greatest = f32::MIN;
    for number in most.iter().chain(rest) {
        greatest = if *number > greatest { *number } else { greatest };
    }
    greatest
}

#[inline(always)]
fn total(sums: &[f32; LANES]) -> f32 {
    let mut total = 0.0;
    for sum in sums {
        total += sum;
    }
    total
}

#[cfg(test)]
mod tests {
    use super::{dot, exp, gelu, greatest, ln, silu, sum};

    #[test]
    fn values_are_those_of_the_functions() {
        for step in -870..880 {
            let x = step as f32 / 10.0;
            let right = f64::from(x).exp();
            assert!(
                (f64::from(exp(x)) / right - 1.0).abs() < 1e-6,
                "e^{x} is {right}, not {}",
                exp(x)
            );
            let right = f64::from(exp(x)).ln();
            assert!((f64::from(ln(exp(x))) - right).abs() < 1e-5, "ln e^{x} is {right}");
            let right = f64::from(x) / (1.0 + (-f64::from(x)).exp());
            assert!((f64::from(silu(x)) - right).abs() < 1e-5, "silu({x}) is {right}");
        }
        // Φ(1) and Φ(-2.5), from a table of the normal distribution.
        for (x, share) in [(0.0, 0.5), (1.0, 0.841_344_7), (-2.5, 0.006_209_67)] {
            assert!((gelu(x) - x * share).abs() < 1e-6, "gelu({x}) is {}", gelu(x));
        }
        let numbers: Vec<f32> = (0..71).map(|at| at as f32).collect();
        assert_eq!(
            (dot(&numbers, &numbers), sum(&numbers), greatest(&numbers)),
            (116_795.0, 2485.0, 70.0)
        );
    }
}
