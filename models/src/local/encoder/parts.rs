//! The parts of a layer that have weights.

use crate::local::kernels::{Normalise, Product, Scale};
use crate::local::weights::Weights;
use candle_core::{Result, Tensor, bail};

/// A product with a matrix, and a bias.
pub struct Linear(Product);

impl Linear {
    /// One product for the layers called `names`, their outputs side by side.
    pub fn load(weights: &Weights, names: &[&str]) -> Result<Self> {
        let inner: Vec<String> = names.iter().map(|name| weights.inner(name)).collect();
        Self::read(weights, &inner)
    }

    /// One that stands outside of the encoder.
    pub fn load_outer(weights: &Weights, name: &str) -> Result<Self> {
        Self::read(weights, &[name.to_owned()])
    }

    fn read(weights: &Weights, names: &[String]) -> Result<Self> {
        let matrices = names.iter().map(|name| weights.matrix(&format!("{name}.weight")));
        let matrix = Tensor::cat(&matrices.collect::<Result<Vec<_>>>()?, 0)?;
        let biases = names
            .iter()
            .map(|name| weights.vector_if_there(&format!("{name}.bias")));
        let biases: Option<Vec<Vec<f32>>> = biases.collect::<Result<_>>()?;
        let (_, inputs) = matrix.dims2()?;
        if inputs == 0
            || biases
                .as_ref()
                .is_some_and(|biases| biases.concat().len() != matrix.dims()[0])
        {
            bail!(
                "`{}` has a bias of another length, or nothing to multiply",
                names.join(", ")
            );
        }
        let numbers: Vec<f32> = matrix.flatten_all()?.to_vec1()?;
        Ok(Self(Product::new(
            &numbers,
            inputs,
            biases.map(|biases| biases.concat()),
        )))
    }

    /// Rows times the matrix.
    pub fn apply(&self, rows: &Tensor) -> Result<Tensor> {
        rows.apply_op1_no_bwd(&self.0)
    }

    /// Numbers in a row that comes out.
    pub fn outputs(&self) -> usize {
        self.0.outputs()
    }
}

/// Rows brought to a common scale.
pub struct Norm {
    scale: Scale,
    gain: Vec<f32>,
    shift: Option<Vec<f32>>,
    epsilon: f32,
}

impl Norm {
    /// Around the mean, by the deviation.
    pub fn deviation(weights: &Weights, name: &str, epsilon: f32) -> Result<Self> {
        Self::read(weights, &weights.inner(name), Scale::Deviation, epsilon)
    }

    /// As [`Self::deviation`], of one outside of the encoder.
    pub fn deviation_outer(weights: &Weights, name: &str, epsilon: f32) -> Result<Self> {
        Self::read(weights, name, Scale::Deviation, epsilon)
    }

    /// By the root mean square.
    pub fn mean_square(weights: &Weights, name: &str, epsilon: f32) -> Result<Self> {
        Self::read(weights, &weights.inner(name), Scale::MeanSquare, epsilon)
    }

    fn read(weights: &Weights, name: &str, scale: Scale, epsilon: f32) -> Result<Self> {
        Ok(Self {
            scale,
            gain: weights.vector(&format!("{name}.weight"))?,
            shift: weights.vector_if_there(&format!("{name}.bias"))?,
            epsilon,
        })
    }

    /// What is done to a row.
    pub fn operation(&self) -> Normalise<'_> {
        Normalise {
            scale: self.scale,
            gain: &self.gain,
            shift: self.shift.as_deref(),
            epsilon: self.epsilon,
        }
    }

    /// All rows.
    pub fn apply(&self, rows: &Tensor) -> Result<Tensor> {
        rows.apply_op1_no_bwd(&self.operation())
    }
}
