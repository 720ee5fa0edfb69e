//! Spans and metrics as the messages of OTLP.

use super::ids::{TraceId, span_id};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link, SpanKind};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span as Message, Status};
use troupe_core::Value;
use troupe_core::view::metrics::Series;
use troupe_core::view::trace::names::SCHEMA_URL;
use troupe_core::view::trace::{Attribute, Span, SpanStatus};

/// Spans, as one message.
pub fn traces(resource: &[(String, String)], spans: &[Span]) -> ExportTraceServiceRequest {
    let scope = ScopeSpans {
        scope: Some(scope()),
        spans: spans.iter().map(span).collect(),
        schema_url: SCHEMA_URL.into(),
    };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(described(resource)),
            scope_spans: vec![scope],
            schema_url: SCHEMA_URL.into(),
        }],
    }
}

/// The same as JSON text.
///
/// # Errors
/// When a message cannot be written as JSON.
pub fn traces_json(resource: &[(String, String)], spans: &[Span]) -> anyhow::Result<String> {
    Ok(serde_json::to_string(&traces(resource, spans))?)
}

/// Everything that was counted between two times, as one message.
pub fn metrics(
    resource: &[(String, String)],
    series: &[Series],
    start_ms: u64,
    end_ms: u64,
) -> ExportMetricsServiceRequest {
    let mut metrics: Vec<Metric> = Vec::new();
    for series in series {
        let known = metrics.iter_mut().find(|metric| metric.name == series.instrument.name);
        match known {
            Some(metric) => push(metric, series, start_ms, end_ms),
            None => {
                let mut metric = instrument(series);
                push(&mut metric, series, start_ms, end_ms);
                metrics.push(metric);
            }
        }
    }
    let scope = ScopeMetrics {
        scope: Some(scope()),
        metrics,
        schema_url: SCHEMA_URL.into(),
    };
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(described(resource)),
            scope_metrics: vec![scope],
            schema_url: SCHEMA_URL.into(),
        }],
    }
}

fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: "troupe".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        ..Default::default()
    }
}

fn described(resource: &[(String, String)]) -> Resource {
    let attributes = resource
        .iter()
        .map(|(name, value)| key_value(name, &value.as_str().into()));
    Resource {
        attributes: attributes.collect(),
        ..Default::default()
    }
}

fn span(span: &Span) -> Message {
    let id = |place: &str| span_id(place).to_vec();
    let kind = if span.is_client {
        SpanKind::Client
    } else {
        SpanKind::Internal
    };
    let (code, message) = match &span.status {
        SpanStatus::Unset => (StatusCode::Unset, String::new()),
        SpanStatus::Ok => (StatusCode::Ok, String::new()),
        SpanStatus::Error(message) => (StatusCode::Error, message.clone()),
    };
    let link = span.link.iter().map(|place| Link {
        trace_id: TraceId::of(place).0.to_vec(),
        span_id: id(place),
        ..Default::default()
    });
    Message {
        trace_id: TraceId::of(&span.place).0.to_vec(),
        span_id: id(&span.place),
        parent_span_id: span.parent.as_deref().map(id).unwrap_or_default(),
        name: span.name.clone(),
        kind: kind.into(),
        start_time_unix_nano: nanoseconds(span.start_ms),
        end_time_unix_nano: nanoseconds(span.end_ms.unwrap_or(span.start_ms)),
        attributes: attributes(&span.attributes),
        events: span
            .events
            .iter()
            .map(|event| Event {
                time_unix_nano: nanoseconds(event.at_ms),
                name: event.name.into(),
                attributes: attributes(&event.attributes),
                ..Default::default()
            })
            .collect(),
        links: link.collect(),
        status: Some(Status {
            message,
            code: code.into(),
        }),
        ..Default::default()
    }
}

fn nanoseconds(ms: u64) -> u64 {
    ms.saturating_mul(1_000_000)
}

fn attributes(attributes: &[Attribute]) -> Vec<KeyValue> {
    attributes.iter().map(|(name, value)| key_value(name, value)).collect()
}

fn key_value(name: &str, value: &Value) -> KeyValue {
    KeyValue {
        key: name.into(),
        value: Some(any(value)),
        ..Default::default()
    }
}

fn any(value: &Value) -> AnyValue {
    let value = match value {
        Value::Null => None,
        Value::Bool(flag) => Some(Any::BoolValue(*flag)),
        Value::Number(number) => Some(match number.as_i64() {
            Some(whole) => Any::IntValue(whole),
            None => Any::DoubleValue(number.as_f64().unwrap_or_default()),
        }),
        Value::String(text) => Some(Any::StringValue(text.clone())),
        Value::Array(items) => Some(Any::ArrayValue(ArrayValue {
            values: items.iter().map(any).collect(),
        })),
        Value::Object(_) => Some(Any::StringValue(value.to_string())),
    };
    AnyValue { value }
}

fn instrument(series: &Series) -> Metric {
    let instrument = series.instrument;
    let temporality = AggregationTemporality::Cumulative.into();
    let data = if instrument.bounds.is_empty() {
        Data::Sum(Sum {
            data_points: Vec::new(),
            aggregation_temporality: temporality,
            is_monotonic: true,
        })
    } else {
        Data::Histogram(Histogram {
            data_points: Vec::new(),
            aggregation_temporality: temporality,
        })
    };
    Metric {
        name: instrument.name.into(),
        description: instrument.about.into(),
        unit: instrument.unit.into(),
        data: Some(data),
        ..Default::default()
    }
}

fn push(metric: &mut Metric, series: &Series, start_ms: u64, end_ms: u64) {
    let (start, end) = (nanoseconds(start_ms), nanoseconds(end_ms));
    match &mut metric.data {
        Some(Data::Sum(sum)) => sum.data_points.push(NumberDataPoint {
            attributes: attributes(&series.attributes),
            start_time_unix_nano: start,
            time_unix_nano: end,
            value: Some(Number::AsInt(i64::try_from(series.count).unwrap_or(i64::MAX))),
            ..Default::default()
        }),
        Some(Data::Histogram(histogram)) => histogram.data_points.push(HistogramDataPoint {
            attributes: attributes(&series.attributes),
            start_time_unix_nano: start,
            time_unix_nano: end,
            count: series.count,
            sum: Some(series.sum),
            bucket_counts: series.buckets.clone(),
            explicit_bounds: series.instrument.bounds.to_vec(),
            ..Default::default()
        }),
        _ => {}
    }
}
