//! Turning, keeping and attention beside the processor's.

use super::{distance, noise};
use crate::local::decoder::{Batch, Piece};
use crate::local::device::{Device, HeadNorms, Processor, Projected, Step, Weights};
use crate::local::kernels::{BLOCK, Layout};

/// Makes queries, keys and values of `states` by products with a matrix of ones on the diagonal, keeps them and attends:
/// what comes out of every step.
struct Attending<'a, D: Device> {
    device: &'a D,
    layout: Layout,
    heads: usize,
    cache: D::Cache,
}

/// Layers of the cache; only the last one is used.
const LAYERS: usize = 2;

impl<'a, D: Device> Attending<'a, D> {
    fn new(device: &'a D, heads: usize, shared: usize, dimension: usize, blocks: usize) -> Self {
        let layout = Layout {
            layers: LAYERS,
            heads: shared,
            dimension,
        };
        let cache = device.cache(layout, blocks).expect("memory");
        Self {
            device,
            layout,
            heads,
            cache,
        }
    }

    /// Attention's numbers of each new token.
    fn step(&mut self, pieces: Vec<Piece<'_>>, copies: &[(usize, usize)], seed: u32) -> Vec<f32> {
        let (device, layout) = (self.device, self.layout);
        for (from, to) in copies {
            device.copy(layout, &mut self.cache, *from, *to).expect("a copy");
        }
        let batch = Batch::new(pieces, None);
        let half = layout.dimension / 2;
        let frequencies: Vec<f64> = (0..half).map(|at| 100f64.powf(-(at as f64) / half as f64)).collect();
        let plan = device.plan(&batch, layout, self.heads, &frequencies).expect("a plan");
        let step = Step {
            batch: &batch,
            layout,
            plan,
        };
        let (width, shared) = (self.heads * layout.dimension, layout.heads * layout.dimension);
        let count = batch.tokens.len();
        // The vectors of the tokens differ by the step.
        let words = |seed: u32, width: usize| {
            let table = noise(seed, 64 * width);
            let table: Vec<f32> = table.iter().map(|number| number * 2.0).collect();
            device.matrix(Weights::Numbers(&table, width), None).expect("a matrix")
        };
        let rows = |seed: u32, width: usize| {
            let mut rows = device.rows(count, width).expect("memory");
            device.embed(&step, &words(seed, width), &mut rows).expect("vectors");
            rows
        };
        let (mut queries, mut keys, values) = (rows(seed, width), rows(seed + 1, shared), rows(seed + 2, shared));
        let norm = device.norm(noise(8, layout.dimension), 1e-6).expect("memory");
        let norms = HeadNorms {
            queries: Some(&norm),
            keys: None,
        };
        let projected = Projected {
            queries: &mut queries,
            keys: &mut keys,
            values: &values,
        };
        device
            .keep(&step, LAYERS - 1, &norms, projected, &mut self.cache)
            .expect("keeping");
        let mut mixed = device.rows(count, width).expect("memory");
        device
            .attend(&step, LAYERS - 1, &self.cache, &queries, &mut mixed)
            .expect("attention");
        // Through a product with ones on the diagonal, which reads what products read.
        let mut diagonal = vec![0.0; width * width];
        diagonal.iter_mut().step_by(width + 1).for_each(|number| *number = 1.0);
        let one = device
            .matrix(Weights::Numbers(&diagonal, width), None)
            .expect("a matrix");
        let mut out = device.rows(count, width).expect("memory");
        device.products([&one], &mixed, [&mut out]).expect("a product");
        device.numbers(out).expect("numbers")
    }
}

fn piece<'a>(tokens: &'a [u32], begin: usize, blocks: &'a [usize]) -> Piece<'a> {
    Piece {
        tokens,
        begin,
        blocks,
        wanted: 0..0,
        tapped: false,
    }
}

/// A story of many steps on any device: prompts in parts, a shared prefix, a fork in the middle of a block, single
/// tokens of many sequences.
fn story<D: Device>(device: &D, heads: usize, shared: usize, dimension: usize) -> Vec<Vec<f32>> {
    let mut attending = Attending::new(device, heads, shared, dimension, 24);
    let tokens: Vec<u32> = (0..200).map(|at| at * 37 % 64).collect();
    let trunk = [5, 2, 9, 0, 7, 11];
    let mut made = vec![
        attending.step(vec![piece(&tokens[..1], 0, &trunk)], &[], 10),
        attending.step(vec![piece(&tokens[1..40], 1, &trunk)], &[], 20),
        // More rows than a tile has, in a block that is partly there, beside another sequence.
        attending.step(
            vec![piece(&tokens[40..115], 40, &trunk), piece(&tokens[3..38], 0, &[1, 3])],
            &[],
            30,
        ),
    ];
    // Forks at 115: three blocks are shared, the last one copied.
    let forks: Vec<Vec<usize>> = (0..8).map(|at| vec![5, 2, 9, 12 + at]).collect();
    let copies: Vec<(usize, usize)> = (0..8).map(|at| (0, 12 + at)).collect();
    let each = |at: usize| piece(&tokens[at..=at], 115, &forks[at]);
    made.push(attending.step((0..8).map(each).collect(), &copies, 40));
    let each = |at: usize| piece(&tokens[20 + at..22 + at], 116, &forks[at]);
    made.push(attending.step((0..8).map(each).collect(), &[], 50));
    assert_eq!(BLOCK, 32, "the story's numbers are about blocks of 32");
    made
}

/// Whatever shares what, within `most`.
pub fn attention_is_the_processors<D: Device>(make: impl Fn(usize) -> Option<D>, most: f32) {
    for (heads, shared, dimension) in [(4, 4, 64), (4, 2, 64), (4, 1, 128), (6, 2, 128), (4, 2, 8), (3, 1, 40)] {
        let Some(device) = make(dimension) else { return };
        let got = story(&device, heads, shared, dimension);
        let right = story(&Processor, heads, shared, dimension);
        for (step, (got, right)) in got.iter().zip(&right).enumerate() {
            let lost = distance(got, right);
            assert!(
                lost < most,
                "{heads}/{shared} heads of {dimension}, step {step}: {lost}"
            );
        }
    }
}
