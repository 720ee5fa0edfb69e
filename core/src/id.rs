//! Identifiers: small copyable indices inside a run, and the name of a run.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Names a run within a workspace: 12 characters of Crockford base 32, sorted by creation time.
/// Made outside of the core, which has neither a clock nor randomness.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(String);

impl RunId {
    /// Takes any name of 1 to 64 ASCII letters, digits, `-` or `_`; a run that another run started
    /// has the other's name in front, and a `.` between (up to 512 bytes in all).
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=64).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        fits.then(|| Self(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl $name {
            /// The position in the list that it indexes.
            pub fn at(self) -> usize {
                self.0 as usize
            }
        }
    };
}

index!(
    /// A model of the workflow: position in [`crate::ir::Workflow::models`].
    ModelIndex
);
index!(
    /// A tool of the workflow: position in [`crate::ir::Workflow::tools`].
    ToolIndex
);
index!(
    /// An agent definition: position in [`crate::ir::Workflow::agents`].
    AgentIndex
);
index!(
    /// A workflow that steps call: position in [`crate::ir::Workflow::workflows`].
    WorkflowIndex
);
index!(
    /// A step: position in [`crate::ir::Workflow::steps`].
    StepIndex
);
index!(
    /// An item of a step's fan-out; a step without `for_each` has item 0 alone.
    ItemIndex
);
index!(
    /// A live agent: position in the order in which a run's agents were started.
    ActorId
);

/// One wanted effect of a run, in the order in which the effects were wanted.
/// The same number comes out of every fold of the same journal, so `run/call` is an idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallId(pub u64);

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
