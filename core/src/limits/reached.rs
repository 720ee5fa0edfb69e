//! A limit that was reached: which one, its number, what was used, who set it, and the way out.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A kind of limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitHit {
    /// `turns` of an agent or a run.
    Turns,
    /// `tokens` of the agent or of one that it works for, or of the run.
    Tokens,
    /// `context_tokens` of an agent.
    Context,
    /// `seconds` of an agent or a run.
    Seconds,
    /// `working_seconds` of an agent or a run.
    WorkingSeconds,
    /// `cost` of an agent or a run.
    Cost,
    /// `gpu_seconds` of an agent or a run.
    GpuSeconds,
    /// `output_bytes` of an agent.
    OutputBytes,
    /// `agents` of a run.
    Agents,
    /// `fan_out` of a run.
    FanOut,
    /// `depth` of a run.
    Depth,
}

impl LimitHit {
    /// The limit's word in YAML and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Turns => "turns",
            Self::Tokens => "tokens",
            Self::Context => "context_tokens",
            Self::Seconds => "seconds",
            Self::WorkingSeconds => "working_seconds",
            Self::Cost => "cost",
            Self::GpuSeconds => "gpu_seconds",
            Self::OutputBytes => "output_bytes",
            Self::Agents => "agents",
            Self::FanOut => "fan_out",
            Self::Depth => "depth",
        }
    }

    /// How many of the units in which [`Reached`] counts make one of those in YAML: times are
    /// milliseconds there, money is millionths of a dollar.
    pub fn units(self) -> u64 {
        match self {
            Self::Seconds | Self::WorkingSeconds | Self::GpuSeconds => 1_000,
            Self::Cost => 1_000_000,
            _ => 1,
        }
    }

    /// A number of [`Reached`] for people: `128000`, `90.5 s`, `$0.25`.
    pub fn shown(self, number: u64) -> String {
        let units = self.units();
        let (whole, part) = (number / units, number % units);
        let digits = if units == 1_000 { 3 } else { 6 };
        let fraction = match part {
            0 => String::new(),
            part => format!(".{part:0digits$}").trim_end_matches('0').to_owned(),
        };
        match self {
            Self::Cost => format!("${whole}{fraction}"),
            Self::Seconds | Self::WorkingSeconds | Self::GpuSeconds => format!("{whole}{fraction} s"),
            _ => whole.to_string(),
        }
    }
}

/// Who set a limit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Owner {
    /// Journals of the first version do not say.
    #[default]
    Unknown,
    /// An agent's definition, or the default for its kind.
    Agent {
        /// Its name.
        name: String,
    },
    /// A step, which narrows its agent's.
    Step {
        /// Its name.
        name: String,
    },
    /// The workflow of the run, or the default.
    Workflow {
        /// Its name.
        name: String,
    },
    /// The run that started this one, which had no more to leave.
    Above {
        /// Its name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        run: Option<String>,
    },
}

/// A limit that was reached, told exactly. Times are in milliseconds, money in millionths of a dollar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Wire")]
pub struct Reached {
    /// Which.
    pub limit: LimitHit,
    /// Its number.
    pub most: u64,
    /// What was used and not given back.
    pub used: u64,
    /// What was needed on top; 0 where the limit was simply used up.
    pub needed: u64,
    /// Who set it.
    #[serde(flatten)]
    pub owner: Owner,
}

/// What journals hold: the first version wrote the limit's word alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Wire {
    Word(LimitHit),
    Whole {
        limit: LimitHit,
        most: u64,
        used: u64,
        needed: u64,
        #[serde(flatten)]
        owner: Owner,
    },
}

impl From<Wire> for Reached {
    fn from(wire: Wire) -> Self {
        match wire {
            Wire::Word(limit) => Self {
                limit,
                most: 0,
                used: 0,
                needed: 0,
                owner: Owner::Unknown,
            },
            Wire::Whole {
                limit,
                most,
                used,
                needed,
                owner,
            } => Self {
                limit,
                most,
                used,
                needed,
                owner,
            },
        }
    }
}

impl Reached {
    /// The limit's word in YAML and JSON.
    pub fn word(&self) -> &'static str {
        self.limit.word()
    }
}

impl fmt::Display for Reached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.limit.word();
        let shown = |number| self.limit.shown(number);
        if self.owner == Owner::Unknown {
            return write!(f, "the limit of {word} is reached");
        }
        let most = shown(self.most);
        // A number with a unit says what it counts.
        let counted = if most.bytes().all(|b| b.is_ascii_digit()) {
            format!(" {word}")
        } else {
            String::new()
        };
        write!(f, "{} of {most}{counted} used", shown(self.used))?;
        if self.needed > 0 {
            write!(f, ", and up to {} more needed", shown(self.needed))?;
        }
        match &self.owner {
            Owner::Unknown => Ok(()),
            Owner::Agent { name } => write!(f, ": raise `limits.{word}` of agent `{name}`"),
            Owner::Step { name } => write!(f, ": raise `limits.{word}` of step `{name}`"),
            Owner::Workflow { name } => write!(f, ": raise `limits.{word}` of workflow `{name}`, then resume the run"),
            Owner::Above { run } => {
                let run = run
                    .as_ref()
                    .map_or("the run above".to_owned(), |run| format!("run {run}"));
                write!(
                    f,
                    " of what {run} left to this run: raise `limits.{word}` of its workflow"
                )
            }
        }
    }
}
