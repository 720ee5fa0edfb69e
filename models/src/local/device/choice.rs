//! Which device language models of this process compute on.

use std::str::FromStr;
use std::sync::OnceLock;

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Choice {
    /// A device where there is one and the model fits its memory, else the processor.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// The first of Nvidia's devices.
    Cuda,
    /// Apple's device.
    Metal,
}

impl Choice {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::Metal => "metal",
        }
    }
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // A variable that is set to nothing asks for nothing.
        if text.is_empty() {
            return Ok(Self::Auto);
        }
        let all = [Self::Auto, Self::Cpu, Self::Cuda, Self::Metal];
        let found = all.into_iter().find(|choice| choice.word() == text);
        found.ok_or_else(|| format!("`{text}` is no device: auto, cpu, cuda or metal"))
    }
}

static CHOICE: OnceLock<Choice> = OnceLock::new();

/// Decides for the whole process, before the first model is loaded; the first word counts.
pub fn choose(choice: Choice) {
    CHOICE.get_or_init(|| choice);
}

/// What was decided. Tests of what stands above devices are about the processor's numbers.
pub fn chosen() -> Choice {
    let usual = if cfg!(test) { Choice::Cpu } else { Choice::Auto };
    CHOICE.get().copied().unwrap_or(usual)
}
