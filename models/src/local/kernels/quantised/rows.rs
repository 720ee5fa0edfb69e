//! Rows of numbers as small integers, as the loops read them.

use super::super::ARCH;
use super::format::{BLOCK, EIGHTHS, PARTS};
use pulp::NullaryFnOnce;

/// 256 numbers of a row: each is a small integer times the scale of its 32.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub struct Cell {
    /// The integers of each part, four to multiply at once.
    pub quants: [[i32; 4]; PARTS],
    /// The sum of each part.
    pub sums: [i32; PARTS],
    /// The sum of each 32.
    pub totals: [f32; EIGHTHS],
    /// What the integers of each 32 are multiplied by.
    pub scales: [f32; EIGHTHS],
}

impl Cell {
    const EMPTY: Self = Self {
        quants: [[0; 4]; PARTS],
        sums: [0; PARTS],
        totals: [0.0; EIGHTHS],
        scales: [0.0; EIGHTHS],
    };
}

/// Rows, the first cells of all of them before the second ones: the loops take the same cell of a few rows at once.
#[derive(Debug)]
pub struct Cells {
    cells: Vec<Cell>,
    count: usize,
}

impl Cells {
    /// Of rows of `inputs` numbers, one after the other. What is missing in the last cell is zeros.
    pub fn new(rows: &[f32], inputs: usize) -> Self {
        let count = rows.len() / inputs;
        let mut cells = vec![Cell::EMPTY; count * inputs.div_ceil(BLOCK)];
        ARCH.dispatch(Fill {
            rows,
            inputs,
            cells: &mut cells,
        });
        Self { cells, count }
    }

    /// How many rows.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The same cell of all rows, cell after cell.
    #[inline(always)]
    pub fn columns(&self) -> std::slice::ChunksExact<'_, Cell> {
        self.cells.chunks_exact(self.count.max(1))
    }
}

struct Fill<'a> {
    rows: &'a [f32],
    inputs: usize,
    cells: &'a mut [Cell],
}

impl NullaryFnOnce for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let count = self.rows.len() / self.inputs;
        for (row, numbers) in self.rows.chunks_exact(self.inputs).enumerate() {
            let (whole, rest) = numbers.as_chunks::<BLOCK>();
            for (block, numbers) in whole.iter().enumerate() {
                fill(numbers, &mut self.cells[block * count + row]);
            }
            if !rest.is_empty() {
                let mut numbers = [0.0; BLOCK];
                numbers[..rest.len()].copy_from_slice(rest);
                fill(&numbers, &mut self.cells[whole.len() * count + row]);
            }
        }
    }
}

/// Of each 32 numbers the greatest becomes ±127.
#[inline(always)]
fn fill(numbers: &[f32; BLOCK], cell: &mut Cell) {
    let mut quants = [[0i8; 32]; EIGHTHS];
    for (eighth, numbers) in numbers.as_chunks::<32>().0.iter().enumerate() {
        let mut most = [0.0f32; 16];
        for lane in 0..16 {
            most[lane] = numbers[lane].abs().max(numbers[lane + 16].abs());
        }
        let mut greatest = 0.0f32;
        for most in most {
            greatest = greatest.max(most);
        }
        let factor = if greatest > 0.0 { 127.0 / greatest } else { 0.0 };
        for at in 0..32 {
            quants[eighth][at] = (numbers[at] * factor + ROUND).to_bits() as i8;
        }
        let (first, second) = (sum(&quants[eighth], 0), sum(&quants[eighth], 16));
        cell.sums[2 * eighth] = first;
        cell.sums[2 * eighth + 1] = second;
        cell.totals[eighth] = first.wrapping_add(second) as f32;
        cell.scales[eighth] = greatest / 127.0;
    }
    cell.quants = pulp::cast(quants);
}

/// Adding this rounds to an integer, which is then in the low bits.
const ROUND: f32 = 12_582_912.0;

/// The sum of sixteen integers.
#[inline(always)]
fn sum(quants: &[i8; 32], from: usize) -> i32 {
    let mut sum = 0i32;
    for at in from..from + 16 {
        sum = sum.wrapping_add(i32::from(quants[at]));
    }
    sum
}
