//! A plan that pays in dollars, by the built `earnout` binary: its file, grants with a value one by one and from a
//! file, a price by the oracles, and what grants, statement and settlement show of it.

use {
    earnout_e2e::{PriceSource, UnitPlan},
    serde_json::{Value, json},
};

#[tokio::test(flavor = "multi_thread")]
async fn grants_in_dollars_are_paid_at_the_price_up_to_their_cap() {
    let world = UnitPlan::create(PriceSource::Votes).await;
    let plan = &world.plan;
    let shown = world.by("payer", &["plan", "show", plan]);
    assert_eq!(
        (
            &shown["unit"],
            &shown["unitDecimals"],
            &shown["priceKpi"],
            &shown["unitExponent"]
        ),
        (&json!("USD"), &json!(2), &json!(1), &json!(10))
    );
    assert_eq!(shown["kpis"][1]["defaultPrice"], "400000");
    assert_eq!(shown["kpis"][1]["defaultScore"], Value::Null);
    let text = world.shows(&["plan", "show", plan]);
    for part in [
        "unit of account          USD, 2 decimals",
        "price if nobody reports  0.400000 USD",
        "none: the price",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }

    // 120,000 USD by half on the roadmap, down to 0.10 USD; 8,000 for time from a file; one in tokens.
    let first = UnitPlan::wallet(1).to_string();
    let create = |more: &[&str]| {
        let all = [
            "grant",
            "create",
            plan,
            &first,
            "1_200_000",
            "--weight",
            "roadmap delivered=50%",
        ];
        world.run("authority", &[&all[..], more].concat())
    };
    create(&["--value", "120_000.001"])
        .failed(1)
        .says("has more than 2 decimals and would have to be rounded");
    create(&["--value", "0"]).failed(1).says("--value: \"0\" is no value");
    create(&["--value", "120_000 USD"]).failed(1).says("is not a number");
    create(&["--value", "1_000_000", "--dry-run"])
        .succeeded()
        .says("careful: already at the price 0.400000 USD the allocation would not pay the value in full: it pays 1,000,000.00 USD");
    create(&["--value", "120_000", "--yes"])
        .succeeded()
        .says("120,000.00 USD")
        .says("down to 0.100000 USD");
    let rows = format!(
        "beneficiary,allocation,value,cliff,time_weight,revocable,transferable\n\
         {},800_000,8_000,0,10000,true,false\n{},160_000,,0,10000,false,false\n",
        UnitPlan::wallet(2),
        UnitPlan::wallet(3)
    );
    world.earnout.file("grants.csv", rows.replace("8_000,0", "x,0"));
    world
        .run("authority", &["grant", "import", plan, "grants.csv"])
        .failed(1)
        .says("grants.csv:2: value: \"x\" is not a number");
    world.earnout.file("grants.csv", rows);
    world
        .run("authority", &["grant", "import", plan, "grants.csv", "--yes"])
        .succeeded()
        .says("8,000.00 USD in all");
    let listed = world.by("payer", &["grant", "list", plan]);
    assert_eq!(listed[0]["inUnits"]["unitAllocation"], "12000000");
    assert_eq!(listed[0]["inUnits"]["lowestPrice"], "100000");
    assert_eq!(listed[1]["inUnits"]["unitAllocation"], "800000");
    assert_eq!(listed[2]["inUnits"], Value::Null);
    let grants = [0, 1, 2].map(|index| format!("{plan}/{index}"));
    let text = world.shows(&["grant", "show", &grants[0]]);
    assert!(
        text.contains("if every target is met and nobody reports a price"),
        "{text}"
    );

    // A price of 0.04 USD: 15,000 USD are 375,000 tokens, of which the cap pays 150,000; 1,000 USD are 25,000 tokens.
    world.chain.warp("1806541200");
    let hash = "5e".repeat(32);
    for oracle in ["oracle-1", "oracle-2"] {
        for (kpi, value) in [("roadmap delivered", "60"), ("token price", "0.04")] {
            world.by(oracle, &["attest", plan, kpi, "0", value, "--evidence-hash", &hash]);
        }
    }
    // Who is paid in dollars waits for the price, though it has no weight; tokens for time alone wait for nothing.
    let report = world.by("payer", &["crank", plan, "--no-close"]);
    assert_eq!(report["settled"], 1, "{report}");
    world
        .run("payer", &["settle", &grants[1]])
        .failed(1)
        .says("token price of period 0 is not final");
    world.chain.warp("1807833600");
    let settled = world.by("payer", &["settle", &grants[0]]);
    assert_eq!(
        (
            &settled["units"],
            &settled["price"],
            &settled["cutOff"]["uiAmountString"]
        ),
        (&json!("1500000"), &json!("40000"), &json!("225000"))
    );
    world.by("payer", &["settle", &grants[1]]);

    let shown = world.by("payer", &["grant", "show", &grants[0]]);
    let line = &shown["lines"][0];
    let expected = json!({
        "units": "1500000", "price": "40000", "uiPrice": "0.04", "worth": "375000000000", "cap": "150000000000",
        "capReached": true, "cutOff": "225000000000", "unused": "0",
    });
    assert_eq!(line["inUnits"], expected);
    // Three quarters of the target, by half.
    assert_eq!(
        (&line["tranche"], &line["earned"]),
        (&json!("150000000000"), &json!("131250000000"))
    );
    let values = line["values"].as_array().unwrap();
    assert_eq!(
        (&values[0]["kpi"], &values[0]["price"], &values[0]["score"]),
        (&json!(1), &json!("40000"), &Value::Null)
    );
    assert_eq!(
        (
            &shown["unitAllocation"],
            &shown["lowestPrice"],
            &shown["cutOff"],
            &shown["unused"]
        ),
        (
            &json!("12000000"),
            &json!("100000"),
            &json!("225000000000"),
            &json!("0")
        )
    );
    let text = world.shows(&["grant", "show", &grants[0]]);
    for part in [
        "value        120,000.00 USD for full scores, at the price of each period",
        "cap reaches  down to 0.100000 USD",
        "cut off      225,000.000000 so far, by the cap: lost",
        "15,000.00 USD  0.040000 USD  225,000.000000",
        "if scores and price stay as they are",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let text = world.shows(&["grant", "show", &grants[1]]);
    assert!(
        text.contains("unused       75,000.000000 so far, left of the cap by the price"),
        "{text}"
    );
    let text = world.shows(&["grant", "show", &grants[2]]);
    assert!(!text.contains(" USD"), "{text}");

    let statement = world.by("payer", &["plan", "statement", plan]);
    assert_eq!(statement["findings"], json!([]));
    assert_eq!(statement["totals"]["unused"], "75000000000");
    assert_eq!(statement["grants"][1]["lines"][0]["inUnits"]["unused"], "75000000000");
    assert_eq!(statement["grants"][2]["lines"][0]["inUnits"], Value::Null);
    let text = world.shows(&["plan", "statement", plan]);
    for part in [
        "15,000.00 USD",
        "0.040000 USD",
        "225,000.000000",
        "75,000.000000 that prices left of the caps",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let text = world.shows(&["plan", "statement", plan, "--format", "markdown"]);
    assert!(
        text.contains(
            "A token is worth the price of each period, from 0.001000 USD to 50.000000 USD; 0.400000 USD if nobody"
        ),
        "{text}"
    );
    assert!(
        text.contains("| 15,000.00 USD | 0.040000 USD | 225,000.000000 |"),
        "{text}"
    );
    let text = world.shows(&["plan", "statement", plan, "--format", "csv"]);
    assert!(
        text.contains(",yes,15000.00,USD,0.04,150000.000000,225000.000000,0.000000,150000.000000,"),
        "{text}"
    );
    assert!(
        text.contains(",yes,1000.00,USD,0.04,100000.000000,0.000000,75000.000000,25000.000000,"),
        "{text}"
    );
    assert!(text.contains(",yes,,,,,,,20000.000000,"), "{text}");
    let text = world.shows(&["plan", "statement", plan, "--format", "csv", "--by", "grant"]);
    assert!(
        text.contains(",1,120000.00,USD,0.1,225000.000000,0.000000,1200000.000000,"),
        "{text}"
    );

    // What the contributor reads: the receipt of the period, and each payment with its transaction.
    let text = world.shows(&["grant", "statement", &grants[0]]);
    assert!(text.contains("Payments\n  none"), "{text}");
    for part in [
        "units at the price   15,000.00 USD    0.040000 USD          375,000.000000",
        "cut off by the cap                                          225,000.000000",
        "roadmap delivered             60 %           7,500    50 %                  agreement",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // This endpoint lists no transactions: what was earned is shown, what was paid is said to be missing.
    world.by("payer", &["claim", &grants[0], "--create-accounts"]);
    let unlisted = world.run("payer", &["grant", "statement", &grants[0]]).failed(2);
    unlisted
        .says(" does not show the transactions that paid 131,250.000000 of 131,250.000000: ")
        .shows("paid of it");

    // The newest price is the price of today: a cap that is far away at the plan's own price is near at this one.
    let all = [
        "grant",
        "create",
        plan,
        &UnitPlan::wallet(4).to_string(),
        "200_000",
        "--value",
        "10_000",
        "--dry-run",
    ];
    let dry = world.run("authority", &all).succeeded();
    dry.says(
        "careful: already at the price 0.040000 USD the allocation would not pay the value in full: it pays 10,000.00 USD",
    );
}
