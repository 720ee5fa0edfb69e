//! Tests of the table of messages: each line of it is met by what a tool prints.

use super::*;

/// What the table finds in a log, in the order of the table.
fn found(log: &str) -> Vec<Missing> {
    PATTERNS
        .iter()
        .flat_map(|pattern| pattern.found(log))
        .filter_map(|(_, missing)| missing)
        .collect()
}

fn module(name: &str) -> Missing {
    Missing::Module(name.to_owned())
}

fn programs(name: &str) -> Missing {
    Missing::Program(name.to_owned())
}

fn libraries(name: &str) -> Missing {
    Missing::Library(name.to_owned())
}

#[test]
fn modules_are_named_as_the_code_names_them() {
    for (log, expected) in [
        (
            "ModuleNotFoundError: No module named 'google.protobuf'",
            "google.protobuf",
        ),
        ("/usr/bin/python3: No module named pytest", "pytest"),
        ("pkg_resources.DistributionNotFound: The 'six>=1.0' distribution", ""),
        ("pytest: error: unrecognized arguments: --cov=src", "pytest_cov"),
        ("pytest: error: unrecognized arguments: -n auto", "xdist"),
        ("ERROR: No matching distribution found for six>=99", "six"),
        ("Error: Cannot find module 'lodash/fp'", "lodash"),
        ("Error: Cannot find module '@scope/tool/deep'", "@scope/tool"),
        (
            "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'left-pad' imported from /a.mjs",
            "left-pad",
        ),
        ("Error: Cannot find module './gone'", ""),
        ("Error: Cannot find module 'node:sqlite'", ""),
        ("Module not found: Error: Can't resolve 'react' in '/a'", "react"),
        ("Error: Failed to resolve import \"vue\" from \"a.ts\"", "vue"),
        ("cannot load such file -- nokogiri (LoadError)", "nokogiri"),
        ("cannot load such file -- /a/spec.rb", ""),
        ("Could not find gem 'rake (~> 13)' in locally installed gems", "rake"),
        ("can't find gem bundler (>= 0.a) with executable bundle", "bundler"),
        (
            "Can't locate Foo/Bar.pm in @INC (you may need to install the Foo::Bar module)",
            "Foo::Bar",
        ),
        ("Can't locate object method \"x\" via package \"Y\"", ""),
        (
            "a.go:3:8: no required module provides package github.com/a/b; to add it:",
            "github.com/a/b",
        ),
        (
            "a.go:3:8: cannot find package \"github.com/a/b\" in any of:",
            "github.com/a/b",
        ),
        (
            "a.go:3:8: missing go.sum entry for module providing package a.b/c (imported by d)",
            "a.b/c",
        ),
        ("error[E0463]: can't find crate for `serde`", "serde"),
        ("use of unresolved module or unlinked crate `serde`", "serde"),
        ("error: no matching package named `serde` found", "serde"),
        ("Error: Class \"Tests\\Thing\" not found", "Tests\\Thing"),
        ("Error: Class 'Thing' not found", "Thing"),
        (
            "phpunit/phpunit requires ext-dom * -> it is missing from your system.",
            "dom",
        ),
        ("A.java:3: error: package org.junit does not exist", "org.junit"),
    ] {
        let expected: Vec<Missing> = Some(expected)
            .filter(|name| !name.is_empty())
            .map(module)
            .into_iter()
            .collect();
        let mut told = found(log);
        told.dedup();
        assert_eq!(told, expected, "{log}");
    }
}

#[test]
fn what_c_needs_is_told_apart() {
    for (log, expected) in [
        (
            "a.c:1:10: fatal error: zlib.h: No such file or directory",
            Missing::Header("zlib.h".to_owned()),
        ),
        (
            "a.c:1:10: fatal error: 'zlib.h' file not found",
            Missing::Header("zlib.h".to_owned()),
        ),
        (
            "/usr/bin/ld: cannot find -lz: No such file or directory",
            libraries("z"),
        ),
        ("/usr/bin/ld: cannot find -lz", libraries("z")),
        (
            "Package foo was not found in the pkg-config search path.",
            libraries("foo"),
        ),
        (
            "Package 'foo', required by 'virtual:world', not found",
            libraries("foo"),
        ),
        ("No package 'foo' found", libraries("foo")),
        ("-- Could NOT find ZLIB (missing: ZLIB_LIBRARY)", libraries("ZLIB")),
        (
            "a: error while loading shared libraries: libssl.so.3: cannot open shared object file",
            libraries("ssl"),
        ),
        (
            "ImportError: libGL.so.1: cannot open shared object file: No such file",
            libraries("GL"),
        ),
        (
            "configure: error: no acceptable C compiler found in $PATH",
            programs("cc"),
        ),
        ("  No CMAKE_CXX_COMPILER could be found.", programs("c++")),
    ] {
        let mut told = found(log);
        told.dedup();
        assert_eq!(told, [expected], "{log}");
    }
}

#[test]
fn programs_are_told_by_each_who_looks_for_them() {
    for log in [
        "bash: line 1: tool: command not found",
        "tool: command not found",
        "/bin/sh: 1: tool: not found",
        "sh: tool: not found",
        "/usr/bin/env: 'tool': No such file or directory",
        "/usr/bin/env: ‘tool’: No such file or directory",
        "env: tool: No such file or directory",
        "make: tool: No such file or directory",
        "exec: \"tool\": executable file not found in $PATH",
        "Error: spawn tool ENOENT",
        "error: linker `tool` not found",
        "FileNotFoundError: [Errno 2] No such file or directory: 'tool'",
    ] {
        let mut told = found(log);
        told.dedup();
        assert_eq!(told, [programs("tool")], "{log}");
    }
}

#[test]
fn a_file_or_a_path_is_no_program() {
    for log in [
        "FileNotFoundError: [Errno 2] No such file or directory: 'data/a.csv'",
        "FileNotFoundError: [Errno 2] No such file or directory: 'a.json'",
    ] {
        assert_eq!(found(log), [], "{log}");
    }
}
