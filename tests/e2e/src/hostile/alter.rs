//! Answers of the target that are changed on their way.

use {
    super::{
        Mode, forge,
        setting::{Active, failure},
        wire::Trouble,
    },
    serde_json::{Value, json},
};

/// How many slots a lagging node is behind, unless its setting says.
const LAG: u64 = 300;

impl Active {
    /// Does to an answer of the target what the mode does.
    pub fn alter(&self, request: &Value, answer: &mut Value) -> Result<(), Trouble> {
        let method = request["method"].as_str().unwrap_or_default();
        match self.setting.mode {
            Mode::LosesAnswer if self.setting.hold => return Err(Trouble::Hold),
            Mode::LosesAnswer => return Err(Trouble::Close),
            Mode::WrongId => answer["id"] = another_id(&request["id"]),
            Mode::Lags => self.lag(request, answer),
            _ if answer.get("result").is_none() => (),
            Mode::Forges => match method {
                "getTransaction" => forge::events(&mut answer["result"]),
                "getProgramAccounts" => forge::accounts(listed(&mut answer["result"])),
                _ => (),
            },
            Mode::Omits => self.omit(request, answer),
            Mode::Repeats => {
                if let Some(items) = listed(&mut answer["result"]) {
                    *items = items.drain(..).flat_map(|item| [item.clone(), item]).collect();
                }
            }
            Mode::Reorders => {
                if let Some(items) = listed(&mut answer["result"]) {
                    items.reverse();
                    items.chunks_exact_mut(2).for_each(|pair| pair.swap(0, 1));
                    // Of two, this alone would leave the order as it was.
                    if items.len() == 2 {
                        items.swap(0, 1);
                    }
                }
            }
            Mode::Delays => self.delay(request, answer),
            Mode::Swaps => self.swap(request, answer),
            Mode::Processed => match method {
                "getTransaction" => answer["result"] = Value::Null,
                "getSignatureStatuses" => {
                    for status in statuses(answer).filter(|status| !status.is_null()) {
                        status["confirmationStatus"] = json!("processed");
                        status["confirmations"] = json!(0);
                    }
                }
                _ => (),
            },
            Mode::Blind => match method {
                "getTransaction" => answer["result"] = Value::Null,
                "getSignatureStatuses" => statuses(answer).for_each(|status| *status = Value::Null),
                _ => (),
            },
            _ => (),
        }
        Ok(())
    }

    /// Leaves out every so manieth thing, always the same ones. They are counted from the oldest on.
    fn omit(&self, request: &Value, answer: &mut Value) {
        let every = self.setting.every.unwrap_or(2).max(1);
        let method = request["method"].as_str().unwrap_or_default();
        let mut memory = self.memory();
        let order = memory.order.entry(method.to_owned()).or_default();
        let mut is_left_out = |name: &Value| {
            let next = u64::try_from(order.len()).unwrap_or(u64::MAX) + 1;
            let name = name.as_str().unwrap_or_default().to_owned();
            order.entry(name).or_insert(next).is_multiple_of(every)
        };
        match method {
            "getTransaction" if is_left_out(&request["params"][0]) => answer["result"] = Value::Null,
            "getSignaturesForAddress" | "getProgramAccounts" => {
                let Some(items) = listed(&mut answer["result"]) else {
                    return;
                };
                // Signatures come newest first; of accounts no order is promised, so theirs is that of their addresses.
                let name = |item: &Value| {
                    item.get("signature")
                        .or(item.get("pubkey"))
                        .cloned()
                        .unwrap_or_default()
                };
                let mut names: Vec<_> = items.iter().rev().map(&name).collect();
                if method == "getProgramAccounts" {
                    names.sort_by_key(Value::to_string);
                }
                let left_out: Vec<_> = names.into_iter().filter(|name| is_left_out(name)).collect();
                items.retain(|item| !left_out.contains(&name(item)));
            }
            _ => (),
        }
    }

