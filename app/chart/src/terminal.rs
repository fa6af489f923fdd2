//! Charts of characters.

use {
    super::{
        Chart, scaled,
        ticks::{label, ticks},
    },
    earnout_sdk::text::names::harmless as safe,
};

/// Signs of the lines, in their order.
const SIGNS: [char; 6] = ['●', '▲', '■', '○', '△', '□'];

/// Lines of the chart's field.
const HEIGHT: u32 = 16;

/// The chart in at most `width` columns. Where lines meet, their signs take turns.
pub fn terminal(chart: &Chart, width: usize) -> String {
    let most = i128::from(chart.most()).max(1);
    let heights = ticks(0, most, 6);
    let labels: Vec<(u32, String)> = heights
        .iter()
        .map(|tick| (scaled(*tick, (0, most), HEIGHT - 1), label(*tick, chart.y.decimals)))
        .collect();
    let margin = labels
        .iter()
        .map(|(_, label)| label.chars().count())
        .max()
        .unwrap_or_default();
    let columns = width.saturating_sub(margin + 3).max(20);

    let mut text = format!("{}\n\n{:>margin$} {}\n", safe(&chart.title), "", safe(&chart.y.label));
    for row in (0..HEIGHT).rev() {
        let tick = labels.iter().find(|(at, _)| *at == row);
        let (label, axis) = tick.map_or(("", '│'), |(_, label)| (label.as_str(), '┤'));
        let cells: String = (0..columns)
            .map(|column| cell(chart, column, columns, row, most))
            .collect();
        text.push_str(format!("{label:>margin$} {axis}{cells}").trim_end());
        text.push('\n');
    }
    text.push_str(&x_axis(chart, margin, columns));
    let legend: Vec<String> = chart
        .lines
        .iter()
        .zip(SIGNS.iter().cycle())
        .map(|(line, sign)| format!("{sign} {}", safe(&line.name)))
        .collect();
    text.push('\n');
    for line in wrapped(&legend, width.saturating_sub(2)) {
        text.push_str(&format!("  {line}\n"));
    }
    text
}

/// The value in the middle of a column: the last point of the chart that is not to the right of it.
fn cell(chart: &Chart, column: usize, columns: usize, row: u32, most: i128) -> char {
    let Some(position) = position(chart, column, columns) else {
        return ' ';
    };
    let here: Vec<char> = chart
        .lines
        .iter()
        .zip(SIGNS.iter().cycle())
        .filter(|(line, _)| {
            let amount = line.amounts.get(position).copied().unwrap_or_default();
            scaled(amount.into(), (0, most), HEIGHT - 1) == row
        })
        .map(|(_, sign)| *sign)
        .collect();
    match here.len() {
        0 if is_marked(chart, column, columns) => '┊',
        0 => ' ',
        several => here.get(column % several).copied().unwrap_or(' '),
    }
}

/// Number of the chart's point that a column shows: the nearest.
fn position(chart: &Chart, column: usize, columns: usize) -> Option<usize> {
    let (from, to) = chart.span();
    let at = |value: i64| scaled(value.into(), (from.into(), to.into()), last(columns));
    let column = u32::try_from(column).ok()?;
    let distances = chart.values.iter().map(|value| at(*value).abs_diff(column));
    let nearest = distances.enumerate().min_by_key(|(_, distance)| *distance)?;
    Some(nearest.0)
}

fn is_marked(chart: &Chart, column: usize, columns: usize) -> bool {
    let (from, to) = chart.span();
    let mark = chart.mark.as_ref().filter(|(value, _)| (from..=to).contains(value));
    mark.is_some_and(|(value, _)| {
        let at = scaled((*value).into(), (from.into(), to.into()), last(columns));
        u32::try_from(column).is_ok_and(|column| column == at)
    })
}

/// Number of the last column.
fn last(columns: usize) -> u32 {
    u32::try_from(columns.saturating_sub(1)).unwrap_or(u32::MAX)
}

/// The line below the field, its numbers and its name.
fn x_axis(chart: &Chart, margin: usize, columns: usize) -> String {
    let (from, to) = chart.span();
    let span = (i128::from(from), i128::from(to));
    let mut axis = vec!['─'; columns];
    let mut numbers = vec![' '; columns + 1];
    let mut free_from = 0;
    for tick in ticks(span.0, span.1, 7) {
        let at = usize::try_from(scaled(tick, span, last(columns))).unwrap_or_default();
        let text: Vec<char> = label(tick, chart.x.decimals).chars().collect();
        // Under its tick, but within the field and apart from the one before.
        let start = at
            .saturating_sub(text.len() / 2)
            .min(numbers.len().saturating_sub(text.len()));
        if let Some(sign) = axis.get_mut(at) {
            *sign = '┬';
        }
        if start < free_from {
            continue;
        }
        free_from = start + text.len() + 1;
        for (slot, sign) in numbers.iter_mut().skip(start).zip(text) {
            *slot = sign;
        }
    }
    let (axis, numbers) = (String::from_iter(axis), String::from_iter(numbers));
    let mut text = format!("{:margin$} └{axis}\n{:margin$}  {}\n", "", "", numbers.trim_end());
    let mark = chart.mark.as_ref().filter(|(value, _)| (from..=to).contains(value));
    let mark = mark.map(|(value, name)| format!("   ┊ {} {}", safe(name), label((*value).into(), chart.x.decimals)));
    text.push_str(&format!(
        "{:margin$}  {}{}\n",
        "",
        safe(&chart.x.label),
        mark.unwrap_or_default()
    ));
    text
}

/// Texts side by side in lines of at most `width` columns.
fn wrapped(texts: &[String], width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for text in texts {
        match lines.last_mut() {
            Some(line) if line.chars().count() + text.chars().count() + 3 <= width => {
                line.push_str("   ");
                line.push_str(text);
            }
            _ => lines.push(text.clone()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use {super::*, expect_test::expect_file};

    #[test]
    fn a_chart_fits_its_width_and_names_its_lines() {
        for width in [60, 80, 120] {
            let text = terminal(&super::super::tests::example(), width);
            for line in text.lines() {
                assert!(
                    line.chars().count() <= width,
                    "{} columns: {line}",
                    line.chars().count()
                );
            }
            assert!(text.contains("● Developer   ▲ Project <Manager>"), "{text}");
        }
    }

    #[test]
    fn lines_rise_where_amounts_do() {
        expect_file!["terminal.txt"].assert_eq(&terminal(&super::super::tests::example(), 60));
    }

    #[test]
    fn hostile_names_stay_in_their_line() {
        let mut chart = super::super::tests::example();
        chart.title = "a\u{1b}[2J\nb".to_owned();
        let text = terminal(&chart, 80);
        assert!(text.starts_with("a\\u{1b}[2J\\u{a}b\n"), "{text}");
    }
}
