//! The ids of traces and spans: hashes of places, so that every process gives the same span the same id.

/// The id of the trace that a run belongs to, with all runs that one started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceId(pub [u8; 16]);

impl TraceId {
    /// The trace that a span at `place` is in: that of the run that a person started.
    pub fn of(place: &str) -> Self {
        let root = place.split(['.', '#', '/']).next().unwrap_or_default();
        Self(hash("trace", root))
    }
}

/// The id of the span at a place.
pub fn span_id(place: &str) -> [u8; 8] {
    hash("span", place)
}

/// The first bytes of a hash; all zeros, which mean "no id", do not come out of it in practice.
fn hash<const N: usize>(domain: &str, text: &str) -> [u8; N] {
    let mut hasher = blake3::Hasher::new_derive_key("troupe telemetry 1");
    hasher.update(domain.as_bytes()).update(&[0]).update(text.as_bytes());
    let mut bytes = [0; N];
    hasher.finalize_xof().fill(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_shares_a_trace_and_no_two_places_an_id() {
        let trace = TraceId::of("01A");
        for place in ["01A#2", "01A/check[7]/a1r1", "01A.review-2.sign#3/x", "01A/@12/t1"] {
            assert_eq!(TraceId::of(place), trace, "{place}");
        }
        assert_ne!(TraceId::of("01B"), trace);
        assert_ne!(span_id("01A"), span_id("01A#2"));
        assert_eq!(
            span_id("01A").map(|byte| format!("{byte:02x}")).concat(),
            "93e805f50d932ef1"
        );
    }
}
