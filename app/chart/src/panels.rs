//! Several things over the same periods, one below the other: narrow enough for a phone.

use crate::{
    drawing::{Drawing, Field, LETTER, Scale, joined, shortened, tenths},
    ticks::label,
};

/// Width of the drawing and the right edge of its fields, in tenths of its unit.
const WIDTH: u32 = 4_000;
const RIGHT: u32 = 3_850;

/// Width at which it is shown where there is room.
const SHOWN: u32 = 480;

/// Where the first field's heading is, and what a field takes: heading, field, and names of the periods.
const FIRST: u32 = 560;
const HEADING: u32 = 200;
const FIELD: u32 = 1_000;
const NAMES: u32 = 420;

/// Letters of a heading and of an entry of the legend that fit.
const LONGEST: usize = 50;

/// Most amounts that are written beside their points.
const MOST_WRITTEN: usize = 9;

/// How far a line goes up to a neighbour that a number above the point would be in its way.
const STEEP: u32 = 150;

/// Bars that reached their limit are striped, to be told apart without colour too.
const STYLE: &str =
    "    .bar { fill: #0072b2; } .hit { fill: url(#stripes); stroke: #c04a00; } .stripe { stroke: #c04a00; }
    .limit { fill: none; stroke: #1f2933; stroke-width: 2; stroke-dasharray: 5 3; } .heading { font-weight: 600; }
    .point { fill: #0072b2; } .written text { stroke: #ffffff; stroke-width: 4px; paint-order: stroke; }
    @media (prefers-color-scheme: dark) {
      .written text { stroke: #14191e; }
      .bar, .point { fill: #56b4e9; } .hit, .stripe { stroke: #f0883e; } .limit { stroke: #e4e9ee; }
    }
";

/// Panels over the same periods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panels {
    /// What they show, in a few words.
    pub title: String,
    /// The same in sentences, for those who cannot see it.
    pub description: String,
    /// Names of the periods.
    pub periods: Vec<String>,
    /// From top to bottom.
    pub panels: Vec<Panel>,
    /// What a bar shows, what a bar shows that reached its limit, and what the dashed lines show; those that are empty
    /// are left out.
    pub legend: [String; 3],
}

/// One panel. Its amounts begin at 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panel {
    /// What it shows, and its unit.
    pub heading: String,
    /// Decimals of all its amounts.
    pub decimals: u8,
    /// What its bars or its line show.
    pub shown: Shown,
}

/// How a panel shows its amounts. Each list has one for each period; none where there is nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Points on a line.
    Line(Vec<Option<u64>>),
    /// Bars.
    Bars(Bars),
}

/// Bars with a limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bars {
    /// How high they are.
    pub amounts: Vec<Option<u64>>,
    /// Whether the limit was reached.
    pub hit: Vec<bool>,
    /// The limit, a dashed line.
    pub limits: Vec<Option<u64>>,
    /// What stands above them and their limits, where there is room.
    pub notes: Vec<String>,
}

impl Panel {
    /// The largest amount.
    fn most(&self) -> u64 {
        let (amounts, limits) = match &self.shown {
            Shown::Line(amounts) => (amounts, &[][..]),
            Shown::Bars(bars) => (&bars.amounts, bars.limits.as_slice()),
        };
        amounts
            .iter()
            .chain(limits)
            .flatten()
            .copied()
            .max()
            .unwrap_or_default()
    }
}

/// Where the periods are.
struct Slots {
    left: u32,
    count: u32,
}

impl Slots {
    fn edge(&self, index: u32) -> u32 {
        self.left + (RIGHT - self.left) * index.min(self.count) / self.count.max(1)
    }

    fn middle(&self, index: u32) -> u32 {
        self.edge(index).midpoint(self.edge(index + 1))
    }

    fn width(&self) -> u32 {
        (RIGHT - self.left) / self.count.max(1)
    }
}

