//! Wrong inputs: exit code 2, one line that says where and what, and nothing written.

use {
    super::support::{TEAM, demo, folder, stderr, stdout},
    std::{fs, path::Path, process::Output},
};

const HEADER: &str = "quarter,contributor,commits,test_files_changed,doc_files_changed";

/// Asserts that the run was refused with this line on stderr and nothing else.
#[track_caller]
fn refused(output: &Output, line: &str) {
    assert_eq!(output.status.code(), Some(2), "{}", stderr(output));
    assert_eq!(stderr(output), format!("error: {line}\n"));
    assert_eq!(stdout(output), "");
}

/// Asserts that a record of these bytes is refused in this line (none: as a whole) for this reason.
#[track_caller]
fn record_refused(name: &str, record: &[u8], line: usize, what: &str) {
    let folder = folder(name);
    let (file, json) = (folder.join("record.csv"), folder.join("out.json"));
    fs::write(&file, record).unwrap();
    let arguments = [
        "--contributions".as_ref(),
        file.as_os_str(),
        "--json".as_ref(),
        json.as_os_str(),
    ];
    refused(&demo(&arguments), &format!("{}:{line}: {what}", file.display()));
    assert!(!json.exists());
}

/// Asserts that this row, the second after the header, is refused.
#[track_caller]
fn row_refused(name: &str, row: &str, what: &str) {
    for (ending, line) in [("\n", 4), ("\r\n", 4)] {
        let record = [HEADER, "2024-Q1,a,1,2,3", "", row, "2024-Q3,a,1,2,3", ""].join(ending);
        record_refused(name, record.as_bytes(), line, what);
    }
}

#[test]
fn a_file_without_content() {
    let what = "the file is empty; expected a header with the columns quarter, contributor, commits, test_files_changed \
                and doc_files_changed";
    record_refused("empty", b"", 1, what);
    record_refused("blank", b"\n \r\n", 1, what);
    let what = "there is no row after the header; expected one for each contributor and quarter";
    record_refused("header-only", format!("{HEADER}\n").as_bytes(), 2, what);
}

#[test]
fn a_header_without_a_column_or_with_two() {
    for column in HEADER.split(',') {
        let header: Vec<&str> = HEADER.split(',').filter(|other| *other != column).collect();
        let record = format!("{}\n2024-Q1,1,2,3", header.join(","));
        let what = format!(
            "the column {column} is missing; expected a header with quarter, contributor, commits, test_files_changed and \
             doc_files_changed"
        );
        record_refused(&format!("missing-{column}"), record.as_bytes(), 1, &what);
    }
    let what = "the column commits stands twice in the header; expected it once";
    record_refused(
        "twice",
        format!("{HEADER},commits\n2024-Q1,a,1,2,3,4").as_bytes(),
        1,
        what,
    );
}

#[test]
fn a_number_that_is_none() {
    for (index, wrong) in ["-1", "1.5", "1e3", "", "many", "+1", "0x10", "1 000", "-0"]
        .into_iter()
        .enumerate()
    {
        let what = format!("commits is {wrong:?}; expected a whole number that is not negative");
        row_refused(&format!("number-{index}"), &format!("2024-Q2,b,{wrong},0,0"), &what);
    }
    let what = "test_files_changed is \"-3\"; expected a whole number that is not negative";
    row_refused("tests", "2024-Q2,b,0,-3,0", what);
    let what = "doc_files_changed is \"2.0\"; expected a whole number that is not negative";
    row_refused("docs", "2024-Q2,b,0,0,2.0", what);
    for (name, wrong) in [("large", "4294967296"), ("larger", "99999999999999999999999")] {
        let what = format!("commits is {wrong:?}; expected a number of at most 4294967295");
        row_refused(name, &format!("2024-Q2,b,{wrong},0,0"), &what);
    }
}

#[test]
fn a_quarter_of_another_form() {
    for (index, wrong) in ["2024-Q5", "2024-Q0", "Q1 2024", "2024Q1", "24-Q1", "2024-q1", ""]
        .into_iter()
        .enumerate()
    {
        let what = format!("quarter is {wrong:?}; expected a year and a quarter, like 2024-Q1");
        row_refused(&format!("quarter-{index}"), &format!("{wrong},b,1,2,3"), &what);
    }
}

