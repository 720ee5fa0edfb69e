//! Meson: built beside the repository; its tests leave a report in JUnit's format.

use super::System;
use crate::environment::plan::Runner;
use crate::environment::plan::facts::Facts;

/// How Meson is used here, if it is.
pub(super) fn system(facts: &Facts<'_>) -> Option<System> {
    if !facts.has("meson.build") {
        return None;
    }
    let run = "meson test -C /opt/build --no-rebuild --print-errorlogs";
    Some(System {
        name: "Meson",
        programs: &[
            ("meson", &["meson"]),
            ("ninja", &["ninja-build"]),
            ("pkg-config", &["pkg-config"]),
        ],
        configure: vec!["[ -f /opt/build/build.ninja ] || meson setup /opt/build".to_owned()],
        build: "ninja -C /opt/build -k 0 -j \"$(workers)\"".to_owned(),
        test: vec![run.to_owned(), "cat /opt/build/meson-logs/testlog.junit.xml".to_owned()],
        runner: Runner::JunitXml,
    })
}
