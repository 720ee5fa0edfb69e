//! Tests of reading JUnit's XML, on what pytest printed and on what others are documented to.

use crate::environment::results::{Runner, tests::told};

#[test]
fn a_test_is_named_with_its_class() {
    assert_eq!(
        told(Runner::JunitXml, include_str!("../fixtures/pytest_junit.txt")),
        [
            "Passed tests.test_format.TestFormat::test_adds",
            "Failed tests.test_format.TestFormat::test_fails",
            "Failed tests.test_format::test_errors",
            "Passed tests.test_format::test_known",
            "Skipped tests.test_format::test_skips",
            "Passed tests.test_format::test_text[[z]]",
            "Passed tests.test_format::test_text[a b]",
            "Failed tests.test_format::test_text[x - y]",
            "Passed tests.test_format::test_unexpected",
        ]
    );
}

#[test]
fn documents_stand_between_lines_of_a_log() {
    let output = "=== a.xml\n<?xml version=\"1.0\"?><testsuite><testcase name=\"a\" classname=\"A\"/></testsuite>\n\
                  log: 1 < 2\n<testsuites><testsuite><testcase name=\"b &amp; c\"><failure/></testcase></testsuite></testsuites>\n";
    assert_eq!(told(Runner::JunitXml, output), ["Passed A::a", "Failed b & c"]);
}

#[test]
fn what_a_test_printed_is_no_result() {
    let output =
        "<testcase name=\"a\"><system-out><![CDATA[<failure/><testcase name=\"b\"/>]]></system-out></testcase>";
    assert_eq!(told(Runner::JunitXml, output), ["Passed a"]);
}

#[test]
fn a_status_tells_of_tests_that_were_not_run() {
    let output = "<testcase name=\"DISABLED_a\" status=\"notrun\" classname=\"A\"/><testcase name=\"b\" status=\"run\" classname=\"A\"/>";
    assert_eq!(told(Runner::JunitXml, output), ["Skipped A::DISABLED_a", "Passed A::b"]);
}

#[test]
fn a_cut_document_tells_of_the_failure_it_came_to() {
    let output = "<testcase name=\"a\"><failure>text";
    assert_eq!(told(Runner::JunitXml, output), ["Failed a"]);
    assert_eq!(told(Runner::JunitXml, "<testcase name=\"a\"><system-out>"), [""; 0]);
}

#[test]
fn maven_writes_a_document_a_class() {
    assert_eq!(
        told(Runner::JunitXml, include_str!("../fixtures/maven_junit.txt")),
        [
            "Passed org.example.CalculatorTest::adds",
            "Failed org.example.CalculatorTest::errors",
            "Failed org.example.CalculatorTest::fails",
            "Skipped org.example.CalculatorTest::skips",
        ]
    );
}
