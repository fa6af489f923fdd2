//! What the tests of the daemon share.

use {
    earnout::state::Attestation,
    earnout_e2e::{Chain, Oracle},
    earnout_sdk::{
        client::Client,
        wire::{events::Event, pda},
    },
    solana_program::pubkey::Pubkey,
    solana_signer::Signer,
};

/// The demo plan, and the first quarter of it ended a day ago.
pub struct Quarter {
    pub chain: Chain,
    pub plan: Pubkey,
}

impl Quarter {
    /// A chain with fast blocks, so that a blockhash expires in seconds.
    pub fn ended() -> Self {
        let chain = Chain::start(&["--demo", "--slot-ms", "50", "--time", "2027-01-15T00:00:00Z"]);
        let plan = chain.demo_address("plan");
        // The plan begins on 1 February and has quarters.
        chain.warp("2027-05-02T00:00:00Z");
        Self { chain, plan }
    }

    /// A feed of the first KPI that runs a shell command. KPI 0 has one decimal and accepts 0 to 100.
    pub fn feed(&self, shell: &str, more: &str) -> String {
        format!(
            "[[feed]]\nid = \"milestones\"\nplan = \"{}\"\nkpi = 0\nsource = {{ type = \"command\", command = [\"sh\", \"-c\", {shell:?}] \
             }}\n{more}\n",
            self.plan
        )
    }

    /// An operator with the key `oracle-1` and one feed.
    pub fn operator(&self, endpoint: &str, feed: &str) -> Oracle {
        Oracle::new(&self.chain, "oracle-1", &[endpoint], feed)
    }

    pub fn client(&self) -> Client {
        self.chain.client()
    }

    /// The attestation of KPI 0 for the first quarter.
    pub fn address(&self) -> Pubkey {
        pda::attestation(&self.plan, 0, 0)
    }

    /// What the chain has of it.
    pub async fn attestation(&self) -> Option<Attestation> {
        let found = self.client().evaluations(&[self.address()]).await;
        let found = found.expect("the chain answers").pop().flatten()?;
        found.attestation().copied()
    }

    /// The values that the key `oracle-1` voted for, in every transaction that was executed.
    pub async fn votes(&self) -> Vec<i64> {
        self.votes_of("oracle-1").await
    }

    /// The values that a key voted for, in every transaction that was executed.
    pub async fn votes_of(&self, key: &str) -> Vec<i64> {
        let oracle = self.chain.key(key).pubkey();
        let events = self.client().events(&self.plan).await.expect("the chain answers");
        let address = self.address();
        events
            .into_iter()
            .filter(|recorded| recorded.event.evaluation() == Some(address))
            .filter_map(|recorded| match recorded.event {
                Event::ValueAttested(vote) if vote.oracle == oracle => Some(vote.value),
                _ => None,
            })
            .collect()
    }
}

/// No votes.
pub const NONE: [i64; 0] = [];
