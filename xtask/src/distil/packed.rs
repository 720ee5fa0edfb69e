//! Owns the product of many rows with one matrix, in loops that the compiler turns into wide
//! vector code where it may: `mod.rs` says with which flags.

/// Outputs computed together: two AVX-512 registers.
const PANEL: usize = 32;
/// Rows computed together; with `PANEL` they fill twelve registers with sums.
const ROWS: usize = 6;

/// A matrix, inputs × outputs, cut into panels of `PANEL` outputs.
pub struct Packed {
    panels: Vec<f32>,
    inputs: usize,
    outputs: usize,
}

impl Packed {
    /// Packs `weights`, given as one row of `inputs` numbers an output.
    pub fn new(weights: &[f32], inputs: usize) -> Self {
        let outputs = weights.len() / inputs;
        // The last panel is filled up with zeros.
        let mut panels = vec![0.0; outputs.next_multiple_of(PANEL) * inputs];
        for (output, row) in weights.chunks_exact(inputs).enumerate() {
            let panel = &mut panels[output / PANEL * PANEL * inputs..][..PANEL * inputs];
            for (input, &weight) in row.iter().enumerate() {
                panel[input * PANEL + output % PANEL] = weight;
            }
        }
        Self {
            panels,
            inputs,
            outputs,
        }
    }

    /// Rows of `values` times the matrix.
    pub fn apply(&self, values: &[f32]) -> Vec<f32> {
        let rows = values.len() / self.inputs;
        let blocks = self.transposed_blocks(values, rows);
        let mut out = vec![0.0; rows * self.outputs];
        for (at, panel) in self.panels.chunks_exact(PANEL * self.inputs).enumerate() {
            let begin = at * PANEL;
            let width = PANEL.min(self.outputs - begin);
            for (block, first) in blocks.chunks_exact(ROWS * self.inputs).zip((0..).step_by(ROWS)) {
                let sums = multiply(block, panel);
                for (row, sums) in (first..rows).zip(&sums) {
                    out[row * self.outputs + begin..][..width].copy_from_slice(&sums[..width]);
                }
            }
        }
        out
    }

    /// Blocks of `ROWS` rows, each block inputs × rows; missing rows are zeros.
    fn transposed_blocks(&self, values: &[f32], rows: usize) -> Vec<f32> {
        let mut blocks = vec![0.0; rows.div_ceil(ROWS) * ROWS * self.inputs];
        for (row, values) in values.chunks_exact(self.inputs).enumerate() {
            let block = &mut blocks[row / ROWS * ROWS * self.inputs..][..ROWS * self.inputs];
            for (input, &value) in values.iter().enumerate() {
                block[input * ROWS + row % ROWS] = value;
            }
        }
        blocks
    }
}

/// One block of rows times one panel; the sums stay in registers.
#[inline(never)]
fn multiply(block: &[f32], panel: &[f32]) -> [[f32; PANEL]; ROWS] {
    let mut sums = [[0.0f32; PANEL]; ROWS];
    for (values, weights) in block.chunks_exact(ROWS).zip(panel.chunks_exact(PANEL)) {
        let values: &[f32; ROWS] = values.try_into().expect("chunks of ROWS");
        let weights: &[f32; PANEL] = weights.try_into().expect("chunks of PANEL");
        for row in 0..ROWS {
            for lane in 0..PANEL {
                sums[row][lane] = multiply_add(values[row], weights[lane], sums[row][lane]);
            }
        }
    }
    sums
}

/// a b + c in one instruction where there is one: `mul_add` is a slow call elsewhere.
#[inline(always)]
fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
    if cfg!(target_feature = "fma") {
        a.mul_add(b, c)
    } else {
        a * b + c
    }
}
