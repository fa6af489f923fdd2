//! A team paid in US dollars with a token whose price falls to a hundredth and recovers.

use {
    super::support::{TEAM, USD_PAY, demo, folder, lines, shown_truly, stderr, stdout},
    expect_test::expect_file,
    std::fs,
};

#[test]
fn dollars_are_paid_in_tokens_through_a_crash_and_a_recovery() {
    let picture = folder("usd-pay").join("picture.svg");
    let output = demo(&[
        "--team".as_ref(),
        USD_PAY.as_ref(),
        "--picture".as_ref(),
        picture.as_os_str(),
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    shown_truly("examples/usd-pay/README.md", "2027-Q4: ", &text);
    let lines = lines(&text);
    for line in [
        "Community lead none, paid by time - none 4.8 % 4,800,000.000000 4,800,000.000000",
        "Community lead 48,000.00 USD 0.010000 USD",
        "token price 0.5 USD treasury office, market data the price of the period -",
        // 15,000 USD at 0.62 USD, far below a quarter's eighth of 1,200,000 tokens.
        "One token is worth 0.620000 USD.",
        "Engineer 15,000.00 USD 24,193.548387 150,000.000000 no 0.000000 0.00 USD",
        "No cap is reached: the tranche is worth all that was promised.",
        // 15,000 USD at 0.005 USD are 3,000,000 tokens; 150,000 tokens are worth 750 USD.
        "One token is worth 0.005000 USD.",
        "Engineer 15,000.00 USD 3,000,000.000000 150,000.000000 yes 2,850,000.000000 14,250.00 USD",
        "Community lead 6,000.00 USD 1,200,000.000000 600,000.000000 yes 600,000.000000 3,000.00 USD",
        "At this price the caps are too small: 26,750.00 USD of the promise is lost.",
        // 14,250 + (15,000 − 150,000 · 0.018) + (15,000 − 150,000 · 0.094).
        "Engineer 120,000.00 USD 27,450.00 USD 3 of 8 periods 94,311.56 USD 657,130.681815",
        // Paid by time alone: all but what the cap cut off.
        "Community lead 48,000.00 USD 3,000.00 USD 1 of 8 periods 45,000.00 USD 1,077,675.898110",
        "all 248,000.00 USD 48,750.00 USD 201,598.75 USD 2,170,944.121815",
        "Advisor has a grant in tokens and bears the price itself: 204,687.500000 tokens were worth 60,824.69 USD.",
        "The sums reconcile to the last base unit, in the accounts and in the events.",
    ] {
        assert!(
            lines.iter().any(|found| found == line),
            "{line:?} is missing in\n{text}"
        );
    }
    let drawn = fs::read_to_string(&picture).unwrap();
    expect_file!["../../../../docs/images/usd-pay.svg"].assert_eq(&drawn);
    assert!(drawn.contains("2027-Q4: price 0.005000 USD, promised 31,000.00 USD, earned 843,750 tokens"));
    assert!(drawn.contains("cap reached: Engineer, Designer, Community lead."));
}

#[test]
fn where_nobody_reports_a_price_the_default_counts() {
    let folder = folder("silent-price");
    fs::copy(format!("{USD_PAY}/plan.toml"), folder.join("plan.toml")).unwrap();
    fs::write(folder.join("values.csv"), "period,kpi,value\n2027-Q1,token price,0.5\n").unwrap();
    let picture = folder.join("picture.svg");
    let output = demo(&[
        "--team".as_ref(),
        folder.as_os_str(),
        "--picture".as_ref(),
        picture.as_os_str(),
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let lines = lines(&stdout(&output));
    let silent = "token price 0.4 USD nobody never reported: the default price counts -";
    assert_eq!(lines.iter().filter(|line| *line == silent).count(), 7, "{lines:?}");
}

#[test]
fn a_picture_needs_a_price_and_a_place() {
    let folder = folder("no-picture");
    let picture = folder.join("picture.svg");
    let missing = folder.join("missing").join("picture.svg");
    for (team, picture, what) in [
        (
            TEAM,
            &picture,
            "--picture draws the price, or what moves; expected a [price] or `unearned = \"redistribute\"` in the plan",
        ),
        (USD_PAY, &missing, "the folder for the picture does not exist"),
        (USD_PAY, &folder, "is a folder; expected a file for the picture"),
    ] {
        let output = demo(&[
            "--team".as_ref(),
            team.as_ref(),
            "--picture".as_ref(),
            picture.as_os_str(),
        ]);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(stderr(&output).contains(what), "{}", stderr(&output));
        assert_eq!(stdout(&output), "");
    }
    assert!(!picture.exists());
}
