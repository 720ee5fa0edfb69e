//! Runs as traces: sent to a collector as they happen, printed and sent again afterwards.

use crate::fixture::{Ended, Place, small};
use crate::server::Server;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use std::collections::{BTreeMap, BTreeSet};

fn with(place: &Place, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    let output = place
        .command(arguments)
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    Ended {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn spans(messages: impl IntoIterator<Item = ExportTraceServiceRequest>) -> Vec<Span> {
    let resources = messages.into_iter().flat_map(|message| message.resource_spans);
    let scopes = resources.flat_map(|resource| resource.scope_spans);
    let mut spans: Vec<Span> = scopes.flat_map(|scope| scope.spans).collect();
    spans.sort_by(|a, b| a.span_id.cmp(&b.span_id));
    spans
}

/// What a collector was sent in protobuf.
fn collected(server: &Server) -> Vec<Span> {
    let requests = server.sent("/v1/traces");
    spans(requests.iter().map(|request| {
        assert!(
            request.head.contains("content-type: application/x-protobuf"),
            "{}",
            request.head
        );
        ExportTraceServiceRequest::decode(request.body.as_slice()).unwrap()
    }))
}

/// The trace of the newest run, from its journal.
fn afterwards(place: &Place) -> Vec<Span> {
    let printed = place.troupe(&["trace", "last", "--format", "otlp-json"]);
    assert_eq!(printed.code, 0, "{printed:?}");
    spans([serde_json::from_str(&printed.stdout).unwrap()])
}

/// The names of spans with those that they are a part of, checked to be one tree in one trace.
fn paths(spans: &[Span]) -> BTreeSet<String> {
    let known: BTreeMap<&[u8], &Span> = spans.iter().map(|span| (span.span_id.as_slice(), span)).collect();
    assert_eq!(known.len(), spans.len(), "every span is told once");
    assert_eq!(
        spans.iter().map(|span| &span.trace_id).collect::<BTreeSet<_>>().len(),
        1
    );
    let roots = spans.iter().filter(|span| span.parent_span_id.is_empty()).count();
    assert_eq!(roots, 1, "{spans:#?}");
    let path = |span: &Span| {
        let (mut path, mut at) = (span.name.clone(), span);
        while !at.parent_span_id.is_empty() {
            at = known[at.parent_span_id.as_slice()];
            path = format!("{} > {path}", at.name);
        }
        path
    };
    spans.iter().map(path).collect()
}

#[test]
fn a_collector_gets_the_tree_that_the_journal_gives_afterwards() {
    let (place, collector) = (small(), Server::collector());
    let run = with(
        &place,
        &["run", "."],
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.address),
            ("OTEL_EXPORTER_OTLP_HEADERS", "x-team=owls"),
            ("OTEL_SERVICE_NAME", "zoo"),
        ],
    );
    assert_eq!(run.code, 0, "{run:?}");
    assert!(!run.stderr.contains("telemetry"), "{run:?}");
    let live = collected(&collector);
    assert_eq!(live, afterwards(&place));
    let paths = paths(&live);
    let above = "invoke_workflow animals > step ask > item ask > invoke_agent seeker";
    for path in [
        above.to_owned(),
        format!("{above} > chat reader"),
        format!("{above} > execute_tool keyword_search"),
    ] {
        assert!(paths.contains(&path), "{path} is not in {paths:#?}");
    }
    let first = &collector.sent("/v1/traces")[0];
    assert!(first.head.contains("x-team: owls"), "{}", first.head);
    let message = ExportTraceServiceRequest::decode(first.body.as_slice()).unwrap();
    let resource = message.resource_spans[0].resource.clone().unwrap();
    assert!(format!("{resource:?}").contains("zoo"), "{resource:?}");
    let everything = format!("{live:?}");
    assert!(
        !everything.contains("How do bats navigate"),
        "contents go along only when asked for"
    );
    metrics(&collector);
}

/// The metrics that came with a run.
fn metrics(collector: &Server) {
    let requests = collector.sent("/v1/metrics");
    let message = ExportMetricsServiceRequest::decode(requests.last().unwrap().body.as_slice()).unwrap();
    let metrics = &message.resource_metrics[0].scope_metrics[0].metrics;
    let names: Vec<&str> = metrics.iter().map(|metric| metric.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "gen_ai.client.operation.duration",
            "gen_ai.client.token.usage",
            "troupe.journal.append.duration",
            "troupe.queue.duration",
            "troupe.runs",
        ]
    );
    for metric in metrics {
        match metric.data.as_ref().unwrap() {
            Data::Histogram(histogram) => histogram.data_points.iter().for_each(|point| {
                assert_eq!(point.bucket_counts.iter().sum::<u64>(), point.count);
                assert_eq!(point.bucket_counts.len(), point.explicit_bounds.len() + 1);
            }),
            Data::Sum(sum) => assert!(sum.is_monotonic && sum.data_points.len() == 1, "{sum:?}"),
            other => panic!("{other:?}"),
        }
    }
}

