//! The scripts of a `package.json`, read for the tool that runs the tests and its options.

use crate::environment::plan::facts::{Facts, base_name, ends_in};
use serde_json::Value;

/// Options of runners and of Node that take the next word as their value.
const WITH_VALUE: [&str; 17] = [
    "-r",
    "--require",
    "--import",
    "--loader",
    "--experimental-loader",
    "-t",
    "--timeout",
    "-u",
    "--ui",
    "--extension",
    "--opts",
    "-c",
    "--config",
    "--file",
    "-n",
    "--project",
    "--root",
];

/// Options that change what is printed, or what happens after the tests.
const DROPPED: [&str; 14] = [
    "-R",
    "--reporter",
    "-w",
    "--watch",
    "--watchAll",
    "-b",
    "--bail",
    "--coverage",
    "--cov",
    "--exit-on-fail",
    "--fix",
    "-O",
    "--reporter-options",
    "--test-reporter",
];

/// What runs tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tool {
    Jest,
    Vitest,
    Mocha,
    Ava,
    /// Node's own runner.
    NodeTest,
    /// Files that test themselves, in TAP or by their exit code.
    Files,
    /// The project's script, whatever it does.
    Script,
}

/// Tools by the word that starts them.
const TOOLS: [(&str, Tool); 10] = [
    ("vitest", Tool::Vitest),
    ("jest", Tool::Jest),
    ("mocha", Tool::Mocha),
    ("_mocha", Tool::Mocha),
    ("ava", Tool::Ava),
    ("--test", Tool::NodeTest),
    ("tape", Tool::Files),
    ("tap", Tool::Files),
    ("ts-node", Tool::Files),
    ("tsx", Tool::Files),
];

/// A `package.json`.
#[derive(Debug)]
pub(super) struct Package {
    json: Value,
    /// The words of what `npm test` runs, with those of the scripts that it names.
    pub(super) words: Vec<String>,
}

impl Package {
    /// Reads the one at the root.
    pub(super) fn of(facts: &Facts<'_>) -> Self {
        let json: Value = serde_json::from_str(&facts.read("package.json")).unwrap_or_default();
        let mut package = Self {
            json,
            words: Vec::new(),
        };
        let mut open = vec!["tests-only", "pretest", "test"];
        let mut seen: Vec<String> = Vec::new();
        while let Some(name) = open.pop() {
            let Some(text) = package.script(name).filter(|_| !seen.iter().any(|it| it == name)) else {
                continue;
            };
            let words = split(text);
            seen.push(name.to_owned());
            let scripts = package.json["scripts"].as_object().into_iter().flatten();
            let named = scripts
                .map(|(other, _)| other.as_str())
                .filter(|other| words.iter().any(|word| word == other));
            open.extend(named);
            package.words.extend(words);
            package.words.push("&&".to_owned());
        }
        package
    }

    /// The text of a script.
    pub(super) fn script(&self, name: &str) -> Option<&str> {
        self.json["scripts"][name].as_str()
    }

    /// Whether it depends on a package.
    pub(super) fn depends_on(&self, name: &str) -> bool {
        let kinds = ["dependencies", "devDependencies", "peerDependencies"];
        kinds.iter().any(|kind| self.json[*kind].get(name).is_some())
    }

    /// Its dependencies, as npm is asked for them.
    pub(super) fn dependencies(&self) -> Vec<String> {
        self.asked(&["dependencies", "devDependencies"], |_| true)
    }

    /// Those of its dependencies without which its code or its tests do not run: what it depends on itself, and of the
    /// rest what its files or the tool of its tests name. What is left out checks style, publishes, or measures.
    pub(super) fn used(&self, facts: &Facts<'_>) -> Vec<String> {
        let texts: Vec<String> = facts.texts(400, is_read).collect();
        let is_named = |name: &str| {
            let forms = ['\'', '"'].map(|mark| [format!("{mark}{name}{mark}"), format!("{mark}{name}/")]);
            texts
                .iter()
                .any(|text| forms.iter().flatten().any(|form| text.contains(form)))
        };
        let is_option = |name: &str| {
            self.words
                .windows(2)
                .any(|pair| pair[1] == name && pair[0].starts_with('-'))
        };
        let is_tool = |name: &str| TOOLS.iter().any(|(tool, _)| *tool == name) || name == "typescript";
        let types = |name: &str| name.starts_with("@types/");
        let own = self.asked(&["dependencies"], |_| true);
        let rest = self.asked(&["devDependencies"], |name| {
            is_tool(name) || types(name) || is_option(name) || is_named(name)
        });
        [own, rest].concat()
    }

