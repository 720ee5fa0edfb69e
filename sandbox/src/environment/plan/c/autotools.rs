//! Autoconf and Automake: built in the repository, as their checks expect.

use super::{System, runner};
use crate::environment::plan::Runner;
use crate::environment::plan::facts::{Facts, base_name, folder_of, stem};
use crate::environment::plan::script::{quote, words};
use std::collections::{BTreeMap, BTreeSet};

/// What makes a `configure`, and what that may use.
const PROGRAMS: [(&str, &[&str]); 4] = [
    ("autoreconf", &["autoconf", "automake", "libtool", "autoconf-archive"]),
    ("libtoolize", &["libtool"]),
    ("autopoint", &["gettext", "autopoint"]),
    ("pkg-config", &["pkg-config"]),
];

/// How Autotools are used here, if they are.
pub(super) fn system(facts: &Facts<'_>) -> Option<System> {
    let source = facts.first_of(&["configure.ac", "configure.in"]);
    let made = facts.has("configure");
    let fresh = "autoreconf -fi";
    let configure = match (source, made) {
        (None, false) => return None,
        (None, true) => "sh ./configure".to_owned(),
        (Some(_), false) => format!("{fresh} && ./configure"),
        // Files from a release are used as they are where they cannot be made anew.
        (Some(_), true) => format!("{{ {fresh} 2>/dev/null || echo 'as released'; }} && sh ./configure"),
    };
    let automake = facts.own().any(|path| base_name(path) == "Makefile.am");
    let other = if automake { Runner::Automake } else { Runner::ExitCode };
    let test = if facts.remedies.simpler == 0 {
        chosen(facts)
    } else {
        None
    };
    let all = || vec!["make -k check VERBOSE=1".to_owned()];
    Some(System {
        name: "Autotools",
        programs: &PROGRAMS,
        configure: vec![format!("[ -f config.status ] || {{ {configure}; }}")],
        build: "make -k -j \"$(workers)\"".to_owned(),
        test: test.unwrap_or_else(all),
        runner: if automake { other } else { runner(facts, other) },
    })
}

/// Commands for the asked tests, where the `Makefile.am` beside them names them all.
fn chosen(facts: &Facts<'_>) -> Option<Vec<String>> {
    let chosen = facts.select(|path| path.to_ascii_lowercase().contains("test") || path.contains("check"));
    if !chosen.folders.is_empty() || chosen.files.is_empty() {
        return None;
    }
    let mut folders: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for path in &chosen.files {
        let name = if super::is_source(path) {
            stem(path)
        } else {
            base_name(path)
        };
        folders.entry(folder_of(path)).or_default().insert(name);
    }
    let mut commands = Vec::new();
    for (folder, names) in folders {
        let text = facts.read(&format!("{folder}/Makefile.am"));
        let tests = text.replace("\\\n", " ");
        let mut lines = tests.lines().filter(|line| line.starts_with("TESTS"));
        let listed: BTreeSet<&str> = lines.by_ref().flat_map(str::split_whitespace).collect();
        let names: Vec<&str> = names.into_iter().filter(|name| listed.contains(name)).collect();
        if names.is_empty() {
            return None;
        }
        commands.push(format!(
            "make -k -C {} check VERBOSE=1 TESTS={}",
            quote(folder),
            words([names.join(" ")])
        ));
    }
    Some(commands)
}
