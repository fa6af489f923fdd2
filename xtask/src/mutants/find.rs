//! Finds the checks in a source file and writes the file anew with a switch at each of them.

use {
    anyhow::{Context, Result, anyhow},
    proc_macro2::{Delimiter, Group, TokenStream, TokenTree},
    std::{ops::Range, str::FromStr},
};

/// A check that can be switched off.
pub struct Check {
    /// Line in the file, counted from 1.
    pub line: usize,
    /// The check as the source has it, on one line.
    pub text: String,
    /// Bytes of the source that are replaced.
    range: Range<usize>,
    /// How the switch is put in.
    switch: Switch,
}

enum Switch {
    /// Before a condition that must hold: `off || (condition)`.
    Condition,
    /// In place of `has_one = field`, on the account `of`.
    Field { of: String, field: String },
    /// In place of `mut, seeds = …, bump = …`, on the account `of`, whose address the bump's expression derives. Anchor
    /// looks at the seeds before it looks whether the account is writable, and at other constraints after that.
    Address { of: String, derived: String },
    /// Around a statement: `if !off { statement }`.
    Statement,
}

/// The checks of a file, in order.
pub fn checks(source: &str) -> Result<Vec<Check>> {
    let tokens = TokenStream::from_str(source).map_err(|error| anyhow!("no Rust: {error}"))?;
    let mut finder = Finder {
        source,
        checks: Vec::new(),
    };
    finder.stream(&tokens.into_iter().collect::<Vec<_>>())?;
    let mut checks = finder.checks;
    checks.sort_by_key(|check| check.range.start);
    Ok(checks)
}

/// The source with a switch at each check; the first has number `first`.
pub fn switched(source: &str, checks: &[Check], first: usize) -> String {
    let mut text = String::with_capacity(source.len() * 2);
    let mut done = 0;
    let mut open: Vec<(usize, &str)> = Vec::new();
    for (number, check) in (first..).zip(checks) {
        let off = format!("crate::mutants::off({number})");
        while let Some((end, closing)) = open.pop_if(|(end, _)| *end <= check.range.start) {
            text += &source[done..end];
            text += closing;
            done = end;
        }
        text += &source[done..check.range.start];
        done = check.range.start;
        match &check.switch {
            Switch::Condition => {
                text += &format!("{off} || (");
                open.push((check.range.end, ")"));
            }
            Switch::Statement => {
                text += &format!("if !{off} {{ ");
                open.push((check.range.end, " }"));
            }
            Switch::Field { of, field } => {
                text += &format!("constraint = {off} || {of}.load()?.{field} == {field}.key()");
                done = check.range.end;
            }
            Switch::Address { of, derived } => {
                text += &format!(
                    "constraint = {off} || {of}.key() == {derived} @ ErrorCode::ConstraintSeeds, constraint = {of}.is_writable @ ErrorCode::ConstraintMut"
                );
                done = check.range.end;
            }
        }
    }
    while let Some((end, closing)) = open.pop() {
        text += &source[done..end];
        text += closing;
        done = end;
    }
    text + &source[done..]
}

struct Finder<'a> {
    source: &'a str,
    checks: Vec<Check>,
}

