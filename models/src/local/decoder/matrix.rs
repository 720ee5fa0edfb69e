//! A matrix of weights in any of the forms that files keep them in.

use crate::local::kernels::{Product, Quantised};

/// Outputs × inputs.
pub enum Matrix {
    /// As f32.
    Plain(Product),
    /// As few bits.
    Quantised(Quantised),
}

impl Matrix {
    /// Numbers in a row that comes out.
    pub fn outputs(&self) -> usize {
        match self {
            Self::Plain(product) => product.outputs(),
            Self::Quantised(product) => product.outputs(),
        }
    }

    /// Rows times the matrix, into `out`.
    pub fn apply(&self, rows: &[f32], out: &mut [f32]) {
        match self {
            Self::Plain(product) => product.apply_into(rows, out),
            Self::Quantised(product) => product.apply_into(rows, out),
        }
    }

    /// The same rows times several matrices, each into its own `out`.
    pub fn apply_all<const N: usize>(matrices: [&Self; N], rows: &[f32], outs: [&mut [f32]; N]) {
        let quantised = matrices.map(|matrix| match matrix {
            Self::Quantised(product) => Some(product),
            Self::Plain(_) => None,
        });
        if quantised.iter().all(Option::is_some) {
            let mut outs = outs;
            let products: Vec<&Quantised> = quantised.into_iter().flatten().collect();
            return Quantised::apply_several(&products, rows, &mut outs);
        }
        for (matrix, out) in matrices.into_iter().zip(outs) {
            matrix.apply(rows, out);
        }
    }

    /// The weights of one output.
    pub fn row(&self, output: usize, out: &mut [f32]) {
        match self {
            Self::Plain(product) => product.row(output, out),
            Self::Quantised(product) => product.row(output, out),
        }
    }
}
