//! Charts as SVG: by itself, without scripts, fonts or pictures from elsewhere, for light and dark pages.

use crate::{
    Chart,
    drawing::{Drawing, Field, LETTER, Scale, joined, shortened, tenths},
    scaled,
    ticks::{label, ticks},
};

/// Width of the drawing, and the field in it, in tenths of its unit.
const WIDTH: u32 = 8_000;
const TOP: u32 = 640;
const BOTTOM: u32 = 3_640;
const RIGHT: u32 = 7_700;

/// Lines and their dashes: told apart without colour too.
const DASHES: [&str; 6] = ["none", "8 4", "2 4", "12 4 2 4", "5 3", "14 5"];

/// The chart as a document of its own.
pub fn svg(chart: &Chart) -> String {
    let (from, to) = chart.span();
    let span = (i128::from(from), i128::from(to));
    let scale = Scale::new(chart.most(), chart.y.decimals, 6);
    let field = Field {
        left: scale.margin(),
        right: RIGHT,
        top: TOP,
        bottom: BOTTOM,
        scale,
    };
    let left = field.left;
    let x = |value: i128| left + scaled(value, span, RIGHT - left);

    let places = legend(chart, left);
    let height = places.last().map_or(BOTTOM, |(_, y, _)| *y) + 300;
    let mut drawing = Drawing::begin((&chart.title, &chart.description), (WIDTH, height), None, "");
    field.grid(&mut drawing);
    let room = u32::try_from(label(to.into(), chart.x.decimals).chars().count())
        .unwrap_or(20)
        .max(4);
    let count = ((RIGHT - left) / (LETTER * (room + 2))).clamp(2, 9);
    for tick in ticks(span.0, span.1, count) {
        field.tick(x(tick), &mut drawing);
        drawing.anchored((x(tick), BOTTOM + 200), "middle", &label(tick, chart.x.decimals));
    }
    field.axes(&mut drawing);
    drawing.anchored((left + (RIGHT - left) / 2, BOTTOM + 420), "middle", &chart.x.label);
    drawing.text((left, TOP - 90), &chart.y.label);
    if let Some((value, name)) = chart.mark.as_ref().filter(|(value, _)| (from..=to).contains(value)) {
        let at = x((*value).into());
        drawing.put(format_args!(
            "<path class=\"mark\" d=\"M{} {}V{}\"/>",
            tenths(at),
            tenths(TOP),
            tenths(BOTTOM)
        ));
        drawing.anchored((at, TOP - 90), "middle", name);
    }
    for (number, line) in chart.lines.iter().enumerate() {
        let points = chart.values.iter().zip(&line.amounts);
        let points = points.map(|(value, amount)| (x((*value).into()), field.y((*amount).into())));
        drawing.put(format_args!(
            "<polyline class=\"line l{}\" stroke-dasharray=\"{}\" points=\"{}\"/>",
            number % DASHES.len(),
            DASHES[number % DASHES.len()],
            joined(points)
        ));
    }
    for (number, (x, y, name)) in places.iter().enumerate() {
        drawing.put(format_args!(
            "<path class=\"line l{}\" stroke-dasharray=\"{}\" d=\"M{} {}h28\"/>",
            number % DASHES.len(),
            DASHES[number % DASHES.len()],
            tenths(*x),
            tenths(y - 40)
        ));
        drawing.text((x + 340, *y), name);
    }
    drawing.end()
}

/// Where each line's name stands, in rows below the field.
fn legend(chart: &Chart, left: u32) -> Vec<(u32, u32, String)> {
    let (mut x, mut y) = (left, BOTTOM + 660);
    let mut places = Vec::new();
    for line in &chart.lines {
        let name = shortened(&line.name, 40);
        let width = 450 + LETTER * u32::try_from(name.chars().count()).unwrap_or(40);
        if x > left && x + width > RIGHT {
            (x, y) = (left, y + 180);
        }
        places.push((x, y, name));
        x += width;
    }
    places
}

#[cfg(test)]
mod tests {
    use {super::*, expect_test::expect_file};

    #[test]
    fn a_drawing_is_as_it_was_looked_at() {
        expect_file!["drawing.svg"].assert_eq(&svg(&crate::tests::example()));
    }

    #[test]
    fn names_are_text_and_not_markup() {
        let mut chart = crate::tests::example();
        chart.title = "</title><script>alert(1)</script>".to_owned();
        let drawn = svg(&chart);
        assert!(!drawn.contains("<script"), "{drawn}");
        assert!(drawn.contains("&lt;/title&gt;&lt;script&gt;"), "{drawn}");
    }

    #[test]
    fn a_chart_without_amounts_is_drawn() {
        let mut chart = crate::tests::example();
        chart.values = vec![5];
        chart.mark = None;
        for line in &mut chart.lines {
            line.amounts = vec![0];
        }
        assert!(svg(&chart).ends_with("</svg>\n"));
    }
}
