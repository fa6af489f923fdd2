//! `feed`: where the value of a shared KPI can be read on the chain.

use {
    super::{
        mistake::Notes,
        parts::{HASH_DIGITS, digits, sound},
        section::{Found, Section},
        time,
    },
    crate::text::time::length,
    bytemuck::Zeroable,
    earnout::state::{Feed, KpiArgs, Plan, Receiver},
    earnout_core::FULL_SCORE,
    toml::de::DeValue,
};

/// Who checks and keeps the updates of a feed, by name.
pub const RECEIVERS: [(&str, Receiver); 2] = [("pyth", Receiver::Pyth), ("pyth-pro", Receiver::PythPro)];
/// Whether the moving average of a feed is read, by name.
pub const FEED_PRICES: [(&str, bool); 2] = [("spot", false), ("average", true)];

/// Reads a feed. `attest_secs` is how long the oracles report, if it is right.
pub(super) fn read(found: Found<&DeValue>, attest_secs: Option<u32>, notes: &mut Notes) -> Option<Feed> {
    let Some(table) = found.value.as_table() else {
        let expected = "expected a feed like { receiver = \"pyth\", id = \"…\", price = \"spot\", max_delay = \"10 minutes\", \
                        max_confidence = \"2 %\" }";
        found.wrong(notes, expected);
        return None;
    };
    let mut table = Section::new(&found.field, found.at, table);
    let receiver = table
        .required("receiver")
        .and_then(|found| found.word(notes, &RECEIVERS));
    let id = table.required("id").and_then(|found| found.text(notes));
    let average = table
        .required("price")
        .and_then(|found| found.word(notes, &FEED_PRICES));
    let delay = table.required("max_delay").and_then(|found| found.text(notes));
    let confidence = table.required("max_confidence");
    let confidence = confidence.and_then(|found| found.share::<u16>(notes, u16::MAX));
    table.finish(notes);

    // One part at a time is put into a feed that the program accepts.
    let sound = Feed {
        receiver: Receiver::Pyth,
        feed_id: [1; 32],
        average: false,
        max_delay_secs: 1,
        max_confidence_bps: 1,
    };
    let feed_id = id.and_then(|found| {
        let feed_id = digits(found.value);
        let feed_id = feed_id.filter(|feed_id| {
            let feed_id = *feed_id;
            accepts(Feed { feed_id, ..sound }, attest_secs)
        });
        if feed_id.is_none() {
            found.wrong(
                notes,
                format!("expected {HASH_DIGITS} hexadecimal digits, not all of them 0"),
            );
        }
        feed_id
    });
    let max_delay_secs = delay.and_then(|found| {
        let delay = time::window(found.value);
        let delay = delay.filter(|max_delay_secs| {
            let max_delay_secs = *max_delay_secs;
            accepts(
                Feed {
                    max_delay_secs,
                    ..sound
                },
                attest_secs,
            )
        });
        if delay.is_none() {
            let most = attest_secs.map_or_else(String::new, |secs| format!(", {}", length(secs.into())));
            let what = format!(
                "{:?}: expected a length of time above 0, like \"10 minutes\", and at most the attest window{most}",
                found.value
            );
            found.wrong(notes, what);
        }
        delay
    });
    let max_confidence_bps = confidence.and_then(|found| {
        let max_confidence_bps = found.value;
        let is_accepted = accepts(
            Feed {
                max_confidence_bps,
                ..sound
            },
            attest_secs,
        );
        if !is_accepted {
            found.wrong(
                notes,
                format!("{}: expected 1 to {FULL_SCORE} basis points", found.value),
            );
        }
        is_accepted.then_some(max_confidence_bps)
    });
    Some(Feed {
        receiver: receiver?,
        feed_id: feed_id?,
        average: average?,
        max_delay_secs: max_delay_secs?,
        max_confidence_bps: max_confidence_bps?,
    })
}

/// Whether the program accepts a KPI with this feed in a plan whose oracles report for so long.
fn accepts(feed: Feed, attest_secs: Option<u32>) -> bool {
    let mut plan = Plan::zeroed();
    plan.attest_secs = attest_secs.unwrap_or(u32::MAX);
    let args = KpiArgs {
        feed: Some(feed),
        ..sound()
    };
    plan.push_kpi(&args).is_ok()
}
