//! Java: Maven or Gradle where their registry can be reached, else the compiler with Debian's libraries.

mod plain;

use super::facts::{Facts, Selection, ends_in, stem};
use super::script::{Script, quote};
use super::{Plan, Runner, Unplanned};

/// Where what is compiled without Maven lies. The file `plain` in it tells that this is how it is done.
const PLACE: &str = "/opt/java";

/// Plans for a Java project.
pub(super) fn plan(facts: &Facts<'_>) -> Result<Plan, Unplanned> {
    let tests: Vec<String> = roots(facts, &["src/test/java", "src/test", "test", "tests", "src/tests"]);
    if tests.is_empty() && facts.tests.is_empty() {
        return Err(Unplanned::NoTests(facts.language));
    }
    let chosen = facts.select(|path| path.ends_with(".java"));
    let tool = Tool::of(facts);
    let mut reasons = vec![format!(
        "it is built with {tool:?}, or the compiler alone where that needs more than there is"
    )];
    if !chosen.is_all() {
        reasons.push(format!("it runs {}", chosen.paths().join(", ")));
    }
    let tests = if tests.is_empty() {
        vec!["src/test/java".to_owned()]
    } else {
        tests
    };
    Ok(Plan {
        setup: setup(facts, tool),
        test: test(facts, tool, &chosen, &tests),
        runner: Runner::JunitXml,
        reasons,
    })
}

/// What builds a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tool {
    Maven,
    Gradle,
    Compiler,
}

impl Tool {
    fn of(facts: &Facts<'_>) -> Self {
        // A tool that was tried did not work out.
        if facts.remedies.simpler > 0 {
            Self::Compiler
        } else if facts.has("pom.xml") {
            Self::Maven
        } else if facts.has("gradlew") {
            Self::Gradle
        } else {
            Self::Compiler
        }
    }

    /// Fetches all that tests need, and runs none.
    fn prepare(self) -> Option<&'static str> {
        match self {
            Self::Maven => Some(
                "mvn -B -q -Dtest=NoTestHasThisName -DfailIfNoTests=false -Dsurefire.failIfNoSpecifiedTests=false test",
            ),
            Self::Gradle => Some("sh ./gradlew --no-daemon -q testClasses"),
            Self::Compiler => None,
        }
    }
}

fn setup(facts: &Facts<'_>, tool: Tool) -> String {
    let mut script = Script::setup();
    script.program("javac", &["default-jdk-headless"]);
    if tool == Tool::Maven {
        script.program("mvn", &["maven"]);
    }
    script.wishes(&facts.remedies.packages);
    script.line(format!("mkdir -p {PLACE}"));
    let plain = match tool.prepare() {
        Some(prepare) => format!("if {prepare}; then rm -f {PLACE}/plain; else"),
        None => "if true; then".to_owned(),
    };
    script.line(plain);
    plain::setup(&mut script, facts);
    script.line(format!("  touch {PLACE}/plain"));
    script.line("fi");
    script.finish()
}

fn test(facts: &Facts<'_>, tool: Tool, chosen: &Selection, tests: &[String]) -> String {
    let mut script = Script::test();
    script.line("export JAVA_TOOL_OPTIONS=-Dfile.encoding=UTF-8 LC_ALL=C.UTF-8");
    script.line(format!("if [ -e {PLACE}/plain ]; then"));
    plain::test(&mut script, facts, chosen, tests);
    let classes: Vec<&str> = chosen.files.iter().map(|path| stem(path)).collect();
    match tool {
        Tool::Maven => {
            let mut names: Vec<String> = classes.iter().map(|it| (*it).to_owned()).collect();
            names.extend(chosen.folders.iter().filter_map(|folder| patterns(folder)));
            let some = if names.is_empty() {
                String::new()
            } else {
                format!(" -Dtest={}", quote(&names.join(",")))
            };
            script.line("else");
            script.line("find . -path '*/surefire-reports/*.xml' -delete");
            let lenient = "-DfailIfNoTests=false -Dsurefire.failIfNoSpecifiedTests=false";
            script.attempt(format!("mvn -o -B -q -fae {lenient}{some} test"));
            script.line("find . -path '*/surefire-reports/TEST-*.xml' -exec cat {} +");
        }
        Tool::Gradle => {
            let some = classes
                .iter()
                .map(|name| format!(" --tests {}", quote(&format!("*{name}"))))
                .collect::<String>();
            script.line("else");
            script.line("find . -path '*/test-results/*.xml' -delete");
            script.attempt(format!("sh ./gradlew --offline --no-daemon --continue test{some}"));
            script.line("find . -path '*/test-results/*/TEST-*.xml' -exec cat {} +");
        }
        Tool::Compiler => {}
    }
    script.line("fi").finish()
}

/// Maven's pattern for the classes in a folder; none for a whole root of tests.
fn patterns(folder: &str) -> Option<String> {
    let inside = folder.strip_prefix("src/test/java/")?;
    Some(format!("{inside}/**/*"))
}

/// Those of some folders that hold Java.
fn roots(facts: &Facts<'_>, folders: &[&str]) -> Vec<String> {
    let held = |folder: &&&str| facts.below(folder).any(|path| ends_in(path, &["java"]));
    let first = folders.iter().find(held);
    first.map(|folder| vec![(*folder).to_owned()]).unwrap_or_default()
}