#[test]
fn a_row_that_is_none() {
    let what = "\"a\" already has a row for 2024-Q1, in line 2; expected one row for each contributor and quarter";
    row_refused("duplicate", "2024-Q1,a,1,2,3", what);
    row_refused(
        "nobody",
        "2024-Q1,,1,2,3",
        "contributor is empty; expected an identifier",
    );
    row_refused(
        "short",
        "2024-Q1,b,1,2",
        "the row has 4 fields; expected 5 as in the header",
    );
    row_refused(
        "long",
        "2024-Q1,b,1,2,3,4",
        "the row has 6 fields; expected 5 as in the header, and quotation marks around a field with a comma",
    );
    let what = "a quoted field does not end in its line; expected the closing quotation mark";
    row_refused("open", "2024-Q1,\"b,1,2,3", what);
    let what = "a carriage return stands inside the line, and some programs end a line there; save the file with line feeds at \
                the ends of lines";
    row_refused("return", "2024-Q1,b,1,2,3\r2024-Q2,b,1,2,3", what);
}

#[test]
fn more_quarters_than_a_plan_can_have() {
    let record = format!("{HEADER}\n2054-Q1,a,1,2,3\n2024-Q1,a,1,2,3\n");
    let what = "from 2024-Q1 to 2054-Q1 there are 121 quarters; expected at most 120";
    record_refused("span", record.as_bytes(), 2, what);
}

#[test]
fn a_file_that_cannot_be_read() {
    let file = folder("unreadable").join("none.csv");
    let output = demo(&["--contributions".as_ref(), file.as_os_str()]);
    let what = "cannot be read: No such file or directory (os error 2)";
    refused(&output, &format!("{}: {what}", file.display()));
    record_refused(
        "binary",
        b"quarter\n\xff\xfe\n",
        2,
        "is not UTF-8 text; save the file as UTF-8",
    );
}

#[test]
fn a_place_where_no_result_can_be_written() {
    let folder = folder("result");
    let json = folder.join("none").join("out.json");
    let output = demo(&["--json".as_ref(), json.as_os_str()]);
    refused(
        &output,
        &format!("{}: the folder for the result does not exist", json.display()),
    );
    let output = demo(&["--json".as_ref(), folder.as_os_str()]);
    let what = "is a folder; expected a file for the result";
    refused(&output, &format!("{}: {what}", folder.display()));
}

#[test]
fn arguments_that_do_not_fit() {
    for (arguments, what) in [
        (&["--unearned", "return"][..], "required arguments were not provided"),
        (&["--unearned", "keep"], "invalid value 'keep'"),
        (&["--nonsense"], "unexpected argument '--nonsense'"),
    ] {
        let output = demo(arguments);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(what), "{}", stderr(&output));
    }
}

#[test]
fn a_program_that_is_none_is_no_wrong_input() {
    let output = demo(&["--program", "/nowhere/earnout.so"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).starts_with("error: cannot load the program from /nowhere/earnout.so"));
}

/// Runs the team with one text of its plan changed, and expects to be refused in this line of the plan.
#[track_caller]
fn plan_refused(name: &str, old: &str, new: &str, what: &str) {
    let plan = fs::read_to_string(format!("{TEAM}/plan.toml")).unwrap();
    let at = plan.find(old).unwrap();
    let line = plan[..at].lines().count() + usize::from(at == 0 || plan[..at].ends_with('\n'));
    let (folder, plan) = (folder(name), plan.replacen(old, new, 1));
    fs::write(folder.join("plan.toml"), plan).unwrap();
    fs::copy(format!("{TEAM}/values.csv"), folder.join("values.csv")).unwrap();
    let output = demo(&["--team".as_ref(), folder.as_os_str()]);
    refused(
        &output,
        &format!("{}:{line}: {what}", folder.join("plan.toml").display()),
    );
}

