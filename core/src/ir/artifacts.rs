//! The files that a command gives, before expressions are evaluated.

use crate::Value;
use crate::artifact::{Given, Wanted, WantedPath};
use crate::expression::{EvaluationError, Scope, Template};
use crate::types::Type;

/// The field of an output in which the paths of files stand.
pub const FIELD: &str = "artifacts";

/// Bytes of a MiB.
const MIB: u64 = 1 << 20;

/// The files that a command gives, as expressions see them.
#[derive(Debug, Clone, PartialEq)]
pub enum Artifacts {
    /// A list of all.
    List(Vec<ArtifactPath>),
    /// By name: one, or a list where a pattern says which.
    Named(Vec<(String, ArtifactPath)>),
}

/// A path below the folder where the command starts.
#[derive(Debug, Clone, PartialEq)]
pub struct ArtifactPath {
    /// Its text.
    pub text: Template,
    /// Whether it is a pattern: one that expressions put in, beside it, is none.
    pub is_pattern: bool,
}

impl ArtifactPath {
    fn kind(&self) -> Type {
        match self.is_pattern {
            true => Type::List(Box::new(Type::File)),
            false => Type::File,
        }
    }
}

impl Artifacts {
    /// The type of what an output has under `artifacts`.
    pub fn kind(&self) -> Type {
        match self {
            Self::List(_) => Type::List(Box::new(Type::File)),
            Self::Named(named) => Type::Object(named.iter().map(|(name, path)| (name.clone(), path.kind())).collect()),
        }
    }

    /// What a command is asked for.
    pub(crate) fn wanted(&self, scope: &dyn Scope, most_mb: u32) -> Result<Wanted, EvaluationError> {
        let paths = self.paths().map(|path| {
            Ok(WantedPath {
                text: path.text.evaluate_text(scope)?,
                is_pattern: path.is_pattern,
            })
        });
        Ok(Wanted {
            paths: paths.collect::<Result<_, _>>()?,
            most_bytes: u64::from(most_mb) * MIB,
        })
    }

    /// The paths of what a command gave: where later commands find it.
    pub(crate) fn value(&self, given: &Given) -> Value {
        let of = |wanted: usize| {
            let fits = given.files.iter().filter(move |file| file.wanted as usize == wanted);
            fits.map(|file| Value::from(given.path(file)))
        };
        match self {
            Self::List(paths) => {
                let mut all: Vec<Value> = Vec::new();
                for path in (0..paths.len()).flat_map(of) {
                    if !all.contains(&path) {
                        all.push(path);
                    }
                }
                Value::Array(all)
            }
            Self::Named(named) => {
                let fields = named.iter().enumerate().map(|(wanted, (name, path))| {
                    let mut found = of(wanted);
                    let value = match path.is_pattern {
                        true => Value::Array(found.collect()),
                        false => found.next().unwrap_or_default(),
                    };
                    (name.clone(), value)
                });
                Value::Object(fields.collect())
            }
        }
    }

    fn paths(&self) -> impl Iterator<Item = &ArtifactPath> {
        let (list, named) = match self {
            Self::List(list) => (list.as_slice(), [].as_slice()),
            Self::Named(named) => ([].as_slice(), named.as_slice()),
        };
        list.iter().chain(named.iter().map(|(_, path)| path))
    }
}
