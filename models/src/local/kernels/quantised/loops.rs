//! The loops: rows of small integers times panels of sixteen outputs.
//!
//! What comes of a row is the same bits however many rows are multiplied with it: every row goes through the same sums
//! in the same order.

use super::format::{BLOCK, Format, Minima, PARTS};
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
    fn minima(&self, lanes: L) -> Option<Minima<L>>;
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
    fn minima(&self, lanes: L) -> Option<Minima<L>> {
        Format::minima(self, lanes)
    }
}

/// A block whose weights are bytes, for several tiles.
struct Open<L: Lanes> {
    words: [[L::Words; 4]; PARTS],
    scales: [L::Floats; PARTS],
    minima: Option<Minima<L>>,
}

impl<L: Lanes> Open<L> {
    #[inline(always)]
    fn new<F: Format>(lanes: L, block: &F) -> Self {
        let mut open = Self {
            words: [[lanes.words(&[[0; 4]; LANES]); 4]; PARTS],
            scales: [lanes.float(0.0); PARTS],
            minima: Format::minima(block, lanes),
        };
        for part in 0..PARTS {
            for four in 0..4 {
                open.words[part][four] = Format::word(block, lanes, part, four);
            }
        }
        for group in 0..F::GROUPS {
            open.scales[group] = Format::scale(block, lanes, group);
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
    fn minima(&self, _: L) -> Option<Minima<L>> {
        self.minima
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
    let mut totals = [lanes.float(0.0); R];
    let starts = starts::<F, R>(cells);
    let per_group = PARTS / F::GROUPS;
    for group in 0..F::GROUPS {
        let mut dots = [lanes.int(0); R];
        if F::OFFSET != 0 {
            for row in 0..R {
                dots[row] = lanes.int(starts[row][group]);
            }
        }
        for part in group * per_group..(group + 1) * per_group {
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
        let scale = weights.scale(lanes, group);
        for row in 0..R {
            totals[row] = lanes.multiply_add(lanes.floats(dots[row]), scale, totals[row]);
        }
    }
    if let Some(minima) = weights.minima(lanes) {
        for row in 0..R {
            let mut dots = lanes.int(0);
            for pair in 0..4 {
                dots = lanes.dot_pairs(dots, minima.pairs[pair], cells[row].pairs[pair]);
            }
            totals[row] = lanes.multiply_add(lanes.floats(dots), minima.scale, totals[row]);
        }
    }
    for row in 0..R {
        sums[row] = lanes.multiply_add(totals[row], lanes.float(cells[row].scale), sums[row]);
    }
}

/// What the sums of each group begin with: numbers are stored without a sign, so that much is too much.
#[inline(always)]
fn starts<F: Format, const R: usize>(cells: &[Cell; R]) -> [[i32; PARTS]; R] {
    let mut starts = [[0i32; PARTS]; R];
    for (starts, cell) in starts.iter_mut().zip(cells) {
        for group in 0..F::GROUPS {
            let sum = if F::GROUPS == PARTS {
                cell.sums[group]
            } else {
                cell.sums[2 * group].wrapping_add(cell.sums[2 * group + 1])
            };
            starts[group] = sum.wrapping_mul(-F::OFFSET);
        }
    }
    starts
}

/// The weights of one output.
pub fn row<F: Format>(blocks: &[F], lane: usize, out: &mut [f32]) {
    for (block, out) in blocks.iter().zip(out.chunks_mut(BLOCK)) {
        let minima = Format::minima(block, Plain);
        let per_group = PARTS / F::GROUPS;
        for (at, out) in out.chunks_mut(BLOCK / PARTS).enumerate() {
            let group = at / per_group;
            let scale = Format::scale(block, Plain, group)[lane];
            let minimum = minima.map_or(0.0, |minima| {
                let pair = minima.pairs[group / 2][lane];
                minima.scale[lane] * f32::from((pair >> (group % 2 * 16)) as u16)
            });
            for (four, out) in out.chunks_mut(4).enumerate() {
                for (byte, out) in Format::word(block, Plain, at, four)[lane].to_le_bytes().iter().zip(out) {
                    *out = scale * (i32::from(*byte) - F::OFFSET) as f32 + minimum;
                }
            }
        }
    }
}
