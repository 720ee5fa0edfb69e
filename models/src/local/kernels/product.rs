//! Products of many rows with one matrix that does not change: it is cut into panels once, as the loops read it.

use super::{ARCH, Rows};
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape};
use pulp::NullaryFnOnce;

/// Outputs computed together: two of the widest registers.
const PANEL: usize = 32;
/// Rows computed together; with [`PANEL`] they fill twelve of the widest registers with sums.
const ROWS: usize = 6;

/// A matrix, inputs × outputs, in panels of a few outputs, with a bias.
pub struct Product {
    panels: Vec<f32>,
    /// As many as the panels have outputs; zeros where there is none.
    bias: Vec<f32>,
    inputs: usize,
    outputs: usize,
}

impl Product {
    /// Of `weights`, one row of `inputs` numbers an output, and a bias, one number an output.
    pub fn new(weights: &[f32], inputs: usize, bias: Option<Vec<f32>>) -> Self {
        let outputs = weights.len() / inputs.max(1);
        let whole = outputs.next_multiple_of(PANEL);
        let mut panels = vec![0.0; whole * inputs];
        for (output, row) in weights.chunks_exact(inputs).enumerate() {
            let panel = &mut panels[output / PANEL * PANEL * inputs..][..PANEL * inputs];
            for (input, &weight) in row.iter().enumerate() {
                panel[input * PANEL + output % PANEL] = weight;
            }
        }
        let mut bias = bias.unwrap_or_default();
        bias.resize(whole, 0.0);
        Self {
            panels,
            bias,
            inputs,
            outputs,
        }
    }

    /// Numbers in a row that comes out.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Rows times the matrix, row after row.
    pub fn apply(&self, rows: &[f32]) -> Vec<f32> {
        let mut out = vec![0.0; rows.len() / self.inputs.max(1) * self.outputs];
        self.apply_into(rows, &mut out);
        out
    }

    /// As [`Self::apply`], over the numbers of `out`.
    pub fn apply_into(&self, rows: &[f32], out: &mut [f32]) {
        let rows = Rows {
            numbers: rows,
            stride: self.inputs,
            width: self.inputs,
        };
        self.multiply(rows, rows.numbers.len() / self.inputs.max(1), out);
    }

    /// The weights of one output.
    pub fn row(&self, output: usize, out: &mut [f32]) {
        let panel = &self.panels[output / PANEL * PANEL * self.inputs..][..PANEL * self.inputs];
        for (out, weights) in out.iter_mut().zip(panel.chunks_exact(PANEL)) {
            *out = weights[output % PANEL];
        }
    }

    fn multiply(&self, rows: Rows<'_>, count: usize, out: &mut [f32]) {
        ARCH.dispatch(All {
            product: self,
            rows,
            count,
            out,
        });
    }
}

impl CustomOp1 for Product {
    fn name(&self) -> &'static str {
        "product"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (count, width) = layout.shape().dims2()?;
        if width != self.inputs {
            candle_core::bail!("rows of {width} numbers where {} are multiplied", self.inputs);
        }
        let mut out = vec![0.0; count * self.outputs];
        self.multiply(Rows::of(storage, layout)?, count, &mut out);
        Ok((CpuStorage::F32(out), Shape::from((count, self.outputs))))
    }
}

struct All<'a> {
    product: &'a Product,
    rows: Rows<'a>,
    count: usize,
    out: &'a mut [f32],
}

impl NullaryFnOnce for All<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Product {
            panels,
            bias,
            inputs,
            outputs,
        } = self.product;
        let blocks = turned(self.rows, self.count, *inputs);
        let panels = panels.chunks_exact(PANEL * inputs).zip(bias.as_chunks::<PANEL>().0);
        for (at, (panel, bias)) in panels.enumerate() {
            let begin = at * PANEL;
            let width = PANEL.min(outputs - begin);
            for (at, block) in blocks.chunks_exact(ROWS * inputs).enumerate() {
                let sums = multiply(block, panel, bias);
                let first = at * ROWS;
                for (row, sums) in (first..self.count).zip(&sums) {
                    self.out[row * outputs + begin..][..width].copy_from_slice(&sums[..width]);
                }
            }
        }
    }
}

/// Blocks of [`ROWS`] rows, each block inputs × rows; missing rows are zeros.
#[inline(always)]
fn turned(rows: Rows<'_>, count: usize, inputs: usize) -> Vec<f32> {
    let mut blocks = vec![0.0; count.div_ceil(ROWS) * ROWS * inputs];
    for row in 0..count {
        let block = &mut blocks[row / ROWS * ROWS * inputs..][..ROWS * inputs];
        for (slot, &value) in block.chunks_exact_mut(ROWS).zip(rows.row(row)) {
            slot[row % ROWS] = value;
        }
    }
    blocks
}

/// One block of rows times one panel; the sums stay in registers.
#[inline(always)]
fn multiply(block: &[f32], panel: &[f32], bias: &[f32; PANEL]) -> [[f32; PANEL]; ROWS] {
    let mut sums = [*bias; ROWS];
    let (values, weights) = (block.as_chunks::<ROWS>().0, panel.as_chunks::<PANEL>().0);
    for (values, weights) in values.iter().zip(weights) {
        for row in 0..ROWS {
            for lane in 0..PANEL {
                sums[row][lane] = values[row].mul_add(weights[lane], sums[row][lane]);
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::Product;

    #[test]
    fn any_shape_is_multiplied() {
        for (count, inputs, outputs) in [(1, 1, 1), (6, 3, 32), (7, 5, 33), (13, 40, 70), (0, 4, 4)] {
            let number = |at: usize| (at * 7919 % 23) as f32 - 11.0;
            let weights: Vec<f32> = (0..inputs * outputs).map(number).collect();
            let rows: Vec<f32> = (0..count * inputs).map(number).collect();
            let bias: Vec<f32> = (0..outputs).map(number).collect();
            let got = Product::new(&weights, inputs, Some(bias.clone())).apply(&rows);
            let one = |row: &[f32], output: usize| -> f32 {
                let weights = &weights[output * inputs..][..inputs];
                bias[output] + row.iter().zip(weights).map(|(a, b)| a * b).sum::<f32>()
            };
            let right = rows
                .chunks_exact(inputs)
                .flat_map(|row| (0..outputs).map(move |output| (row, output)));
            let right: Vec<f32> = right.map(|(row, output)| one(row, output)).collect();
            assert_eq!(got, right, "{count} rows, {inputs} inputs, {outputs} outputs");
        }
    }
}