impl Finder<'_> {
    /// Walks a sequence of tokens and everything inside it.
    fn stream(&mut self, tokens: &[TokenTree]) -> Result<()> {
        // A module of tests is not a part of the program.
        let in_tests = |position: usize| {
            position >= 2 && is_word(&tokens[position - 1], "tests") && is_word(&tokens[position - 2], "mod")
        };
        for (position, token) in tokens.iter().enumerate() {
            let TokenTree::Group(group) = token else { continue };
            if in_tests(position) {
                continue;
            }
            let content: Vec<TokenTree> = group.stream().into_iter().collect();
            let called = position >= 2 && is_mark(&tokens[position - 1], '!');
            if called && is_word(&tokens[position - 2], "require") {
                self.condition(&content)?;
            }
            let attribute = position >= 1 && is_mark(&tokens[position - 1], '#');
            if attribute && content.first().is_some_and(|word| is_word(word, "account")) {
                if let Some(TokenTree::Group(arguments)) = content.get(1) {
                    self.constraints(arguments, &tokens[position + 1..])?;
                }
                continue;
            }
            if group.delimiter() == Delimiter::Brace {
                self.statements(&content);
            }
            self.stream(&content)?;
        }
        Ok(())
    }

    /// `require!(condition, error)`.
    fn condition(&mut self, content: &[TokenTree]) -> Result<()> {
        let condition = content.split(|token| is_mark(token, ',')).next().unwrap_or_default();
        let range = range_of(condition).context("require! without a condition")?;
        self.add(range, Switch::Condition, "require ");
        Ok(())
    }

    /// `#[account(…)]` in front of a field, which is what `after` begins with.
    fn constraints(&mut self, arguments: &Group, after: &[TokenTree]) -> Result<()> {
        let Some(colon) = after.iter().position(|token| is_mark(token, ':')) else {
            return Ok(());
        };
        let of = after[..colon].last().map(ToString::to_string).unwrap_or_default();
        let content: Vec<TokenTree> = arguments.stream().into_iter().collect();
        let items: Vec<&[TokenTree]> = content.split(|token| is_mark(token, ',')).collect();
        for (position, item) in items.iter().enumerate() {
            let Some(word) = item.first() else { continue };
            let of = of.clone();
            if is_word(word, "has_one") {
                let field = item.get(2).context("has_one without a field")?.to_string();
                let range = range_of(&item[..3]).context("has_one without a field")?;
                let what = format!("{of}: ");
                self.add(range, Switch::Field { of, field }, &what);
            } else if is_word(word, "constraint") {
                let end = item.iter().position(|token| is_mark(token, '@')).unwrap_or(item.len());
                let range = range_of(&item[2..end]).context("constraint without a condition")?;
                self.add(range, Switch::Condition, &format!("{of}: constraint "));
            } else if is_word(word, "seeds") {
                let bump = items.get(position + 1).filter(|bump| is_word(&bump[0], "bump"));
                let bump = bump.context("seeds without the bump after them")?;
                let derivation = range_of(&bump[2..]).context("bump without a derivation")?;
                let derived = self.source[derivation.clone()]
                    .strip_suffix(".1")
                    .context("a bump that is no `address::…?.1`")?;
                let derived = format!("{derived}.0");
                let writable = position.checked_sub(1).map(|before| items[before]);
                let writable = writable.filter(|item| item.len() == 1 && is_word(&item[0], "mut"));
                let start = range_of(writable.context("seeds without `mut` before them")?)
                    .context("mut")?
                    .start;
                let what = format!("{of}: ");
                self.add(start..derivation.end, Switch::Address { of, derived }, &what);
            }
        }
        Ok(())
    }

    /// Statements of a block that end in `)?;` and bind nothing: calls that are made for what they check or do.
    fn statements(&mut self, content: &[TokenTree]) {
        let mut start = 0;
        for (position, token) in content.iter().enumerate() {
            if is_mark(token, ';') {
                let statement = &content[start..position];
                let asks = statement.last().is_some_and(|last| is_mark(last, '?'));
                let binds = statement
                    .iter()
                    .any(|token| is_word(token, "let") || is_mark(token, '='));
                if asks
                    && !binds
                    && !is_word(&statement[0], "return")
                    && let Some(range) = range_of(&content[start..=position])
                {
                    self.add(range, Switch::Statement, "");
                }
                start = position + 1;
            } else if matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace) {
                start = position + 1;
            }
        }
    }

    fn add(&mut self, range: Range<usize>, switch: Switch, what: &str) {
        let text = self.source[range.clone()]
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        self.checks.push(Check {
            line: self.source[..range.start].matches('\n').count() + 1,
            text: format!("{what}{text}"),
            range,
            switch,
        });
    }
}

fn range_of(tokens: &[TokenTree]) -> Option<Range<usize>> {
    let start = tokens.first()?.span().byte_range().start;
    let end = tokens.last()?.span().byte_range().end;
    Some(start..end)
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

fn is_mark(token: &TokenTree, mark: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_check_gets_its_switch() {
        let source = r#"
#[derive(Accounts)]
struct Claim<'info> {
    #[account(mut, has_one = mint @ E::WrongMint, constraint = a == b @ E::Other)]
    pub plan: AccountLoader<'info, Plan>,
    #[account(mut, seeds = [SEED, a.as_ref()], bump = address::grant(&plan, 1)?.1)]
    pub grant: UncheckedAccount<'info>,
}
fn f() -> Result<()> {
    require!(x(1, 2) > 3, E::Small);
    plan.check(now)?;
    let y = g()?;
    total = total.checked_add(1).ok_or(E)?;
    Ok(())
}
mod tests { fn t() { require!(a, b); } }
"#;
        let checks = checks(source).expect("Rust");
        let texts: Vec<_> = checks.iter().map(|check| check.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "plan: has_one = mint",
                "plan: constraint a == b",
                "grant: mut, seeds = [SEED, a.as_ref()], bump = address::grant(&plan, 1)?.1",
                "require x(1, 2) > 3",
                "plan.check(now)?;",
            ]
        );
        assert_eq!(checks[3].line, 10);
        let switched = switched(source, &checks, 7);
        for line in [
            "#[account(mut, constraint = crate::mutants::off(7) || plan.load()?.mint == mint.key() @ E::WrongMint, \
             constraint = crate::mutants::off(8) || (a == b) @ E::Other)]",
            "#[account(constraint = crate::mutants::off(9) || grant.key() == address::grant(&plan, 1)?.0 @ \
             ErrorCode::ConstraintSeeds, constraint = grant.is_writable @ ErrorCode::ConstraintMut)]",
            "require!(crate::mutants::off(10) || (x(1, 2) > 3), E::Small);",
            "if !crate::mutants::off(11) { plan.check(now)?; }",
        ] {
            assert!(switched.contains(line), "{line}\nis not in\n{switched}");
        }
    }
}
