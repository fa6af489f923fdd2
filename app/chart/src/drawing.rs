//! What all drawings share: the document, its style, and a field with a scale.

use {
    crate::{
        scaled,
        ticks::{label, ticks},
    },
    earnout_sdk::text::names::harmless,
    std::fmt::{Arguments, Write},
};

/// Width of a letter of a tick's label, and of a letter of the legend: as much as most fonts need, tenths.
pub const LETTER: u32 = 70;

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

/// A document in the making. All lengths are in tenths of its unit.
pub struct Drawing(String);

impl Drawing {
    /// A sheet of `width` and `height` with its title. `shown` is the width at which it is shown where there is room,
    /// in units; none for as wide as there is room. `style` comes after the rules of all drawings.
    pub fn begin(
        (title, description): (&str, &str),
        (width, height): (u32, u32),
        shown: Option<u32>,
        style: &str,
    ) -> Self {
        let mut drawing = Self(String::new());
        let shown = shown.map_or_else(String::new, |shown| format!(" width=\"{shown}\""));
        let (wide, high) = (tenths(width), tenths(height));
        let namespace = "http://www.w3.org/2000/svg";
        // Writing to a text cannot fail.
        let _ = writeln!(
            drawing.0,
            "<svg xmlns=\"{namespace}\" viewBox=\"0 0 {wide} {high}\"{shown} role=\"img\" aria-labelledby=\"title desc\">",
        );
        drawing.put(format_args!("<title id=\"title\">{}</title>", escaped(title)));
        drawing.put(format_args!("<desc id=\"desc\">{}</desc>", escaped(description)));
        drawing.put(format_args!("<style>\n{STYLE}{style}  </style>"));
        drawing.put(format_args!("<rect class=\"paper\" width=\"100%\" height=\"100%\"/>"));
        drawing.put(format_args!(
            "<text class=\"title\" x=\"{}\" y=\"{}\">{}</text>",
            tenths(200),
            tenths(280),
            escaped(title)
        ));
        drawing
    }

    /// Adds a line.
    pub fn put(&mut self, line: Arguments) {
        let _ = writeln!(self.0, "  {line}");
    }

    /// Adds text that begins here.
    pub fn text(&mut self, (x, y): (u32, u32), text: &str) {
        self.put(format_args!(
            "<text x=\"{}\" y=\"{}\">{}</text>",
            tenths(x),
            tenths(y),
            escaped(text)
        ));
    }

    /// Adds text around or before this place.
    pub fn anchored(&mut self, (x, y): (u32, u32), anchor: &str, text: &str) {
        self.put(format_args!(
            "<text x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\">{}</text>",
            tenths(x),
            tenths(y),
            escaped(text)
        ));
    }

    /// The document.
    pub fn end(mut self) -> String {
        self.0.push_str("</svg>\n");
        self.0
    }
}

/// Amounts from 0 upwards, with round numbers.
pub struct Scale {
    /// The round number at which it ends, so that the largest amount has room.
    top: i128,
    ticks: Vec<(i128, String)>,
}

impl Scale {
    /// A scale for amounts up to `most`, with about so many round numbers.
    pub fn new(most: u64, decimals: u8, numbers: u32) -> Self {
        let most = i128::from(most).max(1);
        let step = ticks(0, most, numbers).get(1).copied().unwrap_or(1).max(1);
        let top = (most + step - 1) / step * step;
        let ticks = ticks(0, top, numbers + 2).into_iter();
        Self {
            top,
            ticks: ticks.map(|tick| (tick, label(tick, decimals))).collect(),
        }
    }

    /// The room that its numbers take on the left.
    pub fn margin(&self) -> u32 {
        let longest = self.ticks.iter().map(|(_, label)| label.chars().count()).max();
        200 + LETTER * u32::try_from(longest.unwrap_or_default()).unwrap_or(20).min(30)
    }
}

/// Where something is drawn.
pub struct Field {
    pub left: u32,
    pub right: u32,
    pub top: u32,
    pub bottom: u32,
    pub scale: Scale,
}

impl Field {
    /// The height of an amount.
    pub fn y(&self, amount: i128) -> u32 {
        self.bottom - scaled(amount, (0, self.scale.top), self.bottom - self.top)
    }

    /// Draws the round numbers and their lines.
    pub fn grid(&self, drawing: &mut Drawing) {
        for (tick, label) in &self.scale.ticks {
            let at = self.y(*tick);
            drawing.put(format_args!(
                "<path class=\"grid\" d=\"M{} {}H{}\"/>",
                tenths(self.left),
                tenths(at),
                tenths(self.right)
            ));
            drawing.anchored((self.left - 80, at + 40), "end", label);
        }
    }

    /// Draws a small line below a place.
    pub fn tick(&self, x: u32, drawing: &mut Drawing) {
        drawing.put(format_args!(
            "<path class=\"axis\" d=\"M{} {}v5\"/>",
            tenths(x),
            tenths(self.bottom)
        ));
    }

    /// Draws the two axes.
    pub fn axes(&self, drawing: &mut Drawing) {
        drawing.put(format_args!(
            "<path class=\"axis\" d=\"M{} {}V{}H{}\"/>",
            tenths(self.left),
            tenths(self.top),
            tenths(self.bottom),
            tenths(self.right)
        ));
    }
}

/// A name with at most so many letters.
pub fn shortened(name: &str, most: usize) -> String {
    if name.chars().count() <= most {
        return name.to_owned();
    }
    let start: String = name.chars().take(most.saturating_sub(1)).collect();
    format!("{start}…")
}

/// Points of a line.
pub fn joined(points: impl Iterator<Item = (u32, u32)>) -> String {
    let points: Vec<String> = points.map(|(x, y)| format!("{},{}", tenths(x), tenths(y))).collect();
    points.join(" ")
}

/// Tenths as a decimal number.
pub fn tenths(number: u32) -> String {
    match number % 10 {
        0 => (number / 10).to_string(),
        tenth => format!("{}.{tenth}", number / 10),
    }
}

/// Text that is neither markup nor moves what stands beside it.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in harmless(text).chars() {
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
