//! Variables in, options out.

use super::*;

fn read(variables: &[(&str, &str)]) -> Options {
    Options::read(&|name| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn without_an_endpoint_nothing_is_exported() {
    assert!(read(&[]).is_off());
    assert!(read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")]).is_off());
    let disabled = [
        ("OTEL_SDK_DISABLED", "TRUE"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a"),
    ];
    assert!(read(&disabled).is_off());
}

#[test]
fn one_endpoint_serves_both_signals_and_a_signal_may_have_its_own() {
    let options = read(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:4318/"),
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://b/push"),
        ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "http/json"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20k%2C1, x=y"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "250"),
    ]);
    let (traces, metrics) = (options.traces.unwrap(), options.metrics.unwrap());
    assert_eq!(
        (traces.url.as_str(), traces.protocol),
        ("http://a:4318/v1/traces", Protocol::Protobuf)
    );
    assert_eq!(
        (metrics.url.as_str(), metrics.protocol),
        ("http://b/push", Protocol::Json)
    );
    assert_eq!(traces.timeout, Duration::from_millis(250));
    let headers: Vec<(&str, &str)> = traces
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.0.as_str()))
        .collect();
    assert_eq!(headers, [("authorization", "Bearer k,1"), ("x", "y")]);
    assert!(!format!("{traces:?}").contains("Bearer"), "{traces:?}");
}

#[test]
fn exporters_are_chosen_by_name() {
    let options = read(&[("OTEL_TRACES_EXPORTER", "otlp"), ("OTEL_METRICS_EXPORTER", "none")]);
    assert_eq!(options.traces.unwrap().url, "http://localhost:4318/v1/traces");
    assert_eq!(options.metrics, None);
    let options = read(&[
        ("OTEL_TRACES_EXPORTER", "zipkin"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a"),
    ]);
    assert_eq!(options.traces, None);
    assert_eq!(options.warnings.len(), 1, "{:?}", options.warnings);
}

#[test]
fn grpc_is_refused_in_words_and_once() {
    let options = read(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:4317"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
    ]);
    assert!(options.is_off());
    assert_eq!(options.warnings.len(), 1, "{:?}", options.warnings);
    assert!(options.warnings[0].contains("`grpc`"), "{:?}", options.warnings);
}

#[test]
fn the_service_has_a_name_and_contents_are_asked_for() {
    let name = |options: &Options| options.resource[0].clone();
    assert_eq!(name(&read(&[])), ("service.name".into(), "troupe".into()));
    let options = read(&[
        ("OTEL_SERVICE_NAME", "papers"),
        ("OTEL_RESOURCE_ATTRIBUTES", "service.name=other,team=a"),
        ("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "True"),
    ]);
    assert_eq!(name(&options), ("service.name".into(), "papers".into()));
    assert_eq!(options.resource[1], ("team".into(), "a".into()));
    assert!(options.contents && !read(&[]).contents);
    assert!(read(&[("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "SPAN_ONLY")]).contents);
}
