//! What runners without a reader of their own print.

use super::super::Runner;
use super::super::tests::told;

fn lines(output: &str) -> Vec<String> {
    told(Runner::Lines, output)
}

#[test]
fn tcltest_names_a_test_between_signs_and_the_outcome() {
    let printed = "++++ sum-1.1 PASSED\n==== sum-1.2 adds negatives FAILED\n---- Result was:\n3\n==== sum-1.2 FAILED\n\
        ++++ sum-1.3 SKIPPED: userInteraction\nall.tcl:\tTotal\t3\tPassed\t1\tSkipped\t1\tFailed\t1\n";
    insta::assert_snapshot!(lines(printed).join("\n"));
}

#[test]
fn words_stand_at_either_end() {
    let printed = "PASS adds two\nFAIL: carries over\n[OK] splits [12 ms]\n[  FAILED  ] Suite.Case (3 ms)\nok 1 - first\n\
        not ok 2 - second # TODO later\n  adds two numbers [✔]\n  ✗ is empty\nlists ... ok\nTestX.test_y ... FAIL\n\
        reverse of reverse:      OK (0.03s)\nsort is stable: FAIL\nLOADS in 0.01s PASSED\n";
    insta::assert_snapshot!(lines(printed).join("\n"));
}

#[test]
fn counts_prose_and_bare_words_are_no_tests() {
    let printed = "3 passed\nOK\nPASSED: 3\nFAILED (failures=1)\nOK: 12 tests\nFAIL: 1 of 12\nEverything here is ok\n\
        PASSENGER list\nokay\nerror: nothing\nTests failed: 2\n";
    assert_eq!(lines(printed), [""; 0]);
}

#[test]
fn times_are_no_part_of_a_name() {
    let first = lines("adds ... ok 12 ms\nPASS b in 0.3s\nok c (<1 ms)\n");
    let second = lines("adds ... ok 9 ms\nPASS b in 1.4 sec\nok c (2 ms)\n");
    assert_eq!(first, second);
    assert_eq!(first, ["Passed adds", "Passed b", "Passed c"]);
}
