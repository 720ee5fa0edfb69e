//! The loops: rows of small integers times panels of sixteen outputs.
//!
//! What comes of a row is the same bits however many rows are multiplied with it: every row goes through the same sums
//! in the same order.

use super::format::{BLOCK, EIGHTHS, Format, PARTS};
use super::lanes::{LANES, Lanes, Machine, Plain};
use super::rows::{Cell, Cells};
use pulp::NullaryFnOnce;

/// Rows whose sums of one panel are kept together while its blocks go by: their cells of a block stay in the nearest
/// cache.
const ROWS: usize = 32;

/// Some panels of a matrix times all rows.
pub struct Product<'a, 'out, F> {
    /// Blocks of the panels, panel after panel.
    pub blocks: &'a [F],
    /// Numbers that the sums begin with, as many as the panels have outputs.
    pub bias: &'a [[f32; LANES]],
    /// The rows.
    pub cells: &'a Cells,
    /// Of each row the part that these panels fill.
    pub outs: &'a mut [&'out mut [f32]],
}

impl<F: Format> Product<'_, '_, F> {
    /// Multiplies, in the instructions of a machine.
    pub fn run(self, machine: Machine) {
        match machine {
            #[cfg(target_arch = "x86_64")]
            Machine::Vnni(lanes) => lanes.vectorize(On { lanes, product: self }),
            #[cfg(target_arch = "x86_64")]
            Machine::Avx2(lanes) => lanes.vectorize(On { lanes, product: self }),
            Machine::Plain => On {
                lanes: Plain,
                product: self,
            }
            .call(),
        }
    }
}

/// A product on a machine.
struct On<'a, 'out, L, F> {
    lanes: L,
    product: Product<'a, 'out, F>,
}

impl<L: Lanes, F: Format> NullaryFnOnce for On<'_, '_, L, F> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { lanes, product } = self;
        let per_panel = product.blocks.len() / product.bias.len().max(1);
        let panels = product.blocks.chunks_exact(per_panel.max(1)).zip(product.bias);
        for (panel, (blocks, bias)) in panels.enumerate() {
            let mut first = 0;
            for outs in product.outs.chunks_mut(ROWS) {
                let mut sums = [lanes.load(bias); ROWS];
                let sums = &mut sums[..outs.len()];
                for (block, cells) in blocks.iter().zip(product.cells.columns()) {
                    add(lanes, block, &cells[first..][..sums.len()], sums);
                }
                for (out, sums) in outs.iter_mut().zip(sums.iter()) {
                    let out = &mut out[panel * LANES..];
                    let width = out.len().min(LANES);
                    out[..width].copy_from_slice(&lanes.numbers(*sums)[..width]);
                }
                first += outs.len();
            }
        }
    }
}

/// Adds a block's products with the cells of some rows.
#[inline(always)]
fn add<L: Lanes, F: Format>(lanes: L, block: &F, cells: &[Cell], sums: &mut [L::Floats]) {
    if let ([cell], [sum]) = (cells, &mut *sums) {
        // Each weight is used once: it goes from memory through registers, and memory sets the pace.
        let (cells, sums) = (std::array::from_ref(cell), std::array::from_mut(sum));
        return tile::<L, F, 1>(lanes, block, cells, sums);
    }
    let open = Open::new(lanes, block);
    let (cells, sums) = if L::ROWS == 8 {
        tiles::<L, F, 8>(lanes, &open, cells, sums)
    } else {
        (cells, sums)
    };
    let (cells, sums) = tiles::<L, F, 4>(lanes, &open, cells, sums);
    tiles::<L, F, 1>(lanes, &open, cells, sums);
}

/// Adds to as many rows as come in whole tiles; what is left comes back.
#[inline(always)]
fn tiles<'a, L: Lanes, F: Format, const R: usize>(
    lanes: L,
    open: &Open<L>,
    cells: &'a [Cell],
    sums: &'a mut [L::Floats],
) -> (&'a [Cell], &'a mut [L::Floats]) {
    let (whole, cells) = cells.as_chunks::<R>();
    let (whole_sums, sums) = sums.as_chunks_mut::<R>();
    for (cells, sums) in whole.iter().zip(whole_sums) {
        tile::<L, F, R>(lanes, open, cells, sums);
    }
    (cells, sums)
}

/// What a tile asks of a block, be it packed or open.
trait Weights<L: Lanes> {
    fn word(&self, lanes: L, part: usize, four: usize) -> L::Words;
    fn scale(&self, lanes: L, group: usize) -> L::Floats;
    fn minimum(&self, lanes: L, group: usize) -> L::Floats;
}

impl<L: Lanes, F: Format> Weights<L> for F {
    #[inline(always)]
    fn word(&self, lanes: L, part: usize, four: usize) -> L::Words {
        Format::word(self, lanes, part, four)
    }

    #[inline(always)]
    fn scale(&self, lanes: L, group: usize) -> L::Floats {
        Format::scale(self, lanes, group)
    }