#[test]
fn a_plan_with_something_wrong() {
    let what = "\"14 weeks\": expected 10 minutes to 90 days, like \"14 days\" or \"36 hours\"";
    plan_refused("window", "attest = \"14 days\"", "attest = \"14 weeks\"", what);
    let what = "\"10 pct\": expected an amount of tokens, like \"250_000.5\", or a part of the supply, like \"10 %\"";
    plan_refused(
        "percent",
        "allocation = \"10 %\"\n# Weights",
        "allocation = \"10 pct\"\n# Weights",
        what,
    );
    let what = "\"13 months\": expected 1 to 12 months, like \"3 months\", or 10 minutes to 366 days, like \"30 days\"";
    plan_refused("cadence", "cadence = \"3 months\"", "cadence = \"13 months\"", what);
    let what = "the allocation is outside min_allocation and max_allocation of [limits]";
    plan_refused(
        "limits",
        "allocation = \"10 %\"\n# Weights",
        "allocation = \"11 %\"\n# Weights",
        what,
    );
    let what = "there is no KPI named \"velocity\"";
    let weights = "weights = { \"development milestones completed\" = 10_000 }";
    plan_refused("unknown", weights, "weights = { \"velocity\" = 10_000 }", what);
    let what = "weights and time_weight of \"Developer\" must sum to 10000";
    plan_refused(
        "weights",
        weights,
        "weights = { \"development milestones completed\" = 9_000 }",
        what,
    );
    let what = "unknown field `minimum`, expected `min` or `max`";
    plan_refused(
        "field",
        "range = { min = 0, max = 100 }",
        "range = { minimum = 0, max = 100 }",
        what,
    );
    let what = "expected a number with at most 1 decimal";
    plan_refused(
        "decimals",
        "curve = [{ value = 0,",
        "curve = [{ value = \"0.25\",",
        what,
    );
    let what = "expected a date and time in UTC, like 2027-01-01T00:00:00Z";
    plan_refused("start", "start = 2027-01-01T00:00:00Z", "start = 2027-01-01", what);
    let what = "the KPI \"development milestones completed\" is not possible: The score under silence must be at most \
                10,000.";
    let plan = fs::read_to_string(format!("{TEAM}/plan.toml")).unwrap();
    assert!(plan.contains("default_score = 0\n"));
    let folder = folder("default");
    fs::write(
        folder.join("plan.toml"),
        plan.replacen("default_score = 0", "default_score = 10_001", 1),
    )
    .unwrap();
    let output = demo(&["--team".as_ref(), folder.as_os_str()]);
    let line = plan.lines().position(|line| line == "[[kpi]]").unwrap() + 1;
    refused(
        &output,
        &format!("{}:{line}: {what}", folder.join("plan.toml").display()),
    );
}

#[test]
fn grants_beyond_the_supply() {
    let folder = folder("supply");
    let plan = fs::read_to_string(format!("{TEAM}/plan.toml")).unwrap();
    let plan = plan.replace("allocation = \"10 %\"", "allocation = \"75 %\"");
    fs::write(folder.join("plan.toml"), &plan).unwrap();
    let output = demo(&["--team".as_ref(), folder.as_os_str()]);
    let line = plan.lines().position(|line| line.starts_with("supply")).unwrap() + 1;
    let what = "the grants together can earn more than the supply";
    refused(
        &output,
        &format!("{}:{line}: {what}", folder.join("plan.toml").display()),
    );
}

#[test]
fn values_with_something_wrong() {
    let of_year = "2027-Q1, 2027-Q2, 2027-Q3, 2027-Q4";
    let rows = [
        (
            "2028-Q1,team satisfaction,90",
            format!("period is \"2028-Q1\"; expected one of {of_year}"),
        ),
        (
            "2027-Q1,morale,90",
            "kpi is \"morale\"; expected the name of a KPI of the plan".to_owned(),
        ),
        (
            "2027-Q1,team satisfaction,90.25",
            "value is \"90.25\"; expected a number with at most 1 decimal".to_owned(),
        ),
        (
            "2027-Q1,team satisfaction,100.5",
            "value is 100.5; expected 0 to 100, the range of \"team satisfaction\"".to_owned(),
        ),
        (
            "2027-Q1,increase in user acquisition,1",
            "this value already stands in line 2; expected it once".to_owned(),
        ),
    ];
    let folder = folder("values");
    fs::copy(format!("{TEAM}/plan.toml"), folder.join("plan.toml")).unwrap();
    let file = folder.join("values.csv");
    let run = |text: &str, line: usize, what: &str| {
        fs::write(&file, text).unwrap();
        let output = demo(&["--team".as_ref(), folder.as_os_str()]);
        refused(&output, &format!("{}:{line}: {what}", file.display()));
    };
    for (row, what) in rows {
        run(
            &format!("period,kpi,value\n2027-Q1,increase in user acquisition,1\n{row}\n"),
            3,
            &what,
        );
    }
    let expected = "expected the header period,kpi,value, and a fourth column grant for individual KPIs";
    run("period,value\n", 1, expected);
    run("", 1, &format!("the file is empty; {expected}"));
    fs::remove_file(&file).unwrap();
    let output = demo(&["--team".as_ref(), folder.as_os_str()]);
    let what = "cannot be read: No such file or directory (os error 2)";
    refused(&output, &format!("{}: {what}", Path::new(&file).display()));
}
