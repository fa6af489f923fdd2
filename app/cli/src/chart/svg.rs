//! Charts as SVG: by itself, without scripts, fonts or pictures from elsewhere, for light and dark pages.

use {
    super::{
        Chart, scaled,
        ticks::{label, ticks},
    },
    crate::shown::text::safe,
    std::fmt::Write,
};

/// Width of the drawing, and the field in it, in tenths of its unit.
const WIDTH: u32 = 8_000;
const TOP: u32 = 640;
const BOTTOM: u32 = 3_640;
const RIGHT: u32 = 7_700;

/// Width of a letter of a tick's label, and of a letter of the legend: as much as most fonts need, tenths.
const LETTER: u32 = 70;

/// Lines and their dashes: told apart without colour too.
const DASHES: [&str; 6] = ["none", "8 4", "2 4", "12 4 2 4", "5 3", "14 5"];

/// Plain rules instead of variables, which some viewers do not know.
const STYLE: &str = "    svg { font: 12px system-ui, sans-serif; }
    .paper { fill: #ffffff; } text { fill: #1f2933; } .title { font-size: 16px; font-weight: 600; }
    .grid { stroke: #d5dbe1; } .axis { stroke: #1f2933; fill: none; } .mark { stroke: #1f2933; stroke-dasharray: 3 3; }
    .line { fill: none; stroke-width: 2.5; stroke-linejoin: round; }
    .l0 { stroke: #0072b2; } .l1 { stroke: #c04a00; } .l2 { stroke: #00795a; }
    .l3 { stroke: #a33e82; } .l4 { stroke: #7d6200; } .l5 { stroke: #56607a; }
    @media (prefers-color-scheme: dark) {
      .paper { fill: #14191e; } text { fill: #e4e9ee; }
      .grid { stroke: #3a4550; } .axis, .mark { stroke: #e4e9ee; }
      .l0 { stroke: #56b4e9; } .l1 { stroke: #f0883e; } .l2 { stroke: #3fc79a; }
      .l3 { stroke: #e08cc4; } .l4 { stroke: #e6c84f; } .l5 { stroke: #aab4cc; }
    }
";

/// The chart as a document of its own.
pub fn svg(chart: &Chart) -> String {
    let (from, to) = chart.span();
    let span = (i128::from(from), i128::from(to));
    let most = i128::from(chart.most()).max(1);
    // The field ends at a round number, so that the highest line has room.
    let heights = ticks(0, most, 6);
    let step = heights.get(1).copied().unwrap_or(1).max(1);
    let top = (most + step - 1) / step * step;
    let heights = ticks(0, top, 8);
    let labels: Vec<String> = heights.iter().map(|tick| label(*tick, chart.y.decimals)).collect();
    let longest = labels
        .iter()
        .map(|label| label.chars().count())
        .max()
        .unwrap_or_default();
    let left = 200 + LETTER * u32::try_from(longest).unwrap_or(20).min(30);
    let x = |value: i128| left + scaled(value, span, RIGHT - left);
    let y = |amount: i128| BOTTOM - scaled(amount, (0, top), BOTTOM - TOP);

    let places = legend(chart, left);
    let height = places.last().map_or(BOTTOM, |(_, y, _)| *y) + 300;
    let mut out = String::new();
    // Writing to a text cannot fail.
    let _ = write_head(&mut out, chart, height);
    let mut put = |line: std::fmt::Arguments| {
        let _ = writeln!(out, "  {line}");
    };
    for (tick, label) in heights.iter().zip(&labels) {
        let at = y(*tick);
        put(format_args!(
            "<path class=\"grid\" d=\"M{} {at}H{}\"/>",
            tenths(left),
            tenths(RIGHT),
            at = tenths(at)
        ));
        put(format_args!(
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{label}</text>",
            tenths(left - 80),
            tenths(at + 40)
        ));
    }
    let room = u32::try_from(label(to.into(), chart.x.decimals).chars().count())
        .unwrap_or(20)
        .max(4);
    let count = ((RIGHT - left) / (LETTER * (room + 2))).clamp(2, 9);
    for tick in ticks(span.0, span.1, count) {
        let at = x(tick);
        put(format_args!(
            "<path class=\"axis\" d=\"M{} {}v5\"/>",
            tenths(at),
            tenths(BOTTOM)
        ));
        put(format_args!(
            "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            tenths(at),
            tenths(BOTTOM + 200),
            label(tick, chart.x.decimals)
        ));
    }
    put(format_args!(
        "<path class=\"axis\" d=\"M{} {}V{}H{}\"/>",
        tenths(left),
        tenths(TOP),
        tenths(BOTTOM),
        tenths(RIGHT)
    ));
    put(format_args!(
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
        tenths(left + (RIGHT - left) / 2),
        tenths(BOTTOM + 420),
        escaped(&chart.x.label)
    ));
    put(format_args!(
        "<text x=\"{}\" y=\"{}\">{}</text>",
        tenths(left),
        tenths(TOP - 90),
        escaped(&chart.y.label)
    ));
    if let Some((value, name)) = chart.mark.as_ref().filter(|(value, _)| (from..=to).contains(value)) {
        let at = x((*value).into());
        put(format_args!(
            "<path class=\"mark\" d=\"M{} {}V{}\"/>",
            tenths(at),
            tenths(TOP),
            tenths(BOTTOM)
        ));
        put(format_args!(
            "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            tenths(at),
            tenths(TOP - 90),
            escaped(name)
        ));
    }
    for (number, line) in chart.lines.iter().enumerate() {
        let points: Vec<String> = chart
            .values
            .iter()
            .zip(&line.amounts)
            .map(|(value, amount)| format!("{},{}", tenths(x((*value).into())), tenths(y((*amount).into()))))
            .collect();
        put(format_args!(
            "<polyline class=\"line l{}\" stroke-dasharray=\"{}\" points=\"{}\"/>",
            number % DASHES.len(),
            DASHES[number % DASHES.len()],
            points.join(" ")
        ));
    }
    for (number, (x, y, name)) in places.iter().enumerate() {
        put(format_args!(
            "<path class=\"line l{}\" stroke-dasharray=\"{}\" d=\"M{} {}h28\"/>",
            number % DASHES.len(),
            DASHES[number % DASHES.len()],
            tenths(*x),
            tenths(y - 40)
        ));
        put(format_args!(
            "<text x=\"{}\" y=\"{}\">{}</text>",
            tenths(x + 340),
            tenths(*y),
            escaped(name)
        ));
    }
    out.push_str("</svg>\n");
    out
}

fn write_head(out: &mut String, chart: &Chart, height: u32) -> std::fmt::Result {
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" role=\"img\" aria-labelledby=\"title desc\">",
        tenths(WIDTH),
        tenths(height)
    )?;
    writeln!(out, "  <title id=\"title\">{}</title>", escaped(&chart.title))?;
    writeln!(out, "  <desc id=\"desc\">{}</desc>", escaped(&chart.description))?;
    writeln!(out, "  <style>\n{STYLE}  </style>")?;
    writeln!(out, "  <rect class=\"paper\" width=\"100%\" height=\"100%\"/>")?;
    writeln!(
        out,
        "  <text class=\"title\" x=\"{}\" y=\"{}\">{}</text>",
        tenths(200),
        tenths(280),
        escaped(&chart.title)
    )
}

/// Where each line's name stands, in rows below the field.
fn legend(chart: &Chart, left: u32) -> Vec<(u32, u32, String)> {
    let (mut x, mut y) = (left, BOTTOM + 660);
    let mut places = Vec::new();
    for line in &chart.lines {
        let name = shortened(&line.name);
        let width = 450 + LETTER * u32::try_from(name.chars().count()).unwrap_or(40);
        if x > left && x + width > RIGHT {
            (x, y) = (left, y + 180);
        }
        places.push((x, y, name));
        x += width;
    }
    places
}

/// A name as it fits into the legend.
fn shortened(name: &str) -> String {
    if name.chars().count() <= 40 {
        return name.to_owned();
    }
    let start: String = name.chars().take(39).collect();
    format!("{start}…")
}

/// Tenths as a decimal number.
fn tenths(number: u32) -> String {
    match number % 10 {
        0 => (number / 10).to_string(),
        tenth => format!("{}.{tenth}", number / 10),
    }
}

/// Text that is neither markup nor moves what stands beside it.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in safe(text).chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use {super::*, expect_test::expect_file};

    #[test]
    fn a_drawing_is_as_it_was_looked_at() {
        expect_file!["drawing.svg"].assert_eq(&svg(&super::super::tests::example()));
    }

    #[test]
    fn names_are_text_and_not_markup() {
        let mut chart = super::super::tests::example();
        chart.title = "</title><script>alert(1)</script>".to_owned();
        let drawn = svg(&chart);
        assert!(!drawn.contains("<script"), "{drawn}");
        assert!(drawn.contains("&lt;/title&gt;&lt;script&gt;"), "{drawn}");
    }

    #[test]
    fn a_chart_without_amounts_is_drawn() {
        let mut chart = super::super::tests::example();
        chart.values = vec![5];
        chart.mark = None;
        for line in &mut chart.lines {
            line.amounts = vec![0];
        }
        assert!(svg(&chart).ends_with("</svg>\n"));
    }
}
