//! Which documents fit.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use super::*;

const FIELDS: [&str; 3] = ["year", "venue", "date"];

fn read(given: &Value) -> Result<Option<Filter>, Error> {
    let fields = FIELDS.map(str::to_owned);
    let call = json!({ "where": given });
    Filter::read(&Arguments::new(&call, "search", "{}"), &fields)
}

fn fits(filter: Value, document: Value) -> bool {
    let filter = read(&filter).unwrap().unwrap();
    filter.fits(|field| document.get(field).filter(|value| !value.is_null()))
}

#[test]
fn a_value_or_one_of_several() {
    let document = || json!({ "year": 2020, "venue": "ACL" });
    assert!(fits(json!({ "year": 2020 }), document()));
    assert!(fits(json!({ "year": "2020", "venue": "acl" }), document()));
    assert!(fits(json!({ "year": [2019, 2020.0] }), document()));
    assert!(!fits(json!({ "year": 2021 }), document()));
    assert!(!fits(json!({ "year": [] }), document()));
    assert!(!fits(json!({ "year": 2020, "venue": "EMNLP" }), document()));
    assert!(fits(json!({ "venue": "two" }), json!({ "venue": ["one", "two"] })));
    assert!(fits(json!({ "venue": true }), json!({ "venue": true })));
}

#[test]
fn bounds_hold_for_numbers_and_for_texts() {
    let year = |bounds| fits(json!({ "year": bounds }), json!({ "year": 2020 }));
    assert!(year(json!({ "min": 2020, "max": "2020" })));
    assert!(!year(json!({ "min": 2020.5 })));
    assert!(!year(json!({ "max": 999 })));
    let date = |bounds| fits(json!({ "date": bounds }), json!({ "date": "2020-05-01" }));
    assert!(date(json!({ "min": "2020", "max": 2020 })));
    assert!(date(json!({ "min": "2020-05-01", "max": "2020-05" })));
    assert!(!date(json!({ "max": "2020-04" })));
    assert!(!date(json!({ "min": "2020-05-02" })));
}

#[test]
fn documents_without_the_field_do_not_fit() {
    for condition in [json!(2020), json!([2020]), json!({ "min": 0 }), json!({ "max": 9999 })] {
        assert!(!fits(json!({ "year": condition.clone() }), json!({ "venue": "ACL" })));
        assert!(!fits(json!({ "year": condition.clone() }), json!({ "year": null })));
        assert!(!fits(json!({ "year": condition }), json!({ "year": { "a": 2020 } })));
    }
}

#[test]
fn what_asks_for_nothing_is_no_filter_and_what_cannot_be_meant_is_told() {
    for nothing in [json!(null), json!({}), json!("{}")] {
        assert_eq!(read(&nothing).unwrap(), None);
    }
    assert_eq!(
        read(&json!("{\"year\": 2020}")).unwrap(),
        read(&json!({ "year": 2020 })).unwrap()
    );
    let told = |given| read(&given).unwrap_err().message;
    insta::assert_snapshot!(told(json!({ "yaer": 2020 })), @"search: `where` has no field `yaer`: it knows `year`, `venue`, `date`. Call it like this: {}");
    insta::assert_snapshot!(told(json!({ "year": { "from": 2020 } })), @"search: `where.year` must be a value, a list of values, or an object with `min`, `max` or both. Call it like this: {}");
    insta::assert_snapshot!(told(json!("2020")), @"search: `where` must be an object of fields. Call it like this: {}");
    for wrong in [
        json!({ "year": {} }),
        json!({ "year": null }),
        json!({ "year": [[1]] }),
        json!([1]),
        json!(5),
    ] {
        read(&wrong).unwrap_err();
    }
    // a corpus without fields knows no `where`
    let call = json!({ "where": 5 });
    assert_eq!(Filter::read(&Arguments::new(&call, "search", "{}"), &[]).unwrap(), None);
}