    #[inline(always)]
    fn minimum(&self, lanes: L, group: usize) -> L::Floats {
        Format::minimum(self, lanes, group)
    }
}

/// A block whose weights are bytes, for several tiles.
struct Open<L: Lanes> {
    words: [[L::Words; 4]; PARTS],
    scales: [L::Floats; PARTS],
    minima: [L::Floats; PARTS],
}

impl<L: Lanes> Open<L> {
    #[inline(always)]
    fn new<F: Format>(lanes: L, block: &F) -> Self {
        let mut open = Self {
            words: [[lanes.words(&[[0; 4]; LANES]); 4]; PARTS],
            scales: [lanes.float(0.0); PARTS],
            minima: [lanes.float(0.0); PARTS],
        };
        for part in 0..PARTS {
            for four in 0..4 {
                open.words[part][four] = Format::word(block, lanes, part, four);
            }
        }
        for group in 0..F::GROUPS {
            open.scales[group] = Format::scale(block, lanes, group);
            if F::MINIMA {
                open.minima[group] = Format::minimum(block, lanes, group);
            }
        }
        open
    }
}

impl<L: Lanes> Weights<L> for Open<L> {
    #[inline(always)]
    fn word(&self, _: L, part: usize, four: usize) -> L::Words {
        self.words[part][four]
    }

    #[inline(always)]
    fn scale(&self, _: L, group: usize) -> L::Floats {
        self.scales[group]
    }

    #[inline(always)]
    fn minimum(&self, _: L, group: usize) -> L::Floats {
        self.minima[group]
    }
}

/// Adds a block's products with one cell of each of R rows.
#[inline(always)]
fn tile<L: Lanes, F: Format, const R: usize>(
    lanes: L,
    weights: &impl Weights<L>,
    cells: &[Cell; R],
    sums: &mut [L::Floats; R],
) {
    for eighth in 0..EIGHTHS {
        let (first, second) = (2 * eighth, 2 * eighth + 1);
        let mut totals = [lanes.float(0.0); R];
        if F::GROUPS == PARTS {
            for part in [first, second] {
                let mut dots = [lanes.int(0); R];
                for row in 0..R {
                    dots[row] = lanes.int(cells[row].sums[part].wrapping_mul(-F::OFFSET));
                }
                dot::<L, F, R>(lanes, weights, cells, part, &mut dots);
                let scale = weights.scale(lanes, part);
                for row in 0..R {
                    totals[row] = lanes.multiply_add(lanes.floats(dots[row]), scale, totals[row]);
                }
            }
        } else {
            let mut dots = [lanes.int(0); R];
            for row in 0..R {
                let sum = cells[row].sums[first].wrapping_add(cells[row].sums[second]);
                dots[row] = lanes.int(sum.wrapping_mul(-F::OFFSET));
            }
            dot::<L, F, R>(lanes, weights, cells, first, &mut dots);
            dot::<L, F, R>(lanes, weights, cells, second, &mut dots);
            let scale = weights.scale(lanes, eighth);
            for row in 0..R {
                totals[row] = lanes.multiply(lanes.floats(dots[row]), scale);
            }
        }
        if F::MINIMA {
            let minimum = weights.minimum(lanes, eighth);
            for row in 0..R {
                totals[row] = lanes.multiply_add(minimum, lanes.float(cells[row].totals[eighth]), totals[row]);
            }
        }
        for row in 0..R {
            sums[row] = lanes.multiply_add(totals[row], lanes.float(cells[row].scales[eighth]), sums[row]);
        }
    }
}

/// Adds the products of integers of one part.
#[inline(always)]
fn dot<L: Lanes, F: Format, const R: usize>(
    lanes: L,
    weights: &impl Weights<L>,
    cells: &[Cell; R],
    part: usize,
    dots: &mut [L::Ints; R],
) {
    let words = [
        weights.word(lanes, part, 0),
        weights.word(lanes, part, 1),
        weights.word(lanes, part, 2),
        weights.word(lanes, part, 3),
    ];
    for row in 0..R {
        for four in 0..4 {
            dots[row] = lanes.dot(dots[row], words[four], cells[row].quants[part][four], F::WIDE);
        }
    }
}

/// The weights of one output.
pub fn row<F: Format>(blocks: &[F], lane: usize, out: &mut [f32]) {
    for (block, out) in blocks.iter().zip(out.chunks_mut(BLOCK)) {
        let per_group = PARTS / F::GROUPS;
        for (part, out) in out.chunks_mut(BLOCK / PARTS).enumerate() {
            let group = part / per_group;
            let scale = Format::scale(block, Plain, group)[lane];
            let minimum = Format::minimum(block, Plain, group)[lane];
            for (four, out) in out.chunks_mut(4).enumerate() {
                for (byte, out) in Format::word(block, Plain, part, four)[lane]
                    .to_le_bytes()
                    .iter()
                    .zip(out)
                {
                    *out = scale * (i32::from(*byte) - F::OFFSET) as f32 + minimum;
                }
            }
        }
    }
}
