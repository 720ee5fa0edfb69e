//! Tables against what the scorer beside the data makes of them.

use super::*;

fn rules(json: &str) -> TableRules {
    serde_json::from_str(json).unwrap()
}

const RULES: &str = r#"{
    "unique_columns": ["Package"], "required": ["Package", "Size", "Seen", "Home"],
    "eval_pipeline": {
        "package": { "preprocess": ["norm_str"], "metric": ["exact_match"] },
        "size": { "preprocess": ["extract_number"], "metric": ["number_near"], "criterion": 0.1 },
        "seen": { "preprocess": ["norm_date"], "metric": ["date_near"] },
        "home": { "metric": ["url_match"] }
    }
}"#;

fn gold() -> Table {
    let row = |cells: [&str; 4]| cells.map(str::to_owned).to_vec();
    Table::new(
        ["Package", "Size", "Seen", "Home"],
        vec![
            row(["bovo", "1,000 kB", "2024-02-29", "https://kde.org/bovo"]),
            row(["gnubg", "12.5%", "March 2021", "http://gnu.org"]),
            row(["kigo", "none", "unknown", ""]),
        ],
    )
}

fn scored(answer: &str) -> Option<TableScores> {
    let answer = Table::of_answer(answer)?;
    let joined = Joined::new(&rules(RULES), &gold(), &answer).unwrap()?;
    Some(joined.scores(&HashMap::new()))
}

#[test]
fn what_is_right_is_right_in_other_words() {
    let answer = "Here it is.\n```markdown\n| package | SIZE | Seen | Home |\n|---|---|---|---|\n\
        | **Bovo** | about 1050 | 31 March 2024 | see https://kde.org/other |\n\
        | GnuBG | 0.125 | 2021年3月 | https://gnu.org/x |\n| Kigo | | n/a | no \\| address |\n```";
    let scores = scored(answer).unwrap();
    assert_eq!(scores.success, Some(1.0), "{scores:?}");
}

#[test]
fn each_wrong_cell_counts_once_and_rows_too_much_lower_the_precision() {
    // One cell of three rows is wrong, a row is missing, one is too much, and one is there twice.
    let answer = "|Package|Size|Seen|Home|\n|bovo|1200|2024-02-29|https://kde.org|\n|bovo|1000|x|y|\n\
        |gnubg|12.5%|2021-03-01|http://gnu.org/|\n|chess|1|2020|z|";
    let scores = scored(answer).unwrap();
    let item = scores.item.unwrap();
    assert_eq!((item.precision, item.recall), (7.0 / 12.0, 7.0 / 12.0));
    let row = scores.row.unwrap();
    assert_eq!((row.precision, row.recall, row.f1), (1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0));
    assert_eq!(scores.success, Some(0.0));
}

#[test]
fn other_columns_are_no_answer_and_gold_without_a_column_is_a_mistake() {
    assert_eq!(scored("|Package|Size|\n|bovo|1|"), None);
    assert_eq!(scored("no table at all"), None);
    let short = Table::new(["Package"], Vec::new());
    let told = Joined::new(&rules(RULES), &short, &gold()).unwrap_err();
    assert_eq!(told, "the gold table has no column `size`");
}

#[test]
fn what_only_a_judge_can_say_is_unscored_and_never_wrong() {
    let judged = RULES.replace(r#""metric": ["url_match"]"#, r#""metric": ["llm_judge"]"#);
    let joined = Joined::new(&rules(&judged), &gold(), &gold()).unwrap().unwrap();
    let alone = joined.scores(&HashMap::new());
    assert_eq!((alone.item.unwrap().f1, alone.row, alone.success), (1.0, None, None));
    let (column, pairs) = joined.to_judge().remove(0);
    assert_eq!((column.as_str(), pairs.len()), ("home", 3));
    let said = HashMap::from([(column, vec![true, false, true])]);
    let scores = joined.scores(&said);
    assert_eq!(scores.item.unwrap().precision, 11.0 / 12.0);
    assert_eq!(scores.row.unwrap().recall, 2.0 / 3.0);
}

#[test]
fn numbers_and_dates_are_read_as_the_scorer_reads_them() {
    let number = |text: &str| Preprocess::ExtractNumber.apply(text);
    assert_eq!(number("from -3,456.5% on"), "-3456.5%");
    assert_eq!(number("v.7"), ".7");
    assert_eq!(number("12. of May"), "12.");
    assert_eq!(number("a + b"), "NULL");
    let date = |text: &str| Preprocess::NormDate.apply(text);
    assert_eq!(date("Feb 3, 2020"), "2020-02-03");
    assert_eq!(date("3 february 2020"), "2020-02-03");
    assert_eq!(date("1/2/2020"), "2020-01-02");
    assert_eq!(date("2020"), "2020-01-01");
    assert_eq!(date("2023-02-29"), "2023-02-29", "no such day, left as it is");
    assert!(!CellMeasure::DateNear.holds("2023-02-29", "2023-03-01", 0.0));
    assert!(CellMeasure::DateNear.holds("2024-12-31", "2025-01-31", 0.0));
    assert!(!CellMeasure::DateNear.holds("2024-12-31", "2025-02-01", 0.0));
}
