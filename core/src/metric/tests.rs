//! Scores by their published definitions, and laws that hold for any answers.

use super::*;
use proptest::prelude::*;

fn golds(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn text_scores_follow_the_published_scripts() {
    // Answer, golds, exact match, F1, Contain-Acc.
    let table: [(&str, &[&str], f64, f64, f64); 9] = [
        ("The Chief of Protocol.", &["chief of protocol"], 1.0, 1.0, 1.0),
        ("It was the Chief of Protocol", &["Chief of Protocol"], 0.0, 0.75, 1.0),
        ("yes", &["no"], 0.0, 0.0, 0.0),
        ("yes, both", &["yes"], 0.0, 0.0, 1.0),
        ("", &["x"], 0.0, 0.0, 0.0),
        ("anything", &["The"], 0.0, 0.0, 1.0),
        ("anything", &[""], 0.0, 0.0, 0.0),
        ("p-53", &["TP53", "p53"], 1.0, 1.0, 1.0),
        ("Paris", &[], 0.0, 0.0, 0.0),
    ];
    for (answer, texts, exact, f1, contained) in table {
        let golds = golds(texts);
        let scores = (
            exact_match(answer, &golds),
            token_f1(answer, &golds),
            contains(answer, &golds),
        );
        assert_eq!(scores, (exact, f1, contained), "{answer:?} {texts:?}");
    }
    assert_eq!(words_contained("nothing", &golds(&["no"])), 0.0);
    assert_eq!(words_contained("No, they are not.", &golds(&["no"])), 1.0);
}

#[test]
fn rankings_count_an_id_where_it_came_first() {
    let ranking = golds(&["a", "b", "a", "c", "d"]);
    let gold = golds(&["c", "d"]);
    assert_eq!(recall_at(3, &ranking, &gold), Some(0.5));
    assert_eq!(full_support_at(3, &ranking, &gold), Some(0.0));
    assert_eq!(full_support_at(4, &ranking, &gold), Some(1.0));
    assert_eq!(reciprocal_rank(&ranking, &gold), Some(1.0 / 3.0));
    assert_eq!(reciprocal_rank(&[], &gold), Some(0.0));
    assert_eq!(recall_at(3, &ranking, &[]), None);
}

#[test]
fn the_generator_is_the_published_one() {
    let mut random = Random::new(1_234_567);
    let drawn = [random.bits(), random.bits(), random.bits()];
    assert_eq!(
        drawn,
        [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423
        ]
    );
}

#[test]
fn an_interval_is_as_wide_as_theory_says() {
    // 60 of 100: the standard error is √(0.6·0.4/100) = 0.049, so 95 % is about 0.6 ± 0.096.
    let scores: Vec<f64> = (0..100).map(|n| f64::from(u8::from(n < 60))).collect();
    let found = bootstrap(&scores, 7).unwrap();
    assert_eq!(found.mean, 0.6);
    assert!(
        (found.low - 0.504).abs() < 0.011 && (found.high - 0.696).abs() < 0.011,
        "{found:?}"
    );
    assert_eq!(bootstrap(&[1.0, 1.0], 7).map(|i| (i.low, i.high)), Some((1.0, 1.0)));
    assert_eq!(bootstrap(&[], 7), None);
}

#[test]
fn pairs_are_compared_question_by_question() {
    let found = paired(&[0.0, 0.0, 1.0, 1.0], &[1.0, 0.0, 1.0, 0.0], 7).unwrap();
    assert_eq!((found.wins, found.ties, found.losses), (1, 2, 1));
    assert_eq!((found.difference.mean, found.opposite), (0.0, 1.0));
    let better = paired(&[0.0; 20], &[1.0; 20], 7).unwrap();
    assert_eq!((better.difference.low, better.opposite, better.wins), (1.0, 0.0, 20));
}

proptest! {
    #[test]
    fn f1_is_symmetric_and_bounded(a in "[a-c ]{0,12}", b in "[a-c ]{0,12}") {
        let one = token_f1(&a, std::slice::from_ref(&b));
        prop_assert_eq!(one, token_f1(&b, std::slice::from_ref(&a)));
        prop_assert!((0.0..=1.0).contains(&one));
        prop_assert!(exact_match(&a, std::slice::from_ref(&b)) <= one);
    }

    #[test]
    fn any_of_several_trials_is_at_least_the_mean(trials in proptest::collection::vec(0.0..=1.0_f64, 1..6)) {
        let (average, best) = (average(&trials).unwrap(), best(&trials).unwrap());
        prop_assert!(best >= average - 1e-12);
        let whole: Vec<f64> = trials.iter().map(|t| t.round()).collect();
        prop_assert!(passed(&whole).unwrap() >= super::average(&whole).unwrap());
    }

    #[test]
    fn more_places_never_find_less(ranking in proptest::collection::vec("[a-e]", 0..12), gold in proptest::collection::vec("[a-e]", 1..4), k in 0_usize..10) {
        prop_assert!(recall_at(k, &ranking, &gold) <= recall_at(k + 1, &ranking, &gold));
        prop_assert!(full_support_at(k, &ranking, &gold) <= recall_at(k, &ranking, &gold));
    }
}