const ASKS: &str = "troupe: 1\nname: asks\nmodels: { fast: builtin/reader }\ncorpora: { animals: { files: corpus/*.md } }\n\
    agents: { seeker: { model: fast, system: Answer., tools: [animals] } }\n\
    steps:\n  before: { agent: seeker, prompt: How do bats navigate? }\n\
    \x20 sign: { approve: Publish?, needs: before }\n\
    \x20 after: { needs: sign, agent: seeker, prompt: How do owls hunt? }\n";

#[test]
fn a_run_that_another_process_goes_on_with_is_told_in_parts_that_fit() {
    let (place, collector) = (small(), Server::collector());
    place.file("asks.yaml", ASKS);
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address.as_str())];
    let run = with(&place, &["run", "asks.yaml"], &variables);
    assert_eq!(run.code, 3, "{run:?}");
    let before = collected(&collector);
    assert!(
        !before.is_empty() && before.iter().all(|span| !span.parent_span_id.is_empty()),
        "{before:#?}"
    );
    let open = place.troupe(&["trace", "last"]);
    assert!(open.stdout.contains("approve sign  open"), "{open:?}");
    let approve = with(&place, &["approve", "last", "approve"], &variables);
    assert_eq!(approve.code, 0, "{approve:?}");
    let both = collected(&collector);
    assert_eq!(both, afterwards(&place));
    assert!(paths(&both).contains("invoke_workflow asks > step sign > item sign > approve sign"));
}

#[test]
fn a_collector_that_is_down_or_hangs_costs_one_warning() {
    let hangs = Server::start(|_| None::<String>);
    let refuses = Server::start(|_| Some("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"));
    for (address, reason) in [
        (
            "http://127.0.0.1:9",
            "telemetry cannot be sent to http://127.0.0.1:9/v1/traces: ",
        ),
        (&hangs.address, "it does not answer in time"),
        (&refuses.address, "it answers 400 Bad Request"),
    ] {
        let place = small();
        let variables = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", address),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "300"),
        ];
        let run = with(&place, &["run", "."], &variables);
        assert_eq!(run.code, 0, "{run:?}");
        let warnings: Vec<&str> = run.stderr.lines().filter(|line| line.contains("warning:")).collect();
        assert_eq!(warnings.len(), 1, "{run:?}");
        assert!(warnings[0].contains(reason), "{run:?}");
    }
}

#[test]
fn a_trace_is_printed_and_sent_afterwards() {
    let (place, collector) = (small(), Server::collector());
    let run = with(
        &place,
        &["run", "."],
        &[
            ("OTEL_SDK_DISABLED", "true"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.address),
        ],
    );
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(collector.all().len(), 0);
    let tree = place.troupe(&["trace", "last"]);
    let names: Vec<&str> = tree
        .stdout
        .lines()
        .skip(1)
        .map(|line| {
            line.trim_end()
                .split("  ")
                .find(|part| !part.is_empty())
                .unwrap_or_default()
        })
        .collect();
    assert_eq!(
        names[..4],
        ["invoke_workflow animals", "step ask", "item ask", "invoke_agent seeker"],
        "{tree:?}"
    );
    let nowhere = place.troupe(&["trace", "last", "--send"]);
    assert_eq!(nowhere.code, 2, "{nowhere:?}");
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address.as_str()),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
        ("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true"),
    ];
    let sent = with(&place, &["trace", "last", "--send"], &variables);
    assert_eq!(sent.code, 0, "{sent:?}");
    let requests = collector.sent("/v1/traces");
    assert!(requests[0].head.contains("content-type: application/json"));
    let body = String::from_utf8(requests[0].body.clone()).unwrap();
    assert!(body.contains("How do bats navigate"), "{body}");
    let message: ExportTraceServiceRequest = serde_json::from_str(&body).unwrap();
    assert_eq!(paths(&spans([message])), paths(&afterwards(&place)));
}

#[test]
fn developers_see_spans_when_they_ask() {
    let place = small();
    let silent = with(&place, &["run", "."], &[]);
    assert!(!silent.stderr.contains("DEBUG"), "{silent:?}");
    let loud = with(&place, &["run", "."], &[("TROUPE_LOG", "troupe_agents=debug")]);
    assert_eq!(loud.code, 0, "{loud:?}");
    let span = loud
        .stderr
        .lines()
        .find(|line| line.contains(":call{") && line.contains("want=\"model\""));
    let span = span.unwrap_or_else(|| panic!("{loud:?}"));
    for part in [
        "run{run=",
        "workflow=animals}:step{step=ask}:agent{agent=seeker actor=0}:call{call=",
    ] {
        assert!(span.contains(part), "{part} is not in {span}");
    }
    let wrong = with(&place, &["ls"], &[("TROUPE_LOG", "a=b=c")]);
    assert_eq!(wrong.code, 2, "{wrong:?}");
}