impl Panels {
    /// The panels as a document of its own.
    #[must_use]
    pub fn svg(&self) -> String {
        let scales = self
            .panels
            .iter()
            .map(|panel| Scale::new(panel.most(), panel.decimals, 4));
        let scales: Vec<Scale> = scales.collect();
        let slots = Slots {
            left: scales.iter().map(Scale::margin).max().unwrap_or(200).min(RIGHT / 2),
            count: u32::try_from(self.periods.len()).unwrap_or(u32::MAX).max(1),
        };
        let count = u32::try_from(self.panels.len()).unwrap_or_default();
        let below = FIRST + count * (HEADING + FIELD + NAMES);
        let entries = self.legend.iter().filter(|text| !text.is_empty()).count();
        let height = below + 200 * u32::try_from(entries).unwrap_or_default();
        let texts = (self.title.as_str(), self.description.as_str());
        let mut drawing = Drawing::begin(texts, (WIDTH, height), Some(SHOWN), STYLE);
        drawing.put(format_args!(
            "<pattern id=\"stripes\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" \
             patternTransform=\"rotate(45)\"><path class=\"stripe\" stroke-width=\"4\" d=\"M0 0V5\"/></pattern>"
        ));
        let mut top = FIRST;
        for (panel, scale) in self.panels.iter().zip(scales) {
            let field = Field {
                left: slots.left,
                right: RIGHT,
                top: top + HEADING,
                bottom: top + HEADING + FIELD,
                scale,
            };
            drawing.put(format_args!("<g class=\"heading\">"));
            drawing.text((200, top), &shortened(&panel.heading, LONGEST));
            drawing.put(format_args!("</g>"));
            field.grid(&mut drawing);
            match &panel.shown {
                Shown::Line(amounts) => line(&mut drawing, &field, &slots, (amounts, panel.decimals)),
                Shown::Bars(bars) => draw_bars(&mut drawing, &field, &slots, bars),
            }
            field.axes(&mut drawing);
            self.names(&mut drawing, &field, &slots);
            top += HEADING + FIELD + NAMES;
        }
        self.write_legend(&mut drawing, below);
        drawing.end()
    }

    /// Writes the names of the periods below a field, as many as there is room for.
    fn names(&self, drawing: &mut Drawing, field: &Field, slots: &Slots) {
        let longest = self.periods.iter().map(|name| name.chars().count()).max();
        let room = LETTER * (u32::try_from(longest.unwrap_or_default()).unwrap_or(20).min(30) + 2);
        let every = room.div_ceil(slots.width().max(1)).max(1);
        for (index, name) in (0u32..).zip(&self.periods) {
            if index.is_multiple_of(every) {
                let x = slots.middle(index);
                field.tick(x, drawing);
                drawing.anchored((x, field.bottom + 190), "middle", name);
            }
        }
    }

    fn write_legend(&self, drawing: &mut Drawing, mut y: u32) {
        for (index, text) in self.legend.iter().enumerate().filter(|(_, text)| !text.is_empty()) {
            match index {
                2 => drawing.put(format_args!("<path class=\"limit\" d=\"M20 {}h28\"/>", tenths(y - 40))),
                _ => rect(drawing, index == 1, (200, y - 90), (280, 100)),
            }
            drawing.text((540, y), &shortened(text, LONGEST));
            y += 200;
        }
    }
}

/// Draws points, the lines between them, and the amounts if there is room.
fn line(drawing: &mut Drawing, field: &Field, slots: &Slots, (amounts, decimals): (&[Option<u64>], u8)) {
    let points: Vec<(u32, u32, u64)> = (0u32..)
        .zip(amounts)
        .filter_map(|(index, amount)| Some((slots.middle(index), field.y((*amount)?.into()), (*amount)?)))
        .collect();
    drawing.put(format_args!(
        "<polyline class=\"line l0\" points=\"{}\"/>",
        joined(points.iter().map(|(x, y, _)| (*x, *y)))
    ));
    for (x, y, _) in &points {
        drawing.put(format_args!(
            "<circle class=\"point\" cx=\"{}\" cy=\"{}\" r=\"3.5\"/>",
            tenths(*x),
            tenths(*y)
        ));
    }
    if points.len() > MOST_WRITTEN {
        return;
    }
    drawing.put(format_args!("<g class=\"written\">"));
    for (index, (x, y, amount)) in points.iter().enumerate() {
        let text = label((*amount).into(), decimals);
        let above = |other: Option<usize>| {
            let other = other.and_then(|other| points.get(other));
            other.map_or(0, |(_, other, _)| y.saturating_sub(*other))
        };
        let (before, after) = (above(index.checked_sub(1)), above(index.checked_add(1)));
        // Beside a line that comes down steeply or goes up, and not on it.
        match (before, after) {
            (STEEP.., 0) => drawing.anchored((x - 80, y - 80), "start", &text),
            (0, STEEP..) => drawing.anchored((x + 80, y - 80), "end", &text),
            _ => drawing.anchored((*x, y - 80), "middle", &text),
        }
    }
    drawing.put(format_args!("</g>"));
}

/// Draws bars and their limits.
fn draw_bars(drawing: &mut Drawing, field: &Field, slots: &Slots, bars: &Bars) {
    let fifth = slots.width() / 5;
    for (index, amount) in (0u32..).zip(&bars.amounts) {
        let Some(amount) = amount else { continue };
        let hit = usize::try_from(index).ok().and_then(|index| bars.hit.get(index));
        let (left, y) = (slots.edge(index) + fifth, field.y((*amount).into()));
        let size = (slots.edge(index + 1) - fifth - left, field.bottom - y);
        rect(drawing, hit.copied().unwrap_or_default(), (left, y), size);
    }
    let mut path = String::new();
    let mut before = None;
    for (index, limit) in (0u32..).zip(&bars.limits) {
        if let Some(limit) = limit {
            let y = tenths(field.y((*limit).into()));
            match before {
                // A step up or down goes on with the line.
                Some(_) => path.push_str(&format!("V{y}")),
                None => path.push_str(&format!("M{} {y}", tenths(slots.edge(index)))),
            }
            path.push_str(&format!("H{}", tenths(slots.edge(index + 1))));
        }
        before = *limit;
    }
    if !path.is_empty() {
        drawing.put(format_args!("<path class=\"limit\" d=\"{path}\"/>"));
    }
    notes(drawing, field, slots, bars);
}

