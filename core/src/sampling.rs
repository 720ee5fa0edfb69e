//! How the tokens of an answer are chosen from what a model finds likely.

use serde::{Deserialize, Serialize};

/// Settings of one answer. What is absent is the model's own default.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sampling {
    /// Divides the logits; 0 takes the likeliest token always.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// The likeliest tokens that have this probability together (Holtzman et al. 2020).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// So many of the likeliest tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_k: Option<u32>,
    /// Tokens at least so likely, as a share of the likeliest one's probability (Nguyen et al. 2024).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_p: Option<f64>,
    /// Divides the positive logits of tokens that occurred, and multiplies the negative ones (Keskar et al. 2019).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repetition_penalty: Option<f64>,
    /// Taken from a token's logit for each time that the answer has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency_penalty: Option<f64>,
    /// Taken from a token's logit once the answer has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence_penalty: Option<f64>,
    /// The same seed, model and request give the same answer, where the model keeps that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Texts that end an answer; they are not part of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    /// Most tokens of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
}

impl Sampling {
    /// The same settings for an answer that a limit forces: the likeliest tokens (A-RAG §1.3).
    pub fn forced(&self) -> Self {
        Self {
            temperature: Some(0.0),
            ..self.clone()
        }
    }
}
