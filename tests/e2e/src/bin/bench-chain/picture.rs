//! How time and memory grow with the number of grants, as a drawing.

use {
    crate::{
        figures::{Figures, Step},
        report,
    },
    std::{fmt::Write, fs, path::PathBuf},
};

const FILE: &str = "../../docs/images/growth.svg";

/// Left and upper edge, width and height of each of the two fields.
const FIELDS: [(f64, f64); 2] = [(64.0, 90.0), (496.0, 90.0)];
const WIDTH: f64 = 340.0;
const HEIGHT: f64 = 230.0;

/// The upper end of each field: as a part of the time for each grant of the smallest plan, and MB.
const MOST: [f64; 2] = [1.5, 2_500.0];
/// What was promised, in the same units, and the steps of the scale.
const GOAL: [f64; 2] = [1.2, 500.0];
const STEP: [f64; 2] = [0.25, 500.0];

const STYLE: &str = "text { fill: #1f2328 }
.soft { fill: #59636e }
.scale { stroke: #d0d7de; fill: none }
.goal { stroke: #cf222e; fill: none; stroke-dasharray: 6 4 }
.k0 { stroke: #0969da } .k1 { stroke: #1a7f37 } .k2 { stroke: #9a6700 } .k3 { stroke: #8250df } .k4 { stroke: #bf3989 } .k5 { stroke: #57606a }
.line { fill: none; stroke-width: 2 } .dot { fill: #ffffff; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.soft { fill: #9198a1 }
.scale { stroke: #3d444d }
.goal { stroke: #ff7b72 }
.k0 { stroke: #58a6ff } .k1 { stroke: #3fb950 } .k2 { stroke: #d29922 } .k3 { stroke: #a371f7 } .k4 { stroke: #f778ba } .k5 { stroke: #9198a1 }
.dot { fill: #0d1117 }
}";

/// Draws it.
///
/// # Panics
/// If it cannot be written.
pub fn write(all: &[Figures]) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(FILE);
    fs::write(path, drawing(all)).expect("docs/images/growth.svg");
}

/// Peak memory of each tool, MB, in the order of the times.
fn memory(of: &Figures) -> [f64; 6] {
    let voted: Step = of.period.values.iter().copied().sum();
    let page = of.page.map(|page| page.step).unwrap_or_default();
    let steps = [of.import, voted, of.period.settle, of.period.claim, of.statement, page];
    steps.map(|step| (step.peak_kib * 1_024) as f64 / 1e6)
}

fn drawing(all: &[Figures]) -> String {
    let [first, .., last] = all else {
        panic!("growth needs two sizes");
    };
    let before = report::lines(first);
    let names = before.map(|(name, _)| name);
    let figure = |field: usize, of: &Figures, number: usize| match field {
        0 => report::lines(of)[number].1 / before[number].1,
        _ => memory(of)[number],
    };
    let titles = [
        format!("time for each grant, {} grants = 1", report::count(first.grants.into())),
        "peak memory, MB".to_owned(),
    ];
    let (begin, end) = (f64::from(first.grants).log10(), f64::from(last.grants).log10());
    let across =
        |field: usize, of: &Figures| FIELDS[field].0 + WIDTH * (f64::from(of.grants).log10() - begin) / (end - begin);
    let up = |field: usize, figure: f64| FIELDS[field].1 + HEIGHT * (1.0 - figure.min(MOST[field]) / MOST[field]);

    let mut svg = String::new();
    let description = format!(
        "From {} to {} grants, the time of each tool for each grant does not grow by more than a fifth. Beside that its peak memory.",
        report::count(first.grants.into()),
        report::count(last.grants.into())
    );
    writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 860 372\" width=\"860\" height=\"372\" role=\"img\" \
         aria-labelledby=\"title desc\" font-family=\"system-ui, sans-serif\" font-size=\"13\">\n<title id=\"title\">Growth \
         with the number of grants</title>\n<desc id=\"desc\">{description}</desc>\n<style>\n{STYLE}\n</style>"
    )
    .expect("memory");
    for (number, name) in names.iter().enumerate() {
        let left = 64 + 124 * number;
        writeln!(
            svg,
            "<path class=\"line k{number}\" d=\"M{left} 20h20\"/><text x=\"{}\" y=\"24\">{name}</text>",
            left + 26
        )
        .expect("memory");
    }
    for field in 0..FIELDS.len() {
        let (left, top) = FIELDS[field];
        writeln!(
            svg,
            "<text x=\"{left}\" y=\"{}\" font-weight=\"600\">{}</text>",
            top - 18.0,
            titles[field]
        )
        .expect("memory");
        let mut mark = 0.0;
        while mark <= MOST[field] {
            let y = up(field, mark);
            writeln!(
                svg,
                "<path class=\"scale\" d=\"M{left} {y:.1}h{WIDTH}\"/><text class=\"soft\" x=\"{}\" y=\"{:.1}\" \
                 text-anchor=\"end\" font-size=\"11\">{mark}</text>",
                left - 6.0,
                y + 4.0
            )
            .expect("memory");
            mark += STEP[field];
        }
        let goal = up(field, GOAL[field]);
        writeln!(
            svg,
            "<path class=\"goal\" d=\"M{left} {goal:.1}h{WIDTH}\"/><text class=\"soft\" x=\"{}\" y=\"{:.1}\" \
             text-anchor=\"end\" font-size=\"11\">at most {}</text>",
            left + WIDTH,
            goal - 5.0,
            GOAL[field]
        )
        .expect("memory");
        for of in all {
            writeln!(
                svg,
                "<text class=\"soft\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\" font-size=\"11\">{}</text>",
                across(field, of),
                top + HEIGHT + 20.0,
                report::count(of.grants.into())
            )
            .expect("memory");
        }
        for number in 0..names.len() {
            let figures = all.iter().map(|of| (of, figure(field, of, number)));
            // What gave up has none.
            let points: Vec<(f64, f64)> = figures
                .filter(|(_, figure)| *figure > 0.0)
                .map(|(of, figure)| (across(field, of), up(field, figure)))
                .collect();
            let path: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
            writeln!(svg, "<path class=\"line k{number}\" d=\"M{}\"/>", path.join("L")).expect("memory");
            for (x, y) in points {
                writeln!(
                    svg,
                    "<circle class=\"dot k{number}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>"
                )
                .expect("memory");
            }
        }
        writeln!(
            svg,
            "<text class=\"soft\" x=\"{}\" y=\"{}\" text-anchor=\"middle\" font-size=\"11\">grants</text>",
            left + WIDTH / 2.0,
            top + HEIGHT + 40.0
        )
        .expect("memory");
    }
    svg.push_str("</svg>\n");
    svg
}
