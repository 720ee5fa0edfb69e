//! The report as one page that needs nothing else: the text, and a plot of every share.

use super::summary::Summary;
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
    page.push_str("</html>\n");
    Ok(page)
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
