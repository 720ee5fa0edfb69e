//! The command that runs the chosen tests with the project's tool, so that each test's result is printed.

use super::is_test;
use super::scripts::{Package, Tool};
use crate::environment::plan::Runner;
use crate::environment::plan::facts::{Facts, Selection, ends_in, folder_of};
use crate::environment::plan::script::{Script, quote, words};

/// Endings of files with code.
pub(super) const ENDINGS: [&str; 8] = ["js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx"];

/// Test files that are read for what they print.
const READ_TESTS: usize = 40;

/// Adds the command to a script, and tells what it prints.
pub(super) fn add(script: &mut Script, facts: &Facts<'_>, package: &Package, tool: Tool, chosen: &Selection) -> Runner {
    let (options, paths) = package.arguments(tool);
    let options = words(options);
    let asked = words(chosen.paths());
    match tool {
        Tool::Jest => {
            let patterns = words(chosen.paths().iter().map(|path| pattern(path)));
            let command = format!("npx --no-install jest --ci --verbose --colors=false {options} {patterns}");
            script.attempt(format!("{} 2>&1", tidy(&command)));
            Runner::Jest
        }
        Tool::Vitest => {
            script.attempt(tidy(&format!(
                "npx --no-install vitest run --reporter=tap-flat {asked}"
            )));
            Runner::Tap
        }
        Tool::Ava => {
            script.attempt(tidy(&format!("npx --no-install ava --tap {asked}")));
            Runner::Tap
        }
        Tool::Mocha => {
            script.attempt(tidy(&format!(
                "npx --no-install mocha --reporter spec --no-color {options} {}",
                mocha_paths(chosen, &paths)
            )));
            Runner::Mocha
        }
        Tool::NodeTest => {
            list(script, facts, chosen, &paths);
            script.attempt(tidy(&format!(
                "node {options} --test --test-reporter=tap \"${{files[@]}}\""
            )));
            Runner::Tap
        }
        Tool::Files => {
            list(script, facts, chosen, &paths);
            let node = interpreter(facts, package, &options);
            script.line("for file in \"${files[@]}\"; do");
            script.line("  echo \"# file: $file\"");
            script.line(format!("  {} \"$file\" || rc=1", tidy(&node)));
            script.line("done");
            if prints_tap(facts, package) {
                Runner::Tap
            } else {
                Runner::ExitCode
            }
        }
        Tool::Script => {
            script.attempt("npm test");
            Runner::ExitCode
        }
    }
}

/// Mocha looks for files in a folder when told to; the project's own patterns are better where they are about it.
fn mocha_paths(chosen: &Selection, paths: &[String]) -> String {
    let trimmed = |path: &str| path.trim_start_matches("./").trim_matches('/').to_owned();
    let about = |folder: &String| paths.iter().any(|path| trimmed(path).starts_with(folder.as_str()));
    if chosen.is_all() || chosen.files.is_empty() && chosen.folders.iter().all(about) {
        return words(paths);
    }
    let deep = if chosen.folders.is_empty() { "" } else { "--recursive " };
    format!("{deep}{}", words(chosen.paths()))
}

/// Sets `files` to the tests to run: a patch may have added some to the folders.
fn list(script: &mut Script, facts: &Facts<'_>, chosen: &Selection, paths: &[String]) {
    let folders = if chosen.is_all() {
        test_folders(facts, paths)
    } else {
        chosen.folders.clone()
    };
    let mut files = chosen.files.clone();
    if chosen.is_all() {
        files.extend(
            paths
                .iter()
                .map(|path| path.trim_start_matches("./"))
                .filter(|path| facts.has(path))
                .map(str::to_owned),
        );
        files.retain(|file| !folders.iter().any(|folder| folder == folder_of(file)));
    }
    script.line(format!("files=({})", words(&files)));
    let names: Vec<String> = ENDINGS
        .iter()
        .map(|ending| format!("-name {}", quote(&format!("*.{ending}"))))
        .collect();
    for folder in folders {
        let direct = facts
            .below(&folder)
            .any(|path| folder_of(path) == folder && is_test(path));
        let deep = paths.iter().any(|path| path.contains("**"));
        let depth = if direct && !deep { " -maxdepth 1" } else { "" };
        let aside = "-not -path '*/node_modules/*' -not -path '*/fixtures/*' -not -name '*.d.ts'";
        let find = format!(
            "find {}{depth} -type f {aside} \\( {} \\)",
            quote(&folder),
            names.join(" -o ")
        );
        script.line(format!("mapfile -t -O \"${{#files[@]}}\" files < <({find} | sort)"));
    }
    script.line("if [ \"${#files[@]}\" -eq 0 ]; then echo 'no test files'; exit 1; fi");
}

/// Folders that hold tests: those of the script's patterns, else the usual ones.
fn test_folders(facts: &Facts<'_>, paths: &[String]) -> Vec<String> {
    let fixed = |path: &String| {
        let path = path.trim_start_matches("./");
        let start = path.find(['*', '{', '[']).map_or(path, |at| &path[..at]);
        let folder = if start.len() < path.len() {
            folder_of(start)
        } else {
            start
        };
        folder.trim_end_matches('/').to_owned()
    };
    let mut named: Vec<String> = paths.iter().map(fixed).collect();
    named.retain(|folder| !folder.is_empty() && facts.below(folder).any(|path| ends_in(path, &ENDINGS)));
    named.dedup();
    if named.is_empty() {
        let usual = ["test", "tests", "__tests__", "spec"]
            .iter()
            .map(|folder| (*folder).to_owned());
        named.extend(usual.filter(|folder| facts.below(folder).any(is_test)));
    }
    named
}

/// What runs a file: Node, or what reads TypeScript for it.
fn interpreter(facts: &Facts<'_>, package: &Package, options: &str) -> String {
    let typed = facts
        .own()
        .any(|path| is_test(path) && ends_in(path, &["ts", "tsx", "mts", "cts"]));
    let reader = ["tsx", "ts-node"].into_iter().find(|name| package.depends_on(name));
    match reader.filter(|_| typed) {
        Some(reader) => format!("npx --no-install {reader}"),
        None => format!("node {}", node_options(options)),
    }
}

/// Only options that Node knows: those of `tape` and `tap` are theirs.
fn node_options(options: &str) -> &str {
    let node = [
        "-r",
        "--require",
        "--import",
        "--loader",
        "--experimental-loader",
        "--harmony",
    ];
    if node.iter().any(|option| options.starts_with(option)) {
        options
    } else {
        ""
    }
}

fn prints_tap(facts: &Facts<'_>, package: &Package) -> bool {
    let libraries = ["tape", "tap", "zora", "tapzero"];
    let used = |text: &String| {
        libraries
            .iter()
            .any(|name| text.contains(&format!("'{name}'")) || text.contains(&format!("\"{name}\"")))
    };
    libraries.iter().any(|name| package.depends_on(name)) || facts.texts(READ_TESTS, is_test).any(|text| used(&text))
}

/// A pattern that matches a path and nothing else.
fn pattern(path: &str) -> String {
    let mut pattern = String::new();
    for character in path.chars() {
        if "\\^$.|?*+()[]{}".contains(character) {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}

fn tidy(command: &str) -> String {
    command
        .split(' ')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