    /// Answers other accounts.
    fn swap(&self, request: &Value, answer: &mut Value) {
        let swapped = |address: &Value| self.setting.accounts.get(address.as_str().unwrap_or_default());
        let asked = &request["params"][0];
        match (request["method"].as_str(), listed(&mut answer["result"])) {
            (Some("getAccountInfo"), _) => {
                if let Some(account) = swapped(asked) {
                    answer["result"]["value"] = account.clone();
                }
            }
            (Some("getMultipleAccounts"), Some(accounts)) => {
                for (address, account) in asked.as_array().into_iter().flatten().zip(accounts) {
                    if let Some(swapped) = swapped(address) {
                        *account = swapped.clone();
                    }
                }
            }
            (_, Some(found)) => {
                for item in found.iter_mut() {
                    if let Some(swapped) = swapped(&item["pubkey"]) {
                        item["account"] = swapped.clone();
                    }
                }
                found.retain(|item| !item["account"].is_null());
            }
            _ => (),
        }
    }

    /// Leaves out a signature the first time that it would be listed.
    fn delay(&self, request: &Value, answer: &mut Value) {
        let Some(items) = listed(&mut answer["result"]) else {
            return;
        };
        // Older pages are about what was listed before.
        if !request["params"][1]["before"].is_null() {
            return;
        }
        let Some(item) = items.get(self.setting.skip) else {
            return;
        };
        if self
            .memory()
            .late
            .insert(format!("{} {}", request["params"][0], item["signature"]))
        {
            items.remove(self.setting.skip);
        }
    }

    /// Makes the answer that of an older slot.
    fn lag(&self, request: &Value, answer: &mut Value) {
        let slots = self.setting.slots.unwrap_or(LAG);
        let earlier = |slot: &mut Value| {
            if let Some(number) = slot.as_u64() {
                *slot = json!(number.saturating_sub(slots));
            }
        };
        let method = request["method"].as_str().unwrap_or_default();
        match method {
            "getSlot" | "getBlockHeight" => return earlier(&mut answer["result"]),
            "getEpochInfo" => {
                for name in ["absoluteSlot", "blockHeight", "slotIndex"] {
                    earlier(&mut answer["result"][name]);
                }
                return;
            }
            _ => (),
        }
        if let Some(slot) = answer.pointer_mut("/result/context/slot") {
            earlier(slot);
        }
        let slot = answer["result"]["context"]["slot"].as_u64().unwrap_or_default();
        if method == "getSignatureStatuses" {
            let unknown = |status: &&mut Value| status["slot"].as_u64().is_some_and(|its| its > slot);
            statuses(answer)
                .filter(unknown)
                .for_each(|status| *status = Value::Null);
            return;
        }
        let options = request["params"].as_array().and_then(|parameters| parameters.get(1));
        let needed = options.and_then(|options| options["minContextSlot"].as_u64());
        if needed.is_some_and(|needed| needed > slot) {
            let data = json!({"contextSlot": slot});
            *answer = failure(request, -32016, "Minimum context slot has not been reached", data);
            return;
        }
        let now = match answer.pointer("/result/value") {
            Some(value) => value.clone(),
            None => answer["result"].clone(),
        };
        let mut memory = self.memory();
        let first = memory
            .first
            .entry(format!("{method} {}", request["params"]))
            .or_insert(now);
        match answer.pointer_mut("/result/value") {
            Some(value) => *value = first.clone(),
            None => answer["result"] = first.clone(),
        }
    }
}

/// The items of an answer that is a list, with or without its slot.
fn listed(result: &mut Value) -> Option<&mut Vec<Value>> {
    match result {
        Value::Object(object) => object.get_mut("value")?.as_array_mut(),
        other => other.as_array_mut(),
    }
}

/// The statuses of an answer.
fn statuses(answer: &mut Value) -> impl Iterator<Item = &mut Value> {
    let all = answer.pointer_mut("/result/value").and_then(Value::as_array_mut);
    all.into_iter().flatten()
}

/// An id of the same kind that the request does not have.
fn another_id(id: &Value) -> Value {
    match id.as_u64() {
        Some(number) => json!(number.wrapping_add(1_000)),
        None => json!(format!("{}?", id.as_str().unwrap_or_default())),
    }
}
