//! The report as one page that needs nothing else: the text, a plot of every metric, and what variants score for the
//! tokens that they cost.

use super::summary::{Summary, Variant};
use crate::report::escaped;
use plotters::prelude::*;

/// The page.
pub fn render(summary: &Summary) -> anyhow::Result<String> {
    let title = escaped(&summary.suite);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>\n\
         <style>body{{font:16px sans-serif;margin:2em auto;max-width:60em}}pre{{overflow:auto}}svg{{max-width:100%}}</style>\n\
         <h1>{title}</h1>\n<pre>{}</pre>\n",
        escaped(&super::text(summary))
    );
    let Some(first) = summary.variants.first() else {
        return Ok(page);
    };
    for metric in first.metrics.keys() {
        page.push_str(&plot(summary, metric)?);
        page.push('\n');
    }
    if summary.variants.len() > 1 {
        page.push_str(&worth(summary)?);
    }
    page.push_str("</html>\n");
    Ok(page)
}

/// Every variant as a point: its tokens, and its mean by the first metric that is a share.
fn worth(summary: &Summary) -> anyhow::Result<String> {
    const TOKENS: &str = "total_tokens";
    let Some(metric) = &summary.first_share else {
        return Ok(String::new());
    };
    let mean = |variant: &Variant, metric: &str| Some(variant.metrics.get(metric)?.interval?.mean);
    let of = |variant: &Variant| Some((variant.name.clone(), mean(variant, TOKENS)?, mean(variant, metric)?));
    let points: Vec<(String, f64, f64)> = summary.variants.iter().filter_map(of).collect();
    if points.len() < 2 {
        return Ok(String::new());
    }
    let most = points
        .iter()
        .map(|(_, tokens, _)| *tokens)
        .fold(f64::MIN_POSITIVE, f64::max);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (800, 400)).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .caption(format!("{metric} for {TOKENS} of a question"), ("sans-serif", 18))
            .margin(10)
            .x_label_area_size(24)
            .y_label_area_size(60)
            .build_cartesian_2d(0.0..most * 1.25, 0.0..1.05)?;
        chart.configure_mesh().draw()?;
        chart.draw_series(
            points
                .iter()
                .map(|(_, tokens, score)| Circle::new((*tokens, *score), 5, BLUE.filled())),
        )?;
        chart.draw_series(points.iter().map(|(name, tokens, score)| {
            Text::new(
                name.clone(),
                (*tokens + most * 0.015, *score + 0.015),
                ("sans-serif", 14),
            )
        }))?;
        area.present()?;
    }
    Ok(svg)
}

/// A metric's mean with its interval, for every variant and every group of it.
fn plot(summary: &Summary, metric: &str) -> anyhow::Result<String> {
    let mut points = Vec::new();
    for variant in &summary.variants {
        let groups = variant
            .groups
            .iter()
            .map(|(group, metrics)| (format!("{}: {group}", variant.name), metrics));
        for (label, metrics) in std::iter::once((variant.name.clone(), &variant.metrics)).chain(groups) {
            let interval = metrics.get(metric).and_then(|score| score.interval);
            points.extend(interval.map(|interval| (label, interval)));
        }
    }
    let top = points
        .iter()
        .map(|(_, interval)| interval.high)
        .fold(f64::MIN_POSITIVE, f64::max);
    let mut svg = String::new();
    {
        let height = 70 + 30 * u32::try_from(points.len()).unwrap_or(100);
        let area = SVGBackend::with_string(&mut svg, (800, height)).into_drawing_area();
        let rows = -0.5..points.len() as f64 - 0.5;
        let mut chart = ChartBuilder::on(&area)
            .caption(metric, ("sans-serif", 18))
            .margin(10)
            .x_label_area_size(24)
            .y_label_area_size(160)
            .build_cartesian_2d(0.0..top * 1.05, rows)?;
        let label = |at: &f64| {
            let named = points
                .get(at.round().max(0.0) as usize)
                .filter(|_| (at - at.round()).abs() < 1e-6);
            named.map_or(String::new(), |(label, _)| label.clone())
        };
        chart
            .configure_mesh()
            .disable_y_mesh()
            .y_labels(points.len() * 2 + 1)
            .y_label_formatter(&label)
            .draw()?;
        let bars = points.iter().enumerate();
        chart.draw_series(
            bars.map(|(at, (_, i))| ErrorBar::new_horizontal(at as f64, i.low, i.mean, i.high, BLUE.filled(), 10)),
        )?;
        area.present()?;
    }
    Ok(svg)
}