/// Writes what stands above bars, if each of the texts fits above its own.
fn notes(drawing: &mut Drawing, field: &Field, slots: &Slots, bars: &Bars) {
    // Signs, points and spaces are half as wide as a letter.
    let width = |note: &String| {
        let halves = note.chars().map(|letter| if "-−.,: ".contains(letter) { 1 } else { 2 });
        halves.sum::<u32>() * LETTER / 2
    };
    if bars
        .notes
        .iter()
        .map(width)
        .max()
        .is_none_or(|widest| widest > slots.width())
    {
        return;
    }
    drawing.put(format_args!("<g class=\"written\">"));
    for (index, note) in (0u32..).zip(&bars.notes) {
        let of = |amounts: &[Option<u64>]| {
            let place = usize::try_from(index).ok()?;
            amounts.get(place).copied().flatten()
        };
        let top = of(&bars.amounts).max(of(&bars.limits)).unwrap_or_default();
        drawing.anchored((slots.middle(index), field.y(top.into()) - 60), "middle", note);
    }
    drawing.put(format_args!("</g>"));
}

fn rect(drawing: &mut Drawing, hit: bool, (x, y): (u32, u32), (width, height): (u32, u32)) {
    let class = if hit { "hit" } else { "bar" };
    drawing.put(format_args!(
        "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
        tenths(x),
        tenths(y),
        tenths(width),
        tenths(height)
    ));
}

#[cfg(test)]
mod tests {
    use {super::*, expect_test::expect_file};

    fn example() -> Panels {
        Panels {
            title: "Price and pay".to_owned(),
            description: "A price falls & a cap is reached.".to_owned(),
            periods: ["2027-Q1", "2027-Q2", "2027-Q3"].map(str::to_owned).to_vec(),
            panels: vec![
                Panel {
                    heading: "Price, USD".to_owned(),
                    decimals: 4,
                    shown: Shown::Line(vec![Some(5_000), None, Some(50)]),
                },
                Panel {
                    heading: "Tokens of <Developer>".to_owned(),
                    decimals: 2,
                    shown: Shown::Bars(Bars {
                        amounts: vec![Some(100_000), None, Some(950_000)],
                        hit: vec![false, false, true],
                        limits: vec![Some(1_000_000), None, Some(1_000_000)],
                        notes: Vec::new(),
                    }),
                },
            ],
            legend: ["earned", "earned, cap reached", "cap"].map(str::to_owned),
        }
    }

    #[test]
    fn panels_are_as_they_were_looked_at() {
        expect_file!["panels.svg"].assert_eq(&example().svg());
    }

    #[test]
    fn many_periods_are_drawn_without_their_amounts() {
        let mut panels = example();
        panels.periods = (1..=120).map(|number| format!("period {number}")).collect();
        panels.panels[0].shown = Shown::Line(vec![Some(1); 120]);
        let drawn = panels.svg();
        assert_eq!(drawn.matches("<circle").count(), 120);
        assert!(drawn.matches(">period ").count() < 20, "{drawn}");
        assert!(!drawn.contains("written\">"), "{drawn}");
    }

    #[test]
    fn notes_stand_above_bars_where_there_is_room() {
        let mut panels = example();
        let Shown::Bars(bars) = &mut panels.panels[1].shown else {
            panic!()
        };
        bars.notes = ["-19.71 %", "", "<3 %"].map(str::to_owned).to_vec();
        let drawn = panels.svg();
        assert!(
            drawn.contains(">-19.71 %</text>") && drawn.contains(">&lt;3 %</text>"),
            "{drawn}"
        );
        let Shown::Bars(bars) = &mut panels.panels[1].shown else {
            panic!()
        };
        bars.notes[1] = "much longer than a bar is wide".to_owned();
        assert!(!panels.svg().contains("-19.71 %"));
    }

    #[test]
    fn nothing_and_extremes_are_drawn() {
        let mut panels = example();
        panels.panels[0].shown = Shown::Line(vec![Some(u64::MAX), Some(0), Some(u64::MAX / 2)]);
        panels.panels[1].shown = Shown::Bars(Bars::default());
        assert!(panels.svg().ends_with("</svg>\n"));
        (panels.periods, panels.panels) = (Vec::new(), Vec::new());
        panels.legend = Default::default();
        assert!(panels.svg().ends_with("</svg>\n"));
    }
}
