//! Five trading strategies, between which tokens move from month to month.

use {
    super::{
        curves::curves,
        support::{STRATEGIES, demo, folder, lines, shown_truly, stderr, stdout},
    },
    expect_test::expect_file,
    std::fs,
};

#[test]
fn the_generator_makes_the_curves() {
    expect_file!["../../../strategies/equity.csv"].assert_eq(&curves());
}

#[test]
fn tokens_move_from_under_to_outperformers() {
    let picture = folder("strategies").join("picture.svg");
    let output = demo(&[
        "--team".as_ref(),
        STRATEGIES.as_ref(),
        "--picture".as_ref(),
        picture.as_os_str(),
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    shown_truly("examples/strategies/README.md", "2027-03: ", &text);
    shown_truly("examples/strategies/README.md", "Final statement", &text);
    let lines = lines(&text);
    for line in [
        // The deposit of 40,000 in March hides the fall in the equity, and not in the return.
        "return, Breakout -19.71 % risk desk, fund administrator missed the target 0",
        "drawdown, Breakout 21.34 % risk desk, fund administrator missed the target 0",
        "Mean reversion 0.000000 35.29 % 50,000.000000 50,000.000000 +50,000.000000",
        "Breakout gives 84,482.597905: return -19.71 % and drawdown 21.34 % missed their targets.",
        "28,389.946752 are left over and return to the treasury.",
        "The sums reconcile to the last base unit, in the accounts and in the events.",
    ] {
        assert!(
            lines.iter().any(|found| found == line),
            "{line:?} is missing in\n{text}"
        );
    }
    assert!(
        text.contains("The code of the oracle daemon measures the values"),
        "{text}"
    );
    let drawn = fs::read_to_string(&picture).unwrap();
    expect_file!["../../../../docs/images/strategies.svg"].assert_eq(&drawn);
    assert!(drawn.contains(">-19.71 %</text>") && drawn.contains("2027-03, Breakout: return -19.71 %"));
}

/// A record that is not whole pays nobody: the demo says what is missing, and ends.
#[test]
fn a_gap_in_a_curve_is_no_value() {
    let folder = folder("gap");
    for name in ["plan.toml", "oracle.toml"] {
        fs::copy(format!("{STRATEGIES}/{name}"), folder.join(name)).unwrap();
    }
    let gone = curves().replacen("Carry,2027-02-14,", "Other,2027-02-14,", 1);
    fs::write(folder.join("equity.csv"), gone).unwrap();
    let output = demo(&["--team".as_ref(), folder.as_os_str()]);
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    let error = stderr(&output);
    assert!(
        error.contains("feed \"return\", Carry: ") && error.contains("there is a gap: no row between 2027-02-14"),
        "{error}"
    );
    fs::write(folder.join("oracle.toml"), "feeds = 1").unwrap();
    let output = demo(&["--team".as_ref(), folder.as_os_str()]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
}