    fn asked(&self, kinds: &[&str], is_wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let named = kinds
            .iter()
            .flat_map(|kind| self.json[*kind].as_object().into_iter().flatten());
        let named = named.filter(|(name, _)| is_wanted(name));
        let asked = named.filter_map(|(name, range)| Some((name, range.as_str()?)));
        let plain =
            asked.filter(|(name, range)| !name.starts_with('-') && !range.contains(':') && !range.contains('/'));
        plain.map(|(name, range)| format!("{name}@{range}")).collect()
    }

    /// The versions of Node that it asks for.
    pub(super) fn node(&self) -> Option<&str> {
        let asked = self.json["engines"]["node"].as_str()?.trim();
        let plain = |it: char| it.is_ascii_alphanumeric() || " <>=^~|.*-".contains(it);
        (!asked.is_empty() && asked.chars().all(plain)).then_some(asked)
    }

    /// Its name and version.
    pub(super) fn named(&self) -> Option<(&str, &str)> {
        let field = |key: &str| {
            self.json[key]
                .as_str()
                .filter(|it| !it.is_empty() && !it.starts_with('-'))
        };
        Some((field("name")?, field("version")?))
    }

    /// The tool of the tests: by the scripts, then by the packages.
    pub(super) fn tool(&self) -> Option<Tool> {
        let started = |name: &str| self.words.iter().any(|word| word.rsplit('/').next() == Some(name));
        let by_script = TOOLS.iter().find(|(name, _)| started(name));
        let by_package = || {
            TOOLS
                .iter()
                .find(|(name, _)| self.depends_on(name) && !["tsx", "ts-node"].contains(name))
        };
        let plain = || {
            let mut pairs = self.words.windows(2);
            pairs.any(|pair| pair[0] == "node" && pair[1].contains("test"))
        };
        match by_script {
            Some((_, tool)) => Some(*tool),
            None if plain() => Some(Tool::Files),
            None if self.words.is_empty() => by_package().map(|(_, tool)| *tool),
            None => by_package().map(|(_, tool)| *tool).or(Some(Tool::Script)),
        }
    }

    /// Options and paths that the scripts give to a tool.
    pub(super) fn arguments(&self, tool: Tool) -> (Vec<String>, Vec<String>) {
        let starts = |word: &&String| {
            let name = word.rsplit('/').next().unwrap_or(word);
            TOOLS.iter().any(|(start, of)| *of == tool && *start == name) || tool == Tool::NodeTest && name == "node"
        };
        let mut rest = self.words.iter().skip_while(|word| !starts(word)).skip(1);
        let (mut options, mut paths) = (Vec::new(), Vec::new());
        while let Some(word) = rest.next() {
            let name = word.split('=').next().unwrap_or(word);
            if ["&&", "||", ";", "|", ">", "&"].contains(&word.as_str()) {
                break;
            } else if DROPPED.contains(&name) {
                if ["-R", "--reporter", "-O", "--reporter-options"].contains(&word.as_str()) {
                    rest.next();
                }
            } else if word.starts_with('-') {
                options.push(word.clone());
                if WITH_VALUE.contains(&word.as_str()) {
                    options.extend(rest.next().cloned());
                }
            } else {
                paths.push(word.clone());
            }
        }
        (options, paths)
    }
}

/// Whether a file may name packages that its code or its tests use.
fn is_read(path: &str) -> bool {
    const ENDINGS: [&str; 10] = ["js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx", "json", "babelrc"];
    let name = base_name(path);
    let lists = name.starts_with("package") || name.ends_with("-lock.json") || name.contains("eslint");
    !lists && ends_in(path, &ENDINGS)
}

/// The words of a script, as a shell would see them but for its variables.
fn split(text: &str) -> Vec<String> {
    let (mut words, mut word, mut inside) = (Vec::new(), String::new(), None);
    for character in text.chars() {
        match (inside, character) {
            (Some(quote), it) if it == quote => inside = None,
            (None, '"' | '\'') => inside = Some(character),
            (None, it) if it.is_whitespace() => words.push(std::mem::take(&mut word)),
            (None, ';') => {
                words.push(std::mem::take(&mut word));
                words.push(";".to_owned());
            }
            (_, it) => word.push(it),
        }
    }
    words.push(word);
    words.retain(|it| !it.is_empty());
    words
}
