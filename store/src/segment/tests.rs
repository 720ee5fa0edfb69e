//! Batches survive encoding; damage and newer events are told apart.

use super::{Damage, MARKED, Payloads, Segment, Stored, ZSTD, decode, sealed, unsealed};
use crate::blob::Blob;
use proptest::collection::vec;
use proptest::prelude::*;
use troupe_core::event::Event;
use troupe_core::port::journal::Entry;
use troupe_testkit::conformance::journal::event;

fn stored(segment: &Segment) -> Stored {
    Stored {
        first: 5,
        at_ms: 9,
        bytes: segment.bytes.clone(),
    }
}

fn read(stored: Stored, blobs: &[Blob]) -> Result<Vec<Entry>, Damage> {
    let content = |blob: &Blob| String::from_utf8(Blob::content(&blob.hash, &blob.bytes).unwrap()).unwrap();
    let payloads: Payloads = blobs.iter().map(|blob| (blob.hash, content(blob))).collect();
    let mut slots = Vec::new();
    decode(stored, &mut slots)?;
    slots.into_iter().map(|slot| slot.fill(&payloads)).collect()
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let text = prop_oneof![
        any::<String>(),
        "[\u{10}a]{0,3}b[0-9a-f]{64}",
        "[a-e\u{10} ]{1,40}".prop_map(|text| text.repeat(100)),
    ];
    vec((any::<u64>(), text).prop_map(|(call, text)| event(call, &text)), 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn decoding_undoes_encoding(events in events()) {
        let segment = Segment::encode(&events).unwrap();
        let entries = read(stored(&segment), &segment.blobs).unwrap();
        let expected: Vec<Entry> = events
            .into_iter()
            .zip(5..)
            .map(|(event, sequence)| Entry { sequence, at_ms: 9, event })
            .collect();
        prop_assert_eq!(entries, expected);
    }

    #[test]
    fn a_changed_byte_is_found(events in events(), at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let segment = Segment::encode(&events).unwrap();
        let mut changed = stored(&segment);
        let at = at.index(changed.bytes.len());
        changed.bytes[at] ^= 1 << bit;
        let damage = read(changed, &segment.blobs).unwrap_err();
        prop_assert!(matches!(damage, Damage::Bytes { first: 5 }), "{}", damage);
    }
}

#[test]
fn equal_payloads_are_one_blob() {
    let large = "a page of a paper ".repeat(500);
    let segments = [event(1, &large), event(2, &large)].map(|event| Segment::encode(&[event]).unwrap());
    assert_eq!(segments[0].blobs, segments[1].blobs);
    assert!(segments.iter().all(|segment| segment.bytes.len() < 200));
}

#[test]
fn small_segments_are_readable_text() {
    let segment = Segment::encode(&[Event::RunReopened, event(1, "as it is")]).unwrap();
    let (format, lines) = unsealed(&segment.bytes).unwrap();
    assert_eq!(format, 0);
    insta::assert_snapshot!(String::from_utf8_lossy(lines), @r#"
    {"t":"run_reopened"}
    {"t":"tool_replied","actor":0,"call":1,"output":{"text":"as it is"}}
    "#);
}

#[test]
fn repetitive_segments_are_compressed() {
    let events: Vec<Event> = (0..50).map(|n| event(n, "the same again")).collect();
    let segment = Segment::encode(&events).unwrap();
    assert_eq!(unsealed(&segment.bytes).unwrap().0, ZSTD);
    assert!(segment.bytes.len() < 600, "{} bytes", segment.bytes.len());
}

fn second(line: &str) -> Stored {
    Stored {
        first: 5,
        at_ms: 9,
        bytes: sealed(0, format!("{{\"t\":\"run_reopened\"}}\n{line}\n").as_bytes()),
    }
}

#[test]
fn events_of_later_versions_are_named() {
    let damage = read(second(r#"{"t":"agent_dreamt","dream":1}"#), &[]).unwrap_err();
    assert!(
        matches!(&damage, Damage::Unknown { sequence: 6, tag, .. } if tag == "agent_dreamt"),
        "{damage}"
    );
}

#[test]
fn what_does_not_add_up_is_damage() {
    let cases = [
        Vec::new(),
        vec![0; 4],
        sealed(ZSTD, b"no frame"),
        sealed((ZSTD | MARKED) + 1, b""),
    ];
    for bytes in cases {
        let damage = read(
            Stored {
                first: 5,
                at_ms: 9,
                bytes,
            },
            &[],
        )
        .unwrap_err();
        assert!(matches!(damage, Damage::Bytes { first: 5 }), "{damage}");
    }
    let lost = Segment::encode(&[event(0, &"x".repeat(9_000))]).unwrap();
    assert!(matches!(
        read(stored(&lost), &[]),
        Err(Damage::Payload { sequence: 5, .. })
    ));
}
