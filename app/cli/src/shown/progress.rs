//! How far long work is: a bar on a terminal, now and then a line elsewhere.

use {
    crate::shown::text::safe,
    earnout_sdk::{client::bulk, text::amount::count},
    indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle},
    std::{
        fmt,
        io::{self, IsTerminal, Write},
        time::{Duration, Instant},
    },
};

/// Where there is no terminal, how often a line is written.
const PAUSE: Duration = Duration::from_secs(5);

/// Shows how many of something are done, how many a second, and how long the rest will take.
pub struct Progress {
    bar: ProgressBar,
    what: &'static str,
    total: usize,
    /// Done before this began.
    before: usize,
    begun: Instant,
    spoken: Instant,
    is_terminal: bool,
}

impl Progress {
    /// For `total` things called `what`, of which `before` are done already. More than `total` may turn up on the way.
    pub fn new(what: &'static str, total: usize, before: usize) -> Self {
        let is_terminal = io::stderr().is_terminal();
        let target = if is_terminal {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(as_u64(total)), target);
        let template = "{bar:30} {human_pos} of {human_len} {prefix}, {rate}, {eta} left {msg}";
        // The template is fixed; with another one the bar would have its usual form.
        if let Ok(style) = ProgressStyle::with_template(template) {
            let rate = |state: &ProgressState, out: &mut dyn fmt::Write| {
                // A rate that cannot be written is not shown.
                let _ = write!(out, "{:.0}/s", state.per_sec());
            };
            bar.set_style(style.with_key("rate", rate));
        }
        bar.set_prefix(what);
        bar.set_position(as_u64(before));
        bar.reset_eta();
        let begun = Instant::now();
        Self {
            bar,
            what,
            total,
            before,
            begun,
            spoken: begun,
            is_terminal,
        }
    }

    /// Shows the state of bulk work.
    pub fn show(&mut self, progress: &bulk::Progress) {
        self.total = self.total.max(progress.total);
        let done = self.before.saturating_add(progress.items).min(self.total);
        // The endpoint's own words among it.
        let trouble = progress
            .trouble
            .as_ref()
            .map(|trouble| format!("(waiting: {})", safe(trouble)));
        if self.is_terminal {
            self.bar.set_length(as_u64(self.total));
            self.bar.set_position(as_u64(done));
            self.bar.set_message(trouble.unwrap_or_default());
        } else if self.spoken.elapsed() >= PAUSE {
            self.spoken = Instant::now();
            let line = line(self.what, self.total, self.before, done, self.begun.elapsed());
            // Where nobody reads, nothing has to be said.
            let _ = writeln!(io::stderr(), "{line} {}", trouble.unwrap_or_default());
        }
    }

    /// Leaves the terminal as it was.
    pub fn finish(self) {
        self.bar.finish_and_clear();
    }
}

fn line(what: &str, total: usize, before: usize, done: usize, elapsed: Duration) -> String {
    let since = as_u64(done.saturating_sub(before));
    let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
    let a_second = since.saturating_mul(1_000) / millis;
    let left = as_u64(total.saturating_sub(done));
    let eta = match since {
        0 => "unknown".to_owned(),
        since => format!("{} s", left.saturating_mul(millis) / since.saturating_mul(1_000)),
    };
    format!(
        "{} of {} {what}, {}/s, {eta} left",
        count(as_u64(done)),
        count(as_u64(total)),
        count(a_second)
    )
}

fn as_u64(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_rate_and_remaining_time_of_this_run() {
        let shown = line("grants", 10_000, 1_000, 4_000, Duration::from_secs(10));
        assert_eq!(shown, "4,000 of 10,000 grants, 300/s, 20 s left");
        let nothing = line("grants", 10, 0, 0, Duration::ZERO);
        assert_eq!(nothing, "0 of 10 grants, 0/s, unknown left");
    }
}
