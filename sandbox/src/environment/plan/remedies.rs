//! What earlier diagnoses ask for: packages to add, simpler test commands, fewer compilers at a time.

use super::debian;
use crate::environment::results::{Category, Diagnosis, Missing};

/// Which versions of what a project does not name are taken, where its commit's time is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Era {
    /// Dependencies of that time, with the newest tools, which know them.
    #[default]
    Then,
    /// Tools of that time as well.
    ThenWithTools,
    /// The newest of all.
    Now,
}

/// What is to be mended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Remedies {
    /// Modules or packages of the language, by the names that code uses.
    pub(super) modules: Vec<String>,
    /// Debian packages.
    pub(super) packages: Vec<String>,
    /// How often a test command was wrong.
    pub(super) simpler: usize,
    /// How often the project did not compile.
    pub(super) builds: usize,
    /// Whether memory or the like ran out, or a build failed: one compiler at a time.
    pub(super) single: bool,
    /// Versions of another time are tried where failures have no cause that could be mended by itself.
    pub(super) era: Era,
}

/// Failures that other versions may mend.
const OF_VERSIONS: [Category; 3] = [Category::Dependency, Category::Build, Category::Unknown];

impl Remedies {
    /// What some diagnoses ask for.
    pub(super) fn of(feedback: &[Diagnosis]) -> Self {
        let mut remedies = Self::default();
        for diagnosis in feedback {
            for missing in &diagnosis.missing {
                remedies.add(missing);
            }
            let mends = |missing: &Missing| !matches!(missing, Missing::Interpreter(_));
            if OF_VERSIONS.contains(&diagnosis.category) && !diagnosis.missing.iter().any(mends) {
                remedies.era = match remedies.era {
                    Era::Then => Era::ThenWithTools,
                    _ => Era::Now,
                };
            }
            match diagnosis.category {
                Category::TestCommand => remedies.simpler += 1,
                Category::Build => {
                    remedies.builds += 1;
                    remedies.single = true;
                }
                Category::Resource => remedies.single = true,
                Category::Dependency | Category::Network | Category::Patch | Category::Unknown => {}
            }
        }
        remedies
    }

    fn add(&mut self, missing: &Missing) {
        match missing {
            Missing::Module(name) => push_new(&mut self.modules, name.clone()),
            Missing::Program(name) => self.add_packages(debian::of_program(name)),
            Missing::Header(name) => self.add_packages(debian::of_header(name)),
            Missing::Library(name) => self.add_packages(debian::of_library(name)),
            // The setup has tried all that could give it.
            Missing::Interpreter(_) => {}
        }
    }

    fn add_packages(&mut self, packages: Vec<String>) {
        for package in packages {
            push_new(&mut self.packages, package);
        }
    }

    /// The rung of a ladder of test commands, the best first: one further for each that was wrong.
    pub(super) fn rung<'a, Command>(&self, ladder: &'a [Command]) -> Option<&'a Command> {
        ladder.get(self.simpler).or(ladder.last())
    }
}

fn push_new(list: &mut Vec<String>, item: String) {
    if !list.contains(&item) {
        list.push(item);
    }
}
