//! Identifiers: small copyable indices inside a run, and the name of a run.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Names a run within a workspace: 12 characters of Crockford base 32, sorted by creation time.
/// Made outside of the core, which has neither a clock nor randomness.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(String);

/// Bytes of a run's name with those of the runs above it.
const BYTES_MAX: usize = 512;

impl RunId {
    /// Takes any name of 1 to 64 ASCII letters, digits, `-` or `_`; a run that another run started
    /// has the other's name in front, and a `.` between (up to 512 bytes in all).
    pub fn parse(text: &str) -> Option<Self> {
        let is_part = |part: &str| {
            let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
            !part.is_empty() && part.bytes().all(is_plain)
        };
        let own_max = if text.contains('.') { BYTES_MAX } else { 64 };
        let fits = text.len() <= own_max && text.split('.').all(is_part);
        fits.then(|| Self(text.to_owned()))
    }

    /// The run that this one starts under `part`; none when the name would be too long or `part` is no name.
    pub fn child(&self, part: &str) -> Option<Self> {
        Self::parse(&format!("{self}.{part}")).filter(|_| !part.contains('.'))
    }

    /// The run that started this one; none when a person did.
    pub fn parent(&self) -> Option<Self> {
        self.0.rsplit_once('.').map(|(parent, _)| Self(parent.to_owned()))
    }

    /// The run that a person started, of which this one is a part or which it is itself.
    pub fn root(&self) -> Self {
        Self(self.0.split('.').next().unwrap_or_default().to_owned())
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

/// The last part of the name of a run that a step starts: `review`, `check-7`, and the attempt and the round where they are
/// not the first: `check-7-a2-r3`. Names of steps have no `-`, so no two items share one.
pub fn child_part(step: &str, item: Option<ItemIndex>, attempt: u32, round: u32) -> String {
    let mut name = step.to_owned();
    if let Some(item) = item {
        name.push_str(&format!("-{}", item.0));
    }
    if attempt > 1 {
        name.push_str(&format!("-a{attempt}"));
    }
    if round > 1 {
        name.push_str(&format!("-r{round}"));
    }
    name
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
    /// A declared sandbox: position in [`crate::ir::Workflow::sandboxes`].
    SandboxIndex
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
/// The same number comes out of every fold of the same journal. An effect that is wanted again after its run was
/// stopped has another one, and the same [`crate::effect::Effect::key`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallId(pub u64);

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_knows_who_started_it() {
        let root = RunId::parse("01A").unwrap();
        let child = root.child("review-2").unwrap().child("sign").unwrap();
        assert_eq!(child.as_str(), "01A.review-2.sign");
        assert_eq!(RunId::parse(child.as_str()), Some(child.clone()));
        assert_eq!((child.parent(), child.root()), (root.child("review-2"), root.clone()));
        assert_eq!((root.parent(), root.root()), (None, root.clone()));
        for wrong in ["", ".", "a.", ".a", "a..b", "a b", "ä"] {
            assert_eq!(RunId::parse(wrong), None, "{wrong}");
        }
        assert_eq!(root.child("a.b"), None);
        assert_eq!(root.child(&"x".repeat(509)), None);
        assert_eq!(RunId::parse(&"x".repeat(65)), None);
    }
}
